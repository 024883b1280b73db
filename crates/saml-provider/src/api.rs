//! The API beside the generic resources: metadata, and a preview of what an application would learn.

use axum::body::Body;
use axum::response::Response;
use countersign_catalogue::{CertificateKeyPair, application};
use countersign_core::{Access, ApiError, Call, Operation, Permission, RenderContext, json, with};
use countersign_flow::Flows;
use countersign_model::{Entry, Fields as _, Ref};
use countersign_rest::object_schema;
use countersign_saml::metadata::IdentityProvider;
use countersign_saml::names::name_id;
use countersign_store::sha256;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json as value};

use crate::assertion;
use crate::found::{Addresses, Found};
use crate::import;
use crate::provider::SAMLProvider;
use crate::service::{Saml, Service};

pub(crate) fn operations(shared: &(Saml, Flows)) -> Vec<Operation> {
    let text = || value!({"type": "string"});
    vec![
        Operation::new(
            Method::GET,
            "providers/saml/{id}/metadata/",
            "providers_saml_metadata_retrieve",
            Access::public(),
            with(shared, metadata),
        )
        .summary("Return metadata as XML string")
        .parameter("download", value!({"type": "boolean"}))
        .parameter("force_binding", text())
        .response("SAMLMetadata"),
        Operation::new(
            Method::GET,
            "providers/saml/{id}/preview_user/",
            "providers_saml_preview_user_retrieve",
            Access::on(Permission::view(SAMLProvider::META)),
            with(shared, preview_user),
        )
        .summary("What the application would learn of somebody")
        .parameter("for_user", value!({"type": "integer"}))
        .response("PropertyMappingPreview"),
        Operation::new(
            Method::POST,
            "providers/saml/import_metadata/",
            "providers_saml_import_metadata_create",
            Access::all([
                Permission::add(SAMLProvider::META),
                Permission::add(CertificateKeyPair::META),
            ]),
            with(shared, import::import),
        )
        .summary("Create provider from SAML Metadata")
        .form("SAMLProviderImportRequest")
        .no_answer(),
    ]
}

/// Components the operations name.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let urls = URLS.map(|name| (name, "string"));
    vec![
        ("SAMLProvider", object_schema(&urls)),
        ("SAMLMetadata", object_schema(&[("metadata", "string"), ("download_url", "string")])),
        (
            "SAMLProviderImportRequest",
            object_schema(&[
                ("name", "string"),
                ("authorization_flow", "uuid"),
                ("invalidation_flow", "uuid"),
                ("file?", "file"),
                ("metadata_url?", "string"),
            ]),
        ),
    ]
}

const URLS: [&str; 6] = [
    "url_download_metadata",
    "url_sso_post",
    "url_sso_redirect",
    "url_sso_init",
    "url_slo_post",
    "url_slo_redirect",
];

/// What answers say beyond the declared fields: the addresses, or `-` without an application.
pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let origin = render.cx.origin(render.request);
    let number = entry.id.key.int().unwrap_or_default();
    let application = application::of_provider(render.snapshot, number);
    let own = application.map(|(_, found)| Addresses::of(&origin, &found.slug));
    let download = format!("{origin}/api/v3/providers/saml/{}/metadata/?download", entry.id.key);
    let values = match own {
        Some(own) => [
            own.metadata(),
            own.sso_post(),
            own.sso_redirect(),
            own.sso_init(),
            own.slo_post(),
            own.slo_redirect(),
        ],
        None => [download, "-".into(), "-".into(), "-".into(), "-".into(), "-".into()],
    };
    for (name, text) in URLS.into_iter().zip(values) {
        map.insert(name.to_owned(), text.into());
    }
}

