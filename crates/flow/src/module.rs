//! What this crate adds to the program.

use crate::context::Flows;
use crate::kinds::{Flow, FlowStageBinding};
use crate::stage::AnyStage;
use crate::stages::Prompt;
use crate::{api, once, record, sign_in, stages, web};
use countersign_core::{FamilyResource, Job, KindResource, Module, TableResource};

/// The flows' part of the program.
#[must_use]
pub fn module(flows: &Flows) -> Module {
    let lost = flows.clone();
    let kinds = vec![
        KindResource::of::<Flow>()
            .computed(api::flow)
            .display(api::print_flow)
            .narrowed(&[("flow_uuid", "uuid")], api::narrow_flows),
        KindResource::of::<FlowStageBinding>()
            .computed(api::binding)
            .display(api::print_binding)
            .searched(api::stage_name)
            .narrowed(&[("pbm_uuid", "uuid"), ("policies", "[uuid]")], api::narrow_bindings),
    ];
    let mut module = Module {
        name: "flow",
        kinds,
        rules: vec![sign_in::keep],
        families: vec![
            FamilyResource::of::<dyn AnyStage>()
                .computed(api::stage)
                .display(|stage| format!("Stage {}", api::text(stage, "name"))),
        ],
        tables: vec![
            TableResource::plain::<record::FlowRun>(),
            TableResource::plain::<record::FlowPart>(),
            TableResource::plain::<once::FlowStep>(),
        ],
        operations: api::operations(flows),
        routes: web::routes(flows),
        not_found: Some(Box::new(move |cx, request| {
            crate::interface::not_found_page(&lost.over(cx), request)
        })),
        schemas: api::schemas(&flows.pages()),
        jobs: vec![Job::every(
            "flow_runs_retention",
            3600,
            "Remove old recordings of flow runs.",
            |cx, _| async move { Ok(record::retention(cx).await?) },
        )],
        ..Module::default()
    };
    for stage in stages::all() {
        stage.join(&mut module, flows);
    }
    module.kinds.push(KindResource::of::<Prompt>().computed(api::prompt));
    module
}
