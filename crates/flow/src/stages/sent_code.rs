//! Codes that are sent to where somebody says that they are reached, and come back in an answer:
//! what the stages that set up such devices have in common.

use std::pin::Pin;

use countersign_authenticators::{DeviceClass, new_code, sealed_code};
use countersign_core::ApiError;
use countersign_directory::may_send;
use countersign_events::Event;
use countersign_model::{FieldErrors, Problem, Timestamp};
use countersign_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::enrol::{self, Refused};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::Step;

/// A code that is on its way, or why it is not.
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Problem>, FlowError>> + Send + 'a>>;

/// A stage in whose way codes go to the devices that it has set up.
pub trait SendsCodes: Send + Sync {
    fn class(&self) -> DeviceClass;

    /// Seconds that a code can be used.
    fn lasts(&self) -> i64;

    /// Sends a code, or says in words for the person why not.
    fn send<'a>(&'a self, run: &'a Run, to: &'a str, code: &'a str) -> Sending<'a>;

    /// The address or number as far as whoever signs in may see it.
    fn masked(&self, to: &str) -> String;
}

/// A stage that sets such devices up.
pub(super) trait SetsUpCodes: SendsCodes + Clone + 'static {
    /// What answers call the address or number.
    const PLACE: &'static str;
    /// What prompts call it.
    const PROMPT: &'static str;
    /// What the original says where none is given, and of one that this stage has set up before.
    const REQUIRED: &'static str;
    const TAKEN: &'static str;

    fn parse(text: &str) -> Result<String, Problem>;

    /// One of the account's own that need not be asked for.
    fn own(run: &Run) -> Option<String>;

    fn page(&self, to: Option<&str>) -> Step;

    fn is_taken(tx: &mut Tx<'_>, to: &str, stage: Uuid) -> Result<bool, StoreError>;

    fn enrol(&self, tx: &mut Tx<'_>, user: i64, to: &str, stage: Uuid) -> Result<(), ApiError>;
}

/// As often a code is sent from one page, and to one address or number within an hour.
const MOST_SENT: i64 = 5;
/// As many codes go within an hour to one that is somebody's already.
pub(super) const MOST_ASKED: i64 = 20;
/// Seconds between two from one page.
const PAUSE: i64 = 30;
/// Wrong ones after which another has to be sent.
const MOST_WRONG: u32 = 5;

/// What is known of the code that was sent last.
#[derive(Default, Serialize, Deserialize)]
pub struct SentCode {
    /// Where it went; empty before.
    to: String,
    code: String,
    expires: i64,
    wrong: u32,
    times: i64,
    last: i64,
}

impl SentCode {
    /// Why no code is sent from this page now.
    fn wait(&self, run: &mut Run) -> Option<Problem> {
        let wait = self.last + PAUSE - run.cx().clock.now().seconds();
        if self.times >= MOST_SENT {
            return Some(often());
        }
        (self.times > 0 && wait > 0).then(|| {
            run.retry_after = Some(wait);
            Problem::new("throttled", format!("Too many attempts. Try again in {wait} seconds."))
        })
    }

    /// A new code for this place.
    fn begin(&mut self, run: &Run, to: &str, lasts: i64) -> String {
        let (now, code) = (run.cx().clock.now(), new_code(&*run.cx().entropy));
        self.to = to.to_owned();
        self.code = sealed_code(run.cx().store.sealer(), to, &code);
        self.expires = now.plus_seconds(lasts).seconds();
        self.wrong = 0;
        (self.times, self.last) = (self.times.saturating_add(1), now.seconds());
        code
    }

    /// It did not go out: another may be sent at once.
    fn failed(&mut self) {
        (self.code, self.to, self.last) = (String::new(), String::new(), 0);
    }

    /// Whether this is the code; after a few wrong ones none is.
    fn is(&mut self, run: &Run, typed: &str) -> bool {
        let now: Timestamp = run.cx().clock.now();
        let given = sealed_code(run.cx().store.sealer(), &self.to, typed);
        let right = !self.code.is_empty() && given == self.code && now.seconds() < self.expires;
        if !right {
            self.wrong = self.wrong.saturating_add(1);
            if self.wrong >= MOST_WRONG {
                self.code.clear();
            }
        }
        right
    }

    fn page(&self, stage: &impl SetsUpCodes) -> Step {
        stage.page(Some(self.to.as_str()).filter(|to| !to.is_empty()))
    }
}

/// As many as may be went there.
pub(super) fn often() -> Problem {
    let text = "As many codes as may be were sent. Try again in an hour.";
    Problem::new("throttled", text)
}

/// Something an administrator has to mend; what the person reads of it.
pub(super) async fn configuration_error(run: &Run, stage: &str, message: &str) -> Problem {
    let context = json!({"message": message, "stage": stage});
    let event = Event::new("configuration_error", "authentik.stages", context);
    event.write(run.cx(), run.browser.actor()).await;
    Problem::new("invalid", "The code cannot be sent. Ask an administrator to look at it.")
}

/// The stage as rows of its devices name it.
fn own_key(run: &Run) -> Uuid {
    run.current_stage().and_then(|stage| stage.id.key.uuid()).unwrap_or_default()
}

/// What a prompt was answered before.
fn answered<S: SetsUpCodes>(run: &Run) -> Option<String> {
    let answered = run.context().get(key::PROMPT_DATA)?.get(S::PROMPT)?.as_str()?;
    S::parse(answered.trim()).ok()
}

/// Sends a code to a place that is to be set up, or says why not.
async fn send<S: SetsUpCodes>(
    stage: &S,
    run: &mut Run,
    state: &mut SentCode,
    to: &str,
) -> Result<Option<Problem>, FlowError> {
    if let Some(problem) = state.wait(run) {
        return Ok(Some(problem));
    }
    let (own, place) = (own_key(run), to.to_owned());
    let admit = move |tx: &mut Tx<'_>| {
        if S::is_taken(tx, &place, own)? {
            return Ok::<_, FlowError>(Some(Problem::new("invalid", S::TAKEN)));
        }
        Ok(if may_send(tx, &place, MOST_SENT)? { None } else { Some(often()) })
    };
    let refused = run.cx().store.write(run.browser.actor(), "code to be sent", admit).await?;
    if refused.is_some() {
        return Ok(refused);
    }
    let code = state.begin(run, to, stage.lasts());
    let problem = stage.send(run, to, &code).await?;
    if problem.is_some() {
        state.failed();
    }
    Ok(problem)
}

