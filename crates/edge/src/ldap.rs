//! An outpost for LDAP: messages, filters and names are those of the server; who somebody is and whom
//! they may find says the server, and so does who there is: at each search, or now and then for all of
//! them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use countersign_core::Shutdown;
use countersign_flow::headless::split_code;
use countersign_ldap::{
    Answering, Attempt, Bound, Directory, Ended, Home, Look, Numbers, Provided, Query, ROOM,
    Refused, ResultCode, Sight, Starts, Tree, Trouble, VERSION, View, directory, named,
};
use countersign_listener::{Bound as Address, Bounds, Listener};
use countersign_model::{Clock as _, Entropy as _};
use countersign_store::{SystemClock, SystemEntropy, sha256};
use rustls::ServerConfig;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::api::{Api, ApiError, text, truth};
use crate::certificates::Certificates;
use crate::link::{Answers, Link};
use crate::login::{Login, Refusal, Visit, sign_in};
use crate::{GRACE, Settings};

/// Answers to binds that are remembered; more are asked anew.
const MOST: usize = 10_000;
/// Seconds that a refusal is remembered, where answers are.
const REFUSED_FOR: i64 = 60;
/// How long the server is believed about what somebody may see, unless something says that it may
/// be otherwise.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long it is believed while it is connected and does not say so again.
const LONGEST: Duration = Duration::from_mins(5);

/// A provider as `outposts/ldap/` describes one.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    number: i64,
    name: String,
    slug: String,
    flow: String,
    takes_codes: bool,
    remembers_binds: bool,
    remembers_people: bool,
    tree: Tree,
    certificate: Option<String>,
    server_name: String,
}

impl Provided for Provider {
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

fn provider(config: &Value) -> Option<Provider> {
    let own = |name: &str| text(config, name).to_owned();
    let number = |name: &str| config.get(name).and_then(Value::as_i64);
    let starts = Starts {
        uid: number("uid_start_number").unwrap_or(2_000),
        gid: number("gid_start_number").unwrap_or(4_000),
    };
    let provider = Provider {
        number: number("pk")?,
        name: own("name"),
        slug: own("application_slug"),
        flow: own("bind_flow_slug"),
        takes_codes: truth(config, "mfa_support"),
        remembers_binds: text(config, "bind_mode") == "cached",
        remembers_people: text(config, "search_mode") == "cached",
        tree: Tree::new(text(config, "base_dn"), starts)?,
        certificate: config.get("certificate").and_then(Value::as_str).map(str::to_owned),
        server_name: own("tls_server_name"),
    };
    (!provider.flow.is_empty()).then_some(provider)
}

/// The server decides.
#[derive(Clone)]
pub(crate) struct Elsewhere(Arc<Shared>);

struct Shared {
    api: Arc<Api>,
    link: Arc<Link>,
    room: Arc<Semaphore>,
    certificates: Arc<Certificates>,
    tls: Arc<ServerConfig>,
    served: RwLock<Arc<[Provider]>>,
    /// As they were at the last refresh, where a provider wants that.
    people: RwLock<Option<Arc<Directory>>>,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    /// Keeps what is remembered from telling passwords.
    secret: String,
}

struct Remembered {
    outcome: Result<Arc<Person>, Refused>,
    until: i64,
}

/// Somebody who is bound.
pub(crate) struct Person {
    provider: Provider,
    dn: String,
    user: i64,
    /// The session at the server.
    visit: tokio::sync::Mutex<Visit>,
    /// What the server calls it, where that can be told from its cookie.
    session: Option<String>,
    told: Mutex<Told>,
}

/// What the server said last of somebody's access.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// Of the link, before it was asked; `None` once the session is said to have ended.
    turn: Option<u64>,
    at: Instant,
    sight: Sight,
}

impl Bound for Person {
    type Provided = Provider;

    fn provided(&self) -> &Provider {
        &self.provider
    }

    fn dn(&self) -> &str {
        &self.dn
    }

