//! What the page of an outpost shows: which programs were seen, and the texts to start one.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json};
use countersign_directory::WIRE_VERSION;
use countersign_model::{ChoiceValue as _, Fields as _, Ref};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{entry, named};
use crate::deployment::{Facts, TOKEN, Text, object_name};
use crate::health;
use crate::outpost::{Outpost, token_identifier};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "countersign/outposts/{uuid}/",
            "countersign_outposts_retrieve",
            Access::on(Permission::view(Outpost::META)),
            sheet,
        )
        .summary("What the page of an outpost shows")
        .response("OutpostSheet"),
    ]
}

async fn sheet(call: Call) -> Result<Response, ApiError> {
    let uuid = named(&call)?;
    let outpost = call.snapshot.get(Ref::<Outpost>::new(uuid.into()));
    let outpost = outpost.ok_or_else(|| ApiError::not_found("Outpost"))?;
    let now = call.cx.clock.now();
    let mut instances: Vec<_> = health::instances(&call.cx, uuid).await?.into_iter().collect();
    instances.sort_by_key(|(_, instance)| std::cmp::Reverse(instance.last_seen));
    let instances: Value = instances
        .iter()
        .map(|(name, instance)| {
            let mut shown = entry(name, instance);
            if let Value::Object(map) = &mut shown {
                map.insert("is_live".to_owned(), instance.is_live(now).into());
            }
            shown
        })
        .collect();
    let known = call.cx.known_address().await?;
    let host = match (outpost.config.host(), known) {
        (Some(host), _) => host.to_owned(),
        (None, Some(known)) => known + "/",
        (None, None) => call.cx.origin(&call.request) + "/",
    };
    let config = &outpost.config;
    let kind = outpost.r#type.value();
    let image = config.image().map_or_else(
        || format!("ghcr.io/goauthentik/{kind}:{WIRE_VERSION}"),
        |image| image.replace("%(type)s", kind).replace("%(version)s", WIRE_VERSION),
    );
    let facts = Facts {
        kind: outpost.r#type,
        name: object_name(&config.object_name(&outpost.name, &uuid.simple().to_string())),
        image,
        host: &host,
        browser_host: config.browser_host(),
        insecure: config.insecure(),
        namespace: config.namespace(),
        replicas: config.replicas(),
    };
    // The one inside is there already.
    let texts = if outpost.is_embedded() { Vec::new() } else { facts.texts() };
    let text =
        |Text { label, file, text }: &Text| json!({"label": label, "file": file, "text": text});
    let body = json!({
        "embedded": outpost.is_embedded(),
        "host": host,
        "version": WIRE_VERSION,
        "token_identifier": token_identifier(uuid),
        "token_mark": TOKEN,
        "instances": instances,
        "deployments": texts.iter().map(text).collect::<Value>(),
    });
    Ok(json(StatusCode::OK, &body))
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "OutpostSheet",
            object_schema(&[
                ("embedded", "boolean"),
                ("host", "string"),
                ("version", "string"),
                ("token_identifier", "string"),
                ("token_mark", "string"),
                ("instances", "[#OutpostInstance]"),
                ("deployments", "[#OutpostDeployment]"),
            ]),
        ),
        (
            "OutpostInstance",
            object_schema(&[
                ("uid", "string"),
                ("last_seen", "time"),
                ("version", "string"),
                ("version_should", "string"),
                ("version_outdated", "boolean"),
                ("hostname", "string"),
                ("is_live", "boolean"),
            ]),
        ),
        (
            "OutpostDeployment",
            object_schema(&[("label", "string"), ("file", "string"), ("text", "string")]),
        ),
    ]
}
