//! What the directory has no more. Only a whole listing without a fault shows it, and much of it at
//! once is rather a mistake, of a filter or of a right, than so many people who left.

use countersign_core::{ApiError, NoteLevel, find, remove};
use countersign_directory::groups::Group;
use countersign_directory::users::{User, expire_password};
use countersign_model::{Ref, Timestamp};
use countersign_sources::{Source, connected};
use countersign_store::{SqlValue, StoreError, Tx, params, sha256};

use super::groups::connected as connected_group;
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
    made: bool,
    password_copy: Option<String>,
}

impl Written for Missing {
    fn name(&self) -> String {
        self.dn.clone()
    }
}

impl Copying {
    pub(super) async fn gone(&self, sort: Sort) -> Result<(), Ended> {
        let (deletes, source, began) =
            (self.settings.delete_not_found_objects, self.source, self.began);
        let (missing, all) = self.counts(sort).await?;
        if missing == 0 {
            return Ok(());
        }
        if !self.report.is_complete() {
            let text = format!(
                "{missing} {} were not seen. Nothing is taken away: not everything could be copied, so this is no proof that they are gone.",
                sort.all()
            );
            self.report.say(NoteLevel::Warning, &text);
            return Ok(());
        }
        if missing.saturating_mul(MOST) > all && !self.confirmed {
            let text = format!(
                "{missing} of {all} {} were not seen, more than a tenth. Nothing is taken away before somebody confirms it, on the page of the source (“Confirm what is gone”).",
                sort.all()
            );
            self.report.say(NoteLevel::Warning, &text);
            return Ok(());
        }
        let mut after = 0_i64;
        loop {
            if self.report.is_cancelled() {
                return Err(Ended::Cancelled);
            }
            let found = self.missing(sort, after).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = last.id;
            self.write(sort, found, move |tx, one| {
                take_away(tx, (source, sort, began), deletes, one)
            })
            .await?;
        }
    }

    /// How many were not seen, of how many that were there.
    async fn counts(&self, sort: Sort) -> Result<(i64, i64), StoreError> {
        let (source, began, deletes) =
            (self.source, self.began, self.settings.delete_not_found_objects);
        let counted = self.cx.store.read(move |sql| {
            let all = "SELECT COUNT(*) FROM ldap_entry WHERE source = $1 AND is_group = $2";
            let mut count = |statement: &str, values: Vec<SqlValue>| {
                sql.query_one(statement, &values)?.map_or(Ok(0), |row| row.get::<i64>(0))
            };
            let missing = format!("{all} AND seen < $3{}", unless_known(deletes));
            let (source, is_group) =
                (SqlValue::from(source.key()), SqlValue::from(sort.is_group()));
            let missing = count(&missing, vec![source.clone(), is_group.clone(), began.into()])?;
            Ok::<_, StoreError>((missing, count(all, vec![source, is_group])?))
        });
        counted.await
    }

    async fn missing(&self, sort: Sort, after: i64) -> Result<Vec<Missing>, StoreError> {
        let (source, began, deletes) =
            (self.source, self.began, self.settings.delete_not_found_objects);
        let found = self.cx.store.read(move |sql| {
            let statement = format!(
                "SELECT id, identifier, dn, made, password_copy FROM ldap_entry \
                 WHERE source = $1 AND is_group = $2 AND seen < $3 AND id > $4{} ORDER BY id LIMIT $5",
                unless_known(deletes)
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
                    password_copy: row.get(4)?,
                })
            };
            rows.iter().map(read).collect()
        });
        found.await
    }
}

/// What is known to be gone is looked at again where it is to be deleted.
const fn unless_known(deletes: bool) -> &'static str {
    if deletes { "" } else { " AND vanished IS NULL" }
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
    if deletes && missing.made {
        match sort {
            Sort::User => {
                let account = connected(tx, source, &missing.identifier)?;
                if let Some((_, account)) = account
                    && let Some(user) = find::<User>(tx, account)?
                {
                    remove(tx, &user)?;
                }
            }
            Sort::Group => {
                let group = connected_group(tx, source, &missing.identifier)?;
                if let Some(uuid) = group
                    && let Some(group) = find::<Group>(tx, uuid)?
                {
                    remove(tx, &group)?;
                }
            }
        }
        tx.execute("DELETE FROM ldap_entry WHERE id = $1", params![missing.id])?;
        return Ok(Done::Deleted);
    }
    let now = tx.now();
    let noted = tx.execute(
        "UPDATE ldap_entry SET vanished = $2, password_copy = NULL WHERE id = $1 AND vanished IS NULL",
        params![missing.id, now],
    )?;
    if noted == 0 {
        return Ok(Done::Unsaid);
    }
    tx.execute("DELETE FROM ldap_member WHERE parent = $1 OR member = $1", params![missing.id])?;
    if sort == Sort::User {
        forget_copy(tx, source, missing)?;
    }
    Ok(Done::Left("the directory has it no more, and nobody signs in by it".to_owned()))
}

/// The password that was kept of a sign-in goes with what it was checked against.
fn forget_copy(
    tx: &mut Tx<'_>,
    source: Ref<dyn Source>,
    missing: &Missing,
) -> Result<(), ApiError> {
    let (Some(copy), Some((_, account))) =
        (&missing.password_copy, connected(tx, source, &missing.identifier)?)
    else {
        return Ok(());
    };
    let row = tx.query_one("SELECT password FROM users WHERE id = $1", params![account])?;
    let stored = row.map(|row| row.get::<String>(0)).transpose()?.unwrap_or_default();
    if hex::encode(sha256(&stored)) == *copy {
        expire_password(tx, account)?;
    }
    Ok(())
}
