//! Who decides about sign-ins: this server by its flows (`local`), or a server elsewhere.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_model::{Secret, Timestamp};

use crate::receive::Client;
use crate::wire::Attribute;

/// The clients of all providers that are answered for.
pub type Clients<P> = Arc<[Client<P>]>;

/// A provider as whoever decides knows it.
pub trait Known: Send + Sync + 'static {
    fn number(&self) -> i64;
    fn name(&self) -> &str;
    /// Of its application.
    fn slug(&self) -> &str;
}

/// Whoever decides.
pub trait Gate: Send + Sync + 'static {
    type Provider: Known;

    fn clients(&self) -> Clients<Self::Provider>;

    /// What the outpost is called that answers.
    fn outpost(&self) -> String;

    fn now(&self) -> Timestamp;

    /// Whether somebody gets in; the error says why that is not known for the moment.
    fn decide(
        &self,
        provider: &Self::Provider,
        asked: SignIn<'_>,
    ) -> impl Future<Output = Result<Verdict, String>> + Send;

    /// Tells administrators of a client that gets no answer it can use, seldom of the same.
    fn tell(
        &self,
        reason: &'static str,
        text: &str,
        of: Option<&Self::Provider>,
        client: IpAddr,
    ) -> impl Future<Output = ()> + Send;
}

/// Who wants to get in.
pub struct SignIn<'a> {
    pub username: &'a str,
    /// As it was typed, perhaps with a code behind it.
    pub password: &'a Secret,
    /// The device that asks through the client.
    pub device: Option<String>,
    /// The address of the client.
    pub client: IpAddr,
    /// Whether an answer has room for these.
    pub fits: &'a (dyn Fn(&[Attribute]) -> bool + Send + Sync),
}

/// What was decided.
#[derive(Debug)]
pub enum Verdict {
    Accept {
        username: String,
        attributes: Vec<Attribute>,
    },
    Reject {
        /// For metrics, in the original's words.
        reason: &'static str,
        why: String,
    },
}

impl Verdict {
    pub fn reject(reason: &'static str, why: impl Into<String>) -> Verdict {
        Verdict::Reject { reason, why: why.into() }
    }
}
