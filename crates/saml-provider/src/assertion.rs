//! What an assertion says of somebody: name, attributes, how they have signed in.

use countersign_core::{RequestInfo, SessionData};
use countersign_events::Event;
use countersign_model::Ref;
use countersign_policy::expression::ExpressionError;
use countersign_policy::mapping::{Mapping, evaluate_all};
use countersign_policy::{Occasion, PolicyRequest};
use countersign_saml::names::{context, name_id};
use countersign_saml::request::AuthnRequest;
use countersign_saml::response::{Attribute, NameId};
use countersign_store::{Actor, StoreError};
use serde_json::{Value, json};

use crate::found::Found;
use crate::mapping::SAMLPropertyMapping;
use crate::service::{Person, Service};

/// The values of mappings, in their order; those that failed are `None`, and reported.
async fn evaluate(
    service: &Service,
    found: &Found,
    person: &Person,
    request: &RequestInfo,
    actor: &Actor,
    mappings: &[&SAMLPropertyMapping],
) -> Result<Vec<Option<Value>>, StoreError> {
    let application = found.application.as_ref().map(|(application, _)| *application);
    let asked = PolicyRequest {
        snapshot: &found.snapshot,
        clock: &*service.cx.clock,
        host: &service.cx.policies().host(&service.cx, Some(request)),
        user: Some(&person.subject),
        occasion: Occasion::Claims(application),
        target: None,
        name: "",
    };
    let all: Vec<&dyn Mapping> = mappings.iter().map(|mapping| *mapping as _).collect();
    let mut values = Vec::with_capacity(all.len());
    for (mapping, value) in mappings.iter().zip(evaluate_all(&all, &asked).await) {
        values.push(match value {
            Ok(value) => Some(value),
            Err(ExpressionError::Empty) => Some(Value::Null),
            Err(error) => {
                let error = error.settled()?;
                failed(service, found, person, mapping, &error, actor).await;
                None
            }
        });
    }
    Ok(values)
}

async fn failed(
    service: &Service,
    found: &Found,
    person: &Person,
    mapping: &SAMLPropertyMapping,
    error: &ExpressionError,
    actor: &Actor,
) {
    let raised =
        json!({"expression": mapping.expression.to_string(), "message": error.to_string()});
    let origin = "authentik.core.expression.evaluator";
    let event = Event::new("property_mapping_exception", origin, raised);
    let rule = format!("saml.mapping/{}", mapping.name);
    let message = format!("Failed to evaluate property-mapping: '{}'", mapping.name);
    if countersign_events::may_report(&service.cx, "saml.mappings", &rule).await {
        event.about(Some(person.actor())).write(&service.cx, actor.clone()).await;
    }
    service.report(found, &rule, &format!("{message}: {error}"), actor.clone()).await;
}

/// The attributes that the application gets of somebody.
///
/// # Errors
/// When the database is away.
pub(crate) async fn attributes(
    service: &Service,
    found: &Found,
    person: &Person,
    request: &RequestInfo,
    actor: &Actor,
) -> Result<Vec<Attribute>, StoreError> {
    let all = found.settings.property_mappings.iter();
    let mut mappings: Vec<&SAMLPropertyMapping> = all
        .filter_map(|reference| found.snapshot.entry(reference.id())?.cast::<SAMLPropertyMapping>())
        .collect();
    mappings.sort_by(|a, b| (&a.saml_name, &a.name).cmp(&(&b.saml_name, &b.name)));
    let values = evaluate(service, found, person, request, actor, &mappings).await?;
    let made = mappings.iter().zip(values).filter_map(|(mapping, value)| {
        let values = match value? {
            Value::Null => return None,
            Value::Array(list) => list.iter().map(said).collect(),
            one => vec![said(&one)],
        };
        let (name, friendly_name) = (mapping.saml_name.clone(), mapping.friendly_name.clone());
        Some(Attribute { name, friendly_name, values })
    });
    Ok(made.collect())
}

/// As Python's `str` has it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn mapped(
    service: &Service,
    found: &Found,
    person: &Person,
    request: &RequestInfo,
    actor: &Actor,
    mapping: Option<Ref<SAMLPropertyMapping>>,
) -> Result<Option<Option<Value>>, StoreError> {
    let Some(mapping) = mapping.and_then(|mapping| found.snapshot.get(mapping)) else {
        return Ok(None);
    };
    let values = evaluate(service, found, person, request, actor, &[mapping]).await?;
    Ok(Some(values.into_iter().next().flatten()))
}

