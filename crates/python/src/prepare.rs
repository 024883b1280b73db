//! An expression made into what the interpreter runs: the body of a function whose parameters are
//! the variables, as the original does it. Statements the interpreter does not know are rewritten,
//! imports go to the modules of the prelude, and names that nobody defines are refused.

use std::collections::BTreeSet;

use monty::MontyRun;
use monty_types::CompileOptions;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{CmpOp, Expr, ExprContext, Stmt};
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextRange, TextSize};

/// What every expression finds.
pub(crate) const PRELUDE: &str = include_str!("prelude.py");
/// The function that an expression becomes.
pub(crate) const MAIN: &str = "_ak_main";

/// In bytes.
const LONGEST: usize = 64 * 1024;
/// Brackets within brackets; what people write has a handful.
const DEEPEST: usize = 100;
/// The parser and all that walk its tree call themselves for each level.
const STACK: usize = 256 << 20;

/// Modules of the interpreter that reach nothing outside of it.
const BUILT_IN_MODULES: [&str; 12] = [
    "base64",
    "binascii",
    "collections",
    "dataclasses",
    "datetime",
    "functools",
    "itertools",
    "json",
    "math",
    "re",
    "typing",
    "unicodedata",
];

/// Modules that the prelude makes, with their names.
const MODULES: [(&str, &[&str]); 8] = [
    ("requests", &["get", "post", "put", "patch", "delete", "head", "RequestException"]),
    (
        "authentik.core.models",
        &[
            "User",
            "Group",
            "UserTypes",
            "USER_ATTRIBUTE_CHANGE_EMAIL",
            "USER_ATTRIBUTE_CHANGE_NAME",
            "USER_ATTRIBUTE_CHANGE_USERNAME",
            "USER_ATTRIBUTE_DEBUG",
            "USER_ATTRIBUTE_EXPIRES",
            "USER_ATTRIBUTE_GENERATED",
            "USER_ATTRIBUTE_TOKEN_EXPIRING",
            "USER_PATH_SERVICE_ACCOUNT",
        ],
    ),
    ("authentik.flows.models", &["Flow", "FlowAuthenticationRequirement"]),
    ("authentik.stages.authenticator_webauthn.models", &["WebAuthnDevice"]),
    ("authentik.stages.authenticator_duo.models", &["DuoDevice"]),
    ("authentik.stages.authenticator_totp.models", &["TOTPDevice"]),
    ("authentik.stages.authenticator_static.models", &["StaticDevice"]),
    ("msgraph.generated.models.password_profile", &["PasswordProfile"]),
];

/// Names that mean something without being defined by the expression: of the interpreter, of the
/// prelude.
const KNOWN: &[&str] = &[
    "abs",
    "all",
    "any",
    "bin",
    "bool",
    "bytes",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "sorted",
    "str",
    "sum",
    "tuple",
    "type",
    "zip",
    "None",
    "True",
    "False",
    "Ellipsis",
    "NotImplemented",
    "BaseException",
    "Exception",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "ImportError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "TypeError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "ValueError",
    "ZeroDivisionError",
    "TimeoutError",
    "ak_call_policy",
    "ak_create_event",
    "ak_is_group_member",
    "ak_logger",
    "ak_message",
    "ak_user_by",
    "ak_user_has_authenticator",
    "ip_address",
    "ip_network",
    "list_flatten",
    "regex_match",
    "regex_replace",
    "requests",
    "resolve_dns",
    "reverse_dns",
    "SkipObject",
    "slugify",
];

/// Attributes that lead to queries: only then truth, length and items are asked of the prelude.
const QUERIES: [&str; 7] =
    ["ak_groups", "groups", "all_groups", "objects", "users", "app_entitlements", "filter"];

/// Functions that walk what they are given.
const WALKING: [&str; 17] = [
    "all",
    "any",
    "enumerate",
    "filter",
    "frozenset",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "reversed",
    "set",
    "sorted",
    "sum",
    "tuple",
    "zip",
];

