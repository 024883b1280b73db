//! One entry: tags resolved, object found, state brought about.

use std::cell::RefCell;

use countersign_core::{ApiError, PasswordHash, Rows};
use countersign_model::{FieldErrors, Input, Key, Mode, ObjectId, Problem};
use countersign_store::Tx;
use serde_json::{Map, Value as Json};

use super::{
    Action, ApplyError, ApplyErrorKind, META_MODEL, Run, Spot, Step,
    find::{FindFault, Found},
    rights,
};
use crate::{
    format::{Document, Entry, Origin, State, Tag, Value},
    resolve::{Resolver, World, merge, truthy},
};

/// What the entries of a file made so far.
#[derive(Default)]
pub(super) struct Made {
    /// By entry id: what became of it.
    ids: Vec<(String, Known)>,
    /// Keys written in `identifiers.pk` and the keys the objects really have.
    keys: Vec<(Json, Json)>,
}

/// What other entries can know of one by its id.
#[derive(Clone)]
enum Known {
    Key(Json),
    /// Its conditions did not hold.
    Skipped,
    /// It is not wanted: there is nothing now that could be named.
    Gone,
}

/// An entry with its tags resolved.
struct Wanted {
    model: String,
    state: State,
    identifiers: Map<String, Json>,
    attrs: Map<String, Json>,
    permissions: Vec<Json>,
}

/// An entry that is to be carried out, or what became of it without that.
enum Resolved {
    Wanted(Wanted),
    Nothing(Action, Known),
}

/// How tags reach the transaction.
struct Inside<'r, 't, 'c, 'j> {
    run: &'r Run<'j>,
    tx: RefCell<&'t mut Tx<'c>>,
    made: &'r Made,
    origin: Origin,
}

impl World for Inside<'_, '_, '_, '_> {
    fn key_of(&self, id: &str) -> Result<Json, String> {
        let known = self.made.ids.iter().filter(|(known, _)| known == id).map(|(_, known)| known);
        match known
            .clone()
            .find(|known| matches!(known, Known::Key(_)))
            .or_else(|| known.clone().next())
        {
            Some(Known::Key(key)) => Ok(key.clone()),
            Some(Known::Skipped) => Err(format!(
                "the entry with the id \"{id}\" made no object: its conditions did not hold"
            )),
            Some(Known::Gone) => {
                Err(format!("the entry with the id \"{id}\" is absent: there is no object"))
            }
            None => Err(format!("no earlier entry has the id \"{id}\"")),
        }
    }

    fn find(&self, model: &str, conditions: &[(String, Json)]) -> Result<Option<Json>, String> {
        Ok(self.found(model, conditions)?.map(|found| found.key.to_json()))
    }

    fn find_object(
        &self,
        model: &str,
        conditions: &[(String, Json)],
    ) -> Result<Option<Json>, String> {
        Ok(self.found(model, conditions)?.map(|found| {
            let mut values = found.values;
            // What the API never shows and secrets are not for other objects.
            if let Some(kind) = self.run.kind(&self.tx.borrow(), model) {
                values.retain(|name, _| kind.field(name).is_none_or(|field| !field.is_hidden()));
            }
            values.insert("pk".to_owned(), found.key.to_json());
            Json::Object(values)
        }))
    }

    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        self.shown(&format!("!Env {name}"), || (self.run.job.machine.environment)(name))
    }

    fn file(&self, path: &str) -> Result<Option<String>, String> {
        self.shown(&format!("!File {path}"), || std::fs::read_to_string(path).ok())
    }
}

impl Inside<'_, '_, '_, '_> {
    /// What a tag reads of the machine, where its file may look at it.
    fn shown(
        &self,
        tag: &str,
        read: impl FnOnce() -> Option<String>,
    ) -> Result<Option<String>, String> {
        if self.origin == Origin::Sent {
            return Err(format!("{tag}: what is sent cannot look at the machine of the server"));
        }
        match read() {
            Some(text)
                if self.origin != Origin::Program && self.run.job.machine.is_secret(&text) =>
            {
                Err(format!(
                    "{tag} holds a secret of this program, which is not for blueprints: use another variable or file"
                ))
            }
            read => Ok(read),
        }
    }

    fn found(&self, model: &str, conditions: &[(String, Json)]) -> Result<Option<Found>, String> {
        let model = model.to_ascii_lowercase();
        self.run.find(&mut self.tx.borrow_mut(), &model, None, conditions).map_err(|fault| {
            match fault {
                FindFault::Model => format!("there is no model \"{model}\""),
                FindFault::Field(field) => format!("{model} has no field \"{field}\""),
                FindFault::Store(error) => error.to_string(),
            }
        })
    }
}

