//! The addresses that front ends, and browsers at the hosts of applications, come to.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use cookie::{Cookie, SameSite};
use countersign_core::RequestInfo;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize as _;
use serde_json::json;

use crate::address::{Address, Host, Target};
use crate::answer::{Answer, answer};
use crate::asked::{Asked, Front, Misread};
use crate::home::{Failed, Home, NotBegun};
use crate::identity::Granted;
use crate::login::{self, Login, Stranger, cookies, returned};
use crate::page::page;
use crate::provider::ProxyMode;
use crate::selftest::mark::{self, Brought};
use crate::{CALLBACK_MARK, LOGOUT_MARK};

/// A request of a browser, or about one, at an application.
pub(crate) struct At<'a, H: Home> {
    pub(crate) home: &'a H,
    pub(crate) site: Arc<H::Site>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) request: RequestInfo,
    /// By which it came.
    pub(crate) host: Host,
    pub(crate) target: Target,
}

/// A browser that begins to sign in.
pub(crate) async fn start<H: Home>(home: &H, parts: &Parts) -> Response {
    tested_start(home, parts).await;
    match At::of(home, parts) {
        Ok(at) => at.start().await,
        Err(refusal) => *refusal,
    }
}

/// A browser that comes back from signing in.
pub(crate) async fn callback<H: Home>(home: &H, parts: &Parts) -> Response {
    match At::of(home, parts) {
        Ok(at) => at.callback().await,
        Err(refusal) => *refusal,
    }
}

/// A browser that signs out.
pub(crate) async fn sign_out<H: Home>(home: &H, parts: &Parts) -> Response {
    match At::of(home, parts) {
        Ok(at) => at.sign_out().await,
        Err(refusal) => *refusal,
    }
}

/// What a front end asks about a request.
pub(crate) async fn auth<H: Home>(home: &H, front: Front, parts: &Parts) -> Response {
    let request = RequestInfo::of(parts);
    let asked = Asked::read(front, &parts.uri, &parts.headers);
    let tested = tested(home, front, &asked, parts).await;
    let asked = match asked {
        Ok(asked) => asked,
        Err(misread) => return misconfigured(home, &request, &misread).await,
    };
    // Where this server passes requests on itself nobody asks it: a page of the application
    // could read there what the application alone is told.
    let sites = home.sites();
    let site = sites.at(&asked.host).filter(|site| site.settings.mode != ProxyMode::Proxy);
    let Some(site) = site.cloned() else { return unknown_host(asked.host.as_str()) };
    if tested.is_some_and(|client| client == site.settings.client_id) {
        let mut response = plain(StatusCode::OK, "");
        response.headers_mut().extend(mark::identity());
        return response;
    }
    let (host, target) = (asked.host.clone(), asked.target().clone());
    let at = At { home, site, headers: &parts.headers, request, host, target };
    // These are answers for the browser, which some front ends hand on.
    if asked.marked(CALLBACK_MARK) {
        return at.callback().await;
    }
    if asked.marked(LOGOUT_MARK) {
        return at.sign_out().await;
    }
    let granted = match at.granted().await {
        Ok(granted) => granted,
        Err(error) => return failed(&error),
    };
    match answer(&asked, &at.site, granted.as_ref()) {
        Answer::Allow(headers) => {
            let mut response = plain(StatusCode::OK, "");
            response.headers_mut().extend(headers);
            response
        }
        Answer::Unauthorized => plain(StatusCode::UNAUTHORIZED, "unauthorized request"),
        Answer::SignIn => at.sign_in(Some(&asked.address(&at.site))).await,
    }
}

/// Notes a request of a self-test; the client of the provider for which it is to be let through.
pub(crate) async fn tested<H: Home>(
    home: &H,
    front: Front,
    asked: &Result<Asked, Misread>,
    parts: &Parts,
) -> Option<String> {
    let mark = Brought::by(&parts.headers)?;
    let seen = mark.asked(front, asked, &RequestInfo::of(parts), &parts.headers);
    home.tested(mark.word(), seen).await
}

/// Notes a request of a self-test where browsers begin to sign in.
pub(crate) async fn tested_start<H: Home>(home: &H, parts: &Parts) {
    if let Some(mark) = Brought::by(&parts.headers) {
        let seen = mark.start(&RequestInfo::of(parts), &parts.headers);
        let _: Option<String> = home.tested(mark.word(), seen).await;
    }
}

