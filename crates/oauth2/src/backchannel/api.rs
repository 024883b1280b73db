//! What waits for the person who is signed in, for the library.

use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::{ApiError, Call, json};
use serde_json::{Value, json as value};

use super::page::address;
use super::store;
use crate::provider::{Provider, numbered};

pub(crate) async fn waiting(call: Call) -> Result<Response, ApiError> {
    let user = call.user()?.pk;
    let now = call.cx.clock.now();
    let found = call.cx.store.look_up(move |sql| store::waiting_for(sql, user, now)).await?;
    let results: Vec<Value> = found
        .iter()
        .filter_map(|found| {
            let provider = Provider::by_reference(&call.snapshot, numbered(found.facts.provider))?;
            let (_, application) = provider.application?;
            Some(value!({
                "application": application.name,
                "message": found.message,
                "created": found.created.iso(),
                "expires": found.facts.expires.iso(),
                "url": call.cx.settings.base_path.url(&address(found)),
            }))
        })
        .collect();
    Ok(json(StatusCode::OK, &value!({ "results": results })))
}