/// The page of such a stage. A place that is known is not asked for.
pub(super) async fn show<S: SetsUpCodes>(
    stage: &S,
    run: &mut Run,
    state: &mut SentCode,
) -> Result<Step, FlowError> {
    if let Err(step) = enrol::account(run, enrol::SHOWN) {
        return Ok(step);
    }
    // Who sets something up is known, so that the plan is kept: a page that is looked at again
    // sends nothing again.
    if state.to.is_empty()
        && state.times == 0
        && let Some(known) = S::own(run).or_else(|| answered::<S>(run))
    {
        // One that is refused is asked for.
        send(stage, run, state, &known).await?;
    }
    Ok(state.page(stage))
}

/// The answer to it: where to send to, the code, or a wish for another.
pub(super) async fn answer<S: SetsUpCodes>(
    stage: &S,
    run: &mut Run,
    state: &mut SentCode,
    answer: &Answer,
) -> Result<Step, FlowError> {
    let user = match enrol::account(run, enrol::ANSWERED) {
        Ok(user) => user,
        Err(step) => return Ok(step),
    };
    let given = |name| answer.get(name).is_some_and(|value| !value.is_null());
    if given("code") && !state.to.is_empty() {
        let typed = match answer.raw_text("code") {
            Ok(typed) => typed,
            Err(problem) => return Ok(Step::invalid("code", problem)),
        };
        if !state.is(run, &typed) {
            return Ok(whole(Problem::new("invalid", "Code does not match")));
        }
        let (own, to, kept) = (own_key(run), state.to.clone(), stage.clone());
        let work = move |tx: &mut Tx<'_>| {
            // Another browser may have been first.
            if S::is_taken(tx, &to, own)? {
                return Err(ApiError::object(S::TAKEN.to_owned()).into());
            }
            kept.enrol(tx, user, &to, own).map_err(Refused::from)
        };
        let set_up = run.commit(enrol::actor(run), "codes set up", work).await;
        return set_up.map_or_else(Refused::step, |()| Ok(Step::Done));
    }
    if given("change") {
        *state = SentCode { times: state.times, last: state.last, ..SentCode::default() };
        return Ok(state.page(stage));
    }
    let to = if given(S::PLACE) {
        match answer.text(S::PLACE).and_then(|text| S::parse(&text)) {
            Ok(to) => to,
            Err(problem) => return Ok(Step::invalid(S::PLACE, problem)),
        }
    } else if given("resend") && !state.to.is_empty() {
        state.to.clone()
    } else {
        return Ok(whole(Problem::new("invalid", S::REQUIRED)));
    };
    Ok(match send(stage, run, state, &to).await? {
        Some(problem) => whole(problem),
        None => state.page(stage),
    })
}

fn whole(problem: Problem) -> Step {
    Step::Invalid(FieldErrors::object(problem))
}
