//! Finding people by a part of their name among a million: which of them hold each one, two or
//! three letters of a word, as sets of numbers in ordinary tables of either engine.
//!
//! The sets may hold more people than they should (somebody's former name), never fewer: triggers
//! note everybody who is new or renamed in the same transaction, whatever wrote it, and those noted
//! are looked at one by one until a task has put them into the sets. What the sets leave is
//! compared with the rows themselves, so a stale set costs time, not truth.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use countersign_core::{Context, Shutdown};
use countersign_rest::{Index, Narrowed};
use countersign_store::{Actor, Sql, SqlValue, Store, StoreError, Tx, params};

/// As many numbers of accounts share a set.
const CHUNK: i64 = 16_384;
const CHUNK_BITS: usize = 16_384;
const BITMAP: usize = CHUNK_BITS / 8;

/// More people than this are counted by the sets alone and found by going through the list in its
/// order.
const FEW: usize = 2_000;
/// As many parts of a word are asked for.
const PARTS: usize = 16;
/// With more people noted than this (after an upgrade or a restore) the sets say nothing yet.
const MOST_NOTED: i64 = 4_000;
/// As many wait before they are put into the sets: what a search looks at one by one.
const WAIT_FOR: i64 = 64;
/// As many are put into the sets in one transaction, which others wait for.
const BATCH: i64 = 2_048;
/// Rows of one statement.
const ROWS: usize = 100;

const LOOK_EVERY: Duration = Duration::from_secs(2);

pub(crate) const INDEX: Index = Index { searched: "t.searched", count, narrow };

/// The number of all accounts.
fn count(sql: &mut Sql<'_>) -> Result<usize, StoreError> {
    let row = sql.query_one(
        "SELECT CAST((SELECT COALESCE(SUM(people), 0) FROM people_chunk) + (SELECT COALESCE(SUM(change), 0) FROM people_noted) AS BIGINT)",
        params![],
    )?;
    Ok(usize::try_from(row.map_or(Ok(0), |row| row.get::<i64>(0))?).unwrap_or(0))
}

/// Who may hold all of these words.
fn narrow(sql: &mut Sql<'_>, words: &[String]) -> Result<Narrowed, StoreError> {
    let noted = sql.query("SELECT user_id FROM people_noted LIMIT $1", params![MOST_NOTED + 1])?;
    if i64::try_from(noted.len()).unwrap_or(i64::MAX) > MOST_NOTED {
        return Ok(Narrowed::Unknown);
    }
    let noted = noted.iter().map(|row| row.get::<i64>(0)).collect::<Result<BTreeSet<i64>, _>>()?;
    let parts = asked(words);
    let marks: Vec<String> = (1..=parts.len()).map(|n| format!("${n}")).collect();
    let rows = sql.query(
        &format!("SELECT c.chunk, g.members FROM people_chunk c JOIN people_gram g ON g.chunk = c.chunk AND g.gram IN ({}) ORDER BY c.chunk", marks.join(", ")),
        &parts.iter().map(|part| SqlValue::from(part.as_str())).collect::<Vec<_>>(),
    )?;
    let mut sets: BTreeMap<i64, (usize, Members)> = BTreeMap::new();
    for row in rows {
        let members: Vec<u8> = row.get(1)?;
        let (found, set) = sets.entry(row.get(0)?).or_insert_with(|| (0, Members::all()));
        *found += 1;
        set.keep(&members);
    }
    // A chunk without a row for one of the parts has nobody with it.
    sets.retain(|_, (found, _)| *found == parts.len());
    let many = sets.values().map(|(_, set)| set.count()).sum::<usize>();
    if many > FEW {
        return Ok(Narrowed::Many(many));
    }
    let mut keys = noted;
    for (chunk, (_, set)) in &sets {
        keys.extend(set.numbers().map(|number| chunk * CHUNK + i64::from(number)));
    }
    Ok(Narrowed::Few(keys.into_iter().collect()))
}

