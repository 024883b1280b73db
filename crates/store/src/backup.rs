//! Backups: everything kept, read in one transaction, compressed and encrypted with a passphrase;
//! and the way back, into an empty database of either engine.
//!
//! A backup is a line of text (`countersign-backup 1`, salt, rounds), then chunks of AES-256-GCM
//! under a key made of the passphrase. Each chunk is bound to its place and the last one says so: a
//! file that was cut, reordered or changed does not open. Inside is gzip of JSON lines: a header,
//! then for each table its name, its columns and its rows; then uploaded files (`backup_files`).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZeroU32;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_model::{Entropy, Registry, Secret, TableMeta, Timestamp};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::backup_files::{self, FILE};
use crate::error::StoreError;
use crate::keys;
use crate::migrate;
use crate::numbers;
use crate::params;
use crate::sql::{Row, Sql, SqlValue};
use crate::tx::Tx;

/// The store's own tables with their columns.
const OWN: [(&str, &str); 4] = [
    ("object", "space, key, model, format, revision, data"),
    ("change", "revision, at, actor, reason, edits"),
    ("graph", "id, revision"),
    ("fact", "name, value"),
];

/// A table that backups hold.
struct Kept {
    name: &'static str,
    columns: Vec<&'static str>,
}

/// The store's own tables, then those that modules declare, parents before children.
fn kept(registry: &Registry) -> Vec<Kept> {
    let own =
        OWN.iter().map(|(name, columns)| Kept { name, columns: columns.split(", ").collect() });
    let mut kept: Vec<Kept> = own.collect();
    let mut waiting: Vec<&TableMeta> = registry.tables().filter(|table| table.backup).collect();
    while !waiting.is_empty() {
        let waits = |table: &TableMeta| {
            let mut parents = table.columns.iter().filter_map(|column| column.belongs_to);
            parents.any(|parent| {
                parent.table != table.name && waiting.iter().any(|other| other.name == parent.table)
            })
        };
        let (blocked, ready): (Vec<&TableMeta>, Vec<&TableMeta>) =
            waiting.iter().copied().partition(|table| waits(table));
        // Tables that belong to each other in a circle come as they are declared.
        let next = if ready.is_empty() { blocked.clone() } else { ready };
        waiting.retain(|table| !next.iter().any(|taken| taken.name == table.name));
        kept.extend(next.into_iter().map(|table| Kept {
            name: table.name,
            columns: table.columns.iter().map(|column| column.sql).collect(),
        }));
    }
    kept
}

/// Written like a table: how far the counters of the tables are.
const NUMBERS: &str = "highest_number";

const MAGIC: &str = "countersign-backup 1";
/// OWASP's number for PBKDF2 with SHA-256.
const ROUNDS: u32 = 600_000;
const CHUNK: usize = 64 * 1024;
/// Rows read at once; memory stays bounded however many there are.
const ROWS: usize = 5000;

/// What a backup says of itself, readable with the passphrase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupHeader {
    /// The program that wrote it.
    pub version: String,
    /// The number of the tables' form.
    pub schema: i64,
    /// Microseconds UTC.
    pub at: i64,
    /// What the stored secrets in it are sealed with.
    pub secret_key: String,
    /// That key, sealed with the administrator's, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_key: Option<String>,
}

impl BackupHeader {
    /// Whether an installation that is given this key can work with the backup.
    pub fn fits(&self, given: &Secret) -> bool {
        keys::fits(given, &self.secret_key, self.sealed_key.as_deref())
    }
}

/// Why a backup is not written or not restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// It does not begin as a backup does.
    #[error("the file is not a backup of Countersign")]
    NotABackup,
    /// It cannot be opened.
    #[error("the passphrase is wrong, or the file was changed, cut or added to")]
    Sealed,
    /// There is something in the database already.
    #[error("the database is not empty: restore into a new data folder or an empty database")]
    NotEmpty,
    /// A newer version of the program made it.
    #[error(
        "the backup was made by a newer version (tables {found}, this program knows {known}): use that version"
    )]
    Newer {
        /// The number of its tables.
        found: i64,
        /// The last number that this program knows.
        known: i64,
    },
    /// It opens, and what is in it makes no sense.
    #[error("the backup cannot be read: {0}")]
    Damaged(String),
    /// The file cannot be read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The database cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a backup of all tables as they are in the transaction of `sql`, made by a version at a
