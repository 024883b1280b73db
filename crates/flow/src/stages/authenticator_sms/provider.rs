//! The requests by which messages go out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_events::Event;
use countersign_model::Problem;
use countersign_outbound::{OutboundError, Request};
use countersign_policy::{Mapping, Occasion};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{AuthenticatorSmsStage, SmsAuth, SmsProvider};
use crate::error::FlowError;
use crate::run::Run;

const TWILIO: &str = "https://api.twilio.com/2010-04-01/Accounts";

/// Why a message is not on its way: in words for an administrator, with what the provider said.
struct Unsent {
    message: String,
    status: Option<StatusCode>,
    body: String,
}

impl Unsent {
    fn of(error: &OutboundError) -> Unsent {
        Unsent::with(error.to_string())
    }

    fn with(message: String) -> Unsent {
        Unsent { message, status: None, body: String::new() }
    }

    /// What the person reads. Providers refuse numbers that are none with these two.
    fn text(&self) -> &'static str {
        match self.status {
            Some(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
                "No message can be sent to this number. Check it."
            }
            _ => "The message cannot be sent. Ask an administrator to look at it.",
        }
    }
}

/// Sends a code, or says in words for the person why not.
pub(super) async fn send(
    stage: &AuthenticatorSmsStage,
    run: &Run,
    to: &str,
    code: &str,
) -> Result<Option<Problem>, FlowError> {
    let Err(unsent) = post(stage, run, to, code).await else { return Ok(None) };
    // What comes back may repeat what was sent.
    let hidden = |text: &str| text.replace(code, "********************");
    let context = json!({
        "message": hidden(&unsent.message),
        "stage": stage.name,
        "status_code": unsent.status.map(|status| status.as_u16()),
        "body": hidden(&unsent.body),
    });
    let event = Event::new("configuration_error", "authentik.stages.authenticator_sms", context);
    event.write(run.cx(), run.browser.actor()).await;
    Ok(Some(Problem::new("invalid", unsent.text())))
}

async fn post(
    stage: &AuthenticatorSmsStage,
    run: &Run,
    to: &str,
    code: &str,
) -> Result<(), Unsent> {
    let title = run.browser.brand_title();
    let text = format!("Use this code to authenticate in {title}: {code}");
    let request = match stage.provider {
        SmsProvider::Twilio => twilio(stage, to, &text).map_err(|error| Unsent::of(&error))?,
        SmsProvider::Generic => {
            let body = match payload(stage, run, to, code).await? {
                Some(mapped) => mapped,
                None => {
                    json!({"From": stage.from_number, "To": to, "Body": code, "Message": text})
                }
            };
            Request::post_json(stage.account_sid.clone(), body.to_string().into_bytes())
                .header("Authorization", &authorization(stage))
                .map_err(|error| Unsent::of(&error))?
        }
    };
    let answer = run.cx().outbound().send(request).await.map_err(|error| Unsent::of(&error))?;
    if answer.status.is_success() {
        return Ok(());
    }
    Err(Unsent {
        message: "The provider of text messages has refused to send one.".to_owned(),
        status: Some(answer.status),
        body: String::from_utf8_lossy(&answer.body).chars().take(500).collect(),
    })
}

/// Twilio's message resource: a form, with the account's name and token.
fn twilio(stage: &AuthenticatorSmsStage, to: &str, text: &str) -> Result<Request, OutboundError> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("From", &stage.from_number)
        .append_pair("To", to)
        .append_pair("Body", text)
        .finish();
    let account = form_urlencoded::byte_serialize(stage.account_sid.as_bytes()).collect::<String>();
    let url = format!("{TWILIO}/{account}/Messages.json");
    Request::new(Method::POST, url, form.into_bytes())
        .header("Content-Type", "application/x-www-form-urlencoded")?
        .header("Authorization", &basic(&stage.account_sid, stage.auth.expose()))
}

fn authorization(stage: &AuthenticatorSmsStage) -> String {
    match stage.auth_type {
        SmsAuth::Bearer => format!("Bearer {}", stage.auth.expose()),
        SmsAuth::Basic => basic(stage.auth.expose(), stage.auth_password.expose()),
    }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// What the stage's mapping makes of it.
async fn payload(
    stage: &AuthenticatorSmsStage,
    run: &Run,
    to: &str,
    code: &str,
) -> Result<Option<Value>, Unsent> {
    let entry = stage.mapping.and_then(|mapping| run.browser.snapshot.member(mapping));
    let Some(mapping) = entry.and_then(|entry| entry.facet::<dyn Mapping>()) else {
        return Ok(None);
    };
    let user = run.pending_or_session_user();
    let given = json!({
        "token": code,
        "device": {"phone_number": to, "name": "SMS Device", "user": user.as_ref().map(|u| u.pk)},
        "stage": {"name": stage.name, "from_number": stage.from_number},
    });
    let host = run.browser.host();
    let request = run.browser.asking(&host, user.as_ref(), Occasion::SentCode(&given));
    let failed = |error| Unsent::with(format!("The mapping {} failed: {error}", mapping.name()));
    mapping.evaluate(&request).await.map(Some).map_err(failed)
}
