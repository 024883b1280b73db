//! The API: who may ask what, and how an answer looks.
//!
//! A module of the program ([`countersign_core::Module`]) lists its kinds, operations and routes; this crate serves
//! them. Generic resources read the declarations of kinds and tables and do create, read, change,
//! delete, list and nothing else: whatever needs more is an ordinary operation. No protocol and no
//! particular kind is known here.

mod browser;
mod bulk;
mod dispatch;
mod effective;
mod families;
mod forms;
mod health;
mod history;
mod idempotency;
mod kinds;
mod named;
mod objects;
mod openapi;
mod packed;
mod references;
mod secrets;
mod single;
mod socket;
mod table;
mod used_by;
mod values;

use countersign_core::Module;

pub use dispatch::api_routes;
pub use history::undo_job;
pub use kinds::make;
pub use objects::{answer, embedded, rendered, rendered_member};
pub use openapi::{field_schema, object_schema, property};
pub use secrets::Asked as AskedSecret;
pub use socket::{admit, socket};
pub use table::{
    Among, Condition, Index, Narrowed, Resource, answer_row, called, no_choice, part_of_table,
    plain, sees_account, table,
};

/// What the API has of its own, whatever it serves.
#[must_use]
pub fn module() -> Module {
    Module {
        name: "rest",
        routes: browser::routes(),
        tables: vec![idempotency::table()],
        ..Module::default()
    }
}
