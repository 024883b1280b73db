//! Checks a password against the backends of a stage.

use countersign_directory::{HashError, Owner, TooMany, Verified, username, users::User};
use countersign_model::{ChoiceValue as _, Problem, Secret};
use countersign_store::{params, sha256};
use serde_json::{Map, Value, json};

use super::Backend;
use crate::error::FlowError;
use crate::plan::{PendingUser, key};
use crate::run::Run;
use crate::stage::Step;

/// Whether somebody proved who they are, and where.
pub(crate) enum Login {
    Proved {
        backend: Backend,
    },
    Failed,
    /// Too many wrong ones of late; the password was not looked at.
    Throttled(TooMany),
}

/// The number of no account.
const NOBODY: i64 = 0;

/// Tries the backends in their order; the first that accepts wins. For accounts that do not exist,
/// have no password or are deactivated it computes as many hashes and asks as many statements as
/// for others.
pub(crate) async fn check(
    run: &mut Run,
    user: &PendingUser,
    backends: &[Backend],
    password: &str,
) -> Result<Login, FlowError> {
    let password = Secret::new(password);
    let cx = run.browser.cx.clone();
    let owner = user.pk.map_or(Owner::Unknown(&user.username), Owner::Account);
    let attempt = match run.attempt(owner).await {
        Ok(attempt) => attempt,
        Err(wait) => {
            // No event: whoever tries in masses must not fill the log of events.
            let application = run.application_hint.as_ref().map_or("-", |hint| hint.slug.as_str());
            // A name that no account has may be a password in the wrong field.
            let name = user.pk.map_or("-", |_| user.username.as_str());
            tracing::warn!(client_ip = %run.browser.request.client_ip, user = name, application, reason = "too many attempts", "login failed");
            return Ok(Login::Throttled(wait));
        }
    };
    match by_backends(run, user, backends, &password).await {
        Ok(Some(backend)) => {
            attempt.succeeded(&cx).await;
            Ok(Login::Proved { backend })
        }
        Ok(None) => {
            attempt.failed(&cx).await;
            run.login_failed(user, "wrong password", &[]).await;
            Ok(Login::Failed)
        }
        Err(error) => {
            attempt.not_made(&cx).await;
            Err(error)
        }
    }
}

/// What a page shows that was answered too often: the form again, with the time to wait.
pub(crate) fn throttled(run: &mut Run, field: &str, wait: TooMany) -> Step {
    run.retry_after = Some(wait.seconds);
    Step::invalid(field, Problem::new("throttled", wait.to_string()))
}

async fn by_backends(
    run: &mut Run,
    user: &PendingUser,
    backends: &[Backend],
    password: &Secret,
) -> Result<Option<Backend>, FlowError> {
    for backend in backends {
        let method = match backend {
            Backend::Inbuilt if by_hash(run, user, password).await? => {
                Some(("password", json!({})))
            }
            Backend::Token => {
                by_token(run, user, password).await?.map(|token| ("token", json!({"token": token})))
            }
            Backend::Ldap if elsewhere(run, user, *backend, password).await? => {
                Some(("password", json!({})))
            }
            // Those of Kerberos arrive with their sources.
            Backend::Inbuilt | Backend::Ldap | Backend::Kerberos => None,
        };
        if let Some((method, args)) = method {
            remember(run, method, args);
            return Ok(Some(*backend));
        }
    }
    Ok(None)
}

async fn by_hash(run: &Run, user: &PendingUser, password: &Secret) -> Result<bool, FlowError> {
    let cx = &run.browser.cx;
    let passwords = &cx.shared().deps.passwords;
    let pk = user.pk.unwrap_or(NOBODY);
    let row = cx
        .store
        .read(move |sql| {
            sql.query_one("SELECT password FROM users WHERE id = $1 AND is_active = 1", params![pk])
        })
        .await?;
    let stored = row.map(|row| row.get::<String>(0)).transpose()?;
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

/// Asks the directory that the account came from. For names that nobody has, and for accounts that
/// are not active, the same is read as for others, of an account that there never is.
async fn elsewhere(
    run: &Run,
    user: &PendingUser,
    backend: Backend,
    password: &Secret,
) -> Result<bool, FlowError> {
    const NOBODY: i64 = -1;
    let (cx, asked) = (&run.browser.cx, user.pk.unwrap_or(NOBODY));
    let active = "SELECT 1 FROM users WHERE id = $1 AND is_active = 1";
    let is_active =
        cx.store.read(move |sql| sql.query_one(active, params![asked])).await?.is_some();
    let account = if is_active { asked } else { NOBODY };
    Ok(cx.accepted_elsewhere(backend.value(), account, password).await? && is_active)
}

/// Stores a right password under the current sort of hash, unless it was changed in the meantime.
async fn upgrade(
    run: &Run,
    user: &PendingUser,
    password: &Secret,
    old: String,
) -> Result<(), FlowError> {
    let cx = &run.browser.cx;
    let Some(pk) = user.pk else { return Ok(()) };
    let passwords = &cx.shared().deps.passwords;
    // Busy with more urgent hashes: the next sign-in tries again.
    let Ok(hash) = passwords.hash(password, &*cx.entropy).await else { return Ok(()) };
    let written = cx.store.write(run.browser.actor(), "password hash renewed", move |tx| {
        tx.execute(
            "UPDATE users SET password = $1 WHERE id = $2 AND password = $3",
            params![hash.clone(), pk, old.clone()],
        )
    });
    written.await?;
    Ok(())
}

/// An app password: a token of that intent, of an active account.
async fn by_token(
    run: &Run,
    user: &PendingUser,
    password: &Secret,
) -> Result<Option<Value>, FlowError> {
    let pk = user.pk.unwrap_or(NOBODY);
    let (hash, now) = (sha256(password.expose()), run.browser.cx.clock.now());
    let row = run.browser.cx.store.read(move |sql| {
        sql.query_one(
            "SELECT t.identifier FROM token t JOIN users u ON u.id = t.user_id WHERE t.key_hash = $1 AND t.user_id = $2 \
             AND t.intent = 'app_password' AND (t.expiring = 0 OR t.expires > $3) AND u.is_active = 1",
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
    let slot =
        run.plan.context.entry(key::AUTH_METHOD_ARGS).or_insert_with(|| Value::Object(Map::new()));
    if let (Value::Object(all), Value::Object(args)) = (slot, args) {
        all.extend(args);
    }
}

/// A new password as it is stored.
pub(crate) async fn hash(run: &Run, password: &str) -> Result<String, FlowError> {
    let cx = &run.browser.cx;
    match cx.shared().deps.passwords.hash(&Secret::new(password), &*cx.entropy).await {
        Ok(hash) => Ok(hash),
        Err(HashError::Busy) => Err(FlowError::Busy),
        Err(error) => Err(FlowError::broken(error.to_string())),
    }
}

/// Whether an account with that name exists, other than `except`.
pub(crate) async fn is_taken(
    run: &Run,
    name: &str,
    except: Option<i64>,
) -> Result<bool, FlowError> {
    let name = name.trim().to_owned();
    let found = run.browser.cx.store.read(move |sql| username::find(sql, &name)).await?;
    Ok(found.is_some_and(|pk| Some(pk) != except))
}

/// Fields of an account, to be changed.
pub(crate) async fn fields(run: &Run, pk: i64) -> Result<Option<User>, FlowError> {
    Ok(run.browser.cx.store.read(move |sql| countersign_core::find(sql, pk)).await?)
}
