//! Asks for a second proof.

use countersign_authenticators::{DeviceClass, Held, held_by, verify};
use countersign_directory::{Attempt, Owner};
use countersign_events::Event;
use countersign_model::{
    Choice, ChoiceValue as _, Draft, Duration, FieldErrors, Kind, ObjectId, Problem, Ref, Timestamp,
};
use countersign_pages::{Page, PageDef, Scene};
use countersign_policy::Subject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::authenticate;
use super::plain::UserVerification;
use super::proof::{self, Proof, Unproved};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::{Designation, Flow};
use crate::plan::{PendingUser, Planned};
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// What happens to people without a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum NotConfiguredAction {
    Skip,
    Deny,
    Configure,
}

fn all_classes() -> Vec<DeviceClass> {
    vec![
        DeviceClass::Static,
        DeviceClass::Totp,
        DeviceClass::Webauthn,
        DeviceClass::Duo,
        DeviceClass::Sms,
        DeviceClass::Email,
    ]
}

/// Checks a second proof: a code, a passkey.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/validate",
    model = "authentik_stages_authenticator_validate.authenticatorvalidatestage",
    title = "Authenticator Validation Stage",
    component = "ak-stage-authenticator-validate-form",
    check = Self::check
)]
pub struct AuthenticatorValidateStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Not configured action", help = "What happens to people without a device.", default = NotConfiguredAction::Skip, filter)]
    pub not_configured_action: NotConfiguredAction,
    #[field(label = "Device classes", help = "Devices that count.", default = all_classes())]
    pub device_classes: Vec<DeviceClass>,
    #[field(
        label = "Configuration stages",
        help = "Where people without a device set one up.",
        default,
        filter
    )]
    pub configuration_stages: Vec<Ref<dyn AnyStage>>,
    #[field(
        label = "Last validation threshold",
        help = "A proof this recent counts again.",
        default = "seconds=0"
    )]
    pub last_auth_threshold: Duration,
    #[field(label = "WebAuthn User verification", group = "WebAuthn-specific settings", default = UserVerification::Preferred)]
    pub webauthn_user_verification: UserVerification,
    #[field(
        label = "WebAuthn Device type restrictions",
        group = "WebAuthn-specific settings",
        default
    )]
    pub webauthn_allowed_device_types: Vec<Uuid>,
}

