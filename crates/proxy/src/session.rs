//! Whom a request stands for. A browser that signed in holds a cookie, whose hash finds a row; the
//! row's token is sealed with a key that only the cookie has. The token says everything else: it
//! ends with the session that it came from, with its account, and when somebody revokes it. Who
//! may open the application is asked anew at each request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_accounts::{binding_of, identity, stays};
use countersign_catalogue::Provider;
use countersign_core::{Identity, RequestInfo, SessionBinding};
use countersign_flow::FlowContext;
use countersign_model::{Ref, Sealer as _, Secret, Table, Timestamp, directory};
use countersign_oauth2::{InsideError, OAuth2, Opened, Token, opened};
use countersign_store::{Seal, Sql, StoreError, Tx, params, sha256};
use http::{HeaderMap, header};

use crate::identity::Granted;
use crate::local::LocalSite;
use crate::login::cookies;

/// The letters of a cookie.
const LENGTH: usize = 48;
/// How long a program that sends an app password with each request gets by with one token.
const REMEMBERED_SECONDS: i64 = 60;
const MOST_REMEMBERED: usize = 4_096;
/// A user name that says that the password is a token.
const TOKEN_USER: &str = "goauthentik.io/token";

/// A browser that is signed in to an application behind a proxy. A restored copy signs nobody in.
#[derive(Debug, Clone, Table)]
#[table(name = "proxy_session", volatile)]
pub(crate) struct ProxySession {
    /// Of the cookie's value.
    #[column(key)]
    hash: [u8; 32],
    #[column(sql = "provider_id")]
    provider: Ref<dyn Provider>,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    /// The access token, sealed with the cookie's value.
    #[column(hidden)]
    token: String,
    #[column(expires)]
    expires: Timestamp,
}

/// The value of a cookie for somebody who just signed in.
pub(crate) fn cookie_value(cx: &FlowContext) -> Secret {
    Secret::new(cx.entropy.token(LENGTH))
}

/// Notes that a browser with that cookie is signed in.
///
/// # Errors
/// The store fails.
pub(crate) fn begin(
    tx: &mut Tx<'_>,
    site: Ref<dyn Provider>,
    cookie: &Secret,
    token: &Token,
) -> Result<(), StoreError> {
    let sealed = Seal::new(cookie)?.seal(token.value.expose());
    tx.execute(
        "INSERT INTO proxy_session (hash, provider_id, user_id, token, expires) VALUES ($1, $2, $3, $4, $5)",
        params![
            sha256(cookie.expose()),
            site.key().int().unwrap_or_default(),
            token.user,
            sealed,
            token.expires
        ],
    )?;
    Ok(())
}

/// Signs somebody out of all applications behind proxies, in all browsers.
///
/// # Errors
/// The store fails.
pub(crate) fn end_all(tx: &mut Tx<'_>, user: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM proxy_session WHERE user_id = $1", params![user])?;
    Ok(())
}

/// Somebody whose token is good and of this application's provider. Whether they may open it is
/// still to be asked.
struct Candidate {
    token: String,
    opened: Opened,
    user: Arc<Identity>,
}

/// A session that a cookie came from, and what it is tied to.
type Session = ([u8; 32], Option<SessionBinding>);

/// The account that a token is of, if it is good for that provider.
fn by_token(
    sql: &mut Sql<'_>,
    provider: i64,
    token: &str,
    now: Timestamp,
) -> Result<Option<Candidate>, StoreError> {
    let Some(opened) = opened(sql, token, now)?.filter(|token| token.provider == provider) else {
        return Ok(None);
    };
    let user = identity(sql, opened.user)?.filter(|user| user.is_active);
    Ok(user.map(|user| Candidate { token: token.to_owned(), opened, user: Arc::new(user) }))
}

fn by_cookie(
    sql: &mut Sql<'_>,
    provider: i64,
    cookie: &str,
    now: Timestamp,
) -> Result<Option<(Candidate, Option<Session>)>, StoreError> {
    if cookie.len() != LENGTH || !cookie.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let row = sql.query_one(
        "SELECT token FROM proxy_session WHERE hash = $1 AND provider_id = $2 AND expires > $3",
        params![sha256(cookie), provider, now],
    )?;
    let Some(row) = row else { return Ok(None) };
    let sealed: String = row.get(0)?;
    let Ok(token) = Seal::new(&Secret::new(cookie))?.open(&sealed) else { return Ok(None) };
    let Some(found) = by_token(sql, provider, token.expose(), now)? else { return Ok(None) };
    let session = match found.opened.session {
        Some(hash) => Some((hash, binding_of(sql, hash, now)?)),
        None => None,
    };
    Ok(Some((found, session)))
}

type Tokens = HashMap<[u8; 32], (Timestamp, Secret)>;

/// Tokens of programs that send an app password with each request, by the hash of what they send.
#[derive(Clone, Default)]
pub(crate) struct Remembered(Arc<Mutex<Tokens>>);

