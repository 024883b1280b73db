//! Who may do what: permissions, what an operation needs, and which objects a caller reaches.
//!
//! A permission is held globally or for one object, by an account or by a role of its groups.
//! Accounts that objects of the configuration have for themselves hold what those give
//! ([`Principal`]). There is nothing that denies. Handlers ask [`Rights`] and [`Reach`]; there is no other way to
//! ask, so that a new way to hold something is written here alone.

mod kinds;
mod permission;
mod principal;

use std::collections::BTreeSet;

use countersign_model::{
    AnyRef, ColumnKind, Entry, Key, KindMeta, ObjectId, Ref, Snapshot, TableMeta, Target as _,
    directory,
};
use countersign_store::SqlValue;
use uuid::Uuid;

pub use kinds::{Grant, InitialMode, InitialPermissions, Permissions, Role};
pub use permission::{ListedPermission, Permission, permissions};
pub use principal::{Given, Principal};

use crate::identity::{Caller, Identity};

/// Who may call an operation. Checked before the handler runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub who: Identities,
    /// Needed on the object that the path names, or, where it names none, on any object: lists
    /// answer those on which it is held.
    pub object: Option<Permission>,
    /// Only rows of the caller's own account are there.
    pub own: bool,
    /// Needed globally.
    pub all: Vec<Permission>,
    /// Every permission there is: what the operation does is not bounded by objects.
    pub everything: bool,
}

/// What a caller must have shown to be heard at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identities {
    Anybody,
    /// A session, an API token, or an OAuth token of scope `goauthentik.io/api`.
    SignedIn,
    /// As `SignedIn`, and OAuth tokens of scope `profile`.
    SignedInOrProfile,
}

impl Access {
    const fn new(who: Identities) -> Access {
        Access { who, object: None, own: false, all: Vec::new(), everything: false }
    }

    /// Anybody.
    pub const fn public() -> Access {
        Access::new(Identities::Anybody)
    }

    /// Any signed-in account; the handler shows each only its own.
    pub const fn authenticated() -> Access {
        Access::new(Identities::SignedIn)
    }

    /// As [`authenticated`](Self::authenticated), and OAuth tokens of scope `profile`.
    pub const fn self_read() -> Access {
        Access::new(Identities::SignedInOrProfile)
    }

    /// Holders of a permission on the object that the path names; of lists, on any object.
    pub fn on(permission: Permission) -> Access {
        Access { object: Some(permission), ..Access::authenticated() }
    }

    /// The rows of the caller's own account, as if there were no others.
    pub fn own(permission: Permission) -> Access {
        Access { own: true, ..Access::on(permission) }
    }

    /// Holders of all of these, globally.
    pub fn all(permissions: impl Into<Vec<Permission>>) -> Access {
        Access { all: permissions.into(), ..Access::authenticated() }
    }

    /// Holders of a permission, globally.
    pub fn global(permission: Permission) -> Access {
        Access::all([permission])
    }

    /// Who holds everything: for what may do anything, as applying a blueprint by the server.
    pub fn everything() -> Access {
        Access { everything: true, ..Access::authenticated() }
    }

    /// Needed globally, in addition.
    #[must_use]
    pub fn and(mut self, permission: Permission) -> Access {
        self.all.push(permission);
        self
    }

    /// Whether the rights suffice as far as they do not depend on an object.
    pub fn permits(&self, rights: Rights<'_>) -> bool {
        (self.who == Identities::Anybody || rights.user.is_some())
            && (!self.everything || rights.hold_everything())
            && self.all.iter().all(|permission| rights.hold(*permission))
    }

    /// As documents and the route walk write it.
    pub fn describe(&self) -> String {
        let mut parts = vec![match self.who {
            Identities::Anybody => "public",
            Identities::SignedIn => "authenticated",
            Identities::SignedInOrProfile => "authenticated, or OAuth scope profile",
        }];
        let names: Vec<String> =
            self.object.iter().chain(&self.all).map(ToString::to_string).collect();
        if self.own {
            parts = vec!["authenticated, own rows"];
        } else if self.everything {
            parts = vec!["every permission"];
        } else if !names.is_empty() {
            let of_object =
                if self.object.is_some() { "permission on the object: " } else { "permission: " };
            return format!("{of_object}{}", names.join(", "));
        }
        parts.concat()
    }
}

/// What an account may do, by the configuration of one moment.
#[derive(Clone, Copy)]
pub struct Rights<'a> {
    user: Option<&'a Identity>,
    snapshot: &'a Snapshot,
}

impl Caller {
    pub fn rights<'a>(&'a self, snapshot: &'a Snapshot) -> Rights<'a> {
        Rights { user: self.user.as_deref(), snapshot }
    }
}

