//! A passkey and the browser around it, in software: what a test answers the server's questions
//! with. It can do what no honest one does.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Somebody is at the device.
const PRESENT: u8 = 0x01;
/// The device checked that it is its owner.
const VERIFIED: u8 = 0x04;
/// The data of a new passkey follow.
const ATTESTED: u8 = 0x40;

/// A passkey with what its browser says.
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// What it keeps of the account; empty where it keeps nothing.
    pub user_handle: String,
    pub aaguid: [u8; 16],
    /// The page it is shown on.
    pub origin: String,
    /// Answers for this host instead of the one that asks.
    pub rp_id: Option<String>,
    pub verifies: bool,
    /// How often it was used; it does not count where this is `None`.
    pub counter: Option<AtomicU32>,
}

impl SoftPasskey {
    #[must_use]
    pub fn new(origin: &str) -> SoftPasskey {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        SoftPasskey {
            key,
            id,
            user_handle: String::new(),
            aaguid: [0; 16],
            origin: origin.to_owned(),
            rp_id: None,
            verifies: true,
            counter: Some(AtomicU32::new(0)),
        }
    }

    /// Does not count, as those that password managers keep.
    #[must_use]
    pub fn uncounted(self) -> SoftPasskey {
        SoftPasskey { counter: None, ..self }
    }

    #[must_use]
    pub fn of_make(self, aaguid: [u8; 16]) -> SoftPasskey {
        SoftPasskey { aaguid, ..self }
    }

    /// What `navigator.credentials.create` gives for these options.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user_handle = options["user"]["id"].as_str().unwrap().to_owned();
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), ATTESTED);
        data.extend(self.aaguid);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // A map in CBOR: kty 2 (EC2), alg -7 (ES256), crv 1 (P-256), x and y (RFC 9052, section 7).
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.get(1..33).unwrap());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.get(33..65).unwrap());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        let client = self.client("webauthn.create", options);
        self.answer(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
            "transports": ["internal"],
        }))
    }

    /// What `navigator.credentials.get` gives for these options.
    #[must_use]
    pub fn get(&self, options: &Value) -> Value {
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        let client = self.client("webauthn.get", options);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client).as_ref());
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let handle = Some(&self.user_handle).filter(|handle| !handle.is_empty());
        self.answer(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature),
            "userHandle": handle,
        }))
    }

    fn answer(&self, response: Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let said = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        said.to_string().into_bytes()
    }

    fn data(&self, rp_id: &str, more: u8) -> Vec<u8> {
        let rp_id = self.rp_id.as_deref().unwrap_or(rp_id);
        let count = self.counter.as_ref().map_or(0, |used| used.fetch_add(1, Ordering::SeqCst) + 1);
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | verified | more);
        data.extend(count.to_be_bytes());
        data
    }
}
