//! What the directory has no more. Only a whole listing without a fault shows it, and much of it at
//! once is rather a mistake, of a filter or of a right, than so many people who left.

use countersign_core::{ApiError, NoteLevel, find, remove};
use countersign_directory::groups::Group;
use countersign_directory::users::User;
use countersign_model::{Ref, Timestamp};
use countersign_sources::{Source, connected};
use countersign_store::{SqlValue, StoreError, Tx, params};
use uuid::Uuid;

use super::groups::connected as connected_group;
use super::users::shut;
use super::{Copying, Done, Ended, Written};
use crate::rows::Sort;

/// More than one of so many at once has to be confirmed.
const MOST: i64 = 10;
/// So many are written at once.
const TOGETHER: i64 = 100;

/// An entry that was there.
#[derive(Debug, Clone)]
struct Missing {
    id: i64,
    identifier: String,
    dn: String,
    made: Option<Uuid>,
}

impl Written for Missing {
    fn name(&self) -> String {
        self.dn.clone()
    }
}

/// What a run looks at of the entries that it has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// All that are not known to be gone.
    ToNote,
    /// These, and those known to be gone whose account or group is there still.
    ToDelete,
    /// Those whose name another entry has.
    Replaced,
}

impl Which {
    const fn condition(self) -> &'static str {
        match self {
            Which::ToNote => " AND vanished IS NULL",
            Which::ToDelete => " AND (vanished IS NULL OR made IS NOT NULL)",
            Which::Replaced => " AND vanished IS NULL AND dn_key = ''",
        }
    }
}

impl Copying {
    pub(super) async fn gone(&self, sort: Sort) -> Result<(), Ended> {
        let which =
            if self.settings.delete_not_found_objects { Which::ToDelete } else { Which::ToNote };
        let (missing, all) = self.counts(sort, which).await?;
        if missing == 0 {
            return Ok(());
        }
        if !self.report.is_complete() {
            let text = format!(
                "{missing} {} were not seen. Nothing is taken away: not everything could be copied, so this is no proof that they are gone.",
                sort.all()
            );
            self.report.say(NoteLevel::Warning, &text);
            // What has their names now keeps them out even so, and may be what could not be copied.
            let (replaced, _) = self.counts(sort, Which::Replaced).await?;
            let is_much = replaced.saturating_mul(MOST) > all && !self.confirmed;
            return if is_much { Ok(()) } else { self.take(sort, Which::Replaced).await };
        }
        if missing.saturating_mul(MOST) > all && !self.confirmed {
            let text = format!(
                "{missing} of {all} {} were not seen, more than a tenth. Nothing is taken away before somebody confirms it, on the page of the source (“Confirm what is gone”).",
                sort.all()
            );
            self.report.say(NoteLevel::Warning, &text);
            return Ok(());
        }
        self.take(sort, which).await
    }

    async fn take(&self, sort: Sort, which: Which) -> Result<(), Ended> {
        let (source, began, mut after) = (self.source, self.began, 0_i64);
        let deletes = which == Which::ToDelete;
        loop {
            if self.report.is_cancelled() {
                return Err(Ended::Cancelled);
            }
            let found = self.missing(sort, which, after).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = last.id;
            self.write(sort, found, move |tx, one| {
                take_away(tx, (source, sort, began), deletes, one)
            })
            .await?;
        }
    }

    /// How many were not seen, of how many that were there.
    async fn counts(&self, sort: Sort, which: Which) -> Result<(i64, i64), StoreError> {
        let (source, began) = (self.source, self.began);
        let counted = self.cx.store.read(move |sql| {
            let all = "SELECT COUNT(*) FROM ldap_entry WHERE source = $1 AND is_group = $2";
            let mut count = |statement: &str, values: Vec<SqlValue>| {
                sql.query_one(statement, &values)?.map_or(Ok(0), |row| row.get::<i64>(0))
            };
            let missing = format!("{all} AND seen < $3{}", which.condition());
            let (source, is_group) =
                (SqlValue::from(source.key()), SqlValue::from(sort.is_group()));
            let missing = count(&missing, vec![source.clone(), is_group.clone(), began.into()])?;
            Ok::<_, StoreError>((missing, count(all, vec![source, is_group])?))
        });
        counted.await
    }

    async fn missing(
        &self,
        sort: Sort,
        which: Which,
        after: i64,
    ) -> Result<Vec<Missing>, StoreError> {
        let (source, began) = (self.source, self.began);
        let found = self.cx.store.read(move |sql| {
            let statement = format!(
                "SELECT id, identifier, dn, made FROM ldap_entry \
                 WHERE source = $1 AND is_group = $2 AND seen < $3 AND id > $4{} ORDER BY id LIMIT $5",
                which.condition()
            );
            let rows = sql.query(
                &statement,
                params![source.key(), sort.is_group(), began, after, TOGETHER],
            )?;
            let read = |row: &countersign_store::Row| {
                Ok(Missing {
                    id: row.get(0)?,
                    identifier: row.get(1)?,
                    dn: row.get(2)?,
                    made: row.get(3)?,
                })
            };
            rows.iter().map(read).collect()
        });
        found.await
    }
}

fn take_away(
    tx: &mut Tx<'_>,
    (source, sort, began): (Ref<dyn Source>, Sort, Timestamp),
    deletes: bool,
    missing: &Missing,
) -> Result<Done, ApiError> {
    // Another run may have seen it in the meantime.
    let still = "SELECT 1 FROM ldap_entry WHERE id = $1 AND seen < $2";
    if tx.query_one(still, params![missing.id, began])?.is_none() {
        return Ok(Done::Unsaid);
    }
    if deletes && let Some(made) = missing.made {
        if delete(tx, (source, sort), made, &missing.identifier)? {
            tx.execute("DELETE FROM ldap_entry WHERE id = $1", params![missing.id])?;
            return Ok(Done::Deleted);
        }
        // It leads to another one now, which was here before or is an administrator's doing.
        tx.execute("UPDATE ldap_entry SET made = NULL WHERE id = $1", params![missing.id])?;
    }
    let now = tx.now();
    let noted = tx.execute(
        "UPDATE ldap_entry SET vanished = $2 WHERE id = $1 AND vanished IS NULL",
        params![missing.id, now],
    )?;
    if noted == 0 {
        return Ok(Done::Unsaid);
    }
    tx.execute("DELETE FROM ldap_member WHERE parent = $1 OR member = $1", params![missing.id])?;
    // The password here goes with what it was checked against or written to, once: an administrator
    // may set one afterwards.
    if sort == Sort::User
        && let Some((_, account)) = connected(tx, source, &missing.identifier)?
    {
        shut(tx, account)?;
    }
    Ok(Done::Left("the directory has it no more, and nobody signs in by it".to_owned()))
}

/// Deletes the account or group that a run has made, if its entry still leads to that one or to
/// none; whether it does.
fn delete(
    tx: &mut Tx<'_>,
    (source, sort): (Ref<dyn Source>, Sort),
    made: Uuid,
    identifier: &str,
) -> Result<bool, ApiError> {
    match sort {
        Sort::User => {
            let Some((_, account)) = connected(tx, source, identifier)? else { return Ok(true) };
            let user = find::<User>(tx, account)?.filter(|user| user.uuid == made);
            user.map_or(Ok(false), |user| remove(tx, &user).map(|()| true))
        }
        Sort::Group => {
            let Some(uuid) = connected_group(tx, source, identifier)? else { return Ok(true) };
            let group = find::<Group>(tx, uuid)?.filter(|group| group.uuid == made);
            group.map_or(Ok(false), |group| remove(tx, &group).map(|()| true))
        }
    }
}
