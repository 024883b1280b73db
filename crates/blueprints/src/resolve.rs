//! Tags computed: from a value of a file to plain JSON.
//!
//! A [`Resolver`] lives for one entry. It knows the context, the loops it is inside of, and the
//! path of the field for errors; everything outside (other entries, the database, environment,
//! files) is asked through [`World`], so the rules here need no store and no disk.

use serde_json::{Map, Value as Json};

use crate::{
    format::{Mode, Output, Search, Tag, Value, ValueKind},
    printf::{self, FormatFault},
    yaml::Position,
};

/// Longest list or text a loop runs over, and most values one entry may grow to.
pub const MAX_VALUES: usize = 100_000;

/// What tags ask of their surroundings.
pub trait World {
    /// Key of the object an earlier entry made.
    ///
    /// # Errors
    /// A sentence when there is no such entry, or when it was skipped.
    fn key_of(&self, id: &str) -> Result<Json, String>;
    /// Key of the first object of the model with these values.
    ///
    /// # Errors
    /// A sentence when model or field does not exist.
    fn find(&self, model: &str, conditions: &[(String, Json)]) -> Result<Option<Json>, String>;
    /// The first object of the model with these values, as the API shows it.
    ///
    /// # Errors
    /// A sentence when model or field does not exist.
    fn find_object(
        &self,
        model: &str,
        conditions: &[(String, Json)],
    ) -> Result<Option<Json>, String>;
    /// An environment variable.
    ///
    /// # Errors
    /// A sentence when the file may not look at it.
    fn environment(&self, name: &str) -> Result<Option<String>, String>;
    /// The text of a file.
    ///
    /// # Errors
    /// A sentence when the blueprint may not look at it.
    fn file(&self, path: &str) -> Result<Option<String>, String>;
}

/// Why a tag has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {kind}")]
pub struct ResolveError {
    /// Where.
    pub at: Position,
    /// The path of the field inside its entry.
    pub field: String,
    /// What.
    pub kind: ResolveErrorKind,
}

/// The ways a tag can fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveErrorKind {
    /// `!KeyOf` without its object.
    #[error("!KeyOf: {0}")]
    KeyOf(String),
    /// `!Find` on something that cannot be searched.
    #[error("!Find: {0}")]
    Find(String),
    /// `!Env` or `!File` of what is not for this blueprint.
    #[error("{0}")]
    Machine(String),
    /// A tag that needs text got something else.
    #[error("{what} must be text, not {found}")]
    NotText {
        /// Which argument.
        what: &'static str,
        /// What it is.
        found: String,
    },
    /// `!Format` whose pattern and arguments do not match.
    #[error("!Format: {0}")]
    Format(FormatFault),
    /// A loop over something that is no list, map or text.
    #[error("!Enumerate cannot loop over {0}")]
    NotIterable(String),
    /// A MAP loop whose body is neither a map nor a pair.
    #[error("the body of a MAP loop must be a map or a list of key and value, not {0}")]
    BadBody(String),
    /// `!Index` or `!Value` outside of a loop.
    #[error("!{tag} {depth}: there are only {available} loops around this place")]
    NoLoop {
        /// `Index` or `Value`.
        tag: &'static str,
        /// The depth asked for.
        depth: usize,
        /// How many loops there are.
        available: usize,
    },
    /// `!Index` or `!Value` of a loop that has not begun.
    #[error(
        "!{tag} {depth}: this loop has no value yet, since it is still looking for what to loop over"
    )]
    LoopNotRunning {
        /// `Index` or `Value`.
        tag: &'static str,
        /// The depth asked for.
        depth: usize,
    },
    /// `!AtIndex` on something without elements.
    #[error("!AtIndex: {0} has no elements")]
    NotIndexable(String),
    /// `!AtIndex` with an index of the wrong kind.
    #[error("!AtIndex: \"{0}\" is not a position in a list")]
    BadIndex(String),
    /// `!AtIndex` without that element and without a default.
    #[error("!AtIndex: there is no element \"{0}\", and no default is given")]
    NoElement(String),
    /// `!ParseJSON` of something else.
    #[error("!ParseJSON: not valid JSON: {0}")]
    Json(String),
    /// The result would be too large.
    #[error("the value would have more than {MAX_VALUES} parts")]
    TooLarge,
    /// Context values that refer to each other in a circle.
    #[error("!Context \"{0}\" refers to itself")]
    Circle(String),
}

