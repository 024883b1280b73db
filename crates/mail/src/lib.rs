//! Mail: templates, the server it is handed to, and the job that sends it.
//!
//! ```text
//! let letter = Letter::of(mailer.templates.render(language, now, "email/password_reset.html", &context)?, "Reset your password", ["uma@example.org"]);
//! letter.post(tx)?;   // sent if and only if the transaction commits
//! ```
#![warn(missing_docs)]

mod api;
mod django;
mod folder;
mod job;
mod letter;
mod server;
mod templates;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Job, Module};

pub use letter::Letter;
pub use server::{Encryption, MailError, Server};
pub use templates::{Rendered, Template, TemplateError, Templates};

/// What settings say of mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The server that takes the mails.
    pub server: Server,
    /// Whether somebody has named it.
    pub is_set: bool,
    /// Folder with templates of the operator's own.
    pub template_dir: Option<PathBuf>,
    /// Whether events of sent mails show the links in them.
    pub show_links: bool,
}

impl Default for MailSettings {
    /// Those of somebody who has written none.
    fn default() -> MailSettings {
        let server = Server {
            host: "localhost".to_owned(),
            port: 25,
            username: None,
            password: None,
            encryption: Encryption::None,
            timeout: Duration::from_secs(10),
            from: "authentik@localhost".to_owned(),
        };
        MailSettings { server, is_set: false, template_dir: None, show_links: false }
    }
}

/// Renders and sends. One per program, made by [`module`].
#[derive(Debug)]
pub struct Mailer {
    /// Where the texts come from.
    pub templates: Templates,
    /// The server that takes the mails.
    pub server: Server,
    /// Whether somebody has named it: mails that nobody asked for are written only then.
    pub is_set: bool,
    pub(crate) show_links: bool,
}

impl Mailer {
    /// A mailer with these settings; nothing is connected to yet.
    pub fn new(settings: &MailSettings) -> Mailer {
        Mailer {
            templates: Templates::new(settings.template_dir.clone()),
            server: settings.server.clone(),
            is_set: settings.is_set,
            show_links: settings.show_links,
        }
    }
}

/// The mail's part of the program, and the one mailer for whoever writes to people.
pub fn module(settings: &MailSettings) -> (Module, Arc<Mailer>) {
    let mailer = Arc::new(Mailer::new(settings));
    let module = Module {
        name: "mail",
        operations: api::operations(mailer.clone()),
        jobs: vec![Job::of(job::SendMail(mailer.clone()))],
        ..Module::default()
    };
    (module, mailer)
}
