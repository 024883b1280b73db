//! YAML as a small tree that remembers where everything stood.
//!
//! The events come from `saphyr-parser`; the tree is ours because a blueprint needs three things
//! no tree library gives together: custom tags kept on every node, line and column for error
//! messages, and plain scalars read by the rules of YAML 1.1 (`yes` is true, `017` is fifteen), as
//! the blueprint files in the field were written for. Input is bounded in size, depth and node
//! count, so an alias bomb is an error and not an outage.

mod scalar;

use std::{collections::HashMap, fmt};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value as Json};

pub use scalar::plain;

/// Largest document in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 64;
/// Most nodes in a tree, with every alias counted as often as it is used.
pub const MAX_NODES: usize = 200_000;

/// A place in a file; both numbers start at 1, zero means "nowhere in a file".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is not a YAML tree we accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct YamlError {
    /// Where.
    pub at: Position,
    /// What.
    pub kind: YamlErrorKind,
}

/// The ways a YAML text can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlErrorKind {
    /// The text breaks the grammar.
    #[error("not valid YAML: {0}")]
    Syntax(String),
    /// The text is longer than [`MAX_BYTES`].
    #[error("the document is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More nodes than [`MAX_NODES`], aliases expanded.
    #[error("more than {MAX_NODES} values once aliases are expanded")]
    TooManyNodes,
    /// An alias inside the node it refers to.
    #[error("an alias refers to the value it stands in")]
    RecursiveAlias,
    /// More than one document in the file.
    #[error("a second document starts here; one file holds one document")]
    SecondDocument,
    /// `<<` with something that is not a map or a list of maps.
    #[error("a merge key (<<) takes a map or a list of maps")]
    BadMerge,
    /// A map key that is a list or a map.
    #[error("a key must be plain text, a number or a truth value")]
    BadKey,
    /// A `!!type` tag other than those of the core schema.
    #[error("the type !!{0} is not supported")]
    UnsupportedType(String),
    /// A scalar whose text does not fit its `!!type`.
    #[error("\"{text}\" is not a valid {wanted}")]
    BadScalar {
        /// The text found.
        text: String,
        /// The type demanded.
        wanted: String,
    },
}

/// A value with its tag and place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it starts (at the tag, if it has one).
    pub at: Position,
    /// A custom tag without its exclamation mark (`KeyOf`, `Find`).
    pub tag: Option<String>,
    /// What it is.
    pub content: Content,
}

/// The three shapes of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text, number, truth value or nothing; the text as written is kept for tags such as
    /// `!KeyOf`, whose argument is always text.
    Scalar {
        /// As written.
        text: String,
        /// As meant.
        value: Json,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in file order, keys unique (the last of equal keys wins).
    Map(Vec<(Key, Node)>),
}

/// A map key: always text, as in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub at: Position,
    /// Its text.
    pub name: String,
}

impl Node {
    /// The member of a map, if this is a map that has it.
    pub fn member(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(members) => {
                members.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What a reader would call this value.
    pub fn shape(&self) -> &'static str {
        match &self.content {
            Content::Scalar { value: Json::Null, .. } => "nothing",
            Content::Scalar { value: Json::Bool(_), .. } => "a truth value",
            Content::Scalar { value: Json::Number(_), .. } => "a number",
            Content::Scalar { .. } => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// The tree as JSON, custom tags ignored.
    pub fn to_json(&self) -> Json {
        match &self.content {
            Content::Scalar { value, .. } => value.clone(),
            Content::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Content::Map(members) => Json::Object(
                members
                    .iter()
                    .map(|(key, node)| (key.name.clone(), node.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Scalar { .. } => 1,
            Content::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Content::Map(members) => {
                1 + members.iter().map(|(_, node)| 1 + node.size()).sum::<usize>()
            }
        }
    }

    fn depth(&self) -> usize {
        match &self.content {
            Content::Scalar { .. } => 0,
            Content::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Content::Map(members) => {
                1 + members.iter().map(|(_, node)| node.depth()).max().unwrap_or(0)
            }
        }
    }
}

/// Reads one document; an empty text gives `None`.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn parse(text: &str) -> Result<Option<Node>, YamlError> {
    if text.len() > MAX_BYTES {
        return Err(YamlError { at: Position::default(), kind: YamlErrorKind::TooLarge });
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let mark = error.marker();
                return Err(YamlError {
                    at: Position { line: mark.line(), column: mark.col() + 1 },
                    kind: YamlErrorKind::Syntax(error.info().to_owned()),
                });
            }
        }
    }
    Ok(builder.root)
}

/// A list or map still being read.
struct Open {
    at: Position,
    tag: Option<String>,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map { done: Vec<(Key, Node)>, merges: Vec<Node>, key: Option<PendingKey> },
}

enum PendingKey {
    Named(Key),
    Merge,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let at = Position { line: span.start.line(), column: span.start.col() + 1 };
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 { fail(at, YamlErrorKind::SecondDocument) } else { Ok(()) }
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => {
                    if self.open.len() + node.depth() > MAX_DEPTH {
                        return fail(at, YamlErrorKind::TooDeep);
                    }
                    self.count(at, node.size())?;
                    // The place of the anchor is kept: that is where the text to mend stands.
                    self.add(node, false)
                }
                None => fail(at, YamlErrorKind::RecursiveAlias),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let (tag, core) = split_tag(tag.as_deref());
                let value = scalar::resolve(&text, plain && tag.is_none(), core.as_deref())
                    .map_err(|kind| YamlError { at, kind })?;
                let node =
                    Node { at, tag, content: Content::Scalar { text: text.into_owned(), value } };
                self.count(at, 1)?;
                self.remember(anchor, &node);
                self.add(node, plain)
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(at, anchor, tag.as_deref(), "seq", Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => self.start(
                at,
                anchor,
                tag.as_deref(),
                "map",
                Items::Map { done: Vec::new(), merges: Vec::new(), key: None },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.finish(at),
        }
    }

    fn start(
        &mut self,
        at: Position,
        anchor: usize,
        tag: Option<&Tag>,
        own: &str,
        items: Items,
    ) -> Result<(), YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return fail(at, YamlErrorKind::TooDeep);
        }
        self.count(at, 1)?;
        let (tag, core) = split_tag(tag);
        if let Some(core) = core.filter(|core| core != own) {
            return fail(at, YamlErrorKind::UnsupportedType(core));
        }
        self.open.push(Open { at, tag, anchor, items });
        Ok(())
    }

    fn finish(&mut self, at: Position) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else {
            return fail(at, YamlErrorKind::Syntax("unexpected end of a list or map".to_owned()));
        };
        let content = match open.items {
            Items::List(items) => Content::List(items),
            Items::Map { done, merges, .. } => Content::Map(merged(done, merges)?),
        };
        let node = Node { at: open.at, tag: open.tag, content };
        self.remember(open.anchor, &node);
        self.add(node, false)
    }

