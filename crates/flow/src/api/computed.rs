//! Read-only fields of flows, bindings, stages and prompts.

use std::collections::BTreeSet;

use countersign_authenticators::DeviceType;
use countersign_core::{Call, Context, RenderContext};
use countersign_model::{Entry, Key, ObjectId, Ref, Snapshot, Target as _};
use countersign_policy::engine;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::kinds::{Flow, FlowStageBinding};
use crate::stages::prompt_stages;

const BACKGROUND: &str = "/static/dist/assets/images/flow_background.jpg";

pub(crate) fn flow(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(flow) = entry.cast::<Flow>() else { return };
    common(entry, flow, render.cx, map);
    let mut stages: Vec<_> = bindings(render.snapshot, entry.id);
    stages.sort_by_key(|binding| binding.order);
    map.insert(
        "stages".to_owned(),
        stages.iter().map(|binding| binding.stage.key().to_json()).collect(),
    );
    let own = entry.id.key.uuid().unwrap_or_default();
    let policies = engine::bindings_of(render.snapshot, own)
        .into_iter()
        .filter_map(|(_, binding)| binding.policy);
    map.insert("policies".to_owned(), policies.map(|policy| policy.key().to_json()).collect());
    // Plans are not shared between browsers, so none is cached.
    map.insert("cache_count".to_owned(), 0.into());
}

fn common(entry: &Entry, flow: &Flow, cx: &Context, map: &mut Map<String, Value>) {
    map.insert("policybindingmodel_ptr_id".to_owned(), entry.id.key.to_json());
    map.insert(
        "export_url".to_owned(),
        cx.url(&format!("/api/v3/flows/instances/{}/export/", flow.slug)).into(),
    );
    let background = flow.background.as_deref().filter(|background| !background.is_empty());
    map.insert("background".to_owned(), cx.url(background.unwrap_or(BACKGROUND)).into());
}

pub(super) fn bindings(snapshot: &Snapshot, flow: ObjectId) -> Vec<&FlowStageBinding> {
    naming(snapshot, flow, "target")
}

fn naming<'a>(
    snapshot: &'a Snapshot,
    target: ObjectId,
    by_field: &str,
) -> Vec<&'a FlowStageBinding> {
    snapshot
        .referrers_in(target, FlowStageBinding::SPACE)
        .filter(|(_, field)| *field == by_field)
        .filter_map(|(by, _)| snapshot.entry(by)?.cast::<FlowStageBinding>())
        .collect()
}

pub(crate) fn binding(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(binding) = entry.cast::<FlowStageBinding>() else { return };
    map.insert("policybindingmodel_ptr_id".to_owned(), entry.id.key.to_json());
    map.insert("stage_obj".to_owned(), binding_stage(render, binding));
}

fn binding_stage(render: &RenderContext<'_>, binding: &FlowStageBinding) -> Value {
    let stage = render.snapshot.member(binding.stage);
    stage.map(|stage| short_stage(render.cx, render.snapshot, stage)).unwrap_or_default()
}

/// A stage without the fields of its kind.
pub(crate) fn short_stage(cx: &Context, snapshot: &Snapshot, entry: &Entry) -> Value {
    let name = entry.object.values().get("name").cloned().unwrap_or_default();
    let meta = entry.meta();
    json!({
        "pk": entry.id.key.to_json(), "name": name, "component": meta.component, "verbose_name": meta.title,
        "verbose_name_plural": meta.plural, "meta_model_name": meta.model, "flow_set": flow_set(cx, snapshot, entry.id),
    })
}

/// The flows a stage is part of, each once, by slug.
fn flow_set(cx: &Context, snapshot: &Snapshot, stage: ObjectId) -> Value {
    let flows: BTreeSet<Key> =
        naming(snapshot, stage, "stage").iter().map(|binding| binding.target.key()).collect();
    let mut flows: Vec<_> =
        flows.into_iter().filter_map(|key| snapshot.entry(Ref::<Flow>::new(key).id())).collect();
    flows.sort_by_key(|entry| entry.cast::<Flow>().map(|flow| flow.slug.to_string()));
    flows.into_iter().map(|entry| short_flow(cx, entry)).collect()
}

