//! The code that is sent to somebody who is asked for one.

use std::sync::Arc;

use countersign_authenticators::{DeviceClass, Held, new_code};
use countersign_directory::may_send;
use countersign_model::{Entry, Key, Problem, Ref, Target as _};
use countersign_store::Tx;
use uuid::Uuid;

use crate::error::FlowError;
use crate::run::Run;
use crate::stage::AnyStage;
use crate::stages::SendsCodes;
use crate::stages::sent_code::{MOST_ASKED, configuration_error, often};

/// Whether a code was kept to be sent.
enum Kept {
    Now,
    /// One has just been sent, from whichever browser.
    Before,
    Often,
}

/// The stage in whose way codes go to devices that this one has set up; another of the class, if it
/// is gone.
fn stage_of(run: &Run, class: DeviceClass, stage: Uuid) -> Option<Arc<Entry>> {
    let snapshot = &run.browser.snapshot;
    let fits = |entry: &&Arc<Entry>| sender(entry).is_some_and(|sender| sender.class() == class);
    let own = snapshot.member(Ref::<dyn AnyStage>::new(Key::Uuid(stage))).filter(fits);
    own.or_else(|| snapshot.entries(<dyn AnyStage>::SPACE).find(fits)).cloned()
}

fn sender(entry: &Entry) -> Option<&dyn SendsCodes> {
    entry.facet::<dyn AnyStage>()?.sends_codes()
}

/// Where codes go to a device, as far as whoever signs in may see it.
pub(super) fn masked(run: &Run, held: &Held) -> Option<String> {
    let any = stage_of(run, held.def.class, Uuid::nil())?;
    Some(sender(&any)?.masked(&held.remark))
}

/// Sends a code to a device, in the way of the stage that set it up; why not, if something has to
/// be mended. Where one is on its way, no other is sent.
pub(super) async fn send(run: &Run, held: &Held) -> Result<Option<Problem>, FlowError> {
    let (def, id, cx) = (held.def, held.id, run.cx());
    let found = cx.store.look_up(move |sql| def.recipient(sql, id)).await?;
    let Some(recipient) = found else { return Ok(None) };
    let entry = stage_of(run, def.class, recipient.stage);
    let Some(stage) = entry.as_deref().and_then(sender) else {
        let text = "There is no stage left that says how codes are sent.";
        return Ok(Some(configuration_error(run, "", text).await));
    };
    let (code, seconds, to) = (new_code(&*cx.entropy), stage.lasts(), recipient.to.clone());
    let kept = code.clone();
    let keep = move |tx: &mut Tx<'_>| {
        if !def.renew_code(tx, id, &kept, seconds)? {
            return Ok::<_, FlowError>(Kept::Before);
        }
        if may_send(tx, &to, MOST_ASKED)? {
            return Ok(Kept::Now);
        }
        def.forget_code(tx, id)?;
        Ok(Kept::Often)
    };
    match cx.store.write(run.browser.actor(), "code to be sent", keep).await? {
        Kept::Before => return Ok(None),
        Kept::Often => return Ok(Some(often())),
        Kept::Now => {}
    }
    let problem = stage.send(run, &recipient.to, &code).await?;
    if problem.is_some() {
        let forget = move |tx: &mut Tx<'_>| def.forget_code(tx, id);
        cx.store.write(run.browser.actor(), "code that was not sent", forget).await?;
    }
    Ok(problem)
}
