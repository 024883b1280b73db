//! Flows as programs and browsers go through them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod accounts;
mod certificates;
mod contract;
mod email_codes;
mod guessing;
mod headless;
mod invitations;
mod json;
mod mail;
mod model;
mod once;
mod outdated;
mod pages;
mod passkeys;
mod recovery;
mod second_factors;
mod set_up_links;
mod sources;
mod stages;
mod timing;
mod visitors;
mod world;
