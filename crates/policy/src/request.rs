//! What policies and mappings are asked: about whom, on what occasion.

use std::borrow::Cow;

use countersign_catalogue::Application;
use countersign_model::{Clock, Ref, Snapshot};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::host::{Host, HostError};
use crate::subject::Subject;

/// One question to policies or mappings; expressions know it as `request`.
#[derive(Clone, Copy)]
pub struct PolicyRequest<'a> {
    pub snapshot: &'a Snapshot,
    pub clock: &'a dyn Clock,
    pub host: &'a dyn Host,
    /// Nobody for anonymous visitors.
    pub user: Option<&'a Subject>,
    pub occasion: Occasion<'a>,
    /// What is decided about: the object that the policies are bound to.
    pub target: Option<Uuid>,
    /// The policy or mapping that is asked, as events name it.
    pub name: &'a str,
}

/// Why policies or mappings are asked.
#[derive(Debug, Clone, Copy)]
pub enum Occasion<'a> {
    /// May somebody open an application? With what its protocol knows of the request.
    Application(Option<&'a ProtocolRequest<'a>>),
    /// What does a scope tell of somebody? With the application it is told to.
    Claims(Option<Ref<Application>>),
    /// May a flow be run? With the context its plan begins with.
    Flow(&'a Map<String, Value>),
    /// Is a stage wanted? With the context of the plan that is running.
    Stage(&'a Map<String, Value>),
    /// Are the answers to a prompt stage's questions good?
    PromptAnswers(&'a Map<String, Value>),
    /// What does a prompt show? With the answers so far.
    Prompt(&'a Map<String, Value>),
    /// Does an event concern a notification rule?
    Event(&'a Value),
    /// What does a webhook carry of a notification?
    Notification(&'a Value),
    /// What does a text message with a code carry? With `device`, `stage` and `token`.
    SentCode(&'a Value),
    /// What does the answer to a sign-in by RADIUS carry? With what it carries so far.
    Packet(&'a Value),
    /// What does a source say of somebody who comes by it? With the names that its protocol gives.
    SourceIdentity(&'a Map<String, Value>),
    /// An administrator tries it out, with a context of their own.
    Test(&'a Map<String, Value>),
}

/// What protocols say of a request, under the original's names.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum ProtocolRequest<'a> {
    /// At the authorization endpoint (RFC 6749, 4.1.1; RFC 7636; OpenID Connect Core 3.1.2.1).
    Authorize {
        oauth_scopes: Vec<&'a str>,
        oauth_grant_type: &'a str,
        oauth_code_challenge: Option<&'a str>,
        oauth_code_challenge_method: Option<&'a str>,
        oauth_max_age: Option<i64>,
        oauth_redirect_uri: &'a str,
        oauth_response_type: &'a str,
    },
    /// At the token endpoint, without a browser.
    Token { oauth_scopes: Vec<&'a str>, oauth_grant_type: &'a str },
}

impl<'a> Occasion<'a> {
    /// The dictionary that expressions know as `context`.
    #[must_use]
    pub fn to_context(self) -> Cow<'a, Map<String, Value>> {
        let one = |key: &str, value| Map::from_iter([(key.to_owned(), value)]);
        match self {
            Occasion::Application(None)
            | Occasion::Claims(_)
            | Occasion::SentCode(_)
            | Occasion::Packet(_) => Cow::Owned(Map::new()),
            Occasion::Application(Some(protocol)) => Cow::Owned(protocol.to_context()),
            Occasion::Flow(context)
            | Occasion::Stage(context)
            | Occasion::SourceIdentity(context)
            | Occasion::Test(context) => Cow::Borrowed(context),
            Occasion::PromptAnswers(data) => Cow::Owned(one("prompt_data", data.clone().into())),
            Occasion::Prompt(data) => Cow::Owned(one("prompt_context", data.clone().into())),
            Occasion::Event(event) => Cow::Owned(one("event", event.clone())),
            Occasion::Notification(told) => Cow::Owned(one("notification", told.clone())),
        }
    }

    /// The same occasion, with what an expression has made of its context.
    #[must_use]
    pub fn with_context(self, context: &Map<String, Value>) -> Occasion<'_> {
        if self.is_in_plan() { Occasion::Stage(context) } else { Occasion::Test(context) }
    }

    /// Whether a plan is running whose context this is.
    #[must_use]
    pub fn is_in_plan(self) -> bool {
        match self {
            Occasion::Stage(_) => true,
            Occasion::Test(context) => context.contains_key("flow_plan"),
            _ => false,
        }
    }
}

impl ProtocolRequest<'_> {
    fn to_context(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(context)) => context,
            _ => Map::new(),
        }
    }
}

impl<'a> PolicyRequest<'a> {
    /// The context with what is known of the client's place.
    ///
    /// # Errors
    /// When the host does not say.
    pub async fn context(&self) -> Result<Cow<'a, Map<String, Value>>, HostError> {
        let mut context = self.occasion.to_context();
        let place = self.host.place().await?;
        if !place.is_empty() {
            context.to_mut().extend(place);
        }
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn protocols_speak_under_the_originals_names() {
        let authorize = ProtocolRequest::Authorize {
            oauth_scopes: vec!["openid"],
            oauth_grant_type: "authorization_code",
            oauth_code_challenge: None,
            oauth_code_challenge_method: None,
            oauth_max_age: Some(5),
            oauth_redirect_uri: "https://app.example/cb",
            oauth_response_type: "code",
        };
        let context = Occasion::Application(Some(&authorize)).to_context().into_owned();
        assert_eq!(
            Value::Object(context),
            json!({
                "oauth_scopes": ["openid"], "oauth_grant_type": "authorization_code",
                "oauth_code_challenge": null, "oauth_code_challenge_method": null,
                "oauth_max_age": 5, "oauth_redirect_uri": "https://app.example/cb",
                "oauth_response_type": "code",
            })
        );
    }
}
