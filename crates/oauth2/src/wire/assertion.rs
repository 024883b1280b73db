//! What a client signs to say who it is (RFC 7523), and what it asks for (RFC 9101): the claims of
//! both, judged.

use countersign_model::Timestamp;
use serde_json::{Map, Value};

use super::params::Params;

/// Clocks of clients may differ a little.
const SKEW_SECONDS: i64 = 60;
/// Nothing that a client signs is good for longer: its name is remembered until then.
pub const LONGEST_SECONDS: i64 = 3_600;
const LONGEST_ID: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertionFault {
    Malformed,
    /// The keys of the client cannot be had.
    KeysMissing,
    Signature,
    /// `iss` and `sub` are not the client.
    OtherClient,
    /// It is for somebody else.
    OtherAudience,
    Expired,
    NotYet,
    /// It is good for longer than an hour, or for ever.
    TooLong,
    NoId,
    /// It was used before.
    Repeated,
}

impl AssertionFault {
    pub const fn code(self) -> &'static str {
        match self {
            AssertionFault::Malformed => "oauth2.assertion.malformed",
            AssertionFault::KeysMissing => "oauth2.assertion.keys_missing",
            AssertionFault::Signature => "oauth2.assertion.signature",
            AssertionFault::OtherClient => "oauth2.assertion.other_client",
            AssertionFault::OtherAudience => "oauth2.assertion.other_audience",
            AssertionFault::Expired => "oauth2.assertion.expired",
            AssertionFault::NotYet => "oauth2.assertion.not_yet",
            AssertionFault::TooLong => "oauth2.assertion.too_long",
            AssertionFault::NoId => "oauth2.assertion.no_id",
            AssertionFault::Repeated => "oauth2.assertion.repeated",
        }
    }
}

/// Who the reader of an assertion is, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub client: &'a str,
    /// The names that this server goes by.
    pub audiences: &'a [&'a str],
    /// `aud` is one text, not a list (FAPI 2.0 5.3.2.1): nothing that was made for others as well.
    pub alone: bool,
    pub now: Timestamp,
}

impl Reader<'_> {
    /// The claims that say who a client is (RFC 7523 3): the name to be spent, and until when.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn authentication(
        &self,
        claims: &Map<String, Value>,
    ) -> Result<(String, i64), AssertionFault> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.client) || text("sub") != Some(self.client) {
            return Err(AssertionFault::OtherClient);
        }
        self.audience(claims)?;
        let left = self.times(claims)?.ok_or(AssertionFault::TooLong)?;
        let id = text("jti").filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        Ok((id.ok_or(AssertionFault::NoId)?.to_owned(), left + SKEW_SECONDS))
    }

    fn audience(&self, claims: &Map<String, Value>) -> Result<(), AssertionFault> {
        let is_own = |value: &Value| value.as_str().is_some_and(|a| self.audiences.contains(&a));
        let fits = match claims.get("aud") {
            Some(Value::Array(list)) if !self.alone => list.iter().any(is_own),
            Some(one) => is_own(one),
            None => false,
        };
        if fits { Ok(()) } else { Err(AssertionFault::OtherAudience) }
    }

    /// The seconds that it is still good for, where it ends.
    fn times(&self, claims: &Map<String, Value>) -> Result<Option<i64>, AssertionFault> {
        let now = self.now.seconds();
        let mut moments = [None; 3];
        for (moment, name) in moments.iter_mut().zip(["exp", "nbf", "iat"]) {
            *moment = match claims.get(name) {
                None => None,
                Some(value) => Some(seconds(value).ok_or(AssertionFault::Malformed)?),
            };
        }
        let [exp, nbf, iat] = moments;
        if nbf.into_iter().chain(iat).any(|at| at > now.saturating_add(SKEW_SECONDS)) {
            return Err(AssertionFault::NotYet);
        }
        let Some(exp) = exp else { return Ok(None) };
        let left = exp.saturating_sub(now);
        if left <= 0 {
            return Err(AssertionFault::Expired);
        }
        if left > LONGEST_SECONDS { Err(AssertionFault::TooLong) } else { Ok(Some(left)) }
    }

    /// The parameters of a request object, and nothing beside it (RFC 9101 6.3). `bounded`: it has
    /// to say from when to when it is good (FAPI 2.0 Message Signing 5.3.1).
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn request(
        &self,
        claims: &Map<String, Value>,
        bounded: bool,
    ) -> Result<Params, AssertionFault> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let named = text("client_id").is_none_or(|client| client == self.client);
        if text("iss") != Some(self.client) || !named {
            return Err(AssertionFault::OtherClient);
        }
        self.audience(claims)?;
        let left = self.times(claims)?;
        if bounded && (left.is_none() || !claims.contains_key("nbf")) {
            return Err(AssertionFault::TooLong);
        }
        // RFC 9101 4: an object holds no other.
        if claims.contains_key("request") || claims.contains_key("request_uri") {
            return Err(AssertionFault::Malformed);
        }
        let mut params = vec![("client_id".to_owned(), self.client.to_owned())];
        for (name, value) in claims {
            if ENVELOPE.contains(&name.as_str()) {
                continue;
            }
            match value {
                Value::Null => {}
                Value::String(text) => params.push((name.clone(), text.clone())),
                // RFC 8707 2: a parameter that may be there several times.
                Value::Array(list) if name == "resource" => {
                    let texts = list.iter().filter_map(Value::as_str);
                    params.extend(texts.map(|text| (name.clone(), text.to_owned())));
                }
                other => params.push((name.clone(), other.to_string())),
            }
        }
        // As in what is sent without an object.
        if params.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(AssertionFault::Malformed);
        }
        Ok(Params::from(params))
    }
}

