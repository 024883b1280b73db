//! Password hashes: argon2id for new ones; those of the original are verified and made anew at the
//! next sign-in.
//!
//! Hashing is slow on purpose, so it runs on as many threads as there are cores, and a queue past
//! its bound is answered at once instead of slowing everything.

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{ApiError, Shutdown};
use countersign_model::{Entropy, Secret};
use http::StatusCode;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::hash_memory::HashMemory;

/// OWASP's second choice for argon2id: 19 MiB, two passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// As many wait per worker before new ones are refused.
const QUEUE: usize = 64;
/// Memory that no hash has needed for as long is given back.
const MEMORY_IDLE: Duration = Duration::from_secs(5);
/// Longer ones are refused before they reach the hash.
const LONGEST: usize = 4096;

/// The outcome of checking a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    No,
    Yes,
    /// Right, but stored in an older form: store a new hash.
    YesOutdated,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum HashError {
    #[error("The server is busy checking passwords. Try again in a few seconds.")]
    Busy,
    #[error("The password is longer than 4096 bytes.")]
    TooLong,
    #[error("The password could not be hashed.")]
    Failed,
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> ApiError {
        let status = if error == HashError::Busy {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::BAD_REQUEST
        };
        ApiError::detail(status, error.to_string())
    }
}

/// A bounded place to hash. One per program, made by [`crate::module`].
pub struct Passwords {
    workers: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    memory: Arc<HashMemory>,
    computed: AtomicU64,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords::new()
    }
}

impl Passwords {
    pub fn new() -> Passwords {
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Passwords {
            workers: Arc::new(Semaphore::new(workers)),
            waiting: Arc::new(Semaphore::new(workers * QUEUE)),
            memory: Arc::default(),
            computed: AtomicU64::new(0),
        }
    }

    /// A hash for storing.
    ///
    /// # Errors
    /// When too many wait, or the password is absurdly long.
    pub async fn hash(
        &self,
        password: &Secret,
        entropy: &dyn Entropy,
    ) -> Result<String, HashError> {
        let mut salt = [0u8; 16];
        entropy.fill(&mut salt);
        let password = password.clone();
        self.run(&password.clone(), move |memory| {
            hash(memory, password.expose(), &salt).ok_or(HashError::Failed)
        })
        .await?
    }

    /// Checks a password against a stored hash. Without one (no such user, or a user without a
    /// usable password) it takes as long, and no password is the right one.
    ///
    /// # Errors
    /// When too many wait, or the password is absurdly long.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: Option<&str>,
    ) -> Result<Verified, HashError> {
        let usable = stored
            .filter(|stored| !stored.starts_with('!') && !stored.is_empty())
            .map(str::to_owned);
        let exists = usable.is_some();
        let against = usable.or_else(decoy).unwrap_or_default();
        let moved = password.clone();
        let outcome =
            self.run(password, move |memory| verify(memory, moved.expose(), &against)).await?;
        Ok(if exists { outcome } else { Verified::No })
    }

    /// The service that gives memory back which no hash has needed for a while.
    pub(crate) async fn keep_small(self: Arc<Self>, mut stop: Shutdown) -> Result<(), String> {
        while stop.sleep(MEMORY_IDLE).await {
            self.memory.trim();
        }
        Ok(())
    }

    /// How many hashes were computed, for tests that compare what two refusals cost.
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        password: &Secret,
        work: impl FnOnce(&HashMemory) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        if password.expose().len() > LONGEST {
            return Err(HashError::TooLong);
        }
        self.computed.fetch_add(1, Ordering::Relaxed);
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let turn = self.workers.clone().acquire_owned().await.map_err(|_| HashError::Failed)?;
        let memory = self.memory.clone();
        let task = tokio::task::spawn_blocking(move || {
            // Held by the thread: whoever asks and hangs up does not make room for the next before
            // the work is done.
            let _held = (place, turn);
            work(&memory)
        });
        task.await.map_err(|_| HashError::Failed)
    }
}

/// The stored form of "has no password": no hash begins with an exclamation mark.
pub fn unusable(entropy: &dyn Entropy) -> String {
    format!("!{}", entropy.token(40))
}

fn hash(memory: &HashMemory, password: &str, salt: &[u8]) -> Option<String> {
    let mut out = [0u8; Params::DEFAULT_OUTPUT_LEN];
    fill(memory, Algorithm::Argon2id, Version::V0x13, &params()?, password, salt, &mut out)?;
    stored(salt, &out)
}

/// What unknown users' passwords are checked against, so that they take as long: the form of a
/// hash, and the hash of nothing. To compute one would make the first such check slower than the
/// others.
fn decoy() -> Option<String> {
    stored(b"a salt of no one", &[0; Params::DEFAULT_OUTPUT_LEN])
}

/// Of new hashes.
fn params() -> Option<Params> {
    Params::new(MEMORY_KIB, PASSES, 1, None).ok()
}

fn stored(salt: &[u8], out: &[u8]) -> Option<String> {
    let stored = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params()?).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(out).ok()?),
    };
    Some(stored.to_string())
}

