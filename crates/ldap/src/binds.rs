//! Binds: the provider's flow says who somebody is; the answer may be remembered as long as the
//! session lasts that it began.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_accounts::identity;
use countersign_authenticators::{DeviceClass, held_by};
use countersign_core::{Context, Identity, Permission, RequestInfo, Rights};
use countersign_flow::headless::{self, Client, Login, Outcome, Refusal, Session};
use countersign_flow::{FlowError, Flows};
use countersign_model::{Ref, Revision, Snapshot, Timestamp};
use countersign_store::{StoreError, sha256};
use ldap3_proto::proto::LdapResultCode;
use uuid::Uuid;

use crate::filter::folded;
use crate::home::{Attempt, Provided};
use crate::index::Index;
use crate::provider::{AccessMode, LdapProvider, Served};
use crate::tree::{Sight, Tree};

/// Answers that are remembered; more are asked anew.
const MOST: usize = 10_000;
/// Seconds that a refusal is remembered, where answers are.
const REFUSED_FOR: i64 = 60;

/// Somebody whose name and password a connection has proved.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) served: Served,
    /// As the client gave it.
    pub(crate) dn: String,
    pub(crate) user: Arc<Identity>,
    session: Session,
    request: RequestInfo,
    access: Mutex<Access>,
}

/// What somebody may see, and by which state of the configuration and the directory.
#[derive(Debug, Clone, Copy)]
struct Access {
    revision: Revision,
    version: u64,
    sight: Sight,
}

/// Why somebody is not bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: LdapResultCode,
    pub message: String,
    /// For metrics, in the original's words.
    pub reason: &'static str,
}

impl Refused {
    pub fn new(code: LdapResultCode, reason: &'static str, message: &str) -> Refused {
        Refused { code, message: message.to_owned(), reason }
    }
}

/// Why a bind does not hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The session is over: whoever binds again goes on.
    Session,
    /// The application is not open any more.
    Access,
}

/// Answers to binds that are remembered.
#[derive(Default)]
pub(crate) struct Remembered {
    answers: Mutex<HashMap<[u8; 32], Answer>>,
}

struct Answer {
    outcome: Result<Arc<Bound>, Refused>,
    /// The account that it is about, and when that was changed last.
    of: (i64, u64),
    /// What that had to be asked for, beside a password.
    devices: Vec<Device>,
    /// Of the configuration: who may open the application, and how people sign in, may be
    /// otherwise in the next one.
    revision: Revision,
    until: Timestamp,
}

/// A second factor of somebody, by its class and number.
type Device = (DeviceClass, i64);

