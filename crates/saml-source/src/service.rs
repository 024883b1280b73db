//! What the addresses share.

use std::sync::Arc;

use countersign_catalogue::KeyRing;
use countersign_catalogue::doctor::record;
use countersign_core::{Caller, RequestInfo};
use countersign_events::{Event, may_report, shortened};
use countersign_flow::source::own_address;
use countersign_flow::{FlowContext, InPlanDef};
use countersign_model::Timestamp;
use countersign_saml::metadata::Consumer;
use countersign_saml::response::Envelope;
use countersign_saml::{Fault, Refusal};
use countersign_store::{Actor, StoreError, sha256};
use serde_json::json;

use crate::ask::{CARRY, Carry};
use crate::doctor;
use crate::found::{Addresses, Found};
use crate::source::Keys;

/// Where events of this crate come from.
const EVENTS: &str = "authentik.sources.saml";
/// What all requests to the protocol share. One per program; cheap to clone.
#[derive(Clone, Default)]
pub struct SamlSource {
    ring: Arc<KeyRing<Keys, 3>>,
}

impl SamlSource {
    /// The stage in which a request goes out as a form.
    #[must_use]
    pub fn stages(&self) -> Vec<InPlanDef> {
        vec![InPlanDef::new(CARRY, |carry: Carry| carry)]
    }

    pub(crate) fn over(&self, cx: FlowContext) -> Service {
        Service { cx, saml: self.clone() }
    }

    fn keys(&self, found: &Found) -> Result<Arc<Keys>, (&'static str, Fault)> {
        let own = &found.settings;
        let pairs = [own.signing_kp, own.verification_kp, own.encryption_kp];
        let read = || own.keys(|pair| found.pair(pair));
        let (keys, _) = self.ring.keys(&found.snapshot, found.reference.id(), pairs, read)?;
        Ok(keys)
    }
}

/// The context of the program with what this crate keeps beside it.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) cx: FlowContext,
    saml: SamlSource,
}

/// The program's fault, or its configuration's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Internal {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Flow(#[from] countersign_flow::FlowError),
    #[error("the SAML source cannot be used ({field}): {fault}")]
    Keys { field: &'static str, fault: Fault },
    /// A certificate that restricted somebody was deleted.
    #[error("the SAML source lost a certificate: {0}")]
    Vanished(String),
    #[error("the SAML source has no verification certificate: nobody signs in by it")]
    NoTrust,
    #[error(
        "the address of this server is not known, so no response can be meant for it: set base_url (COUNTERSIGN_BASE_URL), or sign in as an administrator at the address that people use"
    )]
    NoAddress,
}

impl Internal {
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Internal::Store(error) => error.is_passing(),
            Internal::Flow(error) => error.is_passing(),
            Internal::Keys { .. }
            | Internal::Vanished(_)
            | Internal::NoTrust
            | Internal::NoAddress => false,
        }
    }
}

impl From<Fault> for Internal {
    fn from(fault: Fault) -> Internal {
        Internal::Keys { field: "signing_kp", fault }
    }
}

impl Service {
    pub(crate) fn now(&self) -> Timestamp {
        self.cx.clock.now()
    }

    /// An ID of a document: an underscore, since letters and digits alone may begin with a digit.
    pub(crate) fn document_id(&self) -> String {
        format!("_{}", self.cx.entropy.uuid().simple())
    }

    /// # Errors
    /// A certificate is gone, or does not do.
    pub(crate) fn keys(&self, found: &Found) -> Result<Arc<Keys>, Internal> {
        if !found.settings.vanished.is_empty() {
            let fields: Vec<&str> = found.settings.vanished.fields().collect();
            return Err(Internal::Vanished(fields.join(", ")));
        }
        self.saml.keys(found).map_err(|(field, fault)| Internal::Keys { field, fault })
    }

    /// Where a source is. The host of a request says nothing of it unless the configuration knows
    /// it: whoever comes writes it, and could bring what is meant for another service provider.
    ///
    /// # Errors
    /// The address of this server is not known.
    pub(crate) async fn addresses(
        &self,
        found: &Found,
        request: &RequestInfo,
    ) -> Result<Addresses, Internal> {
        let origin = own_address(&self.cx, request).await?.ok_or(Internal::NoAddress)?;
        Ok(found.addresses(&origin))
    }

    /// What a message of ours begins with.
    pub(crate) fn envelope(
        &self,
        found: &Found,
        addresses: &Addresses,
        destination: &str,
        in_response_to: Option<String>,
    ) -> Envelope {
        Envelope {
            id: self.document_id(),
            now: self.now(),
            issuer: found.entity_id(addresses),
            destination: destination.to_owned(),
            in_response_to,
        }
    }

    /// The metadata of a source.
    ///
    /// # Errors
    /// Its keys cannot be used.
    pub(crate) fn metadata(
        &self,
        found: &Found,
        addresses: &Addresses,
    ) -> Result<String, Internal> {
        let keys = self.keys(found)?;
        let consumer = Consumer {
            id: format!("_{}", hex::encode(sha256(&addresses.metadata()))),
            entity_id: found.entity_id(addresses),
            signer: keys.signer.clone(),
            encryption: keys.encryption.clone(),
            name_id_format: found.settings.name_id_policy.uri(),
            acs: addresses.acs(),
            single_logout: addresses.single_logout(),
        };
        Ok(consumer.document()?)
    }

    /// Writes an event of a message that went wrong, unless there were enough of them in the last
    /// hour: anybody can repeat one.
    pub(crate) async fn report(&self, found: &Found, rule: &str, message: &str, actor: Actor) {
        let slug = &*found.settings.slug;
        tracing::info!(code = rule, source = slug, "a SAML message was refused: {message}");
        if may_report(&self.cx, "saml_source.events", &format!("{slug}/{rule}")).await {
            let context =
                json!({"message": message, "rule": rule, "source": found.reference_json()});
            self.event("configuration_error", shortened(context), actor).await;
        }
    }

    /// The same of a message that was refused, and keeps why for the page of the source.
    pub(crate) async fn refused(
        &self,
        (found, addresses): (&Found, &Addresses),
        refusal: &Refusal,
        request: &RequestInfo,
    ) {
        let actor = self.cx.actor(&Caller::nobody(), request);
        self.report(found, refusal.code(), &refusal.to_string(), actor).await;
        let failure = doctor::failure(found, addresses, refusal, self.now());
        record(&self.cx, found.reference.id(), failure, request.client_ip).await;
    }

    pub(crate) async fn event(
        &self,
        action: &'static str,
        context: serde_json::Value,
        actor: Actor,
    ) {
        Event::new(action, EVENTS, context).write(&self.cx, actor).await;
    }
}
