//! Recovery codes: a list to print and keep, each code good for once.

use std::collections::HashMap;

use countersign_core::{ApiError, Call, save};
use countersign_events::{Event, emit};
use countersign_model::{Entropy, Key, Ref, Sealer, Secret, Table, Timestamp, directory};
use countersign_store::{Sql, SqlValue, StoreError, Tx, one_of, params};
use serde_json::{Map, Value, json};

use crate::device::{self, Device, DeviceClass, device};

/// A list of codes.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "authenticators/admin/static",
    model = "authentik_stages_authenticator_static.staticdevice",
    schema = "StaticDevice",
    title = "Static Device",
    key = Int,
    lookup = "id",
    ordering = "name",
    hidden
)]
#[table(
    name = "static_device",
    operations = "list create retrieve update partial_update destroy",
    own = "authenticators/static",
    own_operations = "list retrieve update partial_update destroy used_by",
    display = "Static Device {name}"
)]
pub struct StaticDevice {
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
}

/// A code that was not used yet.
#[derive(Debug, Clone, Table)]
#[table(name = "static_token")]
pub(crate) struct StaticToken {
    #[column(key, belongs_to = "static_device.id", on_delete = Cascade)]
    device_id: i64,
    /// Keyed with the secret key, since a stage may ask for short codes.
    #[column(key)]
    hash: [u8; 32],
}

fn hash(sealer: &dyn Sealer, user: i64, code: &str) -> [u8; 32] {
    sealer.mac("static code", format!("{user}/{code}").as_bytes())
}

/// As many codes of that length, of letters and digits that nobody takes for one another on paper.
#[must_use]
pub fn new_codes(entropy: &dyn Entropy, count: usize, length: usize) -> Vec<String> {
    let letters = || {
        let letters =
            std::iter::from_fn(|| Some(entropy.token(length))).flat_map(String::into_bytes);
        letters.map(char::from).filter(|letter| !"0O1lI".contains(*letter))
    };
    (0..count).map(|_| letters().take(length).collect()).collect()
}

/// Keeps codes as a device of the account. A device that an administrator has named for the
/// account becomes this one.
///
/// # Errors
/// When the account has too many, or the engine fails.
pub fn enrol_codes(tx: &mut Tx<'_>, user: i64, codes: &[String]) -> Result<(), ApiError> {
    let now = tx.now();
    let before = device::named::<StaticDevice>(tx, user)?;
    let base = before.clone().unwrap_or(StaticDevice {
        id: 0,
        user: Ref::new(Key::Int(user)),
        name: "Static Token".to_owned(),
        confirmed: false,
        created: now,
        last_updated: now,
        last_used: None,
    });
    let row = StaticDevice { confirmed: true, last_updated: now, ..base };
    let device_id = save(tx, row, before.as_ref())?.id;
    for code in codes {
        let hash = hash(tx.sealer(), user, code);
        countersign_store::insert(tx, &StaticToken { device_id, hash })?;
    }
    Ok(())
}

impl Device for StaticDevice {
    const CLASS: DeviceClass = DeviceClass::Static;
    const DETAILS: &'static [(&'static str, &'static str)] =
        &[("token_set", "[#StaticDeviceToken]")];

    fn verify(tx: &mut Tx<'_>, user: i64, code: &str) -> Result<Option<i64>, StoreError> {
        let (hash, now) = (hash(tx.sealer(), user, code.trim()), tx.now());
        let found = tx.query_one(
            "SELECT d.id FROM static_token t JOIN static_device d ON d.id = t.device_id \
             WHERE t.hash = $1 AND d.user_id = $2 AND d.confirmed = 1 ORDER BY d.id",
            params![hash, user],
        )?;
        let Some(id) = found.map(|row| row.get::<i64>(0)).transpose()? else { return Ok(None) };
        let spent = tx.execute(
            "DELETE FROM static_token WHERE device_id = $1 AND hash = $2",
            params![id, hash],
        )?;
        if spent == 0 {
            return Ok(None);
        }
        tx.execute(
            "UPDATE static_device SET last_used = $2, last_updated = $2 WHERE id = $1",
            params![id, now],
        )?;
        Ok(Some(id))
    }

    /// Of codes the API tells how many are left: what is kept of them is a hash.
    fn details(sql: &mut Sql<'_>, rows: &[Self]) -> Result<Vec<Map<String, Value>>, StoreError> {
        let keys: Vec<SqlValue> = rows.iter().map(|row| row.id.into()).collect();
        let (condition, values) = one_of("device_id", 0, &keys);
        let statement = format!(
            "SELECT device_id, COUNT(*) FROM static_token WHERE {condition} GROUP BY device_id"
        );
        let mut left: HashMap<i64, i64> = HashMap::new();
        for row in sql.query(&statement, &values)? {
            left.insert(row.get(0)?, row.get(1)?);
        }
        let codes = |row: &Self| {
            let left = left.get(&row.id).copied().unwrap_or_default();
            let codes: Value = (0..left).map(|_| json!({"token": Secret::MASK})).collect();
            Map::from_iter([("token_set".to_owned(), codes)])
        };
        Ok(rows.iter().map(codes).collect())
    }

    fn gone(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let owner = self.user.key().int().unwrap_or_default();
        let owner = countersign_accounts::identity(tx, owner)?.map(|user| user.as_actor());
        let context = json!({"message": "User disabled Static OTP Tokens."});
        let app = "authentik.stages.authenticator_static.models";
        let event = Event::new("custom_static_authenticator_disable", app, context);
        emit(tx, event.concerning(owner)).map(|_| ())
    }
}

device!(StaticDevice);
