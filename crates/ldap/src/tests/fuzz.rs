//! Messages, filters and names that nobody thought of.

use countersign_testing::Fuzz;
use ldap3_lber::parse::Parser;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapCompareRequest, LdapExtendedRequest, LdapOp,
};

use super::filters::{GROUPS, PEOPLE};
use super::wire::{bind, message, search, searching};
use super::*;
use crate::dn::escape;
use crate::filter::Truth;
use crate::wire::{Frame, LARGEST, Op, next, write};

/// The same values with lengths that are right again: else most changes are refused at the first
/// octet of what is around them.
fn measured(bytes: &[u8], levels: usize) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let [tag, length, after @ ..] = rest {
        let octets = usize::from(if *length > 0x80 { length & 0x7f } else { 0 }).min(after.len());
        let (long, after) = after.split_at(octets);
        let long = long.iter().fold(0_usize, |all, byte| all << 8 & 0xff_ffff | usize::from(*byte));
        let length = if *length < 0x80 { usize::from(*length) } else { long };
        let (content, after) = after.split_at(length.min(after.len()));
        let content = match levels.checked_sub(1) {
            Some(levels) if tag & 0x20 != 0 => measured(content, levels),
            _ => content.to_vec(),
        };
        out.push(*tag);
        match content.len() {
            short @ 0..=0x7f => out.push(u8::try_from(short).unwrap()),
            long => {
                out.push(0x84);
                out.extend(u32::try_from(long).unwrap().to_be_bytes());
            }
        }
        out.extend(content);
        rest = after;
    }
    out
}

/// As it is, and with its lengths made right.
fn either(bytes: &[u8], check: impl Fn(&[u8]) -> bool) -> bool {
    let plain = check(bytes);
    check(&measured(bytes, 100)) || plain
}

fn a_message(bytes: &[u8]) -> bool {
    let (mut buffer, frame) = (BytesMut::from(bytes), Frame::first(bytes));
    for cut in [0, 1, 2, bytes.len() / 2, bytes.len().saturating_sub(1)] {
        // What has come in part is waited for, or refused as the whole would be.
        match (Frame::first(bytes.get(..cut).unwrap_or_default()), frame) {
            (Ok(Frame::Head), _) => {}
            (Ok(Frame::Part(part)), Ok(Frame::Part(whole) | Frame::Whole(whole)))
            | (Ok(Frame::Whole(part)), Ok(Frame::Whole(whole))) => assert_eq!(part, whole),
            (Err(part), Err(whole)) => assert_eq!(part, whole),
            other => panic!("{cut}: {other:?}"),
        }
    }
    let request = match (frame, next(&mut buffer)) {
        (Ok(Frame::Whole(length)), Ok(Some(request))) => {
            assert!(length <= LARGEST + 10);
            assert_eq!(&bytes[length..], buffer, "it takes no more than its own");
            request
        }
        (Ok(Frame::Head | Frame::Part(_)), Ok(None)) => {
            assert_eq!(buffer, bytes, "what is not whole stays");
            return false;
        }
        (Ok(Frame::Whole(_)), Err(_)) => return false,
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            return false;
        }
        other => panic!("{other:?}"),
    };
    match request.op {
        Op::Search { filter: Ok(filter), .. } => assert!((1..=1024 * 64).contains(&filter.cost())),
        Op::Search { filter: Err(_), .. } => {}
        // Written again, what is answered otherwise than by "unknown" is the same message.
        Op::Other(
            op @ (LdapOp::BindRequest(LdapBindRequest { cred: LdapBindCred::Simple(_), .. })
            | LdapOp::UnbindRequest
            | LdapOp::AbandonRequest(_)
            | LdapOp::CompareRequest(_)
            | LdapOp::ExtendedRequest(_)),
        ) => {
            let said = format!("{op:?}");
            let mut again = BytesMut::new();
            write(request.id, op, Vec::new(), &mut again);
            let read = next(&mut again).unwrap().unwrap();
            assert_eq!(read.id, request.id);
            let Op::Other(op) = read.op else { panic!("{said}") };
            assert_eq!(format!("{op:?}"), said);
        }
        Op::Other(_) => {}
    }
    true
}

#[test]
fn fuzz_ldap_message() {
    let paged = || LdapControl::SimplePagedResults { size: 300, cookie: vec![1, 2] };
    let text = "(|(&(cn=a*b*c)(sn>=d))(!(mail~=e))(memberOf:dn:2.5.13.1:=cn=a))";
    let ops = [
        bind(),
        search(),
        LdapOp::UnbindRequest,
        LdapOp::AbandonRequest(3),
        LdapOp::CompareRequest(LdapCompareRequest {
            dn: "cn=a".to_owned(),
            atype: "cn".to_owned(),
            val: b"b".to_vec(),
        }),
        LdapOp::ExtendedRequest(LdapExtendedRequest {
            name: "1.3.6.1.4.1.1466.20037".to_owned(),
            value: None,
        }),
        LdapOp::DelRequest("cn=a".to_owned()),
    ];
    let seeds = ops.into_iter().map(|op| message(op, Vec::new()));
    let seeds =
        seeds.chain([searching(encoded(text), vec![paged()]), message(bind(), vec![paged()])]);
    Fuzz::new("ldap.message", 10_000)
        .seeds(seeds.map(|seed| seed.to_vec()))
        .words([
            &b"\x30\x84"[..],
            b"\x30\x80",
            b"\x02\x01",
            b"\xa0\x03",
            b"\xa2",
            b"\x04\x00",
            b"1.2.840.113556.1.4.319",
        ])
        .run(|bytes| either(bytes, a_message));
}

