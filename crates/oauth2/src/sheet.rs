//! What the page of a provider shows: what its application's settings ask for, ready to copy.

use std::sync::Arc;

use countersign_catalogue as catalogue;
use countersign_catalogue::{Copied, Fact, FactLine, Line, Sheet, Variable};
use countersign_model::{ChoiceValue as _, Ref, Snapshot};

use crate::claims::SubMode;
use crate::client::ClientType;
use crate::kinds::OAuth2Provider;
use crate::provider::Provider;
use crate::wire::GrantType;
use crate::wire::redirect::{self, MatchingMode};

/// The server's name beside an application in the compose file of the documentation.
const BESIDE: &str = "http://server:9000";

/// Addresses of the protocol, by their names in `setup_urls`.
pub(crate) struct Addresses {
    pub(crate) issuer: Option<String>,
    pub(crate) authorize: String,
    pub(crate) token: String,
    pub(crate) user_info: String,
    /// These are below the application's, and there may be none.
    pub(crate) own: Option<OwnAddresses>,
}

pub(crate) struct OwnAddresses {
    pub(crate) provider_info: String,
    pub(crate) logout: String,
    pub(crate) jwks: String,
}

impl Addresses {
    pub(crate) fn of(provider: &Provider, origin: &str) -> Addresses {
        let at = |path: &str| format!("{origin}/application/o/{path}");
        Addresses {
            issuer: provider.issuer(origin),
            authorize: at("authorize/"),
            token: at("token/"),
            user_info: at("userinfo/"),
            own: provider.slug().map(|slug| OwnAddresses {
                provider_info: at(&format!("{slug}/.well-known/openid-configuration")),
                logout: at(&format!("{slug}/end-session/")),
                jwks: at(&format!("{slug}/jwks/")),
            }),
        }
    }
}

pub(crate) fn sheet(
    settings: &OAuth2Provider,
    id: Ref<OAuth2Provider>,
    snapshot: &Arc<Snapshot>,
    origin: &str,
) -> Sheet {
    let Some(provider) = Provider::by_reference(snapshot, id.cast()) else {
        return Sheet::default();
    };
    let Addresses { issuer, authorize, token, user_info, own } = Addresses::of(&provider, origin);
    let line = |label, value| Line { label, value: Copied::Value(value) };
    let confidential = settings.client_type == ClientType::Confidential;
    let mut connect = vec![line("Client ID", settings.client_id.clone())];
    if confidential {
        connect.push(Line { label: "Client Secret", value: Copied::Secret("client_secret") });
    }
    let mut addresses: Vec<Line> =
        issuer.map(|issuer| line("Issuer", issuer)).into_iter().collect();
    addresses.extend([
        line("Authorize URL", authorize),
        line("Token URL", token),
        line("Userinfo URL", user_info),
    ]);
    if let Some(own) = own {
        connect.push(line("OpenID Configuration URL", own.provider_info));
        addresses.extend([line("Logout URL", own.logout), line("JWKS URL", own.jwks)]);
    }
    Sheet {
        connect,
        environment: environment(settings, confidential, origin),
        addresses,
        facts: facts(settings, snapshot),
        preview: Some(format!("providers/oauth2/{}/preview_user", provider.id())),
        snippets: Vec::new(),
    }
}

fn environment(settings: &OAuth2Provider, confidential: bool, origin: &str) -> Vec<Variable> {
    let variable = |name, value| Variable { name, value, beside: None };
    let mut all = vec![variable("AUTHENTIK_CLIENT_ID", Copied::Value(settings.client_id.clone()))];
    if confidential {
        all.push(variable("AUTHENTIK_CLIENT_SECRET", Copied::Secret("client_secret")));
    }
    all.push(Variable {
        beside: Some(BESIDE),
        ..variable("AUTHENTIK_BASE_URL", Copied::Value(origin.to_owned()))
    });
    all.push(variable("AUTHENTIK_PUBLIC_URL", Copied::Value(origin.to_owned())));
    all
}

fn facts(settings: &OAuth2Provider, snapshot: &Snapshot) -> Vec<Fact> {
    let address =
        |text: &str, note| FactLine { text: text.to_owned(), mono: true, note, certificate: None };
    let none = |text: &str| vec![FactLine { text: text.to_owned(), ..FactLine::default() }];
    let redirects = settings.redirect_uris.iter().map(|uri| {
        let note = match uri.matching_mode {
            MatchingMode::Strict => None,
            MatchingMode::Regex if redirect::decides_the_server(&uri.url) => {
                Some("Regex, many servers")
            }
            MatchingMode::Regex => Some("Regex"),
        };
        address(&uri.url, note)
    });
    let mut redirects: Vec<FactLine> = redirects.collect();
    if redirects.is_empty() {
        redirects = none("None: no address is accepted until one is registered");
    }
    let grants = settings.grant_types.iter().map(|grant| {
        let choice = GrantType::CHOICES.iter().find(|choice| choice.value == grant.value());
        let text = choice.map_or("", |choice| choice.label).to_owned();
        FactLine { text, ..FactLine::default() }
    });
    let grants: Vec<FactLine> = grants.collect();
    let after = settings.post_logout_redirect_uris.iter().map(|uri| address(uri, None));
    let mut after: Vec<FactLine> = after.collect();
    if after.is_empty() {
        after = none("The redirect URIs that are compared letter by letter");
    }
    let label = |mode: SubMode| {
        let choice = SubMode::CHOICES.iter().find(|choice| choice.value == mode.value());
        choice.map_or("", |choice| choice.label)
    };
    let confidential = settings.client_type == ClientType::Confidential;
    vec![
        Fact::new("Client type", if confidential { "Confidential" } else { "Public" }),
        Fact { label: "Grant types", lines: grants },
        Fact { label: "Redirect URIs", lines: redirects },
        Fact { label: "Addresses after signing out", lines: after },
        Fact::new("Subject mode", label(settings.sub_mode)),
        Fact::new(
            "Validity",
            format!(
                "Access token {}, refresh token {}",
                settings.access_token_validity.words(),
                settings.refresh_token_validity.words()
            ),
        ),
        Fact::new(
            "ID token",
            if settings.include_claims_in_id_token {
                "Carries the claims"
            } else {
                "Without claims; the application asks userinfo"
            },
        ),
        signing_key(settings, snapshot),
    ]
}

fn signing_key(settings: &OAuth2Provider, snapshot: &Snapshot) -> Fact {
    let Some(key) = settings.signing_key else {
        return Fact::new("Signing key", "The client secret (HS256)");
    };
    let pair: Option<&catalogue::CertificateKeyPair> = snapshot.get(key);
    let text = pair.map_or("A certificate of this server", |pair| &pair.name).to_owned();
    let certificate = key.key().uuid();
    Fact {
        label: "Signing key",
        lines: vec![FactLine { text, certificate, ..FactLine::default() }],
    }
}
