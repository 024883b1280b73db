//! An expression made into what the interpreter runs: the body of a function whose parameters are
//! the variables, as the original does it. Statements the interpreter does not know are rewritten,
//! imports go to the modules of the prelude, and names that nobody defines are refused.

mod known;
mod walk;

use std::collections::BTreeSet;

use monty::MontyRun;
use monty_types::CompileOptions;
use ruff_python_ast::Stmt;
use ruff_python_ast::visitor::Visitor as _;
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextSize};

use self::known::KNOWN;
use self::walk::Walk;

/// What every expression finds.
pub(crate) const PRELUDE: &str = include_str!("../prelude.py");
/// The function that an expression becomes.
pub(crate) const MAIN: &str = "_ak_main";

/// In bytes.
const LONGEST: usize = 64 * 1024;
/// Brackets within brackets; what people write has a handful.
const DEEPEST: usize = 100;
/// The parser and all that walk its tree call themselves for each level.
const STACK: usize = 256 << 20;

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
    let mut walk = Walk::of(&text);
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
