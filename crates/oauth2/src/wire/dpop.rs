//! Proofs that a client holds the private key its tokens are bound to (RFC 9449).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_model::Timestamp;
use serde_json::Value;
use subtle::ConstantTimeEq;
use url::Url;

use crate::jose::{ClientAlgorithm, PublicKey, Signed};

/// A proof is good for as long before and after the moment it names (RFC 9449 11.1).
pub const WINDOW_SECONDS: i64 = 60;
/// Until when the name of a proof is remembered.
pub const REMEMBERED_SECONDS: i64 = 2 * WINDOW_SECONDS + 1;
/// A nonce is of a stretch of time of this length, and good in the next one, too (RFC 9449 8).
pub const NONCE_SECONDS: i64 = 120;
const LONGEST_ID: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DpopFault {
    /// There is more than one in the request (RFC 9449 4.3).
    Several,
    Malformed,
    /// The key in its header is no public key that is used here.
    Key,
    Signature,
    /// It is for another method or address.
    OtherRequest,
    /// It is older or newer than the window.
    Time,
    /// It has no name, or one beyond every bound.
    NoId,
    /// It was used before.
    Repeated,
    /// It is for another access token.
    OtherToken,
    /// It has not the nonce that this server gave lately.
    Nonce,
}

impl DpopFault {
    pub const fn code(self) -> &'static str {
        match self {
            DpopFault::Several => "oauth2.dpop.several",
            DpopFault::Malformed => "oauth2.dpop.malformed",
            DpopFault::Key => "oauth2.dpop.key",
            DpopFault::Signature => "oauth2.dpop.signature",
            DpopFault::OtherRequest => "oauth2.dpop.other_request",
            DpopFault::Time => "oauth2.dpop.time",
            DpopFault::NoId => "oauth2.dpop.no_id",
            DpopFault::Repeated => "oauth2.dpop.repeated",
            DpopFault::OtherToken => "oauth2.dpop.other_token",
            DpopFault::Nonce => "oauth2.dpop.nonce",
        }
    }
}

/// The request that a proof has to be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub method: &'a str,
    /// Without query and fragment.
    pub url: &'a str,
    pub now: Timestamp,
    pub algorithms: &'a [ClientAlgorithm],
    /// One of these has to be in it, where there are any.
    pub nonces: &'a [String],
}

/// A proof whose signature and request are right. Its name is still to be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The key (RFC 7638).
    pub thumbprint: String,
    pub id: String,
    /// The hash of the access token that it goes with.
    token_hash: Option<String>,
}

impl Proof {
    /// # Errors
    /// It is for another access token, or for none (RFC 9449 4.3, 10).
    pub fn is_for(&self, token: &str) -> Result<(), DpopFault> {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let expected = URL_SAFE_NO_PAD.encode(hash.as_ref());
        let named = self.token_hash.as_deref().unwrap_or_default();
        let equal: bool = expected.as_bytes().ct_eq(named.as_bytes()).into();
        if equal { Ok(()) } else { Err(DpopFault::OtherToken) }
    }
}

/// The checks of RFC 9449 4.3, but for the name's being new.
///
/// # Errors
/// The first thing wrong.
pub fn verify(proof: &str, expected: Expected<'_>) -> Result<Proof, DpopFault> {
    let signed = Signed::parse(proof).map_err(|_| DpopFault::Malformed)?;
    if signed.header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err(DpopFault::Malformed);
    }
    let jwk = signed.header.get("jwk").ok_or(DpopFault::Key)?;
    let key = PublicKey::parse(jwk).ok().flatten().ok_or(DpopFault::Key)?;
    let claims = key.verify(&signed, expected.algorithms).map_err(|_| DpopFault::Signature)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_url = text("htu").is_some_and(|url| same_address(url, expected.url));
    if text("htm") != Some(expected.method) || !is_url {
        return Err(DpopFault::OtherRequest);
    }
    let made = claims.get("iat").and_then(Value::as_f64).ok_or(DpopFault::Time)?;
    // The fraction of a second that some clients write does not matter.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and is then outside the window"
    )]
    let age = expected.now.seconds().saturating_sub(made as i64);
    if !(-WINDOW_SECONDS..=WINDOW_SECONDS).contains(&age) {
        return Err(DpopFault::Time);
    }
    let id = text("jti").filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
    let id = id.ok_or(DpopFault::NoId)?.to_owned();
    let is_own = |nonce: &str| expected.nonces.iter().any(|own| own == nonce);
    if !expected.nonces.is_empty() && !text("nonce").is_some_and(is_own) {
        return Err(DpopFault::Nonce);
    }
    Ok(Proof { thumbprint: key.thumbprint(), id, token_hash: text("ath").map(str::to_owned) })
}

/// RFC 9449 4.3: normalized, and without query and fragment.
fn same_address(named: &str, own: &str) -> bool {
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    plain(named).is_some_and(|named| Some(named) == plain(own))
}