impl Run<'_> {
    pub(super) fn entry(
        &mut self,
        tx: &mut Tx<'_>,
        document: &Document,
        entry: &Entry,
        context: &[(String, Value)],
        made: &mut Made,
    ) -> Result<(), ApplyError> {
        let mut spot = Spot::of(document, entry);
        let result = self.carry_out(tx, (document.origin, entry), context, made, &mut spot);
        result.map_err(|kind| match kind {
            // The faults of a nested file keep their own place.
            Fault::Located(error) => *error,
            Fault::Here(kind) => ApplyError { spot: Some(Box::new(spot)), kind },
        })
    }

    fn carry_out(
        &mut self,
        tx: &mut Tx<'_>,
        (origin, entry): (Origin, &Entry),
        context: &[(String, Value)],
        made: &mut Made,
        spot: &mut Spot,
    ) -> Result<(), Fault> {
        let mut wanted = match self.resolve(tx, (origin, entry), context, made, spot)? {
            Resolved::Wanted(wanted) => wanted,
            Resolved::Nothing(action, known) => {
                made.ids.extend(entry.id.clone().map(|id| (id, known)));
                self.step(spot, action, Map::new(), Vec::new());
                return Ok(());
            }
        };
        if wanted.model == META_MODEL {
            return self.nested(tx, &wanted.attrs);
        }
        made.relink(&mut wanted.identifiers);
        made.relink(&mut wanted.attrs);
        let found = self.look_up(tx, &wanted)?;
        rights::may(tx, self.job, &wanted.model, wanted.state, found.as_ref().map(|f| f.key))?;
        let table = self.job.tables.iter().find(|table| table.kind().model == wanted.model);
        let (action, key, fields) = match table {
            Some(table) => bring_about_row(tx, (&**table, &*self.job.passwords), &wanted, found)?,
            None => self.bring_about(tx, &wanted, found, spot)?,
        };
        if let Some(id) = &entry.id {
            made.ids.push((id.clone(), key.map_or(Known::Gone, |key| Known::Key(key.to_json()))));
        }
        if let (Some(old), Some(key)) = (wanted.identifiers.get("pk"), key) {
            made.keys.push((old.clone(), key.to_json()));
        }
        if let Some(key) = key {
            rights::give(tx, self.job, &wanted.model, key, &wanted.permissions)?;
            if let Some(held) = wanted.attrs.get("permissions").filter(|_| action != Action::Kept) {
                rights::of_account(tx, &wanted.model, key, held)?;
            }
        }
        self.step(spot, action, wanted.identifiers, fields);
        Ok(())
    }

    /// Nothing when a condition fails, or when the entry is absent and belongs to something that is
    /// gone. The `attrs` of an absent entry are not looked at: they have no part in removing it.
    fn resolve(
        &self,
        tx: &mut Tx<'_>,
        (origin, entry): (Origin, &Entry),
        context: &[(String, Value)],
        made: &Made,
        spot: &mut Spot,
    ) -> Result<Resolved, ApplyErrorKind> {
        let world = Inside { run: self, tx: RefCell::new(tx), made, origin };
        let mut resolver = Resolver::new(&world, context);
        let Json::String(model) = resolver.field("model", &entry.model)? else {
            return Err(ApplyErrorKind::ModelNotText);
        };
        let model = model.to_ascii_lowercase();
        spot.model.clone_from(&model);
        if !resolver.list("conditions", &entry.conditions)?.iter().all(truthy) {
            return Ok(Resolved::Nothing(Action::Skipped, Known::Skipped));
        }
        let state = match resolver.field("state", &entry.state)? {
            Json::String(word) => State::parse(&word).ok_or(ApplyErrorKind::State(word))?,
            other => return Err(ApplyErrorKind::State(other.to_string())),
        };
        let absent = state == State::Absent && model != META_MODEL;
        if absent
            && entry
                .identifiers
                .iter()
                .any(|(_, value)| value.has(&|tag| made.names_what_is_gone(tag)))
        {
            return Ok(Resolved::Nothing(Action::Absent, Known::Gone));
        }
        let identifiers = resolver.members("identifiers", &entry.identifiers)?;
        let attrs = if absent { Map::new() } else { resolver.members("attrs", &entry.attrs)? };
        let permissions = resolver.list("permissions", &entry.permissions)?;
        Ok(Resolved::Wanted(Wanted { model, state, identifiers, attrs, permissions }))
    }

    fn nested(&mut self, tx: &mut Tx<'_>, attrs: &Map<String, Json>) -> Result<(), Fault> {
        let wanted = |name: &str| {
            attrs
                .get("identifiers")
                .and_then(|identifiers| identifiers.get(name))
                .and_then(Json::as_str)
        };
        let (name, path) = (wanted("name"), wanted("path"));
        let fits = |document: &Document| match (name, path) {
            (Some(name), _) if document.metadata.name.as_deref() != Some(name) => false,
            (_, Some(path)) if document.file != path => false,
            (name, path) => name.is_some() || path.is_some(),
        };
        match self.job.library.iter().position(fits) {
            Some(index) => self.file(tx, index).map_err(|error| Fault::Located(Box::new(error))),
            None if attrs.get("required").is_none_or(truthy) => {
                Err(ApplyErrorKind::NoBlueprint.into())
            }
            None => Ok(()),
        }
    }

    fn look_up(&self, tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Option<Found>, ApplyErrorKind> {
        // A map that names a key stands for that key.
        let plain = |value: &Json| value.get("pk").cloned().unwrap_or_else(|| value.clone());
        let conditions: Vec<(String, Json)> = wanted
            .identifiers
            .iter()
            .filter(|(name, _)| *name != "pk")
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect();
        let key = wanted.identifiers.get("pk");
        let known =
            self.table(&wanted.model).is_some() || tx.registry().kind(&wanted.model).is_some();
        if known && conditions.is_empty() && key.is_none() {
            return Err(ApplyErrorKind::NoIdentifiers);
        }
        self.find(tx, &wanted.model, key, &conditions).map_err(|fault| match fault {
            FindFault::Model => ApplyErrorKind::Model(wanted.model.clone()),
            FindFault::Field(field) => ApplyErrorKind::Identifier(field),
            FindFault::Store(error) => ApplyErrorKind::Store(error),
        })
    }

    /// Brings an object of the graph into its state.
    fn bring_about(
        &mut self,
        tx: &mut Tx<'_>,
        wanted: &Wanted,
        found: Option<Found>,
        spot: &Spot,
    ) -> Result<Done, ApplyErrorKind> {
        let registry = tx.registry();
        let Some(kind) = registry.kind(&wanted.model) else {
            return Err(ApplyErrorKind::Model(wanted.model.clone()));
        };
        let space = kind.meta.space;
        let existing = found.map(|found| ObjectId::new(space, found.key));
        let entropy = tx.entropy();
        let values = wanted.values();
        match (wanted.state, existing) {
            (State::Absent, Some(id)) => {
                tx.draft().delete(id).map_err(ApplyErrorKind::Protected)?;
                Ok((Action::Deleted, None, Vec::new()))
            }
            (State::Absent, None) => Ok((Action::Absent, None, Vec::new())),
            (State::MustCreated, Some(_)) => Err(wanted.exists()),
            (State::Created, Some(id)) => Ok((Action::Kept, Some(id.key), Vec::new())),
            (State::Present, Some(id)) => {
                let base = tx.graph().entry(id).cloned();
                let input = Input { map: &values, mode: Mode::Patch, entropy, privileged: true };
                let object = kind
                    .parse(&input, base.as_ref().map(|entry| &*entry.object))
                    .map_err(ApplyErrorKind::Fields)?;
                let changed = base.is_none_or(|entry| entry.object.values() != object.values());
                if changed {
                    tx.draft().put_object(id, object);
                    self.places.insert(id, spot.clone());
                }
                Ok((
                    if changed { Action::Updated } else { Action::Unchanged },
                    Some(id.key),
                    Vec::new(),
                ))
            }
            (State::Present | State::Created | State::MustCreated, None) => {
                let input = Input { map: &values, mode: Mode::Create, entropy, privileged: true };
                let object = kind.parse(&input, None).map_err(ApplyErrorKind::Fields)?;
                let asked =
                    wanted.identifiers.get("pk").and_then(|key| Key::from_json(key, kind.meta.key));
                let key = asked
                    .unwrap_or_else(|| tx.graph().next_key(kind.meta.key, space, entropy.uuid()));
                let id = ObjectId::new(space, key);
                let object = kind.stamped(object, tx.now());
                let left_out = kind.meta.fields.iter().filter(|field| {
                    let given = || wanted.attrs.contains_key(field.name);
                    let empty = |value: Json| value.is_null() || value.as_str() == Some("");
                    field.is_secret() && !given() && object.value(field.name).is_none_or(empty)
                });
                let left_out: Vec<_> = left_out.map(|field| field.name).collect();
                if !left_out.is_empty() {
                    self.left_out.insert(id, left_out);
                }
                tx.draft().put_object(id, object);
                self.places.insert(id, spot.clone());
                Ok((Action::Created, Some(key), Vec::new()))
            }
        }
    }

    fn step(
        &mut self,
        spot: &Spot,
        action: Action,
        identifiers: Map<String, Json>,
        fields: Vec<String>,
    ) {
        self.outcome.steps.push(Step { spot: spot.clone(), action, identifiers, fields });
    }
}

