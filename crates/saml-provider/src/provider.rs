//! What an application that speaks SAML is set up with.

use std::sync::Arc;

use countersign_catalogue::sign_out::SignOut;
use countersign_catalogue::{CertificateKeyPair, Provider, Sheet};
use countersign_flow::Flow;
use countersign_model::{
    Choice, Draft, Duration, Entry, FieldErrors, Kind, Needed, ObjectId, Problem, Ref, Snapshot,
    Vanished, WebUrl,
};
use countersign_policy::Mapping;
use countersign_saml::Fault;
use countersign_saml::key::{
    Certificate, DigestAlgorithm, Recipient, SignatureAlgorithm, Signer, Trust,
};
use http::Uri;

use crate::mapping::SAMLPropertyMapping;
use crate::notify::LogoutMethod;

/// How messages go to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SpBinding {
    #[choice(value = "redirect", label = "Redirect")]
    Redirect,
    #[choice(value = "post", label = "Post")]
    Post,
}

/// Signs people in to an application that speaks SAML 2.0.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Provider,
    path = "providers/saml",
    model = "authentik_providers_saml.samlprovider",
    title = "SAML Provider",
    component = "ak-provider-saml-form",
    form = "name authorization_flow acs_url issuer sp_binding audience sls_url sls_binding sls_soap_url logout_method sign_logout_request signing_kp sign_assertion sign_response verification_kp encryption_kp property_mappings name_id_mapping authn_context_class_ref_mapping assertion_valid_not_before assertion_valid_not_on_or_after session_valid_not_on_or_after default_relay_state digest_algorithm signature_algorithm",
    fold("Protocol settings", "What the application’s metadata says"),
    fold("Advanced flow settings", "As the brand has it"),
    fold("Advanced protocol settings", "Certificates, attributes, validity, algorithms"),
    aside(
        "What happens next",
        "You make an application that uses the provider, and give its owner the metadata or the addresses that the provider’s page lists."
    ),
    check = SAMLProvider::check
)]
pub struct SAMLProvider {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Authentication flow",
        help = "Runs when somebody who is not signed in opens the application. The brand's own when empty.",
        choose(query = "designation=authentication"),
        group = "Advanced flow settings",
        filter
    )]
    pub authentication_flow: Option<Ref<Flow>>,
    #[field(
        label = "Authorization flow",
        help = "With explicit consent people confirm once what the application learns about them.",
        choose(
            query = "designation=authorization",
            prefer("slug", "default-provider-authorization-implicit-consent")
        ),
        on_delete = Cascade,
        filter
    )]
    pub authorization_flow: Ref<Flow>,
    #[field(
        label = "Invalidation flow",
        help = "Runs when somebody signs out of the application.",
        choose(
            query = "designation=invalidation",
            prefer("slug", "default-provider-invalidation-flow")
        ),
        group = "Advanced flow settings",
        filter
    )]
    pub invalidation_flow: Needed<Ref<Flow>>,
    #[field(
        label = "Property mappings",
        help = "What the application learns about people: the attributes of an assertion.",
        choose(
            path = "propertymappings/provider/saml",
            prefer(
                "managed",
                "goauthentik.io/providers/saml/upn",
                "goauthentik.io/providers/saml/name",
                "goauthentik.io/providers/saml/email",
                "goauthentik.io/providers/saml/username",
                "goauthentik.io/providers/saml/uid",
                "goauthentik.io/providers/saml/groups",
                "goauthentik.io/providers/saml/ms-windowsaccountname"
            )
        ),
        group = "Advanced protocol settings",
        default,
        filter
    )]
    pub property_mappings: Vec<Ref<dyn Mapping>>,

    #[field(
        label = "ACS URL",
        help = "Where the application takes responses: AssertionConsumerService in its metadata.",
        placeholder = "https://app.company/saml/acs",
        filter
    )]
    pub acs_url: WebUrl,
    #[field(
        label = "Audience",
        help = "The entity ID of the application. Empty: the assertion is good for anybody who gets it, which most applications refuse.",
        group = "Protocol settings",
        default,
        filter
    )]
    pub audience: String,
    #[field(
        label = "Issuer",
        help = "Also known as EntityID: what this server calls itself to the application.",
        default = "authentik",
        filter
    )]
    pub issuer: String,
    #[field(
        label = "Service Provider Binding",
        help = "How responses go to the application. Post is what nearly all ask for.",
        widget = Radio,
        start = "post",
        default = SpBinding::Redirect,
        filter
    )]
    pub sp_binding: SpBinding,
    #[field(
        label = "SLS URL",
        help = "Where the application takes messages about signing out: SingleLogoutService in its metadata.",
        group = "Protocol settings",
        default
    )]
    pub sls_url: WebUrl,
    #[field(
        label = "SLS Binding",
        help = "How messages about signing out go there.",
        widget = Radio,
        group = "Protocol settings",
        default = SpBinding::Redirect
    )]
    pub sls_binding: SpBinding,
    #[field(
        label = "SLS URL (SOAP)",
        help = "Where this server tells the application that a session has ended, whichever way: SingleLogoutService with the binding SOAP in its metadata.",
        group = "Protocol settings",
        default
    )]
    pub sls_soap_url: WebUrl,
    #[field(
        label = "Logout method",
        help = "How the application learns that somebody has signed out. Empty: by SOAP where it has an address for that, otherwise by the browser, unseen.",
        group = "Protocol settings"
    )]
    pub logout_method: Option<LogoutMethod>,
    #[field(
        label = "Sign logout requests",
        help = "What the application gets about sessions that have ended is signed, where there is a signing certificate.",
        group = "Protocol settings",
        default = true
    )]
    pub sign_logout_request: bool,

    #[field(
        label = "NameID Property Mapping",
        help = "What the application knows a person by. Empty: as the application asks for it.",
        choose(path = "propertymappings/provider/saml"),
        group = "Advanced protocol settings",
        filter
    )]
    pub name_id_mapping: Option<Ref<SAMLPropertyMapping>>,
    #[field(
        label = "AuthnContextClassRef Property Mapping",
        help = "What the application is told of how somebody has signed in. Empty: as it was.",
        choose(path = "propertymappings/provider/saml"),
        group = "Advanced protocol settings",
        filter
    )]
    pub authn_context_class_ref_mapping: Option<Ref<SAMLPropertyMapping>>,
    #[field(
        label = "Assertion valid not before",
        help = "Assertions count from then on, relative to now: what clocks may be apart.",
        group = "Advanced protocol settings",
        default = "minutes=-5",
        filter
    )]
    pub assertion_valid_not_before: Duration,
    #[field(
        label = "Assertion valid not on or after",
        help = "How long the application may take an assertion in.",
        group = "Advanced protocol settings",
        default = "minutes=5",
        filter
    )]
    pub assertion_valid_not_on_or_after: Duration,
    #[field(
        label = "Session valid not on or after",
        help = "How long the application may leave somebody signed in.",
        group = "Advanced protocol settings",
        default = "minutes=86400",
        filter
    )]
    pub session_valid_not_on_or_after: Duration,
    #[field(
        label = "Digest algorithm",
        group = "Advanced protocol settings",
        default = DigestAlgorithm::Sha256,
        filter
    )]
    pub digest_algorithm: DigestAlgorithm,
    #[field(
        label = "Signature algorithm",
        help = "Of the kind of the signing key. This server does not sign with SHA-1 or DSA.",
        group = "Advanced protocol settings",
        default = SignatureAlgorithm::RsaSha256,
        filter
    )]
    pub signature_algorithm: SignatureAlgorithm,
    #[field(
        label = "Signing Certificate",
        help = "Signs what the application gets. Nearly all applications ask for it.",
        choose(query = "has_key=true", prefer("name", "authentik Self-signed Certificate")),
        needs = "key_data",
        group = "Advanced protocol settings",
        filter
    )]
    pub signing_kp: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Verification Certificate",
        help = "Requests have to be signed with it. Empty: whoever asks, the answer goes to the ACS URL.",
        guard,
        group = "Advanced protocol settings",
        filter
    )]
    pub verification_kp: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Encryption Certificate",
        help = "Assertions are encrypted to it; it is the application’s. RSA only.",
        guard,
        group = "Advanced protocol settings",
        filter
    )]
    pub encryption_kp: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Sign assertions",
        help = "The assertion is signed.",
        group = "Advanced protocol settings",
        default = true,
        filter
    )]
    pub sign_assertion: bool,
    #[field(
        label = "Sign responses",
        help = "The whole response is signed.",
        group = "Advanced protocol settings",
        default = false,
        filter
    )]
    pub sign_response: bool,
    #[field(
        label = "Default relay state",
        help = "Goes with sign-ins that begin here: some applications open this address.",
        group = "Advanced protocol settings",
        default,
        filter
    )]
    pub default_relay_state: String,
    /// Names the certificates that were deleted. Until they are set anew nobody signs in: without
    /// them requests would not be verified, or assertions not be encrypted.
    #[field(label = "Vanished", read_only, default)]
    pub vanished: Vanished,
}

