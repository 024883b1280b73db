//! The way back: the configuration as a blueprint that makes the same configuration elsewhere.
//!
//! Objects are named by what people name them by (a slug, a name), not by keys, which differ from
//! one installation to another; they refer to each other by `!KeyOf`, and by `!Find` to what the
//! file does not hold. Entries stand in an order in which everything is made before it is named;
//! where objects name each other in a circle, one of the references is set by a second entry at the
//! end.

mod api;
mod identity;
mod import;
mod order;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_core::{Grant, Permission, Rows};
use countersign_model::{
    AnyRef, Export as Exported, FieldMeta, FieldValue as _, Fields as _, Key, KindMeta, ObjectId,
    Registry, Shape, Snapshot, Space, Target as _, Timestamp, directory, family,
};
use countersign_store::{Sql, Store, StoreError, params};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

pub(crate) use api::operations;

use crate::format::LABEL_GENERATED;

use self::{identity::Identities, write::Out};

/// What to write.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only objects of these models; all when nothing is said.
    pub models: Option<BTreeSet<String>>,
    /// Only these objects.
    pub objects: Option<BTreeSet<ObjectId>>,
    /// Secrets in clear text; otherwise they are left out and a comment says so.
    pub with_secrets: bool,
}

/// A blueprint and what it does not hold.
#[derive(Debug, Clone)]
pub struct Export {
    pub text: String,
    pub entries: usize,
    /// One sentence for each secret that was left out.
    pub left_out: Vec<String>,
}

/// One object of the graph or row of the directory.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: ObjectId,
    pub meta: &'static KindMeta,
    pub values: Map<String, Json>,
}

/// Everything that can be written.
#[derive(Debug, Clone, Default)]
pub struct Everything {
    items: BTreeMap<ObjectId, Item>,
    spaces: BTreeSet<Space>,
}

impl Everything {
    /// The configuration, and of the tables the rows that their declarations say.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn read(
        snapshot: &Snapshot,
        sql: &mut Sql<'_>,
        tables: &[Arc<dyn Rows>],
        selection: &Selection,
    ) -> Result<Everything, StoreError> {
        let mut items: BTreeMap<ObjectId, Item> = BTreeMap::new();
        let mut named = BTreeSet::new();
        for entry in snapshot.all() {
            entry.object.visit_refs(&mut |_, target| {
                named.insert(target);
            });
            items.insert(
                entry.id,
                Item { id: entry.id, meta: entry.meta(), values: entry.object.values() },
            );
        }
        for table in tables.iter().filter(|table| table.meta().export != Exported::Never) {
            let (declared, meta) = (table.meta(), table.kind());
            let all = declared.export == Exported::All || selection.names(meta.model);
            let named: Vec<Key> =
                named.iter().filter(|id| id.space == meta.space).map(|id| id.key).collect();
            read_rows(&mut items, sql, &**table, (!all).then_some(&named))?;
        }
        read_grants(&mut items, sql, tables)?;
        let spaces = items.keys().map(|id| id.space).collect();
        Ok(Everything { items, spaces })
    }

    /// The object a reference leads to; what policies can be bound to is named by its uuid alone.
    fn target(&self, id: ObjectId) -> Option<&Item> {
        if id.space != family::Bindable::SPACE {
            return self.items.get(&id);
        }
        self.spaces.iter().find_map(|space| self.items.get(&ObjectId::new(*space, id.key)))
    }
}

fn read_rows(
    items: &mut BTreeMap<ObjectId, Item>,
    sql: &mut Sql<'_>,
    table: &dyn Rows,
    keys: Option<&[Key]>,
) -> Result<(), StoreError> {
    let (local, meta) = (table.meta().local, table.kind());
    for row in table.read(sql, keys)? {
        let id = ObjectId::new(meta.space, row.key);
        let mut values = row.values;
        values.retain(|name, _| !local.contains(&name.as_str()));
        items.insert(id, Item { id, meta, values });
    }
    Ok(())
}

