//! Tamper evidence: events form a chain, sealed in the order they came in.
//!
//! An event is written with a code of its own (HMAC-SHA-256 under a key derived from the secret
//! key), so that a row somebody puts into the table is not sealed as one of ours. Sealing gives
//! each event a place and a code over its row and the code before it. Who changes, removes or
//! reorders rows in the database cannot make the codes that follow. Signed places say where the
//! chain ends and what was removed from it by right, so that retention and erasure leave a chain
//! that can still be verified. Sealing happens beside requests, about each second: sign-ins do not
//! wait for each other's codes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_core::Context;
use countersign_model::{Sealer, Table, Timestamp};
use countersign_store::{Actor, Row, Sql, SqlValue, StoreError, Tx, insert, params};
use serde_json::Value;
use uuid::Uuid;

use crate::count::{self, Count};
use crate::geo::Places;

/// Events sealed in one transaction.
const BATCH: i64 = 500;
/// Places that one transaction of retention goes over.
const REMOVED_AT_ONCE: i64 = 5000;
/// Rows verified at once.
const PAGE: i64 = 2000;

const WRITTEN: &str = "event";
const LINK: &str = "event chain";
const PLACE: &str = "event checkpoint";

/// Why a place of the chain is signed.
pub(crate) const HEAD: &str = "head";
pub(crate) const RETENTION: &str = "retention";
pub(crate) const ERASURE: &str = "erasure";
/// Of a row from which personal data was taken by right. What is left has a code of its own.
pub(crate) const EMPTIED: &str = "emptied";
/// Of a row that was not written by the program.
const FORGERY: &str = "forgery";

/// The columns a code covers.
pub(crate) const COVERED: &str = "uuid, action, app, username, user_json, context, authorized_application, client_ip, created, expires, brand";

/// Seals what came in since the last time. `keep` is how many seconds events are kept.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn seal(cx: &Context, places: &Arc<Places>, keep: i64) -> Result<(), StoreError> {
    loop {
        let waiting = cx
            .store
            .read(|sql| {
                Ok::<_, StoreError>(
                    sql.query_one("SELECT 1 FROM event WHERE seq IS NULL LIMIT 1", params![])?
                        .is_some(),
                )
            })
            .await?;
        if !waiting {
            return Ok(());
        }
        let places = places.clone();
        let sealed = cx
            .store
            .write(Actor::system(), "events sealed", move |tx| seal_batch(tx, keep, &places))
            .await?;
        if sealed < usize::try_from(BATCH).unwrap_or(0) {
            return Ok(());
        }
    }
}

fn seal_batch(tx: &mut Tx<'_>, keep: i64, places: &Places) -> Result<usize, StoreError> {
    let (mut seq, mut chain) = head(tx)?;
    let rows = tx.query(
        &format!(
            "SELECT {COVERED}, code FROM event WHERE seq IS NULL ORDER BY created, uuid LIMIT $1"
        ),
        params![BATCH],
    )?;
    for row in &rows {
        seq += 1;
        let mut covered = row_values(row)?;
        let genuine = is_genuine(tx.sealer(), row, &covered)?;
        // Settings say how long events are kept and where addresses are; those who write events
        // know neither.
        let expires = row.get::<Timestamp>(8)?.plus_seconds(keep);
        let context = placed(row, places)?;
        for (column, value) in [(5, SqlValue::from(context.as_str())), (9, expires.into())] {
            covered.splice(column..=column, [value]);
        }
        chain = link(tx.sealer(), &chain, seq, &covered);
        // Whatever somebody put there: one row must not keep the others from being sealed.
        let uuid: Vec<u8> = row.get(0)?;
        if expires == row.get::<Timestamp>(9)? && context == row.get::<String>(5)? {
            tx.execute(
                "UPDATE event SET seq = $1, chain = $2, code = NULL WHERE uuid = $3",
                params![seq, chain.clone(), uuid.clone()],
            )?;
        } else {
            let statement = "UPDATE event SET seq = $1, chain = $2, expires = $3, context = $4, code = NULL WHERE uuid = $5";
            tx.execute(statement, params![seq, chain.clone(), expires, context, uuid.clone()])?;
        }
        if !genuine {
            tracing::error!(
                event = hex::encode(&uuid),
                place = seq,
                "an event was not written by this program: somebody put it into the database"
            );
            sign(tx, FORGERY, seq, &chain)?;
        }
    }
    if !rows.is_empty() {
        tx.execute("DELETE FROM event_checkpoint WHERE reason = $1", params![HEAD])?;
        sign(tx, HEAD, seq, &chain)?;
        let sealer = tx.sealer();
        if let Count::Signed { lost, .. } = count::read(tx, sealer)? {
            count::write(tx, seq, lost.as_deref())?;
        }
    }
    Ok(rows.len())
}

