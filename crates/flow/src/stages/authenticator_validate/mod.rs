//! Asks for a second proof.

mod duo;
mod page;
mod sent;

use countersign_authenticators::{
    DeviceClass, DeviceType, Held, Passkey, UserVerification, held_by, verify,
};
use countersign_directory::Owner;
use countersign_events::Event;
use countersign_model::{
    Choice, ChoiceValue as _, Draft, Duration, FieldErrors, Kind, ObjectId, Problem, Ref,
};
use countersign_pages::PageDef;
use countersign_policy::Subject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use self::page::{
    AuthenticatorValidationChallenge, DENIED, DeviceChallenge, SelectableStage, WRONG,
};
use super::proof::{self, Proof, Unproved};
use super::{authenticate, passkey};
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
        help = "Only these makes count. Empty: every make.",
        group = "WebAuthn-specific settings",
        choose(
            path = "stages/authenticator/webauthn_device_types",
            key = "aaguid",
            named = "description"
        ),
        default
    )]
    pub webauthn_allowed_device_types: Vec<DeviceType>,
}

const NONE: &str = "No (allowed) MFA authenticator configured.";

impl AuthenticatorValidateStage {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.not_configured_action == NotConfiguredAction::Configure
            && self.configuration_stages.is_empty()
        {
            let text = "When not configured action is set to \"Configure\", you must set a configuration stage.";
            errors.add("not_configured_action", Problem::new("invalid", text));
        }
    }

    /// Asks for any factor that somebody has, whatever a sign-in takes.
    pub(super) fn of_any_device() -> AuthenticatorValidateStage {
        AuthenticatorValidateStage {
            name: String::new(),
            not_configured_action: NotConfiguredAction::Skip,
            device_classes: all_classes(),
            configuration_stages: Vec::new(),
            last_auth_threshold: Duration::from("seconds=0"),
            webauthn_user_verification: UserVerification::Preferred,
            webauthn_allowed_device_types: Vec::new(),
        }
    }

    /// The devices of somebody that count here, and the passkeys among them once more.
    async fn devices(&self, run: &Run, user: i64) -> Result<Devices, FlowError> {
        let held = run.cx().store.look_up(move |sql| held_by(sql, Some(user))).await?;
        let counts = |held: &Held| {
            held.confirmed && held.proves && self.device_classes.contains(&held.def.class)
        };
        let mut held: Vec<Held> = held.into_iter().filter(counts).collect();
        let mut passkeys = Vec::new();
        if held.iter().any(is_passkey) {
            passkeys = run.cx().store.look_up(move |sql| Passkey::of(sql, user)).await?;
            passkeys.retain(|passkey| passkey.is_of(&self.webauthn_allowed_device_types));
            let is_allowed = |held: &Held| passkeys.iter().any(|allowed| allowed.id() == held.id);
            held.retain(|held| !is_passkey(held) || is_allowed(held));
        }
        Ok(Devices { held, passkeys })
    }

    pub(super) fn takes_passkeys(&self) -> bool {
        self.device_classes.contains(&DeviceClass::Webauthn)
    }

    pub(super) fn takes_any_passkey(&self) -> bool {
        self.takes_passkeys() && self.webauthn_allowed_device_types.is_empty()
    }

    /// Whether the person was identified by a passkey that counts here.
    async fn is_satisfied(&self, run: &Run) -> Result<bool, FlowError> {
        let Some(device) = passkey::identified_by(run).filter(|_| self.takes_passkeys()) else {
            return Ok(false);
        };
        let user = run.pending_or_session_user().map(|user| user.pk).unwrap_or_default();
        let devices = self.devices(run, user).await?;
        Ok(devices.passkeys.iter().any(|passkey| passkey.id() == device))
    }

    fn asked<'a>(&'a self, user: Option<&'a Subject>) -> passkey::Asked<'a> {
        passkey::Asked {
            purpose: "second factor",
            // What says who comes takes the place of the password, too: having it is not enough.
            verification: match user {
                None => UserVerification::Required,
                Some(_) => self.webauthn_user_verification,
            },
            makes: &self.webauthn_allowed_device_types,
            user,
        }
    }

    /// What the person chooses from: one of each class.
    fn challenges(
        &self,
        run: &Run,
        user: &Subject,
        devices: &Devices,
    ) -> Result<Vec<DeviceChallenge>, FlowError> {
        let one = |held: &Held| {
            let sent_to = if held.def.is_sent() { sent::masked(run, held) } else { None };
            let challenge = match held.def.class {
                DeviceClass::Webauthn => self.asked(Some(user)).options(run, &devices.passkeys)?,
                DeviceClass::Email => json!({"email": sent_to}),
                _ => json!({}),
            };
            Ok(DeviceChallenge { sent_to, ..DeviceChallenge::of(held, challenge) })
        };
        devices.first_of_each().map(one).collect()
    }

    /// A passkey of whoever comes: only it says who that is.
    fn anybody(&self, run: &Run) -> Result<Step, FlowError> {
        Ok(Step::show(AuthenticatorValidationChallenge {
            device_challenges: vec![DeviceChallenge {
                device_class: DeviceClass::Webauthn.value().to_owned(),
                device_uid: "-1".to_owned(),
                challenge: self.asked(None).options(run, &[])?,
                last_used: None,
                sent_to: None,
            }],
            ..AuthenticatorValidationChallenge::default()
        }))
    }

    async fn prove_passkey(
        &self,
        run: &mut Run,
        user: Option<&Subject>,
        given: &Value,
    ) -> Result<Step, FlowError> {
        let taken = match self.asked(user).prove(run, "webauthn", given).await? {
            Ok(taken) => taken,
            Err(step) => return Ok(step),
        };
        if user.is_some() {
            taken.proof.remember(run, self.last_auth_threshold.seconds());
            taken.proof.note(run);
        } else {
            taken.identifies(run);
        }
        Ok(Step::Done)
    }

    /// What happens to somebody without a device.
    async fn not_configured(&self, run: &mut Run) -> Step {
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
        let pk = user.pk;
        let attempt = match run.attempt(Owner::SecondFactor(pk)).await {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(authenticate::throttled(run, "code", wait)),
        };
        let classes = self.device_classes.clone();
        let spent = run
            .commit(run.browser.actor(), "second factor", move |tx| {
                let held = verify(tx, pk, &classes, &code)?;
                let held = held.ok_or_else(|| Unproved::Wrong("wrong code".to_owned()))?;
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
            Err(Unproved::Wrong(why)) => {
                attempt.failed(&cx).await;
                note_failure(run, user, &why, "totp").await;
                Ok(Step::invalid("code", Problem::new("invalid", WRONG)))
            }
            Err(Unproved::Store(error)) => {
                attempt.not_made(&cx).await;
                Err(error.into())
            }
        }
    }
}

