//! Fields: how one value is parsed, shown, stored and described.

use serde_json::{Map, Value};

use crate::duration::Duration;
use crate::errors::{ErrorNode, Problem};
use crate::key::{Key, KeyType, ObjectId, Space};
use crate::reference::{Ref, Target};
use crate::secret::{SealError, Sealer, Secret};
use crate::time::Timestamp;

/// What happens to an object when something it names is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The object goes too.
    Cascade,
    /// The reference becomes empty.
    SetNull,
    /// The deletion is refused.
    Protect,
}

/// The declaration of one field; made by the derive from the `#[field(..)]` attributes.
#[derive(Debug)]
pub struct FieldMeta {
    /// Its name in JSON and files.
    pub name: &'static str,
    /// What people read above it.
    pub label: &'static str,
    /// What people read below it.
    pub help: &'static str,
    /// The heading of the part of the form that it is in; `None` is the first part, which has none.
    pub group: Option<&'static str>,
    /// How it is entered, where its shape does not say it.
    pub widget: Option<Widget>,
    /// Shown while nothing is entered.
    pub placeholder: Option<&'static str>,
    /// Not part of the form.
    pub hidden: bool,
    /// What the form of a new object begins with, where that is not the default.
    pub start: fn() -> Option<Value>,
    /// What a reference is chosen from.
    pub choose: Option<Choose>,
    /// It is set by this action of the object (`{"url": ..}` or `{"clear": true}`), not by an edit.
    pub action: Option<&'static str>,
    /// `(field, value)`: shown only while that other field has that value.
    pub show_if: Option<(&'static str, &'static str)>,
    /// Something has to be sent when an object is made.
    pub required: bool,
    /// No two objects of the space have the same value.
    pub unique: bool,
    /// What is said of a value that is taken; the usual sentence when `None`.
    pub unique_text: Option<&'static str>,
    /// An empty text is allowed.
    pub blank: bool,
    /// Never answered by the API.
    pub write_only: bool,
    /// Kept, but not settable over the API (blueprints may).
    pub read_only: bool,
    /// Lists can be asked for the objects that have a value here.
    pub filter: bool,
    /// Lists can be asked for the objects that have none, as `managed__isnull`.
    pub filter_null: bool,
    /// Lists are searched by it.
    pub search: bool,
    /// Characters, at most.
    pub max_length: Option<usize>,
    /// The least number.
    pub min: Option<i64>,
    /// The greatest number.
    pub max: Option<i64>,
    /// What the deletion of what it names does.
    pub on_delete: OnDelete,
    /// What it names restricts somebody: when that is deleted, the object's
    /// [`Vanished`](crate::Vanished) says so. Fields of one name here are alternatives: whoever
    /// sets one of them says anew what restricts.
    pub guard: Option<&'static str>,
    /// The field of what it names that it depends on: a change to that one is refused where this
    /// object's rules forbid it.
    pub needs: Option<&'static str>,
    /// The form of its values.
    pub shape: fn() -> Shape,
    /// The default as JSON where it is a constant, for forms and documentation.
    pub default: fn() -> Option<Value>,
}

impl FieldMeta {
    /// A required text without any rule.
    pub const TEXT: FieldMeta = FieldMeta {
        name: "",
        label: "",
        help: "",
        group: None,
        widget: None,
        placeholder: None,
        hidden: false,
        start: || None,
        choose: None,
        action: None,
        show_if: None,
        required: true,
        unique: false,
        unique_text: None,
        blank: false,
        write_only: false,
        read_only: false,
        filter: false,
        filter_null: false,
        search: false,
        max_length: None,
        min: None,
        max: None,
        on_delete: OnDelete::Cascade,
        guard: None,
        needs: None,
        shape: String::shape,
        default: || None,
    };

    /// Whether values are secrets, or hold some.
    pub fn is_secret(&self) -> bool {
        (self.shape)().is_secret()
    }