/// What somebody may be asked for now. Each bind asks anew: a device is taken away by many doors.
async fn devices(cx: &Context, user: i64) -> Result<Vec<Device>, StoreError> {
    let held = cx.store.look_up(move |sql| held_by(sql, Some(user))).await?;
    let confirmed = held.iter().filter(|held| held.confirmed);
    Ok(confirmed.map(|held| (held.def.class, held.id)).collect())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remembered {
    /// Under a key that says nothing about the password to whoever reads memory.
    fn key(cx: &Context, served: &Served, (dn, password): (&str, &str), peer: IpAddr) -> [u8; 32] {
        let secret = cx.store.secret_key().expose();
        let (number, peer) = (served.number.to_string(), peer.to_string());
        // Policies may ask for the address.
        let parts = [secret, &number, &dn.to_lowercase(), password, &peer];
        let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        sha256(&text)
    }

    async fn find(
        &self,
        cx: &Context,
        index: &Index,
        key: &[u8; 32],
    ) -> Result<Option<Result<Arc<Bound>, Refused>>, StoreError> {
        let known = match locked(&self.answers).get(key) {
            None => return Ok(None),
            Some(Answer { outcome, of: (pk, version), devices, revision, until }) => {
                let holds = index.read().version_of(*pk) == *version
                    && cx.snapshot().revision() == *revision
                    && cx.clock.now() < *until;
                holds.then(|| (outcome.clone(), *pk, devices.clone()))
            }
        };
        if let Some((outcome, pk, had)) = known
            && devices(cx, pk).await? == had
        {
            let lasts = match &outcome {
                Ok(bound) => bound.session.ends(cx).await?.is_some(),
                Err(_) => true,
            };
            if lasts {
                return Ok(Some(outcome));
            }
        }
        let gone = locked(&self.answers).remove(key);
        if let Some(Answer { outcome: Ok(bound), .. }) = gone {
            leave(bound, cx).await?;
        }
        Ok(None)
    }

    fn put(&self, now: Timestamp, key: [u8; 32], answer: Answer) {
        let mut answers = locked(&self.answers);
        if answers.len() >= MOST {
            answers.retain(|_, known| now < known.until);
        }
        if answers.len() < MOST {
            answers.insert(key, answer);
        }
    }
}

/// How a sign-in came out.
pub(crate) struct Came {
    pub(crate) outcome: Result<Arc<Bound>, Refused>,
    until: Timestamp,
    /// Whether it may be remembered.
    lasts: bool,
    /// The run that is recorded of it.
    pub(crate) run: Option<Uuid>,
}

/// Signs somebody in by the flow, whatever is remembered. `before`: the state of the directory in
/// memory.
///
/// # Errors
/// When it is not known for the moment.
pub(crate) async fn came(
    (flows, cx): (&Flows, &Context),
    before: u64,
    attempt: &Attempt<'_, Served>,
) -> Result<Came, FlowError> {
    let Attempt { served, dn, name, password, peer } = *attempt;
    let snapshot = cx.snapshot();
    let Some(provider) = snapshot.get(served.provider) else {
        let code = LdapResultCode::InsufficentAccessRights;
        let gone = Refused::new(code, "access_denied", "The provider is gone.");
        return Ok(Came { outcome: Err(gone), until: cx.clock.now(), lasts: false, run: None });
    };
    let (secret, code) = headless::split_code(password, provider.mfa_support);
    let login = Login {
        protocol: "ldap",
        flow: provider.authorization_flow,
        application: served.application,
        client: Client::Own(peer),
        username: name.to_owned(),
        password: secret,
        code,
    };
    let mut lasts = true;
    let (came, run) = headless::traced(&flows.over(cx), login).await?;
    let (outcome, until) = match came {
        Outcome::Admitted(signed_in) => {
            // An app password may be taken back, which nothing here would learn of.
            lasts = signed_in.proved.auth_method != "token";
            let ends = signed_in.session.ends(cx).await?.unwrap_or_else(|| cx.clock.now());
            let access = Access {
                revision: snapshot.revision(),
                version: before,
                sight: sight(&signed_in.user, &snapshot, served),
            };
            let bound = Bound {
                served: served.clone(),
                dn: dn.to_owned(),
                user: signed_in.user,
                session: signed_in.session,
                request: signed_in.request,
                access: Mutex::new(access),
            };
            (Ok(Arc::new(bound)), ends)
        }
        Outcome::Denied { messages, .. } => {
            let text = format!("The application is not open to you. {}", messages.join(" "));
            let code = LdapResultCode::InsufficentAccessRights;
            let refused = Refused::new(code, "access_denied", text.trim());
            (Err(refused), cx.clock.now().plus_seconds(REFUSED_FOR))
        }
        Outcome::Refused(refusal) => {
            // Nothing was looked at.
            let is_passing = matches!(refusal, Refusal::TooMany { .. });
            let code = LdapResultCode::InvalidCredentials;
            let refused = Refused::new(code, refusal.reason(), &refusal.to_string());
            let seconds = if is_passing { 0 } else { REFUSED_FOR };
            (Err(refused), cx.clock.now().plus_seconds(seconds))
        }
    };
    Ok(Came { outcome, until, lasts, run })
}

/// Signs somebody in.
///
/// # Errors
/// When it is not known for the moment.
pub(crate) async fn bind(
    (flows, cx): (&Flows, &Context),
    index: &Index,
    remembered: &Remembered,
    attempt: Attempt<'_, Served>,
) -> Result<Result<Arc<Bound>, Refused>, FlowError> {
    let Attempt { served, dn, name, password, peer } = attempt;
    let snapshot = cx.snapshot();
    let provider = snapshot.get(served.provider);
    let is_cached = provider.is_some_and(|own| own.bind_mode == AccessMode::Cached);
    let key = Remembered::key(cx, served, (dn, password), peer);
    if is_cached {
        index.catch_up(cx, std::slice::from_ref(served)).await?;
        if let Some(known) = remembered.find(cx, index, &key).await? {
            return Ok(known);
        }
    }
    // What is changed from here on is not in what is found out.
    let before = index.read().version;
    let named = || index.read().directory.user_named(&folded(name)).map(|user| user.pk);
    // Of somebody who is not called by the user name, it is asked for afterwards.
    let had = match named().filter(|_| is_cached) {
        Some(pk) => Some(devices(cx, pk).await?),
        None => None,
    };
    let Came { outcome, until, lasts, .. } = came((flows, cx), before, &attempt).await?;
    if is_cached && lasts {
        index.catch_up(cx, std::slice::from_ref(served)).await?;
        let of = {
            let state = index.read();
            let named = || state.directory.user_named(&folded(name)).map(|user| user.pk);
            let pk = outcome.as_ref().map_or_else(|_| named(), |bound| Some(bound.user.pk));
            pk.map(|pk| (pk, state.version_of(pk)))
        };
        // Of somebody who was changed in between nothing is known.
        if let Some(of) = of.filter(|(_, version)| *version <= before) {
            let (devices, revision) = (devices(cx, of.0).await?, snapshot.revision());
            if had.is_none_or(|had| had == devices) {
                let answer = Answer { outcome: outcome.clone(), of, devices, revision, until };
                remembered.put(cx.clock.now(), key, answer);
            }
        }
    }
    Ok(outcome)
}

impl crate::home::Bound for Bound {
    type Provided = Served;

    fn provided(&self) -> &Served {
        &self.served
    }

    fn dn(&self) -> &str {
        &self.dn
    }

    fn user(&self) -> i64 {
        self.user.pk
    }
}

impl Provided for Served {
    fn name(&self) -> &str {
        &self.name
    }

    fn slug(&self) -> &str {
        &self.slug
    }

    fn tree(&self) -> &Tree {
        &self.tree
    }
}

impl Bound {
    /// What somebody may still see, as it is now: sessions end, accounts are deactivated, policies
    /// and permissions change while a connection lasts.
    ///
    /// # Errors
    /// When it is not known for the moment.
    pub(crate) async fn still(
        &self,
        (flows, cx): (&Flows, &Context),
        index: &Index,
        all: &[Served],
    ) -> Result<Result<(Served, Sight), Ended>, FlowError> {
        if self.session.ends(cx).await?.is_none() {
            return Ok(Err(Ended::Session));
        }
        let Some(served) = all.iter().find(|served| served.provider == self.served.provider) else {
            return Ok(Err(Ended::Access));
        };
        let snapshot = cx.snapshot();
        let (revision, version) = (snapshot.revision(), index.read().version);
        let known = *locked(&self.access);
        if (known.revision, known.version) == (revision, version) {
            return Ok(Ok((served.clone(), known.sight)));
        }
        let pk = self.user.pk;
        let user = cx.store.look_up(move |sql| identity(sql, pk)).await?;
        let Some(user) = user.filter(|user| user.is_active).map(Arc::new) else {
            return Ok(Err(Ended::Session));
        };
        let over = flows.over(cx);
        let policies = over.policies();
        let decided = policies.application(cx, &self.request, &user, served.application, None);
        if !decided.await?.passing {
            return Ok(Err(Ended::Access));
        }
        let sight = sight(&user, &snapshot, served);
        *locked(&self.access) = Access { revision, version, sight };
        Ok(Ok((served.clone(), sight)))
    }
}

/// One connection, or what is remembered, lets go of a bind. Nothing else uses its session, which
/// ends with the last.
///
/// # Errors
/// When it cannot be written down for the moment: it ends by itself.
pub(crate) async fn leave(bound: Arc<Bound>, cx: &Context) -> Result<(), StoreError> {
    match Arc::into_inner(bound) {
        Some(bound) => bound.session.end(cx, &bound.request, &bound.user).await,
        None => Ok(()),
    }
}

/// Whom somebody may find.
fn sight(user: &Identity, snapshot: &Snapshot, served: &Served) -> Sight {
    if may_search(user, snapshot, served.provider) { Sight::All } else { Sight::Own(user.pk) }
}

/// Whether somebody may find everybody.
pub(crate) fn may_search(
    user: &Identity,
    snapshot: &Snapshot,
    provider: Ref<LdapProvider>,
) -> bool {
    Rights::of(user, snapshot).on(Permission::SEARCH_FULL_DIRECTORY, provider.id())
}
