//! The small part of the language that needs no interpreter: values, comparisons, fields of the user and of
//! the context, group membership, messages.
//!
//! ```text
//! ak_message("Only for the finance team.")
//! return ak_is_group_member(request.user, name="Finance") and request.user.email.endswith("@example.org")
//! ```
//!
//! No loops, no calls but the listed ones: a text has as much work to do as it is long.

mod parse;
mod token;

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use thiserror::Error;

use super::MappingContext;

pub use parse::parse;

/// What is wrong with the text, or with running it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SimpleError(pub String);

/// Statements that were read.
#[derive(Debug, Clone)]
pub struct Program {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Assign(String, Expr),
    Message(Expr),
    If(Expr, Vec<Step>, Vec<Step>),
    Return(Expr),
}

#[derive(Debug, Clone)]
enum Expr {
    Literal(Value),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    User,
    Context,
    Provider,
    GroupNames,
    Entitlements,
    Local(String),
    GroupAttributes,
    Field(Box<Expr>, String),
    Get(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    Index(Box<Expr>, Box<Expr>),
    Method(Box<Expr>, &'static str, Vec<Expr>),
    Member(Box<Expr>),
    /// In the group itself, not only in one below it.
    DirectMember(Box<Expr>),
    Matches(Box<Expr>, Box<Expr>),
    Add(Box<Expr>, Box<Expr>),
    Text(Box<Expr>),
    Length(Box<Expr>),
    Truth(Box<Expr>),
    Joined(Vec<Expr>),
    Not(Box<Expr>),
    All(Box<Expr>, Box<Expr>),
    Any(Box<Expr>, Box<Expr>),
    Equal(Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    Choose(Box<(Expr, Expr, Expr)>),
}

/// Truth as Python sees it.
#[must_use]
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

impl Program {
    /// The returned value and the messages; no return gives `null`.
    ///
    /// # Errors
    /// A field that does not exist, a value of the wrong sort.
    pub fn run(&self, context: &MappingContext<'_>) -> Result<(Value, Vec<String>), SimpleError> {
        let mut state = State { cx: context, locals: HashMap::new(), messages: Vec::new() };
        let value = state.run(&self.steps)?;
        Ok((value.unwrap_or(Value::Null), state.messages))
    }
}

/// A run: what may be looked at, names given on the way, messages so far.
struct State<'a> {
    cx: &'a MappingContext<'a>,
    locals: HashMap<String, Value>,
    messages: Vec<String>,
}

impl State<'_> {
    fn run(&mut self, steps: &[Step]) -> Result<Option<Value>, SimpleError> {
        for step in steps {
            match step {
                Step::Assign(name, value) => {
                    let value = value.eval(self)?;
                    if size(&value) > LARGEST {
                        return fail("A value is too large.");
                    }
                    self.locals.insert(name.clone(), value);
                }
                Step::Message(text) => {
                    let text = text_of(&text.eval(self)?);
                    self.messages.push(text);
                }
                Step::If(condition, then, otherwise) => {
                    let branch = if truth(&condition.eval(self)?) { then } else { otherwise };
                    if let Some(value) = self.run(branch)? {
                        return Ok(Some(value));
                    }
                }
                Step::Return(value) => return value.eval(self).map(Some),
            }
        }
        Ok(None)
    }
}

/// Values made of values grow fast: counted before they are kept.
const LARGEST: usize = 100_000;

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(size).sum::<usize>() + list.len(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

fn fail<T>(text: impl Into<String>) -> Result<T, SimpleError> {
    Err(SimpleError(text.into()))
}

/// A value as `str()` writes it, for the sorts that matter.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Expr {
    fn eval(&self, state: &State<'_>) -> Result<Value, SimpleError> {
        let cx = state.cx;
        Ok(match self {
            Expr::Literal(value) => value.clone(),
            Expr::List(items) => Value::Array(items.iter().map(|item| item.eval(state)).collect::<Result<_, _>>()?),
            Expr::Map(pairs) => {
                let mut map = Map::new();
                for (key, value) in pairs {
                    map.insert(text_of(&key.eval(state)?), value.eval(state)?);
                }
                Value::Object(map)
            }
            Expr::User => cx.user.map_or_else(anonymous, super::Subject::to_json),
            Expr::Context => Value::Object(cx.context.cloned().unwrap_or_default()),
            Expr::Provider => cx.provider.cloned().unwrap_or(Value::Null),
            Expr::GroupNames => cx.user.map(|user| user.direct_groups()).unwrap_or_default().into(),
            Expr::Entitlements => cx.entitlements.to_vec().into(),
            Expr::Local(name) => state.locals.get(name).cloned().map_or_else(|| fail(format!("'{name}' has no value here.")), Ok)?,
            Expr::GroupAttributes => {
                let base = cx.brand_attributes.cloned().unwrap_or_default();
                Value::Object(cx.user.map_or_else(|| base.clone(), |user| user.merged_attributes(&base)))
            }
            Expr::Field(of, name) => match of.eval(state)? {
                Value::Object(map) if map.contains_key(name) => map.get(name).cloned().unwrap_or(Value::Null),
                _ => return fail(format!("There is no attribute '{name}'.")),
            },
            Expr::Get(of, key, default) => {
                let found = match of.eval(state)? {
                    Value::Object(map) => map.get(&text_of(&key.eval(state)?)).cloned(),
                    _ => return fail("'get' needs a map."),
                };
                match (found, default) {
                    (Some(value), _) => value,
                    (None, Some(default)) => default.eval(state)?,
                    (None, None) => Value::Null,
                }
            }
            Expr::Index(of, key) => index(&of.eval(state)?, &key.eval(state)?)?,
            Expr::Method(of, name, arguments) => {
                let arguments = arguments.iter().map(|a| a.eval(state)).collect::<Result<Vec<_>, _>>()?;
                method(&of.eval(state)?, name, &arguments)?
            }
            Expr::Member(name) => {
                let name = text_of(&name.eval(state)?);
                cx.user.is_some_and(|user| user.groups.iter().any(|group| group.name == name)).into()
            }
            Expr::DirectMember(name) => {
                let name = text_of(&name.eval(state)?);
                cx.user.is_some_and(|user| user.direct_groups().contains(&name.as_str())).into()
            }
            Expr::Matches(value, pattern) => {
                let pattern = pattern_of(&text_of(&pattern.eval(state)?))?;
                pattern.is_match(&text_of(&value.eval(state)?)).into()
            }
            Expr::Add(a, b) => add(a.eval(state)?, b.eval(state)?)?,
            Expr::Text(value) => text_of(&value.eval(state)?).into(),
            Expr::Length(value) => match value.eval(state)? {
                Value::String(text) => text.chars().count().into(),
                Value::Array(list) => list.len().into(),
                Value::Object(map) => map.len().into(),
                _ => return fail("'len' needs a text, a list or a map."),
            },
            Expr::Truth(value) => truth(&value.eval(state)?).into(),
            Expr::Joined(parts) => {
                let parts = parts.iter().map(|part| part.eval(state).map(|value| text_of(&value)));
                parts.collect::<Result<String, _>>()?.into()
            }
            Expr::Not(value) => (!truth(&value.eval(state)?)).into(),
            Expr::All(a, b) => {
                let first = a.eval(state)?;
                if truth(&first) { b.eval(state)? } else { first }
            }
            Expr::Any(a, b) => {
                let first = a.eval(state)?;
                if truth(&first) { first } else { b.eval(state)? }
            }
            Expr::Equal(a, b) => (a.eval(state)? == b.eval(state)?).into(),
            Expr::In(a, b) => contains(&b.eval(state)?, &a.eval(state)?)?.into(),
            Expr::Choose(parts) => {
                let (then, condition, otherwise) = &**parts;
                if truth(&condition.eval(state)?) { then.eval(state)? } else { otherwise.eval(state)? }
            }
        })
    }
}

fn add(a: Value, b: Value) -> Result<Value, SimpleError> {
    Ok(match (a, b) {
        (Value::String(a), Value::String(b)) => (a + &b).into(),
        (Value::Array(mut a), Value::Array(b)) => {
            a.extend(b);
            a.into()
        }
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.checked_add(b).map_or_else(|| fail("A number is too large."), |sum| Ok(sum.into()))?,
            _ => (a.as_f64().unwrap_or_default() + b.as_f64().unwrap_or_default()).into(),
        },
        _ => return fail("'+' needs two texts, two lists or two numbers."),
    })
}

