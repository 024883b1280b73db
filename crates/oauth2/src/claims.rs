//! What tokens say: the protocol's claims, and how the claims of scope mappings join them.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use countersign_core::SessionData;
use countersign_model::{Choice, Timestamp};

use crate::wire::claims_request::AcrRequest;

/// Authentication context class of every sign-in; the original knows only this one.
pub const ACR: &str = "goauthentik.io/providers/oauth2/default";

/// With a second factor, or a passkey that has verified its owner (REFEDS MFA Profile).
pub const MFA: &str = "https://refeds.org/profile/mfa";

/// With what no other site can get hold of: a passkey (OpenID Connect Extended Authentication
/// Profile ACR Values 1.0).
pub const PHISHING_RESISTANT: &str = "phr";

/// The contexts that there are, the strongest first.
pub const CONTEXTS: [&str; 3] = [PHISHING_RESISTANT, MFA, ACR];

/// The contexts that a session's sign-in has reached.
pub fn contexts(session: &SessionData) -> &'static [&'static str] {
    let [_, lower @ ..] = &CONTEXTS;
    let [_, lowest @ ..] = lower;
    let devices = session.auth_method_args.get("mfa_devices");
    let model =
        |device: &Value| device.get("model_name").and_then(Value::as_str) == Some("webauthndevice");
    let passkey = session.auth_method == "auth_webauthn_pwl"
        || devices.and_then(Value::as_array).is_some_and(|devices| devices.iter().any(model));
    if passkey {
        &CONTEXTS
    } else if has_second_factor(session) {
        lower
    } else {
        lowest
    }
}

pub(crate) fn has_second_factor(session: &SessionData) -> bool {
    let devices = session.auth_method_args.get("mfa_devices");
    devices.is_some_and(|devices| devices.as_array().is_none_or(|list| !list.is_empty()))
}

/// What a request for contexts comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached<'a> {
    /// This is the one; `None`: none in particular was asked for.
    Context(Option<&'a str>),
    /// Not yet: signing in with more may reach one.
    NotYet,
    /// Never: none of them exists here.
    Unknown,
}

/// Compares what is asked for with what was reached.
pub fn reached<'a>(asked: &'a AcrRequest, contexts: &[&str]) -> Reached<'a> {
    let mut known = asked.values.iter().filter(|value| CONTEXTS.contains(&value.as_str()));
    if known.clone().next().is_none() {
        let demanded = asked.essential && !asked.values.is_empty();
        return if demanded { Reached::Unknown } else { Reached::Context(None) };
    }
    let met = known.find(|value| contexts.contains(&value.as_str()));
    met.map_or(Reached::NotYet, |value| Reached::Context(Some(value)))
}

/// Whether one of the contexts asked for needs more than a password.
pub fn asks_for_second_factor(asked: &AcrRequest) -> bool {
    let known = |value: &String| CONTEXTS.contains(&value.as_str());
    asked.values.iter().any(known) && !asked.values.iter().any(|value| value == ACR)
}

/// Protocol claims a mapping cannot set: clients trust them to come from the server itself.
const RESERVED: [&str; 11] =
    ["iss", "exp", "iat", "nbf", "azp", "sid", "at_hash", "c_hash", "nonce", "cnf", "act"];

/// What an access token by RFC 9068 may say of a person.
const ATTRIBUTES: [&str; 3] = ["groups", "roles", "entitlements"];

/// How the subject is named to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SubMode {
    #[choice(value = "hashed_user_id", label = "Based on the User's hashed ID")]
    HashedUserId,
    #[choice(value = "user_id", label = "Based on the User's ID")]
    UserId,
    #[choice(value = "user_uuid", label = "Based on the User's UUID")]
    UserUuid,
    #[choice(value = "user_username", label = "Based on the User's username")]
    UserUsername,
    #[choice(value = "user_email", label = "Based on the User's Email")]
    UserEmail,
    #[choice(value = "user_upn", label = "Based on the User's UPN")]
    UserUpn,
}

/// The person (or service account) a token is about.
#[derive(Debug, Clone)]
pub struct Subject {
    pub id: i64,
    pub uuid: String,
    pub username: String,
    pub email: String,
    /// `attributes.upn` of the user itself.
    pub upn: Option<String>,
    /// An account of a program: it has no address, and needs none.
    pub service: bool,
}

/// The opaque user id of an installation: stable, and the same for all clients.
pub fn hashed_user_id(user: i64, installation: &str) -> String {
    hex::encode(Sha256::digest(format!("{user}-{installation}")))
}

pub fn sub(mode: SubMode, subject: &Subject, installation: &str) -> String {
    match mode {
        SubMode::HashedUserId => hashed_user_id(subject.id, installation),
        SubMode::UserId => subject.id.to_string(),
        SubMode::UserUuid => subject.uuid.clone(),
        SubMode::UserUsername => subject.username.clone(),
        SubMode::UserEmail if subject.service && subject.email.is_empty() => {
            hashed_user_id(subject.id, installation)
        }
        SubMode::UserEmail => subject.email.clone(),
        SubMode::UserUpn => {
            subject.upn.clone().unwrap_or_else(|| hashed_user_id(subject.id, installation))
        }
    }
}

