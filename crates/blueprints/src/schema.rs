//! The JSON schema of blueprints, for editors: which models there are, and what each may be given.

use countersign_core::{Access, Call, Module, Operation, json, permissions};
use countersign_model::{FieldMeta, KindMeta, Shape};
use countersign_rest::field_schema;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::apply::META_MODEL;
use crate::tables;

/// The address is for editors, too: `# yaml-language-server: $schema=`.
pub(crate) fn operation() -> Operation {
    Operation::new(
        Method::GET,
        "countersign/blueprints/schema.json",
        "countersign_blueprints_schema_retrieve",
        Access::authenticated(),
        |call: Call| async move {
            let schema = document(call.cx.settings.version, call.cx.modules());
            Ok(json(StatusCode::OK, &schema))
        },
    )
    .summary("The JSON schema of blueprints, for editors.")
    .response(json!({"type": "object", "additionalProperties": {}}))
}

/// The schema (draft 7), of everything that blueprints can make.
#[must_use]
pub fn document(version: &str, modules: &[Module]) -> Value {
    let kinds = modules.iter().flat_map(|module| &module.kinds);
    let of_kind = |kind: &KindMeta| (kind.model, attributes(kind.fields.iter()));
    let of_table = |rows: std::sync::Arc<dyn countersign_core::Rows>| {
        let mut known = attributes(rows.kind().fields.iter());
        for name in rows.fields().iter().map(String::as_str).chain(rows.imported().iter().copied())
        {
            known.entry(name).or_insert_with(|| json!({}));
        }
        (rows.kind().model, known)
    };
    let mut models: Vec<(&str, Map<String, Value>)> = kinds
        .map(|kind| of_kind(kind.meta()))
        .chain(tables::of(modules).into_iter().map(of_table))
        .collect();
    models.push((META_MODEL, meta_apply()));
    models.sort_by_key(|(model, _)| *model);
    let mut defs = Map::new();
    let entries: Value = models.iter().map(|(model, _)| entry(model)).collect();
    defs.insert("blueprint_entry".to_owned(), json!({"oneOf": entries}));
    for (model, attributes) in models {
        let of_model = json!({"type": "object", "properties": attributes});
        defs.insert(format!("model_{model}"), of_model);
        defs.insert(format!("model_{model}_permissions"), given(model));
    }
    let list = json!({"type": "array", "items": {"$ref": "#/$defs/blueprint_entry"}});
    json!({
        "$schema": "http://json-schema.org/draft-07/schema",
        "$id": "https://goauthentik.io/blueprints/schema.json",
        "type": "object",
        "title": format!("Countersign {version} blueprints"),
        "required": ["version", "entries"],
        "properties": {
            "version": {"type": "integer", "title": "Blueprint version", "default": 1},
            "metadata": {
                "type": "object", "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "context": {"type": "object", "additionalProperties": true},
            "entries": {"anyOf": [list, {"type": "object", "additionalProperties": list}]},
        },
        "$defs": defs,
    })
}

fn entry(model: &str) -> Value {
    let attributes = json!({"$ref": format!("#/$defs/model_{model}")});
    json!({
        "type": "object",
        "required": ["model", "identifiers"],
        "properties": {
            "model": {"const": model},
            "id": {"type": "string"},
            "state": {"type": "string", "enum": ["absent", "present", "created", "must_created"], "default": "present"},
            "conditions": {"type": "array", "items": {"type": "boolean"}},
            "permissions": {"$ref": format!("#/$defs/model_{model}_permissions")},
            "attrs": attributes,
            "identifiers": attributes,
        },
    })
}

/// What can be given to somebody on an object of a model.
fn given(model: &str) -> Value {
    let of_model = permissions().iter().filter(|listed| listed.permission.model() == model);
    let names: Vec<String> = of_model.map(|listed| listed.permission.codename()).collect();
    let permission = if names.is_empty() {
        json!({"type": "string"})
    } else {
        json!({"type": "string", "enum": names})
    };
    json!({
        "type": "array",
        "items": {
            "type": "object", "required": ["permission"],
            "properties": {"permission": permission, "user": {}, "role": {}},
        },
    })
}

/// The blueprint that has to be applied before.
fn meta_apply() -> Map<String, Value> {
    let mut known = Map::new();
    let identifiers = json!({"type": "object", "additionalProperties": true});
    known.insert("identifiers".to_owned(), identifiers);
    known.insert("required".to_owned(), json!({"type": "boolean", "default": true}));
    known
}

fn attributes<'a>(fields: impl Iterator<Item = &'a FieldMeta>) -> Map<String, Value> {
    fields.map(|field| (field.name.to_owned(), attribute(field))).collect()
}

/// A field as files give it: other objects are named by tags, which are no text, and null is
/// written in the words of JSON Schema.
fn attribute(field: &FieldMeta) -> Value {
    let mut shape = (field.shape)();
    let mut nullable = false;
    while let Shape::Nullable(inner) = shape {
        (shape, nullable) = (*inner, true);
    }
    let names_others = match &shape {
        Shape::Reference { .. } => true,
        Shape::List(item) => matches!(**item, Shape::Reference { .. }),
        _ => false,
    };
    let mut schema = if names_others { json!({}) } else { field_schema(field) };
    if let Value::Object(map) = &mut schema {
        map.remove("nullable");
        map.remove("writeOnly");
        if let (true, Some(kind)) = (nullable, map.get("type").cloned()) {
            map.insert("type".to_owned(), json!([kind, "null"]));
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.push(Value::Null);
            }
        }
        map.insert("title".to_owned(), field.label.into());
        if !field.help.is_empty() {
            map.insert("description".to_owned(), field.help.into());
        }
    }
    schema
}