/// time, and of the files below the folder of uploads, if there is one; gives the number of rows.
///
/// # Errors
/// When the engine fails or the output cannot be written.
pub fn write_backup(
    sql: &mut Sql<'_>,
    registry: &Registry,
    out: impl Write,
    passphrase: &Secret,
    secret_key: &Secret,
    (version, now, uploads): (&str, Timestamp, Option<&Path>),
    entropy: &dyn Entropy,
) -> Result<u64, BackupError> {
    let mut lines =
        GzEncoder::new(SealedWriter::new(out, passphrase, entropy)?, Compression::fast());
    let header = BackupHeader {
        version: version.to_owned(),
        schema: migrate::known(),
        at: now.0,
        secret_key: secret_key.expose().to_owned(),
        sealed_key: keys::sealed(sql)?,
    };
    writeln!(
        lines,
        "{}",
        serde_json::to_string(&header).map_err(|e| BackupError::Damaged(e.to_string()))?
    )?;
    let mut count = 0;
    for Kept { name: table, columns } in kept(registry) {
        writeln!(lines, "{}", json!({"table": table, "columns": columns}))?;
        let first_two = columns.iter().take(2).copied().collect::<Vec<_>>().join(", ");
        let columns = columns.join(", ");
        let statement =
            format!("SELECT {columns} FROM {table} ORDER BY {first_two} LIMIT $1 OFFSET $2");
        for offset in (0_i64..).step_by(ROWS) {
            let rows =
                sql.query(&statement, params![i64::try_from(ROWS).unwrap_or(i64::MAX), offset])?;
            for row in &rows {
                writeln!(lines, "{}", to_json(row))?;
                count += 1;
            }
            if rows.len() < ROWS {
                break;
            }
        }
    }
    writeln!(lines, "{}", json!({"table": NUMBERS, "columns": ["name", "number"]}))?;
    for (name, number) in numbers::given(sql, registry)? {
        writeln!(lines, "{}", json!([name, number]))?;
    }
    if let Some(uploads) = uploads {
        backup_files::write(&mut lines, uploads)?;
    }
    lines.finish()?.finish()?;
    Ok(count)
}

/// Reads what a backup says of itself, which needs the passphrase.
///
/// # Errors
/// A file that is no backup, or another passphrase.
pub fn read_header(input: impl Read, passphrase: &Secret) -> Result<BackupHeader, BackupError> {
    open(input, passphrase).map(|(header, _)| header)
}

