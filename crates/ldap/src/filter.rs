//! Filters: read from their bytes with bounds, and decided in three values (RFC 4511, 4.5.1.7).

use ldap3_lber::common::TagClass;
use ldap3_lber::structure::{PL, StructureTag};

use crate::matching::{Asserted, Part, Rule, Substrings, part, prepare};
use crate::schema;

/// Levels of a filter.
const DEEPEST: usize = 32;
/// Items of a filter: what is decided for each entry.
const MOST: usize = 1024;

/// Why a filter is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("The filter is no filter of RFC 4511.")]
    Malformed,
    #[error("The filter is nested more than 32 levels deep.")]
    TooDeep,
    #[error("The filter has more than 1024 items.")]
    TooLarge,
}

/// What holds for an entry: `Undefined` is what its attributes cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Undefined,
}

impl Truth {
    fn of(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

/// What a filter is asked of.
pub(crate) trait Attributes {
    /// Whether a value of the attribute passes; it is named by its first name in small letters.
    fn any(&self, attribute: &str, test: &mut dyn FnMut(&str) -> bool) -> bool;
    /// The names of all attributes, as they are shown.
    fn names(&self) -> Vec<&str>;
    /// The distinguished name.
    fn dn(&self) -> String;
    /// Whether some entry of the directory has such an attribute, so that its absence means
    /// something.
    fn is_known(&self, attribute: &str) -> bool;
    /// Whether the attribute has that name among its values, where that is known without comparing
    /// them one by one.
    fn has_dn(&self, attribute: &str, key: &str) -> Option<bool> {
        let _ = (attribute, key);
        None
    }
    /// As `any`, through groups in groups.
    fn chain(&self, attribute: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.any(attribute, test)
    }
    /// As `has_dn`, through groups in groups.
    fn chain_has_dn(&self, attribute: &str, key: &str) -> Option<bool> {
        self.has_dn(attribute, key)
    }
}

/// A filter, with what it asserts prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Present(Name),
    /// Nothing is asserted where the value has not the syntax of the attribute.
    Equal(Name, Rule, Option<Asserted>),
    AtLeast(Name, Rule, Option<Asserted>),
    AtMost(Name, Rule, Option<Asserted>),
    Contains(Name, Rule, Option<Substrings>),
    Extensible(Extensible),
}

/// An attribute as a filter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The first name in small letters.
    pub(crate) name: String,
    /// It has options, as a language: no value here has any.
    options: bool,
}

/// RFC 4511, 4.5.1.7.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extensible {
    name: Option<Name>,
    rule: Option<(Rule, Option<Asserted>)>,
    /// Through groups in groups, as Active Directory does (1.2.840.113556.1.4.1941).
    chain: bool,
    with_dn: bool,
}

impl Name {
    fn parse(bytes: &[u8]) -> Option<Name> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (base, options) = text.split_once(';').unwrap_or((text, ""));
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if base.is_empty() || !base.chars().all(fits) {
            return None;
        }
        Some(Name { name: schema::first_name(base), options: !options.is_empty() })
    }

    fn rule(&self) -> Rule {
        // What people's attributes hold has no type: it is compared as names are.
        schema::rule(&self.name).unwrap_or(Rule::CaseIgnore)
    }

    fn is_known(&self, entry: &dyn Attributes) -> bool {
        schema::rule(&self.name).is_some() || entry.is_known(&self.name)
    }
}

const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

impl Filter {
    /// Reads a filter out of a message.
    pub(crate) fn parse(tag: &StructureTag) -> Result<Filter, FilterError> {
        let mut room = MOST;
        read(tag, DEEPEST, &mut room)
    }

    /// That an attribute has a value, as a comparison asks; `None` when it is no attribute.
    pub(crate) fn equality(attribute: &str, value: &[u8]) -> Option<Filter> {
        let name = Name::parse(attribute.as_bytes())?;
        let rule = name.rule();
        let asserted = rule.read(value);
        Some(Filter::Equal(name, rule, asserted))
    }

    /// Whether it asks for entries of a class, by itself or beside others.
    pub(crate) fn asks_for_class(&self, class: &str) -> bool {
        match self {
            Filter::Equal(name, Rule::Oid, Some(Asserted::Class(asked))) => {
                name.name == "objectclass" && asked == class
            }
            Filter::And(all) => all.iter().any(|one| one.asks_for_class(class)),
            _ => false,
        }
    }

    /// What it costs to decide it for one entry, beside a plain equality.
    pub(crate) fn cost(&self) -> usize {
        match self {
            Filter::And(all) | Filter::Or(all) => 1 + all.iter().map(Filter::cost).sum::<usize>(),
            Filter::Not(inner) => 1 + inner.cost(),
            Filter::Equal(_, Rule::Dn, _) => 8,
            Filter::Contains(_, _, Some(parts)) => 2 + parts.any.len(),
            Filter::Extensible(extensible) => extensible.cost(),
            Filter::AtLeast(..) | Filter::AtMost(..) => 2,
            Filter::Present(_) | Filter::Equal(..) | Filter::Contains(..) => 1,
        }
    }

