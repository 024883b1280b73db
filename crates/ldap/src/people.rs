//! People and groups as the API of a server shows them to outposts, and what of them a search needs.

use std::str::FromStr as _;

use serde_json::Value;
use uuid::Uuid;

use crate::directory::{Directory, Group, User, custom};
use crate::filter::Filter;
use crate::matching::Asserted;
use crate::search::Query;
use crate::tree::{Container, Tree};

/// What everybody's name or mail has to contain whom a search may find, where that is known: a server
/// then need not say everything. Groups name their members, so it is not where they may be found.
pub fn named(query: &Query, tree: &Tree) -> Option<String> {
    let users = tree.container(Container::Users);
    if !query.base.is_within(users) {
        return None;
    }
    let leaf = tree.named(&query.base, Container::Users).map(std::borrow::Cow::into_owned);
    // Letters that are folded together are others at the server.
    leaf.or_else(|| asserted(&query.filter)).filter(|name| !name.is_empty() && name.is_ascii())
}

/// What an equality says that all have to fit.
fn asserted(filter: &Filter) -> Option<String> {
    const NAMES: [&str; 6] = ["cn", "samaccountname", "mail", "name", "displayname", "sn"];
    match filter {
        Filter::And(all) => all.iter().find_map(asserted),
        Filter::Equal(name, _, Some(Asserted::Text(text)))
            if NAMES.contains(&name.name.as_str()) =>
        {
            Some(text.clone())
        }
        _ => None,
    }
}

fn text(object: &Value, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn truth(object: &Value, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn uuid(object: &Value, name: &str) -> Option<Uuid> {
    Uuid::from_str(object.get(name)?.as_str()?).ok()
}

fn user(object: &Value) -> Option<User> {
    let username = text(object, "username");
    let mut uid = [0; 32];
    // It is a hash in hexadecimal.
    let _ = hex::decode_to_slice(text(object, "uid"), &mut uid);
    let groups = object.get("groups").and_then(Value::as_array).into_iter().flatten();
    let mut groups: Vec<Uuid> =
        groups.filter_map(|group| Uuid::from_str(group.as_str()?).ok()).collect();
    groups.sort_unstable();
    Some(User {
        pk: object.get("pk")?.as_i64()?,
        uuid: uuid(object, "uuid").unwrap_or_default(),
        custom: custom(object.get("attributes").unwrap_or(&Value::Null), Some(&username)),
        username: username.into(),
        name: text(object, "name").into(),
        email: text(object, "email").into(),
        uid,
        active: truth(object, "is_active"),
        joined: generalized_time(&text(object, "date_joined")).into(),
        groups: groups.into(),
    })
}

/// RFC 4517, 3.3.13, of a time as the API says it.
fn generalized_time(iso: &str) -> String {
    let digits: String = iso.chars().filter(char::is_ascii_digit).take(14).collect();
    if digits.len() == 14 { format!("{digits}Z") } else { String::new() }
}

fn group(object: &Value) -> Option<Group> {
    Some(Group {
        uuid: uuid(object, "pk")?,
        name: text(object, "name").into(),
        superuser: truth(object, "is_superuser"),
        parent: uuid(object, "parent"),
        custom: custom(object.get("attributes").unwrap_or(&Value::Null), None),
        members: Vec::new(),
    })
}

/// The directory that these make. What cannot be read is not in it.
pub fn directory(users: &[Value], groups: &[Value]) -> Directory {
    let mut directory = Directory::default();
    // Groups first: people say that they are in them.
    groups.iter().filter_map(group).for_each(|group| directory.put_group(group));
    users.iter().filter_map(user).for_each(|user| directory.put_user(user));
    directory
}
