//! Numbers of people and groups on Unix machines: computed, and where that one is taken, the next
//! free one from 10 000 000. What was given once is never given to another.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::directory::{Custom, Directory, User};

/// The first number given in place of a computed one.
const FIRST_SPARE: i64 = 10_000_000;

/// Who has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Holder {
    User(i64),
    Group(Uuid),
    /// Everybody up to this number of an account has been looked at.
    Seen,
}

impl Holder {
    pub(crate) fn text(self) -> String {
        match self {
            Holder::User(pk) => format!("user {pk}"),
            Holder::Group(uuid) => format!("group {uuid}"),
            Holder::Seen => "seen".to_owned(),
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Holder> {
        match text.split_once(' ') {
            Some(("user", pk)) => pk.parse().ok().map(Holder::User),
            Some(("group", uuid)) => uuid.parse().ok().map(Holder::Group),
            _ => (text == "seen").then_some(Holder::Seen),
        }
    }
}

/// What a number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Space {
    Uid,
    Gid,
}

impl Space {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Space::Uid => "uid",
            Space::Gid => "gid",
        }
    }
}

/// A number that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) space: Space,
    pub(crate) holder: Holder,
    pub(crate) number: i64,
    /// It is not the computed one: somebody else had that.
    pub(crate) instead_of: Option<i64>,
}

/// The numbers that were given at one provider.
#[derive(Debug, Default, Clone)]
pub(crate) struct Numbers {
    by_holder: HashMap<(Space, Holder), i64>,
    taken: HashMap<(Space, i64), Holder>,
}

/// Where numbers begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Starts {
    pub(crate) uid: i64,
    pub(crate) gid: i64,
}

impl Numbers {
    pub(crate) fn put(&mut self, space: Space, holder: Holder, number: i64) {
        self.by_holder.insert((space, holder), number);
        if holder != Holder::Seen {
            self.taken.insert((space, number), holder);
        }
    }

    fn seen(&self) -> i64 {
        self.by_holder.get(&(Space::Uid, Holder::Seen)).copied().unwrap_or(0)
    }

    fn of(&self, space: Space, holder: Holder) -> Option<i64> {
        self.by_holder.get(&(space, holder)).copied()
    }

    /// Who was given such a number.
    pub(crate) fn holder(&self, space: Space, number: i64) -> Option<Holder> {
        self.taken.get(&(space, number)).copied()
    }

    /// The number of an account.
    pub(crate) fn uid(&self, user: &User, starts: Starts) -> String {
        match text(&user.custom, "uidnumber") {
            Some(own) => own.to_owned(),
            None => self
                .of(Space::Uid, Holder::User(user.pk))
                .unwrap_or(starts.uid + user.pk)
                .to_string(),
        }
    }

    /// The number of somebody's private group.
    pub(crate) fn private_gid(&self, user: &User, starts: Starts) -> String {
        match text(&user.custom, "gidnumber") {
            Some(own) => own.to_owned(),
            None => match self.of(Space::Gid, Holder::User(user.pk)) {
                Some(given) => given.to_string(),
                None => self.uid(user, starts),
            },
        }
    }

    /// The number of a group.
    pub(crate) fn gid(&self, group: Uuid, custom: &[Custom], starts: Starts) -> String {
        match text(custom, "gidnumber") {
            Some(own) => own.to_owned(),
            None => self
                .of(Space::Gid, Holder::Group(group))
                .unwrap_or(starts.gid + first_digits(group))
                .to_string(),
        }
    }

