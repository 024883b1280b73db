//! The two ceremonies of Web Authentication: a passkey is made, and shown. What is asked is written
//! here, in the words of the original; what is answered is checked by `webauthn-rs`.
//!
//! That library makes its challenges and options itself. Ours come from the program's own randomness
//! and are part of its wire, so the library is given what it needs to check an answer and nothing
//! else: the relying party, the challenge, whether the owner has to be verified, and the passkey.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_model::{Choice, ChoiceValue as _, Sealer, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AuthenticationState, COSEAlgorithm, COSEKey, Credential, PublicKeyCredential,
    RegisterPublicKeyCredential, RegistrationState,
};

use super::Passkey;
use super::challenge::Challenge;

/// Milliseconds that a browser waits for its person.
const TIMEOUT: u32 = 60_000;
/// Bytes of a passkey's identifier (Web Authentication Level 2, 5.1).
const LONGEST_ID: usize = 1023;
/// The algorithms that the library verifies. Every authenticator has one of the two (the FIDO
/// Alliance certifies none without); the original also names some that nobody would choose before.
const ALGORITHMS: [COSEAlgorithm; 2] = [COSEAlgorithm::ES256, COSEAlgorithm::RS256];

/// Whether a passkey must check that it is its owner who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum UserVerification {
    Required,
    Preferred,
    Discouraged,
}

/// Whether a passkey must keep the account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ResidentKey {
    Discouraged,
    Preferred,
    Required,
}

/// Built in, or carried along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Attachment {
    Platform,
    #[choice(value = "cross-platform", label = "Cross Platform")]
    CrossPlatform,
}

impl Attachment {
    /// What browsers offer first (Web Authentication Level 3, section 5.8.7).
    fn hints(self) -> &'static [&'static str] {
        match self {
            Attachment::Platform => &["client-device"],
            Attachment::CrossPlatform => &["security-key", "hybrid"],
        }
    }
}

/// Who asks: this server under the name by which the browser reached it. A passkey belongs to that
/// name and is of no use at another.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    name: String,
    id: String,
    origin: Url,
}

impl RelyingParty {
    /// `None` for an origin without a host.
    #[must_use]
    pub fn new(name: &str, origin: &str) -> Option<RelyingParty> {
        let origin = Url::parse(origin).ok()?;
        let id = origin.host_str()?.to_owned();
        Some(RelyingParty { name: name.to_owned(), id, origin })
    }

    fn core(&self) -> WebauthnCore {
        let wait = std::time::Duration::from_millis(TIMEOUT.into());
        let origins = vec![self.origin.clone()];
        WebauthnCore::new_unsafe_experts_only(&self.name, &self.id, origins, wait, None, None)
    }
}

/// Why an answer does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("it is not what browsers send: {0}")]
    Unreadable(String),
    #[error("it answers no question that was asked here and now")]
    Challenge,
    #[error("it comes from a passkey of another address")]
    RelyingParty,
    #[error("it comes from a passkey of another account")]
    Owner,
    #[error("its counter went back: somebody may have a copy of this passkey")]
    Copied,
    #[error("{0}")]
    Wrong(WebauthnError),
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Refused {
        Refused::Unreadable(error.to_string())
    }
}

impl From<WebauthnError> for Refused {
    fn from(error: WebauthnError) -> Refused {
        match error {
            WebauthnError::CredentialPossibleCompromise => Refused::Copied,
            WebauthnError::InvalidRPIDHash => Refused::RelyingParty,
            other => Refused::Wrong(other),
        }
    }
}

/// What an answer says beside what is signed. The object is as browsers write it, or its text.
pub struct Answered {
    whole: Value,
    challenge: Vec<u8>,
}

impl Answered {
    /// # Errors
    /// When it is not what browsers send.
    pub fn read(given: &Value) -> Result<Answered, Refused> {
        #[derive(Deserialize)]
        struct Client {
            challenge: String,
        }
        let whole = match given {
            Value::String(text) => serde_json::from_str(text)?,
            other => other.clone(),
        };
        let missing = |what: &str| Refused::Unreadable(format!("{what} is missing"));
        let client = whole.pointer("/response/clientDataJSON").and_then(Value::as_str);
        let client = decoded(client.ok_or_else(|| missing("clientDataJSON"))?)?;
        let client: Client = serde_json::from_slice(&client)?;
        let id = whole.get("rawId").and_then(Value::as_str).ok_or_else(|| missing("rawId"))?;
        if decoded(id.trim_end_matches('='))?.len() > LONGEST_ID {
            return Err(Refused::Unreadable("rawId is too long".to_owned()));
        }
        Ok(Answered { challenge: decoded(&client.challenge)?, whole })
    }