/// How the person proved who they are, in the words of RFC 8176; from the session's sign-in.
pub fn amr(session: &SessionData) -> Vec<&'static str> {
    let first = match session.auth_method.as_str() {
        "password" => Some("pwd"),
        "auth_webauthn_pwl" => Some("user"),
        _ => None,
    };
    // The original's word for a certificate, wherever its key is.
    let certificate = session.auth_method_args.get("certificate").map(|_| "sc");
    let ways: Vec<_> = first.into_iter().chain(certificate).collect();
    let mfa = (!ways.is_empty() && has_second_factor(session)).then_some("mfa");
    ways.into_iter().chain(mfa).collect()
}

/// The claims the server vouches for. Absent ones are left out of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    pub iss: Option<String>,
    pub sub: String,
    pub aud: String,
    pub exp: Timestamp,
    pub iat: Timestamp,
    pub auth_time: Timestamp,
    /// The context that was asked for and reached; `None` for that of every sign-in.
    pub acr: Option<String>,
    pub amr: Vec<String>,
    pub c_hash: Option<String>,
    pub nonce: Option<String>,
    pub at_hash: Option<String>,
    pub sid: Option<String>,
}

impl Protocol {
    /// The claims of an id token, and those that are kept for introspection.
    pub fn with(&self, scope_claims: &Map<String, Value>) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value);
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::from);
        put("iss", text(&self.iss));
        put("sub", Some(self.sub.clone().into()));
        put("aud", Some(self.aud.clone().into()));
        put("exp", Some(self.exp.seconds().into()));
        put("iat", Some(self.iat.seconds().into()));
        put("auth_time", Some(self.auth_time.seconds().into()));
        put("acr", Some(self.acr.as_deref().unwrap_or(ACR).into()));
        put("amr", (!self.amr.is_empty()).then(|| self.amr.clone().into()));
        put("c_hash", text(&self.c_hash));
        put("nonce", text(&self.nonce));
        put("at_hash", text(&self.at_hash));
        put("sid", text(&self.sid));
        for (name, value) in scope_claims {
            if !value.is_null() && !RESERVED.contains(&name.as_str()) {
                claims.insert(name.clone(), value.clone());
            }
        }
        claims
    }

    /// The claims of an access token by RFC 9068 (2.2): about the access, not about the person,
    /// but for what they may (2.2.3.1).
    pub fn rfc9068(
        &self,
        scope_claims: &Map<String, Value>,
        scope: String,
        id: String,
    ) -> Map<String, Value> {
        let about: Map<String, Value> = scope_claims
            .iter()
            .filter(|(name, _)| ATTRIBUTES.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let alone = Protocol { nonce: None, c_hash: None, at_hash: None, ..self.clone() };
        let mut claims = alone.with(&about);
        for (name, value) in
            [("client_id", &self.aud), ("azp", &self.aud), ("scope", &scope), ("jti", &id)]
        {
            claims.insert(name.into(), value.clone().into());
        }
        claims
    }

    /// The claims of an access token; `uid` makes two tokens of one second differ.
    pub fn access_token(
        &self,
        scope_claims: &Map<String, Value>,
        uid: String,
    ) -> Map<String, Value> {
        let mut claims = self.with(scope_claims);
        claims.insert("azp".into(), self.aud.clone().into());
        claims.insert("uid".into(), uid.into());
        claims
    }
}

/// Whether signed claims are those of an access token, which has the shape of an id token: no id
/// token has `azp`, and no mapping can set it.
pub fn is_access_token(claims: &Map<String, Value>) -> bool {
    claims.contains_key("azp")
}

