//! The application's addresses.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue,
    LOCATION, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cookie::{Cookie, SameSite};
use serde_json::json;
use url::Url;

use crate::http::{FetchError, Http};
use crate::pages::{self, Pages};
use crate::provider::{Provider, Returned, SignIn, SignInError};
use crate::roles::Page;
use crate::sessions::{CookieKey, Records, SIGN_IN_TIME, Session, random_id};
use crate::settings::{BadSetting, Settings, Source};

const SESSION_COOKIE: &str = "session";
const SIGN_IN_COOKIE: &str = "sign_in";

/// Everything the handlers share.
pub(crate) struct Application {
    source: Source,
    http: Http,
    pages: Pages,
    key: CookieKey,
    sign_ins: Records<SignIn>,
    sessions: Records<(Session, Provider)>,
}

/// Why the application could not start or answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Setting(#[from] BadSetting),
    #[error("the connection to the identity provider could not be prepared: {0}")]
    Http(#[from] FetchError),
    #[error("a page could not be made: {0}")]
    Page(#[from] minijinja::Error),
    #[error("the system gives no randomness")]
    Randomness(#[from] aws_lc_rs::error::Unspecified),
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, "The application has a fault; its log says which.\n")
            .into_response()
    }
}

type Shared = State<Arc<Application>>;

impl Application {
    pub(crate) fn new(source: Source) -> Result<Arc<Self>, Fault> {
        let settings = source.current()?;
        if settings.cookie_secret.is_none() {
            tracing::warn!(
                "FLASK_SECRET_KEY is not set: cookies are signed with a random key and end with this program"
            );
        }
        if settings.client.is_none() {
            tracing::warn!(
                "AUTHENTIK_CLIENT_ID and AUTHENTIK_CLIENT_SECRET are not set yet: the start page says where to find them"
            );
        }
        Ok(Arc::new(Self {
            key: CookieKey::new(settings.cookie_secret.as_deref())?,
            source,
            http: Http::new()?,
            pages: Pages::new()?,
            sign_ins: Records::new(SIGN_IN_TIME, SIGN_IN_TIME),
            sessions: Records::of_sessions(),
        }))
    }

    fn id_in<'a>(&self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        self.key.open(cookie_value(headers, name)?)
    }

    fn signed_in(&self, headers: &HeaderMap) -> Option<Session> {
        Some(self.sessions.get(self.id_in(headers, SESSION_COOKIE)?, Instant::now())?.0)
    }
}

pub(crate) fn router(application: Arc<Application>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/logout", get(logout))
        .route("/admin", get(|state, headers| protected(Page::Admin, state, headers)))
        .route("/manager", get(|state, headers| protected(Page::Manager, state, headers)))
        .route("/managers", get(|state, headers| protected(Page::Manager, state, headers)))
        .route("/user", get(|state, headers| protected(Page::User, state, headers)))
        .route("/health", get(async || axum::Json(json!({"status": "healthy"}))))
        .route(pages::STYLE_PATH, get(async || ([(CONTENT_TYPE, "text/css")], pages::STYLE)))
        .fallback(not_found)
        .with_state(application.clone())
        .layer(middleware::from_fn(guarded))
}

async fn index(State(app): Shared, headers: HeaderMap) -> Result<Response, Fault> {
    let settings = app.source.current()?;
    if let Some(session) = app.signed_in(&headers) {
        return Ok(app.pages.home(&session)?.into_response());
    }
    let page = match settings.client {
        Some(_) => app.pages.welcome()?,
        None => app.pages.unconfigured(&settings, app.source.file())?,
    };
    Ok(page.into_response())
}

#[derive(serde::Deserialize)]
struct LoginQuery {
    /// Set by the redirect to the application's own address, so that it happens once.
    moved: Option<String>,
}

