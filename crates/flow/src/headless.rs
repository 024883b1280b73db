//! Signing in without a browser: a protocol that is given a name and a password (LDAP, RADIUS)
//! answers a flow in the name of whoever gave them, as the original's outposts do over the
//! executor.
//!
//! It is the same engine: policies, stages, throttles, reputation, events and the recording of the
//! run are those of any sign-in. Nothing waits between two requests, so no plan is kept, and no
//! cookie is made. Whether a session begins is the flow's to say, as anywhere (its user login
//! stage); its key is thrown away, so nobody can use it, and it tells how long the sign-in counts.
//!
//! ```text
//! let (password, code) = split_code(&given, provider.mfa_support);
//! let login = Login {
//!     protocol: "radius",
//!     flow: provider.authorization_flow,
//!     application,
//!     client: Client::Own(peer.ip()),
//!     username, password, code,
//! };
//! match headless::sign_in(&flows.over(&cx), login).await {
//!     Ok(Outcome::Admitted(signed_in)) => ..,    // signed_in.user; signed_in.session.ends(&cx)
//!     Ok(Outcome::Denied { user, messages }) => .., // signed in, but the application is not for it
//!     Ok(Outcome::Refused(refusal)) => ..,       // wrong, or the flow asks what cannot be answered
//!     Err(error) if error.is_passing() => ..,    // the database is away, or there is no hashing room
//!     Err(error) => ..,                          // something broke: an event tells of it already
//! }
//! ```

use std::net::IpAddr;
use std::sync::Arc;

use countersign_accounts::end_session;
use countersign_authenticators::DeviceClass;
use countersign_catalogue::Application;
use countersign_core::{Caller, Context, Identity, RequestInfo, SessionData, Visitor};
use countersign_model::{ChoiceValue as _, ErrorNode, FieldErrors, Ref, Secret, Timestamp};
use countersign_pages::AnyPage;
use countersign_store::{ActorUser, StoreError, Tx, params};
use http::Uri;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::context::FlowContext;
use crate::destination::ApplicationHint;
use crate::error::FlowError;
use crate::executor::{self, Executor, Finished, Reply};
use crate::kinds::Flow;
use crate::plan::key;
use crate::planner::{self, Approach, Planning};
use crate::record;
use crate::run::Run;

/// As many pages are answered, or other flows taken, as by the original's outposts.
const MOST_PAGES: usize = 10;
/// What the original's outposts call themselves; policies may ask for it.
const USER_AGENT: &str = "goauthentik.io/outpost/2025.4.0";

/// Somebody who wants to sign in.
#[derive(Debug)]
pub struct Login {
    /// As `radius`.
    pub protocol: &'static str,
    pub flow: Ref<Flow>,
    /// What they sign in for: it has to be open to them.
    pub application: Ref<Application>,
    pub client: Client,
    pub username: String,
    pub password: Secret,
    /// For a stage that asks for a second factor, see [`split_code`].
    pub code: Option<Secret>,
}

/// Where somebody signs in, which decides how failures are counted: see
/// [`countersign_directory::Place`].
#[derive(Debug, Clone)]
pub enum Client {
    /// At their own address.
    Own(IpAddr),
    /// At a machine that asks for many people, with the device that it names.
    Gateway { address: IpAddr, device: Option<String> },
    /// Nowhere: an administrator tries out what somebody meets who comes from `looked_at`, which is
    /// all that policies and mappings see. What is counted and told is about the administrator.
    Trial { tester: Option<ActorUser>, address: IpAddr, looked_at: IpAddr },
}

impl Client {
    fn address(&self) -> IpAddr {
        match self {
            Client::Own(address)
            | Client::Gateway { address, .. }
            | Client::Trial { address, .. } => *address,
        }
    }

    /// The request as policies and mappings see it.
    #[must_use]
    pub fn as_looked_at(&self, request: &RequestInfo) -> RequestInfo {
        match self {
            Client::Own(_) | Client::Gateway { .. } => request.clone(),
            Client::Trial { looked_at, .. } => request.from_address(*looked_at),
        }
    }
}

/// How a sign-in came out.
#[derive(Debug)]
pub enum Outcome {
    /// Signed in, and the application is open to them.
    Admitted(Box<SignedIn>),
    /// Signed in, but the application is not for them. `messages`: what its policies said.
    Denied {
        user: Arc<Identity>,
        messages: Vec<String>,
    },
    Refused(Refusal),
}

