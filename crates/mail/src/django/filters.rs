//! Django's filters, as far as mails have a use for them.

use countersign_model::Timestamp;
use minijinja::value::ValueKind;
use minijinja::{HtmlEscape, Value};

use super::dates;
use super::runtime::{items, moment, text};

/// Whether a filter takes an argument after `:`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    No,
    Perhaps,
    Yes,
}
use Argument::{No, Perhaps, Yes};

const FILTERS: &[(&str, Argument)] = &[
    ("add", Yes),
    ("capfirst", No),
    ("cut", Yes),
    ("date", Perhaps),
    ("default", Yes),
    ("default_if_none", Yes),
    ("divisibleby", Yes),
    ("escape", No),
    ("first", No),
    ("floatformat", Perhaps),
    ("force_escape", No),
    ("intcomma", No),
    ("join", Yes),
    ("last", No),
    ("lasting", No),
    ("length", No),
    ("linebreaks", No),
    ("linebreaksbr", No),
    ("lower", No),
    ("naturalday", Perhaps),
    ("naturaltime", No),
    ("pluralize", Perhaps),
    ("safe", No),
    ("slice", Yes),
    ("slugify", No),
    ("striptags", No),
    ("time", Perhaps),
    ("timesince", Perhaps),
    ("timeuntil", Perhaps),
    ("title", No),
    ("truncatechars", Yes),
    ("truncatewords", Yes),
    ("upper", No),
    ("urlencode", Perhaps),
    ("wordcount", No),
    ("yesno", Perhaps),
];

/// Whether there is such a filter, with such an argument.
pub(super) fn check(filter: &str, has_argument: bool) -> Result<(), String> {
    let Some((_, wanted)) = FILTERS.iter().find(|(name, _)| *name == filter) else {
        let names: Vec<&str> = FILTERS.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "mail templates have no filter '{filter}'. They have {}",
            names.join(", ")
        ));
    };
    match (wanted, has_argument) {
        (Yes, false) => Err(format!("the filter '{filter}' has an argument: {filter}:\"...\"")),
        (No, true) => Err(format!("the filter '{filter}' has no argument")),
        _ => Ok(()),
    }
}

/// What a filter is applied in.
pub(super) struct Place {
    pub(super) now: Timestamp,
    /// Whether what is shown here is escaped.
    pub(super) escapes: bool,
}