    /// The identifier of the passkey that answers, as it is stored.
    #[must_use]
    pub fn credential_id(&self) -> &str {
        self.whole.get("rawId").and_then(Value::as_str).unwrap_or_default().trim_end_matches('=')
    }

    /// The question that this answers, if it was asked here and now.
    ///
    /// # Errors
    /// When it was not.
    pub fn challenge(
        &self,
        sealer: &dyn Sealer,
        now: Timestamp,
        bound_to: &str,
    ) -> Result<Challenge, Refused> {
        Challenge::read(&self.challenge, sealer, now, bound_to).ok_or(Refused::Challenge)
    }

    /// The account that the passkey was made for, in the words of [`Registration::uid`], where it
    /// keeps that.
    fn user_handle(&self) -> Option<String> {
        let handle = self.whole.pointer("/response/userHandle")?.as_str()?;
        String::from_utf8(decoded(handle).ok()?).ok().filter(|handle| !handle.is_empty())
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, Refused> {
    let wrong = |error: base64::DecodeError| Refused::Unreadable(error.to_string());
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(wrong)
}

/// A passkey is asked for.
pub struct Registration<'a> {
    pub party: &'a RelyingParty,
    /// 64 hexadecimal digits, that of the account.
    pub uid: &'a str,
    pub username: &'a str,
    pub name: &'a str,
    pub verification: UserVerification,
    pub attachment: Option<Attachment>,
    pub resident_key: ResidentKey,
    /// Those that the person has: no authenticator makes a second one.
    pub known: &'a [Passkey],
}

/// A passkey that was just made.
pub struct Registered {
    pub(super) credential_id: String,
    /// The key as the library writes it.
    pub(super) public_key: String,
    pub(super) sign_count: i64,
    pub(super) rp_id: String,
    pub aaguid: Uuid,
    pub(super) backup_eligible: bool,
    pub(super) challenge: Challenge,
}

impl Registration<'_> {
    /// `PublicKeyCredentialCreationOptionsJSON`.
    #[must_use]
    pub fn options(&self, challenge: &Challenge) -> Value {
        let mut selection = Map::new();
        if let Some(attachment) = self.attachment {
            selection.insert("authenticatorAttachment".to_owned(), attachment.value().into());
        }
        selection.insert("residentKey".to_owned(), self.resident_key.value().into());
        let required = self.resident_key == ResidentKey::Required;
        selection.insert("requireResidentKey".to_owned(), required.into());
        selection.insert("userVerification".to_owned(), self.verification.value().into());
        let params = ALGORITHMS.iter().map(|alg| json!({"type": "public-key", "alg": *alg as i64}));
        let name = if self.name.is_empty() { self.username } else { self.name };
        let mut options = json!({
            "rp": {"name": self.party.name, "id": self.party.id},
            "user": {"id": URL_SAFE_NO_PAD.encode(self.uid), "name": self.username, "displayName": name},
            "challenge": URL_SAFE_NO_PAD.encode(challenge.bytes()),
            "pubKeyCredParams": params.collect::<Vec<_>>(),
            "timeout": TIMEOUT,
            "excludeCredentials": descriptors(self.known),
            "authenticatorSelection": selection,
            "attestation": "direct",
        });
        if let (Some(attachment), Value::Object(map)) = (self.attachment, &mut options) {
            map.insert("hints".to_owned(), json!(attachment.hints()));
        }
        options
    }

    /// Checks what the browser made of [`Registration::options`]
    /// (Web Authentication, section 7.1).
    ///
    /// # Errors
    /// Why it does not count.
    pub fn check(&self, answered: &Answered, challenge: Challenge) -> Result<Registered, Refused> {
        let made: RegisterPublicKeyCredential = serde_json::from_value(answered.whole.clone())?;
        let state: RegistrationState = serde_json::from_value(json!({
            "policy": policy(self.verification == UserVerification::Required),
            "exclude_credentials": [],
            "challenge": URL_SAFE_NO_PAD.encode(challenge.bytes()),
            "credential_algorithms": ALGORITHMS,
            "require_resident_key": false,
            "authenticator_attachment": null,
            "extensions": {},
            "allow_synchronised_authenticators": true,
        }))?;
        let credential = self.party.core().register_credential(&made, &state, None)?;
        Ok(Registered {
            credential_id: URL_SAFE_NO_PAD.encode(&credential.cred_id),
            public_key: serde_json::to_string(&credential.cred)?,
            sign_count: credential.counter.into(),
            rp_id: self.party.id.clone(),
            aaguid: aaguid(&made.response.attestation_object)?,
            backup_eligible: credential.backup_eligible,
            challenge,
        })
    }
}

