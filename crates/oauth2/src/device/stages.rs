//! The steps of flows that a device is let in by: the code is typed, and the person answers.

use countersign_events::{Event, emit};
use countersign_flow::{Answer, FlowError, Run, Stage, Step};
use countersign_model::Problem;
use countersign_pages::{Page, PageDef, Scene};
use countersign_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::UserCode;
use super::page::{NoCode, PATH, look_up};
use super::store::{self, Found, Verdict};
use crate::access;
use crate::decide::device::Progress;
use crate::fulfil;
use crate::provider::{Provider, numbered};
use crate::registration;
use crate::service::{self, OAuth2, Service};
use crate::wire::GrantType;

/// Names of the stages in plans.
pub(crate) const ENTER: &str = "oauth2.device.enter";
pub(crate) const CONFIRM: &str = "oauth2.device.confirm";

/// What somebody came with to the page that asks for a code.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Entered {
    pub(super) typed: String,
    /// Why it leads nowhere.
    pub(super) wrong: Option<String>,
}

/// Asks for the code.
pub(crate) struct EnterCode {
    pub(crate) entered: Entered,
}

impl Stage for EnterCode {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<OAuthDeviceCodeChallenge>()];

    async fn show(&self, _run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        Ok(Step::show(OAuthDeviceCodeChallenge { entered: self.entered.clone() }))
    }

    async fn answer(&self, run: &mut Run, (): &mut (), answer: &Answer) -> Result<Step, FlowError> {
        let typed = match answer.text("code") {
            Ok(typed) => typed,
            Err(problem) => return Ok(Step::invalid("code", problem)),
        };
        let user = run.user()?;
        match look_up(run.cx(), run.request(), run.visitor(), user, &typed).await? {
            // It is looked up there once more: the address alone is what leads to an answer.
            Ok((code, _)) => Ok(Step::Redirect(format!("{PATH}?code={code}"))),
            Err(wrong @ NoCode::Unknown) => {
                Ok(Step::invalid("code", Problem::new("invalid", wrong.to_string())))
            }
            Err(wrong @ NoCode::TooMany(_)) => {
                Ok(Step::invalid("code", Problem::new("throttled", wrong.to_string())))
            }
        }
    }
}

/// Asks for the code that a device shows.
#[derive(Debug, Clone, Default, Serialize)]
struct OAuthDeviceCodeChallenge {
    #[serde(skip)]
    entered: Entered,
}

impl Page for OAuthDeviceCodeChallenge {
    const COMPONENT: &'static str = "ak-provider-oauth2-device-code";
    const TEMPLATE: &'static str = include_str!("enter.html");

    fn remembers(&self) -> Vec<&str> {
        vec!["code"]
    }

    fn view(&self, scene: &Scene) -> Value {
        let typed = scene.typed.get("code").unwrap_or(&self.entered.typed);
        let errors = scene.errors.fields.get("code").cloned();
        let errors = errors.unwrap_or_else(|| {
            // What was wrong with the code that somebody came with, until another is tried.
            self.entered.wrong.iter().filter(|_| scene.typed.is_empty()).cloned().collect()
        });
        let unknown = |text: String| {
            if text == NoCode::Unknown.to_string() {
                scene.t("device-unknown")
            } else {
                scene.language.of(&text)
            }
        };
        let errors: Vec<String> = errors.into_iter().map(unknown).collect();
        json!({
            "title": scene.t("device-title"),
            "subtitle": scene.t("device-text"),
            "typed": typed,
            "errors": errors,
        })
    }

    fn samples() -> Vec<Self> {
        let wrong = Some(NoCode::Unknown.to_string());
        let entered = Entered { typed: "012 345 678".to_owned(), wrong };
        vec![OAuthDeviceCodeChallenge { entered }, OAuthDeviceCodeChallenge::default()]
    }
}

/// What a person is asked to approve.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Approval {
    /// Of the device's code, in hexadecimal.
    hash: String,
    /// As the device shows it.
    code: String,
}

impl Approval {
    pub(super) fn new(code: &UserCode, found: &Found) -> Approval {
        Approval { hash: hex::encode(found.hash), code: code.spaced() }
    }
}

/// Asks whether the device may go on, and keeps the answer.
pub(crate) struct Confirm {
    pub(crate) oauth: OAuth2,
    pub(crate) approval: Approval,
}

/// What was answered in this plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answered {
    #[default]
    NotYet,
    Allowed,
    Denied,
}

const GONE: &str = "This code has expired, or was answered already. Start again on the device: it shows a new one.";

impl Stage for Confirm {
    type State = Answered;
    const PAGES: &'static [PageDef] =
        &[PageDef::of::<DeviceConfirmChallenge>(), PageDef::of::<OAuthDeviceCodeFinishChallenge>()];

