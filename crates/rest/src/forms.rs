//! Form metadata for the admin interface.

use countersign_core::{Access, ApiError, Call, Context, Operation, json as answer};
use countersign_model::Served;
use http::{Method, StatusCode};
use serde_json::{Value, json};

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
                let forms: Value = served(&call.cx).map(|kind| form(&call.cx, kind)).collect();
                Ok(answer(StatusCode::OK, &forms))
            },
        )
        .response(array),
        Operation::new(
            Method::GET,
            "countersign/kinds/{model}/",
            "countersign_kinds_retrieve",
            Access::authenticated(),
            |call: Call| async move {
                let kind = served(&call.cx).find(|kind| kind.meta.model == call.param("model"));
                kind.map(|kind| answer(StatusCode::OK, &form(&call.cx, kind)))
                    .ok_or_else(|| ApiError::not_found("Kind"))
            },
        )
        .response("Form"),
    ]
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
        ("FormWidget", words(&["password", "radio", "permissions"])),
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
