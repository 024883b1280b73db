//! The API beside the generic resources: metadata, and a source out of an identity provider's.

use axum::response::Response;
use countersign_catalogue::CertificateKeyPair;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, with};
use countersign_flow::Flows;
use countersign_model::Fields as _;
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json as value};

use crate::found::Found;
use crate::import;
use crate::service::{Internal, SamlSource};
use crate::source::SAMLSource;

pub(crate) fn operations(shared: &(SamlSource, Flows)) -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "sources/saml/{slug}/metadata/",
            "sources_saml_metadata_retrieve",
            Access::on(Permission::view(SAMLSource::META)),
            with(shared, metadata),
        )
        .summary("Return metadata as XML string")
        .response("SAMLMetadata"),
        Operation::new(
            Method::POST,
            "countersign/sources/saml/import_metadata/",
            "countersign_sources_saml_import_metadata_create",
            Access::all([
                Permission::add(SAMLSource::META),
                Permission::add(CertificateKeyPair::META),
            ]),
            with(shared, import::import),
        )
        .summary("Create a source from the metadata of an identity provider")
        .request("SAMLSourceImportRequest")
        .response("SAMLSourceImported")
        .creates(),
    ]
}

/// Components the operations name.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "SAMLSourceImportRequest",
            object_schema(&[
                ("name", "string"),
                ("slug", "string"),
                ("metadata?", "string"),
                ("metadata_url?", "string"),
            ]),
        ),
        ("SAMLSourceImported", object_schema(&[("pk", "uuid"), ("slug", "string")])),
    ]
}

async fn metadata((saml, flows): (SamlSource, Flows), call: Call) -> Result<Response, ApiError> {
    let service = saml.over(flows.over(&call.cx));
    let found = Found::by_slug(&call.snapshot, call.param("slug"));
    let found = found.ok_or_else(|| ApiError::not_found("SAMLSource"))?;
    let refused = |error: Internal| {
        ApiError::Body(StatusCode::BAD_REQUEST, value!({"non_field_errors": [error.to_string()]}))
    };
    let addresses = service.addresses(&found, &call.request).await.map_err(refused)?;
    let xml = service.metadata(&found, &addresses).map_err(refused)?;
    let body = value!({"metadata": xml, "download_url": addresses.metadata()});
    Ok(json(StatusCode::OK, &body))
}
