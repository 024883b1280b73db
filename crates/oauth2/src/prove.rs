//! Who a client is: by its secret, or by what it signed; and what it signed besides.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_catalogue::client_certificate;
use countersign_core::RequestInfo;
use countersign_model::{ChoiceValue as _, Secret};
use countersign_store::{Owner, StoreError, sha256};
use serde_json::{Map, Value};

use crate::client::{AuthMethod, SecurityProfile};
use crate::exchange::Failed;
use crate::former_secrets;
use crate::jose::{self, ClientAlgorithm, PublicKeys, Signed, SigningKey};
use crate::provider::Provider;
use crate::service::{Internal, Service};
use crate::wire::assertion::{AssertionFault, Reader};
use crate::wire::client_auth::Credentials;
use crate::wire::{Params, TokenError, dpop};

/// What may be used once, by its name.
const ONCE: &str = "oauth2.once";

impl Service {
    /// Whether the client has proved itself, in the way that its settings ask for. A public client
    /// never has to.
    ///
    /// # Errors
    /// It tried by an assertion that is not good.
    pub(crate) async fn prove(
        &self,
        provider: &Provider,
        credentials: &Credentials,
        request: &RequestInfo,
    ) -> Result<bool, Failed> {
        let method = match provider.client.auth_method {
            None => return self.by_secret(provider, credentials).await,
            Some(AuthMethod::ClientSecretBasic) if !credentials.basic => return Ok(false),
            Some(AuthMethod::ClientSecretPost) if credentials.basic => return Ok(false),
            Some(AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost) => {
                return self.by_secret(provider, credentials).await;
            }
            Some(AuthMethod::TlsClientAuth) => return Ok(self.is_vouched_for(provider, request)),
            Some(AuthMethod::SelfSignedTlsClientAuth) => {
                return Ok(self.has_own_certificate(provider, request).await);
            }
            Some(method @ (AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt)) => method,
        };
        let Some(assertion) = &credentials.assertion else { return Ok(false) };
        let refused = |fault| Failed::from(TokenError::ClientAssertion(fault));
        let claims = if method == AuthMethod::ClientSecretJwt {
            let signed_by = |secret: &Secret| {
                let key = SigningKey::from_secret(secret.expose()).ok()?;
                jose::verify(assertion, &key).ok()
            };
            let claims = match signed_by(&provider.client.secret) {
                Some(claims) => Some(claims),
                None => self.former_secrets(provider).await?.iter().find_map(signed_by),
            };
            claims.ok_or_else(|| refused(AssertionFault::Signature))?
        } else {
            let allowed = provider.client.profile.algorithms();
            self.signed_by(provider, assertion, allowed).await.map_err(refused)?
        };
        let origin = self.origin(request);
        let issuer = provider.issuer(&origin).ok_or(TokenError::ApplicationMissing)?;
        let (token, here) =
            (format!("{origin}/application/o/token/"), format!("{origin}{}", request.path));
        let strict = provider.client.profile.is_strict();
        let all = [issuer.as_str(), token.as_str(), here.as_str()];
        let reader = Reader {
            client: &provider.client.id,
            // A name that other servers could be made to take for theirs is none (RFC 9700, FAPI).
            audiences: if strict { &[issuer.as_str()] } else { &all },
            alone: strict,
            now: self.now(),
        };
        let (id, seconds) = reader.authentication(&claims).map_err(refused)?;
        let name = format!("assertion\n{}\n{id}", provider.id());
        if self.spend(&name, seconds).await? {
            Ok(true)
        } else {
            Err(refused(AssertionFault::Repeated))
        }
    }

    /// Whether it sent its secret, or one of before that is still good.
    async fn by_secret(
        &self,
        provider: &Provider,
        credentials: &Credentials,
    ) -> Result<bool, Failed> {
        Ok(provider.client.secret_matches(credentials.secrets())
            || former_secrets::matches(
                &self.former_secrets(provider).await?,
                credentials.secrets(),
            ))
    }

    /// Whether the certificate is of the client's subject, by an authority of its settings
    /// (RFC 8705 2.1).
    fn is_vouched_for(&self, provider: &Provider, request: &RequestInfo) -> bool {
        let settings = &provider.settings;
        let Some(certificate) = &request.client_certificate else { return false };
        let Some(wanted) = client_certificate::parse_name(&settings.tls_client_auth_subject_dn)
        else {
            return false;
        };
        let authorities = &settings.tls_client_auth_authorities;
        let authorities = authorities.iter().filter_map(|pair| provider.snapshot.get(*pair));
        client_certificate::subject(certificate) == Some(wanted)
            && client_certificate::is_vouched_for(
                certificate,
                authorities,
                &client_certificate::RevocationLists::default(),
                self.now(),
            )
    }

    /// Whether the certificate is among the client's keys (RFC 8705 2.2).
    async fn has_own_certificate(&self, provider: &Provider, request: &RequestInfo) -> bool {
        let settings = &provider.settings;
        let Some(certificate) = &request.client_certificate else { return false };
        let has = |keys: &PublicKeys| keys.has_certificate(certificate.der());
        if !settings.jwks.0.is_empty() {
            return PublicKeys::parse(&settings.jwks.0).is_ok_and(|keys| has(&keys));
        }
        if settings.jwks_uri.is_empty() {
            return false;
        }
        let (outbound, now) = (self.cx.outbound(), self.now());
        let keys = self.client_keys.at(outbound, &settings.jwks_uri, has, now).await;
        keys.is_some_and(|keys| has(&keys))
    }

