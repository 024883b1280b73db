//! The provider: one application's client, as an administrator sets it up.

use std::sync::Arc;

use countersign_catalogue::sign_out::SignOut;
use countersign_catalogue::{CertificateKeyPair, Provider, Sheet};
use countersign_flow::Flow;
use countersign_model::{
    Choice, Draft, Duration, Entropy, Entry, FieldErrors, JsonMap, Kind, Needed, ObjectId, Problem,
    Ref, Secret, Snapshot, Upgrade, WebUrl, family,
};
use countersign_policy::Mapping;
use serde_json::Value;
use url::Url;

use super::ScopeMapping;
use crate::claims::SubMode;
use crate::client::{AuthMethod, Client, ClientType, SecurityProfile};
use crate::jose::{ClientAlgorithm, EncryptionKey, SigningKey};
use crate::logout_token::LogoutMethod;
use crate::wire::GrantType;
use crate::wire::redirect::{self, MatchingMode, Registered};
use crate::wire::scope::{OFFLINE_ACCESS, Scopes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AccessTokenFormat {
    #[choice(value = "original", label = "With the claims of an ID token")]
    Original,
    #[choice(value = "rfc9068", label = "JWT access token by RFC 9068")]
    Rfc9068,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IssuerMode {
    #[choice(value = "global", label = "Same identifier is used for all providers")]
    Global,
    #[choice(
        value = "per_provider",
        label = "Each provider has a different issuer, based on the application slug"
    )]
    PerProvider,
}