impl AuthenticatorValidateStage {
    /// Has Duo check a code, or ask on the phone.
    async fn prove_by_duo(
        &self,
        run: &mut Run,
        state: &mut Asked,
        held: &Held,
        code: Option<String>,
    ) -> Result<Step, FlowError> {
        let cx = run.cx().clone();
        let field = if code.is_some() { "code" } else { "duo" };
        let attempt = match run.attempt(Owner::SecondFactor(held.user)).await {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(authenticate::throttled(run, field, wait)),
        };
        let tried = match code {
            Some(code) => duo::code(run, held, &code).await,
            None => duo::push(run, held, &mut state.push).await,
        };
        let spent = match tried {
            Ok(duo::Tried::Proved) => duo::spend(run, held).await,
            Ok(duo::Tried::Denied(why)) => Err(Unproved::Wrong(why.to_owned())),
            // Counted, too: nobody is worn down by being asked again and again.
            Ok(duo::Tried::Waiting) => {
                attempt.failed(&cx).await;
                let text = "Nobody has answered on the phone yet.";
                return Ok(Step::invalid(field, Problem::new("waiting", text)));
            }
            Err(error) => {
                attempt.not_made(&cx).await;
                return Err(error);
            }
        };
        match spent {
            Ok(proof) => {
                attempt.succeeded(&cx).await;
                proof.remember(run, self.last_auth_threshold.seconds());
                proof.note(run);
                Ok(Step::Done)
            }
            Err(Unproved::Wrong(why)) => {
                attempt.failed(&cx).await;
                let user = run.pending_or_session_user().unwrap_or_default();
                note_failure(run, &user, &why, "duo").await;
                Ok(Step::invalid(field, Problem::new("denied", DENIED)))
            }
            Err(Unproved::Store(error)) => {
                attempt.not_made(&cx).await;
                Err(error.into())
            }
        }
    }
}