    /// Puts a finished node into the list or map it belongs to; `plain` tells an unquoted scalar,
    /// the only thing that can be a merge key.
    fn add(&mut self, node: Node, plain: bool) -> Result<(), YamlError> {
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.items {
            Items::List(items) => items.push(node),
            Items::Map { done, merges, key } => match key.take() {
                None => *key = Some(key_of(node, plain)?),
                Some(PendingKey::Merge) => merges.push(node),
                Some(PendingKey::Named(name)) => {
                    match done.iter_mut().find(|(known, _)| known.name == name.name) {
                        Some(known) => *known = (name, node),
                        None => done.push((name, node)),
                    }
                }
            },
        }
        Ok(())
    }

    fn count(&mut self, at: Position, more: usize) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES { fail(at, YamlErrorKind::TooManyNodes) } else { Ok(()) }
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }
}

fn fail<T>(at: Position, kind: YamlErrorKind) -> Result<T, YamlError> {
    Err(YamlError { at, kind })
}

/// Separates a custom tag (`!Find`) from a type of the core schema (`!!str`).
fn split_tag(tag: Option<&Tag>) -> (Option<String>, Option<String>) {
    match tag {
        None => (None, None),
        Some(tag) if tag.is_yaml_core_schema() => (None, Some(tag.suffix.clone())),
        // A lone `!` means "not plain": text.
        Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => (None, Some("str".to_owned())),
        Some(tag) => (Some(tag.suffix.clone()), None),
    }
}

fn key_of(node: Node, plain: bool) -> Result<PendingKey, YamlError> {
    match (node.tag, node.content) {
        (None, Content::Scalar { text, .. }) if plain && text == "<<" => Ok(PendingKey::Merge),
        (None, Content::Scalar { text, value }) => {
            let name = match value {
                Json::String(text) => text,
                Json::Null | Json::Bool(_) | Json::Number(_) => text,
                _ => return fail(node.at, YamlErrorKind::BadKey),
            };
            Ok(PendingKey::Named(Key { at: node.at, name }))
        }
        _ => fail(node.at, YamlErrorKind::BadKey),
    }
}

/// Adds what `<<` brings: own members win, then earlier maps over later ones.
fn merged(mut own: Vec<(Key, Node)>, merges: Vec<Node>) -> Result<Vec<(Key, Node)>, YamlError> {
    for merge in merges {
        let at = merge.at;
        let maps = match merge.content {
            Content::Map(members) => vec![members],
            Content::List(items) => items
                .into_iter()
                .map(|item| match item.content {
                    Content::Map(members) => Ok(members),
                    _ => fail(item.at, YamlErrorKind::BadMerge),
                })
                .collect::<Result<Vec<_>, _>>()?,
            Content::Scalar { .. } => return fail(at, YamlErrorKind::BadMerge),
        };
        for (key, node) in maps.into_iter().flatten() {
            if !own.iter().any(|(known, _)| known.name == key.name) {
                own.push((key, node));
            }
        }
    }
    Ok(own)
}

#[cfg(test)]
mod tests;
