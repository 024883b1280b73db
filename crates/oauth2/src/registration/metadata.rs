//! What a client says of itself when it registers (RFC 7591 2; OpenID Connect Dynamic Client
//! Registration 2), read and judged. What is not understood is left out, as the standard asks;
//! what is understood and cannot be done is refused with its name.

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use url::Url;

use crate::wire::Scopes;
use crate::wire::redirect;

/// As many addresses, and letters of a text, are taken.
const MOST_ADDRESSES: usize = 20;
const LONGEST: usize = 2_000;
const LONGEST_NAME: usize = 200;

/// How a client proves at the token endpoint who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    None,
    SecretBasic,
    SecretPost,
    SecretJwt,
    PrivateKeyJwt,
    OwnCertificate,
}

impl Proof {
    const ALL: [(&'static str, Proof); 6] = [
        ("none", Proof::None),
        ("client_secret_basic", Proof::SecretBasic),
        ("client_secret_post", Proof::SecretPost),
        ("client_secret_jwt", Proof::SecretJwt),
        ("private_key_jwt", Proof::PrivateKeyJwt),
        // With an authority (tls_client_auth) only administrators say who that is.
        ("self_signed_tls_client_auth", Proof::OwnCertificate),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        Proof::ALL.iter().find(|(_, proof)| *proof == self).map_or("", |(name, _)| name)
    }
}

/// A client's metadata, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    /// `None`: with its secret, in whichever way.
    pub(crate) proof: Option<Proof>,
    pub(crate) keys: Keys,
    /// What it signs its request objects with.
    pub(crate) request_alg: Option<String>,
    pub(crate) par_required: bool,
    pub(crate) dpop_required: bool,
    pub(crate) certificate_bound: bool,
    pub(crate) grant_types: Vec<String>,
    pub(crate) response_types: Vec<String>,
    pub(crate) name: String,
    pub(crate) client_uri: Option<String>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) signing_alg: Option<String>,
    /// What is repeated to the client as it was registered.
    pub(crate) told: Map<String, Value>,
}

/// Where its public keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    None,
    Here(Value),
    At(String),
}

impl Metadata {
    pub(crate) fn is_public(&self) -> bool {
        self.proof == Some(Proof::None)
    }
}

/// Why a registration is refused (RFC 7591 3.2.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error("{0}")]
    RedirectUri(String),
    #[error("{0}")]
    Metadata(String),
    #[error("No software statement is trusted here; leave it out.")]
    SoftwareStatement,
}

impl MetadataError {
    pub(crate) const fn error(&self) -> &'static str {
        match self {
            MetadataError::RedirectUri(_) => "invalid_redirect_uri",
            MetadataError::Metadata(_) => "invalid_client_metadata",
            MetadataError::SoftwareStatement => "unapproved_software_statement",
        }
    }
}

/// Grants that a client may register for; `true`: only one that somebody vouches for, since it
/// would have an account of its own.
const GRANTS: [(&str, bool); 5] = [
    ("authorization_code", false),
    ("implicit", false),
    ("refresh_token", false),
    ("urn:ietf:params:oauth:grant-type:device_code", false),
    ("client_credentials", true),
];

const RESPONSE_TYPES: [&str; 6] =
    ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"];

/// Texts that are kept and repeated.
const TOLD: [&str; 6] =
    ["tos_uri", "policy_uri", "logo_uri", "software_id", "software_version", "application_type"];

/// What registrations are held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed<'a> {
    /// Hosts that people may be sent to; empty for any.
    pub(crate) hosts: &'a [String],
    /// Somebody who may add providers vouches for the client.
    pub(crate) vouched: bool,
}

type Read<T> = Result<T, MetadataError>;

fn wrong(text: impl Into<String>) -> MetadataError {
    MetadataError::Metadata(text.into())
}