/// Signs people in to an application that speaks OpenID Connect or plain OAuth2.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Provider,
    path = "providers/oauth2",
    model = "authentik_providers_oauth2.oauth2provider",
    title = "OAuth2/OpenID Provider",
    component = "ak-provider-oauth2-form",
    form = "name authorization_flow client_type redirect_uris property_mappings sub_mode include_claims_in_id_token access_code_validity access_token_validity refresh_token_validity refresh_token_grace signing_key encryption_key issuer_mode security_profile grant_types pkce_required token_endpoint_auth_method secret_rotation_overlap jwks_uri jwks tls_client_auth_subject_dn tls_client_auth_authorities par_required dpop_required tls_client_certificate_bound_access_tokens request_object_signing_alg access_token_format resources backchannel_client_notification_endpoint logout_uri logout_method",
    fold("Client ID and Client Secret", "Generated for you"),
    fold(
        "Security and standards",
        "Grants, how the application proves itself, pushed and signed requests, tokens bound to a key"
    ),
    fold(
        "Advanced protocol settings",
        "Scopes, subject, validity: as most applications need them"
    ),
    fold("Advanced flow settings", "As the brand has it"),
    fold("Machine-to-Machine authentication settings", "No foreign tokens accepted"),
    aside(
        "What happens next",
        "You get a client ID and a secret, and lines to paste into the application’s settings."
    ),
    format = 2,
    check = OAuth2Provider::check
)]
pub struct OAuth2Provider {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Authorization flow",
        help = "With explicit consent people confirm once what the application learns about them.",
        choose(
            query = "designation=authorization",
            prefer("slug", "default-provider-authorization-explicit-consent")
        ),
        on_delete = Cascade,
        filter
    )]
    pub authorization_flow: Ref<Flow>,

    #[field(
        label = "Client type",
        help = "Confidential: the application runs on a server and can keep a secret. Public: it runs on the person’s device.",
        default = ClientType::Confidential,
        filter
    )]
    pub client_type: ClientType,
    /// Leave empty to have one generated.
    #[field(label = "Client ID", group = "Client ID and Client Secret", unique, max_length = 255, default_with = client_id, filter)]
    pub client_id: String,
    /// Leave empty to have one generated.
    #[field(label = "Client Secret", show_if = "client_type=confidential", group = "Client ID and Client Secret", blank, max_length = 255, default_with = client_secret)]
    pub client_secret: Secret,
    #[field(
        label = "Redirect URIs/Origins (RegEx)",
        help = "Where people return to after signing in. Strict compares the whole address. A pattern (Regex) should spell out scheme, server and port: whatever else fits it is sent answers, too."
    )]
    pub redirect_uris: Vec<Registered>,
    #[field(
        label = "Post-logout redirect URIs",
        help = "Where people may be sent after signing out, compared letter by letter. Strict redirect URIs count as well; without any address here also the start page of their server and the launch URL.",
        group = "Advanced protocol settings",
        default
    )]
    pub post_logout_redirect_uris: Vec<String>,
    #[field(
        label = "Logout URI",
        help = "Where the application learns that somebody has signed out, here or at another application. Its documentation calls it back-channel or front-channel logout URI. Empty: people stay signed in there.",
        placeholder = "https://app.company/oidc/backchannel-logout",
        group = "Advanced protocol settings",
        default
    )]
    pub logout_uri: WebUrl,
    #[field(
        label = "Logout method",
        help = "Back-channel reaches the application however a session ends. Front-channel needs the person’s browser, at the moment somebody signs out in it.",
        widget = Radio,
        group = "Advanced protocol settings",
        default = LogoutMethod::Backchannel
    )]
    pub logout_method: LogoutMethod,
    #[field(
        label = "Require PKCE",
        help = "No code without a code challenge of the method S256. Left empty, public clients have to send one and confidential ones need not.",
        group = "Security and standards"
    )]
    pub pkce_required: Option<bool>,
    #[field(
        label = "Security profile",
        help = "One switch for a set of rules. Strict: PKCE always, codes only, addresses compared letter by letter, no tokens in addresses. FAPI 2.0: pushed requests, a private key instead of a secret, tokens bound to a key, no refresh token used twice.",
        widget = Radio,
        group = "Security and standards",
        default = SecurityProfile::Compat
    )]
    pub security_profile: SecurityProfile,
    #[field(
        label = "Grant types",
        help = "The ways in which the application may come by tokens. Implicit and hybrid put tokens into addresses, where browsers and logs keep them: only for applications that know nothing else.",
        group = "Security and standards",
        default = GrantType::USUAL.to_vec(),
        start = [GrantType::AuthorizationCode.as_str(), GrantType::RefreshToken.as_str()]
    )]
    pub grant_types: Vec<GrantType>,
    #[field(
        label = "Client authentication",
        help = "How the application proves itself. Left empty: by its secret, in the header or in the form.",
        show_if = "client_type=confidential",
        group = "Security and standards"
    )]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    #[field(
        label = "Overlap of client secrets",
        help = "So long a former client secret stays good after it was changed, so that the application can be given the new one without a gap. seconds=0 for none: it also ends the former ones at once.",
        show_if = "client_type=confidential",
        group = "Security and standards",
        default = "seconds=0"
    )]
    pub secret_rotation_overlap: Duration,
    #[field(
        label = "Address of the application’s keys",
        help = "Where the application publishes its public keys (jwks_uri). They are fetched when they are needed.",
        group = "Security and standards",
        default
    )]
    pub jwks_uri: WebUrl,
    #[field(
        label = "Keys of the application",
        help = "Its public keys as a JSON Web Key Set, where it publishes none.",
        group = "Security and standards",
        default
    )]
    pub jwks: JsonMap,
    #[field(
        label = "Subject of the certificate",
        help = "The subject that the application’s certificate has, as CN=app,O=Company (RFC 4514).",
        show_if = "token_endpoint_auth_method=tls_client_auth",
        group = "Security and standards",
        default
    )]
    pub tls_client_auth_subject_dn: String,
    #[field(
        label = "Authorities of the certificate",
        help = "Certificates of who may vouch for the application’s own.",
        show_if = "token_endpoint_auth_method=tls_client_auth",
        group = "Security and standards",
        default
    )]
    pub tls_client_auth_authorities: Vec<Ref<CertificateKeyPair>>,
    #[field(
        label = "Require pushed requests",
        help = "The application sends each request to this server first and the browser only brings its name (PAR).",
        group = "Security and standards",
        default = false
    )]
    pub par_required: bool,
    #[field(
        label = "Require DPoP",
        help = "No token that is not bound to a key of the application, so that a stolen one opens nothing.",
        group = "Security and standards",
        default = false
    )]
    pub dpop_required: bool,
    #[field(
        label = "Bind tokens to the certificate",
        help = "No token that is not bound to the certificate by which the application reaches this server (mutual TLS), so that a stolen one opens nothing.",
        group = "Security and standards",
        default = false
    )]
    pub tls_client_certificate_bound_access_tokens: bool,
    #[field(
        label = "Signed requests",
        help = "What the application signs its request objects with (JAR). Left empty, request objects are refused.",
        group = "Security and standards"
    )]
    pub request_object_signing_alg: Option<ClientAlgorithm>,
    #[field(
        label = "Access token format",
        help = "What access tokens look like to resource servers that read them.",
        group = "Security and standards",
        default = AccessTokenFormat::Original
    )]
    pub access_token_format: AccessTokenFormat,
    #[field(
        label = "Resource servers",
        help = "Addresses of the servers that tokens may be made for. The application names one with the parameter resource; without any here the parameter is not looked at.",
        group = "Security and standards",
        default
    )]
    pub resources: Vec<String>,
    #[field(
        label = "Notification endpoint",
        help = "For the grant “Backchannel authentication (CIBA)”: where the application is told that somebody has answered (ping). Empty: it asks by itself (poll).",
        placeholder = "https://app.company/ciba/notification",
        group = "Security and standards",
        default
    )]
    pub backchannel_client_notification_endpoint: WebUrl,
    #[field(
        label = "Signing Key",
        help = "Signs the tokens. Without one the client secret does.",
        choose(query = "has_key=true", prefer("name", "authentik Self-signed Certificate"), only),
        group = "Advanced protocol settings",
        needs = "key_data",
        filter
    )]
    pub signing_key: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Encryption Key",
        help = "Tokens are encrypted to this certificate. Leave empty unless the application asks for it.",
        choose(query = "has_key=true"),
        group = "Advanced protocol settings",
        needs = "certificate_data"
    )]
    pub encryption_key: Option<Ref<CertificateKeyPair>>,

    #[field(
        label = "Authentication flow",
        help = "Runs when somebody who is not signed in opens the application. The brand's own when empty.",
        choose(query = "designation=authentication"),
        group = "Advanced flow settings"
    )]
    pub authentication_flow: Option<Ref<Flow>>,
    #[field(
        label = "Invalidation flow",
        help = "Runs when somebody signs out of the application.",
        choose(
            query = "designation=invalidation",
            prefer("slug", "default-provider-invalidation-flow")
        ),
        group = "Advanced flow settings"
    )]
    pub invalidation_flow: Needed<Ref<Flow>>,

    #[field(
        label = "Access code validity",
        help = "How long the code is good that an application exchanges for tokens.",
        group = "Advanced protocol settings",
        default = "minutes=1",
        filter
    )]
    pub access_code_validity: Duration,
    #[field(
        label = "Access Token validity",
        help = "How long access tokens and ID tokens are good.",
        group = "Advanced protocol settings",
        default = "hours=1",
        filter
    )]
    pub access_token_validity: Duration,
    #[field(
        label = "Refresh Token validity",
        help = "How long refresh tokens are good; each refresh begins a new period.",
        group = "Advanced protocol settings",
        default = "days=30",
        filter
    )]
    pub refresh_token_validity: Duration,
    #[field(
        label = "Refresh token grace",
        help = "So long after its use a refresh token still gives tokens, for an application that asks twice at once or lost the answer. Afterwards a second use ends the sign-in. seconds=0 for none.",
        group = "Advanced protocol settings",
        default = "seconds=10"
    )]
    pub refresh_token_grace: Duration,
    #[field(
        label = "Scopes",
        help = "What the application may ask for.",
        choose(
            path = "propertymappings/provider/scope",
            prefer(
                "managed",
                "goauthentik.io/providers/oauth2/scope-openid",
                "goauthentik.io/providers/oauth2/scope-email",
                "goauthentik.io/providers/oauth2/scope-profile",
                "countersign/providers/oauth2/scope-profile-complete",
                "countersign/providers/oauth2/scope-address",
                "countersign/providers/oauth2/scope-phone"
            )
        ),
        group = "Advanced protocol settings",
        default,
        filter
    )]
    pub property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(
        label = "Subject mode",
        help = "How the application recognises a person.",
        widget = Radio,
        group = "Advanced protocol settings",
        default = SubMode::HashedUserId,
        filter
    )]
    pub sub_mode: SubMode,
    #[field(
        label = "Include claims in id_token",
        help = "Name, e-mail and groups travel in the ID token; needed by applications that never call userinfo.",
        group = "Advanced protocol settings",
        default = true,
        filter
    )]
    pub include_claims_in_id_token: bool,
    #[field(
        label = "Issuer mode",
        help = "Who the tokens say they come from.",
        group = "Advanced protocol settings",
        default = IssuerMode::PerProvider,
        filter
    )]
    pub issuer_mode: IssuerMode,

    #[field(
        label = "Federated OIDC Sources",
        help = "Machines may sign in with tokens of these sources.",
        group = "Machine-to-Machine authentication settings",
        default
    )]
    pub jwt_federation_sources: Vec<Ref<family::Source>>,
    #[field(
        label = "Federated OIDC Providers",
        help = "Machines may sign in with access tokens of these providers.",
        group = "Machine-to-Machine authentication settings",
        default
    )]
    pub jwt_federation_providers: Vec<Ref<OAuth2Provider>>,
}

