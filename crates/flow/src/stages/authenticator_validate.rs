//! Asks for a second proof. Devices arrive later; until then nobody has one, and the stage does
//! what is set for people without.

use countersign_model::{Choice, Draft, Duration, FieldErrors, Kind, ObjectId, Problem, Ref};
use uuid::Uuid;

use super::plain::UserVerification;
use crate::error::FlowError;
use crate::kinds::{Designation, Flow};
use crate::plan::Planned;
use crate::run::Run;
use crate::stage::{AnyStage, Stage, Step};

/// What happens to people without a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum NotConfiguredAction {
    Skip,
    Deny,
    Configure,
}

/// Sorts of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DeviceClass {
    #[choice(value = "static", label = "Static")]
    Static,
    #[choice(value = "totp", label = "TOTP")]
    Totp,
    #[choice(value = "webauthn", label = "WebAuthn")]
    Webauthn,
    #[choice(value = "duo", label = "Duo")]
    Duo,
    #[choice(value = "sms", label = "SMS")]
    Sms,
    #[choice(value = "email", label = "Email")]
    Email,
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

    fn act(&self, run: &mut Run) -> Step {
        if run.pending_or_session_user().is_none()
            && run.flow().map(|flow: &Flow| flow.designation) != Some(Designation::Authentication)
        {
            return Step::Done;
        }
        match self.not_configured_action {
            NotConfiguredAction::Skip => Step::Done,
            NotConfiguredAction::Deny => {
                Step::Deny("No (allowed) MFA authenticator configured.".to_owned())
            }
            NotConfiguredAction::Configure => {
                match (self.configuration_stages.first(), run.current_binding()) {
                    (Some(stage), Some(binding)) => {
                        run.plan.insert_next(Planned::Bound {
                            binding,
                            stage: *stage,
                            re_evaluate: false,
                        });
                        Step::Done
                    }
                    _ => Step::Deny("No (allowed) MFA authenticator configured.".to_owned()),
                }
            }
        }
    }
}

impl Stage for AuthenticatorValidateStage {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        Ok(self.act(run))
    }

    fn may_run_silently(&self) -> bool {
        self.not_configured_action == NotConfiguredAction::Skip
    }
}