type Resolved = Result<Json, ResolveError>;

/// One round of a loop; nothing while the loop looks for what to run over.
type Frame = Option<(Json, Json)>;

/// Computes the tags of one entry.
pub struct Resolver<'a> {
    world: &'a dyn World,
    context: &'a [(String, Value)],
    loops: Vec<Frame>,
    field: Vec<String>,
    reading: Vec<String>,
    values: usize,
}

impl<'a> Resolver<'a> {
    /// A resolver with the merged context of the file.
    pub fn new(world: &'a dyn World, context: &'a [(String, Value)]) -> Self {
        Resolver {
            world,
            context,
            loops: Vec::new(),
            field: Vec::new(),
            reading: Vec::new(),
            values: 0,
        }
    }

    /// The value of a field of the entry.
    ///
    /// # Errors
    /// The first tag that has no value.
    pub fn field(&mut self, name: &str, value: &Value) -> Resolved {
        self.within(name.to_owned(), |this| this.value(value))
    }

    /// The values of a map of the entry (`attrs`, `identifiers`).
    ///
    /// # Errors
    /// The first tag that has no value.
    pub fn members(
        &mut self,
        name: &str,
        members: &[(String, Value)],
    ) -> Result<Map<String, Json>, ResolveError> {
        self.within(name.to_owned(), |this| this.map(members))
    }

    /// The values of a list of the entry (`conditions`, `permissions`).
    ///
    /// # Errors
    /// The first tag that has no value.
    pub fn list(&mut self, name: &str, values: &[Value]) -> Result<Vec<Json>, ResolveError> {
        self.within(name.to_owned(), |this| this.items(values))
    }

    fn value(&mut self, value: &Value) -> Resolved {
        self.values += 1;
        if self.values > MAX_VALUES {
            return self.fail(value.at, ResolveErrorKind::TooLarge);
        }
        match &value.kind {
            ValueKind::Plain(json) => Ok(json.clone()),
            ValueKind::List(items) => self.items(items).map(Json::Array),
            ValueKind::Map(members) => self.map(members).map(Json::Object),
            ValueKind::Tag(tag) => self.tag(value.at, tag),
        }
    }

    fn items(&mut self, values: &[Value]) -> Result<Vec<Json>, ResolveError> {
        values
            .iter()
            .enumerate()
            .map(|(index, value)| self.within(format!("[{index}]"), |this| this.value(value)))
            .collect()
    }

    fn map(&mut self, members: &[(String, Value)]) -> Result<Map<String, Json>, ResolveError> {
        members
            .iter()
            .map(|(key, value)| {
                Ok((key.clone(), self.within(key.clone(), |this| this.value(value))?))
            })
            .collect()
    }

