//! What an unquoted word means, by the rules of YAML 1.1.

use serde_json::{Number, Value as Json};

use super::YamlErrorKind;

/// The value of a scalar: plain ones by [`plain`], others as text, a `!!type` overruling both.
pub(super) fn resolve(
    text: &str,
    is_plain: bool,
    core: Option<&str>,
) -> Result<Json, YamlErrorKind> {
    let bad =
        |wanted: &str| YamlErrorKind::BadScalar { text: shorten(text), wanted: wanted.to_owned() };
    match core {
        None if is_plain => Ok(plain(text)),
        None | Some("str") => Ok(Json::String(text.to_owned())),
        Some("null") => Ok(Json::Null),
        Some("bool") => boolean(text).map(Json::Bool).ok_or_else(|| bad("truth value")),
        Some("int") => integer(text).ok_or_else(|| bad("whole number")),
        Some("float") => float(text).or_else(|| integer(text)).ok_or_else(|| bad("number")),
        // Dates have no place of their own in an API of JSON: they are text.
        Some("timestamp") => Ok(Json::String(text.to_owned())),
        Some(other) => Err(YamlErrorKind::UnsupportedType(other.to_owned())),
    }
}

/// Reads an unquoted word: nothing, truth value, number or text.
pub fn plain(text: &str) -> Json {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Json::Null;
    }
    if let Some(value) = boolean(text) {
        return Json::Bool(value);
    }
    if text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'))
        && let Some(number) = integer(text).or_else(|| float(text))
    {
        return number;
    }
    Json::String(text.to_owned())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Decimal, `0x`, `0b`, octal with a leading zero, and base sixty (`1:30`); underscores separate
/// digits anywhere after the first.
fn integer(text: &str) -> Option<Json> {
    let (negative, digits) = sign(text);
    let first = digits.chars().next()?;
    if !first.is_ascii_digit() {
        return None;
    }
    let value = if let Some(rest) = digits.strip_prefix("0b") {
        radix(rest, 2)?
    } else if let Some(rest) = digits.strip_prefix("0x") {
        radix(rest, 16)?
    } else if digits.contains(':') {
        if first == '0' {
            return None;
        }
        sexagesimal(digits)?
    } else if digits.len() > 1 && first == '0' {
        radix(digits.get(1..)?, 8)?
    } else {
        radix(digits, 10)?
    };
    let value = if negative { -value } else { value };
    i64::try_from(value).map(Json::from).or_else(|_| u64::try_from(value).map(Json::from)).ok()
}

fn radix(digits: &str, base: u32) -> Option<i128> {
    let mut clean = digits.chars().filter(|c| *c != '_').peekable();
    clean.peek()?;
    clean.try_fold(0_i128, |value, c| {
        value.checked_mul(i128::from(base))?.checked_add(i128::from(c.to_digit(base)?))
    })
}

fn sexagesimal(digits: &str) -> Option<i128> {
    let mut parts = digits.split(':');
    let mut value = radix(parts.next()?, 10)?;
    for part in parts {
        let part = Some(part).filter(|part| matches!(part.len(), 1 | 2) && !part.contains('_'))?;
        let part = radix(part, 10).filter(|part| *part < 60)?;
        value = value.checked_mul(60)?.checked_add(part)?;
    }
    Some(value)
}

/// A number with a point; an exponent needs its sign (`1.5e+3`), as in YAML 1.1. JSON knows no
/// infinity and no NaN: those words stay text.
fn float(text: &str) -> Option<Json> {
    let (negative, digits) = sign(text);
    let mantissa_end = digits.find(['e', 'E']).unwrap_or(digits.len());
    let (mantissa, exponent) = digits.split_at(mantissa_end);
    let (whole, fraction) = mantissa.split_once('.')?;
    let all = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c == '_');
    let starts = whole.starts_with(|c: char| c.is_ascii_digit())
        || (whole.is_empty()
            && text == digits
            && fraction.starts_with(|c: char| c.is_ascii_digit()));
    if !starts || !all(whole) || !all(fraction) {
        return None;
    }
    if !exponent.is_empty() {
        let power = exponent.get(1..)?;
        let power = power.strip_prefix(['+', '-'])?;
        if power.is_empty() || !power.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
    }
    let mut clean: String = digits.chars().filter(|c| *c != '_').collect();
    if clean.starts_with('.') {
        clean.insert(0, '0');
    }
    let value: f64 = clean.parse().ok()?;
    Number::from_f64(if negative { -value } else { value }).map(Json::Number)
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
