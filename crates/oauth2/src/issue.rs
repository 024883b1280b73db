//! Making tokens: claims, signatures, encryption. What is made here has not left the house: it is stored first and
//! answered afterwards.

use countersign_model::{Entropy, Timestamp};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::claims::Protocol;
use crate::grants::{AccessData, SignIn};
use crate::jose::{self, EncryptionError, EncryptionKey, SigningKey, TokenFault, half_hash};

/// The keys of a provider at one revision.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) signing: SigningKey,
    pub(crate) encryption: Option<EncryptionKey>,
}

/// What the tokens of one answer have in common.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    pub(crate) issuer: Option<String>,
    pub(crate) client_id: &'a str,
    pub(crate) sub: String,
    pub(crate) sign_in: &'a SignIn,
    /// Name of the session for the client.
    pub(crate) sid: Option<String>,
    /// Claims of the granted scopes; empty when the provider keeps them out of tokens.
    pub(crate) scope_claims: Map<String, Value>,
}

/// Which of the optional hashes an id token carries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hashes<'a> {
    /// The code it is issued together with.
    pub(crate) code: Option<&'a str>,
    /// The access token it is issued together with stays out of the id token.
    pub(crate) without_access_token: bool,
}

/// An access token and an id token about the same sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) access_token: String,
    pub(crate) id_token: String,
    /// What is kept of the access token.
    pub(crate) data: AccessData,
}

#[derive(Debug, Error)]
pub(crate) enum IssueError {
    #[error(transparent)]
    Sign(#[from] TokenFault),
    #[error(transparent)]
    Encrypt(#[from] EncryptionError),
}

/// # Errors
/// A key refuses its work.
pub(crate) fn pair(
    keys: &Keys,
    subject: &Subject<'_>,
    hashes: Hashes<'_>,
    now: Timestamp,
    expires: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Pair, IssueError> {
    let algorithm = keys.signing.algorithm();
    let mut protocol = Protocol {
        iss: subject.issuer.clone(),
        sub: subject.sub.clone(),
        aud: subject.client_id.to_owned(),
        exp: expires,
        iat: now,
        auth_time: subject.sign_in.auth_time,
        amr: subject.sign_in.amr.clone(),
        c_hash: hashes.code.map(|code| half_hash(code, algorithm)),
        nonce: subject.sign_in.nonce.clone(),
        at_hash: None,
        sid: subject.sid.clone(),
    };
    let access = protocol.access_token(&subject.scope_claims, entropy.token(40));
    let access_token = seal(keys, &access, entropy)?;
    if !hashes.without_access_token {
        protocol.at_hash = Some(half_hash(&access_token, algorithm));
    }
    let id_token = seal(keys, &protocol.with(&subject.scope_claims), entropy)?;
    // What introspection tells about the access token: its own claims, without the id token's hash of it.
    protocol.at_hash = None;
    let claims = protocol.with(&subject.scope_claims);
    let data = AccessData { sub: protocol.sub, nonce: protocol.nonce, claims };
    Ok(Pair { access_token, id_token, data })
}

fn seal(keys: &Keys, claims: &Map<String, Value>, entropy: &dyn Entropy) -> Result<String, IssueError> {
    let signed = jose::sign(claims, &keys.signing)?;
    Ok(match &keys.encryption {
        Some(key) => key.encrypt(&signed, entropy)?,
        None => signed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let sign_in = SignIn { auth_time: Timestamp::from_seconds(5), amr: vec!["pwd".into()], nonce: Some("n".into()) };
        let subject = Subject {
            issuer: Some("https://id/".into()),
            client_id: "cid",
            sub: "s".into(),
            sign_in: &sign_in,
            sid: Some("ab".into()),
            scope_claims: [("email".to_owned(), json!("e"))].into_iter().collect(),
        };
        let at = Timestamp::from_seconds;
        let made = pair(&keys, &subject, Hashes::default(), at(10), at(20), &Fixed).unwrap();
        let id = jose::verify(&made.id_token, &keys.signing).unwrap();
        let access = jose::verify(&made.access_token, &keys.signing).unwrap();
        assert_eq!(id["at_hash"], half_hash(&made.access_token, keys.signing.algorithm()));
        assert_eq!((&id["nonce"], &id["sid"], &id["email"], &id["exp"]), (&json!("n"), &json!("ab"), &json!("e"), &json!(20)));
        assert_eq!(access["azp"], "cid");
        assert_eq!(access["uid"].as_str().unwrap().len(), 40);
        assert!(!access.contains_key("at_hash") && !id.contains_key("azp") && !made.data.claims.contains_key("at_hash"));
        let hashes = Hashes { code: Some("the-code"), without_access_token: true };
        let made = pair(&keys, &subject, hashes, at(10), at(20), &Fixed).unwrap();
        let id = jose::verify(&made.id_token, &keys.signing).unwrap();
        assert_eq!(id["c_hash"], half_hash("the-code", keys.signing.algorithm()));
        assert!(!id.contains_key("at_hash"));
    }
}
