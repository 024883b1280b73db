//! The pages people see while they sign in, and the static files of the interfaces.
//!
//! This room knows nothing of flows, databases or requests: a page is a plain value with its
//! template ([`Page`]), which the crate that shows it declares; [`response`] turns it into an answer
//! with the headers every page carries. The engine that decides which page to show is in
//! `countersign-flow`.
//!
//! ```text
//! let frame = Frame::new("Countersign");
//! response(StatusCode::NOT_FOUND, &frame, &Scene::default(), &Message::new("Page not found"))
//! ```
//!
//! Rules of the room: every page works without script; nothing inline (the policy forbids it);
//! every value is escaped by the template engine; the style sheet stays under 6 KB compressed.

mod files;
mod page;
mod render;
pub mod sample;

pub use files::{Files, IMMUTABLE};
pub use page::{
    AnyPage, AutosubmitChallenge, Confirm, Denied, Errors, Form, Frame, Link, Message, Page,
    PageDef, Pair, Person, Scene,
};
pub use render::{CONTENT_SECURITY_POLICY, Pages, RenderError, files, html, response};
