//! What this crate adds to the program.

use std::sync::Arc;

use countersign_model::Space;
use countersign_rest::{Context, FamilyResource, Job, KindResource, Module, NotFoundPage};
use countersign_store::{Actor, StoreError, params};

use crate::kinds::{Flow, FlowStageBinding};
use crate::{api, keep, stages, web};

/// Runs are kept this long, and this many, whichever ends first.
const RUNS_SECONDS: i64 = 30 * 86_400;
const RUNS_MOST: i64 = 20_000;

/// The flows' part of the program.
#[must_use]
pub fn module() -> Module {
    let mut kinds = vec![
        KindResource::of::<Flow>().computed(api::flow).display(api::print_flow).narrowed(&[("flow_uuid", "uuid")], api::narrow_flows),
        KindResource::of::<FlowStageBinding>()
            .computed(api::binding)
            .display(api::print_binding)
            .searched(api::stage_name)
            .narrowed(&[("pbm_uuid", "uuid"), ("policies", "[uuid]")], api::narrow_bindings),
    ];
    kinds.extend(stages::kinds());
    Module {
        name: "flow",
        kinds,
        families: vec![FamilyResource {
            space: Space("stage"),
            path: "stages/all",
            schema: "Stage",
            title: "Stage",
            app: "authentik_flows",
            model_name: "stage",
            shared: &["pk", "name", "component", "verbose_name", "verbose_name_plural", "meta_model_name", "flow_set"],
            filter: |_, _| true,
            parameters: &[("name", "string")],
            lookup: "stage_uuid",
            computed: vec![api::stage],
            display: Some(|stage| format!("Stage {}", api::text(stage, "name"))),
        }],
        operations: api::operations(),
        routes: Some(web::routes),
        schemas: api::schemas(),
        extensions: vec![Arc::new(keep::Turns::new()), Arc::new(NotFoundPage(web::lost_page))],
        jobs: vec![Job::every("flow_runs_retention", 3600, "Remove old recordings of flow runs.", |cx, _| Box::pin(async move { Ok(retention(cx).await?) }))],
        ..Module::default()
    }
}

async fn retention(cx: Context) -> Result<(), StoreError> {
    let work = |tx: &mut countersign_store::Tx<'_>| {
        let oldest = tx.now().plus_seconds(-RUNS_SECONDS);
        tx.execute("DELETE FROM flow_run WHERE started < $1", params![oldest])?;
        tx.execute("DELETE FROM flow_run WHERE uuid IN (SELECT uuid FROM flow_run ORDER BY started DESC LIMIT 1000000 OFFSET $1)", params![RUNS_MOST])?;
        Ok(())
    };
    cx.store.write(Actor::system(), "retention of flow runs", work).await
}
