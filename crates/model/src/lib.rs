//! What configuration *is*: kinds, fields, references, the snapshot that holds every object in
//! memory and the draft through which it changes.
//!
//! Nothing in here does I/O, reads a clock or knows HTTP, SQL or a protocol: given the same inputs
//! every function answers the same. A kind is a struct with `#[derive(Kind)]`; storage, API, forms,
//! blueprints, diffs and documentation all read that one declaration.
#![warn(missing_docs)]

extern crate self as countersign_model;

mod any_ref;
mod base_path;
mod draft;
mod duration;
mod environment;
mod errors;
mod field;
mod form;
mod ip_text;
mod key;
mod kind;
mod listed;
mod network;
mod order;
mod reference;
mod registry;
mod secret;
mod snapshot;
mod soundness;
mod table;
mod text;
mod time;
mod vanished;

pub use any_ref::AnyRef;
pub use base_path::BasePath;
pub use countersign_model_derive::{Choice, Fields, Kind, Nested, Table};
pub use draft::{Change, Draft, EditError, Refusal};
pub use duration::{Duration, DurationError};
pub use environment::{Clock, Entropy};
pub use errors::{ErrorNode, FieldErrors, Problem};
pub use field::{
    Choice as ChoiceValue, ChoiceMeta, Choose, FieldMeta, FieldValue, JsonMap, Needed, OnDelete,
    Shape, Widget, python_type,
};
pub use form::{Interface, Served, Targets};
pub use ip_text::IpText;
pub use key::{Key, KeyType, ObjectId, Space};
pub use kind::{Detached, Family, Fields, Input, Kind, KindMeta, Mode, Object};
pub use listed::{Listed, Names};
pub use network::{Cidr, node_address, subscriber};
pub use order::{SortKey, letters};
pub use reference::{Ref, Target, directory, family};
pub use registry::{KindDef, LoadError, Registry, Rule, Stamp, Upgrade};
pub use secret::{SealError, Sealer, Secret};
pub use snapshot::{Entry, Revision, Snapshot};
pub use soundness::unsound;
pub use table::{BelongsTo, ColumnKind, ColumnMeta, Export, TableMeta};
pub use text::{
    Code, EmailAddress, LinkUrl, Multiline, Picture, SecretUrl, Slug, Verbatim, WebUrl,
};
pub use time::Timestamp;
pub use vanished::Vanished;

#[doc(hidden)]
pub mod private;
