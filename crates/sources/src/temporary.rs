//! Accounts of people whom the other side names anew each time: there as long as they are signed in,
//! and a while at most.

use countersign_directory::{audit_account, username};
use countersign_store::{ActorUser, Sql, StoreError, Tx, params};
use serde_json::json;

use crate::arrival::{Arrival, Refusal, SOURCES_ATTRIBUTE, Unsettled};
use crate::connection::connected;
use crate::source::usable;

/// As long as names of accounts may be.
const LONGEST_NAME: usize = 150;

/// Makes the account, for so many seconds, and connects it.
///
/// # Errors
/// [`Refusal`].
pub fn make(tx: &mut Tx<'_>, arrival: &Arrival, seconds: i64) -> Result<i64, Unsettled> {
    // Whoever it was connected with meanwhile, no policy has let in.
    if connected(tx, arrival.source, &arrival.identifier)?.is_some() {
        return Err(Refusal::Elsewhere.into());
    }
    let graph = tx.graph().snapshot().clone();
    let source = usable(&graph, arrival.source).ok_or(Refusal::Gone)?;
    let name = arrival.identifier.as_str();
    let fold = username::fold(name);
    if name.chars().count() > LONGEST_NAME || is_taken(tx, &fold)? {
        return Err(Refusal::Name.into());
    }
    let (now, uuid) = (tx.now(), tx.entropy().uuid());
    let unusable = format!("!{}", tx.entropy().token(40));
    let attributes = json!({
        "goauthentik.io/user/generated": true,
        "goauthentik.io/user/delete-on-logout": true,
        "goauthentik.io/user/expires": now.plus_seconds(seconds).seconds(),
        SOURCES_ATTRIBUTE: [source.shared().name],
    });
    let path = source.shared().user_path();
    let row = tx.query_one(
        "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
         VALUES ($1, $2, $3, $2, '', '', $4, $5, 1, $5, $6, 'internal', $7) RETURNING id",
        params![uuid, name, fold, unusable, now, path, attributes],
    )?;
    let row = row.ok_or_else(|| StoreError::Database("an account was not made".to_owned()))?;
    let pk = row.get(0)?;
    let about = ActorUser { pk, username: name.to_owned(), email: String::new() };
    audit_account(tx, "model_created", &about, None)?;
    arrival.connect(tx, pk)?;
    Ok(pk)
}

fn is_taken(sql: &mut Sql<'_>, fold: &str) -> Result<bool, StoreError> {
    let taken = "SELECT 1 FROM users WHERE username_fold = $1";
    Ok(sql.query_one(taken, params![fold])?.is_some())
}