/// Somebody who is signed in.
#[derive(Debug)]
pub struct SignedIn {
    pub user: Arc<Identity>,
    /// How they proved who they are.
    pub proved: SessionData,
    pub session: Session,
    /// As it is told; policies and mappings see [`Client::as_looked_at`].
    pub request: RequestInfo,
}

/// The session that the flow began. It ends when it expires, when somebody ends it, or with its
/// account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Session([u8; 32]);

impl Session {
    /// When it ends by itself; `None` once it has ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn ends(self, cx: &Context) -> Result<Option<Timestamp>, StoreError> {
        let (hash, now) = (self.0, cx.clock.now());
        let read = cx.store.look_up(move |sql| {
            let row = sql.query_one(
                "SELECT s.expires FROM session s JOIN users u ON u.id = s.user_id WHERE s.key_hash = $1 AND s.expires > $2 AND u.is_active = 1",
                params![hash, now],
            )?;
            row.map(|row| row.get(0)).transpose()
        });
        read.await
    }

    /// Ends it: whoever signed in is done.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn end(
        self,
        cx: &Context,
        request: &RequestInfo,
        user: &Arc<Identity>,
    ) -> Result<(), StoreError> {
        let caller = Caller { user: Some(user.clone()), ..Caller::nobody() };
        let work = move |tx: &mut Tx<'_>| end_session(tx, self.0).map(|_| ());
        cx.store.write(cx.actor(&caller, request), "signed out of a protocol", work).await
    }
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Name, password or code is wrong, in the stage's words.
    Wrong(String),
    /// Too many were wrong of late: nothing was looked at.
    TooMany { seconds: i64 },
    /// A second factor is asked for, and no code was given that could be it.
    NoCode,
    /// The flow, or a policy, does not let them in.
    Denied(String),
    /// The flow shows a page that only people can answer.
    Page { component: &'static str },
    /// The flow ended without signing anybody in: it has no user login stage.
    NoSession,
}

impl Refusal {
    /// As the original's outposts count it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Refusal::Wrong(_) | Refusal::TooMany { .. } | Refusal::Denied(_) => {
                "invalid_credentials"
            }
            Refusal::NoCode | Refusal::Page { .. } | Refusal::NoSession => "flow_error",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Wrong(text) | Refusal::Denied(text) => f.write_str(text),
            Refusal::TooMany { seconds } => {
                write!(f, "Too many attempts. Nothing is looked at for {seconds} s.")
            }
            Refusal::NoCode => f.write_str(
                "The flow asks for a second factor, and the password carried no code for it.",
            ),
            Refusal::Page { component } => write!(
                f,
                "The flow asks for something that only people at a browser can answer ({component}). Choose another flow in the provider."
            ),
            Refusal::NoSession => f.write_str(
                "The flow ended without signing anybody in. Bind a user login stage to it, or choose another flow in the provider.",
            ),
        }
    }
}

/// Takes apart what was given as a password: a code of a second factor may follow the password
/// behind a `;`, six digits, or eight letters and digits. Where a provider takes no codes, the
/// whole is the password and answers what asks for a code, too, as in the original.
#[must_use]
pub fn split_code(given: &str, takes_codes: bool) -> (Secret, Option<Secret>) {
    if !takes_codes {
        return (Secret::new(given), Some(Secret::new(given)));
    }
    let is_code = |code: &str| match code.len() {
        6 => code.bytes().all(|byte| byte.is_ascii_digit()),
        8 => code.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        _ => false,
    };
    match given.rsplit_once(';') {
        Some((password, code)) if is_code(code) => (Secret::new(password), Some(Secret::new(code))),
        _ => (Secret::new(given), None),
    }
}

/// Signs somebody in by a flow, and asks whether the application is open to them.
///
/// # Errors
/// When the engine fails or a stage breaks.
pub async fn sign_in(cx: &FlowContext, login: Login) -> Result<Outcome, FlowError> {
    Ok(traced(cx, login).await?.0)
}