/// Patterns run in linear time; what the original's language can do beyond that is refused.
fn pattern_of(text: &str) -> Result<regex::Regex, SimpleError> {
    let built = regex::RegexBuilder::new(text).size_limit(200_000).build();
    built.map_err(|_| SimpleError(format!("The pattern {text} is not understood.")))
}

fn anonymous() -> Value {
    serde_json::json!({
        "pk": null, "id": null, "username": "", "name": "", "email": "", "is_active": false, "is_superuser": false,
        "is_authenticated": false, "is_anonymous": true, "type": "", "path": "", "attributes": {},
    })
}

fn index(of: &Value, key: &Value) -> Result<Value, SimpleError> {
    let found = match (of, key) {
        (Value::Object(map), key) => map.get(&text_of(key)).cloned(),
        (Value::Array(list), Value::Number(number)) => position(number, list.len()).and_then(|at| list.get(at).cloned()),
        _ => None,
    };
    found.map_or_else(|| fail(format!("There is nothing at {}.", text_of(key))), Ok)
}

fn position(number: &Number, length: usize) -> Option<usize> {
    let at = number.as_i64()?;
    if at < 0 { length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?) } else { usize::try_from(at).ok() }
}

fn contains(whole: &Value, part: &Value) -> Result<bool, SimpleError> {
    Ok(match whole {
        Value::Array(list) => list.contains(part),
        Value::Object(map) => map.contains_key(&text_of(part)),
        Value::String(text) => text.contains(&text_of(part)),
        _ => return fail("'in' needs a list, a map or a text."),
    })
}

