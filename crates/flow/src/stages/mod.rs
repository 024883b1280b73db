//! Stages: one file per kind, with its fields and what it does. A new one is a file, its `mod` and
//! its line in [`all`].

pub(crate) mod authenticate;
mod authenticator_duo;
mod authenticator_email;
mod authenticator_sms;
mod authenticator_static;
mod authenticator_totp;
mod authenticator_validate;
mod authenticator_webauthn;
mod captcha;
mod consent;
mod deny;
mod dummy;
mod email;
mod enrol;
mod identification;
pub(crate) mod invitation;
mod mtls;
pub(crate) mod passkey;
mod password;
mod prompt;
mod proof;
mod prove_owner;
mod redirect;
mod sent_code;
mod source;
mod user_delete;
mod user_login;
mod user_logout;
mod user_write;

use countersign_core::{ApiError, BoxFuture, Call, KindResource, Module};
use countersign_model::{Fields, Kind};
use countersign_pages::PageDef;

use crate::context::Flows;
use crate::stage::{AnyStage, Stage};
use serde_json::{Map, Value};

pub use authenticator_duo::AuthenticatorDuoStage;
pub use authenticator_email::AuthenticatorEmailStage;
pub use authenticator_sms::AuthenticatorSmsStage;
pub use authenticator_static::AuthenticatorStaticStage;
pub use authenticator_totp::{AuthenticatorTotpStage, TotpDigits};
pub use authenticator_validate::AuthenticatorValidateStage;
pub use authenticator_webauthn::AuthenticatorWebauthnStage;
pub use captcha::CaptchaStage;
pub(crate) use consent::AlwaysConsent;
pub use consent::{ConsentMode, ConsentStage, Permission};
pub use deny::DenyStage;
pub use dummy::DummyStage;
pub use email::EmailStage;
pub(crate) use email::mail_with_link;
pub(crate) use identification::enrollment_of;
pub use identification::{IdentificationStage, UserField};
pub use invitation::InvitationStage;
pub use mtls::{CertAttribute, MutualTlsStage, TlsMode, UserAttribute};
pub use password::{Backend, PasswordStage};
pub use prompt::{Prompt, PromptStage, PromptType};
pub(crate) use prompt::{preview as preview_prompt, stages_of as prompt_stages};
pub(crate) use prove_owner::{ProveFactor, ProveOwner};
pub use redirect::RedirectStage;
pub use sent_code::{Sending, SendsCodes};
pub use source::SourceStage;
pub use user_delete::UserDeleteStage;
pub use user_login::UserLoginStage;
pub use user_logout::UserLogoutStage;
pub use user_write::UserWriteStage;

/// What all stages have: the fields of `stages/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn AnyStage,
    path = "stages/all",
    model = "authentik_flows.stage",
    schema = "Stage",
    title = "Stage",
    space = "stage",
    lookup = "stage_uuid",
    ordering = "name"
)]
pub struct Common {
    #[field(unique = "stage with this name already exists.", search, filter)]
    name: String,
}

/// A sort of stages: its kind, and the pages it may show.
pub(crate) struct StageDef {
    pub(crate) kind: KindResource,
    pub(crate) pages: &'static [PageDef],
    /// Looks at what the API is sent, with what flows know of the world outside.
    admit: Option<AdmitStage>,
    /// What the program has beside the kind because of it: jobs, tables, operations.
    brings: Option<fn(&Flows) -> Module>,
}

type AdmitStage = fn(Flows, Call, Map<String, Value>) -> BoxFuture<Result<(), ApiError>>;

impl StageDef {
    fn of<S: Stage + Kind>() -> Self {
        Self { kind: KindResource::of::<S>(), pages: S::PAGES, admit: None, brings: None }
    }

    fn admit(self, admit: AdmitStage) -> Self {
        Self { admit: Some(admit), ..self }
    }

    fn brings(self, brings: fn(&Flows) -> Module) -> Self {
        Self { brings: Some(brings), ..self }
    }

    /// Puts it into the flows' part of the program.
    pub(crate) fn join(self, module: &mut Module, flows: &Flows) {
        let kind = match self.admit {
            Some(admit) => {
                let flows = flows.clone();
                self.kind.admit(move |call, body| admit(flows.clone(), call, body))
            }
            None => self.kind,
        };
        module.kinds.push(kind);
        let Some(brings) = self.brings else { return };
        let Module { operations, tables, jobs, expiring, schemas, .. } = brings(flows);
        module.operations.extend(operations);
        module.tables.extend(tables);
        module.jobs.extend(jobs);
        module.expiring.extend(expiring);
        module.schemas.extend(schemas);
    }

    fn with(self, change: impl FnOnce(KindResource) -> KindResource) -> Self {
        Self { kind: change(self.kind), ..self }
    }
}

/// Every sort of stages.
pub(crate) fn all() -> Vec<StageDef> {
    vec![
        StageDef::of::<AuthenticatorDuoStage>().brings(authenticator_duo::brings),
        StageDef::of::<AuthenticatorEmailStage>().admit(authenticator_email::admit),
        StageDef::of::<AuthenticatorSmsStage>(),
        StageDef::of::<AuthenticatorStaticStage>(),
        StageDef::of::<AuthenticatorTotpStage>(),
        StageDef::of::<AuthenticatorValidateStage>(),
        StageDef::of::<AuthenticatorWebauthnStage>(),
        StageDef::of::<CaptchaStage>(),
        StageDef::of::<ConsentStage>(),
        StageDef::of::<DenyStage>(),
        StageDef::of::<DummyStage>(),
        StageDef::of::<EmailStage>().admit(email::admit).brings(email::brings),
        StageDef::of::<IdentificationStage>(),
        StageDef::of::<InvitationStage>()
            .with(|kind| kind.narrowed(&[("no_flows", "boolean")], crate::api::narrow_unbound))
            .brings(invitation::brings),
        StageDef::of::<MutualTlsStage>(),
        StageDef::of::<PasswordStage>(),
        StageDef::of::<PromptStage>(),
        StageDef::of::<RedirectStage>(),
        StageDef::of::<SourceStage>(),
        StageDef::of::<UserDeleteStage>(),
        StageDef::of::<UserLoginStage>(),
        StageDef::of::<UserLogoutStage>(),
        StageDef::of::<UserWriteStage>(),
    ]
}
