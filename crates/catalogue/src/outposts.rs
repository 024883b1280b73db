//! What outposts read of the providers they answer for: one list for each kind of outpost. It holds
//! the providers that the caller may view, which for an outpost's own account are its own.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, BoxFuture, Call, Operation, Page, Permission, RenderContext, envelope, json,
    with,
};
use countersign_model::{Entry, KindMeta, Space};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::application::Application;

/// A provider with the application that it is attached to.
#[derive(Clone)]
pub struct Attached {
    pub entry: Arc<Entry>,
    pub application: Application,
}

/// How a provider looks to its outpost.
pub type Configured =
    Arc<dyn Fn(Call, Attached) -> BoxFuture<Result<Value, ApiError>> + Send + Sync>;

/// The outposts that answer for a provider, as they are printed.
pub fn outpost_set(entry: &Entry, render: &RenderContext<'_>) -> Value {
    let outposts = render.snapshot.referrers_in(entry.id, Space("outpost"));
    let print = |(by, _)| Some(render.cx.display(render.snapshot.entry(by)?));
    outposts.filter_map(print).map(Value::from).collect()
}

/// The schemas of such a list: of a provider as it is there, and of a page.
pub fn outpost_schemas(
    [name, page]: [&'static str; 2],
    configured: Value,
) -> Vec<(&'static str, Value)> {
    let results = format!("[#{name}]");
    let paged = object_schema(&[("pagination", "#Pagination"), ("results", &results)]);
    vec![(name, configured), (page, paged)]
}

/// The list at `outposts/<name>/` of the providers of a kind. Only those with an application are
/// there; `backchannel`: or that are one of its backchannel providers.
pub fn outpost_list(
    name: &str,
    meta: &'static KindMeta,
    schema: &str,
    backchannel: bool,
    configured: Configured,
) -> Operation {
    let list = move |configured: Configured, call: Call| async move {
        list(meta, backchannel, configured, call).await
    };
    Operation::new(
        Method::GET,
        format!("outposts/{name}/"),
        format!("outposts_{name}_list"),
        Access::on(Permission::view(meta)),
        with(&configured, list),
    )
    .pages_of(schema)
    .of(meta)
    .parameter("name", json!({"type": "string"}))
}

async fn list(
    meta: &'static KindMeta,
    backchannel: bool,
    configured: Configured,
    call: Call,
) -> Result<Response, ApiError> {
    let fold = |text: &str| text.to_lowercase();
    let (exact, part) = (call.query.get("name"), call.query.get("search").map(fold));
    let is_wanted = |entry: &Entry| {
        let name = entry.object.value("name");
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        exact.is_none_or(|exact| exact.is_empty() || exact == name)
            && part.as_ref().is_none_or(|part| fold(name).contains(part))
    };
    let mut all: Vec<Attached> = call
        .snapshot
        .in_order(meta)
        .filter(|entry| call.reach.has(entry) && is_wanted(entry))
        .filter_map(|entry| {
            let application = attached(&call, entry, backchannel)?;
            Some(Attached { entry: entry.clone(), application })
        })
        .collect();
    if call.query.get("ordering") == Some("-name") {
        all.reverse();
    }
    let page = Page::read(&call.query, usize::MAX)?;
    let count = all.len();
    page.check(count)?;
    let mut results = Vec::new();
    for one in all.into_iter().skip(page.offset()).take(page.size) {
        results.push(configured(call.clone(), one).await?);
    }
    Ok(json(StatusCode::OK, &envelope(page, count, results)))
}

/// The application of a provider; the one it is the provider of, where it is of several.
fn attached(call: &Call, entry: &Entry, backchannel: bool) -> Option<Application> {
    let of_field = |wanted: &str| {
        let mut naming = call.snapshot.referrers(entry.id).filter(|(_, field)| *field == wanted);
        naming.find_map(|(by, _)| call.snapshot.entry(by)?.cast::<Application>()).cloned()
    };
    of_field("provider").or_else(|| of_field("backchannel_providers").filter(|_| backchannel))
}
