//! Words into statements. Recursive descent with a bound on depth.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::token::{Token, tokens};
use super::{Expr, Program, SimpleError, Step, fail};

/// Of the tree, from its root to the end of its longest branch: it is evaluated, copied and dropped
/// by recursion.
const DEEPEST: usize = 60;
const LONGEST: usize = 16 * 1024;
const USER_FIELDS: [&str; 14] = [
    "pk",
    "id",
    "uuid",
    "uid",
    "username",
    "name",
    "email",
    "is_active",
    "is_superuser",
    "is_authenticated",
    "is_anonymous",
    "type",
    "path",
    "attributes",
];
const METHODS: [&str; 10] = [
    "lower",
    "upper",
    "strip",
    "startswith",
    "endswith",
    "split",
    "replace",
    "join",
    "keys",
    "values",
];
/// Names that mean something already.
const RESERVED: [&str; 12] = [
    "request",
    "context",
    "provider",
    "True",
    "False",
    "None",
    "if",
    "return",
    "ak_message",
    "not",
    "and",
    "or",
];

/// # Errors
/// The first thing that is not understood.
pub fn parse(source: &str) -> Result<Program, SimpleError> {
    if source.len() > LONGEST {
        return fail("The text is too long.");
    }
    let mut reader =
        Reader { tokens: tokens(source)?, at: 0, depth: 0, height: 0, names: HashMap::new() };
    let indent = match reader.peek() {
        Some(Token::Line(indent)) => *indent,
        _ => 0,
    };
    let steps = reader.block(indent)?;
    match reader.peek() {
        None if !steps.is_empty() => Ok(Program { steps }),
        None => fail("There is no statement."),
        Some(_) => fail("The indentation is not understood."),
    }
}