    /// Uses up a name; `false` where it was used before.
    pub(crate) async fn spend(&self, name: &str, seconds: i64) -> Result<bool, StoreError> {
        let key = hex::encode(sha256(name));
        let ephemeral = self.cx.store.ephemeral();
        ephemeral.compare_and_swap(ONCE, &key, None, Vec::new(), seconds, Owner::Limit).await
    }

    /// The claims of what the client signed with its private key.
    async fn signed_by(
        &self,
        provider: &Provider,
        token: &str,
        allowed: &[ClientAlgorithm],
    ) -> Result<Map<String, Value>, AssertionFault> {
        let signed = Signed::parse(token).map_err(|_| AssertionFault::Malformed)?;
        let settings = &provider.settings;
        let verified = if !settings.jwks.0.is_empty() {
            let keys = PublicKeys::parse(&settings.jwks.0);
            keys.map_err(|_| AssertionFault::KeysMissing)?.verify(&signed, allowed)
        } else if settings.jwks_uri.is_empty() {
            return Err(AssertionFault::KeysMissing);
        } else {
            let (outbound, now) = (self.cx.outbound(), self.now());
            let knows = |keys: &PublicKeys| keys.may_know(&signed);
            let keys = self.client_keys.at(outbound, &settings.jwks_uri, knows, now).await;
            keys.ok_or(AssertionFault::KeysMissing)?.verify(&signed, allowed)
        };
        verified.map_err(|_| AssertionFault::Signature)
    }

    /// The parameters of a request: those in its signed object, where the client sends one, and
    /// what is wrong with the object. Where the client does not, they are what they were.
    pub(crate) async fn request_object(
        &self,
        provider: &Provider,
        params: Params,
        request: &RequestInfo,
    ) -> (Params, Option<AssertionFault>) {
        let Some(algorithm) = provider.client.request_objects else { return (params, None) };
        let object = match params.some("request") {
            Ok(Some(object)) => object.to_owned(),
            Ok(None) | Err(_) => return (params, None),
        };
        let read = async {
            let claims = self.signed_by(provider, &object, &[algorithm]).await?;
            let issuer = provider.issuer(&self.origin(request));
            let issuer = issuer.ok_or(AssertionFault::OtherAudience)?;
            let reader = Reader {
                client: &provider.client.id,
                audiences: &[issuer.as_str()],
                alone: false,
                now: self.now(),
            };
            reader.request(&claims, provider.client.profile.is_fapi2())
        };
        match read.await {
            Ok(inside) => (inside, None),
            Err(fault) => {
                let (client, code) = (&provider.client.id, fault.code());
                let algorithm = algorithm.value();
                tracing::info!(code, client, algorithm, "a request object was refused");
                (params, Some(fault))
            }
        }
    }

    /// The proof in a request that its tokens are to be bound to the key of; the name is still to
    /// be spent.
    ///
    /// # Errors
    /// The proof is not good.
    pub(crate) fn dpop(
        &self,
        proofs: &[&str],
        method: &str,
        request: &RequestInfo,
        profile: SecurityProfile,
    ) -> Result<Option<dpop::Proof>, dpop::DpopFault> {
        let proof = match proofs {
            [] => return Ok(None),
            [one] => one,
            [_, _, ..] => return Err(dpop::DpopFault::Several),
        };
        let url = format!("{}{}", self.origin(request), request.path);
        let nonces = self.nonces(profile);
        let expected = dpop::Expected {
            method,
            url: &url,
            now: self.now(),
            algorithms: profile.algorithms(),
            nonces: &nonces,
        };
        dpop::verify(proof, expected).map(Some)
    }

    /// What a proof has to hold one of, the newest first; nothing where the profile asks for none.
    /// Nothing is kept: a nonce is a stretch of time, sealed (RFC 9449 8).
    pub(crate) fn nonces(&self, profile: SecurityProfile) -> Vec<String> {
        if !profile.is_strict() {
            return Vec::new();
        }
        let stretch = self.now().seconds().div_euclid(dpop::NONCE_SECONDS);
        let sealer = self.cx.store.sealer();
        let nonce = |of: i64| {
            let sealed = sealer.mac("oauth2.dpop.nonce", &of.to_be_bytes());
            URL_SAFE_NO_PAD.encode(sealed)
        };
        vec![nonce(stretch), nonce(stretch - 1)]
    }

    /// # Errors
    /// The proof was used before, or nobody can say.
    pub(crate) async fn spend_proof(
        &self,
        proof: &dpop::Proof,
    ) -> Result<Result<(), dpop::DpopFault>, Internal> {
        let name = format!("dpop\n{}\n{}", proof.thumbprint, proof.id);
        let fresh = self.spend(&name, dpop::REMEMBERED_SECONDS).await?;
        Ok(if fresh { Ok(()) } else { Err(dpop::DpopFault::Repeated) })
    }
}
