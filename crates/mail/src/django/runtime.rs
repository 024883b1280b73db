//! What translated templates call: looking up, comparing and showing as Django does.

use std::fmt;
use std::sync::Arc;

use countersign_model::Timestamp;
use countersign_words::Language;
use minijinja::value::{Enumerator, Object, ObjectRepr, Rest, ValueKind};
use minijinja::{AutoEscape, Environment, Error, Output, State, Value, escape_formatter};

use super::dates;
use super::filters::{Place, apply};

/// A point in time that filters shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dates::format(self.0, dates::DATE_AND_TIME))
    }
}

/// Gives an environment what translated templates call, and the bounds in which they run.
pub(crate) fn add_to(environment: &mut Environment<'_>, language: Language, now: Timestamp) {
    environment.add_global("dj_now", Value::from_object(Moment(now)));
    environment.add_function("dj_get", |value: Value, path: Rest<String>| {
        path.iter().fold(value, |value, key| member(&value, key))
    });
    environment.add_function("dj_each", |value: Value, reversed: bool| {
        let mut all: Vec<Value> = items(&value).collect();
        if reversed {
            all.reverse();
        }
        Value::from(all)
    });
    environment.add_function("dj_compare", compare);
    environment.add_function("dj_first", |values: Rest<Value>| {
        values.iter().find(|value| value.is_true()).cloned().unwrap_or_else(|| "".into())
    });
    environment.add_filter(
        "dj",
        move |state: &State<'_, '_>, value: Value, filter: &str, argument: Option<Value>| {
            if filter == "lasting" {
                return Value::from(in_words(&value, language, now));
            }
            let escapes = !matches!(state.auto_escape(), AutoEscape::None);
            apply(filter, &value, argument.as_ref(), &Place { now, escapes })
        },
    );
    environment.add_filter("lasting", move |value: Value| in_words(&value, language, now));
    environment.set_formatter(show);
}

/// How long it lasts from now, in the reader's language.
fn in_words(value: &Value, language: Language, now: Timestamp) -> String {
    let seconds = match value.downcast_object_ref::<Moment>() {
        Some(at) => Some(at.0.seconds().saturating_sub(now.seconds())),
        None => i64::try_from(value.clone()).ok(),
    };
    language.duration(seconds.unwrap_or_default())
}

/// Shows a value in Python's words.
fn show(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None | ValueKind::Bool => {
            escape_formatter(out, state, &Value::from(text(value)))
        }
        _ => escape_formatter(out, state, value),
    }
}

/// A value as Python's `str` has it.
pub(super) fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => String::new(),
        ValueKind::None => "None".to_owned(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.to_owned(),
        _ => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// The time that a value is, or says.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    match value.downcast_object_ref::<Moment>() {
        Some(moment) => Some(moment.0),
        None => value.as_str().and_then(Timestamp::parse),
    }
}

/// What a loop goes over; nothing where there is nothing to go over.
pub(super) fn items(value: &Value) -> impl Iterator<Item = Value> + use<> {
    let letters = value
        .as_str()
        .map(|text| text.chars().map(|letter| Value::from(letter.to_string())).collect::<Vec<_>>());
    let listed = || value.try_iter().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    letters.unwrap_or_else(listed).into_iter()
}

/// `value.key`: an entry, a place in a list, or one of the methods that templates have a use for.
fn member(value: &Value, key: &str) -> Value {
    let found = value.get_attr(key).unwrap_or_default();
    if !found.is_undefined() {
        return found;
    }
    if let Ok(place) = key.parse::<usize>() {
        return items(value).nth(place).unwrap_or_default();
    }
    if value.kind() == ValueKind::Map {
        let entry = |key: Value| {
            let entry = value.get_item(&key).unwrap_or_default();
            (key, entry)
        };
        let entries = items(value).map(entry);
        return match key {
            "items" => entries.map(|(key, value)| Value::from(vec![key, value])).collect(),
            "keys" => entries.map(|(key, _)| key).collect(),
            "values" => entries.map(|(_, value)| value).collect(),
            _ => Value::UNDEFINED,
        };
    }
    if let Some(time) = moment(value).filter(|_| value.as_str().is_none()).and_then(dates::civil) {
        return match key {
            "year" => time.year().into(),
            "month" => time.month().into(),
            "day" => time.day().into(),
            "hour" => time.hour().into(),
            "minute" => time.minute().into(),
            _ => Value::UNDEFINED,
        };
    }
    match (value.as_str(), key) {
        (Some(text), "split") => text.split_whitespace().collect(),
        (Some(text), "strip") => text.trim().into(),
        (Some(text), "lower") => text.to_lowercase().into(),
        (Some(text), "upper") => text.to_uppercase().into(),
        _ => Value::UNDEFINED,
    }
}

/// What `if` compares. What cannot be compared is not so, as in Django.
fn compare(left: Value, operator: &str, right: Value) -> bool {
    let known = |value: &Value| if value.is_undefined() { Value::from(()) } else { value.clone() };
    let (left, right) = (known(&left), known(&right));
    let ordered = || {
        let alike = left.is_number() && right.is_number()
            || left.as_str().is_some() && right.as_str().is_some();
        let times = || moment(&left).zip(moment(&right)).map(|(left, right)| left.cmp(&right));
        if alike { Some(left.cmp(&right)) } else { times() }
    };
    let within = || match (right.as_str(), left.as_str()) {
        (Some(text), Some(part)) => Some(text.contains(part)),
        (Some(_), None) => None,
        _ => value_list(&right).map(|list| list.contains(&left)),
    };
    match operator {
        "==" | "is" => left == right,
        "!=" | "is not" => left != right,
        "<" => ordered().is_some_and(std::cmp::Ordering::is_lt),
        "<=" => ordered().is_some_and(std::cmp::Ordering::is_le),
        ">" => ordered().is_some_and(std::cmp::Ordering::is_gt),
        ">=" => ordered().is_some_and(std::cmp::Ordering::is_ge),
        "in" => within() == Some(true),
        "not in" => within() == Some(false),
        _ => false,
    }
}

fn value_list(value: &Value) -> Option<Vec<Value>> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => Some(items(value).collect()),
        _ => None,
    }
}
