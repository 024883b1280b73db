//! What monitoring learns of stages: how long they take, under the original's names.

use countersign_model::KindMeta;
use tokio::time::Instant;
use tracing::Span;

use crate::error::FlowError;
use crate::stage::Step;

/// A stage while it works.
pub(crate) struct StageTimer {
    meta: &'static KindMeta,
    answered: bool,
    begun: Instant,
    pub(crate) span: Span,
}

impl StageTimer {
    /// `answered`: it takes an answer, rather than asking.
    pub(crate) fn begin(meta: &'static KindMeta, answered: bool) -> StageTimer {
        let span = tracing::info_span!(
            target: "spans",
            "stage",
            otel.name = format!("{} {}", if answered { "answer" } else { "show" }, meta.schema),
            stage = meta.schema,
            answered,
        );
        StageTimer { meta, answered, begun: Instant::now(), span }
    }

    pub(crate) fn end(self, step: &Result<Step, FlowError>) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let method = if self.answered { "POST" } else { "GET" };
        metrics::histogram!("authentik_flows_execution_stage_time", "stage_type" => view(self.meta), "method" => method).record(seconds);
        let part = match (self.answered, step) {
            (false, _) => "get_challenge",
            (true, Ok(Step::Invalid(_))) => "challenge_invalid",
            (true, _) => "challenge_valid",
        };
        metrics::histogram!("authentik_flows_stage_time", "stage_type" => format!("{}View", self.meta.schema), "method" => part).record(seconds);
    }
}

/// The name the original has for what performs a stage.
fn view(meta: &KindMeta) -> String {
    let app = meta.model.split('.').next().unwrap_or_default();
    format!(
        "{}.stage.{}View",
        app.replacen("authentik_stages_", "authentik.stages.", 1),
        meta.schema
    )
}
