//! Codes that are sent to where somebody is reached.
//!
//! Classes of devices whose codes are sent say in [`Device::SENT_TO`] which column holds the
//! address or number. Their tables have three more in common: `stage`, the stage that set the device
//! up and in whose way its codes are sent; `code`, keyed and hashed, of the code that was sent last,
//! and empty once that was used; and `code_expires`.

use countersign_model::{Entropy, Sealer};
use countersign_store::{Sql, StoreError, Tx, params};
use uuid::Uuid;

use crate::device::{Device, DeviceDef};

/// Codes are of so many digits.
const DIGITS: usize = 6;
/// Seconds between two codes to one device.
const PAUSE: i64 = 30;

/// Where the codes of a device go, and the stage that says how.
#[derive(Debug, Clone)]
pub struct Recipient {
    pub to: String,
    pub stage: Uuid,
}

/// A code to be sent.
#[must_use]
pub fn new_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    // Of 128 bits the remainder is as good as evenly spread.
    format!("{:0DIGITS$}", u128::from_le_bytes(bytes) % 1_000_000)
}

/// A code as it was typed: clients may send a number, which has lost its leading zeros.
fn typed_code(code: &str) -> String {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    if digits { format!("{code:0>DIGITS$}") } else { code }
}

/// What is kept of a code that was sent to an address or number.
#[must_use]
pub fn sealed_code(sealer: &dyn Sealer, to: &str, code: &str) -> String {
    hex::encode(sealer.mac("sent code", format!("{to}\n{}", typed_code(code)).as_bytes()))
}

impl DeviceDef {
    /// Where the codes of a device go; nowhere, where the class sends none or the device does not
    /// count.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn recipient(&self, sql: &mut Sql<'_>, id: i64) -> Result<Option<Recipient>, StoreError> {
        let Some(column) = self.sent_to else { return Ok(None) };
        let (table, proves) = (self.table, self.proves);
        let statement = format!(
            "SELECT {column}, stage FROM {table} WHERE id = $1 AND confirmed = 1 AND {proves} = 1"
        );
        let row = sql.query_one(&statement, params![id])?;
        row.map(|row| Ok(Recipient { to: row.get(0)?, stage: row.get(1)? })).transpose()
    }

    /// Keeps a new code, good for so many seconds, in the place of the one before. `false`: one has
    /// just been sent.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn renew_code(
        &self,
        tx: &mut Tx<'_>,
        id: i64,
        code: &str,
        seconds: i64,
    ) -> Result<bool, StoreError> {
        let Some(recipient) = self.recipient(tx, id)? else { return Ok(false) };
        let kept = sealed_code(tx.sealer(), &recipient.to, code);
        let ends = tx.now().plus_seconds(seconds);
        let statement = format!(
            "UPDATE {} SET code = $2, code_expires = $3 \
             WHERE id = $1 AND (code = '' OR code_expires <= $4)",
            self.table
        );
        let renewed = tx.execute(&statement, params![id, kept, ends, ends.plus_seconds(-PAUSE)])?;
        Ok(renewed > 0)
    }

    /// The code did not go out: another may be sent at once.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn forget_code(&self, tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
        let statement = format!("UPDATE {} SET code = '' WHERE id = $1", self.table);
        tx.execute(&statement, params![id]).map(|_| ())
    }
}

/// Tries a code against the devices of one class, and spends it.
pub(crate) fn verify<D: Device>(
    tx: &mut Tx<'_>,
    user: i64,
    code: &str,
) -> Result<Option<i64>, StoreError> {
    let (now, table) = (tx.now(), D::TABLE.name);
    let column = D::SENT_TO.unwrap_or("''");
    let statement = format!(
        "SELECT id, {column} FROM {table} WHERE user_id = $1 AND confirmed = 1 AND {} = 1 \
         AND code <> '' ORDER BY id",
        D::PROVES
    );
    let spend = format!(
        "UPDATE {table} SET code = '', last_used = $3, last_updated = $3 \
         WHERE id = $1 AND code = $2 AND code_expires > $3"
    );
    for row in tx.query(&statement, params![user])? {
        let (id, to) = (row.get::<i64>(0)?, row.get::<String>(1)?);
        let given = sealed_code(tx.sealer(), &to, code);
        if tx.execute(&spend, params![id, given, now])? > 0 {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_leading_zeros() {
        for (typed, code) in
            [("123456", "123456"), ("42", "000042"), ("0 0 42", "000042"), ("abc", "abc"), ("", "")]
        {
            assert_eq!(typed_code(typed), code, "{typed}");
        }
    }
}
