//! What families offer over all their members: the `all/` lists and the types one can create.

use countersign_core::{Access, Call, FamilyResource, Operation, Permission, json};
use countersign_model::KindMeta;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::objects::{self, Listed, destroy, one, rendered, rendered_member};
use crate::{openapi, used_by};

pub(crate) fn operations(family: &FamilyResource) -> Vec<Operation> {
    let meta = family.meta;
    let (path, item) = (format!("{}/", meta.path), format!("{}/{{{}}}/", meta.path, meta.lookup));
    let id = |verb: &str| format!("{}_{verb}", meta.path.replace('/', "_"));
    let view = || Access::on(Permission::view(meta));
    let render = if family.whole { rendered } else { rendered_member };
    let narrow = family.narrow;
    let list = move |call: Call| async move {
        let of_family = call.snapshot.entries(meta.space);
        let entries = of_family
            .filter(|entry| call.reach.has(entry))
            .filter(|entry| narrow.is_none_or(|narrow| narrow(&call, entry)))
            .cloned()
            .collect();
        let listed = Listed { entries, ordered: false, searched: None };
        objects::list(&call, meta, listed, None, render).await
    };
    vec![
        openapi::filters(meta, family.parameters.iter()).fold(
            Operation::new(Method::GET, &path, id("list"), view(), list).pages_of(meta.schema),
            |operation, (name, schema)| operation.parameter(&name, schema),
        ),
        Operation::new(Method::GET, &item, id("retrieve"), view(), move |call: Call| async move {
            one(&call, StatusCode::OK, call.entry()?.clone(), render).await
        })
        .response(meta.schema),
        Operation::new(
            Method::DELETE,
            &item,
            id("destroy"),
            Access::on(Permission::delete(meta)),
            move |call: Call| async move { destroy(&call, call.entry()?.id, meta.schema).await },
        ),
        Operation::new(
            Method::GET,
            format!("{item}used_by/"),
            id("used_by_list"),
            view(),
            move |call: Call| async move {
                Ok(json(StatusCode::OK, &used_by::of_object(&call, call.entry()?.id)))
            },
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
        Operation::new(
            Method::GET,
            format!("{path}types/"),
            id("types_list"),
            view(),
            move |call: Call| async move {
                let types: Value = call
                    .cx
                    .registry()
                    .family(meta.space)
                    .filter(|k| k.meta.creatable)
                    .map(|k| type_create(k.meta))
                    .collect();
                Ok(json(StatusCode::OK, &types))
            },
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/TypeCreate"}})),
    ]
}

fn type_create(meta: &KindMeta) -> Value {
    json!({
        "name": meta.title, "description": meta.description, "component": meta.component, "model_name": meta.model_name(),
        "icon_url": null, "requires_enterprise": false,
    })
}
