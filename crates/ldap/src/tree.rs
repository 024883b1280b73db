//! The tree below a provider's base: what entries it has, and what they say.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ldap3_proto::proto::{LdapPartialAttribute, LdapSearchResultEntry};

use crate::directory::{Custom, Directory, Group, User};
use crate::dn::{Dn, escape};
use crate::filter::{Attributes, folded};
use crate::posix::{Numbers, Starts};
use crate::schema;

/// What a provider says of its tree.
#[derive(Debug, Clone)]
pub struct Tree {
    /// As it is configured.
    pub(crate) base: String,
    pub(crate) base_dn: Dn,
    pub(crate) starts: Starts,
    /// In small letters, as the names of all entries end.
    lower: String,
    containers: [Dn; 3],
}

/// A level that holds entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Container {
    Users,
    Groups,
    VirtualGroups,
}

impl Container {
    pub(crate) const ALL: [Container; 3] =
        [Container::Users, Container::Groups, Container::VirtualGroups];

    const fn name(self) -> &'static str {
        match self {
            Container::Users => "users",
            Container::Groups => "groups",
            Container::VirtualGroups => "virtual-groups",
        }
    }
}

impl Tree {
    /// `None` when the base is no name.
    pub fn new(base: &str, starts: Starts) -> Option<Tree> {
        let (base_dn, lower) = (Dn::parse(base)?, base.to_lowercase());
        let below = |container: Container| Dn::parse(&format!("ou={},{lower}", container.name()));
        let [users, groups, virtual_groups] = Container::ALL.map(below);
        let containers = [users?, groups?, virtual_groups?];
        Some(Tree { base: base.to_owned(), base_dn, starts, lower, containers })
    }

    pub(crate) fn container(&self, container: Container) -> &Dn {
        let [users, groups, virtual_groups] = &self.containers;
        match container {
            Container::Users => users,
            Container::Groups => groups,
            Container::VirtualGroups => virtual_groups,
        }
    }

    fn below(&self, container: Container, name: &str) -> String {
        format!("cn={},ou={},{}", escape(name), container.name(), self.lower)
    }

    /// The name of the entry that a name in a container stands for, in small letters.
    pub(crate) fn named<'d>(&self, dn: &'d Dn, container: Container) -> Option<Cow<'d, str>> {
        let (attribute, value) = dn.leaf()?;
        let inside = dn.parent()?.key() == self.container(container).key();
        (attribute == "cn" && inside).then(|| Cow::Owned(folded(value)))
    }

    /// The root of this server as somebody sees it who is bound here, and the base of the tree.
    pub(crate) fn root(&self, version: &str) -> Vec<(&'static str, Vec<String>)> {
        let one = |text: &str| vec![text.to_owned()];
        let capabilities = ["800", "1791", "1670", "1880", "1851", "1920", "1935", "2080", "2237"];
        let mut root = shared_root();
        root.extend([
            (
                "supportedCapabilities",
                capabilities.map(|last| format!("1.2.840.113556.1.4.{last}")).to_vec(),
            ),
            ("namingContexts", one(&self.lower)),
            ("rootDomainNamingContext", one(&self.lower)),
            ("vendorName", one("goauthentik.io")),
            ("vendorVersion", vec![format!("authentik LDAP Outpost Version {version}")]),
        ]);
        root
    }
}

/// Paged results (RFC 2696), and entries that are no referrals (RFC 3296), of which there are none.
pub(crate) const PAGED: &str = "1.2.840.113556.1.4.319";
pub(crate) const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";
pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
pub(crate) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

/// What the root says to anybody: how to come in.
fn shared_root() -> Vec<(&'static str, Vec<String>)> {
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    vec![
        ("objectClass", all(&["top"])),
        ("entryDN", all(&[""])),
        ("supportedLDAPVersion", all(&["3"])),
        ("supportedControl", all(&[PAGED, MANAGE_DSA_IT])),
        ("supportedExtension", all(&[START_TLS, WHO_AM_I])),
        ("subschemaSubentry", all(&["cn=subschema"])),
    ]
}

/// The root of this server as anybody sees it.
pub(crate) fn anonymous_root() -> Vec<(&'static str, Vec<String>)> {
    let mut root = shared_root();
    let description = "This LDAP server requires an authenticated session.";
    root.push(("description", vec![description.to_owned()]));
    root
}

/// Whom a search may find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    All,
    /// This account, and the groups it is in, with nobody else in them.
    Own(i64),
}