impl<'a> Rights<'a> {
    pub const fn of(user: &'a Identity, snapshot: &'a Snapshot) -> Rights<'a> {
        Rights { user: Some(user), snapshot }
    }

    /// Whether a permission is held globally.
    pub fn hold(self, permission: Permission) -> bool {
        self.hold_everything()
            || self.roles().any(|role| role.permissions.0.contains(&permission))
            || self.given().any(|given| given.object.is_none() && given.permission == permission)
    }

    /// Whether a permission is held on an object of the configuration.
    pub fn on(self, permission: Permission, object: ObjectId) -> bool {
        let of_object = || grants_naming(self.snapshot, object);
        let own = |given: &Given| given.permission == permission && given.object == Some(object);
        self.hold(permission)
            || of_object().any(|grant| grant.permission == permission && self.is_held(grant))
            || self.of_principal().any(|given| own(&given))
    }

    /// Whether an object may be viewed, as one of its kind or of its family.
    pub fn see(self, meta: &KindMeta, object: ObjectId) -> bool {
        let by = |meta| self.on(Permission::view(meta), object);
        by(meta) || meta.family.is_some_and(by)
    }

    /// Whether all objects of a kind may be viewed, as ones of it or of its family.
    pub fn see_all(self, meta: &KindMeta) -> bool {
        let by = |meta| self.hold(Permission::view(meta));
        by(meta) || meta.family.is_some_and(by)
    }

    /// The objects of the configuration on which something is held.
    pub fn objects(self) -> impl Iterator<Item = ObjectId> + 'a {
        self.given().filter_map(|given| given.object)
    }

    /// Member of a group of superusers: every permission is held.
    pub fn hold_everything(self) -> bool {
        self.user.is_some_and(Identity::is_superuser)
    }

    /// On which objects a permission is held. `table`: of its rows, those whose owner is the
    /// account are its own.
    pub fn reach(self, permission: Permission, table: Option<&'static TableMeta>) -> Reach {
        let Some(user) = self.user else { return Reach::default() };
        if self.hold(permission) {
            return Reach::ALL;
        }
        let of_object = |given: Given| given.object.filter(|_| given.permission == permission);
        Reach {
            owner: table.filter(|table| table.everybody && permission.is_owners()).map(|_| user.pk),
            objects: self.given().filter_map(of_object).collect(),
            rows: table.map(|_| RowGrants {
                permission,
                user: user.pk,
                roles: user.roles().collect(),
            }),
            ..Reach::default()
        }
    }

    /// Everything that is held globally and on objects of the configuration; what is held on rows
    /// is in the database.
    pub fn held(self) -> Held {
        let global = self.given().filter(|given| given.object.is_none());
        let on_objects = self.given().filter_map(|given| Some((given.permission, given.object?)));
        Held {
            everything: self.hold_everything(),
            global: self
                .roles()
                .flat_map(|role| role.permissions.0.iter().copied())
                .chain(global.map(|given| given.permission))
                .collect(),
            objects: on_objects.collect(),
            rows: BTreeSet::new(),
        }
    }

    fn roles(self) -> impl Iterator<Item = &'a Role> {
        let keys = self.user.into_iter().flat_map(Identity::roles);
        keys.filter_map(move |key| self.snapshot.get(Ref::<Role>::new(key.into())))
    }

    /// What is held beside the roles' own permissions.
    fn given(self) -> impl Iterator<Item = Given> + 'a {
        let grant = |grant: &Grant| Given {
            permission: grant.permission,
            object: grant.object.map(|object| object.0),
        };
        self.grants().map(grant).chain(self.of_principal())
    }

    /// What the object gives whose own account this is.
    fn of_principal(self) -> impl Iterator<Item = Given> + 'a {
        let id = self.user.and_then(|user| user.principal);
        let given = id.and_then(|id| {
            Some(self.snapshot.entry(id)?.facet::<dyn Principal>()?.gives(id, self.snapshot))
        });
        given.unwrap_or_default().into_iter()
    }

    fn grants(self) -> impl Iterator<Item = &'a Grant> {
        let user = self.user.map(|user| Ref::<directory::User>::new(user.pk.into()).id());
        let roles = self.user.into_iter().flat_map(Identity::roles);
        let roles = roles.map(|key| Ref::<Role>::new(key.into()).id());
        user.into_iter()
            .chain(roles)
            .flat_map(move |holder| self.snapshot.referrers_in(holder, Grant::SPACE))
            .filter_map(move |(by, _)| self.snapshot.entry(by)?.cast())
            // A role is also named by grants that others hold on it.
            .filter(move |grant| self.is_held(grant))
    }

    fn is_held(self, grant: &Grant) -> bool {
        self.user.is_some_and(|user| {
            grant.user.is_some_and(|holder| holder.key() == Key::Int(user.pk))
                || grant.role.is_some_and(|role| user.roles().any(|key| role.key() == key.into()))
        })
    }
}

fn grants_naming(snapshot: &Snapshot, object: ObjectId) -> impl Iterator<Item = &Grant> {
    let naming = snapshot.referrers_in(object, Grant::SPACE);
    naming
        .filter_map(move |(by, _)| snapshot.entry(by)?.cast::<Grant>())
        .filter(move |grant| grant.object == Some(AnyRef(object)))
}

