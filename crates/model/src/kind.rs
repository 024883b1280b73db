//! Kinds: the declaration of one sort of object, and objects as values of some kind.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::draft::Draft;
use crate::environment::Entropy;
use crate::errors::FieldErrors;
use crate::field::{FieldMeta, OnDelete};
use crate::form::Interface;
use crate::key::{KeyType, ObjectId, Space};
use crate::reference::Target;
use crate::registry::LoadError;
use crate::secret::Sealer;

/// What a `#[kind(..)]` attribute declares about a struct.
#[derive(Debug)]
pub struct KindMeta {
    /// Path of its collection below `/api/v3/`, without slashes around it.
    pub path: &'static str,
    /// `app_label.model`, the name blueprints and permissions use.
    pub model: &'static str,
    /// Name of its OpenAPI component.
    pub schema: &'static str,
    /// What one is called.
    pub title: &'static str,
    /// What several are called.
    pub plural: &'static str,
    /// The form element the original's interface names; some lists carry it.
    pub component: &'static str,
    /// What it is, in a sentence or two.
    pub description: &'static str,
    /// Where its keys are given once.
    pub space: Space,
    /// What its keys are.
    pub key: KeyType,
    /// What the kind has in common with others: where they are all listed, by which names.
    pub family: Option<&'static KindMeta>,
    /// A [`Cast`] to the family's trait, and to each of the other traits that `also` names.
    #[doc(hidden)]
    pub casts: &'static [&'static (dyn Any + Send + Sync)],
    /// Policies can be bound to its objects.
    pub bindable: bool,
    /// Name of the key in item paths, as `stage_uuid`; `slug` and `identifier` look up by that
    /// field.
    pub lookup: &'static str,
    /// The field that people call an object by.
    pub label: Option<&'static str>,
    /// The fields that lists are ordered by when nothing else is asked for.
    pub ordering: &'static [&'static str],
    /// Fields that must differ as a set.
    pub unique_together: &'static [&'static str],
    /// Offered when an administrator creates something.
    pub creatable: bool,
    /// The form of the stored JSON; see the registry's upgrade steps.
    pub format: u32,
    /// Its fields, in the order of the struct.
    pub fields: &'static [FieldMeta],
    /// Its forms and lists.
    pub interface: Interface,
}

impl KindMeta {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldMeta> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The field that paths and files name an object by: the one it is looked up by, or its label.
    pub fn handle(&self) -> Option<&'static str> {
        self.field(self.lookup).map(|field| field.name).or(self.label)
    }

    /// What is said of a value of a unique field that another object has; the usual sentence when
    /// `None`.
    pub fn text_of_taken(&self, name: &str) -> Option<&'static str> {
        let text = |meta: &KindMeta| meta.field(name)?.unique_text;
        text(self).or_else(|| text(self.family?))
    }

    /// The part before the dot of `model`.
    pub fn app(&self) -> &'static str {
        self.model.split_once('.').map_or(self.model, |(app, _)| app)
    }

    /// The part after the dot of `model`.
    pub fn model_name(&self) -> &'static str {
        self.model.split_once('.').map_or(self.model, |(_, name)| name)
    }
}

/// How much of an object a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Missing fields take their defaults; required ones must be there.
    Create,
    /// Missing optional fields keep their value; required ones must be there.
    Replace,
    /// Missing fields keep their value.
    Patch,
}

/// What a parse reads: the outside JSON, how much it must hold, and randomness for generated
/// defaults.
pub struct Input<'a> {
    /// What was sent.
    pub map: &'a Map<String, Value>,
    /// How much of an object it holds.
    pub mode: Mode,
    /// For generated defaults.
    pub entropy: &'a dyn Entropy,
    /// Read-only fields may be set: blueprints and the program itself.
    pub privileged: bool,
}

impl<'a> Input<'a> {
    /// The sent value of a field, unless it is one the sender may not set.
    pub fn value(&self, meta: &FieldMeta) -> Option<&'a Value> {
        if meta.read_only && !self.privileged { None } else { self.map.get(meta.name) }
    }

    /// Whether a request without this field is wrong.
    pub fn must_have(&self, meta: &FieldMeta) -> bool {
        meta.required && self.mode != Mode::Patch
    }
}

/// A struct of declared fields: kinds of the graph and rows of the directory alike.
pub trait Fields: Sized + Clone {
    /// What was declared.
    const META: &'static KindMeta;

