//! A recorded run, made again.

use countersign_flow::{FlowContext, recorded};
use countersign_policy::Subject;
use countersign_policy::recording::{Replayed, together};
use countersign_policy::simulate::Differs;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::Deps;
use crate::changes::{Changed, ExplainError};

/// A run whose decisions were made again.
#[derive(Debug, Serialize)]
pub struct Again {
    pub run: Uuid,
    pub trace: String,
    /// Of the configuration: then, and what this was decided by.
    pub revision: i64,
    pub revision_now: i64,
    /// How the run ended.
    pub outcome: String,
    /// Whether every decision comes out as it did; none where that is not known of one and all
    /// others do.
    pub same: Option<bool>,
    /// A sentence for each that does not, or may not.
    pub reasons: Vec<String>,
    /// What the edit would change, a line for each object.
    pub changes: Vec<String>,
    pub decisions: Vec<OneDecision>,
}

#[derive(Debug, Serialize)]
pub struct OneDecision {
    pub about: String,
    /// Of the decision in the run.
    pub number: u32,
    pub was: bool,
    /// What would be decided now; none where that is not known.
    pub passing: Option<bool>,
    #[serde(flatten)]
    pub again: Option<Details>,
}

#[derive(Debug, Serialize)]
pub struct Details {
    pub gone: bool,
    pub messages: Vec<String>,
    pub steps: Vec<countersign_policy::recording::ReplayedStep>,
}

/// Makes the decisions of a run again, from what was recorded, on the configuration that the changes
/// would make.
///
/// # Errors
/// A run that is not there, changes that cannot be carried out, or when the engine fails.
pub async fn replay(
    deps: &Deps,
    cx: &FlowContext,
    run: Uuid,
    changes: &Value,
) -> Result<Again, ExplainError> {
    let missing = || ExplainError::Run(run.to_string());
    let found = recorded(cx, run).await?.ok_or_else(missing)?;
    let changed = Changed::by(deps, cx, changes, found.user).await?;
    let interpreter = cx.policies().interpreter();
    let mut decisions = Vec::new();
    for decision in found.decisions {
        let replayed = match decision.record {
            Some(mut record) => {
                if changed.differs == Differs::Rows && record.user() == found.user {
                    let user = changed.user.as_ref();
                    record.with_rows_changed(user.map(|user| Subject::of(user, cx.uid(user.pk))));
                }
                Some(record.replay(&changed.snapshot, Some(interpreter)).await?)
            }
            None => None,
        };
        decisions.push(one(decision.about, decision.number, decision.was, replayed));
    }
    let same = |one: &OneDecision| one.passing.map(|now| now == one.was);
    let reasons = decisions.iter().filter_map(reason).collect();
    Ok(Again {
        run,
        trace: countersign_flow::trace_number(run),
        revision: found.revision,
        revision_now: cx.snapshot().revision(),
        outcome: found.outcome,
        same: together(decisions.iter().map(same), true),
        reasons,
        changes: changed.lines(),
        decisions,
    })
}

fn one(about: String, number: u32, was: bool, replayed: Option<Replayed>) -> OneDecision {
    let passing = replayed.as_ref().and_then(|again| again.passing);
    let again =
        replayed.map(|Replayed { gone, messages, steps, .. }| Details { gone, messages, steps });
    OneDecision { about, number, was, passing, again }
}

fn reason(one: &OneDecision) -> Option<String> {
    let about = &one.about;
    let word = |passing: bool| if passing { "yes" } else { "no" };
    let unknown = |steps: &[countersign_policy::recording::ReplayedStep]| {
        steps.iter().find_map(|step| {
            let why = step.unknown.as_ref()?;
            Some(format!("{} \"{}\": {why}", step.kind, step.name))
        })
    };
    match (one.passing, &one.again) {
        (Some(now), Some(again)) if now != one.was => {
            let gone = if again.gone { "; what it was about would be gone" } else { "" };
            Some(format!("{about}: {} then, {} now{gone}", word(one.was), word(now)))
        }
        (Some(_), _) => None,
        (None, Some(again)) => {
            let why = unknown(&again.steps).unwrap_or_default();
            Some(format!("{about}: {} then, not known now. {why}", word(one.was)))
        }
        (None, None) => Some(format!(
            "{about}: {} then, not known now: what it was made from was too large to be recorded",
            word(one.was)
        )),
    }
}
