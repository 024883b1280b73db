//! Paths that anybody may open.

use std::fmt;
use std::sync::OnceLock;

use countersign_model::{ErrorNode, FieldMeta, FieldValue, Multiline, Problem, Shape};
use regex::{RegexSet, RegexSetBuilder};
use serde_json::Value;

/// Larger ones take longer to compile than anybody waits for a form.
const LARGEST_BYTES: usize = 16 * 1024;
const LARGEST_COMPILED: usize = 1024 * 1024;

/// Regular expressions, one a line, that fit anywhere in what they are compared with. Compiled
/// once.
#[derive(Clone, Default)]
pub struct SkipPaths {
    source: Multiline,
    compiled: OnceLock<RegexSet>,
}

impl SkipPaths {
    pub fn is_match(&self, text: &str) -> bool {
        // What cannot be compiled was not saved here; it opens nothing.
        self.compiled.get_or_init(|| compile(&self.source).unwrap_or_default()).is_match(text)
    }
}

fn lines(source: &str) -> impl Iterator<Item = &str> {
    source.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn compile(source: &str) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(lines(source)).size_limit(LARGEST_COMPILED).build()
}

impl fmt::Debug for SkipPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.source, f)
    }
}

/// For constants in declarations; outside input goes through `parse`.
impl From<&str> for SkipPaths {
    fn from(source: &str) -> SkipPaths {
        SkipPaths { source: Multiline::from(source), compiled: OnceLock::new() }
    }
}

impl FieldValue for SkipPaths {
    fn shape() -> Shape {
        Multiline::shape()
    }

    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let source = Multiline::parse(value, meta)?;
        if source.len() > LARGEST_BYTES {
            return Err(Problem::new("max_length", "These are too many expressions.").into());
        }
        for line in lines(&source) {
            if compile(line).is_err() {
                let text = format!("This is no regular expression: {line}");
                return Err(Problem::new("invalid", text).into());
            }
        }
        match compile(&source) {
            Ok(set) => Ok(SkipPaths { source, compiled: set.into() }),
            Err(_) => Err(Problem::new("invalid", "These expressions are too large.").into()),
        }
    }

    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let source = Multiline::load(value, meta)?;
        Ok(SkipPaths { source, compiled: OnceLock::new() })
    }

    fn to_json(&self) -> Value {
        self.source.to_json()
    }
}
