//! Tables of attacks: where answers may be sent, and what counts as signed. Each row is one that
//! works somewhere; none may work here.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use countersign_model::Timestamp;
use serde_json::{Map, Value, json};

use crate::jose::{self, ClientAlgorithm, PublicKeys, Signed, SigningKey};
use crate::wire::assertion::Reader;
use crate::wire::dpop::tests::Holder;
use crate::wire::dpop::{self, Expected};
use crate::wire::redirect::check;
use crate::wire::{MatchingMode, Registered};

/// What is registered: mode, entry, an address that it lets in, its host and its path.
const REGISTERED: [(MatchingMode, &str, &str, &str, &str); 8] = [
    (
        MatchingMode::Strict,
        "https://app.example.test/cb",
        "https://app.example.test/cb",
        "app.example.test",
        "/cb",
    ),
    (
        MatchingMode::Strict,
        "https://app.example.test/cb?tenant=1",
        "https://app.example.test/cb?tenant=1",
        "app.example.test",
        "/cb?tenant=1",
    ),
    (
        MatchingMode::Strict,
        "https://app.example.test:8443/",
        "https://app.example.test:8443/",
        "app.example.test:8443",
        "/",
    ),
    (
        MatchingMode::Strict,
        "https://app.example.test",
        "https://app.example.test",
        "app.example.test",
        "",
    ),
    (
        MatchingMode::Regex,
        r"https://app\.example\.test/cb",
        "https://app.example.test/cb",
        "app.example.test",
        "/cb",
    ),
    (
        MatchingMode::Regex,
        r"https://.*\.example\.test/cb",
        "https://app.example.test/cb",
        "app.example.test",
        "/cb",
    ),
    (
        MatchingMode::Regex,
        r"(?i)https://[a-z]+\.example\.test(:8443)?/cb",
        "https://app.example.test/cb",
        "app.example.test",
        "/cb",
    ),
    (
        MatchingMode::Regex,
        r"(https://app\.example\.test|https://b\.example\.test)/cb",
        "https://app.example.test/cb",
        "app.example.test",
        "/cb",
    ),
];

/// `H` is the host that is registered, `P` its path.
const REDIRECTS: [&str; 58] = [
    // Another server that looks like it.
    "https://evil.testP",
    "https://H.evil.testP",
    "https://evil-HP",
    "https://evilHP",
    "https://Hevil.testP",
    "https://evil.test/HP",
    "https://evil.test?HP",
    "https://evil.test#HP",
    "https://evil.test;HP",
    "https://evil.test:443/.HP",
    "https://evil.test/https://HP",
    // User names, and what parsers take for them.
    "https://H@evil.testP",
    "https://H:x@evil.testP",
    "https://x:H@evil.testP",
    "https://evil.test@HP",
    "https://user:pass@HP",
    "https://@HP",
    r"https://evil.test\@HP",
    r"https://H\@evil.testP",
    "https://H%40evil.testP",
    "https://evil.test%00.HP",
    "https://evil.test%23.HP",
    "https://evil.test%2f.HP",
    r"https://evil.test\.HP",
    r"https:\\HP",
    r"https:/\evil.testP",
    // Slashes too few and too many.
    "https:HP",
    "https:/HP",
    "https:///HP",
    "https:////evil.testP",
    "//HP",
    "///evil.testP",
    "HP",
    // Other schemes.
    "http://HP",
    "ftp://HP",
    "xhttps://HP",
    "https//HP",
    "javascript:alert(1)//HP",
    "javascript://H/%0aalert(1)P",
    "data:text/html,https://HP",
    "view-source:https://HP",
    "blob:https://HP",
    "intent://HP#Intent;scheme=https;end",
    // Signs that some drop.
    " https://HP",
    "https://HP ",
    "\thttps://HP",
    "https://HP\n",
    "ht\ttps://HP",
    "https://H\r\nX: yP",
    "https://\u{202E}HP",
    "https://H\u{200B}P",
    "https://HP\0",
    "\u{FEFF}https://HP",
    // Something behind, or written otherwise.
    "https://HP#token",
    "https://HP/../evil",
    "https://HP%2f..",
    "https://H.P",
    "https://HP https://evil.testP",
];

