//! Whether the reverse proxy in front of an application is set up as it has to be: this server opens
//! the application's address as anybody could, through that reverse proxy, with a mark by which the
//! question is known when it comes back here (`mark`), and says what is wrong (`judge`).
//!
//! It goes to the provider's own host and nowhere else, follows nothing, and tells of answers their
//! status only.

mod judge;
pub(crate) mod mark;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_catalogue::application::of_provider;
use countersign_core::{Access, ApiError, Call, Context, Operation, Permission, json};
use countersign_model::{Entry, FieldErrors, Fields as _, Problem};
use countersign_outbound::{Body, Place, Trust, UpstreamError, Upstreams};
use countersign_rest::object_schema;
use countersign_store::StoreError;
use http::header::{ACCEPT, CONNECTION, COOKIE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;

pub use judge::{Check, Grade};
pub use mark::Seen;

use crate::address::{Address, Host, Target};
use crate::asked::Asked;
use crate::provider::{ProxyMode, ProxyProvider};
use crate::site::Site;
use judge::Visit;

/// A visit takes no longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// So much of an answer is read.
const LARGEST: usize = 64 * 1024;
/// So many paths are visited at once.
const MOST_PATHS: usize = 5;

/// What is to be tested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// A host below the cookie domain; the external host when nothing is said.
    pub host: Option<String>,
    /// Paths whose locations are looked at; `/` when nothing is said.
    pub paths: Vec<String>,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The address that was visited.
    pub address: String,
    /// The worst of what was found.
    pub grade: Grade,
    pub checks: Vec<Check>,
}

/// Why nothing was tested.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{1}")]
    Field(&'static str, String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> ApiError {
        match refused {
            Refused::Field(field, text) => {
                let mut errors = FieldErrors::new();
                errors.add(field, Problem::new("invalid", text));
                errors.into()
            }
            Refused::Store(error) => error.into(),
        }
    }
}

/// Tests the hosts of proxy providers. Cheap to clone.
#[derive(Clone)]
pub struct SelfTest(Arc<Upstreams>);

impl SelfTest {
    /// `upstreams`: what reaches applications, which are private by nature.
    #[must_use]
    pub fn new(upstreams: Upstreams) -> SelfTest {
        SelfTest(Arc::new(upstreams))
    }

    /// Tests the host of the provider that answers for it.
    ///
    /// # Errors
    /// No provider does; what [`SelfTest::run`] says.
    pub async fn run_at(
        &self,
        cx: &Context,
        host: &str,
        paths: &[String],
    ) -> Result<Report, Refused> {
        let host = host.split_once("://").map_or(host, |(_, rest)| rest).trim_end_matches('/');
        let nobody = || Refused::Field("host", format!("No proxy provider answers for {host}."));
        let wanted = Host::read(host).ok_or_else(nobody)?;
        let snapshot = cx.snapshot();
        let fits = |own: &ProxyProvider| {
            own.external().is_some_and(|external| {
                external.host == wanted || external.host.is_named(wanted.as_str())
            })
        };
        let below = |own: &ProxyProvider| {
            own.mode == ProxyMode::ForwardDomain && wanted.is_within(&own.cookie_domain)
        };
        let all = || snapshot.in_order(ProxyProvider::META);
        let cast = |entry: &&Entry| entry.cast::<ProxyProvider>().is_some_and(fits);
        let own = all().map(|entry| &**entry).find(cast);
        if let Some(entry) = own {
            let wanted = Wanted { host: None, paths: paths.to_vec() };
            return self.run(cx, entry, &wanted).await;
        }
        let domain = all()
            .map(|entry| &**entry)
            .filter(|entry| entry.cast::<ProxyProvider>().is_some_and(below))
            .max_by_key(|entry| {
                entry.cast::<ProxyProvider>().map_or(0, |own| own.cookie_domain.len())
            });
        let entry = domain.ok_or_else(nobody)?;
        let wanted = Wanted { host: Some(host.to_owned()), paths: paths.to_vec() };
        self.run(cx, entry, &wanted).await
    }

