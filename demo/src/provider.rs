//! The conversation with the identity provider: where it is, the way to its sign-in page, and
//! turning the code it returns into a person.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    IssuerUrl, JsonWebKeySetUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse, TokenUrl,
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::http::Http;
use crate::roles::groups_of;
use crate::sessions::Session;
use crate::settings::{Client, Settings, at};

/// `groups` is asked for as in the guide; a provider that does not know it leaves it out.
const SCOPES: [&str; 3] = ["profile", "email", "groups"];

/// The addresses of the provider for this application.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    /// The issuer that counts, as it is spelled in tokens.
    issuer: String,
    /// The same issuer under the provider's other address: tokens name the host they were asked for
    /// at.
    also: Vec<String>,
    authorize: Url,
    token: Url,
    jwks: Url,
    users_me: Url,
    end_session: Url,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: Url,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    end_session_endpoint: Option<Url>,
}

impl Provider {
    /// The addresses from the discovery document where it can be had, else those the guide writes
    /// out.
    pub(crate) async fn find(settings: &Settings, http: &Http) -> Self {
        let document = at(
            &settings.provider_base,
            &format!("/application/o/{}/.well-known/openid-configuration", settings.slug),
        );
        match http.json::<Metadata>(document, None).await {
            Ok(metadata) => Self::discovered(settings, metadata),
            Err(error) => {
                tracing::info!("No discovery document ({error}); using the addresses of the guide");
                Self::written_out(settings)
            }
        }
    }

    fn discovered(settings: &Settings, found: Metadata) -> Self {
        let (base, public) = (&settings.provider_base, &settings.provider_public);
        let end_session =
            found.end_session_endpoint.unwrap_or_else(|| Self::written_out(settings).end_session);
        Self {
            also: vec![moved(&found.issuer, base).into(), moved(&found.issuer, public).into()],
            issuer: found.issuer.into(),
            authorize: moved(&found.authorization_endpoint, public),
            token: moved(&found.token_endpoint, base),
            jwks: moved(&found.jwks_uri, base),
            users_me: at(base, "/api/v3/core/users/me/"),
            end_session: moved(&end_session, public),
        }
    }

    fn written_out(settings: &Settings) -> Self {
        let (base, public) = (&settings.provider_base, &settings.provider_public);
        let of_application = format!("/application/o/{}/", settings.slug);
        Self {
            issuer: at(public, &of_application).into(),
            also: vec![at(base, &of_application).into()],
            authorize: at(public, "/application/o/authorize/"),
            token: at(base, "/application/o/token/"),
            jwks: at(base, &format!("{of_application}jwks/")),
            users_me: at(base, "/api/v3/core/users/me/"),
            end_session: at(public, &format!("{of_application}end-session/")),
        }
    }

    fn accepts_issuer(&self, issuer: &str) -> bool {
        self.issuer == issuer || self.also.iter().any(|also| also == issuer)
    }

    /// Where to send the browser so that the provider's session ends too.
    pub(crate) fn sign_out(&self, settings: &Settings, id_token: &str) -> Url {
        let mut url = self.end_session.clone();
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("post_logout_redirect_uri", at(&settings.own, "/").as_str());
        url
    }
}

/// The address with its scheme, host and port taken from `origin`.
fn moved(url: &Url, origin: &Url) -> Url {
    let mut moved = origin.clone();
    moved.set_path(url.path());
    moved.set_query(url.query());
    moved.set_fragment(None);
    moved
}

/// A sign-in under way. Its state and its nonce, and the proof that the browser that returns is the
/// one that left.
#[derive(Clone)]
pub(crate) struct SignIn {
    provider: Provider,
    redirect_uri: Url,
    state: String,
    nonce: String,
    verifier: String,
}