/// The code an event is written with.
pub(crate) fn written(sealer: &dyn Sealer, row: &[SqlValue]) -> Vec<u8> {
    sealer.mac(WRITTEN, &encoded(&[], row)).to_vec()
}

/// Whether the program wrote a row that waits to be sealed; its code comes after the covered
/// columns.
fn is_genuine(sealer: &dyn Sealer, row: &Row, covered: &[SqlValue]) -> Result<bool, StoreError> {
    let code: Option<Vec<u8>> = row.get(11)?;
    Ok(is_written(sealer, code.as_deref(), covered))
}

fn is_written(sealer: &dyn Sealer, code: Option<&[u8]>, covered: &[SqlValue]) -> bool {
    forms(covered).any(|covered| code == Some(written(sealer, &covered).as_slice()))
}

/// A row as it is, and as it may have been sealed before it was restored: a restore puts U+FFFD in
/// the place of U+0000, which JSON writes as an escape.
fn forms(covered: &[SqlValue]) -> impl Iterator<Item = Vec<SqlValue>> {
    let as_sealed = |value: &SqlValue| match value {
        SqlValue::Text(text) => SqlValue::Text(text.replace('\u{fffd}', "\\u0000")),
        other => other.clone(),
    };
    let replaced =
        |value: &SqlValue| matches!(value, SqlValue::Text(text) if text.contains('\u{fffd}'));
    let other = covered.iter().any(replaced).then(|| covered.iter().map(as_sealed).collect());
    std::iter::once(covered.to_vec()).chain(other)
}

/// Gives events that an older version left unsealed the code they lack. Only before the count is
/// signed.
pub(crate) fn adopt(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let rows = tx.query(
        &format!("SELECT {COVERED} FROM event WHERE seq IS NULL AND code IS NULL"),
        params![],
    )?;
    for row in &rows {
        let code = written(tx.sealer(), &row_values(row)?);
        tx.execute(
            "UPDATE event SET code = $1 WHERE uuid = $2",
            params![code, row.get::<Vec<u8>>(0)?],
        )?;
    }
    Ok(())
}

/// The context of an event, with where its address is.
fn placed(row: &Row, places: &Places) -> Result<String, StoreError> {
    let context: String = row.get(5)?;
    let address = row.get::<Option<String>>(7)?.and_then(|address| address.parse().ok());
    let found = address.map(|address| places.of_address(address)).unwrap_or_default();
    if found.is_empty() {
        return Ok(context);
    }
    match serde_json::from_str(&context) {
        Ok(Value::Object(mut map)) => {
            map.extend(found);
            Ok(Value::Object(map).to_string())
        }
        _ => Ok(context),
    }
}

