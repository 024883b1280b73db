//! Filters, each with the people and groups that fit.

use std::collections::BTreeSet;

use ldap3_lber::common::TagClass;
use ldap3_lber::structure::{PL, StructureTag};
use ldap3_proto::proto::LdapSearchScope::{Base, Children, OneLevel, Subtree};

use super::*;
use crate::filter::{Attributes as _, Truth};
use crate::search::Look;

/// Those of the people a filter finds, by their numbers, below `ou=users`.
pub(super) const PEOPLE: &[(&str, &[i64])] = &[
    // Presence.
    ("(objectClass=*)", &[1, 2, 3, 4, 5]),
    ("(cn=*)", &[1, 2, 3, 4, 5]),
    ("(title=*)", &[2]),
    ("(TITLE=*)", &[2]),
    ("(2.5.4.12=*)", &[2]),
    ("(nothing=*)", &[]),
    ("(!(title=*))", &[1, 3, 4, 5]),
    ("(nosuch=*)", &[]),
    ("(!(nosuch=*))", &[]),
    ("(description=*)", &[]),
    ("(!(description=*))", &[1, 2, 3, 4, 5]),
    // Equality: case, blanks, composition, numbers of attributes, other names.
    ("(cn=alice)", &[2]),
    ("(CN=ALICE)", &[2]),
    ("(2.5.4.3=alice)", &[2]),
    ("(sAMAccountName=bob)", &[3]),
    ("(cn= alice )", &[2]),
    ("(cn=ali ce)", &[]),
    ("(cn=zoë)", &[4]),
    ("(cn=ZOË)", &[4]),
    ("(cn=zoe\u{308})", &[4]),
    ("(name=zoë müller)", &[4]),
    ("(displayName=bob brown)", &[3]),
    ("(sn=Bob   Brown)", &[3]),
    ("(title=head of things)", &[2]),
    ("(cn=miller, ann)", &[5]),
    ("(name=ann miller\\2a)", &[5]),
    ("(department=R&D \\28north\\29)", &[2]),
    ("(mail=alice@example.test)", &[2]),
    ("(mail=ALICE@EXAMPLE.TEST)", &[2]),
    ("(mail=zoë@example.test)", &[]),
    ("(mail=z@else.test)", &[4]),
    ("(uid=0202020202020202020202020202020202020202020202020202020202020202)", &[2]),
    ("(entryUUID=00000000-0000-0002-0000-000000000000)", &[2]),
    ("(phones=2)", &[2]),
    ("(phones=true)", &[2]),
    ("(on=TRUE)", &[2]),
    ("(home=/x/alice)", &[2]),
    ("(goauthentikio-user-sources=a)", &[2]),
    ("(deep=map[a:[1 <nil>] b:1])", &[2]),
    ("(cn;lang-de=alice)", &[]),
    ("(!(cn;lang-de=alice))", &[1, 2, 3, 4, 5]),
    ("(nosuch=alice)", &[]),
    ("(!(nosuch=alice))", &[]),
    // Classes: known names, numbers, classes above.
    ("(objectClass=user)", &[1, 2, 3, 4, 5]),
    ("(objectClass=INETORGPERSON)", &[1, 2, 3, 4, 5]),
    ("(objectClass=2.5.6.6)", &[1, 2, 3, 4, 5]),
    ("(objectClass=top)", &[1, 2, 3, 4, 5]),
    ("(objectClass=goauthentik.io/ldap/user)", &[1, 2, 3, 4, 5]),
    ("(objectClass=group)", &[]),
    ("(!(objectClass=group))", &[1, 2, 3, 4, 5]),
    ("(objectClass=nosuch)", &[]),
    ("(!(objectClass=nosuch))", &[]),
    // Truth.
    ("(ak-active=TRUE)", &[1, 3, 5]),
    ("(ak-active=true)", &[1, 3, 5]),
    ("(goauthentik.io/ldap/active=FALSE)", &[2, 4]),
    ("(ak-superuser=TRUE)", &[1, 2, 3]),
    ("(ak-active=yes)", &[]),
    ("(!(ak-active=yes))", &[]),
    // Whole numbers.
    ("(uidNumber=2002)", &[2]),
    ("(uidNumber=5000)", &[3]),
    ("(uidNumber=2003)", &[]),
    ("(gidNumber=5000)", &[3]),
    ("(uidNumber=02002)", &[]),
    ("(!(uidNumber=02002))", &[]),
    ("(uidNumber=x)", &[]),
    ("(uidNumber=99999999999999999999999)", &[]),
    ("(uidNumber>=2003)", &[3, 4, 5]),
    ("(uidNumber<=2002)", &[1, 2]),
    ("(!(uidNumber>=2003))", &[1, 2]),
    ("(&(uidNumber>=2001)(uidNumber<=2004))", &[1, 2, 4]),
    ("(uidNumber=20*)", &[]),
    ("(!(uidNumber=20*))", &[]),
    // Order of texts.
    ("(cn>=bob)", &[3, 4, 5]),
    ("(cn<=ALICE)", &[1, 2]),
    ("(createTimestamp>=20261103000000Z)", &[3, 4, 5]),
    ("(ak-active>=TRUE)", &[]),
    ("(!(ak-active>=TRUE))", &[]),
    ("(memberOf>=cn=a)", &[]),
    // Approximation is equality.
    ("(cn~=ALICE)", &[2]),
    ("(cn~=alyce)", &[]),
    // Parts of texts.
    ("(cn=a*)", &[1, 2]),
    ("(cn=*e)", &[2]),
    ("(cn=*l*)", &[2, 5]),
    ("(cn=a*c*e)", &[2]),
    ("(cn=a*e*c*)", &[]),
    ("(cn=ali*ice)", &[]),
    ("(cn=ali*ce)", &[2]),
    ("(cn=al*i*c*e)", &[2]),
    ("(cn=*a*a*)", &[1]),
    ("(cn=ALICE*)", &[2]),
    ("(cn=*\\2a*)", &[]),
    ("(name=*\\2a*)", &[5]),
    ("(name=*\\2a)", &[5]),
    ("(name=bob *)", &[3]),
    ("(name=bob*brown)", &[3]),
    ("(name=* brown)", &[3]),
    ("(name=*MÜLL*)", &[4]),
    ("(mail=*@example.test)", &[1, 2, 3, 5]),
    ("(phones=*r*)", &[2]),
    ("(objectClass=inet*)", &[]),
    ("(memberOf=cn=staff*)", &[]),
    // Names.
    ("(memberOf=cn=staff,ou=groups,dc=ldap,dc=example)", &[2, 3]),
    ("(memberOf=CN=Staff, OU=Groups, DC=LDAP, DC=Example)", &[2, 3]),
    ("(memberOf=2.5.4.3=staff,ou=groups,dc=ldap,dc=example)", &[2, 3]),
    ("(memberOf=cn=A\\5c, B,ou=groups,dc=ldap,dc=example)", &[2, 5]),
    ("(memberOf=cn=A\\5c2C\\5c20B,ou=groups,dc=ldap,dc=example)", &[2, 5]),
    ("(memberOf=cn=admins,ou=groups,dc=ldap,dc=example)", &[1]),
    ("(memberOf=cn=staff,ou=users,dc=ldap,dc=example)", &[]),
    ("(memberOf=cn=staff)", &[]),
    ("(memberOf=staff)", &[]),
    ("(!(memberOf=staff))", &[]),
    ("(!(memberOf=cn=staff,ou=groups,dc=ldap,dc=example))", &[1, 4, 5]),
    ("(memberOf=*)", &[1, 2, 3, 5]),
    ("(entryDN=cn=alice,ou=users,dc=ldap,dc=example)", &[2]),
    // Both, either, not, and what is undefined among them.
    ("(&)", &[1, 2, 3, 4, 5]),
    ("(|)", &[]),
    ("(&(cn=alice)(ak-active=FALSE))", &[2]),
    ("(&(cn=alice)(ak-active=TRUE))", &[]),
    ("(|(cn=alice)(cn=bob))", &[2, 3]),
    ("(|(cn=alice)(nosuch=1))", &[2]),
    ("(&(cn=alice)(nosuch=1))", &[]),
    ("(&(cn=alice)(!(nosuch=1)))", &[]),
    ("(!(&(cn=alice)(nosuch=1)))", &[1, 3, 4, 5]),
    ("(!(|(cn=alice)(nosuch=1)))", &[]),
    ("(!(!(cn=alice)))", &[2]),
    ("(&(objectClass=user)(|(cn=a*)(cn=b*))(!(cn=akadmin)))", &[2, 3]),
    ("(|(memberOf=cn=staff,ou=groups,dc=ldap,dc=example)(cn=zoë))", &[2, 3, 4]),
    ("(&(memberOf=cn=staff,ou=groups,dc=ldap,dc=example)(mail=bob*))", &[3]),
    ("(|(uidNumber=2001)(uidNumber=5000)(mail=z@else.test))", &[1, 3, 4]),
    // Rules by name.
    ("(cn:caseExactMatch:=alice)", &[2]),
    ("(cn:caseExactMatch:=Alice)", &[]),
    ("(cn:2.5.13.2:=Alice)", &[2]),
    ("(cn:=ALICE)", &[2]),
    ("(uidNumber:2.5.13.14:=2002)", &[2]),
    ("(uidNumber:2.5.13.2:=2002)", &[]),
    ("(cn:nosuchMatch:=alice)", &[]),
    ("(!(cn:nosuchMatch:=alice))", &[]),
    ("(ou:dn:=users)", &[1, 2, 3, 4, 5]),
    ("(ou:dn:=groups)", &[]),
    ("(:caseExactMatch:=alice)", &[2]),
    ("(:dn:2.5.13.2:=users)", &[1, 2, 3, 4, 5]),
    // Groups in groups, as Active Directory has it.
    ("(memberOf:1.2.840.113556.1.4.1941:=cn=admins,ou=groups,dc=ldap,dc=example)", &[1, 2, 3]),
    ("(cn:1.2.840.113556.1.4.1941:=alice)", &[]),
];

