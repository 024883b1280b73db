//! Input that nobody thought of: whatever comes is read or refused, what counts as signed was signed
//! so, and an address that gets an answer is of who registered it.

use std::sync::LazyLock;

use countersign_model::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::jose::{self, ClientAlgorithm, PublicKeys, Signed, SigningKey};
use crate::wire::assertion::Reader;
use crate::wire::dpop::tests::Holder;
use crate::wire::dpop::{self, Expected};
use crate::wire::redirect::{check, is_valid_pattern};
use crate::wire::{MatchingMode, Params, Registered, backchannel};

const NOW: i64 = 1_000;
const URL: &str = "https://id.test/application/o/token/";

struct Signers {
    holder: Holder,
    set: PublicKeys,
    own: Vec<SigningKey>,
    /// One of each.
    tokens: Vec<String>,
}

static SIGNERS: LazyLock<Signers> = LazyLock::new(|| {
    let pem = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_pem();
    let holder = Holder::new();
    let set = PublicKeys::parse(&object(json!({"keys": [holder.jwk()]}))).unwrap();
    let own = vec![
        SigningKey::from_secret("s3cret-s3cret-s3cret-s3cret").unwrap(),
        SigningKey::from_pem(&pem(&rcgen::PKCS_RSA_SHA256)).unwrap(),
        SigningKey::from_pem(&pem(&rcgen::PKCS_ECDSA_P256_SHA256)).unwrap(),
    ];
    let tokens = own.iter().map(|key| jose::sign(&object(claims()), key).unwrap()).collect();
    Signers { holder, set, own, tokens }
});

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn claims() -> Value {
    json!({
        "iss": "cid", "sub": "cid", "aud": "https://id.test/", "exp": NOW + 60, "nbf": NOW, "iat": NOW, "jti": "a",
        "htm": "POST", "htu": URL, "redirect_uri": "https://app.test/cb",
    })
}

/// A piece of a text is replaced, doubled or taken out.
fn changed(base: String, pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<String>(),
        2 => "[A-Za-z0-9_=.+/-]{0,3}",
    ];
    let edit = (any::<prop::sample::Index>(), 0_usize..20, piece, any::<bool>());
    prop::collection::vec(edit, 1..4).prop_map(move |edits| {
        let mut text: Vec<char> = base.chars().collect();
        for (at, length, piece, again) in edits {
            let from = at.index(text.len() + 1);
            let to = from.saturating_add(length).min(text.len());
            let cut: Vec<char> = text.splice(from..to, piece.chars()).collect();
            if again {
                let at = at.index(text.len() + 1);
                text.splice(at..at, cut);
            }
        }
        text.into_iter().collect()
    })
}

const IN_TOKENS: &[&str] =
    &["", ".", "..", "=", "A", "AA", "-", "_", "+", "/", "\n", " ", "eyJhbGciOiJub25lIn0"];
const IN_ADDRESSES: &[&str] = &[
    "",
    "/",
    "//",
    "\\",
    "@",
    "@evil.test",
    "evil.test",
    ".",
    "..",
    "/../",
    "#",
    "?",
    "%2f",
    "%2e",
    ":",
    ":8443",
    "\t",
    "\n",
    " ",
    "http:",
    "javascript:",
    "\u{2025}",
    "\u{ff0f}",
    "xn--",
    "app.example.test",
    ".evil.test",
    "&",
    ";",
    "[",
    "]",
    "\0",
];

