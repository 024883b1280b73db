//! An edit that is looked at and not made.

use std::sync::Arc;

use countersign_blueprints::apply::{self, Action, Difference, differences};
use countersign_blueprints::{format::Document, shipped, tables};
use countersign_core::{Context, Identity};
use countersign_model::{Change, Snapshot};
use countersign_policy::simulate::Differs;
use countersign_store::{Sql, StoreError, Tx};
use serde_json::{Map, Value, json};

use crate::Deps;

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The entries cannot be carried out: which, and why.
    #[error("{0}")]
    Changes(String),
    #[error("there is no account \"{0}\"")]
    User(String),
    #[error("{0}")]
    Application(String),
    #[error("there is no run \"{0}\"; name it by its number or its key")]
    Run(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The world as an edit would make it.
pub struct Changed {
    pub snapshot: Arc<Snapshot>,
    pub differs: Differs,
    pub changes: Vec<Change>,
    /// The account that was asked for, as it would be.
    pub user: Option<Identity>,
}

impl Changed {
    /// Without an edit, everything is as it is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn nothing(cx: &Context, user: Option<i64>) -> Result<Changed, ExplainError> {
        let read = move |sql: &mut Sql<'_>| identity(sql, user);
        Ok(Changed {
            snapshot: cx.snapshot(),
            differs: Differs::Nowhere,
            changes: Vec::new(),
            user: cx.store.read(read).await?,
        })
    }

    /// What entries of a blueprint would make: a list of them, or the text of a whole blueprint.
    ///
    /// # Errors
    /// The first entry that cannot be carried out.
    pub async fn by(
        deps: &Deps,
        cx: &Context,
        entries: &Value,
        user: Option<i64>,
    ) -> Result<Changed, ExplainError> {
        let text = match entries {
            Value::Null => return Changed::nothing(cx, user).await,
            Value::Array(list) if list.is_empty() => return Changed::nothing(cx, user).await,
            Value::Array(_) => json!({"version": 1, "entries": entries}).to_string(),
            // Entries alone are enough.
            Value::String(text) if text.trim_start().starts_with("- ") => {
                format!("version: 1\nentries:\n{text}")
            }
            Value::String(text) if text.trim().is_empty() => {
                return Changed::nothing(cx, user).await;
            }
            Value::String(text) => text.clone(),
            _ => {
                let text = "Send a list of blueprint entries, or the text of a blueprint.";
                return Err(ExplainError::Changes(text.to_owned()));
            }
        };
        let wrong = |error: &dyn std::fmt::Display| ExplainError::Changes(error.to_string());
        let document = Document::parse("changes", &text).map_err(|error| wrong(&error))?;
        // Entries may name the built-in files.
        let mut library = shipped::documents().map_err(|error| wrong(&error))?;
        let chosen = vec![library.len()];
        library.push(document);
        let key = &cx.settings.secret_key;
        let job = deps.blueprints.job(cx.modules(), key, library, chosen, Map::new());
        let look = move |tx: &mut Tx<'_>| {
            let user = identity(tx, user)?;
            Ok((Snapshot::clone(tx.graph()), user))
        };
        let would_be = apply::plan_with(&cx.store, Arc::new(job), look).await;
        let would_be = would_be.map_err(|error| match error.kind {
            apply::ApplyErrorKind::Store(error) if error.is_passing() => error.into(),
            _ => wrong(&error),
        })?;
        let rows = tables::of(cx.modules());
        let touches_rows = would_be.outcome.steps.iter().any(|step| {
            let is_row = rows.iter().any(|table| table.kind().model == step.spot.model);
            is_row && matches!(step.action, Action::Created | Action::Updated | Action::Deleted)
        });
        let (snapshot, user) = would_be.seen;
        Ok(Changed {
            snapshot: Arc::new(snapshot),
            differs: if touches_rows { Differs::Rows } else { Differs::Configuration },
            changes: would_be.changes,
            user,
        })
    }

    /// What the edit would change of the configuration, for people.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        differences(&self.changes)
    }

    /// The objects that the edit would change, in a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let differences = self.differences();
        let line = |difference: &Difference| {
            let word = match difference.kind {
                apply::DifferenceKind::Created => "create",
                apply::DifferenceKind::Changed => "change",
                apply::DifferenceKind::Deleted => "delete",
            };
            format!("{word} {} {}", difference.model, difference.label)
        };
        differences.iter().map(line).collect()
    }
}

fn identity(sql: &mut Sql<'_>, user: Option<i64>) -> Result<Option<Identity>, StoreError> {
    match user {
        Some(pk) => countersign_accounts::identity(sql, pk),
        None => Ok(None),
    }
}