#[test]
fn people_are_found_by_what_filters_say() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    for (text, people) in PEOPLE {
        let query = query("ou=users,dc=ldap,dc=example", OneLevel, text);
        let found = found(view, &query, 2);
        let names: Vec<String> =
            people.iter().map(|pk| view.user(&directory.users()[pk]).dn()).collect();
        assert_eq!(super::names(&found), names, "{text}");
    }
}

/// Groups that a filter finds, below `ou=groups`.
pub(super) const GROUPS: &[(&str, &[u128])] = &[
    ("(objectClass=posixGroup)", &[ADMINS, STAFF, COMMA, EMPTY]),
    ("(objectClass=groupOfNames)", &[ADMINS, STAFF, COMMA, EMPTY]),
    ("(objectClass=top)", &[ADMINS, STAFF, COMMA, EMPTY]),
    ("(objectClass=user)", &[]),
    ("(cn=staff)", &[STAFF]),
    ("(cn=STAFF)", &[STAFF]),
    ("(cn=a, b)", &[COMMA]),
    ("(description=us)", &[STAFF]),
    ("(!(description=us))", &[ADMINS, COMMA, EMPTY]),
    ("(gidNumber=7777)", &[COMMA]),
    ("(gidNumber=15111)", &[ADMINS]),
    ("(gidNumber=26222)", &[STAFF]),
    ("(gidNumber>=15000)", &[ADMINS, STAFF, EMPTY]),
    ("(member=cn=alice,ou=users,dc=ldap,dc=example)", &[STAFF, COMMA]),
    ("(member=cn=ALICE,ou=USERS,dc=ldap,dc=example)", &[STAFF, COMMA]),
    ("(member=cn=miller\\5c, ann,ou=users,dc=ldap,dc=example)", &[COMMA]),
    ("(member=cn=nobody,ou=users,dc=ldap,dc=example)", &[]),
    ("(member=*)", &[ADMINS, STAFF, COMMA]),
    ("(!(member=*))", &[EMPTY]),
    ("(ak-superuser=TRUE)", &[ADMINS]),
    ("(memberUid=alice)", &[]),
    ("(uid=00000000-0000-0000-0000-0000000056ce)", &[STAFF]),
    ("(&(objectClass=posixGroup)(member=cn=bob,ou=users,dc=ldap,dc=example))", &[STAFF]),
];