/// What is held on rows, as what is held on objects, with the accounts that hold it.
fn read_grants(
    items: &mut BTreeMap<ObjectId, Item>,
    sql: &mut Sql<'_>,
    tables: &[Arc<dyn Rows>],
) -> Result<(), StoreError> {
    let all = "SELECT id, role, user_id, permission, object_id, object_uuid FROM role_grant";
    for row in sql.query(all, params![])? {
        let permission: String = row.get(3)?;
        let model = Permission::parse(&permission).map(Permission::model);
        let table = tables.iter().find(|table| Some(table.kind().model) == model);
        let number: Option<i64> = row.get(4)?;
        let key = number.map(Key::Int).or(row.get::<Option<Uuid>>(5)?.map(Key::Uuid));
        let Some((meta, key)) = table.map(|table| table.kind()).zip(key) else { continue };
        if !items.contains_key(&ObjectId::new(meta.space, key)) {
            continue;
        }
        let (role, user): (Option<Uuid>, Option<i64>) = (row.get(1)?, row.get(2)?);
        let people = tables.iter().find(|table| table.kind().space == directory::User::SPACE);
        if let Some((user, people)) = user.zip(people)
            && !items.contains_key(&ObjectId::new(directory::User::SPACE, Key::Int(user)))
        {
            read_rows(items, sql, &**people, Some(&[Key::Int(user)]))?;
        }
        // Beside those on objects, whose numbers are positive.
        let id = ObjectId::new(Grant::SPACE, Key::Int(-row.get::<i64>(0)?));
        let mut values = Map::new();
        values.insert("role".to_owned(), role.map(|role| role.to_string()).into());
        values.insert("user".to_owned(), user.into());
        values.insert("permission".to_owned(), permission.into());
        values.insert("object".to_owned(), AnyRef(ObjectId::new(meta.space, key)).to_json());
        items.insert(id, Item { id, meta: Grant::META, values });
    }
    Ok(())
}

/// The models that names stand for; `None` without names.
///
/// # Errors
/// A sentence about the first name that is no model.
pub fn models(
    names: &[String],
    registry: &Registry,
    tables: &[Arc<dyn Rows>],
) -> Result<Option<BTreeSet<String>>, String> {
    let is_table = |name: &str| {
        let exported = tables.iter().filter(|table| table.meta().export != Exported::Never);
        exported.into_iter().any(|table| table.kind().model == name)
    };
    let mut models = BTreeSet::new();
    for name in
        names.iter().map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty())
    {
        if registry.kind(&name).is_none() && !is_table(&name) {
            return Err(format!(
                "there is no model \"{name}\"; write it as in authentik_flows.flow"
            ));
        }
        models.insert(name);
    }
    Ok((!models.is_empty()).then_some(models))
}

/// Writes the blueprint of a store, as it is at one moment.
///
/// # Errors
/// When the engine fails.
pub async fn of_store(
    store: &Store,
    tables: Vec<Arc<dyn Rows>>,
    selection: Selection,
    now: Timestamp,
) -> Result<Export, StoreError> {
    let snapshot = store.snapshot();
    store
        .read(move |sql| {
            let everything = Everything::read(&snapshot, sql, &tables, &selection)?;
            Ok(export(&everything, &selection, now))
        })
        .await
}

/// Writes the blueprint.
pub fn export(everything: &Everything, selection: &Selection, now: Timestamp) -> Export {
    let mut chosen: Vec<&Item> =
        everything.items.values().filter(|item| selection.takes(item) && !is_grant(item)).collect();
    // By what people see, so that equal installations write equal files.
    chosen.sort_by_cached_key(|item| {
        (rank(item.id.space), item.meta.model, order::place(everything, item), item.id)
    });
    let identities = Identities::of(everything, &chosen);
    let plan = order::plan(everything, &chosen);
    let mut left_out = Vec::new();
    let mut entries = String::new();
    // Accounts are made after what they name: what they are given follows at the end.
    let mut given_later = Vec::new();
    for step in &plan.steps {
        let Some(item) = everything.items.get(&step.id) else { continue };
        let mut attrs = Vec::new();
        let own = identities.fields(item);
        let parts = parts_left_out(item, selection);
        for field in item.meta.fields.iter().filter(|field| item.values.contains_key(field.name)) {
            let (value, shape) =
                (item.values.get(field.name).cloned().unwrap_or_default(), (field.shape)());
            if own.contains(&field.name) || step.only.is_some_and(|only| only != field.name) {
                continue;
            }
            if parts.contains(&field.name) {
                let required = field.required && (field.default)().is_none();
                left_out.push(format!(
                    "{} \"{}\": {}",
                    item.meta.model,
                    identities.label(item),
                    field.name
                ));
                if required {
                    attrs.push((
                        field.name.to_owned(),
                        Out::Env(variable(&identities.entry_id(item), field.name)),
                    ));
                }
                continue;
            }
            if step.only.is_none() && plan.later.contains(&(item.id, field.name)) {
                if let (Shape::List(_), true) = (shape, field.required) {
                    attrs.push((field.name.to_owned(), Out::List(Vec::new())));
                }
                continue;
            }
            attrs.push((field.name.to_owned(), rendered(everything, &identities, &value, &shape)));
        }
        // A part that is readable by nobody and its secret belong together: where there is such an
        // object, it stays.
        let pair = item.meta.fields.iter().any(|field| field.write_only && !field.is_secret())
            && !parts.is_empty();
        if step.only.is_none() {
            attrs.extend(held_globally(everything, item));
        }
        let (to_people, given): (Vec<_>, Vec<_>) = match step.only {
            None => grants_on(everything, item).partition(|grant| is_held_by_somebody(grant)),
            Some(_) => (Vec::new(), Vec::new()),
        };
        if !to_people.is_empty() {
            given_later.push((item, to_people));
        }
        let given = given.into_iter().map(|grant| rendered_grant(everything, &identities, grant));
        let given = given.collect();
        entry(&mut entries, item, &identities, (attrs, pair, step.only.is_some()), given);
    }
    for (item, given) in &given_later {
        let given = given.iter().map(|grant| rendered_grant(everything, &identities, grant));
        entry(&mut entries, item, &identities, (Vec::new(), false, true), given.collect());
    }
    left_out.sort();
    let count = plan.steps.len() + given_later.len();
    Export { text: document(&entries, &left_out, now), entries: count, left_out }
}