/// By what the application knows somebody. `index` names the session.
///
/// # Errors
/// When the database is away.
pub(crate) async fn name_id(
    service: &Service,
    found: &Found,
    person: &Person,
    request: &RequestInfo,
    actor: &Actor,
    (format, index): (&str, &str),
) -> Result<NameId, StoreError> {
    let mapping = found.settings.name_id_mapping;
    let value = match mapped(service, found, person, request, actor, mapping).await? {
        Some(Some(value)) if !value.is_null() => said(&value),
        // Nothing, or a failure: the name that is nobody else's.
        Some(_) => person.subject.uid.clone(),
        None => by_format(person, format, index),
    };
    Ok(NameId { format: format.to_owned(), value, ..NameId::default() })
}

fn by_format(person: &Person, format: &str, index: &str) -> String {
    let attribute = |name: &str| {
        let value = person.subject.attributes.get(name);
        let value = value.filter(|value| !value.is_null()).map(said);
        value.filter(|value| !value.is_empty()).unwrap_or_else(|| person.subject.uid.clone())
    };
    match format {
        name_id::EMAIL => person.subject.email.clone(),
        name_id::X509 => attribute("distinguishedName"),
        name_id::WINDOWS | name_id::WINDOWS_STANDARD => attribute("upn"),
        name_id::TRANSIENT => index.to_owned(),
        _ => person.subject.uid.clone(),
    }
}

/// How somebody has signed in, in the words that the application asked for if they are true.
///
/// # Errors
/// When the database is away.
pub(crate) async fn context_class(
    service: &Service,
    found: &Found,
    person: &Person,
    request: &RequestInfo,
    actor: &Actor,
    (session, asked): (&SessionData, Option<&AuthnRequest>),
) -> Result<String, StoreError> {
    let mapping = found.settings.authn_context_class_ref_mapping;
    if let Some(Some(value)) = mapped(service, found, person, request, actor, mapping).await?
        && !value.is_null()
    {
        return Ok(said(&value));
    }
    let true_ones = classes(session);
    let wanted = asked.map(|asked| asked.contexts.as_slice()).unwrap_or_default();
    let chosen = wanted.iter().find(|wanted| true_ones.contains(&wanted.as_str()));
    let first = true_ones.first().copied().unwrap_or(context::UNSPECIFIED);
    Ok(chosen.map_or_else(|| first.to_owned(), Clone::clone))
}

/// What can truly be said of a session's sign-in, the original's word first.
fn classes(session: &SessionData) -> Vec<&'static str> {
    let devices = session.auth_method_args.get("mfa_devices");
    let mfa = devices.is_some_and(|d| d.as_array().is_none_or(|list| !list.is_empty()));
    let password = [context::PASSWORD_PROTECTED, context::PASSWORD];
    let mut all = match (session.auth_method.as_str(), mfa) {
        ("auth_mfa" | "auth_webauthn_pwl", _) => vec![context::ONE_FACTOR],
        ("mtls", false) => vec![context::TLS_CLIENT],
        ("password", false) => password.to_vec(),
        ("password", true) => [&[context::TWO_FACTORS][..], &password].concat(),
        (_, true) => vec![context::TWO_FACTORS],
        _ => Vec::new(),
    };
    all.push(context::UNSPECIFIED);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_somebody_has_signed_in() {
        let session = |method: &str, args: Value| SessionData {
            auth_method: method.to_owned(),
            auth_method_args: args,
            ..SessionData::default()
        };
        for (method, args, first) in [
            ("password", json!({}), context::PASSWORD_PROTECTED),
            ("password", json!({"mfa_devices": []}), context::PASSWORD_PROTECTED),
            ("password", json!({"mfa_devices": [{"pk": 1}]}), context::TWO_FACTORS),
            ("auth_mfa", json!({}), context::ONE_FACTOR),
            ("auth_webauthn_pwl", json!({}), context::ONE_FACTOR),
            ("mtls", json!({"certificate": {}}), context::TLS_CLIENT),
            ("token", json!({}), context::UNSPECIFIED),
        ] {
            let all = classes(&session(method, args.clone()));
            assert_eq!(all.first(), Some(&first), "{method} {args}");
            assert_eq!(all.last(), Some(&context::UNSPECIFIED));
        }
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        for (value, text) in
            [(json!(true), "True"), (json!(null), "None"), (json!(12), "12"), (json!("a"), "a")]
        {
            assert_eq!(said(&value), text);
        }
    }
}
