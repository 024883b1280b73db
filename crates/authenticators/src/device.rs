//! The family of devices.

use countersign_core::{ApiError, Call, TableResource, find};
use countersign_directory::users;
use countersign_model::{Choice, Key, KindMeta, Problem, Ref, Timestamp, directory};
use countersign_rest::{Resource, object_schema, plain, table};
use countersign_store::{Sql, SqlValue, StoreError, Tx};
use serde_json::{Map, Value};

use crate::{DuoDevice, EmailDevice, Passkey, SmsDevice, StaticDevice, TotpDevice};

/// Every class of devices.
pub static DEVICES: &[DeviceDef] = &[
    DeviceDef::of::<DuoDevice>(),
    DeviceDef::of::<EmailDevice>(),
    DeviceDef::of::<SmsDevice>(),
    DeviceDef::of::<StaticDevice>(),
    DeviceDef::of::<TotpDevice>(),
    DeviceDef::of::<Passkey>(),
];

/// The most devices of one class that one account can have, so that a sign-in looks at few.
const MOST: i64 = 20;

/// The classes of the original, in the words of its validation stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DeviceClass {
    #[choice(value = "static", label = "Static")]
    Static,
    #[choice(value = "totp", label = "TOTP")]
    Totp,
    #[choice(value = "webauthn", label = "WebAuthn")]
    Webauthn,
    #[choice(value = "duo", label = "Duo")]
    Duo,
    #[choice(value = "sms", label = "SMS")]
    Sms,
    #[choice(value = "email", label = "Email")]
    Email,
}

impl DeviceClass {
    /// As people call what they have.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            DeviceClass::Static => "recovery codes",
            DeviceClass::Totp => "authenticator app",
            DeviceClass::Webauthn => "passkey or security key",
            DeviceClass::Duo => "Duo",
            DeviceClass::Sms => "codes by text message",
            DeviceClass::Email => "codes by e-mail",
        }
    }
}

/// A class of devices: the declared table of those that people have. Every such table has the
/// columns of [`Held`]; its rules and its part of the API are those of [`device!`].
pub trait Device: Resource {
    const CLASS: DeviceClass;
    /// What [`Device::details`] adds to answers, as [`countersign_rest::object_schema`] names types.
    const DETAILS: &'static [(&'static str, &'static str)] = &[];

    /// SQL for what lists say of a device beside its name, as text.
    const REMARK: &'static str = "''";

    /// [`Device::REMARK`] in words.
    #[must_use]
    fn remark(text: &str) -> &str {
        text
    }

    /// SQL for whether it can be asked for at a sign-in, as 1 or 0.
    const PROVES: &'static str = "CAST(1 AS BIGINT)";

    /// The column of the address or number that its codes are sent to, in classes whose codes are
    /// sent. Their tables have the columns of [`crate::sent`], too.
    const SENT_TO: Option<&'static str> = None;

    /// Takes a code of a confirmed device of the account and spends it by one conditional update:
    /// of two tries with one code, at however many processes, one counts. Gives the device's
    /// number.
    ///
    /// # Errors
    /// When the engine fails.
    fn verify(tx: &mut Tx<'_>, user: i64, code: &str) -> Result<Option<i64>, StoreError>;

    /// What answers say beyond the columns, for all rows at once.
    ///
    /// # Errors
    /// When the engine fails.
    fn details(_sql: &mut Sql<'_>, rows: &[Self]) -> Result<Vec<Map<String, Value>>, StoreError> {
        Ok(vec![Map::new(); rows.len()])
    }

    /// What follows from a deletion beside its audit.
    ///
    /// # Errors
    /// When the engine fails.
    fn gone(&self, _tx: &mut Tx<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The rules that the rows of all classes keep to, and what the API asks beyond them.
macro_rules! device {
    ($device:ty) => {
        impl countersign_core::Record for $device {
            fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
                if before.is_some_and(|before| before.name != self.name) {
                    self.last_updated = tx.now();
                }
                Ok(())
            }

            fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
                if before.is_none_or(|before| self.confirmed && !before.confirmed) {
                    countersign_events::created(tx, self)?;
                }
                if before.is_none_or(|before| !before.confirmed) {
                    self.tell(tx, crate::notice::What::Added)?;
                }
                Ok(())
            }

            fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
                countersign_events::deleted(tx, self)?;
                self.tell(tx, crate::notice::What::Removed)?;
                Ok(self.gone(tx)?)
            }
        }

        impl $device {
            /// Writes to its owner, unless it counts nowhere.
            fn tell(&self, tx: &mut Tx<'_>, what: crate::notice::What) -> Result<(), StoreError> {
                if !self.confirmed {
                    return Ok(());
                }
                let owner = self.user.key().int().unwrap_or_default();
                let class = <Self as Device>::CLASS;
                crate::notice::Change::of(tx, owner, what, class, &self.name).tell(tx)
            }
        }

        impl countersign_rest::Resource for $device {
            fn answers(
                sql: &mut Sql<'_>,
                rows: &[Self],
                call: &Call,
            ) -> Result<Vec<Value>, StoreError> {
                device::answers(sql, rows, |row| row.user, call)
            }

            fn admit(
                &mut self,
                tx: &mut Tx<'_>,
                call: &Call,
                before: Option<&Self>,
            ) -> Result<(), ApiError> {
                if before.is_none() {
                    self.user = device::owner_named::<Self>(tx, call)?;
                    (self.created, self.last_updated) = (tx.now(), tx.now());
                }
                Ok(())
            }

            fn admit_removal(&self, tx: &mut Tx<'_>, call: &Call) -> Result<(), ApiError> {
                call.as_oneself(device::ACTING)?;
                countersign_accounts::require_recent_sign_in(tx, call)
            }
        }
    };
}
pub(crate) use device;

