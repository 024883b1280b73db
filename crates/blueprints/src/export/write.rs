//! Writing YAML that people can read: block style, plain words where they mean themselves, texts of
//! several lines as literal blocks.

use serde_json::Value as Json;

use crate::yaml;

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Out {
    Plain(Json),
    List(Vec<Out>),
    Map(Vec<(String, Out)>),
    /// `!KeyOf` of an entry of this file.
    KeyOf(String),
    /// `!Find` of something this file does not hold: model, field and value.
    Find(String, Vec<(String, Out)>),
    /// A value that the environment must give.
    Env(String),
}

impl Out {
    pub(super) fn text(text: impl Into<String>) -> Out {
        Out::Plain(Json::String(text.into()))
    }

    /// A value without references, in the same block style.
    pub(super) fn of(json: &Json) -> Out {
        match json {
            Json::Array(items) => Out::List(items.iter().map(Out::of).collect()),
            Json::Object(members) => Out::Map(
                members.iter().map(|(name, value)| (name.clone(), Out::of(value))).collect(),
            ),
            other => Out::Plain(other.clone()),
        }
    }
}

/// Writes the members of a map at a depth.
pub(super) fn map(text: &mut String, depth: usize, members: &[(String, Out)]) {
    for (name, value) in members {
        text.push_str(&"  ".repeat(depth));
        text.push_str(&scalar(name));
        text.push(':');
        after_key(text, depth, value);
    }
}

fn after_key(text: &mut String, depth: usize, value: &Out) {
    match value {
        Out::Map(members) if !members.is_empty() => {
            text.push('\n');
            map(text, depth + 1, members);
        }
        Out::List(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                text.push_str(&"  ".repeat(depth));
                text.push_str("- ");
                match item {
                    Out::Map(members) if !members.is_empty() => {
                        let mut inner = String::new();
                        map(&mut inner, depth + 1, members);
                        // The first member stands beside the dash.
                        text.push_str(inner.get((depth + 1) * 2..).unwrap_or_default());
                    }
                    other => {
                        text.push_str(&inline(other));
                        text.push('\n');
                    }
                }
            }
        }
        Out::Plain(Json::String(lines)) if literal(lines).is_some() => {
            text.push_str(literal(lines).unwrap_or_default());
            text.push('\n');
            for line in lines.lines() {
                if !line.is_empty() {
                    text.push_str(&"  ".repeat(depth + 1));
                }
                text.push_str(line);
                text.push('\n');
            }
        }
        other => {
            text.push(' ');
            text.push_str(&inline(other));
            text.push('\n');
        }
    }
}

/// The head of a literal block, for texts that can be one as they are.
fn literal(text: &str) -> Option<&'static str> {
    let printable = text.chars().all(|c| c == '\n' || c == '\t' || !is_special(c));
    let plain_start = !text.starts_with([' ', '\t', '\n']);
    let blank_line = text.lines().any(|line| !line.is_empty() && line.trim().is_empty());
    let head = match text.strip_suffix('\n') {
        None => " |-",
        Some(rest) if !rest.ends_with('\n') => " |",
        Some(_) => return None,
    };
    (text.contains('\n') && printable && plain_start && !blank_line).then_some(head)
}

fn is_special(c: char) -> bool {
    c.is_control() || matches!(c, '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// A value on one line.
fn inline(value: &Out) -> String {
    match value {
        Out::Plain(Json::String(text)) => scalar(text),
        Out::Plain(json) => number_or_word(json),
        Out::KeyOf(id) => format!("!KeyOf {id}"),
        Out::Env(name) => format!("!Env {name}"),
        Out::Find(model, conditions) => {
            let conditions: Vec<String> = conditions
                .iter()
                .map(|(field, value)| format!(", [{field}, {}]", flow(value)))
                .collect();
            format!("!Find [{model}{}]", conditions.concat())
        }
        Out::List(_) | Out::Map(_) => flow(value),
    }
}

/// A value between brackets, where more signs have a meaning: texts are always quoted.
fn flow(value: &Out) -> String {
    match value {
        Out::Plain(Json::String(text)) => quoted(text),
        Out::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Out::Map(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), flow(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => inline(other),
    }
}

/// A text as a plain word where it is read as that text again, else quoted.
fn scalar(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | '-' | '/');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(harmless);
    // Other readers take `y` and `n` for truth values too.
    if word && text.len() > 1 && yaml::plain(text) == Json::String(text.to_owned()) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    // JSON's quotes are YAML's, but for what JSON leaves as it is and YAML takes for a line's end
    // or nothing.
    for c in Json::from(text).to_string().chars() {
        if is_special(c) {
            quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            quoted.push(c);
        }
    }
    quoted
}

/// Numbers with an exponent in the form that YAML 1.1 reads as a number: with a point and a sign.
fn number_or_word(json: &Json) -> String {
    let text = json.to_string();
    let Some((digits, exponent)) = text.split_once('e').filter(|_| json.is_f64()) else {
        return text;
    };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}
