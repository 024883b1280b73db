//! Sets up Duo.

mod client;
mod import;

use countersign_authenticators::DuoDevice;
use countersign_core::{
    Access, ApiError, Call, Module, Operation, Permission, json as answered, with,
};
use countersign_events::Event;
use countersign_model::{Fields as _, Key, Kind, Problem, Ref, Secret};
use countersign_pages::{Page, PageDef, Scene};
use countersign_rest::object_schema;
use countersign_store::Tx;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use self::client::{DuoError, Keys};
use super::enrol::{self, Refused};
use crate::answer::Answer;
use crate::api::browser_of;
use crate::context::Flows;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::plan::Planned;
use crate::plan_store;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Sets up Duo as a second factor.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/duo",
    model = "authentik_stages_authenticator_duo.authenticatorduostage",
    title = "Duo Authenticator Setup Stage",
    component = "ak-stage-authenticator-duo-form"
)]
pub struct AuthenticatorDuoStage {
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
    #[field(label = "Authenticator type name", help = "How users see this.", blank)]
    pub friendly_name: Option<String>,
    #[field(
        label = "API Hostname",
        help = "Of the Auth API application at Duo, as api-1234abcd.duosecurity.com.",
        filter
    )]
    pub api_hostname: String,
    #[field(label = "Integration key", group = "Duo Auth API", filter)]
    pub client_id: String,
    #[field(label = "Secret key", group = "Duo Auth API", write_only)]
    pub client_secret: Secret,
    #[field(
        label = "Integration key",
        help = "Of an Admin API application with the right to read resources. Needed to import accounts.",
        group = "Duo Admin API (optional)",
        default = ""
    )]
    pub admin_integration_key: String,
    #[field(label = "Secret key", group = "Duo Admin API (optional)", write_only, default)]
    pub admin_secret_key: Secret,
}

/// An account at Duo that waits to be activated on a phone; empty before.
#[derive(Default, Serialize, Deserialize)]
pub struct Enrolment {
    user_id: String,
    activation_code: String,
    activation_barcode: String,
}

/// How Duo looks at an answer to a push that is awaited.
pub(super) enum Push {
    Allowed,
    Denied,
    Waiting,
}

impl AuthenticatorDuoStage {
    fn keys(&self) -> Keys<'_> {
        Keys {
            host: &self.api_hostname,
            integration: &self.client_id,
            secret: self.client_secret.expose(),
        }
    }

    async fn ask(
        &self,
        run: &Run,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, DuoError> {
        let cx = run.cx();
        self.keys().ask(cx.outbound(), cx.clock.now(), method, path, parameters).await
    }

    /// Something an administrator has to mend, unless it passes.
    async fn note(&self, run: &Run, what: &str, error: &DuoError) {
        let context = json!({"message": format!("{what}: {error}"), "stage": self.name});
        let app = "authentik.stages.authenticator_duo";
        let event = Event::new("configuration_error", app, context);
        event.write(run.cx(), run.browser.actor()).await;
    }

    /// Begins an account at Duo, or says what Duo does not like.
    async fn begin(&self, run: &Run) -> Result<Enrolment, DuoError> {
        let username = run.pending_or_session_user().map(|user| user.username).unwrap_or_default();
        let parameters = [("username", username.as_str())];
        let begun = self.ask(run, Method::POST, "/auth/v2/enroll", &parameters).await?;
        let text = |name| begun.get(name).and_then(Value::as_str).map(str::to_owned);
        let enrolment = || {
            Some(Enrolment {
                user_id: text("user_id")?,
                activation_code: text("activation_code")?,
                activation_barcode: text("activation_barcode")?,
            })
        };
        enrolment().ok_or(DuoError::Answer)
    }

    /// Has a phone ask its owner. Gives the name under which Duo keeps what it says.
    pub(super) async fn push(&self, run: &Run, account: &str) -> Result<String, DuoError> {
        let title = run.browser.brand_title();
        let application = run.application_hint.as_ref().map(|hint| hint.name.as_str());
        let said = form_urlencoded::Serializer::new(String::new())
            .append_pair("Domain", &run.request().host)
            .append_pair("Application", application.unwrap_or(&title))
            .finish();
        let address = run.request().client_ip.to_string();
        let what = format!("{title} Login request");
        let parameters = [
            ("user_id", account),
            ("factor", "push"),
            ("device", "auto"),
            ("async", "1"),
            ("type", what.as_str()),
            ("display_username", &run.shown_user()),
            ("pushinfo", said.as_str()),
            ("ipaddr", address.as_str()),
        ];
        let begun = self.ask(run, Method::POST, "/auth/v2/auth", &parameters).await?;
        let txid = begun.get("txid").and_then(Value::as_str).map(str::to_owned);
        txid.ok_or(DuoError::Answer)
    }

    /// What Duo knows of a push.
    pub(super) async fn pushed(&self, run: &Run, txid: &str) -> Result<Push, DuoError> {
        let said = self.ask(run, Method::GET, "/auth/v2/auth_status", &[("txid", txid)]).await?;
        match said.get("result").and_then(Value::as_str) {
            Some("allow") => Ok(Push::Allowed),
            Some("waiting") => Ok(Push::Waiting),
            Some("deny") => Ok(Push::Denied),
            _ => Err(DuoError::Answer),
        }
    }

    /// Whether a code is one of the account's.
    pub(super) async fn is_code(
        &self,
        run: &Run,
        account: &str,
        code: &str,
    ) -> Result<bool, DuoError> {
        let address = run.request().client_ip.to_string();
        let parameters = [
            ("user_id", account),
            ("factor", "passcode"),
            ("passcode", code),
            ("ipaddr", address.as_str()),
        ];
        let said = self.ask(run, Method::POST, "/auth/v2/auth", &parameters).await?;
        Ok(said.get("result").and_then(Value::as_str) == Some("allow"))
    }

    /// Writes down that Duo has no answer to a sign-in.
    pub(super) async fn failed(&self, run: &Run, error: &DuoError) {
        self.note(run, "Duo was asked in vain", error).await;
    }
}