#[test]
fn no_answer_goes_where_nobody_registered_it() {
    let mut cases = 0;
    for (matching_mode, entry, good, host, path) in REGISTERED {
        let registered = [Registered { matching_mode, url: entry.to_owned() }];
        assert_eq!(check(good, &registered), Ok(()), "{entry}");
        for template in REDIRECTS {
            // Letter by letter, so that a host with these letters is not looked into.
            let uri: String = template
                .chars()
                .map(|letter| match letter {
                    'H' => host.to_owned(),
                    'P' => path.to_owned(),
                    other => other.to_string(),
                })
                .collect();
            if uri == good {
                continue;
            }
            cases += 1;
            let found = check(&uri, &registered);
            // What is of the registered domain itself, as the pattern says, reaches nobody else.
            let own = matching_mode == MatchingMode::Regex && is_of_domain(&uri);
            assert!(found.is_err() || own, "{entry} lets in {uri:?}");
        }
    }
    assert!(cases >= 300, "{cases} cases");
}

/// Whether every parser would go to a host below the domain of the patterns.
fn is_of_domain(uri: &str) -> bool {
    let Ok(url) = url::Url::parse(uri) else { return false };
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https"
        && host.ends_with(".example.test")
        && url.username().is_empty()
        && url.fragment().is_none()
        && !uri.contains(['\\', '%', '@'])
        && uri.chars().all(|sign| sign.is_ascii_graphic())
}

fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Headers that make some take another key or none; `alg` is the true one.
fn headers(alg: &str, own: &Value) -> Vec<Value> {
    let mut all: Vec<Value> = [
        "none", "None", "NONE", "nOnE", "", " ", "null", "HS256", "HS384", "HS512", "hs256", "RS1",
        "RS256 ", " ES256", "es256", "ES256K", "PS384", "RSA", "ECDSA", "dir", "A128KW",
        "RSA-OAEP", "ES256\0", "Ed448",
    ]
    .into_iter()
    .map(|other| json!({"alg": other, "typ": "JWT"}))
    .collect();
    all.extend([
        json!({"typ": "JWT"}),
        json!({"alg": null}),
        json!({"alg": 1}),
        json!({"alg": [alg]}),
        json!({"alg": {"alg": alg}}),
        json!({"alg": true}),
        json!({"Alg": alg}),
        json!({"alg": alg, "crit": ["exp"]}),
        json!({"alg": alg, "crit": []}),
        json!({"alg": alg, "crit": ["b64"], "b64": false}),
        json!({"alg": alg, "crit": null}),
        json!({"alg": alg, "jwk": own}),
        json!({"alg": alg, "jku": "https://evil.test/jwks"}),
        json!({"alg": alg, "x5u": "https://evil.test/cert"}),
        json!({"alg": alg, "x5c": ["AAAA"]}),
        json!({"alg": alg, "kid": "../../../../dev/null"}),
        json!({"alg": alg, "kid": "' OR 1=1 --"}),
        json!({"alg": alg, "kid": "https://evil.test/key"}),
        json!({"alg": alg, "kid": ""}),
        json!({"alg": alg, "zip": "DEF"}),
        json!({"alg": alg, "typ": "JOSE+JSON"}),
    ]);
    all
}