    async fn show(&self, run: &mut Run, state: &mut Answered) -> Result<Step, FlowError> {
        let service = self.oauth.over(run.cx().clone());
        if *state != Answered::NotYet {
            return Ok(finished(*state, application_name(run)));
        }
        Ok(match self.waiting(&service, run).await? {
            Ok((_, provider)) => Step::show(DeviceConfirmChallenge {
                application: provider.application.map_or_else(String::new, |(_, a)| a.name.clone()),
                user_code: self.approval.code.clone(),
            }),
            Err(reason) => Step::deny(reason),
        })
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Answered,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let service = self.oauth.over(run.cx().clone());
        if *state != Answered::NotYet {
            return self.show(run, state).await;
        }
        let (found, provider) = match self.waiting(&service, run).await? {
            Ok(waiting) => waiting,
            Err(reason) => return Ok(Step::deny(reason)),
        };
        let allowed = answer.str("answer") == Some("allow");
        if !allowed && answer.str("answer") != Some("deny") {
            return Ok(Step::invalid("answer", Problem::required()));
        }
        let person = service.person_of(run.user()?.clone());
        let session = run.visitor().session.clone().unwrap_or_default();
        let verdict = Verdict {
            allowed,
            user: person.identity.pk,
            session: run.visitor().key_hash(),
            sign_in: service::signed_in(&session),
        };
        let actor = service.cx.actor(&run.visitor().caller(), run.request());
        let event = authorized(&provider, &found);
        let work = move |tx: &mut Tx<'_>| -> Result<bool, StoreError> {
            let now = tx.now();
            if !store::settle(tx, found.hash, &verdict, now)? {
                return Ok(false);
            }
            if verdict.allowed {
                registration::note_used(tx, found.facts.provider, now)?;
                emit(tx, event.clone())?;
            }
            Ok(true)
        };
        if !run.commit(actor, "a device was answered", work).await? {
            return Ok(Step::deny(GONE));
        }
        *state = if allowed { Answered::Allowed } else { Answered::Denied };
        Ok(finished(*state, application_name(run)))
    }
}

impl Confirm {
    /// The code, if it still waits and the person may still open the application: the flow before
    /// this step may have taken minutes.
    async fn waiting(
        &self,
        service: &Service,
        run: &Run,
    ) -> Result<Result<(Found, Provider), &'static str>, FlowError> {
        if run.visitor().original.is_some() {
            return Ok(Err("You are acting as somebody else. Only they can connect a device."));
        }
        let now = service.now();
        let hash = hex::decode(&self.approval.hash).ok().and_then(|hash| hash.try_into().ok());
        let hash: [u8; 32] = hash.ok_or(FlowError::Unreadable)?;
        let found = service.cx.store.look_up(move |sql| store::by_hash(sql, hash, now)).await?;
        let waits =
            |found: &Found| found.facts.progress == Progress::Pending && found.facts.expires > now;
        let Some(found) = found.filter(waits) else { return Ok(Err(GONE)) };
        let snapshot = service.cx.snapshot();
        let provider = Provider::by_reference(&snapshot, numbered(found.facts.provider));
        let Some(provider) = provider.filter(|provider| provider.application.is_some()) else {
            return Ok(Err("The application was changed in the meantime."));
        };
        let person = service.person_of(run.user()?.clone());
        let protocol = access::exchanging(GrantType::DeviceCode.as_str(), &found.scopes);
        let allowed =
            access::is_allowed(service, &provider, &person, run.request(), &protocol).await?;
        Ok(if allowed { Ok((found, provider)) } else { Err("Request has been denied.") })
    }
}

fn application_name(run: &Run) -> String {
    let application = run.context().get(countersign_flow::key::APPLICATION);
    let name = application.and_then(|application| application.get("name")?.as_str());
    name.unwrap_or_default().to_owned()
}

fn finished(answered: Answered, application: String) -> Step {
    let allowed = answered == Answered::Allowed;
    Step::show(OAuthDeviceCodeFinishChallenge { allowed, application })
}

fn authorized(provider: &Provider, found: &Found) -> Event {
    fulfil::authorized(provider, &found.scopes, "authentik.providers.oauth2.views.device_finish")
}

/// Asks whether a device may be signed in.
#[derive(Debug, Clone, Serialize)]
struct DeviceConfirmChallenge {
    application: String,
    /// As the device shows it.
    user_code: String,
}

impl Page for DeviceConfirmChallenge {
    const COMPONENT: &'static str = "countersign-device-confirm";
    const TEMPLATE: &'static str = include_str!("confirm.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let app = self.application.as_str();
        json!({
            "title": scene.say("device-sign-in", &[("app", app.into())]),
            "subtitle": "",
            "application": self.application,
            "code": self.user_code,
        })
    }

    fn samples() -> Vec<Self> {
        let application = "Living Room TV".to_owned();
        vec![DeviceConfirmChallenge { application, user_code: "012 345 678".to_owned() }]
    }
}

/// Says that the person can go back to the device.
#[derive(Debug, Clone, Serialize)]
struct OAuthDeviceCodeFinishChallenge {
    #[serde(skip)]
    allowed: bool,
    #[serde(skip)]
    application: String,
}

impl Page for OAuthDeviceCodeFinishChallenge {
    const COMPONENT: &'static str = "ak-provider-oauth2-device-code-finish";
    const TEMPLATE: &'static str = include_str!("finish.html");

    fn view(&self, scene: &Scene) -> Value {
        let (title, text) = if self.allowed {
            ("device-connected", "device-connected-text")
        } else {
            ("device-refused", "device-refused-text")
        };
        let app = self.application.as_str();
        let text = scene.say(text, &[("app", app.into())]);
        json!({"title": scene.t(title), "subtitle": text, "allowed": self.allowed})
    }

    fn samples() -> Vec<Self> {
        let sample = |allowed| OAuthDeviceCodeFinishChallenge {
            allowed,
            application: "Living Room TV".to_owned(),
        };
        vec![sample(true), sample(false)]
    }
}
