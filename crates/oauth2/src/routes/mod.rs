//! The protocol's endpoints below `/application/o/`, and those of GitHub's dialect.

pub(crate) mod attempts;
mod authorize;
mod discovery;
mod end_session;
mod github;
pub(crate) mod http;
mod inspect;
pub(crate) mod pages;
mod par;
mod token;
mod userinfo;
mod webfinger;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderValue, Method, StatusCode, request::Parts};
use countersign_core::{RequestInfo, Route, Routes, ThrottleClass};
use countersign_flow::Flows;
use http_body_util::BodyExt as _;

use self::attempts::Asked;
use self::http::Answer;
use crate::provider::Provider;
use crate::service::{OAuth2, Service};
use crate::session_state;
use crate::wire::discovery::SHARED_JWKS;
use crate::{backchannel, device, registration};
pub(crate) use authorize::SignInFor;
pub(crate) use discovery::of_application;

pub(crate) fn routes(oauth: &OAuth2, flows: &Flows) -> Vec<Route> {
    use Method as M;
    let (oauth, flows) = (oauth.clone(), flows.clone());
    let over = Routes::over(move |cx| oauth.over(flows.over(cx)));
    let both = |slug: &str| [slug.to_owned(), format!("{slug}/")];
    let at = |path: &str| format!("/application/o/{path}");
    let mut routes = vec![
        over.at([M::POST, M::OPTIONS], at("token/"), token_route).throttle(ThrottleClass::Token),
        over.at([M::POST, M::OPTIONS], at("par/"), par_route).throttle(ThrottleClass::Token),
        over.at([M::GET, M::HEAD, M::POST, M::OPTIONS], at("userinfo/"), userinfo_route),
        over.at([M::POST, M::OPTIONS], at("introspect/"), introspect_route),
        over.at([M::POST, M::OPTIONS], at("revoke/"), revoke_route),
        over.at([M::POST], at("device/"), device_route).throttle(ThrottleClass::Device),
        over.at([M::GET], device::PATH, device_page_route),
        over.at([M::POST], at("bc-authorize/"), backchannel_route).throttle(ThrottleClass::Token),
        over.at([M::GET], backchannel::PATH, approve_page_route),
        over.at([M::POST], at("register/"), register_route),
        over.at([M::GET, M::PUT, M::DELETE], at("register/{client_id}/"), registration_route),
        over.at([M::GET, M::POST], at("end-session/"), end_any_session_route),
        over.at([M::GET, M::HEAD], at("{slug}/"), root_route),
        over.at([M::GET, M::HEAD, M::OPTIONS], at("{slug}"), slash_route),
        over.at([M::GET, M::HEAD], at("{slug}/jwks/"), jwks_route),
        over.at([M::GET, M::POST], at("{slug}/end-session/"), end_session_route),
        over.at([M::GET, M::HEAD], at("{slug}/check-session/"), check_session_route),
        over.at([M::GET, M::HEAD], SHARED_JWKS, shared_jwks_route),
        over.at([M::GET, M::HEAD], "/.well-known/webfinger", webfinger_route),
        over.at([M::GET, M::POST], authorize::GITHUB_PATH, authorize_route),
        over.at([M::POST, M::OPTIONS], "/login/oauth/access_token", token_route)
            .throttle(ThrottleClass::Token),
        over.at([M::GET, M::HEAD], "/user", github_user_route),
        over.at([M::GET, M::HEAD], "/user/teams", github_teams_route),
    ];
    for path in both("/application/o/authorize") {
        routes.push(over.at([M::GET, M::POST], path, authorize_route));
    }
    // OpenID Connect Discovery puts the word after the issuer, RFC 8414 between host and path.
    let [bare, slash] = both("/.well-known/oauth-authorization-server/application/o/{slug}");
    let behind = ["openid-configuration", "oauth-authorization-server"]
        .map(|name| at(&format!("{{slug}}/.well-known/{name}")));
    for path in behind.into_iter().chain([bare, slash]) {
        routes.push(over.at([M::GET, M::HEAD, M::OPTIONS], path, discovery_route));
    }
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        routes.push(over.at([M::GET, M::HEAD, M::OPTIONS], path, shared_discovery_route));
    }
    routes
}

