//! Answers a flow in the name of whoever gave a name and a password to a protocol, as an outpost of
//! the original does: by the executor, with cookies of its own for each sign-in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use countersign_model::Secret;
use countersign_outbound::{Answer, Request};
use countersign_store::sha256;
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::api::{Api, ApiError, json as read, text};

/// The cookie of a session at the server.
const SESSION: &str = "authentik_session";
/// Stages of a flow; the original's outposts answer as many.
const MOST_STAGES: usize = 10;
/// Redirects from an answer to the next challenge.
const MOST_REDIRECTS: usize = 3;

/// Who wants to sign in.
pub(crate) struct Login<'a> {
    pub(crate) protocol: &'static str,
    pub(crate) flow: &'a str,
    pub(crate) username: &'a str,
    pub(crate) password: Secret,
    pub(crate) code: Option<Secret>,
    pub(crate) client: IpAddr,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the flow did not accept the credentials: {0}")]
    Credentials(String),
    #[error("the flow asks for {0}, which cannot be answered here")]
    Stage(String),
    #[error("a second factor is needed, and there was no code behind the password")]
    Code,
    #[error("the flow has no end")]
    Endless,
}

/// Somebody who is signed in at the server, with the cookies of the session.
pub(crate) struct Visit {
    api: Arc<Api>,
    client: IpAddr,
    cookies: BTreeMap<String, String>,
    /// When the session ends, in seconds, where the server says so.
    expires: Option<i64>,
}

/// Signs somebody in.
///
/// # Errors
/// The server does not answer.
pub(crate) async fn sign_in(
    api: &Arc<Api>,
    login: &Login<'_>,
) -> Result<Result<Visit, Refusal>, ApiError> {
    // The value of `query` is itself encoded.
    let inner = format!("goauthentik.io%2Foutpost%2F{}=true", login.protocol);
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("query", &inner).finish();
    let path = format!("flows/executor/{}/?{query}", login.flow);
    let mut visit =
        Visit { api: api.clone(), client: login.client, cookies: BTreeMap::new(), expires: None };
    let mut challenge = visit.json(Request::get(api.at(&path))).await?;
    for _ in 0..MOST_STAGES {
        let errors = challenge.get("response_errors");
        if let Some(errors) = errors.and_then(Value::as_object).filter(|all| !all.is_empty()) {
            return Ok(Err(Refusal::Credentials(words(errors))));
        }
        let component = text(&challenge, "component").to_owned();
        let mut answer = match component.as_str() {
            "xak-flow-redirect" => return Ok(Ok(visit)),
            "ak-stage-access-denied" => {
                let message = text(&challenge, "error_message").to_owned();
                return Ok(Err(Refusal::Credentials(message)));
            }
            "ak-stage-identification" => {
                json!({"uid_field": login.username, "password": login.password.expose()})
            }
            "ak-stage-password" => json!({"password": login.password.expose()}),
            "ak-stage-authenticator-validate" => match second_factor(&challenge, login) {
                Some(answer) => answer,
                None => return Ok(Err(Refusal::Code)),
            },
            "ak-stage-user-login" => json!({"remember_me": true}),
            other => return Ok(Err(Refusal::Stage(other.to_owned()))),
        };
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("component".to_owned(), component.into());
        }
        let request = Request::post_json(api.at(&path), answer.to_string().into_bytes());
        challenge = visit.json(request).await?;
    }
    Ok(Err(Refusal::Endless))
}

/// A push to a phone, if there is one that takes it; else the code.
fn second_factor(challenge: &Value, login: &Login<'_>) -> Option<Value> {
    let devices = challenge.get("device_challenges").and_then(Value::as_array)?;
    let of = |class: &str| devices.iter().rfind(|device| text(device, "device_class") == class);
    if let Some(device) = of("duo") {
        let number = text(device, "device_uid").parse::<i64>().ok()?;
        return Some(json!({"selected_challenge": device, "duo": number}));
    }
    let is_code = |device: &&Value| matches!(text(device, "device_class"), "static" | "totp");
    let (device, code) = (devices.iter().find(is_code)?, login.code.as_ref()?);
    Some(json!({"selected_challenge": device, "code": code.expose()}))
}

/// What the errors of a stage say.
fn words(errors: &serde_json::Map<String, Value>) -> String {
    let all = errors.values().filter_map(Value::as_array).flatten();
    all.map(|error| text(error, "string")).collect::<Vec<_>>().join(" ")
}

fn named(cookie: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(cookie.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(hex::encode(sha256(claims.get("sid")?.as_str()?)))
}

impl Visit {
    pub(crate) const fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// What servers call the session when they tell that it has ended: the hash of the key that its
    /// cookie, a signed token, names.
    pub(crate) fn session(&self) -> Option<String> {
        named(self.cookies.get(SESSION)?)
    }

    /// Asks with the session; redirects go on to the next challenge.
    async fn send(&mut self, mut request: Request) -> Result<Answer, ApiError> {
        for _ in 0..=MOST_REDIRECTS {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            let cookies = cookies.collect::<Vec<_>>().join("; ");
            // Both are needed for the server to believe whom the outpost asks for.
            request =
                request.header("x-authentik-outpost-token", self.api.token().expose()).and_then(
                    |request| request.header("x-authentik-remote-ip", &self.client.to_string()),
                )?;
            if !cookies.is_empty() {
                request = request.header("cookie", &cookies)?;
            }
            let answer = self.api.send(request).await?;
            for set in answer.headers.get_all(header::SET_COOKIE) {
                let Some(cookie) = set.to_str().ok().and_then(|text| Cookie::parse(text).ok())
                else {
                    continue;
                };
                if cookie.name() == SESSION {
                    self.expires =
                        cookie.expires_datetime().map(cookie::time::OffsetDateTime::unix_timestamp);
                }
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let to = answer.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
            request = Request::get(self.api.resolved(to.unwrap_or_default())?);
        }
        Err(ApiError::Nonsense("it redirects without end".to_owned()))
    }

    async fn json(&mut self, request: Request) -> Result<Value, ApiError> {
        let answer = self.send(request).await?;
        match answer.status {
            StatusCode::OK => read(&answer),
            StatusCode::NOT_FOUND => Err(ApiError::Missing("this flow".to_owned())),
            status => Err(ApiError::Nonsense(format!("the flow answers with {status}"))),
        }
    }

    /// The number of whoever is signed in; `None` where nobody is.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) async fn user(&mut self) -> Result<Option<i64>, ApiError> {
        let me = self.get("core/users/me/").await?;
        Ok(me.as_ref().and_then(|me| me.pointer("/user/pk")).and_then(Value::as_i64))
    }

    /// Asks the API in the name of whoever is signed in; `None` where that is refused.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Option<Value>, ApiError> {
        let answer = self.send(Request::get(self.api.at(path))).await?;
        match answer.status {
            StatusCode::OK => read(&answer).map(Some),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(None),
            StatusCode::NOT_FOUND => Err(ApiError::Missing(path.to_owned())),
            status => Err(ApiError::Nonsense(format!("{status} at {path}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_by_the_hash_of_its_key() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sid":"abc","iss":"authentik"}"#);
        assert_eq!(named(&format!("e30.{claims}.c2ln")), Some(hex::encode(sha256("abc"))));
        for other in ["", "abc", "e30.e30.c2ln", "e30.!.c2ln"] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
