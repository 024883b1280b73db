//! The server mail is handed to.

use std::error::Error as _;
use std::time::Duration;

use countersign_model::Secret;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// Nothing is encrypted.
    None,
    /// Plain until STARTTLS, which must succeed.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// A mail server and how it is spoken to. It is written down with waiting mails only, which are
/// sealed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name to sign in with; `None` where the server asks for none.
    pub username: Option<String>,
    /// The password that goes with the name.
    #[serde(with = "exposed")]
    pub password: Option<Secret>,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// How long each step of the conversation may take.
    pub timeout: Duration,
    /// Sender of mails that name no other, as `Name <address>` or the address alone.
    pub from: String,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MailError {
    /// An address is written wrongly.
    #[error("\"{0}\" is no e-mail address")]
    Address(String),
    /// The mail cannot be put together.
    #[error("the mail cannot be written: {0}")]
    Message(String),
    /// Another try may end better.
    #[error("the mail server {server} cannot be used now: {problem}")]
    Unavailable {
        /// Its name or address.
        server: String,
        /// What it or the system said.
        problem: String,
    },
    /// Another try would end the same.
    #[error("the mail server {server} refuses: {problem}")]
    Refused {
        /// Its name or address.
        server: String,
        /// What it or the system said.
        problem: String,
    },
}

impl Server {
    /// As `smtp.example.org:587`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Hands a mail over; what the server said to it.
    ///
    /// # Errors
    /// When the server cannot be reached or does not take it.
    pub async fn send(&self, message: Message) -> Result<String, MailError> {
        let transport = self.transport()?;
        // The library's own limit ends with the connection being there.
        let limit = self.timeout.saturating_mul(3);
        let too_long = |_| MailError::Unavailable {
            server: self.name(),
            problem: format!("it took longer than {} seconds", limit.as_secs()),
        };
        let answer = tokio::time::timeout(limit, transport.send(message))
            .await
            .map_err(too_long)?
            .map_err(|error| self.tell(&error))?;
        Ok(format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" ")))
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
        let tls = || TlsParameters::new(self.host.clone()).map_err(|error| self.tell(&error));
        let tls = match self.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::Implicit => Tls::Wrapper(tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(self.timeout))
            .hello_name(ClientId::default());
        if let Some(username) = &self.username {
            let password = self
                .password
                .as_ref()
                .map(|password| password.expose().to_owned())
                .unwrap_or_default();
            builder = builder.credentials(Credentials::new(username.clone(), password));
        }
        Ok(builder.build())
    }

    fn tell(&self, error: &lettre::transport::smtp::Error) -> MailError {
        let (server, mut problem) = (self.name(), error.to_string());
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !problem.contains(&text) {
                problem = format!("{problem}: {text}");
            }
            cause = inner.source();
        }
        if error.is_permanent() {
            MailError::Refused { server, problem }
        } else {
            MailError::Unavailable { server, problem }
        }
    }
}

/// A secret inside of what is sealed.
mod exposed {
    use countersign_model::Secret;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands the field over so")]
    pub(super) fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}
