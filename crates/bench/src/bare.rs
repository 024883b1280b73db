//! What the unavoidable part of an operation costs on this machine: how many of them all its cores
//! do, and the processor time of one.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use countersign_directory::Passwords;
use countersign_model::Secret;
use countersign_store::SystemEntropy;
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::BenchError;
use crate::report::Bare;

const TIME: Duration = Duration::from_secs(2);

pub(crate) fn measure(folder: &Path) -> Result<Vec<Bare>, BenchError> {
    Ok(vec![
        signatures("RS256 signature (RSA 2048)"),
        hashes("argon2id password check"),
        commits("commit to disk, alone (SQLite, synchronous FULL)", folder)?,
    ])
}

/// How often something was done, in which time.
struct Watch {
    begin: Instant,
    spent: Duration,
}

impl Watch {
    fn start() -> Watch {
        Watch { begin: Instant::now(), spent: spent() }
    }

    fn end(self, name: &'static str, count: u32) -> Bare {
        let per_second = f64::from(count) / self.begin.elapsed().as_secs_f64();
        let spent = spent().saturating_sub(self.spent);
        Bare { name, per_second, cpu: spent.checked_div(count).unwrap_or_default() }
    }
}

/// Processor time of this process.
fn spent() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn on_all_cores(name: &'static str, work: impl Fn() + Sync) -> Bare {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let watch = Watch::start();
    let begin = watch.begin;
    let count: u32 = std::thread::scope(|scope| {
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
    watch.end(name, count)
}

const fn unknown(name: &'static str) -> Bare {
    Bare { name, per_second: 0.0, cpu: Duration::ZERO }
}

fn signatures(name: &'static str) -> Bare {
    let Ok(key) = KeyPair::generate(KeySize::Rsa2048) else { return unknown(name) };
    let message = [7u8; 600];
    on_all_cores(name, || {
        let mut signature = vec![0; key.public_modulus_len()];
        let _ = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
    })
}

fn hashes(name: &'static str) -> Bare {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return unknown(name);
    };
    let passwords = Passwords::new();
    let password = Secret::new(crate::PASSWORD);
    let Ok(stored) = runtime.block_on(passwords.hash(&password, &SystemEntropy)) else {
        return unknown(name);
    };
    on_all_cores(name, || {
        let _ = runtime.block_on(passwords.verify(&password, Some(&stored)));
    })
}

fn commits(name: &'static str, folder: &Path) -> Result<Bare, rusqlite::Error> {
    let path = folder.join("bare-commits.db");
    let connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    )?;
    let watch = Watch::start();
    let mut count = 0u32;
    while watch.begin.elapsed() < TIME {
        connection.execute("INSERT INTO row (data) VALUES (?1)", [[7u8; 500].as_slice()])?;
        count += 1;
    }
    let commit = watch.end(name, count);
    drop(connection);
    for name in ["bare-commits.db", "bare-commits.db-wal", "bare-commits.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    Ok(commit)
}
