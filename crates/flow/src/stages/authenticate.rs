//! Checks a password against the backends of a stage.

use countersign_directory::{HashError, Passwords, Verified, users};
use countersign_model::Secret;
use countersign_store::{params, sha256};
use serde_json::{Map, Value, json};

use super::Backend;
use crate::error::FlowError;
use crate::plan::{PendingUser, key};
use crate::run::Run;

/// Whether somebody proved who they are, and where.
pub(crate) enum Login {
    Proved {
        backend: Backend,
    },
    Failed,
    /// Too many wrong ones of late; the password was not looked at.
    Throttled,
}

/// What is told then.
pub(crate) const THROTTLED: &str = "Too many failed tries. Wait a few minutes and try again.";

/// Tries the backends in their order; the first that accepts wins. Takes as long for accounts that do not
/// exist as for those that do.
pub(crate) async fn check(run: &mut Run, user: &PendingUser, backends: &[Backend], password: &str) -> Result<Login, FlowError> {
    let password = Secret::new(password);
    let tries = Tries::count(run, user).await;
    if tries.too_many {
        // No event: whoever tries in masses must not fill the log of events.
        let application = run.application_hint.as_ref().map_or("-", |hint| hint.slug.as_str());
        tracing::warn!(client_ip = %run.browser.request.client_ip, user = user.username, application, reason = "too many tries", "login failed");
        return Ok(Login::Throttled);
    }
    for backend in backends {
        let method = match backend {
            Backend::Inbuilt if by_hash(run, user, &password).await? => Some(("password", json!({}))),
            Backend::Token => by_token(run, user, &password).await?.map(|token| ("token", json!({"token": token}))),
            // Directories of others arrive with their sources.
            Backend::Inbuilt | Backend::Ldap | Backend::Kerberos => None,
        };
        if let Some((method, args)) = method {
            remember(run, method, args);
            tries.forget(run).await;
            return Ok(Login::Proved { backend: *backend });
        }
    }
    run.login_failed(user, "wrong password").await;
    Ok(Login::Failed)
}

/// Counts tries before they are checked, so that many at once do not slip through: for an account from one
/// address, for an address, for an account. Somebody elsewhere cannot lock an account out of its own address.
struct Tries {
    keys: [String; 3],
    too_many: bool,
}

const SPACE: &str = "login_tries";
/// Wrong passwords allowed, and within how many seconds.
const LIMITS: [(i64, i64); 3] = [(20, 300), (300, 300), (500, 3600)];

impl Tries {
    async fn count(run: &Run, user: &PendingUser) -> Self {
        let ip = run.browser.request.client_ip;
        let account = user.pk.map_or_else(|| user.username.to_lowercase(), |pk| pk.to_string());
        let keys = [format!("{account}@{ip}"), format!("@{ip}"), format!("{account}@")];
        let mut too_many = false;
        for (key, (most, seconds)) in keys.iter().zip(LIMITS) {
            too_many |= run.browser.cx.store.ephemeral().add(SPACE, key, 1, seconds).await > most;
        }
        Self { keys, too_many }
    }

    /// A right password was no wrong try.
    async fn forget(&self, run: &Run) {
        for (key, (_, seconds)) in self.keys.iter().zip(LIMITS) {
            run.browser.cx.store.ephemeral().add(SPACE, key, -1, seconds).await;
        }
    }
}

async fn by_hash(run: &Run, user: &PendingUser, password: &Secret) -> Result<bool, FlowError> {
    let cx = &run.browser.cx;
    let passwords = Passwords::of(cx).ok_or_else(|| FlowError::broken("There is nothing to check passwords with."))?;
    let stored = match user.pk {
        Some(pk) => {
            let row = cx.store.read(move |sql| sql.query_one("SELECT password FROM users WHERE id = $1 AND is_active = 1", params![pk])).await?;
            row.map(|row| row.get::<String>(0)).transpose()?
        }
        None => None,
    };
    match passwords.verify(password, stored.as_deref()).await {
        Ok(Verified::Yes) => Ok(true),
        Ok(Verified::No) | Err(HashError::TooLong) => Ok(false),
        Ok(Verified::YesOutdated) => {
            upgrade(run, user, password, stored.unwrap_or_default()).await?;
            Ok(true)
        }
        Err(HashError::Busy) => Err(FlowError::Busy),
        Err(error) => Err(FlowError::broken(error.to_string())),
    }
}

/// Stores a right password under the current sort of hash, unless it was changed in the meantime.
async fn upgrade(run: &Run, user: &PendingUser, password: &Secret, old: String) -> Result<(), FlowError> {
    let cx = &run.browser.cx;
    let (Some(passwords), Some(pk)) = (Passwords::of(cx), user.pk) else { return Ok(()) };
    // Busy with more urgent hashes: the next sign-in tries again.
    let Ok(hash) = passwords.hash(password, &*cx.entropy).await else { return Ok(()) };
    let written = cx.store.write(run.browser.actor(), "password hash renewed", move |tx| {
        tx.execute("UPDATE users SET password = $1 WHERE id = $2 AND password = $3", params![hash.clone(), pk, old.clone()])
    });
    written.await?;
    Ok(())
}

/// An app password: a token of that intent.
async fn by_token(run: &Run, user: &PendingUser, password: &Secret) -> Result<Option<Value>, FlowError> {
    let Some(pk) = user.pk else { return Ok(None) };
    let (hash, now) = (sha256(password.expose()), run.browser.cx.clock.now());
    let row = run.browser.cx.store.read(move |sql| {
        sql.query_one(
            "SELECT identifier FROM token WHERE key_hash = $1 AND user_id = $2 AND intent = 'app_password' AND (expiring = 0 OR expires > $3)",
            params![hash, pk, now],
        )
    });
    let Some(row) = row.await? else { return Ok(None) };
    let identifier: String = row.get(0)?;
    Ok(Some(json!({"identifier": identifier})))
}

/// The first method that worked counts; arguments add up.
fn remember(run: &mut Run, method: &str, args: Value) {
    run.plan.context.entry(key::AUTH_METHOD).or_insert_with(|| method.into());
    let slot = run.plan.context.entry(key::AUTH_METHOD_ARGS).or_insert_with(|| Value::Object(Map::new()));
    if let (Value::Object(all), Value::Object(args)) = (slot, args) {
        all.extend(args);
    }
}

/// A new password as it is stored.
pub(crate) async fn hash(run: &Run, password: &str) -> Result<String, FlowError> {
    let cx = &run.browser.cx;
    let passwords = Passwords::of(cx).ok_or_else(|| FlowError::broken("There is nothing to hash passwords with."))?;
    match passwords.hash(&Secret::new(password), &*cx.entropy).await {
        Ok(hash) => Ok(hash),
        Err(HashError::Busy) => Err(FlowError::Busy),
        Err(error) => Err(FlowError::broken(error.to_string())),
    }
}

/// Whether an account with that name exists, other than `except`.
pub(crate) async fn is_taken(run: &Run, name: &str, except: Option<i64>) -> Result<bool, FlowError> {
    let name = name.trim().to_lowercase();
    let row = run.browser.cx.store.read(move |sql| sql.query_one("SELECT id FROM users WHERE username_fold = $1", params![name])).await?;
    Ok(match row {
        Some(row) => Some(row.get::<i64>(0)?) != except,
        None => false,
    })
}

/// Fields of an account, to be changed.
pub(crate) async fn fields(run: &Run, pk: i64) -> Result<Option<users::UserFields>, FlowError> {
    Ok(run.browser.cx.store.read(move |sql| users::fields_of(sql, pk)).await?)
}