/// What is about the object, and no parameter of the request.
const ENVELOPE: [&str; 8] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub", "client_id"];

/// A `NumericDate` (RFC 7519 2), of which the fraction does not matter.
fn seconds(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    value.as_i64().or_else(|| value.as_f64().map(|float| float as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWN: [&str; 2] = ["https://id.test/", "https://id.test/token/"];

    fn reader() -> Reader<'static> {
        Reader { client: "cid", audiences: &OWN, alone: false, now: Timestamp::from_seconds(1_000) }
    }

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("object") };
        map
    }

    #[test]
    fn every_wrong_assertion_is_named() {
        use AssertionFault::*;
        let good = json!({"iss": "cid", "sub": "cid", "aud": OWN[0], "exp": 1_060, "jti": "a"});
        let rows = [
            (json!({}), Ok(("a".to_owned(), 120))),
            (json!({"aud": [OWN[1], "https://other"]}), Ok(("a".to_owned(), 120))),
            (json!({"exp": 1_060.9, "iat": 1_060, "nbf": 1_000}), Ok(("a".to_owned(), 120))),
            (json!({"iss": "other"}), Err(OtherClient)),
            (json!({"sub": null}), Err(OtherClient)),
            (json!({"aud": "https://other"}), Err(OtherAudience)),
            (json!({"aud": []}), Err(OtherAudience)),
            (json!({"aud": null}), Err(OtherAudience)),
            (json!({"exp": 1_000}), Err(Expired)),
            (json!({"exp": -1}), Err(Expired)),
            (json!({"exp": "1060"}), Err(Malformed)),
            (json!({"exp": 4_601}), Err(TooLong)),
            (json!({"exp": i64::MAX}), Err(TooLong)),
            (json!({"nbf": 1_061}), Err(NotYet)),
            (json!({"iat": 1_061}), Err(NotYet)),
            (json!({"jti": ""}), Err(NoId)),
            (json!({"jti": "x".repeat(257)}), Err(NoId)),
            (json!({"jti": 7}), Err(NoId)),
        ];
        for (change, expected) in rows {
            let mut claims = map(good.clone());
            claims.extend(map(change.clone()));
            assert_eq!(reader().authentication(&claims), expected, "{change}");
        }
        let mut claims = map(good);
        claims.remove("exp");
        assert_eq!(reader().authentication(&claims), Err(TooLong));
        let alone = Reader { alone: true, ..reader() };
        let listed = json!({"iss": "cid", "sub": "cid", "aud": [OWN[0]], "exp": 1_060, "jti": "a"});
        assert_eq!(alone.authentication(&map(listed)), Err(OtherAudience));
    }

    #[test]
    fn a_request_object_is_the_whole_request() {
        let claims = json!({
            "iss": "cid", "aud": OWN[0], "exp": 1_060, "client_id": "cid", "scope": "openid",
            "max_age": 5, "resource": ["https://a", "https://b"], "claims": {"a": 1}, "state": null,
        });
        let params = reader().request(&map(claims.clone()), false).unwrap();
        assert_eq!(params.one("client_id"), Ok("cid"));
        assert_eq!(params.one("scope"), Ok("openid"));
        assert_eq!(params.one("max_age"), Ok("5"));
        assert_eq!(params.one("claims"), Ok(r#"{"a":1}"#));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["https://a", "https://b"]);
        for absent in ["iss", "aud", "exp", "state"] {
            assert_eq!(params.one(absent), Ok(""), "{absent}");
        }
        use AssertionFault::*;
        assert_eq!(reader().request(&map(claims.clone()), true), Err(TooLong), "no nbf");
        for (change, expected) in [
            (json!({"iss": "x"}), OtherClient),
            (json!({"client_id": "x"}), OtherClient),
            (json!({"aud": "x"}), OtherAudience),
            (json!({"exp": 999}), Expired),
            (json!({"request": "x"}), Malformed),
            (json!({"state": "a\0b"}), Malformed),
            (json!({"request_uri": "x"}), Malformed),
        ] {
            let mut changed = map(claims.clone());
            changed.extend(map(change.clone()));
            assert_eq!(reader().request(&changed, false), Err(expected), "{change}");
        }
    }
}