/// The last sealed place.
pub(crate) fn head(sql: &mut Sql<'_>) -> Result<(i64, Vec<u8>), StoreError> {
    let row =
        sql.query_one("SELECT seq, chain FROM event_checkpoint WHERE reason = $1", params![HEAD])?;
    row.map_or(Ok((0, Vec::new())), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// A signed place of the chain: its head, or what was removed by right.
#[derive(Debug, Clone, Table)]
#[table(name = "event_checkpoint")]
pub(crate) struct Checkpoint {
    #[column(key)]
    reason: String,
    #[column(key)]
    seq: i64,
    chain: Vec<u8>,
    at: Timestamp,
    signature: [u8; 32],
}

/// Signs a place of the chain.
pub(crate) fn sign(
    tx: &mut Tx<'_>,
    reason: &str,
    seq: i64,
    chain: &[u8],
) -> Result<(), StoreError> {
    let (at, signature) = (tx.now(), tx.sealer().mac(PLACE, &place(reason, seq, chain)));
    let (reason, chain) = (reason.to_owned(), chain.to_vec());
    insert(tx, &Checkpoint { reason, seq, chain, at, signature }).map(|_| ())
}

/// Removes events from the old end: those that have ended, and what is more than `most`. What
/// follows can still be verified.
///
/// # Errors
/// When the engine fails.
pub(crate) fn retain(tx: &mut Tx<'_>, most: i64) -> Result<usize, StoreError> {
    let now = tx.now();
    let (last, _) = head(tx)?;
    let first_kept = tx.query_one(
        "SELECT MIN(seq) FROM event WHERE seq IS NOT NULL AND expires > $1",
        params![now],
    )?;
    let ended =
        first_kept.map_or(Ok(None), |row| row.get::<Option<i64>>(0))?.map_or(last, |seq| seq - 1);
    let until = if most > 0 { ended.max(last - most) } else { ended };
    let first = tx
        .query_one("SELECT MIN(seq) FROM event WHERE seq IS NOT NULL", params![])?
        .map_or(Ok(None), |row| row.get::<Option<i64>>(0))?
        .unwrap_or(last);
    let until = until.min(first + REMOVED_AT_ONCE);
    let Some(row) = tx.query_one("SELECT MAX(seq) FROM event WHERE seq <= $1", params![until])?
    else {
        return Ok(0);
    };
    let Some(until) = row.get::<Option<i64>>(0)? else { return Ok(0) };
    let chain = tx
        .query_one("SELECT chain FROM event WHERE seq = $1", params![until])?
        .map_or(Ok(Vec::new()), |row| row.get::<Vec<u8>>(0))?;
    tx.execute(
        "DELETE FROM event_checkpoint WHERE reason IN ($1, $2, $3, $4) AND seq <= $5",
        params![RETENTION, ERASURE, EMPTIED, FORGERY, until],
    )?;
    sign(tx, RETENTION, until, &chain)?;
    tx.execute("DELETE FROM event WHERE seq <= $1", params![until])
}

/// What is wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    #[error(
        "event {seq} ({uuid}, {action} of {at}) was changed, or is not the one sealed at this place"
    )]
    Changed { seq: i64, uuid: Uuid, action: String, at: String },
    #[error("event {first} was removed")]
    Removed { first: i64 },
    #[error("events {first} to {last} were removed")]
    RemovedRange { first: i64, last: i64 },
    #[error("event {seq} stands behind the signed end of the chain, {head}")]
    BeyondHead { seq: i64, head: i64 },
    #[error("the {reason} mark at {seq} was not signed by this installation")]
    Mark { reason: String, seq: i64 },
    #[error("the mark of the chain's end was removed")]
    NoHead,
    #[error(
        "event {uuid} ({action} of {at}) was not written by this program: somebody put it into the database"
    )]
    Forged { uuid: Uuid, action: String, at: String },
    #[error(
        "{counted} events were sealed, and the chain ends at {head}: the log was emptied, or put back to an earlier state"
    )]
    TooFew { counted: i64, head: i64 },
    #[error("the signed count of events is missing, or was not signed by this installation")]
    NoCount,
    #[error(
        "the signed count of events was missing when the server started at {at}: what was before is not known to be complete"
    )]
    CountLost { at: String },
    #[error("the chain differs from place {seq} of the code given")]
    OtherHistory { seq: i64 },
}

/// What a verification saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Events with a right code.
    pub verified: u64,
    /// Removed by right: ended or erased.
    pub removed: i64,
    /// Not sealed yet.
    pub waiting: i64,
    /// The last place and its code: kept elsewhere, they show later that nothing before was
    /// rewritten.
    pub head: Option<(i64, String)>,
    pub wrong: Vec<Tampering>,
}

/// As many faults are named.
const MOST_FAULTS: usize = 100;

/// Walks the whole chain. `witness` is a place and its code that were noted earlier.
///
/// # Errors
/// When the engine fails.
pub fn verify(
    sql: &mut Sql<'_>,
    sealer: &dyn Sealer,
    witness: Option<&(i64, String)>,
) -> Result<Report, StoreError> {
    let mut walk = Walk {
        sealer,
        marks: marks(sql, sealer)?,
        report: Report::default(),
        place: 0,
        chain: Vec::new(),
    };
    walk.report.wrong.append(&mut walk.marks.wrong);
    if let Some((seq, chain)) = walk.marks.retention.clone() {
        walk.report.removed = seq;
        (walk.place, walk.chain) = (seq, chain);
    }
    let mut after = i64::MIN;
    loop {
        let rows = sql.query(
            &format!(
                "SELECT {COVERED}, seq, chain, code FROM event WHERE seq > $1 ORDER BY seq LIMIT $2"
            ),
            params![after, PAGE],
        )?;
        for row in &rows {
            after = row.get(11)?;
            walk.event(row, witness)?;
        }
        if rows.len() < usize::try_from(PAGE).unwrap_or(0) {
            break;
        }
    }
    walk.end();
    walk.count(&count::read(sql, sealer)?);
    walk.report.waiting = sql
        .query_one("SELECT COUNT(*) FROM event WHERE seq IS NULL", params![])?
        .map_or(Ok(0), |row| row.get(0))?;
    // An older version wrote no codes: the count is signed when those are adopted.
    if count::read(sql, sealer)? != Count::Unsigned {
        for row in sql.query(&format!("SELECT {COVERED}, code FROM event WHERE seq IS NULL ORDER BY created, uuid LIMIT $1"), params![PAGE])? {
            if !is_genuine(sealer, &row, &row_values(&row)?)? {
                walk.report.wrong.push(forged(&row)?);
            }
        }
    }
    walk.report.wrong.truncate(MOST_FAULTS);
    Ok(walk.report)
}

