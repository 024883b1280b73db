//! Filters as people write them (RFC 4515), made into what comes over the wire.

use ldap3_lber::common::TagClass;
use ldap3_lber::structure::{PL, StructureTag};

fn context(id: u64, payload: PL) -> StructureTag {
    StructureTag { class: TagClass::Context, id, payload }
}

fn octets(bytes: &[u8]) -> StructureTag {
    StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
}

/// A filter; text that is none is the test's mistake.
pub(super) fn encoded(text: &str) -> StructureTag {
    let (tag, rest) = filter(text);
    assert_eq!(rest, "", "{text}");
    tag
}

fn filter(text: &str) -> (StructureTag, &str) {
    let inner = text.strip_prefix('(').unwrap_or_else(|| panic!("{text}"));
    match inner.as_bytes()[0] {
        b'&' => list(0, &inner[1..]),
        b'|' => list(1, &inner[1..]),
        b'!' => list(2, &inner[1..]),
        _ => {
            let (item_text, rest) = inner.split_once(')').unwrap();
            (item(item_text), rest)
        }
    }
}

fn list(id: u64, mut rest: &str) -> (StructureTag, &str) {
    let mut inner = Vec::new();
    while rest.starts_with('(') {
        let (tag, after) = filter(rest);
        inner.push(tag);
        rest = after;
    }
    (context(id, PL::C(inner)), rest.strip_prefix(')').unwrap())
}

fn item(text: &str) -> StructureTag {
    let (left, value) = text.split_once('=').unwrap();
    let pair = |id, left: &str| {
        context(id, PL::C(vec![octets(left.as_bytes()), octets(&unescaped(value))]))
    };
    if let Some(left) = left.strip_suffix('>') {
        return pair(5, left);
    }
    if let Some(left) = left.strip_suffix('<') {
        return pair(6, left);
    }
    if let Some(left) = left.strip_suffix('~') {
        return pair(8, left);
    }
    if let Some(left) = left.strip_suffix(':') {
        return extensible(left, value);
    }
    if value == "*" {
        return context(7, PL::P(left.as_bytes().to_vec()));
    }
    if !value.contains('*') {
        return pair(3, left);
    }
    let parts: Vec<&str> = value.split('*').collect();
    let end = parts.len() - 1;
    let parts = parts.iter().enumerate().filter(|(_, part)| !part.is_empty());
    let parts = parts.map(|(at, part)| {
        let id = if at == 0 { 0 } else { 1 + u64::from(at == end) };
        context(id, PL::P(unescaped(part)))
    });
    let parts =
        StructureTag { class: TagClass::Universal, id: 16, payload: PL::C(parts.collect()) };
    context(4, PL::C(vec![octets(left.as_bytes()), parts]))
}

fn extensible(left: &str, value: &str) -> StructureTag {
    let mut parts = left.split(':');
    let mut inner = Vec::new();
    let name = parts.next().unwrap();
    let rest: Vec<&str> = parts.collect();
    if let Some(rule) = rest.iter().find(|part| **part != "dn") {
        inner.push(context(1, PL::P(rule.as_bytes().to_vec())));
    }
    if !name.is_empty() {
        inner.push(context(2, PL::P(name.as_bytes().to_vec())));
    }
    inner.push(context(3, PL::P(unescaped(value))));
    if rest.contains(&"dn") {
        inner.push(context(4, PL::P(vec![0xff])));
    }
    context(9, PL::C(inner))
}

fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte == b'\\' {
            let pair = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    bytes
}
