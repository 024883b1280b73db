//! Addresses outside of the API: what a module declares of each, and the router over all of them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{MethodRouter, any};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::Limited;

use crate::BoxFuture;
use crate::access::Access;
use crate::context::Context;
use crate::identity::Caller;
use crate::request::RequestInfo;

/// One address. A row says all that surrounds its handler, which the handler cannot get around.
#[derive(Clone)]
pub struct Route {
    /// Those it answers; others get 405. HEAD is safe whatever a GET does (RFC 9110 9.2.1): where
    /// it is not among them beside GET, it is answered without the handler. With none, the handler
    /// sees them all.
    pub methods: Vec<Method>,
    /// Names in braces. One row for each path.
    pub path: String,
    /// Asked before the handler. Pages and endpoints of protocols are public: they ask in words of
    /// their own, be it with a page that signs in.
    pub access: Access,
    /// What a POST to it counts as.
    pub throttle: Option<ThrottleClass>,
    pub stack: Stack,
    serve: Arc<dyn Fn(&Context) -> MethodRouter + Send + Sync>,
}

/// What is counted apart, by address of the client. Calls of nobody are counted beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThrottleClass {
    /// Answers to a sign-in.
    Login,
    /// Requests for tokens, refused in the words of RFC 6749.
    Token,
    /// Devices that ask for codes, likewise.
    Device,
}

/// What surrounds a handler: how much of a body it gets, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// Operations of the API, with a body of at most 4 MiB.
    Api,
    /// Pages, forms and messages of protocols, with a body of at most 256 KiB.
    Page,
    /// As `Page`, with files: a body of at most so many bytes.
    Upload(usize),
    /// A body of any length, which the handler reads piece by piece and nobody holds. It lasts as
    /// long as it flows.
    Stream,
    /// Becomes a conversation (`rest::socket`). Its time ends with the answer that says so.
    Socket,
}

impl Stack {
    /// Bytes of the largest body; `None` has no end.
    pub const fn largest_body(self) -> Option<usize> {
        match self {
            Stack::Api => Some(4 * 1024 * 1024),
            Stack::Page => Some(256 * 1024),
            Stack::Upload(most) => Some(most),
            Stack::Stream => None,
            Stack::Socket => Some(0),
        }
    }
}

/// Requests to hosts that are not this server's own, which a module answers as a whole, whatever
/// their paths.
#[derive(Clone)]
pub struct Hosts {
    has: Arc<IsOfHost>,
    /// What answers them; its path is not looked at.
    pub route: Route,
}

type IsOfHost = dyn Fn(Context, &Uri, &HeaderMap) -> BoxFuture<bool> + Send + Sync;

impl Hosts {
    /// `has` says by a request's head whether it is for one of them, for each that comes.
    pub fn new(
        has: impl Fn(Context, &Uri, &HeaderMap) -> BoxFuture<bool> + Send + Sync + 'static,
        route: Route,
    ) -> Hosts {
        Hosts { has: Arc::new(has), route }
    }

    /// Whether a request is for one of these hosts. Its forwarding headers are true.
    pub async fn has(&self, cx: &Context, uri: &Uri, headers: &HeaderMap) -> bool {
        (self.has)(cx.clone(), uri, headers).await
    }

    /// A router that answers everything.
    pub fn router(
        &self,
        cx: &Context,
        surround: impl Fn(&Route, MethodRouter) -> MethodRouter,
    ) -> Router {
        Router::new().fallback_service(surround(&self.route, self.route.handler(cx)))
    }
}

/// Put into the extensions of a request to one of [`Hosts`].
#[derive(Debug, Clone, Copy)]
pub struct Elsewhere;

/// Put into the extensions of an answer that is another server's, and is handed on as it came.
#[derive(Debug, Clone, Copy)]
pub struct HandedOn;

/// Who was let in by [`Route::access`], in the extensions of the request.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub caller: Caller,
    pub access: Access,
}