/// The same, with the run that is recorded of it.
///
/// # Errors
/// When the engine fails or a stage breaks.
pub async fn traced(cx: &FlowContext, login: Login) -> Result<(Outcome, Option<Uuid>), FlowError> {
    let request = request(cx, &login).await?;
    let mut browser = Browser::new(cx, &request, &Visitor::nobody(cx.entropy.token(32)));
    browser.headless = Some(login.client.clone());
    let outpost = json!({"instance": {"name": "Countersign", "type": login.protocol}});
    let context = Map::from_iter([(key::OUTPOST.to_owned(), outpost)]);
    let query = vec![(format!("goauthentik.io/outpost/{}", login.protocol), "true".to_owned())];
    let hint = hint(&browser, login.application);
    let finished = match planner::plan(&browser, login.flow, context, Approach::Direct).await? {
        Planning::Ready(mut plan) => {
            plan.query = query;
            let mut executor = Executor::fresh(Run::new(browser, *plan, hint));
            match go_through(&mut executor, &login).await {
                Ok(Ok(())) => {
                    let reply = Reply::Redirect("/".to_owned());
                    (executor.finish(reply, true).await?, None)
                }
                Ok(Err(refusal)) => {
                    let reply = executor.refuse(&refusal.to_string());
                    (executor.finish(reply, true).await?, Some(refusal))
                }
                Err(error) => {
                    if !error.is_passing() {
                        executor::failure(&executor.run.browser, &error).await;
                    }
                    return Err(error);
                }
            }
        }
        Planning::NotApplicable { messages, mut plan } => {
            plan.query = query;
            let run = Run::new(browser, *plan, hint);
            let finished = executor::not_applicable(run, &messages).await;
            (finished, Some(Refusal::Denied(messages.join("\n"))))
        }
    };
    let (Finished { run, .. }, refusal) = finished;
    let recorded = record::is_recorded(&run.browser, &run.plan).then_some(run.plan.run);
    if let Some(refusal) = refusal {
        return Ok((Outcome::Refused(refusal), recorded));
    }
    let session = Session(run.browser.visitor.key_hash());
    let (Some(user), Some(proved)) = (run.browser.visitor.user, run.browser.visitor.session) else {
        return Ok((Outcome::Refused(Refusal::NoSession), recorded));
    };
    let policies = cx.policies();
    let seen = login.client.as_looked_at(&request);
    let decision = policies.application(cx, &seen, &user, login.application, None).await?;
    if !decision.passing {
        session.end(cx, &request, &user).await?;
        return Ok((Outcome::Denied { user, messages: decision.messages }, recorded));
    }
    Ok((Outcome::Admitted(Box::new(SignedIn { user, proved, session, request })), recorded))
}

/// The request that the original's outposts would have made.
async fn request(cx: &FlowContext, login: &Login) -> Result<RequestInfo, FlowError> {
    let slug = cx.snapshot().get(login.flow).map(|flow| flow.slug.to_string());
    let slug = slug.ok_or_else(|| FlowError::NoFlow(login.flow.to_string()))?;
    let known = cx.known_address().await?;
    let origin = known.as_deref().map(|known| {
        let base = cx.settings.base_path.as_str();
        known.strip_suffix(base).unwrap_or(known)
    });
    let origin = origin.unwrap_or("http://localhost");
    let path = format!(
        "/api/v3/flows/executor/{slug}/?query=goauthentik.io%252Foutpost%252F{}%3Dtrue",
        login.protocol
    );
    let uri = format!("{origin}{path}").parse().or_else(|_| path.parse::<Uri>());
    let uri = uri.map_err(|error| FlowError::broken(format!("{path}: {error}")))?;
    let id = cx.entropy.uuid().simple().to_string();
    Ok(RequestInfo::inside(&uri, USER_AGENT, login.client.address(), id))
}

/// The application, as the events of the flow name it.
fn hint(browser: &Browser, application: Ref<Application>) -> Option<ApplicationHint> {
    let application = browser.snapshot.get(application)?;
    Some(ApplicationHint {
        name: application.name.clone(),
        slug: application.slug.to_string(),
        authentication_flow: None,
        ..ApplicationHint::default()
    })
}