    /// Whether only the fact that a value changed may be recorded, not the value.
    pub fn is_hidden(&self) -> bool {
        self.write_only || self.is_secret()
    }
}

/// How a value is entered, where its shape does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Widget {
    /// Not readable while it is typed.
    Password,
    /// All choices are seen at once, however many there are.
    Radio,
    /// Permissions, chosen by what they are called.
    Permissions,
    /// Python, with the names that exist at its place. Beside a switch `<name>_expression`, only
    /// while that is on.
    Expression,
}

/// What a reference is chosen from: `#[field(choose(query = "designation=recovery", ..))]`.
#[derive(Debug, Clone, Copy)]
pub struct Choose {
    /// The collection, where it is not that of everything the reference can name.
    pub path: Option<&'static str>,
    /// What answers call the key, where the collection is of no kind.
    pub key: Option<&'static str>,
    /// What names one of it to people, where it is of no kind.
    pub named: Option<&'static str>,
    /// What the collection is asked for.
    pub query: &'static [(&'static str, &'static str)],
    /// Chosen on a new object: what has one of these values in this field.
    pub prefer: Option<(&'static str, &'static [&'static str])>,
    /// Otherwise the only one there is.
    pub only: bool,
}

/// The form of a field's values, for forms, OpenAPI and filters.
#[derive(Debug, Clone)]
pub enum Shape {
    /// One line.
    Text,
    /// Several lines.
    Multiline,
    /// Lines in which each character counts.
    Code,
    /// Letters, digits, hyphens and underscores: part of an address.
    Slug,
    /// An address.
    Url,
    /// An e-mail address.
    Email,
    /// A length of time, as `hours=1`.
    Duration,
    /// A text that answers do not show.
    Secret,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// A moment, in ISO 8601.
    Time,
    /// A UUID.
    Uuid,
    /// An object with any members.
    Map,
    /// Any JSON.
    Json,
    /// A JSON object that answers do not show.
    SecretJson,
    /// One of some values.
    Choice(&'static [ChoiceMeta]),
    /// The key of another object.
    Reference {
        /// Where that object is.
        space: Space,
        /// Its model, where it can be of one only.
        model: Option<&'static str>,
        /// What its key is.
        key: KeyType,
    },
    /// A value or null.
    Nullable(Box<Shape>),
    /// Any number of values.
    List(Box<Shape>),
    /// An object with declared members.
    Object(&'static [FieldMeta]),
}

impl Shape {
    /// Whether values of this shape are secrets, or hold some.
    pub fn is_secret(&self) -> bool {
        match self {
            Shape::Secret | Shape::SecretJson => true,
            Shape::Nullable(inner) | Shape::List(inner) => inner.is_secret(),
            Shape::Object(fields) => fields.iter().any(|field| (field.shape)().is_secret()),
            _ => false,
        }
    }

    /// Whether values are one text, number or time, by which objects can be ordered.
    pub fn is_plain(&self) -> bool {
        match self {
            Shape::Nullable(inner) => inner.is_plain(),
            Shape::Secret
            | Shape::SecretJson
            | Shape::Map
            | Shape::Json
            | Shape::Reference { .. }
            | Shape::List(_)
            | Shape::Object(_) => false,
            _ => true,
        }
    }

    /// A value without its secrets: each that is set becomes [`Secret::MASK`].
    #[must_use]
    pub fn masked(&self, value: Value) -> Value {
        match (self, value) {
            (Shape::Secret, Value::String(text)) if !text.is_empty() => Value::from(Secret::MASK),
            (Shape::SecretJson, Value::Object(map)) if !map.is_empty() => Value::from(Secret::MASK),
            (Shape::Nullable(inner), value) => inner.masked(value),
            (Shape::List(item), Value::Array(items)) => {
                items.into_iter().map(|value| item.masked(value)).collect()
            }
            (Shape::Object(fields), Value::Object(map)) => {
                let part = |name: &str| fields.iter().find(|field| field.name == name);
                let masked = |(name, value): (String, Value)| {
                    let value = match part(&name) {
                        Some(field) => (field.shape)().masked(value),
                        None => value,
                    };
                    (name, value)
                };
                map.into_iter().map(masked).collect()
            }
            (_, value) => value,
        }
    }
}

/// One value of a choice.
#[derive(Debug)]
pub struct ChoiceMeta {
    /// As it is sent and stored.
    pub value: &'static str,
    /// What people choose it by.
    pub label: &'static str,
    /// Forms offer it; the program keeps the others for itself.
    pub offered: bool,
}

impl ChoiceMeta {
    /// One that forms offer.
    pub const fn new(value: &'static str, label: &'static str) -> ChoiceMeta {
        ChoiceMeta { value, label, offered: true }
    }
}

/// A value that can be a field. Parsing turns outside JSON into meaning once; nothing later checks
/// again.
pub trait FieldValue: Sized + Clone {
    /// The form of its values.
    fn shape() -> Shape;

    /// Reads what was sent.
    ///
    /// # Errors
    /// The problems as the API words them.
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode>;

    /// As the API writes it; secrets in clear text.
    fn to_json(&self) -> Value;

    /// Reads what `to_stored` wrote: also what time made of it and nobody may ask for.
    ///
    /// # Errors
    /// As `parse`.
    fn parse_stored(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Self::parse(value, meta)
    }

    /// Reads what rests on disk. It was checked when it was written, perhaps by the rules of an
    /// older version: what those let through is kept as it is where its type can hold it.
    ///
    /// # Errors
    /// As `parse`.
    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Self::parse_stored(value, meta)
    }

    /// As it rests on disk; differs from `to_json` only for secrets.
    fn to_stored(&self, _sealer: &dyn Sealer) -> Value {
        self.to_json()
    }

    /// Opens what `to_stored` sealed, before parsing.
    ///
    /// # Errors
    /// A secret sealed with another key.
    fn unseal(value: &Value, _sealer: &dyn Sealer) -> Result<Value, SealError> {
        Ok(value.clone())
    }

    /// Calls `visit` with each object that it names.
    fn visit_refs(&self, _visit: &mut dyn FnMut(ObjectId)) {}

    /// This value without its reference to `target`; `None` when it cannot be without.
    fn without(&self, _target: ObjectId) -> Option<Self> {
        Some(self.clone())
    }

    /// The deletion rule when the declaration names none.
    const ON_DELETE: OnDelete = OnDelete::Cascade;
}

/// An enumeration declared with `#[derive(Choice)]`.
pub trait Choice: Sized + Copy + PartialEq + 'static {
    /// All of them, in the order in which they are offered.
    const CHOICES: &'static [ChoiceMeta];
    /// As it is sent and stored.
    fn value(self) -> &'static str;
    /// The one that is sent and stored so.
    fn from_value(text: &str) -> Option<Self>;
}

impl FieldValue for String {
    fn shape() -> Shape {
        Shape::Text
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        text(value, meta)
    }
    fn to_json(&self) -> Value {
        Value::from(self.clone())
    }
}

/// The rules every text field shares: trimmed, blank only where allowed, bounded.
pub(crate) fn text(value: &Value, meta: &FieldMeta) -> Result<String, ErrorNode> {
    let text = match value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        Value::Null => return Err(Problem::null().into()),
        _ => return Err(Problem::new("invalid", "Not a valid string.").into()),
    };
    bounded(text, meta)
}

pub(crate) fn bounded(text: String, meta: &FieldMeta) -> Result<String, ErrorNode> {
    if text.is_empty() && !meta.blank {
        return Err(Problem::blank().into());
    }
    if text.contains('\0') {
        return Err(null_characters());
    }
    if let Some(max) = meta.max_length.filter(|max| text.chars().count() > *max) {
        return Err(Problem::new(
            "max_length",
            format!("Ensure this field has no more than {max} characters."),
        )
        .into());
    }
    Ok(text)
}

fn null_characters() -> ErrorNode {
    Problem::new("null_characters_not_allowed", "Null characters are not allowed.").into()
}

/// Whether a text or a name in it has a null character, which not every engine finds things by.
fn has_null_characters(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_null_characters),
        Value::Object(map) => has_null_characters_within(map),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn has_null_characters_within(map: &Map<String, Value>) -> bool {
    map.iter().any(|(name, value)| name.contains('\0') || has_null_characters(value))
}

impl FieldValue for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        match value {
            Value::Bool(b) => Ok(*b),
            Value::Null => Err(Problem::null().into()),
            Value::Number(n) if n.as_i64() == Some(1) => Ok(true),
            Value::Number(n) if n.as_i64() == Some(0) => Ok(false),
            Value::String(s)
                if ["t", "y", "yes", "true", "on", "1"]
                    .contains(&s.to_ascii_lowercase().as_str()) =>
            {
                Ok(true)
            }
            Value::String(s)
                if ["f", "n", "no", "false", "off", "0"]
                    .contains(&s.to_ascii_lowercase().as_str()) =>
            {
                Ok(false)
            }
            _ => Err(Problem::new("invalid", "Must be a valid boolean.").into()),
        }
    }
    fn to_json(&self) -> Value {
        Value::Bool(*self)
    }
}

