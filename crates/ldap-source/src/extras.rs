//! What directories say of accounts in ways of their own: whether one is closed, and since when it
//! has its password.

use countersign_ldap::client::Entry;
use countersign_model::Timestamp;

use crate::schema::first;

/// `userAccountControl` of Active Directory: ACCOUNTDISABLE and LOCKOUT.
const CLOSED: i64 = 0x2 | 0x10;
/// Seconds from 1601, where Windows begins to count, to 1970.
const SINCE_1601: i64 = 11_644_473_600;
/// `pwdAccountLockedTime` of who is locked until an administrator says otherwise
/// (draft-behera-ldap-password-policy, 5.3.3).
const FOR_GOOD: &str = "000001010000Z";

/// Whether the directory lets nobody sign in by the entry.
pub(crate) fn is_closed(entry: &Entry) -> bool {
    let flags = first(entry, "userAccountControl").and_then(|text| text.parse::<i64>().ok());
    flags.is_some_and(|flags| flags & CLOSED != 0)
        || first(entry, "nsAccountLock").is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || first(entry, "pwdAccountLockedTime").is_some_and(|text| text == FOR_GOOD)
}

/// When the password was set there.
pub(crate) fn password_set(entry: &Entry) -> Option<Timestamp> {
    let windows = first(entry, "pwdLastSet").and_then(|text| text.parse::<i64>().ok());
    if let Some(ticks) = windows.filter(|ticks| *ticks > 0) {
        return Some(Timestamp::from_seconds(ticks.div_euclid(10_000_000) - SINCE_1601));
    }
    // Of MIT Kerberos, and of whoever follows draft-behera-ldap-password-policy (5.3.2).
    let mut all = ["krbLastPwdChange", "pwdChangedTime"].into_iter();
    all.find_map(|name| generalized(&first(entry, name)?))
}

/// `20260102030405Z`, or with a fraction of a second, which does not count.
fn generalized(text: &str) -> Option<Timestamp> {
    let part =
        |from, to| text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    if !text.ends_with('Z') {
        return None;
    }
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: &str) -> Entry {
        let attributes = vec![(name.to_owned(), vec![value.as_bytes().to_vec()])];
        Entry { dn: "cn=a".to_owned(), attributes }
    }

    #[test]
    fn accounts_are_closed_as_each_directory_says_it() {
        for (name, value, closed) in [
            ("userAccountControl", "512", false),
            ("userAccountControl", "514", true),
            ("useraccountcontrol", "528", true),
            ("userAccountControl", "x", false),
            ("nsAccountLock", "TRUE", true),
            ("nsAccountLock", "false", false),
            ("pwdAccountLockedTime", "000001010000Z", true),
            ("pwdAccountLockedTime", "20260102030405Z", false),
            ("cn", "TRUE", false),
        ] {
            assert_eq!(is_closed(&entry(name, value)), closed, "{name} {value}");
        }
    }

    #[test]
    fn times_of_passwords_are_read() {
        for (name, value, seconds) in [
            ("pwdLastSet", "116444736010000000", Some(1)),
            ("pwdLastSet", "0", None),
            ("krbLastPwdChange", "20260102030405Z", Some(1_767_323_045)),
            ("pwdChangedTime", "20260102030405Z", Some(1_767_323_045)),
            ("pwdchangedtime", "20260102030405.123456Z", Some(1_767_323_045)),
            ("krbLastPwdChange", "2026", None),
            ("krbLastPwdChange", "20261302030405Z", None),
        ] {
            let found = password_set(&entry(name, value)).map(Timestamp::seconds);
            assert_eq!(found, seconds, "{name} {value}");
        }
    }
}
