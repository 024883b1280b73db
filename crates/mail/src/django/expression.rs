//! Variables with their filters, and the conditions of `if`, in the words of minijinja.

use super::filters;

/// Words that mean something else to minijinja, so that nothing of the template is called so.
const TAKEN: &[&str] = &[
    "and",
    "block",
    "call",
    "do",
    "elif",
    "else",
    "endif",
    "false",
    "if",
    "in",
    "include",
    "is",
    "loop",
    "none",
    "not",
    "or",
    "raw",
    "recursive",
    "self",
    "set",
    "super",
    "true",
    "varargs",
    "with",
];
/// So many words a condition has.
const LONGEST_CONDITION: usize = 100;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scope {
    /// In so many loops.
    pub(super) loops: usize,
}

/// A value with its filters: `user.name|default:"you"`.
pub(super) fn value(text: &str, scope: Scope) -> Result<String, String> {
    let mut reader = Reader { rest: text.trim(), scope };
    let mut out = reader.operand()?;
    reader.filters(&mut out)?;
    Ok(out)
}

/// Filters alone, as the tag `filter` has them: `upper|cut:" "`.
pub(super) fn chain(text: &str, scope: Scope) -> Result<String, String> {
    let joined = format!("|{text}");
    let (mut out, mut reader) = (String::new(), Reader { rest: &joined, scope });
    reader.filters(&mut out)?;
    Ok(out.trim_start_matches('|').to_owned())
}

/// A name that a template gives to a value.
pub(super) fn name(text: &str) -> Result<&str, String> {
    let mut letters = text.chars();
    let good = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if good && (TAKEN.contains(&text) || text.starts_with("dj_")) {
        Err(format!("a value cannot be called '{text}' here: give it another name"))
    } else if good {
        Ok(text)
    } else {
        Err(format!("'{text}' is no name for a value: use letters, digits and _"))
    }
}

/// A condition of `if`.
pub(super) fn condition(words: &[&str], scope: Scope) -> Result<String, String> {
    if words.is_empty() {
        return Err("the tag 'if' says no condition".to_owned());
    }
    if words.len() > LONGEST_CONDITION {
        return Err(format!("a condition has at most {LONGEST_CONDITION} words"));
    }
    let mut parser = Condition { words, at: 0, scope };
    let whole = parser.side(0)?;
    match parser.peek() {
        None => Ok(whole),
        Some(word) => Err(format!("'{word}' is not expected in this condition")),
    }
}

/// Operators by how strongly they bind, as Django has them.
const OPERATORS: [(&[&str], u8); 13] = [
    (&["or"], 6),
    (&["and"], 7),
    (&["not", "in"], 9),
    (&["in"], 9),
    (&["is", "not"], 10),
    (&["is"], 10),
    (&["=="], 10),
    (&["!="], 10),
    (&[">"], 10),
    (&[">="], 10),
    (&["<"], 10),
    (&["<="], 10),
    (&["not"], 8),
];

struct Condition<'a> {
    words: &'a [&'a str],
    at: usize,
    scope: Scope,
}

impl<'a> Condition<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    /// Everything from here that binds more strongly than `least`.
    fn side(&mut self, least: u8) -> Result<String, String> {
        let Some(word) = self.peek() else {
            return Err("a condition ends where a value is expected".to_owned());
        };
        self.at += 1;
        let mut left = match word {
            "not" => format!("(not {})", self.side(8)?),
            word if OPERATORS.iter().any(|(operator, _)| operator.first() == Some(&word)) => {
                return Err(format!("'{word}' stands where a value is expected"));
            }
            word => value(word, self.scope)?,
        };
        while let Some((operator, strength)) = self.operator() {
            if strength <= least {
                break;
            }
            self.at += operator.len();
            let right = self.side(strength)?;
            left = match operator {
                ["or" | "and"] => format!("({left} {} {right})", operator.concat()),
                _ => format!("dj_compare({left}, \"{}\", {right})", operator.join(" ")),
            };
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(&'static [&'static str], u8)> {
        let rest = self.words.get(self.at..)?;
        let found = OPERATORS.iter().find(|(operator, _)| rest.starts_with(operator));
        found.filter(|(operator, _)| *operator != ["not"]).copied()
    }
}

