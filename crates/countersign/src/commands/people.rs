//! Accounts from the console: they are rows, which a running server reads anew for every request.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use countersign_core::{ApiError, save};
use countersign_directory::users::{User, UserType};
use countersign_directory::{Passwords, groups::Group, username, users};
use countersign_model::{ChoiceValue as _, Key, Ref, Secret};
use countersign_store::{Actor, SystemEntropy, Tx, params};
use uuid::Uuid;

use crate::{settings::Loaded, start};

/// The group of administrators that the first start makes.
const ADMINS: &str = "authentik Admins";

/// Sets a password and ends the sessions of the account.
///
/// # Errors
/// A sentence when there is no such account or no password.
pub async fn change_password(loaded: &Loaded, user: &str) -> Result<(), String> {
    start::must_have_data(&loaded.settings)?;
    let password = ask(user)?;
    let hash = Passwords::new()
        .hash(&password, &SystemEntropy)
        .await
        .map_err(|error| error.to_string())?;
    let name = user.to_owned();
    change(loaded, "change-password", "password set on the console", move |tx| {
        let pk = find(tx, &name)?;
        users::set_password_hash(tx, pk, &hash, None)
    })
    .await?;
    println!("{user} has a new password; the sessions of the account have ended.");
    Ok(())
}

/// Makes or mends the group of administrators and puts a user into it.
///
/// # Errors
/// A sentence when there is no such account.
pub async fn create_admin_group(loaded: &Loaded, user: &str) -> Result<(), String> {
    start::must_have_data(&loaded.settings)?;
    let name = user.to_owned();
    change(loaded, "create-admin-group", "administrator made on the console", move |tx| {
        let pk = find(tx, &name)?;
        let found = tx.query_one("SELECT uuid FROM user_group WHERE name = $1", params![ADMINS])?;
        let before: Option<Group> = match found {
            Some(row) => countersign_core::find(tx, row.get::<Uuid>(0)?)?,
            None => None,
        };
        let fresh = Group { name: ADMINS.to_owned(), ..Group::default() };
        let mut after = before.clone().unwrap_or(fresh);
        after.is_superuser = true;
        after.users.push(Ref::new(Key::Int(pk)));
        save(tx, after, before.as_ref())?;
        Ok(())
    })
    .await?;
    println!("{user} is an administrator: a member of \"{ADMINS}\".");
    Ok(())
}

/// Changes the type of accounts: of those named, or of every person's.
///
/// # Errors
/// A sentence when there is no such type or account.
pub async fn change_type(
    loaded: &Loaded,
    kind: &str,
    named: Option<Vec<String>>,
) -> Result<(), String> {
    start::must_have_data(&loaded.settings)?;
    // Accounts of the program itself are nobody's to choose.
    let wanted = UserType::from_value(kind)
        .filter(|wanted| *wanted != UserType::InternalServiceAccount)
        .ok_or_else(|| {
            format!("there is no type \"{kind}\": internal, external or service_account")
        })?;
    let of = named.clone();
    change(loaded, "change_user_type", "type of accounts changed on the console", move |tx| {
        let keys = match &of {
            Some(names) => names.iter().map(|name| find(tx, name)).collect::<Result<_, _>>()?,
            None => {
                let people = "SELECT id FROM users WHERE type IN ('internal', 'external') AND type <> $1 ORDER BY id";
                let rows = tx.query(people, params![wanted.value()])?;
                rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>, _>>()?
            }
        };
        for pk in keys {
            let Some(before) = countersign_core::find::<User>(tx, pk)? else { continue };
            if before.r#type == UserType::InternalServiceAccount {
                let text = format!("\"{}\" is an account of the program itself", before.username);
                return Err(ApiError::detail(http::StatusCode::BAD_REQUEST, text));
            }
            save(tx, User { r#type: wanted, ..before.clone() }, Some(&before))?;
        }
        Ok(())
    })
    .await?;
    match named {
        Some(names) => println!("{} is of the type {kind}.", names.join(", ")),
        None => println!("Every account of a person is of the type {kind}."),
    }
    Ok(())
}

async fn change(
    loaded: &Loaded,
    command: &str,
    reason: &str,
    work: impl Fn(&mut Tx<'_>) -> Result<(), ApiError> + Send + 'static,
) -> Result<(), String> {
    let (store, ..) = start::open_store(&loaded.settings).await?;
    let done = store.write(Actor::console(format!("countersign {command}")), reason, work).await;
    store.close().await;
    done.map_err(|error| match error {
        ApiError::Detail { text, .. } => text,
        other => other.to_string(),
    })
}

fn find(tx: &mut Tx<'_>, user: &str) -> Result<i64, ApiError> {
    let found = username::find(tx, user)?;
    let missing =
        || ApiError::detail(http::StatusCode::NOT_FOUND, format!("there is no account \"{user}\""));
    found.ok_or_else(missing)
}

/// A password from standard input: typed unseen on a terminal, twice; else the first line.
fn ask(user: &str) -> Result<Secret, String> {
    let line = || {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut text)
            .map_err(|error| format!("the password cannot be read: {error}"))?;
        Ok::<_, String>(Secret::new(text.trim_end_matches(['\r', '\n'])))
    };
    let password = if std::io::stdin().is_terminal() {
        let prompt = |text: &str| {
            eprint!("{text}");
            let _ = std::io::stderr().flush();
        };
        prompt(&format!("New password of {user}: "));
        let _silent = Silent::new();
        let first = line()?;
        prompt("\nAgain: ");
        let second = line()?;
        eprintln!();
        if first != second {
            return Err("the two differ; nothing was changed".to_owned());
        }
        first
    } else {
        line()?
    };
    if password.is_empty() {
        Err("an empty password is none; nothing was changed".to_owned())
    } else {
        Ok(password)
    }
}

/// While it lives, the terminal does not show what is typed.
struct Silent;

impl Silent {
    fn new() -> Silent {
        terminal("-echo");
        Silent
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        terminal("echo");
    }
}

fn terminal(mode: &str) {
    // Without the tool the password is seen on the screen, which the person sees too.
    let _ = std::process::Command::new("stty").arg(mode).status();
}