/// Where an account stands at Duo: `success`, `waiting`, `invalid`.
async fn status(
    keys: &Keys<'_>,
    cx: &crate::context::FlowContext,
    enrolment: &Enrolment,
) -> Result<String, DuoError> {
    let parameters =
        [("user_id", &*enrolment.user_id), ("activation_code", &*enrolment.activation_code)];
    let path = "/auth/v2/enroll_status";
    let said = keys.ask(cx.outbound(), cx.clock.now(), Method::POST, path, &parameters).await?;
    said.as_str().map(str::to_owned).ok_or(DuoError::Answer)
}

/// The stage as rows of its devices name it.
fn own_key(run: &Run) -> Uuid {
    run.current_stage().and_then(|stage| stage.id.key.uuid()).unwrap_or_default()
}

impl Stage for AuthenticatorDuoStage {
    type State = Enrolment;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorDuoChallenge>()];
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-authenticator-duo");

    async fn show(&self, run: &mut Run, state: &mut Enrolment) -> Result<Step, FlowError> {
        if let Err(step) = enrol::account(run, enrol::SHOWN) {
            return Ok(step);
        }
        if state.user_id.is_empty() {
            match self.begin(run).await {
                Ok(begun) => *state = begun,
                Err(error) => {
                    self.note(run, "Failed to enroll user", &error).await;
                    return Ok(Step::deny(
                        "Duo cannot be set up now. Ask an administrator to look at it.",
                    ));
                }
            }
        }
        Ok(Step::show(AuthenticatorDuoChallenge {
            activation_barcode: state.activation_barcode.clone(),
            activation_code: state.activation_code.clone(),
            stage_uuid: own_key(run).to_string(),
        }))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Enrolment,
        _answer: &Answer,
    ) -> Result<Step, FlowError> {
        let user = match enrol::account(run, enrol::ANSWERED) {
            Ok(user) => user,
            Err(step) => return Ok(step),
        };
        if state.user_id.is_empty() {
            return self.show(run, state).await;
        }
        let status = match status(&self.keys(), run.cx(), state).await {
            Ok(status) => status,
            Err(error) => {
                self.note(run, "Failed to ask for the status of an enrolment", &error).await;
                return Ok(whole("Duo gave no answer. Try again."));
            }
        };
        let text = format!("Invalid enrollment status: {status}.");
        match status.as_str() {
            "success" => {}
            "waiting" => return Ok(whole(&text)),
            _ => return Ok(Step::Deny(text)),
        }
        let (stage, account) = (own_key(run), state.user_id.clone());
        let work = move |tx: &mut Tx<'_>| {
            if DuoDevice::is_taken(tx, &account)? {
                let text = "Device with Credential ID already exists.";
                return Err(ApiError::object(text.to_owned()).into());
            }
            DuoDevice::enrol(tx, user, (&account, stage), "Duo Authenticator")
                .map_err(Refused::from)
        };
        let kept = run.commit(enrol::actor(run), "Duo set up", work).await;
        kept.map_or_else(Refused::step, |()| Ok(Step::Done))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Set up Duo").note(format!("at {}", self.api_hostname))
    }
}

