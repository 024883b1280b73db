//! What the document says of `rbac/`.

use countersign_rest::object_schema;
use serde_json::Value;

/// Components of the document.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let on_object = [
        ("id", "integer"),
        ("codename", "string"),
        ("model", "string"),
        ("app_label", "string"),
        ("object_pk", "string"),
        ("name", "string"),
    ];
    let verbose = [
        ("app_label_verbose", "string"),
        ("model_verbose", "string"),
        ("object_description", "string?"),
    ];
    let extra = [on_object.as_slice(), &verbose].concat();
    let moved = || object_schema(&[("object_pk", "string")]);
    let patched = || object_schema(&[("object_pk?", "string")]);
    let page = |of: &str| object_schema(&[("pagination", "#Pagination"), ("results", of)]);
    let assigned_user = [
        ("pk", "integer"),
        ("username", "string"),
        ("name", "string"),
        ("is_active?", "boolean"),
        ("last_login?", "time?"),
        ("email?", "string"),
        ("attributes?", "map"),
        ("uid", "string"),
        ("permissions", "[#UserObjectPermission]"),
        ("is_superuser", "boolean"),
    ];
    vec![
        (
            "Permission",
            object_schema(&[
                ("id", "integer"),
                ("name", "string"),
                ("codename", "string"),
                ("model", "string"),
                ("app_label", "string"),
                ("app_label_verbose", "string"),
                ("model_verbose", "string"),
            ]),
        ),
        ("PaginatedPermissionList", page("[#Permission]")),
        (
            "PermissionAssignRequest",
            object_schema(&[
                ("permissions", "[string]"),
                ("model?", "#ModelEnum"),
                ("object_pk?", "string"),
            ]),
        ),
        (
            "PatchedPermissionAssignRequest",
            object_schema(&[
                ("permissions?", "[string]"),
                ("model?", "#ModelEnum"),
                ("object_pk?", "string"),
            ]),
        ),
        ("PermissionAssignResult", object_schema(&[("id", "string")])),
        ("RoleObjectPermission", object_schema(&on_object)),
        ("UserObjectPermission", object_schema(&on_object)),
        (
            "RoleAssignedObjectPermission",
            object_schema(&[
                ("role_pk", "string"),
                ("name", "string"),
                ("permissions", "[#RoleObjectPermission]"),
            ]),
        ),
        ("PaginatedRoleAssignedObjectPermissionList", page("[#RoleAssignedObjectPermission]")),
        ("UserAssignedObjectPermission", object_schema(&assigned_user)),
        ("PaginatedUserAssignedObjectPermissionList", page("[#UserAssignedObjectPermission]")),
        ("ExtraRoleObjectPermission", object_schema(&extra)),
        ("PaginatedExtraRoleObjectPermissionList", page("[#ExtraRoleObjectPermission]")),
        ("ExtraUserObjectPermission", object_schema(&extra)),
        ("PaginatedExtraUserObjectPermissionList", page("[#ExtraUserObjectPermission]")),
        ("ExtraRoleObjectPermissionRequest", moved()),
        ("ExtraUserObjectPermissionRequest", moved()),
        ("PatchedExtraRoleObjectPermissionRequest", patched()),
        ("PatchedExtraUserObjectPermissionRequest", patched()),
        ("InitialPermissions", object_schema(&[("permissions_obj", "[#Permission]")])),
    ]
}
