//! Finding existing objects by values of their fields.

use countersign_core::RowValues;
use countersign_model::{Entry, Key, KindMeta, ObjectId, Shape, Snapshot};
use countersign_store::{StoreError, Tx};
use serde_json::{Map, Value as Json};

use super::Run;
use crate::printf::text_of;

/// An object an entry is about: in the graph or in a table.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub key: Key,
    pub values: Map<String, Json>,
}

/// Why nothing could be looked for.
#[derive(Debug)]
pub(super) enum FindFault {
    /// No such model.
    Model,
    /// No such field.
    Field(String),
    /// The store refused.
    Store(StoreError),
}

impl From<StoreError> for FindFault {
    fn from(error: StoreError) -> FindFault {
        FindFault::Store(error)
    }
}

impl Run<'_> {
    /// The first object, by key, with that key or with all of these values.
    pub(super) fn find(
        &self,
        tx: &mut Tx<'_>,
        model: &str,
        key: Option<&Json>,
        conditions: &[(String, Json)],
    ) -> Result<Option<Found>, FindFault> {
        if let Some(table) = self.table(model) {
            check_fields(None, &table.fields(), conditions)?;
            let wanted = key.and_then(|key| Key::from_json(key, table.kind().key));
            let pk: Vec<(String, Json)> =
                wanted.map(|key| ("pk".to_owned(), key.to_json())).into_iter().collect();
            let mut rows = Vec::new();
            if !pk.is_empty() {
                rows.extend(
                    table.candidates(tx, &pk)?.into_iter().filter(|row| Some(row.key) == wanted),
                );
            }
            if !conditions.is_empty() {
                rows.extend(table.candidates(tx, conditions)?);
            }
            rows.sort_by_key(|row| row.key);
            let graph: &Snapshot = tx.graph();
            let matching = rows.into_iter().find(|row| {
                Some(row.key) == wanted
                    || matches_all(graph, None, row.key, &row.values, conditions)
            });
            return Ok(matching.map(|RowValues { key, values }| Found { key, values }));
        }
        let Some(kind) = tx.registry().kind(model) else { return Err(FindFault::Model) };
        let meta = kind.meta;
        check_fields(Some(meta), &[], conditions)?;
        let wanted = key.and_then(|key| Key::from_json(key, meta.key));
        let graph: &Snapshot = tx.graph();
        let fits = |entry: &&std::sync::Arc<Entry>| {
            entry.meta().model == meta.model
                && (Some(entry.id.key) == wanted
                    || (!conditions.is_empty()
                        && matches_all(
                            graph,
                            Some(meta),
                            entry.id.key,
                            &entry.object.values(),
                            conditions,
                        )))
        };
        let found = graph.entries(meta.space).find(fits);
        Ok(found.map(|entry| Found { key: entry.id.key, values: entry.object.values() }))
    }
}

/// Fields may be looked into (`attributes__department`) and compared in other ways
/// (`name__startswith`).
fn check_fields(
    meta: Option<&KindMeta>,
    columns: &[String],
    conditions: &[(String, Json)],
) -> Result<(), FindFault> {
    for (field, _) in conditions {
        let name = field.split("__").next().unwrap_or(field);
        let known = is_key(meta, name)
            || meta.is_some_and(|meta| meta.field(name).is_some())
            || columns.iter().any(|column| column == name);
        if !known {
            return Err(FindFault::Field(field.clone()));
        }
    }
    Ok(())
}

fn is_key(meta: Option<&KindMeta>, name: &str) -> bool {
    name == "pk"
        || name == "id"
        || meta.is_some_and(|meta| name == meta.lookup && meta.field(name).is_none())
}

fn matches_all(
    graph: &Snapshot,
    meta: Option<&KindMeta>,
    key: Key,
    values: &Map<String, Json>,
    conditions: &[(String, Json)],
) -> bool {
    conditions.iter().all(|(field, wanted)| {
        let mut path: Vec<&str> = field.split("__").collect();
        let operator =
            path.last().copied().filter(|word| path.len() > 1 && OPERATORS.contains(word));
        if operator.is_some() {
            path.pop();
        }
        let operator = operator.unwrap_or("exact");
        let actual = value_at(graph, meta, key, values, &path);
        let comparable = !actual.hidden || WHOLE.contains(&operator);
        comparable && compare(operator, &actual.value, wanted)
    })
}

const OPERATORS: &[&str] = &[
    "exact",
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "in",
    "isnull",
    "gt",
    "gte",
    "lt",
    "lte",
];

