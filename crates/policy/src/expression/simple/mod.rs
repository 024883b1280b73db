//! The small part of the language that needs no interpreter: values, comparisons, fields of the
//! user and of the context, group membership, messages.
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

use crate::subject::Subject;

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
    Sum(Vec<Expr>),
    Text(Box<Expr>),
    Length(Box<Expr>),
    Truth(Box<Expr>),
    Joined(Vec<Expr>),
    Not(Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
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

/// What a program may look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `request.user` and `user`; without one the caller is anonymous.
    pub user: Option<Subject>,
    /// Names of the user's entitlements at the application.
    pub entitlements: Vec<String>,
    /// Attributes of the brand, the base of `group_attributes`.
    pub brand_attributes: Map<String, Value>,
    /// `context`; for prompts this is `prompt_context`.
    pub context: Map<String, Value>,
}

impl From<SimpleError> for super::ExpressionError {
    fn from(error: SimpleError) -> Self {
        super::ExpressionError::Failed(error.to_string())
    }
}

impl Program {
    /// The keys of the maps that are written out where the program returns. Nothing is run for
    /// this.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        collect_keys(&self.steps, &self.steps, &mut keys);
        keys
    }

    /// The returned value and the messages; no return gives `null`.
    ///
    /// # Errors
    /// A field that does not exist, a value of the wrong sort.
    pub fn run(&self, context: &Facts) -> Result<(Value, Vec<String>), SimpleError> {
        let mut state = State {
            cx: context,
            locals: HashMap::new(),
            messages: Vec::new(),
            room: Room(10 * LARGEST),
        };
        let value = state.run(&self.steps)?;
        Ok((value.unwrap_or(Value::Null), state.messages))
    }
}

fn collect_keys(all: &[Step], steps: &[Step], keys: &mut Vec<String>) {
    for step in steps {
        match step {
            Step::Return(value) => keys_of(all, value, keys),
            Step::If(_, then, otherwise) => {
                collect_keys(all, then, keys);
                collect_keys(all, otherwise, keys);
            }
            Step::Assign(..) | Step::Message(_) => {}
        }
    }
}

fn keys_of(all: &[Step], value: &Expr, keys: &mut Vec<String>) {
    match value {
        Expr::Map(pairs) => {
            for (key, _) in pairs {
                match key {
                    Expr::Literal(Value::String(key)) if !keys.contains(key) => {
                        keys.push(key.clone());
                    }
                    _ => {}
                }
            }
        }
        Expr::Choose(parts) => {
            keys_of(all, &parts.0, keys);
            keys_of(all, &parts.2, keys);
        }
        Expr::Local(name) => {
            // As it was given its name; of names given to names only the last step is followed.
            let given = all.iter().filter_map(|step| match step {
                Step::Assign(given, value @ Expr::Map(_)) if given == name => Some(value),
                _ => None,
            });
            given.for_each(|value| keys_of(all, value, keys));
        }
        _ => {}
    }
}

/// A run: what may be looked at, names given on the way, messages so far.
struct State<'a> {
    cx: &'a Facts,
    locals: HashMap<String, Value>,
    messages: Vec<String>,
    /// For what is given a name, and for messages.
    room: Room,
}

