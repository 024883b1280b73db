//! Text, variables and tags of a template, as Django cuts it: what opens and does not close in the
//! same line is text.

/// A part of a template, with the line it begins in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) line: usize,
    pub(super) token: Token<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Text(&'a str),
    /// What stands within `{{ }}`.
    Variable(&'a str),
    /// What stands within `{% %}`.
    Tag(&'a str),
}

impl<'a> Token<'a> {
    /// The name of a tag.
    pub(super) fn tag(self) -> Option<&'a str> {
        match self {
            Token::Tag(tag) => tag.split_whitespace().next(),
            _ => None,
        }
    }
}

/// Cuts a template. Comments are gone; of those over several lines their line breaks stay.
pub(super) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let (mut found, mut text, mut line) = (Vec::new(), source, 1);
    // The tag that ends what is not read, and whether that is shown.
    let mut raw: Option<(String, bool)> = None;
    while let Some((at, length, token)) = next(text) {
        let (before, rest) = text.split_at(at);
        let (whole, after) = rest.split_at(length);
        let shown = raw.as_ref().is_none_or(|(_, shown)| *shown);
        push_text(&mut found, &mut line, before, shown);
        text = after;
        match (&raw, token) {
            (Some((end, _)), Some(Token::Tag(tag))) if tag == end => raw = None,
            (Some(_), _) => push_text(&mut found, &mut line, whole, shown),
            (None, None) => {}
            (None, Some(token @ Token::Tag(tag))) => match token.tag() {
                Some("comment") => raw = Some(("endcomment".to_owned(), false)),
                Some("verbatim") => raw = Some((format!("end{tag}"), true)),
                _ => found.push(Piece { line, token }),
            },
            (None, Some(token)) => found.push(Piece { line, token }),
        }
    }
    let shown = raw.as_ref().is_none_or(|(_, shown)| *shown);
    push_text(&mut found, &mut line, text, shown);
    if let Some((end, _)) = raw {
        // Nothing has ended it: the translation says so.
        let tag = if end == "endcomment" { "comment" } else { "verbatim" };
        found.push(Piece { line, token: Token::Tag(tag) });
    }
    found
}

fn push_text<'a>(found: &mut Vec<Piece<'a>>, line: &mut usize, text: &'a str, shown: bool) {
    if shown && !text.is_empty() {
        found.push(Piece { line: *line, token: Token::Text(text) });
    } else if !shown {
        for end in text.matches('\n') {
            found.push(Piece { line: *line, token: Token::Text(end) });
        }
    }
    *line += text.matches('\n').count();
}

/// The first of what is not text: where, how long, and what; `None` as token for a comment.
fn next(text: &str) -> Option<(usize, usize, Option<Token<'_>>)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find('{')?;
        let rest = text.get(at..)?;
        let line = rest.split('\n').next().unwrap_or(rest);
        let close = match line.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => "",
        };
        if !close.is_empty()
            && let Some(end) = line.get(2..).and_then(|inside| inside.find(close))
        {
            let inside = line.get(2..2 + end).unwrap_or_default().trim();
            let token = match close {
                "}}" => Some(Token::Variable(inside)),
                "%}" => Some(Token::Tag(inside)),
                _ => None,
            };
            return Some((at, end + 4, token));
        }
        from = at + 1;
    }
}

/// The words of a tag: split at spaces that stand in no string.
pub(super) fn words(tag: &str) -> Vec<&str> {
    let (mut found, mut start, mut quote, mut escaped) = (Vec::new(), None, None, false);
    for (at, letter) in tag.char_indices() {
        if quote.is_none() && letter.is_whitespace() {
            found.extend(start.take().and_then(|start: usize| tag.get(start..at)));
            continue;
        }
        start.get_or_insert(at);
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            _ => {}
        }
    }
    found.extend(start.and_then(|start| tag.get(start..)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(source: &str) -> Vec<(usize, Token<'_>)> {
        pieces(source).into_iter().map(|piece| (piece.line, piece.token)).collect()
    }

    #[test]
    fn what_does_not_close_in_its_line_is_text() {
        assert_eq!(
            cut("a{{ x }}\n{% if y %}{# z #}{{\n}}"),
            [
                (1, Token::Text("a")),
                (1, Token::Variable("x")),
                (1, Token::Text("\n")),
                (2, Token::Tag("if y")),
                (2, Token::Text("{{\n}}")),
            ]
        );
        assert_eq!(cut("a { color: red } {é"), [(1, Token::Text("a { color: red } {é"))]);
    }

    #[test]
    fn comments_are_gone_and_what_is_verbatim_stays() {
        assert_eq!(
            cut("{% comment %}{{ x }}\n{% if %}{% endcomment %}b"),
            [(1, Token::Text("\n")), (2, Token::Text("b"))]
        );
        assert_eq!(cut("{% verbatim %}{{ x }}{% endverbatim %}"), [(1, Token::Text("{{ x }}"))]);
        assert_eq!(cut("{% comment %}x").last(), Some(&(1, Token::Tag("comment"))));
    }

    #[test]
    fn spaces_in_strings_part_no_words() {
        assert_eq!(
            words(r#"if x|default:"a b" == 'c d'"#),
            ["if", r#"x|default:"a b""#, "==", "'c d'"]
        );
        assert_eq!(words(r#"trans "say \"a b\"" as x"#), ["trans", r#""say \"a b\"""#, "as", "x"]);
    }
}