/// Methods by which something that was given may be changed.
const CHANGING: [&str; 13] = [
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} (line {line})")]
pub struct SyntaxError {
    pub line: usize,
    pub text: String,
}

/// An expression that can be run with certain variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The body, not yet within its function.
    body: String,
    /// Before each of its statements.
    indentation: String,
    yields: bool,
    writes: bool,
    names: BTreeSet<String>,
    keys: Vec<String>,
}

impl Prepared {
    /// The program for the interpreter.
    #[must_use]
    pub fn program(&self, variables: &BTreeSet<String>) -> String {
        let parameters: String =
            variables.iter().filter(|name| is_name(name)).map(|name| format!("{name}, ")).collect();
        let close = if self.yields {
            format!("\n{}return _ak_out", self.indentation)
        } else {
            String::new()
        };
        let writes = if self.writes { "True" } else { "False" };
        format!(
            "_ak_out = []\ndef {MAIN}({parameters}**_ak_more):\n{}{close}\n_ak_finish({MAIN}(**_ak_begin(_ak_given)), {writes})\n",
            self.body
        )
    }

    /// Whether it names a variable or an attribute.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The keys of the dictionaries that are written out where it returns.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }
}

/// Lines of the program before the first of the expression.
#[must_use]
pub(crate) fn lines_before() -> usize {
    PRELUDE.lines().count() + 2
}

/// Reads an expression. `variables` are the names that it may be given.
///
/// # Errors
/// What the language, the interpreter or the prelude does not know, with its line.
pub fn prepare(source: &str, variables: &[&str]) -> Result<Prepared, SyntaxError> {
    if source.len() > LONGEST {
        return Err(SyntaxError { line: 1, text: "The expression is too long.".to_owned() });
    }
    if let Some(line) = too_deep(source) {
        return Err(SyntaxError { line, text: "The text is nested too deeply.".to_owned() });
    }
    // A tree may be as deep as its text is long; only here that is not known beforehand.
    let read = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("expression".to_owned()).stack_size(STACK);
        let work = builder.spawn_scoped(scope, || read(source, variables));
        work.ok().and_then(|work| work.join().ok())
    });
    read.unwrap_or_else(|| {
        Err(SyntaxError { line: 1, text: "The expression can't be read.".to_owned() })
    })
}