fn method(of: &Value, name: &str, arguments: &[Value]) -> Result<Value, SimpleError> {
    if let (Value::Object(map), true) = (of, arguments.is_empty()) {
        return match name {
            "keys" => Ok(map.keys().cloned().collect::<Vec<_>>().into()),
            "values" => Ok(map.values().cloned().collect()),
            _ => fail(format!("'{name}' needs a text.")),
        };
    }
    if let (Value::String(text), "replace", [from, to]) = (of, name, arguments) {
        return Ok(text.replace(&text_of(from), &text_of(to)).into());
    }
    if let (Value::String(text), "join", [Value::Array(list)]) = (of, name, arguments) {
        return Ok(list.iter().map(text_of).collect::<Vec<_>>().join(text).into());
    }
    let Value::String(text) = of else { return fail(format!("'{name}' needs a text.")) };
    let argument = arguments.first().map(text_of);
    Ok(match (name, argument) {
        ("lower", None) => text.to_lowercase().into(),
        ("upper", None) => text.to_uppercase().into(),
        ("strip", None) => text.trim().into(),
        ("startswith", Some(part)) => text.starts_with(&part).into(),
        ("endswith", Some(part)) => text.ends_with(&part).into(),
        ("split", Some(part)) if !part.is_empty() => text.split(&part).collect::<Vec<_>>().into(),
        ("split", None) => text.split_whitespace().collect::<Vec<_>>().into(),
        _ => return fail(format!("'{name}' was given the wrong arguments.")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GroupView, Subject};
    use serde_json::json;

    fn run(source: &str) -> Result<(Value, Vec<String>), SimpleError> {
        let mut user = Subject { username: "uma".into(), name: "Uma Martin".into(), email: "uma@example.org".into(), ..Subject::default() };
        user.attributes.insert("team".into(), json!("blue"));
        user.groups.push(GroupView { name: "Finance".into(), direct: true, ..Default::default() });
        let mut context = Map::new();
        context.insert("prompt_data".into(), json!({"username": "uma"}));
        parse(source)?.run(&MappingContext { user: Some(&user), context: Some(&context), entitlements: &["reader".to_owned()], ..Default::default() })
    }

    #[test]
    fn simple_texts_give_their_value() {
        for (source, expected) in [
            ("return True", json!(true)),
            ("return {}", json!({})),
            ("return {'a': [1, -2.5, None], \"b\": 'x\\'y',}", json!({"a": [1, -2.5, null], "b": "x'y"})),
            ("return request.user.name.split(' ')[0]", json!("Uma")),
            ("return request.user.name.split(\" \")[-1]", json!("Martin")),
            ("return user.attributes.get(\"team\", \"\")", json!("blue")),
            ("return request.user.attributes.get('none')", json!(null)),
            ("return ak_is_group_member(request.user, name=\"Finance\") and not user.is_superuser", json!(true)),
            ("return ak_is_group_member(request.user, name=\"Other\") or 'fallback'", json!("fallback")),
            ("return {\"groups\": [group.name for group in request.user.ak_groups.all()]}", json!({"groups": ["Finance"]})),
            ("return request.user.username == 'uma'", json!(true)),
            ("return request.user.username != 'uma'", json!(false)),
            ("return 'username' not in context.get('prompt_data', {})", json!(false)),
            ("return 'x' if user.email.endswith('@example.org') else 'y'", json!("x")),
            ("if user.username == 'root':\n    return False\nreturn True", json!(true)),
            ("return context['prompt_data']['username'].upper()", json!("UMA")),
            ("user = request.user\nreturn {\"a\": user.name, \"g\": [g.name for g in user.ak_groups.all()]}", json!({"a": "Uma Martin", "g": ["Finance"]})),
            (
                "names = request.user.name.split(' ')\nreturn {'given_name': names[0], 'family_name': names[-1]}",
                json!({"given_name": "Uma", "family_name": "Martin"}),
            ),
            ("return f\"{request.user.username}@{'x' + 'y'} {{}}\"", json!("uma@xy {}")),
            ("return regex_match(request.user.email, r'^[a-z]+@example\\.org$')", json!(true)),
            ("return getattr(request.user, 'name', '') + '!'", json!("Uma Martin!")),
            ("return request.user.ak_groups.filter(name='Finance').exists()", json!(true)),
            ("return [e.name for e in request.user.app_entitlements(provider.application)]", json!(["reader"])),
            ("if user.username == 'x':\n    return 1\nelif user.username == 'uma':\n    return 2\nelse:\n    return 3", json!(2)),
            (
                "a = []\nif user.is_superuser:\n    a = ['x']\nreturn {'roles': a, 'n': len(a), 's': ', '.join(['b', 'c'])}",
                json!({"roles": [], "n": 0, "s": "b, c"}),
            ),
            ("return 'a-b'.replace('-', '_') if bool(1) else str(2)", json!("a_b")),
        ] {
            assert_eq!(run(source).map(|(value, _)| value), Ok(expected), "{source}");
        }
    }

    #[test]
    fn messages_are_collected() {
        assert_eq!(run("ak_message(\"Go away\")\nak_message('second')\nreturn False").unwrap().1, ["Go away", "second"]);
    }

    #[test]
    fn other_texts_are_refused() {
        for source in [
            "import os",
            "return __import__('os')",
            "return y",
            "first, last = 1, 2\nreturn 3",
            "request.user.name = 'x'\nreturn 1",
            "return regex_match('a', '(')",
            "return f\"{\"",
            "request = 1\nreturn 2",
            "return open('/etc/passwd')",
            "for a in b:\n    pass",
            "return request.http_request.META",
            "return {",
            "return (",
            "return 'a",
            "return user.password",
            "while True: pass",
            "return 1/0",
            "return lambda: 1",
            "return [x for x in range(9)]",
            "return user.__class__",
            "return ak_user_by(pk=1)",
        ] {
            assert!(parse(source).is_err(), "{source}");
        }
    }

    #[test]
    fn values_cannot_be_blown_up() {
        let doubled: String = (0..60).map(|n| format!("x{} = x{n} + x{n}\n", n + 1)).collect();
        assert!(run(&format!("x0 = 'aaaaaaaaaa'\n{doubled}return x60")).is_err());
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let source = format!("return {}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(parse(&source).is_err());
        assert!(parse(&format!("return {}", "not ".repeat(5000))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_brings_it_down(text in "\\PC{0,200}") {
            let _ = super::super::parse(&text);
        }

        /// Texts made of the language's own words come further than random ones.
        #[test]
        fn no_sentence_brings_it_down(words in proptest::collection::vec(0usize..38, 0..40)) {
            const WORDS: [&str; 38] = [
                "return ", "if ", "elif ", "else", ":", "\n", "\n    ", "(", ")", "[", "]", "{", "}", ",", ".", "=", "==", "+", "-", "not ", "and ", "or ", "in ",
                "request", "user", "context", "name", "get", "1", "'a'", "f\"{user.name}\"", "r'[a'", "regex_match", "ak_groups", "split", "for ", "x", "str",
            ];
            let text: String = words.iter().filter_map(|word| WORDS.get(*word)).copied().collect();
            if let Ok(program) = parse(&text) {
                let _ = program.run(&MappingContext::default());
            }
        }
    }
}
