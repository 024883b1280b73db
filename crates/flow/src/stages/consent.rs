//! May this application have that.

use std::collections::BTreeSet;

use countersign_model::{Choice, Duration, Kind};
use countersign_pages::{Page, PageDef, Scene};
use countersign_store::params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::shipped;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// How long a consent counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ConsentMode {
    #[choice(value = "always_require", label = "Always Require")]
    AlwaysRequire,
    Permanent,
    Expiring,
}

/// Asks whether the application may have what it wants, and remembers the answer.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/consent",
    model = "authentik_stages_consent.consentstage",
    title = "Consent Stage",
    component = "ak-stage-consent-form"
)]
pub struct ConsentStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Mode", default = ConsentMode::Expiring, filter)]
    pub mode: ConsentMode,
    #[field(
        label = "Consent expires in",
        help = "Counts from the moment of consent.",
        default = "weeks=4",
        show_if = "mode=expiring",
        filter
    )]
    pub consent_expire_in: Duration,
}

/// The token of the page shown last, which the answer has to bring back.
#[derive(Default, Serialize, Deserialize)]
pub struct Asked {
    token: Option<String>,
}

impl Stage for ConsentStage {
    type State = Asked;
    const PAGES: &'static [PageDef] = &[PageDef::of::<ConsentChallenge>()];

    async fn show(&self, run: &mut Run, state: &mut Asked) -> Result<Step, FlowError> {
        if self.mode != ConsentMode::AlwaysRequire && is_given(run).await? {
            return Ok(Step::Done);
        }
        Ok(ask(run, state))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Asked,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let step = check(run, state, answer);
        if matches!(step, Step::Done) && self.mode != ConsentMode::AlwaysRequire {
            let seconds =
                (self.mode == ConsentMode::Expiring).then(|| self.consent_expire_in.seconds());
            remember(run, seconds).await?;
        }
        Ok(step)
    }

    fn may_run_silently(&self) -> bool {
        true
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Ask for consent").note(match self.mode {
            ConsentMode::AlwaysRequire => "every time".to_owned(),
            ConsentMode::Permanent => "once and for all".to_owned(),
            ConsentMode::Expiring => format!("again after {}", self.consent_expire_in.words()),
        })
    }
}

/// Asks every time; put into a plan by a provider.
pub(crate) struct AlwaysConsent;

impl Stage for AlwaysConsent {
    type State = Asked;
    const PAGES: &'static [PageDef] = &[PageDef::of::<ConsentChallenge>()];

    async fn show(&self, run: &mut Run, state: &mut Asked) -> Result<Step, FlowError> {
        Ok(ask(run, state))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Asked,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        Ok(check(run, state, answer))
    }
}

/// One thing an application asks for.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Permission {
    pub id: String,
    pub name: String,
}

/// One thing that will be sent, as providers put it into the context.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sent {
    title: String,
    #[serde(default)]
    value: String,
    /// Was not asked for the last time.
    #[serde(default)]
    new: bool,
}

/// Asks whether an application may have what it wants.
#[derive(Debug, Clone, Serialize)]
struct ConsentChallenge {
    #[serde(skip_serializing_if = "Option::is_none")]
    header_text: Option<String>,
    permissions: Vec<Permission>,
    additional_permissions: Vec<Permission>,
    token: String,
    /// The very values, where the provider knows them.
    #[serde(skip)]
    sent: Vec<Sent>,
    /// Host the person goes to afterwards.
    #[serde(skip)]
    target: String,
    #[serde(skip)]
    deny_url: String,
}

impl Page for ConsentChallenge {
    const COMPONENT: &'static str = "ak-stage-consent";
    const TEMPLATE: &'static str = include_str!("consent.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let by_name = |permissions: &[Permission], new| -> Vec<Sent> {
            let named = permissions.iter().filter(|permission| !permission.name.is_empty());
            named
                .map(|permission| Sent {
                    title: shipped::scope(scene.language, &permission.id, &permission.name),
                    value: String::new(),
                    new,
                })
                .collect()
        };
        let values = if self.sent.is_empty() {
            let mut values = by_name(&self.permissions, false);
            values.extend(by_name(&self.additional_permissions, !self.permissions.is_empty()));
            values
        } else {
            let said = |sent: &Sent| Sent {
                title: scene.language.of(&sent.title),
                value: scene.language.of(&sent.value),
                new: sent.new,
            };
            self.sent.iter().map(said).collect()
        };
        let app = &scene.application;
        json!({
            "title": if app.is_empty() { &scene.title } else { app },
            "subtitle": if app.is_empty() { String::new() } else { scene.t("consent-wants") },
            "values": values, "target": self.target, "deny_url": self.deny_url, "token": self.token,
        })
    }

    fn samples() -> Vec<Self> {
        let permission =
            |id: &str, name: &str| Permission { id: id.to_owned(), name: name.to_owned() };
        let sent = |title: &str, value: &str, new| Sent {
            title: title.to_owned(),
            value: value.to_owned(),
            new,
        };
        let full = Self {
            header_text: Some("Redirecting to Flask SSO App".to_owned()),
            permissions: vec![permission("email", "Your email address")],
            additional_permissions: vec![permission("groups", "Your groups")],
            token: "b0f7a7c0-2f6d-4b2b-9d3b-0a0f0a0f0a0f".to_owned(),
            sent: vec![sent("Your email address", "uma@example.org", false)],
            target: "localhost:5000".to_owned(),
            deny_url: "/if/user/".to_owned(),
        };
        let by_name = Self { header_text: None, sent: Vec::new(), ..full.clone() };
        vec![full, by_name]
    }
}