    /// Tests the reverse proxy in front of a provider's application.
    ///
    /// # Errors
    /// A host that is not the provider's, a path that is none, a provider without an application.
    pub async fn run(
        &self,
        cx: &Context,
        entry: &Entry,
        wanted: &Wanted,
    ) -> Result<Report, Refused> {
        let refuse = |field, text: &str| Err(Refused::Field(field, text.to_owned()));
        let snapshot = cx.snapshot();
        let Some(own) = entry.cast::<ProxyProvider>() else {
            return refuse("host", "This is no proxy provider.");
        };
        let number = entry.id.key.int().unwrap_or_default();
        let Some((_, application)) = of_provider(&snapshot, number) else {
            return refuse(
                "host",
                "No application uses this provider, so nobody is let in anywhere.",
            );
        };
        let slug = application.slug.to_string();
        let settings = own.settings(slug, String::new(), own.trust(&snapshot));
        let Some(site) = Site::new(settings, None) else {
            return refuse("host", "This provider has no external host.");
        };
        let host = match wanted.host.as_deref().filter(|text| !text.is_empty()) {
            None => site.external.host.clone(),
            Some(text) => match Host::read(text).filter(|host| site.has(host)) {
                Some(host) => host,
                None => return refuse("host", "This provider does not answer for that host."),
            },
        };
        if wanted.paths.len() > MOST_PATHS {
            return refuse("paths", "Name at most five paths.");
        }
        let mut targets = Vec::new();
        for path in &wanted.paths {
            match Target::read(path.trim()).filter(|target| target.plain_path().is_some()) {
                Some(target) => targets.push(target),
                None => return refuse("paths", "Enter paths, as /wiki/page."),
            }
        }
        if targets.is_empty() {
            targets.push(Target { path: "/".to_owned(), query: None });
        }
        let mut visitor =
            Visitor { test: self, cx, site: &site, host, trust: Trust::Machine(None) };
        visitor.all(targets).await
    }
}

/// A run of the test.
struct Visitor<'a> {
    test: &'a SelfTest,
    cx: &'a Context,
    site: &'a Site,
    host: Host,
    trust: Trust,
}

impl Visitor<'_> {
    async fn all(&mut self, targets: Vec<Target>) -> Result<Report, Refused> {
        let address = self.address(Target { path: "/".to_owned(), query: None }).to_string();
        let mut checks = Vec::new();
        let mut asked = Vec::new();
        for target in targets {
            let first = self.visit(target.clone(), false, &[]).await?;
            let visit = match first {
                // What is wrong with its certificate is one thing; what is behind it another.
                Err(UpstreamError::Tls(problem)) if self.trust != Trust::Anybody => {
                    checks.push(untrusted(&target, &problem));
                    self.trust = Trust::Anybody;
                    self.visit(target.clone(), false, &[]).await?
                }
                visit => visit,
            };
            let visit = match visit {
                Ok(visit) => visit,
                Err(error) => {
                    // Of one host: the others would take as long.
                    checks.push(unreachable(&target, &error));
                    break;
                }
            };
            let found = judge::entrance(&visit, self.site.settings.mode, self.is_open(&visit));
            if visit.seen.is_some() && found.iter().all(|check| check.grade != Grade::Broken) {
                asked.push(target);
            }
            checks.extend(found);
        }
        if checks.iter().any(|check| check.code != UNREACHABLE && check.code != UNTRUSTED) {
            self.sign_in(&mut checks).await?;
        }
        // Where this server itself passes requests on, what an application learns is its own doing.
        if self.site.settings.mode != ProxyMode::Proxy
            && let Some(target) = asked.into_iter().next()
        {
            self.identity(target, &mut checks).await?;
        }
        let grade = checks.iter().map(|check| check.grade).max().unwrap_or(Grade::Well);
        Ok(Report { address, grade, checks })
    }

    async fn sign_in(&self, checks: &mut Vec<Check>) -> Result<(), Refused> {
        let rd = self.address(Target { path: "/".to_owned(), query: None }).to_string();
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("rd", &rd).finish();
        let target =
            Target { path: "/outpost.goauthentik.io/start".to_owned(), query: Some(query) };
        match self.visit(target.clone(), false, &[]).await? {
            Ok(visit) => checks.extend(judge::sign_in(&visit, self.site.settings.mode)),
            Err(error) => checks.push(unreachable(&target, &error)),
        }
        Ok(())
    }

    async fn identity(&self, target: Target, checks: &mut Vec<Check>) -> Result<(), Refused> {
        let forged: Vec<(HeaderName, String)> =
            judge::forgery().map(|(name, value)| (HeaderName::from_static(name), value)).collect();
        let visit = match self.visit(target.clone(), true, &forged).await? {
            Ok(visit) => visit,
            Err(error) => {
                checks.push(unreachable(&target, &error));
                return Ok(());
            }
        };
        checks.extend(judge::identity(&visit));
        // HTTP/2 has no such header, so a client of it cannot do this.
        let named = [(CONNECTION, "close, x-authentik-username".to_owned())];
        if let Ok(other) = self.visit(target, true, &named).await? {
            checks.extend(judge::taken_out(&other, &visit));
        }
        Ok(())
    }

    fn address(&self, target: Target) -> Address {
        Address { scheme: self.site.external.scheme, host: self.host.clone(), target }
    }

    fn is_open(&self, visit: &Visit) -> bool {
        Asked::of(&visit.address).is_open(self.site)
    }

    /// Opens an address with a mark of its own.
    async fn visit(
        &self,
        target: Target,
        lets_through: bool,
        more: &[(HeaderName, String)],
    ) -> Result<Result<Visit, UpstreamError>, Refused> {
        let address = self.address(target);
        let client_id = &self.site.settings.client_id;
        let word = mark::make(self.cx, client_id, &address, lets_through).await?;
        let answer = timeout(PATIENCE, self.answer(&address, &word, more));
        let answer = answer.await.unwrap_or(Err(UpstreamError::Slow));
        let seen = mark::end(self.cx, &word).await;
        Ok(answer.map(|(status, headers, body)| Visit {
            path: address.target.path.clone(),
            address,
            word,
            seen,
            status,
            headers,
            body,
        }))
    }

    async fn answer(
        &self,
        address: &Address,
        word: &str,
        more: &[(HeaderName, String)],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), UpstreamError> {
        let nonsense = || UpstreamError::Nonsense("no such address".to_owned());
        let place = Place::read(&address.origin()).ok_or_else(nonsense)?;
        let body: Body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
        let mut request = Request::new(body);
        *request.method_mut() = Method::GET;
        *request.uri_mut() = address.to_string().parse().map_err(|_| nonsense())?;
        let own = [
            (HOST, address.host.as_str().to_owned()),
            (USER_AGENT, "countersign-self-test".to_owned()),
            (ACCEPT, "*/*".to_owned()),
            (COOKIE, format!("{}={word}", mark::COOKIE)),
            (HeaderName::from_static(judge::MARK), word.to_owned()),
        ];
        for (name, value) in own.iter().chain(more) {
            let value = HeaderValue::from_str(value).map_err(|_| nonsense())?;
            request.headers_mut().insert(name.clone(), value);
        }
        let response = self.test.0.at(&place, &self.trust)?.send(request).await?;
        let (parts, mut body) = response.into_parts();
        let mut read = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else { continue };
            let room = LARGEST.saturating_sub(read.len());
            read.extend(data.iter().take(room));
            if room <= data.len() {
                break;
            }
        }
        Ok((parts.status, parts.headers, read))
    }
}

