//! What the page of a provider shows: what the owner of the application enters on his side.

use std::sync::Arc;

use countersign_catalogue::sign_out::SignOut;
use countersign_catalogue::{CertificateKeyPair, Copied, Fact, FactLine, Line, Sheet};
use countersign_model::{ChoiceValue as _, Ref, Snapshot};
use countersign_saml::key::Certificate;

use crate::found::Found;
use crate::provider::{SAMLProvider, SpBinding};

pub(crate) fn sheet(
    settings: &SAMLProvider,
    id: Ref<SAMLProvider>,
    snapshot: &Arc<Snapshot>,
    origin: &str,
) -> Sheet {
    let Some(found) = Found::by_reference(snapshot, id) else { return Sheet::default() };
    let line = |label, value| Line { label, value: Copied::Value(value) };
    let mut connect = vec![line("Issuer (entity ID)", settings.issuer.clone())];
    let mut addresses = Vec::new();
    if let Some(own) = found.addresses(origin) {
        connect.push(line("Metadata", own.metadata()));
        connect.push(line("SSO URL (Redirect)", own.sso_redirect()));
        connect.push(line("SSO URL (Post)", own.sso_post()));
        connect.push(line("SLO URL (Redirect)", own.slo_redirect()));
        addresses = vec![
            line("SSO URL (IdP-initiated)", own.sso_init()),
            line("SLO URL (Post)", own.slo_post()),
            line("SLO URL (SOAP)", own.slo_soap()),
        ];
    }
    let signing = settings.signing_kp.and_then(|pair| found.pair(pair));
    if let Some(certificate) =
        signing.and_then(|pair| Certificate::from_pem(&pair.certificate_data).ok())
    {
        connect.push(line("Signing certificate", certificate.pem()));
    }
    Sheet {
        connect,
        addresses,
        facts: facts(settings, &found),
        preview: Some(format!("providers/saml/{}/preview_user", found.id())),
        ..Sheet::default()
    }
}

fn facts(settings: &SAMLProvider, found: &Found) -> Vec<Fact> {
    let label = |binding: SpBinding| {
        let choice = SpBinding::CHOICES.iter().find(|choice| choice.value == binding.value());
        choice.map_or("", |choice| choice.label)
    };
    let address = |label, address: &str, binding| Fact {
        label,
        lines: vec![FactLine {
            text: address.to_owned(),
            mono: true,
            note: Some(note(binding)),
            certificate: None,
        }],
    };
    let certificate = |label, pair: Option<Ref<CertificateKeyPair>>, without: &str| {
        let held = pair.and_then(|pair| found.pair(pair));
        let text = held.map_or_else(|| without.to_owned(), |held| held.name.clone());
        let certificate = pair.and_then(|pair| pair.key().uuid());
        Fact { label, lines: vec![FactLine { text, certificate, ..FactLine::default() }] }
    };
    let audience = if settings.audience.is_empty() { "Anybody" } else { &settings.audience };
    let mut facts = vec![
        address("ACS URL", &settings.acs_url, settings.sp_binding),
        Fact::new("Audience", audience),
    ];
    // Who made a provider for an application that is to come may have taken its place before.
    let others = found.beside();
    if others > 0 {
        facts.push(Fact::new("Other providers that answer in its place", others.to_string()));
    }
    if settings.sls_url.is_empty() {
        let text = "None: who signs out there sees a page of this server";
        facts.push(Fact::new("SLS URL", text));
    } else {
        facts.push(address("SLS URL", &settings.sls_url, settings.sls_binding));
    }
    let way = match settings.ends_sessions() {
        SignOut::Server(_) => "Sent there by SOAP",
        SignOut::Frame(_) => "The browser loads the SLS URL unseen",
        SignOut::Visit(_) => "The browser is sent to the SLS URL and back",
        SignOut::Unaware | SignOut::Asks => "Not at all: people stay signed in there",
    };
    facts.push(Fact::new("Learns of sign-outs elsewhere", way));
    if !settings.sls_soap_url.is_empty() {
        facts.push(Fact {
            label: "SLS URL (SOAP)",
            lines: vec![FactLine {
                text: settings.sls_soap_url.to_string(),
                mono: true,
                note: Some("SOAP"),
                certificate: None,
            }],
        });
    }
    let signed = match (settings.signing_kp, settings.sign_assertion, settings.sign_response) {
        (None, ..) => "Nothing",
        (_, true, true) => "Assertion and response",
        (_, true, false) => "Assertion",
        (_, false, _) => "Response",
    };
    facts.extend([
        Fact::new("Signed", signed),
        certificate("Signing certificate", settings.signing_kp, "None"),
        certificate("Requests are verified with", settings.verification_kp, "Nothing"),
        certificate("Assertions are encrypted to", settings.encryption_kp, "Nobody"),
        Fact::new("Responses go by", label(settings.sp_binding)),
        Fact::new("Assertions are good for", settings.assertion_valid_not_on_or_after.words()),
    ]);
    facts
}

const fn note(binding: SpBinding) -> &'static str {
    match binding {
        SpBinding::Redirect => "Redirect",
        SpBinding::Post => "Post",
    }
}
