//! Tables: the declaration of rows that people and machines produce, as `#[derive(Table)]` makes
//! it. Lists, forms, documents, backups, expiry, `used_by` and erasure read it.

use crate::field::OnDelete;
use crate::kind::KindMeta;

/// What `#[table(..)]` declares about a struct whose fields are columns.
#[derive(Debug)]
pub struct TableMeta {
    /// The table's name in the database.
    pub name: &'static str,
    /// Names, form and path; `None` for a table that the API does not serve, as one that links two
    /// others.
    pub kind: Option<&'static KindMeta>,
    /// In the order in which rows are read and backups list them. Computed columns of the
    /// database are not among them.
    pub columns: &'static [ColumnMeta],
    /// What answers call the key, as `pk`.
    pub pk: &'static str,
    /// What "not found" calls a row.
    pub class: &'static str,
    /// Of `list create retrieve update partial_update destroy used_by`, those the API has.
    pub operations: &'static [&'static str],
    /// Everybody may call the operations and reaches the rows of the own account; who may view the
    /// model reaches all. Otherwise each operation needs the model's permission.
    pub everybody: bool,
    /// A second path, below which each account reaches its own rows alone.
    pub own: Option<&'static str>,
    /// The operations below it.
    pub own_operations: &'static [&'static str],
    /// A row in the words of the original, with columns in braces, as `Token {identifier}`.
    pub display: &'static str,
    /// SQL that rows must meet to be shown at all.
    pub only_if: Option<&'static str>,
    /// SQL that rows whose time has passed must meet to be removed.
    pub ends_if: Option<&'static str>,
    /// A table of pairs: each row links the rows that its two references name.
    pub link: bool,
    /// Which rows an export writes as a blueprint.
    pub export: Export,
    /// Fields that an export leaves out: other rows say them, or they are of this place alone.
    pub local: &'static [&'static str],
    /// Rows come back from a backup.
    pub backup: bool,
    /// More rows a second are not made for long: how many numbers a restore leaves out.
    pub a_second: i64,
}

/// Which rows of a table an export of the configuration writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// None.
    Never,
    /// Those that the configuration names; all when the table is asked for.
    Named,
    /// Every row.
    All,
}

/// The form of a column's values in both engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Microseconds since 1970.
    Time,
    /// A UUID.
    Uuid,
    /// Bytes.
    Bytes,
    /// JSON as text.
    Json,
}

/// What `#[column(..)]` declares about a field.
#[derive(Debug)]
pub struct ColumnMeta {
    /// The field's name.
    pub name: &'static str,
    /// The column's name in the database.
    pub sql: &'static str,
    /// The form of its values.
    pub kind: ColumnKind,
    /// Rows may have none.
    pub nullable: bool,
    /// Part of the primary key.
    pub key: bool,
    /// A number of the row's own, and no reference.
    pub number: bool,
    /// Names the account whose data the row is.
    pub owner: bool,
    /// The row of another table that it names.
    pub belongs_to: Option<BelongsTo>,
    /// The names by which lists filter and order by it; only the first filters. Empty when lists
    /// do not know it.
    pub listed: &'static [&'static str],
    /// Lists can be asked for the rows that have a value here.
    pub filter: bool,
    /// Lists are searched by it.
    pub search: bool,
    /// Forms and lists do not have it; a text is shown to nobody, since it may be a secret.
    pub hidden: bool,
    /// When rows end.
    pub expires: bool,
    /// Whether they end at all.
    pub expiring: bool,
    /// A column of what it belongs to by which lists filter, search and order, and its name there,
    /// as `("user__username", "username")`.
    pub through: Option<(&'static str, &'static str)>,
}

/// The row of another table that a row names.
#[derive(Debug, Clone, Copy)]
pub struct BelongsTo {
    /// The other table.
    pub table: &'static str,
    /// Its column, mostly the key.
    pub column: &'static str,
    /// What the database does when that row goes; `None` where it does not know of the reference.
    pub on_delete: Option<OnDelete>,
}

impl TableMeta {
    /// The columns of the primary key.
    pub fn keys(&self) -> impl Iterator<Item = &'static ColumnMeta> {
        self.columns.iter().filter(|column| column.key)
    }

    /// The column that is the primary key alone.
    pub fn key(&self) -> Option<&'static ColumnMeta> {
        let mut keys = self.keys();
        keys.next().filter(|_| keys.next().is_none())
    }

    /// Whether rows are numbered by a counter that never goes back.
    pub fn is_numbered(&self) -> bool {
        self.key().is_some_and(|key| key.number)
    }

    /// The column of a field.
    pub fn column(&self, name: &str) -> Option<&'static ColumnMeta> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The account whose data a row is.
    pub fn owner(&self) -> Option<&'static ColumnMeta> {
        self.columns.iter().find(|column| column.owner)
    }

    /// The columns as a statement lists them, with an alias as `t.` before each.
    pub fn select(&self, alias: &str) -> String {
        let columns = self.columns.iter().map(|column| format!("{alias}{}", column.sql));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// How the original prints a row, as SQL.
    pub fn display_sql(&self) -> String {
        let parts = self.display.split(['{', '}']).enumerate().filter(|(_, part)| !part.is_empty());
        let parts =
            parts.map(
                |(place, part)| {
                    if place % 2 == 0 { format!("'{part}'") } else { format!("t.{part}") }
                },
            );
        parts.collect::<Vec<_>>().join(" || ")
    }
}
