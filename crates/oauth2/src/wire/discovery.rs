//! The provider's description of itself (OpenID Connect Discovery 1.0, RFC 8414).
//!
//! It lists what is served, nothing else: a client that follows it never meets a refusal for an
//! unknown feature.

use countersign_model::ChoiceValue;
use serde_json::{Map, Value, json};

use super::authorize::{Prompt, ResponseType};
use super::grant::GrantType;
use crate::claims::CONTEXTS;
use crate::client::{AuthMethod, Client, ClientType};
use crate::jose::{Algorithm, ClientAlgorithm};

/// What the document says that differs between providers.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Scheme and host, without a slash at the end.
    pub host: &'a str,
    /// `None`: the document of the issuer that providers share, with addresses that are no
    /// application's.
    pub application: Option<&'a str>,
    pub issuer: &'a str,
    pub algorithms: Vec<Algorithm>,
    pub encrypted: bool,
    /// In the order attached.
    pub scopes: Vec<&'a str>,
    /// The claims the mappings give.
    pub claims: Vec<String>,
    pub clients: Clients,
    /// Where clients with certificates reach the server, without a slash at the end.
    pub mtls: Option<&'a str>,
}

/// What the clients that the document is for may do: what any of them may.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    pub grants: Vec<GrantType>,
    pub auth_methods: Vec<&'static str>,
    pub signs: Vec<ClientAlgorithm>,
    pub request_objects: Vec<ClientAlgorithm>,
    /// All of them have to.
    pub par_required: bool,
}

impl Clients {
    pub fn of<'a>(clients: impl Iterator<Item = &'a Client>) -> Clients {
        let mut all = Clients { par_required: true, ..Clients::default() };
        fn add<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
            for item in more {
                if !list.contains(&item) {
                    list.push(item);
                }
            }
        }
        for client in clients {
            add(&mut all.grants, client.grant_types.iter().copied());
            let methods = match (client.kind, client.auth_method) {
                (ClientType::Public, _) => vec![],
                (_, None) => vec![AuthMethod::ClientSecretPost, AuthMethod::ClientSecretBasic],
                (_, Some(method)) => vec![method],
            };
            add(&mut all.auth_methods, methods.into_iter().map(ChoiceValue::value));
            if client.auth_method == Some(AuthMethod::PrivateKeyJwt) {
                add(&mut all.signs, client.profile.algorithms().iter().copied());
            }
            add(&mut all.request_objects, client.request_objects);
            all.par_required &= client.par_required;
        }
        if all.auth_methods.is_empty() {
            // As the original says it of public clients, too.
            all.auth_methods = vec!["client_secret_post", "client_secret_basic"];
        }
        all
    }

    fn allows(&self, kind: ResponseType) -> bool {
        self.grants.contains(&kind.grant_type())
    }
}

const PROTOCOL_CLAIMS: [&str; 10] =
    ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid"];

/// The keys of all providers that share the issuer.
pub const SHARED_JWKS: &str = "/.well-known/jwks.json";

/// Where clients prove themselves or their tokens.
const ALIASED: [&str; 7] = [
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "userinfo_endpoint",
    "backchannel_authentication_endpoint",
];