impl Remembered {
    fn find(&self, sent: &[u8; 32], now: Timestamp) -> Option<Secret> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(sent).filter(|(until, _)| *until > now).map(|(_, token)| token.clone())
    }

    fn note(&self, sent: [u8; 32], token: Secret, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(sent, (now.plus_seconds(REMEMBERED_SECONDS), token));
    }
}

/// How somebody is found who sends a request.
pub(crate) struct Seeker<'a> {
    pub(crate) cx: &'a FlowContext,
    pub(crate) oauth: &'a OAuth2,
    pub(crate) remembered: &'a Remembered,
    pub(crate) request: &'a RequestInfo,
}

impl Seeker<'_> {
    /// Who sends a request and may open the application now.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn granted(
        &self,
        site: &LocalSite,
        headers: &HeaderMap,
    ) -> Result<Option<Granted>, StoreError> {
        if let Some(found) = self.signed_in(site, headers).await?
            && let Some(granted) = self.admitted(site, found, false).await?
        {
            return Ok(Some(granted));
        }
        match self.by_authorization(site, headers).await? {
            Some(found) => self.admitted(site, found, true).await,
            None => Ok(None),
        }
    }

    /// Whose cookie it is, whether they may open the application or not.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn holder(
        &self,
        site: &LocalSite,
        headers: &HeaderMap,
    ) -> Result<Option<Opened>, StoreError> {
        Ok(self.signed_in(site, headers).await?.map(|found| found.opened))
    }

    async fn signed_in(
        &self,
        site: &LocalSite,
        headers: &HeaderMap,
    ) -> Result<Option<Candidate>, StoreError> {
        let sent: Vec<String> = cookies(headers, &site.cookie).map(str::to_owned).collect();
        let (provider, now) = (number(site), self.cx.clock.now());
        if sent.is_empty() {
            return Ok(None);
        }
        let found = self.cx.store.look_up(move |sql| {
            for cookie in &sent {
                if let Some(found) = by_cookie(sql, provider, cookie, now)? {
                    return Ok(Some(found));
                }
            }
            Ok::<_, StoreError>(None)
        });
        let Some((found, session)) = found.await? else { return Ok(None) };
        // A browser is where its session may be. Tokens are of programs, wherever these run.
        let stays = match session {
            Some((hash, binding)) => stays(self.cx, hash, binding, &found.user, self.request).await,
            None => true,
        };
        Ok(Some(found).filter(|_| stays))
    }

    async fn by_authorization(
        &self,
        site: &LocalSite,
        headers: &HeaderMap,
    ) -> Result<Option<Candidate>, StoreError> {
        let Some(sent) = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()) else {
            return Ok(None);
        };
        let Some((scheme, rest)) = sent.split_once(' ') else { return Ok(None) };
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.of_token(site, Secret::new(rest)).await;
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        let decoded = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((user, password)) = decoded.as_deref().and_then(|text| text.split_once(':'))
        else {
            return Ok(None);
        };
        if user == TOKEN_USER
            && let Some(found) = self.of_token(site, Secret::new(password)).await?
        {
            return Ok(Some(found));
        }
        let (now, sent) = (self.cx.clock.now(), sha256(&format!("{} {sent}", number(site))));
        if let Some(token) = self.remembered.find(&sent, now)
            && let Some(found) = self.of_token(site, token).await?
        {
            return Ok(Some(found));
        }
        let Some(address) = self.cx.known_address().await? else { return Ok(None) };
        let inside = self.oauth.inside(self.cx.clone(), address);
        let token = match inside.app_password(site.provider, (user, password), self.request).await {
            Ok(token) => token,
            Err(InsideError::Away) => {
                return Err(StoreError::Away("an app password could not be looked up".to_owned()));
            }
            // Most often credentials that are the application's own.
            Err(error) => {
                tracing::debug!(%error, provider = number(site), "credentials are not good here");
                return Ok(None);
            }
        };
        self.remembered.note(sent, token.clone(), now);
        self.of_token(site, token).await
    }

    async fn of_token(
        &self,
        site: &LocalSite,
        token: Secret,
    ) -> Result<Option<Candidate>, StoreError> {
        let (provider, now) = (number(site), self.cx.clock.now());
        self.cx.store.look_up(move |sql| by_token(sql, provider, token.expose(), now)).await
    }

    /// Asks the policies of the application, as wherever somebody opens one.
    async fn admitted(
        &self,
        site: &LocalSite,
        found: Candidate,
        by_header: bool,
    ) -> Result<Option<Granted>, StoreError> {
        let Candidate { token, opened, user } = found;
        let policies = self.cx.policies();
        let decision =
            policies.application(self.cx, self.request, &user, site.application, None).await?;
        if !decision.passing {
            return Ok(None);
        }
        let username = user.username.clone();
        Ok(Some(Granted { claims: opened.claims, token, username, by_header }))
    }
}

fn number(site: &LocalSite) -> i64 {
    site.provider.key().int().unwrap_or_default()
}
