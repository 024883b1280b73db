//! An administrator has a link into the recovery flow sent to somebody.

use axum::response::Response;
use countersign_accounts::identity;
use countersign_core::{ApiError, Call, Permission, no_content};
use countersign_directory::{create_flow_link, recovery_flow};
use countersign_model::{Fields as _, Key, Ref};
use countersign_store::Tx;
use countersign_words::Wishes;
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::context::Flows;
use crate::origin;
use crate::stages::{EmailStage, mail_with_link};

/// By the texts and the server of the e-mail stage that the query names.
pub(super) async fn send(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    let user = call.cx.store.read(move |sql| identity(sql, pk)).await?;
    let user = user.ok_or_else(|| ApiError::not_found("User"))?;
    if user.email.is_empty() {
        return Err(refused("User does not have an email address set."));
    }
    let (flow, slug) = recovery_flow(&call)?;
    let named = call.query.get("email_stage").and_then(|stage| Uuid::parse_str(stage).ok());
    let stage = named.map(|stage| Ref::<EmailStage>::new(Key::Uuid(stage)));
    let view = Permission::view(EmailStage::META);
    let stage = stage.filter(|stage| call.rights().on(view, stage.id()));
    let stage = stage.and_then(|stage| call.snapshot.get(stage).cloned());
    let stage = stage.ok_or_else(|| refused("Email stage does not exist."))?;
    let cx = flows.over(&call.cx);
    let Some(origin) = origin::for_mail(&cx, &call.request).await? else {
        return Err(refused(
            "Nobody has said what the link begins with. Set base_url to the public address of this server, or sign in there as an administrator.",
        ));
    };
    let page = format!("{origin}/if/flow/{slug}/");
    let (own, brand) = (user.locale(), cx.default_locale());
    let wishes = Wishes { person: own.as_deref(), brand: brand.as_deref(), ..Wishes::default() };
    let language = wishes.language();
    let work = move |tx: &mut Tx<'_>| {
        let seconds = stage.token_expiry.seconds();
        let key = create_flow_link(tx, pk, flow, seconds)?;
        let to = user.email.clone();
        let letter = mail_with_link(&cx, &stage, language, &user, to, (&page, &key));
        letter.map_err(|error| ApiError::object(error.to_string()))?.post(tx)?;
        Ok::<_, ApiError>(())
    };
    call.cx.store.write(call.actor(), "recovery link by e-mail", work).await?;
    Ok(no_content())
}

fn refused(text: &str) -> ApiError {
    ApiError::Body(StatusCode::BAD_REQUEST, json!({"non_field_errors": text}))
}
