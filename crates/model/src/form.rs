//! Form metadata: what the admin interface draws forms from.

use serde_json::{Value, json};

use crate::field::{FieldMeta, Shape};
use crate::key::KeyType;
use crate::kind::KindMeta;

/// A kind as the interface sees it. `paths` maps a space and model to the collection its references
/// are chosen from.
pub fn kind_form(
    meta: &KindMeta,
    paths: &dyn Fn(&'static str, Option<&'static str>) -> String,
) -> Value {
    let lookup = if ["slug", "identifier"].contains(&meta.lookup) { meta.lookup } else { "pk" };
    json!({
        "model": meta.model, "path": meta.path, "title": meta.title, "plural": meta.plural, "component": meta.component,
        "space": meta.space.0, "key": key_name(meta.key), "lookup": lookup, "description": meta.description, "creatable": meta.creatable,
        "fields": meta.fields.iter().map(|f| field_form(f, paths)).collect::<Value>(),
    })
}

pub fn field_form(
    field: &FieldMeta,
    paths: &dyn Fn(&'static str, Option<&'static str>) -> String,
) -> Value {
    let shape = (field.shape)();
    let nullable = matches!(shape, Shape::Nullable(_));
    json!({
        "name": field.name, "label": field.label, "help": field.help, "group": field.group, "required": field.required,
        "default": (field.default)(), "write_only": field.write_only, "read_only": field.read_only, "nullable": nullable,
        "max_length": field.max_length, "min": field.min, "max": field.max, "placeholder": field.placeholder, "widget": field.widget,
        "show_if": field.show_if.map(|(f, v)| json!({"field": f, "value": v})),
        "shape": shape_form(&shape, paths),
    })
}

pub fn shape_form(
    shape: &Shape,
    paths: &dyn Fn(&'static str, Option<&'static str>) -> String,
) -> Value {
    let named = |name: &str| json!({"type": name});
    match shape {
        Shape::Text | Shape::Uuid => named("text"),
        Shape::Multiline => named("multiline"),
        Shape::Code => named("code"),
        Shape::Slug => named("slug"),
        Shape::Url => named("url"),
        Shape::Email => named("email"),
        Shape::Duration => named("duration"),
        Shape::Secret => named("secret"),
        Shape::Boolean => named("boolean"),
        Shape::Integer => named("integer"),
        Shape::Float => named("float"),
        Shape::Time => named("time"),
        Shape::Map | Shape::Json => named("map"),
        Shape::Choice(choices) => {
            let choices: Value =
                choices.iter().map(|c| json!({"value": c.value, "label": c.label})).collect();
            json!({"type": "choice", "choices": choices})
        }
        Shape::Reference { space, model, key } => json!({"type": "reference", "target": {
            "space": space.0, "path": paths(space.0, *model), "model": model, "key": key_name(*key), "label_fields": label_fields(space.0)}}),
        Shape::Nullable(inner) => shape_form(inner, paths),
        Shape::List(item) => json!({"type": "list", "item": shape_form(item, paths)}),
        Shape::Object(fields) => {
            json!({"type": "object", "fields": fields.iter().map(|f| field_form(f, paths)).collect::<Value>()})
        }
    }
}

const fn key_name(key: KeyType) -> &'static str {
    match key {
        KeyType::Int => "int",
        KeyType::Uuid => "uuid",
    }
}

/// Which fields name an object to a person.
fn label_fields(space: &str) -> &'static [&'static str] {
    match space {
        "flow" => &["slug", "name"],
        "user" => &["username", "name"],
        _ => &["name"],
    }
}
