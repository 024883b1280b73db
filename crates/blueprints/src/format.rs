//! The blueprint document: metadata, context, entries, and the tags inside them.
//!
//! Everything that can be known without a database is checked here, so that a misspelt tag or a
//! missing argument is reported with its line before anything is written.

mod read;

use serde_json::{Map, Value as Json};

use crate::yaml::{Position, YamlError};

/// Label of files that an export wrote.
pub(crate) const LABEL_GENERATED: &str = "blueprints.goauthentik.io/generated";
/// Label that keeps a file from being applied by itself.
pub const LABEL_INSTANTIATE: &str = "blueprints.goauthentik.io/instantiate";

/// Where a file comes from, which decides what its tags may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Over the network: an administrator of accounts is none of the machine, so nothing of the
    /// machine.
    Sent,
    /// The operator's folder, or the command line: environment and files, but for the program's own
    /// secrets.
    Machine,
    /// Built into the program.
    Program,
}

/// A whole file.
#[derive(Debug, Clone)]
pub struct Document {
    pub origin: Origin,
    /// The file's name for error messages.
    pub file: String,
    /// What it says about itself.
    pub metadata: Metadata,
    /// Values for `!Context`.
    pub context: Vec<(String, Value)>,
    /// Objects, in the order they are applied.
    pub entries: Vec<Entry>,
}

/// What a file says about itself.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// Its name, by which other files refer to it.
    pub name: Option<String>,
    /// Free labels; some have a meaning.
    pub labels: Vec<(String, String)>,
}

impl Metadata {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// Whether it was written by an export, the original's or ours.
    pub fn is_export(&self) -> bool {
        self.label(LABEL_GENERATED) == Some("true")
    }

    /// Whether the file wants to be applied without being asked for.
    pub fn instantiate(&self) -> bool {
        self.label(LABEL_INSTANTIATE) != Some("false")
    }
}

/// One object.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands.
    pub at: Position,
    /// Its number in the file, from 0.
    pub index: usize,
    /// `app_label.modelname`.
    pub model: Value,
    /// Name for `!KeyOf`.
    pub id: Option<String>,
    /// What is wanted of the object.
    pub state: Value,
    /// All must hold, or the entry is skipped.
    pub conditions: Vec<Value>,
    /// How an existing object is found.
    pub identifiers: Vec<(String, Value)>,
    /// Values to set.
    pub attrs: Vec<(String, Value)>,
    /// Object permissions to grant.
    pub permissions: Vec<Value>,
}

/// What is wanted of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It exists and has these values.
    Present,
    /// It exists; its values are its own business afterwards.
    Created,
    /// It did not exist before.
    MustCreated,
    /// It does not exist.
    Absent,
}

impl State {
    /// Reads the word used in files.
    pub fn parse(word: &str) -> Option<State> {
        match word {
            "present" => Some(State::Present),
            "created" => Some(State::Created),
            "must_created" => Some(State::MustCreated),
            "absent" => Some(State::Absent),
            _ => None,
        }
    }
}

/// A value that may contain tags.
#[derive(Debug, Clone)]
pub struct Value {
    /// Where it stands.
    pub at: Position,
    /// What it is.
    pub kind: ValueKind,
}

/// The shapes of a value.
#[derive(Debug, Clone)]
pub enum ValueKind {
    /// Text, number, truth value, nothing.
    Plain(Json),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Vec<(String, Value)>),
    /// Something to compute.
    Tag(Box<Tag>),
}

/// The computations a file can ask for.
#[derive(Debug, Clone)]
pub enum Tag {
    /// Key of the object of an earlier entry.
    KeyOf(String),
    /// Key of the first object with these values.
    Find(Search),
    /// The first object with these values, as the API would show it.
    FindObject(Search),
    /// A value of the context.
    Context { key: String, default: Option<Value> },
    /// An environment variable.
    Env { name: String, default: Option<Value> },
    /// A file's text.
    File { path: String, default: Option<Value> },
    /// Text built by a `%` pattern.
    Format { pattern: Value, arguments: Vec<Value> },
    /// One of two values, or the truth of one.
    If { condition: Value, branches: Option<(Value, Value)> },
    /// A truth value from several.
    Condition { mode: Mode, values: Vec<Value> },
    /// A loop.
    Enumerate { iterable: Value, output: Output, body: Value },
    /// Index or key of the loop so many levels out.
    Index(usize),
    /// Value of the loop so many levels out.
    Item(usize),
    /// An element of a list or map.
    AtIndex { object: Value, index: Value, default: Option<Value> },
    /// JSON text as a value.
    ParseJson(Value),
}

/// What `!Find` looks for.
#[derive(Debug, Clone)]
pub struct Search {
    /// The model.
    pub model: Value,
    /// Field and value, all must match.
    pub conditions: Vec<(Value, Value)>,
}

/// How `!Condition` joins its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All.
    And,
    /// Not all.
    Nand,
    /// At least one.
    Or,
    /// None.
    Nor,
    /// An odd number.
    Xor,
    /// An even number.
    Xnor,
}

/// What `!Enumerate` builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A list of the bodies.
    List,
    /// One map merged from the bodies.
    Map,
}