/// What the provider sent the browser back with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Returned {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// The browser came back without the sign-in it left with: too late, twice, or from elsewhere.
    #[error("no sign-in is under way in this browser")]
    Expired,
    #[error("the person or the provider said no")]
    Refused,
    #[error("the provider reported {0}")]
    ProviderError(String),
    #[error("the answer names another issuer")]
    WrongIssuer,
    #[error("the answer has no code")]
    NoCode,
    #[error("the code could not be exchanged: {0}")]
    Exchange(String),
    #[error("the provider's keys could not be read: {0}")]
    Keys(String),
    #[error("the ID token is not acceptable: {0}")]
    Token(String),
    #[error("an address of the provider is unusable: {0}")]
    Address(String),
}

impl SignInError {
    /// What the page says. Nothing that came with the request is repeated.
    pub(crate) fn sentence(&self) -> (&'static str, &'static str) {
        match self {
            Self::Expired => (
                "Sign-in expired",
                "This sign-in took too long, was already used, or began under another address of this application. Try again.",
            ),
            Self::Refused => {
                ("Not signed in", "Permission was not given, so nobody was signed in.")
            }
            Self::ProviderError(_) => {
                ("The identity provider reported an error", "Its own event log says more.")
            }
            Self::WrongIssuer => (
                "Unexpected identity provider",
                "The answer came from another issuer than the one this application trusts.",
            ),
            Self::NoCode => ("Incomplete answer", "The identity provider sent no code."),
            Self::Exchange(_) => (
                "The code was not accepted",
                "Check that client ID and client secret are those of the provider page, and that the identity provider can be reached.",
            ),
            Self::Keys(_) => (
                "Keys not available",
                "The identity provider's signing keys could not be read. Check that AUTHENTIK_BASE_URL can be reached from this application, and that the provider has a signing key.",
            ),
            Self::Token(_) => (
                "The ID token was not accepted",
                "Its signature, issuer, audience, times or nonce is not what this application expects.",
            ),
            Self::Address(_) => {
                ("Address not usable", "Check AUTHENTIK_BASE_URL and AUTHENTIK_PUBLIC_URL.")
            }
        }
    }
}

impl SignIn {
    /// Starts a sign-in: what to remember, and where to send the browser.
    pub(crate) fn start(
        settings: &Settings,
        client: &Client,
        provider: Provider,
    ) -> Result<(Self, Url), SignInError> {
        let redirect_uri = settings.redirect_uri();
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let oauth = CoreClient::new(
            ClientId::new(client.id.clone()),
            issuer(&provider)?,
            CoreJsonWebKeySet::default(),
        )
        .set_auth_uri(AuthUrl::from_url(provider.authorize.clone()))
        .set_redirect_uri(RedirectUrl::from_url(redirect_uri.clone()));
        let (url, state, nonce) = oauth
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let sign_in = Self {
            provider,
            redirect_uri,
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
        };
        Ok((sign_in, url))
    }

    /// Whether the answer belongs to this sign-in, and its code if so.
    fn code(&self, returned: Returned) -> Result<String, SignInError> {
        if returned.state.as_deref() != Some(self.state.as_str()) {
            return Err(SignInError::Expired);
        }
        if returned.iss.is_some_and(|issuer| !self.provider.accepts_issuer(&issuer)) {
            return Err(SignInError::WrongIssuer);
        }
        match (returned.error.as_deref(), returned.code) {
            (Some("access_denied"), _) => Err(SignInError::Refused),
            (Some(error), _) => Err(SignInError::ProviderError(printable(error))),
            (None, None) => Err(SignInError::NoCode),
            (None, Some(code)) => Ok(code),
        }
    }