#[test]
fn groups_are_found_by_what_filters_say() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    for (text, groups) in GROUPS {
        let query = query("ou=groups,dc=ldap,dc=example", OneLevel, text);
        let names: Vec<String> = groups
            .iter()
            .map(|uuid| view.group(&directory.groups()[&Uuid::from_u128(*uuid)]).dn())
            .collect();
        assert_eq!(super::names(&found(view, &query, 3)), names, "{text}");
    }
}

/// What is looked up leaves out nothing: every filter finds in the whole tree what it finds entry
/// by entry.
#[test]
fn what_is_looked_up_hides_nothing() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    let everything = query(BASE, Subtree, "(objectClass=*)");
    let all = found(view, &everything, 100);
    assert_eq!(all.len(), 1 + 3 + 5 + 4 + 5);
    let texts = PEOPLE.iter().map(|(text, _)| *text);
    for text in texts.chain(GROUPS.iter().map(|(text, _)| *text)) {
        let filter = filter(text).unwrap();
        let fits: Vec<&str> = all
            .iter()
            .map(|entry| entry.dn.as_str())
            .filter(|dn| {
                let entry = view.entry(&Dn::parse(dn).unwrap()).unwrap();
                filter.decide(&entry) == Truth::True
            })
            .collect();
        let query = query(BASE, Subtree, text);
        assert_eq!(names(&found(view, &query, 1)), fits, "{text}");
    }
}