/// The make that the authenticator says it is: 16 bytes of the attested credential data (sections
/// 6.1 and 6.5.1). Said, not proved: of what attests nothing it is only a claim.
fn aaguid(attestation_object: &[u8]) -> Result<Uuid, Refused> {
    #[derive(Deserialize)]
    struct Attested<'a> {
        #[serde(rename = "authData", borrow)]
        data: &'a [u8],
    }
    const PLACE: std::ops::Range<usize> = 37..53;
    let unreadable = |why: String| Refused::Unreadable(why);
    let read = serde_cbor_2::from_slice::<Attested<'_>>(attestation_object);
    let read = read.map_err(|error| unreadable(error.to_string()))?;
    let bytes = read.data.get(PLACE).and_then(|bytes| Uuid::from_slice(bytes).ok());
    bytes.ok_or_else(|| unreadable("the AAGUID is missing".to_owned()))
}

/// A passkey is to be shown.
pub struct Authentication<'a> {
    pub party: &'a RelyingParty,
    pub verification: UserVerification,
    /// Those that count. None where it is not known yet who comes: then a passkey that keeps its
    /// account's name is asked for.
    pub allowed: &'a [Passkey],
}

/// A passkey that was just shown.
pub struct Shown {
    pub(super) id: i64,
    pub(super) sign_count: i64,
    pub(super) challenge: Challenge,
}

impl Authentication<'_> {
    /// `PublicKeyCredentialRequestOptionsJSON`.
    #[must_use]
    pub fn options(&self, challenge: &Challenge) -> Value {
        json!({
            "challenge": URL_SAFE_NO_PAD.encode(challenge.bytes()),
            "timeout": TIMEOUT,
            "rpId": self.party.id,
            "allowCredentials": descriptors(self.allowed),
            "userVerification": self.verification.value(),
        })
    }

    /// Checks what the browser made of [`Authentication::options`] with this passkey, whose account
    /// is `uid` (Web Authentication, section 7.2).
    ///
    /// # Errors
    /// Why it does not count.
    pub fn check(
        &self,
        answered: &Answered,
        challenge: Challenge,
        passkey: &Passkey,
        uid: &str,
    ) -> Result<Shown, Refused> {
        let shown: PublicKeyCredential = serde_json::from_value(answered.whole.clone())?;
        // Step 6: who was named before may leave it out, who was not has to say it.
        let is_owner = match answered.user_handle() {
            Some(handle) => handle == uid,
            None => !self.allowed.is_empty(),
        };
        if !is_owner {
            return Err(Refused::Owner);
        }
        if passkey.rp_id != self.party.id {
            return Err(Refused::RelyingParty);
        }
        let state: AuthenticationState = serde_json::from_value(json!({
            "credentials": [],
            "policy": policy(self.verification == UserVerification::Required),
            "challenge": URL_SAFE_NO_PAD.encode(challenge.bytes()),
            "appid": null,
            "allow_backup_eligible_upgrade": false,
        }))?;
        let credential = passkey.credential()?;
        let core = self.party.core();
        let result = core.authenticate_single_credential(&shown, &state, &credential)?;
        Ok(Shown { id: passkey.id, sign_count: result.counter().into(), challenge })
    }
}

/// What the library enforces of a wish: only a demand.
fn policy(required: bool) -> &'static str {
    if required { "required" } else { "discouraged" }
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    let one = |passkey: &Passkey| json!({"id": passkey.credential_id, "type": "public-key"});
    passkeys.iter().map(one).collect()
}

impl Passkey {
    /// As the library knows one. What it makes of the attestation at each use is not asked.
    fn credential(&self) -> Result<Credential, Refused> {
        let key: COSEKey = serde_json::from_str(&self.public_key)?;
        Ok(serde_json::from_value(json!({
            "cred_id": self.credential_id,
            "cred": key,
            "counter": self.sign_count,
            "transports": null,
            "user_verified": false,
            "backup_eligible": self.backup_eligible,
            "backup_state": false,
            "registration_policy": policy(false),
            "extensions": {},
            "attestation": {"data": "None", "metadata": "None"},
            "attestation_format": "none",
        }))?)
    }
}