/// Reads a registration.
///
/// # Errors
/// The first thing that cannot be done.
pub(crate) fn read(body: &[u8], allowed: Allowed<'_>) -> Read<Metadata> {
    let Ok(Value::Object(map)) = serde_json::from_slice::<Value>(body) else {
        return Err(wrong("The body has to be a JSON object."));
    };
    if some(&map, "software_statement").is_some() {
        return Err(MetadataError::SoftwareStatement);
    }
    let grant_types = list(&map, "grant_types", || vec!["authorization_code".to_owned()])?;
    for grant in &grant_types {
        let known = GRANTS.iter().find(|(name, _)| name == grant);
        if known.is_none_or(|(_, needs_voucher)| *needs_voucher && !allowed.vouched) {
            return Err(wrong(format!("The grant type {grant} cannot be registered.")));
        }
    }
    let has = |grant: &str| grant_types.iter().any(|one| one == grant);
    let by_default =
        || if has("authorization_code") { vec!["code".to_owned()] } else { Vec::new() };
    let response_types = list(&map, "response_types", by_default)?;
    for response in &response_types {
        let words: Vec<&str> = response.split(' ').collect();
        if !RESPONSE_TYPES.contains(&response.as_str()) {
            return Err(wrong(format!("The response type {response} does not exist.")));
        }
        let implicit = words.iter().any(|word| *word != "code");
        let missing = match () {
            () if words.contains(&"code") && !has("authorization_code") => "authorization_code",
            () if implicit && !has("implicit") => "implicit",
            () => continue,
        };
        return Err(wrong(format!("The response type {response} needs the grant type {missing}.")));
    }
    let native = text(&map, "application_type", 20)?.as_deref() == Some("native");
    let redirect_uris = list(&map, "redirect_uris", Vec::new)?;
    if redirect_uris.is_empty() && !response_types.is_empty() {
        return Err(MetadataError::RedirectUri(
            "A client that people are sent back to needs redirect_uris.".to_owned(),
        ));
    }
    let post_logout_redirect_uris = list(&map, "post_logout_redirect_uris", Vec::new)?;
    for uri in redirect_uris.iter().chain(&post_logout_redirect_uris) {
        address(uri, native, allowed.hosts).map_err(MetadataError::RedirectUri)?;
    }
    let proof = match text(&map, "token_endpoint_auth_method", 40)? {
        None => None,
        Some(name) => {
            let known = Proof::ALL.iter().find(|(known, _)| *known == name);
            let known = known.ok_or_else(|| {
                wrong(format!("The authentication method {name} cannot be registered."))
            })?;
            Some(known.1)
        }
    };
    if proof == Some(Proof::None) && has("client_credentials") {
        return Err(wrong("A client without a secret cannot act for itself."));
    }
    if text(&map, "subject_type", 20)?.is_some_and(|kind| kind != "public") {
        return Err(wrong("The only subject type is public."));
    }
    for name in [
        "id_token_encrypted_response_alg",
        "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg",
        "request_object_encryption_alg",
    ] {
        if text(&map, name, 40)?.is_some_and(|value| value != "none") {
            return Err(wrong(format!("{name} cannot be registered.")));
        }
    }
    let scopes = text(&map, "scope", LONGEST)?.map(|text| Scopes::parse(&text));
    let web = |name: &str| -> Read<Option<String>> {
        let address = text(&map, name, LONGEST)?;
        let is_web = |text: &String| {
            Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"))
        };
        match address {
            Some(address) if !is_web(&address) => {
                Err(wrong(format!("{name} has to be an address of the web.")))
            }
            address => Ok(address),
        }
    };
    // People follow or see them: they lead to no other hosts than redirects do.
    let shown = |name: &str| -> Read<Option<String>> {
        let address = web(name)?;
        match &address {
            Some(address) if !leads_to(address, allowed.hosts) => {
                Err(wrong(format!("{name} cannot be registered: this host is not allowed here.")))
            }
            _ => Ok(address),
        }
    };
    let keys = match (some(&map, "jwks"), web("jwks_uri")?) {
        (Some(_), Some(_)) => return Err(wrong("Give jwks or jwks_uri, not both.")),
        (Some(set), None) if set.is_object() => Keys::Here(set.clone()),
        (Some(_), None) => return Err(wrong("jwks has to be a set of keys.")),
        (None, Some(address)) => Keys::At(address),
        (None, None) => Keys::None,
    };
    if let Some(proof @ (Proof::PrivateKeyJwt | Proof::OwnCertificate)) = proof
        && keys == Keys::None
    {
        return Err(wrong(format!("{} needs jwks or jwks_uri.", proof.as_str())));
    }
    let request_alg = text(&map, "request_object_signing_alg", 20)?;
    let par_required = flag(&map, "require_pushed_authorization_requests")?;
    let dpop_required = flag(&map, "dpop_bound_access_tokens")?;
    let certificate_bound = flag(&map, "tls_client_certificate_bound_access_tokens")?;
    let mut told = Map::new();
    for (name, value) in [
        ("require_pushed_authorization_requests", par_required),
        ("dpop_bound_access_tokens", dpop_required),
        ("tls_client_certificate_bound_access_tokens", certificate_bound),
    ] {
        told.extend(value.then(|| (name.to_owned(), true.into())));
    }
    match &keys {
        Keys::None => {}
        Keys::Here(set) => drop(told.insert("jwks".to_owned(), set.clone())),
        Keys::At(address) => drop(told.insert("jwks_uri".to_owned(), address.clone().into())),
    }
    let algorithm = request_alg.clone();
    told.extend(algorithm.map(|alg| ("request_object_signing_alg".to_owned(), alg.into())));
    for name in TOLD {
        let value = if name.ends_with("_uri") { shown(name)? } else { text(&map, name, LONGEST)? };
        told.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    let signing_alg = text(&map, "id_token_signed_response_alg", 20)?;
    let method = proof.unwrap_or(Proof::SecretBasic).as_str();
    told.insert("token_endpoint_auth_method".to_owned(), method.into());
    told.insert("grant_types".to_owned(), json!(grant_types));
    told.insert("response_types".to_owned(), json!(response_types));
    told.insert("redirect_uris".to_owned(), json!(redirect_uris));
    told.extend(scopes.as_ref().map(|scopes| ("scope".to_owned(), scopes.to_string().into())));
    told.extend(
        signing_alg.clone().map(|alg| ("id_token_signed_response_alg".to_owned(), alg.into())),
    );
    let client_uri = shown("client_uri")?;
    told.extend(client_uri.clone().map(|address| ("client_uri".to_owned(), address.into())));
    let contacts = list(&map, "contacts", Vec::new)?;
    if !contacts.is_empty() {
        told.insert("contacts".to_owned(), json!(contacts));
    }
    Ok(Metadata {
        name: text(&map, "client_name", LONGEST_NAME)?.unwrap_or_default(),
        client_uri,
        signing_alg,
        redirect_uris,
        post_logout_redirect_uris,
        proof,
        keys,
        request_alg,
        par_required,
        dpop_required,
        certificate_bound,
        grant_types,
        response_types,
        scopes,
        told,
    })
}

/// A member that is there; null is as good as absent.
fn some<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn text(map: &Map<String, Value>, name: &str, longest: usize) -> Read<Option<String>> {
    let Some(value) = some(map, name) else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| wrong(format!("{name} has to be a text.")))?.trim();
    if text.chars().count() > longest {
        return Err(wrong(format!("{name} is too long.")));
    }
    if text.contains(|sign: char| sign.is_control() || is_unseen(sign)) {
        return Err(wrong(format!("{name} has signs that cannot be written.")));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// Signs without a form of their own, which make a name look like another.
fn is_unseen(sign: char) -> bool {
    matches!(sign, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

fn flag(map: &Map<String, Value>, name: &str) -> Read<bool> {
    match some(map, name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| wrong(format!("{name} is true or false."))),
    }
}

fn list(
    map: &Map<String, Value>,
    name: &str,
    default: impl FnOnce() -> Vec<String>,
) -> Read<Vec<String>> {
    let Some(value) = some(map, name) else { return Ok(default()) };
    let texts = value.as_array().and_then(|list| {
        list.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    let texts = texts.ok_or_else(|| wrong(format!("{name} has to be a list of texts.")))?;
    if texts.len() > MOST_ADDRESSES || texts.iter().any(|text| text.chars().count() > LONGEST) {
        return Err(wrong(format!("{name} is too long.")));
    }
    Ok(texts)
}

/// Whether people may be sent to an address: TLS, the own machine (RFC 8252 7.3), or an app's own
/// scheme, which is a domain turned around (7.1).
fn address(uri: &str, native: bool, hosts: &[String]) -> Result<(), String> {
    let refused = |why: &str| Err(format!("{uri} cannot be registered: {why}."));
    let Ok(url) = Url::parse(uri) else { return refused("it is no address") };
    if uri.contains(['*', '\\']) || uri.contains(|sign: char| sign.is_control() || sign == ' ') {
        return refused("it has signs that no address has");
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return refused("an address to come back to has no fragment and no user name");
    }
    if redirect::is_forbidden_scheme(uri) {
        return refused("nobody can be sent there");
    }
    let host = host_of(&url);
    let loopback = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return refused("it has to be https"),
        scheme if native && scheme.contains('.') => {
            let listed = hosts.is_empty() || hosts.iter().any(|host| *host == format!("{scheme}:"));
            return if listed { Ok(()) } else { refused("this scheme is not allowed here") };
        }
        _ if native => return refused("the scheme of an app is its domain turned around"),
        _ => return refused("it has to be https"),
    }
    if is_listed(host, hosts) { Ok(()) } else { refused("this host is not allowed here") }
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

fn leads_to(address: &str, hosts: &[String]) -> bool {
    Url::parse(address).is_ok_and(|url| is_listed(host_of(&url), hosts))
}

/// Whether the settings allow a host; without a list, any.
fn is_listed(host: &str, hosts: &[String]) -> bool {
    hosts.is_empty() || hosts.iter().any(|allowed| matches(allowed, host))
}

/// `*.example.org` are the hosts below `example.org`.
fn matches(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix("*.") {
        Some(domain) => {
            host.strip_suffix(domain).is_some_and(|label| label.len() > 1 && label.ends_with('.'))
        }
        None => allowed.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Allowed<'static> = Allowed { hosts: &[], vouched: false };

    fn body(more: &Value) -> Vec<u8> {
        let mut all = json!({"redirect_uris": ["https://app.example.org/cb"]});
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.to_string().into_bytes()
    }

    #[test]
    fn a_client_that_says_little_gets_the_defaults_of_the_standard() {
        let read = read(&body(&json!({"client_name": " Wiki ", "zzz": 1, "scope": null})), ANY);
        let metadata = read.unwrap();
        assert_eq!((metadata.proof, &metadata.keys), (None, &Keys::None));
        assert_eq!(metadata.grant_types, ["authorization_code"]);
        assert_eq!(metadata.response_types, ["code"]);
        assert_eq!((metadata.name.as_str(), metadata.scopes), ("Wiki", None));
        assert_eq!(metadata.told["token_endpoint_auth_method"], "client_secret_basic");
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_its_name() {
        let rows = [
            (json!({"redirect_uris": []}), "invalid_redirect_uri"),
            (json!({"redirect_uris": null}), "invalid_redirect_uri"),
            (json!({"redirect_uris": "https://a.example"}), "invalid_client_metadata"),
            (json!({"redirect_uris": [1]}), "invalid_client_metadata"),
            (json!({"redirect_uris": vec!["https://a.example/"; 21]}), "invalid_client_metadata"),
            (json!({"client_name": 1}), "invalid_client_metadata"),
            (json!({"client_name": "x".repeat(201)}), "invalid_client_metadata"),
            (json!({"client_name": "a\u{7}b"}), "invalid_client_metadata"),
            (json!({"client_name": "\u{202E}ikiW"}), "invalid_client_metadata"),
            (json!({"grant_types": ["password"]}), "invalid_client_metadata"),
            (json!({"grant_types": ["client_credentials"]}), "invalid_client_metadata"),
            (
                json!({"grant_types": ["authorization_code"], "response_types": ["id_token"]}),
                "invalid_client_metadata",
            ),
            (
                json!({"grant_types": ["implicit"], "response_types": ["code id_token"]}),
                "invalid_client_metadata",
            ),
            (json!({"response_types": ["none"]}), "invalid_client_metadata"),
            (json!({"token_endpoint_auth_method": "zzz"}), "invalid_client_metadata"),
            (json!({"subject_type": "pairwise"}), "invalid_client_metadata"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "invalid_client_metadata"),
            (json!({"jwks": [1]}), "invalid_client_metadata"),
            (
                json!({"jwks": {"keys": []}, "jwks_uri": "https://a.example/"}),
                "invalid_client_metadata",
            ),
            (json!({"jwks_uri": "file:///etc/passwd"}), "invalid_client_metadata"),
            (json!({"dpop_bound_access_tokens": "yes"}), "invalid_client_metadata"),
            (json!({"userinfo_signed_response_alg": "RS256"}), "invalid_client_metadata"),
            (json!({"client_uri": "javascript:alert(1)"}), "invalid_client_metadata"),
            (json!({"logo_uri": "data:image/png,x"}), "invalid_client_metadata"),
            (json!({"software_statement": "a.b.c"}), "unapproved_software_statement"),
            (
                json!({"post_logout_redirect_uris": ["http://app.example.org/"]}),
                "invalid_redirect_uri",
            ),
        ];
        for (more, error) in rows {
            let found = read(&body(&more), ANY).map_err(|wrong| wrong.error());
            assert_eq!(found, Err(error), "{more}");
        }
        for wrong in ["", "[]", "1", "{", "\"x\""] {
            let found = read(wrong.as_bytes(), ANY).map_err(|wrong| wrong.error());
            assert_eq!(found, Err("invalid_client_metadata"), "{wrong}");
        }
        let vouched = Allowed { vouched: true, ..ANY };
        let machine = json!({"grant_types": ["client_credentials"], "redirect_uris": []});
        assert!(read(&body(&machine), vouched).is_ok());
        let unproven =
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"});
        assert!(read(&body(&unproven), vouched).is_err());
    }

    #[test]
    fn what_people_are_shown_leads_to_the_hosts_that_they_may_be_sent_to() {
        let hosts = ["app.example.org", "*.example.net"].map(str::to_owned);
        let allowed = Allowed { hosts: &hosts, vouched: false };
        for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri"] {
            for (address, good) in [
                ("https://app.example.org/x", true),
                ("https://a.example.net/x", true),
                ("https://evil.example/x", false),
                ("https://app.example.org.evil.example/x", false),
                ("https://app.example.org@evil.example/x", false),
            ] {
                let found = read(&body(&json!({name: address})), allowed);
                assert_eq!(found.is_ok(), good, "{name} {address}");
                assert!(read(&body(&json!({name: address})), ANY).is_ok(), "{name} {address}");
            }
        }
    }

    #[test]
    fn where_people_may_be_sent() {
        let none: [String; 0] = [];
        for good in [
            "https://app.example.org/cb",
            "https://app.example.org:8443/cb?x=1",
            "http://127.0.0.1/cb",
            "http://[::1]:8000/cb",
            "http://localhost:3000/cb",
        ] {
            assert_eq!(address(good, false, &none), Ok(()), "{good}");
        }
        for bad in [
            "",
            "app.example.org/cb",
            "http://app.example.org/cb",
            "http://127.0.0.1.example.org/cb",
            "http://localhost.example.org/cb",
            "https://*.example.org/cb",
            "https://app.example.org/cb#x",
            "https://user@app.example.org/cb",
            "https://user:pass@app.example.org/cb",
            "https://app.example.org\\@evil.example/cb",
            "https://app.example.org/a b",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "com.example.app:/cb",
            "urn:ietf:wg:oauth:2.0:oob",
        ] {
            assert!(address(bad, false, &none).is_err(), "{bad}");
        }
        assert_eq!(address("com.example.app:/cb", true, &none), Ok(()));
        assert!(address("myapp:/cb", true, &none).is_err());
        let hosts = ["app.example.org", "*.example.net", "com.example.app:"].map(str::to_owned);
        for (uri, native, good) in [
            ("https://app.example.org/cb", false, true),
            ("https://APP.example.org/cb", false, true),
            ("https://other.example.org/cb", false, false),
            ("https://a.example.net/cb", false, true),
            ("https://example.net/cb", false, false),
            ("https://evilexample.net/cb", false, false),
            ("http://localhost/cb", false, false),
            ("com.example.app:/cb", true, true),
            ("com.example.other:/cb", true, false),
        ] {
            assert_eq!(address(uri, native, &hosts).is_ok(), good, "{uri}");
        }
    }
}
