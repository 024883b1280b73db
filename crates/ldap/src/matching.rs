//! How values are compared: the matching rules of RFC 4517, over strings prepared as RFC 4518
//! says, with everything but letters' case and the number of blanks taken as it is.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization as _;

use crate::dn::Dn;
use crate::schema;

/// How the values of an attribute are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    CaseIgnore,
    CaseExact,
    Integer,
    Boolean,
    Dn,
    /// Names and numbers of object classes.
    Oid,
}

/// What an attribute is compared with, prepared once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asserted {
    Text(String),
    Integer(i128),
    Boolean(bool),
    Dn(String),
    /// An object class by its name in small letters.
    Class(String),
}

impl Rule {
    /// By name or number, as an extensible match names it.
    pub(crate) fn named(name: &str) -> Option<Rule> {
        Some(match name.to_ascii_lowercase().as_str() {
            "2.5.13.2"
            | "caseignorematch"
            | "1.3.6.1.4.1.1466.109.114.2"
            | "caseignoreia5match"
            | "2.5.13.3"
            | "caseignoreorderingmatch" => Rule::CaseIgnore,
            "2.5.13.5" | "caseexactmatch" | "1.3.6.1.4.1.1466.109.114.1" | "caseexactia5match" => {
                Rule::CaseExact
            }
            "2.5.13.14" | "integermatch" => Rule::Integer,
            "2.5.13.13" | "booleanmatch" => Rule::Boolean,
            "2.5.13.1" | "distinguishednamematch" => Rule::Dn,
            "2.5.13.0" | "objectidentifiermatch" => Rule::Oid,
            _ => return None,
        })
    }

    /// What is asserted; `None` when it is no value of this syntax, and the filter undefined.
    pub(crate) fn read(self, value: &[u8]) -> Option<Asserted> {
        let text = std::str::from_utf8(value).ok()?;
        Some(match self {
            Rule::CaseIgnore => Asserted::Text(prepare(text, true)),
            Rule::CaseExact => Asserted::Text(prepare(text, false)),
            Rule::Integer => Asserted::Integer(integer(text)?),
            Rule::Boolean => Asserted::Boolean(boolean(text)?),
            Rule::Dn => Asserted::Dn(Dn::parse(text)?.key()),
            Rule::Oid => Asserted::Class(schema::class(text)?.to_owned()),
        })
    }

    /// Whether a value of an attribute is the asserted one.
    pub(crate) fn equal(self, value: &str, asserted: &Asserted) -> bool {
        match (self, asserted) {
            (Rule::CaseIgnore, Asserted::Text(text)) => same(value, text, true),
            (Rule::CaseExact, Asserted::Text(text)) => same(value, text, false),
            (Rule::Integer, Asserted::Integer(number)) => integer(value) == Some(*number),
            (Rule::Boolean, Asserted::Boolean(truth)) => boolean(value) == Some(*truth),
            (Rule::Dn, Asserted::Dn(key)) => Dn::parse(value).is_some_and(|dn| dn.key() == *key),
            (Rule::Oid, Asserted::Class(class)) => schema::is_class(value, class),
            _ => false,
        }
    }

    /// How a value is ordered beside the asserted one; `None` where the rule has no order.
    pub(crate) fn order(self, value: &str, asserted: &Asserted) -> Option<Ordering> {
        match (self, asserted) {
            (Rule::CaseIgnore, Asserted::Text(text)) => Some(prepare(value, true).cmp(text)),
            (Rule::CaseExact, Asserted::Text(text)) => Some(prepare(value, false).cmp(text)),
            (Rule::Integer, Asserted::Integer(number)) => Some(integer(value)?.cmp(number)),
            _ => None,
        }
    }

    pub(crate) fn has_order(self) -> bool {
        matches!(self, Rule::CaseIgnore | Rule::CaseExact | Rule::Integer)
    }

    pub(crate) fn has_substrings(self) -> bool {
        matches!(self, Rule::CaseIgnore | Rule::CaseExact)
    }
}

/// The parts of a substring assertion, prepared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Substrings {
    pub(crate) initial: Option<String>,
    pub(crate) any: Vec<String>,
    pub(crate) last: Option<String>,
}

impl Substrings {
    /// Whether a value has the parts in this order, none overlapping another.
    pub(crate) fn are_in(&self, value: &str, rule: Rule) -> bool {
        let value = prepare(value, rule == Rule::CaseIgnore);
        let mut rest = value.as_str();
        if let Some(initial) = &self.initial {
            match rest.strip_prefix(initial.as_str()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        if let Some(last) = &self.last {
            match rest.strip_suffix(last.as_str()) {
                Some(before) => rest = before,
                None => return false,
            }
        }
        self.any.iter().all(|part| match rest.find(part.as_str()) {
            Some(at) => {
                rest = rest.get(at + part.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    }
}

/// Where a part of a substring assertion lies, which decides about the blanks at its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Initial,
    Any,
    Last,
}

/// A part of a substring assertion, prepared; `None` when it is no text.
pub(crate) fn part(value: &[u8], which: Part, rule: Rule) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let prepared = squeeze(text, rule == Rule::CaseIgnore);
    Some(match which {
        Part::Initial => prepared.trim_start().to_owned(),
        Part::Any => prepared,
        Part::Last => prepared.trim_end().to_owned(),
    })
}

/// A text as it is compared: compatible characters as one, blanks at the ends away and in between
/// as one, and with `fold` small letters.
pub(crate) fn prepare(text: &str, fold: bool) -> String {
    let squeezed = squeeze(text, fold);
    match squeezed.trim_matches(' ') {
        trimmed if trimmed.len() == squeezed.len() => squeezed,
        trimmed => trimmed.to_owned(),
    }
}

fn squeeze(text: &str, fold: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut push = |character: char| {
        if character.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !character.is_control() && character != '\u{ad}' {
            out.push(character);
        }
    };
    // What means nothing is gone before letters are composed over it (RFC 4518, 2.2 before 2.3).
    let meant = text.chars().filter(|c| *c != '\u{ad}' && (!c.is_control() || c.is_whitespace()));
    if text.is_ascii() {
        text.chars().for_each(|c| push(if fold { c.to_ascii_lowercase() } else { c }));
    } else if fold {
        // Folding may take a composition apart, so it comes between two of them.
        let folded: String = meant.nfkc().flat_map(char::to_lowercase).collect();
        folded.nfkc().for_each(push);
    } else {
        meant.nfkc().for_each(push);
    }
    out
}

/// Whether a value, prepared, is this prepared text. Most values are plain and need no copy.
fn same(value: &str, prepared: &str, fold: bool) -> bool {
    let plain = value.is_ascii()
        && !value.bytes().any(|byte| byte.is_ascii_control())
        && !value.contains("  ")
        && !value.starts_with(' ')
        && !value.ends_with(' ');
    match (plain, fold) {
        (true, true) => value.eq_ignore_ascii_case(prepared),
        (true, false) => value == prepared,
        (false, _) => prepare(value, fold) == prepared,
    }
}

/// RFC 4517, 3.3.16: no sign but a minus, no zeros in front.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty();
    let canonical = digits.len() == 1 && !text.starts_with("-0") || !digits.starts_with('0');
    (plain && canonical).then(|| text.parse().ok()).flatten()
}

/// In any case, since the values of groups are in small letters.
fn boolean(text: &str) -> Option<bool> {
    match text {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
