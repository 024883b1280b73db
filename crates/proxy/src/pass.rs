//! Requests to the hosts of applications behind this server: looked at as those that a front end
//! asks about, and passed on.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use countersign_core::{HandedOn, RequestInfo, Sockets};
use countersign_outbound::{Paced, Place, Upstream, UpstreamError};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::copy_bidirectional_with_sizes;

use crate::address::Scheme;
use crate::answer::{Answer, answer};
use crate::asked::{Asked, Front};
use crate::forward::{self, Client, Passing};
use crate::home::{Failed, Home};
use crate::identity::Granted;
use crate::page::page;
use crate::routes::{At, failed, plain, sent_to, tested, tested_start, unknown_host};
use crate::{CALLBACK_MARK, LOGOUT_MARK};

/// What begins so is never the application's.
const RESERVED: &str = "/outpost.goauthentik.io";
/// How often it is asked whether a connection that goes on for long may still do so.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Bytes that an upgraded connection holds for each direction.
const HELD: usize = 4 * 1024;

/// A request to the host of an application.
pub(crate) async fn pass<H: Home>(home: &H, parts: Parts, body: Body) -> Response {
    let asked = Asked::read(Front::Own, &parts.uri, &parts.headers);
    if own_path(parts.uri.path()) == Some("start") {
        tested_start(home, &parts).await;
    } else {
        let _: Option<String> = tested(home, Front::Own, &asked, &parts).await;
    }
    let Ok(asked) = asked else {
        return plain(StatusCode::BAD_REQUEST, "This request cannot be read.");
    };
    let sites = home.sites();
    let Some(site) = sites.own(&asked.host) else { return unknown_host(asked.host.as_str()) };
    // What comes back of these two is not the application's page, but what it was sent.
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "This method is not passed on.");
    }
    let at = At {
        home,
        site: site.clone(),
        headers: &parts.headers,
        request: RequestInfo::of(&parts),
        host: asked.host.clone(),
        target: asked.target().clone(),
    };
    if let Some(own) = own_path(&asked.target().path) {
        return match own {
            "ping" => plain(StatusCode::NO_CONTENT, ""),
            "start" => at.start().await,
            "callback" => at.callback().await,
            "sign_out" => at.sign_out().await,
            _ => plain(StatusCode::NOT_FOUND, "There is nothing here."),
        };
    }
    if asked.marked(CALLBACK_MARK) {
        return at.callback().await;
    }
    if asked.marked(LOGOUT_MARK) {
        return at.sign_out().await;
    }
    if forward::is_loop(&parts.headers, site) {
        return page(
            StatusCode::LOOP_DETECTED,
            "This application leads back to itself",
            "The internal host of its provider is this server. Its administrator has to name the server on which the application runs.",
            None,
        );
    }
    let granted = match at.granted().await {
        Ok(granted) => granted,
        Err(error) => return failed(&error),
    };
    match answer(&asked, site, granted.as_ref()) {
        Answer::Allow(identity) => {
            let passed = Passed { home, site, asked: &asked, granted };
            passed.on(&identity, parts, body).await
        }
        Answer::Unauthorized => {
            let mut refused = page(
                StatusCode::UNAUTHORIZED,
                "Unauthenticated",
                "Due to 'Receive header authentication' being set, no redirect is performed.",
                None,
            );
            // A browser asks nobody for this sort of credentials (RFC 9110, section 15.5.2).
            let wanted = HeaderValue::from_static("Bearer");
            refused.headers_mut().insert(header::WWW_AUTHENTICATE, wanted);
            refused
        }
        Answer::SignIn => {
            let origin = site.external.origin();
            let rd = asked.address(site).to_string();
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair("rd", &rd).finish();
            sent_to(&format!("{origin}{RESERVED}/start?{query}"))
        }
    }
}

/// What is behind the prefix that is ours, whatever letters it is written in.
fn own_path(path: &str) -> Option<&str> {
    let (start, rest) = path.split_at_checked(RESERVED.len())?;
    if !start.eq_ignore_ascii_case(RESERVED) {
        return None;
    }
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// A request that may be passed on.
struct Passed<'a, H: Home> {
    home: &'a H,
    site: &'a Arc<H::Site>,
    asked: &'a Asked,
    granted: Option<Granted>,
}