/// Fills an empty database with a backup; gives the number of rows. The whole file is checked
/// before the transaction can commit.
///
/// # Errors
/// A database that is not empty, a file that does not open, or what the engine says. Then nothing
/// was written.
pub fn restore_backup(
    tx: &mut Tx<'_>,
    input: impl Read,
    passphrase: &Secret,
) -> Result<u64, BackupError> {
    let (header, mut lines) = open(input, passphrase)?;
    if header.schema > migrate::known() {
        return Err(BackupError::Newer { found: header.schema, known: migrate::known() });
    }
    if !is_empty(tx)? {
        return Err(BackupError::NotEmpty);
    }
    tx.execute("DELETE FROM fact", params![])?;
    tx.execute("DELETE FROM graph", params![])?;
    let known = kept(tx.registry());
    let (mut table, mut insert) = (None, None);
    let (mut count, mut numbers, mut in_numbers, mut in_files) = (0, Vec::new(), false, false);
    for line in lines.by_ref().lines() {
        let line = line.map_err(broken)?;
        match serde_json::from_str(&line).map_err(|e| BackupError::Damaged(e.to_string()))? {
            // Files are put back apart from the tables.
            Value::Object(begin) if begin.contains_key(FILE) => in_files = true,
            Value::Array(_) if in_files => {}
            Value::Object(begin) => {
                let name = begin.get("table").and_then(Value::as_str).unwrap_or_default();
                in_numbers = name == NUMBERS;
                if in_numbers {
                    continue;
                }
                let found = known
                    .iter()
                    .find(|table| table.name == name)
                    .ok_or_else(|| BackupError::Damaged(format!("unknown table {name}")))?;
                let named = begin.get("columns").and_then(Value::as_array);
                insert = named
                    .map(|named| {
                        Ok::<_, BackupError>(insertion(found.name, &known_columns(found, named)?))
                    })
                    .transpose()?;
                table = Some(found);
            }
            Value::Array(values) if in_numbers => match values.as_slice() {
                [Value::String(name), Value::Number(number)] => {
                    numbers.push((name.clone(), number.as_i64().unwrap_or(0)));
                }
                _ => return Err(BackupError::Damaged("a number of no known form".to_owned())),
            },
            Value::Array(values) => {
                let Kept { name: table, columns } = table
                    .ok_or_else(|| BackupError::Damaged("a row without a table".to_owned()))?;
                // The oldest backups name no columns: they have the first of these, since new ones
                // are declared last.
                let (statement, width) = insert.get_or_insert_with(|| {
                    insertion(table, columns.get(..values.len()).unwrap_or_default())
                });
                if values.len() != *width {
                    return Err(BackupError::Damaged(format!(
                        "a row of {table} with {} values instead of {width}",
                        values.len()
                    )));
                }
                let values = values.iter().map(from_json).collect::<Option<Vec<_>>>();
                tx.execute(
                    statement,
                    &values.ok_or_else(|| {
                        BackupError::Damaged("a value of no known form".to_owned())
                    })?,
                )?;
                count += 1;
            }
            _ => return Err(BackupError::Damaged("a line of no known form".to_owned())),
        }
    }
    if header.schema < migrate::EVENTS_COUNTED {
        tx.execute("INSERT INTO fact (name, value) VALUES ('event count', 'unsigned')", params![])?;
    }
    lines.into_inner().into_inner().end().map_err(broken)?;
    let (registry, now) = (tx.registry(), tx.now());
    numbers::continue_after(tx, registry, &numbers, Timestamp(header.at), now)?;
    Ok(count)
}

/// Whether nothing was put into the tables yet.
fn is_empty(sql: &mut Sql<'_>) -> Result<bool, StoreError> {
    for table in ["object", "users", "user_group", "change"] {
        if sql.query_one(&format!("SELECT 1 FROM {table} LIMIT 1"), params![])?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes the database of a data folder if there is nothing in it, as a restore that was stopped
/// leaves it; whether the folder has none now. Nobody else may use it.
///
/// # Errors
/// A file that cannot be read or removed, or is no database.
pub fn remove_if_empty(folder: &Path) -> Result<bool, StoreError> {
    let path = folder.join("countersign.db");
    let connection = rusqlite::Connection::open(&path)?;
    if migrate::found(&connection)? > 0 && !is_empty(&mut Sql::embedded(&connection))? {
        return Ok(false);
    }
    drop(connection);
    for name in ["countersign.db-wal", "countersign.db-shm", "countersign.db"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::DataFolder {
                    path: folder.display().to_string(),
                    problem: error.to_string(),
                });
            }
            _ => {}
        }
    }
    Ok(true)
}

/// The columns a backup names; those that came later take their defaults.
fn known_columns(table: &Kept, named: &[Value]) -> Result<Vec<&'static str>, BackupError> {
    let known =
        |name: &Value| table.columns.iter().copied().find(|column| name.as_str() == Some(column));
    named
        .iter()
        .map(known)
        .collect::<Option<_>>()
        .ok_or_else(|| BackupError::Damaged(format!("unknown columns of {}", table.name)))
}

/// The statement for a row of these columns, and how many they are.
fn insertion(table: &str, columns: &[&str]) -> (String, usize) {
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    (
        format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), marks.join(", ")),
        columns.len(),
    )
}

/// Every column of a backup, as `table.column`.
pub fn backed_up_columns(registry: &Registry) -> impl Iterator<Item = String> {
    kept(registry).into_iter().flat_map(|table| {
        table.columns.into_iter().map(move |column| format!("{}.{column}", table.name))
    })
}

