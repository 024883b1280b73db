//! The host of a request: it answers from the tables and the request, and does what expressions may
//! do.

use std::sync::Arc;

use countersign_catalogue::Brand;
use countersign_core::{ApiError, Call, Caller, Context, Identity, RequestInfo, brand_for};
use countersign_directory::{HashError, SystemSettings, Verified, password_history, setup, users};
use countersign_events::{Event, Login};
use countersign_model::{ChoiceValue as _, Secret, Snapshot};
use countersign_outbound::{OutboundError, Request};
use countersign_python::Interpreter;
use countersign_store::{Actor, Sql, StoreError, Tx, params};
use serde_json::{Map, Value, json};

use crate::access::Engine;
use crate::host::{
    Answer, BoxFuture, BrandView, FIRST_ADMIN, Host, HostError, HttpRequest, Question,
};
use crate::query;
use crate::subject::Subject;

/// Answers from the tables, and from the request if there is one.
#[derive(Clone)]
pub struct LiveHost {
    engine: Engine,
    cx: Context,
    request: Option<RequestInfo>,
    /// Somebody only wants to know what would be decided: nothing is written, and nothing sent.
    is_trial: bool,
    /// Other servers are asked in a trial, too.
    asks_others: bool,
    /// An administrator tries a policy out: what its expression does, it does, but nobody loses a
    /// password by that.
    is_test: bool,
    /// The configuration it answers from, where that is not the one in effect.
    snapshot: Option<Arc<Snapshot>>,
}

impl Engine {
    /// The host of a request, or of work that nobody's request asked for.
    #[must_use]
    pub fn host(&self, cx: &Context, request: Option<&RequestInfo>) -> LiveHost {
        LiveHost {
            engine: self.clone(),
            cx: cx.clone(),
            request: request.cloned(),
            is_trial: false,
            asks_others: false,
            is_test: false,
            snapshot: None,
        }
    }
}

impl Engine {
    /// The host for somebody who tries a policy or a mapping out, with a person and a context of
    /// their choice: only who holds everything changes anything by that, and not with `?trial=true`.
    /// So are tests run that somebody else may have written.
    #[must_use]
    pub fn trying(&self, call: &Call) -> LiveHost {
        let wanted = call.query.flag("trial") == Some(true);
        let is_trial = wanted || !call.rights().hold_everything();
        LiveHost { is_trial, is_test: true, ..self.host(&call.cx, Some(&call.request)) }
    }
}

impl Host for LiveHost {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        Box::pin(async move {
            Ok(match question {
                Question::SetupDone => Answer::SetupDone(setup_done(&self.cx).await?),
                Question::Brand => Answer::Brand(self.brand_view()),
                Question::Place => Answer::Fields(self.place_of_request()),
                Question::WebRequest => Answer::Value(self.web_request()),
                Question::Account(pk) => {
                    let user = self.identity(pk).await?;
                    let avatar = countersign_directory::avatar(&self.cx, &user);
                    Answer::Fields(query::account(&user, self.cx.uid(pk), avatar))
                }
                Question::MergedAttributes(pk) => {
                    let user = Subject::of(&self.identity(pk).await?, String::new());
                    Answer::Fields(user.merged_attributes(&Map::new()))
                }
                Question::Query(query) => Answer::Rows(query.rows(&self.cx).await?),
                Question::Count(query) => Answer::Value(query.count(&self.cx).await?.into()),
                Question::Http(_) if self.is_trial && !self.asks_others => {
                    let text = "what is only tried out sends nothing to other servers";
                    return Err(HostError::raised("PermissionError", text));
                }
                Question::Http(request) => Answer::Value(self.http(request).await?),
                Question::Resolve { name, version } => Answer::Value(resolve(&name, version).await),
                Question::LeakedPasswords { prefix } => Answer::Text(self.leaked(&prefix).await?),
                Question::CheckPassword { user, password } => {
                    Answer::Value(self.has_password(user, &password).await?.into())
                }
                Question::HadPassword { user, password, among } => {
                    Answer::Value(self.had_password(user, &password, among).await?.into())
                }
                Question::PreviousLogins { user, most } => {
                    Answer::Rows(self.previous_logins(user, most).await?)
                }
                Question::Reputation { username, address } => {
                    Answer::Value(self.reputation(username, address).await?.into())
                }
                Question::ExpirePassword { .. } if self.is_trial || self.is_test => Answer::Done,
                Question::ExpirePassword { user, name } => {
                    let actor = self.actor(Some(user)).await?.through(format!("policy {name}"));
                    self.expire_password(user, actor).await?;
                    Answer::Done
                }
                Question::Authenticators(pk) => Answer::Names(self.authenticators(pk).await?),
                Question::Event { .. } if self.is_trial => Answer::Done,
                Question::Event { action, name, context, user } => {
                    let event = Event::new(format!("custom_{action}"), name, context.into());
                    event.write(&self.cx, self.actor(user).await?).await;
                    Answer::Done
                }
                Question::Write { .. } if self.is_trial => {
                    let text = "what is only tried out changes nothing";
                    return Err(HostError::raised("PermissionError", text));
                }
                Question::Write { change, name, user } => {
                    let actor = self.actor(user).await?.through(format!("expression {name}"));
                    Answer::Value(change.commit(&self.cx, actor).await?)
                }
            })
        })
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        Some(&self.engine.interpreter)
    }
}

