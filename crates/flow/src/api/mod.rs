//! The API's part of flows: the executor as JSON, the inspector, actions on flows and prompts.

mod actions;
mod challenges;
mod computed;
mod diagram;
mod executor;
mod preview;
mod recovery_email;
mod runs;
mod set_up_link;

pub(crate) use computed::{
    binding, flow, narrow_bindings, narrow_flows, narrow_unbound, print_binding, print_flow,
    prompt, short_flow, stage, stage_name, text,
};
pub(crate) use executor::browser as browser_of;

use countersign_authenticators::DEVICES;
use countersign_core::{Access, Operation, Permission, ThrottleClass, with};
use countersign_model::Fields;
use countersign_pages::PageDef;
use countersign_rest::object_schema;
use http::Method;
use serde_json::{Value, json};

use crate::context::Flows;
use crate::kinds::Flow;
use crate::stages::Prompt;

/// Whoever may set somebody's password must not get past their second factor by it: the link gives
/// the account a factor, so that it takes what ending any of theirs does, too.
fn links_to_factors() -> Access {
    let reset = Access::on(Permission::RESET_USER_PASSWORD);
    DEVICES.iter().fold(reset, |access, def| access.and(Permission::delete(def.kind)))
}

pub(crate) fn operations(flows: &Flows) -> Vec<Operation> {
    let view = || Access::on(Permission::view(Flow::META));
    let change = || Access::on(Permission::change(Flow::META));
    vec![
        Operation::new(
            Method::GET,
            "flows/executor/{flow_slug}/",
            "flows_executor_get",
            Access::public(),
            with(flows, executor::get),
        )
        .acts()
        .parameter("query", json!({"type": "string"}))
        .response("ChallengeTypes"),
        Operation::new(
            Method::POST,
            "flows/executor/{flow_slug}/",
            "flows_executor_solve",
            Access::public(),
            with(flows, executor::post),
        )
        .throttle(ThrottleClass::Login)
        .parameter("query", json!({"type": "string"}))
        .request("FlowChallengeResponseRequest")
        .response("ChallengeTypes"),
        Operation::new(
            Method::POST,
            "countersign/flows/{slug}/passkey/",
            "countersign_flows_passkey_create",
            Access::public(),
            with(flows, executor::passkey),
        )
        .throttle(ThrottleClass::Login)
        .summary("What a passkey signs that is shown in the field of the user name")
        .response("PasskeyRequestOptions"),
        Operation::new(
            Method::GET,
            "flows/inspector/{flow_slug}/",
            "flows_inspector_get",
            Access::public(),
            with(flows, executor::inspect),
        )
        .response("FlowInspection"),
        Operation::new(
            Method::GET,
            "flows/instances/{slug}/execute/",
            "flows_instances_execute_retrieve",
            view(),
            with(flows, executor::execute),
        )
        .response("Link"),
        Operation::new(
            Method::GET,
            "flows/instances/{slug}/diagram/",
            "flows_instances_diagram_retrieve",
            view(),
            actions::diagram,
        )
        .response("FlowDiagram"),
        Operation::new(
            Method::GET,
            "countersign/flows/{slug}/steps/",
            "countersign_flows_steps_list",
            view(),
            actions::steps,
        )
        .summary("What the stages of a flow ask and do, in words")
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/FlowStep"}})),
        Operation::new(
            Method::GET,
            "countersign/flows/{slug}/preview/",
            "countersign_flows_preview_retrieve",
            view(),
            with(flows, preview::preview),
        )
        .summary("The page of a stage as a visitor finds it")
        .parameter("binding", json!({"type": "string", "format": "uuid"}))
        .parameter("theme", json!({"type": "string", "enum": ["light", "dark"]}))
        .response("FlowPreview"),
        Operation::new(
            Method::POST,
            "flows/instances/{slug}/set_background_url/",
            "flows_instances_set_background_url_create",
            change(),
            actions::set_background_url,
        )
        .request("FilePathRequest")
        .response(json!({})),
        Operation::new(
            Method::POST,
            "flows/instances/{slug}/set_background/",
            "flows_instances_set_background_create",
            change(),
            actions::set_background,
        )
        .form("FileUploadRequest")
        .response(json!({}))
        .refuses_empty(&["400"]),
        Operation::new(
            Method::GET,
            "flows/instances/cache_info/",
            "flows_instances_cache_info_retrieve",
            Access::global(Permission::VIEW_FLOW_CACHE),
            actions::cache_info,
        )
        .response("Cache"),
        Operation::new(
            Method::POST,
            "flows/instances/cache_clear/",
            "flows_instances_cache_clear_create",
            Access::global(Permission::CLEAR_FLOW_CACHE),
            actions::cache_clear,
        ),
        Operation::new(
            Method::GET,
            "stages/all/user_settings/",
            "stages_all_user_settings_list",
            Access::authenticated(),
            actions::user_settings,
        )
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/UserSetting"}})),
        Operation::new(
            Method::POST,
            "stages/prompt/prompts/preview/",
            "stages_prompt_prompts_preview_create",
            Access::global(Permission::change(Prompt::META)),
            with(flows, actions::preview),
        )
        .request("PromptRequest")
        .response("ChallengeTypes"),
        Operation::new(
            Method::POST,
            "core/users/{id}/recovery_email/",
            "core_users_recovery_email_create",
            Access::on(Permission::RESET_USER_PASSWORD),
            with(flows, recovery_email::send),
        )
        .parameter("email_stage", json!({"type": "string"})),
        Operation::new(
            Method::GET,
            "countersign/users/{id}/set_up_link/",
            "countersign_users_set_up_link_list",
            links_to_factors(),
            set_up_link::offers,
        )
        .summary("The second factors that somebody can be sent a set-up link for.")
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/SetUpOffer"}})),
        Operation::new(
            Method::POST,
            "countersign/users/{id}/set_up_link/",
            "countersign_users_set_up_link_create",
            links_to_factors(),
            set_up_link::make,
        )
        .summary("A link, for a day and once, by which an account’s owner sets up a second factor after proving who they are.")
        .request(object_schema(&[("stage", "uuid")]))
        .response("SetUpLink"),
        Operation::new(
            Method::GET,
            "countersign/runs/",
            "countersign_runs_list",
            Access::global(Permission::INSPECT_FLOW),
            with(flows, runs::list),
        )
        .summary("Runs of flows, the latest first.")
        .parameter("flow", json!({"type": "string"}))
        .parameter("outcome", json!({"type": "string", "enum": ["running", "done", "denied", "cancelled"]}))
        .parameter("user", json!({"type": "integer"}))
        .parameter("application", json!({"type": "string", "description": "Slug or key."}))
        .parameter("since", json!({"type": "string", "format": "date-time"}))
        .parameter("trace", json!({"type": "string", "description": "The number on a page, or its beginning."}))
        .parameter("event", json!({"type": "string", "format": "uuid", "description": "Runs in which this event was written."}))
        .parameter("page", json!({"type": "integer"}))
        .parameter("page_size", json!({"type": "integer"}))
        .response("FlowRuns"),
        Operation::new(
            Method::GET,
            "countersign/runs/{run}/",
            "countersign_runs_retrieve",
            Access::global(Permission::INSPECT_FLOW),
            with(flows, runs::one),
        )
        .summary("One run, with what its decisions were made from.")
        .response("FlowRun"),
    ]
}