async fn note_failure(run: &Run, user: &Subject, why: &str, class: &str) {
    let about = PendingUser {
        pk: Some(user.pk),
        username: user.username.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        backend: None,
    };
    run.login_failed(&about, why, &[("device_class", class)]).await;
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

fn empty() -> Problem {
    Problem::new("invalid", "Empty response")
}

/// What an answer has under this name; forms send an empty text where nothing was chosen.
fn given<'a>(answer: &'a Answer, name: &str) -> Option<&'a Value> {
    answer.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn is_passkey(held: &Held) -> bool {
    held.def.class == DeviceClass::Webauthn
}

/// The devices of somebody that count at a stage.
struct Devices {
    held: Vec<Held>,
    passkeys: Vec<Passkey>,
}

impl Devices {
    fn first_of_each(&self) -> impl Iterator<Item = &Held> {
        let first = |class| self.held.iter().find(move |held| held.def.class == class);
        let is_first = move |held: &&Held| first(held.def.class).is_some_and(|f| f.id == held.id);
        self.held.iter().filter(is_first)
    }
}

/// Which of the person's devices the page asks for.
#[derive(Default, Serialize, Deserialize)]
pub struct Asked {
    #[serde(default)]
    class: Option<String>,
    /// The class in which a code was sent.
    #[serde(default)]
    sent: Option<String>,
    /// A question on a phone that was not answered yet, as Duo calls it.
    #[serde(default)]
    push: Option<String>,
}

impl Asked {
    /// Has a code sent, if the class is one whose codes are; why not, if something has to be
    /// mended.
    async fn send(
        &mut self,
        run: &Run,
        devices: &Devices,
        class: &str,
    ) -> Result<Option<Problem>, FlowError> {
        let held = devices.first_of_each().find(|held| held.def.class.value() == class);
        let Some(held) = held.filter(|held| held.def.is_sent()) else { return Ok(None) };
        self.sent = Some(class.to_owned());
        sent::send(run, held).await
    }
}

impl AuthenticatorValidateStage {
    /// The class that the answer chooses, by page or by the original's clients.
    fn selected(answer: &Answer, devices: &Devices) -> Result<Option<String>, FieldErrors> {
        if let Some(class) = answer.str("select") {
            let known = devices.held.iter().find(|held| held.def.class.value() == class);
            return Ok(known.map(|held| held.def.class.value().to_owned()));
        }
        let Some(given) = answer.get("selected_challenge") else { return Ok(None) };
        let chosen = serde_json::from_value::<DeviceChallenge>(given.clone()).ok();
        let known = chosen.and_then(|chosen| {
            devices.first_of_each().find(|held| {
                held.def.class.value() == chosen.device_class
                    && held.id.to_string() == chosen.device_uid
            })
        });
        let problem = || Problem::new("invalid", "invalid challenge selected");
        let known = known.ok_or_else(|| FieldErrors::one("selected_challenge", problem()))?;
        Ok(Some(known.def.class.value().to_owned()))
    }

    /// Nobody is known: whoever comes shows a passkey, where the flow signs somebody in by one.
    async fn answer_of_anybody(
        &self,
        run: &mut Run,
        state: &mut Asked,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let step = self.show(run, state).await?;
        let Step::Show(_) = step else { return Ok(step) };
        if !self.takes_passkeys() {
            return Ok(self.choose(run, answer).await);
        }
        match given(answer, "webauthn") {
            Some(given) => self.prove_passkey(run, None, given).await,
            None => Ok(Step::Invalid(FieldErrors::object(empty()))),
        }
    }
}

