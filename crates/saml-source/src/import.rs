//! A source out of what an identity provider says of itself.

use axum::response::Response;
use countersign_accounts::give_initial;
use countersign_catalogue::CertificateKeyPair;
use countersign_core::{ApiError, Call, json};
use countersign_flow::{Flow, Flows};
use countersign_model::{
    ChoiceValue as _, Code, FieldErrors, Fields as _, Mode, ObjectId, Problem, Secret, Snapshot,
    Target as _,
};
use countersign_saml::metadata::{self, Binding, Upstream};
use countersign_sources::Source;
use http::StatusCode;
use serde_json::{Map, Value, json as value};

use crate::service::SamlSource;
use crate::source::{NameIdPolicy, SAMLSource};

/// The flows of a new source, by the slugs under which they are shipped.
const FLOWS: [(&str, &str); 3] = [
    ("pre_authentication_flow", "default-source-pre-authentication"),
    ("authentication_flow", "default-source-authentication"),
    ("enrollment_flow", "default-source-enrollment"),
];

/// `metadata` is the document, or `metadata_url` the address at which it is; what else is given
/// counts as in `sources/saml/` and beats it.
pub(crate) async fn import(
    (_, flows): (SamlSource, Flows),
    call: Call,
) -> Result<Response, ApiError> {
    let mut given = call.object()?;
    let mut text = |name: &str| {
        let text = given.remove(name);
        text.as_ref().and_then(Value::as_str).map(str::trim).unwrap_or_default().to_owned()
    };
    let (document, url) = (text("metadata"), text("metadata_url"));
    let wrong = |field: &str, problem: Problem| {
        let mut errors = FieldErrors::new();
        errors.add(field, problem);
        ApiError::from(errors)
    };
    // What is at the address now; afterwards the identity provider is no longer asked.
    let (field, document) = match (document.is_empty(), url.is_empty()) {
        (false, _) => ("metadata", document.into_bytes()),
        (true, true) => return Err(wrong("metadata", Problem::required())),
        (true, false) => {
            let found = flows.over(&call.cx).outbound().document(&url).await;
            let found = found.map_err(|error| {
                wrong("metadata_url", Problem::new("invalid", format!("{error}.")))
            })?;
            ("metadata_url", found.to_vec())
        }
    };
    let described = metadata::read_upstream(&document).map_err(|refusal| {
        let text = format!("Failed to import Metadata: {refusal}");
        ApiError::Body(StatusCode::BAD_REQUEST, value!({field: [text], "code": refusal.code()}))
    })?;
    let moved = call.clone();
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let mut map = asked_for(&described, tx.graph());
        if !given.contains_key("verification_kp") {
            let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
            let pair = CertificateKeyPair {
                name: format!("Source {name} - SAML Signing Certificate"),
                certificate_data: Code::from(described.signing.pem().as_str()),
                key_data: Secret::new(String::new()),
                managed: None,
            };
            let key = tx.entropy().uuid();
            tx.draft().put(key, pair);
            map.insert("verification_kp".to_owned(), key.to_string().into());
        }
        map.extend(given.clone());
        let source = SAMLSource::parse(&moved.input(&map, Mode::Create), None)?;
        let slug = source.slug.to_string();
        let (space, fresh) = (<dyn Source>::SPACE, tx.entropy().uuid());
        let key = tx.graph().next_key(SAMLSource::META.key, space, fresh);
        tx.draft().put(key, source);
        if let Some(creator) = &moved.caller.user {
            give_initial(tx, creator, SAMLSource::META, ObjectId::new(space, key), false)?;
        }
        Ok::<_, ApiError>((key.to_string(), slug))
    };
    let (pk, slug) =
        call.cx.store.write(call.actor(), "imported from SAML metadata", write).await?;
    Ok(json(StatusCode::CREATED, &value!({"pk": pk, "slug": slug})))
}

/// What the identity provider says; the rest is as a new source has it.
fn asked_for(described: &Upstream, graph: &Snapshot) -> Map<String, Value> {
    let mut map = Map::new();
    let mut set = |field: &str, value: Value| map.insert(field.to_owned(), value);
    for (field, slug) in FLOWS {
        if let Some((flow, _)) = graph.find::<Flow>("slug", slug) {
            set(field, flow.key().to_string().into());
        }
    }
    set("idp_issuer", described.entity_id.clone().into());
    set("sso_url", described.sign_on.location.clone().into());
    let binding = match described.sign_on.binding {
        Binding::Post => "POST_AUTO",
        Binding::Redirect | Binding::Soap => "REDIRECT",
    };
    set("binding_type", binding.into());
    if let Some(logout) = described.logout.as_ref().filter(|one| one.binding == Binding::Redirect) {
        set("slo_url", logout.location.clone().into());
    }
    let known = described.name_id_formats.iter().find_map(|one| NameIdPolicy::from_value(one));
    let persistent = NameIdPolicy::Persistent;
    let listed = described.name_id_formats.is_empty()
        || described.name_id_formats.iter().any(|one| one == persistent.uri());
    let policy = known.filter(|_| !listed).unwrap_or(persistent);
    set("name_id_policy", policy.uri().into());
    if described.wants_signed_requests {
        let mut pairs: Vec<_> = graph.list::<CertificateKeyPair>().collect();
        pairs.retain(|(_, pair)| pair.key_type() == Some("rsa"));
        pairs.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        if let Some((pair, _)) = pairs.first() {
            set("signing_kp", pair.key().to_string().into());
        }
    }
    map
}