/// `pages`: what flows may show.
pub(crate) fn schemas(pages: &[PageDef]) -> Vec<(&'static str, Value)> {
    let mut schemas = challenges::schemas(pages);
    schemas.extend([
        ("FlowChallengeResponseRequest", object_schema(&[("component", "string")])),
        (
            "FlowInspection",
            object_schema(&[
                ("plans", "[#FlowInspectorPlan]"),
                ("current_plan?", "#FlowInspectorPlan"),
                ("is_completed", "boolean"),
            ]),
        ),
        (
            "FlowInspectorPlan",
            object_schema(&[
                ("current_stage", "#FlowStageBinding"),
                ("next_planned_stage?", "#FlowStageBinding"),
                ("plan_context", "map"),
                ("session_id", "string"),
            ]),
        ),
        ("Link", object_schema(&[("link", "string")])),
        (
            "UserSetting",
            object_schema(&[
                ("object_uid", "string"),
                ("component", "string"),
                ("title", "string"),
                ("configure_url?", "string"),
                ("icon_url?", "string"),
            ]),
        ),
        ("SetUpOffer", object_schema(&[("stage", "uuid"), ("title", "string")])),
        ("SetUpLink", object_schema(&[("link", "string"), ("expires", "time")])),
        ("FlowDiagram", object_schema(&[("diagram", "string")])),
        (
            "PasskeyRequestOptions",
            object_schema(&[
                ("challenge", "string"),
                ("timeout", "integer"),
                ("rpId", "string"),
                ("allowCredentials", "[map]"),
                ("userVerification", "string"),
            ]),
        ),
        (
            "FlowStep",
            object_schema(&[("stage", "uuid"), ("text", "string"), ("notes", "[string]")]),
        ),
        ("FlowPreview", object_schema(&[("example", "boolean"), ("html", "string?")])),
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
        (
            "FlowStageBinding",
            object_schema(&[("policybindingmodel_ptr_id", "uuid"), ("stage_obj", "#Stage")]),
        ),
        ("Stage", object_schema(&[("flow_set?", "[#FlowSet]")])),
        (
            "FlowSet",
            object_schema(&[
                ("pk", "uuid"),
                ("policybindingmodel_ptr_id", "uuid"),
                ("name", "string"),
                ("slug", "string"),
                ("title", "string"),
                ("designation", "string"),
                ("background", "string"),
                ("policy_engine_mode?", "string"),
                ("compatibility_mode?", "boolean"),
                ("export_url", "string"),
                ("layout?", "string"),
                ("denied_action?", "string"),
            ]),
        ),
        ("Prompt", object_schema(&[("promptstage_set?", "[#Stage]")])),
        (
            "FlowRun",
            object_schema(&[
                ("pk", "uuid"),
                ("trace", "string"),
                ("flow", "string"),
                ("user", "integer?"),
                ("username", "string?"),
                ("application", "#FlowRunApplication?"),
                ("client_ip", "string?"),
                ("started", "time"),
                ("finished", "time?"),
                ("outcome", "string"),
                ("reason", "string"),
                ("revision", "integer"),
                ("steps", "[#FlowRunStep]"),
            ]),
        ),
        (
            "FlowRunApplication",
            object_schema(&[("pk", "uuid"), ("slug", "string?"), ("name", "string?")]),
        ),
        (
            "FlowRunStep",
            object_schema(&[
                ("at", "integer"),
                ("stage?", "string"),
                ("model?", "string"),
                ("outcome?", "string"),
                ("detail?", "any"),
                ("about?", "string"),
                ("decision?", "integer"),
                ("policies?", "map"),
                ("inputs?", "map"),
            ]),
        ),
        ("FlowRuns", object_schema(&[("pagination", "any"), ("results", "[#FlowRun]")])),
    ]);
    schemas
}
