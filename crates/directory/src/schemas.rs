//! What the API's document says of answers beyond the declared fields.

use countersign_rest::object_schema;
use serde_json::{Value, json};

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let group = [
        ("pk", "uuid"),
        ("num_pk", "integer"),
        ("name", "string"),
        ("is_superuser?", "boolean"),
        ("parent?", "uuid?"),
        ("parent_name", "string?"),
        ("attributes?", "map"),
    ];
    vec![
        (
            "User",
            object_schema(&[
                ("date_joined", "time"),
                ("is_superuser", "boolean"),
                ("groups_obj", "[#UserGroup]?"),
                ("avatar", "string"),
                ("uid", "string"),
                ("uuid", "uuid"),
                ("password_change_date", "time"),
                ("has_usable_password", "boolean"),
            ]),
        ),
        ("UserGroup", object_schema(&group)),
        (
            "Group",
            object_schema(&[
                ("num_pk", "integer"),
                ("parent_name", "string?"),
                ("users_obj", "[#GroupMember]?"),
                ("roles_obj", "[any]"),
            ]),
        ),
        (
            "GroupMember",
            object_schema(&[
                ("pk", "integer"),
                ("username", "string"),
                ("name", "string"),
                ("is_active?", "boolean"),
                ("last_login?", "time?"),
                ("email?", "string"),
                ("attributes?", "map"),
                ("uid", "string"),
            ]),
        ),
        ("Token", object_schema(&[("user_obj", "#User")])),
        (
            "UserSelf",
            object_schema(&[
                ("pk", "integer"),
                ("username", "string"),
                ("name", "string"),
                ("is_active", "boolean"),
                ("is_superuser", "boolean"),
                ("groups", "[#UserSelfGroups]"),
                ("email", "string"),
                ("avatar", "string"),
                ("uid", "string"),
                ("settings", "map"),
                ("type", "#UserTypeEnum"),
                ("system_permissions", "[string]"),
            ]),
        ),
        (
            "UserTypeEnum",
            json!({"type": "string", "enum": ["internal", "external", "service_account", "internal_service_account"]}),
        ),
        (
            "CapabilitiesEnum",
            json!({"type": "string", "enum": ["can_save_media", "can_geo_ip", "can_asn", "can_impersonate", "can_debug", "is_enterprise"]}),
        ),
        ("UserSelfGroups", object_schema(&[("name", "string"), ("pk", "string")])),
        (
            "SessionUser",
            object_schema(&[
                ("user", "#UserSelf"),
                ("original?", "#UserSelf"),
                ("groups_obj?", "[#UserGroup]"),
            ]),
        ),
        ("ImpersonationRequest", object_schema(&[("reason", "string")])),
        ("UserAccountRequest", object_schema(&[("pk", "integer")])),
        (
            "UserPasswordSetRequest",
            object_schema(&[("password", "string"), ("revoke_tokens?", "boolean")]),
        ),
        ("UserPath", object_schema(&[("paths", "[string]")])),
        ("Coordinate", object_schema(&[("x_cord", "integer"), ("y_cord", "integer")])),
        (
            "EventTopPerUser",
            object_schema(&[
                ("application", "map"),
                ("counted_events", "integer"),
                ("unique_users", "integer"),
            ]),
        ),
        (
            "UserMetrics",
            object_schema(&[
                ("logins", "[#Coordinate]"),
                ("logins_failed", "[#Coordinate]"),
                ("authorizations", "[#Coordinate]"),
            ]),
        ),
        (
            "LoginMetrics",
            object_schema(&[
                ("logins", "[#Coordinate]"),
                ("logins_failed", "[#Coordinate]"),
                ("authorizations", "[#Coordinate]"),
            ]),
        ),
        (
            "Worker",
            object_schema(&[
                ("worker_id", "string"),
                ("version", "string"),
                ("version_matching", "boolean"),
            ]),
        ),
        (
            "VersionHistory",
            object_schema(&[
                ("id", "integer"),
                ("timestamp", "time"),
                ("version", "string"),
                ("build", "string"),
            ]),
        ),
        (
            "UserServiceAccountRequest",
            object_schema(&[
                ("name", "string"),
                ("create_group?", "boolean"),
                ("expiring?", "boolean"),
                ("expires?", "time"),
            ]),
        ),
        (
            "UserServiceAccountResponse",
            object_schema(&[
                ("username", "string"),
                ("token", "string"),
                ("user_uid", "string"),
                ("user_pk", "integer"),
                ("group_pk?", "string"),
            ]),
        ),
        ("TokenView", object_schema(&[("key", "string")])),
        ("TokenSetKeyRequest", object_schema(&[("key", "string")])),
        ("Link", object_schema(&[("link", "string")])),
        ("App", object_schema(&[("name", "string"), ("label", "string")])),
        (
            "ErrorReportingConfig",
            object_schema(&[
                ("enabled", "boolean"),
                ("sentry_dsn", "string"),
                ("environment", "string"),
                ("send_pii", "boolean"),
                ("traces_sample_rate", "number"),
            ]),
        ),
        (
            "Config",
            object_schema(&[
                ("error_reporting", "#ErrorReportingConfig"),
                ("capabilities", "[#CapabilitiesEnum]"),
                ("cache_timeout", "integer"),
                ("cache_timeout_flows", "integer"),
                ("cache_timeout_policies", "integer"),
                ("cache_timeout_reputation", "integer"),
            ]),
        ),
        (
            "Version",
            object_schema(&[
                ("version_current", "string"),
                ("version_latest", "string"),
                ("version_latest_valid", "boolean"),
                ("build_hash", "string"),
                ("outdated", "boolean"),
                ("outpost_outdated", "boolean"),
            ]),
        ),
        (
            "SystemInfo",
            object_schema(&[
                ("http_headers", "map"),
                ("http_host", "string"),
                ("http_is_secure", "boolean"),
                ("runtime", "map"),
                ("brand", "string"),
                ("server_time", "time"),
                ("embedded_outpost_disabled", "boolean"),
                ("embedded_outpost_host", "string"),
            ]),
        ),
        (
            "AuthenticatedSession",
            object_schema(&[
                ("uuid?", "uuid"),
                ("current", "boolean"),
                ("user_agent", "map"),
                ("geo_ip", "map?"),
                ("asn", "map?"),
            ]),
        ),
        ("UserConsent", object_schema(&[("user", "#User"), ("application", "#Application")])),
    ]
}
