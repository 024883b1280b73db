use std::collections::BTreeSet;

use serde_json::Value;

use super::{ListedPermission, Permission, permissions};

/// The first 500 of the original's 574, as recorded.
const RECORDED: &str =
    include_str!("../../../../tests/compat/recorded/defaults/rbac__permissions.json");

#[test]
fn permissions_are_those_of_the_original() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let recorded = recorded.pointer("/steps/0/response/body/results").unwrap().as_array().unwrap();
    assert_eq!(recorded.len(), 500);
    for row in recorded {
        let text = |name: &str| row.get(name).unwrap().as_str().unwrap().to_owned();
        let full = format!("{}.{}", text("app_label"), text("codename"));
        let listed = ListedPermission::of(Permission::parse(&full).expect(&full)).unwrap();
        assert_eq!(row.get("id").unwrap(), listed.id, "{full}");
        assert_eq!(text("name"), listed.name, "{full}");
        assert_eq!(text("app_label_verbose"), listed.app_label, "{full}");
        assert_eq!(text("model_verbose"), listed.model_label, "{full}");
        assert!(listed.permission.model().ends_with(&format!(".{}", text("model"))), "{full}");
    }
    // The recording counts 574; seven more are ours.
    assert_eq!(permissions().iter().filter(|listed| listed.id < 10_000).count(), 574);
    assert_eq!(permissions().len(), 581);
    // What comes after the recorded ones is what sorts after them.
    let last = recorded.last().unwrap().get("name").unwrap().as_str().unwrap();
    let before = permissions().iter().filter(|l| l.id < 10_000 && l.name.as_str() <= last).count();
    assert_eq!(before, 500);
}

#[test]
fn every_permission_has_one_number_and_one_name() {
    let numbers: BTreeSet<i64> = permissions().iter().map(|listed| listed.id).collect();
    let names: BTreeSet<String> =
        permissions().iter().map(|listed| listed.permission.to_string()).collect();
    assert_eq!((numbers.len(), names.len()), (permissions().len(), permissions().len()));
    for listed in permissions() {
        assert_eq!(Permission::parse(&listed.permission.to_string()), Some(listed.permission));
    }
}

#[test]
fn the_named_ones_are_in_the_list() {
    for permission in [
        Permission::ACCESS_ADMIN_INTERFACE,
        Permission::ADD_USER_TO_GROUP,
        Permission::ASSIGN_ROLE_PERMISSIONS,
        Permission::ASSIGN_USER_PERMISSIONS,
        Permission::CLEAR_FLOW_CACHE,
        Permission::CLEAR_POLICY_CACHE,
        Permission::DISABLE_GROUP_SUPERUSER,
        Permission::EDIT_SYSTEM_SETTINGS,
        Permission::ENABLE_GROUP_SUPERUSER,
        Permission::EXPORT_FLOW,
        Permission::IMPERSONATE,
        Permission::INSPECT_FLOW,
        Permission::PREVIEW_USER,
        Permission::REMOVE_USER_FROM_GROUP,
        Permission::RESET_USER_PASSWORD,
        Permission::RUN_TASK,
        Permission::SET_TOKEN_KEY,
        Permission::UNASSIGN_ROLE_PERMISSIONS,
        Permission::UNASSIGN_USER_PERMISSIONS,
        Permission::VIEW_CERTIFICATE,
        Permission::VIEW_CERTIFICATE_KEY,
        Permission::VIEW_FLOW_CACHE,
        Permission::VIEW_POLICY_CACHE,
        Permission::VIEW_SYSTEM_INFO,
        Permission::VIEW_SYSTEM_SETTINGS,
        Permission::VIEW_TOKEN_KEY,
        Permission::VIEW_USER_APPLICATIONS,
    ] {
        assert!(ListedPermission::of(permission).is_some(), "{permission}");
    }
}
