//! Filters as people write them (RFC 4515).

use ldap3_lber::common::TagClass;
use ldap3_lber::structure::StructureTag;

use super::{made, plain};

const DEEPEST: usize = 32;
const LONGEST: usize = 64 * 1024;

/// A filter for others, as the protocol carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(StructureTag);

/// A text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "This is no LDAP filter (RFC 4515): {why}, at “{at}”. Write it as (&(objectClass=person)(uid=*))."
)]
pub struct Unreadable {
    why: &'static str,
    at: String,
}

impl Filter {
    /// # Errors
    /// The text is no filter.
    pub fn parse(text: &str) -> Result<Filter, Unreadable> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(wrong("it is longer than 64 KiB", ""));
        }
        let (tag, rest) = filter(text, DEEPEST)?;
        if rest.trim().is_empty() { Ok(Filter(tag)) } else { Err(wrong("something follows", rest)) }
    }

    /// That an attribute has a value.
    #[must_use]
    pub fn equal(attribute: &str, value: &str) -> Filter {
        // `memberOf:1.2.840.113556.1.4.1941:` is an attribute with the rule it is compared by.
        match extensible(attribute) {
            Some(parts) => Filter(matching(&parts, value.as_bytes())),
            None => Filter(assertion(3, attribute, value.as_bytes())),
        }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        Filter(made(TagClass::Context, 0, vec![self.0, other.0]))
    }

    /// That an entry is there: all have a class.
    #[must_use]
    pub fn any() -> Filter {
        Filter(plain(TagClass::Context, 7, b"objectClass"))
    }

    pub(super) fn tag(&self) -> StructureTag {
        self.0.clone()
    }
}

fn wrong(why: &'static str, at: &str) -> Unreadable {
    Unreadable { why, at: at.chars().take(30).collect() }
}

type Read<'t> = Result<(StructureTag, &'t str), Unreadable>;

fn filter(text: &str, depth: usize) -> Read<'_> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong("it is nested too deep", text))?;
    let text = text.trim_start();
    let inner = text.strip_prefix('(').ok_or_else(|| wrong("a parenthesis is missing", text))?;
    let (tag, rest) = match inner.trim_start().split_at_checked(1) {
        Some(("&", rest)) => list(0, rest, depth)?,
        Some(("|", rest)) => list(1, rest, depth)?,
        Some(("!", rest)) => {
            let (tag, rest) = filter(rest, depth)?;
            (made(TagClass::Context, 2, vec![tag]), rest)
        }
        _ => item(inner)?,
    };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(')').ok_or_else(|| wrong("a parenthesis is not closed", rest))?;
    Ok((tag, rest))
}

fn list(id: u64, mut text: &str, depth: usize) -> Read<'_> {
    let mut all = Vec::new();
    while text.trim_start().starts_with('(') {
        let (tag, rest) = filter(text, depth)?;
        all.push(tag);
        text = rest;
    }
    Ok((made(TagClass::Context, id, all), text))
}

fn item(text: &str) -> Read<'_> {
    let end = text.find([')', '(']).unwrap_or(text.len());
    let (item, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let (left, right) = item.split_once('=').ok_or_else(|| wrong("“=” is missing", text))?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.;".contains(c))
    };
    let named = |name: &str| {
        let name = name.trim();
        if is_name(name) { Ok(name.to_owned()) } else { Err(wrong("this is no attribute", text)) }
    };
    let value = || unescaped(right).ok_or_else(|| wrong("a backslash needs two digits", right));
    let tag = match left.char_indices().next_back() {
        Some((at, '>')) => assertion(5, &named(left.get(..at).unwrap_or_default())?, &value()?),
        Some((at, '<')) => assertion(6, &named(left.get(..at).unwrap_or_default())?, &value()?),
        Some((at, '~')) => assertion(8, &named(left.get(..at).unwrap_or_default())?, &value()?),
        Some((_, ':')) => {
            let parts = extensible(left).ok_or_else(|| wrong("this is no matching rule", text))?;
            matching(&parts, &value()?)
        }
        _ if right == "*" => plain(TagClass::Context, 7, named(left)?.as_bytes()),
        _ if right.contains('*') => substrings(&named(left)?, right)?,
        _ => assertion(3, &named(left)?, &value()?),
    };
    Ok((tag, rest))
}

fn assertion(id: u64, attribute: &str, value: &[u8]) -> StructureTag {
    let text = |bytes| plain(TagClass::Universal, 4, bytes);
    made(TagClass::Context, id, vec![text(attribute.as_bytes()), text(value)])
}

fn substrings(attribute: &str, pattern: &str) -> Result<StructureTag, Unreadable> {
    let pieces: Vec<&str> = pattern.split('*').collect();
    let last = pieces.len() - 1;
    let mut parts = Vec::new();
    for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
        let id = if at == 0 {
            0
        } else if at == last {
            2
        } else {
            1
        };
        let value = unescaped(piece).ok_or_else(|| wrong("a backslash needs two digits", piece))?;
        parts.push(plain(TagClass::Context, id, &value));
    }
    let name = plain(TagClass::Universal, 4, attribute.as_bytes());
    Ok(made(TagClass::Context, 4, vec![name, made(TagClass::Universal, 16, parts)]))
}

/// `attribute:dn:rule:`, each of which may be missing.
struct Extensible<'t> {
    attribute: &'t str,
    rule: Option<&'t str>,
    with_dn: bool,
}

fn extensible(text: &str) -> Option<Extensible<'_>> {
    let mut parts = text.strip_suffix(':')?.split(':');
    let attribute = parts.next()?.trim();
    let (mut rule, mut with_dn) = (None, false);
    for part in parts {
        match part {
            "dn" => with_dn = true,
            part if !part.is_empty() && rule.is_none() => rule = Some(part),
            _ => return None,
        }
    }
    (!attribute.is_empty() || rule.is_some()).then_some(Extensible { attribute, rule, with_dn })
}

fn matching(parts: &Extensible<'_>, value: &[u8]) -> StructureTag {
    let text = |id, bytes| plain(TagClass::Context, id, bytes);
    let mut all = Vec::new();
    all.extend(parts.rule.map(|rule| text(1, rule.as_bytes())));
    if !parts.attribute.is_empty() {
        all.push(text(2, parts.attribute.as_bytes()));
    }
    all.push(text(3, value));
    if parts.with_dn {
        all.push(text(4, &[0xff]));
    }
    made(TagClass::Context, 9, all)
}

/// A backslash and two digits stand for a byte.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}
