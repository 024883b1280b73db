//! The graph on disk: one row per object, one row per edit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_model::{
    Change, Draft, EditError, Entropy, Entry, Key, KeyType, KindDef, LoadError, Object, ObjectId,
    Registry, Revision, Sealer, Snapshot, Target as _, Timestamp, family,
};
use serde_json::{Map, Value, json};

use crate::actor::Actor;
use crate::error::StoreError;
use crate::params;
use crate::sql::{Sql, SqlValue};
use crate::tx::Tx;

/// An edit as it is written, for whoever records it in the same transaction.
pub struct CommittedEdit<'a> {
    /// The state of the configuration that the edit made.
    pub revision: Revision,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub actor: &'a Actor,
    /// What for, in a few words.
    pub reason: &'a str,
    /// The objects that differ, before and after.
    pub changes: &'a [Change],
    /// The configuration without the edit.
    pub before: &'a Snapshot,
    /// The configuration with the edit.
    pub after: &'a Snapshot,
    /// Seals what is secret in them.
    pub sealer: &'a dyn Sealer,
}

/// The revision the database has counted to.
pub(crate) fn revision(sql: &mut Sql<'_>) -> Result<Revision, StoreError> {
    let row = sql.query_one("SELECT revision FROM graph WHERE id = 1", params![])?;
    row.ok_or(StoreError::Column { column: 0 })?.get(0)
}

/// Reads the whole graph.
pub(crate) fn load(
    sql: &mut Sql<'_>,
    registry: &Registry,
    sealer: &dyn Sealer,
    entropy: &dyn Entropy,
) -> Result<Snapshot, StoreError> {
    let mut snapshot = Snapshot::default();
    for row in sql.query("SELECT key, model, format, revision, data FROM object", params![])? {
        let (key, model): (String, String) = (row.get(0)?, row.get(1)?);
        let kind = registry.kind(&model).ok_or_else(|| LoadError::Unknown(model.clone()))?;
        let key = Key::parse(&key, kind.meta.key).ok_or(StoreError::Column { column: 0 })?;
        let format = u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX);
        let Value::Object(stored) = row.get::<Value>(4)? else {
            return Err(StoreError::Column { column: 4 });
        };
        let object = kind.load(format, stored, sealer, entropy)?;
        snapshot.load(Entry {
            id: ObjectId::new(kind.meta.space, key),
            revision: row.get(3)?,
            object,
        });
    }
    for row in
        sql.query("SELECT name, value FROM fact WHERE name LIKE 'highest key of %'", params![])?
    {
        let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
        let space =
            registry.kinds().map(|kind| kind.meta.space).find(|space| highest_key(space.0) == name);
        if let (Some(space), Ok(key)) = (space, value.parse()) {
            snapshot.note_key(space, key);
        }
    }
    snapshot.set_revision(revision(sql)?);
    Ok(snapshot)
}

/// How many edits of others are taken over one by one; who missed more reads the whole graph.
const FEW_EDITS: i64 = 1000;

/// What other processes did since `base`, taken from their edits: only objects that differ are
/// read. `None` when the edits are not all there, or hold what only a whole load can judge.
pub(crate) fn catch_up(
    sql: &mut Sql<'_>,
    base: &Snapshot,
    registry: &Registry,
    sealer: &dyn Sealer,
    entropy: &dyn Entropy,
) -> Result<Option<(Snapshot, usize)>, StoreError> {
    let (from, to) = (base.revision(), revision(sql)?);
    if to - from > FEW_EDITS {
        return Ok(None);
    }
    let statement = "SELECT revision, edits FROM change WHERE revision > $1 ORDER BY revision";
    let rows = sql.query(statement, params![from])?;
    if i64::try_from(rows.len()) != Ok(to - from) {
        return Ok(None);
    }
    let mut snapshot = base.clone();
    let mut last = BTreeMap::new();
    for row in rows {
        let (revision, edits): (Revision, Value) = (row.get(0)?, row.get(1)?);
        let Value::Array(edits) = edits else { return Ok(None) };
        for edit in edits {
            let Some((id, kind)) = subject(registry, &edit) else { return Ok(None) };
            if let Key::Int(key) = id.key {
                snapshot.note_key(id.space, key);
            }
            last.insert(id, (revision, kind, edit));
        }
    }
    let differing = last.len();
    for (id, (revision, kind, edit)) in last {
        match version(kind, &edit, "after", sealer, entropy) {
            Ok(Some(object)) => snapshot.load(Entry { id, revision, object }),
            Ok(None) => snapshot.unload(id),
            Err(_) => return Ok(None),
        }
    }
    snapshot.set_revision(to);
    Ok(Some((snapshot, differing)))
}