    /// Reads outside JSON over `base` (what is there already, if anything).
    ///
    /// # Errors
    /// All problems of all fields at once.
    fn parse(input: &Input<'_>, base: Option<&Self>) -> Result<Self, FieldErrors>;

    /// All fields by name, secrets in clear text. Whoever answers outside masks by `FieldMeta`.
    fn to_map(&self) -> Map<String, Value>;
}

/// A sort of configuration object. Implemented by `#[derive(Kind)]`.
pub trait Kind: Fields + Object + Target {
    /// Reads stored JSON; missing fields take defaults, so that a new optional field needs no
    /// upgrade step.
    ///
    /// # Errors
    /// A secret sealed with another key, or a required field that is not there.
    fn load(
        stored: &Map<String, Value>,
        sealer: &dyn Sealer,
        entropy: &dyn Entropy,
    ) -> Result<Self, LoadError>;
}

/// Kinds that share a key space, a name space and a way to behave: the trait that each member
/// implements. `Ref<dyn Policy>` names any policy, and [`Entry::facet`](crate::Entry::facet) gives
/// its behaviour. `#[kind(members = dyn Policy, ..)]` on a struct of the shared fields implements
/// it.
///
/// ```
/// use countersign_model::{Fields, Kind};
///
/// trait Shape: Send + Sync {
///     fn corners(&self) -> u32;
/// }
/// #[derive(Debug, Clone, Fields)]
/// #[kind(members = dyn Shape, path = "shapes/all", model = "shapes.shape", title = "Shape")]
/// struct Common {
///     #[field(unique = "Shape with this name already exists.")]
///     name: String,
/// }
///
/// #[derive(Debug, Clone, Kind)]
/// #[kind(family = dyn Shape, path = "shapes/squares", model = "shapes.square", title = "Square")]
/// struct Square {
///     #[field(unique)]
///     name: String,
/// }
/// impl Shape for Square {
///     fn corners(&self) -> u32 {
///         4
///     }
/// }
/// ```
///
/// A kind that says it is a member and does not behave as one does not compile:
///
/// ```compile_fail,E0277
/// use countersign_model::{Fields, Kind};
///
/// trait Shape: Send + Sync {}
/// #[derive(Debug, Clone, Fields)]
/// #[kind(members = dyn Shape, path = "shapes/all", model = "shapes.shape", title = "Shape")]
/// struct Common {}
///
/// #[derive(Debug, Clone, Kind)]
/// #[kind(family = dyn Shape, path = "shapes/squares", model = "shapes.square", title = "Square")]
/// struct Square {}
/// ```
pub trait Family: Target {
    /// The path, names, lookup, order and fields of the family as a whole.
    const META: &'static KindMeta;
}

/// How an object of one kind is seen as a member of its family, or as one of what else it is
/// (`#[kind(also = dyn Client)]`). `derive(Kind)` makes one, which compiles only if the struct
/// implements the trait.
#[doc(hidden)]
pub struct Cast<F: ?Sized + 'static>(pub for<'a> fn(&'a dyn Object) -> Option<&'a F>);

/// An object seen without its type. Implemented by `#[derive(Kind)]`.
pub trait Object: Any + Send + Sync + fmt::Debug {
    /// The declaration of its kind.
    fn meta(&self) -> &'static KindMeta;
    /// All fields by name, secrets in clear text.
    fn values(&self) -> Map<String, Value>;
    /// One field, for whoever needs no more; as in [`values`](Object::values).
    fn value(&self, field: &str) -> Option<Value>;
    /// All fields as they rest on disk, secrets sealed.
    fn to_stored(&self, sealer: &dyn Sealer) -> Map<String, Value>;
    /// Calls `visit` with each object that it names, and the field that does.
    fn visit_refs(&self, visit: &mut dyn FnMut(&'static FieldMeta, ObjectId));
    /// This object after `target` was deleted, by the deletion rules of the fields that name it.
    fn detached(&self, target: ObjectId) -> Detached;
    /// Rules between the fields, and between this object and others.
    fn check(&self, draft: &Draft, id: ObjectId, errors: &mut FieldErrors);
}

/// What a deletion means for an object that names what is deleted.
#[derive(Debug)]
pub enum Detached {
    /// It stays, with other values.
    Changed(Arc<dyn Object>),
    /// It must go too.
    Gone,
    /// It forbids the deletion, by this field.
    Protected(&'static str),
}

impl Detached {
    /// Folds one field's rule into the outcome so far; used by the derive.
    #[doc(hidden)]
    pub fn rule(meta: &'static FieldMeta) -> Option<Detached> {
        match meta.on_delete {
            OnDelete::Cascade => Some(Detached::Gone),
            OnDelete::Protect => Some(Detached::Protected(meta.name)),
            OnDelete::SetNull => None,
        }
    }
}
