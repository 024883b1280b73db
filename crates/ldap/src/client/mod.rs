//! The other side of the protocol: requests written and answers read, without I/O, for who asks
//! another directory.

mod filter;
#[cfg(test)]
mod tests;

use bytes::{Buf as _, BytesMut};
use ldap3_lber::common::TagClass;
use ldap3_lber::parse::Parser;
use ldap3_lber::structure::{PL, StructureTag};
use ldap3_lber::write::encode_into;

use crate::tree::PAGED;
use crate::wire;

pub use crate::wire::Broken;
pub use filter::{Filter, Unreadable};

/// Bytes of the largest answer: an entry that names a hundred thousand members has ten million.
const LARGEST: usize = 16 * 1024 * 1024;
/// Levels of the deepest answer: message, entry, attributes, attribute, values; and controls.
const DEEPEST: usize = 16;
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// RFC 3062.
const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";

/// How far a search goes (RFC 4511, 4.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Base,
    Subtree,
}

/// A search.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    pub base: &'a str,
    pub scope: Scope,
    pub filter: &'a Filter,
    pub attributes: &'a [&'a str],
    /// As many entries at once, from where the cookie says (RFC 2696).
    pub page: Option<(u32, &'a [u8])>,
    /// As many entries at most; 0 sets no limit.
    pub most: u32,
}

/// What another directory is asked for.
#[derive(Debug, Clone)]
pub enum Ask<'a> {
    Bind {
        dn: &'a str,
        password: &'a [u8],
    },
    Search(Search<'a>),
    /// The values of one attribute become these.
    Replace {
        dn: &'a str,
        attribute: &'a str,
        values: &'a [Vec<u8>],
    },
    SetPassword {
        dn: &'a str,
        password: &'a [u8],
    },
    StartTls,
    Unbind,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub code: i64,
    pub message: String,
}

/// An entry, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub dn: String,
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Entry(Entry),
    /// Where the search would have to be gone on with: nothing is followed.
    Reference(Vec<String>),
    Done(Outcome),
}

/// An answer, with the number of what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub id: i64,
    pub reply: Reply,
    /// Where the next page begins; empty after the last.
    pub cookie: Option<Vec<u8>>,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())?;
        f.write_str(&self.told())
    }
}

impl Outcome {
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.code == 0
    }

    /// RFC 4511, 4.1.9.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.code {
            0 => "success",
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            7 => "authMethodNotSupported",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            12 => "unavailableCriticalExtension",
            13 => "confidentialityRequired",
            16 => "noSuchAttribute",
            17 => "undefinedAttributeType",
            19 => "constraintViolation",
            20 => "attributeOrValueExists",
            21 => "invalidAttributeSyntax",
            32 => "noSuchObject",
            34 => "invalidDNSyntax",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            65 => "objectClassViolation",
            _ => "other",
        }
    }

    fn told(&self) -> String {
        // What another server writes is shown to administrators: so much of it, on one line.
        let text: String = self.message.chars().filter(|c| !c.is_control()).take(300).collect();
        let code = if self.name() == "other" { format!(" ({})", self.code) } else { String::new() };
        if text.is_empty() { code } else { format!("{code}: {text}") }
    }
}

/// Writes a request.
pub fn write(id: i64, ask: &Ask<'_>, into: &mut BytesMut) {
    let (op, control) = match ask {
        Ask::Bind { dn, password } => {
            let simple = plain(TagClass::Context, 0, password);
            (application(0, vec![integer(3), octets(dn.as_bytes()), simple]), None)
        }
        Ask::Search(search) => (search.tag(), search.page.map(paging)),
        Ask::Replace { dn, attribute, values } => {
            let values = values.iter().map(|value| octets(value)).collect();
            let change = vec![octets(attribute.as_bytes()), made(TagClass::Universal, 17, values)];
            let change = sequence(vec![enumerated(2), sequence(change)]);
            (application(6, vec![octets(dn.as_bytes()), sequence(vec![change])]), None)
        }
        Ask::SetPassword { dn, password } => {
            let value = sequence(vec![
                plain(TagClass::Context, 0, dn.as_bytes()),
                plain(TagClass::Context, 2, password),
            ]);
            (extended(PASSWORD_MODIFY, Some(value)), None)
        }
        Ask::StartTls => (extended(START_TLS, None), None),
        Ask::Unbind => (plain(TagClass::Application, 2, &[]), None),
    };
    let mut parts = vec![integer(id), op];
    parts.extend(control.map(|control| made(TagClass::Context, 0, vec![control])));
    // It fails only where memory does.
    let _ = encode_into(into, sequence(parts));
}

