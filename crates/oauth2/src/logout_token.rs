//! An application learns that a session has ended: by a logout token from server to server (OpenID
//! Connect Back-Channel Logout 1.0), or by an address that the browser loads (Front-Channel Logout
//! 1.0).

use axum::http::{Method, StatusCode};
use countersign_catalogue::sign_out::{
    BackChannel, Carried, Ended, FrontChannel, Outcome, SignOut,
};
use countersign_model::Choice;
use countersign_outbound::Request;
use serde_json::{Map, Value, json};
use url::Url;

use crate::jose;
use crate::kinds::OAuth2Provider;
use crate::provider::Provider;

/// How long a logout token is good: it comes at once or is made anew.
const SECONDS: i64 = 120;
/// Says what a token is, so that none is taken for another (2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const TYPE: &str = "logout+jwt";

/// How an application learns that somebody has signed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogoutMethod {
    #[choice(value = "backchannel", label = "Back-channel: this server sends a logout token")]
    Backchannel,
    #[choice(value = "frontchannel", label = "Front-channel: the browser loads the address")]
    Frontchannel,
}

impl OAuth2Provider {
    pub(crate) fn ends_sessions(&self) -> SignOut<'_> {
        match self.logout_method {
            _ if self.logout_uri.is_empty() => SignOut::Unaware,
            LogoutMethod::Backchannel => SignOut::Server(self),
            LogoutMethod::Frontchannel => SignOut::Frame(self),
        }
    }
}

impl BackChannel for OAuth2Provider {
    fn message(&self, ended: &Ended<'_>) -> Result<Request, String> {
        let provider = Provider::by_reference(ended.snapshot, ended.provider);
        let provider = provider.ok_or("the provider is gone")?;
        let keys = provider.read_keys().map_err(|error| error.to_string())?;
        let claims = claims(ended, &provider.client.id);
        let signed = jose::sign_as(TYPE, &claims, &keys.signing).map_err(|e| e.to_string())?;
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", &signed)
            .finish();
        Request::new(Method::POST, &*self.logout_uri, body.into_bytes())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .map_err(|error| error.to_string())
    }

    /// 2.8: 200 where the person is signed out, 400 where that is not possible.
    fn read(&self, _: &Ended<'_>, status: StatusCode, body: &[u8]) -> Outcome {
        if status.is_success() {
            return Outcome::Reached;
        }
        let said = serde_json::from_slice::<Value>(body).ok();
        let text = |name: &str| said.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let mut problem = format!("the application answered with {status}");
        for part in ["error", "error_description"].into_iter().filter_map(text) {
            problem = format!("{problem}: {part}");
        }
        let passes = status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        if passes { Outcome::Again(problem) } else { Outcome::Refused(problem) }
    }
}

pub(crate) fn claims(ended: &Ended<'_>, client: &str) -> Map<String, Value> {
    let (participant, now) = (ended.participant, ended.now.seconds());
    Map::from_iter([
        ("iss".to_owned(), json!(participant.issuer)),
        ("sub".to_owned(), json!(participant.subject)),
        ("aud".to_owned(), json!(client)),
        ("iat".to_owned(), json!(now)),
        ("exp".to_owned(), json!(now.saturating_add(SECONDS))),
        ("jti".to_owned(), json!(ended.id)),
        ("events".to_owned(), json!({ EVENT: {} })),
        ("sid".to_owned(), json!(participant.index)),
    ])
}

/// Whether signed claims are those of a logout token.
pub(crate) fn is_logout_token(claims: &Map<String, Value>) -> bool {
    claims.contains_key("events")
}

impl FrontChannel for OAuth2Provider {
    fn message(&self, ended: &Ended<'_>) -> Result<Carried, String> {
        let mut address = Url::parse(&self.logout_uri).map_err(|error| error.to_string())?;
        let Ended { participant, .. } = ended;
        address
            .query_pairs_mut()
            .append_pair("iss", &participant.issuer)
            .append_pair("sid", &participant.index);
        Ok(Carried::Address(address.to_string()))
    }
}