/// What happened, to which object, in which fields.
type Done = (Action, Option<Key>, Vec<String>);

/// Brings a row of the directory into its state.
fn bring_about_row(
    tx: &mut Tx<'_>,
    (table, passwords): (&dyn Rows, &dyn PasswordHash),
    wanted: &Wanted,
    found: Option<Found>,
) -> Result<Done, ApplyErrorKind> {
    let fault = |error| match error {
        ApiError::Fields(errors) => ApplyErrorKind::Fields(errors),
        ApiError::Store(error) => ApplyErrorKind::Store(error),
        other => {
            let problem = Problem::new("invalid", other.to_string());
            ApplyErrorKind::Fields(FieldErrors::object(problem))
        }
    };
    let values = wanted.values();
    match (wanted.state, found) {
        (State::Absent, Some(found)) => {
            table.delete(tx, found.key).map_err(fault)?;
            Ok((Action::Deleted, None, Vec::new()))
        }
        (State::Absent, None) => Ok((Action::Absent, None, Vec::new())),
        (State::MustCreated, Some(_)) => Err(wanted.exists()),
        (State::Created, Some(found)) => Ok((Action::Kept, Some(found.key), Vec::new())),
        (State::Present, Some(found)) => {
            let changed = table.update(tx, found.key, &values, passwords).map_err(fault)?;
            let action = if changed.is_empty() { Action::Unchanged } else { Action::Updated };
            Ok((action, Some(found.key), changed))
        }
        (State::Present | State::Created | State::MustCreated, None) => {
            let asked =
                wanted.identifiers.get("pk").and_then(|key| Key::from_json(key, table.kind().key));
            let key = table.create(tx, asked, &values, passwords).map_err(fault)?;
            Ok((Action::Created, Some(key), values.keys().cloned().collect()))
        }
    }
}

