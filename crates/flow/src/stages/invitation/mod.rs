//! Lets only invited people on.

mod table;

use countersign_core::Module;
use countersign_model::Kind;
use countersign_rest::{object_schema, table};
use countersign_store::StoreError;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::table::{IS_ACTIVE, Invitation, known_as};
use crate::context::Flows;
use crate::error::FlowError;
use crate::plan::{Invited, key};
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

pub(crate) use table::spend;

/// What the original says to whoever is not invited.
pub(crate) const NOT_FOUND: &str = "Invalid invite/invite not found";

/// Lets only invited people on.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/invitation/stages",
    model = "authentik_stages_invitation.invitationstage",
    title = "Invitation Stage",
    component = "ak-stage-invitation-form"
)]
pub struct InvitationStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Continue flow without invitation",
        help = "People without an invitation go on, too.",
        default = false,
        filter
    )]
    pub continue_flow_without_invitation: bool,
}

impl InvitationStage {
    /// The invitation that the browser came with, if it is good for this flow.
    async fn invitation(&self, run: &Run) -> Result<Option<Invitation>, StoreError> {
        let answered = || run.context().get(key::PROMPT_DATA)?.get("token")?.as_str();
        let given = run.plan.query_value("itoken").or_else(|| run.plan.query_value("token"));
        let given = given.or_else(answered).and_then(|token| Uuid::parse_str(token).ok());
        let Some(given) = given else { return Ok(None) };
        let (flow, now) = (run.plan.flow, run.cx().clock.now());
        run.cx().store.read(move |sql| table::good(sql, given, flow, now)).await
    }
}

impl Stage for InvitationStage {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let Some(found) = self.invitation(run).await? else {
            return Ok(if self.continue_flow_without_invitation {
                Step::Done
            } else {
                Step::deny(NOT_FOUND)
            });
        };
        // It is used by what the flow does for whom it invited, not by looking at the page.
        run.plan.invitation = Some(Invited { invitation: found.uuid, flow: run.plan.flow });
        let mut fixed = found.fixed_data.0;
        fixed.remove(IS_ACTIVE);
        let context = &mut run.plan.context;
        context.insert("invitation_in_effect".to_owned(), true.into());
        context.insert(
            "invitation".to_owned(),
            json!({"pk": known_as(found.uuid), "name": *found.name, "fixed_data": fixed}),
        );
        merge(
            context.entry(key::PROMPT_DATA).or_insert_with(|| Value::Object(Map::new())),
            &Value::Object(fixed),
        );
        Ok(Step::Done)
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Look for an invitation")
            .note_if(self.continue_flow_without_invitation, "goes on without one, too")
    }
}

/// Puts values into others, maps into maps.
fn merge(into: &mut Value, values: &Value) {
    match (into, values) {
        (Value::Object(into), Value::Object(values)) => {
            for (name, value) in values {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, value) => *into = value.clone(),
    }
}

pub(super) fn brings(_: &Flows) -> Module {
    // Blueprints make none: an invitation belongs to whoever made it.
    let invitations = countersign_core::TableResource { rows: None, ..table::<Invitation>() };
    let schema = object_schema(&[("created_by", "#GroupMember"), ("flow_obj?", "#FlowSet")]);
    Module { tables: vec![invitations], schemas: vec![("Invitation", schema)], ..Module::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_data_goes_into_what_was_answered() {
        let mut data = json!({"name": "Uma", "attributes": {"a": 1}, "x": 1});
        merge(&mut data, &json!({"email": "u@example.org", "attributes": {"b": 2}, "x": {"y": 2}}));
        let merged = json!({"name": "Uma", "attributes": {"a": 1, "b": 2}, "x": {"y": 2}, "email": "u@example.org"});
        assert_eq!(data, merged);
    }
}