/// The parts that are asked for, spread over long words.
fn asked(words: &[String]) -> Vec<String> {
    let mut parts: BTreeSet<String> = BTreeSet::new();
    let most = (PARTS / words.len().max(1)).max(1);
    for word in words {
        let letters: Vec<char> = word.chars().collect();
        let size = letters.len().min(3);
        let all: Vec<&[char]> = letters.windows(size.max(1)).collect();
        let step = all.len().div_ceil(most).max(1);
        parts.extend(
            all.iter().step_by(step).chain(all.last()).map(|part| part.iter().collect::<String>()),
        );
    }
    parts.into_iter().collect()
}

/// Every part of one to three letters of the words of a text, each once. Searched words hold no
/// blanks, commas or line breaks, so neither do parts.
fn parts(text: &str) -> BTreeSet<String> {
    let words = text.split([' ', ',', '\t', '\n']).map(|word| word.chars().collect::<Vec<char>>());
    words
        .flat_map(|word| {
            (1..=3)
                .flat_map(|size| word.windows(size).map(String::from_iter).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A set of the numbers below [`CHUNK`].
struct Members(Box<[u8; BITMAP]>);

impl Members {
    fn all() -> Members {
        Members(Box::new([0xff; BITMAP]))
    }

    fn none() -> Members {
        Members(Box::new([0; BITMAP]))
    }

    /// As stored: few as numbers of two bytes each, many as one bit for each number. The length
    /// tells which.
    fn read(stored: &[u8]) -> Members {
        let mut set = Members::none();
        if let Ok(bitmap) = <&[u8; BITMAP]>::try_from(stored) {
            set.0.copy_from_slice(bitmap);
        } else {
            let (numbers, _) = stored.as_chunks::<2>();
            numbers.iter().for_each(|number| set.add(u16::from_le_bytes(*number)));
        }
        set
    }

    fn store(&self) -> Vec<u8> {
        if self.count() * 2 < BITMAP {
            self.numbers().flat_map(u16::to_le_bytes).collect()
        } else {
            self.0.to_vec()
        }
    }

    fn add(&mut self, number: u16) {
        if let Some(byte) = self.0.get_mut(usize::from(number / 8)) {
            *byte |= 1 << (number % 8);
        }
    }

    /// Keeps those that a stored set has too.
    fn keep(&mut self, stored: &[u8]) {
        let other = Members::read(stored);
        self.0.iter_mut().zip(other.0.iter()).for_each(|(mine, theirs)| *mine &= theirs);
    }

    fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        let bytes = (0_u16..).step_by(8).zip(self.0.iter());
        bytes.filter(|(_, byte)| **byte != 0).flat_map(|(first, byte)| {
            (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| first + bit)
        })
    }
}

/// Puts noted people into the sets as they become some, in every process: whoever comes second
/// finds nothing to do.
pub(crate) async fn keep_indexing(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    loop {
        if let Err(error) = index_everybody(&cx.store).await {
            tracing::warn!(%error, "new people could not be put into the index of names; searches find them all the same");
        }
        if !stop.sleep(LOOK_EVERY).await {
            return Ok(());
        }
    }
}

/// Puts noted people into the sets until only a few wait.
///
/// # Errors
/// The engine refused; those who wait are found all the same.
pub async fn index_everybody(store: &Store) -> Result<(), StoreError> {
    loop {
        let waiting = store.read(|sql| {
            let row = sql.query_one(
                "SELECT COUNT(*) FROM (SELECT 1 FROM people_noted LIMIT $1) noted",
                params![WAIT_FOR],
            )?;
            row.map_or(Ok(0), |row| row.get::<i64>(0))
        });
        if waiting.await? < WAIT_FOR {
            return Ok(());
        }
        store.write(Actor::system(), "index of names", put_some).await?;
    }
}

/// What was noted of one chunk.
#[derive(Default)]
struct Noted {
    change: i64,
    people: BTreeSet<i64>,
}

/// Puts some of those noted into the sets.
pub(crate) fn put_some(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let mut chunks: BTreeMap<i64, Noted> = BTreeMap::new();
    let mut last = 0;
    for row in tx.query(
        "SELECT id, user_id, change FROM people_noted ORDER BY id LIMIT $1",
        params![BATCH],
    )? {
        let user: i64 = row.get(1)?;
        let noted = chunks.entry(user.div_euclid(CHUNK)).or_default();
        noted.change += row.get::<i64>(2)?;
        noted.people.insert(user);
        last = row.get(0)?;
    }
    for (chunk, noted) in &chunks {
        put(tx, *chunk, noted)?;
    }
    // Those noted later, in transactions that this one does not see, are left by the engine's
    // isolation.
    tx.execute("DELETE FROM people_noted WHERE id <= $1", params![last])?;
    Ok(())
}

fn put(tx: &mut Tx<'_>, chunk: i64, noted: &Noted) -> Result<(), StoreError> {
    let mut grams: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    let people: Vec<SqlValue> = noted.people.iter().map(|user| SqlValue::Int(*user)).collect();
    for some in people.chunks(ROWS) {
        for row in tx.query(
            &format!("SELECT id, searched FROM users WHERE id IN ({})", marks(some.len())),
            some,
        )? {
            let number = u16::try_from(row.get::<i64>(0)?.rem_euclid(CHUNK)).unwrap_or_default();
            for part in parts(&row.get::<String>(1)?) {
                grams.entry(part).or_default().push(number);
            }
        }
    }
    for some in grams.into_iter().collect::<Vec<_>>().chunks(ROWS) {
        add(tx, chunk, some)?;
    }
    tx.execute(
        "INSERT INTO people_chunk (chunk, people) VALUES ($1, $2) ON CONFLICT (chunk) DO UPDATE SET people = people_chunk.people + excluded.people",
        params![chunk, noted.change],
    )?;
    Ok(())
}

/// Adds people to the sets of some parts.
fn add(tx: &mut Tx<'_>, chunk: i64, grams: &[(String, Vec<u16>)]) -> Result<(), StoreError> {
    let mut values: Vec<SqlValue> = grams.iter().map(|(gram, _)| gram.into()).collect();
    let statement = format!(
        "SELECT gram, members FROM people_gram WHERE gram IN ({}) AND chunk = ${}",
        marks(values.len()),
        values.len() + 1
    );
    values.push(chunk.into());
    let before = tx
        .query(&statement, &values)?
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<HashMap<String, Vec<u8>>, StoreError>>()?;
    let mut values: Vec<SqlValue> = vec![chunk.into()];
    let mut rows = Vec::new();
    for (gram, numbers) in grams {
        let mut set = before.get(gram).map_or_else(Members::none, |stored| Members::read(stored));
        numbers.iter().for_each(|number| set.add(*number));
        rows.push(format!("($1, ${}, ${})", values.len() + 1, values.len() + 2));
        values.extend([gram.into(), set.store().into()]);
    }
    let rows = rows.join(", ");
    tx.execute(
        &format!("INSERT INTO people_gram (chunk, gram, members) VALUES {rows} ON CONFLICT (chunk, gram) DO UPDATE SET members = excluded.members"),
        &values,
    )?;
    Ok(())
}

fn marks(number: usize) -> String {
    (1..=number).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {

    use super::*;

    fn store(folder: &tempfile::TempDir) -> Store {
        countersign_testing::store(folder, [])
    }

    async fn write(
        store: &Store,
        work: impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        store.write(Actor::system(), "test", work).await.unwrap();
    }

    fn make(tx: &mut Tx<'_>, id: i64, name: &str) -> Result<(), StoreError> {
        let (uuid, username) =
            (tx.entropy().uuid(), format!("{}.{id}", name.to_lowercase().replace(' ', ".")));
        tx.execute(
            "INSERT INTO users (id, uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
             VALUES ($1, $2, $3, $3, $4, $5, $5, '', 0, 1, 0, 'users', 'internal', '{}')",
            params![id, uuid, &username, name, format!("{username}@example.test")],
        )?;
        Ok(())
    }

    /// Holds the index against every row.
    async fn agree(store: &Store) {
        for words in [
            "nina",
            "i",
            "wa",
            "ß",
            "ünal",
            "nina wagner",
            ".4",
            "@example.test",
            "zzz",
            "na.wagner.3@exa",
            "wagner nobody",
        ] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            let asked = words.clone();
            let found = store.read(move |sql| narrow(sql, &asked)).await.unwrap();
            let rows = store
                .read(|sql| sql.query("SELECT id, searched FROM users ORDER BY id", params![]))
                .await
                .unwrap();
            let rows: Vec<(i64, String)> =
                rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
            let meant: Vec<i64> = rows
                .iter()
                .filter(|(_, text)| words.iter().all(|word| text.contains(word)))
                .map(|(id, _)| *id)
                .collect();
            let Narrowed::Few(keys) = found else { panic!("{words:?}: {found:?}") };
            assert!(
                meant.iter().all(|id| keys.contains(id)),
                "{words:?}: {meant:?} are not all of {keys:?}"
            );
            assert_eq!(store.read(count).await.unwrap(), rows.len());
        }
    }

    #[tokio::test]
    async fn everybody_is_found_by_every_part_of_a_name_however_they_came_and_changed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        agree(&store).await;
        write(&store, |tx| {
            let names = ["Nina Wagner", "Gül Ünal", "Ida Weiß", "Bo"];
            (0..40).try_for_each(|n| {
                make(
                    tx,
                    if n < 20 { n + 1 } else { n + 3 * CHUNK },
                    names[usize::try_from(n).unwrap() % 4],
                )
            })
        })
        .await;
        agree(&store).await;
        write(&store, put_some).await;
        agree(&store).await;
        let waiting =
            store.read(|sql| sql.query("SELECT 1 FROM people_noted", params![])).await.unwrap();
        assert!(waiting.is_empty());
        write(&store, |tx| {
            tx.execute(
                "UPDATE users SET name = 'Nina Neu', last_login = 1 WHERE id = 2",
                params![],
            )?;
            tx.execute("UPDATE users SET last_login = 2 WHERE id = 3", params![])?;
            tx.execute("DELETE FROM users WHERE id = 1", params![]).map(|_| ())
        })
        .await;
        let waiting = store
            .read(|sql| {
                sql.query("SELECT user_id, change FROM people_noted ORDER BY id", params![])
            })
            .await
            .unwrap();
        assert_eq!(
            waiting
                .iter()
                .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
                .collect::<Vec<(i64, i64)>>(),
            [(2, 0), (1, -1)]
        );
        agree(&store).await;
        write(&store, put_some).await;
        agree(&store).await;
    }

    #[test]
    fn sets_are_stored_as_numbers_or_as_bits() {
        for size in [0, 1, 7, 1023, 1024, CHUNK_BITS] {
            let mut set = Members::none();
            let numbers: Vec<u16> =
                (0..size).map(|n| u16::try_from(n * 7919 % CHUNK_BITS).unwrap()).collect();
            numbers.iter().for_each(|number| set.add(*number));
            let stored = set.store();
            assert!(stored.len() <= BITMAP);
            let read: BTreeSet<u16> = Members::read(&stored).numbers().collect();
            assert_eq!(read, numbers.into_iter().collect(), "{size}");
            assert_eq!(set.count(), size);
        }
    }

    #[test]
    fn a_word_is_asked_for_by_parts_all_over_it() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(asked(&words("a nä")), ["a", "nä"]);
        assert_eq!(asked(&words("anna")), ["ann", "nna"]);
        let long = asked(&words(&"abcdefghijklmnopqrstuvwxyz".repeat(5)));
        assert!(long.len() <= PARTS + 1 && long.contains(&"xyz".to_owned()), "{long:?}");
    }
}
