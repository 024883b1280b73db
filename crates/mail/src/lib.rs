//! Mail: templates, the server it is handed to, and the job that sends it.
//!
//! ```text
//! let letter = Letter::of(&mailer.render("email/password_reset.html", &context)?, "Reset your password", ["uma@example.org"]);
//! letter.post(tx)?;   // sent if and only if the transaction commits
//! ```

mod api;
mod job;
mod letter;
mod server;
mod templates;

use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::{Context, Module};

pub use letter::Letter;
pub use server::{Encryption, MailError, Server};
pub use templates::{Rendered, Template, TemplateError, Templates};

/// What settings say of mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    pub server: Server,
    /// Folder with templates of the operator's own.
    pub template_dir: Option<PathBuf>,
    /// Whether events of sent mails show the links in them.
    pub show_links: bool,
}

/// Renders and sends. One per program; find it with [`Mailer::of`].
#[derive(Debug)]
pub struct Mailer {
    pub templates: Templates,
    pub server: Server,
    pub(crate) show_links: bool,
}

impl Mailer {
    pub fn new(settings: &MailSettings) -> Mailer {
        Mailer {
            templates: Templates::new(settings.template_dir.clone()),
            server: settings.server.clone(),
            show_links: settings.show_links,
        }
    }

    pub fn of(cx: &Context) -> Option<&Mailer> {
        cx.extensions::<Mailer>().next()
    }
}

/// The mail's part of the program.
pub fn module(settings: &MailSettings) -> Module {
    Module {
        name: "mail",
        operations: api::operations(),
        jobs: vec![job::send_mail()],
        extensions: vec![Arc::new(Mailer::new(settings))],
        ..Module::default()
    }
}