impl Provider for OAuth2Provider {
    /// The server of its first strict redirect URI.
    fn launch_url(&self) -> Option<String> {
        let first = self.redirect_uris.iter().find(|r| r.matching_mode == MatchingMode::Strict)?;
        let url = Url::parse(&first.url).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
        Some(url.origin().ascii_serialization())
    }

    fn addresses(&self) -> Vec<String> {
        let strict =
            self.redirect_uris.iter().filter(|uri| uri.matching_mode == MatchingMode::Strict);
        strict.map(|uri| uri.url.clone()).collect()
    }

    fn is_at_by_pattern(&self, host: &str) -> bool {
        let mut patterns =
            self.redirect_uris.iter().filter(|uri| uri.matching_mode == MatchingMode::Regex);
        patterns.any(|uri| redirect::is_of_host(&uri.url, host))
    }

    /// A server tells whom a token is for by its audience: the client, or a resource (RFC 8707 3).
    fn displaces(&self, other: &Entry) -> Vec<&'static str> {
        let Some(other) = other.cast::<OAuth2Provider>() else { return Vec::new() };
        let written = |text: &String| Url::parse(text).map_or_else(|_| text.clone(), String::from);
        let theirs: Vec<String> =
            other.resources.iter().chain([&other.client_id]).map(written).collect();
        let has = |text: &String| theirs.contains(&written(text));
        let resources = self.resources.iter().any(has).then_some("resources");
        let id = other.resources.iter().any(|own| written(own) == written(&self.client_id));
        resources.into_iter().chain(id.then_some("client_id")).collect()
    }

    fn sign_out(&self) -> SignOut<'_> {
        self.ends_sessions()
    }

    fn sheet(&self, id: Ref<dyn Provider>, snapshot: &Arc<Snapshot>, origin: &str) -> Sheet {
        crate::sheet::sheet(self, id.cast(), snapshot, origin)
    }
}

