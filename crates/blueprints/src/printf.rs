//! The `%` patterns of `!Format`, as Python understands them.

use serde_json::Value as Json;

/// Why a pattern and its arguments do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatFault {
    /// More placeholders than arguments.
    #[error("the pattern has more placeholders than there are arguments")]
    TooFew,
    /// Fewer placeholders than arguments.
    #[error("there are more arguments than placeholders in the pattern")]
    TooMany,
    /// A number wanted, something else given.
    #[error("%{placeholder} takes a number, not {found}")]
    NotANumber {
        /// The placeholder.
        placeholder: char,
        /// What was given.
        found: String,
    },
    /// A placeholder nobody knows.
    #[error("the pattern has a placeholder that is not supported: %{0}")]
    Unknown(String),
}

/// Text as Python's `str()` makes it.
pub fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => repr(other),
    }
}

/// Text as Python's `repr()` makes it.
fn repr(value: &Json) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut out = String::from(quote);
            for c in text.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    c if c == quote => {
                        out.push('\\');
                        out.push(c);
                    }
                    c => out.push(c),
                }
            }
            out.push(quote);
            out
        }
        Json::Array(items) => {
            format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{}: {}", repr(&Json::from(key.as_str())), repr(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// Flags, width and precision between `%` and its letter.
#[derive(Default)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    width: usize,
    precision: Option<usize>,
}

/// Fills a pattern.
///
/// # Errors
/// When placeholders and arguments do not match in number or type.
pub fn format(pattern: &str, arguments: &[Json]) -> Result<String, FormatFault> {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut spec = Spec::default();
        while let Some(flag) = rest.next_if(|c| matches!(c, '-' | '0' | '+' | ' ' | '#')) {
            match flag {
                '-' => spec.left = true,
                '0' => spec.zero = true,
                '+' => spec.plus = true,
                _ => {}
            }
        }
        spec.width = number(&mut rest).unwrap_or(0).min(1000);
        if rest.next_if_eq(&'.').is_some() {
            spec.precision = Some(number(&mut rest).unwrap_or(0).min(100));
        }
        match rest.next() {
            Some('%') => out.push('%'),
            Some(letter) if "srdiufFeEgGxXoc".contains(letter) => {
                let argument = arguments.next().ok_or(FormatFault::TooFew)?;
                out.push_str(&one(letter, &spec, argument)?);
            }
            Some(letter) => return Err(FormatFault::Unknown(letter.to_string())),
            None => return Err(FormatFault::Unknown(String::new())),
        }
    }
    if arguments.next().is_some() { Err(FormatFault::TooMany) } else { Ok(out) }
}

fn one(letter: char, spec: &Spec, argument: &Json) -> Result<String, FormatFault> {
    let cut = |text: String| match spec.precision {
        Some(length) => text.chars().take(length).collect(),
        None => text,
    };
    match letter {
        's' | 'c' => return Ok(pad(spec, "", &cut(text_of(argument)))),
        'r' => return Ok(pad(spec, "", &cut(repr(argument)))),
        _ => {}
    }
    let value = match argument {
        Json::Number(number) => number.as_f64(),
        Json::Bool(value) => Some(f64::from(u8::from(*value))),
        _ => None,
    }
    .ok_or_else(|| FormatFault::NotANumber {
        placeholder: letter,
        found: text_of(argument).chars().take(40).collect(),
    })?;
    let sign = if value < 0.0 {
        "-"
    } else if spec.plus {
        "+"
    } else {
        ""
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "of numbers past the range Python prints more digits; ours are the nearest"
    )]
    let whole = || argument.as_i64().map_or(value.abs().trunc() as u64, i64::unsigned_abs);
    let digits = spec.precision.unwrap_or(6);
    let body = match letter {
        'd' | 'i' | 'u' => whole().to_string(),
        'x' => format!("{:x}", whole()),
        'X' => format!("{:X}", whole()),
        'o' => format!("{:o}", whole()),
        'e' => scientific(value.abs(), digits),
        'E' => scientific(value.abs(), digits).to_uppercase(),
        'g' | 'G' => format!("{}", value.abs()),
        _ => format!("{:.digits$}", value.abs()),
    };
    Ok(pad(spec, sign, &body))
}

/// Python writes at least two digits of exponent.
fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, power)) => {
            let (sign, power) = power.strip_prefix('-').map_or(("+", power), |power| ("-", power));
            format!("{mantissa}e{sign}{power:0>2}")
        }
        None => text,
    }
}

fn pad(spec: &Spec, sign: &str, body: &str) -> String {
    let gap = spec.width.saturating_sub(sign.len() + body.chars().count());
    match (
        spec.left,
        spec.zero && (!sign.is_empty() || body.starts_with(|c: char| c.is_ascii_digit())),
    ) {
        (true, _) => format!("{sign}{body}{}", " ".repeat(gap)),
        (false, true) => format!("{sign}{}{body}", "0".repeat(gap)),
        (false, false) => format!("{}{sign}{body}", " ".repeat(gap)),
    }
}

fn number(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut value = None;
    while let Some(digit) = rest.next_if(char::is_ascii_digit).and_then(|c| c.to_digit(10)) {
        value = Some(value.unwrap_or(0_usize).saturating_mul(10).saturating_add(digit as usize));
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FormatFault, format};

    #[test]
    fn patterns() {
        let rows = [
            ("%s-%s", vec![json!("a"), json!(1)], Ok("a-1")),
            ("%s", vec![json!(true)], Ok("True")),
            ("%s", vec![json!(null)], Ok("None")),
            ("%s", vec![json!(["it's", 1, {"a": null}])], Ok("[\"it's\", 1, {'a': None}]")),
            ("%d%%", vec![json!(5)], Ok("5%")),
            ("%05d|%-4s|%4s", vec![json!(-42), json!("a"), json!("b")], Ok("-0042|a   |   b")),
            ("%.2f %x", vec![json!(2.71), json!(255)], Ok("2.71 ff")),
            ("%.3s", vec![json!("abcdef")], Ok("abc")),
            ("%e", vec![json!(1500)], Ok("1.500000e+03")),
            ("plain", vec![], Ok("plain")),
            ("%s", vec![], Err(FormatFault::TooFew)),
            ("x", vec![json!(1)], Err(FormatFault::TooMany)),
            (
                "%d",
                vec![json!("five")],
                Err(FormatFault::NotANumber { placeholder: 'd', found: "five".into() }),
            ),
            ("%(a)s", vec![json!(1)], Err(FormatFault::Unknown("(".into()))),
            ("100%", vec![], Err(FormatFault::Unknown(String::new()))),
        ];
        for (pattern, arguments, wanted) in rows {
            assert_eq!(format(pattern, &arguments), wanted.map(str::to_owned), "{pattern}");
        }
    }
}
