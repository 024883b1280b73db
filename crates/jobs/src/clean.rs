//! Removing what has ended, wherever it is kept: modules list what.

use countersign_core::{Context, Expiring, JobError, NoteLevel, Run};
use countersign_store::Actor;

/// What this crate keeps that ends.
pub(crate) const OWN: Expiring = Expiring {
    plural: "System Tasks",
    remove: |tx| {
        let now = tx.now();
        tx.execute(
            "DELETE FROM task WHERE expires <= $1 AND state NOT IN ('queued', 'running')",
            countersign_store::params![now],
        )
    },
};

/// Removes everything that has ended, a kind of thing at a time.
///
/// # Errors
/// The first kind whose rows could not be removed.
pub(crate) async fn expired(cx: Context, run: Run) -> Result<(), JobError> {
    let all: Vec<Expiring> =
        cx.modules().iter().flat_map(|module| &module.expiring).copied().collect();
    let of = u64::try_from(all.len()).unwrap_or(u64::MAX);
    for (done, expiring) in (1..).zip(all) {
        let removed =
            cx.store.write(Actor::system(), "clean-up of what has ended", expiring.remove).await?;
        run.note(
            NoteLevel::Info,
            cx.clock.now(),
            "clean_expired_models",
            format!("Expired {removed} {}", expiring.plural),
        );
        run.progress(done, of);
    }
    Ok(())
}