/// Merges the result of one mapping into the claims so far: objects member by member, lists
/// appended, the rest replaced.
pub fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("object") };
        map
    }

    fn protocol() -> Protocol {
        Protocol {
            iss: Some("https://id/application/o/app/".into()),
            sub: "s".into(),
            aud: "cid".into(),
            exp: Timestamp::from_seconds(20),
            iat: Timestamp::from_seconds(10),
            auth_time: Timestamp::from_seconds(5),
            acr: None,
            amr: vec!["pwd".into()],
            c_hash: None,
            nonce: Some("n".into()),
            at_hash: None,
            sid: None,
        }
    }

    #[test]
    fn claims_come_in_the_originals_order() {
        let claims = protocol().access_token(&map(json!({"email": "e", "groups": []})), "u".into());
        let expected = json!({
            "iss": "https://id/application/o/app/", "sub": "s", "aud": "cid", "exp": 20, "iat": 10, "auth_time": 5,
            "acr": ACR, "amr": ["pwd"], "nonce": "n", "email": "e", "groups": [], "azp": "cid", "uid": "u"
        });
        assert_eq!(Value::Object(claims).to_string(), expected.to_string());
    }

    #[test]
    fn mappings_may_rename_the_subject_but_not_the_issuer() {
        let mapped = map(
            json!({"sub": "foo", "aud": ["a"], "iss": "https://evil", "exp": 9, "nonce": "x", "azp": "y", "null": null}),
        );
        let claims = protocol().access_token(&mapped, "u".into());
        assert_eq!(claims["sub"], "foo");
        assert_eq!(claims["aud"], json!(["a"]));
        assert_eq!(claims["iss"], "https://id/application/o/app/");
        assert_eq!(claims["exp"], 20);
        assert_eq!(claims["nonce"], "n");
        assert_eq!(claims["azp"], "cid");
        assert!(!claims.contains_key("null"));
    }

    #[test]
    fn mappings_are_merged_deeply() {
        let mut claims = map(json!({"a": {"x": 1, "l": [1]}, "l": ["p"], "s": 1}));
        merge(&mut claims, map(json!({"a": {"y": 2, "l": [2]}, "l": ["q"], "s": 2, "n": null})));
        assert_eq!(
            Value::Object(claims),
            json!({"a": {"x": 1, "l": [1, 2], "y": 2}, "l": ["p", "q"], "s": 2, "n": null})
        );
    }

    #[test]
    fn subject_modes() {
        let mut subject = Subject {
            id: 7,
            uuid: "u-u".into(),
            username: "bob".into(),
            email: String::new(),
            upn: None,
            service: false,
        };
        let named = |mode, subject: &Subject| sub(mode, subject, "install");
        let hashed = hex::encode(Sha256::digest(b"7-install"));
        for (mode, expected) in [
            (SubMode::HashedUserId, hashed.as_str()),
            (SubMode::UserId, "7"),
            (SubMode::UserUuid, "u-u"),
            (SubMode::UserUsername, "bob"),
            (SubMode::UserEmail, ""),
            (SubMode::UserUpn, hashed.as_str()),
        ] {
            assert_eq!(named(mode, &subject), expected, "{mode:?}");
        }
        subject.upn = Some("bob@corp".into());
        assert_eq!(named(SubMode::UserUpn, &subject), "bob@corp");
    }

    #[test]
    fn which_context_a_sign_in_has_reached() {
        let session = |method: &str, devices: Value| SessionData {
            auth_method: method.to_owned(),
            auth_method_args: json!({"mfa_devices": devices}),
            ..SessionData::default()
        };
        let totp = session("password", json!([{"model_name": "totpdevice"}]));
        let passkey = session("password", json!([{"model_name": "webauthndevice"}]));
        let passwordless = session("auth_webauthn_pwl", json!([]));
        assert_eq!(contexts(&session("password", json!([]))), [ACR]);
        assert_eq!(contexts(&totp), [MFA, ACR]);
        assert_eq!(contexts(&passkey), CONTEXTS);
        assert_eq!(contexts(&passwordless), CONTEXTS);

        let asked = |values: &[&str], essential| AcrRequest {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            essential,
        };
        let rows: [(&[&str], bool, &SessionData, Reached<'_>); 8] = [
            (&[], false, &totp, Reached::Context(None)),
            (&["1", "2"], false, &totp, Reached::Context(None)),
            (&["1", "2"], true, &totp, Reached::Unknown),
            (&[MFA], false, &totp, Reached::Context(Some(MFA))),
            (&[ACR, MFA], false, &totp, Reached::Context(Some(ACR))),
            (&["1", PHISHING_RESISTANT, MFA], true, &totp, Reached::Context(Some(MFA))),
            (&[PHISHING_RESISTANT], false, &totp, Reached::NotYet),
            (&[PHISHING_RESISTANT], true, &passkey, Reached::Context(Some(PHISHING_RESISTANT))),
        ];
        for (values, essential, session, expected) in rows {
            let asked = asked(values, essential);
            assert_eq!(reached(&asked, contexts(session)), expected, "{values:?}");
        }
        assert!(asks_for_second_factor(&asked(&[MFA], false)));
        assert!(!asks_for_second_factor(&asked(&[MFA, ACR], false)));
        assert!(!asks_for_second_factor(&asked(&["1"], true)));
    }

    #[test]
    fn authentication_methods() {
        let devices = json!({"mfa_devices": [{"pk": 1}]});
        let certificate = json!({"certificate": {"serial_number": "1"}});
        for (method, args, expected) in [
            ("password", json!({}), &["pwd"][..]),
            ("password", devices.clone(), &["pwd", "mfa"]),
            ("auth_webauthn_pwl", devices.clone(), &["user", "mfa"]),
            ("mtls", certificate.clone(), &["sc"]),
            ("password", certificate, &["pwd", "sc"]),
            ("ldap", devices, &[]),
        ] {
            let (auth_method, auth_method_args) = (method.to_owned(), args);
            let session = SessionData { auth_method, auth_method_args, ..SessionData::default() };
            assert_eq!(amr(&session), expected, "{session:?}");
        }
    }
}
