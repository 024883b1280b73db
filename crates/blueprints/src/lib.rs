//! Blueprints: configuration as files.
//!
//! A blueprint lists objects that shall exist, with the values they shall have. Reading one goes
//! through four rooms: [`yaml`] makes a tree with places, [`format`] gives the tree its meaning
//! (entries and tags), [`resolve`] computes the tags of one entry, [`apply`] turns entries into
//! objects inside one transaction. [`shipped`] are the files built into the program, [`files`] all
//! that are at hand, [`instances`] tell which of them was applied when and how it went.

pub mod apply;
pub mod check;
mod dry;
pub mod export;
pub mod files;
pub mod format;
pub mod instances;
pub mod printf;
pub mod resolve;
pub mod schema;
pub mod shipped;
pub mod tables;
pub mod yaml;
