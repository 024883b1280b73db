//! The interpreter's process: it runs one expression after the other and asks for everything that
//! it does not have. It has no other way to anything.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::time::Duration;

use monty::{MontyRun, RunProgress};
use monty_types::{
    DictPairs, ExcType, ExtFunctionResult, MontyException, MontyObject, NameLookupResult,
    PrintWriter, ResourceLimits, ResourceTracker,
};
use serde_json::{Map, Number, Value};

use crate::local;
use crate::prepare::{compile, lines_before};
use crate::protocol::{Failure, Job, Order, Outcome, Report, read, write};
use crate::watch::Watch;

/// Functions within functions.
const DEEPEST: usize = 200;
/// Compiled expressions that are kept.
const KEPT: usize = 64;
/// A value is no larger than this many parts.
const LARGEST: usize = 200_000;

/// Does what is ordered until the orders end.
///
/// # Errors
/// When the other side is gone, or speaks another language.
pub(crate) fn serve(
    mut input: impl Read,
    mut output: impl Write,
    watch: Option<&Watch>,
) -> io::Result<()> {
    let mut kept = Kept::default();
    loop {
        let order = match read(&mut input) {
            Ok(order) => order,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let Order::Run(job) = order else { return Err(io::ErrorKind::InvalidData.into()) };
        let time = Duration::from_millis(job.milliseconds);
        let report = match kept.get(&job.program) {
            Ok(program) => {
                if let Some(watch) = watch {
                    watch.begin(time)?;
                }
                let outcome = run(program, job, &mut input, &mut output)?;
                if let Some(watch) = watch {
                    watch.end();
                }
                outcome.map_or_else(Report::Failed, Report::Done)
            }
            Err(failure) => Report::Failed(failure),
        };
        if write(&mut output, &report).is_err() {
            let failure = Failure::new("MemoryError", "the value is too large");
            write(&mut output, &Report::Failed(failure))?;
        }
    }
}

/// What an evaluation may take on the wall, of the interpreter's time: another process may have the
/// processor meanwhile.
pub(crate) fn patience(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds).saturating_mul(10).saturating_add(Duration::from_secs(5))
}

/// Programs that were compiled before, the last used last.
#[derive(Default)]
struct Kept {
    programs: HashMap<String, MontyRun>,
    order: VecDeque<String>,
}

