//! What can go wrong while applying, and where.

use std::{collections::HashMap, fmt};

use countersign_model::{EditError, FieldErrors, ObjectId};
use countersign_store::StoreError;

use crate::{
    format::{Document, Entry},
    resolve::ResolveError,
    yaml::Position,
};

/// The entry an error or step belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub file: String,
    /// Where in it.
    pub at: Position,
    /// The entry's number, from 0.
    pub index: usize,
    /// The entry's model, as far as known.
    pub model: String,
    /// The entry's id.
    pub id: Option<String>,
}

impl Spot {
    pub(crate) fn of(document: &Document, entry: &Entry) -> Spot {
        Spot {
            file: document.file.clone(),
            at: entry.at,
            index: entry.index,
            model: String::new(),
            id: entry.id.clone(),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: entries[{}]", self.file, self.at, self.index)?;
        match (&self.model, &self.id) {
            (model, Some(id)) if !model.is_empty() => write!(f, " ({model}, id {id})"),
            (model, None) if !model.is_empty() => write!(f, " ({model})"),
            (_, Some(id)) => write!(f, " (id {id})"),
            _ => Ok(()),
        }
    }
}

/// Why a job was not carried out.
#[derive(Debug, thiserror::Error)]
#[error("{}{kind}", .spot.as_ref().map(|spot| format!("{spot}: ")).unwrap_or_default())]
pub struct ApplyError {
    /// Which entry, where one is to blame.
    pub spot: Option<Box<Spot>>,
    /// What.
    #[source]
    pub kind: ApplyErrorKind,
}

/// The ways an entry can fail.
#[derive(Debug, thiserror::Error)]
pub enum ApplyErrorKind {
    /// A tag has no value.
    #[error(transparent)]
    Tag(#[from] ResolveError),
    /// Something that was sent asks for what belongs to the machine.
    #[error(
        "!Env and !File read what belongs to the machine of the server: write the values themselves into a blueprint that is sent"
    )]
    ReachesOut,
    /// The model is not text.
    #[error("model: must be text")]
    ModelNotText,
    /// No such model, or none that files may fill.
    #[error("model: there is no model \"{0}\" that blueprints can fill")]
    Model(String),
    /// The state is none of the four.
    #[error("state: \"{0}\" is not a state; known are present, created, must_created and absent")]
    State(String),
    /// Nothing to find the object by.
    #[error("identifiers: at least one is needed to find the object")]
    NoIdentifiers,
    /// An identifier the model does not have.
    #[error("identifiers.{0}: the model has no such field")]
    Identifier(String),
    /// It was to be new and is not.
    #[error("{}", .0.to_json())]
    Exists(FieldErrors),
    /// The values are not valid.
    #[error("{}", .0.to_json())]
    Fields(FieldErrors),
    /// Another file that is needed is not there.
    #[error("attrs.identifiers: the blueprint it needs does not exist")]
    NoBlueprint,
    /// Something else needs the object.
    #[error("{0}")]
    Protected(EditError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> ApplyError {
        ApplyError { spot: None, kind: ApplyErrorKind::Store(error) }
    }
}

impl ApplyError {
    /// What the graph refused at the end, with the entry that wrote the object.
    pub(super) fn refused(error: EditError, places: &HashMap<ObjectId, Spot>) -> ApplyError {
        let id = match &error {
            EditError::Invalid { id, .. } | EditError::Awaited { id, .. } => *id,
            EditError::Protected { by, .. } => *by,
        };
        let spot = places.get(&id).cloned().map(Box::new);
        let kind = match error {
            EditError::Invalid { errors, .. } if spot.is_some() => ApplyErrorKind::Fields(errors),
            other => ApplyErrorKind::Protected(other),
        };
        ApplyError { spot, kind }
    }
}