/// Filters find by the index what they find entry by entry.
#[test]
fn fuzz_ldap_filter() {
    let (directory, tree, numbers) = (world(), tree(), Numbers::default());
    let view = view(&tree, &directory, &numbers);
    let everything = query(BASE, LdapSearchScope::Subtree, "(objectClass=*)");
    let all: Vec<Dn> =
        found(view, &everything, 100).iter().map(|entry| Dn::parse(&entry.dn).unwrap()).collect();
    let seeds = PEOPLE.iter().map(|(text, _)| *text).chain(GROUPS.iter().map(|(text, _)| *text));
    let check = |bytes: &[u8]| {
        let Ok((_, tag)) = Parser::new(80).parse(bytes) else { return false };
        let Ok(filter) = Filter::parse(&tag) else { return false };
        assert_eq!(Filter::parse(&tag).as_ref(), Ok(&filter));
        let truth = |filter: &Filter, dn: &Dn| filter.decide(&view.entry(dn).unwrap());
        let denied = Filter::Not(Box::new(filter.clone()));
        let fits: Vec<String> = all
            .iter()
            .filter(|dn| {
                let holds = truth(&filter, dn);
                let undefined = holds == Truth::Undefined;
                assert_eq!(undefined, truth(&denied, dn) == Truth::Undefined);
                assert!(undefined || holds != truth(&denied, dn));
                holds == Truth::True
            })
            .map(Dn::key)
            .collect();
        let query = Query { filter, ..query(BASE, LdapSearchScope::Subtree, "(cn=*)") };
        let found = found(view, &query, 1);
        let found: Vec<_> = found.iter().map(|one| Dn::parse(&one.dn).unwrap().key()).collect();
        assert_eq!(found, fits);
        true
    };
    Fuzz::new("ldap.filter", 1_500)
        .seeds(seeds.map(|text| bytes(encoded(text)).to_vec()))
        .words([
            &b"\xa0"[..],
            b"\xa1",
            b"\xa2",
            b"\xa3",
            b"\xa4",
            b"\xa5",
            b"\xa9",
            b"\x87",
            b"\x04",
            b"objectClass",
            b"memberOf",
            b"cn",
            b"uidNumber",
            b"2.5.13.2",
            b"1.2.840.113556.1.4.1941",
            b"cn=staff,ou=groups,DC=ldap,DC=example",
        ])
        .longest(2_048)
        .run(|bytes| either(bytes, check));
}

#[test]
fn fuzz_ldap_dn() {
    let check = |bytes: &[u8]| {
        let Some(dn) = std::str::from_utf8(bytes).ok().and_then(Dn::parse) else { return false };
        // As it is compared, it is a name, and the same.
        let again = Dn::parse(&dn.key()).unwrap();
        assert_eq!(again.key(), dn.key());
        assert_eq!(again.depth(), dn.depth());
        assert!(dn.depth() <= 64);
        assert!(dn.is_within(&dn) && dn.is_within(&again) && dn.is_within(&Dn::default()));
        match dn.parent() {
            Some(above) => {
                assert_eq!(above.depth() + 1, dn.depth());
                assert!(dn.is_within(&above) && !above.is_within(&dn));
            }
            None => assert!(dn.is_empty()),
        }
        for (name, value) in dn.attributes() {
            let one = Dn::parse(&format!("{name}={}", escape(value))).unwrap();
            assert_eq!(one.leaf(), Some((name, value)));
        }
        true
    };
    Fuzz::new("ldap.dn", 30_000)
        .seeds([
            "",
            "cn=a",
            "CN=A , OU = B",
            "2.5.4.3=A",
            "cn=a\\,b,dc=x",
            "cn=a\\2Cb,dc=x",
            "cn=zo\\C3\\AB",
            "cn=\\ a\\ ",
            "cn=",
            "ou=b+cn=a,dc=x",
            "cn=a=b",
            "cn=#414243",
            "cn=miller\\, ann,ou=users,DC=ldap,DC=example",
        ])
        .words([
            "\\", "\\2c", "\\00", "\\C3", "\\ ", "+", ",", ";", "=", "cn=", "uid=", " ", "#", "\"",
            "\u{308}", "\u{ad}", "ß",
        ])
        // What is compared may be longer than what was written.
        .longest(600)
        .run(check);
}