/// Answers what the flow asks until it has signed somebody in.
async fn go_through(
    executor: &mut Executor,
    login: &Login,
) -> Result<Result<(), Refusal>, FlowError> {
    let mut reply = executor.turn(None).await?;
    for _ in 0..MOST_PAGES {
        reply = match executor.settle(reply).await? {
            Reply::Show(shown) if !shown.errors.is_empty() => {
                return Ok(Err(match executor.run.retry_after {
                    Some(seconds) => Refusal::TooMany { seconds },
                    None => Refusal::Wrong(first(&shown.errors)),
                }));
            }
            Reply::Show(shown) => match answer(login, &*shown.page) {
                Ok(answer) => executor.turn(Some(&answer)).await?,
                Err(refusal) => return Ok(Err(refusal)),
            },
            Reply::Next | Reply::SwitchFlow { .. } => executor.turn(None).await?,
            Reply::Redirect(_) if executor.run.browser.visitor.session.is_some() => {
                return Ok(Ok(()));
            }
            Reply::Redirect(_) => return Ok(Err(Refusal::NoSession)),
            Reply::Denied(text) => return Ok(Err(Refusal::Denied(text))),
        };
    }
    Ok(Err(Refusal::Denied("The flow asks for too much.".to_owned())))
}

/// What is answered to a page.
fn answer(login: &Login, page: &dyn AnyPage) -> Result<Answer, Refusal> {
    let component = page.component();
    let password = login.password.expose();
    let answer = match component {
        "ak-stage-identification" => json!({"uid_field": login.username, "password": password}),
        "ak-stage-password" => json!({"password": password}),
        "ak-stage-authenticator-validate" => second_factor(login, &page.json())?,
        "ak-stage-user-login" => json!({"remember_me": true}),
        component => return Err(Refusal::Page { component }),
    };
    match answer {
        Value::Object(answer) => Ok(Answer(answer)),
        _ => Err(Refusal::Page { component }),
    }
}

/// Duo asks on the phone; a code answers what has codes that nobody sends.
fn second_factor(login: &Login, challenge: &Map<String, Value>) -> Result<Value, Refusal> {
    let offered = challenge.get("device_challenges").and_then(Value::as_array);
    let of = |classes: &[DeviceClass]| {
        let is_one = |device: &&Value| {
            let class = device.get("device_class").and_then(Value::as_str);
            classes.iter().any(|known| class == Some(known.value()))
        };
        offered.into_iter().flatten().find(is_one)
    };
    if let Some(device) = of(&[DeviceClass::Duo]) {
        let uid = device.get("device_uid");
        return Ok(json!({"selected_challenge": device, "duo": uid}));
    }
    let device = of(&[DeviceClass::Static, DeviceClass::Totp]);
    match (device, &login.code) {
        (Some(device), Some(code)) => {
            Ok(json!({"selected_challenge": device, "code": code.expose()}))
        }
        _ => Err(Refusal::NoCode),
    }
}

/// The first sentence about what was wrong.
fn first(errors: &FieldErrors) -> String {
    let text = |node: &ErrorNode| match node {
        ErrorNode::Problems(problems) => problems.first().map(|problem| problem.text.clone()),
        ErrorNode::Nested(_) | ErrorNode::Items(_) => None,
    };
    errors.iter().find_map(|(_, node)| text(node)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_follow_the_password() {
        let split = |given: &str| {
            let (password, code) = split_code(given, true);
            (password.expose().to_owned(), code.map(|code| code.expose().to_owned()))
        };
        for (given, password, code) in [
            ("secret;123456", "secret", Some("123456")),
            ("a;b;123456", "a;b", Some("123456")),
            ("secret;a1B2c3D4", "secret", Some("a1B2c3D4")),
            (";123456", "", Some("123456")),
            ("secret;12345", "secret;12345", None),
            ("secret;1234567", "secret;1234567", None),
            ("secret;12345x", "secret;12345x", None),
            ("secret;+12345", "secret;+12345", None),
            ("secret;1234567-", "secret;1234567-", None),
            ("secret;", "secret;", None),
            ("secret", "secret", None),
            ("", "", None),
            ("secret;пароль", "secret;пароль", None),
        ] {
            assert_eq!(split(given), (password.to_owned(), code.map(str::to_owned)), "{given}");
        }
        let (password, code) = split_code("secret;123456", false);
        assert_eq!(password, Secret::new("secret;123456"));
        assert_eq!(code, Some(Secret::new("secret;123456")), "as the original answers both stages");
    }
}
