//! Removing what has ended, wherever it is kept: modules say what, as extensions of the type
//! [`Expiring`].

use std::any::Any;
use std::sync::Arc;

use countersign_core::{Context, Expiring, JobError, NoteLevel, Run};
use countersign_store::Actor;

/// What this crate keeps that ends.
pub(crate) fn own() -> Vec<Arc<dyn Any + Send + Sync>> {
    vec![Arc::new(Expiring {
        plural: "System Tasks",
        remove: |tx| {
            let now = tx.now();
            tx.execute(
                "DELETE FROM task WHERE expires <= $1 AND state NOT IN ('queued', 'running')",
                countersign_store::params![now],
            )
        },
    })]
}

/// Removes everything that has ended, a kind of thing at a time.
///
/// # Errors
/// The first kind whose rows could not be removed.
pub(crate) async fn expired(cx: Context, run: Run) -> Result<(), JobError> {
    let all: Vec<Expiring> = cx.extensions::<Expiring>().copied().collect();
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