    /// What holds for an entry.
    pub(crate) fn decide(&self, entry: &dyn Attributes) -> Truth {
        match self {
            // False and true decide alone; what is undefined does not hide them.
            Filter::And(all) => first_of(all, entry, Truth::False, Truth::True),
            Filter::Or(any) => first_of(any, entry, Truth::True, Truth::False),
            Filter::Not(inner) => match inner.decide(entry) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Undefined => Truth::Undefined,
            },
            Filter::Present(name) => name.ask(entry, |name| entry.any(name, &mut |_| true)),
            Filter::Equal(name, rule, Some(asserted)) => {
                name.ask(entry, |name| has(entry, name, *rule, asserted))
            }
            Filter::AtLeast(name, rule, Some(asserted)) if rule.has_order() => {
                name.ask(entry, |name| {
                    entry.any(name, &mut |value| {
                        rule.order(value, asserted).is_some_and(std::cmp::Ordering::is_ge)
                    })
                })
            }
            Filter::AtMost(name, rule, Some(asserted)) if rule.has_order() => {
                name.ask(entry, |name| {
                    entry.any(name, &mut |value| {
                        rule.order(value, asserted).is_some_and(std::cmp::Ordering::is_le)
                    })
                })
            }
            Filter::Contains(name, rule, Some(parts)) if rule.has_substrings() => {
                name.ask(entry, |name| entry.any(name, &mut |value| parts.are_in(value, *rule)))
            }
            Filter::Extensible(extensible) => extensible.decide(entry),
            Filter::Equal(..) | Filter::AtLeast(..) | Filter::AtMost(..) | Filter::Contains(..) => {
                Truth::Undefined
            }
        }
    }
}

/// Whether an attribute has a value.
fn has(entry: &dyn Attributes, name: &str, rule: Rule, asserted: &Asserted) -> bool {
    let known = match asserted {
        Asserted::Dn(key) => entry.has_dn(name, key),
        _ => None,
    };
    known.unwrap_or_else(|| entry.any(name, &mut |value| rule.equal(value, asserted)))
}

impl Name {
    fn ask(&self, entry: &dyn Attributes, holds: impl FnOnce(&str) -> bool) -> Truth {
        if !self.is_known(entry) {
            return Truth::Undefined;
        }
        Truth::of(!self.options && holds(&self.name))
    }
}

/// The first that is `decisive`, else `otherwise` if none was undefined.
fn first_of(
    filters: &[Filter],
    entry: &dyn Attributes,
    decisive: Truth,
    otherwise: Truth,
) -> Truth {
    let mut outcome = otherwise;
    for filter in filters {
        match filter.decide(entry) {
            truth if truth == decisive => return decisive,
            Truth::Undefined => outcome = Truth::Undefined,
            _ => {}
        }
    }
    outcome
}

impl Extensible {
    /// Without a name all attributes are asked; groups in groups are walked through.
    fn cost(&self) -> usize {
        if self.chain || self.name.is_none() {
            64
        } else if self.with_dn {
            16
        } else {
            8
        }
    }

    fn decide(&self, entry: &dyn Attributes) -> Truth {
        let Some((rule, Some(asserted))) = &self.rule else { return Truth::Undefined };
        let mut equal = |value: &str| rule.equal(value, asserted);
        let of_dn = |equal: &mut dyn FnMut(&str) -> bool| {
            let name = self.name.as_ref().map(|name| name.name.as_str());
            self.with_dn
                && crate::dn::Dn::parse(&entry.dn()).is_some_and(|dn| {
                    dn.attributes()
                        .any(|(own, value)| name.is_none_or(|name| name == own) && equal(value))
                })
        };
        match &self.name {
            Some(name) if !name.is_known(entry) => Truth::Undefined,
            Some(name) if name.options => Truth::False,
            Some(name) if self.chain => {
                let known = match asserted {
                    Asserted::Dn(key) => entry.chain_has_dn(&name.name, key),
                    _ => None,
                };
                Truth::of(known.unwrap_or_else(|| entry.chain(&name.name, &mut equal)))
            }
            Some(name) => Truth::of(has(entry, &name.name, *rule, asserted) || of_dn(&mut equal)),
            // Every attribute that has such values.
            None => {
                let fitting = entry.names().into_iter().map(schema::first_name);
                let fitting: Vec<String> = fitting
                    .filter(|name| fits(schema::rule(name).unwrap_or(Rule::CaseIgnore), *rule))
                    .collect();
                Truth::of(
                    fitting.iter().any(|name| has(entry, name, *rule, asserted))
                        || of_dn(&mut equal),
                )
            }
        }
    }
}

/// Whether values of a rule may be asked by another.
fn fits(own: Rule, asked: Rule) -> bool {
    let text = |rule| matches!(rule, Rule::CaseIgnore | Rule::CaseExact);
    own == asked || text(own) && text(asked)
}

type Read<T> = Result<T, FilterError>;

