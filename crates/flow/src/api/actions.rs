//! Actions on flows, stages and prompts.

use axum::response::Response;
use countersign_catalogue::application;
use countersign_catalogue::media::{Folder, uploaded};
use countersign_core::{ApiError, Call, json, no_content};
use countersign_model::{Fields as _, KeyType, Mode, Picture, Problem, Ref, Space};
use countersign_policy::{Occasion, PolicyRequest, expression};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::computed::bindings;
use super::diagram;
use crate::context::Flows;
use crate::kinds::{Flow, FlowStageBinding};
use crate::stage::{AnyStage, Sentence};
use crate::stages::{Prompt, preview_prompt};

pub(super) fn find(call: &Call) -> Result<(Ref<Flow>, Flow), ApiError> {
    let found = call.snapshot.find::<Flow>("slug", call.param("slug"));
    found
        .map(|(reference, flow)| (reference, flow.clone()))
        .ok_or_else(|| ApiError::not_found("Flow"))
}

pub(super) async fn diagram(call: Call) -> Result<Response, ApiError> {
    let (reference, flow) = find(&call)?;
    Ok(json(StatusCode::OK, &json!({"diagram": diagram::draw(&call.snapshot, reference, &flow)})))
}

/// The stages of a flow in their order, each with what it asks or does.
pub(super) async fn steps(call: Call) -> Result<Response, ApiError> {
    let (reference, _) = find(&call)?;
    let mut bindings = bindings(&call.snapshot, reference.id());
    bindings.sort_by_key(|binding| binding.order);
    let step = |binding: &&FlowStageBinding| {
        let entry = call.snapshot.member(binding.stage)?;
        let mut said = entry.facet::<dyn AnyStage>()?.sentence();
        if said.text.is_empty() {
            said.text = entry.meta().title.trim_end_matches(" Stage").to_owned();
        }
        let (stage, Sentence { text, notes }) = (entry.id.key.to_json(), said);
        Some(json!({"stage": stage, "text": text, "notes": notes}))
    };
    Ok(json(StatusCode::OK, &bindings.iter().filter_map(step).collect()))
}

pub(super) async fn set_background_url(call: Call) -> Result<Response, ApiError> {
    let (reference, _) = find(&call)?;
    let body = call.object()?;
    let url = application::picture(
        body.get("url").ok_or_else(|| ApiError::field("url", Problem::required()))?,
    )?;
    put_background(&call, reference, Some(url).filter(|url| !url.is_empty())).await
}

/// Sets the background to a file, or takes it away.
pub(super) async fn set_background(call: Call) -> Result<Response, ApiError> {
    let (reference, _) = find(&call)?;
    let background = uploaded(&call, Folder::FlowBackgrounds).await?;
    put_background(&call, reference, background).await
}

async fn put_background(
    call: &Call,
    reference: Ref<Flow>,
    background: Option<Picture>,
) -> Result<Response, ApiError> {
    call.cx
        .store
        .write(call.actor(), "background of a flow", move |tx| {
            let flow =
                tx.graph().get(reference).cloned().ok_or_else(|| ApiError::not_found("Flow"))?;
            tx.draft().put(reference.key(), Flow { background: background.clone(), ..flow });
            Ok::<_, ApiError>(())
        })
        .await?;
    Ok(json(StatusCode::OK, &json!({})))
}

pub(super) async fn cache_info(_call: Call) -> Result<Response, ApiError> {
    Ok(json(StatusCode::OK, &json!({"count": 0})))
}

pub(super) async fn cache_clear(_call: Call) -> Result<Response, ApiError> {
    Ok(no_content())
}

/// What users may set up by themselves.
pub(super) async fn user_settings(call: Call) -> Result<Response, ApiError> {
    let mut found = Vec::new();
    for entry in call.snapshot.entries(Space("stage")) {
        let Some(component) = entry.facet::<dyn AnyStage>().and_then(AnyStage::settings) else {
            continue;
        };
        let values = entry.object.values();
        let configurable = values.get("configure_flow").is_some_and(|flow| !flow.is_null());
        if !configurable && component.ends_with("-password") {
            continue;
        }
        let text = |name: &str| {
            values
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let title =
            text("friendly_name").unwrap_or_else(|| entry.meta().title.replace(" Setup Stage", ""));
        let mut item =
            json!({"object_uid": entry.id.key.to_json(), "component": component, "title": title});
        if configurable && let Value::Object(map) = &mut item {
            map.insert(
                "configure_url".to_owned(),
                call.cx.url(&format!("/flows/-/configure/{}/", entry.id.key)).into(),
            );
        }
        found.push(((component, text("name")), item));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(json(StatusCode::OK, &found.into_iter().map(|(_, item)| item).collect()))
}

/// A prompt as it would be shown.
pub(super) async fn preview(flows: Flows, call: Call) -> Result<Response, ApiError> {
    debug_assert_eq!(<Prompt as countersign_model::Target>::KEY, KeyType::Uuid);
    let body = call.object()?;
    let prompt = Prompt::parse(&call.input(&body, Mode::Create), None)?;
    let is_code = prompt.placeholder_expression || prompt.initial_value_expression;
    // As for saving one: what it says may be run by nobody who holds less.
    if is_code && !call.rights().hold_everything() {
        return Err(ApiError::forbidden(
            "Only who holds every permission may run an expression that is not saved.",
        ));
    }
    let cx = flows.over(&call.cx);
    let data = Map::new();
    let request = PolicyRequest {
        snapshot: &call.snapshot,
        clock: &*call.cx.clock,
        host: &cx.policies().host(&call.cx, Some(&call.request)).trial(),
        user: None,
        occasion: Occasion::Prompt(&data),
        target: None,
        name: "",
    };
    for (flag, source) in [
        (prompt.initial_value_expression, &prompt.initial_value),
        (prompt.placeholder_expression, &prompt.placeholder),
    ] {
        if flag && let Err(error) = expression::evaluate(source, &request).await {
            return Err(ApiError::object(error.settled()?.to_string()));
        }
    }
    Ok(json(StatusCode::OK, &preview_prompt(&prompt, &request).await?))
}