/// Checks a draft and writes what it changed; without changes nothing is written.
pub(crate) fn persist(
    sql: &mut Sql<'_>,
    draft: Draft,
    at: Timestamp,
    actor: &Actor,
    reason: &str,
    sealer: &dyn Sealer,
) -> Result<(Snapshot, Vec<Change>), StoreError> {
    let mut failed = None;
    let (snapshot, changes) = draft.finish(&mut |id| {
        row_exists(sql, id).unwrap_or_else(|e| {
            failed = Some(e);
            false
        })
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if changes.is_empty() {
        return Ok((snapshot, changes));
    }
    let revision = snapshot.revision();
    // Edits are serial, across processes too: whoever comes second finds the counter moved and
    // tries again.
    let moved = sql.execute(
        "UPDATE graph SET revision = $1 WHERE id = 1 AND revision = $2",
        params![revision, revision - 1],
    )? == 0;
    if moved {
        return Err(StoreError::Stale);
    }
    let mut edits = Vec::with_capacity(changes.len());
    for change in &changes {
        let (space, key) = (change.id.space.0, change.id.key.to_string());
        match &change.after {
            Some(entry) => {
                let meta = entry.meta();
                let data = Value::Object(entry.object.to_stored(sealer));
                sql.execute(
                    "INSERT INTO object (space, key, model, format, revision, data) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (space, key) DO UPDATE SET model = excluded.model, format = excluded.format, revision = excluded.revision, data = excluded.data",
                    params![space, &key, meta.model, i64::from(meta.format), revision, &data],
                )?;
            }
            None => {
                sql.execute(
                    "DELETE FROM object WHERE space = $1 AND key = $2",
                    params![space, &key],
                )?;
                if let Key::Int(_) = change.id.key {
                    note_highest_key(
                        sql,
                        change.id.space.0,
                        snapshot.highest_key(change.id.space),
                    )?;
                }
            }
        }
        let side =
            |entry: &Option<Arc<Entry>>| entry.as_ref().map_or(Value::Null, |e| side(e, sealer));
        edits.push(json!({"space": space, "key": key, "before": side(&change.before), "after": side(&change.after)}));
    }
    let actor_json = serde_json::to_value(actor).unwrap_or(Value::Null);
    sql.execute(
        "INSERT INTO change (revision, at, actor, reason, edits) VALUES ($1, $2, $3, $4, $5)",
        params![revision, at, actor_json, reason, Value::Array(edits)],
    )?;
    if let Some(seconds) = actor.confirm_within {
        let pending = json!({"until": at.plus_seconds(seconds).0}).to_string();
        sql.execute(
            "INSERT INTO fact (name, value) VALUES ($1, $2)",
            params![pending_name(revision), pending],
        )?;
    }
    Ok((snapshot, changes))
}

/// The fact that an edit waits to be confirmed; its value is JSON with `until` in microseconds.
pub(crate) fn pending_name(revision: Revision) -> String {
    format!("pending change {revision}")
}

/// Puts everything back as it was at a revision; `false` when that revision never was, or not all
/// of the way is recorded.
pub(crate) fn restore(tx: &mut Tx<'_>, revision: Revision) -> Result<bool, StoreError> {
    let rows = tx.query(
        "SELECT edits FROM change WHERE revision > $1 ORDER BY revision",
        params![revision],
    )?;
    let way = tx.graph().revision() - revision;
    if revision < 0 || way < 0 || usize::try_from(way).ok() != Some(rows.len()) {
        return Ok(false);
    }
    // What the first edit after that revision found is what was there.
    let mut seen = BTreeSet::new();
    for row in rows {
        let edits: Value = row.get(0)?;
        for edit in edits.as_array().into_iter().flatten() {
            let (id, before) = former(tx, edit)?;
            if seen.insert(id) {
                match before {
                    Some(object) => tx.draft().put_back(id, object),
                    None => tx.draft().take_out(id),
                }
            }
        }
    }
    Ok(true)
}

/// The object of a recorded edit, and what it was before.
type Former = (ObjectId, Option<Arc<dyn Object>>);

fn former(tx: &Tx<'_>, edit: &Value) -> Result<Former, StoreError> {
    let (id, kind) =
        subject(tx.registry(), edit).ok_or_else(|| LoadError::Unknown(model(edit).to_owned()))?;
    Ok((id, version(kind, edit, "before", tx.sealer(), tx.entropy())?))
}

/// The object that a recorded edit is about; `None` when this program does not know its kind.
fn subject<'a>(registry: &'a Registry, edit: &Value) -> Option<(ObjectId, &'a KindDef)> {
    let kind = registry.kind(model(edit))?;
    let key = Key::parse(edit.get("key")?.as_str()?, kind.meta.key)?;
    Some((ObjectId::new(kind.meta.space, key), kind))
}

fn model(edit: &Value) -> &str {
    let side = |name| edit.get(name).and_then(|side| side.get("model")).and_then(Value::as_str);
    side("after").or_else(|| side("before")).unwrap_or_default()
}

/// One side of a recorded edit: `None` when the object was not there.
fn version(
    kind: &KindDef,
    edit: &Value,
    side: &str,
    sealer: &dyn Sealer,
    entropy: &dyn Entropy,
) -> Result<Option<Arc<dyn Object>>, LoadError> {
    let Some(side) = edit.get(side).filter(|side| !side.is_null()) else { return Ok(None) };
    let format = side.get("format").and_then(Value::as_u64).unwrap_or(1);
    let data = side.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    kind.load(u32::try_from(format).unwrap_or(u32::MAX), data, sealer, entropy).map(Some)
}

/// The fact that keeps integer keys from being given again after their object is deleted.
fn highest_key(space: &str) -> String {
    format!("highest key of {space}")
}

/// The key that the fact names; 0 without one.
pub(crate) fn noted_highest_key(sql: &mut Sql<'_>, space: &str) -> Result<i64, StoreError> {
    let noted = sql.fact(&highest_key(space))?;
    Ok(noted.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Keeps the integer keys of a space up to `key` from being given again.
pub(crate) fn note_highest_key(sql: &mut Sql<'_>, space: &str, key: i64) -> Result<(), StoreError> {
    if key > noted_highest_key(sql, space)? {
        sql.put_fact(&highest_key(space), &key.to_string())?;
    }
    Ok(())
}

fn side(entry: &Entry, sealer: &dyn Sealer) -> Value {
    let meta = entry.meta();
    let data: Map<String, Value> = entry.object.to_stored(sealer);
    json!({"model": meta.model, "format": meta.format, "data": data})
}

/// Puts the inverse of a committed edit into a draft; `false` when there is no such edit.
pub(crate) fn roll_back(tx: &mut Tx<'_>, revision: Revision) -> Result<bool, StoreError> {
    let Some(row) =
        tx.query_one("SELECT edits FROM change WHERE revision = $1", params![revision])?
    else {
        return Ok(false);
    };
    let edits: Value = row.get(0)?;
    let mut made = Vec::new();
    for edit in edits.as_array().into_iter().flatten() {
        match former(tx, edit)? {
            (id, Some(object)) => tx.draft().put_object(id, object),
            (id, None) => made.push(id),
        }
    }
    // Only when the others are what they were does nothing of this edit name what it made.
    for id in made {
        tx.draft().delete(id)?;
    }
    Ok(true)
}

/// Puts back what an edit changed, as far as it is still there: what was deleted since stays
/// deleted, and what names a user or group that is gone loses that reference as it would have then.
/// `false` when there is no such edit. Objects are there: see [`keep_what_waits`].
pub(crate) fn undo(tx: &mut Tx<'_>, revision: Revision) -> Result<bool, StoreError> {
    let statement = "SELECT edits FROM change WHERE revision = $1";
    let Some(row) = tx.query_one(statement, params![revision])? else { return Ok(false) };
    let mut named = Vec::new();
    for (id, before) in formers(tx, &row.get(0)?)? {
        match before {
            Some(object) => {
                object.visit_refs(&mut |_, target| named.push(target));
                tx.draft().put_back(id, object);
            }
            None => tx.draft().delete(id)?,
        }
    }
    for target in named.into_iter().filter(|target| matches!(target.space.0, "user" | "group")) {
        if !row_exists(tx, target)? {
            tx.draft().detach(target)?;
        }
    }
    Ok(true)
}

/// What an edit found, but for what was deleted since; what it made is last, since it may only go
/// when nothing names it any more.
fn formers(tx: &Tx<'_>, edits: &Value) -> Result<Vec<Former>, StoreError> {
    let mut formers = Vec::new();
    for edit in edits.as_array().into_iter().flatten() {
        let (id, before) = former(tx, edit)?;
        let deleted_by_it = edit.get("after").is_none_or(Value::is_null);
        if deleted_by_it || tx.graph().entry(id).is_some() {
            formers.push((id, before));
        }
    }
    formers.sort_by_key(|(_, before)| before.is_none());
    Ok(formers)
}

/// What an edit took a reference to away from may not be deleted while that edit waits to be
/// confirmed: it could not be undone.
pub(crate) fn keep_what_waits(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let changes = tx.graph().changes();
    let gone: Vec<ObjectId> =
        changes.iter().filter(|change| change.after.is_none()).map(|change| change.id).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let statement = "SELECT c.revision, c.edits FROM fact f \
                     JOIN change c ON f.name = 'pending change ' || CAST(c.revision AS TEXT)";
    for row in tx.query(statement, &[])? {
        let revision = row.get(0)?;
        for (_, before) in formers(tx, &row.get(1)?)? {
            let mut needed = None;
            let names = |target: ObjectId, id: ObjectId| {
                target == id || target.space == family::Bindable::SPACE && target.key == id.key
            };
            if let Some(object) = before {
                object.visit_refs(&mut |_, target| {
                    needed = needed.or(gone.iter().find(|id| names(target, **id)).copied());
                });
            }
            if let Some(id) = needed {
                return Err(EditError::Awaited { id, revision }.into());
            }
        }
    }
    Ok(())
}

/// Whether a row of the directory that an object names is there.
fn row_exists(sql: &mut Sql<'_>, id: ObjectId) -> Result<bool, StoreError> {
    let (statement, kind) = match id.space.0 {
        "user" => ("SELECT 1 FROM users WHERE id = $1", KeyType::Int),
        "group" => ("SELECT 1 FROM user_group WHERE uuid = $1", KeyType::Uuid),
        _ => return Ok(false),
    };
    let value: SqlValue = match (kind, id.key) {
        (KeyType::Int, Key::Int(n)) => n.into(),
        (KeyType::Uuid, Key::Uuid(u)) => u.into(),
        _ => return Ok(false),
    };
    Ok(sql.query_one(statement, &[value])?.is_some())
}
