//! A mail to try the settings with, sent at once.

use countersign_mail::{Encryption, Letter, Mailer};
use countersign_model::{Clock as _, Entropy as _};
use countersign_store::{SystemClock, SystemEntropy};
use countersign_words::Language;

use crate::{program, settings::Loaded};

/// Sends it and prints what the server said.
///
/// # Errors
/// A sentence that says why it was not taken.
pub async fn test(loaded: &Loaded, to: &str) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let mailer = Mailer::new(&program::mail_settings(&loaded.settings));
    let server = &mailer.server;
    let how = match server.encryption {
        Encryption::None => "not encrypted",
        Encryption::StartTls => "STARTTLS",
        Encryption::Implicit => "TLS",
    };
    let who = server
        .username
        .as_ref()
        .map_or_else(|| "without signing in".to_owned(), |name| format!("as {name}"));
    println!("Server:    {} ({how}), {who}", server.name());
    println!("From, to:  {}, {to}", server.from);
    let rendered = mailer
        .templates
        .render(Language::default(), SystemClock.now(), "email/setup.html", &serde_json::json!({}))
        .map_err(|error| error.to_string())?;
    let letter = Letter::of(rendered, "Test mail of Countersign", [to.to_owned()]);
    let message = letter
        .message(&server.from, &SystemEntropy.uuid().to_string())
        .map_err(|error| error.to_string())?;
    let answer = server.send(message).await.map_err(|error| error.to_string())?;
    println!("Taken:     {answer}");
    Ok(())
}
