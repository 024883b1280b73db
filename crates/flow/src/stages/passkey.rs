//! What stages that ask for a passkey have in common: what a challenge is bound to, and how an
//! answer is checked and taken. And the passkey in the field of the user name.

use std::sync::Arc;

use countersign_authenticators::{
    Answered, Authentication, Challenge, DeviceClass, DeviceType, Held, Passkey, Refused,
    RelyingParty, Shown, UserVerification, held_by,
};
use countersign_directory::Owner;
use countersign_model::{ChoiceValue as _, Entry, Key, Problem, Ref, Snapshot, Target as _};
use countersign_pages::Scene;
use countersign_policy::{PolicyBinding, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::proof::{Proof, Unproved};
use super::{AuthenticatorValidateStage, IdentificationStage, authenticate};
use crate::browser::Browser;
use crate::error::FlowError;
use crate::kinds::{Designation, Flow, FlowStageBinding};
use crate::plan::{PendingUser, key};
use crate::planner;
use crate::run::Run;
use crate::stage::Step;

/// The method of whoever signed in by a passkey alone, as the original names it.
const PASSWORDLESS: &str = "auth_webauthn_pwl";

/// This server as the browser knows it.
pub(super) fn relying_party(run: &Run) -> Result<RelyingParty, FlowError> {
    of_browser(&run.browser)
}

fn of_browser(browser: &Browser) -> Result<RelyingParty, FlowError> {
    let party = RelyingParty::new(&browser.brand_title(), &browser.request.origin());
    party.ok_or_else(|| FlowError::Request("The request names no host.".to_owned()))
}

/// A challenge counts for the browser that was asked, at that stage of that flow, for that account
/// (0 where it is not known yet) and that purpose.
fn bound_to(browser: &Browser, place: &str, purpose: &str, account: i64) -> String {
    format!("{purpose}/{account}/{place}/{}", hex::encode(browser.visitor.key_hash()))
}

fn place_of(flow: Ref<Flow>, stage: Option<Key>) -> String {
    format!("{}/{}", flow.key(), stage.map(|key| key.to_string()).unwrap_or_default())
}

fn place(run: &Run) -> String {
    place_of(run.plan.flow, run.current_stage().map(|entry| entry.id.key))
}

pub(super) fn new_challenge(run: &Run, purpose: &str, account: i64) -> Challenge {
    challenge_for(&run.browser, &place(run), purpose, account)
}

fn challenge_for(browser: &Browser, place: &str, purpose: &str, account: i64) -> Challenge {
    let cx = &browser.cx;
    let bound_to = bound_to(browser, place, purpose, account);
    Challenge::new(cx.store.sealer(), &*cx.entropy, cx.clock.now(), &bound_to)
}

/// What the field of the user name asks a passkey for. Verification of its owner is demanded
/// whatever other stages say, since it takes the place of the password.
pub(super) const IN_NAME_FIELD: Asked<'static> = Asked {
    purpose: "name field",
    verification: UserVerification::Required,
    makes: &[],
    user: None,
};

/// Whether the page that asks who it is takes a passkey instead: where the stage names a flow
/// without a password that takes any passkey of anybody, or a later stage takes one as second
/// factor. What such a flow restricts, by policies or makes, is only asked in it.
pub(super) fn is_offered(snapshot: &Snapshot, flow: Ref<Flow>, stage: Key) -> bool {
    let signs_in =
        snapshot.get(flow).is_some_and(|flow| flow.designation == Designation::Authentication);
    let stages = planner::stages(snapshot, flow);
    let Some(at) = stages.iter().position(|entry| entry.id.key == stage) else { return false };
    let mut from_here = stages.iter().skip(at);
    let names_a_flow = from_here.next().and_then(|entry| entry.cast::<IdentificationStage>());
    let named = names_a_flow.and_then(|stage| stage.passwordless_flow);
    let names_a_flow = named.is_some_and(|flow| is_unrestricted(snapshot, flow));
    let takes = |entry: &Arc<Entry>| {
        entry
            .cast::<AuthenticatorValidateStage>()
            .is_some_and(AuthenticatorValidateStage::takes_passkeys)
    };
    signs_in && (names_a_flow || from_here.any(takes))
}

fn is_unrestricted(snapshot: &Snapshot, flow: Ref<Flow>) -> bool {
    let is_bound = |id| snapshot.referrers_in(id, PolicyBinding::SPACE).next().is_some();
    let bindings = snapshot.referrers_in(flow.id(), FlowStageBinding::SPACE).map(|(id, _)| id);
    let takes_all = |entry: &Arc<Entry>| {
        let stage = entry.cast::<AuthenticatorValidateStage>();
        stage.is_none_or(AuthenticatorValidateStage::takes_any_passkey)
    };
    !is_bound(flow.id())
        && !bindings.into_iter().any(is_bound)
        && planner::stages(snapshot, flow).iter().all(takes_all)
}

