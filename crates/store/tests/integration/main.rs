//! The store on real databases.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod backup;
mod bounds;
mod common;
mod history;
mod numbers;
mod store;