/// Applies a filter; nothing that was put in by others gets past escaping but by `safe`.
pub(super) fn apply(filter: &str, value: &Value, argument: Option<&Value>, place: &Place) -> Value {
    let given = argument.map(text);
    let words = || text(value);
    // What was safe stays it where nothing new comes in.
    let same = |shaped: String| {
        if value.is_safe() { Value::from_safe_string(shaped) } else { shaped.into() }
    };
    let html = |value: &Value| {
        if value.is_safe() || !place.escapes {
            text(value)
        } else {
            HtmlEscape(&text(value)).to_string()
        }
    };
    let number = |value: &Value| {
        i64::try_from(value.clone()).ok().or_else(|| text(value).trim().parse().ok())
    };
    match filter {
        "add" => add(value, argument.unwrap_or(&Value::UNDEFINED), number),
        "capfirst" => same(first_letter(&words())),
        "cut" => {
            let cut = words().replace(given.as_deref().unwrap_or_default(), "");
            // Without `;` what was escaped may be so no more.
            if given.as_deref() == Some(";") { cut.into() } else { same(cut) }
        }
        "date" => timed(value, |at| dates::format(at, given.as_deref().unwrap_or(dates::DATE))),
        "time" => timed(value, |at| dates::format(at, given.as_deref().unwrap_or(dates::TIME))),
        "default" if !value.is_true() => argument.cloned().unwrap_or_default(),
        "default_if_none" if value.is_none() => argument.cloned().unwrap_or_default(),
        "default" | "default_if_none" => value.clone(),
        "divisibleby" => match (number(value), argument.and_then(number)) {
            (Some(number), Some(by)) => Value::from(number.checked_rem(by) == Some(0)),
            _ => Value::from(false),
        },
        "escape" if value.is_safe() => value.clone(),
        "escape" | "force_escape" => Value::from_safe_string(HtmlEscape(&words()).to_string()),
        "first" => items(value).next().unwrap_or_else(|| "".into()),
        "last" => items(value).last().unwrap_or_else(|| "".into()),
        "floatformat" => float(value, given.as_deref()).into(),
        "intcomma" => same(with_commas(&words())),
        "join" => {
            let glue = argument.map(html).unwrap_or_default();
            let parts: Vec<String> = items(value).map(|item| html(&item)).collect();
            let joined = parts.join(&glue);
            if place.escapes { Value::from_safe_string(joined) } else { joined.into() }
        }
        "length" => match value.kind() {
            ValueKind::String => words().chars().count().into(),
            _ => value.len().unwrap_or_default().into(),
        },
        "linebreaks" => {
            let text = html(value).replace("\r\n", "\n");
            let paragraphs = text.split("\n\n").map(|part| part.trim_matches('\n'));
            let paragraphs = paragraphs.filter(|part| !part.is_empty());
            let shown: Vec<_> =
                paragraphs.map(|part| format!("<p>{}</p>", part.replace('\n', "<br>"))).collect();
            Value::from_safe_string(shown.join("\n\n"))
        }
        "linebreaksbr" => {
            Value::from_safe_string(html(value).replace("\r\n", "\n").replace('\n', "<br>"))
        }
        "lower" => same(words().to_lowercase()),
        "naturalday" => timed(value, |at| {
            dates::natural_day(at, place.now, given.as_deref().unwrap_or(dates::DATE))
        }),
        "naturaltime" => {
            timed(value, |at| dates::natural(at.seconds().saturating_sub(place.now.seconds())))
        }
        "pluralize" => {
            let given = given.unwrap_or_else(|| "s".to_owned());
            let (one, many) = given.split_once(',').unwrap_or(("", &given));
            let count = match value.kind() {
                ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
                    value.len().and_then(|len| i64::try_from(len).ok())
                }
                _ => number(value),
            };
            if count == Some(1) { one } else { many }.into()
        }
        "safe" => Value::from_safe_string(words()),
        "slice" => slice(value, given.as_deref().unwrap_or_default()),
        "slugify" => same(slug(&words())),
        "spaceless" => same(spaceless(&words())),
        "striptags" => same(without_tags(&words())),
        "timesince" | "timeuntil" => {
            let other = argument.and_then(moment).unwrap_or(place.now);
            let until = filter == "timeuntil";
            timed(value, |at| {
                let length = at.seconds().saturating_sub(other.seconds());
                dates::lasting(if until { length } else { length.saturating_neg() })
            })
        }
        "title" => same(titled(&words())),
        "truncatechars" => same(shortened(&words(), argument.and_then(number).unwrap_or_default())),
        "truncatewords" => {
            let most = argument
                .and_then(number)
                .and_then(|most| usize::try_from(most).ok())
                .unwrap_or_default();
            let words = words();
            let all: Vec<&str> = words.split_whitespace().collect();
            let kept = all.iter().take(most).copied().collect::<Vec<_>>().join(" ");
            same(if all.len() > most { format!("{kept} …") } else { kept })
        }
        "upper" => words().to_uppercase().into(),
        "urlencode" => encoded(&words(), given.as_deref().unwrap_or("/")).into(),
        "wordcount" => words().split_whitespace().count().into(),
        "yesno" => {
            let given = given.unwrap_or_else(|| "yes,no,maybe".to_owned());
            let choices: Vec<&str> = given.split(',').collect();
            match choices.as_slice() {
                [_, _, maybe, ..] if value.is_none() => (*maybe).into(),
                [yes, no, ..] => if value.is_true() { *yes } else { *no }.into(),
                _ => value.clone(),
            }
        }
        _ => value.clone(),
    }
}

