//! Searches: which entries lie in the scope, which of them are worth a look, and answers in parts,
//! so that a directory of any size is answered in little memory and others get their turn.

use ldap3_proto::proto::{LdapSearchResultEntry, LdapSearchScope};
use uuid::Uuid;

use crate::dn::Dn;
use crate::filter::{Filter, Truth, text};
use crate::matching::Asserted;
use crate::posix::Holder;
use crate::posix::Space;
use crate::tree::{Container, Entry, Selection, Sight, View};

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(crate) base: Dn,
    pub(crate) scope: LdapSearchScope,
    pub(crate) filter: Filter,
    pub(crate) selection: Selection,
}

/// The entry that was looked at last. The order is the one of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Position {
    Start,
    Base,
    Container(Container),
    User(i64),
    Group(Uuid),
    VirtualGroup(i64),
    End,
}

/// Which entries of a container are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look<K> {
    All,
    /// These, in order. What else there is cannot fit.
    At(Vec<K>),
}

/// Keys that are gathered by what a filter names. Where there are more, all entries are looked at,
/// which costs no more.
const MOST_KEYS: usize = 200_000;
/// What may be decided of each entry, and of a small directory in all, in costs of filters.
const WORK_EACH: usize = 64;
const LEAST_WORK: usize = 16 * 1024 * 1024;

/// Keys of entries that an item of a filter may fit; none where that is not looked up.
type Keys<'k, K> = Option<Box<dyn Iterator<Item = K> + 'k>>;

/// The entries that a search looks at.
#[derive(Debug)]
pub(crate) struct Plan {
    base: bool,
    containers: Vec<Container>,
    users: Look<i64>,
    groups: Look<Uuid>,
    virtual_groups: Look<i64>,
}

impl<K: Ord + Copy> Look<K> {
    fn and(self, other: Look<K>) -> Look<K> {
        match (self, other) {
            (Look::All, other) | (other, Look::All) => other,
            (Look::At(one), Look::At(two)) => {
                Look::At(one.into_iter().filter(|key| two.binary_search(key).is_ok()).collect())
            }
        }
    }

    fn at(keys: impl IntoIterator<Item = K>) -> Look<K> {
        let mut keys: Vec<K> = keys.into_iter().collect();
        keys.sort();
        keys.dedup();
        Look::At(keys)
    }

    /// What is left by a filter, where all would have to be looked at without it.
    fn or_narrowed(self, narrowed: impl FnOnce() -> Look<K>) -> Look<K> {
        match self {
            Look::All => narrowed(),
            some @ Look::At(_) => some,
        }
    }

    /// The keys after one, of all that there are.
    fn after<'a>(
        &'a self,
        last: Option<K>,
        all: impl Iterator<Item = K> + 'a,
    ) -> Box<dyn Iterator<Item = K> + 'a>
    where
        K: 'a,
    {
        match self {
            Look::All => Box::new(all),
            Look::At(keys) => {
                let first = last.map_or(0, |last| keys.partition_point(|key| *key <= last));
                Box::new(keys.iter().skip(first).copied())
            }
        }
    }
}

/// Entries that fit, and where the search has come to.
pub(crate) struct Part {
    /// Entries that were looked at.
    pub(crate) looked: usize,
    pub(crate) found: Vec<LdapSearchResultEntry>,
    pub(crate) at: Position,
    /// One more than are wanted fits.
    pub(crate) more: bool,
}

