//! What the API's documentation says of challenges: one schema for each page that a flow may show,
//! made from the page's samples.

use countersign_pages::{AnyPage, PageDef};
use serde_json::{Map, Value, json};

/// `ChallengeTypes`, told apart by `component`, and the schema of each page.
pub(super) fn schemas(pages: &[PageDef]) -> Vec<(&'static str, Value)> {
    let reference = |def: &PageDef| format!("#/components/schemas/{}", (def.name)());
    let mapping: Map<String, Value> =
        pages.iter().map(|def| (def.component.to_owned(), reference(def).into())).collect();
    let one_of: Vec<Value> = pages.iter().map(|def| json!({"$ref": reference(def)})).collect();
    let types = json!({
        "oneOf": one_of, "discriminator": {"propertyName": "component", "mapping": mapping},
    });
    let mut all = vec![("ChallengeTypes", types)];
    all.extend(pages.iter().map(|def| ((def.name)(), schema(&(def.samples)()))));
    all
}

fn schema(samples: &[Box<dyn AnyPage>]) -> Value {
    let challenges: Vec<_> = samples.iter().map(|page| page.json()).collect();
    let mut properties = Map::new();
    if samples.iter().any(|page| page.framed()) {
        let texts = ["title", "background", "cancel_url", "layout"];
        let info = texts.map(|name| (name.to_owned(), json!({"type": "string"})));
        properties.insert(
            "flow_info".to_owned(),
            json!({"type": "object", "properties": Map::from_iter(info)}),
        );
        properties.insert("response_errors".to_owned(), json!({"type": "object"}));
    }
    let mut required = Vec::new();
    if samples.iter().any(|page| page.names_user()) {
        for name in ["pending_user", "pending_user_avatar"] {
            properties.insert(name.to_owned(), json!({"type": "string"}));
            required.push(name.to_owned());
        }
    }
    for name in challenges.iter().flat_map(|challenge| challenge.keys()) {
        if properties.contains_key(name) {
            continue;
        }
        let values: Vec<_> = challenges.iter().filter_map(|fields| fields.get(name)).collect();
        properties.insert(name.clone(), shape(&values));
        if values.len() == challenges.len() {
            required.push(name.clone());
        }
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// What these values have in common.
fn shape(values: &[&Value]) -> Value {
    let mut schema = match values.iter().find(|value| !value.is_null()) {
        Some(Value::String(_)) => json!({"type": "string"}),
        Some(Value::Bool(_)) => json!({"type": "boolean"}),
        Some(Value::Number(_)) => json!({"type": "integer"}),
        Some(Value::Array(_)) => {
            let items: Vec<&Value> =
                values.iter().filter_map(|value| value.as_array()).flatten().collect();
            json!({"type": "array", "items": shape(&items)})
        }
        Some(Value::Object(_)) => {
            let objects: Vec<_> = values.iter().filter_map(|value| value.as_object()).collect();
            let names = objects.iter().flat_map(|object| object.keys());
            let of = |name: &String| -> Vec<&Value> {
                objects.iter().filter_map(|object| object.get(name)).collect()
            };
            let properties: Map<_, _> =
                names.map(|name| (name.clone(), shape(&of(name)))).collect();
            json!({"type": "object", "properties": properties})
        }
        Some(Value::Null) | None => json!({}),
    };
    if let Value::Object(map) = &mut schema
        && values.iter().any(|value| value.is_null())
    {
        map.insert("nullable".to_owned(), true.into());
    }
    schema
}
