//! What outposts of the original ask: which providers there are, and whether somebody may enter.

use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_catalogue::application::of_provider;
use countersign_catalogue::outposts::{Attached, asked_access, outpost_list};
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, with};
use countersign_flow::{Flow, Flows};
use countersign_model::{Fields as _, Key, Ref, Secret};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::mapping::attributes;
use crate::provider::RadiusProvider;
use crate::wire::for_outpost;

pub(crate) fn operations(flows: &Flows) -> Vec<Operation> {
    vec![
        outpost_list(
            "radius",
            RadiusProvider::META,
            "RadiusOutpostConfig",
            of_provider,
            Arc::new(|call, attached| Box::pin(std::future::ready(configured(&call, &attached)))),
        ),
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

/// A provider with all that an outpost answers for it by. The shared secret is in clear for outposts
/// and for who may change the provider, else masked, as everywhere.
fn configured(call: &Call, Attached { entry, application }: &Attached) -> Result<Value, ApiError> {
    let Some(provider) = entry.cast::<RadiusProvider>() else { return Ok(Value::Null) };
    let changes = Permission::change(RadiusProvider::META);
    let clear = call.user()?.principal.is_some() || call.rights().on(changes, entry.id);
    let flow = call.snapshot.get::<Flow>(provider.authorization_flow);
    Ok(json!({
        "pk": entry.id.key.to_json(),
        "name": provider.name,
        "application_slug": &*application.slug,
        "auth_flow_slug": flow.map(|flow| flow.slug.to_string()),
        "client_networks": &*provider.client_networks,
        "shared_secret": if clear { provider.shared_secret.expose() } else { Secret::MASK },
        "mfa_support": provider.mfa_support,
    }))
}

/// An outpost asks with the session of whoever it has just signed in.
async fn check_access(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("RadiusProvider");
    let id = call.param("id").parse::<i64>().map(Key::Int).map_err(|_| not_found())?;
    let provider = call.snapshot.get(Ref::<RadiusProvider>::new(id)).ok_or_else(not_found)?;
    let cx = flows.over(&call.cx);
    let (reference, mut decision) = asked_access(cx.policies(), &call).await?;
    let (user, mut encoded) = (call.user()?, Value::Null);
    // What somebody learns here is what the provider's own application opens to.
    let own = id.int().and_then(|number| of_provider(&call.snapshot, number));
    if decision.passing && own.is_some_and(|(own, _)| own == reference) {
        match attributes(&cx, &call.request, user, provider).await? {
            Ok(attributes) => {
                let packet = for_outpost(&attributes, &cx.entropy.token(16));
                encoded = STANDARD.encode(packet).into();
            }
            Err(broken) => {
                broken.report(&cx, &call.request, user, provider).await;
                decision.passing = false;
                decision.messages.push("A property mapping of the provider failed.".to_owned());
            }
        }
    }
    Ok(json(StatusCode::OK, &json!({"attributes": encoded, "access": decision.answer()})))
}