/// What a filter makes of a time; of anything else, nothing is made.
fn timed(value: &Value, shape: impl FnOnce(Timestamp) -> String) -> Value {
    moment(value).map_or_else(|| value.clone(), |at| shape(at).into())
}

fn add(value: &Value, other: &Value, number: impl Fn(&Value) -> Option<i64>) -> Value {
    match (number(value), number(other)) {
        (Some(one), Some(two)) => one.saturating_add(two).into(),
        _ => match (value.as_str(), other.as_str()) {
            (Some(one), Some(two)) if value.is_safe() && other.is_safe() => {
                Value::from_safe_string(format!("{one}{two}"))
            }
            (Some(one), Some(two)) => format!("{one}{two}").into(),
            _ => "".into(),
        },
    }
}

fn first_letter(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn titled(text: &str) -> String {
    let mut before = ' ';
    let mut out = String::new();
    for letter in text.chars() {
        // "don't" stays one word.
        if before.is_alphanumeric() || before == '\'' {
            out.extend(letter.to_lowercase());
        } else {
            out.extend(letter.to_uppercase());
        }
        before = letter;
    }
    out
}

fn shortened(text: &str, most: i64) -> String {
    let most = usize::try_from(most).unwrap_or_default();
    if text.chars().count() <= most || most == 0 {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' | '_' => out.push(letter),
            '-' => out.push('-'),
            letter if letter.is_whitespace() => out.push('-'),
            _ => {}
        }
    }
    let parts: Vec<&str> = out.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").trim_matches('_').to_owned()
}

fn without_tags(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        match after.split_once('>') {
            Some((_, after)) => rest = after,
            None => return out + "<" + after,
        }
    }
    out + rest
}

/// No space between tags.
fn spaceless(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text.trim());
    while let Some((before, after)) = rest.split_once('>') {
        out.push_str(before);
        out.push('>');
        let tight = after.trim_start();
        rest = if tight.starts_with('<') { tight } else { after };
    }
    out + rest
}