/// The lines of an opened backup.
pub(crate) type Lines<R> = BufReader<GzDecoder<SealedReader<R>>>;

pub(crate) fn open<R: Read>(
    input: R,
    passphrase: &Secret,
) -> Result<(BackupHeader, Lines<R>), BackupError> {
    let mut lines = BufReader::new(GzDecoder::new(SealedReader::new(input, passphrase)?));
    let mut first = String::new();
    lines.read_line(&mut first).map_err(broken)?;
    let header = serde_json::from_str(&first).map_err(|e| BackupError::Damaged(e.to_string()))?;
    Ok((header, lines))
}

/// Errors from below the compression: mostly that a chunk did not open.
pub(crate) fn broken(error: io::Error) -> BackupError {
    if error.kind() == io::ErrorKind::InvalidData {
        BackupError::Sealed
    } else {
        BackupError::File(error)
    }
}

fn to_json(row: &Row) -> Value {
    let value = |v: &SqlValue| match v {
        SqlValue::Null => Value::Null,
        SqlValue::Int(n) => Value::from(*n),
        SqlValue::Text(t) => Value::from(t.as_str()),
        SqlValue::Bytes(b) => json!({"b": STANDARD.encode(b)}),
    };
    row.values().map(value).collect()
}

fn from_json(value: &Value) -> Option<SqlValue> {
    Some(match value {
        Value::Null => SqlValue::Null,
        Value::Number(n) => SqlValue::Int(n.as_i64()?),
        Value::String(t) => SqlValue::Text(storable(t)),
        Value::Object(map) => SqlValue::Bytes(STANDARD.decode(map.get("b")?.as_str()?).ok()?),
        Value::Bool(_) | Value::Array(_) => return None,
    })
}

/// A text without U+0000, written as it is or as an escape in JSON: one engine keeps it, the other
/// does not. U+FFFD takes its place.
fn storable(text: &str) -> String {
    const ESCAPE: &str = "\\u0000";
    let text = text.replace('\0', "\u{fffd}");
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if !text.contains(ESCAPE) || !is_json() {
        return text;
    }
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some((before, after)) = rest.split_once('\\') {
        clean.push_str(before);
        if let Some(after) = after.strip_prefix("u0000") {
            clean.push('\u{fffd}');
            rest = after;
            continue;
        }
        // What is escaped goes along: a backslash may be, too.
        let mut signs = after.chars();
        clean.push('\\');
        clean.extend(signs.next());
        rest = signs.as_str();
    }
    clean.push_str(rest);
    clean
}

fn key(passphrase: &Secret, salt: &[u8], rounds: u32) -> Option<RandomizedNonceKey> {
    let mut key = [0u8; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        NonZeroU32::new(rounds)?,
        salt,
        passphrase.expose().as_bytes(),
        &mut key,
    );
    RandomizedNonceKey::new(&AES_256_GCM, &key).ok()
}

/// What a chunk is bound to: its number, and whether it is the last.
fn place(number: u64, last: bool) -> [u8; 9] {
    let mut place = [0u8; 9];
    let (count, end) = place.split_at_mut(8);
    count.copy_from_slice(&number.to_be_bytes());
    end.fill(u8::from(last));
    place
}

struct SealedWriter<W: Write> {
    out: W,
    key: RandomizedNonceKey,
    number: u64,
    pending: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    fn new(mut out: W, passphrase: &Secret, entropy: &dyn Entropy) -> Result<Self, BackupError> {
        let mut salt = [0u8; 16];
        entropy.fill(&mut salt);
        writeln!(out, "{MAGIC} {} {ROUNDS}", STANDARD.encode(salt))?;
        let key = key(passphrase, &salt, ROUNDS).ok_or(BackupError::Sealed)?;
        Ok(SealedWriter { out, key, number: 0, pending: Vec::with_capacity(CHUNK) })
    }