/// What a browser is asked in the field of the user name of a flow, if that takes passkeys.
pub(crate) fn options_in_name_field(
    browser: &Browser,
    flow: Ref<Flow>,
) -> Result<Option<Value>, FlowError> {
    let snapshot = &browser.snapshot;
    let stages = planner::stages(snapshot, flow);
    let asks = |entry: &&Arc<Entry>| entry.cast::<IdentificationStage>().is_some();
    let Some(stage) = stages.iter().find(asks).map(|entry| entry.id.key) else { return Ok(None) };
    if !is_offered(snapshot, flow, stage) {
        return Ok(None);
    }
    let Asked { purpose, verification, .. } = IN_NAME_FIELD;
    let asked = Authentication { party: &of_browser(browser)?, verification, allowed: &[] };
    let challenge = challenge_for(browser, &place_of(flow, Some(stage)), purpose, 0);
    Ok(Some(asked.options(&challenge)))
}

/// The challenge that an answer is to, if it is one of this stage.
pub(super) fn challenge_of(
    run: &Run,
    answered: &Answered,
    purpose: &str,
    account: i64,
) -> Result<Challenge, Refused> {
    let cx = run.cx();
    let bound_to = bound_to(&run.browser, &place(run), purpose, account);
    answered.challenge(cx.store.sealer(), cx.clock.now(), &bound_to)
}

/// The makes of devices are restricted, and this is another.
pub(super) fn wrong_make(run: &Run) -> Problem {
    let brand = run.browser.brand_title();
    let text = format!("Invalid device type. Contact your {brand} administrator for help.");
    Problem::new("invalid", text)
}

/// What a page says of a passkey that did not count.
pub(super) fn errors(scene: &Scene, field: &str) -> Vec<String> {
    let told = scene.errors.fields.get(field).cloned().unwrap_or_default();
    let better = [("error-device", "passkey-unknown"), ("error-device-refused", "passkey-refused")];
    let said = |text: String| {
        let found = better.iter().find(|(key, _)| scene.t(key) == text);
        found.map_or(text, |(_, better)| scene.t(better))
    };
    told.into_iter().map(said).collect()
}

/// What a stage asks of a passkey.
pub(super) struct Asked<'a> {
    pub(super) purpose: &'static str,
    pub(super) verification: UserVerification,
    pub(super) makes: &'a [DeviceType],
    /// Whose it must be; nobody where the passkey itself says who comes.
    pub(super) user: Option<&'a Subject>,
}