impl FieldValue for i64 {
    fn shape() -> Shape {
        Shape::Integer
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let number = match value {
            Value::Null => return Err(Problem::null().into()),
            Value::Number(n) => n.as_i64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        let number =
            number.ok_or_else(|| Problem::new("invalid", "A valid integer is required."))?;
        let (low, high) =
            (meta.min.unwrap_or(i64::from(i32::MIN)), meta.max.unwrap_or(i64::from(i32::MAX)));
        if number < low {
            return Err(Problem::new(
                "min_value",
                format!("Ensure this value is greater than or equal to {low}."),
            )
            .into());
        }
        if number > high {
            return Err(Problem::new(
                "max_value",
                format!("Ensure this value is less than or equal to {high}."),
            )
            .into());
        }
        Ok(number)
    }
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl FieldValue for i32 {
    fn shape() -> Shape {
        Shape::Integer
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let wide = <i64 as FieldValue>::parse(value, meta)?;
        i32::try_from(wide)
            .map_err(|_| Problem::new("invalid", "A valid integer is required.").into())
    }
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl FieldValue for f64 {
    fn shape() -> Shape {
        Shape::Float
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let number = match value {
            Value::Null => return Err(Problem::null().into()),
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse::<f64>().ok().filter(|f| f.is_finite()),
            _ => None,
        };
        number.ok_or_else(|| Problem::new("invalid", "A valid number is required.").into())
    }
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl FieldValue for Timestamp {
    fn shape() -> Shape {
        Shape::Time
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        const WRONG: &str = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
        match value {
            Value::Null => Err(Problem::null().into()),
            Value::String(s) => {
                Timestamp::parse(s).ok_or_else(|| Problem::new("invalid", WRONG).into())
            }
            _ => Err(Problem::new("invalid", WRONG).into()),
        }
    }
    fn to_json(&self) -> Value {
        Value::from(self.iso())
    }
}

impl FieldValue for Duration {
    fn shape() -> Shape {
        Shape::Duration
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Duration::parse(&text(value, meta)?)
            .map_err(|e| Problem::new("invalid", e.to_string()).into())
    }
    fn to_json(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl FieldValue for Secret {
    fn shape() -> Shape {
        Shape::Secret
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        text(value, meta).map(Secret::new)
    }
    fn to_json(&self) -> Value {
        Value::from(self.expose())
    }
    fn to_stored(&self, sealer: &dyn Sealer) -> Value {
        Value::from(sealer.seal(self.expose()))
    }
    fn unseal(value: &Value, sealer: &dyn Sealer) -> Result<Value, SealError> {
        match value {
            Value::String(sealed) => sealer.open(sealed).map(|s| Value::from(s.expose())),
            other => Ok(other.clone()),
        }
    }
}

impl FieldValue for uuid::Uuid {
    fn shape() -> Shape {
        Shape::Uuid
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let parsed = value.as_str().and_then(|s| uuid::Uuid::parse_str(s).ok());
        parsed.ok_or_else(|| Problem::new("invalid", "Must be a valid UUID.").into())
    }
    fn to_json(&self) -> Value {
        Value::from(self.to_string())
    }
}

/// A free map, as `attributes`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JsonMap(pub Map<String, Value>);

impl FieldValue for JsonMap {
    fn shape() -> Shape {
        Shape::Map
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        match value {
            Value::Object(map) if has_null_characters_within(map) => Err(null_characters()),
            other => Self::parse_stored(other, meta),
        }
    }
    fn parse_stored(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        match value {
            Value::Object(map) => Ok(JsonMap(map.clone())),
            Value::Null => Err(Problem::null().into()),
            _ => Err(Problem::new(
                "invalid",
                "Value must be a dictionary, and not have any duplicate keys.",
            )
            .into()),
        }
    }
    fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

/// Any JSON, kept as it came.
impl FieldValue for Value {
    fn shape() -> Shape {
        Shape::Json
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        if has_null_characters(value) { Err(null_characters()) } else { Ok(value.clone()) }
    }
    fn parse_stored(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Ok(value.clone())
    }
    fn to_json(&self) -> Value {
        self.clone()
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn shape() -> Shape {
        Shape::Nullable(Box::new(T::shape()))
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        if value.is_null() {
            return Ok(None);
        }
        // Forms send an emptied reference or choice as an empty text.
        if value.as_str() == Some("")
            && !meta.blank
            && !matches!(T::shape(), Shape::Text | Shape::Code | Shape::Multiline | Shape::Secret)
        {
            return Ok(None);
        }
        T::parse(value, meta).map(Some)
    }
    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        if value.is_null() {
            Ok(None)
        } else {
            T::load(value, meta).map(Some).or_else(|_| Self::parse_stored(value, meta))
        }
    }
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, FieldValue::to_json)
    }
    fn to_stored(&self, sealer: &dyn Sealer) -> Value {
        self.as_ref().map_or(Value::Null, |v| v.to_stored(sealer))
    }
    fn unseal(value: &Value, sealer: &dyn Sealer) -> Result<Value, SealError> {
        if value.is_null() { Ok(Value::Null) } else { T::unseal(value, sealer) }
    }
    fn visit_refs(&self, visit: &mut dyn FnMut(ObjectId)) {
        if let Some(value) = self {
            value.visit_refs(visit);
        }
    }
    fn without(&self, target: ObjectId) -> Option<Self> {
        Some(self.as_ref().and_then(|v| v.without(target)))
    }
    const ON_DELETE: OnDelete = OnDelete::SetNull;
}

/// A reference that has to be given, and that is nothing once its target was deleted: the object
/// stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed<T>(pub Option<T>);

impl<T: FieldValue> FieldValue for Needed<T> {
    fn shape() -> Shape {
        T::shape()
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        T::parse(value, meta).map(|value| Needed(Some(value)))
    }
    fn parse_stored(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Option::<T>::parse(value, meta).map(Needed)
    }
    fn to_json(&self) -> Value {
        self.0.to_json()
    }
    fn visit_refs(&self, visit: &mut dyn FnMut(ObjectId)) {
        self.0.visit_refs(visit);
    }
    fn without(&self, target: ObjectId) -> Option<Self> {
        self.0.without(target).map(Needed)
    }
    const ON_DELETE: OnDelete = OnDelete::SetNull;
}

impl<T: FieldValue> FieldValue for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let items = match value {
            Value::Array(items) => items,
            Value::Null => return Err(Problem::null().into()),
            other => {
                let kind = python_type(other);
                return Err(Problem::new(
                    "not_a_list",
                    format!("Expected a list of items but got type \"{kind}\"."),
                )
                .into());
            }
        };
        let mut list = Vec::with_capacity(items.len());
        let mut nested = Vec::with_capacity(items.len());
        for item in items {
            match T::parse(item, meta) {
                Ok(value) => {
                    list.push(value);
                    nested.push(crate::FieldErrors::new());
                }
                Err(ErrorNode::Nested(errors)) => nested.push(errors),
                Err(other) => return Err(other),
            }
        }
        if nested.iter().any(|e| !e.is_empty()) { Err(ErrorNode::Items(nested)) } else { Ok(list) }
    }
    fn to_json(&self) -> Value {
        self.iter().map(FieldValue::to_json).collect()
    }
    fn to_stored(&self, sealer: &dyn Sealer) -> Value {
        self.iter().map(|v| v.to_stored(sealer)).collect()
    }
    fn unseal(value: &Value, sealer: &dyn Sealer) -> Result<Value, SealError> {
        match value {
            Value::Array(items) => items.iter().map(|v| T::unseal(v, sealer)).collect(),
            other => Ok(other.clone()),
        }
    }
    fn visit_refs(&self, visit: &mut dyn FnMut(ObjectId)) {
        for value in self {
            value.visit_refs(visit);
        }
    }
    fn without(&self, target: ObjectId) -> Option<Self> {
        Some(self.iter().filter_map(|v| v.without(target)).collect())
    }
    const ON_DELETE: OnDelete = OnDelete::SetNull;
}

impl<T: Target + ?Sized> FieldValue for Ref<T> {
    fn shape() -> Shape {
        Shape::Reference { space: T::SPACE, model: T::MODEL, key: T::KEY }
    }
    fn parse(value: &Value, _meta: &FieldMeta) -> Result<Self, ErrorNode> {
        if value.is_null() {
            return Err(Problem::null().into());
        }
        if let Some(key) = Key::from_json(value, T::KEY) {
            return Ok(Ref::new(key));
        }
        Err(match (T::KEY, value) {
            (KeyType::Uuid, Value::String(s)) => {
                Problem::new("invalid", format!("“{s}” is not a valid UUID."))
            }
            (_, other) => Problem::new(
                "incorrect_type",
                format!("Incorrect type. Expected pk value, received {}.", python_type(other)),
            ),
        }
        .into())
    }
    fn to_json(&self) -> Value {
        self.key().to_json()
    }
    fn visit_refs(&self, visit: &mut dyn FnMut(ObjectId)) {
        visit(self.id());
    }
    fn without(&self, target: ObjectId) -> Option<Self> {
        (self.id() != target).then_some(*self)
    }
}

/// The name the original's framework gives a JSON value's type in its messages.
pub fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_with_null_characters_is_refused_and_still_read_where_it_rests() {
        for value in [json!({"a": "b\0"}), json!({"a": [{"b\0": 1}]})] {
            let error = Value::parse(&value, &FieldMeta::TEXT).unwrap_err();
            assert_eq!(error, null_characters(), "{value}");
            assert_eq!(JsonMap::parse(&value, &FieldMeta::TEXT).unwrap_err(), error, "{value}");
            assert!(
                JsonMap::load(&value, &FieldMeta::TEXT).is_ok_and(|map| map.to_json() == value)
            );
            assert_eq!(Option::<Value>::load(&value, &FieldMeta::TEXT).unwrap(), Some(value));
        }
        let plain = json!({"a": ["b", 1, null, r"\u0000"]});
        assert_eq!(JsonMap::parse(&plain, &FieldMeta::TEXT).unwrap().to_json(), plain);
    }
}
