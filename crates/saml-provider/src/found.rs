//! A provider at work: found by its application, with its addresses.

use std::sync::Arc;

use countersign_catalogue::{Application, CertificateKeyPair, Provider as _, application};
use countersign_model::{Ref, Snapshot};
use countersign_saml::names::{BINDING_POST, BINDING_REDIRECT, BINDING_SOAP};
use serde_json::{Value, json};

use crate::provider::SAMLProvider;

/// A provider with its application, at one revision of the configuration.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) reference: Ref<SAMLProvider>,
    pub(crate) settings: Arc<SAMLProvider>,
    pub(crate) application: Option<(Ref<Application>, Arc<Application>)>,
}

impl Found {
    pub(crate) fn by_application(snapshot: &Arc<Snapshot>, slug: &str) -> Option<Found> {
        let (_, application) = snapshot.find::<Application>("slug", slug)?;
        Found::by_reference(snapshot, application.provider?.cast())
    }

    pub(crate) fn by_reference(
        snapshot: &Arc<Snapshot>,
        reference: Ref<SAMLProvider>,
    ) -> Option<Found> {
        let entry = snapshot.entry(reference.id())?;
        let number = reference.key().int().unwrap_or_default();
        let application = application::of_provider(snapshot, number)
            .and_then(|(found, _)| Some((found, snapshot.entry(found.id())?.share()?)));
        Some(Found {
            settings: entry.share::<SAMLProvider>()?,
            snapshot: snapshot.clone(),
            reference,
            application,
        })
    }

    pub(crate) fn id(&self) -> i64 {
        self.reference.key().int().unwrap_or_default()
    }

    pub(crate) fn slug(&self) -> Option<&str> {
        self.application.as_ref().map(|(_, application)| &*application.slug)
    }

    /// What people call it: the name of its application.
    pub(crate) fn name(&self) -> &str {
        let application = self.application.as_ref();
        application.map_or(&self.settings.name, |(_, application)| &application.name)
    }

    /// How many other providers answer its application in its place. Not which: whoever views this
    /// one may not view those.
    pub(crate) fn beside(&self) -> usize {
        let own = self.snapshot.entry(self.reference.id());
        let others = self.snapshot.list::<SAMLProvider>().filter(|(id, _)| *id != self.reference);
        let takes = |other: &SAMLProvider| own.is_some_and(|own| !other.displaces(own).is_empty());
        others.filter(|(_, other)| takes(other)).count()
    }

    pub(crate) fn addresses(&self, origin: &str) -> Option<Addresses> {
        self.slug().map(|slug| Addresses::of(origin, slug))
    }

    pub(crate) fn pair(&self, pair: Ref<CertificateKeyPair>) -> Option<&CertificateKeyPair> {
        self.snapshot.get(pair)
    }

    /// As events carry it.
    pub(crate) fn reference_json(&self) -> Value {
        let pk = self.id();
        let (app, model_name) = ("authentik_providers_saml", "samlprovider");
        json!({"app": app, "model_name": model_name, "pk": pk, "name": self.settings.name})
    }

    pub(crate) fn application_json(&self) -> Value {
        let described = self.application.as_ref().map(|(reference, application)| {
            let pk = reference.key().uuid().map(|uuid| uuid.simple().to_string());
            let (app, model_name) = ("authentik_core", "application");
            json!({"app": app, "model_name": model_name, "pk": pk, "name": application.name})
        });
        described.unwrap_or_default()
    }
}

/// Where the protocol's parts are for one application.
pub(crate) struct Addresses {
    below: String,
}

impl Addresses {
    pub(crate) fn of(origin: &str, slug: &str) -> Addresses {
        Addresses { below: format!("{origin}/application/saml/{slug}") }
    }

    fn at(&self, what: &str, binding: &str) -> String {
        format!("{}/{what}/binding/{binding}/", self.below)
    }

    pub(crate) fn sso_redirect(&self) -> String {
        self.at("sso", "redirect")
    }

    pub(crate) fn sso_post(&self) -> String {
        self.at("sso", "post")
    }

    pub(crate) fn sso_init(&self) -> String {
        self.at("sso", "init")
    }

    pub(crate) fn slo_redirect(&self) -> String {
        self.at("slo", "redirect")
    }

    pub(crate) fn slo_post(&self) -> String {
        self.at("slo", "post")
    }

    pub(crate) fn slo_soap(&self) -> String {
        self.at("slo", "soap")
    }

    pub(crate) fn metadata(&self) -> String {
        format!("{}/metadata/", self.below)
    }

    /// Those that a request for a sign-in may name.
    pub(crate) fn of_sso(&self) -> [String; 2] {
        [self.sso_redirect(), self.sso_post()]
    }

    /// Those that a message about a sign-out may name.
    pub(crate) fn of_slo(&self) -> [String; 3] {
        [self.slo_redirect(), self.slo_post(), self.slo_soap()]
    }

    pub(crate) fn single_sign_on(&self) -> Vec<(&'static str, String)> {
        vec![(BINDING_REDIRECT, self.sso_redirect()), (BINDING_POST, self.sso_post())]
    }

    /// As the original lists them. That there is a third is for who can sign messages.
    pub(crate) fn single_logout(&self, soap: bool) -> Vec<(&'static str, String)> {
        let mut all =
            vec![(BINDING_REDIRECT, self.slo_redirect()), (BINDING_POST, self.slo_post())];
        if soap {
            all.push((BINDING_SOAP, self.slo_soap()));
        }
        all
    }
}
