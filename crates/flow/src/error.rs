//! What can go wrong while a flow runs. What a person did wrong is not an error but a challenge.

use countersign_store::StoreError;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum FlowError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such flow.
    #[error("there is no flow {0}")]
    NoFlow(String),
    /// A stage met something it cannot work with; the text goes to the log and to administrators.
    #[error("{0}")]
    Broken(String),
    /// The request's body is not what the executor reads.
    #[error("{0}")]
    Request(String),
    /// What was entered over the whole flow is more than is kept of it.
    #[error("more was entered than can be kept; enter less, or smaller files")]
    TooMuch,
    /// What a plan holds of a stage is of another version of the program.
    #[error("the server was updated in the middle of this; begin again")]
    Unreadable,
    /// The server is busy hashing passwords.
    #[error("too many sign-ins at once, try again in a moment")]
    Busy,
}

impl FlowError {
    /// Whether the database is away, and the same request may work in a moment.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Busy => true,
            Self::NoFlow(_)
            | Self::Broken(_)
            | Self::Request(_)
            | Self::TooMuch
            | Self::Unreadable => false,
        }
    }

    pub fn broken(text: impl Into<String>) -> Self {
        Self::Broken(text.into())
    }
}

impl From<serde_json::Error> for FlowError {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
