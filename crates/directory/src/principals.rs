//! Accounts and tokens of what acts by an account of its own ([`countersign_core::Principal`]). The
//! server makes them with what they are for and removes them with it: who edits that need hold
//! nothing on accounts, and nobody else makes such accounts.

use countersign_core::find;
use countersign_model::{Key, ObjectId, Ref, Secret, Slug, Target as _, directory};
use countersign_store::{self as store, ActorUser, StoreError, Tx, params};
use serde_json::json;

use crate::passwords::unusable;
use crate::settings::SystemSettings;
use crate::tokens::{Intent, Token};
use crate::users::{User, UserType, audit};
use crate::{tokens, username};

/// What such an account is called.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    pub username: &'a str,
    pub name: &'a str,
    pub path: &'a str,
}

/// Makes an account that signs in by its token alone; its number.
///
/// # Errors
/// The store fails.
pub fn make_principal(tx: &mut Tx<'_>, called: Called<'_>) -> Result<i64, StoreError> {
    let mut username = called.username.to_owned();
    let taken = "SELECT 1 FROM users WHERE username_fold = $1";
    while tx.query_one(taken, params![username::fold(&username)])?.is_some() {
        username = format!("{}-{}", called.username, tx.entropy().token(6));
    }
    let now = tx.now();
    let user = User {
        uuid: tx.entropy().uuid(),
        username_fold: username::fold(&username),
        username,
        name: called.name.to_owned(),
        password: Secret::new(unusable(tx.entropy())),
        password_changed: now,
        joined: now,
        is_active: true,
        path: called.path.to_owned(),
        r#type: UserType::InternalServiceAccount,
        ..User::default()
    };
    let pk = store::insert(tx, &user)?;
    let Some(pk) = as_number(&pk) else { return Err(StoreError::Column { column: 0 }) };
    audit(tx, "model_created", &actor(pk, &user), None)?;
    Ok(pk)
}

/// Gives it another display name.
///
/// # Errors
/// The store fails.
pub fn rename_principal(tx: &mut Tx<'_>, pk: i64, name: &str) -> Result<(), StoreError> {
    let Some(user) = find::<User>(tx, pk)?.filter(|user| user.name != name) else { return Ok(()) };
    tx.execute("UPDATE users SET name = $1 WHERE id = $2", params![name, pk])?;
    let diff = json!({"name": {"previous_value": user.name, "new_value": name}});
    audit(tx, "model_updated", &actor(pk, &user), Some(diff))
}

/// Removes it with everything that is its own.
///
/// # Errors
/// The store fails.
pub fn remove_principal(tx: &mut Tx<'_>, pk: i64) -> Result<(), StoreError> {
    let Some(user) = find::<User>(tx, pk)? else { return Ok(()) };
    tx.draft().detach(ObjectId::new(directory::User::SPACE, Key::Int(pk)))?;
    tx.execute("DELETE FROM users WHERE id = $1", params![pk])?;
    let of_user = "DELETE FROM role_grant WHERE object_id = $1 AND permission LIKE 'authentik\\_core.%\\_user' ESCAPE '\\'";
    tx.execute(of_user, params![pk])?;
    audit(tx, "model_deleted", &actor(pk, &user), None)
}

/// A token that the server looks after.
#[derive(Debug, Clone, Copy)]
pub struct ManagedToken<'a> {
    pub identifier: &'a str,
    pub managed: &'a str,
    pub description: &'a str,
}

/// Makes sure that an account has that token, which does not end. One of that name that somebody
/// changed or removed is made anew.
///
/// # Errors
/// The store fails.
pub fn keep_token(tx: &mut Tx<'_>, pk: i64, token: ManagedToken<'_>) -> Result<(), StoreError> {
    let there = "SELECT 1 FROM token WHERE managed = $1 AND identifier = $2 AND user_id = $3 AND intent = 'api'";
    if tx.query_one(there, params![token.managed, token.identifier, pk])?.is_some() {
        return Ok(());
    }
    let former = "DELETE FROM token WHERE managed = $1 OR identifier = $2";
    tx.execute(former, params![token.managed, token.identifier])?;
    let length = SystemSettings::of(tx.graph()).key_length();
    let mut made = Token {
        uuid: tx.entropy().uuid(),
        identifier: Slug::from(token.identifier),
        managed: Some(token.managed.to_owned()),
        intent: Intent::Api,
        user: Some(Ref::new(Key::Int(pk))),
        description: token.description.to_owned(),
        expires: None,
        expiring: false,
        ..Token::default()
    };
    let key = Secret::new(tx.entropy().token(length));
    made.set_secret(tx, &key);
    store::insert(tx, &made)?;
    tokens::audit(tx, "model_created", &made)
}

fn actor(pk: i64, user: &User) -> ActorUser {
    ActorUser { pk, username: user.username.clone(), email: user.email.to_string() }
}

fn as_number(key: &store::SqlValue) -> Option<i64> {
    match key {
        store::SqlValue::Int(number) => Some(*number),
        _ => None,
    }
}
