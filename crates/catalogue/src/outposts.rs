//! What outposts read of the providers they answer for: one list for each kind of outpost. It holds
//! the providers that the caller may view, which for an outpost's own account are its own.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, BoxFuture, Call, Operation, Page, Permission, RenderContext, envelope, json,
    with,
};
use countersign_model::{Entry, KindMeta, ObjectId, Ref, Snapshot, Space};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::access::{ApplicationAccess, Decision};
use crate::application::Application;
use crate::provider::Fact;

/// A provider with the application that it is attached to.
#[derive(Clone)]
pub struct Attached {
    pub entry: Arc<Entry>,
    pub application: Application,
}

/// How a provider looks to its outpost.
pub type Configured =
    Arc<dyn Fn(Call, Attached) -> BoxFuture<Result<Value, ApiError>> + Send + Sync>;

/// How the application of a provider is found.
pub type ApplicationOf =
    for<'a> fn(&'a Snapshot, i64) -> Option<(Ref<Application>, &'a Application)>;

/// The outposts that answer for a provider, as they are printed.
pub fn outpost_set(entry: &Entry, render: &RenderContext<'_>) -> Value {
    let print = |(by, _)| Some(render.cx.display(render.snapshot.entry(by)?));
    answering(render.snapshot, entry.id).filter_map(print).map(Value::from).collect()
}

/// Whether outposts answer for a provider instead of this server.
pub fn is_elsewhere(snapshot: &Snapshot, provider: ObjectId) -> bool {
    answering(snapshot, provider).next().is_some()
}

/// Who answers for a provider of a protocol that both this server and outposts speak.
pub fn answered_by(snapshot: &Snapshot, provider: ObjectId, has_application: bool) -> Fact {
    let who = match (has_application, is_elsewhere(snapshot, provider)) {
        (false, _) => "nobody yet: no application uses the provider",
        (true, false) => "this server",
        (true, true) => "an outpost",
    };
    Fact::new("Answered by", who)
}

fn answering(
    snapshot: &Snapshot,
    provider: ObjectId,
) -> impl Iterator<Item = (ObjectId, &'static str)> {
    snapshot.referrers_in(provider, Space("outpost"))
}

/// The application that a call names by `app_slug`, and whether it is open to the caller: what an
/// outpost asks with the session of whoever it has just signed in.
///
/// # Errors
/// 404 for an application that is not there, or when the database is away.
pub async fn asked_access(
    access: &dyn ApplicationAccess,
    call: &Call,
) -> Result<(Ref<Application>, Decision), ApiError> {
    let not_found = || ApiError::not_found("Application");
    let slug = call.query.get("app_slug").unwrap_or_default();
    let (application, _) = call.snapshot.find::<Application>("slug", slug).ok_or_else(not_found)?;
    let (user, asked) = (call.user()?.clone(), vec![application]);
    let decision = access.decide(call.cx.clone(), user, call.request.clone(), asked).await?;
    Ok((application, decision.into_iter().next().ok_or_else(not_found)?))
}

/// The list at `outposts/<name>/` of the providers of a kind. Only those with an application are
/// there.
pub fn outpost_list(
    name: &str,
    meta: &'static KindMeta,
    schema: &str,
    application: ApplicationOf,
    configured: Configured,
) -> Operation {
    let list = move |configured: Configured, call: Call| async move {
        list(meta, application, configured, call).await
    };
    Operation::new(
        Method::GET,
        format!("outposts/{name}/"),
        format!("outposts_{name}_list"),
        Access::on(Permission::view(meta)),
        with(&configured, list),
    )
    .summary("The providers that outposts answer for.")
    .pages_of(schema)
    .of(meta)
    .parameter("name", json!({"type": "string"}))
}

async fn list(
    meta: &'static KindMeta,
    application: ApplicationOf,
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
            let (_, application) = application(&call.snapshot, entry.id.key.int()?)?;
            Some(Attached { entry: entry.clone(), application: application.clone() })
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