impl AuthenticatorValidateStage {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.not_configured_action == NotConfiguredAction::Configure
            && self.configuration_stages.is_empty()
        {
            let text = "When not configured action is set to \"Configure\", you must set a configuration stage.";
            errors.add("not_configured_action", Problem::new("invalid", text));
        }
    }

    /// The devices that the person may choose from: of each class that counts here the first.
    async fn devices(&self, run: &Run) -> Result<Vec<Held>, FlowError> {
        let Some(user) = run.pending_or_session_user().map(|user| user.pk) else {
            return Ok(Vec::new());
        };
        let held = run.cx().store.look_up(move |sql| held_by(sql, Some(user))).await?;
        let counts = |held: &Held| held.confirmed && self.device_classes.contains(&held.def.class);
        Ok(held.into_iter().filter(counts).collect())
    }

    /// What happens to somebody without a device.
    async fn not_configured(&self, run: &mut Run) -> Step {
        const NONE: &str = "No (allowed) MFA authenticator configured.";
        match self.not_configured_action {
            NotConfiguredAction::Skip => Step::Done,
            NotConfiguredAction::Deny => Step::deny(NONE),
            NotConfiguredAction::Configure => match self.configuration_stages.as_slice() {
                [] => {
                    let message = "Authenticator validation stage is set to configure user but no configuration flow is set.";
                    let context = json!({"message": message, "stage": self.name});
                    let event = Event::new("configuration_error", "authentik.stages", context);
                    event.write(run.cx(), run.browser.actor()).await;
                    Step::deny(NONE)
                }
                [stage] => configure(run, *stage),
                several => Step::show(AuthenticatorValidationChallenge {
                    configuration_stages: several
                        .iter()
                        .filter_map(|s| selectable(run, *s))
                        .collect(),
                    ..AuthenticatorValidationChallenge::default()
                }),
            },
        }
    }

    /// Nobody has a device to show, and the answer may choose one to set up.
    async fn choose(&self, run: &mut Run, answer: &Answer) -> Step {
        let step = self.not_configured(run).await;
        let Step::Show(_) = step else { return step };
        let chosen = match answer.str("selected_stage").map(Uuid::parse_str) {
            None => return Step::Invalid(FieldErrors::object(empty())),
            Some(chosen) => chosen.ok(),
        };
        let mut offered = self.configuration_stages.iter();
        match offered.find(|stage| stage.key().uuid() == chosen) {
            Some(stage) => configure(run, *stage),
            None => Step::invalid(
                "selected_stage",
                Problem::new("invalid", "Selected stage is invalid"),
            ),
        }
    }

    /// Tries a code against the person's devices. One that is right is spent with the step.
    async fn prove(&self, run: &mut Run, user: &Subject, code: String) -> Result<Step, FlowError> {
        let cx = run.cx().clone();
        let (address, pk) = (run.request().client_ip, user.pk);
        let browser = &run.visitor().browser;
        let attempt = match Attempt::begin(&cx, Owner::SecondFactor(pk), address, browser).await {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(authenticate::throttled(run, "code", wait)),
        };
        let classes = self.device_classes.clone();
        let spent = run
            .commit(run.browser.actor(), "second factor", move |tx| {
                let held = verify(tx, pk, &classes, &code)?.ok_or(Unproved::Wrong)?;
                Ok(Proof::of(&held))
            })
            .await;
        match spent {
            Ok(proof) => {
                attempt.succeeded(&cx).await;
                proof.remember(run, self.last_auth_threshold.seconds());
                proof.note(run);
                Ok(Step::Done)
            }
            Err(Unproved::Wrong) => {
                attempt.failed(&cx).await;
                let about = PendingUser {
                    pk: Some(pk),
                    username: user.username.clone(),
                    name: user.name.clone(),
                    email: user.email.clone(),
                    backend: None,
                };
                run.login_failed(&about, "wrong code", &[("device_class", "totp")]).await;
                Ok(Step::invalid("code", Problem::new("invalid", WRONG)))
            }
            Err(Unproved::Store(error)) => {
                attempt.not_made(&cx).await;
                Err(error.into())
            }
        }
    }
}

/// Has the person set up a device in the next step.
fn configure(run: &mut Run, stage: Ref<dyn AnyStage>) -> Step {
    let Some(binding) = run.current_binding() else {
        return Step::deny("This stage was deleted while the flow was running.");
    };
    run.plan.insert_next(Planned::Bound { binding, stage, re_evaluate: false });
    Step::Done
}

fn selectable(run: &Run, stage: Ref<dyn AnyStage>) -> Option<SelectableStage> {
    let entry = run.browser.snapshot.member(stage)?;
    let values = entry.object.values();
    let text = |name: &str| values.get(name)?.as_str().filter(|text| !text.is_empty());
    let meta = entry.meta();
    Some(SelectableStage {
        pk: entry.id.key.to_string(),
        name: text("friendly_name").or_else(|| text("name")).unwrap_or_default().to_owned(),
        verbose_name: meta.title.replace("Setup Stage", "").trim_end().to_owned(),
        meta_model_name: meta.model.to_owned(),
    })
}

const WRONG: &str =
    "Invalid Token. Please ensure the time on your device is accurate and try again.";

fn empty() -> Problem {
    Problem::new("invalid", "Empty response")
}

/// Which of the person's devices the page asks for.
#[derive(Default, Serialize, Deserialize)]
pub struct Asked {
    #[serde(default)]
    class: Option<String>,
}

