//! What families offer over all their members: the `all/` lists and the types one can create.

use countersign_core::{Access, Call, FamilyResource, Operation, Page, envelope, json};
use countersign_model::KindMeta;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::objects::{self, Listed, destroy, find_in, one};
use crate::{openapi, used_by};

pub(crate) fn operations(family: &FamilyResource) -> Vec<Operation> {
    let (space, title, lookup) = (family.space, family.title, family.lookup);
    let (list_path, item) =
        (format!("{}/", family.path), format!("{}/{{{}}}/", family.path, family.lookup));
    let id = |verb: &str| format!("{}_{verb}", family.path.replace('/', "_"));
    let access = |verb: &str| Access::permission(family.app, verb, family.model_name);
    let (filter, shared) = (family.filter, family.shared);
    let find = move |call: &Call| find_in(call, space, lookup, title);
    vec![
        family.parameters.iter().fold(
            Operation::new(
                Method::GET,
                &list_path,
                id("list"),
                access("view"),
                move |call: Call| async move {
                    let entries: Vec<_> = call
                        .snapshot
                        .entries(space)
                        .filter(|e| filter(&call, e))
                        .cloned()
                        .collect();
                    let meta = entries.first().map(|e| e.meta());
                    match meta {
                        Some(meta) => {
                            objects::list(
                                &call,
                                meta,
                                Listed { entries, ordered: false, searched: None },
                                None,
                                Some(shared),
                            )
                            .await
                        }
                        None => {
                            let page = Page::read(&call.query, usize::MAX)?;
                            page.check(0)?;
                            Ok(json(StatusCode::OK, &envelope(page, 0, Vec::new())))
                        }
                    }
                },
            )
            .response(format!("Paginated{}List", family.schema)),
            |operation, (name, kind)| operation.parameter(name, openapi::property(kind)),
        ),
        Operation::new(
            Method::GET,
            &item,
            id("retrieve"),
            access("view"),
            move |call: Call| async move {
                let entry = find(&call)?;
                one(&call, StatusCode::OK, entry, Some(shared)).await
            },
        )
        .response(family.schema),
        Operation::new(
            Method::DELETE,
            &item,
            id("destroy"),
            access("delete"),
            move |call: Call| async move {
                let entry = find(&call)?;
                destroy(&call, entry.id, title).await
            },
        ),
        Operation::new(
            Method::GET,
            format!("{item}used_by/"),
            id("used_by_list"),
            access("view"),
            move |call: Call| async move {
                let entry = find(&call)?;
                Ok(json(StatusCode::OK, &used_by::of_object(&call.cx, &call.snapshot, entry.id)))
            },
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
        Operation::new(
            Method::GET,
            format!("{}/types/", family.path),
            id("types_list"),
            access("view"),
            move |call: Call| async move {
                let types: Value = call
                    .cx
                    .registry()
                    .family(space)
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
