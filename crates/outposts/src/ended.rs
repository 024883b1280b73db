//! Tells outposts of sessions that have ended, so that who signs out, is deactivated or deleted is
//! signed out of what outposts serve, too. Triggers note the end of a session wherever it comes
//! from (`ended_session`); each process looks there as long as it has outposts to tell.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_catalogue::Provider;
use countersign_catalogue::sign_out::{Lost, SignOut, way};
use countersign_core::{Context, Shutdown};
use countersign_model::{Key, Ref, Table};
use countersign_store::{Actor, Row, Sql, StoreError, Tx, params};
use tokio::sync::broadcast;

/// Sessions that ended in one look.
const AT_ONCE: usize = 1_000;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Numbers are given before their transactions end: for so many looks a lower one may still come.
const LATE_LOOKS: u32 = 20;
/// Looks after which what every process has seen is forgotten.
const FORGET_LOOKS: u32 = 240;

/// A session that has ended, as a trigger notes it.
#[derive(Debug, Clone, Table)]
#[table(name = "ended_session", volatile)]
pub(crate) struct EndedSession {
    #[column(key)]
    id: i64,
    #[column(hidden)]
    key_hash: [u8; 32],
}

/// Who is told.
#[derive(Debug, Clone)]
pub(crate) struct Told(broadcast::Sender<[u8; 32]>);

impl Default for Told {
    fn default() -> Told {
        Told(broadcast::Sender::new(4_096))
    }
}

impl Told {
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<[u8; 32]> {
        self.0.subscribe()
    }
}

/// What was seen of the table.
#[derive(Debug, Default)]
struct Seen {
    /// Everything up to this number.
    floor: i64,
    above: BTreeSet<i64>,
    looks: u32,
    /// The highest number a while ago: no lower one comes any more.
    settled: i64,
}

impl Seen {
    fn from(last: i64) -> Seen {
        Seen { floor: last, settled: last, ..Seen::default() }
    }

    /// Of the rows above the floor those that are new.
    fn new_of(&mut self, rows: Vec<(i64, [u8; 32])>) -> Vec<[u8; 32]> {
        self.looks += 1;
        // So many at once are one clean-up, and the next page begins after them.
        let full = rows.len() == AT_ONCE;
        let last = rows.last().map(|(id, _)| *id).filter(|_| full);
        let new: Vec<[u8; 32]> = rows
            .into_iter()
            .filter(|(id, _)| *id > self.floor && self.above.insert(*id))
            .map(|(_, hash)| hash)
            .collect();
        if self.looks.is_multiple_of(LATE_LOOKS) {
            self.floor = self.floor.max(self.settled);
            self.settled = self.above.last().copied().unwrap_or(self.floor);
        }
        self.floor = self.floor.max(last.unwrap_or(self.floor));
        self.above.retain(|id| *id > self.floor);
        new
    }
}

pub(crate) async fn tell(told: Told, cx: Context, mut stop: Shutdown) -> Result<(), String> {
    let (mut seen, mut looks, mut former) = (None, 0_u32, None);
    while stop.sleep(LOOK_EVERY).await {
        looks = looks.wrapping_add(1);
        // What could not be read now is read at the next look.
        if let Err(error) = look(&told, &cx, &mut seen).await {
            tracing::debug!(%error, "ended sessions could not be read");
        }
        if looks.is_multiple_of(FORGET_LOOKS)
            && let Err(error) = forget(&cx, &mut former).await
        {
            tracing::debug!(%error, "ended sessions could not be forgotten");
        }
    }
    Ok(())
}

async fn look(told: &Told, cx: &Context, seen: &mut Option<Seen>) -> Result<(), StoreError> {
    let Some(known) = seen else {
        *seen = Some(Seen::from(cx.store.look_up(last).await?));
        return Ok(());
    };
    // Whoever connects hears of what has ended since the last look, too: between its connection
    // and the next look something may end.
    if told.0.receiver_count() == 0 {
        return Ok(());
    }
    let floor = known.floor;
    for session in known.new_of(cx.store.look_up(move |sql| since(sql, floor)).await?) {
        // The last of them may just have gone.
        let _ = told.0.send(session);
    }
    Ok(())
}

/// Forgets what was there already when this was last asked: every process has seen it.
async fn forget(cx: &Context, former: &mut Option<i64>) -> Result<(), StoreError> {
    let last = cx.store.look_up(last).await?;
    if let Some(until) = former.replace(last)
        && cx.store.look_up(move |sql| any(sql, until)).await?
    {
        let delete = "DELETE FROM ended_session WHERE id <= $1";
        let work = move |tx: &mut Tx<'_>| tx.execute(delete, params![until]).map(|_| ());
        cx.store.write(Actor::system(), "ended sessions", work).await?;
    }
    Ok(())
}

fn last(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let row = sql.query_one("SELECT COALESCE(MAX(id), 0) FROM ended_session", params![])?;
    row.map_or(Ok(0), |row| row.get(0))
}

fn any(sql: &mut Sql<'_>, until: i64) -> Result<bool, StoreError> {
    let row =
        sql.query_one("SELECT 1 FROM ended_session WHERE id <= $1 LIMIT 1", params![until])?;
    Ok(row.is_some())
}

fn since(sql: &mut Sql<'_>, floor: i64) -> Result<Vec<(i64, [u8; 32])>, StoreError> {
    let rows = sql.query(
        "SELECT id, key_hash FROM ended_session WHERE id > $1 ORDER BY id LIMIT $2",
        params![floor, i64::try_from(AT_ONCE).unwrap_or(i64::MAX)],
    )?;
    let read = |row: &Row| {
        let hash: Vec<u8> = row.get(1)?;
        Ok((row.get(0)?, hash.try_into().map_err(|_| StoreError::Column { column: 1 })?))
    };
    rows.iter().map(read).collect()
}

/// Has outposts end what they hold of a session, where an application that asks at each request, as
/// theirs do, may not be opened in it any more. Of their other applications the browser finds its way
/// back in by itself.
///
/// # Errors
/// The store fails.
pub(crate) fn tell_of(tx: &mut Tx<'_>, lost: &Lost) -> Result<(), StoreError> {
    let provider = Ref::<dyn Provider>::new(Key::Int(lost.provider));
    if matches!(way(tx.graph(), provider), Some(SignOut::Asks)) {
        let insert = "INSERT INTO ended_session (key_hash) VALUES ($1)";
        tx.execute(insert, params![lost.session])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64) -> (i64, [u8; 32]) {
        (id, [u8::try_from(id % 251).unwrap_or_default(); 32])
    }

    #[test]
    fn each_session_is_told_once_also_one_whose_number_comes_late() {
        let mut seen = Seen::from(10);
        assert_eq!(seen.new_of(vec![row(11), row(13)]).len(), 2);
        assert_eq!(seen.new_of(vec![row(11), row(12), row(13)]), [row(12).1]);
        for _ in 0..3 * LATE_LOOKS {
            assert!(seen.new_of(vec![row(11), row(12), row(13)]).is_empty());
        }
        assert_eq!((seen.floor, seen.above.len()), (13, 0));
    }

    #[test]
    fn a_thousand_at_once_do_not_hide_what_follows() {
        let mut seen = Seen::from(0);
        let page = |from: i64| (from..).take(AT_ONCE).map(row).collect::<Vec<_>>();
        assert_eq!(seen.new_of(page(1)).len(), AT_ONCE);
        assert_eq!(seen.floor, 1_000);
        assert_eq!(seen.new_of(page(1_001)).len(), AT_ONCE);
    }
}
