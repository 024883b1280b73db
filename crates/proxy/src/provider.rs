//! The provider of an application that knows no single sign-on: its settings, and the OAuth 2.0
//! client that it is underneath.

use std::sync::Arc;

use countersign_catalogue::outposts::outpost_set;
use countersign_catalogue::sign_out::SignOut;
use countersign_catalogue::{CertificateKeyPair, Copied, Fact, Line, Provider, Sheet};
use countersign_core::RenderContext;
use countersign_flow::Flow;
use countersign_model::{
    Choice, ChoiceValue as _, Draft, Duration, Entropy, Entry, FieldErrors, FieldValue as _,
    JsonMap, Kind, Needed, ObjectId, Problem, Ref, Secret, Snapshot, WebUrl, family,
};
use countersign_oauth2::claims::SubMode;
use countersign_oauth2::wire::{MatchingMode, Registered};
use countersign_oauth2::{
    AccessTokenFormat, AsClient, ClientType, GrantType, IssuerMode, LogoutMethod, OAuth2Provider,
    ScopeMapping, SecurityProfile,
};
use countersign_outbound::Trust;
use countersign_policy::Mapping;
use serde_json::{Map, Value};

use crate::address::{Address, Host};
use crate::guides::guides;
use crate::skip::SkipPaths;
use crate::{CALLBACK_MARK, CALLBACK_PATH};