/// However little may be gathered, nobody who fits is left out, and no more is gathered than twice
/// that.
#[test]
fn what_is_looked_up_is_bounded_and_hides_nothing() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    for (text, people) in PEOPLE {
        for most in 0..8 {
            let mut room = most;
            match view.users_for(&filter(text).unwrap(), &mut room) {
                Look::All => {}
                Look::At(keys) => {
                    assert!(people.iter().all(|pk| keys.contains(pk)), "{text} {most}: {keys:?}");
                    assert!(keys.len() <= 2 * most, "{text} {most}: {keys:?}");
                }
            }
        }
    }
    let wide = vec![filter("(memberOf=cn=staff,ou=groups,DC=ldap,DC=example)").unwrap(); 1000];
    assert_eq!(view.users_for(&Filter::Or(wide.clone()), &mut 10), Look::All);
    let one = filter("(cn=alice)").unwrap();
    let both = Filter::And([one].into_iter().chain(wide).collect());
    assert_eq!(view.users_for(&both, &mut 10), Look::At(vec![2]));
}

/// What costs more per entry is asked of fewer entries at a time.
#[test]
fn filters_say_what_they_cost() {
    let cost = |text: &str| filter(text).unwrap().cost();
    assert_eq!(cost("(cn=a)"), 1);
    assert_eq!(cost("(|(cn=a)(mail=b)(!(sn=c)))"), 5);
    assert!(cost("(cn=*a*b*c*)") > cost("(cn=*a*)"));
    let chain = "(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=b)";
    assert!(cost(chain) > 10 * cost("(cn=a)") && cost("(:caseIgnoreMatch:=a)") >= cost(chain));
}

/// Whether others have an attribute is not said by what its absence comes to.
#[test]
fn what_others_are_described_with_is_seen_in_no_answer() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let seen = |sight, text: &str| {
        let view = View { sight, ..view(&tree, &directory, &numbers) };
        let users = "ou=users,dc=ldap,dc=example";
        found(view, &query(users, OneLevel, text), 5).len()
    };
    for text in
        ["(!(phones=x))", "(!(phones=*))", "(!(phones>=x))", "(!(phones=*x*))", "(!(phones:=x))"]
    {
        assert_eq!(seen(Sight::Own(3), text), 0, "{text}: as of one that nobody has");
        assert_eq!(seen(Sight::Own(3), &text.replace("phones", "nosuch")), 0, "{text}");
        assert!(seen(Sight::All, text) > 0, "{text}");
    }
    assert_eq!(seen(Sight::Own(2), "(!(phones=x))"), 1, "the own ones are known");
    assert_eq!(seen(Sight::Own(2), "(!(description=x))"), 1, "and those of the own groups");
}

