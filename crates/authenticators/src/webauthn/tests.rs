use countersign_model::{Clock as _, Entropy as _, Sealer, Timestamp};
use countersign_store::SystemEntropy;
use countersign_testing::{SoftPasskey, TestClock};
use serde_json::{Value, json};

use super::*;

const ORIGIN: &str = "https://id.example.test";
const UID: &str = "bea25cb73144fd995960fcead9efa251070ef95bd4d038da49137425c2870c0d";
const BOUND: &str = "set up/7/flow/browser";

/// A sealer that only makes codes.
struct Codes;

impl Sealer for Codes {
    fn seal(&self, plain: &str) -> String {
        plain.to_owned()
    }

    fn open(
        &self,
        sealed: &str,
    ) -> Result<countersign_model::Secret, countersign_model::SealError> {
        Ok(countersign_model::Secret::new(sealed))
    }

    fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let mut text = purpose.as_bytes().to_vec();
        text.extend(data);
        countersign_store::sha256(&hex(&text))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> Timestamp {
    TestClock::at(1_795_748_645).now()
}

fn challenge() -> Challenge {
    Challenge::new(&Codes, &SystemEntropy, now(), BOUND)
}

fn party() -> RelyingParty {
    RelyingParty::new("authentik", ORIGIN).unwrap()
}

fn registration<'a>(party: &'a RelyingParty, known: &'a [Passkey]) -> Registration<'a> {
    Registration {
        party,
        uid: UID,
        username: "wauser",
        name: "Wauser",
        verification: UserVerification::Preferred,
        attachment: None,
        resident_key: ResidentKey::Preferred,
        known,
    }
}

fn register(asked: &Registration<'_>, made: &Value) -> Result<Registered, Refused> {
    let answered = Answered::read(made)?;
    asked.check(&answered, answered.challenge(&Codes, now(), BOUND)?)
}

/// A passkey that was set up, as its row.
fn row(made: &Registered) -> Passkey {
    Passkey {
        id: 1,
        user: Ref::new(Key::Int(7)),
        name: "WebAuthn Device".to_owned(),
        confirmed: true,
        created: now(),
        last_updated: now(),
        last_used: None,
        credential_id: Some(made.credential_id.clone()),
        public_key: made.public_key.clone(),
        sign_count: made.sign_count,
        rp_id: made.rp_id.clone(),
        aaguid: made.aaguid.to_string(),
        backup_eligible: made.backup_eligible,
    }
}

fn set_up() -> (SoftPasskey, Passkey) {
    let mut soft = SoftPasskey::new(ORIGIN);
    let party = party();
    let asked = registration(&party, &[]);
    let made = soft.create(&asked.options(&challenge()));
    let made = register(&asked, &made).unwrap_or_else(|refused| panic!("{refused}"));
    (soft, row(&made))
}

#[test]
fn what_is_asked_is_what_the_original_asks() {
    let party = party();
    let asked = registration(&party, &[]);
    let mut options = asked.options(&challenge());
    assert_eq!(options["challenge"].as_str().unwrap().len(), 86, "64 bytes");
    options["challenge"] = "x".into();
    // Recorded (flows/webauthn_setup), but for the algorithms: those that are verified.
    let recorded = json!({
        "rp": {"name": "authentik", "id": "id.example.test"},
        "user": {
            "id": "YmVhMjVjYjczMTQ0ZmQ5OTU5NjBmY2VhZDllZmEyNTEwNzBlZjk1YmQ0ZDAzOGRhNDkxMzc0MjVjMjg3MGMwZA",
            "name": "wauser",
            "displayName": "Wauser",
        },
        "challenge": "x",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}],
        "timeout": 60000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "preferred", "requireResidentKey": false, "userVerification": "preferred",
        },
        "attestation": "direct",
    });
    assert_eq!(options, recorded);
    let asked = Registration {
        attachment: Some(Attachment::CrossPlatform),
        resident_key: ResidentKey::Required,
        verification: UserVerification::Discouraged,
        ..asked
    };
    let options = asked.options(&challenge());
    assert_eq!(options["hints"], json!(["security-key", "hybrid"]));
    assert_eq!(
        options["authenticatorSelection"],
        json!({
            "authenticatorAttachment": "cross-platform", "residentKey": "required",
            "requireResidentKey": true, "userVerification": "discouraged",
        })
    );
    let (_, known) = set_up();
    let id = known.credential_id.clone().unwrap();
    let known = [known];
    let options = registration(&party, &known).options(&challenge());
    assert_eq!(options["excludeCredentials"], json!([{"id": id, "type": "public-key"}]));
    let asked = Authentication {
        party: &party,
        verification: UserVerification::Preferred,
        allowed: &known,
    };
    let mut options = asked.options(&challenge());
    options["challenge"] = "x".into();
    assert_eq!(
        options,
        json!({
            "challenge": "x", "timeout": 60000, "rpId": "id.example.test",
            "allowCredentials": [{"id": id, "type": "public-key"}], "userVerification": "preferred",
        })
    );
}

