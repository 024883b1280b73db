//! Messages.

use ldap3_lber::common::TagClass;
use ldap3_lber::structure::PL;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapDerefAliases, LdapFilter, LdapMsg, LdapOp, LdapSearchRequest,
};

use super::*;
use crate::wire::{Broken, Frame, LARGEST, Op, Paging, disconnection, next, write};

pub(super) fn message(op: LdapOp, ctrl: Vec<LdapControl>) -> BytesMut {
    bytes(LdapMsg { msgid: 7, op, ctrl }.into())
}

pub(super) fn search() -> LdapOp {
    LdapOp::SearchRequest(LdapSearchRequest {
        base: BASE.to_owned(),
        scope: LdapSearchScope::Subtree,
        aliases: LdapDerefAliases::Never,
        sizelimit: 0,
        timelimit: 0,
        typesonly: false,
        filter: LdapFilter::Present("cn".to_owned()),
        attrs: vec!["cn".to_owned()],
    })
}

/// A search with a filter.
pub(super) fn searching(filter: StructureTag, ctrl: Vec<LdapControl>) -> BytesMut {
    let whole = message(search(), ctrl);
    let mut parsed = ldap3_lber::parse::Parser::new(20).parse(&whole).unwrap().1;
    let PL::C(parts) = &mut parsed.payload else { panic!() };
    let PL::C(parts) = &mut parts[1].payload else { panic!() };
    parts[6] = filter;
    bytes(parsed)
}

pub(super) fn bind() -> LdapOp {
    LdapOp::BindRequest(LdapBindRequest {
        version: 3,
        dn: "cn=alice".to_owned(),
        cred: LdapBindCred::Simple("secret".to_owned()),
    })
}

#[test]
fn a_message_is_read_once_it_is_whole_and_the_next_one_stays() {
    let whole = searching(encoded("(&(cn=a)(sn=b))"), vec![]);
    for cut in 0..whole.len() {
        let mut part = BytesMut::from(&whole[..cut]);
        let expected = if cut < 2 { Frame::Head } else { Frame::Part(whole.len()) };
        assert_eq!(Frame::first(&part), Ok(expected), "{cut}");
        assert!(next(&mut part).unwrap().is_none(), "{cut}");
        assert_eq!(part.len(), cut);
    }
    let mut two = whole.clone();
    two.extend_from_slice(&message(bind(), vec![]));
    let first = next(&mut two).unwrap().unwrap();
    assert_eq!(first.id, 7);
    let Op::Search { request, filter: read } = first.op else { panic!() };
    assert_eq!((request.base.as_str(), read), (BASE, filter("(&(cn=a)(sn=b))")));
    let second = next(&mut two).unwrap().unwrap();
    assert!(matches!(second.op, Op::Other(LdapOp::BindRequest(_))));
    assert!(next(&mut two).unwrap().is_none() && two.is_empty());
}

#[test]
fn what_is_no_message_is_refused_at_its_head() {
    let table: &[(&[u8], Broken)] = &[
        (b"GET / HTTP/1.1\r\n", Broken::Malformed),
        (&[0x16, 0x03, 0x01], Broken::Malformed),
        (&[0x30, 0x80, 0, 0], Broken::Malformed),
        (&[0x30, 0x8f, 0], Broken::Malformed),
        (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], Broken::TooLarge),
        (&[0x30, 0x83, 0x10, 0x00, 0x01], Broken::TooLarge),
        (&[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Broken::TooLarge),
        (&[0x30, 0x00], Broken::Malformed),
        (&[0x30, 0x03, 0x02, 0x01, 0x01], Broken::Malformed),
        (&[0x30, 0x05, 0x02, 0x01, 0x01, 0x42, 0x7f], Broken::Malformed),
        // A bind without parts, an operation that there is not, an answer.
        (&[0x30, 0x05, 0x02, 0x01, 0x01, 0x40, 0x00], Broken::Malformed),
        (&[0x30, 0x05, 0x02, 0x01, 0x01, 0x76, 0x00], Broken::Malformed),
        (&[0x30, 0x0c, 2, 1, 1, 0x65, 7, 0x0a, 1, 0, 4, 0, 4, 0], Broken::Malformed),
    ];
    for (bytes, broken) in table {
        assert_eq!(next(&mut BytesMut::from(*bytes)).map(|_| ()), Err(*broken), "{bytes:x?}");
    }
    let largest = [0x30, 0x83, 0x10, 0x00, 0x00];
    assert_eq!(LARGEST, 0x10_0000);
    assert!(next(&mut BytesMut::from(&largest[..])).unwrap().is_none());
}

/// A thousand levels are refused where they are read, without a level of the stack for each.
#[test]
fn nested_messages_are_refused() {
    let mut tag = encoded("(cn=a)");
    for _ in 0..1000 {
        tag = StructureTag { class: TagClass::Context, id: 2, payload: PL::C(vec![tag]) };
    }
    assert_eq!(next(&mut searching(tag, vec![])).map(|_| ()), Err(Broken::Malformed));
    // Forty are read, and refused by the rule of filters.
    let mut tag = encoded("(cn=a)");
    for _ in 0..40 {
        tag = StructureTag { class: TagClass::Context, id: 2, payload: PL::C(vec![tag]) };
    }
    let request = next(&mut searching(tag, vec![])).unwrap().unwrap();
    assert!(matches!(request.op, Op::Search { filter: Err(FilterError::TooDeep), .. }));
}

#[test]
fn controls_are_read_and_critical_ones_named() {
    let paged = LdapControl::SimplePagedResults { size: 300, cookie: vec![1, 2] };
    let request = next(&mut message(search(), vec![paged])).unwrap().unwrap();
    assert_eq!(request.paging, Some(Paging { size: 300, cookie: vec![1, 2] }));
    assert_eq!(request.critical, None);
    let unknown = |criticality| LdapControl::Unknown {
        oid: "1.2.3".to_owned(),
        criticality,
        value: Some(vec![0xff]),
    };
    let request = next(&mut message(search(), vec![unknown(false)])).unwrap().unwrap();
    assert_eq!(request.critical, None);
    let request = next(&mut message(search(), vec![unknown(true)])).unwrap().unwrap();
    assert_eq!(request.critical.as_deref(), Some("1.2.3"));
    let referrals = LdapControl::ManageDsaIT { criticality: true };
    let request = next(&mut message(search(), vec![referrals])).unwrap().unwrap();
    assert_eq!(request.critical, None);
}

#[test]
fn every_changed_byte_of_a_message_is_read_or_refused() {
    let paged = LdapControl::SimplePagedResults { size: 300, cookie: vec![1, 2] };
    let text = "(|(&(cn=a*b*c)(sn>=d))(!(mail~=e))(memberOf:dn:2.5.13.1:=cn=a))";
    for whole in [searching(encoded(text), vec![paged]), message(bind(), vec![])] {
        for at in 0..whole.len() {
            for value in 0..=255 {
                let mut changed = whole.clone();
                changed[at] = value;
                // It says something, and takes no more than what came.
                let _ = next(&mut changed);
            }
        }
    }
}

#[test]
fn answers_are_messages() {
    let mut buffer = BytesMut::new();
    write(3, bind(), vec![], &mut buffer);
    assert_eq!(next(&mut buffer).unwrap().unwrap().id, 3);
    let notice = disconnection(ldap3_proto::LdapResultCode::ProtocolError, "why");
    assert!(notice.windows(22).any(|part| part == b"1.3.6.1.4.1.1466.20036"));
}