struct Reader<'a> {
    rest: &'a str,
    scope: Scope,
}

impl<'a> Reader<'a> {
    fn filters(&mut self, out: &mut String) -> Result<(), String> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() {
                return Ok(());
            }
            let Some(rest) = self.rest.strip_prefix('|') else {
                return Err(format!("'{}' cannot be read", self.rest));
            };
            self.rest = rest.trim_start();
            let filter = self.take(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            let argument = match self.rest.strip_prefix(':') {
                Some(rest) => {
                    self.rest = rest;
                    Some(self.operand()?)
                }
                None => None,
            };
            filters::check(filter, argument.is_some())?;
            let argument = argument.map(|argument| format!(", {argument}")).unwrap_or_default();
            out.push_str(&format!("|dj(\"{filter}\"{argument})"));
        }
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|letter| !wanted(letter)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A string, a number or a variable.
    fn operand(&mut self) -> Result<String, String> {
        if let Some(rest) = self.rest.strip_prefix("_(") {
            self.rest = rest;
            let text = self.string()?;
            self.rest = self
                .rest
                .strip_prefix(')')
                .ok_or_else(|| "a translated string ends with )".to_owned())?;
            return Ok(text);
        }
        match self.rest.chars().next() {
            Some('"' | '\'') => self.string(),
            _ => {
                let word = self.take(|letter| letter.is_alphanumeric() || "_.+-".contains(letter));
                if let Some(rest) = self.rest.strip_prefix('(') {
                    self.rest = rest;
                    return self.call(word);
                }
                variable(word, self.scope)
            }
        }
    }

    /// A text in quotes. As in Django it is the author's own, so it is not escaped.
    fn string(&mut self) -> Result<String, String> {
        let mut letters = self.rest.char_indices();
        let quote = letters.next().map(|(_, quote)| quote).filter(|quote| "\"'".contains(*quote));
        let Some(quote) = quote else { return Err("a string begins with a quote".to_owned()) };
        let mut text = String::new();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => text.extend(letters.next().map(|(_, letter)| letter)),
                letter if letter == quote => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(format!("({}|safe)", serde_json::Value::from(text)));
                }
                letter => text.push(letter),
            }
        }
        Err("a string does not end".to_owned())
    }

    /// A text of the catalogue: `t("mail-hello", name=user.name)`. The one thing Django has not.
    fn call(&mut self, function: &str) -> Result<String, String> {
        if !matches!(function, "t" | "html" | "bold") {
            return Err(format!("'{function}(' cannot be read: templates call nothing"));
        }
        let mut arguments = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest;
                return Ok(format!("{function}({})", arguments.join(", ")));
            }
            let before = self.rest;
            let key = self.take(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
            let named = self.rest.strip_prefix('=').filter(|_| !key.is_empty());
            self.rest = named.unwrap_or(before).trim_start();
            let operand = self.operand()?;
            arguments.push(match named {
                Some(_) => format!("{}={operand}", name(key)?),
                None => operand,
            });
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None if self.rest.starts_with(')') => {}
                None => return Err(format!("{function}( ) has no end")),
            }
        }
    }
}

fn variable(word: &str, scope: Scope) -> Result<String, String> {
    if word.is_empty() {
        return Err("a value is missing".to_owned());
    }
    if word.starts_with(|first: char| first.is_ascii_digit() || "+-".contains(first)) {
        let number = word.trim_start_matches('+');
        return match (number.parse::<i64>(), number.parse::<f64>()) {
            (Ok(_), _) => Ok(format!("({number})")),
            (_, Ok(float)) if float.is_finite() && !number.ends_with('.') => {
                Ok(format!("({float:?})"))
            }
            _ => Err(format!("'{word}' is no number")),
        };
    }
    let parts: Vec<&str> = word.split('.').collect();
    if let Some(part) = parts.iter().find(|part| part.is_empty() || part.starts_with('_')) {
        return Err(format!("'{word}' cannot be read: '{part}' is no name"));
    }
    match parts.as_slice() {
        ["True"] => return Ok("true".to_owned()),
        ["False"] => return Ok("false".to_owned()),
        ["None"] => return Ok("none".to_owned()),
        ["block", "super"] => return Ok("super()".to_owned()),
        ["forloop", rest @ ..] => return of_loop(rest, scope),
        _ => {}
    }
    let (first, rest) = parts.split_first().ok_or("a value is missing")?;
    let first = name(first)?;
    if rest.is_empty() {
        return Ok(first.to_owned());
    }
    if rest.iter().any(|part| !part.chars().all(|letter| letter.is_alphanumeric() || letter == '_'))
    {
        return Err(format!("'{word}' cannot be read"));
    }
    Ok(format!("dj_get({first}, \"{}\")", rest.join("\", \"")))
}