/// The line where brackets are within more others than anybody writes.
fn too_deep(source: &str) -> Option<usize> {
    let (mut depth, mut line) = (0_usize, 1);
    for letter in source.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '\n' => line += 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Some(line);
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

const HEADER: &str = "def _ak_main():\n";

fn read(source: &str, variables: &[&str]) -> Result<Prepared, SyntaxError> {
    // Lines are moved to the right, so that the text is the body of a function; the interpreter's
    // own parser takes no `return` outside of one.
    let body: String = source
        .replace("\r\n", "\n")
        .split('\n')
        .map(|line| if line.trim().is_empty() { "\n".to_owned() } else { format!("    {line}\n") })
        .collect();
    let text = format!("{HEADER}{body}");
    let line_of = |at: TextSize| {
        let before = text.get(..at.to_usize()).unwrap_or(&text);
        before.matches('\n').count().max(1)
    };
    let parsed = parse_module(&text).map_err(|error| SyntaxError {
        line: line_of(error.location.start()),
        text: format!("Expression Syntax Error: {}", error.error),
    })?;
    let mut walk = Walk { text: &text, ..Walk::default() };
    let Some(Stmt::FunctionDef(main)) = parsed.syntax().body.first() else {
        return Err(SyntaxError { line: 1, text: "There is no statement.".to_owned() });
    };
    if parsed.syntax().body.len() > 1 {
        let at = parsed.syntax().body.get(1).map_or_else(TextSize::default, Ranged::start);
        let text = "Expression Syntax Error: unexpected indentation".to_owned();
        return Err(SyntaxError { line: line_of(at), text });
    }
    for statement in &main.body {
        walk.visit_stmt(statement);
    }
    if let Some((at, text)) = walk.refused.into_iter().min_by_key(|(at, _)| *at) {
        return Err(SyntaxError { line: line_of(at), text });
    }
    let unknown = walk.loads.iter().find(|(name, _)| {
        !walk.bound.contains(name)
            && !KNOWN.contains(&name.as_str())
            && !variables.contains(&name.as_str())
    });
    if let Some((name, at)) = unknown {
        let text = format!("name '{name}' is not defined");
        return Err(SyntaxError { line: line_of(*at), text });
    }
    let mut edits = walk.edits;
    let networks = walk.loads.iter().any(|(name, _)| name == "ip_network");
    if walk.queries {
        edits.extend(walk.asks);
    }
    if walk.queries || networks {
        edits.extend(walk.contains);
    }
    if walk.yields {
        edits.extend(walk.returns);
    }
    // From the end: what is inside another comes first, and places stay where they are.
    edits.sort_by_key(|edit| (std::cmp::Reverse(edit.at), std::cmp::Reverse(edit.order)));
    let mut text_out = text.clone();
    for edit in &edits {
        let range = edit.at.to_usize()..edit.at.to_usize() + edit.length;
        text_out.replace_range(range, &edit.with);
    }
    let mut keys: Vec<String> = Vec::new();
    for key in walk.keys {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let first = main.body.first().map_or(0, |statement| statement.start().to_usize());
    let line = text.get(..first).and_then(|before| before.rsplit('\n').next());
    let prepared = Prepared {
        indentation: line.unwrap_or("    ").to_owned(),
        body: text_out.strip_prefix(HEADER).unwrap_or(&text_out).trim_end().to_owned(),
        yields: walk.yields,
        writes: walk.writes,
        names: walk.loads.into_iter().map(|(name, _)| name).chain(walk.mentions).collect(),
        keys,
    };
    let names = variables.iter().map(|name| (*name).to_owned()).collect();
    compile(&prepared.program(&names))?;
    Ok(prepared)
}

/// The interpreter's program: the prelude, then the expression.
pub(crate) fn compile(program: &str) -> Result<MontyRun, SyntaxError> {
    let whole = format!("{PRELUDE}{program}");
    let inputs = vec!["_ak_given".to_owned(), "_ak_ask".to_owned(), "_ak_local".to_owned()];
    MontyRun::new(whole, "expression", inputs, CompileOptions::default()).map_err(|error| {
        let line = error.traceback().last().map_or(0, |frame| frame.start.line as usize);
        let text = match error.message() {
            Some(message) => message
                .replace("The monty syntax parser does not yet support", "This language has no"),
            None => error.summary(),
        };
        SyntaxError { line: line.saturating_sub(lines_before()).max(1), text }
    })
}

/// A place where the text becomes another.
struct Edit {
    at: TextSize,
    length: usize,
    with: String,
    order: usize,
}

fn insert(at: TextSize, with: &str) -> Edit {
    Edit { at, length: 0, with: with.to_owned(), order: 0 }
}

#[derive(Default)]
struct Walk<'t> {
    text: &'t str,
    bound: BTreeSet<String>,
    mentions: BTreeSet<String>,
    loads: Vec<(String, TextSize)>,
    edits: Vec<Edit>,
    /// Where truth, length or items are asked of what may be a query.
    asks: Vec<Edit>,
    /// Where it is asked whether something is in a query or a network.
    contains: Vec<Edit>,
    /// What is returned where something is yielded.
    returns: Vec<Edit>,
    refused: Vec<(TextSize, String)>,
    keys: Vec<String>,
    queries: bool,
    yields: bool,
    writes: bool,
    /// Within how many functions of the expression's own.
    inside: usize,
    order: usize,
}

impl Walk<'_> {
    fn slice(&self, range: TextRange) -> &str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    fn refuse(&mut self, at: &impl Ranged, what: &str) {
        self.refused.push((at.start(), format!("{what} can't be used in expressions.")));
    }

    fn replace(&mut self, range: TextRange, with: String) {
        self.order += 1;
        let (at, length) = (range.start(), range.len().to_usize());
        self.edits.push(Edit { at, length, with, order: self.order });
    }

    fn wrap(&mut self, expression: &Expr, function: &str) {
        self.order += 2;
        let (start, end) = (expression.start(), expression.end());
        let (with, order) = (format!("{function}("), self.order);
        self.asks.push(Edit { at: start, length: 0, with, order });
        // Ends of what is inside come first at the same place.
        self.asks.push(Edit {
            at: end,
            length: 0,
            with: ")".to_owned(),
            order: usize::MAX - order,
        });
    }

    fn bind(&mut self, name: &str) {
        self.bound.insert(name.to_owned());
    }

    /// `yield x` gives a list in the end: every reader of a generator makes one of it.
    fn yielded(&mut self, statement: &Stmt, method: &str) {
        if self.inside > 0 {
            return self.refuse(statement, "yield within a function");
        }
        self.yields = true;
        let Stmt::Expr(expression) = statement else { return };
        let inner = match &*expression.value {
            Expr::Yield(inner) => inner.value.as_deref(),
            Expr::YieldFrom(inner) => Some(&*inner.value),
            _ => None,
        };
        let whole = expression.value.range();
        match inner {
            Some(inner) => {
                let head = TextRange::new(whole.start(), inner.start());
                // Parentheses before the value belong to the head.
                let text = self.slice(head).to_owned();
                let kept: String = text.chars().filter(|letter| *letter == '(').collect();
                self.replace(head, format!("_ak_out.{method}({kept}"));
                self.order += 1;
                let order = self.order;
                self.edits.push(Edit { at: whole.end(), length: 0, with: ")".to_owned(), order });
                self.visit_expr(inner);
            }
            None => self.replace(whole, "_ak_out.append(None)".to_owned()),
        }
    }

    fn import(&mut self, statement: &Stmt) {
        let mut written = Vec::new();
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    let name = alias.asname.as_ref().map_or(module, |name| name.as_str());
                    self.bind(name.split('.').next().unwrap_or(name));
                    if BUILT_IN_MODULES.contains(&module) {
                        written.push(match &alias.asname {
                            Some(name) => format!("import {module} as {}", name.as_str()),
                            None => format!("import {module}"),
                        });
                    } else if module == "requests" {
                        written.push(format!("{name} = _ak_modules[\"requests\"][\"\"]"));
                    } else {
                        self.refused.push((import.start(), no_module(module)));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let known = MODULES.iter().find(|(name, _)| *name == module);
                for alias in &import.names {
                    let (name, local) = (
                        alias.name.as_str(),
                        alias.asname.as_ref().map_or(alias.name.as_str(), |name| name.as_str()),
                    );
                    self.bind(local);
                    if BUILT_IN_MODULES.contains(&module) {
                        written.push(format!("from {module} import {name} as {local}"));
                        continue;
                    }
                    match known {
                        Some((_, names)) if !names.contains(&name) => self.refused.push((
                            import.start(),
                            format!("cannot import name '{name}' from '{module}'"),
                        )),
                        Some(("requests", _)) => {
                            written
                                .push(format!("{local} = _ak_modules[\"requests\"][\"\"].{name}"));
                        }
                        Some((module, _)) => {
                            written
                                .push(format!("{local} = _ak_modules[\"{module}\"][\"{name}\"]"));
                        }
                        None => self.refused.push((import.start(), no_module(module))),
                    }
                }
            }
            _ => {}
        }
        // In one line with as many after it as the text had, so that lines stay what they are.
        let lines = self.slice(statement.range()).matches('\n').count();
        self.replace(statement.range(), written.join("; ") + &"\n".repeat(lines));
    }

    fn deleted(&mut self, statement: &Stmt) {
        let Stmt::Delete(delete) = statement else { return };
        let mut written = Vec::new();
        for target in &delete.targets {
            match target {
                Expr::Subscript(item) if !matches!(&*item.slice, Expr::Slice(_)) => {
                    self.writes = true;
                    written.push(format!(
                        "{}.pop({})",
                        self.slice(item.value.range()),
                        self.slice(item.slice.range())
                    ));
                    // What is inside is copied as it is, so names in it are only noted.
                    let edits = self.edits.len();
                    let asks = self.asks.len();
                    self.visit_expr(&item.value);
                    self.visit_expr(&item.slice);
                    self.edits.truncate(edits);
                    self.asks.truncate(asks);
                }
                Expr::Name(name) => written.push(format!("{} = None", name.id)),
                other => self.refuse(other, "del of this"),
            }
        }
        self.replace(delete.range(), written.join("; "));
    }

    fn keys_of(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    if let Some(Expr::StringLiteral(key)) = &item.key {
                        self.keys.push(key.value.to_str().to_owned());
                    }
                }
            }
            Expr::If(choice) => {
                self.keys_of(&choice.body);
                self.keys_of(&choice.orelse);
            }
            _ => {}
        }
    }
}

