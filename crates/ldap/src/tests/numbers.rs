//! Posix numbers.

use super::*;
use crate::posix::{Given, Holder, Space};

/// What is given, taken over until nothing is missing.
fn settle(directory: &Directory, numbers: &mut Numbers) -> Vec<Given> {
    let given = numbers.missing(directory, STARTS);
    given.iter().for_each(|given| numbers.put(*given));
    assert_eq!(numbers.missing(directory, STARTS), []);
    given
}

/// A group whose computed number is this one.
fn group_with(gid: i64, salt: u128) -> Group {
    let digits = u128::try_from(gid - STARTS.gid).unwrap();
    let uuid = digits * 10_u128.pow(30) + salt;
    group(uuid, &format!("group {uuid}"), None, &json!({}))
}

fn shown(directory: &Directory, numbers: &Numbers) -> (Vec<String>, Vec<String>, Vec<String>) {
    let users = directory.users().values();
    let groups = directory.groups().values();
    (
        users.clone().map(|user| numbers.uid(user, STARTS)).collect(),
        users.map(|user| numbers.private_gid(user, STARTS)).collect(),
        groups.map(|group| numbers.gid(group.uuid, &group.custom, STARTS)).collect(),
    )
}

#[test]
fn numbers_are_computed_as_the_original_does() {
    let (directory, mut numbers) = (world(), Numbers::default());
    let given = settle(&directory, &mut numbers);
    assert!(
        given.iter().all(|given| given.space == Space::Seen || given.number == given.computed),
        "{given:?}"
    );
    let (uids, private, gids) = shown(&directory, &numbers);
    assert_eq!(uids, ["2001", "2002", "5000", "2004", "2005"]);
    assert_eq!(private, uids);
    assert_eq!(gids, ["15111", "26222", "7777", "48444"]);
}

#[test]
fn who_comes_later_gets_the_next_free_number() {
    let (mut directory, mut numbers) = (Directory::default(), Numbers::default());
    let one = group_with(20_000, 1);
    directory.put_group(one.clone());
    directory.put_user(user(1, "one", "", &[], &json!({})));
    settle(&directory, &mut numbers);
    // Another group with the same digits, and somebody whose private group would be the first.
    let two = group_with(20_000, 2);
    directory.put_group(two.clone());
    directory.put_user(user(18_000, "late", "", &[], &json!({})));
    let given = settle(&directory, &mut numbers);
    let spare: Vec<(Space, Holder, i64, i64)> = given
        .iter()
        .filter(|given| given.space != Space::Seen && given.number != given.computed)
        .map(|given| (given.space, given.holder, given.number, given.computed))
        .collect();
    assert_eq!(
        spare,
        [
            (Space::Gid, Holder::User(18_000), 10_000_000, 20_000),
            (Space::Gid, Holder::Group(two.uuid), 10_000_001, 20_000),
        ]
    );
    let (uids, private, gids) = shown(&directory, &numbers);
    assert_eq!(uids, ["2001", "20000"]);
    assert_eq!(private, ["2001", "10000000"]);
    assert_eq!(gids, ["20000", "10000001"]);

    // A group whose number is somebody's, and one after the first is gone.
    directory.remove_group(one.uuid);
    let (three, four) = (group_with(20_000, 3), group_with(19_999, 4));
    directory.put_group(three.clone());
    directory.put_group(four.clone());
    settle(&directory, &mut numbers);
    let gid = |group: &Group| numbers.gid(group.uuid, &group.custom, STARTS);
    assert_eq!((gid(&three), gid(&four)), ("10000003".to_owned(), "10000002".to_owned()));
    // Even when everybody is gone.
    directory.remove_user(18_000);
    directory.remove_group(four.uuid);
    let five = group_with(19_999, 5);
    directory.put_group(five.clone());
    settle(&directory, &mut numbers);
    assert_eq!(numbers.gid(five.uuid, &five.custom, STARTS), "10000004");
}

#[test]
fn a_number_that_an_attribute_says_is_computed_for_nobody_new() {
    let (mut directory, mut numbers) = (Directory::default(), Numbers::default());
    directory.put_user(user(
        1,
        "own",
        "",
        &[],
        &json!({"uidNumber": "2007", "gidNumber": "30000"}),
    ));
    directory.put_user(user(7, "late", "", &[], &json!({})));
    directory.put_group(group_with(30_000, 1));
    settle(&directory, &mut numbers);
    let (uids, private, gids) = shown(&directory, &numbers);
    assert_eq!(uids, ["2007", "10000000"]);
    assert_eq!(private, ["30000", "10000000"]);
    assert_eq!(gids, ["10000001"]);
    // Who was there before keeps the number, whatever others say later.
    directory.put_user(user(1, "own", "", &[], &json!({"uidNumber": "10000000"})));
    settle(&directory, &mut numbers);
    assert_eq!(shown(&directory, &numbers).0, ["10000000", "10000000"]);
}

#[test]
fn holders_are_written_and_read() {
    for holder in [Holder::User(7), Holder::Group(Uuid::from_u128(7)), Holder::Seen] {
        assert_eq!(Holder::parse(&holder.text()), Some(holder));
    }
    assert_eq!(Holder::parse("user x"), None);
}
