//! What outposts of the original ask: which providers there are, and whether somebody may enter.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_catalogue::{Application, Provider};
use countersign_core::{Access, ApiError, Call, Operation, Page, Permission, envelope, json, with};
use countersign_flow::{Flow, Flows};
use countersign_model::{Fields as _, Key, Ref, Secret, Target as _};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::mapping::attributes;
use crate::provider::{RadiusProvider, application};
use crate::wire::for_outpost;

/// The most that one page holds.
const MOST: usize = 1_000;
/// The sort of account that outposts have.
const OUTPOST_ACCOUNT: &str = "internal_service_account";

pub(crate) fn operations(flows: &Flows) -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "outposts/radius/",
            "outposts_radius_list",
            Access::on(Permission::view(RadiusProvider::META)),
            list,
        )
        .summary("The providers that outposts answer for")
        .pages_of("RadiusOutpostConfig")
        .parameter("name", json!({"type": "string"}))
        .parameter("search", json!({"type": "string"})),
        Operation::new(
            Method::GET,
            "outposts/radius/{id}/check_access/",
            "outposts_radius_access_check",
            Access::authenticated(),
            with(flows, check_access),
        )
        .summary("Whether the caller may enter, and what the answer carries")
        .parameter("app_slug", json!({"type": "string"}))
        .response("RadiusCheckAccess"),
    ]
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "RadiusOutpostConfig",
            object_schema(&[
                ("pk", "integer"),
                ("name", "string"),
                ("application_slug", "string"),
                ("auth_flow_slug", "string"),
                ("client_networks?", "string"),
                ("shared_secret?", "string"),
                ("mfa_support?", "boolean"),
            ]),
        ),
        (
            "RadiusCheckAccess",
            object_schema(&[("attributes?", "string?"), ("access", "#PolicyTestResult")]),
        ),
        ("RadiusProvider", object_schema(&[("outpost_set", "[string]")])),
    ]
}

/// Providers that have an application. The shared secret is in clear for outposts and for who may
/// change the provider, else masked, as everywhere.
async fn list(call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, MOST)?;
    let fits = |provider: &RadiusProvider| {
        let name = call.query.get("name").filter(|name| !name.is_empty());
        let search = call.query.get("search").unwrap_or_default().to_lowercase();
        name.is_none_or(|name| provider.name == name)
            && provider.name.to_lowercase().contains(&search)
    };
    let mut all: Vec<_> = call
        .snapshot
        .entries(RadiusProvider::SPACE)
        .filter(|entry| call.reach.has(entry))
        .filter_map(|entry| Some((entry.id, entry.cast::<RadiusProvider>()?)))
        .filter(|(_, provider)| fits(provider))
        .filter_map(|(id, provider)| {
            let (_, application) = application(Ref::new(id.key), &call.snapshot)?;
            Some((id, provider, application))
        })
        .collect();
    all.sort_by(|(_, a, _), (_, b, _)| a.name.cmp(&b.name));
    page.check(all.len())?;
    let is_outpost = call.user()?.user_type == OUTPOST_ACCOUNT;
    let shown = |(id, provider, application): &(_, &RadiusProvider, &Application)| {
        let clear = is_outpost || call.rights().on(Permission::change(RadiusProvider::META), *id);
        let flow = call.snapshot.get::<Flow>(provider.authorization_flow);
        json!({
            "pk": id.key.to_json(),
            "name": provider.name,
            "application_slug": &*application.slug,
            "auth_flow_slug": flow.map(|flow| flow.slug.to_string()),
            "client_networks": &*provider.client_networks,
            "shared_secret": if clear { provider.shared_secret.expose() } else { Secret::MASK },
            "mfa_support": provider.mfa_support,
        })
    };
    let count = all.len();
    let results = all.iter().skip(page.offset()).take(page.size).map(shown).collect();
    Ok(json(StatusCode::OK, &envelope(page, count, results)))
}

/// An outpost asks with the session of whoever it has just signed in.
async fn check_access(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("RadiusProvider");
    let id = call.param("id").parse::<i64>().map(Key::Int).map_err(|_| not_found())?;
    let provider = call.snapshot.get(Ref::<RadiusProvider>::new(id)).ok_or_else(not_found)?;
    let slug = call.query.get("app_slug").unwrap_or_default();
    let named = call.snapshot.find::<Application>("slug", slug);
    let (reference, _) = named.ok_or_else(|| ApiError::not_found("Application"))?;
    let (cx, user) = (flows.over(&call.cx), call.user()?);
    let policies = cx.policies();
    let decision = policies.application(&cx, &call.request, user, reference, None).await?;
    let (mut passing, mut messages) = (decision.passing, decision.messages);
    let mut encoded = Value::Null;
    // What somebody learns here is what the provider's own application opens to.
    let own = application(Ref::<dyn Provider>::new(id), &call.snapshot);
    if passing && own.is_some_and(|(own, _)| own == reference) {
        match attributes(&cx, &call.request, user, provider).await? {
            Ok(attributes) => {
                let packet = for_outpost(&attributes, &cx.entropy.token(16));
                encoded = STANDARD.encode(packet).into();
            }
            Err(broken) => {
                broken.report(&cx, &call.request, user, provider).await;
                passing = false;
                messages.push("A property mapping of the provider failed.".to_owned());
            }
        }
    }
    let access = json!({"passing": passing, "messages": messages, "log_messages": []});
    Ok(json(StatusCode::OK, &json!({"attributes": encoded, "access": access})))
}