impl AuthenticatorValidateStage {
    /// The device that the answer chooses, by page or by the original's clients.
    fn selected(
        answer: &Answer,
        challenges: &[DeviceChallenge],
    ) -> Result<Option<String>, FieldErrors> {
        if let Some(class) = answer.str("select") {
            let known = challenges.iter().find(|challenge| challenge.device_class == class);
            return Ok(known.map(|challenge| challenge.device_class.clone()));
        }
        let Some(given) = answer.get("selected_challenge") else { return Ok(None) };
        let chosen = serde_json::from_value::<DeviceChallenge>(given.clone()).ok();
        let known = chosen.and_then(|chosen| {
            challenges.iter().find(|challenge| {
                challenge.device_class == chosen.device_class
                    && challenge.device_uid == chosen.device_uid
            })
        });
        let problem = || Problem::new("invalid", "invalid challenge selected");
        let known = known.ok_or_else(|| FieldErrors::one("selected_challenge", problem()))?;
        Ok(Some(known.device_class.clone()))
    }
}

impl Stage for AuthenticatorValidateStage {
    type State = Asked;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorValidationChallenge>()];

    async fn show(&self, run: &mut Run, state: &mut Asked) -> Result<Step, FlowError> {
        if run.pending_or_session_user().is_none()
            && run.flow().map(|flow: &Flow| flow.designation) != Some(Designation::Authentication)
        {
            return Ok(Step::Done);
        }
        let devices = self.devices(run).await?;
        if devices.is_empty() {
            return Ok(self.not_configured(run).await);
        }
        if proof::is_remembered(run, self.last_auth_threshold.seconds(), &devices) {
            return Ok(Step::Done);
        }
        Ok(Step::show(AuthenticatorValidationChallenge {
            device_challenges: DeviceChallenge::of(&devices),
            configuration_stages: Vec::new(),
            asked: state.class.clone(),
        }))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Asked,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let Some(user) = run.pending_or_session_user() else { return self.show(run, state).await };
        let devices = self.devices(run).await?;
        if devices.is_empty() {
            return Ok(self.choose(run, answer).await);
        }
        match Self::selected(answer, &DeviceChallenge::of(&devices)) {
            Ok(None) => {}
            Ok(class) => {
                state.class = class;
                if answer.get("select").is_some() {
                    return self.show(run, state).await;
                }
            }
            Err(errors) => return Ok(Step::Invalid(errors)),
        }
        for name in ["webauthn", "duo"] {
            if answer.get(name).is_some_and(|value| !value.is_null()) {
                let problem = Problem::new("invalid", "No compatible device class allowed");
                return Ok(Step::invalid(name, problem));
            }
        }
        if answer.get("code").is_none() {
            return Ok(Step::Invalid(FieldErrors::object(empty())));
        }
        match answer.raw_text("code") {
            Ok(code) => self.prove(run, &user, code).await,
            Err(problem) => Ok(Step::invalid("code", problem)),
        }
    }

    fn may_run_silently(&self) -> bool {
        self.not_configured_action == NotConfiguredAction::Skip
    }

    fn sentence(&self) -> Sentence {
        let threshold = &self.last_auth_threshold;
        Sentence::new("Check the second factor")
            .note(match self.not_configured_action {
                NotConfiguredAction::Skip => "skipped for people without one",
                NotConfiguredAction::Deny => "refused without one",
                NotConfiguredAction::Configure => "set up on the way without one",
            })
            .note_if(
                threshold.seconds() != 0,
                &format!("not asked again for {}", threshold.words()),
            )
    }
}

/// A device that the person may prove to have.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct DeviceChallenge {
    device_class: String,
    device_uid: String,
    challenge: Value,
    last_used: Option<String>,
}

