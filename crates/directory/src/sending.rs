//! How often something goes to one address or number, whoever asks for it: people make any number
//! of accounts and name the same address in each, and messages cost money and patience.

use countersign_model::{Table, Timestamp};
use countersign_store::{StoreError, Tx, params};
use uuid::Uuid;

/// Seconds that a message counts.
const HOUR: i64 = 3600;

/// Counts a message to this address or number. `false`: as many as this went there within the hour
/// before, and it is not to be sent.
///
/// # Errors
/// When the engine fails.
pub fn may_send(tx: &mut Tx<'_>, to: &str, most: i64) -> Result<bool, StoreError> {
    let (now, place) = (tx.now(), tx.sealer().mac("sent to", mailbox(to).as_bytes()));
    let sent = tx.query_one(
        "SELECT COUNT(*) FROM sent_message WHERE place = $1 AND expires > $2",
        params![place, now],
    )?;
    if sent.map_or(Ok(0), |row| row.get::<i64>(0))? >= most {
        return Ok(false);
    }
    let id = tx.entropy().uuid();
    tx.execute(
        "INSERT INTO sent_message (id, place, expires) VALUES ($1, $2, $3)",
        params![id, place, now.plus_seconds(HOUR)],
    )?;
    Ok(true)
}

/// One mailbox however its address is written: in capitals, or with a tag behind a plus sign.
fn mailbox(to: &str) -> String {
    let to = to.trim().to_lowercase();
    match to.rsplit_once('@') {
        Some((local, domain)) => {
            let untagged = local.split('+').next().filter(|local| !local.is_empty());
            format!("{}@{domain}", untagged.unwrap_or(local))
        }
        None => to,
    }
}

/// A message that was sent somewhere.
#[derive(Debug, Clone, Table)]
#[table(name = "sent_message", volatile)]
pub(crate) struct SentMessage {
    #[column(key)]
    id: Uuid,
    /// The address or number, keyed and hashed.
    place: [u8; 32],
    #[column(expires)]
    expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_place_however_it_is_written() {
        for (to, place) in [
            ("uma@example.org", "uma@example.org"),
            (" Uma+shop@Example.org", "uma@example.org"),
            ("uma+a+b@example.org", "uma@example.org"),
            ("+a@example.org", "+a@example.org"),
            ("+49170123", "+49170123"),
        ] {
            assert_eq!(mailbox(to), place, "{to}");
        }
    }
}
