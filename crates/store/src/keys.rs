//! The secret key: proof that it is the one the data was made with, and what stands in for a
//! published example.
//!
//! An example never protects anything. A random key takes its place and is kept where every process
//! finds it: in the data folder (by the program), or in the database that processes share. When the
//! administrator gives a key of their own, the data keeps the key it has; that is sealed with the
//! administrator's, and from then on opens with it alone.

use countersign_model::{Entropy, Sealer, Secret};

use crate::error::StoreError;
use crate::params;
use crate::seal::Seal;
use crate::sql::Sql;

/// Where the secret key of the data is.
#[derive(Debug, Clone)]
pub enum SecretKey {
    /// Given by the administrator. `former` is what the data folder keeps from before.
    Own {
        /// Seals what is written, and opens it.
        key: Secret,
        /// Opens what was sealed before the key was changed.
        former: Option<Secret>,
    },
    /// Made by the program and kept in the data folder.
    Folder {
        /// Seals what is written, and opens it.
        key: Secret,
        /// It was made in the place of one that was published.
        example: bool,
    },
    /// Made by the program and kept in the database, instead of an example. `former` is what a data
    /// folder keeps from before.
    Database {
        /// Opens what was sealed before the key was changed.
        former: Option<Secret>,
    },
}

impl From<Secret> for SecretKey {
    fn from(key: Secret) -> SecretKey {
        SecretKey::Own { key, former: None }
    }
}

const PROOF: &str = "secret_key_proof";
const WORD: &str = "countersign";
/// There while a random key stands in for an example; its value is the key, where no folder keeps
/// it.
const STAND_IN: &str = "secret_key_stand_in";
/// The key of the data, sealed with the administrator's.
const SEALED: &str = "secret_key_sealed";

/// What the store works with.
pub(crate) struct Opened {
    pub(crate) seal: Seal,
    pub(crate) key: Secret,
    pub(crate) stands_in: bool,
}

/// Finds the key of the data and proves it: a wrong one must stop the start instead of showing
/// broken secrets later.
pub(crate) fn open(
    sql: &mut Sql<'_>,
    given: &SecretKey,
    entropy: &dyn Entropy,
) -> Result<Opened, StoreError> {
    match given {
        SecretKey::Database { former } => {
            let key = match sql.fact(STAND_IN)?.filter(|key| !key.is_empty()) {
                Some(key) => Secret::new(key),
                // The data has a key already.
                None if sql.fact(PROOF)?.is_some() => {
                    former.clone().ok_or(StoreError::WrongSecretKey)?
                }
                None => Secret::new(entropy.token(64)),
            };
            let seal = prove(sql, &key)?.ok_or(StoreError::WrongSecretKey)?;
            sql.put_fact(STAND_IN, key.expose())?;
            Ok(Opened { seal, key, stands_in: true })
        }
        SecretKey::Folder { key, example } => {
            let seal = prove(sql, key)?.ok_or(StoreError::WrongSecretKey)?;
            if *example {
                sql.put_fact(STAND_IN, "")?;
            } else {
                remove(sql, STAND_IN)?;
            }
            Ok(Opened { seal, key: key.clone(), stands_in: *example })
        }
        SecretKey::Own { key, former } => own(sql, key, former.as_ref()),
    }
}

fn own(sql: &mut Sql<'_>, own: &Secret, former: Option<&Secret>) -> Result<Opened, StoreError> {
    let opened = |seal, key: Secret| Opened { seal, key, stands_in: false };
    if let Some(sealed) = sql.fact(SEALED)? {
        let key = Seal::new(own)?.open(&sealed).map_err(|_| StoreError::WrongSecretKey)?;
        return prove(sql, &key)?.map(|seal| opened(seal, key)).ok_or(StoreError::WrongSecretKey);
    }
    if let Some(seal) = prove(sql, own)? {
        remove(sql, STAND_IN)?;
        return Ok(opened(seal, own.clone()));
    }
    // Only what stood in for an example gives way to another key.
    let stand_in = sql.fact(STAND_IN)?.ok_or(StoreError::WrongSecretKey)?;
    let key = if stand_in.is_empty() {
        former.cloned().ok_or(StoreError::WrongSecretKey)?
    } else {
        Secret::new(stand_in)
    };
    let seal = prove(sql, &key)?.ok_or(StoreError::WrongSecretKey)?;
    sql.put_fact(SEALED, &Seal::new(own)?.seal(key.expose()))?;
    remove(sql, STAND_IN)?;
    Ok(opened(seal, key))
}

