//! Permissions: the original's names of what may be done to objects of a model.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use countersign_model::KindMeta;

/// The permissions of the original by model, with the numbers its API names them by; at the end of
/// a model the ones beyond add, change, delete and view. Numbers above 10000 are ours.
const LISTED: &str = include_str!("permissions.txt");

/// The right to do one thing to objects of a model, as `authentik_core.view_user`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// `app_label.model`.
    model: &'static str,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum What {
    /// Followed by the name of the model.
    Verb(&'static str),
    Named(&'static str),
}

impl Permission {
    pub const ACCESS_ADMIN_INTERFACE: Permission = system("access_admin_interface");
    pub const ADD_USER_TO_GROUP: Permission = named("authentik_core.group", "add_user_to_group");
    pub const ASSIGN_ROLE_PERMISSIONS: Permission =
        named("authentik_rbac.role", "assign_role_permissions");
    pub const ASSIGN_USER_PERMISSIONS: Permission =
        named("authentik_core.user", "assign_user_permissions");
    pub const CLEAR_FLOW_CACHE: Permission = named("authentik_flows.flow", "clear_flow_cache");
    pub const CLEAR_POLICY_CACHE: Permission =
        named("authentik_policies.policy", "clear_policy_cache");
    pub const DISABLE_GROUP_SUPERUSER: Permission =
        named("authentik_core.group", "disable_group_superuser");
    pub const EDIT_SYSTEM_SETTINGS: Permission = system("edit_system_settings");
    pub const ENABLE_GROUP_SUPERUSER: Permission =
        named("authentik_core.group", "enable_group_superuser");
    pub const EXPORT_FLOW: Permission = named("authentik_flows.flow", "export_flow");
    pub const IMPERSONATE: Permission = named("authentik_core.user", "impersonate");
    pub const INSPECT_FLOW: Permission = named("authentik_flows.flow", "inspect_flow");
    pub const PREVIEW_USER: Permission = named("authentik_core.user", "preview_user");
    pub const REMOVE_USER_FROM_GROUP: Permission =
        named("authentik_core.group", "remove_user_from_group");
    pub const RESET_USER_PASSWORD: Permission = named("authentik_core.user", "reset_user_password");
    pub const RUN_TASK: Permission = named("authentik_events.systemtask", "run_task");
    pub const SEARCH_FULL_DIRECTORY: Permission =
        named("authentik_providers_ldap.ldapprovider", "search_full_directory");
    pub const SET_TOKEN_KEY: Permission = named("authentik_core.token", "set_token_key");
    pub const UNASSIGN_ROLE_PERMISSIONS: Permission =
        named("authentik_rbac.role", "unassign_role_permissions");
    pub const UNASSIGN_USER_PERMISSIONS: Permission =
        named("authentik_core.user", "unassign_user_permissions");
    pub const VIEW_CERTIFICATE: Permission =
        named("authentik_crypto.certificatekeypair", "view_certificatekeypair_certificate");
    pub const VIEW_CERTIFICATE_KEY: Permission =
        named("authentik_crypto.certificatekeypair", "view_certificatekeypair_key");
    pub const VIEW_FLOW_CACHE: Permission = named("authentik_flows.flow", "view_flow_cache");
    pub const VIEW_POLICY_CACHE: Permission =
        named("authentik_policies.policy", "view_policy_cache");
    pub const VIEW_SYSTEM_INFO: Permission = system("view_system_info");
    pub const VIEW_SYSTEM_SETTINGS: Permission = system("view_system_settings");
    pub const VIEW_TOKEN_KEY: Permission = named("authentik_core.token", "view_token_key");
    pub const VIEW_USER_APPLICATIONS: Permission =
        named("authentik_core.user", "view_user_applications");

    pub const fn add(meta: &KindMeta) -> Permission {
        verb(meta, "add")
    }

    pub const fn change(meta: &KindMeta) -> Permission {
        verb(meta, "change")
    }

    pub const fn delete(meta: &KindMeta) -> Permission {
        verb(meta, "delete")
    }

    pub const fn view(meta: &KindMeta) -> Permission {
        verb(meta, "view")
    }

    /// One of a model that another crate declares.
    pub const fn on(model: &'static str, verb: &'static str) -> Permission {
        Permission { model, what: What::Verb(verb) }
    }

    /// The same on objects of another model, as of a member of a family.
    #[must_use]
    pub const fn of(self, meta: &KindMeta) -> Permission {
        Permission { model: meta.model, what: self.what }
    }

    /// Reads `app_label.codename`; `None` when there is no such permission.
    pub fn parse(text: &str) -> Option<Permission> {
        Some(CATALOGUE.by_name.get(text).and_then(|place| CATALOGUE.all.get(*place))?.permission)
    }

    /// Whether the owner of a row has it without being given it.
    pub(super) fn is_owners(self) -> bool {
        matches!(self.what, What::Verb(_)) || self == Permission::VIEW_TOKEN_KEY
    }

    /// `app_label.model`.
    pub const fn model(self) -> &'static str {
        self.model
    }

    pub fn app(self) -> &'static str {
        self.model.split_once('.').map_or("", |(app, _)| app)
    }

    pub fn codename(self) -> String {
        match self.what {
            What::Named(name) => name.to_owned(),
            What::Verb(verb) => {
                format!("{verb}_{}", self.model.split_once('.').map_or("", |(_, model)| model))
            }
        }
    }

    /// What `effective` calls it: the verb alone, or the name.
    pub const fn verb(self) -> &'static str {
        match self.what {
            What::Verb(name) | What::Named(name) => name,
        }
    }
}