/// Operators by which nobody learns a secret piece by piece.
const WHOLE: &[&str] = &["exact", "in", "isnull"];

/// The value a condition is about.
struct Actual {
    value: Json,
    /// It is, or holds, a secret.
    hidden: bool,
}

/// Follows references to other objects of the graph and members of maps.
fn value_at(
    graph: &Snapshot,
    meta: Option<&KindMeta>,
    key: Key,
    values: &Map<String, Json>,
    path: &[&str],
) -> Actual {
    let [name, rest @ ..] = path else { return Actual { value: Json::Null, hidden: false } };
    let hidden =
        meta.and_then(|meta| meta.field(name)).is_some_and(countersign_model::FieldMeta::is_hidden);
    let value = if is_key(meta, name) {
        key.to_json()
    } else {
        values.get(*name).cloned().unwrap_or(Json::Null)
    };
    if rest.is_empty() {
        return Actual { value, hidden };
    }
    if let Some((space, key_type)) =
        meta.and_then(|meta| meta.field(name)).and_then(|field| reference((field.shape)()))
    {
        let target =
            Key::from_json(&value, key_type).and_then(|key| graph.entry(ObjectId::new(space, key)));
        let Some(entry) = target else { return Actual { value: Json::Null, hidden } };
        return value_at(graph, Some(entry.meta()), entry.id.key, &entry.object.values(), rest);
    }
    let value =
        rest.iter().try_fold(value, |value, step| value.get(step).cloned()).unwrap_or(Json::Null);
    Actual { value, hidden }
}

fn reference(shape: Shape) -> Option<(countersign_model::Space, countersign_model::KeyType)> {
    match shape {
        Shape::Reference { space, key, .. } => Some((space, key)),
        Shape::Nullable(inner) => reference(*inner),
        _ => None,
    }
}

fn compare(operator: &str, actual: &Json, wanted: &Json) -> bool {
    let lower = |value: &Json| text_of(value).to_lowercase();
    let both = !actual.is_null() && !wanted.is_null();
    let number = |value: &Json| value.as_f64().or_else(|| text_of(value).parse().ok());
    let ordered = |test: fn(f64, f64) -> bool| {
        number(actual).zip(number(wanted)).is_some_and(|(a, b)| test(a, b))
    };
    match operator {
        "iexact" => both && lower(actual) == lower(wanted),
        "contains" => {
            both && (contains(actual, wanted) || text_of(actual).contains(&text_of(wanted)))
        }
        "icontains" => both && lower(actual).contains(&lower(wanted)),
        "startswith" => both && text_of(actual).starts_with(&text_of(wanted)),
        "istartswith" => both && lower(actual).starts_with(&lower(wanted)),
        "endswith" => both && text_of(actual).ends_with(&text_of(wanted)),
        "iendswith" => both && lower(actual).ends_with(&lower(wanted)),
        "in" => {
            wanted.as_array().is_some_and(|list| list.iter().any(|wanted| same(actual, wanted)))
        }
        "isnull" => wanted.as_bool() == Some(actual.is_null()),
        "gt" => ordered(|a, b| a > b),
        "gte" => ordered(|a, b| a >= b),
        "lt" => ordered(|a, b| a < b),
        "lte" => ordered(|a, b| a <= b),
        _ => match wanted {
            Json::Object(_) => contains(actual, wanted),
            wanted => same(actual, wanted),
        },
    }
}

/// Equal, where a number and its text are the same (keys come in both forms), and a list has a
/// value that is in it.
pub(super) fn same(actual: &Json, wanted: &Json) -> bool {
    let scalar = |value: &Json| matches!(value, Json::String(_) | Json::Number(_));
    match (actual, wanted) {
        _ if actual == wanted => true,
        (Json::Array(list), wanted) if !wanted.is_array() => {
            list.iter().any(|item| same(item, wanted))
        }
        _ => scalar(actual) && scalar(wanted) && text_of(actual) == text_of(wanted),
    }
}

/// Whether every part of `wanted` is in `actual`.
fn contains(actual: &Json, wanted: &Json) -> bool {
    match (actual, wanted) {
        (Json::Object(actual), Json::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| actual.get(key).is_some_and(|actual| contains(actual, wanted))),
        (Json::Array(actual), Json::Array(wanted)) => {
            wanted.iter().all(|wanted| actual.iter().any(|actual| contains(actual, wanted)))
        }
        _ => same(actual, wanted),
    }
}