/// The keys of a provider.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    pub(crate) signer: Option<Signer>,
    pub(crate) trust: Option<Trust>,
    pub(crate) recipient: Option<Recipient>,
}

impl SAMLProvider {
    /// # Errors
    /// The field, and what is wrong with it.
    pub(crate) fn keys<'c>(
        &self,
        pair: impl Fn(Ref<CertificateKeyPair>) -> Option<&'c CertificateKeyPair>,
    ) -> Result<Keys, (&'static str, Fault)> {
        let found = |reference: Option<Ref<CertificateKeyPair>>| reference.and_then(&pair);
        let signer = found(self.signing_kp).map(|pair| {
            let (certificate, key) = (&pair.certificate_data, pair.key_data.expose());
            Signer::new(certificate, key, self.signature_algorithm, self.digest_algorithm)
        });
        let trust = found(self.verification_kp)
            .map(|pair| Certificate::from_pem(&pair.certificate_data).map(Trust::new));
        let recipient =
            found(self.encryption_kp).map(|pair| Recipient::from_pem(&pair.certificate_data));
        let of_signer = |fault| match fault {
            Fault::Algorithm { .. } => ("signature_algorithm", fault),
            fault => ("signing_kp", fault),
        };
        Ok(Keys {
            signer: signer.transpose().map_err(of_signer)?,
            trust: trust.transpose().map_err(|fault| ("verification_kp", fault))?,
            recipient: recipient.transpose().map_err(|fault| ("encryption_kp", fault))?,
        })
    }

    /// Where messages to the application go, as they are compared: queries and final slashes lead
    /// to the same place at most applications.
    fn places(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.delivers_to().into_iter().map(|(field, address)| (field, place(address)))
    }

    pub(crate) fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.signing_kp.is_some() && !self.sign_assertion && !self.sign_response {
            errors.add(
                "non_field_errors",
                Problem::new(
                    "invalid",
                    "With a signing keypair selected, at least one of 'Sign assertion' and 'Sign Response' must be selected.",
                ),
            );
        }
        if let Err((field, fault)) = self.keys(|reference| draft.get(reference)) {
            errors.add(field, Problem::new("invalid", format!("This cannot be used: {fault}.")));
        }
    }
}