impl LiveHost {
    /// The same host, for whoever wants to know and changes nothing.
    #[must_use]
    pub fn trial(self) -> LiveHost {
        LiveHost { is_trial: true, ..self }
    }

    /// The same host, for whoever wants to know what a sign-in would be answered now.
    pub(crate) fn asking_others(self) -> LiveHost {
        LiveHost { asks_others: true, ..self }
    }

    /// The same host, over a configuration that is not in effect.
    pub(crate) fn over(self, snapshot: Arc<Snapshot>) -> LiveHost {
        LiveHost { snapshot: Some(snapshot), ..self }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone().unwrap_or_else(|| self.cx.snapshot())
    }

    fn brand_view(&self) -> BrandView {
        let snapshot = self.snapshot();
        let brand = self
            .request
            .as_ref()
            .and_then(|request| brand_for(&snapshot, &request.host))
            .and_then(|id| snapshot.entry(id)?.cast::<Brand>());
        brand.map_or_else(BrandView::default, |brand| BrandView {
            title: brand.branding_title.clone(),
            attributes: brand.attributes.0.clone(),
        })
    }

    fn place_of_request(&self) -> Map<String, Value> {
        let request = self.request.as_ref();
        request.map_or_else(Map::new, |it| self.engine.places.for_policies(it.client_ip))
    }

    async fn identity(&self, pk: i64) -> Result<Identity, HostError> {
        let found =
            self.cx.store.look_up(move |sql| countersign_accounts::identity(sql, pk)).await?;
        found.ok_or_else(|| HostError::raised("LookupError", "User matching query does not exist."))
    }

    fn web_request(&self) -> Value {
        let Some(request) = &self.request else { return Value::Null };
        let (brand, settings) = (self.brand_view(), SystemSettings::of(&self.snapshot()));
        let query: Map<String, Value> = url::form_urlencoded::parse(request.query.as_bytes())
            .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
            .collect();
        let (address, agent) = (request.client_ip.to_string(), request.user_agent.as_str());
        json!({
            "method": request.method.as_str(), "path": request.path, "_query": request.query,
            "scheme": request.scheme, "_host": request.host, "_client_ip": address,
            "GET": query, "POST": {}, "COOKIES": {},
            "headers": {"User-Agent": agent, "Host": request.host},
            "META": {
                "HTTP_USER_AGENT": agent, "HTTP_HOST": request.host, "REMOTE_ADDR": address,
                "REQUEST_METHOD": request.method.as_str(), "PATH_INFO": request.path,
                "QUERY_STRING": request.query,
            },
            "brand": {"branding_title": brand.title, "attributes": brand.attributes},
            "tenant": {
                "default_user_change_email": settings.default_user_change_email,
                "default_user_change_name": settings.default_user_change_name,
                "default_user_change_username": settings.default_user_change_username,
            },
        })
    }

