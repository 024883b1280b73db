//! Facts about the installation: version, configuration of clients, settings, counts.

use axum::response::Response;
use countersign_rest::{Access, ApiError, Call, Operation, json};
use countersign_store::params;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// The release of the original whose wire this program speaks; clients compare it with their own.
const WIRE_VERSION: &str = "2025.4.0";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "root/config/", "root_config_retrieve", Access::Public, config).response("Config"),
        Operation::new(Method::GET, "admin/version/", "admin_version_retrieve", Access::Authenticated, version).response("Version"),
        Operation::new(Method::GET, "admin/system/", "admin_system_retrieve", Access::Superuser, system).response("SystemInfo"),
        Operation::new(Method::GET, "admin/apps/", "admin_apps_list", Access::Authenticated, |call: Call| list(call, true))
            .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/App"}})),
        Operation::new(Method::GET, "admin/models/", "admin_models_list", Access::Authenticated, |call: Call| list(call, false))
            .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/App"}})),
        Operation::new(Method::GET, "countersign/overview/", "countersign_overview_retrieve", Access::Superuser, overview)
            .summary("Counts and set-up steps for the administrator's first page.")
            .response(json!({"type": "object", "additionalProperties": {}})),
    ]
}

async fn config(call: Call) -> Result<Response, ApiError> {
    let places = countersign_events::Places::of(&call.cx);
    let mut capabilities = vec!["can_save_media"];
    for (capability, has) in [("can_geo_ip", places.is_some_and(|p| p.knows_cities())), ("can_asn", places.is_some_and(|p| p.knows_networks()))] {
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

async fn system(call: Call) -> Result<Response, ApiError> {
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
        "embedded_outpost_disabled": true,
        "embedded_outpost_host": "",
    });
    Ok(json(StatusCode::OK, &body))
}

/// The names event matchers and permission pickers choose from.
async fn list(call: Call, apps: bool) -> Result<Response, ApiError> {
    let mut names: Vec<(String, String)> = call
        .cx
        .modules()
        .iter()
        .flat_map(|m| m.kinds.iter().map(|k| k.def.meta).chain(m.tables.iter().copied()))
        .map(|meta| if apps { (meta.app().replacen('_', ".", 1), meta.app().replacen('_', " ", 1)) } else { (meta.model.to_owned(), meta.title.to_owned()) })
        .collect();
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    let all: Value = names.into_iter().map(|(name, label)| json!({"name": name, "label": label})).collect();
    Ok(json(StatusCode::OK, &all))
}

async fn overview(call: Call) -> Result<Response, ApiError> {
    let day_ago = call.cx.clock.now().plus_seconds(-86_400);
    let row = call
        .cx
        .store
        .read(move |sql| {
            sql.query_one(
                "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM user_group), (SELECT COUNT(*) FROM session), \
                 (SELECT COUNT(*) FROM event WHERE action = 'login' AND created > $1), (SELECT COUNT(*) FROM event WHERE action = 'login_failed' AND created > $1), \
                 (SELECT COUNT(*) FROM event WHERE action = 'authorize_application')",
                params![day_ago],
            )
        })
        .await?;
    let row = row.ok_or_else(|| ApiError::not_found("Overview"))?;
    let count = |space: &'static str| call.snapshot.entries(countersign_model::Space(space)).count();
    let (providers, applications) = (count("provider"), count("application"));
    let (groups, authorizations): (i64, i64) = (row.get(1)?, row.get(5)?);
    // The default installation has one or two groups of its own.
    let step = |key: &str, title: &str, done: bool, link: &str| json!({"key": key, "title": title, "done": done, "link": link});
    Ok(json(
        StatusCode::OK,
        &json!({
            "counts": {"users": row.get::<i64>(0)?, "groups": groups, "sessions": row.get::<i64>(2)?, "applications": applications, "providers": providers,
                       "flows": count("flow"), "stages": count("stage"), "policies": count("policy")},
            "logins_today": row.get::<i64>(3)?,
            "logins_failed_today": row.get::<i64>(4)?,
            "setup": [
                step("groups", "Make groups for your roles", groups > 2, "#/identity/groups"),
                step("provider", "Make a provider", providers > 0, "#/core/providers"),
                step("application", "Make an application", applications > 0, "#/core/applications"),
                step("sign-in", "Sign in to an application", authorizations > 0, "#/core/applications"),
            ],
            "revision": call.snapshot.revision(),
            "version": call.cx.settings.version,
            "base_url": call.cx.settings.base_url,
            "origin": call.cx.origin(&call.request),
        }),
    ))
}
