//! The tables that blueprints can fill: those whose declaration lets rows be made.

use std::sync::Arc;

use countersign_core::{Module, Rows};

/// All of them.
pub fn of(modules: &[Module]) -> Vec<Arc<dyn Rows>> {
    modules
        .iter()
        .flat_map(|module| &module.tables)
        .filter_map(|table| table.rows.clone())
        .collect()
}

#[cfg(test)]
mod tests;
