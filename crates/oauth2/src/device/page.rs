//! `/device`: where a person brings the code that a device shows.

use std::sync::Arc;

use axum::http::{StatusCode, request::Parts};
use countersign_accounts::visitor;
use countersign_catalogue::Brand;
use countersign_core::{Identity, RequestInfo, Visitor, brand_for};
use countersign_directory::{Attempt, Owner, Place, TooMany};
use countersign_flow::{
    Begin, Flow, FlowContext, InPlan, Interaction, Started, begin, denied_page, error_page,
    require_login,
};
use countersign_model::Ref;
use countersign_store::StoreError;
use serde_json::{Map, json};

use super::UserCode;
use super::stages::{Approval, CONFIRM, ENTER, Entered};
use super::store::{self, Found};
use crate::access;
use crate::consent;
use crate::decide::device::Progress;
use crate::provider::{Provider, numbered};
use crate::routes::http::{self, Answer};
use crate::routes::pages;
use crate::service::{Internal, Service};
use crate::wire::{GrantType, Params};

pub(crate) const PATH: &str = "/device";

pub(crate) async fn page(service: &Service, parts: &Parts) -> Answer {
    answer(service, parts).await.unwrap_or_else(|error| http::internal_page(&error))
}

async fn answer(service: &Service, parts: &Parts) -> Result<Answer, Internal> {
    let request = RequestInfo::of(parts);
    let Some(flow) = brand_flow(service, &request) else {
        let text = "Codes of devices are not taken here. An administrator can choose a device code flow in the settings of the brand.";
        let status = StatusCode::NOT_FOUND;
        return Ok(error_page(&service.cx, &request, status, "Not set up", text, &[]));
    };
    let visitor = visitor(&service.cx, parts).await?;
    let Some(user) = visitor.user.clone() else {
        let next = match request.query.as_str() {
            "" => PATH.to_owned(),
            query => format!("{PATH}?{query}"),
        };
        return Ok(require_login(&service.cx, &request, &visitor, &next));
    };
    let params = Params::parse(request.query.as_bytes()).unwrap_or_default();
    let typed = params.one("code").unwrap_or_default();
    if typed.is_empty() {
        return enter(service, &request, &visitor, flow, Entered::default()).await;
    }
    match look_up(&service.cx, &request, &visitor, &user, typed).await? {
        Ok((code, found)) => confirm(service, &request, &visitor, &user, (code, found)).await,
        Err(refused) => {
            let entered = Entered { typed: typed.to_owned(), wrong: Some(refused.to_string()) };
            enter(service, &request, &visitor, flow, entered).await
        }
    }
}

/// The flow in which codes are typed, by the domain that was asked.
fn brand_flow(service: &Service, request: &RequestInfo) -> Option<Ref<Flow>> {
    let snapshot = service.cx.snapshot();
    let brand = snapshot.entry(brand_for(&snapshot, &request.host)?)?.cast::<Brand>()?;
    brand.flow_device_code.map(|flow| flow.cast())
}

/// Why a typed code leads nowhere.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum NoCode {
    #[error("Invalid code")]
    Unknown,
    #[error("{0}")]
    TooMany(TooMany),
}

/// A code that waits for an answer. Wrong ones are counted for the account and the place, as wrong
/// passwords are; right ones are not, so that a code of one's own buys no more guesses.
pub(super) async fn look_up(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    user: &Arc<Identity>,
    typed: &str,
) -> Result<Result<(UserCode, Found), NoCode>, StoreError> {
    let place = Place::Own { address: request.client_ip, browser: &visitor.browser };
    let attempt = match Attempt::begin(cx, Owner::DeviceCode(user.pk), place).await {
        Ok(attempt) => attempt,
        Err(wait) => return Ok(Err(NoCode::TooMany(wait))),
    };
    let code = UserCode::parse(typed);
    let now = cx.clock.now();
    let found = match &code {
        Some(code) => {
            let sealed = code.sealed(cx.store.sealer());
            cx.store.look_up(move |sql| store::by_user_code(sql, sealed, now)).await?
        }
        None => None,
    };
    let waits =
        |found: &Found| found.facts.progress == Progress::Pending && found.facts.expires > now;
    match code.zip(found.filter(waits)) {
        Some(found) => {
            attempt.not_made(cx).await;
            Ok(Ok(found))
        }
        None => {
            attempt.failed(cx).await;
            Ok(Err(NoCode::Unknown))
        }
    }
}

/// Asks for a code.
async fn enter(
    service: &Service,
    request: &RequestInfo,
    visitor: &Visitor,
    flow: Ref<Flow>,
    entered: Entered,
) -> Result<Answer, Internal> {
    let begin_with = Begin {
        flow,
        context: Map::new(),
        last: InPlan::new(ENTER, &entered),
        interaction: Interaction::Allowed,
        always_consent: false,
    };
    started(service, request, visitor, begin_with).await
}

/// Asks whether the device may go on: in the provider's own flow, with its consent.
async fn confirm(
    service: &Service,
    request: &RequestInfo,
    visitor: &Visitor,
    user: &Arc<Identity>,
    (code, found): (UserCode, Found),
) -> Result<Answer, Internal> {
    let snapshot = service.cx.snapshot();
    let reference = numbered(found.facts.provider);
    let provider = Provider::by_reference(&snapshot, reference);
    let Some((provider, (application, about))) =
        provider.as_ref().and_then(|provider| Some((provider, provider.application.as_ref()?)))
    else {
        return Ok(pages::without_application(service, request));
    };
    let person = service.person_of(user.clone());
    let protocol = access::exchanging(GrantType::DeviceCode.as_str(), &found.scopes);
    let decision = access::decide(service, provider, &person, request, &protocol).await?;
    if let Some(decision) = decision.filter(|decision| !decision.passing) {
        let about = (*application, about.name.as_str());
        return Ok(denied_page(&service.cx, request, visitor, about, decision).await?);
    }
    let mut context =
        consent::context(service, request, visitor, provider, &person, &found.scopes).await?;
    context.insert(
        "goauthentik.io/providers/oauth2/device".to_owned(),
        json!({"client_id": provider.client.id, "scope": found.scopes.to_string()}),
    );
    let begin_with = Begin {
        flow: provider.settings.authorization_flow,
        context,
        last: InPlan::new(CONFIRM, &Approval::new(&code, &found)),
        interaction: Interaction::Allowed,
        always_consent: false,
    };
    started(service, request, visitor, begin_with).await
}

async fn started(
    service: &Service,
    request: &RequestInfo,
    visitor: &Visitor,
    begin_with: Begin,
) -> Result<Answer, Internal> {
    match begin(&service.cx, request, visitor, begin_with).await? {
        Started::Answer(answer) => Ok(answer),
        // Only where nothing may be shown.
        Started::InteractionRequired => Ok(pages::not_found(service, request)),
    }
}
