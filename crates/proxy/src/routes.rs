//! The addresses that front ends, and browsers at the hosts of applications, come to.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use cookie::{Cookie, SameSite};
use countersign_core::{Caller, RequestInfo, Route, Routes};
use countersign_events::{Event, shortened};
use countersign_flow::{FlowContext, Flows};
use countersign_oauth2::{Brought, InsideError, OAuth2};
use countersign_store::{StoreError, log_failure};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize as _;
use serde_json::json;

use crate::address::{Address, Host, Target};
use crate::answer::{Answer, answer};
use crate::asked::{Asked, ENVOY, Front, Misread};
use crate::identity::{Granted, OUTPOST};
use crate::login::{self, Login, Stranger, returned};
use crate::page::page;
use crate::provider::ProxyMode;
use crate::session::{self, Remembered, Seeker, cookies};
use crate::site::{Known, Site};
use crate::{CALLBACK_MARK, CALLBACK_PATH, LOGOUT_MARK};

pub(crate) const EVENTS: &str = "authentik.providers.proxy";

/// What all requests share. One per program; cheap to clone.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) oauth: OAuth2,
    pub(crate) flows: Flows,
    pub(crate) known: Arc<Known>,
    pub(crate) remembered: Remembered,
}

/// The same over the context of the program.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) cx: FlowContext,
    pub(crate) proxy: Proxy,
}

pub(crate) fn routes(proxy: &Proxy) -> Vec<Route> {
    let proxy = proxy.clone();
    let over = Routes::over(move |cx| Served { cx: proxy.flows.over(cx), proxy: proxy.clone() });
    let at = |path: &str| format!("/outpost.goauthentik.io/{path}");
    vec![
        over.at([], at("ping"), ping),
        over.at([], at("auth/nginx"), nginx),
        over.at([], at("auth/traefik"), forwarded),
        over.at([], at("auth/caddy"), forwarded),
        over.at([], ENVOY, envoy),
        over.at([], format!("{ENVOY}/"), envoy),
        over.at([], format!("{ENVOY}/{{*path}}"), envoy),
        over.at([], at("start"), start),
        over.at([], CALLBACK_PATH, callback),
        over.at([], at("sign_out"), sign_out),
    ]
}

async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn nginx(State(served): State<Served>, request: Request) -> Response {
    served.auth(Front::Nginx, &request.into_parts().0).await
}

async fn forwarded(State(served): State<Served>, request: Request) -> Response {
    served.auth(Front::Forwarded, &request.into_parts().0).await
}

async fn envoy(State(served): State<Served>, request: Request) -> Response {
    served.auth(Front::Envoy, &request.into_parts().0).await
}

async fn start(State(served): State<Served>, request: Request) -> Response {
    let parts = request.into_parts().0;
    match served.at(&parts) {
        Ok(at) => at.start().await,
        Err(refusal) => *refusal,
    }
}

async fn callback(State(served): State<Served>, request: Request) -> Response {
    let parts = request.into_parts().0;
    match served.at(&parts) {
        Ok(at) => at.callback().await,
        Err(refusal) => *refusal,
    }
}

async fn sign_out(State(served): State<Served>, request: Request) -> Response {
    let parts = request.into_parts().0;
    match served.at(&parts) {
        Ok(at) => at.sign_out().await,
        Err(refusal) => *refusal,
    }
}

/// A request of a browser, or about one, at an application.
pub(crate) struct At<'a> {
    pub(crate) served: &'a Served,
    pub(crate) site: Arc<Site>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) request: RequestInfo,
    /// By which it came.
    pub(crate) host: Host,
    pub(crate) target: Target,
}

impl Served {
    /// A request that came to the host of an application itself.
    fn at<'a>(&'a self, parts: &'a Parts) -> Result<At<'a>, Box<Response>> {
        let request = RequestInfo::of(parts);
        let host =
            Host::read(&request.host).ok_or_else(|| Box::new(unknown_host(&request.host)))?;
        let site = self.site(&host).ok_or_else(|| Box::new(unknown_host(host.as_str())))?;
        let query = Some(request.query.clone()).filter(|query| !query.is_empty());
        let target = Target { path: request.path.clone(), query };
        Ok(At { served: self, site, headers: &parts.headers, request, host, target })
    }

    fn site(&self, host: &Host) -> Option<Arc<Site>> {
        self.proxy.known.sites(&self.cx.snapshot()).at(host).cloned()
    }

    /// What a front end asks about a request.
    async fn auth(&self, front: Front, parts: &Parts) -> Response {
        let request = RequestInfo::of(parts);
        let asked = match Asked::read(front, &parts.uri, &parts.headers) {
            Ok(asked) => asked,
            Err(misread) => return self.misconfigured(&request, &misread).await,
        };
        // Where this server passes requests on itself nobody asks it: a page of the application
        // could read there what the application alone is told.
        let site = self.site(&asked.host).filter(|site| site.settings.mode != ProxyMode::Proxy);
        let Some(site) = site else { return unknown_host(asked.host.as_str()) };
        let (host, target) = (asked.host.clone(), asked.target().clone());
        let at = At { served: self, site, headers: &parts.headers, request, host, target };
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

    /// Whoever set it up reads what is wrong in the events; whoever asks learns nothing.
    async fn misconfigured(&self, request: &RequestInfo, misread: &Misread) -> Response {
        tracing::warn!(code = misread.code(), path = request.path, "{misread}");
        if countersign_events::may_report(&self.cx, "proxy.events", misread.code()).await {
            let context = shortened(json!({
                "message": misread.to_string(), "outpost": OUTPOST,
                "url": format!("{}{}", request.origin(), request.path),
            }));
            let actor = self.cx.actor(&Caller::nobody(), request);
            Event::new("configuration_error", EVENTS, context).write(&self.cx, actor).await;
        }
        plain(StatusCode::BAD_REQUEST, "configuration error")
    }
}

impl At<'_> {
    pub(crate) async fn granted(&self) -> Result<Option<Granted>, StoreError> {
        self.seeker().granted(&self.site, self.headers).await
    }

