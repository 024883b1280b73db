//! What connections stand on: who somebody is, whom they may find, and where these are. This server is
//! at home in its own store (`local`); a program at the edge has a server elsewhere.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::Semaphore;

use crate::binds::{Ended, Refused};
use crate::dn::Dn;
use crate::search::Query;
use crate::tree::{Sight, Tree, View};

/// Bytes of large messages that are read, or answered, at one time.
pub const ROOM: usize = 16 * 1024 * 1024;

/// A provider that is answered for.
pub trait Provided: Clone + Send + Sync + 'static {
    fn name(&self) -> &str;
    /// Of its application.
    fn slug(&self) -> &str;
    fn tree(&self) -> &Tree;
}

/// Somebody whose name and password a connection has proved.
pub trait Bound: Send + Sync + 'static {
    type Provided: Provided;

    fn provided(&self) -> &Self::Provided;

    /// As the client gave it.
    fn dn(&self) -> &str;

    /// The number of the account.
    fn user(&self) -> i64;
}

/// Where a search looks.
pub trait Look: Send + Sync + 'static {
    fn with<R>(&self, see: impl FnOnce(View<'_>) -> R) -> R;
}

/// Who wants to bind, and how.
pub struct Attempt<'a, P> {
    pub served: &'a P,
    pub dn: &'a str,
    pub name: &'a str,
    pub password: &'a str,
    pub peer: IpAddr,
}

/// Why something is not known.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It may be known in a moment.
    #[error("{0}")]
    Away(String),
    #[error("{0}")]
    Broken(String),
}

/// What all connections share.
pub trait Home: Clone + Send + Sync + 'static {
    type Provided: Provided;
    type Bound: Bound<Provided = Self::Provided>;
    type Look: Look;

    /// The providers that are answered for.
    fn served(&self) -> Arc<[Self::Provided]>;

    /// What the outpost is called that answers.
    fn outpost(&self) -> String;

    /// Eight letters that nobody guesses.
    fn mark(&self) -> Vec<u8>;

    /// Bytes of the large messages of all connections.
    fn room(&self) -> &Arc<Semaphore>;

    /// What TLS needs.
    ///
    /// # Errors
    /// What to do.
    fn tls(&self) -> Result<Arc<ServerConfig>, String>;

    /// Signs somebody in.
    fn bind(
        &self,
        attempt: Attempt<'_, Self::Provided>,
    ) -> impl Future<Output = Result<Result<Arc<Self::Bound>, Refused>, Trouble>> + Send;

    /// What somebody may still see, as it is now.
    fn still(
        &self,
        bound: &Self::Bound,
    ) -> impl Future<Output = Result<Result<(Self::Provided, Sight), Ended>, Trouble>> + Send;

    /// Where a search looks; without one, everybody who is seen.
    fn look(
        &self,
        provided: &Self::Provided,
        sight: Sight,
        query: Option<&Query>,
    ) -> impl Future<Output = Result<Self::Look, Trouble>> + Send;

    /// One connection lets go of a bind.
    fn leave(&self, bound: Arc<Self::Bound>) -> impl Future<Output = ()> + Send;
}

/// The provider that a name lies at, and the name to sign in with.
pub(crate) fn who<'s, P: Provided>(served: &'s [P], dn: &Dn) -> Option<(&'s P, String)> {
    // The nearest: another one may be above it, with an application of its own.
    let within = served.iter().filter(|served| dn.is_within(&served.tree().base_dn));
    let served = within.rev().max_by_key(|served| served.tree().base_dn.attributes().count())?;
    Some((served, dn.first("cn")?.to_owned()))
}
