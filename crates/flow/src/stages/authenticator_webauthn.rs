//! Sets up a passkey or security key.

use countersign_authenticators::{
    Answered, Attachment, DeviceType, NotKept, Passkey, Registration, ResidentKey,
    UserVerification, already_known,
};
use countersign_model::{ChoiceValue as _, Kind, Problem, Ref};
use countersign_pages::{Page, PageDef, Scene};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::enrol::{self, Refused};
use super::passkey;
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Sets up a passkey or security key.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/webauthn",
    model = "authentik_stages_authenticator_webauthn.authenticatorwebauthnstage",
    schema = "AuthenticatorWebAuthnStage",
    title = "WebAuthn Authenticator Setup Stage",
    component = "ak-stage-authenticator-webauthn-form"
)]
pub struct AuthenticatorWebauthnStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Configuration flow",
        help = "Lets users set this up by themselves.",
        choose(query = "designation=stage_configuration"),
        on_delete = SetNull,
        filter
    )]
    pub configure_flow: Option<Ref<Flow>>,
    #[field(label = "Authenticator type name", help = "How users see this.", blank, filter)]
    pub friendly_name: Option<String>,
    #[field(
        label = "User verification",
        help = "Whether the device checks that it is its owner, by fingerprint, face or PIN.",
        default = UserVerification::Preferred,
        filter
    )]
    pub user_verification: UserVerification,
    #[field(
        label = "Authenticator Attachment",
        help = "Built into the device that people are at, or carried along. Empty: either.",
        filter
    )]
    pub authenticator_attachment: Option<Attachment>,
    #[field(
        label = "Resident key requirement",
        help = "Whether the device keeps whose it is: only then it signs in without a name.",
        default = ResidentKey::Preferred,
        filter
    )]
    pub resident_key_requirement: ResidentKey,
    #[field(
        label = "Device type restrictions",
        help = "Only these makes can be set up. Empty: every make. A device says by itself what it is.",
        choose(
            path = "stages/authenticator/webauthn_device_types",
            key = "aaguid",
            named = "description"
        ),
        default
    )]
    pub device_type_restrictions: Vec<DeviceType>,
}

/// Who sets one up: known once they have shown who they are.
#[derive(Default, Serialize, Deserialize)]
pub struct Enrolment {
    account: Option<i64>,
}

/// What a challenge of this stage is for.
const PURPOSE: &str = "set up";

impl AuthenticatorWebauthnStage {
    /// Has `work` do with what is asked for.
    async fn with<T>(
        &self,
        run: &Run,
        account: i64,
        work: impl FnOnce(&Registration<'_>) -> T,
    ) -> Result<T, FlowError> {
        let known = run.cx().store.look_up(move |sql| Passkey::of(sql, account)).await?;
        let user = run.pending_or_session_user().unwrap_or_default();
        Ok(work(&Registration {
            party: &passkey::relying_party(run)?,
            uid: &run.cx().uid(account),
            username: &user.username,
            name: &user.name,
            verification: self.user_verification,
            attachment: self.authenticator_attachment,
            resident_key: self.resident_key_requirement,
            known: &known,
        }))
    }

    async fn enrol(&self, run: &Run, account: i64, given: &Value) -> Result<Step, FlowError> {
        let failed = |why: &dyn std::fmt::Display| {
            let text = format!("Registration failed. Error: {why}");
            Step::invalid("response", Problem::new("invalid", text))
        };
        let answered = match Answered::read(given) {
            Ok(answered) => answered,
            Err(refused) => return Ok(failed(&refused)),
        };
        let challenge = passkey::challenge_of(run, &answered, PURPOSE, account);
        let checked = match challenge {
            Ok(challenge) => {
                let check = |asked: &Registration<'_>| asked.check(&answered, challenge);
                self.with(run, account, check).await?
            }
            Err(refused) => Err(refused),
        };
        let made = match checked {
            Ok(made) => made,
            Err(refused) => return Ok(failed(&refused)),
        };
        if !DeviceType::is_among(&self.device_type_restrictions, made.aaguid) {
            return Ok(Step::invalid("response", passkey::wrong_make(run)));
        }
        let kept = run
            .commit(enrol::actor(run), "passkey set up", move |tx| made.enrol(tx, account))
            .await;
        match kept {
            Ok(()) => Ok(Step::Done),
            Err(NotKept::Spent) => Ok(failed(&"it was used before")),
            Err(NotKept::Known) => Ok(Step::invalid("response", already_known())),
            Err(NotKept::Refused(error)) => Refused::from(error).step(),
        }
    }
}

impl Stage for AuthenticatorWebauthnStage {
    type State = Enrolment;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorWebAuthnChallenge>()];
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-authenticator-webauthn");

    async fn show(&self, run: &mut Run, state: &mut Enrolment) -> Result<Step, FlowError> {
        let account = match enrol::account(run, enrol::SHOWN) {
            Ok(account) => account,
            Err(step) => return Ok(step),
        };
        state.account = Some(account);
        let challenge = passkey::new_challenge(run, PURPOSE, account);
        let options = |asked: &Registration<'_>| asked.options(&challenge);
        let registration = self.with(run, account, options).await?;
        Ok(Step::show(AuthenticatorWebAuthnChallenge { registration }))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Enrolment,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        // Nobody was asked for anything.
        let Some(account) = state.account else { return self.show(run, state).await };
        match enrol::account(run, enrol::ANSWERED) {
            Ok(now) if now == account => {}
            Ok(_) => return self.show(run, state).await,
            Err(step) => return Ok(step),
        }
        match answer.get("response") {
            None => Ok(Step::invalid("response", Problem::required())),
            Some(Value::Null) => Ok(Step::invalid("response", Problem::null())),
            Some(given) => self.enrol(run, account, given).await,
        }
    }

    fn sentence(&self) -> Sentence {
        let makes = self.device_type_restrictions.len();
        Sentence::new("Set up a passkey")
            .note(match self.authenticator_attachment {
                Some(Attachment::Platform) => "built into the device",
                Some(Attachment::CrossPlatform) => "carried along",
                None => "",
            })
            .note(format!("user verification {}", self.user_verification.value()))
            .note_if(makes > 0, &format!("{makes} makes only"))
    }
}

/// What the browser makes a passkey of.
#[derive(Debug, Clone, Serialize)]
struct AuthenticatorWebAuthnChallenge {
    registration: Value,
}

impl Page for AuthenticatorWebAuthnChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-webauthn";
    const TEMPLATE: &'static str = include_str!("authenticator_webauthn.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        json!({
            "title": scene.t("passkey-set-up"),
            "subtitle": scene.t("passkey-set-up-hint"),
            "options": self.registration.to_string(),
            "errors": passkey::errors(scene, "response"),
            "cancel_url": enrol::cancel_url(scene),
        })
    }

    fn samples() -> Vec<Self> {
        let registration = json!({
            "rp": {"name": "Countersign", "id": "id.example.org"},
            "user": {"id": "YmVhMjVjYjcz", "name": "uma", "displayName": "Uma"},
            "challenge": "AAAAAGklvXNVjpIzl5vO",
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "timeout": 60000,
            "excludeCredentials": [],
            "authenticatorSelection": {
                "residentKey": "preferred", "requireResidentKey": false, "userVerification": "preferred",
            },
            "attestation": "direct",
        });
        vec![Self { registration }]
    }
}