async fn login(
    State(app): Shared,
    Query(query): Query<LoginQuery>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let settings = app.source.current()?;
    let Some(client) = settings.client.as_ref() else {
        return Ok(app.pages.unconfigured(&settings, app.source.file())?.into_response());
    };
    // The provider returns to the registered address only. A browser that came by another name of
    // this machine goes there first: the cookie that binds the sign-in has to be where the answer
    // arrives.
    if query.moved.is_none() && is_elsewhere(&settings, &headers) {
        let mut own = crate::settings::at(&settings.own, "/login");
        own.set_query(Some("moved=1"));
        return Ok(redirect(&own));
    }
    let provider = Provider::find(&settings, &app.http).await;
    let (sign_in, url) = match SignIn::start(&settings, client, provider) {
        Ok(started) => started,
        Err(error) => return refused(&app, &error),
    };
    let id = random_id()?;
    let cookie = cookie(&settings, SIGN_IN_COOKIE, app.key.seal(&id), Some(SIGN_IN_TIME.as_secs()));
    app.sign_ins.put(id, sign_in, Instant::now());
    Ok(with_cookies(redirect(&url), &[cookie]))
}

async fn callback(
    State(app): Shared,
    Query(returned): Query<Returned>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let settings = app.source.current()?;
    let sign_in =
        app.id_in(&headers, SIGN_IN_COOKIE).and_then(|id| app.sign_ins.take(id, Instant::now()));
    let outcome = match (sign_in, settings.client.as_ref()) {
        (Some(sign_in), Some(client)) => sign_in.finish(client, returned, &app.http).await,
        _ => Err(SignInError::Expired),
    };
    let spent = cookie(&settings, SIGN_IN_COOKIE, String::new(), Some(0));
    let (session, provider) = match outcome {
        Ok(signed_in) => signed_in,
        Err(error) => return Ok(with_cookies(refused(&app, &error)?, &[spent])),
    };
    tracing::info!("User {} logged in successfully", one_line(session.claim("email")));
    if let Some(previous) = app.id_in(&headers, SESSION_COOKIE) {
        app.sessions.take(previous, Instant::now());
    }
    let id = random_id()?;
    let fresh = cookie(&settings, SESSION_COOKIE, app.key.seal(&id), None);
    app.sessions.put(id, (session, provider), Instant::now());
    Ok(with_cookies(redirect(&crate::settings::at(&settings.own, "/")), &[spent, fresh]))
}

async fn logout(State(app): Shared, headers: HeaderMap) -> Result<Response, Fault> {
    let settings = app.source.current()?;
    let ended =
        app.id_in(&headers, SESSION_COOKIE).and_then(|id| app.sessions.take(id, Instant::now()));
    let target = match &ended {
        Some((session, provider)) => provider.sign_out(&settings, &session.id_token),
        None => crate::settings::at(&settings.own, "/"),
    };
    let gone = cookie(&settings, SESSION_COOKIE, String::new(), Some(0));
    Ok(with_cookies(redirect(&target), &[gone]))
}

async fn protected(page: Page, State(app): Shared, headers: HeaderMap) -> Result<Response, Fault> {
    let Some(session) = app.signed_in(&headers) else {
        let settings = app.source.current()?;
        return Ok(redirect(&crate::settings::at(&settings.own, "/login")));
    };
    if page.opens_for(&session.groups) {
        return Ok(app.pages.protected(page, &session)?.into_response());
    }
    Ok((StatusCode::FORBIDDEN, axum::Json(page.refusal(&session.groups))).into_response())
}

async fn not_found(State(app): Shared) -> Result<Response, Fault> {
    let page = app.pages.message("Page not found", "This application has no such page.", None)?;
    Ok((StatusCode::NOT_FOUND, page).into_response())
}

fn refused(app: &Application, error: &SignInError) -> Result<Response, Fault> {
    tracing::warn!("Sign-in failed: {error}");
    let (title, sentence) = error.sentence();
    let page = app.pages.message(title, sentence, Some(("/login", "Try again")))?;
    Ok((StatusCode::BAD_REQUEST, page).into_response())
}

