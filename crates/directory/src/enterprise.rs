//! `enterprise/`: what clients of the original ask about its licence. Nothing here needs one.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Page, Permission, envelope, json};
use countersign_model::{Problem, Timestamp};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json as value};

const LICENSE: &str = "authentik_enterprise.license";
const ITEM: &str = "enterprise/license/{license_uuid}/";

fn needs(verb: &'static str) -> Access {
    Access::global(Permission::on(LICENSE, verb))
}

pub(crate) fn operations() -> Vec<Operation> {
    let path = "enterprise/license/";
    let one = |method: Method, what: &str, verb| {
        Operation::new(method, ITEM, format!("enterprise_license_{what}"), needs(verb), none)
    };
    let numbers = |name: &str, what: &str, access, schema: &str, answer: fn(Call) -> Value| {
        let path = format!("{path}{name}/");
        let id = format!("enterprise_license_{what}_retrieve");
        let handler = move |call: Call| async move { Ok(json(StatusCode::OK, &answer(call))) };
        Operation::new(Method::GET, path, id, access, handler).response(schema)
    };
    vec![
        Operation::new(Method::GET, path, "enterprise_license_list", needs("view"), list)
            .pages_of("License"),
        Operation::new(Method::POST, path, "enterprise_license_create", needs("add"), install)
            .request("LicenseRequest")
            .response("License"),
        one(Method::GET, "retrieve", "view").response("License"),
        one(Method::PUT, "update", "change").request("LicenseRequest").response("License"),
        one(Method::PATCH, "partial_update", "change")
            .request("PatchedLicenseRequest")
            .response("License"),
        one(Method::DELETE, "destroy", "delete"),
        Operation::new(
            Method::GET,
            format!("{ITEM}used_by/"),
            "enterprise_license_used_by_list",
            needs("view"),
            none,
        )
        .response(value!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
        numbers("forecast", "forecast", needs("view"), "LicenseForecast", |_| {
            value!({
                "internal_users": 0, "external_users": 0,
                "forecasted_internal_users": 0, "forecasted_external_users": 0,
            })
        }),
        numbers(
            "install_id",
            "install_id",
            needs("view"),
            "InstallID",
            |call| value!({"install_id": call.cx.install_id}),
        ),
        numbers("summary", "summary", Access::authenticated(), "LicenseSummary", |_| {
            value!({
                "internal_users": 0, "external_users": 0, "status": "unlicensed",
                "latest_valid": Timestamp(0).iso(), "license_flags": [],
            })
        })
        .parameter("cached", value!({"type": "boolean"})),
    ]
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, 1000)?;
    page.check(0)?;
    Ok(json(StatusCode::OK, &envelope(page, 0, Vec::new())))
}

async fn none(_: Call) -> Result<Response, ApiError> {
    Err(ApiError::not_found("License"))
}

async fn install(_: Call) -> Result<Response, ApiError> {
    let text = "No licence is needed: everything that this server can do may be used.";
    Err(ApiError::field("key", Problem::new("not_needed", text)))
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let key = || object_schema(&[("key", "string")]);
    let page = object_schema(&[("pagination", "#Pagination"), ("results", "[#License]")]);
    let enumeration = |words: &[&str]| value!({"type": "string", "enum": words});
    vec![
        (
            "License",
            object_schema(&[
                ("license_uuid", "uuid"),
                ("name", "string"),
                ("key", "string"),
                ("expiry", "time"),
                ("internal_users", "integer"),
                ("external_users", "integer"),
            ]),
        ),
        ("PaginatedLicenseList", page),
        ("LicenseRequest", key()),
        ("PatchedLicenseRequest", object_schema(&[("key?", "string")])),
        (
            "LicenseForecast",
            object_schema(&[
                ("internal_users", "integer"),
                ("external_users", "integer"),
                ("forecasted_internal_users", "integer"),
                ("forecasted_external_users", "integer"),
            ]),
        ),
        ("InstallID", object_schema(&[("install_id", "string")])),
        (
            "LicenseSummary",
            object_schema(&[
                ("internal_users", "integer"),
                ("external_users", "integer"),
                ("status", "#LicenseSummaryStatusEnum"),
                ("latest_valid", "time"),
                ("license_flags", "[#LicenseFlagsEnum]"),
            ]),
        ),
        (
            "LicenseSummaryStatusEnum",
            enumeration(&[
                "unlicensed",
                "valid",
                "expired",
                "expiry_soon",
                "limit_exceeded_admin",
                "limit_exceeded_user",
                "read_only",
            ]),
        ),
        ("LicenseFlagsEnum", enumeration(&["trial", "non_production"])),
    ]
}
