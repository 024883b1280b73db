//! Codes by e-mail.

use countersign_core::{ApiError, Call, save};
use countersign_model::{Key, Ref, Table, Timestamp, directory};
use countersign_store::{Sql, StoreError, Tx, params};
use serde_json::Value;
use uuid::Uuid;

use crate::device::{self, Device, DeviceClass, device};
use crate::sent;

/// An address that codes are sent to.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "authenticators/admin/email",
    model = "authentik_stages_authenticator_email.emaildevice",
    schema = "EmailDevice",
    title = "Email Device",
    key = Int,
    lookup = "id",
    ordering = "name",
    hidden
)]
#[table(
    name = "email_device",
    operations = "list create retrieve update partial_update destroy",
    own = "authenticators/email",
    own_operations = "list retrieve update partial_update destroy used_by",
    display = "Email Device {name}"
)]
pub struct EmailDevice {
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
    #[field(label = "Email", read_only, default)]
    email: String,
    /// The stage that set it up: its codes are sent in that stage's way.
    #[column(hidden)]
    stage: Uuid,
    /// The code that was sent last, keyed and hashed; empty when it was used.
    #[column(hidden)]
    code: String,
    #[column(hidden)]
    code_expires: Timestamp,
}

impl EmailDevice {
    /// An address that has proved to be the account's, by a code. A device that an administrator
    /// has named for the account becomes this one.
    ///
    /// # Errors
    /// When the account has too many, or the engine fails.
    pub fn enrol(tx: &mut Tx<'_>, user: i64, email: &str, stage: Uuid) -> Result<(), ApiError> {
        let now = tx.now();
        let before = device::named::<EmailDevice>(tx, user)?;
        let base = before.clone().unwrap_or(EmailDevice {
            id: 0,
            user: Ref::new(Key::Int(user)),
            name: "Email Device".to_owned(),
            confirmed: false,
            created: now,
            last_updated: now,
            last_used: None,
            email: String::new(),
            stage,
            code: String::new(),
            code_expires: now,
        });
        let email = email.to_owned();
        let row = EmailDevice { confirmed: true, last_updated: now, email, stage, ..base };
        save(tx, row, before.as_ref()).map(|_| ())
    }

    /// Whether a stage has set up this address already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn is_taken(sql: &mut Sql<'_>, email: &str, stage: Uuid) -> Result<bool, StoreError> {
        let statement = "SELECT 1 FROM email_device WHERE email = $1 AND stage = $2";
        Ok(sql.query_one(statement, params![email, stage])?.is_some())
    }
}

impl Device for EmailDevice {
    const CLASS: DeviceClass = DeviceClass::Email;
    const REMARK: &'static str = "email";
    const SENT_TO: Option<&'static str> = Some("email");

    fn verify(tx: &mut Tx<'_>, user: i64, code: &str) -> Result<Option<i64>, StoreError> {
        sent::verify::<Self>(tx, user, code)
    }
}

device!(EmailDevice);