/// Whoever set it up reads what is wrong in the events; whoever asks learns nothing.
async fn misconfigured<H: Home>(home: &H, request: &RequestInfo, misread: &Misread) -> Response {
    tracing::warn!(code = misread.code(), path = request.path, "{misread}");
    let context = json!({
        "message": misread.to_string(), "outpost": home.name(),
        "url": format!("{}{}", request.origin(), request.path),
    });
    home.report("proxy.events", misread.code(), context, request).await;
    plain(StatusCode::BAD_REQUEST, "configuration error")
}

impl<'a, H: Home> At<'a, H> {
    /// A request that came to the host of an application itself.
    fn of(home: &'a H, parts: &'a Parts) -> Result<At<'a, H>, Box<Response>> {
        let request = RequestInfo::of(parts);
        let host =
            Host::read(&request.host).ok_or_else(|| Box::new(unknown_host(&request.host)))?;
        let site = home.sites().at(&host).cloned();
        let site = site.ok_or_else(|| Box::new(unknown_host(host.as_str())))?;
        let query = Some(request.query.clone()).filter(|query| !query.is_empty());
        let target = Target { path: request.path.clone(), query };
        Ok(At { home, site, headers: &parts.headers, request, host, target })
    }
}

impl<H: Home> At<'_, H> {
    pub(crate) async fn granted(&self) -> Result<Option<Granted>, Failed> {
        self.home.granted(&self.site, self.headers, &self.request).await
    }

    /// An address that somebody wants to come back to, where it is one of this application.
    fn wanted(&self, rd: &str) -> Option<Address> {
        // Two slashes are another host to a browser, and so is a slash with a backslash.
        if rd.starts_with('/') && !rd.starts_with("//") && !rd.starts_with("/\\") {
            let external = &self.site.external;
            let target = Target::read(rd)?;
            return Some(Address { scheme: external.scheme, host: self.host.clone(), target });
        }
        Address::read(rd).filter(|address| self.site.has(&address.host))
    }

    /// Sends the browser to sign in, and back to where it says.
    pub(crate) async fn start(&self) -> Response {
        let to = wanted_in(&self.target).and_then(|rd| self.wanted(&rd));
        self.sign_in(to.as_ref()).await
    }

    /// Sends the browser to sign in, and back to `to` afterwards.
    async fn sign_in(&self, to: Option<&Address>) -> Response {
        let endpoint = match self.home.sign_in_at(&self.site).await {
            Ok(endpoint) => endpoint,
            Err(error) => return failed(&error),
        };
        let (now, entropy) = (self.home.clock().now(), self.home.entropy());
        let name = login::cookie_name(&self.site);
        let login = Login::begin(&self.site, cookies(self.headers, &name), (now, entropy));
        let Some(address) = login.authorize(&self.site, &endpoint, to, (now, entropy)) else {
            return page(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Signing in is not possible",
                "The provider of this application has no secret. Its administrator can give it one by making it anew.",
                None,
            );
        };
        let mut response = sent_to(&address);
        if self.navigates() {
            let value = login.cookie(&self.site, now);
            self.set_cookie(&mut response, &name, &value, login::SECONDS);
        }
        response
    }

    /// Whether a person sees the answer. A page's own requests follow it to nowhere; each would
    /// bring a cookie, and the last one would end the sign-in that the person is in.
    fn navigates(&self) -> bool {
        let mode = self.headers.get("sec-fetch-mode");
        mode.is_none_or(|mode| mode == "navigate")
    }

    /// A browser comes back from signing in.
    pub(crate) async fn callback(&self) -> Response {
        let site = &self.site;
        let once = |name: &str| self.target.parameter(name).filter(|value| !value.is_empty());
        let name = login::cookie_name(site);
        let state = once("state").unwrap_or_default();
        let now = self.home.clock().now();
        let came = match returned(site, &state, cookies(self.headers, &name), now) {
            Ok(came) => came,
            Err(stranger) => return self.not_signed_in(stranger_text(stranger)),
        };
        let to = came.redirect.as_deref().and_then(Address::read);
        let to = to.filter(|to| site.has(&to.host)).map(|to| to.to_string());
        let Some(code) = once("code") else {
            return self.not_signed_in(match once("error").as_deref() {
                Some("access_denied") => "The application was not allowed to learn who you are.",
                _ => "The sign-in ended without an answer.",
            });
        };
        let begun = match self.home.begin(site, &code, &came.verifier, &self.request).await {
            Ok(begun) => begun,
            Err(NotBegun::Refused(text)) => return self.not_signed_in(&text),
            Err(NotBegun::Failed(error)) => return failed(&error),
        };
        let mut response = sent_to(&to.unwrap_or_else(|| site.settings.external_host.clone()));
        self.set_cookie(&mut response, &site.cookie, begun.cookie.expose(), begun.seconds);
        response
    }

    fn not_signed_in(&self, text: &str) -> Response {
        let again = ("Go to the application", &*self.site.settings.external_host);
        page(StatusCode::BAD_REQUEST, "You were not signed in", text, Some(again))
    }

    /// Signs out of all applications behind proxies, and leads to where the session itself ends. A
    /// request that another site made a browser send ends nothing: there the person is asked.
    pub(crate) async fn sign_out(&self) -> Response {
        let foreign = self.headers.get("sec-fetch-site").is_some_and(|from| from == "cross-site");
        match self.home.sign_out(&self.site, self.headers, &self.request, foreign).await {
            Ok(out) => {
                let mut response = sent_to(&out.to);
                if out.ended {
                    self.set_cookie(&mut response, &self.site.cookie, "", 0);
                }
                response
            }
            Err(error) => failed(&error),
        }
    }

    fn set_cookie(&self, response: &mut Response, name: &str, value: &str, seconds: i64) {
        let mut cookie = Cookie::build((name.to_owned(), value.to_owned()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.site.secure())
            .max_age(cookie::time::Duration::seconds(seconds));
        if !self.site.settings.cookie_domain.is_empty() {
            cookie = cookie.domain(self.site.settings.cookie_domain.clone());
        }
        if let Ok(cookie) = HeaderValue::from_str(&cookie.build().to_string()) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// The address to come back to. nginx writes it as it is, without encoding: then all that follows
/// is a part of it.
fn wanted_in(target: &Target) -> Option<String> {
    let bare = target.query.as_deref().and_then(|query| query.strip_prefix("rd="));
    let bare = bare.filter(|rd| rd.starts_with("http://") || rd.starts_with("https://"));
    bare.map(str::to_owned).or_else(|| target.parameter("rd"))
}

const fn stranger_text(stranger: Stranger) -> &'static str {
    match stranger {
        Stranger::State => {
            "This sign-in was not begun here, or it took longer than ten minutes. Go to the application and sign in once more."
        }
        Stranger::Cookie => {
            "This sign-in was begun in another browser, or this browser keeps no cookies of the application."
        }
    }
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

pub(crate) fn sent_to(address: &str) -> Response {
    let mut response = plain(StatusCode::FOUND, "");
    match HeaderValue::try_from(address) {
        Ok(address) => {
            response.headers_mut().insert(header::LOCATION, address);
            response
        }
        Err(_) => plain(StatusCode::BAD_REQUEST, "no address"),
    }
}

/// What is said where nothing can be said of a request.
pub(crate) fn failed(error: &Failed) -> Response {
    match error {
        Failed::Away => {
            let mut response = page(
                StatusCode::SERVICE_UNAVAILABLE,
                "Signing in is not possible for the moment",
                "What signs people in cannot be reached. Wait a few seconds and try again.",
                None,
            );
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            response
        }
        Failed::NoAddress => without_address(),
        Failed::Broken => plain(StatusCode::INTERNAL_SERVER_ERROR, "server error"),
    }
}

/// Nobody can be sent to a server that does not know where browsers find it.
fn without_address() -> Response {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "Signing in is not set up yet",
        "This server does not know its own address: set AUTHENTIK_BASE_URL, or sign in to its administration once.",
        None,
    )
}

/// In the words of the original.
pub(crate) fn unknown_host(host: &str) -> Response {
    let told = json!({
        "Message": "no app for hostname",
        "Host": host,
        "Detail": format!("Check the outpost settings and make sure '{host}' is included."),
    });
    let mut text = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let _ = told.serialize(&mut serde_json::Serializer::with_formatter(&mut text, form));
    let mut response = plain(StatusCode::NOT_FOUND, "");
    *response.body_mut() = Body::from(text);
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