impl State<'_> {
    fn run(&mut self, steps: &[Step]) -> Result<Option<Value>, SimpleError> {
        for step in steps {
            match step {
                Step::Assign(name, value) => {
                    let value = self.room.take(bounded(value.eval(self)?)?)?;
                    self.locals.insert(name.clone(), value);
                }
                Step::Message(text) => {
                    let text = self.room.take(bounded(text.eval(self)?)?)?;
                    self.messages.push(text_of(&text));
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

/// Values made of values grow fast: each is counted when it is made.
const LARGEST: usize = 100_000;

/// What is left of it for the parts of one value.
struct Room(usize);

impl Room {
    fn new() -> Room {
        Room(LARGEST)
    }

    fn take(&mut self, value: Value) -> Result<Value, SimpleError> {
        match self.0.checked_sub(size(&value)) {
            Some(left) => {
                self.0 = left;
                Ok(value)
            }
            None => fail(TOO_LARGE),
        }
    }
}

const TOO_LARGE: &str = "A value is too large.";

fn bounded(value: Value) -> Result<Value, SimpleError> {
    if size(&value) > LARGEST { fail(TOO_LARGE) } else { Ok(value) }
}

/// `and` and `or`: the first part whose truth is `wanted`, else the last one.
fn decides(parts: &[Expr], state: &State<'_>, wanted: bool) -> Result<Value, SimpleError> {
    let mut value = Value::Null;
    for part in parts {
        value = part.eval(state)?;
        if truth(&value) == wanted {
            break;
        }
    }
    Ok(value)
}

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
            Expr::List(items) => {
                let (mut list, mut room) = (Vec::new(), Room::new());
                for item in items {
                    list.push(room.take(item.eval(state)?)?);
                }
                Value::Array(list)
            }
            Expr::Map(pairs) => {
                let (mut map, mut room) = (Map::new(), Room::new());
                for (key, value) in pairs {
                    let value = room.take(value.eval(state)?)?;
                    map.insert(text_of(&room.take(key.eval(state)?)?), value);
                }
                Value::Object(map)
            }
            Expr::User => cx.user.as_ref().map_or_else(anonymous, Subject::to_json),
            Expr::Context => Value::Object(cx.context.clone()),
            Expr::Provider => Value::Null,
            Expr::GroupNames => {
                cx.user.as_ref().map(|user| user.direct_groups()).unwrap_or_default().into()
            }
            Expr::Entitlements => cx.entitlements.clone().into(),
            Expr::Local(name) => state
                .locals
                .get(name)
                .cloned()
                .map_or_else(|| fail(format!("'{name}' has no value here.")), Ok)?,
            Expr::GroupAttributes => {
                let base = cx.brand_attributes.clone();
                Value::Object(
                    cx.user
                        .as_ref()
                        .map_or_else(|| base.clone(), |user| user.merged_attributes(&base)),
                )
            }
            Expr::Field(of, name) => match of.eval(state)? {
                Value::Object(map) if map.contains_key(name) => {
                    map.get(name).cloned().unwrap_or(Value::Null)
                }
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
                let arguments =
                    arguments.iter().map(|a| a.eval(state)).collect::<Result<Vec<_>, _>>()?;
                bounded(method(&of.eval(state)?, name, &arguments)?)?
            }
            Expr::Member(name) => {
                let name = text_of(&name.eval(state)?);
                cx.user
                    .as_ref()
                    .is_some_and(|user| user.groups.iter().any(|group| group.name == name))
                    .into()
            }
            Expr::DirectMember(name) => {
                let name = text_of(&name.eval(state)?);
                cx.user
                    .as_ref()
                    .is_some_and(|user| user.direct_groups().contains(&name.as_str()))
                    .into()
            }
            Expr::Matches(value, pattern) => {
                let pattern = pattern_of(&text_of(&pattern.eval(state)?))?;
                pattern.is_match(&text_of(&value.eval(state)?)).into()
            }
            Expr::Sum(parts) => {
                let mut sum = None;
                for part in parts {
                    let value = part.eval(state)?;
                    sum = Some(match sum {
                        Some(sum) => bounded(add(sum, value)?)?,
                        None => value,
                    });
                }
                sum.unwrap_or_default()
            }
            Expr::Text(value) => text_of(&value.eval(state)?).into(),
            Expr::Length(value) => match value.eval(state)? {
                Value::String(text) => text.chars().count().into(),
                Value::Array(list) => list.len().into(),
                Value::Object(map) => map.len().into(),
                _ => return fail("'len' needs a text, a list or a map."),
            },
            Expr::Truth(value) => truth(&value.eval(state)?).into(),
            Expr::Joined(parts) => {
                let (mut text, mut room) = (String::new(), Room::new());
                for part in parts {
                    text.push_str(&text_of(&room.take(part.eval(state)?)?));
                }
                text.into()
            }
            Expr::Not(value) => (!truth(&value.eval(state)?)).into(),
            // The first that decides; the last one otherwise.
            Expr::All(parts) => decides(parts, state, false)?,
            Expr::Any(parts) => decides(parts, state, true)?,
            Expr::Equal(a, b) => (a.eval(state)? == b.eval(state)?).into(),
            Expr::In(a, b) => contains(&b.eval(state)?, &a.eval(state)?)?.into(),
            Expr::Choose(parts) => {
                let (then, condition, otherwise) = &**parts;
                if truth(&condition.eval(state)?) {
                    then.eval(state)?
                } else {
                    otherwise.eval(state)?
                }
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
            (Some(a), Some(b)) => a
                .checked_add(b)
                .map_or_else(|| fail("A number is too large."), |sum| Ok(sum.into()))?,
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
        (Value::Array(list), Value::Number(number)) => {
            position(number, list.len()).and_then(|at| list.get(at).cloned())
        }
        _ => None,
    };
    found.map_or_else(|| fail(format!("There is nothing at {}.", text_of(key))), Ok)
}

fn position(number: &Number, length: usize) -> Option<usize> {
    let at = number.as_i64()?;
    if at < 0 {
        length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
    } else {
        usize::try_from(at).ok()
    }
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
        let (from, to) = (text_of(from), text_of(to));
        // Before it is made: one call could make ten thousand million letters.
        let made = text.matches(&from).count().saturating_mul(to.len()).saturating_add(text.len());
        return if made > LARGEST { fail(TOO_LARGE) } else { Ok(text.replace(&from, &to).into()) };
    }
    if let (Value::String(text), "join", [Value::Array(list)]) = (of, name, arguments) {
        let made =
            list.len().saturating_mul(text.len()).saturating_add(list.iter().map(size).sum());
        return if made > LARGEST {
            fail(TOO_LARGE)
        } else {
            Ok(list.iter().map(text_of).collect::<Vec<_>>().join(text).into())
        };
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
        let mut user = Subject {
            username: "uma".into(),
            name: "Uma Martin".into(),
            email: "uma@example.org".into(),
            ..Subject::default()
        };
        user.attributes.insert("team".into(), json!("blue"));
        user.groups.push(GroupView { name: "Finance".into(), direct: true, ..Default::default() });
        let mut context = Map::new();
        context.insert("prompt_data".into(), json!({"username": "uma"}));
        parse(source)?.run(&Facts {
            user: Some(user),
            context,
            entitlements: vec!["reader".to_owned()],
            ..Default::default()
        })
    }

    #[test]
    fn simple_texts_give_their_value() {
        for (source, expected) in [
            ("return True", json!(true)),
            ("return {}", json!({})),
            (
                "return {'a': [1, -2.5, None], \"b\": 'x\\'y',}",
                json!({"a": [1, -2.5, null], "b": "x'y"}),
            ),
            ("return request.user.name.split(' ')[0]", json!("Uma")),
            ("return request.user.name.split(\" \")[-1]", json!("Martin")),
            ("return user.attributes.get(\"team\", \"\")", json!("blue")),
            ("return request.user.attributes.get('none')", json!(null)),
            (
                "return ak_is_group_member(request.user, name=\"Finance\") and not user.is_superuser",
                json!(true),
            ),
            (
                "return ak_is_group_member(request.user, name=\"Other\") or 'fallback'",
                json!("fallback"),
            ),
            (
                "return {\"groups\": [group.name for group in request.user.ak_groups.all()]}",
                json!({"groups": ["Finance"]}),
            ),
            ("return request.user.username == 'uma'", json!(true)),
            ("return request.user.username != 'uma'", json!(false)),
            ("return 'username' not in context.get('prompt_data', {})", json!(false)),
            ("return 'x' if user.email.endswith('@example.org') else 'y'", json!("x")),
            ("if user.username == 'root':\n    return False\nreturn True", json!(true)),
            ("return context['prompt_data']['username'].upper()", json!("UMA")),
            (
                "user = request.user\nreturn {\"a\": user.name, \"g\": [g.name for g in user.ak_groups.all()]}",
                json!({"a": "Uma Martin", "g": ["Finance"]}),
            ),
            (
                "names = request.user.name.split(' ')\nreturn {'given_name': names[0], 'family_name': names[-1]}",
                json!({"given_name": "Uma", "family_name": "Martin"}),
            ),
            ("return f\"{request.user.username}@{'x' + 'y'} {{}}\"", json!("uma@xy {}")),
            ("return regex_match(request.user.email, r'^[a-z]+@example\\.org$')", json!(true)),
            ("return getattr(request.user, 'name', '') + '!'", json!("Uma Martin!")),
            ("return request.user.ak_groups.filter(name='Finance').exists()", json!(true)),
            (
                "return [e.name for e in request.user.app_entitlements(provider.application)]",
                json!(["reader"]),
            ),
            (
                "if user.username == 'x':\n    return 1\nelif user.username == 'uma':\n    return 2\nelse:\n    return 3",
                json!(2),
            ),
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
        assert_eq!(
            run("ak_message(\"Go away\")\nak_message('second')\nreturn False").unwrap().1,
            ["Go away", "second"]
        );
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

    /// Lists of alternatives may be long; whatever is read in a loop makes the tree no deeper, or
    /// is refused.
    #[test]
    fn m2_long_chains_do_not_end_the_process() {
        let many = |part: &str, between: &str| format!("return {}", vec![part; 2000].join(between));
        assert_eq!(run(&many("1", "+")).map(|(value, _)| value), Ok(json!(2000)));
        assert_eq!(run(&many("''", " or ")).map(|(value, _)| value), Ok(json!("")));
        assert_eq!(run(&many("1", " and ")).map(|(value, _)| value), Ok(json!(1)));
        assert_eq!(
            run(&format!("return {}", vec!["user.email == 'a'"; 500].join(" or ")))
                .map(|(value, _)| value),
            Ok(json!(false))
        );
        for chain in [
            format!("return 'a'{}", ".lower()".repeat(1000)),
            format!("return {{}}{}", "['a']".repeat(1000)),
            format!("return user.attributes{}", ".get('a', {})".repeat(1000)),
            // Each level with a chain of its own.
            format!("return {}'a'{}", "(".repeat(30), ".lower().lower().lower())".repeat(30)),
            format!("return {}1{}", "(1 or 1 and not 1 == 1 + ".repeat(30), ")".repeat(30)),
            format!("return f\"{{'a'{}}}\"", ".lower()".repeat(1000)),
        ] {
            assert_eq!(
                parse(&chain).unwrap_err().to_string(),
                "The text is nested too deeply.",
                "{chain}"
            );
        }
        // What people write is far from that.
        assert!(run("return user.name.strip().lower().replace(' ', '.').split('.')[0].upper() + '@' + user.email.split('@')[-1]").is_ok());
    }

    #[test]
    fn l16_no_step_makes_more_than_a_value_may_hold() {
        let grown: String = ".replace('a', 'aaaaaaaaaa')".repeat(7);
        for source in [
            format!("return 'a'{grown}"),
            format!("x = 'a'{}\nreturn x.replace('a', x)", ".replace('a', 'aaaaaaaaaa')".repeat(4)),
            format!(
                "x = 'a'{}\nreturn x.join(x.split('a'))",
                ".replace('a', 'aaaaaaaaaa')".repeat(4)
            ),
            format!(
                "x = 'a'{}\nreturn [{}]",
                ".replace('a', 'aaaaaaaaaa')".repeat(4),
                "x,".repeat(2000)
            ),
            format!(
                "x = 'a'{}\nreturn f\"{}\"",
                ".replace('a', 'aaaaaaaaaa')".repeat(4),
                "{x}".repeat(2000)
            ),
            format!(
                "x = 'a'{}\n{}return 1",
                ".replace('a', 'aaaaaaaaaa')".repeat(4),
                (0..1000).map(|n| format!("y{n} = x\n")).collect::<String>()
            ),
            format!(
                "x = 'a'{}\n{}return 1",
                ".replace('a', 'aaaaaaaaaa')".repeat(4),
                "ak_message(x)\n".repeat(900)
            ),
        ] {
            assert_eq!(
                run(&source).unwrap_err().to_string(),
                TOO_LARGE,
                "{}",
                &source[..60.min(source.len())]
            );
        }
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
                let _ = program.run(&Facts::default());
            }
        }
    }
}