pub fn document(facts: &Facts<'_>) -> Value {
    let common = |path: &str| format!("{}/application/o/{path}/", facts.host);
    let (end_session, jwks) = match facts.application {
        Some(slug) => (common(&format!("{slug}/end-session")), common(&format!("{slug}/jwks"))),
        None => (common("end-session"), format!("{}{SHARED_JWKS}", facts.host)),
    };
    let mut scopes = facts.scopes.clone();
    if !scopes.contains(&"openid") {
        scopes.push("openid");
    }
    let claims: Vec<&str> =
        PROTOCOL_CLAIMS.into_iter().chain(facts.claims.iter().map(String::as_str)).collect();
    let mut document = json!({
        "issuer": facts.issuer,
        "authorization_endpoint": common("authorize"),
        "token_endpoint": common("token"),
        "userinfo_endpoint": common("userinfo"),
        "end_session_endpoint": end_session,
        "introspection_endpoint": common("introspect"),
        "revocation_endpoint": common("revoke"),
        "device_authorization_endpoint": common("device"),
        "response_types_supported": ResponseType::ALL.into_iter().filter(|kind| facts.clients.allows(*kind)).map(ResponseType::as_str).collect::<Vec<_>>(),
        "response_modes_supported": ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"],
        "jwks_uri": jwks,
        // "hybrid" is no registered name (RFC 7591 2): such a client has these two.
        "grant_types_supported": GrantType::ALL.into_iter().filter(|grant| *grant != GrantType::Hybrid && facts.clients.grants.contains(grant)).map(GrantType::as_str).collect::<Vec<_>>(),
        "id_token_signing_alg_values_supported": facts.algorithms.iter().map(|a| a.as_str()).collect::<Vec<_>>(),
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": facts.clients.auth_methods,
        "acr_values_supported": CONTEXTS.iter().rev().collect::<Vec<_>>(),
        "scopes_supported": scopes,
        "request_parameter_supported": !facts.clients.request_objects.is_empty(),
        "request_uri_parameter_supported": false,
        "claims_supported": claims,
        "claims_parameter_supported": true,
        "prompt_values_supported": Prompt::VALUES,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "authorization_signing_alg_values_supported": facts.algorithms.iter().map(|a| a.as_str()).collect::<Vec<_>>(),
        "pushed_authorization_request_endpoint": common("par"),
        "require_pushed_authorization_requests": facts.clients.par_required,
        "dpop_signing_alg_values_supported": names(&ClientAlgorithm::ALL),
    });
    for (name, algorithms) in [
        ("token_endpoint_auth_signing_alg_values_supported", &facts.clients.signs),
        ("request_object_signing_alg_values_supported", &facts.clients.request_objects),
    ] {
        if let (false, Some(members)) = (algorithms.is_empty(), document.as_object_mut()) {
            members.insert(name.into(), names(algorithms).into());
        }
    }
    if let (true, Some(members)) =
        (facts.clients.grants.contains(&GrantType::Backchannel), document.as_object_mut())
    {
        // CIBA Core 4.
        members.insert("backchannel_authentication_endpoint".into(), common("bc-authorize").into());
        members
            .insert("backchannel_token_delivery_modes_supported".into(), json!(["poll", "ping"]));
        members.insert("backchannel_user_code_parameter_supported".into(), false.into());
    }
    if let (Some(mtls), Some(members)) = (facts.mtls, document.as_object_mut()) {
        // RFC 8705 3.3, 5.
        members.insert("tls_client_certificate_bound_access_tokens".into(), true.into());
        let aliases: Map<String, Value> = ALIASED
            .into_iter()
            .filter_map(|name| {
                let path = members.get(name)?.as_str()?.strip_prefix(facts.host)?;
                Some((name.to_owned(), format!("{mtls}{path}").into()))
            })
            .collect();
        members.insert("mtls_endpoint_aliases".into(), aliases.into());
    }
    if let (Some(slug), Some(members)) = (facts.application, document.as_object_mut()) {
        let page = common(&format!("{slug}/check-session"));
        members.insert("check_session_iframe".into(), page.into());
    }
    if let (true, Some(members)) = (facts.encrypted, document.as_object_mut()) {
        members.insert("id_token_encryption_alg_values_supported".into(), json!(["RSA-OAEP-256"]));
        members.insert("id_token_encryption_enc_values_supported".into(), json!(["A256CBC-HS512"]));
    }
    document
}

fn names(algorithms: &[ClientAlgorithm]) -> Vec<&'static str> {
    algorithms.iter().map(|algorithm| algorithm.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_capabilities() {
        let facts = Facts {
            host: "https://id.test",
            application: Some("app"),
            issuer: "https://id.test/application/o/app/",
            algorithms: vec![Algorithm::Es256],
            encrypted: true,
            scopes: vec!["email", "profile"],
            claims: vec!["email".into()],
            clients: Clients::of([&crate::client::tests::client()].into_iter()),
            mtls: None,
        };
        let shared =
            document(&Facts { application: None, issuer: "https://id.test/", ..facts.clone() });
        assert_eq!(shared["jwks_uri"], "https://id.test/.well-known/jwks.json");
        assert_eq!(shared["end_session_endpoint"], "https://id.test/application/o/end-session/");
        assert!(shared.get("mtls_endpoint_aliases").is_none());
        let mtls = document(&Facts { mtls: Some("https://mtls.test:9444"), ..facts.clone() });
        let aliases = mtls["mtls_endpoint_aliases"].as_object().unwrap();
        assert_eq!(aliases["token_endpoint"], "https://mtls.test:9444/application/o/token/");
        assert_eq!(
            (aliases.len(), &mtls["tls_client_certificate_bound_access_tokens"]),
            (7, &json!(true))
        );
        let document = document(&facts);
        assert_eq!(
            document["backchannel_authentication_endpoint"],
            "https://id.test/application/o/bc-authorize/"
        );
        assert_eq!(document["backchannel_user_code_parameter_supported"], json!(false));
        // Absent, the second would mean true (OpenID Connect Discovery 3).
        for flag in ["request_parameter_supported", "request_uri_parameter_supported"] {
            assert_eq!((&document[flag], &shared[flag]), (&json!(false), &json!(false)), "{flag}");
        }
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["jwks_uri"], "https://id.test/application/o/app/jwks/");
        let page = "https://id.test/application/o/app/check-session/";
        assert_eq!(document["check_session_iframe"], page);
        assert!(shared.get("check_session_iframe").is_none());
        assert_eq!(document["acr_values_supported"][0], crate::claims::ACR);
        assert_eq!(document["token_endpoint"], "https://id.test/application/o/token/");
        assert_eq!(document["scopes_supported"], json!(["email", "profile", "openid"]));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256"]));
        assert_eq!(document["claims_supported"].as_array().unwrap().len(), 11);
        assert_eq!(document["id_token_encryption_alg_values_supported"], json!(["RSA-OAEP-256"]));
    }
}
