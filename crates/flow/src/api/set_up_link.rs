//! An administrator has somebody set up a second factor: a link, used once, into the flow that does
//! it. Its secret is seen by its owner alone.

use axum::response::Response;
use countersign_core::{ApiError, Call, json};
use countersign_directory::create_set_up_link;
use countersign_model::{Entry, Problem, Snapshot, Space};
use countersign_store::Tx;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kinds::Flow;
use crate::stage::AnyStage;

/// As long as a link can be used, in seconds.
const SECONDS: i64 = 86_400;

/// What somebody can be asked to set up.
struct Offer {
    stage: Uuid,
    title: String,
    flow: Uuid,
    slug: String,
}

impl Offer {
    fn of(snapshot: &Snapshot, entry: &Entry) -> Option<Offer> {
        let component = entry.facet::<dyn AnyStage>()?.settings()?;
        if !component.contains("-authenticator-") {
            return None;
        }
        let text = |name: &str| entry.object.value(name)?.as_str().map(str::to_owned);
        let flow = Uuid::parse_str(&text("configure_flow")?).ok()?;
        let (_, settings) =
            snapshot.list::<Flow>().find(|(id, _)| id.key().uuid() == Some(flow))?;
        let named = text("friendly_name").filter(|name| !name.is_empty());
        Some(Offer {
            stage: entry.id.key.uuid()?,
            title: named.unwrap_or_else(|| entry.meta().title.replace(" Setup Stage", "")),
            flow,
            slug: settings.slug.to_string(),
        })
    }

    fn all(snapshot: &Snapshot) -> Vec<Offer> {
        let stages = snapshot.entries(Space("stage"));
        let mut offers: Vec<_> = stages.filter_map(|entry| Offer::of(snapshot, entry)).collect();
        offers.sort_by(|a, b| a.title.cmp(&b.title));
        offers
    }
}

pub(super) async fn offers(call: Call) -> Result<Response, ApiError> {
    let offer = |offer: &Offer| json!({"stage": offer.stage, "title": offer.title});
    let offers = Offer::all(&call.snapshot);
    Ok(json(StatusCode::OK, &offers.iter().map(offer).collect()))
}

pub(super) async fn make(call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    let body = call.object()?;
    let named = match body.get("stage") {
        None | Some(Value::Null) => return Err(ApiError::field("stage", Problem::required())),
        Some(named) => named.as_str().and_then(|text| Uuid::parse_str(text).ok()),
    };
    let offer = Offer::all(&call.snapshot).into_iter().find(|offer| Some(offer.stage) == named);
    let offer = offer.ok_or_else(|| {
        let text = "This is no stage by which people set up a second factor by themselves: it has to have a configuration flow.";
        ApiError::field("stage", Problem::new("invalid", text))
    })?;
    let flow = offer.flow;
    let work = move |tx: &mut Tx<'_>| create_set_up_link(tx, pk, flow, SECONDS);
    let key = call.cx.store.write(call.actor(), "set-up link", work).await?;
    let origin = call.cx.origin(&call.request);
    let link = format!("{origin}/if/flow/{}/?flow_token={}", offer.slug, key.expose());
    let expires = call.cx.clock.now().plus_seconds(SECONDS).iso();
    Ok(json(StatusCode::OK, &json!({"link": link, "expires": expires})))
}
