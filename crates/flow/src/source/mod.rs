//! Signing in by a source: what every kind shares between the button and the account.
//!
//! # For kinds of sources
//!
//! A protocol has two addresses. At the first, [`Source::login_path`](countersign_sources::Source),
//! which takes GET and POST, a browser sets out; at the second it comes back:
//!
//! ```text
//! // GET and POST /source/saml/<slug>/
//! match source::set_out(&cx, &parts, &visitor, &slug, body.as_ref()).await? {
//!     SetOut::Answer(answer) => Ok(answer),       // no such source, "connect?", sign in once more, refused
//!     SetOut::Go(errand) => {
//!         // make the request to the other side, and keep `errand` (serde) with what the protocol keeps of it, sealed,
//!         // where only this browser brings it back: a cookie that ends in ten minutes
//!     }
//! }
//!
//! // POST /source/saml/<slug>/acs/, once the answer is proved to be genuine and was not taken before
//! let identity = Identity { identifier: name_id, properties, given, for_policies, ..Identity::default() };
//! source::arrive(&cx, &request, &visitor, errand, identity).await
//! ```
//!
//! The browser has to be seen at the second address with its session's cookie. Over plain HTTP a form
//! of another site comes without it (`SameSite=Lax`): keep such a form and send the browser to the
//! same address by GET first, as `countersign-saml-provider::arrival` does. Failures of the protocol
//! are told by [`refuse`].

mod arrive;
mod button;
mod errand;
mod finish;
mod resume;

pub use arrive::arrive;
pub use errand::{Errand, SetOut, set_out};
pub use resume::Ticket;

pub(crate) use button::Button;
pub(crate) use finish::{FINISH, Finish};
pub(crate) use resume::{put_aside, take_up};

use axum::response::Response;
use countersign_core::{RequestInfo, Visitor};
use countersign_events::model_reference;
use countersign_model::{Ref, Snapshot};
use countersign_pages::{Message, Pair};
use countersign_sources::Source;
use countersign_store::StoreError;
use http::StatusCode;
use serde_json::Value;

use crate::browser::Browser;
use crate::context::FlowContext;

/// What the addresses of this server begin with where a protocol compares them with what the other
/// side says: as in mails, not by the host of a request unless the configuration knows that. `None`
/// while nobody has said it.
///
/// # Errors
/// When the engine fails.
pub async fn own_address(
    cx: &FlowContext,
    request: &RequestInfo,
) -> Result<Option<String>, StoreError> {
    crate::origin::for_mail(cx, request).await
}

/// A page that says why nobody is signed in: in one sentence, with what an administrator looks for.
#[must_use]
pub fn refuse(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    name: &str,
    (status, text): (StatusCode, &str),
    details: &[(&str, String)],
) -> Response {
    let browser = Browser::new(cx, request, visitor);
    refusal(&browser, name, status, text, details)
}

fn refusal(
    browser: &Browser,
    name: &str,
    status: StatusCode,
    text: &str,
    details: &[(&str, String)],
) -> Response {
    let language = browser.language();
    let some = language.t("source-some");
    let name = if name.is_empty() { &some } else { name };
    let title = language.say("source-refused", &[("source", name.into())]);
    let mut page = Message::new(&title).text(language.of(text)).action("Go to the start page", "/");
    page.details = details.iter().map(|(title, value)| Pair::new(*title, value.clone())).collect();
    page.trace.clone_from(&browser.request.id);
    browser.with_cookies(browser.page(status, &page), true)
}

/// A source, as events and contexts name it.
fn reference(snapshot: &Snapshot, source: Ref<dyn Source>) -> Value {
    let entry = snapshot.member(source);
    entry.map_or(Value::Null, |entry| {
        let (meta, key) = (entry.meta(), entry.id.key.to_string());
        model_reference(meta.app(), meta.model_name(), &key, &entry.label().unwrap_or_default())
    })
}