/// Makes rows whose handlers share a state.
pub struct Routes<S>(Arc<dyn Fn(&Context) -> S + Send + Sync>);

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// `state` is made from the program's context when its router is.
    pub fn over(state: impl Fn(&Context) -> S + Send + Sync + 'static) -> Routes<S> {
        Routes(Arc::new(state))
    }

    /// A public page.
    pub fn at<T: 'static>(
        &self,
        methods: impl IntoIterator<Item = Method>,
        path: impl Into<String>,
        handler: impl Handler<T, S>,
    ) -> Route {
        let state = self.0.clone();
        Route {
            methods: methods.into_iter().collect(),
            path: path.into(),
            access: Access::public(),
            throttle: None,
            stack: Stack::Page,
            serve: Arc::new(move |cx| any(handler.clone()).with_state(state(cx))),
        }
    }
}

impl Route {
    #[must_use]
    pub fn access(self, access: Access) -> Route {
        Route { access, ..self }
    }

    #[must_use]
    pub fn throttle(self, class: impl Into<Option<ThrottleClass>>) -> Route {
        Route { throttle: class.into(), ..self }
    }

    #[must_use]
    pub fn stack(self, stack: Stack) -> Route {
        Route { stack, ..self }
    }

    /// The row, and one that leads to it whoever leaves out its last slash.
    pub fn with_slash(self) -> [Route; 2] {
        let path = self.path.trim_end_matches('/').to_owned();
        [Routes::over(Context::clone).at([Method::GET, Method::HEAD], path, to_slash), self]
    }

    /// As the route walk prints it.
    pub fn describe(&self) -> String {
        let methods: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let methods = if methods.is_empty() { "*".to_owned() } else { methods.join(",") };
        let throttle = self.throttle.map(|class| format!(" {class:?}")).unwrap_or_default();
        format!("{methods} {} {:?}{throttle}: {}", self.path, self.stack, self.access.describe())
    }

    fn handler(&self, cx: &Context) -> MethodRouter {
        let (methods, most) = (self.methods.clone(), self.stack.largest_body());
        (self.serve)(cx).layer(middleware::from_fn(move |request: Request, next: Next| {
            let refusal = not_allowed(&methods, request.method())
                .or_else(|| is_answered_alone(&methods, request.method()).then(nothing_done));
            let request = match most {
                Some(most) => bounded(request, most),
                None => request,
            };
            async move {
                match refusal {
                    Some(refusal) => refusal,
                    None => next.run(request).await,
                }
            }
        }))
    }
}

/// A request whose handler sees the body fail where it becomes too long; at once when it says so.
fn bounded(request: Request, most: usize) -> Request {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let is_longer = |length: &str| length.parse::<usize>().is_ok_and(|length| length > most);
    if length.is_some_and(is_longer) {
        return request.map(|_| Body::new(Limited::new(Body::from("x"), 0)));
    }
    request.map(|body| Body::new(Limited::new(body, most)))
}

fn not_allowed(methods: &[Method], method: &Method) -> Option<Response> {
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    if methods.is_empty() || methods.contains(method) || methods.contains(asked) {
        return None;
    }
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.extend(HeaderValue::from_str(&names.join(", ")).map(|names| (header::ALLOW, names)));
    Some(response)
}

/// Whether a HEAD stays outside: the row's GET may do something.
fn is_answered_alone(methods: &[Method], method: &Method) -> bool {
    method == Method::HEAD && !methods.is_empty() && !methods.contains(&Method::HEAD)
}

/// The answer to a HEAD for which nothing is done: there is such an address.
pub fn nothing_done() -> Response {
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn to_slash(State(cx): State<Context>, request: Request) -> Redirect {
    let uri = request.uri();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&cx.url(&format!("{}/{query}", uri.path())))
}

/// A router over rows, and the page of addresses that are in none. `surround` puts around each
/// handler what the program keeps for its row.
pub fn router(
    cx: &Context,
    routes: &[Route],
    surround: impl Fn(&Route, MethodRouter) -> MethodRouter,
) -> Router {
    let elsewhere = Routes::over(Context::clone).at([], "", elsewhere);
    let router = routes.iter().fold(Router::new(), |router, route| {
        router.route(&route.path, surround(route, route.handler(cx)))
    });
    router.fallback_service(surround(&elsewhere, elsewhere.handler(cx)))
}

async fn elsewhere(State(cx): State<Context>, request: Request) -> Response {
    cx.not_found(&RequestInfo::of(&request.into_parts().0))
}
