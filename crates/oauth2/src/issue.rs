//! Making tokens: claims, signatures, encryption. What is made here has not left the house: it is
//! stored first and answered afterwards.

use countersign_model::Entropy;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::binding::Binding;
use crate::claims::Protocol;
use crate::grants::AccessData;
use crate::jose::{self, EncryptionError, EncryptionKey, SigningKey, TokenFault, half_hash};
use crate::kinds::AccessTokenFormat;
use crate::wire::Scopes;

/// The keys of a provider at one revision.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) signing: SigningKey,
    pub(crate) encryption: Option<EncryptionKey>,
}

/// What the tokens of one answer have in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    /// Without the hash of an access token, which is only an id token's.
    pub(crate) protocol: Protocol,
    /// Claims of the granted scopes; empty when the provider keeps them out of tokens.
    pub(crate) scope_claims: Map<String, Value>,
    /// Those that were asked for by name, for the ID token alone.
    pub(crate) asked_claims: Map<String, Value>,
    /// The names of those that were asked for, for userinfo.
    pub(crate) of_userinfo: Vec<String>,
    pub(crate) access: Access,
}

/// What is an access token's alone.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) format: AccessTokenFormat,
    pub(crate) scopes: Scopes,
    /// The servers that it is for (RFC 8707); the client itself without any.
    pub(crate) resources: Vec<String>,
    /// What it is bound to.
    pub(crate) binding: Option<Binding>,
    /// It was given for another token.
    pub(crate) exchanged: Option<Exchanged>,
}

/// What a token says of the exchange that it comes from (RFC 8693 4).
#[derive(Debug, Clone)]
pub(crate) struct Exchanged {
    /// The client that asked, which is not whom the token is for.
    pub(crate) client: String,
    /// Who acts for the person.
    pub(crate) act: Option<Value>,
}