/// Why a text is not a blueprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {at}: {field}{kind}", field = if .field.is_empty() { String::new() } else { format!("{}: ", .field) })]
pub struct FormatError {
    /// The file.
    pub file: String,
    /// Where.
    pub at: Position,
    /// The path of the field (`entries[3].attrs.stage`), empty for the file as a whole.
    pub field: String,
    /// What.
    pub kind: FormatErrorKind,
}

/// The ways a document can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatErrorKind {
    /// Not YAML.
    #[error("{0}")]
    Yaml(String),
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A version other than 1.
    #[error("this program reads blueprints of version 1, not {0}")]
    Version(String),
    /// A value of the wrong shape.
    #[error("expected {wanted}, found {found}")]
    Shape {
        /// What belongs here.
        wanted: &'static str,
        /// What is there.
        found: String,
    },
    /// A key that must be there.
    #[error("\"{0}\" is missing")]
    Missing(&'static str),
    /// A tag nobody knows.
    #[error("there is no tag !{0}")]
    UnknownTag(String),
    /// A tag with arguments it cannot take.
    #[error("!{tag} takes {wanted}")]
    Arguments {
        /// The tag.
        tag: String,
        /// Its arguments.
        wanted: &'static str,
    },
    /// A state nobody knows.
    #[error("\"{0}\" is not a state; known are present, created, must_created and absent")]
    State(String),
    /// A loop over its own counter.
    #[error(
        "a loop cannot run over its own value; use a depth of 1 or more for the loop around it"
    )]
    OwnLoop,
}

impl Document {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Document, FormatError> {
        read::document(file, text)
    }

    /// The same file, known to come from there. Without a word it counts as sent.
    #[must_use]
    pub const fn from(mut self, origin: Origin) -> Document {
        self.origin = origin;
        self
    }

    /// Whether any of its tags asks for the environment or for files.
    pub fn reaches_out(&self) -> bool {
        let parts = self.entries.iter().flat_map(|entry| {
            let named = entry.identifiers.iter().chain(&entry.attrs).map(|(_, value)| value);
            named
                .chain(&entry.conditions)
                .chain(&entry.permissions)
                .chain([&entry.model, &entry.state])
        });
        let asks = |tag: &Tag| matches!(tag, Tag::Env { .. } | Tag::File { .. });
        parts.chain(self.context.iter().map(|(_, value)| value)).any(|value| value.has(&asks))
    }
}

impl Value {
    /// A value that stands in no file.
    pub fn from_json(json: &Json) -> Value {
        let kind = match json {
            Json::Array(items) => ValueKind::List(items.iter().map(Value::from_json).collect()),
            Json::Object(members) => ValueKind::Map(map_from_json(members)),
            other => ValueKind::Plain(other.clone()),
        };
        Value { at: Position::default(), kind }
    }

    /// Whether it is, or has in it, a tag of which the test holds.
    pub fn has(&self, test: &dyn Fn(&Tag) -> bool) -> bool {
        match &self.kind {
            ValueKind::Plain(_) => false,
            ValueKind::List(items) => items.iter().any(|item| item.has(test)),
            ValueKind::Map(members) => members.iter().any(|(_, member)| member.has(test)),
            ValueKind::Tag(tag) => test(tag) || tag.parts().into_iter().any(|part| part.has(test)),
        }
    }
}

impl Tag {
    /// The values it is made of.
    fn parts(&self) -> Vec<&Value> {
        match self {
            Tag::KeyOf(_) | Tag::Index(_) | Tag::Item(_) => Vec::new(),
            Tag::Env { default, .. } | Tag::File { default, .. } | Tag::Context { default, .. } => {
                default.iter().collect()
            }
            Tag::Find(search) | Tag::FindObject(search) => [&search.model]
                .into_iter()
                .chain(search.conditions.iter().flat_map(|(field, wanted)| [field, wanted]))
                .collect(),
            Tag::Format { pattern, arguments } => [pattern].into_iter().chain(arguments).collect(),
            Tag::If { condition, branches } => [condition]
                .into_iter()
                .chain(branches.iter().flat_map(|(yes, no)| [yes, no]))
                .collect(),
            Tag::Condition { values, .. } => values.iter().collect(),
            Tag::Enumerate { iterable, body, .. } => vec![iterable, body],
            Tag::AtIndex { object, index, default } => {
                [object, index].into_iter().chain(default).collect()
            }
            Tag::ParseJson(inner) => vec![inner],
        }
    }
}

/// The members of a JSON object as values that stand in no file.
pub fn map_from_json(members: &Map<String, Json>) -> Vec<(String, Value)> {
    members.iter().map(|(key, value)| (key.clone(), Value::from_json(value))).collect()
}

/// Merges context maps: later values win, maps merge, lists are joined.
pub fn merge_context(base: &mut Vec<(String, Value)>, over: &[(String, Value)]) {
    for (key, value) in over {
        match base.iter_mut().find(|(known, _)| known == key) {
            None => base.push((key.clone(), value.clone())),
            Some((_, known)) => match (&mut known.kind, &value.kind) {
                (ValueKind::Map(known), ValueKind::Map(more)) => merge_context(known, more),
                (ValueKind::List(known), ValueKind::List(more)) => {
                    known.extend(more.iter().cloned());
                }
                _ => *known = value.clone(),
            },
        }
    }
}

impl FormatError {
    fn yaml(file: &str, error: &YamlError) -> FormatError {
        FormatError {
            file: file.to_owned(),
            at: error.at,
            field: String::new(),
            kind: FormatErrorKind::Yaml(error.kind.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
