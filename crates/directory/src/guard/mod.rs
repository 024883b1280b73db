//! Nobody gives what he does not hold: asked of every edit of the configuration that a person
//! makes, by whichever way, in its transaction. Rows ask `countersign_accounts::rights` when they
//! are written.

use countersign_accounts::{held, held_by_group, held_by_roles, identity};
use countersign_core::{Grant, Held, Identity, InitialPermissions, Permission, Role};
use countersign_events::Audit;
use countersign_model::{
    Change, EditError, Entropy, Entry, FieldErrors, FieldMeta, Fields, Key, KindMeta, ObjectId,
    Problem, Shape, Snapshot, Target as _, directory,
};
use countersign_store::{Auditor, CommittedEdit, RowEdit, Sql, StoreError, Tx};
use uuid::Uuid;

use crate::groups::Group;
use crate::users::User;

mod sign_in;

/// What becomes a part of something is an edit of that, too: a rule of an application opens or
/// closes it.
const PARTS: [(&str, &str); 4] = [
    ("authentik_policies.policybinding", "target"),
    ("authentik_core.applicationentitlement", "app"),
    ("authentik_rbac.initialpermissions", "role"),
    // An outpost answers for its providers in the place of this server, and reads their secrets.
    ("authentik_outposts.outpost", "providers"),
];
/// What says whom events are sent to, which are then read without being viewed.
const NOTICES: [&str; 2] =
    ["authentik_events.notificationrule", "authentik_events.notificationtransport"];
const VIEW_EVENT: Permission = Permission::on("authentik_events.event", "view");

/// In whose place an object answers, each with the field by which it does: what leads to the other
/// would lead to it.
pub type Displaces = for<'s> fn(&'s Snapshot, &Entry) -> Vec<(&'s Entry, &'static str)>;

/// Records every edit, and refuses one by which somebody would give or gain what who edits does
/// not hold.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    displaces: Displaces,
}

impl Guard {
    #[must_use]
    pub const fn new(displaces: Displaces) -> Guard {
        Guard { displaces }
    }
}

impl Auditor for Guard {
    fn record(
        &self,
        sql: &mut Sql<'_>,
        entropy: &dyn Entropy,
        edit: &CommittedEdit<'_>,
    ) -> Result<(), StoreError> {
        Audit.record(sql, entropy, edit)?;
        let Some(actor) = edit.actor.bounding() else { return Ok(()) };
        let user = identity(sql, actor)?.ok_or(StoreError::Denied(MORE))?;
        if user.is_superuser() {
            return Ok(());
        }
        let bounds = held(sql, &user, edit.before)?;
        for change in edit.changes {
            if sign_in::decides(edit, change) {
                return Err(StoreError::Denied(SIGN_IN));
            }
            if let Some(gives) = gives(change)
                && !within(sql, edit, &user, &bounds, change, gives)?
            {
                return Err(StoreError::Denied(MORE));
            }
            names(edit, &user, &bounds, change)?;
            self.keeps_its_place(edit, &bounds, change)?;
        }
        Ok(())
    }

    fn record_row(&self, tx: &mut Tx<'_>, edit: RowEdit) -> Result<(), StoreError> {
        Audit.record_row(tx, edit)
    }
}

impl Guard {
    /// Nobody takes the place of an object that he may not change.
    fn keeps_its_place(
        self,
        edit: &CommittedEdit<'_>,
        bounds: &Held,
        change: &Change,
    ) -> Result<(), StoreError> {
        let Some(after) = change.after.as_deref() else { return Ok(()) };
        let displaced = |own: &Entry| (self.displaces)(edit.before, own);
        let was = change.before.as_deref().map(displaced).unwrap_or_default();
        let had =
            |other: &Entry, field: &str| was.iter().any(|(o, f)| o.id == other.id && *f == field);
        let refused = |(other, field): &(&Entry, &'static str)| {
            !had(other, field) && !may(bounds, Permission::change, other)
        };
        let Some((_, field)) = displaced(after).into_iter().find(refused) else { return Ok(()) };
        Err(StoreError::Edit(EditError::Invalid {
            model: after.meta().model,
            id: change.id,
            errors: FieldErrors::one(field, Problem::new("invalid", TAKEN)),
        }))
    }
}

