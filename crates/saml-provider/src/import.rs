//! A provider out of what an application says of itself.

use axum::body::Bytes;
use axum::response::Response;
use countersign_accounts::give_initial;
use countersign_catalogue::{CertificateKeyPair, Provider};
use countersign_core::{ApiError, Call};
use countersign_flow::{Flow, Flows};
use countersign_model::{
    Code, FieldErrors, Fields as _, Key, KeyType, Mode, ObjectId, Problem, Ref, Secret, Snapshot,
    Target as _,
};
use countersign_saml::Refusal;
use countersign_saml::metadata::{self, Binding, Endpoint, ServiceProvider};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::mapping::SAMLPropertyMapping;
use crate::provider::SAMLProvider;
use crate::service::Saml;

/// `file` is the document, or `metadata_url` the address at which it is.
pub(crate) async fn import((_, flows): (Saml, Flows), call: Call) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let mut given = Map::new();
    let name = call.form_text("name").await?.unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        errors.add("name", Problem::required());
    }
    given.insert("name".to_owned(), name.clone().into());
    for field in ["authorization_flow", "invalidation_flow"] {
        let text = call.form_text(field).await?.unwrap_or_default();
        let key = Key::parse(text.trim(), KeyType::Uuid);
        let known = key.is_some_and(|key| call.snapshot.get(Ref::<Flow>::new(key)).is_some());
        if text.is_empty() {
            errors.add(field, Problem::required());
        } else if !known {
            let text = format!("Invalid pk \"{text}\" - object does not exist.");
            errors.add(field, Problem::new("does_not_exist", text));
        }
        given.insert(field.to_owned(), text.trim().into());
    }
    let url = call.form_text("metadata_url").await?.unwrap_or_default().trim().to_owned();
    let file = call.form_file("file").await?;
    if file.is_none() && url.is_empty() {
        errors.add("file", Problem::required());
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    // What is at the address now; afterwards the application is no longer asked.
    let (field, file) = match file {
        Some(file) => ("file", file),
        None => ("metadata_url", at(&flows, &call, &url).await?),
    };
    let described = metadata::read(&file).map_err(|refusal| {
        let text = match refusal {
            Refusal::NotXml | Refusal::Doctype => "Invalid XML Syntax".to_owned(),
            other => format!("Failed to import Metadata: {other}"),
        };
        ApiError::Body(StatusCode::BAD_REQUEST, json!({field: [text]}))
    })?;
    let moved = call.clone();
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let mut map = given.clone();
        map.extend(asked_for(&described, tx.graph()));
        if let Some(certificate) = described.signing.as_ref().filter(|_| described.signs_requests) {
            let pair = CertificateKeyPair {
                name: format!("Provider {name} - SAML Signing Certificate"),
                certificate_data: Code::from(certificate.pem().as_str()),
                key_data: Secret::new(String::new()),
                managed: None,
            };
            let key = tx.entropy().uuid();
            tx.draft().put(key, pair);
            map.insert("verification_kp".to_owned(), key.to_string().into());
        }
        let provider = SAMLProvider::parse(&moved.input(&map, Mode::Create), None)?;
        let (space, fresh) = (<dyn Provider>::SPACE, tx.entropy().uuid());
        let key = tx.graph().next_key(SAMLProvider::META.key, space, fresh);
        tx.draft().put(key, provider);
        if let Some(creator) = &moved.caller.user {
            give_initial(tx, creator, SAMLProvider::META, ObjectId::new(space, key), false)?;
        }
        Ok::<_, ApiError>(())
    };
    call.cx.store.write(call.actor(), "imported from SAML metadata", write).await?;
    let mut answer = Response::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}

/// The document at an address that somebody typed.
async fn at(flows: &Flows, call: &Call, url: &str) -> Result<Bytes, ApiError> {
    let found = flows.over(&call.cx).outbound().document(url).await;
    found.map_err(|error| {
        let mut errors = FieldErrors::new();
        errors.add("metadata_url", Problem::new("invalid", format!("{error}.")));
        errors.into()
    })
}

/// What the application asks for; the rest is as a new provider has it. What it is called is the
/// audience of its assertions (the original makes it the issuer).
fn asked_for(described: &ServiceProvider, graph: &Snapshot) -> Map<String, Value> {
    let binding = |endpoint: &Endpoint| match endpoint.binding {
        Binding::Post => "post",
        Binding::Redirect | Binding::Soap => "redirect",
    };
    let mut map = Map::new();
    let mut set = |field: &str, value: Value| map.insert(field.to_owned(), value);
    set("acs_url", described.consumer.location.clone().into());
    set("sp_binding", binding(&described.consumer).into());
    set("audience", described.entity_id.clone().into());
    if let Some(logout) = &described.logout {
        set("sls_url", logout.location.clone().into());
        set("sls_binding", binding(logout).into());
    }
    if let Some(soap) = &described.logout_soap {
        set("sls_soap_url", soap.clone().into());
    }
    let mut pairs: Vec<(Ref<CertificateKeyPair>, &CertificateKeyPair)> =
        graph.list::<CertificateKeyPair>().collect();
    pairs.retain(|(_, pair)| pair.key_type() == Some("rsa"));
    pairs.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let signing = pairs.first().map(|(reference, _)| reference.key().to_string());
    set("signing_kp", signing.into());
    let mappings = graph.list::<SAMLPropertyMapping>();
    let managed = mappings.filter(|(_, mapping)| mapping.managed.is_some());
    set("property_mappings", managed.map(|(one, _)| Value::from(one.key().to_string())).collect());
    map
}
