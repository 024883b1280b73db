//! Form metadata for the admin interface.

use countersign_core::{Access, ApiError, Call, Context, Operation, json};
use countersign_model::Served;
use http::{Method, StatusCode};
use serde_json::Value;

pub(crate) fn operations() -> Vec<Operation> {
    let array = serde_json::json!({"type": "array", "items": {"type": "object", "additionalProperties": true}});
    vec![
        Operation::new(
            Method::GET,
            "countersign/kinds/",
            "countersign_kinds_list",
            Access::Authenticated,
            |call: Call| async move {
                let forms: Value = served(&call.cx).map(|kind| form(&call.cx, kind)).collect();
                Ok(json(StatusCode::OK, &forms))
            },
        )
        .response(array),
        Operation::new(
            Method::GET,
            "countersign/kinds/{model}/",
            "countersign_kinds_retrieve",
            Access::Authenticated,
            |call: Call| async move {
                let kind = served(&call.cx).find(|kind| kind.meta.model == call.param("model"));
                kind.map(|kind| json(StatusCode::OK, &form(&call.cx, kind)))
                    .ok_or_else(|| ApiError::not_found("Kind"))
            },
        )
        .response(serde_json::json!({"type": "object", "additionalProperties": true})),
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
