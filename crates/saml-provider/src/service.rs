//! What the addresses and stages share.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_catalogue::KeyRing;
use countersign_catalogue::doctor::record;
use countersign_core::{Identity, RequestInfo};
use countersign_events::{Event, may_report, shortened};
use countersign_flow::{FlowContext, InPlanDef};
use countersign_model::Timestamp;
use countersign_policy::Subject;
use countersign_saml::{Fault, Refusal};
use countersign_store::{Actor, ActorUser, StoreError};
use serde_json::{Value, json};

use crate::doctor;
use crate::found::Found;
use crate::logout::{SIGN_OUT, SignOut};
use crate::provider::Keys;
use crate::respond::{RESPOND, Respond};

/// Where events of this crate come from.
const EVENTS: &str = "authentik.providers.saml";
/// What all requests to the protocol share. One per program; cheap to clone.
#[derive(Clone, Default)]
pub struct Saml {
    ring: Arc<KeyRing<Keys, 3>>,
}

impl Saml {
    /// The stages its flows end in.
    #[must_use]
    pub fn stages(&self) -> Vec<InPlanDef> {
        let (responding, ending) = (self.clone(), self.clone());
        vec![
            InPlanDef::new(RESPOND, move |asked| Respond { saml: responding.clone(), asked }),
            InPlanDef::new(SIGN_OUT, move |ending_| SignOut {
                saml: ending.clone(),
                ending: ending_,
            }),
        ]
    }

    pub(crate) fn over(&self, cx: FlowContext) -> Service {
        Service { cx, saml: self.clone() }
    }

    /// The keys of a provider, parsed once for each state of the configuration.
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
    saml: Saml,
}

/// The program's fault, or its configuration's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Internal {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Flow(#[from] countersign_flow::FlowError),
    #[error("the SAML provider cannot answer ({field}): {fault}")]
    Keys { field: &'static str, fault: Fault },
    /// A certificate that restricted somebody was deleted.
    #[error("the SAML provider lost a certificate: {0}")]
    Vanished(String),
}

impl Internal {
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Internal::Store(error) => error.is_passing(),
            Internal::Flow(error) => error.is_passing(),
            Internal::Keys { .. } | Internal::Vanished(_) => false,
        }
    }
}

impl From<Fault> for Internal {
    fn from(fault: Fault) -> Internal {
        Internal::Keys { field: "signing_kp", fault }
    }
}

/// A person as assertions and policies see one.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) identity: Arc<Identity>,
    pub(crate) subject: Subject,
}

impl Person {
    pub(crate) fn actor(&self) -> ActorUser {
        let user = &self.identity;
        ActorUser { pk: user.pk, username: user.username.clone(), email: user.email.clone() }
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

    pub(crate) fn person_of(&self, identity: Arc<Identity>) -> Person {
        let subject = Subject::of(&identity, self.cx.uid(identity.pk));
        Person { identity, subject }
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

    /// Writes an event of a request that went wrong, unless there were enough of them in the last
    /// hour: anybody can repeat one.
    pub(crate) async fn report(&self, found: &Found, rule: &str, message: &str, actor: Actor) {
        let provider = found.id();
        tracing::info!(code = rule, provider, "a SAML message was refused: {message}");
        if may_report(&self.cx, "saml.events", &format!("{provider}/{rule}")).await {
            let context =
                json!({"message": message, "rule": rule, "provider": found.reference_json()});
            self.event("configuration_error", shortened(context), actor).await;
        }
    }

    /// Tells of a message that is not accepted: the events, and the page of the provider.
    pub(crate) async fn refused(
        &self,
        found: &Found,
        refusal: &Refusal,
        actor: Actor,
        client: IpAddr,
    ) {
        self.report(found, refusal.code(), &refusal.to_string(), actor).await;
        let failure = doctor::failure(&found.settings, refusal);
        record(&self.cx, found.reference.id(), failure, client).await;
    }

    pub(crate) async fn event(&self, action: &'static str, context: Value, actor: Actor) {
        Event::new(action, EVENTS, context).write(&self.cx, actor).await;
    }

    /// The answer of the application's policies. A provider without application lets nobody in.
    ///
    /// # Errors
    /// When the engine fails.
    pub(crate) async fn policies(
        &self,
        found: &Found,
        person: &Person,
        request: &RequestInfo,
    ) -> Result<Option<countersign_policy::Decision>, StoreError> {
        let Some((application, _)) = &found.application else { return Ok(None) };
        let policies = self.cx.policies();
        let asked = policies.application(&self.cx, request, &person.identity, *application, None);
        asked.await.map(Some)
    }
}