#[test]
fn scopes_are_those_of_the_standard() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    let table: &[(&str, LdapSearchScope, usize)] = &[
        (BASE, Base, 1),
        (BASE, OneLevel, 3),
        (BASE, Subtree, 18),
        (BASE, Children, 17),
        ("dc=example", Base, 0),
        ("dc=example", OneLevel, 1),
        ("dc=example", Subtree, 18),
        ("ou=users,dc=ldap,dc=example", Base, 1),
        ("OU=Users,DC=ldaP,DC=example", OneLevel, 5),
        ("ou=users,dc=ldap,dc=example", Subtree, 6),
        ("ou=users,dc=ldap,dc=example", Children, 5),
        ("ou=virtual-groups,dc=ldap,dc=example", OneLevel, 5),
        ("cn=alice,ou=users,dc=ldap,dc=example", Base, 1),
        ("cn=alice,ou=users,dc=ldap,dc=example", OneLevel, 0),
        ("cn=alice,ou=users,dc=ldap,dc=example", Subtree, 1),
        ("cn=alice,ou=users,dc=ldap,dc=example", Children, 0),
        ("cn=alice,ou=virtual-groups,dc=ldap,dc=example", Base, 1),
        ("cn=staff,ou=groups,dc=ldap,dc=example", Subtree, 1),
        ("cn=A\\, B,ou=groups,dc=ldap,dc=example", Base, 1),
        ("cn=nobody,ou=users,dc=ldap,dc=example", Subtree, 0),
        ("ou=nowhere,dc=ldap,dc=example", Subtree, 0),
        ("dc=else", Subtree, 0),
    ];
    for (base, scope, number) in table {
        let query = query(base, scope.clone(), "(objectClass=*)");
        assert_eq!(found(view, &query, 4).len(), *number, "{base} {scope:?}");
    }
}

#[test]
fn without_the_permission_people_see_themselves_and_their_groups() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = View { sight: Sight::Own(2), ..view(&tree, &directory, &numbers) };
    let found = found(view, &query(BASE, Subtree, "(objectClass=*)"), 3);
    assert_eq!(
        names(&found)[4..],
        [
            "cn=alice,ou=users,dc=ldap,dc=example",
            "cn=staff,ou=groups,dc=ldap,dc=example",
            "cn=A\\, B,ou=groups,dc=ldap,dc=example",
            "cn=alice,ou=virtual-groups,dc=ldap,dc=example",
        ]
    );
    for group in &found[5..7] {
        assert_eq!(values(group, "member"), ["cn=alice,ou=users,dc=ldap,dc=example"]);
    }
    // Nor does a filter say what is not seen.
    for text in [
        "(member=cn=bob,ou=users,dc=ldap,dc=example)",
        "(cn=bob)",
        "(uidNumber=5000)",
        "(memberOf:1.2.840.113556.1.4.1941:=cn=admins,ou=groups,dc=ldap,dc=example)",
    ] {
        assert_eq!(super::found(view, &query(BASE, Subtree, text), 3).len(), 0, "{text}");
    }
    for dn in ["cn=bob,ou=users,dc=ldap,dc=example", "cn=admins,ou=groups,dc=ldap,dc=example"] {
        assert!(view.entry(&Dn::parse(dn).unwrap()).is_none(), "{dn}");
    }
}

#[test]
fn entries_have_the_attributes_of_the_original() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    let alice = &found(view, &query(BASE, Subtree, "(&(cn=alice)(objectClass=user))"), 9)[0];
    let shown: Vec<&str> = alice.attributes.iter().map(|a| a.atype.as_str()).collect();
    let mut wanted = vec![
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
    wanted.extend([
        "title",
        "phones",
        "on",
        "goauthentikio-user-sources",
        "deep",
        "home",
        "department",
        "sshPublicKey",
    ]);
    assert_eq!(shown, wanted);
    assert_eq!(values(alice, "memberOf").len(), 2);
    assert_eq!(values(alice, "deep"), ["map[a:[1 <nil>] b:1]"]);
    assert_eq!(values(alice, "phones"), ["1", "2", "true"]);
    assert_eq!(values(alice, "gidNumber"), ["2002"]);
    assert_eq!(values(alice, "homeDirectory"), ["/home/alice"]);

    let select = |names: &[&str], types_only| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let query = Query {
            selection: Selection::new(&names, types_only),
            ..query(BASE, Subtree, "(&(cn=alice)(objectClass=user))")
        };
        let found = found(view, &query, 9);
        found[0].attributes.iter().map(|a| (a.atype.clone(), a.vals.len())).collect::<Vec<_>>()
    };
    let one = |name: &str, number| vec![(name.to_owned(), number)];
    assert_eq!(select(&["1.1"], false), []);
    assert_eq!(select(&["MAIL"], false), one("mail", 1));
    assert_eq!(select(&["mail"], true), one("mail", 0));
    assert_eq!(select(&["2.5.4.3"], false), one("cn", 1));
    assert_eq!(select(&["+"], false).len(), 4);
    assert_eq!(select(&["*", "entryUUID"], false).len(), wanted.len() + 1);
    assert_eq!(select(&["nosuch"], false), []);
}