/// A class of devices, as a value.
pub struct DeviceDef {
    pub class: DeviceClass,
    pub kind: &'static KindMeta,
    pub(crate) table: &'static str,
    details: &'static [(&'static str, &'static str)],
    remark_sql: &'static str,
    remark: fn(&str) -> &str,
    pub(crate) proves: &'static str,
    pub(crate) sent_to: Option<&'static str>,
    resource: fn() -> TableResource,
    verify: fn(&mut Tx<'_>, i64, &str) -> Result<Option<i64>, StoreError>,
}

impl DeviceDef {
    const fn of<D: Device>() -> DeviceDef {
        DeviceDef {
            class: D::CLASS,
            kind: D::META,
            table: D::TABLE.name,
            details: D::DETAILS,
            remark_sql: D::REMARK,
            remark: D::remark,
            proves: D::PROVES,
            sent_to: D::SENT_TO,
            // Blueprints do not write devices: a file cannot hold what only its owner knows.
            resource: || TableResource { rows: None, ..table::<D>() },
            verify: D::verify,
        }
    }

    /// The declared table with its part of the API.
    pub(crate) fn table(&self) -> TableResource {
        (self.resource)()
    }

    /// What its answers say beyond the columns.
    pub(crate) fn schema(&self) -> (&'static str, Value) {
        let fields: Vec<_> =
            [("user", "#GroupMember")].iter().chain(self.details).copied().collect();
        (self.kind.schema, object_schema(&fields))
    }

    /// Whether its codes are sent to somewhere.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.sent_to.is_some()
    }
}

impl std::fmt::Debug for DeviceDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.model)
    }
}

/// A device that somebody has, of any class.
#[derive(Debug, Clone)]
pub struct Held {
    pub def: &'static DeviceDef,
    pub id: i64,
    pub user: i64,
    pub name: String,
    /// Its owner proved to have it. Others have a name and count nowhere.
    pub confirmed: bool,
    pub created: Timestamp,
    pub last_updated: Timestamp,
    pub last_used: Option<Timestamp>,
    /// What is said of it beside its name, as the make of a passkey.
    pub remark: String,
    /// It can be asked for at a sign-in.
    pub proves: bool,
}

/// The devices of an account, or of everybody (the first 1000), by class and number.
///
/// # Errors
/// When the engine fails.
pub fn held_by(sql: &mut Sql<'_>, user: Option<i64>) -> Result<Vec<Held>, StoreError> {
    let all = DEVICES.iter().enumerate().map(|(place, def)| {
        let only = if user.is_some() { " WHERE user_id = $1" } else { "" };
        let (table, remark, proves) = (def.table, def.remark_sql, def.proves);
        format!(
            "SELECT CAST({place} AS BIGINT) AS class, id, user_id, name, confirmed, created, last_updated, last_used, {remark} AS remark, {proves} AS proves FROM {table}{only}"
        )
    });
    let statement =
        format!("{} ORDER BY class, id LIMIT 1000", all.collect::<Vec<_>>().join(" UNION ALL "));
    let values: Vec<SqlValue> = user.map(SqlValue::from).into_iter().collect();
    let read = |row: &countersign_store::Row| {
        let place = usize::try_from(row.get::<i64>(0)?).unwrap_or(usize::MAX);
        let def = DEVICES.get(place).ok_or(StoreError::Column { column: 0 })?;
        Ok(Held {
            def,
            id: row.get(1)?,
            user: row.get(2)?,
            name: row.get(3)?,
            confirmed: row.get(4)?,
            created: row.get(5)?,
            last_updated: row.get(6)?,
            last_used: row.get(7)?,
            remark: (def.remark)(&row.get::<String>(8)?).to_owned(),
            proves: row.get(9)?,
        })
    };
    sql.query(&statement, &values)?.iter().map(read).collect()
}

/// Whether somebody has a second factor, of that class or of any.
///
/// # Errors
/// When the engine fails.
pub fn has(sql: &mut Sql<'_>, user: i64, class: Option<DeviceClass>) -> Result<bool, StoreError> {
    let fits = |held: &Held| held.confirmed && class.is_none_or(|class| class == held.def.class);
    Ok(held_by(sql, Some(user))?.iter().any(fits))
}