    fn user(&self) -> i64 {
        self.user
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn trouble(error: ApiError) -> Trouble {
    match error {
        ApiError::Away(text) => Trouble::Away(text),
        error => Trouble::Broken(error.to_string()),
    }
}

/// What the server says of somebody's access.
enum Access {
    Open(Sight),
    Closed(String),
    /// The session is none any more.
    Nobody,
}

async fn access(visit: &mut Visit, provider: &Provider, user: i64) -> Result<Access, ApiError> {
    // A session that is over would be asked about as the outpost itself.
    if visit.user().await? != Some(user) {
        return Ok(Access::Nobody);
    }
    let Provider { number, slug, .. } = provider;
    let path = format!("outposts/ldap/{number}/check_access/?app_slug={slug}");
    let Some(checked) = visit.get(&path).await? else { return Ok(Access::Nobody) };
    if checked.pointer("/access/passing") != Some(&Value::Bool(true)) {
        let messages = checked.pointer("/access/messages").and_then(Value::as_array);
        let messages = messages.into_iter().flatten().filter_map(Value::as_str);
        return Ok(Access::Closed(messages.collect::<Vec<_>>().join(" ")));
    }
    let all = truth(&checked, "has_search_permission");
    Ok(Access::Open(if all { Sight::All } else { Sight::Own(user) }))
}

impl Elsewhere {
    /// # Errors
    /// The library that encrypts cannot be set up.
    pub(crate) fn new(
        api: Arc<Api>,
        link: Arc<Link>,
        settings: &Settings,
    ) -> Result<Elsewhere, String> {
        let certificates = Arc::new(Certificates::new(settings.certificate.clone()));
        let tls = certificates.encryption(&[])?;
        Ok(Elsewhere(Arc::new(Shared {
            api,
            link,
            room: Arc::new(Semaphore::new(ROOM)),
            certificates,
            tls,
            served: RwLock::new(Vec::new().into()),
            people: RwLock::default(),
            remembered: Mutex::default(),
            secret: SystemEntropy.token(48),
        })))
    }

    /// # Errors
    /// An address cannot be used.
    pub(crate) async fn bind_to(&self, settings: &Settings) -> Result<Listeners, String> {
        let listener = |name, setting, address, tls| Listener { name, setting, address, tls };
        let encrypted = Some(self.0.tls.clone());
        Ok(Listeners {
            clear: listener("ldap", "listen.ldap", settings.ldap, None).bind().await?,
            encrypted: listener("ldaps", "listen.ldaps", settings.ldaps, encrypted).bind().await?,
            bounds: settings.bounds.clone(),
            home: self.clone(),
        })
    }

    async fn people(&self, term: Option<&str>) -> Result<Directory, ApiError> {
        let api = &self.0.api;
        let mut query = "&include_groups=false".to_owned();
        if let Some(term) = term {
            let term = form_urlencoded::byte_serialize(term.as_bytes()).collect::<String>();
            query.push_str(&format!("&search={term}"));
        }
        let groups = api.list("core/groups/", "&include_users=false").await?;
        let users = api.list("core/users/", &query).await?;
        Ok(directory(&users, &groups))
    }

    async fn proved(
        &self,
        attempt: &Attempt<'_, Provider>,
    ) -> Result<(Result<Person, Refused>, i64), ApiError> {
        let Attempt { served, dn, name, password, peer } = attempt;
        let (secret, code) = split_code(password, served.takes_codes);
        let login = Login {
            protocol: "ldap",
            flow: &served.flow,
            username: name,
            password: secret,
            code,
            client: *peer,
        };
        let soon = SystemClock.now().seconds() + REFUSED_FOR;
        // Of what ends from here on it is heard, or asked.
        let (turn, at) = (Some(self.0.link.turn()), Instant::now());
        let refused = |code, reason, text: &str| Ok((Err(Refused::new(code, reason, text)), soon));
        let mut visit = match sign_in(&self.0.api, &login).await? {
            Ok(visit) => visit,
            Err(refusal) => {
                let reason = match &refusal {
                    Refusal::Credentials(_) | Refusal::Code => "invalid_credentials",
                    Refusal::Stage(_) | Refusal::Endless => "flow_error",
                };
                return refused(ResultCode::InvalidCredentials, reason, &refusal.to_string());
            }
        };
        let user = visit.user().await?;
        let Some(user) = user else {
            return Err(ApiError::Nonsense("it does not say who signed in".to_owned()));
        };
        match access(&mut visit, served, user).await? {
            Access::Open(sight) => {
                let until = visit.expires().unwrap_or(soon);
                let person = Person {
                    provider: (*served).clone(),
                    dn: (*dn).to_owned(),
                    user,
                    session: visit.session(),
                    visit: tokio::sync::Mutex::new(visit),
                    told: Mutex::new(Told { turn, at, sight }),
                };
                Ok((Ok(person), until))
            }
            Access::Closed(messages) => {
                let text = format!("The application is not open to you. {messages}");
                refused(ResultCode::InsufficentAccessRights, "access_denied", text.trim())
            }
            Access::Nobody => Err(ApiError::Nonsense("whoever signed in is not known".to_owned())),
        }
    }

    /// What somebody may see now: sessions end, with a changed password, too; accounts are
    /// deactivated, policies and permissions change. It is asked for again when the last answer is
    /// old, or something was read anew or has ended since; what it ends is not remembered.
    async fn now(&self, person: &Person, served: &Provider) -> Result<Access, ApiError> {
        let mut visit = person.visit.lock().await;
        let (turn, at) = (Some(self.0.link.turn()), Instant::now());
        let told = *locked(&person.told);
        if told.turn == turn && told.at.elapsed() < LOOK_AGAIN {
            return Ok(Access::Open(told.sight));
        }
        let access = access(&mut visit, served, person.user).await?;
        match &access {
            Access::Open(sight) => *locked(&person.told) = Told { turn, at, sight: *sight },
            Access::Closed(_) | Access::Nobody => locked(&self.0.remembered).retain(|_, known| {
                !known.outcome.as_ref().is_ok_and(|known| std::ptr::eq(Arc::as_ptr(known), person))
            }),
        }
        Ok(access)
    }

    /// What was said of somebody before, where the server does not answer: while it is away, or for
    /// a moment. An end that was heard stays one.
    fn before(&self, person: &Person) -> Option<Sight> {
        let told = *locked(&person.told);
        let holds = !self.0.link.is_connected() || told.at.elapsed() < LONGEST;
        (told.turn.is_some() && holds).then_some(told.sight)
    }

    /// What a bind was answered before, where that still holds.
    async fn remembered(
        &self,
        key: &[u8; 32],
        served: &Provider,
    ) -> Option<Result<Arc<Person>, Refused>> {
        let now = SystemClock.now().seconds();
        let outcome = {
            let remembered = locked(&self.0.remembered);
            let known = remembered.get(key).filter(|known| known.until > now)?;
            known.outcome.clone()
        };
        let person = match outcome {
            Ok(person) => person,
            Err(refused) => return Some(Err(refused)),
        };
        let holds = match self.now(&person, served).await {
            Ok(Access::Open(_)) => true,
            Ok(Access::Closed(_) | Access::Nobody) => false,
            Err(ApiError::Away(_)) => self.before(&person).is_some(),
            Err(_) => false,
        };
        holds.then_some(Ok(person))
    }
}

/// The directory of one search, or of all.
pub(crate) struct Seen {
    people: Arc<Directory>,
    tree: Tree,
    sight: Sight,
    /// As they are computed: what the server gave in place of one is not told.
    numbers: Numbers,
}

impl Look for Seen {
    fn with<R>(&self, see: impl FnOnce(View<'_>) -> R) -> R {
        let Seen { people, tree, sight, numbers } = self;
        see(View { tree, directory: people, numbers, sight: *sight, version: VERSION })
    }
}

impl Home for Elsewhere {
    type Provided = Provider;
    type Bound = Person;
    type Look = Seen;

    fn served(&self) -> Arc<[Provider]> {
        self.0.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn outpost(&self) -> String {
        self.0.link.name()
    }

    fn mark(&self) -> Vec<u8> {
        SystemEntropy.token(8).into_bytes()
    }

    fn room(&self) -> &Arc<Semaphore> {
        &self.0.room
    }

    fn tls(&self) -> Result<Arc<ServerConfig>, String> {
        Ok(self.0.tls.clone())
    }

    async fn bind(
        &self,
        attempt: Attempt<'_, Provider>,
    ) -> Result<Result<Arc<Person>, Refused>, Trouble> {
        let remembers = attempt.served.remembers_binds;
        let parts: [&str; 5] = [
            &*self.0.secret,
            &attempt.served.number.to_string(),
            &attempt.dn.to_lowercase(),
            attempt.password,
            &attempt.peer.to_string(),
        ];
        let key = sha256(&parts.map(|part| format!("{}:{part}", part.len())).concat());
        if remembers && let Some(outcome) = self.remembered(&key, attempt.served).await {
            return Ok(outcome);
        }
        let (outcome, until) = self.proved(&attempt).await.map_err(trouble)?;
        let outcome = outcome.map(Arc::new);
        if remembers {
            let mut remembered = locked(&self.0.remembered);
            if remembered.len() >= MOST {
                let now = SystemClock.now().seconds();
                remembered.retain(|_, known| known.until > now);
            }
            if remembered.len() < MOST {
                remembered.insert(key, Remembered { outcome: outcome.clone(), until });
            }
        }
        Ok(outcome)
    }

    async fn still(&self, person: &Person) -> Result<Result<(Provider, Sight), Ended>, Trouble> {
        let all = self.served();
        let own = all.iter().find(|served| served.number == person.provider.number);
        let Some(served) = own else { return Ok(Err(Ended::Access)) };
        match self.now(person, served).await {
            Ok(Access::Open(sight)) => Ok(Ok((served.clone(), sight))),
            Ok(Access::Closed(_)) => Ok(Err(Ended::Access)),
            Ok(Access::Nobody) => Ok(Err(Ended::Session)),
            // While the server is away, what is remembered of people is still answered.
            Err(ApiError::Away(text)) => {
                match self.before(person).filter(|_| served.remembers_people) {
                    Some(sight) => Ok(Ok((served.clone(), sight))),
                    None => Err(Trouble::Away(text)),
                }
            }
            Err(error) => Err(trouble(error)),
        }
    }

    async fn look(
        &self,
        provider: &Provider,
        sight: Sight,
        query: Option<&Query>,
    ) -> Result<Seen, Trouble> {
        let remembered = {
            let people = self.0.people.read().unwrap_or_else(PoisonError::into_inner);
            people.clone().filter(|_| provider.remembers_people)
        };
        let people = match remembered {
            Some(people) => people,
            None => {
                let term = query.and_then(|query| named(query, &provider.tree));
                Arc::new(self.people(term.as_deref()).await.map_err(trouble)?)
            }
        };
        Ok(Seen { people, tree: provider.tree.clone(), sight, numbers: Numbers::default() })
    }

    /// The session ends by itself, as those of the original's outposts do.
    async fn leave(&self, _: Arc<Person>) {}
}

impl Answers for Elsewhere {
    async fn refresh(&self, api: &Api) -> Result<(), ApiError> {
        let all = api.list("outposts/ldap/", "").await?;
        let served: Vec<Provider> = all.iter().filter_map(provider).collect();
        let pair = |served: &Provider| served.certificate.clone();
        let named: Vec<_> = served
            .iter()
            .filter(|served| !served.server_name.is_empty())
            .filter_map(|served| Some((served.server_name.clone(), pair(served)?)))
            .collect();
        // The one that all have is shown to whoever names nobody.
        let first = served.first().and_then(pair);
        let shared =
            first.filter(|first| served.iter().all(|own| pair(own).as_ref() == Some(first)));
        self.0.certificates.refresh(api, &named, shared.as_deref()).await?;
        let people = if served.iter().any(|served| served.remembers_people) {
            Some(Arc::new(self.people(None).await?))
        } else {
            None
        };
        *self.0.people.write().unwrap_or_else(PoisonError::into_inner) = people;
        *self.0.served.write().unwrap_or_else(PoisonError::into_inner) = served.into();
        Ok(())
    }

    fn forget(&self) {
        *self.0.served.write().unwrap_or_else(PoisonError::into_inner) = Vec::new().into();
        *self.0.people.write().unwrap_or_else(PoisonError::into_inner) = None;
        locked(&self.0.remembered).clear();
    }

    /// Whoever is bound by it is asked about anew. The original's servers tell proxies alone.
    fn ended(&self, session: &str) {
        let remembered = locked(&self.0.remembered);
        let people = remembered.values().filter_map(|known| known.outcome.as_ref().ok());
        people
            .filter(|person| person.session.as_deref() == Some(session))
            .for_each(|person| locked(&person.told).turn = None);
    }
}

/// Where LDAP is spoken.
pub(crate) struct Listeners {
    clear: Address,
    encrypted: Address,
    bounds: Bounds,
    home: Elsewhere,
}

impl Listeners {
    pub(crate) async fn serve(self, stop: Shutdown) {
        let Listeners { clear, encrypted, bounds, home } = self;
        let answering = Answering(home);
        tokio::join!(
            clear.run(answering.clone(), bounds.clone(), stop.clone(), GRACE),
            encrypted.run(answering, bounds, stop, GRACE),
        );
    }
}