/// A fault of this entry, or of an entry of a file it applies.
enum Fault {
    Here(ApplyErrorKind),
    Located(Box<ApplyError>),
}

impl From<ApplyErrorKind> for Fault {
    fn from(kind: ApplyErrorKind) -> Fault {
        Fault::Here(kind)
    }
}

impl Wanted {
    /// What is written: attributes with the identifiers over them.
    fn values(&self) -> Map<String, Json> {
        let mut values = self.attrs.clone();
        let mut identifiers = self.identifiers.clone();
        identifiers.remove("pk");
        // Looking into a field says how to find an object, not what to write.
        identifiers.retain(|name, _| !name.contains("__"));
        merge(&mut values, identifiers);
        values
    }

    fn exists(&self) -> ApplyErrorKind {
        let mut errors = FieldErrors::new();
        for name in self.identifiers.keys() {
            errors.add(
                name,
                Problem::new("unique", "State is set to must_created and object exists already"),
            );
        }
        ApplyErrorKind::Exists(errors)
    }
}

impl Made {
    /// Whether a tag names an entry whose object is gone.
    fn names_what_is_gone(&self, tag: &Tag) -> bool {
        let Tag::KeyOf(id) = tag else { return false };
        let mut known = self.ids.iter().filter(|(known, _)| known == id).peekable();
        known.peek().is_some() && known.all(|(_, known)| matches!(known, Known::Gone))
    }

    /// Replaces keys of an export by those the objects have here, also one level inside lists and
    /// maps.
    fn relink(&self, values: &mut Map<String, Json>) {
        if self.keys.is_empty() {
            return;
        }
        for (name, value) in values.iter_mut() {
            if name == "pk" {
                continue;
            }
            self.replace(value);
            match value {
                Json::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
                Json::Object(members) => {
                    members.values_mut().for_each(|member| self.replace(member));
                }
                _ => {}
            }
        }
    }

    fn replace(&self, value: &mut Json) {
        if let Some((_, new)) = self.keys.iter().find(|(old, _)| old == value) {
            *value = new.clone();
        }
    }
}
