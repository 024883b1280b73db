//! People and groups as searches need them, in memory and kept by difference: less than a kilobyte
//! a person, found by name, mail, number and membership without being gone over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use uuid::Uuid;

use crate::filter::folded;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) pk: i64,
    pub(crate) uuid: Uuid,
    pub(crate) username: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) email: Box<str>,
    /// What the original shows as `uid`.
    pub(crate) uid: [u8; 32],
    pub(crate) active: bool,
    /// As generalized time.
    pub(crate) joined: Box<str>,
    /// In order.
    pub(crate) groups: Box<[Uuid]>,
    pub(crate) custom: Box<[Custom]>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) uuid: Uuid,
    pub(crate) name: Box<str>,
    pub(crate) superuser: bool,
    pub(crate) parent: Option<Uuid>,
    pub(crate) custom: Box<[Custom]>,
    /// In order; kept by the people's own lists.
    pub(crate) members: Vec<i64>,
}

/// An attribute out of somebody's own. Without values it has none to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Custom {
    pub(crate) name: Box<str>,
    pub(crate) values: Box<[Box<str>]>,
    /// It was a text, which is what posix numbers have to be.
    pub(crate) text: bool,
}

/// What finds people: the attributes of one line share their values.
const CLASSES: [&[&str]; 6] = [
    &["cn", "samaccountname"],
    &["uid"],
    &["mail"],
    &["name", "displayname", "sn"],
    &["entryuuid"],
    &["uidnumber", "gidnumber"],
];

/// Mostly one number.
#[derive(Debug)]
enum Few {
    One(i64),
    Many(Vec<i64>),
}

impl Few {
    fn as_slice(&self) -> &[i64] {
        match self {
            Few::One(one) => std::slice::from_ref(one),
            Few::Many(many) => many,
        }
    }
}

/// Everybody and every group.
#[derive(Debug, Default)]
pub struct Directory {
    users: BTreeMap<i64, User>,
    groups: BTreeMap<Uuid, Group>,
    found: HashMap<u64, Few>,
    groups_named: HashMap<Box<str>, Vec<Uuid>>,
    /// Names of attributes that somebody has, in small letters, and how many have them.
    attributes: HashMap<Box<str>, usize>,
    /// Whose own attributes say something else about memberships.
    odd_users: BTreeSet<i64>,
    odd_groups: BTreeSet<Uuid>,
}

impl Directory {
    pub(crate) fn users(&self) -> &BTreeMap<i64, User> {
        &self.users
    }

    pub(crate) fn groups(&self) -> &BTreeMap<Uuid, Group> {
        &self.groups
    }

    pub(crate) fn odd_users(&self) -> &BTreeSet<i64> {
        &self.odd_users
    }

    pub(crate) fn odd_groups(&self) -> &BTreeSet<Uuid> {
        &self.odd_groups
    }

    /// Whether somebody has an attribute of this name.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// Who has such a value of an attribute, or might have: `None` when that is not looked up.
    pub(crate) fn users_with(&self, attribute: &str, folded: &str) -> Option<&[i64]> {
        let class = CLASSES.iter().position(|class| class.contains(&attribute))?;
        Some(self.found.get(&hash(class, folded)).map_or(&[][..], Few::as_slice))
    }

    /// Who has this name, which is in small letters.
    pub(crate) fn user_named(&self, folded_name: &str) -> Option<&User> {
        let found = self.users_with("cn", folded_name)?;
        let named = |user: &&User| folded(&user.username) == folded_name;
        found.iter().filter_map(|pk| self.users.get(pk)).find(named)
    }

    pub(crate) fn groups_named(&self, folded_name: &str) -> &[Uuid] {
        self.groups_named.get(folded_name).map_or(&[], Vec::as_slice)
    }

    /// Whether somebody is in a group of superusers, directly or through one below it.
    pub(crate) fn is_superuser(&self, user: &User) -> bool {
        self.groups_above(user).any(|group| group.superuser)
    }

    /// The groups of somebody and all above them.
    pub(crate) fn groups_above<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Group> {
        let mut seen = BTreeSet::new();
        let mut next: Vec<Uuid> = user.groups.to_vec();
        std::iter::from_fn(move || {
            loop {
                let uuid = next.pop()?;
                if !seen.insert(uuid) {
                    continue;
                }
                let Some(group) = self.groups.get(&uuid) else { continue };
                next.extend(group.parent);
                return Some(group);
            }
        })
    }

    /// Takes over somebody as they are now.
    pub(crate) fn put_user(&mut self, user: User) {
        let pk = user.pk;
        let before = self.users.remove(&pk);
        let old: &[Uuid] = before.as_ref().map_or(&[], |user| &user.groups);
        for group in old.iter().filter(|group| !user.groups.contains(group)) {
            self.leave(*group, pk);
        }
        for group in user.groups.iter().filter(|group| !old.contains(group)) {
            self.join(*group, pk);
        }
        if let Some(before) = before {
            self.forget(&before);
        }
        for key in keys(&user) {
            match self.found.get_mut(&key) {
                None => {
                    self.found.insert(key, Few::One(pk));
                }
                Some(Few::Many(many)) => many.push(pk),
                Some(few) => *few = Few::Many(few.as_slice().iter().copied().chain([pk]).collect()),
            }
        }
        self.count(&user.custom, true);
        if is_odd(&user.custom, "memberof") {
            self.odd_users.insert(pk);
        }
        self.users.insert(pk, user);
    }

    pub(crate) fn remove_user(&mut self, pk: i64) {
        let Some(user) = self.users.remove(&pk) else { return };
        user.groups.iter().for_each(|group| self.leave(*group, pk));
        self.forget(&user);
    }