    /// Exchanges the code, checks the ID token and asks who the person is.
    pub(crate) async fn finish(
        self,
        client: &Client,
        returned: Returned,
        http: &Http,
    ) -> Result<(Session, Provider), SignInError> {
        let code = self.code(returned)?;
        let provider = &self.provider;
        let keys = CoreJsonWebKeySet::fetch_async(
            &JsonWebKeySetUrl::from_url(provider.jwks.clone()),
            http,
        )
        .await
        .map_err(|error| SignInError::Keys(reason(&error)))?;
        let oauth = CoreClient::new(ClientId::new(client.id.clone()), issuer(provider)?, keys)
            .set_client_secret(ClientSecret::new(client.secret.clone()))
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_uri))
            .set_token_uri(TokenUrl::from_url(provider.token.clone()));
        let tokens = oauth
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(self.verifier))
            .request_async(http)
            .await
            .map_err(|error| SignInError::Exchange(reason(&error)))?;
        let id_token =
            tokens.id_token().ok_or_else(|| SignInError::Token("there is none".to_owned()))?;
        let verifier =
            oauth.id_token_verifier().require_issuer_match(false).set_allowed_algs(algorithms());
        let claims = verified_claims(
            id_token,
            &verifier,
            provider,
            Nonce::new(self.nonce),
            tokens.access_token(),
        )?;

        let users_me = http
            .json::<Value>(provider.users_me.clone(), Some(tokens.access_token().secret()))
            .await;
        let users_me = users_me
            .inspect_err(|error| {
                tracing::info!("No answer about the person ({error}); using the claims");
            })
            .ok();
        let groups = groups_of(users_me.as_ref(), &claims);
        let session = Session { claims, groups, id_token: id_token.to_string() };
        Ok((session, self.provider))
    }
}

/// All claims of the ID token, once its signature, issuer, audience, times, nonce and token hash
/// are right.
fn verified_claims(
    id_token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    provider: &Provider,
    nonce: Nonce,
    access_token: &AccessToken,
) -> Result<Value, SignInError> {
    let refuse = |error: &dyn std::error::Error| SignInError::Token(reason(error));
    let claims = id_token.claims(verifier, &nonce).map_err(|error| refuse(&error))?;
    // The issuer is compared here and not by the verifier, which knows only one spelling of it.
    if !provider.accepts_issuer(claims.issuer()) {
        return Err(SignInError::Token("it names another issuer".to_owned()));
    }
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().map_err(|error| refuse(&error))?;
        let key = id_token.signing_key(verifier).map_err(|error| refuse(&error))?;
        let actual = AccessTokenHash::from_token(access_token, algorithm, key)
            .map_err(|error| refuse(&error))?;
        if actual != *expected {
            return Err(SignInError::Token("it belongs to another access token".to_owned()));
        }
    }
    let text = id_token.to_string();
    let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| SignInError::Token("its claims are unreadable".to_owned()))
}

/// What a provider signs with: its key, or the client's secret where no key was chosen.
fn algorithms() -> [CoreJwsSigningAlgorithm; 8] {
    use CoreJwsSigningAlgorithm as Alg;
    [
        Alg::EcdsaP256Sha256,
        Alg::EcdsaP384Sha384,
        Alg::HmacSha256,
        Alg::RsaSsaPkcs1V15Sha256,
        Alg::RsaSsaPkcs1V15Sha384,
        Alg::RsaSsaPkcs1V15Sha512,
        Alg::RsaSsaPssSha256,
        Alg::EdDsa,
    ]
}

fn issuer(provider: &Provider) -> Result<IssuerUrl, SignInError> {
    IssuerUrl::new(provider.issuer.clone()).map_err(|error| SignInError::Address(error.to_string()))
}

/// The innermost sentence of an error: the library's own ones carry no codes or tokens.
fn reason(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(inner) => format!("{error}: {}", reason(inner)),
        None => error.to_string(),
    }
}

