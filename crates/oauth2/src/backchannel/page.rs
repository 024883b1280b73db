//! `/approve`: where a person answers what applications ask.

use std::sync::Arc;

use axum::http::{StatusCode, request::Parts};
use countersign_accounts::visitor;
use countersign_core::{Identity, RequestInfo, Visitor};
use countersign_flow::{
    Begin, InPlan, Interaction, Started, begin, denied_page, message_page, require_login,
};
use countersign_pages::Message;

use super::stages::{Approval, CONFIRM};
use super::store::{self, Found};
use crate::access;
use crate::consent;
use crate::provider::{Provider, numbered};
use crate::routes::http::{self, Answer};
use crate::routes::pages;
use crate::service::{Internal, Service};
use crate::wire::{GrantType, Params};

pub(crate) const PATH: &str = "/approve";

/// Where one request is answered. The hash opens nothing, and tells nothing of what it is the hash of.
pub(super) fn address(found: &Found) -> String {
    format!("{PATH}?request={}", hex::encode(found.hash))
}

pub(crate) async fn page(service: &Service, parts: &Parts) -> Answer {
    answer(service, parts).await.unwrap_or_else(|error| http::internal_page(&error))
}

async fn answer(service: &Service, parts: &Parts) -> Result<Answer, Internal> {
    let request = RequestInfo::of(parts);
    let visitor = visitor(&service.cx, parts).await?;
    let Some(user) = visitor.user.clone() else {
        let next = match request.query.as_str() {
            "" => PATH.to_owned(),
            query => format!("{PATH}?{query}"),
        };
        return Ok(require_login(&service.cx, &request, &visitor, &next));
    };
    let params = Params::parse(request.query.as_bytes()).unwrap_or_default();
    let (own, now) = (user.pk, service.now());
    let waiting = service.cx.store.look_up(move |sql| store::waiting_for(sql, own, now)).await?;
    let asked = params.one("request").unwrap_or_default();
    let chosen = waiting.iter().find(|found| hex::encode(found.hash) == asked);
    match (chosen, waiting.as_slice()) {
        (Some(found), _) => confirm(service, &request, &visitor, &user, found).await,
        (None, [only]) if asked.is_empty() => Ok(service.cx.redirect(&address(only))),
        (None, several) => Ok(listed(service, &request, asked, several)),
    }
}

/// What waits, or that nothing does.
fn listed(service: &Service, request: &RequestInfo, asked: &str, waiting: &[Found]) -> Answer {
    const GONE: &str = "This request has expired, or was answered already.";
    let snapshot = service.cx.snapshot();
    let (title, text) = match (waiting, asked) {
        ([], "") => ("Nothing waits for you", "No application asks you to sign in."),
        ([], _) => ("Nothing waits for you", GONE),
        (_, "") => ("Applications ask you to sign in", "Open each, and answer."),
        (_, _) => ("Applications ask you to sign in", GONE),
    };
    let mut page = Message::new(title).text(text);
    for found in waiting {
        let provider = Provider::by_reference(&snapshot, numbered(found.facts.provider));
        let Some((_, application)) = provider.and_then(|provider| provider.application) else {
            continue;
        };
        let name = match found.message.as_str() {
            "" => application.name.clone(),
            message => format!("{}: {message}", application.name),
        };
        page = page.action(&name, address(found));
    }
    page = page.action("My applications", "/if/user/");
    message_page(&service.cx, request, StatusCode::OK, page)
}

/// Asks whether the application may sign them in: in the provider's own flow, with its consent.
async fn confirm(
    service: &Service,
    request: &RequestInfo,
    visitor: &Visitor,
    user: &Arc<Identity>,
    found: &Found,
) -> Result<Answer, Internal> {
    let snapshot = service.cx.snapshot();
    let provider = Provider::by_reference(&snapshot, numbered(found.facts.provider));
    let Some((provider, (application, about))) =
        provider.as_ref().and_then(|provider| Some((provider, provider.application.as_ref()?)))
    else {
        return Ok(pages::without_application(service, request));
    };
    let person = service.person_of(user.clone());
    let protocol = access::exchanging(GrantType::Backchannel.as_str(), &found.scopes);
    let decision = access::decide(service, provider, &person, request, &protocol).await?;
    if let Some(decision) = decision.filter(|decision| !decision.passing) {
        let about = (*application, about.name.as_str());
        return Ok(denied_page(&service.cx, request, visitor, about, decision).await?);
    }
    let begin_with = Begin {
        flow: provider.settings.authorization_flow,
        context: consent::context(service, request, visitor, provider, &person, &found.scopes)
            .await?,
        last: InPlan::new(CONFIRM, &Approval::new(found)),
        interaction: Interaction::Allowed,
        always_consent: false,
    };
    match begin(&service.cx, request, visitor, begin_with).await? {
        Started::Answer(answer) => Ok(answer),
        // Only where nothing may be shown.
        Started::InteractionRequired => Ok(pages::not_found(service, request)),
    }
}
