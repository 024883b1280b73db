//! The API beside the generic resources: addresses of a provider, and a preview of its tokens.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, with};
use countersign_flow::Flows;
use countersign_model::{Fields, Ref};
use countersign_rest::object_schema;
use serde_json::{Value, json as value};

use crate::backchannel;
use crate::claims::Protocol;
use crate::kinds::OAuth2Provider;
use crate::provider::Provider;
use crate::service::OAuth2;
use crate::sheet::Addresses;

/// How long a previewed token would live: the default of tokens in general.
const PREVIEW_SECONDS: i64 = 1_800;

pub(crate) fn operations(shared: &(OAuth2, Flows)) -> Vec<Operation> {
    let view = || Access::on(Permission::view(OAuth2Provider::META));
    vec![
        Operation::new(
            Method::GET,
            "providers/oauth2/{id}/setup_urls/",
            "providers_oauth2_setup_urls_retrieve",
            view(),
            setup_urls,
        )
        .summary("Addresses an application needs")
        .response("OAuth2ProviderSetupURLs"),
        Operation::new(
            Method::GET,
            "providers/oauth2/{id}/preview_user/",
            "providers_oauth2_preview_user_retrieve",
            view(),
            with(shared, preview_user),
        )
        .summary("Claims a person would get")
        .parameter("for_user", value!({"type": "integer"}))
        .response("PropertyMappingPreview"),
        Operation::new(
            Method::GET,
            "countersign/sign_in_requests/",
            "countersign_sign_in_requests_retrieve",
            Access::authenticated(),
            backchannel::waiting,
        )
        .summary("What applications ask of the person who is signed in, and waits for an answer")
        .response("SignInRequests"),
    ]
}

/// Components the operations name.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let names = ["issuer", "authorize", "token", "user_info", "provider_info", "logout", "jwks"];
    let urls: Vec<(&str, &str)> = names.into_iter().map(|n| (n, "string")).collect();
    let code = [
        ("pk", "integer"),
        ("provider", "#OAuth2Provider"),
        ("user", "#User"),
        ("is_expired", "boolean"),
        ("expires", "time?"),
        ("scope", "[string]"),
    ];
    let token = [code.as_slice(), &[("id_token", "string"), ("revoked", "boolean")]].concat();
    let asked = [
        ("application", "string"),
        ("message", "string"),
        ("created", "time"),
        ("expires", "time"),
        ("url", "string"),
    ];
    let page = |of: &str| object_schema(&[("pagination", "#Pagination"), ("results", of)]);
    vec![
        ("OAuth2ProviderSetupURLs", object_schema(&urls)),
        ("PropertyMappingPreview", object_schema(&[("preview", "map")])),
        ("ExpiringBaseGrantModel", object_schema(&code)),
        ("PaginatedExpiringBaseGrantModelList", page("[#ExpiringBaseGrantModel]")),
        ("SignInRequest", object_schema(&asked)),
        ("SignInRequests", object_schema(&[("results", "[#SignInRequest]")])),
        ("TokenModel", object_schema(&token)),
        ("PaginatedTokenModelList", page("[#TokenModel]")),
    ]
}

fn provider(call: &Call) -> Result<Provider, ApiError> {
    Provider::by_reference(&call.snapshot, Ref::new(call.entry()?.id.key))
        .ok_or_else(|| ApiError::not_found("OAuth2/OpenID Provider"))
}

async fn setup_urls(call: Call) -> Result<Response, ApiError> {
    let provider = provider(&call)?;
    let origin = call.cx.origin(&call.request);
    let Addresses { issuer, authorize, token, user_info, own } = Addresses::of(&provider, &origin);
    let mut urls = value!({
        "issuer": issuer,
        "authorize": authorize,
        "token": token,
        "user_info": user_info,
        "provider_info": null,
        "logout": null,
    });
    if let (Some(own), Some(members)) = (own, urls.as_object_mut()) {
        members.insert("provider_info".into(), own.provider_info.into());
        members.insert("logout".into(), own.logout.into());
        members.insert("jwks".into(), own.jwks.into());
    }
    Ok(json(StatusCode::OK, &urls))
}

async fn preview_user((oauth, flows): (OAuth2, Flows), call: Call) -> Result<Response, ApiError> {
    let provider = provider(&call)?;
    let service = oauth.over(flows.over(&call.cx));
    let wrong = |text: &str| ApiError::Body(StatusCode::BAD_REQUEST, value!({"for_user": text}));
    let person = match call.query.get("for_user").filter(|v| !v.is_empty()) {
        None => service.person_of(call.user()?.clone()),
        Some(text) => {
            let id = text.parse::<i64>().map_err(|_| wrong("input must be numerical"))?;
            let own = call.caller.pk() == Some(id);
            let person = service
                .person(id)
                .await?
                .filter(|_| own || call.rights().hold(Permission::PREVIEW_USER));
            person.ok_or_else(|| wrong("User not found"))?
        }
    };
    let claims = service
        .scope_claims(&provider, &person, &provider.client.scopes, &call.request, &call.actor())
        .await?;
    let now = call.cx.clock.now();
    let protocol = Protocol {
        iss: provider.issuer(&call.cx.origin(&call.request)),
        sub: service.sub(&provider, &person),
        aud: provider.client.id.clone(),
        exp: now.plus_seconds(PREVIEW_SECONDS),
        iat: now,
        auth_time: now,
        acr: None,
        amr: Vec::new(),
        c_hash: None,
        nonce: None,
        at_hash: None,
        sid: None,
    };
    Ok(json(StatusCode::OK, &value!({"preview": protocol.with(&claims)})))
}
