//! Numbers of people and groups on Unix machines: computed, and where that one is taken, the next
//! free one from 10 000 000. What was given once is never given to another.

use std::collections::{BTreeMap, HashMap, HashSet};

use countersign_directory::groups::num_pk;
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
    /// No number of anybody: how far accounts have been looked at.
    Seen,
}

impl Space {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Space::Uid => "uid",
            Space::Gid => "gid",
            Space::Seen => "seen",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Space> {
        [Space::Uid, Space::Gid, Space::Seen].into_iter().find(|space| space.text() == text)
    }
}

/// A number that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) space: Space,
    pub(crate) holder: Holder,
    /// Where numbers begin elsewhere from now on, others are computed.
    pub(crate) computed: i64,
    /// Not the computed one where somebody else had that.
    pub(crate) number: i64,
}

/// The numbers that were given at one provider.
#[derive(Debug, Default, Clone)]
pub struct Numbers {
    by_holder: HashMap<(Space, Holder, i64), i64>,
    taken: HashMap<(Space, i64), Holder>,
}

/// Where numbers begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Starts {
    pub uid: i64,
    pub gid: i64,
}

impl Numbers {
    pub(crate) fn put(&mut self, given: Given) {
        let Given { space, holder, computed, number } = given;
        self.by_holder.insert((space, holder, computed), number);
        self.taken.insert((space, number), holder);
    }

    fn seen(&self, starts: Starts) -> i64 {
        self.of(Space::Seen, Holder::Seen, starts.uid).unwrap_or(0)
    }

    fn of(&self, space: Space, holder: Holder, computed: i64) -> Option<i64> {
        self.by_holder.get(&(space, holder, computed)).copied()
    }

    /// Who was given such a number.
    pub(crate) fn holder(&self, space: Space, number: i64) -> Option<Holder> {
        self.taken.get(&(space, number)).copied()
    }

    /// The number of an account.
    pub(crate) fn uid(&self, user: &User, starts: Starts) -> String {
        match text(&user.custom, "uidnumber") {
            Some(own) => own.to_owned(),
            None => {
                let computed = starts.uid.saturating_add(user.pk);
                let given = self.of(Space::Uid, Holder::User(user.pk), computed);
                given.unwrap_or(computed).to_string()
            }
        }
    }

    /// The number of somebody's private group.
    pub(crate) fn private_gid(&self, user: &User, starts: Starts) -> String {
        match text(&user.custom, "gidnumber") {
            Some(own) => own.to_owned(),
            None => {
                let computed = starts.uid.saturating_add(user.pk);
                match self.of(Space::Gid, Holder::User(user.pk), computed) {
                    Some(given) => given.to_string(),
                    None => self.uid(user, starts),
                }
            }
        }
    }

    /// The number of a group.
    pub(crate) fn gid(&self, group: Uuid, custom: &[Custom], starts: Starts) -> String {
        match text(custom, "gidnumber") {
            Some(own) => own.to_owned(),
            None => {
                let computed = starts.gid.saturating_add(num_pk(group));
                let given = self.of(Space::Gid, Holder::Group(group), computed);
                given.unwrap_or(computed).to_string()
            }
        }
    }

    /// What has to be written down for the people and groups that came since.
    pub(crate) fn missing(&self, directory: &Directory, starts: Starts) -> Vec<Given> {
        let seen = self.seen(starts);
        let highest = directory.users().keys().next_back().copied().unwrap_or(0).max(seen);
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
        for user in directory.users().range(seen + 1..).map(|(_, user)| user) {
            work.user(user);
        }
        let mut groups: BTreeMap<Uuid, &[Custom]> = BTreeMap::new();
        groups.extend(directory.groups().values().map(|group| (group.uuid, &*group.custom)));
        for (uuid, custom) in groups {
            work.group(uuid, custom);
        }
        if highest > seen {
            work.give(Space::Seen, Holder::Seen, starts.uid, highest);
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
        let (holder, computed) = (Holder::User(user.pk), self.starts.uid.saturating_add(user.pk));
        if text(&user.custom, "uidnumber").is_some() {
            return;
        }
        let has = |space| self.numbers.of(space, holder, computed).is_some();
        if has(Space::Uid) || has(Space::Gid) {
            return;
        }
        let of_another =
            |space| self.numbers.holder(space, computed).is_some_and(|other| other != holder);
        if of_another(Space::Uid) || self.uids.get(&computed).is_some_and(|pk| *pk != user.pk) {
            let number = self.spare();
            self.give(Space::Uid, holder, computed, number);
        } else if (of_another(Space::Gid) || self.gids.contains(&computed))
            && text(&user.custom, "gidnumber").is_none()
        {
            let number = self.spare();
            self.give(Space::Gid, holder, computed, number);
        }
    }

    /// A group's number is written down in any case: the next group with such a uuid is another.
    fn group(&mut self, uuid: Uuid, custom: &[Custom]) {
        let (holder, computed) =
            (Holder::Group(uuid), self.starts.gid.saturating_add(num_pk(uuid)));
        if text(custom, "gidnumber").is_some()
            || self.numbers.of(Space::Gid, holder, computed).is_some()
        {
            return;
        }
        let of_another =
            |space| self.numbers.holder(space, computed).is_some_and(|other| other != holder);
        let taken = self.gids.contains(&computed)
            || of_another(Space::Gid)
            || of_another(Space::Uid)
            || self.is_private(computed);
        let number = if taken { self.spare() } else { computed };
        self.give(Space::Gid, holder, computed, number);
    }

    /// Whether it is, or was, the computed number of an account.
    fn is_private(&self, number: i64) -> bool {
        (1..=self.highest).contains(&number.saturating_sub(self.starts.uid))
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

    fn give(&mut self, space: Space, holder: Holder, computed: i64, number: i64) {
        let given = Given { space, holder, computed, number };
        self.numbers.put(given);
        self.given.push(given);
    }
}

/// An attribute that is one text.
fn text<'a>(custom: &'a [Custom], name: &str) -> Option<&'a str> {
    let own = custom.iter().find(|own| own.is(name) && own.text)?;
    own.values.first().map(|value| &**value)
}