fn encoded(text: &str, keep: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric()
            || "-_.~".contains(letter)
            || byte < 128 && keep.contains(letter)
        {
            out.push(letter);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn with_commas(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, rest) = match digits.find('.') {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}{rest}")
}

/// `3` rounds to three places; `-1`, the default, to one where that is not zero.
fn float(value: &Value, places: Option<&str>) -> String {
    let Ok(number) = text(value).trim().parse::<f64>() else { return String::new() };
    let places: i32 = places.and_then(|places| places.trim().parse().ok()).unwrap_or(-1);
    let digits = usize::try_from(places.unsigned_abs().min(20)).unwrap_or_default();
    let rounded = format!("{number:.digits$}");
    match rounded.split_once('.') {
        Some((whole, rest)) if places < 0 && rest.bytes().all(|digit| digit == b'0') => {
            whole.to_owned()
        }
        _ => rounded,
    }
}

/// `:5`, `2:`, `-3:`, of a text or a list.
fn slice(value: &Value, range: &str) -> Value {
    let parts: Vec<Option<i64>> = range.split(':').map(|part| part.trim().parse().ok()).collect();
    let (from, to) = match parts.as_slice() {
        [to] => (None, *to),
        [from, to] => (*from, *to),
        _ => return value.clone(),
    };
    let all: Vec<Value> = match value.as_str() {
        Some(text) => text.chars().map(|letter| letter.to_string().into()).collect(),
        None => items(value).collect(),
    };
    let length = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { (length + at).max(0) } else { at.min(length) };
    let (from, to) = (from.map_or(0, place), to.map_or(length, place));
    let bound = |at: i64| usize::try_from(at).unwrap_or_default();
    let kept = all.get(bound(from)..bound(to)).unwrap_or_default();
    match value.as_str() {
        Some(_) => kept.iter().map(text).collect::<String>().into(),
        None => kept.iter().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::runtime::Moment;
    use super::*;

    fn shown(filter: &str, value: impl Into<Value>, argument: Option<Value>) -> String {
        check(filter, argument.is_some()).unwrap();
        let place = Place { now: Timestamp::from_seconds(1_000_000), escapes: true };
        text(&apply(filter, &value.into(), argument.as_ref(), &place)).replace('\u{a0}', " ")
    }

    #[test]
    fn filters_do_what_djangos_do() {
        let list = || Value::from(vec!["a", "<b>", "c"]);
        let later = || Value::from_object(Moment(Timestamp::from_seconds(1_000_000 + 5400)));
        let said = |text: &str| Some(Value::from(text));
        for (filter, value, argument, expected) in [
            ("add", Value::from(4), said("2"), "6"),
            ("add", "a".into(), said("b"), "ab"),
            ("capfirst", "uma berg".into(), None, "Uma berg"),
            ("cut", "a b c".into(), said(" "), "abc"),
            ("default", "".into(), said("x"), "x"),
            ("default", Value::UNDEFINED, said("x"), "x"),
            ("default", 0.into(), said("x"), "x"),
            ("default", "a".into(), said("x"), "a"),
            ("default_if_none", ().into(), said("x"), "x"),
            ("default_if_none", "".into(), said("x"), ""),
            ("divisibleby", 21.into(), Some(7.into()), "True"),
            ("divisibleby", 21.into(), Some(0.into()), "False"),
            ("escape", "<a>".into(), None, "&lt;a&gt;"),
            ("first", list(), None, "a"),
            ("last", list(), None, "c"),
            ("floatformat", Value::from(34.26), None, "34.3"),
            ("floatformat", Value::from(34.0), None, "34"),
            ("floatformat", Value::from(34.0), Some(3.into()), "34.000"),
            ("intcomma", 1_234_567.into(), None, "1,234,567"),
            ("intcomma", Value::from(-123), None, "-123"),
            ("join", list(), said(", "), "a, &lt;b&gt;, c"),
            ("length", list(), None, "3"),
            ("length", "äb".into(), None, "2"),
            ("linebreaks", "a\n<b>\n\nc".into(), None, "<p>a<br>&lt;b&gt;</p>\n\n<p>c</p>"),
            ("linebreaksbr", "a\nb".into(), None, "a<br>b"),
            ("lower", "ÄB".into(), None, "äb"),
            ("naturaltime", later(), None, "an hour from now"),
            ("timeuntil", later(), None, "1 hour, 30 minutes"),
            ("timesince", later(), None, "0 minutes"),
            ("naturalday", later(), None, "today"),
            ("date", later(), said("Y-m-d"), "1970-01-12"),
            ("date", "no date".into(), None, "no date"),
            ("pluralize", 1.into(), None, ""),
            ("pluralize", 2.into(), None, "s"),
            ("pluralize", 2.into(), said("y,ies"), "ies"),
            ("pluralize", list(), None, "s"),
            ("slice", "abcdef".into(), said(":2"), "ab"),
            ("slice", "abcdef".into(), said("-2:"), "ef"),
            ("slice", "abc".into(), said("9:1"), ""),
            ("slugify", "Hello, Big  World!".into(), None, "hello-big-world"),
            ("striptags", "<b>a</b> < b".into(), None, "a < b"),
            ("title", "uma's first DAY".into(), None, "Uma's First Day"),
            ("truncatechars", "abcdef".into(), Some(4.into()), "abc…"),
            ("truncatewords", "a b c".into(), Some(2.into()), "a b …"),
            ("upper", "a".into(), None, "A"),
            ("urlencode", "a b/ü&".into(), None, "a%20b/%C3%BC%26"),
            ("urlencode", "a/b".into(), said(""), "a%2Fb"),
            ("wordcount", "a b".into(), None, "2"),
            ("yesno", true.into(), None, "yes"),
            ("yesno", ().into(), None, "maybe"),
            ("yesno", false.into(), said("on,off"), "off"),
        ] {
            assert_eq!(shown(filter, value, argument), expected, "{filter}");
        }
        assert!(
            check("default", false).is_err()
                && check("upper", true).is_err()
                && check("eval", false).is_err()
        );
    }
}