impl DeviceChallenge {
    /// One for each class.
    fn of(devices: &[Held]) -> Vec<DeviceChallenge> {
        let mut all: Vec<DeviceChallenge> = Vec::new();
        for held in devices {
            let class = held.def.class.value();
            if all.iter().any(|known| known.device_class == class) {
                continue;
            }
            all.push(DeviceChallenge {
                device_class: class.to_owned(),
                device_uid: held.id.to_string(),
                challenge: held.def.challenge(),
                last_used: held.last_used.map(Timestamp::iso),
            });
        }
        all
    }
}

/// A stage that sets up a device.
#[derive(Debug, Clone, Serialize)]
struct SelectableStage {
    pk: String,
    name: String,
    verbose_name: String,
    meta_model_name: String,
}

/// A code, or the choice of what to set up.
#[derive(Debug, Clone, Default, Serialize)]
struct AuthenticatorValidationChallenge {
    device_challenges: Vec<DeviceChallenge>,
    configuration_stages: Vec<SelectableStage>,
    /// The class that the page asks for; clients choose by themselves.
    #[serde(skip)]
    asked: Option<String>,
}

impl Page for AuthenticatorValidationChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-validate";
    const TEMPLATE: &'static str = include_str!("authenticator_validate.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        if !self.configuration_stages.is_empty() {
            return json!({
                "title": "Set up a second factor",
                "subtitle": "Signing in here takes more than a password. Choose what you want to use.",
                "stages": self.configuration_stages,
            });
        }
        let classes = || self.device_challenges.iter().map(|device| device.device_class.as_str());
        // Recovery codes are for when nothing else is at hand.
        let first = classes().find(|class| *class != "static").or_else(|| classes().next());
        let asked = self.asked.as_deref().or(first).unwrap_or_default();
        let (label, help) = match asked {
            "static" => ("Recovery code", "Each of them works once."),
            _ => ("Code from your authenticator app", ""),
        };
        let told = scene.errors.fields.get("code").map(Vec::as_slice).unwrap_or_default();
        let errors: Vec<_> = told
            .iter()
            .map(|text| match (text.as_str(), asked) {
                (WRONG, "static") => "This code is wrong, or it was used already.",
                (WRONG, _) => "This code is wrong, or it was used already. Wait for the next one.",
                (text, _) => text,
            })
            .collect();
        let others = classes().filter(|class| *class != asked).map(|class| {
            let label = match class {
                "static" => "Use a recovery code",
                _ => "Use your authenticator app",
            };
            json!({"class": class, "label": label})
        });
        json!({
            "title": "Confirm that it is you",
            "subtitle": scene.purpose,
            "class": asked,
            "errors": errors,
            "label": label,
            "help": help,
            "others": others.collect::<Vec<_>>(),
        })
    }

    fn samples() -> Vec<Self> {
        let device = |class: &str, last_used: Option<&str>| DeviceChallenge {
            device_class: class.to_owned(),
            device_uid: "1".to_owned(),
            challenge: json!({}),
            last_used: last_used.map(str::to_owned),
        };
        let stage = |name: &str, model: &str| SelectableStage {
            pk: "0b2a9bd7-5f3b-4d24-9e0c-5d6b2a3a8f10".to_owned(),
            name: name.to_owned(),
            verbose_name: name.to_owned(),
            meta_model_name: model.to_owned(),
        };
        let both = vec![device("static", None), device("totp", Some("2026-11-23T15:56:39Z"))];
        vec![
            Self { device_challenges: both.clone(), ..Self::default() },
            Self { device_challenges: both, asked: Some("static".to_owned()), ..Self::default() },
            Self {
                configuration_stages: vec![
                    stage(
                        "Authenticator app",
                        "authentik_stages_authenticator_totp.authenticatortotpstage",
                    ),
                    stage(
                        "Recovery codes",
                        "authentik_stages_authenticator_static.authenticatorstaticstage",
                    ),
                ],
                ..Self::default()
            },
        ]
    }
}