impl Search<'_> {
    fn tag(&self) -> StructureTag {
        let scope = match self.scope {
            Scope::Base => 0,
            Scope::Subtree => 2,
        };
        let attributes = self.attributes.iter().map(|name| octets(name.as_bytes())).collect();
        let parts = vec![
            octets(self.base.as_bytes()),
            enumerated(scope),
            // Aliases are not followed: an entry counts where it is.
            enumerated(0),
            integer(i64::from(self.most)),
            integer(0),
            plain(TagClass::Universal, 1, &[0]),
            self.filter.tag(),
            sequence(attributes),
        ];
        application(3, parts)
    }
}

fn paging((size, cookie): (u32, &[u8])) -> StructureTag {
    let mut value = BytesMut::new();
    let _ = encode_into(&mut value, sequence(vec![integer(i64::from(size)), octets(cookie)]));
    // Critical: a directory that does not know it would answer with everything at once, or with as
    // much as it likes.
    let critical = plain(TagClass::Universal, 1, &[0xff]);
    sequence(vec![octets(PAGED.as_bytes()), critical, octets(&value)])
}

fn extended(name: &str, value: Option<StructureTag>) -> StructureTag {
    let mut parts = vec![plain(TagClass::Context, 0, name.as_bytes())];
    if let Some(value) = value {
        let mut bytes = BytesMut::new();
        let _ = encode_into(&mut bytes, value);
        parts.push(plain(TagClass::Context, 1, &bytes));
    }
    application(23, parts)
}

/// Takes the next answer out of what has come; `None` when it is not whole yet.
///
/// # Errors
/// What came is no answer, and nothing that follows can be read.
pub fn next(buffer: &mut BytesMut) -> Result<Option<Answer>, Broken> {
    let Some(length) = wire::length(buffer, LARGEST)? else { return Ok(None) };
    let Some(bytes) = buffer.get(..length) else { return Ok(None) };
    let parsed = Parser::new(DEEPEST).parse(bytes);
    let (_, tag) = parsed.map_err(|_| Broken::Malformed)?;
    buffer.advance(length);
    read(tag).map(Some)
}

/// How many bytes are held of an answer that is not whole.
pub const MOST_BYTES: usize = LARGEST + 16;

fn read(tag: StructureTag) -> Result<Answer, Broken> {
    let mut parts = parts(tag)?.into_iter();
    let id = number(parts.next().ok_or(Broken::Malformed)?)?;
    let op = parts.next().ok_or(Broken::Malformed)?;
    let cookie = match parts.next() {
        Some(tag) if tag.class == TagClass::Context && tag.id == 0 => cookie(tag)?,
        _ => None,
    };
    if op.class != TagClass::Application {
        return Err(Broken::Malformed);
    }
    let reply = match op.id {
        4 => Reply::Entry(entry(op)?),
        19 => {
            let all = self::parts(op)?.into_iter().map(text);
            Reply::Reference(all.collect::<Result<_, _>>()?)
        }
        // Bind, search, modify, extended.
        1 | 5 | 7 | 24 => Reply::Done(outcome(op)?),
        _ => return Err(Broken::Malformed),
    };
    Ok(Answer { id, reply, cookie })
}

