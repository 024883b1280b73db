//! Removing what has ended: the rows of declared tables whose time has passed, and what else
//! modules list.

use countersign_core::{Context, Expiring, JobError, NoteLevel, Run};
use countersign_store::{Actor, Tx, remove_ended};

const REASON: &str = "clean-up of what has ended";

/// Removes everything that has ended, a kind of thing at a time.
///
/// # Errors
/// The first kind whose rows could not be removed.
pub(crate) async fn expired(cx: Context, run: Run) -> Result<(), JobError> {
    let tables = cx.tables().map(|table| table.meta);
    let ending: Vec<_> = tables.filter(|table| table.columns.iter().any(|c| c.expires)).collect();
    let others: Vec<Expiring> =
        cx.modules().iter().flat_map(|module| &module.expiring).copied().collect();
    let (mut done, of) = (0, u64::try_from(ending.len() + others.len()).unwrap_or(u64::MAX));
    let mut removed = |plural: &str, count: usize| {
        let text = format!("Expired {count} {plural}");
        run.note(NoteLevel::Info, cx.clock.now(), "clean_expired_models", text);
        done += 1;
        run.progress(done, of);
    };
    for table in ending {
        let remove = |tx: &mut Tx<'_>| {
            let now = tx.now();
            remove_ended(tx, table, now)
        };
        let count = cx.store.write(Actor::system(), REASON, remove).await?;
        let unnamed = || format!("{}s", table.name.replace('_', " "));
        removed(&table.kind.map_or_else(unnamed, |kind| kind.plural.to_owned()), count);
    }
    for expiring in others {
        let count = cx.store.write(Actor::system(), REASON, expiring.remove).await?;
        removed(expiring.plural, count);
    }
    Ok(())
}