impl Sight {
    pub(crate) fn has_user(self, pk: i64) -> bool {
        self == Sight::All || self == Sight::Own(pk)
    }

    pub(crate) fn has_group(self, group: &Group) -> bool {
        match self {
            Sight::All => true,
            Sight::Own(pk) => group.members.binary_search(&pk).is_ok(),
        }
    }
}

/// The directory as it is seen through one provider by one person.
#[derive(Clone, Copy)]
pub struct View<'d> {
    pub tree: &'d Tree,
    pub directory: &'d Directory,
    pub numbers: &'d Numbers,
    pub sight: Sight,
    /// Of this server, for the base.
    pub version: &'d str,
}

/// One entry.
pub(crate) struct Entry<'d> {
    view: View<'d>,
    what: What<'d>,
}

enum What<'d> {
    Base(Vec<(&'static str, Vec<String>)>),
    Container(Container),
    User(&'d User),
    Group(&'d Group),
    VirtualGroup(&'d User),
}

const USER_CLASSES: [&str; 7] = [
    "top",
    "person",
    "organizationalPerson",
    "inetOrgPerson",
    "user",
    "posixAccount",
    "goauthentik.io/ldap/user",
];
const USER_NAMES: [&str; 14] = [
    "cn",
    "sAMAccountName",
    "uid",
    "name",
    "displayName",
    "sn",
    "mail",
    "objectClass",
    "uidNumber",
    "gidNumber",
    "homeDirectory",
    "memberOf",
    "ak-active",
    "ak-superuser",
];
const GROUP_CLASSES: [&str; 5] =
    ["group", "groupOfUniqueNames", "groupOfNames", "goauthentik.io/ldap/group", "posixGroup"];
const VIRTUAL_CLASS: &str = "goauthentik.io/ldap/virtual-group";
const GROUP_NAMES: [&str; 7] =
    ["cn", "sAMAccountName", "uid", "gidNumber", "member", "objectClass", "ak-superuser"];
const CONTAINER_NAMES: [&str; 3] = ["distinguishedName", "objectClass", "commonName"];

impl<'d> View<'d> {
    pub(crate) fn base(self) -> Entry<'d> {
        Entry { view: self, what: What::Base(self.tree.root(self.version)) }
    }

    pub(crate) fn container(self, container: Container) -> Entry<'d> {
        Entry { view: self, what: What::Container(container) }
    }

    pub(crate) fn user(self, user: &'d User) -> Entry<'d> {
        Entry { view: self, what: What::User(user) }
    }

    pub(crate) fn group(self, group: &'d Group) -> Entry<'d> {
        Entry { view: self, what: What::Group(group) }
    }

    pub(crate) fn virtual_group(self, user: &'d User) -> Entry<'d> {
        Entry { view: self, what: What::VirtualGroup(user) }
    }

    /// Whether some entry that is seen has an attribute of this name: what others have is not told
    /// by what a filter says of its absence.
    fn has_attribute(self, name: &str) -> bool {
        match self.sight {
            Sight::All => self.directory.has_attribute(name),
            Sight::Own(pk) => self.directory.users().get(&pk).is_some_and(|user| {
                let groups = self.groups_of(user).flat_map(|group| group.custom.iter());
                user.custom.iter().chain(groups).any(|own| own.is(name))
            }),
        }
    }

    /// Visits the groups of somebody as far as they are seen.
    fn groups_of(self, user: &'d User) -> impl Iterator<Item = &'d Group> {
        let groups = user.groups.iter().filter_map(|uuid| self.directory.groups().get(uuid));
        groups.filter(move |group| self.sight.has_group(group))
    }

    fn members_of(self, group: &'d Group) -> impl Iterator<Item = &'d User> {
        let members = group.members.iter().filter(move |pk| self.sight.has_user(**pk));
        members.filter_map(|pk| self.directory.users().get(pk))
    }

    fn group_dn(self, group: &Group) -> String {
        self.tree.below(Container::Groups, &group.name)
    }

    fn user_dn(self, user: &User) -> String {
        self.tree.below(Container::Users, &user.username)
    }
}

fn truth(value: bool) -> &'static str {
    if value { "TRUE" } else { "FALSE" }
}

impl Entry<'_> {
    fn custom(&self) -> &[Custom] {
        match &self.what {
            What::User(user) => &user.custom,
            What::Group(group) => &group.custom,
            _ => &[],
        }
    }

    fn own_names(&self) -> Vec<&str> {
        match &self.what {
            What::Base(values) => values.iter().map(|(name, _)| *name).collect(),
            What::Container(_) => CONTAINER_NAMES.to_vec(),
            What::User(_) => USER_NAMES.to_vec(),
            What::Group(_) | What::VirtualGroup(_) => GROUP_NAMES.to_vec(),
        }
    }

    /// The attributes that every entry of its sort has.
    fn any_own(&self, attribute: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let View { tree, numbers, directory, .. } = self.view;
        match &self.what {
            What::Base(values) => values
                .iter()
                .filter(|(name, _)| schema::first_name(name) == attribute)
                .any(|(_, values)| values.iter().any(|value| test(value))),
            What::Container(container) => match attribute {
                "distinguishedname" => test(&self.dn()),
                "objectclass" => ["top", "nsContainer"].into_iter().any(test),
                "commonname" => test(container.name()),
                _ => false,
            },
            What::User(user) => match attribute {
                "cn" | "samaccountname" => test(&user.username),
                "uid" => test(&hex::encode(user.uid)),
                "name" | "displayname" | "sn" => test(&user.name),
                "mail" => test(&user.email),
                "objectclass" => USER_CLASSES.into_iter().any(test),
                "uidnumber" => test(&numbers.uid(user, tree.starts)),
                "gidnumber" => test(&numbers.private_gid(user, tree.starts)),
                "homedirectory" => test(&format!("/home/{}", user.username)),
                "memberof" => {
                    self.view.groups_of(user).any(|group| test(&self.view.group_dn(group)))
                }
                "ak-active" => test(truth(user.active)),
                "ak-superuser" => test(truth(directory.is_superuser(user))),
                _ => false,
            },
            What::Group(group) => match attribute {
                "cn" | "samaccountname" => test(&group.name),
                "uid" => test(&group.uuid.to_string()),
                "gidnumber" => test(&numbers.gid(group.uuid, &group.custom, tree.starts)),
                "member" => self.view.members_of(group).any(|user| test(&self.view.user_dn(user))),
                "objectclass" => GROUP_CLASSES.into_iter().any(test),
                "ak-superuser" => test(if group.superuser { "true" } else { "false" }),
                _ => false,
            },
            What::VirtualGroup(user) => match attribute {
                "cn" | "samaccountname" => test(&user.username),
                "uid" => test(&hex::encode(user.uid)),
                "gidnumber" => test(&numbers.private_gid(user, tree.starts)),
                "member" => test(&self.view.user_dn(user)),
                "objectclass" => GROUP_CLASSES.into_iter().chain([VIRTUAL_CLASS]).any(test),
                "ak-superuser" => test("false"),
                _ => false,
            },
        }
    }

    /// What the server itself says of an entry.
    fn any_operational(&self, attribute: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match attribute {
            "entrydn" => test(&self.dn()),
            "subschemasubentry" => test("cn=subschema"),
            "entryuuid" => match &self.what {
                What::User(user) => test(&user.uuid.to_string()),
                What::Group(group) => test(&group.uuid.to_string()),
                _ => false,
            },
            "createtimestamp" => match &self.what {
                What::User(user) => test(&user.joined),
                _ => false,
            },
            _ => false,
        }
    }

    fn values(&self, attribute: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        self.any(attribute, &mut |value| {
            values.push(value.as_bytes().to_vec());
            false
        });
        values
    }

    /// What an answer holds of it.
    pub(crate) fn answer(&self, selection: &Selection) -> LdapSearchResultEntry {
        answer(self.dn(), &self.names(), selection, |attribute| self.values(attribute))
    }
}

impl Attributes for Entry<'_> {
    fn any(&self, attribute: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        // An own attribute takes the place of what every entry has.
        if let Some(own) = self.custom().iter().find(|own| own.is(attribute)) {
            return own.values.iter().any(|value| test(value));
        }
        self.any_own(attribute, test) || self.any_operational(attribute, test)
    }

    fn names(&self) -> Vec<&str> {
        let custom = self.custom();
        let own = self.own_names().into_iter();
        let replaced = |name: &str| {
            let first = schema::first_name(name);
            custom.iter().any(|own| own.is(&first))
        };
        let mut names: Vec<&str> = own.filter(|name| !replaced(name)).collect();
        names.extend(custom.iter().map(|own| &*own.name));
        names
    }

    fn dn(&self) -> String {
        let tree = self.view.tree;
        match &self.what {
            What::Base(_) => tree.base.clone(),
            What::Container(container) => format!("ou={},{}", container.name(), tree.lower),
            What::User(user) => self.view.user_dn(user),
            What::Group(group) => self.view.group_dn(group),
            What::VirtualGroup(user) => tree.below(Container::VirtualGroups, &user.username),
        }
    }

    fn is_known(&self, attribute: &str) -> bool {
        self.view.has_attribute(attribute)
            || ["distinguishedname", "commonname"].contains(&attribute)
    }

    fn has_dn(&self, attribute: &str, key: &str) -> Option<bool> {
        let replaced = self.custom().iter().any(|own| own.is(attribute));
        let container = match (&self.what, attribute) {
            _ if replaced => return None,
            (What::User(_), "memberof") => Container::Groups,
            (What::Group(_) | What::VirtualGroup(_), "member") => Container::Users,
            _ => return None,
        };
        let dn = Dn::parse(key)?;
        let Some(name) = self.view.tree.named(&dn, container) else { return Some(false) };
        Some(match &self.what {
            What::User(user) => self.view.groups_of(user).any(|group| folded(&group.name) == name),
            What::Group(group) => self.view.directory.user_named(&name).is_some_and(|user| {
                self.view.sight.has_user(user.pk) && group.members.binary_search(&user.pk).is_ok()
            }),
            What::VirtualGroup(user) => folded(&user.username) == name,
            _ => false,
        })
    }

    fn chain_has_dn(&self, attribute: &str, key: &str) -> Option<bool> {
        let What::User(user) = &self.what else { return self.has_dn(attribute, key) };
        if attribute != "memberof" {
            return self.has_dn(attribute, key);
        }
        let View { tree, directory, sight, .. } = self.view;
        let dn = Dn::parse(key)?;
        let Some(name) = tree.named(&dn, Container::Groups) else { return Some(false) };
        let mut above = directory.groups_above(user).filter(|group| sight.has_group(group));
        Some(above.any(|group| folded(&group.name) == name))
    }

    fn chain(&self, attribute: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match &self.what {
            What::User(user) if attribute == "memberof" => {
                let mut above = self.view.directory.groups_above(user);
                let sight = self.view.sight;
                above.any(|group| sight.has_group(group) && test(&self.view.group_dn(group)))
            }
            _ => self.any(attribute, test),
        }
    }
}

/// The root of this server, or its schema: entries outside of every tree.
pub(crate) struct Apart {
    pub(crate) dn: &'static str,
    pub(crate) values: Vec<(&'static str, Vec<String>)>,
}

impl Apart {
    pub(crate) fn answer(&self, selection: &Selection) -> LdapSearchResultEntry {
        let names: Vec<&str> = self.values.iter().map(|(name, _)| *name).collect();
        answer(self.dn.to_owned(), &names, selection, |attribute| {
            let of = self.values.iter().filter(|(name, _)| schema::first_name(name) == attribute);
            of.flat_map(|(_, values)| values.iter().map(|value| value.clone().into_bytes()))
                .collect()
        })
    }
}

/// The attributes that an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// All that people are described with, as `*` or nothing asks for.
    all: bool,
    /// What the server says itself, as `+` asks for.
    operational: bool,
    named: BTreeSet<String>,
    types_only: bool,
}

/// Attributes that one search asks for by name.
pub(crate) const MOST_NAMED: usize = 1024;

impl Selection {
    pub(crate) fn new(asked: &[String], types_only: bool) -> Selection {
        let is = |word: &str| asked.iter().any(|name| name == word);
        let named = asked.iter().map(|name| schema::first_name(name)).collect();
        Selection { all: asked.is_empty() || is("*"), operational: is("+"), named, types_only }
    }

    fn takes(&self, first_name: &str, operational: bool) -> bool {
        let all = if operational { self.operational } else { self.all };
        all || self.named.contains(first_name)
    }
}

fn answer(
    dn: String,
    names: &[&str],
    selection: &Selection,
    values: impl Fn(&str) -> Vec<Vec<u8>>,
) -> LdapSearchResultEntry {
    let operational =
        schema::OPERATIONAL_NAMES.iter().filter(|name| !names.contains(name)).copied();
    let all = names.iter().map(|name| (*name, false)).chain(operational.map(|name| (name, true)));
    let attributes = all.filter_map(|(name, operational)| {
        let first = schema::first_name(name);
        if !selection.takes(&first, operational) {
            return None;
        }
        let vals = values(&first);
        // Without values there is no such attribute.
        if vals.is_empty() {
            return None;
        }
        let vals = if selection.types_only { Vec::new() } else { vals };
        Some(LdapPartialAttribute { atype: name.to_owned(), vals })
    });
    LdapSearchResultEntry { attributes: attributes.collect(), dn }
}
