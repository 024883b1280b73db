//! Questions of any kind.

mod field;
mod kinds;
mod page;

use countersign_model::{FieldErrors, Key, ObjectId, Problem, Ref};
use countersign_pages::{AnyPage as _, Page as _, PageDef};
use countersign_policy::{Occasion, PasswordPolicy, Policy, PolicyRequest, engine};
use countersign_store::StoreError;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::setup;
use crate::stage::{Sentence, Stage, Step};
use page::{PromptChallenge, PromptField};

pub(crate) use field::is_email;
pub use kinds::{Prompt, PromptStage, PromptType};

const GONE: &str = "A question of this page was deleted.";

impl PromptStage {
    /// Nothing is taken that a policy was to check which was deleted.
    fn unchecked(&self) -> Option<Step> {
        (!self.vanished.is_empty()).then(|| Step::deny("A policy that checks these answers was deleted. An administrator has to choose anew."))
    }

    /// The questions by their order; none at all where one of them is gone, for what is not asked
    /// is not answered.
    fn prompts(&self, run: &Run) -> Option<Vec<Prompt>> {
        let mut prompts = self
            .fields
            .iter()
            .map(|field| run.browser.snapshot.get(*field).cloned())
            .collect::<Option<Vec<_>>>()?;
        prompts.sort_by_key(|prompt| prompt.order);
        Some(prompts)
    }

    async fn resolved(&self, run: &Run) -> Result<Option<Vec<(Prompt, PromptField)>>, StoreError> {
        let empty = Map::new();
        let data =
            run.plan.context.get(key::PROMPT_DATA).and_then(Value::as_object).unwrap_or(&empty);
        let user = run.pending_or_session_user();
        let host = run.browser.host();
        let request = run.browser.asking(&host, user.as_ref(), Occasion::Prompt(data));
        let mut resolved = Vec::new();
        let Some(prompts) = self.prompts(run) else { return Ok(None) };
        for prompt in prompts {
            let field = field::resolve(&prompt, data, &request).await?;
            resolved.push((prompt, field));
        }
        Ok(Some(resolved))
    }

    async fn take(&self, run: &mut Run, answer: &Answer) -> Result<Step, FlowError> {
        let Some(resolved) = self.resolved(run).await? else { return Ok(Step::deny(GONE)) };
        let mut errors = FieldErrors::new();
        let mut values = Map::new();
        for (prompt, shown) in &resolved {
            match field::read(prompt, shown, answer) {
                Ok(value) => {
                    values.insert(prompt.field_key.clone(), value);
                }
                Err(problem) => errors.add(&prompt.field_key, problem),
            }
            if prompt.r#type == PromptType::Username
                && let Some(name) =
                    values.get(&prompt.field_key).and_then(Value::as_str).map(str::to_owned)
                && run.username_is_taken(&name).await?
            {
                errors
                    .add(&prompt.field_key, Problem::new("invalid", "Username is already taken."));
            }
        }
        if !errors.is_empty() {
            return Ok(Step::Invalid(errors));
        }
        for (prompt, shown) in &resolved {
            if let Some(fixed) = field::overwritten(prompt, shown) {
                values.insert(prompt.field_key.clone(), fixed);
            }
        }
        let mut passwords = resolved
            .iter()
            .filter(|(prompt, _)| prompt.r#type == PromptType::Password)
            .map(|(prompt, _)| &prompt.field_key);
        if let (Some(one), Some(two), None) = (passwords.next(), passwords.next(), passwords.next())
            && values.get(one) != values.get(two)
        {
            return Ok(Step::Invalid(FieldErrors::object(Problem::new(
                "invalid",
                "Passwords don't match.",
            ))));
        }
        if let Some(refused) = self.ask_policies(run, &mut values).await? {
            return Ok(Step::Invalid(refused));
        }
        values.insert("component".to_owned(), PromptChallenge::COMPONENT.into());
        run.plan.add_prompt_data(values);
        Ok(Step::Done)
    }

    async fn ask_policies(
        &self,
        run: &mut Run,
        values: &mut Map<String, Value>,
    ) -> Result<Option<FieldErrors>, FlowError> {
        let mut policies: Vec<ObjectId> =
            self.validation_policies.iter().map(Ref::<dyn Policy>::id).collect();
        // The first password is chosen by the rule that later ones go by. The set-up's own stage
        // names none, as in the original.
        if setup::is_setup(&run.slug()) {
            let rule = run.browser.snapshot.find::<PasswordPolicy>("name", setup::PASSWORD_RULE);
            policies.extend(rule.map(|(rule, _)| rule.id()));
        }
        if policies.is_empty() {
            return Ok(None);
        }
        let user = run.pending_or_session_user();
        let host = run.browser.host();
        let request = run.browser.asking(&host, user.as_ref(), Occasion::PromptAnswers(values));
        let decision = engine::decide_all(&request, policies).await?;
        run.note_policies(&format!("answers to {}", self.name), &decision);
        if decision.passing {
            // Policies may set answers right.
            for (key, value) in decision.changes {
                if let (key::PROMPT_DATA, Some(Value::Object(changed))) = (key.as_str(), value) {
                    *values = changed;
                }
            }
            return Ok(None);
        }
        let mut errors = FieldErrors::new();
        for message in decision.messages {
            errors.add_object(Problem::new("invalid", message));
        }
        // Refused without a word is still refused.
        if errors.is_empty() {
            errors.set("non_field_errors", countersign_model::ErrorNode::Problems(Vec::new()));
        }
        Ok(Some(errors))
    }
}

impl Stage for PromptStage {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<PromptChallenge>()];
    const ONLY_ASKS: bool = true;

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        if let Some(refused) = self.unchecked() {
            return Ok(refused);
        }
        let Some(resolved) = self.resolved(run).await? else { return Ok(Step::deny(GONE)) };
        let fields = resolved.into_iter().map(|(_, field)| field).collect();
        Ok(Step::show(PromptChallenge { fields }))
    }

    async fn answer(&self, run: &mut Run, (): &mut (), answer: &Answer) -> Result<Step, FlowError> {
        match self.unchecked() {
            Some(refused) => Ok(refused),
            None => self.take(run, answer).await,
        }
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Ask for details").note(match self.fields.len() {
            0 => "no fields yet".to_owned(),
            count => format!("{count} fields"),
        })
    }
}

/// The challenge of one prompt by itself, for the preview in the administration.
///
/// # Errors
/// When the database is away.
pub(crate) async fn preview(
    prompt: &Prompt,
    request: &PolicyRequest<'_>,
) -> Result<Value, StoreError> {
    let field = field::resolve(prompt, &Map::new(), request).await?;
    Ok(PromptChallenge { fields: vec![field] }.json().into())
}

/// The stages a prompt is used in.
pub(crate) fn stages_of(snapshot: &countersign_model::Snapshot, prompt: Key) -> Vec<ObjectId> {
    use countersign_model::Target as _;
    snapshot
        .referrers(ObjectId::new(Prompt::SPACE, prompt))
        .filter(|(by, field)| by.space == PromptStage::SPACE && *field == "fields")
        .map(|(by, _)| by)
        .collect()
}
