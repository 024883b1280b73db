//! A second factor that Duo checks: by asking on the phone, or a code.

use countersign_authenticators::{DuoDevice, Held};
use countersign_model::{Key, Ref};
use countersign_store::Tx;

use super::super::proof::{Proof, Unproved};
use crate::error::FlowError;
use crate::run::Run;
use crate::stages::AuthenticatorDuoStage;
use crate::stages::authenticator_duo::Push;

/// How a try came out.
pub(super) enum Tried {
    /// Duo says that it is its owner.
    Proved,
    /// In words for the log.
    Denied(&'static str),
    /// Nobody has answered on the phone yet.
    Waiting,
}

/// Seconds that one request waits for somebody to look at the phone: less than a request may take.
const PATIENCE: i64 = 40;

/// Account at Duo and stage of somebody's device.
async fn account(
    run: &Run,
    held: &Held,
) -> Result<Option<(String, AuthenticatorDuoStage)>, FlowError> {
    let (user, id) = (held.user, held.id);
    let found = run.cx().store.look_up(move |sql| DuoDevice::account(sql, user, id)).await?;
    let Some((account, stage)) = found else { return Ok(None) };
    let snapshot = &run.browser.snapshot;
    let own = snapshot.get(Ref::<AuthenticatorDuoStage>::new(Key::Uuid(stage)));
    Ok(own.map(|stage| (account, stage.clone())))
}

/// Asks on the phone and waits for the answer. `asked`: the push that was sent before; one that
/// nobody answered is asked for again, not sent again.
pub(super) async fn push(
    run: &Run,
    held: &Held,
    asked: &mut Option<String>,
) -> Result<Tried, FlowError> {
    let Some((account, stage)) = account(run, held).await? else {
        return Ok(Tried::Denied("the stage of the device is gone"));
    };
    let txid = match asked.clone() {
        Some(txid) => txid,
        None => match stage.push(run, &account).await {
            Ok(txid) => asked.insert(txid).clone(),
            Err(error) => {
                stage.failed(run, &error).await;
                return Ok(Tried::Denied("Duo gave no answer"));
            }
        },
    };
    let until = run.cx().clock.now().plus_seconds(PATIENCE);
    while run.cx().clock.now() < until {
        let came_out = stage.pushed(run, &txid).await;
        match came_out {
            Ok(Push::Waiting) => {}
            Ok(Push::Allowed) => {
                *asked = None;
                return Ok(Tried::Proved);
            }
            Ok(Push::Denied) => {
                *asked = None;
                return Ok(Tried::Denied("refused on the phone"));
            }
            // Duo answers when something happens, which may take it longer than a request takes.
            Err(error) if error.may_pass() => {}
            Err(error) => {
                *asked = None;
                stage.failed(run, &error).await;
                return Ok(Tried::Denied("Duo gave no answer"));
            }
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    Ok(Tried::Waiting)
}

/// Has Duo check a code.
pub(super) async fn code(run: &Run, held: &Held, code: &str) -> Result<Tried, FlowError> {
    let Some((account, stage)) = account(run, held).await? else {
        return Ok(Tried::Denied("the stage of the device is gone"));
    };
    match stage.is_code(run, &account, code).await {
        Ok(true) => Ok(Tried::Proved),
        Ok(false) => Ok(Tried::Denied("wrong code")),
        Err(error) => {
            stage.failed(run, &error).await;
            Ok(Tried::Denied("Duo gave no answer"))
        }
    }
}

/// Spends what Duo has said, with the step.
pub(super) async fn spend(run: &Run, held: &Held) -> Result<Proof, Unproved> {
    let held = held.clone();
    let work = move |tx: &mut Tx<'_>| {
        if DuoDevice::used(tx, held.user, held.id)? {
            return Ok(Proof::of(&held));
        }
        Err(Unproved::Wrong("the device is gone".to_owned()))
    };
    run.commit(run.browser.actor(), "second factor", work).await
}
