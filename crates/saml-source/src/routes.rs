//! The protocol's addresses.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use countersign_core::{Caller, RequestInfo, Route, Routes, Visitor};
use countersign_flow::Flows;
use countersign_saml::Refusal;
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::BodyExt as _;

use crate::found::Found;
use crate::service::{Internal, SamlSource, Service};
use crate::{acs, ask, logout, page};

pub(crate) fn routes((saml, flows): &(SamlSource, Flows)) -> Vec<Route> {
    let (saml, flows) = (saml.clone(), flows.clone());
    let over = Routes::over(move |cx| saml.over(flows.over(cx)));
    let at = |path: &str| format!("/source/saml/{{slug}}/{path}");
    let both = || [Method::GET, Method::POST];
    vec![
        over.at(both(), at(""), ask_route),
        over.at(both(), at("acs/"), acs_route),
        over.at(both(), at("slo/"), slo_route),
        over.at([Method::GET, Method::HEAD], at("metadata/"), metadata_route),
    ]
}

async fn whole(
    service: &Service,
    slug: &str,
    request: Request,
) -> Result<(Parts, RequestInfo, Bytes), Box<Response>> {
    let (parts, body) = request.into_parts();
    let info = RequestInfo::of(&parts);
    match body.collect().await {
        Ok(body) => Ok((parts, info, body.to_bytes())),
        Err(_) => Err(Box::new(match Found::by_slug(&service.cx.snapshot(), slug) {
            Some(found) => {
                let nobody = Visitor::nobody(String::new());
                page::refused(service, &info, &nobody, &found, &Refusal::TooLarge)
            }
            None => page::not_found(service, &info),
        })),
    }
}

/// What the configuration or the store is to blame for; the former is an event.
async fn settled(
    service: &Service,
    slug: &str,
    info: &RequestInfo,
    answer: Result<Response, Internal>,
) -> Response {
    let error = match answer {
        Ok(answer) => return answer,
        Err(error) => error,
    };
    let found = Found::by_slug(&service.cx.snapshot(), slug);
    if let Some(found) = found.filter(|_| !error.is_passing()) {
        let actor = service.cx.actor(&Caller::nobody(), info);
        service.report(&found, "saml.setup", &error.to_string(), actor).await;
    }
    page::internal(service, info, &error)
}

async fn ask_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    match whole(&service, &slug, request).await {
        Ok((parts, info, body)) => {
            let answer = ask::ask(&service, &parts, &info, &slug, &body).await;
            settled(&service, &slug, &info, answer).await
        }
        Err(answer) => *answer,
    }
}

async fn acs_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    match whole(&service, &slug, request).await {
        Ok((parts, info, body)) => {
            let form = str::from_utf8(&body).unwrap_or_default();
            let answer = acs::acs(&service, &parts, &info, &slug, form).await;
            settled(&service, &slug, &info, answer).await
        }
        Err(answer) => *answer,
    }
}

async fn slo_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    match whole(&service, &slug, request).await {
        Ok((parts, info, body)) => {
            let form = str::from_utf8(&body).unwrap_or_default();
            let answer = logout::slo(&service, &parts, &info, &slug, form).await;
            settled(&service, &slug, &info, answer).await
        }
        Err(answer) => *answer,
    }
}

async fn metadata_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let info = RequestInfo::of(&request.into_parts().0);
    let Some(found) = Found::by_slug(&service.cx.snapshot(), &slug) else {
        return page::not_found(&service, &info);
    };
    let addresses = service.addresses(&found, &info).await;
    let xml = addresses.and_then(|addresses| service.metadata(&found, &addresses));
    let answer = xml.map(|xml| {
        let mut answer = Response::new(axum::body::Body::from(xml));
        *answer.status_mut() = StatusCode::OK;
        let kind = HeaderValue::from_static("text/xml");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    });
    settled(&service, &slug, &info, answer).await
}