/// The signed places, by what they are for.
struct Marks {
    head: Option<(i64, Vec<u8>)>,
    retention: Option<(i64, Vec<u8>)>,
    erased: BTreeMap<i64, Vec<u8>>,
    emptied: BTreeMap<i64, Vec<u8>>,
    forged: BTreeSet<i64>,
    wrong: Vec<Tampering>,
}

fn marks(sql: &mut Sql<'_>, sealer: &dyn Sealer) -> Result<Marks, StoreError> {
    let mut marks = Marks {
        head: None,
        retention: None,
        erased: BTreeMap::new(),
        emptied: BTreeMap::new(),
        forged: BTreeSet::new(),
        wrong: Vec::new(),
    };
    for row in sql.query(
        "SELECT reason, seq, chain, signature FROM event_checkpoint ORDER BY seq",
        params![],
    )? {
        let (reason, seq, chain): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if row.get::<Vec<u8>>(3)? != sealer.mac(PLACE, &place(&reason, seq, &chain)) {
            marks.wrong.push(Tampering::Mark { reason, seq });
            continue;
        }
        match reason.as_str() {
            HEAD => marks.head = Some((seq, chain)),
            RETENTION => marks.retention = Some((seq, chain)),
            FORGERY => {
                marks.forged.insert(seq);
            }
            EMPTIED => {
                marks.emptied.insert(seq, chain);
            }
            _ => {
                marks.erased.insert(seq, chain);
            }
        }
    }
    Ok(marks)
}

struct Walk<'a> {
    sealer: &'a dyn Sealer,
    marks: Marks,
    report: Report,
    /// The last place seen and its code.
    place: i64,
    chain: Vec<u8>,
}

impl Walk<'_> {
    fn event(&mut self, row: &Row, witness: Option<&(i64, String)>) -> Result<(), StoreError> {
        let (seq, stored): (i64, Vec<u8>) =
            (row.get(11)?, row.get::<Option<Vec<u8>>>(12)?.unwrap_or_default());
        let complete = self.skip_to(seq);
        let covered = row_values(row)?;
        // An emptied row is not what was sealed: its place keeps the code that was, and the row has
        // one of its own.
        let holds = match self.marks.emptied.get(&seq) {
            Some(chain) => {
                let code = row.get::<Option<Vec<u8>>>(13)?;
                *chain == stored && is_written(self.sealer, code.as_deref(), &covered)
            }
            None => forms(&covered)
                .any(|covered| link(self.sealer, &self.chain, seq, &covered) == stored),
        };
        // After a hole the code before is unknown: the row is then held against the next ones only.
        if complete && !holds {
            self.report.wrong.push(Tampering::Changed {
                seq,
                uuid: row.get(0).unwrap_or_default(),
                action: row.get(1)?,
                at: row.get::<Timestamp>(8)?.iso(),
            });
        } else if self.marks.forged.contains(&seq) {
            self.report.wrong.push(forged(row)?);
        } else {
            self.report.verified += u64::from(complete);
        }
        if let Some(head) =
            self.marks.head.as_ref().map(|(head, _)| *head).filter(|head| seq > *head)
        {
            self.report.wrong.push(Tampering::BeyondHead { seq, head });
        }
        if let Some((at, code)) = witness
            && *at == seq
            && !code.eq_ignore_ascii_case(&hex::encode(&stored))
        {
            self.report.wrong.push(Tampering::OtherHistory { seq });
        }
        (self.place, self.chain) = (seq, stored);
        Ok(())
    }

    /// Goes over places whose events were erased by right; tells whether nothing else is missing
    /// before `seq`.
    fn skip_to(&mut self, seq: i64) -> bool {
        let mut complete = true;
        while self.place + 1 < seq {
            let next = self.place + 1;
            if let Some(chain) = self.marks.erased.get(&next) {
                (self.place, self.chain) = (next, chain.clone());
                (complete, self.report.removed) = (true, self.report.removed + 1);
                continue;
            }
            let last =
                self.marks.erased.range(next..seq).next().map_or(seq, |(erased, _)| *erased) - 1;
            let wrong = if last == next {
                Tampering::Removed { first: next }
            } else {
                Tampering::RemovedRange { first: next, last }
            };
            self.report.wrong.push(wrong);
            (self.place, complete) = (last, false);
        }
        complete
    }

    /// Holds the end of the chain against the count that is kept apart from it.
    fn count(&mut self, count: &Count) {
        let head = self.marks.head.as_ref().map_or(0, |(head, _)| *head);
        match count {
            Count::Unsigned => {}
            Count::Missing => self.report.wrong.push(Tampering::NoCount),
            Count::Signed { seq, lost } => {
                if *seq != head {
                    self.report.wrong.push(Tampering::TooFew { counted: *seq, head });
                }
                self.report.wrong.extend(lost.clone().map(|at| Tampering::CountLost { at }));
            }
        }
    }

    fn end(&mut self) {
        match self.marks.head.clone() {
            Some((head, chain)) => {
                if self.place <= head
                    && self.skip_to(head + 1)
                    && self.place == head
                    && self.chain != chain
                {
                    // Each row fits the one before, and the last one is another: only who has the
                    // key can make that.
                    self.report.wrong.push(Tampering::OtherHistory { seq: head });
                }
                self.report.head = Some((head, hex::encode(chain)));
            }
            None if self.place > 0 => self.report.wrong.push(Tampering::NoHead),
            None => {}
        }
    }
}