/// Whether a text can be the thumbprint of a key: a SHA-256 in base64url.
pub fn is_thumbprint(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    /// A client's key, and what it signs.
    pub(crate) struct Holder(EcdsaKeyPair);

    impl Holder {
        pub(crate) fn new() -> Holder {
            Holder(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        pub(crate) fn jwk(&self) -> Value {
            let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
            let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
            json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
        }

        pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
            let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", encode(header), encode(claims));
            let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
        }

        pub(crate) fn thumbprint(&self) -> String {
            PublicKey::parse(&self.jwk()).unwrap().unwrap().thumbprint()
        }

        pub(crate) fn proof(&self, claims: &Value) -> String {
            self.sign(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()}), claims)
        }
    }

    const URL: &str = "https://id.test/application/o/token/";

    #[test]
    fn every_wrong_proof_is_named() {
        let holder = Holder::new();
        let expected = Expected {
            method: "POST",
            url: URL,
            now: Timestamp::from_seconds(1_000),
            algorithms: &ClientAlgorithm::FAPI2,
            nonces: &[],
        };
        let good = json!({"jti": "a", "htm": "POST", "htu": URL, "iat": 1_000});
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let check = |claims: &Value| verify(&holder.proof(claims), expected);
        assert_eq!(check(&good).unwrap().thumbprint, holder.thumbprint());
        for (claims, fault) in [
            (with("htu", "https://ID.test:443/application/o/token/?a=1#b".into()), None),
            (with("iat", json!(940)), None),
            (with("iat", json!(1_060.7)), None),
            (with("iat", json!(939)), Some(DpopFault::Time)),
            (with("iat", json!(1_061)), Some(DpopFault::Time)),
            (with("iat", json!("1000")), Some(DpopFault::Time)),
            (with("iat", json!(-1e300)), Some(DpopFault::Time)),
            (with("htm", "GET".into()), Some(DpopFault::OtherRequest)),
            (with("htm", "post".into()), Some(DpopFault::OtherRequest)),
            (with("htu", "https://id.test/".into()), Some(DpopFault::OtherRequest)),
            (with("htu", Value::Null), Some(DpopFault::OtherRequest)),
            (with("jti", "".into()), Some(DpopFault::NoId)),
            (with("jti", "x".repeat(257).into()), Some(DpopFault::NoId)),
            (with("jti", json!(7)), Some(DpopFault::NoId)),
        ] {
            assert_eq!(check(&claims).err(), fault, "{claims}");
        }
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": holder.jwk()});
        let with = |name: &str, value: Value| {
            let mut header = header.clone();
            header[name] = value;
            header
        };
        let mut private = holder.jwk();
        private["d"] = "AQ".into();
        for (header, fault) in [
            (with("typ", "JWT".into()), DpopFault::Malformed),
            (with("crit", json!(["x"])), DpopFault::Malformed),
            (with("alg", "none".into()), DpopFault::Signature),
            (with("alg", "HS256".into()), DpopFault::Signature),
            (with("alg", "RS256".into()), DpopFault::Signature),
            (with("jwk", Holder::new().jwk()), DpopFault::Signature),
            (with("jwk", private), DpopFault::Key),
            (with("jwk", json!({"kty": "oct", "k": "AQ"})), DpopFault::Key),
            (with("jwk", Value::Null), DpopFault::Key),
        ] {
            assert_eq!(verify(&holder.sign(&header, &good), expected), Err(fault), "{header}");
        }
        for text in ["", "a", "a.b", "a.b.c", "a.b.c.d"] {
            assert_eq!(verify(text, expected), Err(DpopFault::Malformed), "{text}");
        }
    }

    #[test]
    fn a_proof_holds_a_nonce_where_one_is_wanted() {
        let holder = Holder::new();
        let nonces = ["now".to_owned(), "before".to_owned()];
        let expected = Expected {
            method: "GET",
            url: "https://id.test/",
            now: Timestamp::from_seconds(1_000),
            algorithms: &ClientAlgorithm::ALL,
            nonces: &nonces,
        };
        let good = json!({"jti": "a", "htm": "GET", "htu": "https://id.test/", "iat": 1_000});
        for (nonce, fault) in [
            (json!("now"), None),
            (json!("before"), None),
            (json!("other"), Some(DpopFault::Nonce)),
            (json!(""), Some(DpopFault::Nonce)),
            (json!(["now"]), Some(DpopFault::Nonce)),
            (Value::Null, Some(DpopFault::Nonce)),
        ] {
            let mut claims = good.clone();
            claims["nonce"] = nonce.clone();
            assert_eq!(verify(&holder.proof(&claims), expected).err(), fault, "{nonce}");
            let free = Expected { nonces: &[], ..expected };
            assert_eq!(verify(&holder.proof(&claims), free).err(), None, "{nonce}");
        }
        assert_eq!(verify(&holder.proof(&good), expected), Err(DpopFault::Nonce));
    }

    #[test]
    fn a_proof_goes_with_one_token() {
        let mut proof = Proof { thumbprint: "t".into(), id: "i".into(), token_hash: None };
        assert_eq!(proof.is_for("token"), Err(DpopFault::OtherToken));
        let hash = digest::digest(&digest::SHA256, b"token");
        proof.token_hash = Some(URL_SAFE_NO_PAD.encode(hash.as_ref()));
        assert_eq!(proof.is_for("token"), Ok(()));
        assert_eq!(proof.is_for("other"), Err(DpopFault::OtherToken));
    }
}
