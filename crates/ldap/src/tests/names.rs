//! Distinguished names.

use super::*;
use crate::dn::escape;

#[test]
fn names_are_read_as_the_standard_writes_them() {
    let table: &[(&str, &str)] = &[
        ("", ""),
        ("cn=a", "cn=a"),
        ("CN=A , OU = B", "cn=a,ou=b"),
        ("2.5.4.3=A", "cn=a"),
        ("cn=a\\,b,dc=x", "cn=a\\,b,dc=x"),
        ("cn=a\\2Cb,dc=x", "cn=a\\,b,dc=x"),
        ("cn=zo\\C3\\AB", "cn=zoë"),
        ("cn=\\ a\\ ", "cn=a"),
        ("cn=a\u{ad}\u{308}", "cn=ä"),
        ("cn=a  b", "cn=a b"),
        ("cn=", "cn="),
        ("ou=b+cn=a,dc=x", "cn=a+ou=b,dc=x"),
        ("cn=a=b", "cn=a\\=b"),
        ("cn=#414243", "cn=\\#414243"),
    ];
    for (text, key) in table {
        let dn = Dn::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(dn.key(), *key, "{text}");
        assert_eq!(Dn::parse(key).unwrap().key(), *key, "{text}");
    }
    let long = format!("cn={}", "a".repeat(9000));
    let deep = "cn=a,".repeat(70) + "cn=a";
    for text in [
        "cn", "=a", "cn=a,", ",cn=a", "cn=a,b", "c n=a", "1a=b", "cn=a\\", "cn=a\\g", "cn=a\\4",
        "cn=\\ff", "cn=\"a\"", "cn=<a>", "1..2=a", &long, &deep,
    ] {
        assert!(Dn::parse(text).is_none(), "{text}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for name in ["a", " a ", "#a", "a,b", "a+b=c\"<>;\\", "ë ", "  ", "a\0b", "a#b"] {
        let dn = Dn::parse(&format!("cn={},dc=x", escape(name))).unwrap();
        assert_eq!(dn.leaf(), Some(("cn", name)));
    }
}

#[test]
fn names_lie_within_others() {
    let dn = |text: &str| Dn::parse(text).unwrap();
    let alice = dn("cn=Alice,ou=users,DC=x");
    assert!(alice.is_within(&dn("dc=X")) && alice.is_within(&dn("")) && alice.is_within(&alice));
    assert!(!alice.is_within(&dn("ou=users,dc=y")) && !dn("dc=x").is_within(&alice));
    // A name that only ends like another one does not lie within it.
    assert!(!dn("cn=a,xdc=x").is_within(&dn("dc=x")));
    assert_eq!(alice.first("cn"), Some("Alice"));
    assert_eq!(dn("ou=a,cn=b,cn=c").first("cn"), Some("b"));
    assert_eq!(alice.parent().unwrap(), dn("ou=users,dc=x"));
}