/// The metadata of a provider, without whoever asks having to be known: applications fetch it. Of
/// one that nobody uses yet, nothing is said.
async fn metadata((saml, flows): (Saml, Flows), call: Call) -> Result<Response, ApiError> {
    let service = saml.over(flows.over(&call.cx));
    let missing = || ApiError::not_found("SAMLProvider");
    let id = call.param("id").parse::<i64>().map_err(|_| missing())?;
    let found = Found::by_reference(&call.snapshot, Ref::new(id.into())).ok_or_else(missing)?;
    let origin = call.cx.origin(&call.request);
    let Some(own) = found.addresses(&origin) else {
        return Ok(json(StatusCode::OK, &value!({"metadata": ""})));
    };
    let xml = document(&service, &found, &own, call.query.get("force_binding"))?;
    if call.query.get("download").is_none() {
        let body = value!({"metadata": xml, "download_url": own.metadata()});
        return Ok(json(StatusCode::OK, &body));
    }
    let mut response = Response::new(Body::from(xml));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    let plain = |c: char| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { '_' };
    let name: String = found.settings.name.chars().map(plain).collect();
    let disposition = format!("attachment; filename=\"{name}_authentik_meta.xml\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn document(
    service: &Service,
    found: &Found,
    own: &Addresses,
    binding: Option<&str>,
) -> Result<String, ApiError> {
    let broken = |text: String| ApiError::detail(StatusCode::INTERNAL_SERVER_ERROR, text);
    let keys = service.keys(found).map_err(|error| broken(error.to_string()))?;
    let only = |all: Vec<(&'static str, String)>| {
        all.into_iter().filter(|(own, _)| binding.is_none_or(|wanted| wanted == *own)).collect()
    };
    let published = IdentityProvider {
        id: format!("_{}", hex::encode(sha256(&format!("{}-{}", found.settings.name, found.id())))),
        entity_id: found.settings.issuer.clone(),
        wants_signed_requests: keys.trust.is_some(),
        signer: keys.signer.clone(),
        single_sign_on: only(own.single_sign_on()),
        single_logout: only(own.single_logout(keys.trust.is_some())),
    };
    published.document().map_err(|fault| broken(fault.to_string()))
}

async fn preview_user((saml, flows): (Saml, Flows), call: Call) -> Result<Response, ApiError> {
    let service = saml.over(flows.over(&call.cx));
    let found = Found::by_reference(&call.snapshot, Ref::new(call.entry()?.id.key));
    let found = found.ok_or_else(|| ApiError::not_found("SAMLProvider"))?;
    let wrong = |text: &str| ApiError::Body(StatusCode::BAD_REQUEST, value!({"for_user": text}));
    let person = match call.query.get("for_user").filter(|text| !text.is_empty()) {
        None => service.person_of(call.user()?.clone()),
        Some(text) => {
            let id = text.parse::<i64>().map_err(|_| wrong("input must be numerical"))?;
            let may = call.caller.pk() == Some(id) || call.rights().hold(Permission::PREVIEW_USER);
            let look =
                move |sql: &mut countersign_store::Sql<'_>| countersign_accounts::identity(sql, id);
            let identity = call.cx.store.look_up(look).await?.filter(|_| may);
            service.person_of(identity.ok_or_else(|| wrong("User not found"))?.into())
        }
    };
    let (request, actor) = (&call.request, call.actor());
    let attributes = assertion::attributes(&service, &found, &person, request, &actor).await?;
    let shown: Vec<Value> = attributes
        .into_iter()
        .map(|attribute| {
            let mut one = value!({"Name": attribute.name, "Value": attribute.values});
            if let (Some(name), Some(members)) =
                (attribute.friendly_name.filter(|name| !name.is_empty()), one.as_object_mut())
            {
                members.insert("FriendlyName".to_owned(), name.into());
            }
            one
        })
        .collect();
    let asked = (name_id::UNSPECIFIED, "");
    let name = assertion::name_id(&service, &found, &person, request, &actor, asked).await?;
    let preview = value!({"preview": {"attributes": shown, "nameID": name.value}});
    Ok(json(StatusCode::OK, &preview))
}
