//! All kinds the program knows, by model name.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::draft::Change;
use crate::environment::Entropy;
use crate::errors::FieldErrors;
use crate::key::Space;
use crate::kind::{Input, Kind, KindMeta, Object};
use crate::secret::{SealError, Sealer};
use crate::snapshot::Snapshot;
use crate::table::TableMeta;
use crate::time::Timestamp;

type Parse = fn(&Input<'_>, Option<&dyn Object>) -> Result<Arc<dyn Object>, FieldErrors>;
type Load =
    fn(&Map<String, Value>, &dyn Sealer, &dyn Entropy) -> Result<Arc<dyn Object>, LoadError>;
/// Changes stored JSON of format `n` into format `n + 1`.
pub type Upgrade = fn(&mut Map<String, Value>);

/// A kind as the registry keeps it: its declaration and how to make values of it.
#[derive(Clone)]
pub struct KindDef {
    /// What was declared.
    pub meta: &'static KindMeta,
    parse: Parse,
    load: Load,
    /// Step `n` lifts stored JSON from format `n + 1` to `n + 2`; formats begin at 1.
    upgrades: &'static [Upgrade],
    stamp: Option<Stamp>,
}

/// Notes when an object is saved.
pub type Stamp = fn(&dyn Object, Timestamp) -> Option<Arc<dyn Object>>;

impl fmt::Debug for KindDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KindDef").field(&self.meta.model).finish()
    }
}

impl KindDef {
    /// The definition of a kind that derives [`Kind`].
    pub fn of<T: Kind>() -> KindDef {
        KindDef {
            meta: T::META,
            parse: |input, base| {
                let base = base.and_then(|o| (o as &dyn Any).downcast_ref::<T>());
                T::parse(input, base).map(|value| Arc::new(value) as Arc<dyn Object>)
            },
            load: |stored, sealer, entropy| {
                T::load(stored, sealer, entropy).map(|v| Arc::new(v) as Arc<dyn Object>)
            },
            upgrades: &[],
            stamp: None,
        }
    }

    /// The steps from older formats of the stored JSON; `meta.format` must be one more than their
    /// number.
    #[must_use]
    pub fn with_upgrades(mut self, upgrades: &'static [Upgrade]) -> KindDef {
        self.upgrades = upgrades;
        self
    }

    /// Objects of this kind show when they were last saved.
    #[must_use]
    pub const fn with_stamp(mut self, stamp: Stamp) -> KindDef {
        self.stamp = Some(stamp);
        self
    }

    /// An object that somebody saves at that moment.
    pub fn stamped(&self, object: Arc<dyn Object>, now: Timestamp) -> Arc<dyn Object> {
        self.stamp.and_then(|stamp| stamp(&*object, now)).unwrap_or(object)
    }

    /// # Errors
    /// The problems of all fields.
    pub fn parse(
        &self,
        input: &Input<'_>,
        base: Option<&dyn Object>,
    ) -> Result<Arc<dyn Object>, FieldErrors> {
        (self.parse)(input, base)
    }

    /// # Errors
    /// Stored JSON of a newer format, or sealed with another key.
    pub fn load(
        &self,
        format: u32,
        mut stored: Map<String, Value>,
        sealer: &dyn Sealer,
        entropy: &dyn Entropy,
    ) -> Result<Arc<dyn Object>, LoadError> {
        if format > self.meta.format {
            return Err(LoadError::Newer { model: self.meta.model, format });
        }
        for step in self.upgrades.iter().skip(format.saturating_sub(1) as usize) {
            step(&mut stored);
        }
        (self.load)(&stored, sealer, entropy)
    }
}

/// Why a stored object is not read.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error(
        "a stored {model} has format {format}, newer than this program knows: start the newer version again, or restore a backup"
    )]
    /// A newer version of the program stored it.
    Newer {
        /// The kind.
        model: &'static str,
        /// The format of what is stored.
        format: u32,
    },
    /// No module declares its kind.
    #[error("a stored object of unknown kind {0}: start the version that wrote it")]
    Unknown(String),
    /// What is stored is not what the kind can hold.
    #[error("a stored {model} lacks its field {field}: restore a backup")]
    Damaged {
        /// The kind.
        model: &'static str,
        /// The field whose value cannot be read.
        field: &'static str,
    },
    /// A secret of it cannot be opened.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// What a whole edit must keep to, beyond what each object says of itself: the configuration before
/// and after, and what differs.
pub type Rule = fn(&Snapshot, &Snapshot, &[Change]) -> Result<(), FieldErrors>;

/// Every kind, by model name, the rules over edits of them, and every table.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, KindDef>,
    rules: Vec<Rule>,
    tables: Vec<&'static TableMeta>,
}

impl Registry {
    /// A second kind of the same model would replace the first; a test over the whole set forbids
    /// it.
    pub fn new(kinds: impl IntoIterator<Item = KindDef>) -> Registry {
        Registry {
            kinds: kinds.into_iter().map(|k| (k.meta.model, k)).collect(),
            rules: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// Adds rules that every edit has to keep.
    #[must_use]
    pub fn with_rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Registry {
        self.rules.extend(rules);
        self
    }

    /// Adds the tables that modules declare.
    #[must_use]
    pub fn with_tables(mut self, tables: impl IntoIterator<Item = &'static TableMeta>) -> Registry {
        self.tables.extend(tables);
        self
    }

    /// Every table of the modules, in the order of the modules.
    pub fn tables(&self) -> impl Iterator<Item = &'static TableMeta> {
        self.tables.iter().copied()
    }

    /// Whether an edit keeps to the rules.
    ///
    /// # Errors
    /// What the first rule that does not hold says.
    pub fn judge(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        changes: &[Change],
    ) -> Result<(), FieldErrors> {
        self.rules.iter().try_for_each(|rule| rule(before, after, changes))
    }

    /// By model name, whatever its case, as blueprints write it.
    pub fn kind(&self, model: &str) -> Option<&KindDef> {
        self.kinds.get(model).or_else(|| self.kinds.get(model.to_ascii_lowercase().as_str()))
    }

    /// All kinds, by model.
    pub fn kinds(&self) -> impl Iterator<Item = &KindDef> {
        self.kinds.values()
    }

    /// The kinds of a space.
    pub fn family(&self, space: Space) -> impl Iterator<Item = &KindDef> {
        self.kinds.values().filter(move |k| k.meta.space == space)
    }
}
