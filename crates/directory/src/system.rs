//! Facts about the installation: version, configuration of clients, settings, counts.

use std::sync::{Arc, LazyLock};

use axum::response::Response;
use countersign_core::{Access, ApiError, BoxFuture, Call, Operation, Permission, json, with};
use countersign_events::Places;
use countersign_model::{ChoiceMeta, Names, Space, Timestamp};
use countersign_store::params;

use crate::settings::SystemSettings;
use crate::user_actions::login_metrics;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// What the sign-ins of everybody are counted from.
const VIEW_EVENTS: Permission = Permission::on("authentik_events.event", "view");

/// The release of the original whose wire this program speaks; clients compare it with their own.
pub const WIRE_VERSION: &str = "2025.4.0";

pub(crate) fn operations(places: &Arc<Places>) -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "root/config/",
            "root_config_retrieve",
            Access::public(),
            with(places, config),
        )
        .response("Config"),
        Operation::new(
            Method::GET,
            "admin/version/",
            "admin_version_retrieve",
            Access::authenticated(),
            version,
        )
        .response("Version"),
        Operation::new(
            Method::GET,
            "admin/system/",
            "admin_system_retrieve",
            Access::global(Permission::VIEW_SYSTEM_INFO),
            system,
        )
        .response("SystemInfo"),
        // The original checks its cache by this; there is nothing to check here.
        Operation::new(
            Method::POST,
            "admin/system/",
            "admin_system_create",
            Access::global(Permission::VIEW_SYSTEM_INFO),
            system,
        )
        .response("SystemInfo"),
        Operation::new(
            Method::GET,
            "admin/metrics/",
            "admin_metrics_retrieve",
            Access::global(VIEW_EVENTS),
            metrics,
        )
        .response("LoginMetrics"),
        Operation::new(
            Method::GET,
            "admin/workers/",
            "admin_workers_list",
            Access::global(Permission::VIEW_SYSTEM_INFO),
            workers,
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/Worker"}})),
        Operation::new(
            Method::GET,
            "admin/version/history/",
            "admin_version_history_list",
            Access::global(Permission::VIEW_SYSTEM_INFO),
            |call: Call| async move { Ok(json(StatusCode::OK, &json!([release(&call).await?]))) },
        )
        .response(
            json!({"type": "array", "items": {"$ref": "#/components/schemas/VersionHistory"}}),
        ),
        Operation::new(
            Method::GET,
            "admin/version/history/{id}/",
            "admin_version_history_retrieve",
            Access::global(Permission::VIEW_SYSTEM_INFO),
            |call: Call| async move {
                if call.param("id") == "1" {
                    Ok(json(StatusCode::OK, &release(&call).await?))
                } else {
                    Err(ApiError::not_found("VersionHistory"))
                }
            },
        )
        .response("VersionHistory"),
        Operation::new(
            Method::GET,
            "admin/apps/",
            "admin_apps_list",
            Access::authenticated(),
            |_call: Call| names(APPS),
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/App"}})),
        Operation::new(
            Method::GET,
            "admin/models/",
            "admin_models_list",
            Access::authenticated(),
            |_call: Call| names(MODELS),
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/App"}})),
    ]
}

async fn config(places: Arc<Places>, call: Call) -> Result<Response, ApiError> {
    let mut capabilities: Vec<&str> = Vec::new();
    let impersonation = SystemSettings::of(&call.snapshot).impersonation;
    for (capability, has) in [
        ("can_save_media", true),
        ("can_impersonate", impersonation),
        ("can_geo_ip", places.knows_cities()),
        ("can_asn", places.knows_networks()),
    ] {
        capabilities.extend(has.then_some(capability));
    }
    let body = json!({
        "error_reporting": {"enabled": false, "sentry_dsn": "", "environment": "customer", "send_pii": false, "traces_sample_rate": 0.0},
        "capabilities": capabilities,
        "cache_timeout": 300,
        "cache_timeout_flows": 300,
        "cache_timeout_policies": 300,
        "cache_timeout_reputation": 0,
    });
    Ok(json(StatusCode::OK, &body))
}

async fn version(call: Call) -> Result<Response, ApiError> {
    let body = json!({
        "version_current": WIRE_VERSION,
        "version_latest": WIRE_VERSION,
        "version_latest_valid": false,
        "build_hash": call.cx.settings.version,
        "outdated": false,
        "outpost_outdated": false,
    });
    Ok(json(StatusCode::OK, &body))
}

/// What marks the outpost that runs inside this server.
const EMBEDDED: &str = "goauthentik.io/outposts/embedded";

async fn system(call: Call) -> Result<Response, ApiError> {
    let mut outposts = call.snapshot.entries(Space("outpost"));
    let embedded = outposts.find(|entry| entry.object.value("managed") == Some(EMBEDDED.into()));
    // The address that its applications use: as it says, else as is known.
    let said = embedded.and_then(|entry| {
        let config = entry.object.value("config")?;
        let host = config.get("authentik_host")?.as_str()?;
        (!host.is_empty()).then(|| host.to_owned())
    });
    let host = match said {
        Some(host) => host,
        None => call.cx.known_address().await?.unwrap_or_default(),
    };
    let body = json!({
        "http_headers": {},
        "http_host": call.request.host,
        "http_is_secure": call.request.secure(),
        "runtime": {
            "python_version": "", "environment": "countersign", "architecture": std::env::consts::ARCH, "platform": std::env::consts::OS,
            "uname": "", "openssl_version": "aws-lc", "openssl_fips_enabled": null, "authentik_version": WIRE_VERSION,
        },
        "brand": call.cx.brand_reference(&call.request).and_then(|b| b.get("name").cloned()).unwrap_or_default(),
        "server_time": call.cx.clock.now().iso(),
        "embedded_outpost_disabled": embedded.is_none(),
        "embedded_outpost_host": host,
    });
    Ok(json(StatusCode::OK, &body))
}

/// The original's names of its parts and of kinds of objects, each with its label: what event
/// matchers and permissions choose from, also where a part is not here yet.
const APPS: &str = include_str!("apps.txt");
const MODELS: &str = include_str!("models.txt");

/// The original's parts, as choices.
pub struct Apps;
/// The original's kinds of objects, as choices.
pub struct Models;

fn choices(list: &'static str) -> Vec<ChoiceMeta> {
    list.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(value, label)| ChoiceMeta::new(value, label))
        .collect()
}