/// Whether somebody holds a permission on an object, by its kind or its family.
fn may(bounds: &Held, needed: fn(&KindMeta) -> Permission, entry: &Entry) -> bool {
    let has = |meta| bounds.has(needed(meta), Some(entry.id));
    has(entry.meta()) || entry.meta().family.is_some_and(has)
}

const TAKEN: &str = "Another provider or application, which you may not change, has this already: people would be signed in here for that application.";
const MORE: &str = "You cannot give or change what you do not hold yourself.";
const SIGN_IN: &str = "This decides who may sign in and as whom: only a superuser can change it.";

/// What somebody may not view is not there to be named, and what becomes a part of something needs
/// the right to change that.
fn names(
    edit: &CommittedEdit<'_>,
    user: &Identity,
    bounds: &Held,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(after) = change.after.as_deref() else { return Ok(()) };
    // What a grant is for is held by who gives it.
    if after.meta().model == kind::<Grant>() {
        return Ok(());
    }
    let mut known = Vec::new();
    if let Some(before) = &change.before {
        before.object.visit_refs(&mut |field, id| known.push((field.name, id)));
    }
    let mut refused = None;
    after.object.visit_refs(&mut |field: &'static FieldMeta, id| {
        if !known.contains(&(field.name, id)) && !may_name(edit, user, bounds, after, field, id) {
            refused.get_or_insert((field.name, id));
        }
    });
    let Some((field, id)) = refused else { return Ok(()) };
    Err(StoreError::Edit(EditError::Invalid {
        model: after.meta().model,
        id: change.id,
        errors: FieldErrors::one(field, Problem::missing_reference(id.key)),
    }))
}

fn may_name(
    edit: &CommittedEdit<'_>,
    user: &Identity,
    bounds: &Held,
    by: &Entry,
    field: &FieldMeta,
    id: ObjectId,
) -> bool {
    let row = |meta| bounds.has_row(Permission::view(meta), id.key);
    match id.space {
        directory::User::SPACE => id.key == Key::Int(user.pk) || row(User::META),
        directory::Group::SPACE => row(Group::META),
        _ => {
            let before = edit.before;
            let found = before.entry(id).or_else(|| before.bindable(id.key.uuid()?));
            // What the same edit makes is its own.
            let Some(entry) = found else { return true };
            let is_part = PARTS.contains(&(by.meta().model, field.name));
            may(bounds, if is_part { Permission::change } else { Permission::view }, entry)
        }
    }
}

/// How an edit of an object may give somebody something.
#[derive(Clone, Copy)]
enum Gives {
    Role,
    Grant,
    Initial,
    /// People who enrol become members of this group.
    Membership(Uuid),
    /// Somebody is sent what happens.
    Events,
    /// It runs, or is applied, with the rights of the program.
    Anything,
}

fn gives(change: &Change) -> Option<Gives> {
    let entry = change.after.as_ref().or(change.before.as_ref())?;
    let after = change.after.as_ref();
    match entry.meta().model {
        model if model == kind::<Role>() => Some(Gives::Role),
        model if model == kind::<Grant>() => after.map(|_| Gives::Grant),
        model if model == kind::<InitialPermissions>() => after.map(|_| Gives::Initial),
        "authentik_blueprints.blueprintinstance" => after.map(|_| Gives::Anything),
        model if NOTICES.contains(&model) && only_lost(change) => None,
        model if NOTICES.contains(&model) => after.map(|_| Gives::Events),
        _ if after.is_some_and(|after| has_new_code(change.before.as_deref(), after)) => {
            Some(Gives::Anything)
        }
        _ => Some(Gives::Membership(new_group(change)?)),
    }
}