fn no_module(module: &str) -> String {
    format!(
        "No module named '{module}': expressions can import {} and the names of authentik that docs/expressions.md lists",
        BUILT_IN_MODULES.join(", ")
    )
}

impl<'a> Visitor<'a> for Walk<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => return self.import(statement),
            Stmt::Delete(_) => return self.deleted(statement),
            Stmt::Expr(expression) => match &*expression.value {
                Expr::Yield(_) => return self.yielded(statement, "append"),
                Expr::YieldFrom(_) => return self.yielded(statement, "extend"),
                _ => {}
            },
            Stmt::FunctionDef(function) => {
                self.bind(function.name.as_str());
                if function.is_async {
                    return self.refuse(function, "async");
                }
                if !function.decorator_list.is_empty() {
                    return self.refuse(function, "A decorator");
                }
                self.inside += 1;
                visitor::walk_stmt(self, statement);
                self.inside -= 1;
                return;
            }
            Stmt::ClassDef(class) => return self.refuse(class, "A class"),
            Stmt::Match(matching) => return self.refuse(matching, "match"),
            Stmt::Global(global) => return self.refuse(global, "global"),
            Stmt::TypeAlias(alias) => return self.refuse(alias, "A type alias"),
            Stmt::For(each) if each.is_async => return self.refuse(each, "async"),
            Stmt::With(with) => return self.refuse(with, "with"),
            Stmt::If(decision) => {
                self.wrap(&decision.test, "_ak_truth");
                for clause in &decision.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.wrap(test, "_ak_truth");
                    }
                }
            }
            Stmt::For(each) => self.wrap(&each.iter, "_ak_items"),
            Stmt::While(repeat) => self.wrap(&repeat.test, "_ak_truth"),
            // In what yields, only the list that it made is returned.
            Stmt::Return(given) if self.inside == 0 => match &given.value {
                Some(value) => {
                    self.keys_of(value);
                    self.returns.push(insert(value.start(), "(_ak_out, "));
                    self.returns.push(insert(value.end(), ")[0]"));
                }
                None => self.returns.push(insert(given.end(), " _ak_out")),
            },
            Stmt::Try(attempt) => {
                for handler in &attempt.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    if let Some(name) = &handler.name {
                        self.bind(name.as_str());
                    }
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_parameter(&mut self, parameter: &'a ruff_python_ast::Parameter) {
        self.bind(parameter.name.as_str());
        visitor::walk_parameter(self, parameter);
    }

    fn visit_comprehension(&mut self, each: &'a ruff_python_ast::Comprehension) {
        self.wrap(&each.iter, "_ak_items");
        for test in &each.ifs {
            self.wrap(test, "_ak_truth");
        }
        visitor::walk_comprehension(self, each);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => match name.ctx {
                ExprContext::Load => {
                    let id = name.id.as_str();
                    if id.starts_with("_ak_") || id.starts_with("__") {
                        self.refuse(name, &format!("The name {id}"));
                    }
                    self.loads.push((id.to_owned(), name.start()));
                }
                ExprContext::Store | ExprContext::Del | ExprContext::Invalid => {
                    if name.id.starts_with("_ak_") {
                        self.refuse(name, &format!("The name {}", name.id));
                    }
                    self.bind(name.id.as_str());
                }
            },
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                if name.starts_with("__") {
                    self.refuse(attribute, &format!("The attribute {name}"));
                }
                if name == "set_password" {
                    self.refuse(attribute, "set_password()");
                }
                self.mentions.insert(name.to_owned());
                self.queries |= QUERIES.contains(&name);
                self.writes |= attribute.ctx == ExprContext::Store || CHANGING.contains(&name);
            }
            Expr::Subscript(item) => match item.ctx {
                ExprContext::Load => self.wrap(&item.value, "_ak_items"),
                _ => self.writes = true,
            },
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) if WALKING.contains(&name.id.as_str()) => {
                    for argument in call.arguments.args.iter().filter(|it| !it.is_starred_expr()) {
                        self.wrap(argument, "_ak_items");
                    }
                }
                Expr::Name(name) if name.id == "bool" => {
                    if let [argument] = &*call.arguments.args {
                        self.wrap(argument, "_ak_truth");
                    }
                }
                Expr::Attribute(method)
                    if ["join", "extend", "update"].contains(&method.attr.as_str()) =>
                {
                    if let [argument] = &*call.arguments.args {
                        self.wrap(argument, "_ak_items");
                    }
                }
                Expr::Name(name) if name.id == "ak_call_policy" => self.writes = true,
                _ => {}
            },
            // Only the last operand tells what is asked of the others.
            Expr::Compare(chain) => {
                if let ([op], [whole]) = (&*chain.ops, &*chain.comparators)
                    && matches!(op, CmpOp::In | CmpOp::NotIn)
                {
                    let not = if *op == CmpOp::NotIn { "not " } else { "" };
                    self.order += 2;
                    let order = self.order;
                    let between = TextRange::new(chain.left.end(), whole.start());
                    // Parentheses around either side stay on their side.
                    let kept: String = self
                        .slice(between)
                        .chars()
                        .filter(|letter| matches!(letter, '(' | ')'))
                        .collect();
                    let (closing, opening) = kept.split_at(kept.rfind(')').map_or(0, |at| at + 1));
                    let with = format!("{closing}, {opening}");
                    // Before what is put in at the same place.
                    self.contains.push(Edit {
                        at: between.start(),
                        length: between.len().to_usize(),
                        with,
                        order: usize::MAX,
                    });
                    let with = format!("{not}_ak_in(");
                    self.contains.push(Edit { at: expression.start(), length: 0, with, order });
                    let order = usize::MAX - order;
                    let with = ")".to_owned();
                    self.contains.push(Edit { at: expression.end(), length: 0, with, order });
                }
            }
            Expr::UnaryOp(not) if not.op == ruff_python_ast::UnaryOp::Not => {
                self.wrap(&not.operand, "_ak_truth");
            }
            Expr::BoolOp(chain) => {
                // Their value may be taken, so a query becomes its rows.
                for value in chain.values.iter().rev().skip(1) {
                    self.wrap(value, "_ak_items");
                }
            }
            Expr::If(choice) => self.wrap(&choice.test, "_ak_truth"),
            Expr::Yield(inner) => return self.refuse(inner, "yield as a value"),
            Expr::YieldFrom(inner) => return self.refuse(inner, "yield as a value"),
            Expr::Await(inner) => return self.refuse(inner, "await"),
            Expr::TString(inner) => return self.refuse(inner, "A template string"),
            _ => {}
        }
        visitor::walk_expr(self, expression);
    }
}
