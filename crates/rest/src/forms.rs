//! Form metadata for the admin interface.

use countersign_core::{Access, ApiError, Call, Context, Operation, json};
use countersign_model::{KindMeta, kind_form};
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
                let forms: Value = metas(&call.cx).map(|m| form(&call.cx, m)).collect();
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
                let meta = metas(&call.cx).find(|m| m.model == call.param("model"));
                meta.map(|m| json(StatusCode::OK, &form(&call.cx, m)))
                    .ok_or_else(|| ApiError::not_found("Kind"))
            },
        )
        .response(serde_json::json!({"type": "object", "additionalProperties": true})),
    ]
}

fn metas(cx: &Context) -> impl Iterator<Item = &'static KindMeta> {
    cx.modules().iter().flat_map(|m| {
        let tables = m.tables.iter().filter_map(|table| table.meta.kind);
        m.kinds.iter().map(|k| k.def.meta).chain(tables)
    })
}

fn form(cx: &Context, meta: &KindMeta) -> Value {
    kind_form(meta, &|space, model| {
        let named = |meta: &&KindMeta| match model {
            Some(model) => meta.model == model,
            None => meta.space.0 == space,
        };
        let meta = metas(cx).find(named).map(|meta| match model {
            Some(_) => meta,
            None => meta.family.unwrap_or(meta),
        });
        meta.map_or("", |meta| meta.path).to_owned()
    })
}
