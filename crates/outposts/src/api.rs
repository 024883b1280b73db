//! The API beside the generic resources: what is to be said of an outpost that is no field of it.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json};
use countersign_directory::WIRE_VERSION;
use countersign_model::{Family, Fields as _};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::config::defaults;
use crate::connection::ServiceConnection;
use crate::health::{self, Instance};
use crate::outpost::Outpost;

pub(crate) fn operations() -> Vec<Operation> {
    let view = || Access::on(Permission::view(Outpost::META));
    let connection = Access::on(Permission::view(<dyn ServiceConnection as Family>::META));
    vec![
        Operation::new(
            Method::GET,
            "outposts/instances/{uuid}/health/",
            "outposts_instances_health_list",
            view(),
            health_list,
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/OutpostHealth"}})),
        Operation::new(
            Method::GET,
            "outposts/instances/default_settings/",
            "outposts_instances_default_settings_retrieve",
            Access::authenticated(),
            |call: Call| async move {
                let host = call.cx.origin(&call.request) + "/";
                Ok(json(StatusCode::OK, &json!({"config": defaults(&host)})))
            },
        )
        .response("OutpostDefaultConfig"),
        Operation::new(
            Method::GET,
            "outposts/service_connections/all/{uuid}/state/",
            "outposts_service_connections_all_state_retrieve",
            connection,
            |_: Call| async move {
                let state = json!({
                    "healthy": false,
                    "version": "",
                    "message": "This server starts no containers. The page of an outpost has the text to start it with.",
                });
                Ok(json(StatusCode::OK, &state))
            },
        )
        .response("ServiceConnectionState"),
    ]
}

/// The outpost that the path names.
pub(crate) fn named(call: &Call) -> Result<Uuid, ApiError> {
    let uuid = call.entry()?.id.key.uuid();
    uuid.ok_or_else(|| ApiError::not_found("Outpost"))
}

async fn health_list(call: Call) -> Result<Response, ApiError> {
    let now = call.cx.clock.now();
    let all = health::instances(&call.cx, named(&call)?).await?;
    let live = all.iter().filter(|(_, instance)| instance.is_live(now));
    Ok(json(StatusCode::OK, &live.map(|(name, instance)| entry(name, instance)).collect()))
}

/// A program as the API answers it.
pub(crate) fn entry(name: &str, instance: &Instance) -> Value {
    let Instance { hello, .. } = instance;
    json!({
        "uid": name,
        "last_seen": instance.seen().iso(),
        "version": hello.version,
        "version_should": WIRE_VERSION,
        "version_outdated": is_older(&hello.version, WIRE_VERSION),
        "build_hash": hello.build_hash,
        "build_hash_should": "",
        "golang_version": hello.golang_version,
        "openssl_enabled": hello.openssl_enabled,
        "openssl_version": hello.openssl_version,
        "fips_enabled": null,
        "hostname": hello.hostname,
    })
}

/// Whether a version is below another. One that cannot be read is not.
fn is_older(version: &str, than: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u32>> {
        let numbers = text.split(['-', '+']).next()?.split('.').map(str::parse);
        numbers.collect::<Result<_, _>>().ok()
    };
    numbers(version).zip(numbers(than)).is_some_and(|(version, than)| version < than)
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Outpost",
            object_schema(&[
                ("providers_obj", "[#Provider]"),
                ("service_connection_obj", "#ServiceConnection?"),
                ("refresh_interval_s", "integer"),
                ("token_identifier", "string"),
            ]),
        ),
        (
            "OutpostHealth",
            object_schema(&[
                ("uid", "string"),
                ("last_seen", "time"),
                ("version", "string"),
                ("version_should", "string"),
                ("version_outdated", "boolean"),
                ("build_hash", "string"),
                ("build_hash_should", "string"),
                ("golang_version", "string"),
                ("openssl_enabled", "boolean"),
                ("openssl_version", "string"),
                ("fips_enabled", "boolean?"),
                ("hostname", "string"),
            ]),
        ),
        ("OutpostDefaultConfig", object_schema(&[("config", "map")])),
        (
            "ServiceConnectionState",
            object_schema(&[("healthy", "boolean"), ("version", "string"), ("message", "string")]),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, older) in [
            ("2025.4.0", false),
            ("2025.2.4", true),
            ("2024.12.5", true),
            ("2025.10.1", false),
            ("2025.4.0-rc1", false),
            ("", false),
            ("next", false),
        ] {
            assert_eq!(is_older(version, "2025.4.0"), older, "{version}");
        }
    }
}