/// An address by its host and path, letters' case and default ports aside.
fn place(address: &str) -> String {
    let Ok(uri) = address.trim().parse::<Uri>() else { return address.to_ascii_lowercase() };
    let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 });
    format!("{scheme}://{host}:{port}{}", uri.path().trim_end_matches('/'))
}

/// Where the application of this slug is signed in to from here.
pub(crate) fn init_path(slug: &str) -> String {
    format!("/application/saml/{slug}/sso/binding/init/")
}

impl Provider for SAMLProvider {
    fn launch_url(&self) -> Option<String> {
        None
    }

    fn launch_path(&self, slug: &str) -> Option<String> {
        Some(init_path(slug))
    }

    fn addresses(&self) -> Vec<String> {
        self.delivers_to().into_iter().map(|(_, address)| address.to_owned()).collect()
    }

    fn delivers_to(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("acs_url", &*self.acs_url),
            ("sls_url", &*self.sls_url),
            ("sls_soap_url", &*self.sls_soap_url),
        ];
        all.into_iter().filter(|(_, address)| !address.is_empty()).collect()
    }

    /// Applications tell whom a response is for by the address it is sent to, and by issuer and
    /// audience (SAML profiles 4.1.4.3). Without an audience it is for all who know the issuer; and
    /// where another has none, nobody knows which audience its application takes for its own, so
    /// that its issuer is its alone.
    fn displaces(&self, other: &Entry) -> Vec<&'static str> {
        let Some(other) = other.cast::<SAMLProvider>() else { return Vec::new() };
        let taken: Vec<String> = other.places().map(|(_, place)| place).collect();
        let own = self.places().filter(|(_, address)| taken.contains(address));
        let is_for_other = self.audience.is_empty() || self.audience == other.audience;
        let as_other = match self.issuer == other.issuer {
            true if is_for_other => Some("audience"),
            true if other.audience.is_empty() => Some("issuer"),
            _ => None,
        };
        own.map(|(field, _)| field).chain(as_other).collect()
    }

    fn sign_out(&self) -> SignOut<'_> {
        self.ends_sessions()
    }

    fn sheet(&self, id: Ref<dyn Provider>, snapshot: &Arc<Snapshot>, origin: &str) -> Sheet {
        crate::sheet::sheet(self, id.cast(), snapshot, origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_to_the_same_place_are_one() {
        for (one, two, same) in [
            ("https://app.test/acs", "https://APP.test:443/acs/", true),
            ("https://app.test/acs", "HTTPS://app.test./acs?x=1", true),
            ("https://app.test/acs", "https://app.test/ACS", false),
            ("https://app.test/acs", "https://app.test/acs2", false),
            ("https://app.test/acs", "https://app.test:8443/acs", false),
            ("https://app.test/acs", "http://app.test/acs", false),
        ] {
            assert_eq!(place(one) == place(two), same, "{one} {two}");
        }
    }
}