fn read(tag: &StructureTag, depth: usize, room: &mut usize) -> Read<Filter> {
    let depth = depth.checked_sub(1).ok_or(FilterError::TooDeep)?;
    *room = room.checked_sub(1).ok_or(FilterError::TooLarge)?;
    if tag.class != TagClass::Context {
        return Err(FilterError::Malformed);
    }
    match (tag.id, &tag.payload) {
        (0, PL::C(inner)) => Ok(Filter::And(all(inner, depth, room)?)),
        (1, PL::C(inner)) => Ok(Filter::Or(all(inner, depth, room)?)),
        (2, PL::C(inner)) => match inner.as_slice() {
            [inner] => Ok(Filter::Not(Box::new(read(inner, depth, room)?))),
            _ => Err(FilterError::Malformed),
        },
        (3 | 8, PL::C(inner)) => {
            // Who has no rule of approximation takes it for equality (RFC 4511, 4.5.1.7.6).
            let (name, value) = assertion(inner)?;
            let rule = name.rule();
            let asserted = rule.read(value);
            Ok(Filter::Equal(name, rule, asserted))
        }
        (4, PL::C(inner)) => substrings(inner, room),
        (5, PL::C(inner)) => {
            let (name, value) = assertion(inner)?;
            let rule = name.rule();
            let asserted = rule.read(value);
            Ok(Filter::AtLeast(name, rule, asserted))
        }
        (6, PL::C(inner)) => {
            let (name, value) = assertion(inner)?;
            let rule = name.rule();
            let asserted = rule.read(value);
            Ok(Filter::AtMost(name, rule, asserted))
        }
        (7, PL::P(name)) => Ok(Filter::Present(Name::parse(name).ok_or(FilterError::Malformed)?)),
        (9, PL::C(inner)) => extensible(inner),
        _ => Err(FilterError::Malformed),
    }
}

fn all(tags: &[StructureTag], depth: usize, room: &mut usize) -> Read<Vec<Filter>> {
    tags.iter().map(|tag| read(tag, depth, room)).collect()
}

fn bytes(tag: &StructureTag) -> Read<&[u8]> {
    match &tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => Err(FilterError::Malformed),
    }
}

fn assertion(inner: &[StructureTag]) -> Read<(Name, &[u8])> {
    let [name, value] = inner else { return Err(FilterError::Malformed) };
    Ok((Name::parse(bytes(name)?).ok_or(FilterError::Malformed)?, bytes(value)?))
}

fn substrings(inner: &[StructureTag], room: &mut usize) -> Read<Filter> {
    let [name, parts] = inner else { return Err(FilterError::Malformed) };
    let name = Name::parse(bytes(name)?).ok_or(FilterError::Malformed)?;
    let PL::C(parts) = &parts.payload else { return Err(FilterError::Malformed) };
    *room = room.checked_sub(parts.len()).ok_or(FilterError::TooLarge)?;
    if parts.is_empty() {
        return Err(FilterError::Malformed);
    }
    let (rule, end) = (name.rule(), parts.len() - 1);
    let mut found = Some(Substrings::default());
    for (at, tag) in parts.iter().enumerate() {
        let which = match tag.id {
            0 if at == 0 => Part::Initial,
            1 => Part::Any,
            2 if at == end => Part::Last,
            _ => return Err(FilterError::Malformed),
        };
        let text = part(bytes(tag)?, which, rule);
        match (&mut found, text) {
            (Some(found), Some(text)) => match which {
                Part::Initial => found.initial = Some(text),
                Part::Any => found.any.push(text),
                Part::Last => found.last = Some(text),
            },
            _ => found = None,
        }
    }
    Ok(Filter::Contains(name, rule, found))
}

fn extensible(inner: &[StructureTag]) -> Read<Filter> {
    let (mut rule_name, mut name, mut value, mut with_dn) = (None, None, None, false);
    for tag in inner {
        let bytes = bytes(tag)?;
        match tag.id {
            1 => rule_name = Some(std::str::from_utf8(bytes).map_err(|_| FilterError::Malformed)?),
            2 => name = Some(Name::parse(bytes).ok_or(FilterError::Malformed)?),
            3 => value = Some(bytes),
            4 => with_dn = bytes.first().is_some_and(|byte| *byte != 0),
            _ => return Err(FilterError::Malformed),
        }
    }
    let value = value.ok_or(FilterError::Malformed)?;
    let chain = rule_name == Some(IN_CHAIN);
    let rule = match (rule_name, &name) {
        (None, None) => return Err(FilterError::Malformed),
        (None, Some(name)) => Some(name.rule()),
        (Some(_), Some(name)) if chain => Some(name.rule()).filter(|rule| *rule == Rule::Dn),
        (Some(rule), name) => Rule::named(rule)
            .filter(|rule| name.as_ref().is_none_or(|name| fits(name.rule(), *rule))),
    };
    let rule = rule.map(|rule| (rule, rule.read(value)));
    Ok(Filter::Extensible(Extensible { name, rule, chain, with_dn }))
}

/// What an equality within a filter asserts as a text: for looking entries up by it.
pub(crate) fn text(asserted: Option<&Asserted>) -> Option<&str> {
    match asserted? {
        Asserted::Text(text) | Asserted::Dn(text) => Some(text),
        _ => None,
    }
}

/// A text as equalities of names assert it.
pub(crate) fn folded(value: &str) -> String {
    prepare(value, true)
}
