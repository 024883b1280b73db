//! What the stage shows: a code is asked for, or a passkey, or the choice of what to set up.

use countersign_authenticators::Held;
use countersign_model::{ChoiceValue as _, Timestamp};
use countersign_pages::{Page, Scene};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::stages::passkey;

pub(super) const WRONG: &str =
    "Invalid Token. Please ensure the time on your device is accurate and try again.";

pub(super) const DENIED: &str = "Duo denied access";

/// A device that the person may prove to have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DeviceChallenge {
    pub(super) device_class: String,
    pub(super) device_uid: String,
    pub(super) challenge: Value,
    pub(super) last_used: Option<String>,
    /// Where its codes go, as far as it may be seen.
    #[serde(skip)]
    pub(super) sent_to: Option<String>,
}

impl DeviceChallenge {
    pub(super) fn of(held: &Held, challenge: Value) -> DeviceChallenge {
        DeviceChallenge {
            device_class: held.def.class.value().to_owned(),
            device_uid: held.id.to_string(),
            challenge,
            last_used: held.last_used.map(Timestamp::iso),
            sent_to: None,
        }
    }

    /// How well it fits to be asked for first: what was used last, else a passkey, and recovery
    /// codes for when nothing else is at hand.
    fn rank(&self) -> (bool, Option<&str>, bool) {
        let class = self.device_class.as_str();
        (class != "static", self.last_used.as_deref(), class == "webauthn")
    }
}

/// A stage that sets up a device.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SelectableStage {
    pub(super) pk: String,
    pub(super) name: String,
    pub(super) verbose_name: String,
    pub(super) meta_model_name: String,
}

/// A code, or the choice of what to set up.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct AuthenticatorValidationChallenge {
    pub(super) device_challenges: Vec<DeviceChallenge>,
    pub(super) configuration_stages: Vec<SelectableStage>,
    /// The class that the page asks for; clients choose by themselves.
    #[serde(skip)]
    pub(super) asked: Option<String>,
}

impl AuthenticatorValidationChallenge {
    /// The class that the page asks for.
    pub(super) fn asked_for(&self) -> &str {
        let first = self.device_challenges.iter().max_by_key(|device| device.rank());
        let first = first.map(|device| device.device_class.as_str());
        self.asked.as_deref().or(first).unwrap_or_default()
    }
}

impl Page for AuthenticatorValidationChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-validate";
    const TEMPLATE: &'static str = include_str!("page.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        if !self.configuration_stages.is_empty() {
            return json!({
                "title": scene.t("factor-set-up"),
                "subtitle": scene.t("factor-set-up-hint"),
                "stages": self.configuration_stages,
            });
        }
        let classes = || self.device_challenges.iter().map(|device| device.device_class.as_str());
        let asked = self.asked_for();
        let device = || self.device_challenges.iter().find(|device| device.device_class == asked);
        let sent_to = || match device().and_then(|device| device.sent_to.as_deref()) {
            Some(to) => scene.say("factor-sent-to", &[("to", to.into())]),
            None => String::new(),
        };
        let (label, help) = match asked {
            "static" => ("factor-recovery-code", scene.t("factor-recovery-code-hint")),
            "email" => ("factor-mail-code", sent_to()),
            "sms" => ("factor-message-code", sent_to()),
            "duo" => ("factor-duo-code", String::new()),
            _ => ("factor-app-code", String::new()),
        };
        let told = scene.errors.fields.get("code").map(Vec::as_slice).unwrap_or_default();
        let (wrong, denied) = (scene.language.of(WRONG), scene.language.of(DENIED));
        let errors: Vec<_> = told
            .iter()
            .map(|text| match asked {
                "static" | "email" | "sms" if *text == wrong => scene.t("factor-code-wrong"),
                _ if *text == denied => scene.t("factor-duo-refused"),
                _ if *text == wrong => scene.t("factor-app-code-wrong"),
                _ => text.clone(),
            })
            .collect();
        let others = classes().filter(|class| *class != asked).map(|class| {
            let label = match class {
                "static" => "factor-recovery-code-use",
                "webauthn" => "passkey-use",
                "email" => "factor-mail-code-use",
                "sms" => "factor-message-code-use",
                "duo" => "factor-duo-use",
                _ => "factor-app-use",
            };
            json!({"class": class, "label": scene.t(label)})
        });
        if asked == "webauthn" {
            let device = self.device_challenges.iter().find(|device| device.device_class == asked);
            let names_nobody = scene.person.is_none();
            return json!({
                "title": scene.t(if names_nobody { "passkey-sign-in" } else { "confirm-you" }),
                "subtitle": scene.purpose,
                "class": asked,
                "options": device.map(|device| device.challenge.to_string()),
                "errors": passkey::errors(scene, "webauthn"),
                "others": others.collect::<Vec<_>>(),
            });
        }
        json!({
            "title": scene.t("confirm-you"),
            "subtitle": scene.purpose,
            "class": asked,
            "errors": errors,
            "label": scene.t(label),
            "help": help,
            "push": device().filter(|_| asked == "duo").map(|device| &device.device_uid),
            "push_errors": scene.errors.fields.get("duo"),
            "digits": matches!(asked, "totp" | "email" | "sms" | "duo"),
            "sent": matches!(asked, "email" | "sms"),
            "others": others.collect::<Vec<_>>(),
        })
    }

    fn samples() -> Vec<Self> {
        let device = |class: &str, last_used: Option<&str>| DeviceChallenge {
            device_class: class.to_owned(),
            device_uid: "1".to_owned(),
            challenge: json!({}),
            last_used: last_used.map(str::to_owned),
            sent_to: None,
        };
        let stage = |name: &str, model: &str| SelectableStage {
            pk: "0b2a9bd7-5f3b-4d24-9e0c-5d6b2a3a8f10".to_owned(),
            name: name.to_owned(),
            verbose_name: name.to_owned(),
            meta_model_name: model.to_owned(),
        };
        let both = vec![device("static", None), device("totp", Some("2026-11-23T15:56:39Z"))];
        let passkey = DeviceChallenge {
            challenge: json!({
                "challenge": "AAAAAGklvXNVjpIzl5vO", "timeout": 60000, "rpId": "id.example.org",
                "allowCredentials": [{"id": "AAAA", "type": "public-key"}],
                "userVerification": "preferred",
            }),
            ..device("webauthn", Some("2026-11-24T15:56:39Z"))
        };
        let mut all = both.clone();
        all.push(passkey);
        vec![
            Self { device_challenges: all, ..Self::default() },
            Self { device_challenges: both.clone(), ..Self::default() },
            Self {
                device_challenges: vec![DeviceChallenge {
                    challenge: json!({"email": "u**@e******.org"}),
                    sent_to: Some("u**@e******.org".to_owned()),
                    ..device("email", None)
                }],
                ..Self::default()
            },
            Self { device_challenges: vec![device("duo", None)], ..Self::default() },
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