/// All that somebody holds, to be compared with what another does.
#[derive(Debug, Clone, Default)]
pub struct Held {
    pub everything: bool,
    pub global: BTreeSet<Permission>,
    pub objects: BTreeSet<(Permission, ObjectId)>,
    /// On rows, by the keys that they have in the table of the permission's model.
    pub rows: BTreeSet<(Permission, Key)>,
}

impl Held {
    /// Whether nothing of what another holds is missing here.
    pub fn covers(&self, other: &Held) -> bool {
        let on =
            |(permission, object): &(Permission, ObjectId)| self.has(*permission, Some(*object));
        self.everything
            || !other.everything
                && other.global.iter().all(|permission| self.has(*permission, None))
                && other.objects.iter().all(on)
                && other.rows.iter().all(|(permission, key)| self.has_row(*permission, *key))
    }

    /// Whether a permission is held on a row of its model's table, or globally.
    pub fn has_row(&self, permission: Permission, key: Key) -> bool {
        self.has(permission, None) || self.rows.contains(&(permission, key))
    }

    /// Whether a permission is held on an object, or globally.
    pub fn has(&self, permission: Permission, object: Option<ObjectId>) -> bool {
        self.everything
            || self.global.contains(&permission)
            || object.is_some_and(|object| self.objects.contains(&(permission, object)))
    }

    /// What both hold together.
    #[must_use]
    pub fn and(mut self, other: Held) -> Held {
        self.everything |= other.everything;
        self.global.extend(other.global);
        self.objects.extend(other.objects);
        self.rows.extend(other.rows);
        self
    }
}

/// The objects on which a caller holds a permission: a union.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    all: bool,
    /// Of a family, the members of these models.
    models: Vec<&'static str>,
    objects: BTreeSet<ObjectId>,
    /// The rows of this account.
    owner: Option<i64>,
    rows: Option<RowGrants>,
}

/// Who holds a permission on single rows, which the table `role_grant` says.
#[derive(Debug, Clone)]
struct RowGrants {
    permission: Permission,
    user: i64,
    roles: Vec<Uuid>,
}

impl Reach {
    /// Every object.
    pub const ALL: Reach =
        Reach { all: true, models: Vec::new(), objects: BTreeSet::new(), owner: None, rows: None };

    /// Nothing but the rows of the account.
    pub fn of_own(user: i64) -> Reach {
        Reach { owner: Some(user), ..Reach::default() }
    }

    /// Also what is held on members of a family as objects of their model.
    #[must_use]
    pub fn and_members(mut self, model: &'static str, of_model: Reach) -> Reach {
        if of_model.all {
            self.models.push(model);
        }
        self.objects.extend(of_model.objects);
        self
    }

    pub const fn is_all(&self) -> bool {
        self.all
    }

    /// No object whatever. Of rows only the database can say: see [`grants`](Self::grants).
    pub fn is_nothing(&self) -> bool {
        !self.all && self.owner.is_none() && self.models.is_empty() && self.objects.is_empty()
    }

    /// Whether an object of the configuration is among them.
    pub fn has(&self, entry: &Entry) -> bool {
        self.all || self.models.contains(&entry.meta().model) || self.objects.contains(&entry.id)
    }

    /// The rows among them, as SQL about the row `t`, with `?` for each value; `None` for all.
    pub fn condition(&self, table: &TableMeta) -> Option<(String, Vec<SqlValue>)> {
        if self.all {
            return None;
        }
        let (mut any, mut values) = (Vec::new(), Vec::new());
        if let (Some(owner), Some(user)) = (table.owner(), self.owner) {
            any.push(format!("t.{} = ?", owner.sql));
            values.push(user.into());
        }
        if let (Some(key), Some((column, text, more))) = (table.key(), self.grants(table)) {
            any.push(format!("t.{} IN (SELECT {column} FROM role_grant WHERE {text})", key.sql));
            values.extend(more);
        }
        match any.as_slice() {
            [] => Some(("1 = 0".to_owned(), values)),
            [one] => Some((one.clone(), values)),
            more => Some((format!("({})", more.join(" OR ")), values)),
        }
    }

    /// The rows of `role_grant` that count: the column that names what they are for, and a
    /// condition.
    pub fn grants(&self, table: &TableMeta) -> Option<(&'static str, String, Vec<SqlValue>)> {
        let rows = self.rows.as_ref()?;
        let column = match table.key()?.kind {
            ColumnKind::Int => "object_id",
            _ => "object_uuid",
        };
        let mut values = vec![SqlValue::from(rows.permission.to_string()), rows.user.into()];
        let roles = vec!["?"; rows.roles.len()].join(", ");
        values.extend(rows.roles.iter().map(|role| SqlValue::from(*role)));
        let of_roles =
            if roles.is_empty() { String::new() } else { format!(" OR role IN ({roles})") };
        Some((column, format!("permission = ? AND (user_id = ?{of_roles})"), values))
    }
}

#[cfg(test)]
mod tests;