impl Stage for AuthenticatorValidateStage {
    type State = Asked;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorValidationChallenge>()];

    async fn show(&self, run: &mut Run, state: &mut Asked) -> Result<Step, FlowError> {
        let Some(user) = run.pending_or_session_user() else {
            let signs_in = run
                .flow()
                .is_some_and(|flow: &Flow| flow.designation == Designation::Authentication);
            return match (signs_in, self.takes_passkeys()) {
                (false, _) => Ok(Step::Done),
                (true, true) => self.anybody(run),
                (true, false) => Ok(self.not_configured(run).await),
            };
        };
        if self.is_satisfied(run).await? {
            return Ok(Step::Done);
        }
        let devices = self.devices(run, user.pk).await?;
        if devices.held.is_empty() {
            // Who came by a passkey that does not count here has shown no password either.
            if passkey::identified_by(run).is_some() && self.takes_passkeys() {
                return Ok(Step::deny(NONE));
            }
            return Ok(self.not_configured(run).await);
        }
        // An application that asks for a second factor wants one of now.
        let anew = run.application_hint.as_ref().is_some_and(|hint| hint.second_factor);
        if !anew && proof::is_remembered(run, self.last_auth_threshold.seconds(), &devices.held) {
            return Ok(Step::Done);
        }
        let shown = AuthenticatorValidationChallenge {
            device_challenges: self.challenges(run, &user, &devices)?,
            configuration_stages: Vec::new(),
            asked: state.class.clone(),
        };
        if run.browser.is_page {
            state.class = Some(shown.asked_for().to_owned());
        }
        // Pages have a code sent at once; clients choose first. Looking at a page that keeps
        // nothing sends nothing.
        if run.browser.is_page
            && (run.is_kept || run.browser.user_pk().is_some())
            && state.sent.as_deref() != Some(shown.asked_for())
            && let Some(problem) = state.send(run, &devices, shown.asked_for()).await?
        {
            return Ok(Step::invalid("code", problem));
        }
        Ok(Step::show(shown))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Asked,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let Some(user) = run.pending_or_session_user() else {
            return self.answer_of_anybody(run, state, answer).await;
        };
        if self.is_satisfied(run).await? {
            return Ok(Step::Done);
        }
        let devices = self.devices(run, user.pk).await?;
        if devices.held.is_empty() {
            return Ok(self.choose(run, answer).await);
        }
        match Self::selected(answer, &devices) {
            Ok(None) => {}
            Ok(class) => {
                state.class = class;
                let asked = state.class.clone().unwrap_or_default();
                if let Some(problem) = state.send(run, &devices, &asked).await? {
                    return Ok(Step::invalid("code", problem));
                }
                if answer.get("select").is_some() {
                    return self.show(run, state).await;
                }
            }
            Err(errors) => return Ok(Step::Invalid(errors)),
        }
        let not_offered = |name: &str| {
            let problem = Problem::new("invalid", "No compatible device class allowed");
            Ok(Step::invalid(name, problem))
        };
        let by_duo = devices.first_of_each().find(|held| held.def.class == DeviceClass::Duo);
        let chose_duo = state.class.as_deref() == Some(DeviceClass::Duo.value());
        if let Some(held) = by_duo.filter(|_| chose_duo)
            && given(answer, "code").is_some()
        {
            let held = held.clone();
            return match answer.raw_text("code") {
                Ok(code) => self.prove_by_duo(run, state, &held, Some(code)).await,
                Err(problem) => Ok(Step::invalid("code", problem)),
            };
        }
        if let Some(named) = given(answer, "duo") {
            if by_duo.is_none() {
                return not_offered("duo");
            }
            let named = named.as_i64().or_else(|| named.as_str()?.parse().ok());
            let is_named =
                |held: &&Held| held.def.class == DeviceClass::Duo && Some(held.id) == named;
            let Some(held) = devices.held.iter().find(is_named).cloned() else {
                return Ok(Step::invalid("duo", Problem::new("invalid", "Invalid device")));
            };
            return self.prove_by_duo(run, state, &held, None).await;
        }
        if let Some(given) = given(answer, "webauthn") {
            if devices.passkeys.is_empty() {
                return not_offered("webauthn");
            }
            return self.prove_passkey(run, Some(&user), given).await;
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
