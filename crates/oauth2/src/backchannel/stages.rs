//! The step of a flow in which a person answers what an application asks.

use countersign_events::{Event, emit};
use countersign_flow::{Answer, FlowError, Run, Stage, Step};
use countersign_model::Problem;
use countersign_pages::{Page, PageDef, Scene};
use countersign_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ping;
use super::store::{self, Found, Verdict};
use crate::access;
use crate::consent;
use crate::fulfil;
use crate::provider::{Provider, numbered};
use crate::registration;
use crate::service::{self, OAuth2, Service};
use crate::wire::GrantType;

/// Name of the stage in plans.
pub(crate) const CONFIRM: &str = "oauth2.backchannel.confirm";

/// What a person is asked to approve.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Approval {
    /// Of the request, in hexadecimal.
    hash: String,
}

impl Approval {
    pub(super) fn new(found: &Found) -> Approval {
        Approval { hash: hex::encode(found.hash) }
    }
}

/// Asks whether the application may sign them in, and keeps the answer.
pub(crate) struct Confirm {
    pub(crate) oauth: OAuth2,
    pub(crate) approval: Approval,
}

/// What was answered in this plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answered {
    #[default]
    NotYet,
    Allowed(String),
    Denied(String),
}

const GONE: &str =
    "This request has expired, or was answered already. Begin again at the application.";

impl Stage for Confirm {
    type State = Answered;
    const PAGES: &'static [PageDef] = &[
        PageDef::of::<BackchannelConfirmChallenge>(),
        PageDef::of::<BackchannelFinishChallenge>(),
    ];

    async fn show(&self, run: &mut Run, state: &mut Answered) -> Result<Step, FlowError> {
        if let Some(step) = finished(state) {
            return Ok(step);
        }
        let service = self.oauth.over(run.cx().clone());
        Ok(match self.waiting(&service, run).await? {
            Ok((found, provider)) => Step::show(BackchannelConfirmChallenge {
                application: name(&provider),
                more: consent::beyond(&provider, &found.scopes),
                message: found.message,
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
        let event = if allowed { authorized(&provider, &found) } else { refused(&provider) };
        let work = move |tx: &mut Tx<'_>| -> Result<bool, StoreError> {
            let now = tx.now();
            if !store::settle(tx, found.hash, &verdict, now)? {
                return Ok(false);
            }
            if verdict.allowed {
                registration::note_used(tx, found.facts.provider, now)?;
            }
            ping::tell(tx, &found)?;
            emit(tx, event.clone())?;
            Ok(true)
        };
        if !run.commit(actor, "an application's request was answered", work).await? {
            return Ok(Step::deny(GONE));
        }
        let name = name(&provider);
        *state = if allowed { Answered::Allowed(name) } else { Answered::Denied(name) };
        Ok(finished(state).unwrap_or_else(|| Step::deny(GONE)))
    }
}

impl Confirm {
    /// The request, if it still waits for this person and they may still open the application: the
    /// flow before this step may have taken minutes.
    async fn waiting(
        &self,
        service: &Service,
        run: &Run,
    ) -> Result<Result<(Found, Provider), &'static str>, FlowError> {
        if run.visitor().original.is_some() {
            return Ok(Err("You are acting as somebody else. Only they can answer this."));
        }
        let now = service.now();
        let hash = hex::decode(&self.approval.hash).ok().and_then(|hash| hash.try_into().ok());
        let hash: [u8; 32] = hash.ok_or(FlowError::Unreadable)?;
        let found = service.cx.store.look_up(move |sql| store::by_hash(sql, hash, now)).await?;
        let person = service.person_of(run.user()?.clone());
        let own = |found: &Found| found.waits(now) && found.user == person.identity.pk;
        let Some(found) = found.filter(own) else { return Ok(Err(GONE)) };
        let snapshot = service.cx.snapshot();
        let provider = Provider::by_reference(&snapshot, numbered(found.facts.provider));
        let usable = |provider: &Provider| {
            provider.application.is_some() && provider.client.allows(GrantType::Backchannel)
        };
        let Some(provider) = provider.filter(usable) else {
            return Ok(Err("The application was changed in the meantime."));
        };
        let protocol = access::exchanging(GrantType::Backchannel.as_str(), &found.scopes);
        let allowed =
            access::is_allowed(service, &provider, &person, run.request(), &protocol).await?;
        Ok(if allowed { Ok((found, provider)) } else { Err("Request has been denied.") })
    }
}

fn name(provider: &Provider) -> String {
    provider
        .application
        .as_ref()
        .map_or_else(String::new, |(_, application)| application.name.clone())
}

fn finished(answered: &Answered) -> Option<Step> {
    let (allowed, application) = match answered {
        Answered::NotYet => return None,
        Answered::Allowed(application) => (true, application.clone()),
        Answered::Denied(application) => (false, application.clone()),
    };
    Some(Step::show(BackchannelFinishChallenge { allowed, application }))
}

fn authorized(provider: &Provider, found: &Found) -> Event {
    fulfil::authorized(provider, &found.scopes, "authentik.providers.oauth2.backchannel")
}

/// Whoever is asked to sign in somewhere and has not begun it says so here first.
fn refused(provider: &Provider) -> Event {
    let context = json!({
        "message": "Somebody refused to sign in to an application that had asked for it.",
        "rule": "oauth2.backchannel.refused",
        "provider": provider.reference_json(),
    });
    Event::new("suspicious_request", service::EVENTS, context)
}

/// Asks whether an application may sign somebody in.
#[derive(Debug, Clone, Serialize)]
struct BackchannelConfirmChallenge {
    application: String,
    /// What the application shows as well.
    message: String,
    /// What it is given beside who they are.
    more: Vec<String>,
}

impl Page for BackchannelConfirmChallenge {
    const COMPONENT: &'static str = "countersign-backchannel-confirm";
    const TEMPLATE: &'static str = include_str!("confirm.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, _scene: &Scene) -> Value {
        json!({
            "title": format!("Sign in to {}?", self.application),
            "subtitle": "",
            "application": self.application,
            "message": self.message,
            "more": self.more,
        })
    }

    fn samples() -> Vec<Self> {
        let sample = |message: &str, more: &[&str]| BackchannelConfirmChallenge {
            application: "Service Desk".to_owned(),
            message: message.to_owned(),
            more: more.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        vec![sample("W4SCT", &[]), sample("", &["Access while you are away"])]
    }
}

/// Says that the person can go on at the application.
#[derive(Debug, Clone, Serialize)]
struct BackchannelFinishChallenge {
    allowed: bool,
    application: String,
}

impl Page for BackchannelFinishChallenge {
    const COMPONENT: &'static str = "countersign-backchannel-finish";
    const TEMPLATE: &'static str = include_str!("finish.html");

    fn view(&self, _scene: &Scene) -> Value {
        let application = &self.application;
        let (title, text) = if self.allowed {
            (
                format!("You are being signed in to {application}"),
                "Go on there; you can close this page.",
            )
        } else {
            (format!("{application} gets nothing"), "You can close this page.")
        };
        json!({"title": title, "subtitle": text})
    }

    fn samples() -> Vec<Self> {
        let sample = |allowed| BackchannelFinishChallenge {
            allowed,
            application: "Service Desk".to_owned(),
        };
        vec![sample(true), sample(false)]
    }
}