fn entry(op: StructureTag) -> Result<Entry, Broken> {
    let [dn, attributes] = exactly(op)?;
    let attributes = parts(attributes)?.into_iter().map(|attribute| {
        let [name, values] = exactly(attribute)?;
        let values = parts(values)?.into_iter().map(bytes).collect::<Result<_, _>>()?;
        Ok((text(name)?, values))
    });
    Ok(Entry { dn: text(dn)?, attributes: attributes.collect::<Result<_, Broken>>()? })
}

fn outcome(op: StructureTag) -> Result<Outcome, Broken> {
    let mut parts = parts(op)?.into_iter();
    let mut next = || parts.next().ok_or(Broken::Malformed);
    let (code, _, message) = (number(next()?)?, next()?, bytes(next()?)?);
    Ok(Outcome { code, message: String::from_utf8_lossy(&message).into_owned() })
}

fn cookie(tag: StructureTag) -> Result<Option<Vec<u8>>, Broken> {
    for control in parts(tag)? {
        let mut parts = parts(control)?.into_iter();
        if bytes(parts.next().ok_or(Broken::Malformed)?)? != PAGED.as_bytes() {
            continue;
        }
        let value = bytes(parts.next_back().ok_or(Broken::Malformed)?)?;
        let (_, tag) = Parser::new(4).parse(&value).map_err(|_| Broken::Malformed)?;
        let [_, cookie] = exactly(tag)?;
        return bytes(cookie).map(Some);
    }
    Ok(None)
}

fn parts(tag: StructureTag) -> Result<Vec<StructureTag>, Broken> {
    match tag.payload {
        PL::C(parts) => Ok(parts),
        // An empty one may come either way.
        PL::P(bytes) if bytes.is_empty() => Ok(Vec::new()),
        PL::P(_) => Err(Broken::Malformed),
    }
}

fn exactly<const N: usize>(tag: StructureTag) -> Result<[StructureTag; N], Broken> {
    parts(tag)?.try_into().map_err(|_| Broken::Malformed)
}

fn bytes(tag: StructureTag) -> Result<Vec<u8>, Broken> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(parts) if parts.is_empty() => Ok(Vec::new()),
        PL::C(_) => Err(Broken::Malformed),
    }
}

fn text(tag: StructureTag) -> Result<String, Broken> {
    String::from_utf8(bytes(tag)?).map_err(|_| Broken::Malformed)
}

fn number(tag: StructureTag) -> Result<i64, Broken> {
    let bytes = bytes(tag)?;
    let (Some(first), 1..=8) = (bytes.first(), bytes.len()) else { return Err(Broken::Malformed) };
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    Ok(bytes.iter().fold(start, |all, byte| all << 8 | i64::from(*byte)))
}

fn plain(class: TagClass, id: u64, bytes: &[u8]) -> StructureTag {
    StructureTag { class, id, payload: PL::P(bytes.to_vec()) }
}

fn made(class: TagClass, id: u64, parts: Vec<StructureTag>) -> StructureTag {
    StructureTag { class, id, payload: PL::C(parts) }
}

fn application(id: u64, parts: Vec<StructureTag>) -> StructureTag {
    made(TagClass::Application, id, parts)
}

fn sequence(parts: Vec<StructureTag>) -> StructureTag {
    made(TagClass::Universal, 16, parts)
}

fn octets(bytes: &[u8]) -> StructureTag {
    plain(TagClass::Universal, 4, bytes)
}

fn enumerated(value: u8) -> StructureTag {
    plain(TagClass::Universal, 10, &[value])
}

/// The shortest form (X.690, 8.3.2).
fn integer(value: i64) -> StructureTag {
    let all = value.to_be_bytes();
    let spare = all
        .windows(2)
        .take_while(|pair| {
            matches!(pair, [0, next] if next & 0x80 == 0)
                || matches!(pair, [0xff, next] if next & 0x80 != 0)
        })
        .count();
    plain(TagClass::Universal, 2, all.get(spare..).unwrap_or(&all))
}
