//! What is served around the flows: the start page, the shells of the admin and user interface with
//! what they may load, static files, and the page of unknown addresses.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use countersign_core::{Identity, Permission, RequestInfo, Route, Routes};
use countersign_pages::{Denied, Message};
use countersign_words::Language;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};

use crate::browser::Browser;
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::setup;
use crate::web::{Visit, address, cancel_url, nobody};

/// The languages that the administrator's side is said in (`locales/admin`); to others it is English.
const ADMINISTRATION: [Language; 6] =
    [Language::De, Language::En, Language::Es, Language::Fr, Language::Pseudo, Language::PseudoRtl];

/// Pages whose addresses end with a slash.
pub(crate) fn pages(over: &Routes<FlowContext>) -> [Route; 2] {
    let get = || [Method::GET, Method::HEAD];
    [over.at(get(), "/if/admin/", admin), over.at(get(), "/if/user/", user)]
}

pub(crate) fn files_of(over: &Routes<FlowContext>) -> Vec<Route> {
    let get = || [Method::GET, Method::HEAD];
    vec![
        over.at(get(), "/", start),
        over.at(get(), "/if/admin/{*rest}", admin),
        over.at(get(), "/if/user/{*rest}", user),
        over.at(get(), "/static/brand.css", brand_css),
        over.at(get(), "/static/{*path}", files),
        over.at(get(), "/favicon.ico", favicon),
        over.at(get(), "/robots.txt", || async { "User-agent: *\nDisallow: /\n" }),
    ]
}

async fn start(State(cx): State<FlowContext>, request: Request) -> Response {
    let visit = match Visit::of(cx, request.into_parts().0).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    if let Some(response) = outsider(&visit) {
        return response;
    }
    match guard(&visit).await {
        Ok(None) => visit.cx.redirect("/if/user/"),
        Ok(Some(response)) => response,
        Err(error) => visit.failure(&error),
    }
}

/// The interfaces are for internal users: external ones are led to the brand's default application,
/// as in the original.
fn outsider(visit: &Visit) -> Option<Response> {
    visit.visitor.user.as_deref().filter(|user| is_outsider(user))?;
    let browser = visit.browser();
    Some(match browser.default_application() {
        Some(slug) => visit.cx.redirect(&format!("/application/launch/{slug}/")),
        None => insiders_only(&browser, Some(&address(&visit.request))),
    })
}

pub(crate) fn is_outsider(user: &Identity) -> bool {
    user.user_type == "external"
}

/// `asked_at`: where somebody else who signs in instead is led.
pub(crate) fn insiders_only(browser: &Browser, asked_at: Option<&str>) -> Response {
    let page = Denied {
        title: "Interface can only be accessed by internal users.".to_owned(),
        subtitle: "Your account is fine. Open the application you want to use by its own address."
            .to_owned(),
        again_url: Some(cancel_url(asked_at)),
        again_label: "Switch account".to_owned(),
        ..Denied::default()
    };
    browser.page(StatusCode::FORBIDDEN, &page)
}

/// Whether this is the path of a page that external users are sent away from.
pub(crate) fn is_interface(path: &str) -> bool {
    matches!(path, "" | "/") || path.starts_with("/if/user") || path.starts_with("/if/admin")
}

/// Leads to set-up or sign-in whoever needs it.
async fn guard(visit: &Visit) -> Result<Option<Response>, FlowError> {
    if visit.visitor.user.is_some() {
        return Ok(None);
    }
    if setup::is_open(&visit.cx).await? {
        return Ok(Some(visit.cx.redirect(setup::SETUP_URL)));
    }
    Ok(Some(visit.cx.redirect("/flows/-/default/authentication/?next=/")))
}

async fn admin(State(cx): State<FlowContext>, request: Request) -> Response {
    interface(cx, request, "admin.html").await
}

async fn user(State(cx): State<FlowContext>, request: Request) -> Response {
    interface(cx, request, "user.html").await
}

async fn interface(cx: FlowContext, request: Request, file: &str) -> Response {
    let visit = match Visit::of(cx, request.into_parts().0).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    if let Some(response) = outsider(&visit) {
        return response;
    }
    let visiting = visit.visitor.user.is_none();
    // Who is not signed in gets the page all the same: only it knows what follows the address's
    // `#`, and leads to the sign-in and back there. It shows nothing before.
    if visiting {
        match setup::is_open(&visit.cx).await {
            Ok(true) => return visit.cx.redirect(setup::SETUP_URL),
            Ok(false) => {}
            Err(error) => return visit.failure(&FlowError::Store(error)),
        }
    }
    let mut browser = visit.browser();
    if file == "admin.html" && !visiting && !browser.may(Permission::ACCESS_ADMIN_INTERFACE) {
        let page = Denied {
            title: "This part is for administrators".to_owned(),
            subtitle: "Your account is fine; it just has nothing to do here.".to_owned(),
            again_url: Some(cancel_url(Some(&address(&visit.request)))),
            again_label: "Switch account".to_owned(),
            home_url: Some("/if/user/".to_owned()),
            ..Denied::default()
        };
        return browser.page(StatusCode::FORBIDDEN, &page);
    }
    // The interface sends the token of this cookie with every change.
    browser.csrf(&visit.parts.headers);
    let base = &visit.cx.settings.base_path;
    let language = browser.language();
    let is_said = file == "user.html" || ADMINISTRATION.contains(&language);
    let language = if is_said { language } else { Language::En };
    let served = countersign_pages::files()
        .and_then(|files| files.interface(file, base, language, &visit.parts.headers));
    let mut response = served.unwrap_or_else(|| {
        let page = Message::new("The interface is not part of this program").text(
            "It was built without the web folder. Build the web interface first, then the program.",
        );
        browser.page(StatusCode::SERVICE_UNAVAILABLE, &page)
    });
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(INTERFACE_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    browser.with_cookies(response, true)
}

/// Only this server's scripts; the framework sets single style attributes, which needs
/// `unsafe-inline` for styles.
const INTERFACE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https: http:; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async fn brand_css(State(cx): State<FlowContext>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let css = Browser::new(&cx, &RequestInfo::of(&parts), &nobody()).custom_css();
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, css).into_response()
}

async fn files(State(cx): State<FlowContext>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let served =
        countersign_pages::files().and_then(|files| files.serve(parts.uri.path(), &parts.headers));
    match served {
        Some(response) => response,
        None => no_such_page(&cx, &parts),
    }
}

async fn favicon(headers: HeaderMap) -> Response {
    let served = countersign_pages::files()
        .and_then(|files| files.serve("/static/dist/assets/icons/icon.png", &headers));
    served.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

fn no_such_page(cx: &FlowContext, parts: &Parts) -> Response {
    not_found_page(cx, &RequestInfo::of(parts))
}

pub(crate) fn not_found_page(cx: &FlowContext, request: &RequestInfo) -> Response {
    let page = Message::new("Page not found")
        .text("There is nothing at this address.")
        .action("Go to the start page", "/");
    Browser::new(cx, request, &nobody()).page(StatusCode::NOT_FOUND, &page)
}
