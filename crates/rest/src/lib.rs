//! The API and what every request shares: who is asking, what may be asked, how an answer looks.
//!
//! A module of the program ([`Module`]) lists its kinds, operations and routes; this crate serves
//! them. Generic resources read the declarations of kinds and tables and do create, read, change,
//! delete, list and nothing else: whatever needs more is an ordinary operation. No protocol and no
//! particular kind is known here.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod authenticate;
mod call;
mod context;
mod cookies;
mod dispatch;
mod error;
pub mod form;
mod forms;
mod health;
mod history;
mod identity;
mod job;
mod kinds;
mod known_browser;
mod module;
mod openapi;
mod page;
mod references;
mod request;
mod response;
mod secrets;
mod session;
mod single;
mod table;
mod used_by;
mod values;

pub use authenticate::{OAuthCaller, TokenResolver, Visitor, visitor};
pub use call::{Call, Query};
pub use context::{Context, ContextParts, Settings, brand_for};
pub use cookies::{csrf_cookie, csrf_matches, csrf_token, session_cookie};
pub use dispatch::api_router;
pub use error::ApiError;
pub use history::undo_job;
pub use identity::{Caller, Identity, Membership, Via, merge_attributes};
pub use job::{Expiring, Job, JobError, NoteLevel, Run, enqueue, enqueue_at};
pub use kinds::{Display, FamilyResource, KindResource, RenderContext};
pub use known_browser::KnownBrowser;
pub use module::{Access, Module, Operation, RowRenderer, Start};
pub use openapi::{NotFoundPage, object_schema};
pub use page::{Page, envelope};
pub use request::{AnonymousLimit, Limit, RequestInfo, Seen, Tls, request_layer};
pub use response::{json, no_content};
pub use secrets::Asked as AskedSecret;
pub use session::{
    SessionData, end_session, end_sessions_of, rekey_session, renew_session, start_session,
};
pub use table::{
    Column, ColumnKind, Index, Narrowed, Rows, Scope, TableMeta, operations as table_operations,
};
pub use used_by::users_of as used_by;
pub use values::{UsedBy, python_repr};

/// Handlers are stored as boxed futures.
pub type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
