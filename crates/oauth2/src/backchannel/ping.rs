//! The application is told that there is an answer (CIBA Core 10.2): it then asks for the tokens.

use axum::http::{Method, StatusCode};
use countersign_core::{Context, JobError, Run, Work, enqueue};
use countersign_events::{Event, may_report};
use countersign_flow::{FlowContext, Flows};
use countersign_outbound::Request;
use countersign_store::{Actor, StoreError, Tx};
use serde_json::json;

use super::store::{self, Found, Notice};
use crate::decide::device::Progress;
use crate::provider::{Provider, numbered};

/// With waits that double from a second: two minutes.
const ATTEMPTS: u32 = 7;

/// Has the application told, if and when the transaction commits.
pub(super) fn tell(tx: &mut Tx<'_>, found: &Found) -> Result<(), StoreError> {
    if found.notify.is_empty() {
        return Ok(());
    }
    let hash = hex::encode(found.hash);
    enqueue::<Ping>(tx, &hash, &hash).map(|_| ())
}

pub(crate) struct Ping(pub(crate) Flows);

impl Work for Ping {
    const NAME: &'static str = "backchannel_ping";
    const DESCRIPTION: &'static str =
        "Tell an application that somebody has answered its request to sign in.";
    const ATTEMPTS: u32 = ATTEMPTS;
    /// The hash of the request, in hexadecimal.
    type Args = String;

    async fn run(&self, cx: Context, run: Run, hash: String) -> Result<(), JobError> {
        let hash: Option<[u8; 32]> = hex::decode(hash).ok().and_then(|hash| hash.try_into().ok());
        let Some(hash) = hash else { return Ok(()) };
        let now = cx.clock.now();
        let found = cx.store.read(move |sql| store::by_hash(sql, hash, now)).await?;
        let answered = |found: &Found| {
            matches!(found.facts.progress, Progress::Approved | Progress::Denied)
                && !found.notify.is_empty()
        };
        let Some(found) = found.filter(answered) else { return Ok(()) };
        let snapshot = cx.snapshot();
        let Some(provider) = Provider::by_reference(&snapshot, numbered(found.facts.provider))
        else {
            return Ok(());
        };
        let (problem, passes) = match send(&self.0.over(&cx), &provider, &found).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        if passes && run.attempt < ATTEMPTS {
            return Err(JobError::Again(problem));
        }
        if may_report(&cx, "oauth2.backchannel.ping", &provider.id().to_string()).await {
            let context = json!({
                "message": format!("The application was not told that somebody has answered: {problem}"),
                "rule": "oauth2.backchannel.unreached",
                "provider": provider.reference_json(),
            });
            let event = Event::new("configuration_error", crate::service::EVENTS, context);
            event.write(&cx, Actor::system()).await;
        }
        Err(JobError::Failed(problem))
    }
}

/// # Errors
/// The application was not reached, and whether that may pass.
async fn send(cx: &FlowContext, provider: &Provider, found: &Found) -> Result<(), (String, bool)> {
    let lasting = |text: &str| (text.to_owned(), false);
    let address = &provider.settings.backchannel_client_notification_endpoint;
    if address.is_empty() {
        return Err(lasting("its provider has no address for it any more"));
    }
    let opened = cx.store.sealer().open(&found.notify);
    let opened = opened.map_err(|error| (error.to_string(), false))?;
    let notice: Notice = serde_json::from_str(opened.expose())
        .map_err(|_| lasting("what is kept of the request cannot be read"))?;
    let body = json!({"auth_req_id": notice.auth_req_id}).to_string();
    let request = Request::new(Method::POST, &**address, body.into_bytes())
        .header("Content-Type", "application/json")
        .and_then(|request| request.header("Authorization", &format!("Bearer {}", notice.token)))
        .map_err(|error| (error.to_string(), false))?;
    match cx.outbound().send(request).await {
        // What it answers with is not looked at (10.2).
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => {
            let status = answer.status;
            let passes = status.is_server_error()
                || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
            Err((format!("it answered with {status}"), passes))
        }
        Err(error) => Err((error.to_string(), error.may_pass())),
    }
}
