//! Roles and grants: what the configuration says of who may do what.

use std::collections::BTreeSet;

use countersign_model::{
    AnyRef, Draft, ErrorNode, FieldErrors, FieldMeta, FieldValue, Kind, ObjectId, Problem, Ref,
    Shape, directory,
};
use serde_json::Value;

use super::permission::{ListedPermission, Permission};

/// A set of permissions, held by the members of the groups that have the role and of the groups
/// below those.
#[derive(Debug, Clone, Default, Kind)]
#[kind(
    path = "rbac/roles",
    model = "authentik_rbac.role",
    schema = "Role",
    title = "Role",
    space = "role",
    lookup = "uuid",
    ordering = "name",
    columns = "name",
    aside(
        "What happens next",
        "You assign permissions to the role, and give the role to groups: all their members then hold them."
    )
)]
pub struct Role {
    #[field(label = "Name", unique, max_length = 150, search)]
    pub name: String,
    /// Held globally. Blueprints may say them; over the API they are assigned and taken back.
    #[field(label = "Permissions", read_only, default)]
    pub permissions: Permissions,
}

/// A permission that somebody holds: an account globally or on an object of the configuration, or
/// a role on one.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "countersign/grants",
    model = "countersign.grant",
    schema = "Grant",
    title = "Grant",
    space = "grant",
    key = Int,
    lookup = "id",
    ordering = "permission",
    check = Self::check
)]
pub struct Grant {
    #[field(on_delete = Cascade)]
    pub role: Option<Ref<Role>>,
    #[field(on_delete = Cascade)]
    pub user: Option<Ref<directory::User>>,
    pub permission: Permission,
    #[field(on_delete = Cascade)]
    pub object: Option<AnyRef>,
}

impl Grant {
    fn check(&self, _: &Draft, _: ObjectId, errors: &mut FieldErrors) {
        match (self.role, self.user, self.object) {
            (Some(_), None, Some(_)) | (None, Some(_), _) => {}
            _ => errors.add_object(Problem::new(
                "invalid",
                "A grant is held by a user, or by a role on an object.",
            )),
        }
    }
}

/// A set of permissions, as a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(pub BTreeSet<Permission>);

impl FieldValue for Permission {
    fn shape() -> Shape {
        Shape::Text
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let text = String::parse(value, meta)?;
        Permission::parse(&text).ok_or_else(|| {
            Problem::new("invalid", format!("There is no permission {text}.")).into()
        })
    }
    fn to_json(&self) -> Value {
        self.to_string().into()
    }
}

impl FieldValue for Permissions {
    fn shape() -> Shape {
        Shape::List(Box::new(Shape::Text))
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Vec::<Permission>::parse(value, meta).map(|all| Permissions(all.into_iter().collect()))
    }
    /// One that a newer or older version had is left out: nobody holds what does not exist.
    fn load(value: &Value, _: &FieldMeta) -> Result<Self, ErrorNode> {
        let known = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Permissions(known.filter_map(Permission::parse).collect()))
    }
    fn to_json(&self) -> Value {
        self.0.iter().map(FieldValue::to_json).collect()
    }
}

/// What the creator of an object, or the role, is given on it: when a member of the role makes
/// something over the API, of these permissions those for its model.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "rbac/initial_permissions",
    model = "authentik_rbac.initialpermissions",
    schema = "InitialPermissions",
    title = "Initial Permissions",
    plural = "Initial Permissions",
    space = "initial_permissions",
    key = Int,
    lookup = "id",
    ordering = "name",
    columns = "name, role, mode",
    aside(
        "What happens next",
        "When a member of the role makes something, these permissions on it are given to that person, or to the role. Members still need the permission to make it."
    )
)]
pub struct InitialPermissions {
    #[field(
        label = "Name",
        unique = "Initial Permissions with this name already exists.",
        max_length = 150,
        filter,
        search
    )]
    pub name: String,
    /// Who gets the permissions: the person who made the object, or everybody with the role.
    #[field(label = "Mode")]
    pub mode: InitialMode,
    #[field(label = "Role", on_delete = Cascade)]
    pub role: Ref<Role>,
    /// Of these, whoever makes an object is given the ones for its model.
    #[field(label = "Permissions", widget = Permissions, default)]
    pub permissions: PermissionNumbers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, countersign_model::Choice)]
pub enum InitialMode {
    User,
    Role,
}

/// Permissions, written as the numbers that the API gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionNumbers(pub BTreeSet<Permission>);

impl PermissionNumbers {
    /// As the API lists them, in the order of their numbers.
    pub fn listed(&self) -> Vec<&'static ListedPermission> {
        let mut all: Vec<_> = self.0.iter().filter_map(|p| ListedPermission::of(*p)).collect();
        all.sort_by_key(|listed| listed.id);
        all
    }
}

impl FieldValue for PermissionNumbers {
    fn shape() -> Shape {
        Shape::List(Box::new(Shape::Integer))
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let mut found = BTreeSet::new();
        for number in Vec::<i64>::parse(value, meta)? {
            let listed = ListedPermission::by_id(number);
            found.insert(listed.ok_or_else(|| Problem::missing_reference(number))?.permission);
        }
        Ok(PermissionNumbers(found))
    }
    fn to_json(&self) -> Value {
        self.listed().into_iter().map(|listed| Value::from(listed.id)).collect()
    }
}
