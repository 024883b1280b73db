//! What monitoring learns of decisions and mappings, under the original's names. Labels are names
//! of configured objects.

use countersign_model::Snapshot;
use tracing::{Span, info_span};
use uuid::Uuid;

use crate::verdict::Trace;

/// The span of a decision about an object.
pub(crate) fn span(snapshot: &Snapshot, target: Uuid) -> Span {
    info_span!(target: "spans", "policies", object.r#type = model(snapshot, target), object.pk = %target)
}

/// Counts what a decision took, as a whole and policy by policy. Objects that nothing is bound to
/// take nothing.
pub(crate) fn told(snapshot: &Snapshot, target: Uuid, trace: &Trace, microseconds: i64) {
    if trace.steps.is_empty() {
        return;
    }
    let (model, pk) = (model(snapshot, target), target.to_string());
    metrics::histogram!("authentik_policies_engine_time_total_seconds", "obj_type" => model, "obj_pk" => pk.clone())
        .record(seconds(u64::try_from(microseconds).unwrap_or(0)));
    for step in &trace.steps {
        // Groups and accounts are facts at hand; only policies are executed.
        if step.kind == "policy" {
            metrics::histogram!(
                "authentik_policies_execution_time",
                "binding_order" => step.order.to_string(),
                "binding_target_type" => step.kind,
                "binding_target_name" => step.name.clone(),
                "object_pk" => pk.clone(),
                "object_type" => model,
                "mode" => "execute_process"
            )
            .record(seconds(step.microseconds));
        }
    }
}

/// Runs a mapping and counts what it took.
pub(crate) async fn mapping<T>(name: &str, run: impl Future<Output = T>) -> T {
    let begun = tokio::time::Instant::now();
    let value = run.await;
    metrics::histogram!("authentik_property_mapping_execution_time", "mapping_name" => name.to_owned()).record(begun.elapsed().as_secs_f64());
    value
}

fn model(snapshot: &Snapshot, target: Uuid) -> &'static str {
    snapshot.bindable(target).map_or("", |entry| entry.meta().model)
}

#[expect(clippy::cast_precision_loss, reason = "a duration in microseconds is far below 2^52")]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}
