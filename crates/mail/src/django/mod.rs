//! Templates in Django's words, put into those of minijinja line by line, so that whatever is wrong
//! later is told with the line of the file.
//!
//! What Django has and mails do not use, as `url`, is refused by name: a mail that lacks a part is
//! found out only by whoever gets it.

mod dates;
mod expression;
mod filters;
mod lexer;
mod runtime;
mod translated;

pub(crate) use runtime::{Moment, add_to};

use self::expression::{Scope, chain, condition, name, value};
use self::lexer::{Piece, Token, pieces, words};
use self::translated::assignment;

/// Tags within tags, so many deep.
const DEEPEST: usize = 40;

/// Libraries that `load` may name; what they have is there without.
const LIBRARIES: &[&str] = &[
    "authentik_core",
    "authentik_stages_email",
    "cache",
    "humanize",
    "i18n",
    "l10n",
    "static",
    "tz",
];

/// The tags there are, as told to whoever uses another.
const TAGS: &str = "autoescape, block, blocktranslate, comment, cycle, extends, filter, firstof, for, if, include, load, now, spaceless, templatetag, translate, verbatim, with";

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub(crate) struct Refusal {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) problem: String,
}

/// The template `file` in the engine's words. `original`: the name by which the file's namesake
/// among those of the program is found, for a file that takes its place and extends it.
///
/// # Errors
/// What cannot be read, with its line.
pub(crate) fn translate(file: &str, source: &str, original: &str) -> Result<String, Refusal> {
    let pieces = pieces(source);
    let mut template = Translation { file, original, ..Translation::default() };
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        at += 1;
        let rest = pieces.get(at..).unwrap_or_default();
        let told = |problem| Refusal { file: file.to_owned(), line: piece.line, problem };
        at += template.piece(*piece, rest).map_err(told)?;
    }
    match template.open.pop() {
        None => Ok(template.out),
        Some(open) => {
            let problem = format!("'{}' has no end{}", open.tag, open.tag);
            Err(Refusal { file: file.to_owned(), line: open.line, problem })
        }
    }
}

/// A tag that waits for its end.
struct Open {
    tag: &'static str,
    line: usize,
    /// What ends it in the engine's words.
    close: &'static str,
    /// Its `else` or `empty` has come.
    other: bool,
    /// The name of a block.
    name: String,
}

#[derive(Default)]
struct Translation<'a> {
    file: &'a str,
    original: &'a str,
    out: String,
    open: Vec<Open>,
    scope: Scope,
    /// Something but text has come.
    begun: bool,
}

type Told<T> = Result<T, String>;