/// Tries a code against the confirmed devices of an account in these classes, and spends it.
///
/// # Errors
/// When the engine fails.
pub fn verify(
    tx: &mut Tx<'_>,
    user: i64,
    classes: &[DeviceClass],
    code: &str,
) -> Result<Option<Held>, StoreError> {
    for def in DEVICES.iter().filter(|def| classes.contains(&def.class)) {
        if let Some(id) = (def.verify)(tx, user, code)? {
            let mut held = held_by(tx, Some(user))?.into_iter();
            return Ok(held.find(|held| held.def.class == def.class && held.id == id));
        }
    }
    Ok(None)
}

/// Devices of one class as the API answers them, with their owners in brief.
pub(crate) fn answers<D: Device>(
    sql: &mut Sql<'_>,
    rows: &[D],
    owner: fn(&D) -> Ref<directory::User>,
    call: &Call,
) -> Result<Vec<Value>, StoreError> {
    const BRIEF: [&str; 8] =
        ["pk", "username", "name", "is_active", "last_login", "email", "attributes", "uid"];
    let owners = users::named(sql, &call.cx, rows.iter().map(|row| Some(owner(row))))?;
    let answer = |(row, details): (&D, Map<String, Value>)| {
        let mut answer = plain(row);
        answer.extend(details);
        let user = owners.get(&owner(row));
        let said = |name: &&str| Some(((*name).to_owned(), user?.get(*name)?.clone()));
        answer.insert("user".to_owned(), BRIEF.iter().filter_map(said).collect());
        Value::Object(answer)
    };
    Ok(rows.iter().zip(D::details(sql, rows)?).map(answer).collect())
}

/// Whose a device will be that an administrator names before it is set up: the account that the
/// body names, or the caller's own.
pub(crate) fn owner_named<D: Device>(
    tx: &mut Tx<'_>,
    call: &Call,
) -> Result<Ref<directory::User>, ApiError> {
    let user = match call.object()?.get("user") {
        None | Some(Value::Null) => call.user()?.pk,
        Some(given) => {
            let pk = given.as_i64().unwrap_or_default();
            let known = countersign_accounts::identity(tx, pk)?.is_some();
            let text = format!("Invalid pk \"{given}\" - object does not exist.");
            let unknown = || ApiError::field("user", Problem::new("does_not_exist", text));
            Some(pk).filter(|_| known).ok_or_else(unknown)?
        }
    };
    require_room::<D>(tx, user)?;
    Ok(Ref::new(Key::Int(user)))
}

/// Whoever acts as somebody else takes away no second factor of theirs, as they set up none.
pub(crate) const ACTING: &str =
    "You are acting as somebody else. Only they can remove a second factor of theirs.";

/// The device that an administrator has named for an account and that its owner sets up now. Where
/// none is, there must be room for one more.
pub(crate) fn named<D: Device>(tx: &mut Tx<'_>, user: i64) -> Result<Option<D>, ApiError> {
    // Somebody may have been deactivated while setting it up.
    let active = "SELECT 1 FROM users WHERE id = $1 AND is_active = 1";
    if tx.query_one(active, &[user.into()])?.is_none() {
        return Err(ApiError::object("The account is deactivated.".to_owned()));
    }
    let statement = format!(
        "SELECT id FROM {} WHERE user_id = $1 AND confirmed = 0 ORDER BY id",
        D::TABLE.name
    );
    let Some(row) = tx.query_one(&statement, &[user.into()])? else {
        require_room::<D>(tx, user)?;
        return Ok(None);
    };
    Ok(find(tx, row.get::<i64>(0)?)?)
}

fn require_room<D: Device>(tx: &mut Tx<'_>, user: i64) -> Result<(), ApiError> {
    let statement = format!("SELECT COUNT(*) FROM {} WHERE user_id = $1", D::TABLE.name);
    let count = tx.query_one(&statement, &[user.into()])?;
    let count = count.map_or(Ok(0), |row| row.get::<i64>(0))?;
    if count < MOST {
        return Ok(());
    }
    Err(ApiError::object(format!("An account has at most {MOST} of these. Delete one first.")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use countersign_model::ChoiceValue as _;

    use super::*;

    #[test]
    fn every_class_has_its_name_and_the_columns_of_all() {
        let mut classes = BTreeSet::new();
        for def in DEVICES {
            assert!(classes.insert(def.class.value()), "{def:?} is of a class that is taken");
            let (kind, table) = (def.kind, def.table());
            let path = format!("authenticators/{}", def.class.value());
            assert_eq!(table.meta.own, Some(path.as_str()), "{def:?}");
            assert_eq!(kind.path, path.replace("authenticators/", "authenticators/admin/"));
            assert!(table.rows.is_none(), "{def:?} is written by blueprints");
            let has = |sql: &&str| table.meta.columns.iter().any(|column| column.sql == *sql);
            let held =
                ["id", "user_id", "name", "confirmed", "created", "last_updated", "last_used"];
            assert_eq!(held.iter().find(|sql| !has(sql)), None, "{def:?}");
            assert!(table.meta.owner().is_some(), "{def:?} belongs to nobody");
        }
    }
}
