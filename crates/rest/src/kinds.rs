//! The generic resource over kinds: create, read, change, delete, list, from the declaration alone.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::resource::Visible;
use countersign_core::{
    Access, ApiError, Call, KindResource, Operation, Page, envelope, json, with,
};
use countersign_model::{Mode, ObjectId};
use http::{Method, StatusCode};
use serde_json::json;

use crate::history::dated;
use crate::objects::{self, Listed, etag, find, if_match, one, render_all, rendered, wants_all};
use crate::references::with_missing;
use crate::{openapi, single, used_by};

pub(crate) fn operations(resource: &KindResource) -> Vec<Operation> {
    let meta = resource.def.meta;
    if let Some(rights) = &resource.single {
        return single::operations(&resource.def, rights);
    }
    let (path, item) = (format!("{}/", meta.path), format!("{}/{{{}}}/", meta.path, meta.lookup));
    let id = |verb: &str| format!("{}_{verb}", meta.path.replace(['/', '-'], "_"));
    let access = |verb: &str| Access::permission(meta.app(), verb, meta.model_name());
    let view = if resource.visible.is_some() { Access::Authenticated } else { access("view") };
    let schema = meta.schema;
    let this = Arc::new(resource.clone());
    let patched = format!("Patched{schema}Request");
    let request = format!("{schema}Request");
    let dates: &[(&str, &str)] = if resource.dated { &dated::PARAMETERS } else { &[] };
    let all = vec![
        openapi::filters(meta, resource.parameters.iter().chain(dates)).fold(
            Operation::new(Method::GET, &path, id("list"), view.clone(), with(&this, list))
                .response(format!("Paginated{schema}List")),
            |operation, (name, schema)| operation.parameter(&name, schema),
        ),
        Operation::new(Method::POST, &path, id("create"), access("add"), with(&this, create))
            .request(request.clone())
            .response(schema),
        Operation::new(Method::GET, &item, id("retrieve"), view.clone(), with(&this, retrieve))
            .response(schema),
        Operation::new(
            Method::PUT,
            &item,
            id("update"),
            access("change"),
            with(&this, |kind, call| update(kind, call, Mode::Replace)),
        )
        .request(request)
        .response(schema),
        Operation::new(
            Method::PATCH,
            &item,
            id("partial_update"),
            access("change"),
            with(&this, |kind, call| update(kind, call, Mode::Patch)),
        )
        .request(patched)
        .response(schema),
        Operation::new(
            Method::DELETE,
            &item,
            id("destroy"),
            access("delete"),
            with(&this, destroy),
        ),
        Operation::new(
            Method::GET,
            format!("{item}used_by/"),
            id("used_by_list"),
            access("view"),
            with(&this, used_by_list),
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}})),
    ];
    let secret = meta.fields.iter().any(|field| field.is_secret() && !field.write_only);
    let masking = |operation: Operation| {
        if secret && operation.response.is_some() && !operation.id.ends_with("used_by_list") {
            operation.parameter("secrets", json!({"type": "string", "enum": ["masked"]}))
        } else {
            operation
        }
    };
    all.into_iter().map(|operation| masking(operation.of(meta))).collect()
}

/// What leaves a caller its part of the objects; `None` for one who sees all.
fn visible_to<'a>(kind: &'a KindResource, call: &Call) -> Option<&'a Visible> {
    kind.visible.as_ref().filter(|(sees_all, _)| !sees_all(call)).map(|(_, visible)| visible)
}

