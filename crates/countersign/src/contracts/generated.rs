//! Files that are made from what the program says of itself.

use std::collections::BTreeMap;

use countersign_testing::generated;
use serde_json::{Map, Value};

use super::tables::World;

/// What the interface reads of the API, with what each of these names.
const READ: [&str; 27] = [
    "Application",
    "AuthenticatedSession",
    "CurrentBrand",
    "Event",
    "ExchangeFailure",
    "ExpressionName",
    "ExpressionTest",
    "Flow",
    "FlowPreview",
    "FlowStageBinding",
    "FlowStep",
    "Form",
    "Group",
    "LDAPTest",
    "Outpost",
    "OutpostSheet",
    "Pagination",
    "PolicyBinding",
    "Provider",
    "ProviderSheet",
    "ProxyTest",
    "RadiusTest",
    "Stage",
    "TypeCreate",
    "UsedBy",
    "User",
    "UserSelf",
];

/// The types of the interface are those of the API's document. What an answer has beyond what can
/// be sent is there unless the document says it need not be; what can be sent is always answered.
#[tokio::test]
async fn generated_types_of_the_interface() {
    let document = World::new().await.get("root", "schema/").await;
    let Some(Value::Object(components)) = document.pointer("/components/schemas") else {
        panic!("the document has no components")
    };
    let mut types: BTreeMap<&str, String> = BTreeMap::new();
    let mut wanted: Vec<&str> = READ.to_vec();
    while let Some(name) = wanted.pop() {
        if types.contains_key(name) {
            continue;
        }
        let (_, schema) = components.iter().find(|(known, _)| *known == name).unwrap();
        named_in(schema, &mut wanted);
        types.insert(name, declaration(name, schema, components));
    }
    let parts: Vec<String> = types.into_values().collect();
    let head = "// Made of the API's document by `cargo xtask gen`. Change the declarations, not this file.";
    generated("web/src/lib/api/schema.ts", &format!("{head}\n\n{}", parts.join("\n")));
}

const COMPONENT: &str = "#/components/schemas/";

fn named_in<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    match schema {
        Value::Object(map) => {
            let named = map.get("$ref").and_then(Value::as_str);
            found.extend(named.and_then(|name| name.strip_prefix(COMPONENT)));
            map.values().for_each(|part| named_in(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| named_in(part, found)),
        _ => {}
    }
}

fn declaration(name: &str, schema: &Value, components: &Map<String, Value>) -> String {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return format!("export type {name} = {};\n", type_of(schema));
    };
    let sent = components.get(&format!("{name}Request"));
    let always = |property: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        let promised = required.is_some_and(|names| names.iter().any(|name| name == property));
        promised || sent.is_some_and(|sent| sent["properties"].get(property).is_some())
    };
    let mut text = format!("export interface {name} {{\n");
    for (property, schema) in properties {
        let mark = if always(property) { "" } else { "?" };
        text.push_str(&format!("  {property}{mark}: {};\n", type_of(schema)));
    }
    text + "}\n"
}

fn type_of(schema: &Value) -> String {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    let base = if let Some(name) = text("$ref").and_then(|name| name.strip_prefix(COMPONENT)) {
        name.to_owned()
    } else if let Some(part) = schema.pointer("/allOf/0") {
        type_of(part)
    } else if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().filter_map(Value::as_str).map(|value| format!("'{value}'"));
        values.collect::<Vec<_>>().join(" | ")
    } else {
        match text("type") {
            Some("array") => {
                let item = type_of(schema.get("items").unwrap_or(&Value::Null));
                if item.contains('|') { format!("({item})[]") } else { format!("{item}[]") }
            }
            Some("integer" | "number") => "number".to_owned(),
            Some("object") => "Record<string, any>".to_owned(),
            Some(plain) => plain.to_owned(),
            None => "any".to_owned(),
        }
    };
    let nullable = schema.get("nullable").and_then(Value::as_bool) == Some(true);
    if nullable { format!("{base} | null") } else { base }
}
