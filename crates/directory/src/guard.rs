//! Nobody gives what he does not hold: asked of every edit of the configuration that a person
//! makes, by whichever way, in its transaction. Rows ask `countersign_accounts::rights` when they
//! are written.

use countersign_accounts::{held, held_by_group, held_by_roles, identity};
use countersign_core::{Grant, Held, Identity, InitialPermissions, Role};
use countersign_events::Audit;
use countersign_model::{
    Change, Entropy, Entry, FieldMeta, Key, KindMeta, Shape, Snapshot, Target as _, directory,
};
use countersign_store::{Auditor, CommittedEdit, Sql, StoreError};
use uuid::Uuid;

/// Records every edit, and refuses one by which somebody would give or gain what who edits does
/// not hold.
#[derive(Debug, Clone, Copy)]
pub struct Guard;

impl Auditor for Guard {
    fn record(
        &self,
        sql: &mut Sql<'_>,
        entropy: &dyn Entropy,
        edit: &CommittedEdit<'_>,
    ) -> Result<(), StoreError> {
        Audit.record(sql, entropy, edit)?;
        let Some(actor) = edit.actor.bounding() else { return Ok(()) };
        // Only what gives something is looked at more closely.
        let kinds = edit.changes.iter().filter_map(|change| Some((change, gives(change)?)));
        let kinds: Vec<_> = kinds.collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let user = identity(sql, actor)?.ok_or(StoreError::Denied)?;
        if user.is_superuser() {
            return Ok(());
        }
        let bounds = held(sql, &user, edit.before)?;
        for (change, gives) in kinds {
            if !within(sql, edit, &user, &bounds, change, gives)? {
                return Err(StoreError::Denied);
            }
        }
        Ok(())
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
        _ if after.is_some_and(|after| has_new_code(change.before.as_deref(), after)) => {
            Some(Gives::Anything)
        }
        _ => Some(Gives::Membership(new_group(change)?)),
    }
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