    async fn http(&self, asked: HttpRequest) -> Result<Value, HostError> {
        let failed = |error: OutboundError| HostError::raised("RuntimeError", error.to_string());
        let method = asked.method.parse().map_err(|_| {
            HostError::raised("ValueError", format!("{} is no method", asked.method))
        })?;
        let url = asked.url.clone();
        let mut request = Request::new(method, asked.url, asked.body.into_bytes());
        for (name, value) in &asked.headers {
            request = request.header(name, value).map_err(failed)?;
        }
        let answer = self.engine.outbound.send(request).await.map_err(failed)?;
        let headers: Map<String, Value> = answer
            .headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
            })
            .collect();
        Ok(json!({
            "status": answer.status.as_u16(), "text": String::from_utf8_lossy(&answer.body),
            "headers": headers, "url": url,
        }))
    }

    /// The list of <https://haveibeenpwned.com/API/v3#PwnedPasswords>, padded, so that its length
    /// does not tell what was asked for either.
    async fn leaked(&self, prefix: &str) -> Result<String, HostError> {
        let failed = |text: String| {
            HostError::Failed(format!("The list of leaked passwords can't be asked: {text}"))
        };
        let request = Request::get(format!("https://api.pwnedpasswords.com/range/{prefix}"))
            .header("Add-Padding", "true")
            .map_err(|error| failed(error.to_string()))?;
        let answer = self.engine.outbound.send(request).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        if !answer.status.is_success() {
            return Err(failed(format!("status {}", answer.status)));
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    async fn has_password(&self, pk: i64, password: &Secret) -> Result<bool, HostError> {
        let stored = move |sql: &mut Sql<'_>| {
            let row = sql.query_one("SELECT password FROM users WHERE id = $1", params![pk])?;
            row.map(|row| row.get::<String>(0)).transpose()
        };
        let stored = self.cx.store.look_up(stored).await?;
        let verified = self.engine.passwords.verify(password, stored.as_deref()).await;
        match verified {
            Ok(verified) => Ok(verified != Verified::No),
            Err(HashError::Busy) => Err(HostError::Away(HashError::Busy.to_string())),
            Err(error) => Err(HostError::raised("ValueError", error.to_string())),
        }
    }

    async fn had_password(
        &self,
        pk: i64,
        password: &Secret,
        among: i64,
    ) -> Result<bool, HostError> {
        let read = move |sql: &mut Sql<'_>| password_history::hashes(sql, pk, among);
        for stored in self.cx.store.look_up(read).await? {
            match self.engine.passwords.verify(password, Some(&stored)).await {
                Ok(Verified::No) => {}
                Ok(_) => return Ok(true),
                Err(HashError::Busy) => return Err(HostError::Away(HashError::Busy.to_string())),
                Err(error) => return Err(HostError::Failed(error.to_string())),
            }
        }
        Ok(false)
    }

    /// An event that is a second old has no place yet; it is looked up by its address.
    async fn previous_logins(
        &self,
        pk: i64,
        most: i64,
    ) -> Result<Vec<Map<String, Value>>, HostError> {
        let read = move |sql: &mut Sql<'_>| countersign_events::last_logins(sql, pk, most);
        let now = self.cx.clock.now();
        let logins = self.cx.store.look_up(read).await?;
        let row = |login: Login| {
            let placed = || {
                let address = login.client_ip.as_deref()?.parse().ok()?;
                self.engine.places.of_address(address).remove("geo")
            };
            let geo = login.geo.clone().or_else(placed).unwrap_or_default();
            let ago = now.seconds() - login.created.seconds();
            Map::from_iter([("geo".to_owned(), geo), ("seconds_ago".to_owned(), ago.into())])
        };
        Ok(logins.into_iter().map(row).collect())
    }

    async fn reputation(&self, name: Option<String>, address: bool) -> Result<i64, HostError> {
        let address = self.request.as_ref().filter(|_| address).map(|request| request.client_ip);
        let now = self.cx.clock.now();
        let read = move |sql: &mut Sql<'_>| {
            crate::policies::reputation_sum(sql, name.as_deref(), address, now)
        };
        Ok(self.cx.store.look_up(read).await?)
    }

    /// The password of the last administrator stays: somebody has to be able to change the policy.
    async fn expire_password(&self, pk: i64, actor: Actor) -> Result<(), HostError> {
        let work = move |tx: &mut Tx<'_>| users::expire_password(tx, pk);
        match self.cx.store.write(actor, "password expired", work).await {
            Ok(()) => Ok(()),
            Err(ApiError::Store(error)) => Err(error.into()),
            Err(refused) => {
                tracing::warn!(user = pk, error = %refused, "an expired password was not removed");
                Ok(())
            }
        }
    }

    async fn authenticators(&self, pk: i64) -> Result<Vec<String>, HostError> {
        let held = move |sql: &mut Sql<'_>| countersign_authenticators::held_by(sql, Some(pk));
        let mut classes: Vec<String> = Vec::new();
        for device in self.cx.store.look_up(held).await? {
            let class = device.def.class.value();
            if device.confirmed && !classes.iter().any(|known| known == class) {
                classes.push(class.to_owned());
            }
        }
        Ok(classes)
    }

    /// Who did what an expression does: the person it ran for. What is written, the configuration
    /// decides, so that the person's rights do not bound it.
    async fn actor(&self, user: Option<i64>) -> Result<Actor, HostError> {
        let user = match user {
            Some(pk) => Some(Arc::new(self.identity(pk).await?)),
            None => None,
        };
        let caller = Caller { user, ..Caller::nobody() };
        Ok(match &self.request {
            Some(request) => self.cx.actor(&caller, request),
            None => Actor { user: caller.user.map(|user| user.as_actor()), ..Actor::system() },
        })
    }
}

async fn resolve(name: &str, version: Option<u8>) -> Value {
    let Ok(found) = tokio::net::lookup_host((name, 0)).await else { return json!([]) };
    let mut addresses: Vec<String> = found
        .map(|address| address.ip())
        .filter(|it| version.is_none_or(|version| it.is_ipv4() == (version == 4)))
        .map(|address| address.to_string())
        .collect();
    addresses.dedup();
    addresses.into()
}

/// Whether the installation was set up, by the mark that stays or because the first administrator
/// has a password; `None` where it was not and there is no such account.
///
/// # Errors
/// When the engine fails.
pub async fn setup_done(cx: &Context) -> Result<Option<bool>, StoreError> {
    let read = |sql: &mut Sql<'_>| {
        if setup::is_done(sql)? {
            return Ok(Some(true));
        }
        let row = sql.query_one(
            "SELECT password FROM users WHERE username_fold = $1",
            params![FIRST_ADMIN],
        )?;
        row.map(|row| Ok(!row.get::<String>(0)?.starts_with('!'))).transpose()
    };
    cx.store.read(read).await
}