pub(crate) fn short_flow(cx: &Context, entry: &Entry) -> Value {
    let Some(flow) = entry.cast::<Flow>() else { return Value::Null };
    let mut values = entry.object.values();
    let mut map = Map::new();
    map.insert("pk".to_owned(), entry.id.key.to_json());
    for name in [
        "name",
        "slug",
        "title",
        "designation",
        "policy_engine_mode",
        "compatibility_mode",
        "layout",
        "denied_action",
    ] {
        map.insert(name.to_owned(), values.remove(name).unwrap_or_default());
    }
    common(entry, flow, cx, &mut map);
    Value::Object(map)
}

pub(crate) fn stage(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    map.insert("flow_set".to_owned(), flow_set(render.cx, render.snapshot, entry.id));
    for (field, object) in [
        ("webauthn_allowed_device_types", "webauthn_allowed_device_types_obj"),
        ("device_type_restrictions", "device_type_restrictions_obj"),
    ] {
        if let Some(types) = entry.object.value(field) {
            let types = serde_json::from_value::<Vec<Uuid>>(types).unwrap_or_default();
            let known = types.into_iter().filter_map(DeviceType::read);
            map.insert(object.to_owned(), known.map(DeviceType::to_object).collect());
        }
    }
}

pub(crate) fn prompt(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let stages = prompt_stages(render.snapshot, entry.id.key);
    let stages = stages
        .into_iter()
        .filter_map(|id| render.snapshot.entry(id))
        .map(|entry| short_stage(render.cx, render.snapshot, entry));
    map.insert("promptstage_set".to_owned(), stages.collect());
}

/// A text field of an object.
pub(crate) fn text(entry: &Entry, field: &str) -> String {
    entry.object.value(field).as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(crate) fn print_flow(entry: &Entry) -> String {
    format!("Flow {} ({})", text(entry, "name"), text(entry, "slug"))
}

pub(crate) fn print_binding(entry: &Entry) -> String {
    let order = entry.object.value("order").and_then(|order| order.as_i64()).unwrap_or_default();
    format!("Flow-stage binding #{order} to {}", text(entry, "target"))
}

/// Whether a uuid is asked for by a parameter, or none is.
fn asked(call: &Call, name: &str, uuid: Option<uuid::Uuid>) -> bool {
    call.query
        .get(name)
        .filter(|text| !text.is_empty())
        .is_none_or(|text| uuid.is_some() && uuid::Uuid::parse_str(text).ok() == uuid)
}

pub(crate) fn narrow_flows(call: &Call, entry: &Entry) -> bool {
    asked(call, "flow_uuid", entry.id.key.uuid())
}

/// Bindings are searched for by the name of their stage.
pub(crate) fn stage_name(entry: &Entry, snapshot: &Snapshot) -> Vec<String> {
    let stage = entry.cast::<FlowStageBinding>().and_then(|binding| snapshot.member(binding.stage));
    stage.map(|stage| text(stage, "name")).into_iter().collect()
}

/// `no_flows`: stages that are in no flow, or only those that are in one.
pub(crate) fn narrow_unbound(call: &Call, entry: &Entry) -> bool {
    call.query
        .flag("no_flows")
        .is_none_or(|wanted| wanted == naming(&call.snapshot, entry.id, "stage").is_empty())
}

/// `pbm_uuid` is the binding's own uuid; `policies` are bound to it.
pub(crate) fn narrow_bindings(call: &Call, entry: &Entry) -> bool {
    let own = entry.id.key.uuid();
    let bound = engine::bindings_of(&call.snapshot, own.unwrap_or_default());
    let has = |wanted: &str| {
        bound.iter().any(|(_, binding)| {
            binding.policy.is_some_and(|policy| policy.key().to_string() == wanted)
        })
    };
    asked(call, "pbm_uuid", own)
        && call.query.all("policies").filter(|wanted| !wanted.is_empty()).all(has)
}