/// From stored format 1 to 2: a public client of before may not know PKCE, and goes on without it.
pub(crate) const UPGRADES: &[Upgrade] = &[|stored| {
    if stored.get("client_type").and_then(Value::as_str) == Some("public") {
        stored.insert("pkce_required".to_owned(), false.into());
    }
}];

fn client_id(entropy: &dyn Entropy) -> String {
    entropy.token(40)
}

fn client_secret(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.token(128))
}

impl OAuth2Provider {
    /// The client that requests are compared with: the settings, and what its profile demands.
    pub fn client(&self, reference: Ref<dyn Provider>, snapshot: &Snapshot) -> Client {
        let profile = self.security_profile;
        let public = self.client_type == ClientType::Public;
        let allowed = |grant: &GrantType| !(profile.is_strict() && grant.is_outdated());
        let grant_types: Vec<GrantType> =
            self.grant_types.iter().copied().filter(allowed).collect();
        let scopes = self.scopes(snapshot);
        let certificate_bound = self.tls_client_certificate_bound_access_tokens;
        Client {
            provider: reference.key().int().unwrap_or_default(),
            id: self.client_id.clone(),
            kind: self.client_type,
            secret: self.client_secret.clone(),
            redirect_uris: self.redirect_uris.clone(),
            pkce_required: profile.is_strict() || self.pkce_required.unwrap_or(public),
            auth_method: self.token_endpoint_auth_method,
            profile,
            par_required: profile.is_fapi2() || self.par_required,
            // The FAPI profile has tokens bound, to the one or the other (5.3.2.1).
            dpop_required: self.dpop_required || profile.is_fapi2() && !certificate_bound,
            certificate_bound,
            request_objects: self.request_object_signing_alg,
            resources: self.resources.clone(),
            // Nobody is promised what will not be given.
            scopes: if grant_types.contains(&GrantType::RefreshToken) {
                scopes
            } else {
                scopes.without(OFFLINE_ACCESS)
            },
            grant_types,
        }
    }

