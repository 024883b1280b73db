//! Exports over the API.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::{body::Body, response::Response};
use countersign_core::{Access, ApiError, Call, Operation, Permission, with};
use countersign_model::{Key, ObjectId, Snapshot, Space, Target as _, family};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::instances::Surroundings;
use crate::tables;

use super::{Export, Selection, import::import, models, of_store};

/// `countersign/export/` and the export of a flow.
pub(crate) fn operations(given: &Arc<Surroundings>) -> Vec<Operation> {
    let file = || json!({"type": "string", "format": "binary"});
    vec![
        Operation::new(
            Method::GET,
            "countersign/export/",
            "countersign_export_retrieve",
            Access::everything(),
            whole,
        )
        .summary("The configuration as a blueprint, without secrets.")
        .parameter("kinds", json!({"type": "string"}))
        .response(file()),
        Operation::new(
            Method::GET,
            "flows/instances/{slug}/export/",
            "flows_instances_export_retrieve",
            Access::on(Permission::EXPORT_FLOW),
            flow,
        )
        .response(file()),
        // A blueprint can make anything: of each entry is asked what its sender may do by itself.
        Operation::new(
            Method::POST,
            "flows/instances/import/",
            "flows_instances_import_create",
            Access::global(Permission::on("authentik_flows.flow", "add")),
            with(given, import),
        )
        .form("FlowImportRequest")
        .response("FlowImportResult"),
    ]
}

async fn whole(call: Call) -> Result<Response, ApiError> {
    let names: Vec<String> =
        call.query.all("kinds").flat_map(|names| names.split(',')).map(str::to_owned).collect();
    let tables = tables::of(call.cx.modules());
    let models = models(&names, call.cx.registry(), &tables)
        .map_err(|problem| ApiError::detail(StatusCode::BAD_REQUEST, problem))?;
    let written = of_store(
        &call.cx.store,
        tables,
        Selection { models, ..Selection::default() },
        call.cx.clock.now(),
    )
    .await?;
    Ok(download(written, "countersign.yaml"))
}

async fn flow(call: Call) -> Result<Response, ApiError> {
    let slug = call.param("slug").to_owned();
    let objects =
        parts_of_flow(&call.snapshot, &slug).ok_or_else(|| ApiError::not_found("Flow"))?;
    let written = of_store(
        &call.cx.store,
        tables::of(call.cx.modules()),
        Selection { objects: Some(objects), ..Selection::default() },
        call.cx.clock.now(),
    )
    .await?;
    Ok(download(written, &format!("{slug}.yaml")))
}

/// A flow with its stages, their prompts and policies, and the rules bound to it and to its stages.
fn parts_of_flow(snapshot: &Snapshot, slug: &str) -> Option<BTreeSet<ObjectId>> {
    let flow = snapshot.lookup(family::Flow::SPACE, "slug", slug)?.id;
    let mut parts = BTreeSet::from([flow]);
    let named_by = |id: ObjectId, spaces: &[&str], parts: &mut BTreeSet<ObjectId>| {
        let mut found = Vec::new();
        if let Some(entry) = snapshot.entry(id) {
            entry.object.visit_refs(&mut |_, target| {
                if spaces.contains(&target.space.0) && parts.insert(target) {
                    found.push(target);
                }
            });
        }
        found
    };
    let bindings: Vec<ObjectId> = snapshot
        .referrers_in(flow, Space("flow_stage_binding"))
        .filter(|(_, field)| *field == "target")
        .map(|(by, _)| by)
        .collect();
    for binding in &bindings {
        parts.insert(*binding);
        for stage in named_by(*binding, &["stage"], &mut parts) {
            named_by(stage, &["prompt", "policy"], &mut parts);
        }
    }
    for target in bindings.iter().chain([&flow]) {
        let Key::Uuid(_) = target.key else { continue };
        for (rule, _) in snapshot
            .referrers(ObjectId::new(family::Bindable::SPACE, target.key))
            .filter(|(_, field)| *field == "target")
        {
            parts.insert(rule);
            named_by(rule, &["policy"], &mut parts);
        }
    }
    Some(parts)
}

fn download(written: Export, name: &str) -> Response {
    let mut response = Response::new(Body::from(written.text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