/// Scopes that every proxy asks for, whatever else it has.
const SCOPES: [&str; 5] = [
    "goauthentik.io/providers/proxy/scope-proxy",
    "goauthentik.io/providers/oauth2/scope-openid",
    "goauthentik.io/providers/oauth2/scope-email",
    "goauthentik.io/providers/oauth2/scope-profile",
    "goauthentik.io/providers/oauth2/scope-entitlements",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ProxyMode {
    #[choice(value = "proxy", label = "Proxy")]
    Proxy,
    #[choice(value = "forward_single", label = "Forward auth (single application)")]
    ForwardSingle,
    #[choice(value = "forward_domain", label = "Forward auth (domain level)")]
    ForwardDomain,
}

/// Puts a sign-in in front of an application that has none: this server passes requests on to it, or
/// your reverse proxy asks this server about every request.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Provider,
    also = dyn AsClient,
    path = "providers/proxy",
    model = "authentik_providers_proxy.proxyprovider",
    title = "Proxy Provider",
    component = "ak-provider-proxy-form",
    form = "name authorization_flow mode external_host cookie_domain internal_host internal_host_ssl_validation internal_host_ca access_token_validity",
    fold("Advanced protocol settings", "Certificate, scopes, paths that are open to all"),
    fold("Authentication settings", "Credentials that the application gets, or clients send"),
    fold("Advanced flow settings", "As the brand has it"),
    aside(
        "What happens next",
        "You make an application that uses the provider. In mode Proxy you let its address lead to this server; otherwise you tell your reverse proxy to ask this server about each request, with the lines that the page of the provider has."
    ),
    check = ProxyProvider::check
)]
pub struct ProxyProvider {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Authentication flow",
        help = "Runs when somebody who is not signed in opens the application. The brand's own when empty.",
        choose(query = "designation=authentication"),
        group = "Advanced flow settings"
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
        group = "Advanced flow settings"
    )]
    pub invalidation_flow: Needed<Ref<Flow>>,
    #[field(
        label = "Additional scopes",
        help = "What the application learns beyond name, e-mail, groups, entitlements and attributes.",
        choose(path = "propertymappings/provider/scope"),
        group = "Advanced protocol settings",
        default,
        filter
    )]
    pub property_mappings: Vec<Ref<dyn Mapping>>,

    #[field(label = "Client ID", hide, unique, read_only, max_length = 255, default_with = client_id)]
    pub client_id: String,
    #[field(label = "Client Secret", hide, read_only, write_only, max_length = 255, default_with = client_secret)]
    pub client_secret: Secret,
    #[field(label = "Cookie secret", hide, read_only, write_only, max_length = 255, default_with = cookie_secret)]
    pub cookie_secret: Secret,

    #[field(
        label = "Internal host",
        help = "Where the application is, as http://192.0.2.7:8080. Paths stay as they are; a path here counts for nothing.",
        show_if = "mode=proxy",
        default,
        filter
    )]
    pub internal_host: WebUrl,
    #[field(
        label = "External host",
        help = "The address at which people open the application, as https://app.company. At domain level: the address at which they sign in, below the cookie domain.",
        filter
    )]
    pub external_host: WebUrl,
    #[field(
        label = "Internal host SSL Validation",
        help = "Validate the certificate of the application’s server.",
        show_if = "mode=proxy",
        default = true,
        filter
    )]
    pub internal_host_ssl_validation: bool,
    #[field(
        label = "Internal host CA",
        help = "An authority whose certificates are valid for the application’s server, beside those that this machine trusts; or that server’s own certificate.",
        show_if = "mode=proxy"
    )]
    pub internal_host_ca: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Certificate",
        help = "The certificate that this server shows at the external host.",
        choose(query = "has_key=true"),
        needs = "key_data",
        group = "Advanced protocol settings"
    )]
    pub certificate: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Unauthenticated paths",
        help = "Regular expressions, one a line: whoever opens a path in which one is found need not sign in. At domain level they are compared with the whole address, without its query. They fit anywhere: begin them with ^.",
        group = "Advanced protocol settings",
        default,
        filter
    )]
    pub skip_path_regex: SkipPaths,
    #[field(
        label = "Send HTTP-Basic Authentication",
        help = "The application gets credentials out of the attributes of the person, or of the person’s groups.",
        group = "Authentication settings",
        default = false,
        filter
    )]
    pub basic_auth_enabled: bool,
    #[field(
        label = "HTTP-Basic Password Key",
        help = "The attribute that holds the password.",
        group = "Authentication settings",
        show_if = "basic_auth_enabled=true",
        default,
        filter
    )]
    pub basic_auth_password_attribute: String,
    #[field(
        label = "HTTP-Basic Username Key",
        help = "The attribute that holds the user name; who has none is sent with the e-mail address.",
        group = "Authentication settings",
        show_if = "basic_auth_enabled=true",
        default,
        filter
    )]
    pub basic_auth_user_attribute: String,
    #[field(
        label = "Mode",
        help = "Proxy: this server passes requests on to the application. Forward auth: your reverse proxy does, and asks this server. Domain level: one sign-in for all addresses below a domain, which all belong to one application here.",
        widget = Radio,
        default = ProxyMode::Proxy,
        filter
    )]
    pub mode: ProxyMode,
    #[field(
        label = "Intercept header authentication",
        help = "Whoever sends an Authorization header that is not good here gets 401 instead of a page to sign in at.",
        group = "Authentication settings",
        show_if = "mode=proxy",
        default = true
    )]
    pub intercept_header_auth: bool,
    #[field(
        label = "Cookie domain",
        help = "At domain level: the domain whose addresses this provider answers for. The external host lies in it.",
        show_if = "mode=forward_domain",
        placeholder = "company.example",
        default,
        filter
    )]
    pub cookie_domain: String,
    #[field(
        label = "Federated OIDC Sources",
        help = "Machines may sign in with tokens of these sources.",
        group = "Authentication settings",
        default
    )]
    pub jwt_federation_sources: Vec<Ref<family::Source>>,
    #[field(
        label = "Federated OIDC Providers",
        help = "Machines may sign in with access tokens of these providers.",
        group = "Authentication settings",
        default
    )]
    pub jwt_federation_providers: Vec<Ref<OAuth2Provider>>,
    #[field(
        label = "Token validity",
        help = "How long somebody stays signed in at the application; afterwards the browser is sent here once more, which is not seen as long as the session here lasts.",
        default = "hours=1",
        filter
    )]
    pub access_token_validity: Duration,
    #[field(
        label = "Refresh Token validity",
        help = "How long refresh tokens are good that programs ask for.",
        group = "Advanced protocol settings",
        default = "days=30",
        filter
    )]
    pub refresh_token_validity: Duration,
}

fn client_id(entropy: &dyn Entropy) -> String {
    entropy.token(40)
}

fn client_secret(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.token(128))
}

fn cookie_secret(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.token(32))
}

impl ProxyProvider {
    /// The external host, taken apart; `None` where an older version let something else through.
    pub(crate) fn external(&self) -> Option<Address> {
        Address::read(&self.external_host)
    }