impl<'a> Translation<'a> {
    /// Takes one piece, and says how many after it are taken, too.
    fn piece(&mut self, piece: Piece<'a>, rest: &[Piece<'a>]) -> Told<usize> {
        match piece.token {
            Token::Text(text) => self.text(text),
            Token::Variable("") => return Err("{{ }} is empty".to_owned()),
            Token::Variable(variable) => {
                self.begun = true;
                let value = value(variable, self.scope)?;
                self.say(&format!("{{{{ {value} }}}}"));
            }
            Token::Tag(tag) => {
                let words = words(tag);
                let (name, bits) = words.split_first().ok_or("{% %} is empty")?;
                if matches!(*name, "blocktrans" | "blocktranslate") {
                    self.begun = true;
                    return self.translated_block(name, bits, rest);
                }
                self.tag(piece.line, tag, name, bits)?;
                self.begun = true;
            }
        }
        Ok(0)
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Text stays as it is, also where the engine would read more in it.
    fn text(&mut self, text: &str) {
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == '{' && letters.peek().is_none_or(|next| "{%#".contains(*next)) {
                self.say("{{ '{' }}");
            } else {
                self.out.push(letter);
            }
        }
    }

    fn begin(&mut self, tag: &'static str, line: usize, close: &'static str) -> Told<()> {
        if self.open.len() >= DEEPEST {
            return Err(format!("tags stand within each other at most {DEEPEST} deep"));
        }
        self.open.push(Open { tag, line, close, other: false, name: String::new() });
        Ok(())
    }

    fn end(&mut self, tag: &str, bits: &[&str]) -> Told<()> {
        let Some(open) = self.open.pop() else { return Err(format!("'{tag}' ends nothing")) };
        if tag.strip_prefix("end") != Some(open.tag) {
            return Err(format!("'{tag}' comes before the end{} of line {}", open.tag, open.line));
        }
        if let Some(other) = bits.first().filter(|bit| **bit != open.name) {
            return Err(format!(
                "'{tag} {other}' ends the block '{}' of line {}",
                open.name, open.line
            ));
        }
        if open.tag == "for" {
            self.scope.loops = self.scope.loops.saturating_sub(1);
        }
        self.say(open.close);
        Ok(())
    }

    /// The tag that is open at the moment, for what stands in the middle of one.
    fn within(&mut self, tag: &str, whole: &str) -> Told<&mut Open> {
        self.open
            .last_mut()
            .filter(|open| open.tag == whole && !open.other)
            .ok_or_else(|| format!("'{tag}' stands in no '{whole}'"))
    }

    fn tag(&mut self, line: usize, whole: &str, tag: &str, bits: &[&str]) -> Told<()> {
        match tag {
            "extends" => {
                if self.begun {
                    return Err("'extends' is the first tag of a template".to_owned());
                }
                let [template] = bits else {
                    return Err("'extends' names one template in quotes".to_owned());
                };
                let parent = literal(template)?;
                let parent = if parent == self.file { self.original } else { parent };
                // Text before is nobody's; its lines are counted.
                self.out.retain(|letter| letter == '\n');
                self.say(&format!("{{% extends {} %}}", quoted(parent)));
            }
            "load" => {
                let libraries = match bits.iter().position(|bit| *bit == "from") {
                    Some(at) => bits.get(at + 1..).unwrap_or_default(),
                    None => bits,
                };
                if let Some(unknown) = libraries.iter().find(|name| !LIBRARIES.contains(name)) {
                    return Err(format!("there is no library '{unknown}' to load"));
                }
            }
            "block" => {
                let [block] = bits else { return Err("'block' has one name".to_owned()) };
                let block = name(block)?.to_owned();
                self.say(&format!("{{% block {block} %}}"));
                self.begin("block", line, "{% endblock %}")?;
                if let Some(open) = self.open.last_mut() {
                    open.name = block;
                }
            }
            "if" => {
                let condition = condition(bits, self.scope)?;
                self.say(&format!("{{% if {condition} %}}"));
                self.begin("if", line, "{% endif %}")?;
            }
            "elif" => {
                self.within(tag, "if")?;
                let condition = condition(bits, self.scope)?;
                self.say(&format!("{{% elif {condition} %}}"));
            }
            "else" => {
                self.within(tag, "if")?.other = true;
                self.say("{% else %}");
            }
            "for" => self.each(line, bits)?,
            "empty" => {
                self.within(tag, "for")?.other = true;
                self.say("{% else %}");
            }
            "with" => {
                let pairs = self.pairs(&mut bits.iter().copied())?;
                if pairs.is_empty() {
                    return Err("'with' gives values names: {% with name=value %}".to_owned());
                }
                self.say(&format!("{{% with {} %}}", pairs.join(", ")));
                self.begin("with", line, "{% endwith %}")?;
            }
            "autoescape" => {
                let how = match bits {
                    ["on"] => "'html'",
                    ["off"] => "'none'",
                    _ => return Err("'autoescape' is on or off".to_owned()),
                };
                self.say(&format!("{{% autoescape {how} %}}"));
                self.begin("autoescape", line, "{% endautoescape %}")?;
            }
            "spaceless" => {
                self.say("{% filter dj(\"spaceless\") %}");
                self.begin("spaceless", line, "{% endfilter %}")?;
            }
            "filter" => {
                let filters = chain(whole.strip_prefix("filter").unwrap_or_default(), self.scope)?;
                // What comes out is HTML already, whatever the filters made of it.
                self.say(&format!("{{% filter {filters}|safe %}}"));
                self.begin("filter", line, "{% endfilter %}")?;
            }
            "include" => {
                let (template, bits) = bits.split_first().ok_or("'include' names a template")?;
                let template = quoted(literal(template)?);
                let pairs = match bits {
                    [] => Vec::new(),
                    ["with", rest @ ..] => self.pairs(&mut rest.iter().copied())?,
                    _ => {
                        return Err(
                            "after the template's name 'include' has only 'with'".to_owned()
                        );
                    }
                };
                if !pairs.is_empty() {
                    self.say(&format!("{{% with {} %}}", pairs.join(", ")));
                }
                self.say(&format!("{{% include {template} %}}"));
                if !pairs.is_empty() {
                    self.say("{% endwith %}");
                }
            }
            "trans" | "translate" => {
                let (text, bits) = bits.split_first().ok_or("'trans' has a text")?;
                self.show(&value(text, self.scope)?, without_context(bits)?)?;
            }
            "firstof" => {
                let (values, keep) = kept(bits);
                let values = self.values(values)?;
                self.show(&format!("dj_first({values})"), keep)?;
            }
            "cycle" if self.scope.loops > 0 => {
                let (loops, values) = (self.scope.loops, self.values(bits)?);
                self.say(&format!("{{{{ dj_loop{loops}.cycle({values}) }}}}"));
            }
            "cycle" => return Err("'cycle' stands in a 'for'".to_owned()),
            "now" => {
                let (format, keep) = kept(bits);
                let [format] = format else { return Err("'now' has one format".to_owned()) };
                let format = value(format, self.scope)?;
                self.show(&format!("dj_now|dj(\"date\", {format})"), keep)?;
            }
            "templatetag" => {
                let text = match bits {
                    ["openblock"] => "{%",
                    ["closeblock"] => "%}",
                    ["openvariable"] => "{{",
                    ["closevariable"] => "}}",
                    ["openbrace"] => "{",
                    ["closebrace"] => "}",
                    ["opencomment"] => "{#",
                    ["closecomment"] => "#}",
                    _ => return Err("'templatetag' has no such name".to_owned()),
                };
                self.text(text);
            }
            "comment" | "verbatim" => return Err(format!("'{tag}' has no end{tag}")),
            _ if tag.starts_with("end") => self.end(tag, bits)?,
            _ => return Err(format!("mail templates have no tag '{tag}'. They have {TAGS}")),
        }
        Ok(())
    }

    /// A value shown, or kept under a name.
    fn show(&mut self, value: &str, keep: Option<&str>) -> Told<()> {
        let shown = match keep {
            Some(keep) => format!("{{% set {} = {value} %}}", name(keep)?),
            None => format!("{{{{ {value} }}}}"),
        };
        self.say(&shown);
        Ok(())
    }

    fn values(&self, bits: &[&str]) -> Told<String> {
        if bits.is_empty() {
            return Err("a value is missing".to_owned());
        }
        let values: Told<Vec<_>> = bits.iter().map(|bit| value(bit, self.scope)).collect();
        Ok(values?.join(", "))
    }

    /// `for a, b in list reversed`.
    fn each(&mut self, line: usize, bits: &[&str]) -> Told<()> {
        let wrong = || "'for' is written {% for name in list %}".to_owned();
        let at = bits.iter().position(|bit| *bit == "in").ok_or_else(wrong)?;
        let (names, rest) = bits.split_at(at);
        let names = names.join(" ");
        let names: Told<Vec<_>> = names.split(',').map(|bit| name(bit.trim())).collect();
        let (list, reversed) = match rest {
            [_, list] => (list, false),
            [_, list, "reversed"] => (list, true),
            _ => return Err(wrong()),
        };
        let (names, list) = (names?.join(", "), value(list, self.scope)?);
        self.begin("for", line, "{% endfor %}")?;
        self.scope.loops += 1;
        let depth = self.scope.loops;
        self.say(&format!(
            "{{% for {names} in dj_each({list}, {reversed}) %}}{{% set dj_loop{depth} = loop %}}"
        ));
        Ok(())
    }

    /// `a=b c=d`, or `b as a and d as c`.
    fn pairs(&self, bits: &mut dyn Iterator<Item = &'_ str>) -> Told<Vec<String>> {
        let mut pairs = Vec::new();
        let mut bits = bits.peekable();
        while let Some(bit) = bits.next() {
            let (key, given) = match assignment(bit) {
                Some(pair) => pair,
                None => match (bits.next(), bits.next()) {
                    (Some("as"), Some(key)) => {
                        bits.next_if_eq(&"and");
                        (key, bit)
                    }
                    _ => return Err(format!("'{bit}' gives no value a name")),
                },
            };
            pairs.push(format!("{}={}", name(key)?, value(given, self.scope)?));
        }
        Ok(pairs)
    }
}

/// The last two words `as name`, if they are there.
fn kept<'b, 'a>(bits: &'b [&'a str]) -> (&'b [&'a str], Option<&'a str>) {
    match bits {
        [before @ .., "as", name] => (before, Some(name)),
        _ => (bits, None),
    }
}

/// What may follow a text to translate: `noop`, `context "..."`, `as name`.
fn without_context<'a>(bits: &[&'a str]) -> Told<Option<&'a str>> {
    let mut bits = bits.iter();
    let mut keep = None;
    while let Some(bit) = bits.next() {
        match *bit {
            "noop" => {}
            "context" => drop(bits.next()),
            "as" => keep = Some(*bits.next().ok_or("'as' has a name")?),
            _ => return Err(format!("'trans' has no '{bit}'")),
        }
    }
    Ok(keep)
}

/// The name of a template, which stands in quotes.
fn literal(text: &str) -> Told<&str> {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"')
        .or_else(|| inside('\''))
        .filter(|name| !name.is_empty() && !name.contains(['"', '\'', '\\']))
        .ok_or_else(|| format!("{text} is no name of a template: write it in quotes"))
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}
