//! Form metadata for the admin interface.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Context, Operation, json as answer};
use countersign_model::Served;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::openapi::object_schema;

pub(crate) fn operations() -> Vec<Operation> {
    let array = json!({"type": "array", "items": {"$ref": "#/components/schemas/Form"}});
    vec![
        Operation::new(
            Method::GET,
            "countersign/kinds/",
            "countersign_kinds_list",
            Access::authenticated(),
            |call: Call| async move {
                let asked = |kind: &Served| {
                    [("path", kind.meta.path), ("component", kind.meta.component)]
                        .iter()
                        .all(|(name, is)| call.query.get(name).is_none_or(|asked| asked == *is))
                };
                let is_brief = call.query.flag("brief") == Some(true);
                let form = |kind| {
                    let form = form(&call.cx, kind);
                    if is_brief { brief(form) } else { form }
                };
                let forms: Value = served(&call.cx).filter(asked).map(form).collect();
                Ok(of_this_version(answer(StatusCode::OK, &forms), &forms, &call.headers))
            },
        )
        .summary("The forms of all kinds, of those at a path or of a component; `brief` without their fields.")
        .parameter("brief", json!({"type": "boolean"}))
        .parameter("component", json!({"type": "string"}))
        .parameter("path", json!({"type": "string"}))
        .response(array),
        Operation::new(
            Method::GET,
            "countersign/kinds/{model}/",
            "countersign_kinds_retrieve",
            Access::authenticated(),
            |call: Call| async move {
                let kind = served(&call.cx).find(|kind| kind.meta.model == call.param("model"));
                let kind = kind.ok_or_else(|| ApiError::not_found("Kind"))?;
                let form = form(&call.cx, kind);
                Ok(of_this_version(answer(StatusCode::OK, &form), &form, &call.headers))
            },
        )
        .response("Form"),
    ]
}

/// A form as the navigation needs it: what its kind is called, and what it is for where it has a
/// place there.
fn brief(mut form: Value) -> Value {
    if let Some(form) = form.as_object_mut() {
        form.extend(["folds", "columns", "fields"].map(|name| (name.to_owned(), json!([]))));
        if form.get("section").is_none_or(Value::is_null) {
            form.insert("description".to_owned(), "".into());
        }
    }
    form
}

/// What is the same until the program is another one: asked for again, but sent once (RFC 9110,
/// section 13.1.2). The tag is weak, since the answer also travels compressed.
fn of_this_version(mut response: Response, body: &Value, asked: &HeaderMap) -> Response {
    let digest = hex::encode(Sha256::digest(body.to_string()));
    let tag = format!("W/\"{}\"", digest.get(..16).unwrap_or_default());
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|value| value.trim() == tag) {
        response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    let again = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, again);
    response
}

/// Every kind of object that has a form: of the configuration, and of tables.
fn served(cx: &Context) -> impl Iterator<Item = Served> {
    cx.modules().iter().flat_map(|module| {
        let kinds = module.kinds.iter().map(|kind| Served {
            meta: kind.def.meta,
            pk: kind.key_name,
            table: None,
        });
        kinds.chain(module.tables.iter().filter_map(|table| {
            let (meta, pk) = (table.meta.kind?, table.meta.pk);
            Some(Served { meta, pk, table: Some(table.meta) })
        }))
    })
}

fn form(cx: &Context, kind: Served) -> Value {
    kind.form(&|space, model| {
        let named = |kind: &Served| match model {
            Some(model) => kind.meta.model == model,
            None => kind.meta.space == space,
        };
        let found = served(cx).find(named)?;
        let meta =
            if model.is_some() { found.meta } else { found.meta.family.unwrap_or(found.meta) };
        Some(Served { meta, ..found })
    })
}

/// The schemas of what [`Served::form`] makes.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let words = |words: &[&str]| json!({"type": "string", "enum": words});
    vec![
        (
            "Form",
            object_schema(&[
                ("model", "string"),
                ("path", "string"),
                ("title", "string"),
                ("plural", "string"),
                ("component", "string"),
                ("space", "string"),
                ("key", "string"),
                ("pk", "string"),
                ("lookup", "string"),
                ("label", "string?"),
                ("description", "string"),
                ("creatable", "boolean"),
                ("section", "string?"),
                ("ordering", "[string]"),
                ("aside", "#FormAside?"),
                ("folds", "[#FormFold]"),
                ("columns", "[#FormColumn]"),
                ("fields", "[#FormField]"),
            ]),
        ),
        ("FormAside", object_schema(&[("title", "string"), ("text", "string")])),
        (
            "FormFold",
            object_schema(&[("title", "string"), ("summary", "string"), ("open", "boolean")]),
        ),
        (
            "FormColumn",
            object_schema(&[("name", "string"), ("label", "string"), ("sort", "boolean")]),
        ),
        (
            "FormField",
            object_schema(&[
                ("name", "string"),
                ("label", "string"),
                ("help", "string"),
                ("group", "string?"),
                ("required", "boolean"),
                ("default", "any"),
                ("start", "any"),
                ("write_only", "boolean"),
                ("read_only", "boolean"),
                ("hidden", "boolean"),
                ("nullable", "boolean"),
                ("max_length", "integer?"),
                ("min", "integer?"),
                ("max", "integer?"),
                ("placeholder", "string?"),
                ("widget", "#FormWidget?"),
                ("action", "string?"),
                ("choose", "#FormChoose?"),
                ("show_if", "#FormCondition?"),
                ("shape", "#FormShape"),
            ]),
        ),
        ("FormWidget", words(&["password", "radio", "permissions", "expression"])),
        ("FormCondition", object_schema(&[("field", "string"), ("value", "string")])),
        (
            "FormChoose",
            object_schema(&[
                ("path", "string?"),
                ("query", "map"),
                ("prefer", "#FormPrefer?"),
                ("only", "boolean"),
            ]),
        ),
        ("FormPrefer", object_schema(&[("field", "string"), ("values", "[string]")])),
        (
            "FormShape",
            object_schema(&[
                ("type", "#FormShapeType"),
                ("choices?", "[#FormChoice]"),
                ("target?", "#FormTarget"),
                ("item?", "#FormShape"),
                ("fields?", "[#FormField]"),
            ]),
        ),
        (
            "FormShapeType",
            words(&[
                "text",
                "multiline",
                "code",
                "slug",
                "url",
                "email",
                "duration",
                "secret",
                "boolean",
                "integer",
                "float",
                "time",
                "map",
                "choice",
                "reference",
                "list",
                "object",
            ]),
        ),
        (
            "FormChoice",
            object_schema(&[("value", "string"), ("label", "string"), ("offered", "boolean")]),
        ),
        (
            "FormTarget",
            object_schema(&[
                ("space", "string"),
                ("path", "string"),
                ("model", "string?"),
                ("key", "string"),
                ("pk", "string"),
                ("named", "[string]"),
            ]),
        ),
    ]
}