    /// What has to be written down for the people and groups that came since.
    pub(crate) fn missing(&self, directory: &Directory, starts: Starts) -> Vec<Given> {
        let highest = directory.users().keys().next_back().copied().unwrap_or(0).max(self.seen());
        // Numbers that attributes say: nobody computed them, and nobody else gets them.
        let own = |custom: &[Custom], name| text(custom, name)?.parse::<i64>().ok();
        let people = || directory.users().values();
        let uids: HashMap<i64, i64> =
            people().filter_map(|user| Some((own(&user.custom, "uidnumber")?, user.pk))).collect();
        let mut gids: HashSet<i64> =
            people().filter_map(|user| own(&user.custom, "gidnumber")).collect();
        let groups = directory.groups().values();
        gids.extend(groups.filter_map(|group| own(&group.custom, "gidnumber")));
        gids.extend(uids.keys());
        let mut work = Work { numbers: self.clone(), starts, highest, uids, gids, given: vec![] };

        // People first: their files are on many machines.
        for user in directory.users().range(self.seen() + 1..).map(|(_, user)| user) {
            work.user(user);
        }
        let mut groups: BTreeMap<Uuid, &[Custom]> = BTreeMap::new();
        groups.extend(directory.groups().values().map(|group| (group.uuid, &*group.custom)));
        for (uuid, custom) in groups {
            work.group(uuid, custom);
        }
        if highest > self.seen() {
            work.give(Space::Uid, Holder::Seen, highest, None);
        }
        work.given
    }
}

struct Work {
    numbers: Numbers,
    starts: Starts,
    /// No account has had a higher number.
    highest: i64,
    uids: HashMap<i64, i64>,
    gids: HashSet<i64>,
    given: Vec<Given>,
}

impl Work {
    fn user(&mut self, user: &User) {
        let (holder, computed) = (Holder::User(user.pk), self.starts.uid + user.pk);
        if text(&user.custom, "uidnumber").is_some() {
            return;
        }
        let uid_taken = self.uids.get(&computed).is_some_and(|other| *other != user.pk)
            || self.numbers.holder(Space::Uid, computed).is_some_and(|other| other != holder);
        if uid_taken && self.numbers.of(Space::Uid, holder).is_none() {
            let number = self.spare();
            return self.give(Space::Uid, holder, number, Some(computed));
        }
        let gid_taken = self.gids.contains(&computed)
            || self.numbers.holder(Space::Gid, computed).is_some_and(|other| other != holder);
        let has_own = text(&user.custom, "gidnumber").is_some()
            || self.numbers.of(Space::Uid, holder).is_some()
            || self.numbers.of(Space::Gid, holder).is_some();
        if gid_taken && !has_own {
            let number = self.spare();
            self.give(Space::Gid, holder, number, Some(computed));
        }
    }

    /// A group's number is written down in any case: the next group with such a uuid is another.
    fn group(&mut self, uuid: Uuid, custom: &[Custom]) {
        let holder = Holder::Group(uuid);
        if text(custom, "gidnumber").is_some() || self.numbers.of(Space::Gid, holder).is_some() {
            return;
        }
        let computed = self.starts.gid + first_digits(uuid);
        let taken = self.gids.contains(&computed)
            || self.numbers.holder(Space::Gid, computed).is_some()
            || self.numbers.holder(Space::Uid, computed).is_some()
            || self.is_private(computed);
        if taken {
            let number = self.spare();
            self.give(Space::Gid, holder, number, Some(computed));
        } else {
            self.give(Space::Gid, holder, computed, None);
        }
    }

    /// Whether it is, or was, the computed number of an account.
    fn is_private(&self, number: i64) -> bool {
        (1..=self.highest).contains(&(number - self.starts.uid))
    }

    fn spare(&self) -> i64 {
        let mut number = FIRST_SPARE;
        while self.uids.contains_key(&number)
            || self.gids.contains(&number)
            || self.numbers.holder(Space::Uid, number).is_some()
            || self.numbers.holder(Space::Gid, number).is_some()
            || self.is_private(number)
        {
            number += 1;
        }
        number
    }

    fn give(&mut self, space: Space, holder: Holder, number: i64, instead_of: Option<i64>) {
        self.numbers.put(space, holder, number);
        self.given.push(Given { space, holder, number, instead_of });
    }
}

/// An attribute that is one text.
fn text<'a>(custom: &'a [Custom], name: &str) -> Option<&'a str> {
    let own = custom.iter().find(|own| own.is(name) && own.text)?;
    own.values.first().map(|value| &**value)
}

/// The first five digits of a uuid's number, as the original takes them.
fn first_digits(uuid: Uuid) -> i64 {
    uuid.as_u128().to_string().chars().take(5).collect::<String>().parse().unwrap_or(0)
}
