//! From the YAML tree to the document.

use serde_json::Value as Json;

use super::{
    Document, Entry, FormatError, FormatErrorKind, Metadata, Mode, Origin, Output, Search, State,
    Tag, Value, ValueKind,
};
use crate::yaml::{self, Content, Node, Position};

type Read<T> = Result<T, FormatError>;

/// Reads a whole file.
pub(super) fn document(file: &str, text: &str) -> Read<Document> {
    let reader = Reader { file, field: String::new() };
    let root = yaml::parse(text).map_err(|error| FormatError::yaml(file, &error))?;
    let Some(root) = root.filter(|node| node.to_json() != Json::Null) else {
        return reader.fail(Position::default(), FormatErrorKind::Empty);
    };
    reader.document(&root)
}

/// Where we are: file and path of the field, for errors.
#[derive(Clone)]
struct Reader<'a> {
    file: &'a str,
    field: String,
}

impl Reader<'_> {
    fn document(&self, root: &Node) -> Read<Document> {
        self.map(root)?;
        if let Some(version) = root.member("version")
            && version.to_json() != 1
        {
            return self
                .within("version")
                .fail(version.at, FormatErrorKind::Version(describe(version)));
        }
        let metadata = match given(root, "metadata") {
            Some(node) => self.within("metadata").metadata(node)?,
            None => Metadata::default(),
        };
        let context = match given(root, "context") {
            Some(node) => self.within("context").members(node)?,
            None => Vec::new(),
        };
        let mut entries: Vec<Entry> = Vec::new();
        if let Some(node) = given(root, "entries") {
            let reader = self.within("entries");
            for (index, item) in reader.list(node)?.iter().enumerate() {
                let reader = reader.at_index(index);
                entries.push(reader.entry(index, item)?);
            }
        }
        Ok(Document {
            origin: Origin::Sent,
            file: self.file.to_owned(),
            metadata,
            context,
            entries,
        })
    }

    fn metadata(&self, node: &Node) -> Read<Metadata> {
        self.map(node)?;
        let Some(name) = node.member("name") else {
            return self.fail(node.at, FormatErrorKind::Missing("name"));
        };
        let name = self.within("name").text(name)?;
        let mut labels = Vec::new();
        if let Some(node) = given(node, "labels") {
            let reader = self.within("labels");
            for (key, value) in reader.map(node)? {
                labels.push((key.name.clone(), reader.within(&key.name).text(value)?));
            }
        }
        Ok(Metadata { name: Some(name), labels })
    }

    fn entry(&self, index: usize, node: &Node) -> Read<Entry> {
        self.map(node)?;
        let model = match given(node, "model") {
            Some(model) => self.within("model").value(model)?,
            None => return self.fail(node.at, FormatErrorKind::Missing("model")),
        };
        let state = match given(node, "state") {
            Some(state) => self.within("state").state(state)?,
            None => Value { at: node.at, kind: ValueKind::Plain(Json::from("present")) },
        };
        let id = match given(node, "id") {
            Some(id) => Some(self.within("id").text(id)?),
            None => None,
        };
        let list = |name: &str| match given(node, name) {
            Some(found) => self.within(name).values(found),
            None => Ok(Vec::new()),
        };
        let members = |name: &str| match given(node, name) {
            Some(found) => self.within(name).members(found),
            None => Ok(Vec::new()),
        };
        Ok(Entry {
            at: node.at,
            index,
            model,
            id,
            state,
            conditions: list("conditions")?,
            identifiers: members("identifiers")?,
            attrs: members("attrs")?,
            permissions: list("permissions")?,
        })
    }

    fn state(&self, node: &Node) -> Read<Value> {
        let value = self.value(node)?;
        match &value.kind {
            ValueKind::Tag(_) => Ok(value),
            ValueKind::Plain(Json::String(word)) if State::parse(word).is_some() => Ok(value),
            _ => self.fail(node.at, FormatErrorKind::State(describe(node))),
        }
    }

    fn value(&self, node: &Node) -> Read<Value> {
        let kind = match (&node.tag, &node.content) {
            (Some(tag), _) => ValueKind::Tag(Box::new(self.tag(tag, node)?)),
            (None, Content::Scalar { value, .. }) => ValueKind::Plain(value.clone()),
            (None, Content::List(_)) => ValueKind::List(self.values(node)?),
            (None, Content::Map(_)) => ValueKind::Map(self.members(node)?),
        };
        Ok(Value { at: node.at, kind })
    }

    fn values(&self, node: &Node) -> Read<Vec<Value>> {
        self.list(node)?
            .iter()
            .enumerate()
            .map(|(index, item)| self.at_index(index).value(item))
            .collect()
    }

    fn members(&self, node: &Node) -> Read<Vec<(String, Value)>> {
        self.map(node)?
            .iter()
            .map(|(key, value)| Ok((key.name.clone(), self.within(&key.name).value(value)?)))
            .collect()
    }

    fn tag(&self, name: &str, node: &Node) -> Read<Tag> {
        let wrong = |wanted| {
            self.fail(node.at, FormatErrorKind::Arguments { tag: name.to_owned(), wanted })
        };
        match name {
            "KeyOf" => match node.text() {
                Some(id) => Ok(Tag::KeyOf(id.to_owned())),
                None => wrong("the id of an earlier entry"),
            },
            "Find" => Ok(Tag::Find(self.search(name, node)?)),
            "FindObject" => Ok(Tag::FindObject(self.search(name, node)?)),
            "Context" | "Env" | "File" => {
                let Some((key, default)) = self.key_and_default(node)? else {
                    return wrong("a name, or a list of a name and a default");
                };
                Ok(match name {
                    "Context" => Tag::Context { key, default },
                    "Env" => Tag::Env { name: key, default },
                    _ => Tag::File { path: key, default },
                })
            }
            "Format" => match self.arguments(node)?.as_mut_slice() {
                [pattern, arguments @ ..] => {
                    Ok(Tag::Format { pattern: pattern.clone(), arguments: arguments.to_vec() })
                }
                [] => wrong("a list of a pattern and its arguments"),
            },
            "If" => match self.arguments(node)?.as_slice() {
                [condition] => Ok(Tag::If { condition: condition.clone(), branches: None }),
                [condition, yes, no] => Ok(Tag::If {
                    condition: condition.clone(),
                    branches: Some((yes.clone(), no.clone())),
                }),
                _ => wrong("a list of a condition, or of a condition and two values"),
            },
            "Condition" => match (self.items(node), self.arguments(node)?.as_slice()) {
                ([first, ..], [_, values @ ..]) if !values.is_empty() => {
                    match first.text().and_then(mode) {
                        Some(mode) => Ok(Tag::Condition { mode, values: values.to_vec() }),
                        None => wrong("AND, NAND, OR, NOR, XOR or XNOR first"),
                    }
                }
                _ => wrong("a list of a mode and at least one value"),
            },
            "Enumerate" => self.enumerate(name, node),
            "Index" | "Value" => {
                match node.text().and_then(|text| text.trim().parse::<usize>().ok()) {
                    Some(depth) if name == "Index" => Ok(Tag::Index(depth)),
                    Some(depth) => Ok(Tag::Item(depth)),
                    None => wrong("a depth: 0 for the innermost loop, 1 for the one around it"),
                }
            }
            "AtIndex" => match self.arguments(node)?.as_slice() {
                [object, index] => {
                    Ok(Tag::AtIndex { object: object.clone(), index: index.clone(), default: None })
                }
                [object, index, default] => Ok(Tag::AtIndex {
                    object: object.clone(),
                    index: index.clone(),
                    default: Some(default.clone()),
                }),
                _ => wrong("a list of an object, an index and perhaps a default"),
            },
            "ParseJSON" => match &node.content {
                Content::Scalar { text, .. } => Ok(Tag::ParseJson(Value {
                    at: node.at,
                    kind: ValueKind::Plain(Json::from(text.as_str())),
                })),
                Content::List(_) => match self.arguments(node)?.as_slice() {
                    [text] => Ok(Tag::ParseJson(text.clone())),
                    _ => wrong("JSON text"),
                },
                Content::Map(_) => wrong("JSON text"),
            },
            unknown => self.fail(node.at, FormatErrorKind::UnknownTag(unknown.to_owned())),
        }
    }

    fn enumerate(&self, name: &str, node: &Node) -> Read<Tag> {
        let wrong = |wanted| {
            self.fail(node.at, FormatErrorKind::Arguments { tag: name.to_owned(), wanted })
        };
        let arguments = self.arguments(node)?;
        let ([_, output, _], [iterable, _, body]) = (self.items(node), arguments.as_slice()) else {
            return wrong("a list of something to loop over, SEQ or MAP, and a body");
        };
        let output = match output.text().map(str::to_ascii_uppercase).as_deref() {
            Some("SEQ") => Output::List,
            Some("MAP") => Output::Map,
            _ => return wrong("SEQ or MAP as its second argument"),
        };
        if let ValueKind::Tag(tag) = &iterable.kind
            && matches!(**tag, Tag::Index(0) | Tag::Item(0))
        {
            return self.fail(iterable.at, FormatErrorKind::OwnLoop);
        }
        Ok(Tag::Enumerate { iterable: iterable.clone(), output, body: body.clone() })
    }

    fn search(&self, name: &str, node: &Node) -> Read<Search> {
        let wanted = "a list of a model and pairs of a field and a value";
        let wrong = || FormatErrorKind::Arguments { tag: name.to_owned(), wanted };
        let [model, pairs @ ..] = self.items(node) else {
            return self.fail(node.at, wrong());
        };
        if pairs.is_empty() {
            return self.fail(node.at, wrong());
        }
        let mut conditions = Vec::new();
        for pair in pairs {
            match self.arguments(pair)?.as_slice() {
                [field, value] if pair.tag.is_none() => {
                    conditions.push((field.clone(), value.clone()));
                }
                _ => return self.fail(pair.at, wrong()),
            }
        }
        Ok(Search { model: self.value(model)?, conditions })
    }

    fn key_and_default(&self, node: &Node) -> Read<Option<(String, Option<Value>)>> {
        if let Some(key) = node.text() {
            return Ok(Some((key.to_owned(), None)));
        }
        match self.items(node) {
            [key] => Ok(key.text().map(|key| (key.to_owned(), None))),
            [key, default] => {
                let default = self.value(default)?;
                Ok(key.text().map(|key| (key.to_owned(), Some(default))))
            }
            _ => Ok(None),
        }
    }

    /// The items of a tag's list; none when it is no list.
    fn items<'n>(&self, node: &'n Node) -> &'n [Node] {
        match &node.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    fn arguments(&self, node: &Node) -> Read<Vec<Value>> {
        self.items(node).iter().map(|item| self.value(item)).collect()
    }

    fn list<'n>(&self, node: &'n Node) -> Read<&'n [Node]> {
        match (&node.tag, &node.content) {
            (None, Content::List(items)) => Ok(items),
            _ => self.wrong_shape("a list", node),
        }
    }

    fn map<'n>(&self, node: &'n Node) -> Read<&'n [(yaml::Key, Node)]> {
        match (&node.tag, &node.content) {
            (None, Content::Map(members)) => Ok(members),
            _ => self.wrong_shape("a map", node),
        }
    }

    fn text(&self, node: &Node) -> Read<String> {
        match (&node.tag, &node.content) {
            (None, Content::Scalar { text, value }) if !value.is_null() => Ok(text.clone()),
            _ => self.wrong_shape("text", node),
        }
    }

    fn wrong_shape<T>(&self, wanted: &'static str, node: &Node) -> Read<T> {
        self.fail(node.at, FormatErrorKind::Shape { wanted, found: describe(node) })
    }

    fn within(&self, name: &str) -> Self {
        let field =
            if self.field.is_empty() { name.to_owned() } else { format!("{}.{name}", self.field) };
        Reader { file: self.file, field }
    }

    fn at_index(&self, index: usize) -> Self {
        Reader { file: self.file, field: format!("{}[{index}]", self.field) }
    }

    fn fail<T>(&self, at: Position, kind: FormatErrorKind) -> Read<T> {
        Err(FormatError { file: self.file.to_owned(), at, field: self.field.clone(), kind })
    }
}

/// A member that is there and not nothing.
fn given<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.member(name).filter(|found| {
        found.tag.is_some() || !matches!(found.content, Content::Scalar { value: Json::Null, .. })
    })
}

fn mode(word: &str) -> Option<Mode> {
    match word.to_ascii_uppercase().as_str() {
        "AND" => Some(Mode::And),
        "NAND" => Some(Mode::Nand),
        "OR" => Some(Mode::Or),
        "NOR" => Some(Mode::Nor),
        "XOR" => Some(Mode::Xor),
        "XNOR" => Some(Mode::Xnor),
        _ => None,
    }
}

fn describe(node: &Node) -> String {
    match (&node.tag, node.text()) {
        (Some(tag), _) => format!("!{tag}"),
        (None, Some(text)) if !text.is_empty() => text.chars().take(40).collect(),
        _ => node.shape().to_owned(),
    }
}