const UNREACHABLE: &str = "proxy.test.unreachable";
const UNTRUSTED: &str = "proxy.test.certificate";

fn unreachable(target: &Target, error: &UpstreamError) -> Check {
    Check {
        grade: Grade::Broken,
        code: UNREACHABLE.to_owned(),
        path: target.path.clone(),
        text: format!("The reverse proxy cannot be asked from this server: {error}."),
        remedy: "See that the name of the external host leads to the reverse proxy also from this server; the setting outbound.resolve says where a host is."
            .to_owned(),
        status: None,
    }
}

fn untrusted(target: &Target, problem: &str) -> Check {
    Check {
        grade: Grade::Look,
        code: UNTRUSTED.to_owned(),
        path: target.path.clone(),
        text: format!(
            "This server does not trust the certificate of the reverse proxy ({problem}); the test goes on without."
        ),
        remedy: "If browsers trust it, nothing has to be done.".to_owned(),
        status: None,
    }
}

pub(crate) fn operation(test: &SelfTest) -> Operation {
    let test = test.clone();
    Operation::new(
        Method::POST,
        "countersign/proxy/{id}/test/",
        "countersign_proxy_test_create",
        Access::on(Permission::change(ProxyProvider::META)),
        move |call: Call| {
            let test = test.clone();
            async move {
                let wanted = wanted(&call)?;
                let report = test.run(&call.cx, call.entry()?, &wanted).await?;
                Ok(json(StatusCode::OK, &serde_json::to_value(report).unwrap_or_default()))
            }
        },
    )
    .summary(
        "Visit the provider's host through the reverse proxy in front of it, and say what is wrong",
    )
    .request("ProxyTestRequest")
    .response("ProxyTest")
}

fn wanted(call: &Call) -> Result<Wanted, ApiError> {
    let given = call.object()?;
    let mut errors = FieldErrors::new();
    let host = match given.get("host") {
        None | Some(Value::Null) => None,
        Some(Value::String(host)) => Some(host.clone()),
        Some(_) => {
            errors.add("host", Problem::new("invalid", "Not a valid string."));
            None
        }
    };
    let paths = match given.get("paths") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(paths)) => {
            paths.iter().map(|path| path.as_str().map(str::to_owned)).collect()
        }
        Some(_) => None,
    };
    if paths.is_none() {
        errors.add("paths", Problem::new("invalid", "Enter a list of paths."));
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    Ok(Wanted { host, paths: paths.unwrap_or_default() })
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("ProxyTestRequest", object_schema(&[("host?", "string"), ("paths?", "[string]")])),
        (
            "ProxyTest",
            object_schema(&[
                ("address", "string"),
                ("grade", "string"),
                ("checks", "[#ProxyTestCheck]"),
            ]),
        ),
        (
            "ProxyTestCheck",
            object_schema(&[
                ("grade", "string"),
                ("code", "string"),
                ("path", "string"),
                ("text", "string"),
                ("remedy", "string"),
                ("status", "integer?"),
            ]),
        ),
    ]
}
