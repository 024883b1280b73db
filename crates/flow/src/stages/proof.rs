//! What a checked second factor leaves: in the plan for applications and policies, and in the
//! browser for the next sign-in.

use countersign_authenticators::Held;
use countersign_events::model_reference;
use countersign_model::Timestamp;
use countersign_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::plan::key;
use crate::run::Run;

/// The device whose code was spent, as the outcome of the step.
#[derive(Serialize, Deserialize)]
pub(super) struct Proof {
    model: String,
    pk: i64,
    name: String,
}

/// Why nothing was spent.
pub(super) enum Unproved {
    /// In words for the log of events.
    Wrong(String),
    Store(StoreError),
}

impl From<StoreError> for Unproved {
    fn from(error: StoreError) -> Unproved {
        Unproved::Store(error)
    }
}

/// What the browser keeps of a proof, sealed.
#[derive(Serialize, Deserialize)]
struct Remembered {
    stage: Uuid,
    user: i64,
    model: String,
    device: i64,
    exp: Timestamp,
}

impl Proof {
    pub(super) fn of(held: &Held) -> Proof {
        Proof { model: held.def.kind.model.to_owned(), pk: held.id, name: held.name.clone() }
    }

    /// The device, as events and plans name it.
    pub(super) fn reference(&self) -> Value {
        let (app, model) = self.model.split_once('.').unwrap_or_default();
        model_reference(app, model, &self.pk.to_string(), &self.name)
    }

    /// Says in the plan what was proved.
    pub(super) fn note(&self, run: &mut Run) {
        let device = self.reference();
        let context = &mut run.plan.context;
        context.entry(key::AUTH_METHOD).or_insert_with(|| "auth_mfa".into());
        let args =
            context.entry(key::AUTH_METHOD_ARGS).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(args) = args {
            match args.entry("mfa_devices").or_insert_with(|| json!([])) {
                Value::Array(devices) => devices.push(device),
                other => *other = json!([device]),
            }
        }
    }

    /// Lets the browser show it again at this stage for so many seconds.
    pub(super) fn remember(&self, run: &mut Run, seconds: i64) {
        let (Some(stage), Some(user)) = (run.current_stage(), run.pending_or_session_user()) else {
            return;
        };
        if seconds < 1 {
            return;
        }
        let shown = Remembered {
            stage: stage.id.key.uuid().unwrap_or_default(),
            user: user.pk,
            model: self.model.clone(),
            device: self.pk,
            exp: run.cx().clock.now().plus_seconds(seconds),
        };
        let text = serde_json::to_string(&shown).unwrap_or_default();
        let sealed = hex::encode(run.cx().store.sealer().seal(&text));
        run.browser.remember_factor(&sealed, seconds);
    }
}

/// Whether the browser shows a proof that still counts at this stage, of a device that the person
/// still has.
pub(super) fn is_remembered(run: &Run, seconds: i64, devices: &[Held]) -> bool {
    let shown = run.browser.remembered_factor.as_ref().filter(|_| seconds >= 1);
    let shown = shown.and_then(|sealed| String::from_utf8(hex::decode(sealed).ok()?).ok());
    let shown = shown.and_then(|sealed| run.cx().store.sealer().open(&sealed).ok());
    let shown = shown.and_then(|text| serde_json::from_str::<Remembered>(text.expose()).ok());
    let (Some(shown), Some(stage)) = (shown, run.current_stage()) else { return false };
    let now = run.cx().clock.now();
    let user = run.pending_or_session_user().map(|user| user.pk);
    let same = |held: &Held| held.def.kind.model == shown.model && held.id == shown.device;
    Some(shown.user) == user
        && Some(shown.stage) == stage.id.key.uuid()
        && shown.exp > now
        // The threshold may be shorter by now.
        && shown.exp <= now.plus_seconds(seconds)
        && devices.iter().any(same)
}