/// A request taken apart, with its whole body.
struct Whole {
    parts: Parts,
    info: RequestInfo,
    body: Bytes,
}

impl Whole {
    async fn read(request: Request) -> Result<Whole, Box<Answer>> {
        let (parts, body) = request.into_parts();
        let info = RequestInfo::of(&parts);
        let body = body.collect().await.map_err(|_| Box::new(http::too_large()))?.to_bytes();
        Ok(Whole { parts, info, body })
    }
}

async fn authorize_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => authorize::authorize(&service, &r.parts, &r.body).await,
        Err(answer) => *answer,
    }
}

async fn token_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = token::token(&service, &r.info, &r.parts.method, &r.parts.headers, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn par_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = par::par(&service, &r.info, &r.parts.method, &r.parts.headers, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn userinfo_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            userinfo::userinfo(&service, &r.info, &r.parts.method, &r.parts.headers, &r.body).await
        }
        Err(answer) => *answer,
    }
}

async fn introspect_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = inspect::introspect(&service, &r.info, &r.parts.method, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn revoke_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let (method, headers) = (&r.parts.method, &r.parts.headers);
            let serve = inspect::revoke(&service, &r.info, method, headers, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn device_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = device::authorize(&service, &r.info, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn backchannel_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = backchannel::authorize(&service, &r.info, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn approve_page_route(State(service): State<Service>, request: Request) -> Answer {
    backchannel::page(&service, &request.into_parts().0).await
}

async fn register_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => registration::register(&service, &r.parts, &r.body).await,
        Err(answer) => *answer,
    }
}

async fn registration_route(
    State(service): State<Service>,
    Path(client_id): Path<String>,
    request: Request,
) -> Answer {
    match Whole::read(request).await {
        Ok(r) => registration::manage(&service, &r.parts, &r.body, &client_id).await,
        Err(answer) => *answer,
    }
}

async fn device_page_route(State(service): State<Service>, request: Request) -> Answer {
    device::page(&service, &request.into_parts().0).await
}

async fn end_session_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match Whole::read(request).await {
        Ok(r) => end_session::end_session(&service, &r.parts, &r.body, &slug).await,
        Err(answer) => *answer,
    }
}

/// The page by which an application watches the session (Session Management 1.0, 3.3).
async fn check_session_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    let request = RequestInfo::of(&request.into_parts().0);
    let Some(provider) = Provider::by_application(&service.cx.snapshot(), &slug) else {
        return pages::not_found(&service, &request);
    };
    let (html, policy) =
        session_state::page(&session_state::origins(&provider.client.redirect_uris));
    let mut answer = http::answer(StatusCode::OK, "text/html; charset=utf-8", html);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

async fn discovery_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match Whole::read(request).await {
        Ok(r) => {
            discovery::discovery(&service, &r.info, &r.parts.method, &r.parts.headers, &slug).await
        }
        Err(answer) => *answer,
    }
}

async fn jwks_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match Whole::read(request).await {
        Ok(r) => discovery::jwks(&service, &r.info, &slug).await,
        Err(answer) => *answer,
    }
}

async fn end_any_session_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => end_session::end_any_session(&service, &r.parts, &r.body).await,
        Err(answer) => *answer,
    }
}

async fn shared_discovery_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => discovery::shared(&service, &r.info, &r.parts.method, &r.parts.headers).await,
        Err(answer) => *answer,
    }
}

async fn shared_jwks_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => discovery::shared_jwks(&service, &r.info).await,
        Err(answer) => *answer,
    }
}

async fn webfinger_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => webfinger::webfinger(&service, &r.info),
        Err(answer) => *answer,
    }
}

async fn github_user_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => github::user(&service, &r.info, &r.parts.headers).await,
        Err(answer) => *answer,
    }
}

async fn github_teams_route(State(service): State<Service>, request: Request) -> Answer {
    match Whole::read(request).await {
        Ok(r) => github::teams(&service, &r.info, &r.parts.headers).await,
        Err(answer) => *answer,
    }
}

async fn root_route(State(service): State<Service>, Path(slug): Path<String>) -> Answer {
    discovery::root(&service, &slug)
}

async fn slash_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match Whole::read(request).await {
        Ok(r) => discovery::without_slash(&service, &r.info, &slug),
        Err(answer) => *answer,
    }
}
