//! Distinguished names, read and written as RFC 4514 says.

use crate::matching::prepare;
use crate::schema;

/// Bytes of the longest name.
const LONGEST: usize = 8 * 1024;
/// Levels of the deepest name.
const DEEPEST: usize = 64;

/// A distinguished name: its relative names, the nearest first. The empty one is the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dn(Vec<Rdn>);

/// One level: mostly a single attribute with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rdn(Vec<(String, String)>);

impl Rdn {
    /// As it is compared: attributes by their first name, values prepared, in order.
    fn key(&self) -> String {
        let mut parts: Vec<String> = self
            .0
            .iter()
            .map(|(attribute, value)| format!("{attribute}={}", escape(&prepare(value, true))))
            .collect();
        parts.sort();
        parts.join("+")
    }
}

impl Dn {
    /// Reads a name; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Dn> {
        if text.len() > LONGEST {
            return None;
        }
        if text.trim_matches(' ').is_empty() {
            return Some(Dn::default());
        }
        let mut rdns = vec![Rdn(Vec::new())];
        let mut rest = text;
        loop {
            let (attribute, after) = rest.split_once('=')?;
            let attribute = attribute.trim_matches(' ');
            if !is_attribute(attribute) {
                return None;
            }
            let (value, end, after) = value(after)?;
            let level = rdns.last_mut()?;
            level.0.push((schema::first_name(attribute), value));
            match end {
                None => break,
                Some('+') => {}
                Some(_) => rdns.push(Rdn(Vec::new())),
            }
            if rdns.len() > DEEPEST {
                return None;
            }
            rest = after;
        }
        Some(Dn(rdns))
    }

    /// As it is compared with others.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.iter().map(Rdn::key).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is that name or below it.
    #[must_use]
    pub fn is_within(&self, base: &Dn) -> bool {
        let Some(above) = self.0.len().checked_sub(base.0.len()) else { return false };
        self.0.iter().skip(above).map(Rdn::key).eq(base.0.iter().map(Rdn::key))
    }

    /// The name above.
    pub(crate) fn parent(&self) -> Option<Dn> {
        let (_, above) = self.0.split_first()?;
        Some(Dn(above.to_vec()))
    }

    /// The first value of an attribute on any level, as it was written.
    pub(crate) fn first(&self, attribute: &str) -> Option<&str> {
        let all = self.0.iter().flat_map(|rdn| &rdn.0);
        all.filter(|(name, _)| name == attribute).map(|(_, value)| value.as_str()).next()
    }

    /// The attribute and value of the nearest level, when it has only one.
    pub(crate) fn leaf(&self) -> Option<(&str, &str)> {
        match self.0.first()?.0.as_slice() {
            [(attribute, value)] => Some((attribute, value)),
            _ => None,
        }
    }

    /// Every attribute with its value, on all levels.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|rdn| &rdn.0).map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A short name or numbers with dots.
fn is_attribute(text: &str) -> bool {
    let mut bytes = text.bytes();
    let named = bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let numbered = text.contains('.')
        && text.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()));
    named || numbered
}

/// A value up to its end: what ended it (nothing, a comma or a plus) and what comes after.
fn value(text: &str) -> Option<(String, Option<char>, &str)> {
    // Escaped bytes may be parts of one character.
    let mut bytes = Vec::new();
    // Blanks at the end are not part of it, unless escaped.
    let mut solid = 0;
    let mut chars = text.char_indices();
    let mut end = (None, "");
    while let Some((at, character)) = chars.next() {
        match character {
            ',' | ';' | '+' => {
                end = (Some(character), text.get(at + 1..)?);
                break;
            }
            '\\' => {
                let (_, next) = chars.next()?;
                if let Some(high) = next.to_digit(16) {
                    let (_, low) = chars.next()?;
                    bytes.push(u8::try_from(high * 16 + low.to_digit(16)?).ok()?);
                } else if " \"#+,;<=>\\".contains(next) {
                    bytes.push(u8::try_from(next).ok()?);
                } else {
                    return None;
                }
                solid = bytes.len();
            }
            '"' | '<' | '>' | '\0' => return None,
            ' ' if bytes.is_empty() => {}
            other => {
                bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                if other != ' ' {
                    solid = bytes.len();
                }
            }
        }
    }
    bytes.truncate(solid);
    Some((String::from_utf8(bytes).ok()?, end.0, end.1))
}

/// A value as it stands in a name (RFC 4514, 2.4).
pub(crate) fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, character) in value.chars().enumerate() {
        match character {
            '\0' => out.push_str("\\00"),
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => {
                out.push('\\');
                out.push(character);
            }
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '#' if at == 0 => out.push_str("\\#"),
            other => out.push(other),
        }
    }
    out
}
