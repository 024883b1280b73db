//! What the unavoidable part of an operation costs on this machine, on all its cores.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use countersign_directory::Passwords;
use countersign_model::Secret;
use countersign_store::SystemEntropy;
use rusqlite::Connection;
use tokio::time::Instant;

use crate::BenchError;
use crate::report::Bare;

const TIME: Duration = Duration::from_secs(2);

/// Per second, on all cores at once.
pub(crate) fn measure(folder: &Path) -> Result<Vec<Bare>, BenchError> {
    Ok(vec![
        Bare { name: "RS256 signature (RSA 2048)", per_second: signatures() },
        Bare { name: "argon2id password check", per_second: hashes() },
        Bare {
            name: "commit to disk, alone (SQLite, synchronous FULL)",
            per_second: commits(folder)?,
        },
    ])
}

fn on_all_cores(work: impl Fn() + Sync) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let begin = Instant::now();
    let counts: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0u32;
                    while begin.elapsed() < TIME {
                        work();
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    f64::from(counts) / begin.elapsed().as_secs_f64()
}

fn signatures() -> f64 {
    let Ok(key) = KeyPair::generate(KeySize::Rsa2048) else { return 0.0 };
    let message = [7u8; 600];
    on_all_cores(|| {
        let mut signature = vec![0; key.public_modulus_len()];
        let _ = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
    })
}

fn hashes() -> f64 {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return 0.0;
    };
    let passwords = Passwords::new();
    let password = Secret::new(crate::PASSWORD);
    let Ok(stored) = runtime.block_on(passwords.hash(&password, &SystemEntropy)) else {
        return 0.0;
    };
    on_all_cores(|| {
        let _ = runtime.block_on(passwords.verify(&password, Some(&stored)));
    })
}

fn commits(folder: &Path) -> Result<f64, rusqlite::Error> {
    let path = folder.join("bare-commits.db");
    let connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    )?;
    let begin = Instant::now();
    let mut count = 0u32;
    while begin.elapsed() < TIME {
        connection.execute("INSERT INTO row (data) VALUES (?1)", [[7u8; 500].as_slice()])?;
        count += 1;
    }
    let rate = f64::from(count) / begin.elapsed().as_secs_f64();
    drop(connection);
    for name in ["bare-commits.db", "bare-commits.db-wal", "bare-commits.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    Ok(rate)
}
