//! Passkeys and security keys (Web Authentication Level 3, <https://www.w3.org/TR/webauthn-3/>).

mod ceremony;
mod challenge;
mod device_types;
#[cfg(test)]
mod tests;

use countersign_core::{ApiError, Call, find_all, save};
use countersign_model::{Key, Problem, Ref, Table, Timestamp, directory};
use countersign_store::{Sql, SqlValue, StoreError, Tx, params};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use ceremony::{
    Answered, Attachment, Authentication, Refused, Registered, Registration, RelyingParty,
    ResidentKey, Shown, UserVerification,
};
pub use challenge::Challenge;
pub(crate) use challenge::SpentChallenge;
pub use device_types::DeviceType;
pub(crate) use device_types::operations;

use crate::device::{self, Device, DeviceClass, device};

/// A passkey or security key.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "authenticators/admin/webauthn",
    model = "authentik_stages_authenticator_webauthn.webauthndevice",
    schema = "WebAuthnDevice",
    title = "WebAuthn Device",
    key = Int,
    lookup = "id",
    ordering = "name",
    hidden
)]
#[table(
    name = "webauthn_device",
    operations = "list create retrieve update partial_update destroy",
    own = "authenticators/webauthn",
    own_operations = "list retrieve update partial_update destroy used_by",
    display = "WebAuthn Device {name}"
)]
pub struct Passkey {
    #[column(key)]
    id: i64,
    #[field(read_only, default = Ref::new(Key::Int(0)))]
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    #[field(label = "Name", max_length = 200)]
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
    /// In base64url; none before it is set up.
    #[column(hidden)]
    credential_id: Option<String>,
    #[column(hidden)]
    public_key: String,
    /// How often it says that it was used; 0 where it does not count.
    #[column(hidden)]
    sign_count: i64,
    /// The host it belongs to.
    #[column(hidden)]
    rp_id: String,
    /// As text; empty before it is set up.
    #[column(hidden)]
    aaguid: String,
    #[column(hidden)]
    backup_eligible: bool,
}

impl Passkey {
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The account whose it is.
    #[must_use]
    pub fn owner(&self) -> i64 {
        self.user.key().int().unwrap_or_default()
    }

    /// Whether it is of a make that may be used where only these are.
    #[must_use]
    pub fn is_of(&self, allowed: &[DeviceType]) -> bool {
        DeviceType::is_among(allowed, self.make())
    }

    /// Its make, where it is known.
    #[must_use]
    pub fn device_type(&self) -> Option<DeviceType> {
        DeviceType::of(self.make())
    }

    fn make(&self) -> Uuid {
        Uuid::parse_str(&self.aaguid).unwrap_or_default()
    }

    /// Those of an account that count, by name.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn of(sql: &mut Sql<'_>, user: i64) -> Result<Vec<Passkey>, StoreError> {
        Self::query(sql, "user_id = $1 ORDER BY name, id", user.into())
    }

    /// The one with that identifier, whose-ever it is, if it counts.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn find(sql: &mut Sql<'_>, credential_id: &str) -> Result<Option<Passkey>, StoreError> {
        let found = Self::query(sql, "credential_id = $1", credential_id.into())?;
        Ok(found.into_iter().next())
    }

    fn query(sql: &mut Sql<'_>, which: &str, value: SqlValue) -> Result<Vec<Passkey>, StoreError> {
        let statement = format!("SELECT id FROM webauthn_device WHERE confirmed = 1 AND {which}");
        let rows = sql.query(&statement, &[value])?;
        let keys: Vec<SqlValue> = rows
            .iter()
            .map(|row| Ok(row.get::<i64>(0)?.into()))
            .collect::<Result<_, StoreError>>()?;
        find_all(sql, &keys)
    }
}

/// Why a passkey is not kept.
#[derive(Debug)]
pub enum NotKept {
    /// Its question was answered before.
    Spent,
    /// Somebody has it already, perhaps the same person.
    Known,
    Refused(ApiError),
}