async fn list(kind: Arc<KindResource>, call: Call) -> Result<Response, ApiError> {
    let meta = kind.def.meta;
    let visible = visible_to(&kind, &call);
    if kind.narrow.is_none() && !kind.dated && visible.is_none() && wants_all(&call, meta)? {
        // The objects of other pages are not touched, however many they are.
        let (page, count) = (Page::read(&call.query, usize::MAX)?, call.snapshot.count_of(meta));
        page.check(count)?;
        let part =
            call.snapshot.in_order(meta).skip(page.offset()).take(page.size).cloned().collect();
        return Ok(json(
            StatusCode::OK,
            &envelope(page, count, render_all(&call, part, rendered).await?),
        ));
    }
    let mut entries: Vec<_> = call
        .snapshot
        .in_order(meta)
        .filter(|entry| kind.narrow.is_none_or(|narrow| narrow(&call, entry)))
        .cloned()
        .collect();
    if kind.dated {
        entries = dated::narrow(&call, entries).await?;
    }
    objects::list(
        &call,
        meta,
        Listed { entries, ordered: true, searched: kind.searched },
        visible,
        rendered,
    )
    .await
}

async fn retrieve(kind: Arc<KindResource>, call: Call) -> Result<Response, ApiError> {
    let mut entry = Some(find(&call, kind.def.meta)?);
    if let Some(visible) = visible_to(&kind, &call) {
        entry = visible(call.clone(), entry.into_iter().collect()).await?.pop();
    }
    let entry = entry.ok_or_else(|| ApiError::not_found(kind.def.meta.schema))?;
    one(&call, StatusCode::OK, entry, rendered).await
}

async fn create(kind: Arc<KindResource>, call: Call) -> Result<Response, ApiError> {
    let (meta, body, def) = (kind.def.meta, call.object()?, kind.def.clone());
    if let Some(admit) = &kind.admit {
        admit(call.clone(), body.clone()).await?;
    }
    let moved = call.clone();
    let id = call
        .cx
        .store
        .write(call.actor(), format!("created over the API: {}", meta.title), move |tx| {
            let parsed = def.parse(&moved.input(&body, Mode::Create), None);
            let object = parsed.map_err(|errors| with_missing(errors, meta, &body, tx.graph()))?;
            let fresh = tx.entropy().uuid();
            let id = ObjectId::new(meta.space, tx.graph().next_key(meta.key, meta.space, fresh));
            let object = def.stamped(object, tx.now());
            tx.draft().put_object(id, object);
            Ok::<_, ApiError>(id)
        })
        .await?;
    let snapshot = call.cx.snapshot();
    let entry = snapshot.entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
    one(&Call { snapshot, ..call }, StatusCode::CREATED, entry, rendered).await
}

async fn update(kind: Arc<KindResource>, call: Call, mode: Mode) -> Result<Response, ApiError> {
    let (meta, body, def) = (kind.def.meta, call.object()?, kind.def.clone());
    let (id, wanted) = (find(&call, meta)?.id, if_match(&call));
    if let Some(admit) = &kind.admit {
        admit(call.clone(), body.clone()).await?;
    }
    let moved = call.clone();
    call.cx
        .store
        .write(call.actor(), format!("changed over the API: {}", meta.title), move |tx| {
            let base =
                tx.graph().entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
            if wanted.as_ref().is_some_and(|w| *w != etag(&base)) {
                return Err(ApiError::detail(
                    StatusCode::PRECONDITION_FAILED,
                    "The object has changed since it was read: read it again.",
                ));
            }
            let parsed = def.parse(&moved.input(&body, mode), Some(&*base.object));
            let object = parsed.map_err(|errors| with_missing(errors, meta, &body, tx.graph()))?;
            let object = def.stamped(object, tx.now());
            tx.draft().put_object(id, object);
            Ok(())
        })
        .await?;
    let snapshot = call.cx.snapshot();
    let entry = snapshot.entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
    one(&Call { snapshot, ..call }, StatusCode::OK, entry, rendered).await
}

async fn destroy(kind: Arc<KindResource>, call: Call) -> Result<Response, ApiError> {
    objects::destroy(&call, find(&call, kind.def.meta)?.id, kind.def.meta.schema).await
}

async fn used_by_list(kind: Arc<KindResource>, call: Call) -> Result<Response, ApiError> {
    let id = find(&call, kind.def.meta)?.id;
    Ok(json(StatusCode::OK, &used_by::of_object(&call.cx, &call.snapshot, id)))
}
