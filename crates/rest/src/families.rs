//! What families offer over all their members: the `all/` lists and the types one can create.

use countersign_core::{Access, Call, FamilyResource, Operation, json};
use countersign_model::KindMeta;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::objects::{self, Listed, destroy, find_in, one, rendered, rendered_member};
use crate::{openapi, used_by};

pub(crate) fn operations(family: &FamilyResource) -> Vec<Operation> {
    let meta = family.meta;
    let (path, item) = (format!("{}/", meta.path), format!("{}/{{{}}}/", meta.path, meta.lookup));
    let id = |verb: &str| format!("{}_{verb}", meta.path.replace('/', "_"));
    let access = |verb: &str| Access::permission(meta.app(), verb, meta.model_name());
    let render = if family.whole { rendered } else { rendered_member };
    let narrow = family.narrow;
    let list = move |call: Call| async move {
        let of_family = call.snapshot.entries(meta.space);
        let entries = of_family
            .filter(|entry| narrow.is_none_or(|narrow| narrow(&call, entry)))
            .cloned()
            .collect();
        let listed = Listed { entries, ordered: false, searched: None };
        objects::list(&call, meta, listed, None, render).await
    };
    vec![
        openapi::filters(meta, family.parameters.iter()).fold(
            Operation::new(Method::GET, &path, id("list"), access("view"), list)
                .response(format!("Paginated{}List", meta.schema)),
            |operation, (name, schema)| operation.parameter(&name, schema),
        ),
        Operation::new(
            Method::GET,
            &item,
            id("retrieve"),
            access("view"),
            move |call: Call| async move {
                let entry = find_in(&call, meta)?;
                one(&call, StatusCode::OK, entry, render).await
            },
        )
        .response(meta.schema),
        Operation::new(
            Method::DELETE,
            &item,
            id("destroy"),
            access("delete"),
            move |call: Call| async move {
                let entry = find_in(&call, meta)?;
                destroy(&call, entry.id, meta.schema).await
            },
        ),
        Operation::new(
            Method::GET,
            format!("{item}used_by/"),
            id("used_by_list"),
            access("view"),
            move |call: Call| async move {
                let entry = find_in(&call, meta)?;
                Ok(json(StatusCode::OK, &used_by::of_object(&call.cx, &call.snapshot, entry.id)))
            },
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
        Operation::new(
            Method::GET,
            format!("{path}types/"),
            id("types_list"),
            access("view"),
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