fn document(entries: &str, left_out: &[String], now: Timestamp) -> String {
    let mut text = String::new();
    if !left_out.is_empty() {
        text.push_str("# Secrets are left out (`--with-secrets` writes them). What exists keeps its own. What is made gets a new one where one\n");
        text.push_str("# can be made; `!Env` names the variable to set where nothing can be made without; the rest is made without and does\n");
        text.push_str("# not work until its secret is set, as is said when this is applied:\n");
        for line in left_out {
            text.push_str(&format!("#   {}\n", line.replace(char::is_control, " ")));
        }
    }
    text.push_str("version: 1\nmetadata:\n");
    text.push_str(&format!(
        "  name: \"Countersign Export - {}\"\n  labels:\n    {LABEL_GENERATED}: \"true\"\n",
        now.iso()
    ));
    text.push_str(if entries.is_empty() { "entries: []\n" } else { "entries:\n" });
    text.push_str(entries);
    text
}

fn entry(
    text: &mut String,
    item: &Item,
    identities: &Identities,
    (attrs, pair, again): (Vec<(String, Out)>, bool, bool),
    given: Vec<Out>,
) {
    let mut members = vec![("model".to_owned(), Out::text(item.meta.model))];
    if !again {
        members.push(("id".to_owned(), Out::text(identities.entry_id(item))));
    }
    if pair {
        members.push(("state".to_owned(), Out::text("created")));
    }
    members.push(("identifiers".to_owned(), Out::Map(identities.of_item(item))));
    if !attrs.is_empty() {
        members.push(("attrs".to_owned(), Out::Map(attrs)));
    }
    if !given.is_empty() {
        members.push(("permissions".to_owned(), Out::List(given)));
    }
    let mut lines = String::new();
    write::map(&mut lines, 1, &members);
    text.push_str("- ");
    text.push_str(lines.get(2..).unwrap_or_default());
}

/// Grants are written with the objects that they are for.
fn is_grant(item: &Item) -> bool {
    item.id.space == Grant::SPACE
}

/// What an account holds globally beside its roles, which is an attribute of the account.
fn held_globally(everything: &Everything, of: &Item) -> Option<(String, Out)> {
    let is_own = |item: &&Item| {
        is_grant(item)
            && of.id.space == directory::User::SPACE
            && item.values.get("user") == Some(&of.id.key.to_json())
            && item.values.get("object").is_none_or(Json::is_null)
    };
    let held = everything.items.values().filter(is_own);
    let held: Vec<Out> =
        held.filter_map(|item| item.values.get("permission").map(Out::of)).collect();
    (!held.is_empty()).then(|| ("permissions".to_owned(), Out::List(held)))
}