fn whole(text: &str) -> Step {
    Step::Invalid(countersign_model::FieldErrors::object(Problem::new("invalid", text)))
}

/// A picture that the app at Duo's is activated by.
#[derive(Debug, Clone, Serialize)]
struct AuthenticatorDuoChallenge {
    activation_barcode: String,
    activation_code: String,
    stage_uuid: String,
}

impl Page for AuthenticatorDuoChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-duo";
    const TEMPLATE: &'static str = include_str!("page.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let waits = |text: &String| text == "Invalid enrollment status: waiting.";
        let shown = |text: &String| if waits(text) { scene.t("duo-waits") } else { text.clone() };
        json!({
            "title": scene.t("duo-set-up"),
            "subtitle": scene.t("duo-set-up-hint"),
            "barcode": self.activation_barcode,
            "code": self.activation_code,
            "errors": scene.errors.form.iter().map(shown).collect::<Vec<_>>(),
            "cancel_url": enrol::cancel_url(scene),
        })
    }

    fn samples() -> Vec<Self> {
        vec![Self {
            activation_barcode:
                "https://api-eval.duosecurity.com/frame/qr?value=8LIRa5danrICkhHtkLxi-cKLu2DWzDYCmBwBHY2YzW5ZYnYaRxA"
                    .to_owned(),
            activation_code: "duo://8LIRa5danrICkhHtkLxi-cKLu2DWzDYCmBwBHY2YzW5ZYnYaRxA".to_owned(),
            stage_uuid: Uuid::nil().to_string(),
        }]
    }
}

pub(super) fn brings(flows: &Flows) -> Module {
    let at = |action: &str| format!("stages/authenticator/duo/{{stage_uuid}}/{action}/");
    // Each account is asked for beside, see `may_change`.
    let import = || Access::on(Permission::change(AuthenticatorDuoStage::META));
    let operations = vec![
        // The plan of the browser says whose it is.
        Operation::new(
            Method::POST,
            at("enrollment_status"),
            "stages_authenticator_duo_enrollment_status_create",
            Access::public(),
            with(flows, enrollment_status),
        )
        .response("DuoDeviceEnrollmentStatus"),
        Operation::new(
            Method::POST,
            at("import_device_manual"),
            "stages_authenticator_duo_import_device_manual_create",
            import(),
            import::one,
        )
        .request("AuthenticatorDuoStageManualDeviceImportRequest"),
        Operation::new(
            Method::POST,
            at("import_devices_automatic"),
            "stages_authenticator_duo_import_devices_automatic_create",
            import(),
            with(flows, import::all),
        )
        .response("AuthenticatorDuoStageDeviceImportResponse"),
    ];
    let schemas = vec![
        ("DuoDeviceEnrollmentStatus", object_schema(&[("duo_response", "string")])),
        (
            "AuthenticatorDuoStageManualDeviceImportRequest",
            object_schema(&[("duo_user_id", "string"), ("username", "string")]),
        ),
        (
            "AuthenticatorDuoStageDeviceImportResponse",
            object_schema(&[("count", "integer"), ("error", "string")]),
        ),
    ];
    Module { operations, schemas, ..Module::default() }
}

/// Where the account that this browser sets up stands at Duo.
async fn enrollment_status(flows: Flows, call: Call) -> Result<axum::response::Response, ApiError> {
    let cx = flows.over(&call.cx);
    let browser = browser_of(&cx, &call).await?;
    let none = || ApiError::Body(StatusCode::BAD_REQUEST, json!({}));
    let kept = plan_store::load(&browser).await.map_err(|_| none())?.ok_or_else(none)?;
    let step = kept.plan.current().ok_or_else(none)?;
    let asked = Uuid::parse_str(call.param("stage_uuid")).ok().map(Key::Uuid);
    let Planned::Bound { stage, .. } = &step.stage else { return Err(none()) };
    if Some(stage.key()) != asked {
        return Err(none());
    }
    let stage = browser.snapshot.get(Ref::<AuthenticatorDuoStage>::new(stage.key()));
    let stage = stage.ok_or_else(none)?;
    let state = serde_json::from_value::<Enrolment>(step.state.clone()).map_err(|_| none())?;
    if state.user_id.is_empty() {
        return Err(none());
    }
    let status = status(&stage.keys(), &cx, &state).await;
    let status = status.unwrap_or_else(|_| "waiting".to_owned());
    Ok(answered(StatusCode::OK, &json!({"duo_response": status})))
}
