//! What the program does besides serving.

pub mod audit;
pub mod backup;
pub mod bench;
pub mod blueprint;
pub mod console;
mod doctor;
pub mod healthcheck;
pub mod mail;
pub mod original;
pub mod outpost;
mod people;
pub mod recover;
pub mod rescue;
mod why;

use std::io::IsTerminal as _;

use countersign_model::Entropy as _;
use countersign_store::SystemEntropy;

/// A secret key: letters and digits, on one line, about 380 bits.
pub fn generate_secret() -> String {
    SystemEntropy.token(64)
}

/// Whether a person looks at what is printed.
fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Runs something that needs the asynchronous runtime.
///
/// # Errors
/// What the work answers, or that there is no runtime.
pub fn in_runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime does not start: {error}"))?;
    runtime.block_on(work)
}
