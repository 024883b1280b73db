//! Claims that an application asks for one by one (OpenID Connect Core 5.5), and the way in which
//! somebody must have signed in (3.1.2.1 `acr_values`, RFC 9470).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::errors::AuthorizeError;

/// Longer ones are no request that anybody makes.
const MOST_BYTES: usize = 8 * 1024;
const MOST_CLAIMS: usize = 64;

/// What is asked for beside the scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
    /// Only this person will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl ClaimsRequest {
    pub fn is_empty(&self) -> bool {
        *self == ClaimsRequest::default()
    }

    /// All names that are asked for.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.userinfo.iter().chain(&self.id_token).map(String::as_str)
    }
}

/// How somebody must have signed in: one of these, the one named first rather than another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcrRequest {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Nothing else will do, not even where none of them is known here.
    #[serde(default)]
    pub essential: bool,
}

#[derive(Deserialize)]
struct Members {
    #[serde(default)]
    userinfo: Option<BTreeMap<String, Option<Wanted>>>,
    #[serde(default)]
    id_token: Option<BTreeMap<String, Option<Wanted>>>,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    essential: bool,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    values: Option<Vec<Value>>,
}

impl Wanted {
    fn texts(&self) -> Vec<String> {
        let all = self.value.iter().chain(self.values.iter().flatten());
        all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }
}

/// Reads both; the parameter `claims` says more about `acr` than `acr_values` does.
///
/// # Errors
/// `claims` is not what it should be.
pub(super) fn read(
    claims: Option<&str>,
    acr_values: Option<&str>,
) -> Result<(ClaimsRequest, AcrRequest), AuthorizeError> {
    let values = acr_values.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let mut acr = AcrRequest { values, essential: false };
    let Some(text) = claims else { return Ok((ClaimsRequest::default(), acr)) };
    if text.len() > MOST_BYTES {
        return Err(AuthorizeError::ClaimsMalformed);
    }
    // A list would be read as the members in their order.
    let members: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| AuthorizeError::ClaimsMalformed)?;
    let members = Members::deserialize(Value::Object(members))
        .map_err(|_| AuthorizeError::ClaimsMalformed)?;
    let (userinfo, id_token) =
        (members.userinfo.unwrap_or_default(), members.id_token.unwrap_or_default());
    if userinfo.len() + id_token.len() > MOST_CLAIMS {
        return Err(AuthorizeError::ClaimsMalformed);
    }
    if let Some(Some(wanted)) = id_token.get("acr") {
        let texts = wanted.texts();
        if !texts.is_empty() {
            acr = AcrRequest { values: texts, essential: wanted.essential };
        }
    }
    let of_subject = |of: &BTreeMap<String, Option<Wanted>>| {
        of.get("sub")
            .and_then(|wanted| wanted.as_ref()?.value.as_ref()?.as_str().map(str::to_owned))
    };
    let subject = of_subject(&id_token).or_else(|| of_subject(&userinfo));
    // What the protocol says itself is there anyway.
    let names = |of: BTreeMap<String, Option<Wanted>>| {
        let own = ["acr", "amr", "auth_time", "sub", "iss", "aud", "exp", "iat", "nonce", "sid"];
        of.into_keys().filter(|name| !own.contains(&name.as_str())).collect()
    };
    Ok((ClaimsRequest { userinfo: names(userinfo), id_token: names(id_token), subject }, acr))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parameter_says() {
        let text = r#"{"userinfo": {"name": {"essential": true}, "email": null, "sub": {"value": "no"}},
            "id_token": {"auth_time": {"essential": true}, "picture": null, "sub": {"value": "me"},
            "acr": {"essential": true, "values": ["phr", "x"]}}, "other": {}}"#;
        let (claims, acr) = read(Some(text), Some("ignored")).unwrap();
        assert_eq!(claims.userinfo, ["email", "name"]);
        assert_eq!(claims.id_token, ["picture"]);
        assert_eq!(claims.subject.as_deref(), Some("me"));
        assert_eq!(acr, AcrRequest { values: vec!["phr".into(), "x".into()], essential: true });

        let (claims, acr) = read(None, Some(" a  b ")).unwrap();
        assert!(claims.is_empty());
        assert_eq!(acr, AcrRequest { values: vec!["a".into(), "b".into()], essential: false });
        // An `acr` without values asks for nothing in particular.
        let (_, acr) = read(Some(r#"{"id_token": {"acr": null}}"#), Some("a")).unwrap();
        assert_eq!(acr.values, ["a"]);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let long = format!(r#"{{"userinfo": {{"{}": null}}}}"#, "x".repeat(MOST_BYTES));
        let many: Vec<String> = (0..=MOST_CLAIMS).map(|n| format!(r#""c{n}": null"#)).collect();
        let many = format!(r#"{{"userinfo": {{{}}}}}"#, many.join(","));
        for text in [
            "{",
            "[]",
            "1",
            "\"x\"",
            r#"{"userinfo": 1}"#,
            r#"{"userinfo": {"a": 1}}"#,
            r#"{"id_token": {"a": {"essential": "yes"}}}"#,
            &long,
            &many,
        ] {
            assert_eq!(read(Some(text), None), Err(AuthorizeError::ClaimsMalformed), "{text:.60}");
        }
    }
}
