//! The protocol's addresses.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use countersign_catalogue::Application;
use countersign_core::{RequestInfo, Route, Routes};
use countersign_flow::Flows;
use http::{Method, StatusCode, request::Parts};
use http_body_util::BodyExt as _;

use crate::arrival::Raw;
use crate::page;
use crate::service::{Saml, Service};
use crate::{logout, sso};

pub(crate) fn routes((saml, flows): &(Saml, Flows)) -> Vec<Route> {
    let (saml, flows) = (saml.clone(), flows.clone());
    let over = Routes::over(move |cx| saml.over(flows.over(cx)));
    let at = |path: &str| format!("/application/saml/{{slug}}/{path}");
    let both = || [Method::GET, Method::POST];
    vec![
        over.at(both(), at("sso/binding/redirect/"), sso_route),
        over.at(both(), at("sso/binding/post/"), sso_route),
        over.at(both(), at("sso/binding/init/"), init_route),
        over.at(both(), at("slo/binding/redirect/"), slo_route),
        over.at(both(), at("slo/binding/post/"), slo_route),
        over.at([Method::POST], at("slo/binding/soap/"), soap_route),
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
        Err(_) => {
            Err(Box::new(page::refused(service, &info, slug, &countersign_saml::Refusal::TooLarge)))
        }
    }
}

async fn sso_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    match whole(&service, &slug, request).await {
        Ok((parts, info, body)) => {
            let raw = Raw::of(&parts, &body, &info);
            sso::sso(&service, &parts, &info, &slug, raw).await
        }
        Err(answer) => *answer,
    }
}

async fn init_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let info = RequestInfo::of(&parts);
    sso::sso(&service, &parts, &info, &slug, Raw::Unasked).await
}

async fn slo_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    match whole(&service, &slug, request).await {
        Ok((parts, info, body)) => {
            let form = str::from_utf8(&body).unwrap_or_default();
            let raw = Raw::of(&parts, &body, &info);
            logout::slo(&service, &parts, &info, &slug, (raw, form)).await
        }
        Err(answer) => *answer,
    }
}

async fn soap_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    match whole(&service, &slug, request).await {
        Ok((_, info, body)) => logout::soap(&service, &info, &slug, &body).await,
        Err(answer) => *answer,
    }
}

/// As the original: whatever the application's provider is, the address is made.
async fn metadata_route(
    State(service): State<Service>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let info = RequestInfo::of(&request.into_parts().0);
    let snapshot = service.cx.snapshot();
    let application = snapshot.find::<Application>("slug", &slug).map(|(_, found)| found);
    match application.and_then(|application| application.provider) {
        Some(provider) => service
            .cx
            .redirect(&format!("/api/v3/providers/saml/{}/metadata/?download", provider.key())),
        None => {
            let mut answer = page::not_found(&service, &info);
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
    }
}
