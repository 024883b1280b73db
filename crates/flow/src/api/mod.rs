//! The API's part of flows: the executor as JSON, the inspector, actions on flows and prompts.

mod actions;
mod computed;
mod executor;
mod runs;

pub(crate) use computed::{binding, flow, prompt, stage};

use countersign_rest::{Access, Operation, object_schema};
use http::Method;
use serde_json::Value;

pub(crate) fn operations() -> Vec<Operation> {
    let view = || Access::permission("authentik_flows", "view", "flow");
    let change = || Access::permission("authentik_flows", "change", "flow");
    vec![
        Operation::new(Method::GET, "flows/executor/{flow_slug}/", "flows_executor_get", Access::Public, executor::get).response("ChallengeTypes"),
        Operation::new(Method::POST, "flows/executor/{flow_slug}/", "flows_executor_solve", Access::Public, executor::post)
            .request("FlowChallengeResponseRequest")
            .response("ChallengeTypes"),
        Operation::new(Method::GET, "flows/inspector/{flow_slug}/", "flows_inspector_get", Access::Public, executor::inspect).response("FlowInspection"),
        Operation::new(Method::GET, "flows/instances/{slug}/execute/", "flows_instances_execute_retrieve", view(), executor::execute).response("Link"),
        Operation::new(Method::GET, "flows/instances/{slug}/diagram/", "flows_instances_diagram_retrieve", view(), actions::diagram).response("FlowDiagram"),
        Operation::new(
            Method::POST,
            "flows/instances/{slug}/set_background_url/",
            "flows_instances_set_background_url_create",
            change(),
            actions::set_background_url,
        ),
        Operation::new(Method::GET, "flows/instances/cache_info/", "flows_instances_cache_info_retrieve", view(), actions::cache_info).response("Cache"),
        Operation::new(Method::POST, "flows/instances/cache_clear/", "flows_instances_cache_clear_create", view(), actions::cache_clear),
        Operation::new(Method::GET, "stages/all/user_settings/", "stages_all_user_settings_list", Access::Authenticated, actions::user_settings),
        Operation::new(
            Method::POST,
            "stages/prompt/prompts/preview/",
            "stages_prompt_prompts_preview_create",
            Access::permission("authentik_stages_prompt", "view", "prompt"),
            actions::preview,
        )
        .request("PromptRequest")
        .response("ChallengeTypes"),
        Operation::new(Method::GET, "countersign/runs/", "countersign_runs_list", Access::Superuser, runs::list).response("FlowRuns"),
        Operation::new(Method::GET, "countersign/runs/{run}/", "countersign_runs_retrieve", Access::Superuser, runs::one).response("FlowRun"),
    ]
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("ChallengeTypes", object_schema(&[("component", "string"), ("flow_info", "any"), ("response_errors", "any")])),
        ("FlowChallengeResponseRequest", object_schema(&[("component", "string")])),
        ("FlowInspection", object_schema(&[("plans", "[any]"), ("current_plan", "any"), ("is_completed", "boolean")])),
        ("Link", object_schema(&[("link", "string")])),
        ("FlowDiagram", object_schema(&[("diagram", "string")])),
        (
            "Flow",
            object_schema(&[
                ("policybindingmodel_ptr_id", "uuid"),
                ("stages", "[uuid]"),
                ("policies", "[uuid]"),
                ("cache_count", "integer"),
                ("export_url", "string"),
            ]),
        ),
        ("FlowStageBinding", object_schema(&[("policybindingmodel_ptr_id", "uuid"), ("stage_obj", "#Stage")])),
        ("Stage", object_schema(&[("flow_set", "[any]")])),
        ("Prompt", object_schema(&[("promptstage_set", "[any]")])),
        ("FlowRun", object_schema(&[("pk", "uuid"), ("trace", "string"), ("flow", "string"), ("user", "integer?"), ("outcome", "string"), ("steps", "[any]")])),
        ("FlowRuns", object_schema(&[("pagination", "any"), ("results", "[#FlowRun]")])),
    ]
}
