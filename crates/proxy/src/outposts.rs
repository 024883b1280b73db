//! What outposts that are proxies read of the providers they answer for: `outposts/proxy/`.

use std::sync::Arc;

use countersign_catalogue::application::of_provider;
use countersign_catalogue::outposts::{Attached, outpost_list};
use countersign_core::{ApiError, Call, Operation, Permission};
use countersign_flow::Flows;
use countersign_model::{FieldValue as _, Fields as _, Secret};
use countersign_oauth2::{AsClient as _, InsideError, OAuth2};
use countersign_rest::object_schema;
use countersign_store::StoreError;
use http::StatusCode;
use serde_json::{Value, json};

use crate::provider::ProxyProvider;

pub(crate) fn operation(oauth: &OAuth2, flows: &Flows) -> Operation {
    let (oauth, flows) = (oauth.clone(), flows.clone());
    let configured = Arc::new(move |call, attached| {
        let (oauth, flows) = (oauth.clone(), flows.clone());
        Box::pin(async move { configured(oauth, flows, call, attached).await }) as _
    });
    outpost_list("proxy", ProxyProvider::META, "ProxyOutpostConfig", of_provider, configured)
}

/// A provider with all that serves it elsewhere. The secrets of its client and of its cookies are in
/// clear for outposts and for who may change the provider, else masked, as everywhere.
async fn configured(
    oauth: OAuth2,
    flows: Flows,
    call: Call,
    Attached { entry, application }: Attached,
) -> Result<Value, ApiError> {
    let Some(provider) = entry.cast::<ProxyProvider>() else { return Ok(Value::Null) };
    let changes = Permission::change(ProxyProvider::META);
    let clear = call.user()?.principal.is_some() || call.rights().on(changes, entry.id);
    let secret = |secret: &Secret| if clear { secret.expose() } else { Secret::MASK }.to_owned();
    let client = provider.as_client(&call.snapshot);
    let scopes: Vec<&str> =
        client.mappings(&call.snapshot).map(|mapping| mapping.scope_name.as_str()).collect();
    let inside = oauth.inside(flows.over(&call.cx), call.cx.origin(&call.request));
    let published = inside.published(&application.slug, &call.request).await;
    let published = published.map_err(|error| match error {
        InsideError::Away => StoreError::Away(error.to_string()).into(),
        error => ApiError::detail(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of a life, far below 2^52")]
    let validity = provider.access_token_validity.seconds() as f64;
    Ok(json!({
        "pk": entry.id.key.to_json(),
        "name": provider.name,
        "internal_host": &*provider.internal_host,
        "external_host": &*provider.external_host,
        "internal_host_ssl_validation": provider.internal_host_ssl_validation,
        "client_id": provider.client_id,
        "client_secret": secret(&provider.client_secret),
        "oidc_configuration": published,
        "cookie_secret": secret(&provider.cookie_secret),
        "certificate": provider.certificate.to_json(),
        "skip_path_regex": provider.skip_path_regex.to_json(),
        "basic_auth_enabled": provider.basic_auth_enabled,
        "basic_auth_password_attribute": provider.basic_auth_password_attribute,
        "basic_auth_user_attribute": provider.basic_auth_user_attribute,
        "mode": provider.mode.to_json(),
        "cookie_domain": provider.cookie_domain,
        "access_token_validity": validity,
        "intercept_header_auth": provider.intercept_header_auth,
        "scopes_to_request": scopes,
        "assigned_application_slug": &*application.slug,
        "assigned_application_name": application.name,
    }))
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let schema = object_schema(&[
        ("pk", "integer"),
        ("name", "string"),
        ("internal_host?", "string"),
        ("external_host", "string"),
        ("internal_host_ssl_validation?", "boolean"),
        ("client_id?", "string"),
        ("client_secret?", "string"),
        ("oidc_configuration", "map"),
        ("cookie_secret?", "string"),
        ("certificate?", "uuid?"),
        ("skip_path_regex?", "string"),
        ("basic_auth_enabled?", "boolean"),
        ("basic_auth_password_attribute?", "string"),
        ("basic_auth_user_attribute?", "string"),
        ("mode?", "string"),
        ("cookie_domain?", "string"),
        ("access_token_validity", "number?"),
        ("intercept_header_auth?", "boolean"),
        ("scopes_to_request", "[string]"),
        ("assigned_application_slug", "string"),
        ("assigned_application_name", "string"),
    ]);
    vec![("ProxyOutpostConfig", schema)]
}