    /// How long a refresh token may be used again; the FAPI profile allows none (5.3.2.1).
    pub fn grace_seconds(&self) -> i64 {
        if self.security_profile.is_fapi2() { 0 } else { self.refresh_token_grace.seconds() }
    }

    /// How long a code is good: at most a minute under the FAPI profile (5.3.2.2).
    pub fn code_seconds(&self) -> i64 {
        let seconds = self.access_code_validity.seconds();
        if self.security_profile.is_fapi2() { seconds.min(60) } else { seconds }
    }

    pub fn scopes(&self, snapshot: &Snapshot) -> Scopes {
        self.mappings(snapshot).map(|m| m.scope_name.as_str()).collect()
    }

    /// The attached scope mappings, in the order they are attached.
    pub fn mappings<'s>(
        &'s self,
        snapshot: &'s Snapshot,
    ) -> impl Iterator<Item = &'s ScopeMapping> {
        self.property_mappings.iter().filter_map(|r| snapshot.entry(r.id())?.cast::<ScopeMapping>())
    }

    fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        self.check_standards(draft, errors);
        for entry in &self.redirect_uris {
            if entry.matching_mode == MatchingMode::Regex && !redirect::is_valid_pattern(&entry.url)
            {
                errors.add(
                    "redirect_uris",
                    Problem::new("invalid", format!("Invalid Regex Pattern: {}", entry.url)),
                );
            } else if redirect::is_forbidden_scheme(&entry.url) {
                errors.add(
                    "redirect_uris",
                    Problem::new(
                        "invalid",
                        format!("Addresses of this kind cannot receive an answer: {}", entry.url),
                    ),
                );
            }
        }
        for uri in &self.post_logout_redirect_uris {
            if uri.trim().is_empty()
                || redirect::is_forbidden_scheme(uri)
                || uri.contains(char::is_control)
            {
                errors.add(
                    "post_logout_redirect_uris",
                    Problem::new("invalid", format!("Nobody can be sent to this address: {uri}")),
                );
            }
        }
        if self.client_type == ClientType::Confidential && self.client_secret.is_empty() {
            errors.add(
                "client_secret",
                Problem::new("blank", "A confidential client needs a secret."),
            );
        }
        if let Some(pair) = self.signing_key.and_then(|r| draft.get(r))
            && let Err(problem) = SigningKey::from_pem(pair.key_data.expose())
        {
            errors.add(
                "signing_key",
                Problem::new(
                    "invalid",
                    format!("Tokens cannot be signed with this key: {problem}."),
                ),
            );
        }
        if let Some(pair) = self.encryption_key.and_then(|r| draft.get(r))
            && let Err(problem) =
                EncryptionKey::from_pem(&pair.certificate_data, pair.key_data.expose())
        {
            errors.add(
                "encryption_key",
                Problem::new(
                    "invalid",
                    format!("Tokens cannot be encrypted to this certificate: {problem}."),
                ),
            );
        }
    }
}
