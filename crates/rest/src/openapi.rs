//! The API's document, made from the same declarations that serve it.

use std::collections::BTreeSet;

use axum::response::Response;
use countersign_core::{
    Access, Call, Context, Identities, Operation, RequestInfo, json as json_response,
};
use countersign_model::{FieldMeta, KeyType, KindMeta, Shape};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::dispatch::all_operations;
use crate::forms;

/// Every path of the original, one a line: what of it is missing here answers 501, not 404.
const ORIGINAL_PATHS: &str = include_str!("original-paths.txt");

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "schema/",
            "schema_retrieve",
            Access::public(),
            |call: Call| async move {
                let mut response = json_response(StatusCode::OK, &document(&call.cx));
                // JSON is YAML too; the original's default media type is kept for tools that ask
                // for none.
                if call.query.get("format") != Some("json") {
                    response.headers_mut().insert(
                        header::CONTENT_TYPE,
                        HeaderValue::from_static("application/vnd.oai.openapi"),
                    );
                }
                Ok(response)
            },
        )
        .summary("This document"),
    ]
}

/// What a path below `/api/v3` that no operation serves is answered.
pub(crate) fn unknown(cx: &Context, request: &RequestInfo) -> Response {
    let path = request.path.trim_start_matches("/api/v3/");
    let parts: Vec<&str> = path.split('/').collect();
    let matches = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len()
            && wanted.iter().zip(&parts).all(|(w, p)| w == p || w.starts_with('{') && !p.is_empty())
    };
    if ORIGINAL_PATHS.lines().any(matches) {
        let text = "This part of the API is not available in this version; docs/compatibility.md lists what is.";
        return json_response(StatusCode::NOT_IMPLEMENTED, &json!({"detail": text}));
    }
    cx.not_found(request)
}

/// The OpenAPI 3.0 document.
fn document(cx: &Context) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in all_operations(cx.modules()) {
        let path = format!("/{}", operation.path);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert(operation.method.as_str().to_lowercase(), describe(&operation));
        }
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Countersign", "version": cx.settings.version, "description": "The API of Countersign, compatible with authentik 2025.4."},
        "servers": [{"url": cx.url("/api/v3")}],
        "paths": paths,
        "components": {
            "schemas": schemas(cx),
            "securitySchemes": {"authentik": {"type": "http", "scheme": "bearer"}},
        },
    })
}

/// How an operation is refused that the original's document does not say.
fn besides(operation: &Operation) -> Vec<&'static str> {
    let changes = operation.method != Method::GET;
    let edits = changes && operation.method != Method::POST;
    [
        // What its path, its query or its body names; a page that is none.
        (true, "404"),
        // It is under way, or what it needs is no longer as it was.
        (changes, "409"),
        (edits, "412"),
        (operation.request.is_some(), "415"),
        // The `Idempotency-Key` was for another request.
        (operation.method == Method::POST, "422"),
        (true, "429"),
        (true, "503"),
    ]
    .into_iter()
    .filter_map(|(may, status)| may.then_some(status))
    .collect()
}

fn describe(operation: &Operation) -> Value {
    let tag = operation.path.split('/').next().unwrap_or_default();
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"in": "path", "name": name, "required": true, "schema": {"type": if name == "id" { "integer" } else { "string" }}}))
        .collect();
    parameters.extend(
        operation
            .parameters
            .iter()
            .map(|(name, schema)| json!({"in": "query", "name": name, "schema": schema})),
    );
    if operation.paged {
        for (name, kind) in [
            ("ordering", "string"),
            ("page", "integer"),
            ("page_size", "integer"),
            ("search", "string"),
        ] {
            parameters.push(json!({"in": "query", "name": name, "schema": {"type": kind}}));
        }
    }
    // What is declared says more than what every list has.
    let mut names = BTreeSet::new();
    parameters.retain(|parameter| {
        names.insert(["in", "name"].map(|part| parameter.get(part).map(Value::to_string)))
    });
    let usual = match (&operation.method, &operation.response) {
        (&Method::DELETE, _) | (&Method::POST, None) => "204",
        // Only the collections themselves make things.
        (&Method::POST, Some(_)) if operation.meta.is_some() => "201",
        _ => "200",
    };
    let status = operation.status.unwrap_or(usual);
    let refused = json!({"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GenericError"}}}});
    let answer = match &operation.response {
        Some(schema) => {
            json!({"description": "", "content": {"application/json": {"schema": reference(schema)}}})
        }
        None => json!({"description": "No response body"}),
    };
    let besides = besides(operation).into_iter().map(|status| (status.to_owned(), refused.clone()));
    let mut document = json!({
        "operationId": operation.id,
        "description": operation.summary,
        "parameters": parameters,
        "tags": [tag],
        "x-countersign-access": operation.access.describe(),
        "responses": {
            status: answer,
            "400": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ValidationError"}}}},
            "403": refused,
        },
    });
    if let Some(Value::Object(responses)) = document.get_mut("responses") {
        responses.extend(besides);
        for status in operation.empty_refusals {
            responses.insert((*status).to_owned(), json!({"description": ""}));
        }
    }
    if let Value::Object(map) = &mut document {
        if let Some(schema) = &operation.request {
            let media = if operation.form { "multipart/form-data" } else { "application/json" };
            map.insert(
                "requestBody".to_owned(),
                json!({"content": {media: {"schema": reference(schema)}}}),
            );
        }
        let security = if operation.access.who == Identities::Anybody {
            json!([{"authentik": []}, {}])
        } else {
            json!([{"authentik": []}])
        };
        map.insert("security".to_owned(), security);
    }
    document
}

