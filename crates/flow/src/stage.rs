//! What a stage is. Its author writes one file with its fields, what it remembers, what it shows,
//! and what it does.

use std::pin::Pin;

use countersign_model::{FieldErrors, Ref};
use countersign_pages::{AnyPage, Page, PageDef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::run::Run;
use crate::stages::SendsCodes;

/// What a stage wants to happen.
#[derive(Debug)]
pub enum Step {
    /// Ask.
    Show(Box<dyn AnyPage>),
    /// Ask again, saying what was wrong.
    Invalid(FieldErrors),
    /// Its work is done.
    Done,
    /// Refused, with the reason for the person.
    Deny(String),
    /// Send the browser to an address anywhere; the flow is over.
    Redirect(String),
    /// Go on in another flow, with what this one has found out or without.
    SwitchFlow { flow: Ref<Flow>, keeps_context: bool },
}

/// What a stage asks of somebody or does for them, as its flow's page says it.
#[derive(Debug, Default, Serialize)]
pub struct Sentence {
    /// Such as `Ask for the password`.
    pub text: String,
    /// Details worth a second line, such as `5 attempts`.
    pub notes: Vec<String>,
}

impl Sentence {
    pub fn new(text: impl Into<String>) -> Self {
        Sentence { text: text.into(), notes: Vec::new() }
    }

    /// Adds a detail, unless it is empty.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.extend(Some(note.into()).filter(|note| !note.is_empty()));
        self
    }

    /// Adds a detail where it is so.
    #[must_use]
    pub fn note_if(self, holds: bool, note: &str) -> Self {
        if holds { self.note(note) } else { self }
    }
}

impl Step {
    pub fn show(page: impl Page) -> Self {
        Step::Show(Box::new(page))
    }

    pub fn deny(reason: impl Into<String>) -> Self {
        Step::Deny(reason.into())
    }

    /// One field of the answer is wrong.
    pub fn invalid(field: &str, problem: countersign_model::Problem) -> Self {
        Step::Invalid(FieldErrors::one(field, problem))
    }
}

/// A step of a flow, as its author writes it (with `async fn`).
pub trait Stage: Send + Sync + 'static {
    /// What it remembers between two requests of one plan; gone when the stage is done. What an
    /// older version of the program remembered and this one cannot read begins the flow anew.
    type State: Serialize + DeserializeOwned + Default + Send;

    /// Every page it may show.
    const PAGES: &'static [PageDef] = &[];

    /// To be shown it does nothing but ask, so that the page of its flow draws what a visitor would
    /// see. Other stages are drawn there from the samples of their pages.
    const ONLY_ASKS: bool = false;

    /// What people's settings call it, where they may run its `configure_flow` by themselves.
    const SETTINGS: Option<&'static str> = None;

    /// The stage is reached, or its page is drawn again.
    fn show(
        &self,
        run: &mut Run,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<Step, FlowError>> + Send;

    /// The browser's answer. Stages that act by themselves do the same for one.
    fn answer(
        &self,
        run: &mut Run,
        state: &mut Self::State,
        _answer: &Answer,
    ) -> impl Future<Output = Result<Step, FlowError>> + Send {
        self.show(run, state)
    }

    /// May run where nothing may be shown (`prompt=none`): has no effects beyond the plan unless it
    /// is answered.
    fn may_run_silently(&self) -> bool {
        false
    }

    /// How codes go to the devices that it has set up, where it sets up such.
    fn sends_codes(&self) -> Option<&dyn SendsCodes> {
        None
    }

    /// What it asks or does, in words; the title of its kind where it does not say.
    fn sentence(&self) -> Sentence {
        Sentence::default()
    }
}

/// Any stage; what the engine works with.
pub trait AnyStage: Send + Sync {
    fn pages(&self) -> &'static [PageDef];

    fn only_asks(&self) -> bool;

    fn settings(&self) -> Option<&'static str>;

    fn may_run_silently(&self) -> bool;

    fn sends_codes(&self) -> Option<&dyn SendsCodes>;

    fn sentence(&self) -> Sentence;

    /// Shows the stage, or gives it the answer. `state` is read and written as the stage's own type.
    fn perform<'a>(
        &'a self,
        run: &'a mut Run,
        state: &'a mut Value,
        answer: Option<&'a Answer>,
    ) -> Pin<Box<dyn Future<Output = Result<Step, FlowError>> + Send + 'a>>;
}

impl<S: Stage> AnyStage for S {
    fn pages(&self) -> &'static [PageDef] {
        S::PAGES
    }

    fn only_asks(&self) -> bool {
        S::ONLY_ASKS
    }

    fn settings(&self) -> Option<&'static str> {
        S::SETTINGS
    }

    fn may_run_silently(&self) -> bool {
        Stage::may_run_silently(self)
    }

    fn sends_codes(&self) -> Option<&dyn SendsCodes> {
        Stage::sends_codes(self)
    }

    fn sentence(&self) -> Sentence {
        Stage::sentence(self)
    }

    fn perform<'a>(
        &'a self,
        run: &'a mut Run,
        state: &'a mut Value,
        answer: Option<&'a Answer>,
    ) -> Pin<Box<dyn Future<Output = Result<Step, FlowError>> + Send + 'a>> {
        Box::pin(async move {
            let mut own = match state.take() {
                Value::Null => S::State::default(),
                known => serde_json::from_value(known).map_err(|_| FlowError::Unreadable)?,
            };
            let step = match answer {
                Some(answer) => self.answer(run, &mut own, answer).await?,
                None => self.show(run, &mut own).await?,
            };
            *state = serde_json::to_value(&own)?;
            Ok(step)
        })
    }
}