/// `forloop.counter`, `forloop.parentloop.counter`.
fn of_loop(parts: &[&str], scope: Scope) -> Result<String, String> {
    let outwards = parts.iter().take_while(|part| **part == "parentloop").count();
    let Some(depth) = scope.loops.checked_sub(outwards).filter(|depth| *depth > 0) else {
        return Ok("none".to_owned());
    };
    let field = match parts.get(outwards..) {
        Some(["counter"]) => "index",
        Some(["counter0"]) => "index0",
        Some(["revcounter"]) => "revindex",
        Some(["revcounter0"]) => "revindex0",
        Some(["first"]) => "first",
        Some(["last"]) => "last",
        _ => return Err(format!("a loop has no '{}'", parts.join("."))),
    };
    Ok(format!("dj_loop{depth}.{field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_the_engines_words() {
        let scope = Scope { loops: 2 };
        for (django, ours) in [
            ("url", "url"),
            ("user.name", r#"dj_get(user, "name")"#),
            ("user.name.split.0", r#"dj_get(user, "name", "split", "0")"#),
            (r#"x|default:"a \"b\"""#, r#"x|dj("default", ("a \"b\""|safe))"#),
            ("x | upper|cut:' '", r#"x|dj("upper")|dj("cut", (" "|safe))"#),
            ("-1.50", "(-1.5)"),
            ("True", "true"),
            ("block.super", "super()"),
            ("forloop.counter", "dj_loop2.index"),
            ("forloop.parentloop.last", "dj_loop1.last"),
            ("forloop.parentloop.parentloop.last", "none"),
            ("_('Hi')", r#"("Hi"|safe)"#),
            (
                r#"t("mail-hello", name=user.name)"#,
                r#"t(("mail-hello"|safe), name=dj_get(user, "name"))"#,
            ),
        ] {
            assert_eq!(value(django, scope).as_deref(), Ok(ours), "{django}");
        }
        for wrong in [
            "",
            "x|",
            "x|nothing",
            "x y",
            "'a",
            "user._state",
            "user..name",
            "1a",
            "loop",
            "self",
            "x()",
            "x|default",
            "x|upper:'a'",
            "__import__('os')",
            "x|default: 1",
            "ünïcode",
            "range(9)",
            "a[0]",
            "a or b",
        ] {
            assert!(value(wrong, scope).is_err(), "{wrong}");
        }
    }

    #[test]
    fn conditions_bind_as_in_django() {
        for (django, ours) in [
            ("a or b and not c", "(a or (b and (not c)))"),
            ("not a == b", r#"(not dj_compare(a, "==", b))"#),
            ("a in b and c not in d", r#"(dj_compare(a, "in", b) and dj_compare(c, "not in", d))"#),
            ("a is not None or b", r#"(dj_compare(a, "is not", none) or b)"#),
            ("x|length > 3", r#"dj_compare(x|dj("length"), ">", (3))"#),
        ] {
            let words: Vec<&str> = django.split(' ').collect();
            assert_eq!(condition(&words, Scope::default()).as_deref(), Ok(ours), "{django}");
        }
        for wrong in ["a b", "and a", "a and", "a ==", "a = b", "( a )", "not"] {
            let words: Vec<&str> = wrong.split(' ').collect();
            assert!(condition(&words, Scope::default()).is_err(), "{wrong}");
        }
        assert!(condition(&["not"; 101], Scope::default()).is_err());
    }
}