impl<H: Home> Passed<'_, H> {
    async fn on(&self, identity: &HeaderMap, mut parts: Parts, body: Body) -> Response {
        let info = RequestInfo::of(&parts);
        let is_empty = body.is_end_stream();
        let upgrade = forward::upgrade(&parts).filter(|_| is_empty);
        let scheme = if info.secure() { Scheme::Https } else { Scheme::Http };
        let said = parts.headers.contains_key(header::CONTENT_LENGTH);
        let passing = Passing {
            site: self.site,
            identity,
            used_authorization: self.granted.as_ref().is_some_and(|granted| granted.by_header),
            client: Client { ip: info.client_ip, scheme },
            upgrade: upgrade.as_ref(),
            length: body.size_hint().exact().filter(|length| *length > 0 || said),
            has_body: !is_empty,
            method: &parts.method,
        };
        let headers = passing.headers(&parts.headers);
        let address = format!("http://{}{}", self.site.external.host.as_str(), self.asked.target());
        let request = http::Request::builder().method(&parts.method).uri(address);
        let Ok(mut request) = request.body(body.map_err(Into::into).boxed_unsync()) else {
            return plain(StatusCode::BAD_REQUEST, "This request cannot be read.");
        };
        *request.headers_mut() = headers;
        let upstream = match self.upstream() {
            Ok(upstream) => upstream,
            Err(error) => return self.unanswered(&info, None, &error).await,
        };
        let mut response = match upstream.send(request).await {
            Ok(response) => response,
            Err(error) => return self.unanswered(&info, Some(upstream.place()), &error).await,
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let ours = parts.extensions.remove::<OnUpgrade>();
            let sockets = parts.extensions.remove::<Sockets>();
            let agreed = upgrade.filter(|wanted| forward::agrees(response.headers(), wanted));
            let (Some(ours), Some(sockets), Some(agreed)) = (ours, sockets, agreed) else {
                let error = UpstreamError::Nonsense("it switches to another protocol".to_owned());
                return self.unanswered(&info, Some(upstream.place()), &error).await;
            };
            let theirs = hyper::upgrade::on(&mut response);
            let watch = self.watch(&parts.headers, &info);
            sockets.serve(|mut shutdown| async move {
                let joined = async {
                    let (ours, theirs) = tokio::try_join!(ours, theirs)?;
                    let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
                    let copied = copy_bidirectional_with_sizes(&mut ours, &mut theirs, HELD, HELD);
                    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(copied.await?)
                };
                tokio::select! {
                    // How it ends is the affair of those who speak.
                    _ = joined => {}
                    () = watch.ended() => {}
                    () = shutdown.requested() => {}
                }
            });
            return self.handed_on(response, Some(&agreed), None);
        }
        let watch = self.watch(&parts.headers, &info);
        self.handed_on(response, None, Some(watch))
    }

    fn upstream(&self) -> Result<Arc<Upstream>, UpstreamError> {
        let own = |name: &str| self.granted.as_ref()?.claims.get("ak_proxy")?.get(name)?.as_str();
        match own("backend_override").and_then(Place::read) {
            Some(place) => self.home.upstreams().at(&place, &self.site.settings.trust),
            None => self.site.upstream.clone(),
        }
    }

    /// The answer as the client gets it.
    fn handed_on(
        &self,
        response: http::Response<Paced<Incoming>>,
        upgrade: Option<&HeaderValue>,
        watch: Option<Watch<H>>,
    ) -> Response {
        let (mut parts, body) = response.into_parts();
        parts.headers = forward::answered(parts.headers, upgrade);
        parts.extensions = http::Extensions::new();
        parts.extensions.insert(HandedOn);
        // What may go on for ever ends with what it was let through by.
        let body = match watch.filter(|_| body.is_endless()) {
            Some(watch) => body.until(Box::pin(watch.ended())),
            None => body,
        };
        Response::from_parts(parts, Body::new(body))
    }

    /// Who signed in is told that the application is at fault, and its administrator what it is.
    async fn unanswered(
        &self,
        info: &RequestInfo,
        place: Option<&Place>,
        error: &UpstreamError,
    ) -> Response {
        let site = self.site;
        if *error == UpstreamError::Client {
            return plain(error.status(), "The request did not arrive in full.");
        }
        let place = place.map_or_else(|| site.settings.internal_host.clone(), ToString::to_string);
        let name = &site.settings.name;
        let told = format!("{place}: {error}");
        tracing::warn!(
            code = error.code(),
            provider = name,
            "an application does not answer: {told}"
        );
        let context = json!({
            "message": format!("The application behind {} does not answer. {told}", site.external.origin()),
            "provider": name, "outpost": site.settings.outpost,
        });
        let about = format!("{} {}", site.settings.slug, error.code());
        self.home.report("proxy.upstream", &about, context, info).await;
        let superuser = |granted: &Granted| {
            granted.claims.get("ak_proxy").and_then(|own| own.get("is_superuser"))
                == Some(&Value::Bool(true))
        };
        let mut text = match (&self.granted, error.status()) {
            (Some(_), StatusCode::GATEWAY_TIMEOUT) => {
                "You are signed in, but the application takes too long to answer.".to_owned()
            }
            (Some(_), _) => "You are signed in, but the application cannot be reached.".to_owned(),
            (None, StatusCode::GATEWAY_TIMEOUT) => {
                "The application takes too long to answer.".to_owned()
            }
            (None, _) => "The application cannot be reached.".to_owned(),
        };
        text.push_str(" Try again in a moment; if it stays so, tell whoever runs it.");
        if self.granted.as_ref().is_some_and(superuser) {
            text = format!("{text} At {told}.");
        }
        let title = if error.status() == StatusCode::GATEWAY_TIMEOUT {
            "Gateway Timeout"
        } else {
            "Bad Gateway"
        };
        page(error.status(), title, &text, None)
    }

    fn watch(&self, headers: &HeaderMap, request: &RequestInfo) -> Watch<H> {
        let mut kept = HeaderMap::new();
        for name in [header::COOKIE, header::AUTHORIZATION] {
            for value in headers.get_all(&name) {
                kept.append(&name, value.clone());
            }
        }
        Watch {
            home: self.home.clone(),
            asked: self.asked.clone(),
            headers: kept,
            request: request.clone(),
        }
    }
}

/// What a connection that goes on for long was let through by.
struct Watch<H> {
    home: H,
    asked: Asked,
    /// With which somebody signed in.
    headers: HeaderMap,
    request: RequestInfo,
}

impl<H: Home> Watch<H> {
    /// Ends when the request would no longer be let through. While the store is away nobody can
    /// have lost anything.
    async fn ended(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let sites = self.home.sites();
            let Some(site) = sites.own(&self.asked.host) else { return };
            let at = At {
                home: &self.home,
                site: site.clone(),
                headers: &self.headers,
                request: self.request.clone(),
                host: self.asked.host.clone(),
                target: self.asked.target().clone(),
            };
            match at.granted().await {
                Ok(granted) => {
                    if !matches!(answer(&self.asked, site, granted.as_ref()), Answer::Allow(_)) {
                        return;
                    }
                }
                Err(Failed::Away) => {}
                Err(_) => return,
            }
        }
    }
}
