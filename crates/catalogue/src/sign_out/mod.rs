//! The end of a session at the applications that took part in it, for all protocols: which they are
//! (`participant`), how each is notified (what its provider says, below), and the job that does it
//! from server to server (`notify`). What needs a browser, whoever shows the sign-out page does.

mod notify;
mod participant;

use std::sync::Arc;

use countersign_model::{Ref, Snapshot, Timestamp};
use countersign_outbound::Request;
use countersign_store::{StoreError, Tx};
use http::StatusCode;

pub use notify::sweep;
pub(crate) use notify::{Notify, follow};
pub use participant::{
    Joined, Participant, State, by_message, continued, end, ended_at, find, forget, frames, named,
    next_visit, of_sessions, session_of, settle,
};

use crate::provider::Provider;

/// How the application behind a provider learns that somebody's session has ended.
pub enum SignOut<'p> {
    /// In no way: it has no address for it. People stay signed in there.
    Unaware,
    /// It asks this server at each request, so that nothing has to be said.
    Asks,
    /// This server sends it a message.
    Server(&'p dyn BackChannel),
    /// The person's browser loads an address of it in a hidden frame: only while that browser is
    /// here.
    Frame(&'p dyn FrontChannel),
    /// The person's browser is sent there, and comes back.
    Visit(&'p dyn FrontChannel),
}

/// An application that takes messages from this server.
pub trait BackChannel: Send + Sync {
    /// # Errors
    /// The provider cannot make it, as without a key that signs.
    fn message(&self, ended: &Ended<'_>) -> Result<Request, String>;

    /// What the answer says.
    fn read(&self, ended: &Ended<'_>, status: StatusCode, body: &[u8]) -> Outcome;
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Reached,
    /// Worth another try.
    Again(String),
    /// Another try would end in the same way.
    Refused(String),
}

/// An application that takes messages through the browser.
pub trait FrontChannel: Send + Sync {
    /// # Errors
    /// The provider cannot make it, as without a key that signs.
    fn message(&self, ended: &Ended<'_>) -> Result<Carried, String>;

    /// Whether the application answers by sending the browser back to this server, a frame too.
    fn answers(&self) -> bool {
        false
    }
}

/// What a browser brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    Address(String),
    Form { url: String, fields: Vec<(String, String)> },
}

/// The end of a session at one application.
pub struct Ended<'a> {
    /// Of this message. What a browser brings is called by the participant's hash, so that the
    /// answer leads to it.
    pub id: String,
    /// What the application is to give back with its answer.
    pub relay: Option<&'a str>,
    pub provider: Ref<dyn Provider>,
    pub snapshot: &'a Arc<Snapshot>,
    pub participant: &'a Participant,
    pub now: Timestamp,
}

/// Somebody, signed in at a provider's application in a session, may not open it any more.
#[derive(Debug, Clone)]
pub struct Lost {
    pub user: i64,
    pub provider: i64,
    /// The hash of the session's key.
    pub session: [u8; 32],
}

/// Ends what a protocol has given out to somebody who has lost access.
pub type Ends = fn(&mut Tx<'_>, &Lost) -> Result<(), StoreError>;

/// How an application is notified; `None` where there is no such provider any more.
pub fn way(snapshot: &Snapshot, provider: Ref<dyn Provider>) -> Option<SignOut<'_>> {
    Some(snapshot.member(provider)?.facet::<dyn Provider>()?.sign_out())
}

/// The identifier of the message that a browser brings to a participant.
pub fn message_id(participant: &Participant) -> String {
    format!("_{}", hex::encode(participant.hash))
}
