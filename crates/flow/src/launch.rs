//! `/application/launch/<slug>/`: signs somebody in, asks the application's policies, and goes to
//! its address.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use countersign_accounts::visitor;
use countersign_catalogue::Application;
use countersign_core::{Context, RequestInfo, redirect};
use countersign_model::{Entry, Key, Ref};
use http::{StatusCode, request::Parts};
use url::Url;
use uuid::Uuid;

use crate::begin::{denied_page, error_page, require_login};
use crate::browser::Browser;
use crate::context::FlowContext;
use crate::destination::{ApplicationHint, Destination};
use crate::error::FlowError;
use crate::interface::{self, is_outsider};
use crate::kinds::Flow;
use crate::web::failure_page;

const PATH: &str = "/application/launch/";

/// Tells the sign-in which application it is for.
pub(crate) struct Launch;

impl Destination for Launch {
    fn application(&self, cx: &Context, path: &str, _query: &str) -> Option<ApplicationHint> {
        let snapshot = cx.snapshot();
        let (_, application) =
            snapshot.find::<Application>("slug", path.strip_prefix(PATH)?.trim_end_matches('/'))?;
        let provider = application.provider.and_then(|provider| snapshot.entry(provider.id()));
        Some(ApplicationHint {
            name: application.name.clone(),
            slug: application.slug.to_string(),
            authentication_flow: provider.and_then(|provider| authentication_flow(provider)),
            ..ApplicationHint::default()
        })
    }
}

pub(crate) async fn launch(
    State(cx): State<FlowContext>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let parts = request.into_parts().0;
    match to_application(&cx, &parts, &slug).await {
        Ok(response) => response,
        Err(error) => failure_page(&cx, &RequestInfo::of(&parts), &error),
    }
}

async fn to_application(
    cx: &FlowContext,
    parts: &Parts,
    slug: &str,
) -> Result<Response, FlowError> {
    let (request, snapshot) = (RequestInfo::of(parts), cx.snapshot());
    let Some((reference, application)) = snapshot.find::<Application>("slug", slug) else {
        return Ok(crate::interface::not_found_page(cx, &request));
    };
    let visitor = visitor(cx, parts).await?;
    let Some(user) = &visitor.user else {
        return Ok(require_login(
            cx,
            &request,
            &visitor,
            &format!("{PATH}{}/", &*application.slug),
        ));
    };
    let decision = cx.policies().application(cx, &request, user, reference, None).await?;
    if !decision.passing {
        let about = (reference, application.name.as_str());
        return Ok(denied_page(cx, &request, &visitor, about, decision).await?);
    }
    let address = application.launch_url(&snapshot, Some(user));
    // A path is of this server, and its protocol's.
    if let Some(path) = address.as_ref().filter(|address| address.starts_with('/')) {
        return Ok(cx.redirect(path));
    }
    let address = address.filter(|address| is_openable(address));
    let ours = address.as_deref().and_then(|address| own_path(cx, &request, address));
    // What would send the browser here again, from there or by way of the start page.
    let back = ours.is_some_and(|path| {
        path.starts_with(PATH) || is_outsider(user) && interface::is_interface(&path)
    });
    if back && is_outsider(user) {
        return Ok(interface::insiders_only(&Browser::new(cx, &request, &visitor), None));
    }
    let Some(address) = address.filter(|_| !back) else {
        let text =
            "This application has no address to open. An administrator can give it a launch URL.";
        return Ok(error_page(cx, &request, StatusCode::NOT_FOUND, &application.name, text, &[]));
    };
    Ok(redirect(&encoded(&address)))
}

/// The provider's own, whatever its protocol.
fn authentication_flow(provider: &Entry) -> Option<Ref<Flow>> {
    let key = provider.object.value("authentication_flow")?;
    Some(Ref::new(Key::Uuid(Uuid::parse_str(key.as_str()?).ok()?)))
}

/// What follows the address of this server; `None` for an address elsewhere.
fn own_path(cx: &Context, request: &RequestInfo, address: &str) -> Option<String> {
    let address = Url::parse(address).ok()?;
    let at = |ours: &str| Url::parse(ours).is_ok_and(|ours| ours.origin() == address.origin());
    if !at(&cx.origin(request)) && !at(&request.origin()) {
        return None;
    }
    cx.settings.base_path.inside(address.path()).map(str::to_owned)
}

/// Not an address that runs in the browser, and not `blank://`, which means that there is none.
fn is_openable(address: &str) -> bool {
    let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https" | "ftp" | "ftps"))
}

/// Names of people may hold letters that no header can.
fn encoded(address: &str) -> String {
    let plain = |b: u8| b.is_ascii_graphic();
    address
        .bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_open() {
        for (address, open) in [
            ("https://a.test/", true),
            ("HTTPS://A.test/", true),
            ("ftp://a.test/", true),
            ("blank://blank", false),
            ("javascript:alert(1)", false),
            ("javascript://a.test/%0aalert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_openable(address), open, "{address}");
        }
        assert_eq!(encoded("https://a.test/é b\r\n"), "https://a.test/%C3%A9%20b%0D%0A");
    }
}
