//! Codes by text message.

use countersign_core::{ApiError, Call, save};
use countersign_model::{Key, Ref, Sealer, Table, Timestamp, directory};
use countersign_store::{Sql, StoreError, Tx, params};
use serde_json::Value;
use uuid::Uuid;

use crate::device::{self, Device, DeviceClass, device};
use crate::sent;

/// A number that codes are sent to.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "authenticators/admin/sms",
    model = "authentik_stages_authenticator_sms.smsdevice",
    schema = "SMSDevice",
    title = "SMS Device",
    key = Int,
    lookup = "id",
    ordering = "name",
    hidden
)]
#[table(
    name = "sms_device",
    operations = "list create retrieve update partial_update destroy",
    own = "authenticators/sms",
    own_operations = "list retrieve update partial_update destroy used_by",
    display = "SMS Device {name}"
)]
pub struct SmsDevice {
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
    /// Or `hash:` and what is kept of it, where it was only checked: such a device proves nothing
    /// at a sign-in.
    #[field(label = "Phone number", read_only, default)]
    phone_number: String,
    /// The stage that set it up: its codes are sent in that stage's way.
    #[column(hidden)]
    stage: Uuid,
    /// The code that was sent last, keyed and hashed; empty when it was used.
    #[column(hidden)]
    code: String,
    #[column(hidden)]
    code_expires: Timestamp,
}

const HASHED: &str = "hash:";

/// What is kept of a number that was only checked. Keyed: there are few numbers, and whoever has a
/// plain hash finds out which it was.
fn hashed(sealer: &dyn Sealer, number: &str) -> String {
    format!("{HASHED}{}", hex::encode(sealer.mac("phone number", number.as_bytes())))
}

impl SmsDevice {
    /// A number that has proved to be the account's, by a code. With `verify_only` a hash of it is
    /// kept, so that it cannot be used again. A device that an administrator has named for the
    /// account becomes this one.
    ///
    /// # Errors
    /// When the account has too many, or the engine fails.
    pub fn enrol(
        tx: &mut Tx<'_>,
        user: i64,
        number: &str,
        stage: Uuid,
        verify_only: bool,
    ) -> Result<(), ApiError> {
        let now = tx.now();
        let before = device::named::<SmsDevice>(tx, user)?;
        let base = before.clone().unwrap_or(SmsDevice {
            id: 0,
            user: Ref::new(Key::Int(user)),
            name: "SMS Device".to_owned(),
            confirmed: false,
            created: now,
            last_updated: now,
            last_used: None,
            phone_number: String::new(),
            stage,
            code: String::new(),
            code_expires: now,
        });
        let phone_number =
            if verify_only { hashed(tx.sealer(), number) } else { number.to_owned() };
        let row = SmsDevice { confirmed: true, last_updated: now, phone_number, stage, ..base };
        save(tx, row, before.as_ref()).map(|_| ())
    }

    /// Whether a stage has set up this number already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn is_taken(tx: &mut Tx<'_>, number: &str, stage: Uuid) -> Result<bool, StoreError> {
        let hash = hashed(tx.sealer(), number);
        let statement = "SELECT 1 FROM sms_device WHERE phone_number IN ($1, $2) AND stage = $3";
        Ok(tx.query_one(statement, params![number, hash, stage])?.is_some())
    }
}

impl Device for SmsDevice {
    const CLASS: DeviceClass = DeviceClass::Sms;
    const REMARK: &'static str = "phone_number";
    const PROVES: &'static str =
        "CAST(CASE WHEN phone_number LIKE 'hash:%' THEN 0 ELSE 1 END AS BIGINT)";
    const SENT_TO: Option<&'static str> = Some("phone_number");

    fn remark(text: &str) -> &str {
        if text.starts_with(HASHED) { "checked, not used to sign in" } else { text }
    }

    fn verify(tx: &mut Tx<'_>, user: i64, code: &str) -> Result<Option<i64>, StoreError> {
        sent::verify::<Self>(tx, user, code)
    }
}

device!(SmsDevice);
