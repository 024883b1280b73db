//! The generic resource over kinds: create, read, change, delete, list, from the declaration alone.

use std::sync::Arc;

use axum::response::Response;
use countersign_accounts::give_initial;
use countersign_core::resource::Visible;
use countersign_core::{
    Access, ApiError, Call, KindResource, Operation, Page, Permission, Reach, envelope, json, with,
};
use countersign_model::{KindDef, Mode, ObjectId};
use countersign_store::Tx;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::history::dated;
use crate::named::find;
use crate::objects::{self, Listed, as_read, etag, one, render_all, rendered, wants_all};
use crate::references::with_missing;
use crate::{openapi, single, used_by};

pub(crate) fn operations(resource: &KindResource) -> Vec<Operation> {
    let meta = resource.def.meta;
    if !resource.served {
        return Vec::new();
    }
    if let Some(needs) = &resource.single {
        return single::operations(&resource.def, needs);
    }
    let (path, item) = (format!("{}/", meta.path), format!("{}/{{{}}}/", meta.path, meta.lookup));
    let id = |verb: &str| format!("{}_{verb}", meta.path.replace(['/', '-'], "_"));
    let view = || Access::on(Permission::view(meta));
    let read = if resource.visible.is_some() { Access::authenticated() } else { view() };
    let change = || Access::on(Permission::change(meta));
    let schema = meta.schema;
    let this = Arc::new(resource.clone());
    let patched = format!("Patched{schema}Request");
    let request = format!("{schema}Request");
    let dates: &[(&str, &str)] = if resource.dated { &dated::PARAMETERS } else { &[] };
    let users = Operation::new(
        Method::GET,
        format!("{item}used_by/"),
        id("used_by_list"),
        view(),
        used_by_list,
    )
    .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UsedBy"}}));
    let all = vec![
        openapi::filters(meta, resource.parameters.iter().chain(dates)).fold(
            Operation::new(Method::GET, &path, id("list"), read.clone(), with(&this, list))
                .pages_of(schema),
            |operation, (name, schema)| operation.parameter(&name, schema),
        ),
        Operation::new(
            Method::POST,
            &path,
            id("create"),
            Access::global(Permission::add(meta)),
            with(&this, create),
        )
        .request(request.clone())
        .response(schema),
        Operation::new(Method::GET, &item, id("retrieve"), read, with(&this, retrieve))
            .response(schema),
        Operation::new(
            Method::PUT,
            &item,
            id("update"),
            change(),
            with(&this, |kind, call| update(kind, call, Mode::Replace)),
        )
        .request(request)
        .response(schema),
        Operation::new(
            Method::PATCH,
            &item,
            id("partial_update"),
            change(),
            with(&this, |kind, call| update(kind, call, Mode::Patch)),
        )
        .request(patched)
        .response(schema),
        Operation::new(
            Method::DELETE,
            &item,
            id("destroy"),
            Access::on(Permission::delete(meta)),
            destroy,
        ),
    ];
    let secret = meta.fields.iter().any(|field| field.is_secret() && !field.write_only);
    let masking = |operation: Operation| {
        if secret && operation.response.is_some() {
            operation.parameter("secrets", json!({"type": "string", "enum": ["masked"]}))
        } else {
            operation
        }
    };
    all.into_iter().map(masking).chain([users]).map(|operation| operation.of(meta)).collect()
}

/// What leaves a caller its part of the objects; `None` for one who asks for what it may view.
fn visible_to<'a>(kind: &'a KindResource, call: &Call) -> Option<&'a Visible> {
    let (asks_for_all, visible) = kind.visible.as_ref()?;
    (!asks_for_all(call) || view(kind, call).is_nothing()).then_some(visible)
}

/// The objects that a caller may view.
fn view(kind: &KindResource, call: &Call) -> Reach {
    match &kind.visible {
        Some(_) => call.rights().reach(Permission::view(kind.meta()), None),
        None => call.reach.clone(),
    }
}

async fn list(kind: Arc<KindResource>, call: Call) -> Result<Response, ApiError> {
    let (meta, visible) = (kind.def.meta, visible_to(&kind, &call));
    let reach = if visible.is_some() { Reach::ALL } else { view(&kind, &call) };
    let all = visible.is_none() && reach.is_all();
    let among = match kind.among {
        Some(among) => among(call.clone()).await?,
        None => None,
    };
    if among.is_none() && kind.narrow.is_none() && !kind.dated && all && wants_all(&call, meta)? {
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
        .filter(|entry| reach.has(entry))
        .filter(|entry| kind.narrow.is_none_or(|narrow| narrow(&call, entry)))
        .filter(|entry| among.as_ref().is_none_or(|among| among.contains(&entry.id)))
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
    let entry = match &kind.visible {
        None => call.entry()?.clone(),
        Some((_, visible)) => {
            let entry = find(&call, kind.meta())?;
            if view(&kind, &call).has(&entry) {
                entry
            } else {
                let left = visible(call.clone(), vec![entry]).await?.pop();
                left.ok_or_else(|| ApiError::not_found(kind.meta().schema))?
            }
        }
    };
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
            make(tx, &moved, &def, &body)
        })
        .await?;
    let snapshot = call.cx.snapshot();
    let entry = snapshot.entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
    one(&Call { snapshot, ..call }, StatusCode::CREATED, entry, rendered).await
}

/// Makes an object as its caller says, with the initial permissions on it.
///
/// # Errors
/// What is wrong with the object.
pub fn make(
    tx: &mut Tx<'_>,
    call: &Call,
    def: &KindDef,
    body: &Map<String, Value>,
) -> Result<ObjectId, ApiError> {
    let meta = def.meta;
    let parsed = def.parse(&call.input(body, Mode::Create), None);
    let object = parsed.map_err(|errors| with_missing(errors, meta, body, tx.graph()))?;
    let fresh = tx.entropy().uuid();
    let id = ObjectId::new(meta.space, tx.graph().next_key(meta.key, meta.space, fresh));
    let object = def.stamped(object, tx.now());
    tx.draft().put_object(id, object);
    if let Some(creator) = &call.caller.user {
        give_initial(tx, creator, meta, id, false)?;
    }
    Ok(id)
}

async fn update(kind: Arc<KindResource>, call: Call, mode: Mode) -> Result<Response, ApiError> {
    let (meta, body, def) = (kind.def.meta, call.object()?, kind.def.clone());
    let id = call.entry()?.id;
    if let Some(admit) = &kind.admit {
        admit(call.clone(), body.clone()).await?;
    }
    let moved = call.clone();
    call.cx
        .store
        .write(call.actor(), format!("changed over the API: {}", meta.title), move |tx| {
            let base =
                tx.graph().entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
            as_read(&moved, &etag(&base))?;
            let parsed = def.parse(&moved.input(&body, mode), Some(&*base.object));
            let object = parsed.map_err(|errors| with_missing(errors, meta, &body, tx.graph()))?;
            let object = def.stamped(object, tx.now());
            tx.draft().put_object(id, object);
            Ok::<_, ApiError>(())
        })
        .await?;
    let snapshot = call.cx.snapshot();
    let entry = snapshot.entry(id).cloned().ok_or_else(|| ApiError::not_found(meta.schema))?;
    one(&Call { snapshot, ..call }, StatusCode::OK, entry, rendered).await
}

async fn destroy(call: Call) -> Result<Response, ApiError> {
    let entry = call.entry()?;
    objects::destroy(&call, entry.id, entry.meta().schema).await
}

async fn used_by_list(call: Call) -> Result<Response, ApiError> {
    Ok(json(StatusCode::OK, &used_by::of_object(&call, call.entry()?.id)))
}
