//! What the program and the interpreter's process say to each other: frames of JSON behind their
//! length, one after the other.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A frame is no longer, in either direction: 8 MiB.
pub(crate) const LONGEST: u32 = 8 << 20;

/// To the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Order {
    Run(Job),
    Reply(Value),
    /// The question could not be answered: raised where it was asked.
    Raise {
        kind: String,
        text: String,
    },
}

/// One evaluation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The expression's program, without the prelude.
    pub program: String,
    pub given: Map<String, Value>,
    pub now: Now,
    /// Of processor time.
    pub milliseconds: u64,
    /// Questions it may ask.
    pub questions: usize,
}

/// The time of an evaluation, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    pub year: i32,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub microsecond: u32,
}

/// From the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Report {
    /// Answered by the next order.
    Ask {
        about: String,
        with: Value,
    },
    Done(Outcome),
    Failed(Failure),
}

/// What an expression gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub value: Value,
    /// Its truth.
    pub passing: bool,
    pub messages: Vec<String>,
    /// Level, text and fields.
    pub logs: Vec<(String, String, Map<String, Value>)>,
    /// The context as it is afterwards, where it may have been changed.
    pub context: Option<Map<String, Value>>,
}

/// Why an expression gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub struct Failure {
    /// As `KeyError`.
    pub kind: String,
    pub text: String,
    /// Of the expression.
    pub line: Option<usize>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.kind)?;
        if !self.text.is_empty() {
            write!(out, ": {}", self.text)?;
        }
        match self.line {
            Some(line) => write!(out, " (line {line})"),
            None => Ok(()),
        }
    }
}

impl Failure {
    #[must_use]
    pub fn new(kind: &str, text: impl Into<String>) -> Failure {
        Failure { kind: kind.to_owned(), text: text.into(), line: None }
    }
}

pub(crate) fn read<T: for<'d> Deserialize<'d>>(input: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

pub(crate) fn write(output: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    output.write_all(&frame(what)?)?;
    output.flush()
}

pub(crate) fn frame(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, what)?;
    let length = u32::try_from(bytes.len() - 4).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    bytes.splice(..4, length.to_be_bytes());
    Ok(bytes)
}