    fn seeker(&self) -> Seeker<'_> {
        let Served { cx, proxy } = self.served;
        let Proxy { oauth, remembered, .. } = proxy;
        Seeker { cx, oauth, remembered, request: &self.request }
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
        let cx = &self.served.cx;
        let address = match cx.known_address().await {
            Ok(Some(address)) => address,
            Ok(None) => return without_address(),
            Err(error) => return failed(&error),
        };
        let now = cx.clock.now();
        let name = login::cookie_name(&self.site);
        let login = Login::begin(&self.site, cookies(self.headers, &name), (now, &*cx.entropy));
        let Some(path) = login.authorize(&self.site, to, (now, &*cx.entropy)) else {
            return page(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Signing in is not possible",
                "The provider of this application has no secret. Its administrator can give it one by making it anew.",
                None,
            );
        };
        let mut response = sent_to(&format!("{address}{path}"));
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
        let (cx, site) = (&self.served.cx, &self.site);
        let once = |name: &str| self.target.parameter(name).filter(|value| !value.is_empty());
        let name = login::cookie_name(site);
        let state = once("state").unwrap_or_default();
        let came = returned(site, &state, cookies(self.headers, &name), cx.clock.now());
        let came = match came {
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
        let address = match cx.known_address().await {
            Ok(Some(address)) => address,
            Ok(None) => return without_address(),
            Err(error) => return failed(&error),
        };
        let inside = self.served.proxy.oauth.inside(cx.clone(), address);
        let cookie = session::cookie_value(cx);
        let (kept, provider) = (cookie.clone(), site.provider);
        let brought = Brought { code: &code, to: &site.callback, verifier: &came.verifier };
        let token = inside
            .redeem(provider, brought, &self.request, move |tx, token| {
                session::begin(tx, provider, &kept, token)
            })
            .await;
        let token = match token {
            Ok(token) => token,
            Err(InsideError::Refused(error)) => {
                tracing::info!(code = error.code(), "a code of a proxy was refused");
                return self.not_signed_in(error.description());
            }
            Err(InsideError::Away) => return away(),
            Err(InsideError::Broken(error)) => {
                log_failure(&error, false, &self.request.id);
                return plain(StatusCode::INTERNAL_SERVER_ERROR, "server error");
            }
        };
        let mut response = sent_to(&to.unwrap_or_else(|| site.settings.external_host.to_string()));
        let seconds = token.expires.seconds() - cx.clock.now().seconds();
        self.set_cookie(&mut response, &site.cookie, cookie.expose(), seconds);
        response
    }

    fn not_signed_in(&self, text: &str) -> Response {
        let again = ("Go to the application", &*self.site.settings.external_host);
        page(StatusCode::BAD_REQUEST, "You were not signed in", text, Some(again))
    }

    /// Signs out of all applications behind proxies, and leads to where the session itself ends. A
    /// request that another site made a browser send ends nothing: there the person is asked.
    pub(crate) async fn sign_out(&self) -> Response {
        let (cx, site) = (&self.served.cx, &self.site);
        let address = match cx.known_address().await {
            Ok(Some(address)) => address,
            Ok(None) => return without_address(),
            Err(error) => return failed(&error),
        };
        let end = format!("{address}/application/o/{}/end-session/", site.slug);
        let foreign = self.headers.get("sec-fetch-site").is_some_and(|from| from == "cross-site");
        let holder = match self.seeker().holder(site, self.headers).await {
            Ok(holder) => holder.filter(|_| !foreign),
            Err(error) => return failed(&error),
        };
        let Some(holder) = holder else { return sent_to(&end) };
        let inside = self.served.proxy.oauth.inside(cx.clone(), address);
        let hint = match inside.logout_hint(site.provider, &holder.claims).await {
            Ok(hint) => hint,
            Err(error) => {
                log_failure(&error, false, &self.request.id);
                return sent_to(&end);
            }
        };
        let user = holder.user;
        let ended = cx.store.write(
            cx.actor(&Caller::nobody(), &self.request),
            "signed out of what is behind proxies",
            move |tx| session::end_all(tx, user),
        );
        if let Err(error) = ended.await {
            return failed(&error);
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("id_token_hint", &hint)
            .finish();
        let mut response = sent_to(&format!("{end}?{query}"));
        self.set_cookie(&mut response, &site.cookie, "", 0);
        response
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

pub(crate) fn failed(error: &StoreError) -> Response {
    log_failure(error, error.is_passing(), "");
    if error.is_passing() {
        away()
    } else {
        plain(StatusCode::INTERNAL_SERVER_ERROR, "server error")
    }
}

fn away() -> Response {
    let text = "The sign-in cannot reach its database. Wait a few seconds and try again.";
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
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
