//! A mail before it is sent.

use std::sync::LazyLock;

use countersign_core::enqueue;
use countersign_store::{StoreError, Tx};
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use regex::Regex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::job::SendMail;
use crate::server::{MailError, Server};
use crate::templates::Rendered;

/// What stands in an event in the place of a link.
const LINK_REMOVED: &str = "link removed";

/// How a template of the operator's shows the logo, as in the original.
const LOGO: &str = "cid:logo.png";

/// A mail to people. Waiting ones are kept sealed: their links sign people in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The addresses it is sent to.
    pub to: Vec<String>,
    /// Another sender than that of the settings.
    #[serde(default)]
    pub from: Option<String>,
    /// Another server than that of the settings, with its own sender.
    #[serde(default)]
    pub server: Option<Server>,
    /// The line that mail programs list it by.
    pub subject: String,
    /// The mail as plain text.
    pub text: String,
    /// The mail as HTML; without it only the text is sent.
    #[serde(default)]
    pub html: Option<String>,
    /// Words besides links that its event must not show, as codes.
    #[serde(default)]
    pub hidden: Vec<String>,
    /// It tells of an event, so its own event is told to nobody.
    #[serde(default)]
    pub notifies: bool,
}

impl Letter {
    /// A mail from the sender of the settings.
    pub fn of(
        rendered: Rendered,
        subject: impl Into<String>,
        to: impl IntoIterator<Item = String>,
    ) -> Letter {
        Letter {
            to: to.into_iter().collect(),
            from: None,
            server: None,
            subject: subject.into(),
            text: rendered.text,
            html: rendered.html,
            hidden: Vec::new(),
            notifies: false,
        }
    }

    /// Asks for it to be sent when the transaction has committed.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn post(&self, tx: &mut Tx<'_>) -> Result<Uuid, StoreError> {
        // Every mail is a request of its own: two equal ones in a row may both be meant.
        let uid = tx.entropy().uuid();
        self.post_as(tx, uid)
    }

    /// As [`post`](Self::post), for what may be asked for again after a crash: what waits under the
    /// same id is one mail.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn post_as(&self, tx: &mut Tx<'_>, id: Uuid) -> Result<Uuid, StoreError> {
        enqueue::<SendMail>(tx, &id.simple().to_string(), self)
    }

    /// The mail as it goes over the wire. The same id makes a mail that was sent twice one mail
    /// where it arrives.
    ///
    /// # Errors
    /// Addresses that are none.
    pub fn message(&self, sender: &str, id: &str) -> Result<Message, MailError> {
        let from = mailbox(self.from.as_deref().unwrap_or(sender))?;
        let domain = from.email.domain().to_owned();
        let mut builder = Message::builder()
            .from(from)
            .message_id(Some(format!("<{id}@{domain}>")))
            .subject(one_line(&self.subject));
        for to in &self.to {
            builder = builder.to(mailbox(to)?);
        }
        let message = match &self.html {
            Some(html) if html.contains(LOGO) => builder.multipart(
                MultiPart::alternative()
                    .singlepart(SinglePart::plain(self.text.clone()))
                    .multipart(with_logo(html)),
            ),
            Some(html) => builder
                .multipart(MultiPart::alternative_plain_html(self.text.clone(), html.clone())),
            None => builder.body(self.text.clone()),
        };
        message.map_err(|error| MailError::Message(error.to_string()))
    }

    /// The text as events may show it.
    pub fn shown(&self, links: bool) -> String {
        let mut text = if links { self.text.clone() } else { without_links(&self.text) };
        for word in self.hidden.iter().filter(|word| !word.is_empty()) {
            text = text.replace(word.as_str(), "********************");
        }
        text
    }
}

/// HTML, and beside it the picture that it shows.
fn with_logo(html: &str) -> MultiPart {
    let html = SinglePart::html(html.to_owned());
    let related = MultiPart::related().singlepart(html);
    match ContentType::parse("image/png") {
        Ok(png) => related.singlepart(
            Attachment::new_inline("logo.png".to_owned())
                .body(include_bytes!("../templates/logo.png").to_vec(), png),
        ),
        Err(_) => related,
    }
}

fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::Address(text.to_owned()))
}

/// A subject with a line break in it would be more than a subject.
fn one_line(text: &str) -> String {
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn without_links(text: &str) -> String {
    static LINK: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s<>"]+"#).ok());
    LINK.as_ref().map_or_else(String::new, |link| link.replace_all(text, LINK_REMOVED).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, subject: &str) -> Letter {
        let rendered = Rendered {
            text: "Open https://id.example.org/reset?key=abc, code 123456".to_owned(),
            html: None,
        };
        Letter {
            hidden: vec!["123456".to_owned()],
            ..Letter::of(rendered, subject, [to.to_owned()])
        }
    }

    #[test]
    fn events_show_neither_links_nor_codes() {
        let letter = letter("uma@example.org", "Reset");
        assert_eq!(letter.shown(false), "Open link removed code ********************");
        assert!(letter.shown(true).contains("key=abc") && !letter.shown(true).contains("123456"));
    }

    #[test]
    fn a_logo_goes_with_the_mail_that_shows_it() {
        let wire = |html: &str| {
            let letter = Letter { html: Some(html.to_owned()), ..letter("uma@example.org", "x") };
            String::from_utf8(letter.message("id@example.org", "1").unwrap().formatted()).unwrap()
        };
        let shown = wire("<img src=\"cid:logo.png\">");
        assert!(shown.contains("Content-ID: <logo.png>") && shown.contains("image/png"), "{shown}");
        assert!(!wire("<p>x</p>").contains("image/png"));
    }

    #[test]
    fn a_line_break_adds_no_header_and_no_recipient() {
        let message = letter("uma@example.org", "Hello\r\nBcc: eve@example.org")
            .message("id@example.org", "1")
            .unwrap();
        let wire = String::from_utf8(message.formatted()).unwrap();
        assert!(
            !wire.contains("\r\nBcc") && wire.contains("Message-ID: <1@example.org>"),
            "{wire}"
        );
        assert!(matches!(
            letter("uma@example.org\r\nBcc: eve@example.org", "x").message("id@example.org", "1"),
            Err(MailError::Address(_))
        ));
    }
}