impl View<'_> {
    /// What a search has to look at.
    pub(crate) fn plan(&self, query: &Query) -> Plan {
        let Query { base, scope, filter, .. } = query;
        let inside = |dn: &Dn| match scope {
            LdapSearchScope::Base => dn == base || dn.key() == base.key(),
            LdapSearchScope::OneLevel => dn.depth() == base.depth() + 1 && dn.is_within(base),
            LdapSearchScope::Subtree => dn.is_within(base),
            LdapSearchScope::Children => dn.depth() > base.depth() && dn.is_within(base),
        };
        // Every entry of a container, the one that the base names, or none.
        let leaves = |container: Container| {
            let above = self.tree.container(container);
            match scope {
                LdapSearchScope::OneLevel if base.key() == above.key() => Leaves::All,
                LdapSearchScope::Subtree | LdapSearchScope::Children if above.is_within(base) => {
                    Leaves::All
                }
                LdapSearchScope::Base | LdapSearchScope::Subtree => {
                    match self.tree.named(base, container) {
                        Some(name) => Leaves::One(name.into_owned()),
                        None => Leaves::None,
                    }
                }
                _ => Leaves::None,
            }
        };
        let users = |container: Container| match leaves(container) {
            Leaves::None => Look::At(Vec::new()),
            Leaves::All => Look::All,
            Leaves::One(name) => Look::at(self.directory.user_named(&name).map(|user| user.pk)),
        };
        let groups = match leaves(Container::Groups) {
            Leaves::None => Look::At(Vec::new()),
            Leaves::All => Look::All,
            Leaves::One(name) => Look::at(self.directory.groups_named(&name).iter().copied()),
        };
        let (own_users, own_groups) = match self.sight {
            Sight::All => (Look::All, Look::All),
            Sight::Own(pk) => {
                let user = self.directory.users().get(&pk);
                let groups = user.into_iter().flat_map(|user| user.groups.iter().copied());
                (Look::At(vec![pk]), Look::at(groups))
            }
        };
        let mut room = MOST_KEYS;
        Plan {
            base: inside(&self.tree.base_dn),
            containers: Container::ALL
                .into_iter()
                .filter(|container| inside(self.tree.container(*container)))
                .collect(),
            users: users(Container::Users)
                .and(own_users.clone())
                .or_narrowed(|| self.users_for(filter, &mut room)),
            groups: groups.and(own_groups).or_narrowed(|| self.groups_for(filter, &mut room)),
            virtual_groups: users(Container::VirtualGroups)
                .and(own_users)
                .or_narrowed(|| self.virtual_groups_for(filter, &mut room)),
        }
    }

    /// How much one search may decide: so much of each entry, or a good deal in a small directory.
    pub(crate) fn most_work(&self) -> usize {
        let entries = 2 * self.directory.users().len() + self.directory.groups().len();
        entries.saturating_mul(WORK_EACH).max(LEAST_WORK)
    }

    /// The next entries that fit: at most so many, out of at most so many looked at.
    pub(crate) fn part(
        &self,
        (query, plan): (&Query, &Plan),
        after: Position,
        wanted: usize,
        mut looks: usize,
    ) -> Part {
        let mut part = Part { looked: 0, found: Vec::new(), at: after, more: false };
        let mut see = |position: Position, entry: Entry<'_>| {
            looks = looks.saturating_sub(1);
            part.looked += 1;
            if query.filter.decide(&entry) == Truth::True {
                if part.found.len() >= wanted {
                    part.more = true;
                    return false;
                }
                part.found.push(entry.answer(&query.selection));
            }
            part.at = position;
            looks > 0
        };
        if self.walk(plan, after, &mut see) {
            part.at = Position::End;
        }
        part
    }

    /// Visits what a plan holds, in order; false when it was stopped.
    fn walk(
        &self,
        plan: &Plan,
        after: Position,
        see: &mut dyn FnMut(Position, Entry<'_>) -> bool,
    ) -> bool {
        if plan.base && after < Position::Base && !see(Position::Base, self.base()) {
            return false;
        }
        for container in &plan.containers {
            let position = Position::Container(*container);
            if after < position && !see(position, self.container(*container)) {
                return false;
            }
        }
        if after < Position::Group(Uuid::nil()) {
            let last = if let Position::User(pk) = after { Some(pk) } else { None };
            let first = last.map_or(i64::MIN, |pk| pk.saturating_add(1));
            let all = self.directory.users().range(first..).map(|(pk, _)| *pk);
            for pk in plan.users.after(last, all) {
                let Some(user) = self.directory.users().get(&pk) else { continue };
                if !see(Position::User(pk), self.user(user)) {
                    return false;
                }
            }
        }
        if after < Position::VirtualGroup(i64::MIN) {
            let last = if let Position::Group(uuid) = after { Some(uuid) } else { None };
            let first = last.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
            let all = self.directory.groups().range((first, std::ops::Bound::Unbounded));
            for uuid in plan.groups.after(last, all.map(|(uuid, _)| *uuid)) {
                let Some(group) = self.directory.groups().get(&uuid) else { continue };
                if self.sight.has_group(group) && !see(Position::Group(uuid), self.group(group)) {
                    return false;
                }
            }
        }
        if after < Position::End {
            let last = if let Position::VirtualGroup(pk) = after { Some(pk) } else { None };
            let first = last.map_or(i64::MIN, |pk| pk.saturating_add(1));
            let all = self.directory.users().range(first..).map(|(pk, _)| *pk);
            for pk in plan.virtual_groups.after(last, all) {
                let Some(user) = self.directory.users().get(&pk) else { continue };
                if !see(Position::VirtualGroup(pk), self.virtual_group(user)) {
                    return false;
                }
            }
        }
        true
    }

    /// The single entry of a name, if it is there to be seen.
    pub(crate) fn entry(&self, dn: &Dn) -> Option<Entry<'_>> {
        if dn.key() == self.tree.base_dn.key() {
            return Some(self.base());
        }
        if let Some(container) = Container::ALL
            .into_iter()
            .find(|container| self.tree.container(*container).key() == dn.key())
        {
            return Some(self.container(container));
        }
        let user = |container| {
            let user = self.directory.user_named(&self.tree.named(dn, container)?)?;
            self.sight.has_user(user.pk).then_some(user)
        };
        if let Some(user) = user(Container::Users) {
            return Some(self.user(user));
        }
        if let Some(user) = user(Container::VirtualGroups) {
            return Some(self.virtual_group(user));
        }
        let named = self.directory.groups_named(&self.tree.named(dn, Container::Groups)?);
        let mut groups = named.iter().filter_map(|uuid| self.directory.groups().get(uuid));
        groups.find(|group| self.sight.has_group(group)).map(|group| self.group(group))
    }

    /// People who may fit a filter.
    pub(crate) fn users_for(&self, filter: &Filter, room: &mut usize) -> Look<i64> {
        narrow(filter, room, &|name, asserted| {
            let directory = self.directory;
            match (name, asserted) {
                ("memberof", Some(Asserted::Dn(key))) => {
                    let dn = Dn::parse(key)?;
                    let name = self.tree.named(&dn, Container::Groups);
                    let named = name.map_or(&[][..], |name| directory.groups_named(&name));
                    let groups = named.iter().filter_map(|uuid| directory.groups().get(uuid));
                    let members = groups.flat_map(|group| group.members.iter().copied());
                    Some(Box::new(members.chain(directory.odd_users().iter().copied())))
                }
                ("uidnumber" | "gidnumber", Some(Asserted::Integer(number))) => {
                    Some(self.users_numbered(*number))
                }
                (name, asserted) => {
                    let found = directory.users_with(name, text(asserted)?)?;
                    Some(Box::new(found.iter().copied()))
                }
            }
        })
    }

    /// Who may have that number: computed, given, or by an own attribute.
    fn users_numbered(&self, number: i128) -> Box<dyn Iterator<Item = i64> + '_> {
        let Ok(number) = i64::try_from(number) else { return Box::new(std::iter::empty()) };
        let computed = number.checked_sub(self.tree.starts.uid);
        let given = [Space::Uid, Space::Gid].into_iter().filter_map(move |space| {
            match self.numbers.holder(space, number)? {
                Holder::User(pk) => Some(pk),
                _ => None,
            }
        });
        let own = self.directory.users_with("uidnumber", &number.to_string()).unwrap_or_default();
        Box::new(computed.into_iter().chain(given).chain(own.iter().copied()))
    }

    /// Groups that may fit a filter.
    fn groups_for(&self, filter: &Filter, room: &mut usize) -> Look<Uuid> {
        narrow(filter, room, &|name, asserted| {
            let directory = self.directory;
            let odd = directory.odd_groups().iter().copied();
            match (name, asserted) {
                ("member", Some(Asserted::Dn(key))) => {
                    let dn = Dn::parse(key)?;
                    let name = self.tree.named(&dn, Container::Users);
                    let user = name.and_then(|name| directory.user_named(&name));
                    let groups = user.into_iter().flat_map(|user| user.groups.iter().copied());
                    Some(Box::new(groups.chain(odd)))
                }
                ("cn", Some(Asserted::Text(text))) => {
                    Some(Box::new(directory.groups_named(text).iter().copied().chain(odd)))
                }
                _ => None,
            }
        })
    }

    /// People whose private groups may fit a filter.
    fn virtual_groups_for(&self, filter: &Filter, room: &mut usize) -> Look<i64> {
        narrow(filter, room, &|name, asserted| match (name, asserted) {
            ("cn" | "samaccountname" | "uid", asserted) => {
                let found = self.directory.users_with(name, text(asserted)?).unwrap_or_default();
                Some(Box::new(found.iter().copied()))
            }
            ("member", Some(Asserted::Dn(key))) => {
                let dn = Dn::parse(key)?;
                let name = self.tree.named(&dn, Container::Users);
                let user = name.and_then(|name| self.directory.user_named(&name));
                Some(Box::new(user.map(|user| user.pk).into_iter()))
            }
            ("gidnumber", Some(Asserted::Integer(number))) => Some(self.users_numbered(*number)),
            // These groups have none of it.
            ("mail" | "memberof" | "uidnumber", Some(_)) => Some(Box::new(std::iter::empty())),
            _ => None,
        })
    }
}

enum Leaves {
    None,
    All,
    One(String),
}

/// The keys that a filter leaves, by what each equality in it does. However many items it has, no
/// more than twice `room` are gathered.
fn narrow<'k, K: Ord + Copy>(
    filter: &Filter,
    room: &mut usize,
    look: &dyn Fn(&str, Option<&Asserted>) -> Keys<'k, K>,
) -> Look<K> {
    match filter {
        Filter::And(all) => {
            all.iter().fold(Look::All, |found, one| found.and(narrow(one, room, look)))
        }
        Filter::Or(any) => {
            let mut keys = Vec::new();
            for one in any {
                match narrow(one, room, look) {
                    Look::All => return Look::All,
                    Look::At(some) => keys.extend(some),
                }
            }
            Look::at(keys)
        }
        Filter::Equal(name, _, asserted) => {
            let Some(keys) = look(&name.name, asserted.as_ref()) else { return Look::All };
            let keys: Vec<K> = keys.take(room.saturating_add(1)).collect();
            match room.checked_sub(keys.len()) {
                Some(left) => {
                    *room = left;
                    Look::at(keys)
                }
                // A later item may name a few only.
                None => {
                    *room /= 2;
                    Look::All
                }
            }
        }
        _ => Look::All,
    }
}
