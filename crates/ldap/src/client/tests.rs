//! What is asked is read by the server's own reader, and any answer is read or refused.

use bytes::BytesMut;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapOp, LdapPartialAttribute, LdapResultCode, LdapSearchResultEntry, LdapSearchResultReference,
};

use super::{Ask, Filter, Reply, Scope, Search, next, write};
use crate::wire;

fn asked(ask: &Ask<'_>) -> wire::Request {
    let mut buffer = BytesMut::new();
    write(77, ask, &mut buffer);
    let request = wire::next(&mut buffer).unwrap().unwrap();
    assert!(buffer.is_empty());
    assert_eq!(request.id, 77);
    request
}

#[test]
fn the_server_reads_what_the_client_asks() {
    let filter = Filter::parse("(&(objectClass=person)(uid=a*b))").unwrap();
    let search = Search {
        base: "dc=example",
        scope: Scope::Subtree,
        filter: &filter,
        attributes: &["*", "+"],
        page: Some((50, b"cookie")),
        most: 0,
    };
    let request = asked(&Ask::Search(search));
    assert_eq!(request.paging, Some(wire::Paging { size: 50, cookie: b"cookie".to_vec() }));
    let wire::Op::Search { request, filter } = request.op else { panic!("no search") };
    assert_eq!((request.base.as_str(), request.attrs.len()), ("dc=example", 2));
    assert!(filter.is_ok());
    let bind = asked(&Ask::Bind { dn: "cn=x", password: b"secret" });
    assert!(matches!(bind.op, wire::Op::Other(LdapOp::BindRequest(_))));
    let set = asked(&Ask::SetPassword { dn: "cn=x", password: b"secret" });
    assert!(matches!(set.op, wire::Op::Other(LdapOp::ExtendedRequest(_))));
    let replace =
        asked(&Ask::Replace { dn: "cn=x", attribute: "unicodePwd", values: &[b"x".to_vec()] });
    assert!(matches!(replace.op, wire::Op::Other(LdapOp::ModifyRequest(_))));
    assert!(matches!(asked(&Ask::Unbind).op, wire::Op::Other(LdapOp::UnbindRequest)));
    assert!(matches!(asked(&Ask::StartTls).op, wire::Op::Other(LdapOp::ExtendedRequest(_))));
}

#[test]
fn filters_are_read_as_written() {
    for text in [
        "(uid=alice)",
        "(&(a=b)(|(c=*)(!(d~=e)))(f>=1)(g<=2))",
        "(memberOf:1.2.840.113556.1.4.1941:=cn=a,dc=b)",
        "(ou:dn:=people)",
        "(:caseExactMatch:=x)",
        "(cn=*a*b*)",
        r"(cn=a\2ab\28)",
        " ( & (a=b) ) ",
        "(&)",
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let search = Search {
            base: "",
            scope: Scope::Base,
            filter: &filter,
            attributes: &[],
            page: None,
            most: 1,
        };
        let wire::Op::Search { filter, .. } = asked(&Ask::Search(search)).op else { panic!() };
        assert!(filter.is_ok(), "{text}: {filter:?}");
    }
    let deep = "(!".repeat(40) + "(a=b)" + &")".repeat(40);
    for text in [
        "",
        "a",
        "(",
        "()",
        "(a)",
        "(a=b",
        "(a=b))",
        "(a=b)(c=d)",
        r"(a=\zz)",
        "(=x)",
        "(ä=x)",
        &deep,
    ] {
        assert!(Filter::parse(text).is_err(), "{text}");
    }
}

#[test]
fn answers_are_read() {
    let mut buffer = BytesMut::new();
    let attribute = LdapPartialAttribute {
        atype: "member".to_owned(),
        vals: vec![b"a".to_vec(), vec![0xff, 0]],
    };
    let entry = LdapSearchResultEntry { dn: "cn=x".to_owned(), attributes: vec![attribute] };
    wire::write(3, LdapOp::SearchResultEntry(entry), Vec::new(), &mut buffer);
    let reference = LdapSearchResultReference { uris: vec!["ldap://x/".to_owned()] };
    wire::write(3, LdapOp::SearchResultReference(reference), Vec::new(), &mut buffer);
    let done = wire::result(LdapResultCode::SizeLimitExceeded, "no more");
    let paging = LdapControl::SimplePagedResults { size: 0, cookie: b"on".to_vec() };
    wire::write(3, LdapOp::SearchResultDone(done), vec![paging], &mut buffer);
    let whole = buffer.clone();
    let first = next(&mut buffer).unwrap().unwrap();
    let Reply::Entry(entry) = first.reply else { panic!("{first:?}") };
    assert_eq!(entry.attributes, [("member".to_owned(), vec![b"a".to_vec(), vec![0xff, 0]])]);
    let second = next(&mut buffer).unwrap().unwrap();
    assert_eq!(second.reply, Reply::Reference(vec!["ldap://x/".to_owned()]));
    let last = next(&mut buffer).unwrap().unwrap();
    assert_eq!((last.id, last.cookie.as_deref()), (3, Some(&b"on"[..])));
    let Reply::Done(outcome) = last.reply else { panic!() };
    assert_eq!(outcome.to_string(), "sizeLimitExceeded: no more");
    assert_eq!(next(&mut buffer), Ok(None));
    // Whatever byte is another one, something is read or refused.
    for at in 0..whole.len() {
        for byte in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut other = whole.clone();
            other[at] = byte;
            while let Ok(Some(_)) = next(&mut other) {}
        }
    }
    let mut large = BytesMut::from(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff][..]);
    assert_eq!(next(&mut large), Err(wire::Broken::TooLarge));
}
