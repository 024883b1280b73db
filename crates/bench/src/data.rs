//! People and groups in any number, written as fast as the engine takes them.

use countersign_model::Secret;
use countersign_store::{Actor, SqlValue, Store, StoreError, SystemEntropy};

use crate::BenchError;

/// The password of everybody.
pub const PASSWORD: &str = "Bench-Pass-4711";

/// Rows of one statement: below the 32766 parameters of SQLite.
const ROWS: u64 = 500;
/// Statements of one transaction.
const STATEMENTS: u64 = 20;

/// The user name of a made person; names are spread so that a search finds few.
pub(crate) fn username(number: u64) -> String {
    format!("person-{number:07}")
}

/// Makes people `from..to`, each a member of one of `groups` groups, which are made when the first
/// people are.
///
/// # Errors
/// The engine refused; what earlier transactions made stays.
pub async fn fill(
    store: &Store,
    from: u64,
    to: u64,
    groups: u64,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<(), BenchError> {
    // A machine under load may take longer for so many than anybody would wait for an answer.
    let store = &store.unhurried();
    let hash =
        countersign_directory::Passwords::new().hash(&Secret::new(PASSWORD), &SystemEntropy).await;
    let hash =
        hash.map_err(|error| BenchError::Answer { operation: "hash", problem: error.to_string() })?;
    if from == 0 {
        store.write(Actor::system(), "bench: groups", move |tx| make_groups(tx, groups)).await?;
    }
    let mut next = from;
    while next < to {
        let end = to.min(next + ROWS * STATEMENTS);
        let (begin, hash) = (next, hash.clone());
        store
            .write(Actor::system(), "bench: people", move |tx| {
                let mut first = begin;
                while first < end {
                    let last = end.min(first + ROWS);
                    make_people(tx, first, last, &hash)?;
                    first = last;
                }
                let member = "INSERT INTO membership (user_id, group_uuid) SELECT u.id, g.uuid FROM users u JOIN user_group g ON g.name = u.path \
                              WHERE u.username >= $1 AND u.username <= $2";
                // The path tells the group while the rows are new; it is set right after.
                let range = [SqlValue::Text(username(begin)), SqlValue::Text(username(end - 1))];
                tx.execute(
                    "UPDATE users SET path = 'Bench ' || (id % $3) WHERE username >= $1 AND username <= $2",
                    &with(&range, i64::try_from(groups.max(1)).unwrap_or(1)),
                )?;
                tx.execute(member, &range)?;
                tx.execute("UPDATE users SET path = 'users' WHERE username >= $1 AND username <= $2", &range)?;
                Ok::<_, StoreError>(())
            })
            .await?;
        next = end;
        tell(&format!("{next} people"));
    }
    // What is measured is an installation at rest, not one that has just taken so many.
    Ok(countersign_directory::index_everybody(store).await?)
}

fn with(range: &[SqlValue; 2], number: i64) -> Vec<SqlValue> {
    range.iter().cloned().chain([SqlValue::Int(number)]).collect()
}

fn make_groups(tx: &mut countersign_store::Tx<'_>, groups: u64) -> Result<(), StoreError> {
    for number in 0..groups {
        let uuid = tx.entropy().uuid();
        let row: Vec<SqlValue> = vec![uuid.into(), format!("Bench {number}").into()];
        tx.execute("INSERT INTO user_group (uuid, name, is_superuser, parent, attributes) VALUES ($1, $2, 0, NULL, '{}')", &row)?;
    }
    Ok(())
}

fn make_people(
    tx: &mut countersign_store::Tx<'_>,
    from: u64,
    to: u64,
    hash: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    let mut values: Vec<SqlValue> = vec![hash.into(), now.into()];
    let mut rows = Vec::new();
    for number in from..to {
        let at = values.len();
        let (uuid, name) = (tx.entropy().uuid(), username(number));
        let email = format!("{name}@example.test");
        rows.push(format!(
            "(${}, ${}, ${}, ${}, ${}, ${}, $1, $2, 1, NULL, $2, 'users', 'internal', '{{}}')",
            at + 1,
            at + 2,
            at + 2,
            at + 3,
            at + 4,
            at + 4
        ));
        values.extend([
            uuid.into(),
            name.as_str().into(),
            format!("Person Number {number}").into(),
            email.into(),
        ]);
    }
    let statement = format!(
        "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, last_login, joined, path, type, attributes) VALUES {}",
        rows.join(", ")
    );
    tx.execute(&statement, &values)?;
    Ok(())
}
