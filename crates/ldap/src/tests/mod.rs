//! The directory without any I/O.

mod filters;
mod fuzz;
mod names;
mod numbers;
mod text;
mod wire;

use bytes::BytesMut;
use ldap3_lber::structure::StructureTag;
use ldap3_proto::proto::{LdapSearchResultEntry, LdapSearchScope};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::directory::{Directory, Group, User, custom};
use crate::dn::Dn;
use crate::filter::{Filter, FilterError};
use crate::posix::{Numbers, Starts};
use crate::search::{Position, Query};
use crate::tree::{Selection, Sight, Tree, View};
use text::encoded;

const BASE: &str = "DC=ldap,DC=example";
const STARTS: Starts = Starts { uid: 2000, gid: 4000 };

fn user(pk: i64, username: &str, name: &str, groups: &[u128], attributes: &Value) -> User {
    let mut groups: Vec<Uuid> = groups.iter().map(|group| Uuid::from_u128(*group)).collect();
    groups.sort();
    User {
        pk,
        uuid: Uuid::from_u128(u128::try_from(pk).unwrap() << 64),
        username: username.into(),
        name: name.into(),
        email: format!("{username}@example.test").into(),
        uid: [u8::try_from(pk % 256).unwrap(); 32],
        active: pk % 2 == 1,
        joined: format!("202611{:02}120000Z", pk.clamp(1, 28)).into(),
        groups: groups.into(),
        custom: custom(attributes, Some(username)),
    }
}

fn group(uuid: u128, name: &str, parent: Option<u128>, attributes: &Value) -> Group {
    Group {
        uuid: Uuid::from_u128(uuid),
        name: name.into(),
        superuser: name == "admins",
        parent: parent.map(Uuid::from_u128),
        custom: custom(attributes, None),
        members: Vec::new(),
    }
}

const ADMINS: u128 = 11_111;
const STAFF: u128 = 22_222;
const COMMA: u128 = 33_333;
const EMPTY: u128 = 44_444;

/// Five people, four groups.
fn world() -> Directory {
    let mut directory = Directory::default();
    let none = json!({});
    directory.put_group(group(ADMINS, "admins", None, &none));
    directory.put_group(group(STAFF, "staff", Some(ADMINS), &json!({"description": "Us"})));
    directory.put_group(group(COMMA, "A, B", None, &json!({"gidNumber": "7777"})));
    directory.put_group(group(EMPTY, "nobody", None, &none));
    directory.put_user(user(1, "akadmin", "authentik Default Admin", &[ADMINS], &none));
    let attributes = json!({
        "title": "Head of  Things", "phones": ["1", 2, true], "nothing": null, "on": true,
        "goauthentik.io/user/sources": ["a"], "deep": {"b": 1, "a": [1, null]}, "home": "/x/%s",
        "department": "R&D (north)", "sshPublicKey": "ssh-ed25519 AAAA",
    });
    directory.put_user(user(2, "alice", "Alice Archer", &[STAFF, COMMA], &attributes));
    directory.put_user(user(3, "bob", "Bob  Brown", &[STAFF], &json!({"uidNumber": "5000"})));
    directory.put_user(user(4, "zoë", "Zoë MÜLLER", &[], &json!({"mail": "z@else.test"})));
    directory.put_user(user(5, "miller, ann", "Ann Miller*", &[COMMA], &none));
    directory
}

fn tree() -> Tree {
    Tree::new(BASE, STARTS).unwrap()
}

fn view<'d>(tree: &'d Tree, directory: &'d Directory, numbers: &'d Numbers) -> View<'d> {
    View { tree, directory, numbers, sight: Sight::All, version: "1" }
}

fn filter(text: &str) -> Result<Filter, FilterError> {
    Filter::parse(&encoded(text))
}

fn query(base: &str, scope: LdapSearchScope, text: &str) -> Query {
    Query {
        base: Dn::parse(base).unwrap(),
        scope,
        filter: filter(text).unwrap(),
        selection: Selection::new(&[], false),
    }
}

/// What a search finds, looked up in parts of `looks` entries.
fn found(view: View<'_>, query: &Query, looks: usize) -> Vec<LdapSearchResultEntry> {
    let plan = view.plan(query);
    let (mut all, mut at) = (Vec::new(), Position::Start);
    while at != Position::End {
        let part = view.part((query, &plan), at, 1000, looks);
        assert!(part.at > at, "{at:?} {:?}", part.at);
        all.extend(part.found);
        at = part.at;
    }
    all
}

fn names(entries: &[LdapSearchResultEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.dn.as_str()).collect()
}

/// The values of an attribute of an entry.
fn values(entry: &LdapSearchResultEntry, name: &str) -> Vec<String> {
    let of = entry.attributes.iter().filter(|attribute| attribute.atype == name);
    of.flat_map(|attribute| &attribute.vals)
        .map(|value| String::from_utf8(value.clone()).unwrap())
        .collect()
}

fn bytes(tag: StructureTag) -> BytesMut {
    let mut bytes = BytesMut::new();
    ldap3_lber::write::encode_into(&mut bytes, tag).unwrap();
    bytes
}