/// The seal of a key, if it is that of the data; data without a key takes this one.
fn prove(sql: &mut Sql<'_>, key: &Secret) -> Result<Option<Seal>, StoreError> {
    let seal = Seal::new(key)?;
    let Some(proof) = sql.fact(PROOF)? else {
        sql.put_fact(PROOF, &seal.seal(WORD))?;
        return Ok(Some(seal));
    };
    let proven = seal.open(&proof).is_ok_and(|word| word.expose() == WORD);
    Ok(proven.then_some(seal))
}

/// After a restore: what the settings now say of the key that came with the data.
///
/// # Errors
/// When the engine fails.
pub fn settle_restored_key(
    sql: &mut Sql<'_>,
    given: &SecretKey,
    key: &Secret,
) -> Result<(), StoreError> {
    for name in [STAND_IN, SEALED] {
        remove(sql, name)?;
    }
    match given {
        SecretKey::Own { key: own, .. } if own.expose() != key.expose() => {
            sql.put_fact(SEALED, &Seal::new(own)?.seal(key.expose()))
        }
        SecretKey::Own { .. } | SecretKey::Folder { example: false, .. } => Ok(()),
        SecretKey::Folder { example: true, .. } => sql.put_fact(STAND_IN, ""),
        SecretKey::Database { .. } => sql.put_fact(STAND_IN, key.expose()),
    }
}

/// The key of the data as it is sealed with the administrator's, where it is; a backup carries it.
pub(crate) fn sealed(sql: &mut Sql<'_>) -> Result<Option<String>, StoreError> {
    sql.fact(SEALED)
}

/// Whether a key is that of the data, or opens it.
pub(crate) fn fits(given: &Secret, key: &str, sealed: Option<&str>) -> bool {
    let opens = |sealed: &str| {
        Seal::new(given)
            .is_ok_and(|seal| seal.open(sealed).is_ok_and(|opened| opened.expose() == key))
    };
    given.expose() == key || sealed.is_some_and(opens)
}

fn remove(sql: &mut Sql<'_>, name: &str) -> Result<(), StoreError> {
    sql.execute("DELETE FROM fact WHERE name = $1", params![name]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::{SystemEntropy, migrate};

    fn key(text: &str) -> Secret {
        Secret::new(text)
    }

    fn data() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate::run(&mut connection).unwrap();
        connection
    }

    fn opened(connection: &Connection, given: &SecretKey) -> Option<(String, bool)> {
        open(&mut Sql::embedded(connection), given, &SystemEntropy)
            .ok()
            .map(|opened| (opened.key.expose().to_owned(), opened.stands_in))
    }

    #[test]
    fn an_example_is_replaced_by_one_random_key_that_every_process_finds() {
        let data = data();
        let (first, stands_in) = opened(&data, &SecretKey::Database { former: None }).unwrap();
        assert!(stands_in && first.len() == 64);
        assert_eq!(
            opened(&data, &SecretKey::Database { former: None }),
            Some((first.clone(), true))
        );
        // Then the administrator gives one of their own: the data is still there, and opens with it
        // alone.
        assert_eq!(opened(&data, &key("our own").into()), Some((first.clone(), false)));
        assert_eq!(opened(&data, &key("our own").into()), Some((first.clone(), false)));
        assert_eq!(opened(&data, &SecretKey::Database { former: None }), None);
        assert_eq!(opened(&data, &key("another").into()), None);
        let text: String =
            data.query_row("SELECT group_concat(value) FROM fact", [], |row| row.get(0)).unwrap();
        assert!(!text.contains(&first), "it no longer lies beside the data");
    }

    #[test]
    fn the_key_of_a_folder_gives_way_only_where_it_stands_in_for_an_example() {
        let own = |former: &str| SecretKey::Own { key: key("our own"), former: Some(key(former)) };
        for example in [false, true] {
            let data = data();
            let kept = SecretKey::Folder { key: key("kept"), example };
            assert_eq!(opened(&data, &kept), Some(("kept".to_owned(), example)));
            assert_eq!(opened(&data, &own("other")), None);
            assert_eq!(opened(&data, &own("kept")), example.then(|| ("kept".to_owned(), false)));
        }
    }

    #[test]
    fn the_key_that_stood_in_may_be_given_as_ones_own() {
        let data = data();
        let (first, _) = opened(&data, &SecretKey::Database { former: None }).unwrap();
        assert_eq!(opened(&data, &key(&first).into()), Some((first.clone(), false)));
        assert_eq!(
            opened(&data, &SecretKey::Database { former: None }),
            None,
            "it is the administrator's from then on"
        );
    }
}