#[test]
fn filters_have_bounds() {
    let nested = |depth: usize| {
        let mut tag = encoded("(cn=a)");
        for _ in 0..depth {
            tag = StructureTag { class: TagClass::Context, id: 2, payload: PL::C(vec![tag]) };
        }
        Filter::parse(&tag).map(|_| ())
    };
    assert_eq!(nested(31), Ok(()));
    assert_eq!(nested(32), Err(FilterError::TooDeep));
    let wide = |items: usize| {
        let payload = PL::C(vec![encoded("(cn=a)"); items]);
        Filter::parse(&StructureTag { class: TagClass::Context, id: 1, payload }).map(|_| ())
    };
    assert_eq!(wide(1023), Ok(()));
    assert_eq!(wide(1024), Err(FilterError::TooLarge));
    let odd = |id, payload| {
        Filter::parse(&StructureTag { class: TagClass::Context, id, payload }).map(|_| ())
    };
    let malformed = Err(FilterError::Malformed);
    assert_eq!(odd(2, PL::C(vec![])), malformed);
    assert_eq!(odd(2, PL::C(vec![encoded("(cn=a)"), encoded("(cn=b)")])), malformed);
    assert_eq!(odd(3, PL::C(vec![])), malformed);
    assert_eq!(odd(3, PL::P(vec![])), malformed);
    assert_eq!(odd(7, PL::P(b"no name".to_vec())), malformed);
    assert_eq!(odd(7, PL::P(vec![0xff])), malformed);
    assert_eq!(odd(11, PL::P(vec![])), malformed);
}

/// Values that are no text are no mistake: nothing has them.
#[test]
fn bytes_that_are_no_text_are_undefined() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    let octets = |bytes: &[u8]| StructureTag {
        class: TagClass::Universal,
        id: 4,
        payload: PL::P(bytes.to_vec()),
    };
    let payload = PL::C(vec![octets(b"cn"), octets(&[0xff, 0xfe])]);
    let filter = Filter::parse(&StructureTag { class: TagClass::Context, id: 3, payload }).unwrap();
    let alice = view.entry(&Dn::parse("cn=alice,ou=users,dc=ldap,dc=example").unwrap()).unwrap();
    assert_eq!(filter.decide(&alice), Truth::Undefined);
}

/// Kept by difference, the directory is what it would be if it were made anew.
#[test]
fn differences_lead_to_the_same_directory() {
    let mut directory = world();
    let none = json!({});
    directory.put_user(user(2, "alicia", "Alicia", &[ADMINS], &none));
    directory.put_user(user(6, "new", "New", &[STAFF, EMPTY], &none));
    directory.remove_user(5);
    directory.put_group(group(STAFF, "crew", None, &none));
    directory.remove_group(Uuid::from_u128(COMMA));
    let mut anew = Directory::default();
    directory
        .groups()
        .values()
        .for_each(|g| anew.put_group(Group { members: vec![], ..g.clone() }));
    directory.users().values().for_each(|user| anew.put_user(user.clone()));
    assert_eq!(directory.users(), anew.users());
    assert_eq!(directory.groups(), anew.groups());
    let (tree, numbers) = (tree(), Numbers::default());
    let texts: BTreeSet<&str> = PEOPLE
        .iter()
        .chain(&[
            ("(cn=alicia)", &[][..]),
            ("(cn=crew)", &[]),
            ("(member=cn=new,ou=users,dc=ldap,dc=example)", &[]),
            ("(memberOf=cn=crew,ou=groups,dc=ldap,dc=example)", &[]),
        ])
        .map(|(text, _)| *text)
        .collect();
    for text in texts {
        let query = query(BASE, Subtree, text);
        let (one, two) = (view(&tree, &directory, &numbers), view(&tree, &anew, &numbers));
        assert_eq!(found(one, &query, 5), found(two, &query, 5), "{text}");
    }
    let query = query(BASE, Subtree, "(memberOf=cn=crew,ou=groups,dc=ldap,dc=example)");
    let view = view(&tree, &directory, &numbers);
    assert_eq!(
        names(&found(view, &query, 5)),
        ["cn=bob,ou=users,dc=ldap,dc=example", "cn=new,ou=users,dc=ldap,dc=example"]
    );
}