/// Forms of a token, of its three parts, that are none.
fn mangled(good: &str) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let with = |bytes: &[u8]| format!("{header}.{payload}.{}", encode(bytes));
    let mut all = vec![
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}=="),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}. {payload}.{signature}"),
        good.replace('.', ".."),
        good.replace('.', ","),
        good.to_uppercase(),
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        json!({"protected": header, "payload": payload, "signature": signature}).to_string(),
        format!("{header}.{}.{signature}", encode(r#"{"sub":"root"}"#)),
        format!("{header}.{payload}A.{signature}"),
        with(&[]),
        with(&[0]),
        with(&vec![0; raw.len()]),
        with(&vec![0xff; raw.len()]),
        with(&raw[1..]),
        with(&raw[..raw.len() - 1]),
        with(&[raw.as_slice(), &[0]].concat()),
        with(&[&[0], raw.as_slice()].concat()),
        with(&raw.iter().rev().copied().collect::<Vec<_>>()),
        // ECDSA as ASN.1, of zeros.
        with(&[0x30, 6, 2, 1, 0, 2, 1, 0]),
    ];
    let (standard, padded) = (STANDARD.encode(&raw), URL_SAFE.encode(&raw));
    if standard != signature {
        all.push(format!("{header}.{payload}.{standard}"));
    }
    if padded != signature {
        all.push(format!("{header}.{payload}.{padded}"));
    }
    for at in (0..raw.len()).step_by(raw.len().div_ceil(8)) {
        let mut flipped = raw.clone();
        flipped[at] ^= 1;
        all.push(with(&flipped));
    }
    all
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("object") };
    map
}

const NOW: i64 = 1_000;
const URL: &str = "https://id.test/application/o/token/";

fn claims() -> Value {
    json!({
        "iss": "cid", "sub": "cid", "aud": "https://id.test/", "exp": NOW + 60, "iat": NOW, "nbf": NOW,
        "jti": "a", "htm": "POST", "htu": URL,
    })
}

/// Claims of an assertion or proof that somebody else, or another time, is meant by.
fn wrong_claims() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, values) in [
        (
            "iss",
            vec![
                json!("other"),
                json!(null),
                json!(["cid"]),
                json!(""),
                json!("CID"),
                json!("cid "),
            ],
        ),
        ("sub", vec![json!("other"), json!(null), json!(["cid"]), json!(""), json!("cid\0")]),
        (
            "aud",
            vec![
                json!("https://evil.test/"),
                json!(null),
                json!([]),
                json!(["https://evil.test/"]),
                json!(""),
                json!("https://id.test"),
                json!("https://id.test//"),
                json!("HTTPS://ID.TEST/"),
                json!({"https://id.test/": 1}),
                json!("https://id.test/ https://evil.test/"),
                json!("http://id.test/"),
                json!("https://id.test.evil.test/"),
                json!(1),
                json!([["https://id.test/"]]),
            ],
        ),
        (
            "exp",
            vec![
                json!(NOW),
                json!(NOW - 1),
                json!(0),
                json!(-1),
                json!(null),
                json!("1060"),
                json!([1060]),
                json!(true),
                json!(NOW + 3_601),
                json!(i64::MAX),
                json!(u64::MAX),
                json!(1e300),
                json!(-1e300),
                json!({}),
                json!(""),
            ],
        ),
        ("nbf", vec![json!(NOW + 61), json!(i64::MAX), json!("1000"), json!([]), json!(1e300)]),
        ("iat", vec![json!(NOW + 61), json!(i64::MAX), json!("1000"), json!({}), json!(1e300)]),
        (
            "jti",
            vec![
                json!(null),
                json!(""),
                json!(7),
                json!(["a"]),
                json!("x".repeat(257)),
                json!({"a": 1}),
            ],
        ),
    ] {
        all.extend(values.into_iter().map(|value| {
            let mut claims = claims();
            claims[name] = value;
            claims
        }));
    }
    all
}

fn wrong_proofs() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, values) in [
        (
            "htm",
            vec![
                json!("GET"),
                json!("post"),
                json!(""),
                json!(null),
                json!(["POST"]),
                json!("POST "),
            ],
        ),
        (
            "htu",
            vec![
                json!("https://evil.test/application/o/token/"),
                json!("http://id.test/application/o/token/"),
                json!(null),
                json!(""),
                json!("https://id.test/application/o/token"),
                json!("https://id.test/application/o/token/x"),
                json!([URL]),
                json!("https://id.test:8443/application/o/token/"),
                json!("https://id.test.evil.test/application/o/token/"),
                json!("https://id.test@evil.test/application/o/token/"),
                json!("/application/o/token/"),
            ],
        ),
        (
            "iat",
            vec![
                json!(NOW - 61),
                json!(NOW + 61),
                json!(null),
                json!("1000"),
                json!([NOW]),
                json!(1e300),
                json!(i64::MIN),
                json!(true),
            ],
        ),
        ("jti", vec![json!(null), json!(""), json!(7), json!("x".repeat(257)), json!(["a"])]),
    ] {
        all.extend(values.into_iter().map(|value| {
            let mut claims = claims();
            claims[name] = value;
            claims
        }));
    }
    all
}

