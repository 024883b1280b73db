//! When objects were made and last changed, which the history knows: filters of a few lists.

use std::sync::Arc;

use countersign_core::{ApiError, Call};
use countersign_model::{Entry, Problem, Timestamp};
use countersign_store::{Sql, StoreError, params};

/// The parameters, for the document.
pub(crate) const PARAMETERS: [(&str, &str); 2] = [("created", "time"), ("last_updated", "time")];

/// Leaves the objects that were made, and last changed, at the moments a call asks for.
///
/// # Errors
/// 400 for what is no moment.
pub(crate) async fn narrow(
    call: &Call,
    entries: Vec<Arc<Entry>>,
) -> Result<Vec<Arc<Entry>>, ApiError> {
    let [created, last_updated] = PARAMETERS.map(|(name, _)| asked(call, name));
    let (created, last_updated) = (created?, last_updated?);
    if created.is_none() && last_updated.is_none() {
        return Ok(entries);
    }
    let find = move |sql: &mut Sql<'_>| {
        let mut found = Vec::new();
        for entry in entries {
            let wrong = |moment: Option<Timestamp>, wanted: Option<Timestamp>| {
                wanted.is_some() && moment != wanted
            };
            let other = last_updated.is_some() && wrong(changed(sql, &entry)?, last_updated)
                || created.is_some() && wrong(made(sql, &entry)?, created);
            if !other {
                found.push(entry);
            }
        }
        Ok::<_, StoreError>(found)
    };
    call.cx.store.read(find).await.map_err(ApiError::from)
}

fn changed(sql: &mut Sql<'_>, entry: &Entry) -> Result<Option<Timestamp>, StoreError> {
    sql.query_one("SELECT at FROM change WHERE revision = $1", params![entry.revision])?
        .map(|row| row.get(0))
        .transpose()
}

/// Nothing mentions a key before the edit that gave it.
fn made(sql: &mut Sql<'_>, entry: &Entry) -> Result<Option<Timestamp>, StoreError> {
    let first = "SELECT at FROM change WHERE INSTR(edits, $1) > 0 ORDER BY revision LIMIT 1";
    sql.query_one(first, params![entry.id.key.to_string()])?.map(|row| row.get(0)).transpose()
}

fn asked(call: &Call, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = call.query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    Timestamp::parse(text)
        .map(Some)
        .ok_or_else(|| ApiError::field(name, Problem::new("invalid", "Enter a valid date/time.")))
}