impl Names for Apps {
    fn choices() -> &'static [ChoiceMeta] {
        static CHOICES: LazyLock<Vec<ChoiceMeta>> = LazyLock::new(|| choices(APPS));
        &CHOICES
    }
}

impl Names for Models {
    fn choices() -> &'static [ChoiceMeta] {
        static CHOICES: LazyLock<Vec<ChoiceMeta>> = LazyLock::new(|| choices(MODELS));
        &CHOICES
    }
}

/// The names of the original's parts, and of its kinds of objects.
pub(crate) fn enumerations() -> [(&'static str, Value); 2] {
    [("AppEnum", Apps::choices()), ("ModelEnum", Models::choices())].map(|(name, choices)| {
        let names: Vec<&str> = choices.iter().map(|choice| choice.value).collect();
        (name, json!({"type": "string", "enum": names}))
    })
}

async fn names(list: &'static str) -> Result<Response, ApiError> {
    let named = list.lines().filter_map(|line| line.split_once(' '));
    Ok(json(
        StatusCode::OK,
        &named.map(|(name, label)| json!({"name": name, "label": label})).collect(),
    ))
}

/// Sign-ins of everybody over the last week.
async fn metrics(call: Call) -> Result<Response, ApiError> {
    Ok(json(StatusCode::OK, &login_metrics(&call, None).await?))
}

/// The processes that do jobs. Each is of this program, and of its version.
async fn workers(_call: Call) -> Result<Response, ApiError> {
    Ok(json(
        StatusCode::OK,
        &json!([{"worker_id": "countersign", "version": WIRE_VERSION, "version_matching": true}]),
    ))
}

/// Since when this release runs here.
fn release(call: &Call) -> BoxFuture<Result<Value, ApiError>> {
    let cx = call.cx.clone();
    Box::pin(async move {
        let row =
            cx.store.read(|sql| sql.query_one("SELECT MIN(joined) FROM users", params![])).await?;
        let since = row
            .and_then(|row| row.get::<Option<Timestamp>>(0).ok().flatten())
            .unwrap_or_else(|| cx.clock.now());
        Ok(
            json!({"id": 1, "timestamp": since.iso(), "version": WIRE_VERSION, "build": cx.settings.version}),
        )
    })
}