/// What lists of a kind can be narrowed by: its key, its fields, and what `more` names.
pub(crate) fn filters<'a>(
    meta: &'static KindMeta,
    more: impl Iterator<Item = &'a (&'static str, &'static str)>,
) -> impl Iterator<Item = (String, Value)> {
    let key = (meta.lookup.ends_with("_uuid"))
        .then(|| (meta.lookup, json!({"type": "string", "format": "uuid"})));
    let fields = meta.fields.iter().filter(|field| field.filter && !field.is_secret());
    let fields = fields.map(|field| {
        let mut shape = (field.shape)();
        while let Shape::Nullable(inner) = shape {
            shape = *inner;
        }
        (field.name, shape_schema(&shape))
    });
    let null = meta.fields.iter().filter(|field| field.filter_null);
    let null = null.map(|field| (format!("{}__isnull", field.name), property("boolean")));
    let named = key.into_iter().chain(fields).map(|(name, schema)| (name.to_owned(), schema));
    named.chain(null).chain(more.map(|(name, kind)| ((*name).to_owned(), property(kind))))
}

fn reference(schema: &Value) -> Value {
    match schema {
        Value::String(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
        other => other.clone(),
    }
}

fn schemas(cx: &Context) -> Value {
    let mut all: Map<String, Value> = Map::new();
    all.insert(
        "GenericError".into(),
        json!({"type": "object", "properties": {"detail": {"type": "string"}, "code": {"type": "string"}}, "required": ["detail"]}),
    );
    all.insert("ValidationError".into(), json!({"type": "object", "properties": {"non_field_errors": {"type": "array", "items": {"type": "string"}}, "code": {"type": "string"}}, "additionalProperties": {}}));
    all.insert(
        "UsedBy".into(),
        object_schema(&[
            ("app", "string"),
            ("model_name", "string"),
            ("pk", "string"),
            ("name", "string"),
            ("action", "#UsedByActionEnum"),
        ]),
    );
    all.insert(
        "UsedByActionEnum".into(),
        json!({"type": "string", "enum": ["cascade", "cascade_many", "set_null", "set_default"]}),
    );
    all.insert(
        "TypeCreate".into(),
        object_schema(&[
            ("name", "string"),
            ("description", "string"),
            ("component", "string"),
            ("model_name", "string"),
        ]),
    );
    let numbers =
        ["next", "previous", "count", "current", "total_pages", "start_index", "end_index"]
            .map(|n| (n, "number"));
    all.insert("Pagination".into(), object_schema(&numbers));
    all.extend(forms::schemas().into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    let kinds = cx.modules().iter().flat_map(|m| {
        let none: &'static [&'static str] = &[];
        let tables =
            m.tables.iter().filter_map(move |t| Some((t.meta.kind?, t.meta.pk, false, none)));
        m.kinds.iter().map(|k| (k.def.meta, k.key_name, k.single.is_some(), k.hidden)).chain(tables)
    });
    for (meta, key, single, hidden) in kinds {
        let mut answer = answer_schema(meta, key);
        if let Some(Value::Array(required)) = answer.get_mut("required") {
            // Of what there is one of, nobody needs the key.
            required.retain(|name| !(single && name == key || hidden.iter().any(|h| name == h)));
        }
        if let Some(Value::Object(properties)) = answer.get_mut("properties") {
            properties.retain(|name, _| !hidden.contains(&name.as_str()));
        }
        all.insert(meta.schema.to_owned(), answer);
        all.insert(format!("{}Request", meta.schema), request_schema(meta, true));
        all.insert(format!("Patched{}Request", meta.schema), request_schema(meta, false));
        all.insert(format!("Paginated{}List", meta.schema), paginated(meta.schema));
    }
    let told: Vec<(&str, &Value)> = cx
        .modules()
        .iter()
        .flat_map(|m| m.schemas.iter().map(|(name, schema)| (*name, schema)))
        .collect();
    let named = ["component", "verbose_name", "verbose_name_plural", "meta_model_name"];
    for family in cx.modules().iter().flat_map(|m| m.families.iter()) {
        let schema = family.meta.schema;
        let mut declared = answer_schema(family.meta, "pk");
        extend(&mut declared, &object_schema(&named.map(|name| (name, "string"))));
        all.insert(schema.to_owned(), declared);
        all.insert(format!("Paginated{schema}List"), paginated(schema));
        // What a family computes for its members is in each of them.
        for member in cx.registry().family(family.meta.space) {
            for (_, computed) in told.iter().filter(|(name, _)| *name == schema) {
                if let Some(declared) = all.get_mut(member.meta.schema) {
                    extend(declared, computed);
                }
            }
        }
    }
    for (name, schema) in told {
        match all.get_mut(name) {
            Some(declared) => extend(declared, schema),
            None => {
                all.insert(name.to_owned(), schema.clone());
            }
        }
    }
    // Lists of what is neither a kind nor a table.
    let paged = cx.modules().iter().flat_map(|m| &m.operations).filter(|operation| operation.paged);
    for name in paged.filter_map(|operation| operation.response.as_ref()?.as_str()) {
        let of = name.strip_prefix("Paginated").and_then(|name| name.strip_suffix("List"));
        if let Some(schema) = of.filter(|_| !all.contains_key(name)) {
            all.insert(name.to_owned(), paginated(schema));
        }
    }
    Value::Object(all)
}

/// Adds the computed properties a module tells of to the schema its declaration gave.
fn extend(declared: &mut Value, more: &Value) {
    if let (Some(Value::Object(into)), Some(Value::Object(from))) =
        (declared.get_mut("properties"), more.get("properties"))
    {
        into.extend(from.clone());
    }
    if let (Some(Value::Array(into)), Some(Value::Array(from))) =
        (declared.get_mut("required"), more.get("required"))
    {
        let new: Vec<Value> = from.iter().filter(|name| !into.contains(name)).cloned().collect();
        into.extend(new);
    }
}

/// A schema of an object with properties as `("name", "string")`, required but for names that end
/// in `?`. Types are JSON's, or `time`, `uuid`, `url`, `map`, `any`, a component as `#Name`,
/// `[type]` for a list, and a final `?` for nullable.
pub fn object_schema(properties: &[(&str, &str)]) -> Value {
    let required: Vec<Value> = properties
        .iter()
        .filter(|(name, _)| !name.ends_with('?'))
        .map(|(name, _)| Value::from(*name))
        .collect();
    let properties: Map<String, Value> = properties
        .iter()
        .map(|(name, kind)| (name.trim_end_matches('?').to_owned(), property(kind)))
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if let (Value::Object(map), false) = (&mut schema, required.is_empty()) {
        map.insert("required".to_owned(), required.into());
    }
    schema
}

/// A property by a word: `string`, `uuid`, `time`, `[string]` for a list, `#Name` for a component, with
/// `?` where it may be null.
pub fn property(kind: &str) -> Value {
    if let Some(inner) = kind.strip_suffix('?') {
        let mut schema = property(inner);
        if schema.get("$ref").is_some() {
            schema = json!({"allOf": [schema]});
        }
        if let Value::Object(map) = &mut schema {
            map.insert("nullable".to_owned(), true.into());
        }
        return schema;
    }
    if let Some(item) = kind.strip_prefix('[').and_then(|k| k.strip_suffix(']')) {
        return json!({"type": "array", "items": property(item)});
    }
    if let Some(component) = kind.strip_prefix('#') {
        return json!({"$ref": format!("#/components/schemas/{component}")});
    }
    match kind {
        "time" => json!({"type": "string", "format": "date-time"}),
        "uuid" => json!({"type": "string", "format": "uuid"}),
        "url" => json!({"type": "string", "format": "uri"}),
        "map" => json!({"type": "object", "additionalProperties": {}}),
        "file" => json!({"type": "string", "format": "binary"}),
        "any" => json!({}),
        other => json!({"type": other}),
    }
}

fn paginated(schema: &str) -> Value {
    json!({"type": "object", "required": ["pagination", "results"], "properties": {
        "pagination": {"$ref": "#/components/schemas/Pagination"},
        "results": {"type": "array", "items": {"$ref": format!("#/components/schemas/{schema}")}}}})
}

fn answer_schema(meta: &KindMeta, key: &str) -> Value {
    let mut properties: Map<String, Value> = Map::new();
    let key_schema = if meta.key == KeyType::Int {
        json!({"type": "integer", "readOnly": true})
    } else {
        json!({"type": "string", "format": "uuid", "readOnly": true})
    };
    properties.insert(key.to_owned(), key_schema);
    for field in meta.fields.iter().filter(|f| !f.write_only) {
        properties.insert(field.name.to_owned(), field_schema(field));
    }
    if !meta.component.is_empty() {
        for name in ["component", "verbose_name", "verbose_name_plural", "meta_model_name"] {
            properties.insert(name.to_owned(), json!({"type": "string", "readOnly": true}));
        }
    }
    // As the original's document has it: what has a default is there all the same, but not
    // promised.
    let promised =
        |name: &str| meta.field(name).is_none_or(|field| field.required || field.read_only);
    let required: Vec<Value> =
        properties.keys().filter(|name| promised(name)).map(|k| Value::from(k.clone())).collect();
    json!({"type": "object", "description": meta.description, "properties": properties, "required": required})
}

fn request_schema(meta: &KindMeta, whole: bool) -> Value {
    let fields = || meta.fields.iter().filter(|f| !f.read_only);
    let properties: Map<String, Value> =
        fields().map(|f| (f.name.to_owned(), field_schema(f))).collect();
    let required: Vec<Value> =
        fields().filter(|f| whole && f.required).map(|f| Value::from(f.name)).collect();
    let mut schema =
        json!({"type": "object", "description": meta.description, "properties": properties});
    if let (Value::Object(map), false) = (&mut schema, required.is_empty()) {
        map.insert("required".to_owned(), Value::Array(required));
    }
    schema
}

/// What a field takes, as OpenAPI says it.
pub fn field_schema(field: &FieldMeta) -> Value {
    let mut schema = shape_schema(&(field.shape)());
    if let Value::Object(map) = &mut schema {
        if !field.help.is_empty() {
            map.insert("description".to_owned(), field.help.into());
        }
        if let Some(max) = field.max_length {
            map.insert("maxLength".to_owned(), max.into());
        }
        if let Some(min) = field.min {
            map.insert("minimum".to_owned(), min.into());
        }
        if field.write_only {
            map.insert("writeOnly".to_owned(), true.into());
        }
    }
    schema
}

fn shape_schema(shape: &Shape) -> Value {
    match shape {
        Shape::Text
        | Shape::Multiline
        | Shape::Code
        | Shape::Slug
        | Shape::Duration
        | Shape::Secret => json!({"type": "string"}),
        Shape::Url => json!({"type": "string", "format": "uri"}),
        Shape::Email => json!({"type": "string", "format": "email"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer => json!({"type": "integer"}),
        Shape::Float => json!({"type": "number"}),
        Shape::Time => json!({"type": "string", "format": "date-time"}),
        Shape::Uuid => json!({"type": "string", "format": "uuid"}),
        Shape::Map => json!({"type": "object", "additionalProperties": {}}),
        Shape::Json | Shape::SecretJson => json!({}),
        Shape::Choice(choices) => {
            json!({"type": "string", "enum": choices.iter().map(|c| c.value).collect::<Vec<_>>()})
        }
        Shape::Reference { key: KeyType::Int, .. } => json!({"type": "integer"}),
        Shape::Reference { .. } => json!({"type": "string", "format": "uuid"}),
        Shape::Nullable(inner) => {
            let mut schema = shape_schema(inner);
            if let Value::Object(map) = &mut schema {
                map.insert("nullable".to_owned(), true.into());
            }
            schema
        }
        Shape::List(item) => json!({"type": "array", "items": shape_schema(item)}),
        Shape::Object(fields) => {
            let properties: Map<String, Value> =
                fields.iter().map(|f| (f.name.to_owned(), field_schema(f))).collect();
            let required: Vec<&str> =
                fields.iter().filter(|f| f.required).map(|f| f.name).collect();
            json!({"type": "object", "properties": properties, "required": required})
        }
    }
}
