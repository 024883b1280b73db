//! The protocol's endpoints below `/application/o/`.

mod absent;
mod attempts;
mod authorize;
mod discovery;
mod end_session;
mod http;
mod inspect;
mod machine;
mod pages;
mod token;
mod userinfo;
mod webfinger;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, StatusCode, request::Parts};
use axum::routing::any;
use countersign_core::RequestInfo;

use self::attempts::Asked;
use self::http::Answer;
use crate::service::Service;
use crate::wire::discovery::SHARED_JWKS;
pub(crate) use authorize::SignInFor;
pub(crate) use userinfo::is_good;

/// Codes, tokens and assertions are small.
const LARGEST_BODY: usize = 256 * 1024;

pub(crate) fn router(service: Service) -> Router {
    let both = |slug: &str| [slug.to_owned(), format!("{slug}/")];
    let mut router: Router<Service> = Router::new();
    for path in both("/application/o/authorize") {
        router = router.route(&path, any(authorize_route));
    }
    router = router
        .route("/application/o/token/", any(token_route))
        .route("/application/o/userinfo/", any(userinfo_route))
        .route("/application/o/introspect/", any(introspect_route))
        .route("/application/o/revoke/", any(revoke_route))
        .route("/application/o/end-session/", any(end_any_session_route))
        .route("/application/o/{slug}/", any(root_route))
        .route("/application/o/{slug}", any(slash_route))
        .route("/application/o/{slug}/jwks/", any(jwks_route))
        .route("/application/o/{slug}/end-session/", any(end_session_route));
    // OpenID Connect Discovery puts the word after the issuer, RFC 8414 between host and path.
    for path in [
        "/application/o/{slug}/.well-known/openid-configuration",
        "/application/o/{slug}/.well-known/oauth-authorization-server",
    ] {
        router = router.route(path, any(discovery_route));
    }
    for path in both("/.well-known/oauth-authorization-server/application/o/{slug}") {
        router = router.route(&path, any(discovery_route));
    }
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        router = router.route(path, any(shared_discovery_route));
    }
    router = router
        .route(SHARED_JWKS, any(shared_jwks_route))
        .route("/.well-known/webfinger", any(webfinger_route));
    router = absent::routes(router);
    router.layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(service)
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
        let mut whole = Request::new(body);
        *whole.extensions_mut() = parts.extensions.clone();
        let body = Bytes::from_request(whole, &()).await;
        let body = body.map_err(|_| Box::new(http::too_large()))?;
        Ok(Whole { parts, info, body })
    }
}

fn allowed(parts: &Parts, methods: &[Method]) -> Result<(), Box<Answer>> {
    if methods.contains(&parts.method)
        || parts.method == Method::HEAD && methods.contains(&Method::GET)
    {
        return Ok(());
    }
    let mut answer = http::empty(StatusCode::METHOD_NOT_ALLOWED);
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if let Ok(allow) = HeaderValue::from_str(&names.join(", ")) {
        answer.headers_mut().insert(ALLOW, allow);
    }
    Err(Box::new(answer))
}

/// Reads a request that may have one of the methods, or answers why not.
async fn read(request: Request, methods: &[Method]) -> Result<Whole, Box<Answer>> {
    let whole = Whole::read(request).await?;
    allowed(&whole.parts, methods)?;
    Ok(whole)
}

async fn authorize_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::GET, Method::POST]).await {
        Ok(r) if is_head(&r) => http::empty(StatusCode::OK),
        Ok(r) => authorize::authorize(&service, &r.parts, &r.body).await,
        Err(answer) => *answer,
    }
}

async fn token_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::POST, Method::OPTIONS]).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = token::token(&service, &r.info, &r.parts.method, &r.parts.headers, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn userinfo_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::GET, Method::POST, Method::OPTIONS]).await {
        Ok(r) => {
            userinfo::userinfo(&service, &r.info, &r.parts.method, &r.parts.headers, &r.body).await
        }
        Err(answer) => *answer,
    }
}

async fn introspect_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::POST, Method::OPTIONS]).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = inspect::introspect(&service, &r.parts.method, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

async fn revoke_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::POST, Method::OPTIONS]).await {
        Ok(r) => {
            let asked = Asked::read(&service, &r.parts.headers, &r.body);
            let serve = inspect::revoke(&service, &r.parts.method, &r.parts.headers, &asked);
            attempts::limited(&service, &r.info, &asked, serve).await
        }
        Err(answer) => *answer,
    }
}

/// A request that only asks what an answer would look like: it is given none, and spends nothing.
fn is_head(whole: &Whole) -> bool {
    whole.parts.method == Method::HEAD
}

async fn end_session_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match read(request, &[Method::GET, Method::POST]).await {
        Ok(r) if is_head(&r) => http::empty(StatusCode::OK),
        Ok(r) => end_session::end_session(&service, &r.parts, &r.body, &slug).await,
        Err(answer) => *answer,
    }
}

async fn discovery_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match read(request, &[Method::GET, Method::OPTIONS]).await {
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
    match read(request, &[Method::GET]).await {
        Ok(r) => discovery::jwks(&service, &r.info, &slug).await,
        Err(answer) => *answer,
    }
}

async fn end_any_session_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::GET, Method::POST]).await {
        Ok(r) if is_head(&r) => http::empty(StatusCode::OK),
        Ok(r) => end_session::end_any_session(&service, &r.parts, &r.body).await,
        Err(answer) => *answer,
    }
}

async fn shared_discovery_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::GET, Method::OPTIONS]).await {
        Ok(r) => discovery::shared(&service, &r.info, &r.parts.method, &r.parts.headers).await,
        Err(answer) => *answer,
    }
}

async fn shared_jwks_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::GET]).await {
        Ok(r) => discovery::shared_jwks(&service, &r.info).await,
        Err(answer) => *answer,
    }
}

async fn webfinger_route(State(service): State<Service>, request: Request) -> Answer {
    match read(request, &[Method::GET]).await {
        Ok(r) => webfinger::webfinger(&service, &r.info),
        Err(answer) => *answer,
    }
}

async fn root_route(Path(slug): Path<String>, request: Request) -> Answer {
    match read(request, &[Method::GET]).await {
        Ok(_) => discovery::root(&slug),
        Err(answer) => *answer,
    }
}

async fn slash_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Answer {
    match read(request, &[Method::GET, Method::HEAD, Method::OPTIONS]).await {
        Ok(r) => discovery::without_slash(&service, &r.info, &slug),
        Err(answer) => *answer,
    }
}