#[test]
fn a_challenge_counts_for_what_it_was_made_for_and_for_five_minutes() {
    let challenge = challenge();
    let at = |seconds: i64| now().plus_seconds(seconds);
    let read = |bytes: &[u8], at, bound| Challenge::read(bytes, &Codes, at, bound).is_some();
    let bytes = challenge.bytes();
    for (seconds, counts) in
        [(0, true), (300, true), (301, false), (-1, false), (i64::MAX / 4_000_000, false)]
    {
        assert_eq!(read(bytes, at(seconds), BOUND), counts, "{seconds}");
    }
    for other in
        ["", "set up/8/flow/browser", "set up/7/flow/other", "second factor/7/flow/browser"]
    {
        assert!(!read(bytes, now(), other), "{other}");
    }
    for place in 0..64 {
        let mut forged = bytes.to_vec();
        *forged.get_mut(place).unwrap() ^= 1;
        assert!(!read(&forged, now(), BOUND), "{place}");
    }
    for short in [&[][..], &bytes[..63], &[0; 64], &[0; 65]] {
        assert!(!read(short, now(), BOUND));
    }
    let mut chance = [0u8; 64];
    SystemEntropy.fill(&mut chance);
    assert!(!read(&chance, now(), BOUND));
}

#[test]
fn a_passkey_is_made_for_this_address_and_this_question() {
    let party = party();
    let asked = registration(&party, &[]);
    let fresh = || SoftPasskey::new(ORIGIN);
    let mut good = fresh();
    good.aaguid = Uuid::from_u128(0xcb69_481e_8ff7_4039_93ec_0a27_29a1_54a8).into_bytes();
    let made = good.create(&asked.options(&challenge()));
    let registered = register(&asked, &made).unwrap();
    assert_eq!(DeviceType::of(registered.aaguid).unwrap().description(), "YubiKey 5 Series");
    assert_eq!((registered.rp_id.as_str(), registered.sign_count), ("id.example.test", 1));
    // A form sends the same as text.
    assert!(register(&asked, &made.to_string().into()).is_ok());

    let options = asked.options(&challenge());
    for origin in [
        "https://evil.test",
        "http://id.example.test",
        "https://id.example.test:8443",
        "https://www.id.example.test",
        "https://example.test",
        "",
    ] {
        let mut other = SoftPasskey::new(origin);
        assert!(register(&asked, &other.create(&options)).is_err(), "{origin}");
    }
    let mut other = fresh();
    other.rp_id = Some("evil.test".to_owned());
    assert!(matches!(register(&asked, &other.create(&options)), Err(Refused::RelyingParty)));
    let mut foreign = options.clone();
    foreign["challenge"] = "AAAA".into();
    assert!(matches!(register(&asked, &fresh().create(&foreign)), Err(Refused::Challenge)));
    // Demanded means demanded, here too.
    let strict = Registration { verification: UserVerification::Required, ..asked };
    let mut careless = fresh();
    careless.verifies = false;
    assert!(register(&strict, &careless.create(&strict.options(&challenge()))).is_err());
    assert!(register(&strict, &fresh().create(&strict.options(&challenge()))).is_ok());
    let wishes = registration(&party, &[]);
    assert!(register(&wishes, &careless.create(&wishes.options(&challenge()))).is_ok());
}