    /// Takes over a group as it is now. Who is in it, the people say.
    pub(crate) fn put_group(&mut self, mut group: Group) {
        let uuid = group.uuid;
        if let Some(before) = self.groups.remove(&uuid) {
            self.forget_group(&before);
            group.members = before.members;
        }
        self.groups_named.entry(folded(&group.name).into()).or_default().push(uuid);
        self.count(&group.custom, true);
        if is_odd(&group.custom, "member") || is_odd(&group.custom, "cn") {
            self.odd_groups.insert(uuid);
        }
        self.groups.insert(uuid, group);
    }

    pub(crate) fn remove_group(&mut self, uuid: Uuid) {
        let Some(group) = self.groups.remove(&uuid) else { return };
        self.forget_group(&group);
        for pk in &group.members {
            if let Some(user) = self.users.get_mut(pk) {
                user.groups = user.groups.iter().copied().filter(|own| *own != uuid).collect();
            }
        }
    }

    /// Somebody read before their group was: the group comes with the same reading.
    fn join(&mut self, group: Uuid, pk: i64) {
        if let Some(group) = self.groups.get_mut(&group)
            && let Err(at) = group.members.binary_search(&pk)
        {
            group.members.insert(at, pk);
        }
    }

    fn leave(&mut self, group: Uuid, pk: i64) {
        if let Some(group) = self.groups.get_mut(&group)
            && let Ok(at) = group.members.binary_search(&pk)
        {
            group.members.remove(at);
        }
    }

    fn forget(&mut self, user: &User) {
        for key in keys(user) {
            let left: Vec<i64> = self
                .found
                .remove(&key)
                .map(|few| few.as_slice().iter().copied().filter(|pk| *pk != user.pk).collect())
                .unwrap_or_default();
            match left.as_slice() {
                [] => {}
                [one] => {
                    self.found.insert(key, Few::One(*one));
                }
                _ => {
                    self.found.insert(key, Few::Many(left));
                }
            }
        }
        self.count(&user.custom, false);
        self.odd_users.remove(&user.pk);
    }

    fn forget_group(&mut self, group: &Group) {
        let name = folded(&group.name);
        let named = self.groups_named.get_mut(name.as_str());
        if named.is_some_and(|named| {
            named.retain(|uuid| *uuid != group.uuid);
            named.is_empty()
        }) {
            self.groups_named.remove(name.as_str());
        }
        self.count(&group.custom, false);
        self.odd_groups.remove(&group.uuid);
    }

    fn count(&mut self, custom: &[Custom], more: bool) {
        for attribute in custom {
            let name = attribute.name.to_ascii_lowercase();
            let name = crate::schema::first_name(&name);
            let number = self.attributes.entry(name.clone().into()).or_default();
            *number = if more { *number + 1 } else { number.saturating_sub(1) };
            if *number == 0 {
                self.attributes.remove(name.as_str());
            }
        }
    }
}

fn is_odd(custom: &[Custom], attribute: &str) -> bool {
    custom.iter().any(|own| own.is(attribute))
}

impl Custom {
    /// Whether it is the attribute of that first name.
    pub(crate) fn is(&self, first_name: &str) -> bool {
        self.name.eq_ignore_ascii_case(first_name)
            || self.name.len() > first_name.len()
                && crate::schema::first_name(&self.name) == first_name
    }
}

fn hash(class: usize, folded: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (class, folded).hash(&mut hasher);
    hasher.finish()
}

/// Everything that somebody is found by, each once.
fn keys(user: &User) -> BTreeSet<u64> {
    let built_in = |class: usize| -> Option<String> {
        Some(match class {
            0 => folded(&user.username),
            1 => hex::encode(user.uid),
            2 => folded(&user.email),
            3 => folded(&user.name),
            4 => user.uuid.to_string(),
            _ => return None,
        })
    };
    let own = user.custom.iter().flat_map(|custom| {
        let classes = CLASSES.iter().enumerate();
        let of = classes.filter(|(_, class)| class.iter().any(|name| custom.is(name)));
        of.flat_map(|(class, _)| custom.values.iter().map(move |value| hash(class, &folded(value))))
            .collect::<Vec<_>>()
    });
    let all = (0..CLASSES.len()).filter_map(|class| Some(hash(class, &built_in(class)?)));
    all.chain(own).collect()
}

/// Somebody's own attributes as LDAP shows them. In texts `%s` stands for the name, where there is
/// one.
pub(crate) fn custom(attributes: &Value, username: Option<&str>) -> Box<[Custom]> {
    let Value::Object(map) = attributes else { return Box::default() };
    let text = |text: &str| match username {
        Some(name) => text.replace("%s", name),
        None => text.to_owned(),
    };
    let mut all: Vec<Custom> = Vec::new();
    for (key, value) in map {
        let name = key.replace('/', "-").replace('.', "");
        // Two keys may become one name: the first one stays.
        if name.is_empty() || all.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
            continue;
        }
        let values: Vec<Box<str>> = match value {
            Value::Null => Vec::new(),
            Value::String(own) => vec![text(own).into()],
            Value::Array(list) => list
                .iter()
                .map(|item| match item {
                    Value::String(own) => text(own).into(),
                    other => dump(other).into(),
                })
                .collect(),
            other => vec![dump(other).into()],
        };
        all.push(Custom { name: name.into(), values: values.into(), text: value.is_string() });
    }
    all.into()
}

/// A value as the original's outpost prints it, which is written in Go.
fn dump(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            format!("[{}]", list.iter().map(dump).collect::<Vec<_>>().join(" "))
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let parts: Vec<String> =
                sorted.iter().map(|(key, value)| format!("{key}:{}", dump(value))).collect();
            format!("map[{}]", parts.join(" "))
        }
    }
}