/// Any JSON, of some depth.
fn anything() -> impl Strategy<Value = Value> {
    let names = "(kty|crv|x|y|n|e|d|k|alg|use|kid|x5c|keys|iss|sub|aud|exp|nbf|iat|jti|client_id|request|resource|[a-z]{0,6})";
    let texts = "(EC|RSA|OKP|oct|P-256|Ed25519|AQAB|ES256|none|sig|enc|cid|https://id.test/|[A-Za-z0-9_-]{0,60})";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names, inner), 0..10)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_counts_as_ours_was_signed_so(
        which in 0_usize..3,
        at in any::<prop::sample::Index>(),
        length in 0_usize..30,
        piece in prop::sample::select(IN_TOKENS),
    ) {
        let key = &SIGNERS.own[which];
        let good = &SIGNERS.tokens[which];
        let from = at.index(good.len() + 1);
        let to = from.saturating_add(length).min(good.len());
        let token = format!("{}{piece}{}", &good[..from], &good[to..]);
        if let Ok(read) = jose::verify(&token, key) {
            prop_assert_eq!(Value::Object(read), claims());
        }
        for other in SIGNERS.own.iter().filter(|other| other.algorithm() != key.algorithm()) {
            prop_assert!(jose::verify(&token, other).is_err());
        }
        let _ = (jose::unverified_audience(&token), jose::unverified_subject(&token));
    }

    #[test]
    fn what_counts_as_a_client_s_was_signed_so(
        token in changed(SIGNERS.holder.sign(&json!({"alg": "ES256"}), &claims()), IN_TOKENS)
    ) {
        let read = Signed::parse(&token)
            .and_then(|signed| SIGNERS.set.verify(&signed, &ClientAlgorithm::ALL));
        if let Ok(read) = read {
            prop_assert_eq!(Value::Object(read), claims());
        }
    }

    #[test]
    fn a_proof_that_holds_is_of_its_key_and_its_name(
        token in changed(SIGNERS.holder.proof(&claims()), IN_TOKENS)
    ) {
        let expected = Expected {
            method: "POST",
            url: URL,
            now: Timestamp::from_seconds(NOW),
            algorithms: &ClientAlgorithm::ALL,
            nonces: &[],
        };
        if let Ok(proof) = dpop::verify(&token, expected) {
            prop_assert_eq!((proof.thumbprint, proof.id), (SIGNERS.holder.thumbprint(), "a".to_owned()));
        }
    }

    #[test]
    fn any_text_is_no_token(text in any::<String>(), parts in "[A-Za-z0-9_.=-]{0,200}") {
        for text in [&text, &parts] {
            for key in &SIGNERS.own {
                prop_assert!(jose::verify(text, key).is_err());
            }
            let signed = Signed::parse(text).and_then(|s| SIGNERS.set.verify(&s, &ClientAlgorithm::ALL));
            prop_assert!(signed.is_err());
        }
    }

    #[test]
    fn any_keys_are_read_or_refused(keys in anything(), one in anything()) {
        let set = object(json!({"keys": [one, keys]}));
        if let Ok(read) = PublicKeys::parse(&set) {
            // A key that is made up has signed nothing.
            let token = SIGNERS.holder.sign(&json!({"alg": "ES256"}), &claims());
            let signed = Signed::parse(&token).unwrap();
            prop_assert!(read.verify(&signed, &ClientAlgorithm::ALL).is_err());
        }
        let _ = PublicKeys::parse(&object(set["keys"][1].clone()));
    }

    #[test]
    fn a_request_object_is_of_its_client_for_this_server_and_good_now(
        more in anything(), without in any::<prop::sample::Index>(), bounded in any::<bool>(), alone in any::<bool>()
    ) {
        let mut said = object(claims());
        let name = said.keys().nth(without.index(said.len())).cloned().unwrap_or_default();
        said.remove(&name);
        said.extend(object(more));
        let audiences = ["https://id.test/"];
        let reader = Reader { client: "cid", audiences: &audiences, alone, now: Timestamp::from_seconds(NOW) };
        if let Ok(params) = reader.request(&said, bounded) {
            prop_assert_eq!(said.get("iss"), Some(&json!("cid")));
            prop_assert_eq!(params.one("client_id"), Ok("cid"));
            prop_assert!(!said.contains_key("request") && !said.contains_key("request_uri"));
            prop_assert!(!bounded || said.contains_key("exp") && said.contains_key("nbf"));
            let own = said["aud"].to_string().contains("\"https://id.test/\"");
            prop_assert!(own && (!alone || said["aud"].is_string()));
        }
        if reader.authentication(&said).is_ok() {
            prop_assert_eq!((said.get("iss"), said.get("sub")), (Some(&json!("cid")), Some(&json!("cid"))));
            prop_assert!(said.get("jti").is_some_and(Value::is_string) && said.contains_key("exp"));
        }
    }

    #[test]
    fn an_address_that_gets_an_answer_is_of_who_registered_it(
        asked in changed("https://app.example.test/cb?tenant=1".to_owned(), IN_ADDRESSES), any in any::<String>()
    ) {
        let entry = |matching_mode, url: &str| vec![Registered { matching_mode, url: url.to_owned() }];
        let strict = entry(MatchingMode::Strict, "https://app.example.test/cb?tenant=1");
        let pattern = entry(MatchingMode::Regex, r"https://app\.example\.test/cb.*");
        for uri in [&asked, &any] {
            if check(uri, &strict).is_ok() {
                prop_assert_eq!(uri.as_str(), "https://app.example.test/cb?tenant=1");
            }
            if check(uri, &pattern).is_ok() {
                let url = url::Url::parse(uri).unwrap();
                let at = (url.scheme(), url.host_str(), url.port());
                prop_assert_eq!(at, ("https", Some("app.example.test"), None), "{}", uri);
                prop_assert!(url.username().is_empty() && url.fragment().is_none());
            }
        }
    }

    #[test]
    fn any_pattern_is_compiled_or_refused(pattern in any::<String>(), asked in any::<String>()) {
        let entry = Registered { matching_mode: MatchingMode::Regex, url: pattern.clone() };
        if !is_valid_pattern(&pattern) {
            prop_assert!(check(&asked, std::slice::from_ref(&entry)).is_err() || asked == pattern);
        }
        let _ = check(&asked, &[entry]);
    }

    #[test]
    fn any_form_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), scope in any::<String>(), hint in any::<String>(), expiry in any::<String>()) {
        let _ = Params::parse(&bytes).map(|params| backchannel::parse(&params, true));
        let pairs = [("scope", format!("openid {scope}")), ("login_hint", hint), ("requested_expiry", expiry)];
        let params = Params::from(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
        if let Ok(request) = backchannel::parse(&params, false) {
            prop_assert!((1..=backchannel::MOST_SECONDS).contains(&request.seconds));
        }
    }
}