    fn tag(&mut self, at: Position, tag: &Tag) -> Resolved {
        match tag {
            Tag::KeyOf(id) => match self.world.key_of(id) {
                Ok(key) => Ok(key),
                Err(reason) => self.fail(at, ResolveErrorKind::KeyOf(reason)),
            },
            Tag::Find(search) => {
                let (model, conditions) = self.search(search)?;
                match self.world.find(&model, &conditions) {
                    Ok(found) => Ok(found.unwrap_or(Json::Null)),
                    Err(reason) => self.fail(at, ResolveErrorKind::Find(reason)),
                }
            }
            Tag::FindObject(search) => {
                let (model, conditions) = self.search(search)?;
                match self.world.find_object(&model, &conditions) {
                    Ok(found) => Ok(found.unwrap_or(Json::Null)),
                    Err(reason) => self.fail(at, ResolveErrorKind::Find(reason)),
                }
            }
            Tag::Context { key, default } => self.context_value(at, key, default.as_ref()),
            Tag::Env { name, default } => match self.world.environment(name) {
                Ok(Some(text)) if !text.is_empty() => Ok(Json::from(text)),
                Ok(_) => self.default(default.as_ref()),
                Err(reason) => self.fail(at, ResolveErrorKind::Machine(reason)),
            },
            Tag::File { path, default } => match self.world.file(path) {
                Ok(Some(text)) => Ok(Json::from(text.trim())),
                Ok(None) => self.default(default.as_ref()),
                Err(reason) => self.fail(at, ResolveErrorKind::Machine(reason)),
            },
            Tag::Format { pattern, arguments } => {
                let pattern = self.text("the pattern", pattern)?;
                let arguments = arguments
                    .iter()
                    .map(|argument| self.value(argument))
                    .collect::<Result<Vec<_>, _>>()?;
                match printf::format(&pattern, &arguments) {
                    Ok(text) => Ok(Json::from(text)),
                    Err(fault) => self.fail(at, ResolveErrorKind::Format(fault)),
                }
            }
            Tag::If { condition, branches } => {
                let holds = truthy(&self.value(condition)?);
                match branches {
                    None => Ok(Json::from(holds)),
                    Some((yes, no)) => self.value(if holds { yes } else { no }),
                }
            }
            Tag::Condition { mode, values } => {
                let values = values
                    .iter()
                    .map(|value| self.value(value).map(|value| truthy(&value)))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Json::from(join(*mode, &values)))
            }
            Tag::Enumerate { iterable, output, body } => self.enumerate(iterable, *output, body),
            Tag::Index(depth) => self.frame(at, "Index", *depth).map(|(index, _)| index),
            Tag::Item(depth) => self.frame(at, "Value", *depth).map(|(_, value)| value),
            Tag::AtIndex { object, index, default } => {
                self.at_index(at, object, index, default.as_ref())
            }
            Tag::ParseJson(text) => {
                let text = self.text("the JSON text", text)?;
                match serde_json::from_str(&text) {
                    Ok(value) => Ok(value),
                    Err(error) => self.fail(at, ResolveErrorKind::Json(error.to_string())),
                }
            }
        }
    }

    fn default(&mut self, default: Option<&Value>) -> Resolved {
        default.map_or(Ok(Json::Null), |default| self.value(default))
    }

    fn context_value(&mut self, at: Position, key: &str, default: Option<&Value>) -> Resolved {
        let context = self.context;
        let Some((_, value)) = context.iter().find(|(known, _)| known == key) else {
            return self.default(default);
        };
        if self.reading.iter().any(|known| known == key) {
            return self.fail(at, ResolveErrorKind::Circle(key.to_owned()));
        }
        self.reading.push(key.to_owned());
        let result = self.value(value);
        self.reading.pop();
        result
    }

    fn search(&mut self, search: &Search) -> Result<(String, Vec<(String, Json)>), ResolveError> {
        let model = self.text("the model", &search.model)?;
        let conditions = search
            .conditions
            .iter()
            .map(|(field, value)| Ok((self.text("the field", field)?, self.value(value)?)))
            .collect::<Result<_, ResolveError>>()?;
        Ok((model, conditions))
    }

    fn enumerate(&mut self, iterable: &Value, output: Output, body: &Value) -> Resolved {
        self.loops.push(None);
        let source = self.value(iterable);
        self.loops.pop();
        let rounds: Vec<(Json, Json)> = match source? {
            Json::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| (Json::from(index), item))
                .collect(),
            Json::Object(members) => {
                members.into_iter().map(|(key, value)| (Json::from(key), value)).collect()
            }
            Json::String(text) => text
                .chars()
                .enumerate()
                .map(|(index, c)| (Json::from(index), Json::from(c.to_string())))
                .collect(),
            other => {
                return self
                    .fail(iterable.at, ResolveErrorKind::NotIterable(printf::text_of(&other)));
            }
        };
        let mut list = Vec::new();
        let mut map = Map::new();
        for round in rounds {
            self.loops.push(Some(round));
            let result = self.value(body);
            self.loops.pop();
            match (output, result?) {
                (Output::List, value) => list.push(value),
                (Output::Map, Json::Object(members)) => merge(&mut map, members),
                (Output::Map, Json::Array(pair)) => match <[Json; 2]>::try_from(pair) {
                    Ok([key, value]) => {
                        merge(&mut map, [(printf::text_of(&key), value)].into_iter().collect());
                    }
                    Err(pair) => {
                        return self.fail(
                            body.at,
                            ResolveErrorKind::BadBody(printf::text_of(&Json::Array(pair))),
                        );
                    }
                },
                (Output::Map, other) => {
                    return self.fail(body.at, ResolveErrorKind::BadBody(printf::text_of(&other)));
                }
            }
        }
        Ok(match output {
            Output::List => Json::Array(list),
            Output::Map => Json::Object(map),
        })
    }

    fn frame(
        &self,
        at: Position,
        tag: &'static str,
        depth: usize,
    ) -> Result<(Json, Json), ResolveError> {
        match self.loops.iter().rev().nth(depth) {
            Some(Some(round)) => Ok(round.clone()),
            Some(None) => self.fail(at, ResolveErrorKind::LoopNotRunning { tag, depth }),
            None => {
                self.fail(at, ResolveErrorKind::NoLoop { tag, depth, available: self.loops.len() })
            }
        }
    }

    fn at_index(
        &mut self,
        at: Position,
        object: &Value,
        index: &Value,
        default: Option<&Value>,
    ) -> Resolved {
        let object = self.value(object)?;
        let index = self.value(index)?;
        let found = match &object {
            Json::Array(items) => {
                let Some(position) = index.as_i64() else {
                    return self.fail(at, ResolveErrorKind::BadIndex(printf::text_of(&index)));
                };
                let position = if position < 0 {
                    i64::try_from(items.len()).unwrap_or(0) + position
                } else {
                    position
                };
                usize::try_from(position).ok().and_then(|position| items.get(position))
            }
            Json::Object(members) => members.get(&printf::text_of(&index)),
            other if default.is_none() => {
                return self.fail(at, ResolveErrorKind::NotIndexable(printf::text_of(other)));
            }
            _ => None,
        };
        match (found, default) {
            (Some(found), _) => Ok(found.clone()),
            (None, Some(default)) => self.value(default),
            (None, None) => self.fail(at, ResolveErrorKind::NoElement(printf::text_of(&index))),
        }
    }

    fn text(&mut self, what: &'static str, value: &Value) -> Result<String, ResolveError> {
        match self.value(value)? {
            Json::String(text) => Ok(text),
            other => self
                .fail(value.at, ResolveErrorKind::NotText { what, found: printf::text_of(&other) }),
        }
    }

    fn within<T>(&mut self, name: String, act: impl FnOnce(&mut Self) -> T) -> T {
        self.field.push(name);
        let result = act(self);
        self.field.pop();
        result
    }

    fn fail<T>(&self, at: Position, kind: ResolveErrorKind) -> Result<T, ResolveError> {
        let mut field = String::new();
        for part in &self.field {
            if !field.is_empty() && !part.starts_with('[') {
                field.push('.');
            }
            field.push_str(part);
        }
        Err(ResolveError { at, field, kind })
    }
}

/// Whether Python would take the value for true.
pub fn truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
    }
}

fn join(mode: Mode, values: &[bool]) -> bool {
    let odd = values.iter().filter(|value| **value).count() % 2 == 1;
    match mode {
        Mode::And => values.iter().all(|value| *value),
        Mode::Nand => !values.iter().all(|value| *value),
        Mode::Or => values.iter().any(|value| *value),
        Mode::Nor => !values.iter().any(|value| *value),
        Mode::Xor => odd,
        Mode::Xnor => !odd,
    }
}

/// Merges maps deeply: later values win, maps merge, lists are joined.
pub fn merge(base: &mut Map<String, Json>, over: Map<String, Json>) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Json::Object(known)), Json::Object(more)) => merge(known, more),
            (Some(Json::Array(known)), Json::Array(more)) => known.extend(more),
            (Some(known), value) => *known = value,
            (None, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
