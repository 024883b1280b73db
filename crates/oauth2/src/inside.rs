//! The protocol for clients that run in this program, as the proxy does: they redeem codes and know
//! tokens by the functions of the endpoints, without asking themselves over HTTP.

use countersign_catalogue as catalogue;
use countersign_core::{Caller, RequestInfo};
use countersign_flow::FlowContext;
use countersign_model::{Ref, Secret, Timestamp};
use countersign_store::{Sql, StoreError, Tx};
use serde_json::{Map, Value};

use crate::exchange::{Code, Credential, Exchange, Failed, Grant, Machine};
use crate::grants::{self, AccessData, NewGrant};
use crate::jose;
use crate::provider::Provider;
use crate::routes::of_application;
use crate::service::{Internal, OAuth2, Service};
use crate::wire::client_auth::Credentials;
use crate::wire::{GrantType, TokenError};

/// The claims that an id token needs to say whose session is to end.
const HINT: [&str; 6] = ["iss", "sub", "aud", "exp", "iat", "sid"];

/// An access token that opens something now: neither it nor its session has ended, and its account
/// is active.
#[derive(Debug, Clone)]
pub struct Opened {
    pub provider: i64,
    pub user: i64,
    /// The hash of the key of the session that it came from.
    pub session: Option<[u8; 32]>,
    pub expires: Timestamp,
    /// What it says, as introspection tells it.
    pub claims: Map<String, Value>,
}

/// What a token opens at `now`; `None` where it is not, or no longer, good.
///
/// # Errors
/// The store fails.
pub fn opened(
    sql: &mut Sql<'_>,
    token: &str,
    now: Timestamp,
) -> Result<Option<Opened>, StoreError> {
    // One that is bound opens nothing without its proof (RFC 9449 7.1).
    let found = grants::find_access_token(sql, token, now)?
        .filter(|token| token.is_good(now) && token.data.binding.is_none());
    Ok(found.map(|token| Opened {
        provider: token.provider,
        user: token.user,
        session: token.session.and_then(|hash| hash.try_into().ok()),
        expires: token.expires,
        claims: token.data.claims,
    }))
}

/// An access token that was just issued.
#[derive(Debug)]
pub struct Token {
    pub value: Secret,
    pub user: i64,
    pub expires: Timestamp,
}

impl From<&NewGrant<AccessData>> for Token {
    fn from(grant: &NewGrant<AccessData>) -> Token {
        let value = Secret::new(grant.value.as_str());
        Token { value, user: grant.user, expires: grant.expires }
    }
}

/// A code as a browser brought it.
#[derive(Debug, Clone, Copy)]
pub struct Brought<'a> {
    pub code: &'a str,
    /// The address that it was sent to.
    pub to: &'a str,
    /// Of the challenge that it was asked for with (RFC 7636).
    pub verifier: &'a str,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    #[error("{}", .0.description())]
    Refused(TokenError),
    #[error("the database does not answer for the moment")]
    Away,
    #[error("{0}")]
    Broken(String),
}

impl From<Failed> for InsideError {
    fn from(failed: Failed) -> InsideError {
        match failed {
            Failed::Refused(error) => InsideError::Refused(error),
            Failed::Internal(error) => error.into(),
        }
    }
}

impl From<Internal> for InsideError {
    fn from(error: Internal) -> InsideError {
        if error.is_passing() { InsideError::Away } else { InsideError::Broken(error.to_string()) }
    }
}

/// The protocol without HTTP.
pub struct Inside(Service);

impl OAuth2 {
    /// `address` is that of this server, as tokens say it: requests come by that of a client.
    pub fn inside(&self, cx: FlowContext, address: String) -> Inside {
        Inside(self.over(cx).at(address))
    }
}

impl Inside {
    /// Exchanges a code; `keep` is stored with its token, in one transaction.
    ///
    /// # Errors
    /// The code is refused, or the store fails.
    pub async fn redeem(
        &self,
        provider: Ref<dyn catalogue::Provider>,
        brought: Brought<'_>,
        request: &RequestInfo,
        keep: impl Fn(&mut Tx<'_>, &Token) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Token, InsideError> {
        let provider = self.provider(provider)?;
        let also = move |tx: &mut Tx<'_>, grant: &NewGrant<AccessData>| keep(tx, &grant.into());
        let credentials = Credentials::default();
        let exchange = self.exchange(&provider, &credentials, request);
        let Brought { code, to, verifier } = brought;
        let code = Code {
            code: code.to_owned(),
            redirect_uri: to.to_owned(),
            verifier: Some(verifier.to_owned()),
            resources: Vec::new(),
        };
        let good = code.decide(&exchange).await?;
        Ok((&Code::redeem(&exchange, good, also).await?.access).into())
    }

    /// A token for an account that sends its name with an app password.
    ///
    /// # Errors
    /// They are refused, or the store fails.
    pub async fn app_password(
        &self,
        provider: Ref<dyn catalogue::Provider>,
        (username, password): (&str, &str),
        request: &RequestInfo,
    ) -> Result<Secret, InsideError> {
        let provider = self.provider(provider)?;
        let (username, password) = (username.to_owned(), password.to_owned());
        let machine = Machine {
            grant_type: GrantType::ClientCredentials,
            credential: Credential::AppPassword { username, password },
            scopes: provider.client.scopes.clone(),
            resources: Vec::new(),
        };
        let credentials = Credentials::default();
        let exchange = self.exchange(&provider, &credentials, request);
        let good = machine.decide(&exchange).await?;
        let answer = Machine::fulfil(&exchange, good).await?;
        let token = answer.get("access_token").and_then(Value::as_str).unwrap_or_default();
        Ok(Secret::new(token))
    }

    /// An id token that proves to the address where sessions end whose session is meant.
    ///
    /// # Errors
    /// There is no such provider, or its key does not sign.
    pub async fn logout_hint(
        &self,
        provider: Ref<dyn catalogue::Provider>,
        claims: &Map<String, Value>,
    ) -> Result<String, InsideError> {
        let provider = self.provider(provider)?;
        let keys = self.0.keys(&provider).await?;
        let named = claims.iter().filter(|(name, _)| HINT.contains(&name.as_str()));
        let named = named.map(|(name, value)| (name.clone(), value.clone())).collect();
        jose::sign(&named, &keys.signing).map_err(|fault| InsideError::Broken(fault.to_string()))
    }

    /// What the provider of an application says about itself (OpenID Connect Discovery 3).
    ///
    /// # Errors
    /// There is no such application, or the store fails.
    pub async fn published(
        &self,
        application: &str,
        request: &RequestInfo,
    ) -> Result<Value, InsideError> {
        let document = of_application(&self.0, application, self.0.origin(request)).await?;
        document.ok_or(InsideError::Refused(TokenError::ClientUnknown))
    }

    fn provider(&self, provider: Ref<dyn catalogue::Provider>) -> Result<Provider, InsideError> {
        let found = Provider::by_reference(&self.0.cx.snapshot(), provider);
        found.ok_or(InsideError::Refused(TokenError::ClientUnknown))
    }

    fn exchange<'a>(
        &'a self,
        provider: &'a Provider,
        credentials: &'a Credentials,
        request: &'a RequestInfo,
    ) -> Exchange<'a> {
        let actor = self.0.cx.actor(&Caller::nobody(), request);
        let service = &self.0;
        // Nobody but this program is asking.
        Exchange { service, provider, request, credentials, proven: true, dpop: None, actor }
    }
}
