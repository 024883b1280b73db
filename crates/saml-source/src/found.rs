//! A source at work: found by its slug, with its addresses.

use std::sync::Arc;

use countersign_catalogue::CertificateKeyPair;
use countersign_model::{Ref, Snapshot};
use countersign_saml::names::{BINDING_POST, BINDING_REDIRECT};
use countersign_sources::Source;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::source::SAMLSource;

/// A source at one revision of the configuration.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) reference: Ref<SAMLSource>,
    pub(crate) settings: Arc<SAMLSource>,
}

impl Found {
    /// The source of that slug, enabled or not.
    pub(crate) fn by_slug(snapshot: &Arc<Snapshot>, slug: &str) -> Option<Found> {
        let (reference, _) = snapshot.find::<SAMLSource>("slug", slug)?;
        let entry = snapshot.entry(reference.id())?;
        Some(Found {
            settings: entry.share::<SAMLSource>()?,
            snapshot: snapshot.clone(),
            reference,
        })
    }

    pub(crate) fn id(&self) -> Uuid {
        self.reference.key().uuid().unwrap_or_default()
    }

    pub(crate) fn source(&self) -> Ref<dyn Source> {
        self.reference.cast()
    }

    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(crate) fn pair(&self, pair: Ref<CertificateKeyPair>) -> Option<&CertificateKeyPair> {
        self.snapshot.get(pair)
    }

    pub(crate) fn addresses(&self, origin: &str) -> Addresses {
        Addresses { below: format!("{origin}/source/saml/{}", &*self.settings.slug) }
    }

    /// What this server calls itself to the identity provider.
    pub(crate) fn entity_id(&self, addresses: &Addresses) -> String {
        if self.settings.issuer.is_empty() {
            addresses.metadata()
        } else {
            self.settings.issuer.clone()
        }
    }

    /// As events carry it.
    pub(crate) fn reference_json(&self) -> Value {
        let (app, model_name) = ("authentik_sources_saml", "samlsource");
        let pk = self.id().simple().to_string();
        json!({"app": app, "model_name": model_name, "pk": pk, "name": self.settings.name})
    }
}

/// Where the protocol's parts are for one source.
pub(crate) struct Addresses {
    below: String,
}

impl Addresses {
    pub(crate) fn acs(&self) -> String {
        format!("{}/acs/", self.below)
    }

    pub(crate) fn slo(&self) -> String {
        format!("{}/slo/", self.below)
    }

    pub(crate) fn metadata(&self) -> String {
        format!("{}/metadata/", self.below)
    }

    pub(crate) fn single_logout(&self) -> Vec<(&'static str, String)> {
        vec![(BINDING_REDIRECT, self.slo()), (BINDING_POST, self.slo())]
    }
}