/// A value of a map by its key.
fn part_of(map: Expr, key: &str) -> Expr {
    Expr::Index(Box::new(map), Box::new(Expr::Literal(key.into())))
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    /// How deep the reading is nested.
    depth: usize,
    /// How high the tree is that was read last, within the innermost [`Reader::apart`].
    height: usize,
    /// Names given so far; `Some` for another word for the user, the context or the provider.
    names: HashMap<String, Option<Expr>>,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if found == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), SimpleError> {
        if self.sign(sign) {
            Ok(())
        } else {
            fail(format!("'{sign}' is missing {}.", self.place()))
        }
    }

    fn name(&mut self) -> Result<String, SimpleError> {
        match self.take() {
            Some(Token::Name(name)) => Ok(name),
            _ => fail("A name is missing."),
        }
    }

    fn place(&self) -> String {
        match self.peek() {
            Some(Token::Name(name)) => format!("before '{name}'"),
            Some(Token::Sign(sign)) => format!("before '{sign}'"),
            Some(Token::Text(_) | Token::Pattern(_) | Token::Int(_) | Token::Float(_)) => {
                "before a value".to_owned()
            }
            Some(Token::Line(_)) | None => "at the end of the line".to_owned(),
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SimpleError>,
    ) -> Result<T, SimpleError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return fail("The text is nested too deeply.");
        }
        let value = self.apart(|reader| {
            let value = read(reader)?;
            reader.grow()?;
            Ok(value)
        });
        self.depth -= 1;
        value
    }

    /// Reads a value beside others: of several, the highest counts.
    fn apart<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SimpleError>,
    ) -> Result<T, SimpleError> {
        let beside = std::mem::take(&mut self.height);
        let value = read(self)?;
        self.height = self.height.max(beside);
        Ok(value)
    }

    /// The tree becomes a node higher: chains as `.lower().lower()` are read in a loop, and are as
    /// deep as they are long.
    fn grow(&mut self) -> Result<(), SimpleError> {
        self.height += 1;
        if self.height > DEEPEST { fail("The text is nested too deeply.") } else { Ok(()) }
    }

    /// All lines with this indentation.
    fn block(&mut self, indent: usize) -> Result<Vec<Step>, SimpleError> {
        let mut steps = Vec::new();
        while self.peek() == Some(&Token::Line(indent)) {
            self.at += 1;
            // An empty line at the very end.
            if self.peek().is_none() {
                break;
            }
            steps.push(self.step(indent)?);
            if !matches!(self.peek(), None | Some(Token::Line(_))) {
                return fail(format!("Something is not understood {}.", self.place()));
            }
        }
        Ok(steps)
    }

    fn step(&mut self, indent: usize) -> Result<Step, SimpleError> {
        if self.word("return") {
            let bare = matches!(self.peek(), None | Some(Token::Line(_)));
            return if bare {
                Ok(Step::Return(Expr::Literal(Value::Null)))
            } else {
                self.expr().map(Step::Return)
            };
        }
        if self.word("ak_message") {
            self.expect("(")?;
            let text = self.expr()?;
            self.expect(")")?;
            return Ok(Step::Message(text));
        }
        if self.word("if") {
            let condition = self.expr()?;
            self.expect(":")?;
            let inner = match self.peek() {
                Some(Token::Line(inner)) if *inner > indent => *inner,
                _ => return fail("The lines after 'if' must be indented."),
            };
            let then = self.deeper(|reader| reader.block(inner))?;
            let otherwise = self.otherwise(indent)?;
            return Ok(Step::If(condition, then, otherwise));
        }
        if let (Some(Token::Name(name)), Some(Token::Sign("="))) =
            (self.tokens.get(self.at).cloned(), self.tokens.get(self.at + 1))
        {
            self.at += 2;
            return self.assign(name);
        }
        match self.peek() {
            Some(Token::Name(name)) => {
                fail(format!("A line that begins with '{name}' is not understood."))
            }
            _ => fail("A line is not understood."),
        }
    }

    /// `elif` and `else`, where they follow.
    fn otherwise(&mut self, indent: usize) -> Result<Vec<Step>, SimpleError> {
        if self.peek() != Some(&Token::Line(indent)) {
            return Ok(Vec::new());
        }
        let start = self.at;
        self.at += 1;
        if self.word("elif") {
            // An `elif` is an `if` in the other branch.
            self.at -= 1;
            if let Some(slot) = self.tokens.get_mut(self.at) {
                *slot = Token::Name("if".to_owned());
            }
            return self.deeper(|reader| reader.step(indent)).map(|step| vec![step]);
        }
        if self.word("else") {
            self.expect(":")?;
            return match self.peek() {
                Some(Token::Line(inner)) if *inner > indent => {
                    let inner = *inner;
                    self.deeper(|reader| reader.block(inner))
                }
                _ => fail("The lines after 'else' must be indented."),
            };
        }
        self.at = start;
        Ok(Vec::new())
    }

    fn assign(&mut self, name: String) -> Result<Step, SimpleError> {
        if RESERVED.contains(&name.as_str()) {
            return fail(format!("'{name}' cannot be given another meaning."));
        }
        let value = self.expr()?;
        let other_word =
            matches!(value, Expr::User | Expr::Context | Expr::Provider).then(|| value.clone());
        self.names.insert(name.clone(), other_word);
        Ok(Step::Assign(name, value))
    }

    fn expr(&mut self) -> Result<Expr, SimpleError> {
        self.deeper(|reader| {
            let value = reader.any()?;
            if !reader.word("if") {
                return Ok(value);
            }
            let condition = reader.any()?;
            if !reader.word("else") {
                return fail("'else' is missing.");
            }
            let otherwise = reader.expr()?;
            Ok(Expr::Choose(Box::new((value, condition, otherwise))))
        })
    }

    fn any(&mut self) -> Result<Expr, SimpleError> {
        self.chain("or", Reader::all, Expr::Any)
    }

    fn all(&mut self) -> Result<Expr, SimpleError> {
        self.chain("and", Reader::not, Expr::All)
    }

    /// Values with the same word between them, as one flat list.
    fn chain(
        &mut self,
        between: &str,
        part: fn(&mut Reader) -> Result<Expr, SimpleError>,
        whole: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, SimpleError> {
        self.apart(|reader| {
            let first = part(reader)?;
            let mut parts = vec![first];
            while reader.word(between) || reader.sign(between) {
                parts.push(part(reader)?);
            }
            match (parts.pop(), parts.is_empty()) {
                (Some(only), true) => Ok(only),
                (last, _) => {
                    reader.grow()?;
                    parts.extend(last);
                    Ok(whole(parts))
                }
            }
        })
    }

    fn not(&mut self) -> Result<Expr, SimpleError> {
        if self.word("not") {
            return self.deeper(|reader| reader.not().map(|value| Expr::Not(Box::new(value))));
        }
        self.apart(|reader| {
            let value = reader.comparison()?;
            reader.grow()?;
            Ok(value)
        })
    }

    fn comparison(&mut self) -> Result<Expr, SimpleError> {
        let value = self.sum()?;
        let compared = |a, b| (Box::new(a), Box::new(b));
        if self.sign("==") {
            let (a, b) = compared(value, self.sum()?);
            return Ok(Expr::Equal(a, b));
        }
        if self.sign("!=") {
            let (a, b) = compared(value, self.sum()?);
            return Ok(Expr::Not(Box::new(Expr::Equal(a, b))));
        }
        if self.word("in") {
            let (a, b) = compared(value, self.sum()?);
            return Ok(Expr::In(a, b));
        }
        if self.word("not") {
            if !self.word("in") {
                return fail("'in' is missing after 'not'.");
            }
            let (a, b) = compared(value, self.sum()?);
            return Ok(Expr::Not(Box::new(Expr::In(a, b))));
        }
        Ok(value)
    }

    fn sum(&mut self) -> Result<Expr, SimpleError> {
        self.chain("+", Reader::value, Expr::Sum)
    }

    fn value(&mut self) -> Result<Expr, SimpleError> {
        self.apart(Reader::links)
    }

    fn links(&mut self) -> Result<Expr, SimpleError> {
        let mut value = self.start()?;
        loop {
            if matches!(self.peek(), Some(Token::Sign("[" | "."))) {
                self.grow()?;
            }
            if self.sign("[") {
                let key = self.expr()?;
                self.expect("]")?;
                value = Expr::Index(Box::new(value), Box::new(key));
            } else if self.sign(".") {
                value = self.attribute(value)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn attribute(&mut self, of: Expr) -> Result<Expr, SimpleError> {
        let name = self.name()?;
        if name == "get" && self.sign("(") {
            let key = self.expr()?;
            let default = if self.sign(",") { Some(Box::new(self.expr()?)) } else { None };
            self.expect(")")?;
            return Ok(Expr::Get(Box::new(of), Box::new(key), default));
        }
        if let Some(method) = METHODS.iter().find(|method| **method == name)
            && self.sign("(")
        {
            let mut arguments = Vec::new();
            while !self.sign(")") {
                arguments.push(self.expr()?);
                if !self.sign(",") {
                    self.expect(")")?;
                    break;
                }
            }
            return Ok(Expr::Method(Box::new(of), method, arguments));
        }
        if matches!(of, Expr::User) {
            if name == "ak_groups" {
                return self.direct_member();
            }
            if name == "group_attributes" {
                self.expect("(")?;
                if !self.sign(")") {
                    self.expr()?;
                    self.expect(")")?;
                }
                return Ok(Expr::GroupAttributes);
            }
            if !USER_FIELDS.contains(&name.as_str()) {
                return fail(format!("'{name}' of a user is not understood."));
            }
            return Ok(Expr::Field(Box::new(of), name));
        }
        if matches!(of, Expr::Provider) && !name.starts_with('_') {
            return Ok(Expr::Field(Box::new(of), name));
        }
        fail(format!("'.{name}' is not understood here."))
    }

    /// `.filter(name=..).exists()` of the user's groups.
    fn direct_member(&mut self) -> Result<Expr, SimpleError> {
        let known = self.sign(".")
            && self.word("filter")
            && self.sign("(")
            && self.word("name")
            && self.sign("=");
        if !known {
            return fail(
                "'ak_groups' is understood with .filter(name=..).exists() or in a list of names only.",
            );
        }
        let name = self.expr()?;
        self.expect(")")?;
        if !(self.sign(".") && self.word("exists") && self.sign("(") && self.sign(")")) {
            return fail("'ak_groups.filter' is understood with .exists() only.");
        }
        Ok(Expr::DirectMember(Box::new(name)))
    }

    /// The one value a function takes.
    fn argument(&mut self) -> Result<Box<Expr>, SimpleError> {
        self.expect("(")?;
        let value = self.expr()?;
        self.expect(")")?;
        Ok(Box::new(value))
    }

    fn pattern(&mut self, pieces: &[String]) -> Result<Expr, SimpleError> {
        let mut parts = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            if at % 2 == 0 {
                parts.push(Expr::Literal(piece.clone().into()));
                continue;
            }
            let mut tokens = tokens(piece)?;
            tokens.retain(|token| !matches!(token, Token::Line(_)));
            let mut inner = Reader {
                tokens,
                at: 0,
                depth: self.depth + 1,
                height: 0,
                names: self.names.clone(),
            };
            parts.push(inner.expr()?);
            self.height = self.height.max(inner.height);
            if inner.peek().is_some() {
                return fail(format!("{{{piece}}} in a text is not understood."));
            }
        }
        Ok(Expr::Joined(parts))
    }

    fn start(&mut self) -> Result<Expr, SimpleError> {
        match self.take() {
            Some(Token::Pattern(pieces)) => self.deeper(|reader| reader.pattern(&pieces)),
            Some(Token::Text(text)) => Ok(Expr::Literal(text.into())),
            Some(Token::Int(number)) => Ok(Expr::Literal(number.into())),
            Some(Token::Float(number)) => Ok(Expr::Literal(number.into())),
            Some(Token::Sign("-")) => match self.take() {
                Some(Token::Int(number)) => Ok(Expr::Literal(number.saturating_neg().into())),
                Some(Token::Float(number)) => Ok(Expr::Literal((-number).into())),
                _ => fail("A number is missing after '-'."),
            },
            Some(Token::Sign("(")) => {
                let value = self.expr()?;
                self.expect(")")?;
                Ok(value)
            }
            Some(Token::Sign("[")) => self.list(),
            Some(Token::Sign("{")) => self.map(),
            Some(Token::Name(name)) => self.named(&name),
            _ => fail("A value is missing."),
        }
    }

    fn named(&mut self, name: &str) -> Result<Expr, SimpleError> {
        match self.names.get(name) {
            Some(Some(other_word)) => return Ok(other_word.clone()),
            Some(None) => return Ok(Expr::Local(name.to_owned())),
            None => {}
        }
        Ok(match name {
            "str" => Expr::Text(self.argument()?),
            "len" => Expr::Length(self.argument()?),
            "bool" => Expr::Truth(self.argument()?),
            "regex_match" => {
                self.expect("(")?;
                let value = self.expr()?;
                self.expect(",")?;
                let pattern = self.expr()?;
                self.expect(")")?;
                // A pattern written out is checked when it is saved.
                if let Expr::Literal(Value::String(text)) = &pattern {
                    super::pattern_of(text)?;
                }
                Expr::Matches(Box::new(value), Box::new(pattern))
            }
            "getattr" => {
                self.expect("(")?;
                let of = self.value()?;
                self.expect(",")?;
                let field = match (&of, self.take()) {
                    (Expr::User, Some(Token::Text(field)))
                        if USER_FIELDS.contains(&field.as_str()) =>
                    {
                        field
                    }
                    _ => return fail("getattr is understood for fields of the user only."),
                };
                // The user always has these fields, so the default is read and left.
                if self.sign(",") {
                    self.expr()?;
                }
                self.expect(")")?;
                Expr::Field(Box::new(of), field)
            }
            "True" => Expr::Literal(json!(true)),
            "False" => Expr::Literal(json!(false)),
            "None" => Expr::Literal(Value::Null),
            "user" => Expr::User,
            "context" | "prompt_context" => Expr::Context,
            "provider" => Expr::Provider,
            "notification" => self.notification()?,
            "ak_is_sso_flow" => Expr::Get(
                Box::new(Expr::Context),
                Box::new(Expr::Literal("is_sso".into())),
                Some(Box::new(Expr::Literal(json!(false)))),
            ),
            "request" => {
                self.expect(".")?;
                match self.name()?.as_str() {
                    "user" => Expr::User,
                    "context" => Expr::Context,
                    other => return fail(format!("'request.{other}' is not understood.")),
                }
            }
            "ak_is_group_member" => {
                self.expect("(")?;
                if !matches!(self.value()?, Expr::User) {
                    return fail("ak_is_group_member is understood for request.user only.");
                }
                self.expect(",")?;
                if self.name()? != "name" {
                    return fail("ak_is_group_member is understood with name= only.");
                }
                self.expect("=")?;
                let name = self.expr()?;
                self.expect(")")?;
                Expr::Member(Box::new(name))
            }
            other => return fail(format!("'{other}' is not understood.")),
        })
    }

    /// What a transport of notifications is about: `notification.body`,
    /// `notification.event.action`, `notification.user.email`.
    fn notification(&mut self) -> Result<Expr, SimpleError> {
        let mut value = part_of(Expr::Context, "notification");
        self.expect(".")?;
        let name = self.name()?;
        value = part_of(value, &name);
        let fields: &[&str] = match name.as_str() {
            "body" | "severity" | "created" | "pk" => return Ok(value),
            "event" => &["pk", "action", "app", "context", "client_ip", "created", "user", "brand"],
            "user" => &USER_FIELDS,
            other => return fail(format!("'notification.{other}' is not understood.")),
        };
        if self.sign(".") {
            let field = self.name()?;
            if !fields.contains(&field.as_str()) {
                return fail(format!("'notification.{name}.{field}' is not understood."));
            }
            value = part_of(value, &field);
        }
        Ok(value)
    }

    fn list(&mut self) -> Result<Expr, SimpleError> {
        if let Some(names) = self.group_names() {
            return Ok(names);
        }
        let mut items = Vec::new();
        while !self.sign("]") {
            items.push(self.expr()?);
            if !self.sign(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expr::List(items))
    }

    /// `[group.name for group in request.user.ak_groups.all()]` and the same over entitlements, the
    /// two comprehensions understood.
    fn group_names(&mut self) -> Option<Expr> {
        let from = self.at;
        let mut read = || -> Option<Expr> {
            let one = self.name().ok()?;
            let named = self.sign(".")
                && self.word("name")
                && self.word("for")
                && self.word(&one)
                && self.word("in");
            let word = self.name().ok().filter(|_| named)?;
            if !matches!(self.named(&word).ok()?, Expr::User) || !self.sign(".") {
                return None;
            }
            let found = if self.word("ak_groups") {
                (self.sign(".") && self.word("all") && self.sign("(") && self.sign(")"))
                    .then_some(Expr::GroupNames)
            } else if self.word("app_entitlements") {
                let provider = self.sign("(")
                    && self.word("provider")
                    && self.sign(".")
                    && self.word("application")
                    && self.sign(")");
                provider.then_some(Expr::Entitlements)
            } else {
                None
            };
            found.filter(|_| self.sign("]"))
        };
        let found = read();
        if found.is_none() {
            self.at = from;
        }
        found
    }

    fn map(&mut self) -> Result<Expr, SimpleError> {
        let mut pairs = Vec::new();
        while !self.sign("}") {
            let key = self.expr()?;
            self.expect(":")?;
            pairs.push((key, self.expr()?));
            if !self.sign(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::Map(pairs))
    }
}