impl From<StoreError> for NotKept {
    fn from(error: StoreError) -> NotKept {
        NotKept::Refused(error.into())
    }
}

impl Registered {
    /// Keeps the passkey as a device of the account. A device that an administrator has named for
    /// the account becomes this one.
    ///
    /// # Errors
    /// When it is known, or answers a question twice; when the account has too many, or the engine
    /// fails.
    pub fn enrol(&self, tx: &mut Tx<'_>, user: i64) -> Result<(), NotKept> {
        if !self.challenge.spend(tx)? {
            return Err(NotKept::Spent);
        }
        let id = &self.credential_id;
        let known = "SELECT 1 FROM webauthn_device WHERE credential_id = $1";
        if tx.query_one(known, params![id])?.is_some() {
            return Err(NotKept::Known);
        }
        let now = tx.now();
        let before = device::named::<Passkey>(tx, user).map_err(NotKept::Refused)?;
        let make = DeviceType::of(self.aaguid);
        let base = before.clone().unwrap_or(Passkey {
            id: 0,
            user: Ref::new(Key::Int(user)),
            name: make.map_or("WebAuthn Device", DeviceType::description).to_owned(),
            confirmed: false,
            created: now,
            last_updated: now,
            last_used: None,
            credential_id: None,
            public_key: String::new(),
            sign_count: 0,
            rp_id: String::new(),
            aaguid: String::new(),
            backup_eligible: false,
        });
        let row = Passkey {
            confirmed: true,
            last_updated: now,
            credential_id: Some(id.clone()),
            public_key: self.public_key.clone(),
            sign_count: self.sign_count,
            rp_id: self.rp_id.clone(),
            aaguid: self.aaguid.to_string(),
            backup_eligible: self.backup_eligible,
            ..base
        };
        save(tx, row, before.as_ref()).map_err(NotKept::Refused)?;
        Ok(())
    }
}

impl Shown {
    /// Takes the answer, so that it counts once: of two that say the same, at however many
    /// processes, and of a passkey and its copy, one. `false`: it does not count.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn spend(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        if !self.challenge.spend(tx)? {
            return Ok(false);
        }
        let now = tx.now();
        let spent = tx.execute(
            "UPDATE webauthn_device SET sign_count = $2, last_used = $3, last_updated = $3 \
             WHERE id = $1 AND confirmed = 1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))",
            params![self.id, self.sign_count, now],
        )?;
        Ok(spent > 0)
    }
}

impl Device for Passkey {
    const CLASS: DeviceClass = DeviceClass::Webauthn;
    const DETAILS: &'static [(&'static str, &'static str)] =
        &[("created_on", "time"), ("device_type", "#WebAuthnDeviceType?"), ("aaguid", "string")];
    const REMARK: &'static str = "aaguid";

    fn remark(aaguid: &str) -> &str {
        let make = Uuid::parse_str(aaguid).ok().and_then(DeviceType::of);
        make.map_or("", DeviceType::description)
    }

    /// None has a code that can be typed.
    fn verify(_tx: &mut Tx<'_>, _user: i64, _code: &str) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }

    fn details(_sql: &mut Sql<'_>, rows: &[Self]) -> Result<Vec<Map<String, Value>>, StoreError> {
        let one = |row: &Self| {
            Map::from_iter([
                ("created_on".to_owned(), row.created.iso().into()),
                (
                    "device_type".to_owned(),
                    row.device_type().map_or(Value::Null, DeviceType::to_object),
                ),
                ("aaguid".to_owned(), row.aaguid.as_str().into()),
            ])
        };
        Ok(rows.iter().map(one).collect())
    }
}

device!(Passkey);

/// A passkey that somebody has already, as its page says it.
#[must_use]
pub fn already_known() -> Problem {
    Problem::new("invalid", "Credential ID already exists.")
}