fn verify(memory: &HashMemory, password: &str, stored: &str) -> Verified {
    if let Some(rest) = stored.strip_prefix("pbkdf2_sha256$") {
        return if django_pbkdf2(password, rest).unwrap_or(false) {
            Verified::YesOutdated
        } else {
            Verified::No
        };
    }
    if argon2_matches(memory, password, stored).unwrap_or(false) {
        Verified::Yes
    } else {
        Verified::No
    }
}

fn argon2_matches(memory: &HashMemory, password: &str, stored: &str) -> Option<bool> {
    let stored = PasswordHash::new(stored).ok()?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let (salt, expected) = (stored.salt?, stored.hash?);
    let mut out = vec![0u8; expected.as_ref().len()];
    fill(
        memory,
        Algorithm::try_from(stored.algorithm.as_str()).ok()?,
        version,
        &Params::try_from(&stored).ok()?,
        password,
        salt.as_ref(),
        &mut out,
    )?;
    Some(bool::from(out.ct_eq(expected.as_ref())))
}

fn fill(
    memory: &HashMemory,
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    password: &str,
    salt: &[u8],
    out: &mut [u8],
) -> Option<()> {
    let argon2 = Argon2::new(algorithm, version, params.clone());
    memory
        .with(params.block_count(), |blocks| {
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, blocks)
        })
        .ok()
}

/// `iterations$salt$base64`, as Django stores pbkdf2.
fn django_pbkdf2(password: &str, rest: &str) -> Option<bool> {
    let mut parts = rest.split('$');
    let iterations = NonZeroU32::new(parts.next()?.parse().ok()?)?;
    let (salt, expected) = (parts.next()?, STANDARD.decode(parts.next()?).ok()?);
    if iterations.get() > 10_000_000 {
        return None;
    }
    Some(
        pbkdf2::verify(
            pbkdf2::PBKDF2_HMAC_SHA256,
            iterations,
            salt.as_bytes(),
            password.as_bytes(),
            &expected,
        )
        .is_ok(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "held and aborted by the test")]
    async fn who_hangs_up_makes_no_room_before_the_work_is_done() {
        let passwords =
            Arc::new(Passwords { workers: Arc::new(Semaphore::new(1)), ..Passwords::new() });
        let (finish, wait) = std::sync::mpsc::channel::<()>();
        let (started, begun) = tokio::sync::oneshot::channel();
        let asking = passwords.clone();
        let asked = tokio::spawn(async move {
            let work = move |_: &HashMemory| {
                let _ = started.send(());
                let _ = wait.recv();
            };
            asking.run(&Secret::new("x"), work).await
        });
        begun.await.unwrap();
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        assert_eq!(passwords.workers.available_permits(), 0);
        drop(finish);
        let verified = passwords
            .verify(
                &Secret::new("x"),
                Some(&hash(&HashMemory::default(), "x", b"0123456789abcdef").unwrap()),
            )
            .await;
        assert_eq!(verified, Ok(Verified::Yes));
    }

    /// Passwords are checked against a decoy where there is none to check: its own password opens
    /// nothing.
    #[tokio::test]
    async fn no_password_opens_an_account_without_a_usable_one() {
        let passwords = Passwords::new();
        for stored in [None, Some(""), Some("!"), Some("!Vh3kq0")] {
            for tried in ["decoy", "", "!", "!Vh3kq0"] {
                assert_eq!(
                    passwords.verify(&Secret::new(tried), stored).await,
                    Ok(Verified::No),
                    "{tried:?} for {stored:?}"
                );
            }
        }
        assert_eq!(passwords.computed(), 16);
    }

    /// A check against it is one computation with the parameters of a new hash, from the first on.
    #[test]
    fn an_unknown_persons_password_takes_one_hash_like_any_other() {
        let memory = HashMemory::default();
        let (decoy, real) = (decoy().unwrap(), hash(&memory, "x", b"0123456789abcdef").unwrap());
        let shape = |stored: &str| {
            let stored = PasswordHash::new(stored).unwrap();
            (
                stored.algorithm,
                stored.version,
                stored.params.clone(),
                stored.hash.unwrap().as_ref().len(),
                stored.salt.unwrap().as_ref().len(),
            )
        };
        assert_eq!(shape(&decoy), shape(&real));
        assert_eq!(
            argon2_matches(&memory, "x", &decoy),
            Some(false),
            "it was computed and compared"
        );
    }

    #[test]
    fn our_hashes_verify_and_the_original_s_are_outdated() {
        let memory = HashMemory::default();
        let verify = |password: &str, stored: &str| verify(&memory, password, stored);
        let stored = hash(&memory, "correct horse", b"0123456789abcdef").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert_eq!(verify("correct horse", &stored), Verified::Yes);
        assert_eq!(verify("wrong horse", &stored), Verified::No);
        let mut out = [0u8; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            NonZeroU32::new(1000).unwrap(),
            b"salt",
            b"correct horse",
            &mut out,
        );
        let django = format!("pbkdf2_sha256$1000$salt${}", STANDARD.encode(out));
        assert_eq!(verify("correct horse", &django), Verified::YesOutdated);
        assert_eq!(verify("wrong horse", &django), Verified::No);
        assert_eq!(verify("x", "!unusable"), Verified::No);
        assert_eq!(verify("x", ""), Verified::No);
    }
}