    fn chunk(&mut self, last: bool) -> io::Result<()> {
        let mut data = std::mem::take(&mut self.pending);
        let sealed =
            self.key.seal_in_place_append_tag(Aad::from(place(self.number, last)), &mut data);
        let nonce = sealed.map_err(|_| io::Error::other("the crypto library refused"))?;
        let length = u32::try_from(data.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&[u8::from(last)])?;
        self.out.write_all(nonce.as_ref())?;
        self.out.write_all(&data)?;
        self.number += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.chunk(true)?;
        self.out.flush()
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK - self.pending.len();
        let taken = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        self.pending.extend_from_slice(taken);
        if self.pending.len() == CHUNK {
            self.chunk(false)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct SealedReader<R: Read> {
    input: BufReader<R>,
    key: RandomizedNonceKey,
    number: u64,
    ready: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl<R: Read> SealedReader<R> {
    fn new(input: R, passphrase: &Secret) -> Result<Self, BackupError> {
        let mut input = BufReader::new(input);
        let mut first = Vec::new();
        input.by_ref().take(200).read_until(b'\n', &mut first)?;
        let text = String::from_utf8(first).map_err(|_| BackupError::NotABackup)?;
        let mut parts =
            text.trim_end().strip_prefix(MAGIC).ok_or(BackupError::NotABackup)?.split_whitespace();
        let salt =
            parts.next().and_then(|s| STANDARD.decode(s).ok()).ok_or(BackupError::NotABackup)?;
        let rounds: u32 = parts
            .next()
            .and_then(|r| r.parse().ok())
            .filter(|r| *r <= 10_000_000)
            .ok_or(BackupError::NotABackup)?;
        let key = key(passphrase, &salt, rounds).ok_or(BackupError::NotABackup)?;
        Ok(SealedReader { input, key, number: 0, ready: io::Cursor::default(), ended: false })
    }

    fn chunk(&mut self) -> io::Result<()> {
        let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
        let mut head = [0u8; 17];
        self.input.read_exact(&mut head).map_err(invalid)?;
        let (length, rest) = head.split_at(4);
        let (last, nonce) = rest.split_at(1);
        let length = length.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        if length > CHUNK + 16 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut data = vec![0u8; length];
        self.input.read_exact(&mut data).map_err(invalid)?;
        let last = last == [1];
        let nonce = Nonce::try_assume_unique_for_key(nonce)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let plain = self.key.open_in_place(nonce, Aad::from(place(self.number, last)), &mut data);
        let plain = plain.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.ready = io::Cursor::new(plain.to_vec());
        self.number += 1;
        self.ended = last;
        Ok(())
    }
}

impl<R: Read> SealedReader<R> {
    /// Reads on to the end, which has to be that of the last chunk.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        while !self.ended {
            self.chunk()?;
        }
        match self.input.read(&mut [0u8])? {
            0 => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.ready.read(out)?;
            if read > 0 || self.ended || out.is_empty() {
                return Ok(read);
            }
            self.chunk()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_characters_of_one_engine_are_replaced_for_the_other() {
        for (text, clean) in [
            ("a\0b", "a\u{fffd}b"),
            (
                r#"{"a\u0000":["\u0000\n","\\u0000"]}"#,
                "{\"a\u{fffd}\":[\"\u{fffd}\\n\",\"\\\\u0000\"]}",
            ),
            (r#"{"a":"\\\u0000"}"#, "{\"a\":\"\\\\\u{fffd}\"}"),
            (r"no JSON: \u0000", r"no JSON: \u0000"),
            ("", ""),
        ] {
            assert_eq!(storable(text), clean, "{text}");
        }
    }

    #[test]
    fn a_backup_of_an_older_schema_names_fewer_columns() {
        let kept = kept(&Registry::default());
        let table = kept.iter().find(|table| table.name == "object").unwrap();
        let columns = known_columns(table, &[json!("space"), json!("key")]).unwrap();
        assert_eq!(
            insertion(table.name, &columns),
            ("INSERT INTO object (space, key) VALUES ($1, $2)".to_owned(), 2)
        );
        for wrong in [json!("key) VALUES (1); --"), json!("nothing"), json!(1)] {
            assert!(matches!(known_columns(table, &[wrong]), Err(BackupError::Damaged(_))));
        }
    }
}