/// Whether an object only stopped naming something, as what it named was deleted.
fn only_lost(change: &Change) -> bool {
    let Some((before, after)) = change.before.as_deref().zip(change.after.as_deref()) else {
        return false;
    };
    let names = |entry: &Entry| {
        let mut found = Vec::new();
        entry.object.visit_refs(&mut |field: &'static FieldMeta, id| found.push((field.name, id)));
        found
    };
    let was = names(before);
    let refers = |field: &FieldMeta| was.iter().any(|(name, _)| *name == field.name);
    let plain = after.meta().fields.iter().filter(|field| !field.read_only && !refers(field));
    let mut plain = plain.map(|field| field.name);
    names(after).iter().all(|named| was.contains(named))
        && plain.all(|name| before.object.value(name) == after.object.value(name))
}

fn kind<T: countersign_model::Fields>() -> &'static str {
    T::META.model
}

fn is_code(shape: &Shape) -> bool {
    match shape {
        Shape::Code => true,
        Shape::Nullable(inner) | Shape::List(inner) => is_code(inner),
        _ => false,
    }
}

/// Whether an object has code that it had not before.
fn has_new_code(before: Option<&Entry>, after: &Entry) -> bool {
    let meta: &'static KindMeta = after.meta();
    meta.fields.iter().filter(|field| is_code(&(field.shape)())).any(|field| {
        let is = after.object.value(field.name).unwrap_or_default();
        let was = before.and_then(|before| before.object.value(field.name));
        let is_empty = is.is_null() || is.as_str() == Some("");
        !is_empty && was.as_ref() != Some(&is)
    })
}

/// The group that a stage newly puts people in.
fn new_group(change: &Change) -> Option<Uuid> {
    let named = |entry: &Entry| {
        let mut found = None;
        entry.object.visit_refs(&mut |field: &'static FieldMeta, id| {
            if field.name == "create_users_group" && id.space == directory::Group::SPACE {
                found = id.key.uuid();
            }
        });
        found
    };
    let after = named(change.after.as_ref()?)?;
    (change.before.as_ref().and_then(|before| named(before)) != Some(after)).then_some(after)
}

/// Whether what an edit gives is held by who makes it.
fn within(
    sql: &mut Sql<'_>,
    edit: &CommittedEdit<'_>,
    user: &Identity,
    bounds: &Held,
    change: &Change,
    gives: Gives,
) -> Result<bool, StoreError> {
    Ok(match gives {
        Gives::Anything => false,
        Gives::Events => bounds.has(VIEW_EVENT, None),
        Gives::Membership(group) => bounds.covers(&held_by_group(sql, group, edit.after)?),
        Gives::Role => {
            let Key::Uuid(role) = change.id.key else { return Ok(false) };
            // Neither is a role that holds more made less.
            let mut of = |graph| held_by_roles(sql, Held::default(), &[role], graph);
            bounds.covers(&of(edit.before)?) && bounds.covers(&of(edit.after)?)
        }
        Gives::Grant => cast::<Grant>(change).is_some_and(|grant| {
            let object = grant.object.map(|object| object.0);
            bounds.has(grant.permission, object) || is_initial(edit, user, grant)
        }),
        Gives::Initial => cast::<InitialPermissions>(change).is_some_and(|initial| {
            initial.permissions.0.iter().all(|permission| bounds.has(*permission, None))
        }),
    })
}

fn cast<T: countersign_model::Kind>(change: &Change) -> Option<&T> {
    change.after.as_ref()?.cast()
}

/// Whether a grant is what initial permissions say about an object made by the same edit.
fn is_initial(edit: &CommittedEdit<'_>, user: &Identity, grant: &Grant) -> bool {
    let is_made = |change: &&Change| Some(change.id) == grant.object.map(|object| object.0);
    let made = edit.changes.iter().find(is_made).is_some_and(|change| change.before.is_none());
    let before: &Snapshot = edit.before;
    made && before.list::<InitialPermissions>().any(|(_, initial)| {
        initial.permissions.0.contains(&grant.permission)
            && user.roles().any(|role| initial.role.key() == role.into())
    })
}
