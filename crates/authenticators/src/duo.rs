//! Duo: a phone that Duo's service asks, or that shows codes which it knows.

use countersign_core::{ApiError, Call, save};
use countersign_model::{Key, Ref, Table, Timestamp, directory};
use countersign_store::{Sql, StoreError, Tx, params};
use serde_json::Value;
use uuid::Uuid;

use crate::device::{self, Device, DeviceClass, device};

/// Somebody's account at Duo.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "authenticators/admin/duo",
    model = "authentik_stages_authenticator_duo.duodevice",
    schema = "DuoDevice",
    title = "Duo Device",
    key = Int,
    lookup = "id",
    ordering = "name",
    hidden
)]
#[table(
    name = "duo_device",
    operations = "list create retrieve update partial_update destroy",
    own = "authenticators/duo",
    own_operations = "list retrieve update partial_update destroy used_by",
    display = "Duo Device {name}"
)]
pub struct DuoDevice {
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
    /// As Duo calls the account; empty before it is set up.
    #[column(hidden)]
    duo_user_id: String,
    /// The stage that set it up: its keys ask Duo.
    #[column(hidden)]
    stage: Uuid,
}

impl DuoDevice {
    /// An account at Duo that somebody has activated, or that Duo names as theirs. A device that
    /// an administrator has named for the account becomes this one.
    ///
    /// # Errors
    /// When the account has too many, or the engine fails.
    pub fn enrol(
        tx: &mut Tx<'_>,
        user: i64,
        (duo_user_id, stage): (&str, Uuid),
        name: &str,
    ) -> Result<(), ApiError> {
        let now = tx.now();
        let before = device::named::<DuoDevice>(tx, user)?;
        let base = before.clone().unwrap_or(DuoDevice {
            id: 0,
            user: Ref::new(Key::Int(user)),
            name: name.to_owned(),
            confirmed: false,
            created: now,
            last_updated: now,
            last_used: None,
            duo_user_id: String::new(),
            stage,
        });
        let duo_user_id = duo_user_id.to_owned();
        let row = DuoDevice { confirmed: true, last_updated: now, duo_user_id, stage, ..base };
        save(tx, row, before.as_ref()).map(|_| ())
    }

    /// Whether an account at Duo is a device already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn is_taken(sql: &mut Sql<'_>, duo_user_id: &str) -> Result<bool, StoreError> {
        let statement = "SELECT 1 FROM duo_device WHERE duo_user_id = $1";
        Ok(sql.query_one(statement, params![duo_user_id])?.is_some())
    }

    /// The account at Duo behind somebody's device, and the stage that set it up.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn account(
        sql: &mut Sql<'_>,
        user: i64,
        id: i64,
    ) -> Result<Option<(String, Uuid)>, StoreError> {
        let statement = "SELECT duo_user_id, stage FROM duo_device \
            WHERE id = $1 AND user_id = $2 AND confirmed = 1 AND duo_user_id <> ''";
        let row = sql.query_one(statement, params![id, user])?;
        row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }

    /// Duo has said that it is its owner. `false`: the device is gone.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn used(tx: &mut Tx<'_>, user: i64, id: i64) -> Result<bool, StoreError> {
        let now = tx.now();
        let used = tx.execute(
            "UPDATE duo_device SET last_used = $3, last_updated = $3 \
             WHERE id = $1 AND user_id = $2 AND confirmed = 1",
            params![id, user, now],
        )?;
        Ok(used > 0)
    }
}

impl Device for DuoDevice {
    const CLASS: DeviceClass = DeviceClass::Duo;

    /// Its codes are known to Duo alone.
    fn verify(_: &mut Tx<'_>, _: i64, _: &str) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }
}

device!(DuoDevice);
