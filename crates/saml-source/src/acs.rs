//! A browser brings what the identity provider has answered.

use std::time::Duration;

use axum::response::Response;
use countersign_accounts::visitor;
use countersign_core::{RequestInfo, Visitor};
use countersign_flow::source::{Errand, arrive};
use countersign_saml::Refusal;
use countersign_saml::assertion::{self, Expected, SignedIn};
use countersign_saml::binding::{self, Received};
use countersign_saml::names::name_id;
use countersign_sources::{Identity, Upstream};
use countersign_store::{Owner, StoreError};
use http::{Method, header, request::Parts};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until};

use crate::found::{Addresses, Found};
use crate::page;
use crate::service::{Internal, Service};
use crate::source::Keys;
use crate::state::{self, Sent, State};

/// Assertions that were taken.
const TAKEN: &str = "saml_source.taken";
/// What is wrong inside an encrypted assertion is said no sooner: how long it took to find out
/// would say more than the refusal does.
const EVEN: Duration = Duration::from_millis(400);
/// The attribute that names groups, as AD FS and this server call it.
const GROUPS: &str = "http://schemas.xmlsoap.org/claims/Group";

pub(crate) async fn acs(
    service: &Service,
    parts: &Parts,
    info: &RequestInfo,
    slug: &str,
    form: &str,
) -> Result<Response, Internal> {
    let begun = Instant::now();
    let found = Found::by_slug(&service.cx.snapshot(), slug);
    let Some(found) = found.filter(|found| found.settings.enabled) else {
        return Ok(page::not_found(service, info));
    };
    let addresses = service.addresses(&found, info).await?;
    let sent = State::read(service, &found, &parts.headers);
    let form = if parts.method == Method::POST {
        // The form of another site comes without our cookies where there is no TLS; the same by GET
        // comes with them.
        if sent.is_none() && !info.secure() {
            let kept = state::keep(service, &found, info, form).await?;
            return Ok(service.cx.see_other(&format!("{}?{kept}", info.path)));
        }
        form.to_owned()
    } else {
        state::take(service, &found, &info.query).await.unwrap_or_default()
    };
    let visitor = visitor(&service.cx, parts).await?;
    let keys = service.keys(&found)?;
    let read = binding::from_form(&form).map_err(|refusal| match refusal {
        Refusal::Missing => Refusal::NoResponse,
        other => other,
    });
    let read = match read {
        Ok(received) => {
            let xml = String::from_utf8_lossy(&received.xml).into_owned();
            signed_in(service, (&found, &addresses), (&keys, sent.as_ref()), &received)?
                .map(|who| (who, xml))
        }
        Err(refusal) => Err(refusal),
    };
    let (who, xml) = match read {
        Ok(read) => read,
        Err(refusal) => {
            if refusal == Refusal::Decryption {
                sleep_until(begun + EVEN).await;
            }
            return Ok(refuse(service, info, &visitor, (&found, &addresses), &refusal).await);
        }
    };
    if !first(service, &found, &who).await? {
        let (of, refusal) = ((&found, &addresses), Refusal::Replayed);
        return Ok(refuse(service, info, &visitor, of, &refusal).await);
    }
    let errand = match sent {
        Some(State { sent: Sent::SignIn(errand), .. }) if who.solicited => Some(errand),
        _ => None,
    };
    let mut answer = take(service, info, &visitor, &found, (who, xml, errand)).await?;
    if let Some(cookie) = state::over(service, &found, info) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// Who came. The outer error is the configuration's.
fn signed_in(
    service: &Service,
    (found, addresses): (&Found, &Addresses),
    (keys, sent): (&Keys, Option<&State>),
    received: &Received,
) -> Result<Result<SignedIn, Refusal>, Internal> {
    let trust = keys.trust.as_ref().ok_or(Internal::NoTrust)?;
    let (own, audience) = ([addresses.acs()], found.entity_id(addresses));
    let asked = sent.filter(|state| matches!(state.sent, Sent::SignIn(_)));
    let expected = Expected {
        trust,
        opener: keys.opener.as_ref(),
        issuer: &found.settings.idp_issuer,
        audience: &audience,
        addresses: &own,
        request: asked.map(|state| state.request.as_str()),
        unsolicited: found.settings.allow_idp_initiated,
        now: service.now(),
    };
    let read = assertion::read(received, &expected);
    Ok(read.and_then(|who| {
        let moved = who.solicited && asked.is_some_and(|state| !state.is_of(found, addresses));
        if moved { Err(Refusal::Moved) } else { Ok(who) }
    }))
}

async fn refuse(
    service: &Service,
    info: &RequestInfo,
    visitor: &Visitor,
    of: (&Found, &Addresses),
    refusal: &Refusal,
) -> Response {
    service.refused(of, refusal, info).await;
    page::refused(service, info, visitor, of.0, refusal)
}

/// Whether an assertion comes for the first time (profiles 4.1.4.5): it is remembered as long as it
/// would be good.
async fn first(service: &Service, found: &Found, who: &SignedIn) -> Result<bool, StoreError> {
    let name = format!("{}/{}", found.id(), who.id);
    let seconds = who.until.seconds().saturating_sub(service.now().seconds()).max(1);
    let ephemeral = service.cx.store.ephemeral();
    ephemeral.compare_and_swap(TAKEN, &name, None, vec![1], seconds, Owner::Program).await
}

async fn take(
    service: &Service,
    info: &RequestInfo,
    visitor: &Visitor,
    found: &Found,
    (who, xml, errand): (SignedIn, String, Option<Errand>),
) -> Result<Response, Internal> {
    let is_temporary = who.name_id.format == name_id::TRANSIENT;
    let lasts = found.settings.temporary_user_delete_after.seconds();
    let identity = identity(&who, xml, is_temporary.then_some(lasts));
    Ok(arrive(&service.cx, info, visitor, (found.source(), errand), identity).await?)
}

/// What the identity provider says of somebody, under the names it has for it. `temporary`: for how
/// many seconds the account is made.
fn identity(who: &SignedIn, xml: String, temporary: Option<i64>) -> Identity {
    let mut properties = Map::new();
    for attribute in &who.attributes {
        let is_groups = attribute.name == GROUPS;
        let value = match attribute.values.as_slice() {
            [one] if !is_groups => Value::from(one.as_str()),
            many => json!(many),
        };
        properties
            .insert(if is_groups { "groups".to_owned() } else { attribute.name.clone() }, value);
    }
    properties.insert("username".to_owned(), who.name_id.value.as_str().into());
    let given = Map::from_iter([
        ("name_id".to_owned(), json!(who.name_id.value)),
        ("root".to_owned(), json!(xml)),
        ("properties".to_owned(), json!(properties)),
    ]);
    let mut for_policies = Map::new();
    if temporary.is_none() {
        for_policies.insert("saml_response".to_owned(), xml.into());
    }
    let [qualifier, own] = &who.name_id.qualifiers;
    Identity {
        identifier: who.name_id.value.clone(),
        properties,
        given,
        for_policies,
        email_is_unverified: false,
        temporary,
        upstream: Some(Upstream {
            subject: who.name_id.value.clone(),
            index: who.session.clone().unwrap_or_default(),
            said: json!({"format": who.name_id.format, "qualifiers": [qualifier, own]}),
        }),
    }
}

#[cfg(test)]
mod tests {
    use countersign_model::Timestamp;
    use countersign_saml::response::{Attribute, NameId};

    use super::*;

    #[test]
    fn attributes_are_properties_under_their_own_names() {
        let attribute = |name: &str, values: &[&str]| Attribute {
            name: name.to_owned(),
            friendly_name: None,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let who = SignedIn {
            id: "_a1".to_owned(),
            until: Timestamp::default(),
            issuer: "idp".to_owned(),
            name_id: NameId {
                format: name_id::PERSISTENT.to_owned(),
                value: "uma".to_owned(),
                qualifiers: [Some("idp".to_owned()), None],
            },
            session: Some("s1".to_owned()),
            session_ends: None,
            attributes: vec![
                attribute("email", &["uma@example.org"]),
                attribute("phones", &["1", "2"]),
                attribute("nothing", &[]),
                attribute("username", &["admin"]),
                attribute(GROUPS, &["staff"]),
            ],
            relay_state: None,
            solicited: true,
        };
        let identity = super::identity(&who, "<x/>".to_owned(), None);
        assert_eq!(identity.identifier, "uma");
        let expected = json!({
            "email": "uma@example.org", "phones": ["1", "2"], "nothing": [],
            "username": "uma", "groups": ["staff"],
        });
        assert_eq!(Value::Object(identity.properties), expected);
        assert_eq!(identity.given["properties"], expected);
        assert_eq!(identity.for_policies["saml_response"], "<x/>");
        let upstream = identity.upstream.unwrap();
        assert_eq!((upstream.subject.as_str(), upstream.index.as_str()), ("uma", "s1"));
        assert_eq!(upstream.said["qualifiers"], json!(["idp", null]));
        // A temporary account's response is not for policies (as in the original).
        let temporary = super::identity(&who, String::new(), Some(60));
        assert!(temporary.for_policies.is_empty());
        assert_eq!((identity.temporary, temporary.temporary), (None, Some(60)));
    }
}
