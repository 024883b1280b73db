//! `blocktrans`: texts that are written to be translated, with variables, perhaps in two forms.

use super::expression::{name, value};
use super::lexer::{Piece, Token};
use super::{Told, Translation};

impl<'a> Translation<'a> {
    /// `blocktrans`: a text with variables, perhaps in two forms. It stays as it is written.
    pub(super) fn translated_block(
        &mut self,
        tag: &str,
        bits: &[&str],
        rest: &[Piece<'a>],
    ) -> Told<usize> {
        let options = Options::read(bits)?;
        let mut forms: Vec<Vec<Token<'a>>> = vec![Vec::new()];
        let mut taken = 0;
        let ended = rest.iter().any(|piece| {
            taken += 1;
            match (piece.token.tag(), forms.last_mut()) {
                (Some("plural"), _) => forms.push(Vec::new()),
                (Some(found), _) if found.strip_prefix("end") == Some(tag) => return true,
                (_, Some(form)) => form.push(piece.token),
                _ => {}
            }
            false
        });
        if !ended {
            return Err(format!("'{tag}' has no end{tag}"));
        }
        if let Some(inside) = forms.iter().flatten().find_map(|token| token.tag()) {
            return Err(format!("within '{tag}' there are no other tags, as '{inside}'"));
        }
        let mut with = self.pairs(&mut options.with.iter().copied())?;
        let count = match options.count {
            Some((key, given)) => {
                let key = name(key)?;
                with.push(format!("{key}={}", value(given, self.scope)?));
                Some(key)
            }
            None => None,
        };
        let form = |form: &[Token<'a>]| -> Told<(String, usize)> {
            let mut inner = Translation { scope: self.scope, ..Translation::default() };
            let last = form.len().saturating_sub(1);
            let mut lines = 0;
            for (at, token) in form.iter().enumerate() {
                match token {
                    Token::Text(text) if options.trimmed => {
                        let trimmed = trimmed(text, at == 0, at == last);
                        lines += text.matches('\n').count();
                        inner.text(&trimmed);
                    }
                    token => drop(inner.piece(Piece { line: 0, token: *token }, &[])?),
                }
            }
            Ok((inner.out, lines))
        };
        let text = match (count, forms.as_slice()) {
            (None, [only]) => form(only)?,
            (Some(count), [one, many]) => {
                let ((one, first), (many, second)) = (form(one)?, form(many)?);
                let text = format!(
                    "{{% if dj_compare({count}, \"==\", 1) %}}{one}{{% else %}}{many}{{% endif %}}"
                );
                (text, first + second)
            }
            _ => return Err(format!("'{tag}' has 'count' and one 'plural', or neither")),
        };
        let (mut text, lines) = text;
        if !with.is_empty() {
            text = format!("{{% with {} %}}{text}{{% endwith %}}", with.join(", "));
        }
        if let Some(keep) = options.keep {
            text = format!("{{% set {} %}}{text}{{% endset %}}", name(keep)?);
        }
        // What was trimmed takes no line from what follows.
        if lines > 0 {
            text.push_str(&format!("{{#{}#}}", "\n".repeat(lines)));
        }
        self.say(&text);
        Ok(taken)
    }
}

/// What stands after `blocktrans`.
#[derive(Default)]
struct Options<'a> {
    with: Vec<&'a str>,
    count: Option<(&'a str, &'a str)>,
    trimmed: bool,
    keep: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn read(bits: &[&'a str]) -> Told<Options<'a>> {
        const WORDS: [&str; 5] = ["with", "count", "trimmed", "context", "asvar"];
        let mut options = Options::default();
        let mut bits = bits.iter().copied().peekable();
        while let Some(bit) = bits.next() {
            match bit {
                "with" => {
                    while let Some(bit) = bits.next_if(|bit| !WORDS.contains(bit)) {
                        options.with.push(bit);
                    }
                }
                "count" => {
                    let given = bits.next().ok_or("'count' has a value")?;
                    options.count = Some(match assignment(given) {
                        Some(pair) => pair,
                        None => match (bits.next(), bits.next()) {
                            (Some("as"), Some(key)) => (key, given),
                            _ => return Err("'count' is written count name=value".to_owned()),
                        },
                    });
                    bits.next_if_eq(&"and");
                    while let Some(bit) = bits.next_if(|bit| !WORDS.contains(bit)) {
                        options.with.push(bit);
                    }
                }
                "trimmed" => options.trimmed = true,
                // Which of several meanings a text has: only translators ask.
                "context" => drop(bits.next().ok_or("'context' has a text")?),
                "asvar" => options.keep = Some(bits.next().ok_or("'asvar' has a name")?),
                _ => return Err(format!("'blocktrans' has no '{bit}'")),
            }
        }
        Ok(options)
    }
}

/// `name=value`, whose `=` stands in no string.
pub(super) fn assignment(bit: &str) -> Option<(&str, &str)> {
    bit.split_once('=').filter(|(key, _)| name(key).is_ok() && !key.is_empty())
}

/// Without line breaks and the spaces around them, as one line.
fn trimmed(text: &str, first: bool, last: bool) -> String {
    let text = if first { text.trim_start() } else { text };
    let text = if last { text.trim_end() } else { text };
    let Some((begin, rest)) = text.split_once('\n') else { return text.to_owned() };
    let (middle, end) = rest.rsplit_once('\n').unwrap_or(("", rest));
    let middle = middle.split('\n').map(str::trim).filter(|line| !line.is_empty());
    let mut parts = vec![begin.trim_end()];
    parts.extend(middle);
    parts.push(end.trim_start());
    parts.join(" ")
}
