//! What a provider's settings of standards beyond the original need of each other.

use countersign_catalogue::client_certificate;
use countersign_model::{Draft, FieldErrors, Problem};
use url::{Host, Url};

use super::OAuth2Provider;
use crate::client::{AuthMethod, ClientType};
use crate::former_secrets::MOST_OVERLAP;
use crate::jose::{ClientAlgorithm, PublicKeys, SigningKey};
use crate::wire::GrantType;
use crate::wire::redirect::{self, MatchingMode};

/// Nothing that is sent there leaves the machine.
fn is_own_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl OAuth2Provider {
    /// What the fields of "Security and standards" need of each other.
    pub(super) fn check_standards(&self, draft: &Draft, errors: &mut FieldErrors) {
        let mut wrong = |field: &'static str, text: String| {
            errors.add(field, Problem::new("invalid", text));
        };
        let keys = (!self.jwks.0.is_empty()).then(|| PublicKeys::parse(&self.jwks.0));
        if let Some(Err(error)) = &keys {
            wrong("jwks", format!("Tokens cannot be checked with these keys: {error}."));
        }
        if keys.is_some() && !self.jwks_uri.is_empty() {
            wrong("jwks", "Give the keys or their address, not both (RFC 7591 2).".to_owned());
        }
        let has_keys = keys.is_some() || !self.jwks_uri.is_empty();
        let public = self.client_type == ClientType::Public;
        match self.token_endpoint_auth_method {
            Some(_) if public => wrong(
                "token_endpoint_auth_method",
                "A public client cannot prove itself. Leave this empty, or make it confidential."
                    .to_owned(),
            ),
            Some(AuthMethod::PrivateKeyJwt) if !has_keys => wrong(
                "token_endpoint_auth_method",
                "The signature of the application is checked with its public keys: give them, or their address."
                    .to_owned(),
            ),
            Some(AuthMethod::SelfSignedTlsClientAuth) if !has_keys => wrong(
                "token_endpoint_auth_method",
                "The certificate of the application is one of its keys (x5c): give them, or their address."
                    .to_owned(),
            ),
            Some(AuthMethod::TlsClientAuth) => {
                if client_certificate::parse_name(&self.tls_client_auth_subject_dn).is_none() {
                    wrong(
                        "tls_client_auth_subject_dn",
                        "The subject of the application's certificate, as CN=app,O=Company (RFC 4514)."
                            .to_owned(),
                    );
                }
                if self.tls_client_auth_authorities.is_empty() {
                    wrong(
                        "tls_client_auth_authorities",
                        "Anybody makes a certificate with this subject: choose who may vouch for it."
                            .to_owned(),
                    );
                }
            }
            _ => {}
        }
        if self.request_object_signing_alg.is_some() && !has_keys {
            wrong(
                "request_object_signing_alg",
                "Signed requests are checked with the application's public keys: give them, or their address."
                    .to_owned(),
            );
        }
        let notified = &self.backchannel_client_notification_endpoint;
        if public && self.grant_types.contains(&GrantType::Backchannel) {
            wrong(
                "grant_types",
                "Only an application that proves itself may ask to sign people in: make it confidential."
                    .to_owned(),
            );
        }
        if !notified.is_empty()
            && Url::parse(notified)
                .map_or(true, |url| url.scheme() != "https" && !is_own_machine(&url))
        {
            wrong(
                "backchannel_client_notification_endpoint",
                "What travels there lets its holder in: the address has to begin with https."
                    .to_owned(),
            );
        }
        if self.dpop_required && self.tls_client_certificate_bound_access_tokens {
            wrong(
                "tls_client_certificate_bound_access_tokens",
                "A token is bound to a key or to a certificate: choose one of the two.".to_owned(),
            );
        }
        if self.secret_rotation_overlap.seconds() > MOST_OVERLAP {
            wrong(
                "secret_rotation_overlap",
                "A former secret stays good for 30 days at most (days=30).".to_owned(),
            );
        }
        if self.grant_types.is_empty() {
            wrong("grant_types", "Without any grant nobody comes by a token.".to_owned());
        }
        for resource in &self.resources {
            if Url::parse(resource).map_or(true, |url| url.fragment().is_some()) {
                wrong(
                    "resources",
                    format!("Not an absolute address without a fragment (RFC 8707 2): {resource}"),
                );
            }
        }
        if self.security_profile.is_strict() {
            self.check_profile(draft, &mut wrong);
        }
    }

    fn check_profile(&self, draft: &Draft, wrong: &mut dyn FnMut(&'static str, String)) {
        let fapi2 = self.security_profile.is_fapi2();
        for uri in &self.redirect_uris {
            if uri.matching_mode == MatchingMode::Regex {
                wrong(
                    "redirect_uris",
                    format!("This profile compares addresses letter by letter: {}", uri.url),
                );
            } else if fapi2 && redirect::scheme(&uri.url) != "https" {
                wrong("redirect_uris", format!("The FAPI profile allows https only: {}", uri.url));
            }
        }
        if self.pkce_required == Some(false) {
            wrong("pkce_required", "This profile requires PKCE.".to_owned());
        }
        if !fapi2 {
            return;
        }
        if self.client_type == ClientType::Public {
            wrong("client_type", "The FAPI profile is for confidential clients.".to_owned());
        } else if !self.token_endpoint_auth_method.is_some_and(AuthMethod::is_fapi2) {
            wrong(
                "token_endpoint_auth_method",
                "Under the FAPI profile the application proves itself with a private key (private_key_jwt) or a certificate (tls_client_auth, self_signed_tls_client_auth).".to_owned(),
            );
        }
        let signs = self.signing_key.and_then(|key| draft.get(key)).is_some_and(|pair| {
            SigningKey::from_pem(pair.key_data.expose()).is_ok_and(|key| {
                ClientAlgorithm::FAPI2.iter().any(|a| a.as_str() == key.algorithm().as_str())
            })
        });
        if !signs {
            wrong(
                "signing_key",
                "The FAPI profile needs a signing key on an elliptic curve (ES256).".to_owned(),
            );
        }
        if self.request_object_signing_alg.is_some_and(|a| !ClientAlgorithm::FAPI2.contains(&a)) {
            let text = "The FAPI profile does not allow this algorithm.";
            wrong("request_object_signing_alg", text.to_owned());
        }
    }
}