/// Headers for every answer: nothing of it is kept, framed, or allowed to run script.
async fn guarded(request: Request, next: Next) -> Response {
    let keep = request.uri().path() == pages::STYLE_PATH;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let cache = if keep { "public, max-age=3600" } else { "no-store" };
    let fixed: [(HeaderName, &'static str); 4] = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, cache),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_elsewhere(settings: &Settings, headers: &HeaderMap) -> bool {
    let own = settings.own.host_str().map(|host| match settings.own.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    own.is_some() && asked.is_some() && own.as_deref() != asked
}

fn redirect(url: &Url) -> Response {
    (StatusCode::FOUND, [(LOCATION, url.to_string())]).into_response()
}

fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn cookie(
    settings: &Settings,
    name: &'static str,
    value: String,
    max_age: Option<u64>,
) -> Cookie<'static> {
    let mut cookie =
        Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax).build();
    cookie.set_secure(settings.secure_cookies());
    if let Some(seconds) = max_age.and_then(|seconds| i64::try_from(seconds).ok()) {
        cookie.set_max_age(cookie::time::Duration::seconds(seconds));
    }
    cookie
}

fn with_cookies(mut response: Response, cookies: &[Cookie<'static>]) -> Response {
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
    response
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;
    use crate::roles::Group;

    fn application(pairs: &[(&str, &str)]) -> Arc<Application> {
        let environment: HashMap<String, String> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Application::new(Source::new(environment, None)).unwrap()
    }

    /// Points at a port where nothing listens, so that discovery fails at once.
    fn configured() -> Arc<Application> {
        application(&[
            ("AUTHENTIK_BASE_URL", "http://127.0.0.1:9"),
            ("AUTHENTIK_CLIENT_ID", "abc"),
            ("AUTHENTIK_CLIENT_SECRET", "def"),
        ])
    }

    /// A cookie of a person in these groups.
    async fn person(app: &Application, groups: &[&str]) -> String {
        let settings = app.source.current().unwrap();
        let session = Session {
            claims: json!({"name": "<Mallory>", "email": "m@example.com", "sub": "1"}),
            groups: groups
                .iter()
                .map(|name| Group { pk: None, name: (*name).to_owned() })
                .collect(),
            id_token: "the.id.token".to_owned(),
        };
        let provider = Provider::find(&settings, &app.http).await;
        app.sessions.put("known".to_owned(), (session, provider), Instant::now());
        format!("{SESSION_COOKIE}={}", app.key.seal("known"))
    }

    async fn ask(
        app: &Arc<Application>,
        path: &str,
        cookie: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let request = Request::get(path)
            .header(HOST, "localhost:5000")
            .header(COOKIE, cookie)
            .body(Body::empty())
            .unwrap();
        let response = router(Arc::clone(app)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status,
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap().replace("&#x2f;", "/"),
        )
    }

    #[tokio::test]
    async fn health_answers_without_the_identity_provider() {
        let (status, _, body) = ask(&application(&[]), "/health", "").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"status":"healthy"}"#));
    }

    #[tokio::test]
    async fn without_a_client_the_start_page_says_what_to_do() {
        let app = application(&[]);
        for path in ["/", "/login"] {
            let (status, _, body) = ask(&app, path, "").await;
            assert_eq!(status, StatusCode::OK);
            assert!(
                body.contains("AUTHENTIK_CLIENT_ID")
                    && body.contains("http://localhost:5000/callback"),
                "{path}: {body}"
            );
        }
    }

    #[tokio::test]
    async fn protected_pages_lead_to_login() {
        let app = configured();
        for path in ["/admin", "/manager", "/managers", "/user"] {
            let (status, headers, _) = ask(&app, path, "session=forged.AAAA").await;
            assert_eq!(status, StatusCode::FOUND);
            assert_eq!(headers[LOCATION], "http://localhost:5000/login", "{path}");
        }
    }

    #[tokio::test]
    async fn login_leaves_for_the_provider_with_a_bound_cookie() {
        let (status, headers, _) = ask(&configured(), "/login", "").await;
        assert_eq!(status, StatusCode::FOUND);
        assert!(
            headers[LOCATION]
                .to_str()
                .unwrap()
                .starts_with("http://localhost:9000/application/o/authorize/?response_type=code")
        );
        let cookie = headers[SET_COOKIE].to_str().unwrap();
        assert!(
            cookie.starts_with("sign_in=")
                && cookie.contains("HttpOnly")
                && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        assert!(cookie.contains("Max-Age=600") && !cookie.contains("Secure"), "{cookie}");
    }

    #[tokio::test]
    async fn another_name_of_the_machine_moves_to_the_registered_one_first() {
        let request =
            Request::get("/login").header(HOST, "127.0.0.1:5000").body(Body::empty()).unwrap();
        let response = router(configured()).oneshot(request).await.unwrap();
        assert_eq!(response.headers()[LOCATION], "http://localhost:5000/login?moved=1");
    }

    #[tokio::test]
    async fn pages_open_by_group_and_refuse_in_the_shape_of_the_guide() {
        let app = configured();
        let cookie = person(&app, &["Users"]).await;
        let (status, headers, body) = ask(&app, "/user", &cookie).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert!(
            body.contains("&lt;Mallory&gt;") && !body.contains("<Mallory>"),
            "names are escaped"
        );
        let (status, headers, body) = ask(&app, "/admin", &cookie).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        assert_eq!(
            body,
            r#"{"error":"Insufficient permissions","required_roles":["Admin","Administrators"],"user_roles":["Users"]}"#
        );
    }

    #[tokio::test]
    async fn logout_ends_both_sessions() {
        let app = configured();
        let cookie = person(&app, &[]).await;
        let (status, headers, _) = ask(&app, "/logout", &cookie).await;
        assert_eq!(status, StatusCode::FOUND);
        let target = headers[LOCATION].to_str().unwrap();
        assert!(target.starts_with("http://localhost:9000/application/o/flask-app/end-session/?id_token_hint=the.id.token&"), "{target}");
        let (_, headers, _) = ask(&app, "/admin", &cookie).await;
        assert_eq!(headers[LOCATION], "http://localhost:5000/login", "the session is gone");
        let (_, headers, _) = ask(&app, "/logout", &cookie).await;
        assert_eq!(headers[LOCATION], "http://localhost:5000/", "nobody is signed in");
    }

    #[tokio::test]
    async fn a_callback_nobody_waits_for_echoes_nothing() {
        let (status, _, body) =
            ask(&configured(), "/callback?code=secret-code&state=%3Cb%3E", "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body.contains("Sign-in expired") && body.contains("/login"));
        assert!(!body.contains("secret-code") && !body.contains("<b>"));
    }

    #[tokio::test]
    async fn a_sign_in_is_used_once() {
        let app = configured();
        let (_, headers, _) = ask(&app, "/login", "").await;
        let cookie = headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let url = Url::parse(headers[LOCATION].to_str().unwrap()).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let path = format!("/callback?error=access_denied&state={state}");
        assert!(ask(&app, &path, &cookie).await.2.contains("Not signed in"));
        assert!(ask(&app, &path, &cookie).await.2.contains("Sign-in expired"));
    }

    #[tokio::test]
    async fn every_answer_forbids_script_and_framing() {
        let app = configured();
        for path in ["/", "/login", "/health", "/nowhere", "/style.css"] {
            let (_, headers, _) = ask(&app, path, "").await;
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.contains("default-src 'none'")
                    && !policy.contains("unsafe")
                    && !policy.contains("script-src")
            );
        }
    }
}
