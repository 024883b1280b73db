//! A provider at work: found by its client id or its application, with its keys and what it calls
//! itself.

use std::sync::Arc;

use countersign_catalogue as catalogue;
use countersign_catalogue::{Application, CertificateKeyPair, application};
use countersign_model::{Fields as _, KindMeta, Ref, Snapshot, Target};

use crate::client::Client;
use crate::issue::Keys;
use crate::jose::{EncryptionError, EncryptionKey, KeyError, SigningKey};
use crate::kinds::{IssuerMode, OAuth2Provider};

/// A provider of another kind whose application is reached by OAuth 2.0 underneath. To the protocol
/// it is an OAuth2 provider with some settings given: all rules are those of one.
pub trait AsClient: Send + Sync {
    /// What it is to the protocol.
    fn as_client(&self, snapshot: &Snapshot) -> OAuth2Provider;
}

/// A provider with what belongs to it, at one revision of the configuration.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) reference: Ref<dyn catalogue::Provider>,
    pub(crate) meta: &'static KindMeta,
    pub(crate) settings: Arc<OAuth2Provider>,
    pub(crate) client: Client,
    pub(crate) application: Option<(Ref<Application>, Arc<Application>)>,
}

impl Provider {
    pub(crate) fn by_client_id<'a>(
        snapshot: &Arc<Snapshot>,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Option<Provider> {
        let space = <dyn catalogue::Provider>::SPACE;
        let entry = ids
            .into_iter()
            .filter(|id| !id.is_empty())
            .find_map(|id| snapshot.lookup(space, "client_id", id))?;
        Provider::by_reference(snapshot, Ref::new(entry.id.key))
    }

    pub(crate) fn by_application(snapshot: &Arc<Snapshot>, slug: &str) -> Option<Provider> {
        let (_, application) = snapshot.find::<Application>("slug", slug)?;
        Provider::by_reference(snapshot, application.provider?)
    }

    pub(crate) fn by_reference(
        snapshot: &Arc<Snapshot>,
        reference: Ref<dyn catalogue::Provider>,
    ) -> Option<Provider> {
        let entry = snapshot.member(reference)?;
        let settings = entry.share::<OAuth2Provider>().or_else(|| {
            entry.facet::<dyn AsClient>().map(|other| Arc::new(other.as_client(snapshot)))
        })?;
        Some(Provider {
            client: settings.client(reference, snapshot),
            meta: entry.meta(),
            application: application::of_provider(
                snapshot,
                reference.key().int().unwrap_or_default(),
            )
            .and_then(|(r, _)| Some((r, snapshot.entry(r.id())?.share()?))),
            snapshot: snapshot.clone(),
            reference,
            settings,
        })
    }

    pub(crate) fn id(&self) -> i64 {
        self.client.provider
    }

    pub(crate) fn slug(&self) -> Option<&str> {
        self.application.as_ref().map(|(_, a)| &*a.slug)
    }

    /// Who the tokens say they come from; `None` when that would be the application and there is
    /// none.
    pub(crate) fn issuer(&self, origin: &str) -> Option<String> {
        match self.settings.issuer_mode {
            IssuerMode::Global => Some(format!("{origin}/")),
            IssuerMode::PerProvider => {
                self.slug().map(|slug| format!("{origin}/application/o/{slug}/"))
            }
        }
    }

    /// Its keys, parsed anew.
    ///
    /// # Errors
    /// The provider has no key that works.
    pub(crate) fn read_keys(&self) -> Result<Keys, KeysError> {
        Ok(Keys {
            signing: match self.pair(self.settings.signing_key) {
                Some(pair) => SigningKey::from_pem(pair.key_data.expose())?,
                None => SigningKey::from_secret(self.client.secret.expose())?,
            },
            encryption: match self.pair(self.settings.encryption_key) {
                Some(pair) => {
                    Some(EncryptionKey::from_pem(&pair.certificate_data, pair.key_data.expose())?)
                }
                None => None,
            },
        })
    }

    /// Model reference of the provider, as events carry it.
    pub(crate) fn reference_json(&self) -> serde_json::Value {
        model_reference(self.meta, self.reference, &self.settings.name)
    }

    /// Model reference of its application, as events carry it.
    pub(crate) fn application_json(&self) -> Option<serde_json::Value> {
        let (reference, application) = self.application.as_ref()?;
        Some(model_reference(Application::META, *reference, &application.name))
    }

    pub(crate) fn pair(
        &self,
        reference: Option<Ref<CertificateKeyPair>>,
    ) -> Option<&CertificateKeyPair> {
        self.snapshot.get(reference?)
    }
}

/// The provider of a number, as grants name it.
pub(crate) fn numbered(provider: i64) -> Ref<dyn catalogue::Provider> {
    Ref::new(countersign_model::Key::Int(provider))
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("the signing key of the provider cannot be used: {0}")]
    Signing(#[from] KeyError),
    #[error("the encryption key of the provider cannot be used: {0}")]
    Encryption(#[from] EncryptionError),
}

/// Model reference of an object, as events carry it.
pub(crate) fn model_reference<T: Target + ?Sized>(
    meta: &KindMeta,
    reference: Ref<T>,
    name: &str,
) -> serde_json::Value {
    let pk = match reference.key() {
        countersign_model::Key::Int(n) => serde_json::Value::from(n),
        countersign_model::Key::Uuid(u) => serde_json::Value::from(u.simple().to_string()),
    };
    serde_json::json!({"app": meta.app(), "model_name": meta.model_name(), "pk": pk, "name": name})
}