fn permissions(run: &Run, name: &str) -> Vec<Permission> {
    let value = run.plan.context.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).unwrap_or_default()
}

fn ask(run: &Run, state: &mut Asked) -> Step {
    let token = run.browser.cx.entropy.uuid().to_string();
    state.token = Some(token.clone());
    let sent = run.plan.context.get(key::CONSENT_VALUES).cloned().unwrap_or(Value::Null);
    Step::show(ConsentChallenge {
        header_text: run.plan.text(key::CONSENT_HEADER).map(str::to_owned),
        permissions: permissions(run, key::CONSENT_PERMISSIONS),
        additional_permissions: permissions(run, key::CONSENT_ADDITIONAL),
        token,
        sent: serde_json::from_value(sent).unwrap_or_default(),
        target: run.plan.text(key::CONSENT_TARGET).unwrap_or_default().to_owned(),
        deny_url: run.plan.text(key::CONSENT_DENY_URL).unwrap_or("/if/user/").to_owned(),
    })
}

/// An answer without the token of the last page is no consent: it is asked again with a new one.
fn check(run: &Run, state: &mut Asked, answer: &Answer) -> Step {
    match answer.raw_text("token") {
        Err(problem) => Step::invalid("token", problem),
        Ok(token) if state.token.as_deref() == Some(&token) => {
            state.token = None;
            Step::Done
        }
        Ok(_) => ask(run, state),
    }
}

fn application(run: &Run) -> Option<Uuid> {
    let pk = run.plan.context.get(key::APPLICATION)?.get("pk")?.as_str()?;
    Uuid::parse_str(pk).ok()
}

/// Whether the same permissions were given before; otherwise sorts the asked ones into known and
/// new.
async fn is_given(run: &mut Run) -> Result<bool, FlowError> {
    let (Some(user), Some(application)) = (run.session_or_pending_user(), application(run)) else {
        return Ok(false);
    };
    let now = run.browser.cx.clock.now();
    let row = run.browser.cx.store.look_up(move |sql| {
        sql.query_one(
            "SELECT permissions FROM consent WHERE user_id = $1 AND application = $2 AND (expiring = 0 OR expires > $3)",
            params![user, application, now],
        )
    });
    let Some(row) = row.await? else { return Ok(false) };
    let text: String = row.get(0)?;
    let given: BTreeSet<&str> = text.split_whitespace().collect();
    let mut asked = permissions(run, key::CONSENT_PERMISSIONS);
    asked.extend(permissions(run, key::CONSENT_ADDITIONAL));
    if asked.iter().map(|p| p.id.as_str()).collect::<BTreeSet<_>>() == given {
        return Ok(true);
    }
    let (known, new): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|p| given.contains(p.id.as_str()));
    run.plan.context.insert(key::CONSENT_PERMISSIONS.to_owned(), json!(known));
    run.plan.context.insert(key::CONSENT_ADDITIONAL.to_owned(), json!(new));
    Ok(false)
}

async fn remember(run: &mut Run, seconds: Option<i64>) -> Result<(), FlowError> {
    let (Some(user), Some(application)) = (run.session_or_pending_user(), application(run)) else {
        return Ok(());
    };
    let mut asked = permissions(run, key::CONSENT_PERMISSIONS);
    asked.extend(permissions(run, key::CONSENT_ADDITIONAL));
    let ids = asked.into_iter().map(|p| p.id).collect::<Vec<_>>().join(" ");
    let written = run.commit(run.browser.actor(), "consent", move |tx| {
        let expires = seconds.map(|seconds| tx.now().plus_seconds(seconds));
        tx.execute(
            "INSERT INTO consent (user_id, application, permissions, expires, expiring) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (user_id, application) DO UPDATE SET permissions = excluded.permissions, expires = excluded.expires, expiring = excluded.expiring",
            params![user, application, ids.clone(), expires, expires.is_some()],
        )?;
        Ok::<_, FlowError>(())
    });
    written.await
}