/// An error name of the provider as it may stand in a log line.
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Settings::read(&|name| {
            pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    fn started() -> (SignIn, Url) {
        let settings = settings(&[]);
        let client = Client { id: "abc".to_owned(), secret: "def".to_owned() };
        SignIn::start(&settings, &client, Provider::written_out(&settings)).unwrap()
    }

    #[test]
    fn without_discovery_the_addresses_are_those_of_the_guide() {
        let provider = Provider::written_out(&settings(&[]));
        assert_eq!(provider.authorize.as_str(), "http://localhost:9000/application/o/authorize/");
        assert_eq!(provider.token.as_str(), "http://server:9000/application/o/token/");
        assert_eq!(provider.jwks.as_str(), "http://server:9000/application/o/flask-app/jwks/");
        assert_eq!(provider.users_me.as_str(), "http://server:9000/api/v3/core/users/me/");
        assert!(provider.accepts_issuer("http://localhost:9000/application/o/flask-app/"));
        assert!(provider.accepts_issuer("http://server:9000/application/o/flask-app/"));
        assert!(!provider.accepts_issuer("http://localhost:9000/application/o/other/"));
    }

    #[test]
    fn discovered_addresses_stay_reachable_from_here_and_from_the_browser() {
        let found = Metadata {
            issuer: "http://server:9000/application/o/flask-app/".parse().unwrap(),
            authorization_endpoint: "http://server:9000/application/o/authorize/".parse().unwrap(),
            token_endpoint: "http://server:9000/application/o/token/".parse().unwrap(),
            jwks_uri: "http://server:9000/application/o/flask-app/jwks/".parse().unwrap(),
            end_session_endpoint: None,
        };
        let settings = settings(&[("AUTHENTIK_PUBLIC_URL", "https://id.test")]);
        let provider = Provider::discovered(&settings, found);
        assert_eq!(provider.authorize.as_str(), "https://id.test/application/o/authorize/");
        assert_eq!(provider.token.as_str(), "http://server:9000/application/o/token/");
        assert!(provider.accepts_issuer("https://id.test/application/o/flask-app/"));
        let url = provider.sign_out(&settings, "hint");
        assert_eq!(
            url.as_str(),
            "https://id.test/application/o/flask-app/end-session/?id_token_hint=hint&post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A5000%2F"
        );
    }

    #[test]
    fn the_way_to_the_provider_carries_state_nonce_and_pkce() {
        let (sign_in, url) = started();
        let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], "abc");
        assert_eq!(query["redirect_uri"], "http://localhost:5000/callback");
        assert_eq!(query["scope"], "openid profile email groups");
        assert_eq!(query["state"], sign_in.state);
        assert_eq!(query["nonce"], sign_in.nonce);
        assert_eq!(query["code_challenge_method"], "S256");
        assert_ne!(query["code_challenge"], sign_in.verifier);
    }

    #[test]
    fn answers_that_do_not_belong_are_named() {
        let (sign_in, _) = started();
        let state = Some(sign_in.state.clone());
        let answer = |state: Option<String>,
                      code: Option<&str>,
                      iss: Option<&str>,
                      error: Option<&str>| Returned {
            code: code.map(str::to_owned),
            state,
            iss: iss.map(str::to_owned),
            error: error.map(str::to_owned),
        };
        assert!(matches!(
            sign_in.code(answer(None, Some("c"), None, None)),
            Err(SignInError::Expired)
        ));
        assert!(matches!(
            sign_in.code(answer(Some("other".into()), Some("c"), None, None)),
            Err(SignInError::Expired)
        ));
        let other = Some("http://evil.test/application/o/flask-app/");
        assert!(matches!(
            sign_in.code(answer(state.clone(), Some("c"), other, None)),
            Err(SignInError::WrongIssuer)
        ));
        assert!(matches!(
            sign_in.code(answer(state.clone(), None, None, Some("access_denied"))),
            Err(SignInError::Refused)
        ));
        let odd = sign_in.code(answer(state.clone(), None, None, Some("server_error\n<b>")));
        assert!(matches!(odd, Err(SignInError::ProviderError(name)) if name == "server_errorb"));
        assert!(matches!(
            sign_in.code(answer(state.clone(), None, None, None)),
            Err(SignInError::NoCode)
        ));
        assert_eq!(sign_in.code(answer(state, Some("c"), None, None)).unwrap(), "c");
    }
}