    /// Whose certificates are believed of the server of the application.
    pub(crate) fn trust(&self, snapshot: &Snapshot) -> Trust {
        if !self.internal_host_ssl_validation {
            return Trust::Anybody;
        }
        let also = self.internal_host_ca.and_then(|pair| snapshot.get(pair));
        Trust::Machine(also.and_then(CertificateKeyPair::details).map(|details| details.der))
    }

    /// The scopes it asks for: those of every proxy, then its own.
    fn mappings(&self, snapshot: &Snapshot) -> Vec<Ref<dyn Mapping>> {
        let of_all = SCOPES.iter().filter_map(|managed| snapshot.find("managed", managed));
        let mut all: Vec<Ref<dyn Mapping>> =
            of_all.map(|(mapping, _): (Ref<ScopeMapping>, _)| mapping.cast()).collect();
        let own = self.property_mappings.iter().filter(|own| !all.contains(own)).copied();
        let own: Vec<_> = own.collect();
        all.extend(own);
        all
    }

    /// Where its codes may be sent: the callback, and, as the original registers it, the external
    /// host itself with the mark of a callback.
    fn redirect_uris(&self) -> Vec<Registered> {
        let strict = |url| Registered { matching_mode: MatchingMode::Strict, url };
        let callback = self.external().map(|address| callback(&address));
        let marked = format!("{}?{CALLBACK_MARK}=true", &*self.external_host);
        callback.into_iter().chain([marked]).map(strict).collect()
    }

    pub(crate) fn check(&self, draft: &Draft, id: ObjectId, errors: &mut FieldErrors) {
        let mut wrong = |field: &str, text: &str| errors.add(field, Problem::new("invalid", text));
        if self.mode == ProxyMode::Proxy && self.internal_host.is_empty() {
            wrong("internal_host", "Internal host cannot be empty when forward auth is disabled.");
        }
        let attributes = [&self.basic_auth_user_attribute, &self.basic_auth_password_attribute];
        if self.basic_auth_enabled && attributes.iter().any(|name| name.is_empty()) {
            wrong(
                "basic_auth_enabled",
                "User and password attributes must be set when basic auth is enabled.",
            );
        }
        let Some(external) = self.external() else {
            return wrong("external_host", "Enter a valid URL.");
        };
        let domain = self.cookie_domain.trim_start_matches('.');
        let labels = |domain: &str| {
            domain.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
        };
        if domain.is_empty() {
            if self.mode == ProxyMode::ForwardDomain {
                wrong("cookie_domain", "At domain level a domain is needed, as company.example.");
            }
        } else if !labels(domain) {
            wrong("cookie_domain", "Enter a domain, as company.example.");
        } else if !external.host.is_within(domain) {
            wrong(
                "cookie_domain",
                "The external host is not within this domain: browsers would refuse the cookie.",
            );
        }
        let others = draft.list::<ProxyProvider>().filter(|(other, _)| other.id() != id);
        for (_, other) in others {
            if other.external().is_some_and(|own| own.host == external.host) {
                let name = &other.name;
                wrong("external_host", &format!("The provider {name:?} answers for this host."));
            }
        }
    }
}

/// Where codes are sent to: at the root of the host, wherever the application begins.
pub(crate) fn callback(external: &Address) -> String {
    format!("{}{CALLBACK_PATH}?{CALLBACK_MARK}=true", external.origin())
}

impl AsClient for ProxyProvider {
    /// Confidential, with tokens signed by its own secret that hold the claims.
    fn as_client(&self, snapshot: &Snapshot) -> OAuth2Provider {
        OAuth2Provider {
            name: self.name.clone(),
            authorization_flow: self.authorization_flow,
            client_type: ClientType::Confidential,
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            redirect_uris: self.redirect_uris(),
            post_logout_redirect_uris: Vec::new(),
            logout_uri: WebUrl::default(),
            backchannel_client_notification_endpoint: WebUrl::default(),
            logout_method: LogoutMethod::Backchannel,
            pkce_required: None,
            security_profile: SecurityProfile::Compat,
            grant_types: GrantType::USUAL.to_vec(),
            token_endpoint_auth_method: None,
            secret_rotation_overlap: "seconds=0".into(),
            jwks_uri: WebUrl::default(),
            jwks: JsonMap::default(),
            par_required: false,
            dpop_required: false,
            tls_client_auth_subject_dn: String::new(),
            tls_client_auth_authorities: Vec::new(),
            tls_client_certificate_bound_access_tokens: false,
            request_object_signing_alg: None,
            access_token_format: AccessTokenFormat::Original,
            resources: Vec::new(),
            signing_key: None,
            encryption_key: None,
            authentication_flow: self.authentication_flow,
            invalidation_flow: self.invalidation_flow,
            access_code_validity: "minutes=1".into(),
            access_token_validity: self.access_token_validity.clone(),
            refresh_token_validity: self.refresh_token_validity.clone(),
            refresh_token_grace: "seconds=10".into(),
            property_mappings: self.mappings(snapshot),
            sub_mode: SubMode::HashedUserId,
            include_claims_in_id_token: true,
            issuer_mode: IssuerMode::PerProvider,
            jwt_federation_sources: self.jwt_federation_sources.clone(),
            jwt_federation_providers: self.jwt_federation_providers.clone(),
        }
    }
}