impl Kept {
    fn get(&mut self, program: &str) -> Result<MontyRun, Failure> {
        if let Some(known) = self.programs.get(program) {
            return Ok(known.clone());
        }
        let compiled = compile(program).map_err(|error| Failure {
            line: Some(error.line),
            ..Failure::new("SyntaxError", error.text)
        })?;
        if self.order.len() >= KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.programs.remove(&oldest);
        }
        self.order.push_back(program.to_owned());
        self.programs.insert(program.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

fn run(
    program: MontyRun,
    job: Job,
    input: &mut impl Read,
    output: &mut impl Write,
) -> io::Result<Result<Outcome, Failure>> {
    let limits = ResourceLimits {
        // On the wall: processor time is watched from outside.
        max_duration: Some(patience(job.milliseconds)),
        max_memory: None,
        gc_interval: None,
        max_recursion_depth: DEEPEST,
        max_suspensions: job.questions,
    };
    let function = |name: &str| MontyObject::Function { name: name.to_owned(), docstring: None };
    let inputs =
        vec![object(&Value::Object(job.given)), function("_ak_ask"), function("_ak_local")];
    let mut progress = program.start(inputs, ResourceTracker::new(limits), PrintWriter::Disabled);
    let mut questions = 0;
    loop {
        progress = match progress {
            Err(error) => return Ok(Err(failed(&error))),
            Ok(RunProgress::Complete(value)) => return Ok(outcome(&value)),
            Ok(RunProgress::FunctionCall(call)) if call.object_id.is_none() => {
                let answer = match call.function_name.as_str() {
                    "_ak_local" => local::answer(text(&call.args, 0), call.args.get(1))
                        .map_or_else(raised, ExtFunctionResult::Return),
                    "_ak_ask" => {
                        questions += 1;
                        if questions > job.questions {
                            let error = MontyException::new(
                                ExcType::RuntimeError,
                                Some(format!(
                                    "more than {} questions to the server",
                                    job.questions
                                )),
                            );
                            progress = call.abort(error, PrintWriter::Disabled);
                            continue;
                        }
                        let with = call.args.get(1).map_or(Ok(Value::Null), value);
                        match with {
                            Ok(with) => {
                                let about = text(&call.args, 0).to_owned();
                                ask(about, with, input, output)?
                            }
                            Err(failure) => raised(failure),
                        }
                    }
                    unknown => ExtFunctionResult::NotFound(unknown.to_owned()),
                };
                call.resume(answer, PrintWriter::Disabled)
            }
            Ok(RunProgress::FunctionCall(call)) => {
                let name = call.function_name.clone();
                call.resume(ExtFunctionResult::NotFound(name), PrintWriter::Disabled)
            }
            Ok(RunProgress::NameLookup(lookup)) => {
                lookup.resume(NameLookupResult::Undefined, PrintWriter::Disabled)
            }
            Ok(RunProgress::OsCall(call)) => {
                let answer = match local::now(&call.function_call, &job.now) {
                    Some(now) => ExtFunctionResult::Return(now),
                    None => {
                        let text =
                            format!("{} can't be used in expressions", call.function_call.name());
                        raised(Failure::new("PermissionError", text))
                    }
                };
                call.resume(answer, PrintWriter::Disabled)
            }
            Ok(RunProgress::ResolveFutures(_)) => {
                return Ok(Err(Failure::new("RuntimeError", "await can't be used in expressions")));
            }
        };
    }
}

fn ask(
    about: String,
    with: Value,
    input: &mut impl Read,
    output: &mut impl Write,
) -> io::Result<ExtFunctionResult> {
    write(output, &Report::Ask { about, with })?;
    Ok(match read(input)? {
        Order::Reply(answer) => ExtFunctionResult::Return(object(&answer)),
        Order::Raise { kind, text } => raised(Failure::new(&kind, text)),
        Order::Run(_) => return Err(io::ErrorKind::InvalidData.into()),
    })
}

fn raised(failure: Failure) -> ExtFunctionResult {
    let kind = failure.kind.parse().unwrap_or(ExcType::RuntimeError);
    ExtFunctionResult::Error(MontyException::new(kind, Some(failure.text)))
}

fn failed(error: &MontyException) -> Failure {
    let own = error.traceback().iter().rev().find(|frame| {
        frame.start.line as usize > lines_before()
            && frame.frame_name.as_deref().is_some_and(|name| name != "<module>")
    });
    let line = own.map(|frame| (frame.start.line as usize).saturating_sub(lines_before()));
    let kind: &'static str = error.exc_type().into();
    let text = error.message().unwrap_or_default().to_owned();
    // A name of the prelude for what leaves out an object.
    if error.exc_type() == ExcType::SystemExit {
        return Failure { kind: "SkipObject".to_owned(), text, line };
    }
    Failure { kind: kind.to_owned(), text, line }
}

fn outcome(finished: &MontyObject) -> Result<Outcome, Failure> {
    let unreadable =
        |error: serde_json::Error| Failure::new("TypeError", format!("no value: {error}"));
    serde_json::from_value(value(finished)?).map_err(unreadable)
}

fn text(args: &[MontyObject], at: usize) -> &str {
    match args.get(at) {
        Some(MontyObject::String(text)) => text,
        _ => "",
    }
}

/// A value of the host in the interpreter's form.
pub(crate) fn object(value: &Value) -> MontyObject {
    match value {
        Value::Null => MontyObject::None,
        Value::Bool(value) => MontyObject::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => MontyObject::Int(number),
            None => MontyObject::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => MontyObject::String(text.clone()),
        Value::Array(list) => MontyObject::List(list.iter().map(object).collect()),
        Value::Object(map) => {
            let pair =
                |(key, value): (&String, &Value)| (MontyObject::String(key.clone()), object(value));
            MontyObject::Dict(map.iter().map(pair).collect::<DictPairs>())
        }
    }
}

/// The reverse. What is no JSON by itself is its text.
pub(crate) fn value(object: &MontyObject) -> Result<Value, Failure> {
    let mut left = LARGEST;
    converted(object, &mut left)
}

fn converted(object: &MontyObject, left: &mut usize) -> Result<Value, Failure> {
    *left = left
        .checked_sub(1)
        .ok_or_else(|| Failure::new("MemoryError", "the value has too many parts"))?;
    Ok(match object {
        MontyObject::None => Value::Null,
        MontyObject::Bool(value) => Value::Bool(*value),
        MontyObject::Int(number) => (*number).into(),
        MontyObject::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        MontyObject::String(text) => Value::String(text.clone()),
        MontyObject::List(list)
        | MontyObject::Tuple(list)
        | MontyObject::Set(list)
        | MontyObject::FrozenSet(list) => {
            Value::Array(list.iter().map(|part| converted(part, left)).collect::<Result<_, _>>()?)
        }
        MontyObject::Dict(pairs) => {
            let mut map = Map::new();
            for (key, value) in pairs {
                let key = match key {
                    MontyObject::String(text) => text.clone(),
                    other => other.to_string(),
                };
                map.insert(key, converted(value, left)?);
            }
            Value::Object(map)
        }
        other => Value::String(other.to_string()),
    })
}
