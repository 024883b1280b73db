//! What a stage shows. One value, two renderings: JSON for API clients, a page for people.

use countersign_model::FieldErrors;
use serde::Serialize;
use serde_json::{Map, Value};

/// A question to the browser, or the end of the flow.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "component")]
pub enum Challenge {
    #[serde(rename = "ak-stage-access-denied")]
    AccessDenied { error_message: String },
    #[serde(rename = "ak-stage-authenticator-validate")]
    AuthenticatorValidate { device_challenges: Vec<Value>, configuration_stages: Vec<Value> },
    #[serde(rename = "ak-stage-autosubmit")]
    Autosubmit {
        url: String,
        attrs: Map<String, Value>,
        #[serde(skip_serializing_if = "String::is_empty")]
        title: String,
    },
    #[serde(rename = "ak-stage-consent")]
    Consent(Consent),
    #[serde(rename = "ak-stage-dummy")]
    Dummy { name: String },
    #[serde(rename = "ak-stage-flow-error")]
    FlowError(FlowError),
    #[serde(rename = "ak-stage-identification")]
    Identification(Identification),
    #[serde(rename = "ak-stage-password")]
    Password(Password),
    #[serde(rename = "ak-stage-prompt")]
    Prompt { fields: Vec<PromptField> },
    #[serde(rename = "xak-flow-redirect")]
    Redirect { to: String },
    #[serde(rename = "ak-stage-session-end")]
    SessionEnd(SessionEnd),
    /// Asked on pages only.
    #[serde(rename = "countersign-stage-sign-out")]
    SignOut {},
    #[serde(rename = "ak-stage-user-login")]
    UserLogin {},
}

#[derive(Debug, Clone, Serialize)]
pub struct Identification {
    pub user_fields: Vec<&'static str>,
    pub password_fields: bool,
    pub allow_show_password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_pre: Option<String>,
    pub flow_designation: &'static str,
    pub captcha_stage: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enroll_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passwordless_url: Option<String>,
    pub primary_action: &'static str,
    pub sources: Vec<Value>,
    pub show_source_labels: bool,
    pub enable_remember_me: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Password {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_url: Option<String>,
    pub allow_show_password: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Consent {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_text: Option<String>,
    pub permissions: Vec<Permission>,
    pub additional_permissions: Vec<Permission>,
    pub token: String,
}

/// One thing an application asks for.
#[derive(Debug, Clone, Serialize, serde::Deserialize, PartialEq, Eq)]
pub struct Permission {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct PromptField {
    pub field_key: String,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub required: bool,
    pub placeholder: String,
    pub initial_value: String,
    pub order: i32,
    pub sub_text: String,
    pub choices: Option<Vec<String>>,
}

#[derive(Debug, Clone, Serialize)]
pub struct SessionEnd {
    pub brand_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_launch_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidation_flow_url: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct FlowError {
    pub request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceback: Option<String>,
}

/// A challenge with what was wrong with the answer before.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub challenge: Challenge,
    pub errors: FieldErrors,
}

impl From<Challenge> for Shown {
    fn from(challenge: Challenge) -> Self {
        Self { challenge, errors: FieldErrors::new() }
    }
}

impl Challenge {
    /// Whether the JSON names the account the flow is about.
    #[must_use]
    pub fn names_user(&self) -> bool {
        matches!(
            self,
            Challenge::AccessDenied { .. }
                | Challenge::AuthenticatorValidate { .. }
                | Challenge::Consent(_)
                | Challenge::Password(_)
                | Challenge::SessionEnd(_)
                | Challenge::UserLogin {}
        )
    }

    /// Redirects and errors come without the frame of a flow.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        !matches!(self, Challenge::Redirect { .. } | Challenge::FlowError(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_component_stands_beside_the_fields() {
        let value = serde_json::to_value(Challenge::Password(Password {
            recovery_url: None,
            allow_show_password: false,
        }))
        .unwrap();
        assert_eq!(value, json!({"component": "ak-stage-password", "allow_show_password": false}));
        assert_eq!(
            serde_json::to_value(Challenge::UserLogin {}).unwrap(),
            json!({"component": "ak-stage-user-login"})
        );
    }
}