#[derive(Debug, Error)]
pub(crate) enum IssueError {
    #[error(transparent)]
    Sign(#[from] TokenFault),
    #[error(transparent)]
    Encrypt(#[from] EncryptionError),
}

/// An access token, and what is stored about it: its claims as introspection tells them.
///
/// # Errors
/// A key refuses its work.
pub(crate) fn access_token(
    keys: &Keys,
    common: &Common,
    entropy: &dyn Entropy,
) -> Result<(String, AccessData), IssueError> {
    let Common { protocol, scope_claims, access, .. } = common;
    let (mut claims, typ) = match access.format {
        AccessTokenFormat::Original => {
            (protocol.access_token(scope_claims, entropy.token(40)), "JWT")
        }
        AccessTokenFormat::Rfc9068 => {
            let scope = access.scopes.to_string();
            (protocol.rfc9068(scope_claims, scope, entropy.token(40)), "at+jwt")
        }
    };
    let mut told = protocol.with(scope_claims);
    for claims in [&mut claims, &mut told] {
        match access.resources.as_slice() {
            [] => {}
            [one] => drop(claims.insert("aud".into(), one.clone().into())),
            several => drop(claims.insert("aud".into(), several.into())),
        }
        if let Some(binding) = &access.binding {
            claims.insert("cnf".into(), binding.claim());
        }
        let act = access.exchanged.as_ref().and_then(|exchanged| exchanged.act.clone());
        claims.extend(act.map(|act| ("act".to_owned(), act)));
    }
    if let Some(exchanged) = &access.exchanged {
        for name in ["azp", "client_id"] {
            if let Some(client) = claims.get_mut(name) {
                *client = exchanged.client.clone().into();
            }
        }
    }
    let token = seal(keys, typ, &claims, entropy)?;
    let data = AccessData {
        sub: protocol.sub.clone(),
        nonce: protocol.nonce.clone(),
        claims: told,
        binding: access.binding.clone(),
        asked: common.of_userinfo.clone(),
    };
    Ok((token, data))
}

/// An id token; beside an access token it names it (OpenID Connect Core 3.2.2.9).
///
/// # Errors
/// A key refuses its work.
pub(crate) fn id_token(
    keys: &Keys,
    common: &Common,
    access_token: Option<&str>,
    entropy: &dyn Entropy,
) -> Result<String, IssueError> {
    let at_hash = access_token.map(|token| half_hash(token, keys.signing.algorithm()));
    let protocol = Protocol { at_hash, ..common.protocol.clone() };
    let mut claims = common.scope_claims.clone();
    claims.extend(common.asked_claims.clone());
    seal(keys, "JWT", &protocol.with(&claims), entropy)
}

fn seal(
    keys: &Keys,
    typ: &str,
    claims: &Map<String, Value>,
    entropy: &dyn Entropy,
) -> Result<String, IssueError> {
    let signed = jose::sign_as(typ, claims, &keys.signing)?;
    Ok(match &keys.encryption {
        Some(key) => key.encrypt(&signed, entropy)?,
        None => signed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::Timestamp;
    use serde_json::json;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    #[test]
    fn both_tokens_tell_the_same_sign_in() {
        let keys = Keys { signing: SigningKey::from_secret("s3cret").unwrap(), encryption: None };
        let at = Timestamp::from_seconds;
        let protocol = Protocol {
            iss: Some("https://id/".into()),
            sub: "s".into(),
            aud: "cid".into(),
            exp: at(20),
            iat: at(10),
            auth_time: at(5),
            acr: None,
            amr: vec!["pwd".into()],
            c_hash: None,
            nonce: Some("n".into()),
            at_hash: None,
            sid: Some("ab".into()),
        };
        let common = Common {
            protocol,
            scope_claims: [("email".to_owned(), json!("e")), ("groups".to_owned(), json!(["g"]))]
                .into_iter()
                .collect(),
            asked_claims: [("picture".to_owned(), json!("p"))].into_iter().collect(),
            of_userinfo: vec!["website".to_owned()],
            access: Access {
                format: AccessTokenFormat::Original,
                scopes: Scopes::parse("openid email"),
                resources: Vec::new(),
                binding: None,
                exchanged: None,
            },
        };
        let (token, data) = access_token(&keys, &common, &Fixed).unwrap();
        let access = jose::verify(&token, &keys.signing).unwrap();
        let id =
            jose::verify(&id_token(&keys, &common, Some(&token), &Fixed).unwrap(), &keys.signing)
                .unwrap();
        assert_eq!(id["at_hash"], half_hash(&token, keys.signing.algorithm()));
        assert_eq!(
            (&id["nonce"], &id["sid"], &id["email"], &id["exp"]),
            (&json!("n"), &json!("ab"), &json!("e"), &json!(20))
        );
        assert_eq!((&id["picture"], access.get("picture")), (&json!("p"), None));
        assert_eq!(data.asked, ["website"]);
        assert_eq!(access["azp"], "cid");
        assert_eq!(access["uid"].as_str().unwrap().len(), 40);
        assert!(
            !access.contains_key("at_hash")
                && !id.contains_key("azp")
                && !data.claims.contains_key("at_hash")
        );
        let alone =
            jose::verify(&id_token(&keys, &common, None, &Fixed).unwrap(), &keys.signing).unwrap();
        assert!(!alone.contains_key("at_hash"));

        // RFC 9068 2, RFC 8707 2, RFC 9449 6.1.
        let mut common = common;
        common.access = Access {
            format: AccessTokenFormat::Rfc9068,
            resources: vec!["https://api.test/".into()],
            binding: Some(Binding::Key("thumb".into())),
            ..common.access
        };
        let (token, data) = access_token(&keys, &common, &Fixed).unwrap();
        assert_eq!(jose::Signed::parse(&token).unwrap().header["typ"], "at+jwt");
        let claims = jose::verify(&token, &keys.signing).unwrap();
        for (name, value) in [
            ("aud", json!("https://api.test/")),
            ("client_id", json!("cid")),
            ("scope", json!("openid email")),
            ("cnf", json!({"jkt": "thumb"})),
            ("groups", json!(["g"])),
        ] {
            assert_eq!(claims[name], value, "{name}");
        }
        assert_eq!(claims["jti"].as_str().map(str::len), Some(40));
        assert!(!claims.contains_key("email") && !claims.contains_key("nonce"));
        assert_eq!(data.claims["cnf"], json!({"jkt": "thumb"}));
        assert_eq!(data.claims["email"], "e", "introspection tells what it told before");
    }
}
