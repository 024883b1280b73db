//! A kind of which there is one object, as the settings of the system: read and changed at one
//! address.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::resource::Single;
use countersign_core::{Access, ApiError, Call, Operation, json};
use countersign_model::{Key, KindDef, KindMeta, Mode, Object, ObjectId, Snapshot};
use countersign_store::sha256;
use http::{Method, StatusCode};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::objects::{as_read, tagged};
use crate::secrets;

/// The object, once somebody changed a default.
fn stored(snapshot: &Snapshot, def: &KindDef) -> Option<(ObjectId, Arc<dyn Object>)> {
    snapshot.entries(def.meta.space).next().map(|entry| (entry.id, entry.object.clone()))
}

pub(crate) fn operations(def: &KindDef, needs: &Single) -> Vec<Operation> {
    let meta = def.meta;
    let path = format!("{}/", meta.path);
    let id = |verb: &str| format!("{}_{verb}", meta.path.replace(['/', '-'], "_"));
    let read = (def.clone(), *needs);
    let change = |mode: Mode| {
        let (def, needs) = (def.clone(), *needs);
        move |call: Call| update(call, def.clone(), needs, mode)
    };
    let all = vec![
        Operation::new(
            Method::GET,
            &path,
            id("retrieve"),
            Access::global(needs.view),
            move |call: Call| retrieve(call, read.0.clone(), read.1),
        )
        .response(meta.schema),
        Operation::new(
            Method::PUT,
            &path,
            id("update"),
            Access::global(needs.change),
            change(Mode::Replace),
        )
        .request(format!("{}Request", meta.schema))
        .response(meta.schema),
        Operation::new(
            Method::PATCH,
            &path,
            id("partial_update"),
            Access::global(needs.change),
            change(Mode::Patch),
        )
        .request(format!("Patched{}Request", meta.schema))
        .response(meta.schema),
    ];
    all.into_iter().map(|operation| operation.of(meta)).collect()
}

async fn retrieve(call: Call, def: KindDef, needs: Single) -> Result<Response, ApiError> {
    let object = match stored(&call.snapshot, &def) {
        Some((_, object)) => object,
        None => def.parse(&call.input(&Map::new(), Mode::Create), None)?,
    };
    Ok(answer(&call, def.meta, needs, object.values()))
}

async fn update(call: Call, def: KindDef, needs: Single, mode: Mode) -> Result<Response, ApiError> {
    let (body, moved, meta) = (call.object()?, call.clone(), def.meta);
    let reason = format!("changed over the API: {}", meta.title);
    let values = call
        .cx
        .store
        .write(call.actor(), reason, move |tx| {
            let before = stored(tx.graph(), &def);
            let held = match &before {
                Some((_, object)) => object.clone(),
                None => def.parse(&moved.input(&Map::new(), Mode::Create), None)?,
            };
            as_read(&moved, &tag(&held.values()))?;
            let id = before
                .as_ref()
                .map_or(ObjectId::new(def.meta.space, Key::Uuid(Uuid::nil())), |(id, _)| *id);
            let mode = if before.is_some() { mode } else { Mode::Create };
            let object =
                def.parse(&moved.input(&body, mode), before.as_ref().map(|(_, object)| &**object))?;
            let values = object.values();
            tx.draft().put_object(id, object);
            Ok::<_, ApiError>(values)
        })
        .await?;
    Ok(answer(&call, meta, needs, values))
}

fn answer(
    call: &Call,
    meta: &'static KindMeta,
    needs: Single,
    values: Map<String, Value>,
) -> Response {
    let (may_change, tag) = (call.rights().hold(needs.change), tag(&values));
    let shown = secrets::answered(meta, values, may_change, &call.query);
    tagged(json(StatusCode::OK, &Value::Object(shown)), &tag)
}

/// What the object is known by while nobody edits it, whether it was ever stored or not.
fn tag(values: &Map<String, Value>) -> String {
    let digest = sha256(&Value::Object(values.clone()).to_string());
    format!("\"{}\"", hex::encode(digest.get(..16).unwrap_or_default()))
}