impl Asked<'_> {
    fn account(&self) -> i64 {
        self.user.map(|user| user.pk).unwrap_or_default()
    }

    /// What the browser is asked, with these to choose from.
    pub(super) fn options(&self, run: &Run, allowed: &[Passkey]) -> Result<Value, FlowError> {
        let party = relying_party(run)?;
        let asked = Authentication { party: &party, verification: self.verification, allowed };
        Ok(asked.options(&new_challenge(run, self.purpose, self.account())))
    }

    /// Checks what the browser answered and takes it. Gives what was proved, or what the page
    /// shows instead.
    pub(super) async fn prove(
        &self,
        run: &mut Run,
        field: &str,
        given: &Value,
    ) -> Result<Result<Taken, Step>, FlowError> {
        let refused = |text: &str| Ok(Err(Step::invalid(field, Problem::new("invalid", text))));
        let Ok(answered) = Answered::read(given) else { return refused("Invalid device") };
        let id = answered.credential_id().to_owned();
        let found = {
            let id = id.clone();
            run.cx().store.look_up(move |sql| Passkey::find(sql, &id)).await?
        };
        let cx = run.cx().clone();
        // Who knows a passkey's identifier counts against its owner, as who knows a name does; an
        // owner's own browser has a count of its own.
        let owner = match (self.user, &found) {
            (Some(user), _) => Owner::SecondFactor(user.pk),
            (None, Some(passkey)) => Owner::SecondFactor(passkey.owner()),
            (None, None) => Owner::Unknown(&id),
        };
        let attempt = match run.attempt(owner).await {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(Err(authenticate::throttled(run, field, wait))),
        };
        let Some(passkey) =
            found.filter(|found| self.account() == 0 || found.owner() == self.account())
        else {
            attempt.failed(&cx).await;
            return refused("Invalid device");
        };
        if !passkey.is_of(self.makes) {
            attempt.not_made(&cx).await;
            return Ok(Err(Step::invalid(field, wrong_make(run))));
        }
        let checked = self.check(run, &answered, &passkey);
        let taken = match checked {
            Ok(shown) => self.take(run, shown, &passkey).await,
            Err(refused) => Err(Unproved::Wrong(refused.to_string())),
        };
        match taken {
            Ok(taken) => {
                attempt.succeeded(&cx).await;
                Ok(Ok(taken))
            }
            Err(Unproved::Wrong(why)) => {
                attempt.failed(&cx).await;
                self.note_failure(run, &passkey, &why).await?;
                refused("Assertion failed")
            }
            Err(Unproved::Store(error)) => {
                attempt.not_made(&cx).await;
                Err(error.into())
            }
        }
    }

    fn check(&self, run: &Run, answered: &Answered, passkey: &Passkey) -> Result<Shown, Refused> {
        let party = relying_party(run).map_err(|_| Refused::RelyingParty)?;
        let challenge = challenge_of(run, answered, self.purpose, self.account())?;
        let allowed = if self.account() == 0 { &[] } else { std::slice::from_ref(passkey) };
        let asked = Authentication { party: &party, verification: self.verification, allowed };
        asked.check(answered, challenge, passkey, &run.cx().uid(passkey.owner()))
    }

    /// Spends the answer with the step.
    async fn take(&self, run: &Run, shown: Shown, passkey: &Passkey) -> Result<Taken, Unproved> {
        let (owner, id) = (passkey.owner(), passkey.id());
        run.commit(run.browser.actor(), "passkey shown", move |tx| {
            // Who is known by it only now may have been deactivated since it was set up.
            let user = countersign_accounts::identity(tx, owner)?.filter(|user| user.is_active);
            let Some(user) = user else {
                return Err(Unproved::Wrong("the account is deactivated".to_owned()));
            };
            if !shown.spend(tx)? {
                return Err(Unproved::Wrong("it was used before".to_owned()));
            }
            let mut held = held_by(tx, Some(owner))?.into_iter();
            let is_it = |held: &Held| held.def.class == DeviceClass::Webauthn && held.id == id;
            let held = held.find(is_it).ok_or_else(|| Unproved::Wrong("it is gone".to_owned()))?;
            Ok(Taken {
                proof: Proof::of(&held),
                device: id,
                user: PendingUser {
                    pk: Some(owner),
                    username: user.username.clone(),
                    name: user.name.clone(),
                    email: user.email.clone(),
                    backend: None,
                },
            })
        })
        .await
    }

    async fn note_failure(&self, run: &Run, passkey: &Passkey, why: &str) -> Result<(), FlowError> {
        let owner = passkey.owner();
        let read =
            run.cx().store.look_up(move |sql| countersign_accounts::identity(sql, owner)).await?;
        let Some(user) = read else { return Ok(()) };
        let about = PendingUser {
            pk: Some(owner),
            username: user.username,
            name: user.name,
            email: user.email,
            backend: None,
        };
        let make = passkey.device_type().map_or("", DeviceType::description);
        let class = DeviceClass::Webauthn.value();
        let number = passkey.id().to_string();
        let more = [("device_class", class), ("device", &number), ("device_type", make)];
        run.login_failed(&about, why, &more).await;
        Ok(())
    }
}

/// A passkey whose answer was taken, as the outcome of the step.
#[derive(Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) proof: Proof,
    device: i64,
    user: PendingUser,
}

impl Taken {
    /// The person is whom the passkey says: nobody was known before.
    pub(super) fn identifies(&self, run: &mut Run) {
        run.plan.set_pending_user(&self.user);
        let context = &mut run.plan.context;
        for former in [
            key::PENDING_USER_IDENTIFIER,
            key::CERTIFIED,
            key::CERTIFICATE,
            key::AUTH_METHOD_ARGS,
            key::USER_BACKEND,
        ] {
            context.remove(former);
        }
        context.insert(key::AUTH_METHOD.to_owned(), PASSWORDLESS.into());
        let device = self.proof.reference();
        let args =
            context.entry(key::AUTH_METHOD_ARGS).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(args) = args {
            args.insert("device".to_owned(), device);
        }
        self.proof.note(run);
    }

    /// It is as good as name and password, and as the second factor where the stage that asks for
    /// one takes it: it verified its owner.
    pub(super) fn stands_for_all(&self, run: &mut Run, backend: &str) {
        run.plan.set_pending_user(&PendingUser {
            backend: Some(backend.to_owned()),
            ..self.user.clone()
        });
        let context = &mut run.plan.context;
        context.insert(key::USER_BACKEND.to_owned(), backend.into());
        context
            .insert(key::PASSKEY.to_owned(), json!({"user": self.user.pk, "device": self.device}));
    }
}

/// The passkey by which the person of this plan was identified with verification of its owner, if
/// it was.
pub(super) fn identified_by(run: &Run) -> Option<i64> {
    let passkey = run.context().get(key::PASSKEY)?;
    let user = passkey.get("user").and_then(Value::as_i64)?;
    let is_same = run.plan.pending_user().and_then(|pending| pending.pk) == Some(user);
    passkey.get("device").and_then(Value::as_i64).filter(|_| is_same)
}