impl Provider for ProxyProvider {
    /// Front ends ask about each request, and outposts are sent the ends of sessions.
    fn sign_out(&self) -> SignOut<'_> {
        SignOut::Asks
    }

    fn launch_url(&self) -> Option<String> {
        Some(self.external_host.to_string())
    }

    /// Of several that fit a host the nearest answers. By the name alone a certificate is chosen.
    fn displaces(&self, other: &Entry) -> Vec<&'static str> {
        let Some(other) = other.cast::<ProxyProvider>() else { return Vec::new() };
        let domain = |own: &ProxyProvider| {
            let domain = own.cookie_domain.trim_start_matches('.').to_ascii_lowercase();
            Some(domain).filter(|_| own.mode == ProxyMode::ForwardDomain)
        };
        let (external, theirs) = (self.external(), domain(other));
        let has_name = |external: &Address| {
            theirs.as_deref().is_some_and(|domain| external.host.is_within(domain))
                || other.external().is_some_and(|other| external.host.is_named(other.host.name()))
        };
        let has_domain = domain(self)
            .and_then(|own| Host::read(&own))
            .is_some_and(|own| theirs.as_deref().is_some_and(|domain| own.is_within(domain)));
        let host = external.as_ref().is_some_and(has_name).then_some("external_host");
        host.into_iter().chain(has_domain.then_some("cookie_domain")).collect()
    }

    fn sheet(&self, _: Ref<dyn Provider>, _: &Arc<Snapshot>, origin: &str) -> Sheet {
        let line = |label, value| Line { label, value: Copied::Value(value) };
        let ask = |front: &str| format!("{origin}/outpost.goauthentik.io/auth/{front}");
        let mode = ProxyMode::CHOICES.iter().find(|choice| choice.value == self.mode.value());
        let mut facts = vec![
            Fact::new("Mode", mode.map_or("", |choice| choice.label)),
            Fact::new("External host", self.external_host.to_string()),
        ];
        let passes_on = self.mode == ProxyMode::Proxy;
        if passes_on {
            facts.push(Fact::new("Internal host", self.internal_host.to_string()));
        }
        if !self.cookie_domain.is_empty() {
            facts.push(Fact::new("Cookie domain", self.cookie_domain.clone()));
        }
        facts.push(Fact::new("Signed in for", self.access_token_validity.words()));
        if self.basic_auth_enabled {
            facts.push(Fact::new("Credentials", "Out of attributes (HTTP-Basic)"));
        }
        let mut addresses = Vec::new();
        if !passes_on {
            addresses.extend([
                line("nginx asks", ask("nginx")),
                line("Traefik asks", ask("traefik")),
                line("Caddy asks", ask("caddy")),
                line("Envoy asks", ask("envoy")),
            ]);
        }
        if let Some(external) = self.external() {
            let sign_out = format!("{}/outpost.goauthentik.io/sign_out", external.origin());
            addresses.push(line("Sign out", sign_out));
        }
        let guides = self.external().filter(|_| !passes_on).map(|external| guides(&external));
        Sheet { addresses, facts, snippets: guides.unwrap_or_default(), ..Sheet::default() }
    }
}

/// What answers say beyond the declared fields.
pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(provider) = entry.cast::<ProxyProvider>() else { return };
    map.insert("property_mappings".to_owned(), provider.mappings(render.snapshot).to_json());
    map.insert("redirect_uris".to_owned(), provider.redirect_uris().to_json());
    map.insert("outpost_set".to_owned(), outpost_set(entry, render));
}