#[test]
fn nothing_counts_as_signed_that_is_not() {
    let mut cases = 0;
    // Our own tokens, that come back: by a secret and by keys of each kind.
    let pem = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_pem();
    let keys = [
        SigningKey::from_secret("s3cret-s3cret-s3cret-s3cret").unwrap(),
        SigningKey::from_pem(&pem(&rcgen::PKCS_RSA_SHA256)).unwrap(),
        SigningKey::from_pem(&pem(&rcgen::PKCS_ECDSA_P256_SHA256)).unwrap(),
    ];
    for key in &keys {
        let good = jose::sign(&object(claims()), key).unwrap();
        assert!(jose::verify(&good, key).is_ok());
        let [_, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
            panic!("parts")
        };
        for header in headers(key.algorithm().as_str(), &Holder::new().jwk()) {
            let token = format!("{}.{payload}.{signature}", encode(header.to_string()));
            if token == good {
                continue;
            }
            assert!(jose::verify(&token, key).is_err(), "{header}");
            cases += 1;
        }
        for token in mangled(&good) {
            assert!(jose::verify(&token, key).is_err(), "{token}");
            cases += 1;
        }
        for other in keys.iter().filter(|other| other.algorithm() != key.algorithm()) {
            assert!(jose::verify(&good, other).is_err());
            cases += 1;
        }
    }
    // What clients sign.
    let (own, stranger) = (Holder::new(), Holder::new());
    let set = PublicKeys::parse(&object(json!({"keys": [own.jwk()]}))).unwrap();
    let verify = |token: &str| {
        Signed::parse(token).and_then(|signed| set.verify(&signed, &ClientAlgorithm::ALL))
    };
    let good = own.sign(&json!({"alg": "ES256"}), &claims());
    assert!(verify(&good).is_ok());
    for token in mangled(&good) {
        assert!(verify(&token).is_err(), "{token}");
        cases += 1;
    }
    for header in headers("ES256", &stranger.jwk()) {
        let token = stranger.sign(&header, &claims());
        assert!(verify(&token).is_err(), "{header}");
        cases += 1;
    }
    // A public key is no secret (RFC 8725 2.1).
    for secret in [own.jwk().to_string(), own.jwk()["x"].to_string(), own.thumbprint()] {
        let token =
            jose::sign(&object(claims()), &SigningKey::from_secret(&secret).unwrap()).unwrap();
        assert!(verify(&token).is_err());
        cases += 1;
    }
    // Assertions that mean somebody else, or another time.
    let audiences = ["https://id.test/"];
    let now = Timestamp::from_seconds(NOW);
    for alone in [false, true] {
        let reader = Reader { client: "cid", audiences: &audiences, alone, now };
        assert!(reader.authentication(&object(claims())).is_ok());
        for wrong in wrong_claims() {
            assert!(reader.authentication(&object(wrong.clone())).is_err(), "{wrong}");
            cases += 1;
        }
    }
    // Proofs of another request.
    let expected =
        Expected { method: "POST", url: URL, now, algorithms: &ClientAlgorithm::ALL, nonces: &[] };
    assert!(dpop::verify(&own.proof(&claims()), expected).is_ok());
    for wrong in wrong_proofs() {
        assert!(dpop::verify(&own.proof(&wrong), expected).is_err(), "{wrong}");
        cases += 1;
    }
    for token in mangled(&own.proof(&claims())) {
        assert!(dpop::verify(&token, expected).is_err(), "{token}");
        cases += 1;
    }
    assert!(cases >= 300, "{cases} cases");
}
