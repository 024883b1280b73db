//! Codes from an app: time-based one-time passwords (RFC 6238).

use countersign_core::{ApiError, Call, save};
use countersign_model::{Key, Ref, Secret, Table, Timestamp, directory};
use countersign_store::{Sql, StoreError, Tx, params};
use serde_json::Value;
use totp_rs::{Algorithm, Builder, Secret as Shared};

use crate::device::{self, Device, DeviceClass, device};

/// Seconds that one code is shown for.
const STEP: i64 = 30;
/// Steps before and after the current one whose codes are taken, too (RFC 6238, section 5.2).
const TOLERANCE: u16 = 1;

/// An app that shows codes.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "authenticators/admin/totp",
    model = "authentik_stages_authenticator_totp.totpdevice",
    schema = "TOTPDevice",
    title = "TOTP Device",
    key = Int,
    lookup = "id",
    ordering = "name",
    hidden
)]
#[table(
    name = "totp_device",
    operations = "list create retrieve update partial_update destroy",
    own = "authenticators/totp",
    own_operations = "list retrieve update partial_update destroy used_by",
    display = "TOTP Device {name}"
)]
pub struct TotpDevice {
    #[column(key)]
    id: i64,
    #[field(read_only, default = Ref::new(Key::Int(0)))]
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    /// The human-readable name of this device.
    #[field(label = "Name", max_length = 64)]
    #[column(filter, search)]
    name: String,
    #[column(hidden)]
    confirmed: bool,
    #[column(hidden)]
    created: Timestamp,
    #[column(hidden)]
    last_updated: Timestamp,
    #[column(hidden)]
    last_used: Option<Timestamp>,
    /// Shared with the app, in base32 and sealed; empty before it is set up.
    #[column(hidden)]
    secret: Secret,
    #[column(hidden)]
    digits: i64,
    /// The last step whose code was taken: neither it nor one before counts again.
    #[column(hidden)]
    last_step: i64,
    /// Steps by which the app's clock was ahead of ours at the last code.
    #[column(hidden)]
    drift: i64,
}

/// A secret that an app is about to share with us.
pub struct NewTotp {
    /// In base32, as apps take it.
    pub secret: String,
    pub digits: u8,
}

impl NewTotp {
    /// A secret of 160 bits, as RFC 4226 (section 4) recommends.
    #[must_use]
    pub fn new(entropy: &dyn countersign_model::Entropy, digits: u8) -> NewTotp {
        let mut bytes = [0u8; 20];
        entropy.fill(&mut bytes);
        NewTotp { secret: Shared::new_stack(bytes).to_base32(), digits }
    }

    /// The step whose code this is, if it is one of those that are taken now.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        step_of(&self.secret, self.digits, 0, code, now)
    }

    /// Keeps the app as a device of the account, `step` being that of the code that proved it. A
    /// device that an administrator has named for the account becomes this one.
    ///
    /// # Errors
    /// When the account has too many, or the engine fails.
    pub fn enrol(&self, tx: &mut Tx<'_>, user: i64, step: i64) -> Result<(), ApiError> {
        let now = tx.now();
        let before = device::named::<TotpDevice>(tx, user)?;
        let base = before.clone().unwrap_or(TotpDevice {
            id: 0,
            user: Ref::new(Key::Int(user)),
            name: "TOTP Authenticator".to_owned(),
            confirmed: false,
            created: now,
            last_updated: now,
            last_used: None,
            secret: Secret::default(),
            digits: 0,
            last_step: 0,
            drift: 0,
        });
        let row = TotpDevice {
            confirmed: true,
            last_updated: now,
            secret: Secret::new(tx.sealer().seal(&self.secret)),
            digits: i64::from(self.digits),
            last_step: step,
            drift: step - now.seconds() / STEP,
            ..base
        };
        save(tx, row, before.as_ref()).map(|_| ())
    }
}

/// The step whose code this is, among those that an app with this drift may show now. Compared in
/// constant time.
fn step_of(secret: &str, digits: u8, drift: i64, code: &str, now: Timestamp) -> Option<i64> {
    let shared = Shared::try_from_base32(secret).ok()?;
    let rules = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(if digits == 8 { 8 } else { 6 })
        .with_secret(shared)
        .with_step_duration(u64::try_from(STEP).ok()?)
        .with_skew(TOLERANCE);
    let seconds = now.seconds().checked_add(drift.checked_mul(STEP)?)?;
    // Shorter secrets than RFC 4226 asks for may come from elsewhere.
    let step = rules.build_noncompliant().check(code, u64::try_from(seconds).ok()?)?;
    i64::try_from(step).ok()
}

impl Device for TotpDevice {
    const CLASS: DeviceClass = DeviceClass::Totp;

    fn verify(tx: &mut Tx<'_>, user: i64, code: &str) -> Result<Option<i64>, StoreError> {
        let (code, now) = (code.replace(' ', ""), tx.now());
        let rows = tx.query(
            "SELECT id, secret, digits, drift FROM totp_device WHERE user_id = $1 AND confirmed = 1 ORDER BY id",
            params![user],
        )?;
        for row in rows {
            let (id, sealed, digits, drift) =
                (row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<i64>(2)?, row.get(3)?);
            let Ok(secret) = tx.sealer().open(&sealed) else {
                return Err(StoreError::Column { column: 1 });
            };
            let digits = u8::try_from(digits).unwrap_or_default();
            let Some(step) = step_of(secret.expose(), digits, drift, &code, now) else { continue };
            let spent = tx.execute(
                "UPDATE totp_device SET last_step = $2, drift = $3, last_used = $4, last_updated = $4 \
                 WHERE id = $1 AND confirmed = 1 AND last_step < $2",
                params![id, step, step - now.seconds() / STEP, now],
            )?;
            if spent > 0 {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

device!(TotpDevice);

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, of SHA-1: the secret is the text `12345678901234567890`.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let now = Timestamp::from_seconds(seconds);
            assert_eq!(step_of(SECRET, 8, 0, code, now), Some(seconds / 30), "{seconds}");
            assert_eq!(step_of(SECRET, 6, 0, &code[2..], now), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_before_and_after_is_taken_from_where_the_app_was_last() {
        let step = 1_111_111_109 / 30;
        let at = |steps: i64| Timestamp::from_seconds((step + steps) * 30);
        for (steps, drift, taken) in [
            (0, 0, true),
            (1, 0, true),
            (-1, 0, true),
            (2, 0, false),
            (-2, 0, false),
            (2, -1, true),
            (3, -2, true),
            (-3, 2, true),
            (0, 2, false),
        ] {
            let found = step_of(SECRET, 8, drift, "07081804", at(steps));
            assert_eq!(found, taken.then_some(step), "{steps} {drift}");
        }
        for code in
            ["", "0708180", "070818040", "+7081804", "7081804", "abcdefgh", "０７０８１８０４"]
        {
            assert_eq!(step_of(SECRET, 8, 0, code, at(0)), None, "{code}");
        }
    }
}