#[test]
fn what_no_browser_sends_is_refused_and_breaks_nothing() {
    let party = party();
    let asked = registration(&party, &[]);
    let mut soft = SoftPasskey::new(ORIGIN);
    let good = soft.create(&asked.options(&challenge()));
    let mut bad = vec![
        json!({}),
        json!(null),
        json!("x"),
        json!("{}"),
        json!([]),
        json!(7),
        json!({"id": "AAAA", "rawId": "AAAA", "type": "public-key",
               "response": {"clientDataJSON": "e30", "attestationObject": "o2NmbXRkbm9uZQ"}}),
    ];
    for (place, value) in [
        ("/response/clientDataJSON", json!("e30")),
        ("/response/clientDataJSON", json!("!")),
        ("/response/clientDataJSON", json!(null)),
        ("/response/attestationObject", json!("")),
        ("/response/attestationObject", json!("oA")),
        ("/response/attestationObject", json!(7)),
        ("/response", json!({})),
        ("/rawId", json!(null)),
        ("/type", json!(null)),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(place).unwrap() = value;
        bad.push(changed);
    }
    // Every cut of what is signed, and every byte of it turned over, is an error at most.
    let object = good["response"]["attestationObject"].as_str().unwrap().to_owned();
    for cut in (0..object.len()).step_by(7) {
        let mut changed = good.clone();
        changed["response"]["attestationObject"] = object.get(..cut).unwrap().into();
        bad.push(changed);
    }
    for answer in bad {
        assert!(register(&asked, &answer).is_err(), "{answer}");
    }
    assert!(register(&asked, &good).is_ok());
}

#[test]
fn a_passkey_counts_only_where_it_belongs() {
    let (mut soft, passkey) = set_up();
    let party = party();
    let allowed = std::slice::from_ref(&passkey);
    let verification = UserVerification::Preferred;
    let known = Authentication { party: &party, verification, allowed };
    let anybody = Authentication { allowed: &[], ..known };
    let check = |asked: &Authentication<'_>, soft: &SoftPasskey, passkey: &Passkey, uid: &str| {
        let answered = Answered::read(&soft.get(&asked.options(&challenge())))?;
        assert_eq!(Some(answered.credential_id()), passkey.credential_id.as_deref());
        asked.check(&answered, answered.challenge(&Codes, now(), BOUND)?, passkey, uid)
    };
    let shown = check(&known, &soft, &passkey, UID).unwrap();
    assert_eq!((shown.id, shown.sign_count), (1, 2));
    assert!(check(&anybody, &soft, &passkey, UID).is_ok());
    assert!(matches!(check(&known, &soft, &passkey, "other"), Err(Refused::Owner)));

    // Without the account that it keeps, it says only what it is.
    soft.user_handle.clear();
    assert!(check(&known, &soft, &passkey, UID).is_ok());
    assert!(matches!(check(&anybody, &soft, &passkey, UID), Err(Refused::Owner)));

    soft.verifies = false;
    assert!(check(&known, &soft, &passkey, UID).is_ok());
    let required = Authentication { verification: UserVerification::Required, ..known };
    assert!(check(&required, &soft, &passkey, UID).is_err());
    soft.verifies = true;
    assert!(check(&required, &soft, &passkey, UID).is_ok());

    // Of a passkey and its copy, the one that lags behind is refused; so is one that stops counting.
    let ahead = Passkey { sign_count: 1000, ..passkey.clone() };
    assert!(matches!(check(&known, &soft, &ahead, UID), Err(Refused::Copied)));
    soft.counter = None;
    assert!(matches!(check(&known, &soft, &passkey, UID), Err(Refused::Copied)));
    let never = Passkey { sign_count: 0, ..passkey.clone() };
    assert!(check(&known, &soft, &never, UID).is_ok());

    // Another address, another key.
    let moved = Passkey { rp_id: "old.example.test".to_owned(), ..never.clone() };
    assert!(matches!(check(&known, &soft, &moved, UID), Err(Refused::RelyingParty)));
    soft.rp_id = Some("evil.test".to_owned());
    assert!(matches!(check(&known, &soft, &never, UID), Err(Refused::RelyingParty)));
    (soft.rp_id, soft.origin) = (None, "https://evil.test".to_owned());
    assert!(check(&known, &soft, &never, UID).is_err());
    let (_, other) = set_up();
    let wrong_key = Passkey { public_key: other.public_key, ..never };
    ORIGIN.clone_into(&mut soft.origin);
    assert!(check(&known, &soft, &wrong_key, UID).is_err());
}
