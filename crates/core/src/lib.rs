//! What every other crate names: the context of a handler, a request and its answer, who asks,
//! what a module declares. It knows the store, the clock and the settings, and nobody above it.
//!
//! Here are types and what needs nothing else. Whatever serves them (`rest`), asks the database
//! who somebody is (`accounts`) or does the work of a job (`jobs`) is not.

mod access;
mod call;
mod client_certificate;
mod context;
pub mod cookies;
mod error;
pub mod form;
#[cfg(test)]
mod fuzz;
mod identity;
mod job;
mod known_browser;
mod media;
mod module;
mod page;
mod password_place;
mod request;
pub mod resource;
mod response;
mod route;
mod service;
mod session;
mod session_binding;
mod table;
mod values;
mod visitor;

pub use access::{
    Access, Given, Grant, Held, Identities, InitialMode, InitialPermissions, ListedPermission,
    Permission, Permissions, Principal, Reach, Rights, Role, permissions,
};
pub use call::{Call, Named, Query, Upload, confirm_within};
pub use client_certificate::ClientCertificate;
pub use context::{ADDRESS, Context, ContextParts, Declared, Settings, brand_for};
pub use error::ApiError;
pub use identity::{Caller, Identity, Membership, Via, merge_attributes};
pub use job::{Expiring, Job, JobError, Lane, NoteLevel, Objects, Run, When, Work, enqueue};
pub use known_browser::KnownBrowser;
pub use media::{Bucket, Media};
pub use module::{Module, Operation, Start, with};
pub use page::{Page, envelope};
pub use password_place::PasswordPlace;
pub use request::{AnonymousLimit, Limit, RequestInfo, Seen, Tls, request_layer, straighten};
pub use resource::{Display, FamilyResource, KindResource, RenderContext};
pub use response::{json, no_content, redirect};
pub use route::{
    Admitted, Elsewhere, HandedOn, Hosts, Route, Routes, Stack, ThrottleClass, nothing_done, router,
};
pub use service::{Down, Health, Nodes, Service, Shutdown, Sockets, Tasks, keep_alive};
pub use session::{SessionData, SessionLimits};
pub use session_binding::{
    Broken, GeoipBinding, Moved, NetworkBinding, SessionBinding, SessionGuard,
};
pub use table::{
    PasswordHash, Record, RowRenderer, RowValues, Rows, TableResource, find, find_all, remove, save,
};
pub use values::{plain, python_repr};
pub use visitor::{OAuthCaller, TokenResolver, Visitor};

/// Handlers are stored as boxed futures.
pub type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
