//! Texts into words.

use super::SimpleError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    /// `f".."`: texts and the sources of what stands in braces between them.
    Pattern(Vec<String>),
    Int(i64),
    Float(f64),
    Sign(&'static str),
    /// Start of a line that is not inside brackets, with its indentation.
    Line(usize),
}

const SIGNS: [&str; 15] =
    ["==", "!=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "-", "+", ";"];

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, SimpleError> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut rest = source;
    let mut fresh = true;
    loop {
        if fresh {
            let indent = rest.len() - rest.trim_start_matches(' ').len();
            out.push(Token::Line(indent));
            fresh = false;
        }
        rest = rest.trim_start_matches(' ');
        let Some(first) = rest.chars().next() else { return Ok(out) };
        let used = match first {
            '\n' => {
                fresh = depth == 0;
                1
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let (text, used) = quoted(rest, first)?;
                out.push(Token::Text(text));
                used
            }
            'r' if matches!(rest.as_bytes().get(1), Some(b'"' | b'\'')) => {
                let (text, used) = raw(rest.get(1..).unwrap_or_default())?;
                out.push(Token::Text(text));
                used + 1
            }
            'f' if matches!(rest.as_bytes().get(1), Some(b'"' | b'\'')) => {
                let after = rest.get(1..).unwrap_or_default();
                let (text, used) = quoted(after, after.chars().next().unwrap_or('"'))?;
                out.push(Token::Pattern(pieces(&text)?));
                used + 1
            }
            '0'..='9' => {
                let end =
                    rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
                let digits = rest.get(..end).unwrap_or_default();
                let token =
                    digits.parse().map(Token::Int).or_else(|_| digits.parse().map(Token::Float));
                out.push(token.map_err(|_| SimpleError(format!("'{digits}' is no number.")))?);
                end
            }
            c if c.is_alphabetic() || c == '_' => {
                let end =
                    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                out.push(Token::Name(rest.get(..end).unwrap_or_default().to_owned()));
                end
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign =
                    sign.ok_or_else(|| SimpleError(format!("'{first}' is not understood.")))?;
                match *sign {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth = depth.saturating_sub(1),
                    _ => {}
                }
                out.push(Token::Sign(sign));
                sign.len()
            }
        };
        rest = rest.get(used..).unwrap_or_default();
    }
}

/// A quoted text on one line and how many bytes it takes.
fn quoted(source: &str, quote: char) -> Result<(String, usize), SimpleError> {
    if source.starts_with("\"\"\"") || source.starts_with("'''") {
        return Err(SimpleError("Texts over several lines are not understood.".to_owned()));
    }
    let mut text = String::new();
    let mut letters = source.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' => break,
            '\\' => match letters.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(escaped @ ('\\' | '\'' | '"')) => text.push(escaped),
                _ => return Err(SimpleError("An escape in a text is not understood.".to_owned())),
            },
            _ if letter == quote => return Ok((text, at + 1)),
            _ => text.push(letter),
        }
    }
    Err(SimpleError("A text is not closed.".to_owned()))
}

/// A text in which a backslash is just a backslash.
fn raw(source: &str) -> Result<(String, usize), SimpleError> {
    let quote = source.chars().next().unwrap_or('"');
    let inner = source.get(1..).unwrap_or_default();
    match inner.find(quote) {
        Some(end) if !inner.get(..end).unwrap_or_default().contains(['\n']) => {
            Ok((inner.get(..end).unwrap_or_default().to_owned(), end + 2))
        }
        _ => Err(SimpleError("A text is not closed.".to_owned())),
    }
}

/// `Hello {user.name}!` as `Hello `, `user.name`, `!`: texts at even places.
fn pieces(text: &str) -> Result<Vec<String>, SimpleError> {
    let mut out = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let doubled = letters.peek() == Some(&letter);
        match letter {
            '{' | '}' if doubled => {
                letters.next();
                if let Some(last) = out.last_mut() {
                    last.push(letter);
                }
            }
            '{' if out.len() % 2 == 1 => out.push(String::new()),
            '}' if out.len() % 2 == 0 => out.push(String::new()),
            '{' | '}' => {
                return Err(SimpleError("A brace in a text is not understood.".to_owned()));
            }
            _ => {
                if let Some(last) = out.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    if out.len() % 2 == 1 {
        Ok(out)
    } else {
        Err(SimpleError("A brace in a text is not closed.".to_owned()))
    }
}