fn forged(row: &Row) -> Result<Tampering, StoreError> {
    Ok(Tampering::Forged {
        uuid: row.get(0).unwrap_or_default(),
        action: row.get(1)?,
        at: row.get::<Timestamp>(8)?.iso(),
    })
}

pub(crate) fn row_values(row: &Row) -> Result<Vec<SqlValue>, StoreError> {
    let mut values: Vec<SqlValue> = vec![row.get::<Vec<u8>>(0)?.into()];
    for column in 1..=5 {
        values.push(row.get::<String>(column)?.into());
    }
    for column in 6..=7 {
        values.push(row.get::<Option<String>>(column)?.into());
    }
    values.push(row.get::<i64>(8)?.into());
    values.push(row.get::<i64>(9)?.into());
    values.push(row.get::<String>(10)?.into());
    Ok(values)
}

/// The code of a place: over the row there and the code before it.
fn link(sealer: &dyn Sealer, before: &[u8], seq: i64, row: &[SqlValue]) -> Vec<u8> {
    sealer.mac(LINK, &encoded(&[before, &seq.to_be_bytes()], row)).to_vec()
}

/// Each value with its length before it, so that none can reach into the next.
fn encoded(first: &[&[u8]], row: &[SqlValue]) -> Vec<u8> {
    let mut data = Vec::with_capacity(1024);
    let mut add = |bytes: &[u8]| {
        data.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        data.extend_from_slice(bytes);
    };
    first.iter().for_each(|bytes| add(bytes));
    for value in row {
        match value {
            SqlValue::Null => add(b"n"),
            SqlValue::Int(number) => add(&[b"i".as_slice(), &number.to_be_bytes()].concat()),
            SqlValue::Text(text) => add(&[b"t", text.as_bytes()].concat()),
            SqlValue::Bytes(bytes) => add(&[b"b", bytes.as_slice()].concat()),
        }
    }
    data
}

fn place(reason: &str, seq: i64, chain: &[u8]) -> Vec<u8> {
    [reason.as_bytes(), b":", seq.to_be_bytes().as_slice(), chain].concat()
}

#[cfg(test)]
mod tests {
    use countersign_model::{SealError, Secret};

    use super::*;

    struct Codes;

    impl Sealer for Codes {
        fn seal(&self, plain: &str) -> String {
            plain.to_owned()
        }
        fn open(&self, sealed: &str) -> Result<Secret, SealError> {
            Ok(Secret::new(sealed))
        }
        fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
            countersign_store::sha256(&format!("{purpose}{}", hex::encode(data)))
        }
    }

    #[test]
    fn a_restored_row_is_what_was_sealed_and_a_changed_one_is_not() {
        let row = |context: &str| vec![SqlValue::from("login_failed"), SqlValue::from(context)];
        let code = written(&Codes, &row(r#"{"x":"\u0000","y":"a"}"#));
        for (context, genuine) in [
            (r#"{"x":"\u0000","y":"a"}"#, true),
            ("{\"x\":\"\u{fffd}\",\"y\":\"a\"}", true),
            ("{\"x\":\"\u{fffd}\",\"y\":\"b\"}", false),
            (r#"{"x":"","y":"a"}"#, false),
        ] {
            assert_eq!(
                is_written(&Codes, Some(code.as_slice()), &row(context)),
                genuine,
                "{context}"
            );
        }
        assert!(!is_written(&Codes, None, &row("{}")));
    }
}