/// What roles and accounts hold on an object.
fn grants_on<'a>(everything: &'a Everything, of: &Item) -> impl Iterator<Item = &'a Item> {
    let (space, key) = (Json::from(of.id.space.0), of.id.key.to_json());
    let is_for = move |item: &&Item| {
        let object = item.values.get("object");
        object.and_then(|object| object.get("space")) == Some(&space)
            && object.and_then(|object| object.get("pk")) == Some(&key)
    };
    everything.items.values().filter(|item| is_grant(item)).filter(is_for)
}

fn is_held_by_somebody(grant: &Item) -> bool {
    grant.values.get("user").is_some_and(|user| !user.is_null())
}

fn rendered_grant(everything: &Everything, identities: &Identities, grant: &Item) -> Out {
    let part = |field: &str| {
        let shape = grant.meta.field(field).map_or(Shape::Json, |field| (field.shape)());
        let value = grant.values.get(field).filter(|value| !value.is_null())?;
        Some((field.to_owned(), rendered(everything, identities, value, &shape)))
    };
    Out::Map(["permission", "role", "user"].iter().filter_map(|field| part(field)).collect())
}

/// A value with its references by name.
fn rendered(everything: &Everything, identities: &Identities, value: &Json, shape: &Shape) -> Out {
    match (shape, value) {
        (_, Json::Null) => Out::Plain(Json::Null),
        (Shape::Nullable(inner), value) => rendered(everything, identities, value, inner),
        (Shape::List(inner), Json::Array(items)) => Out::List(
            items.iter().map(|item| rendered(everything, identities, item, inner)).collect(),
        ),
        (Shape::Object(fields), Json::Object(members)) => {
            let shape_of = |name: &str| {
                fields.iter().find(|field| field.name == name).map(|field| (field.shape)())
            };
            let member = |(name, value): (&String, &Json)| {
                (
                    name.clone(),
                    shape_of(name).map_or_else(
                        || Out::of(value),
                        |shape| rendered(everything, identities, value, &shape),
                    ),
                )
            };
            Out::Map(members.iter().map(member).collect())
        }
        (Shape::Reference { space, key, .. }, value) => match Key::from_json(value, *key)
            .and_then(|key| everything.target(ObjectId::new(*space, key)))
        {
            Some(item) => identities.reference(item),
            None => Out::of(value),
        },
        (_, value) => Out::of(value),
    }
}

/// Every reference in a value of that shape.
fn references(value: &Json, shape: &Shape, found: &mut Vec<ObjectId>) {
    match (shape, value) {
        (Shape::Nullable(inner), value) => references(value, inner, found),
        (Shape::List(inner), Json::Array(items)) => {
            items.iter().for_each(|item| references(item, inner, found));
        }
        (Shape::Object(fields), Json::Object(members)) => {
            for field in *fields {
                references(members.get(field.name).unwrap_or(&Json::Null), &(field.shape)(), found);
            }
        }
        (Shape::Reference { space, key, .. }, value) => {
            found.extend(Key::from_json(value, *key).map(|key| ObjectId::new(*space, key)));
        }
        _ => {}
    }
}

/// The fields that hold a secret which is not to be written.
fn parts_left_out(item: &Item, selection: &Selection) -> Vec<&'static str> {
    let filled = |field: &&FieldMeta| {
        item.values
            .get(field.name)
            .is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    };
    let secret =
        item.meta.fields.iter().filter(|field| !selection.with_secrets && field.is_secret());
    secret.filter(filled).map(|field| field.name).collect()
}

/// The environment variable that gives a required secret.
fn variable(entry: &str, field: &str) -> String {
    format!("SECRET_{entry}_{field}")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

impl Selection {
    fn takes(&self, item: &Item) -> bool {
        self.models.as_ref().is_none_or(|models| models.contains(item.meta.model))
            && self.objects.as_ref().is_none_or(|objects| objects.contains(&item.id))
    }

    /// Whether a model is asked for by its name.
    fn names(&self, model: &str) -> bool {
        self.models.as_ref().is_some_and(|models| models.contains(model))
    }
}

/// The rank of a space: what is usually named stands before what names it, so that a file reads
/// from the ground up.
fn rank(space: Space) -> usize {
    const ORDER: [&str; 13] = [
        "role",
        "group",
        "user",
        "certificate_key_pair",
        "flow",
        "prompt",
        "policy",
        "stage",
        "flow_stage_binding",
        "mapping",
        "provider",
        "application",
        "source",
    ];
    ORDER.iter().position(|known| *known == space.0).unwrap_or(if space.0 == "policy_binding" {
        ORDER.len() + 1
    } else {
        ORDER.len()
    })
}

#[cfg(test)]
mod tests;