const fn named(model: &'static str, name: &'static str) -> Permission {
    Permission { model, what: What::Named(name) }
}

const fn system(name: &'static str) -> Permission {
    named("authentik_rbac.systempermission", name)
}

const fn verb(meta: &KindMeta, verb: &'static str) -> Permission {
    Permission { model: meta.model, what: What::Verb(verb) }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.app(), self.codename())
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A permission as the API lists it.
#[derive(Debug)]
pub struct ListedPermission {
    pub id: i64,
    pub permission: Permission,
    /// As `Can view User`.
    pub name: String,
    pub app_label: &'static str,
    pub model_label: &'static str,
}

struct Catalogue {
    /// By name, as the API lists them.
    all: Vec<ListedPermission>,
    by_name: HashMap<String, usize>,
    by_id: HashMap<i64, usize>,
    by_permission: HashMap<Permission, usize>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut all = Vec::new();
    let (mut model, mut app_label, mut model_label) = ("", "", "");
    for line in LISTED.lines() {
        let parts: Vec<&str> = line.split('|').collect();
        match *parts.as_slice() {
            [id, codename, name] => {
                let id = id.trim_start_matches('+').parse().unwrap_or_default();
                let permission = named(model, codename);
                let name = name.to_owned();
                all.push(ListedPermission { id, permission, name, app_label, model_label });
            }
            [of, app, label, first, verbs] => {
                (model, app_label, model_label) = (of, app, label);
                let first: i64 = first.parse().unwrap_or_default();
                for (id, verb) in (first..).zip(verbs.split_whitespace()) {
                    let permission = Permission::on(model, verb);
                    let name = format!("Can {verb} {label}");
                    all.push(ListedPermission { id, permission, name, app_label, model_label });
                }
            }
            _ => {}
        }
    }
    all.sort_by_cached_key(|listed| (listed.name.clone(), listed.permission.codename()));
    let by = |place: (usize, &ListedPermission)| (place.1.permission, place.0);
    Catalogue {
        by_name: all.iter().enumerate().map(|(n, p)| (p.permission.to_string(), n)).collect(),
        by_id: all.iter().enumerate().map(|(n, p)| (p.id, n)).collect(),
        by_permission: all.iter().enumerate().map(by).collect(),
        all,
    }
});

/// Every permission there is, by name.
pub fn permissions() -> &'static [ListedPermission] {
    &CATALOGUE.all
}

impl ListedPermission {
    /// The permission with that number.
    pub fn by_id(id: i64) -> Option<&'static ListedPermission> {
        CATALOGUE.all.get(*CATALOGUE.by_id.get(&id)?)
    }

    /// As the API lists a permission; `None` for one of a kind that the API does not know.
    pub fn of(permission: Permission) -> Option<&'static ListedPermission> {
        CATALOGUE.all.get(*CATALOGUE.by_permission.get(&permission)?)
    }
}
