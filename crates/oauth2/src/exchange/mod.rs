//! What is exchanged for tokens: the grants of the token endpoint, as a table.
//!
//! A grant is a type that reads its parameters, decides whether it gives tokens, and gives them.
//! What the endpoint, discovery and the settings of providers know of grants, they read here.

mod approved;
mod backchannel;
mod code;
mod device;
mod machine;
mod refresh;
mod token_exchange;

use std::pin::Pin;

use countersign_core::RequestInfo;
use countersign_store::Actor;
use serde_json::Value;

use crate::binding::{self, Binding};
use crate::client::Client;
use crate::decide::token::{Proof, authenticate};
use crate::provider::Provider;
use crate::service::{Internal, Service};
use crate::wire::client_auth::Credentials;
use crate::wire::{GrantType, Params, TokenError, dpop};

pub(crate) use backchannel::Backchannel;
pub(crate) use code::Code;
pub(crate) use device::Device;
pub(crate) use machine::{Credential, Machine};
pub(crate) use refresh::Refresh;
pub(crate) use token_exchange::TokenExchange;

/// How a token request ends without tokens.
#[derive(Debug)]
pub(crate) enum Failed {
    Refused(TokenError),
    Internal(Internal),
}

impl From<TokenError> for Failed {
    fn from(error: TokenError) -> Failed {
        Failed::Refused(error)
    }
}

impl<E: Into<Internal>> From<E> for Failed {
    fn from(error: E) -> Failed {
        match error.into() {
            Internal::Subject(_) => Failed::Refused(TokenError::SubjectUnclear),
            error => Failed::Internal(error),
        }
    }
}

/// One request for tokens.
pub(crate) struct Exchange<'a> {
    pub(crate) service: &'a Service,
    pub(crate) provider: &'a Provider,
    pub(crate) request: &'a RequestInfo,
    pub(crate) credentials: &'a Credentials,
    /// The client has proved itself.
    pub(crate) proven: bool,
    /// The key that tokens are to be bound to.
    pub(crate) dpop: Option<dpop::Proof>,
    /// The client, before anybody is known to act through it.
    pub(crate) actor: Actor,
}

impl Exchange<'_> {
    /// What the tokens will be bound to.
    pub(crate) fn binding(&self) -> Option<Binding> {
        self.binding_for(&self.provider.client)
    }

    /// What tokens for a client will be bound to: where it asks for a certificate, to that, whatever
    /// else is shown. Anybody has a key.
    pub(crate) fn binding_for(&self, client: &Client) -> Option<Binding> {
        let certificate = || binding::certificate(self.request).map(Binding::Certificate);
        if client.certificate_bound {
            return certificate();
        }
        match &self.dpop {
            Some(proof) => Some(Binding::Key(proof.thumbprint.clone())),
            None if self.provider.client.certificate_bound => certificate(),
            None => None,
        }
    }

    /// Whether the client has what a token is bound to; anybody has what is bound to nothing.
    pub(crate) fn proves(&self, bound: Option<&Binding>) -> bool {
        let key = self.dpop.as_ref().map(|proof| proof.thumbprint.as_str());
        bound.is_none_or(|bound| bound.is_proved(key, self.request))
    }

    /// Whether tokens will be bound as that client's have to be.
    ///
    /// # Errors
    /// The proof that is missing.
    pub(crate) fn bound_as(&self, client: &Client) -> Result<(), TokenError> {
        if client.dpop_required && self.dpop.is_none() {
            return Err(TokenError::DpopMissing);
        }
        if client.certificate_bound && self.binding_for(client).is_none() {
            return Err(TokenError::CertificateMissing);
        }
        Ok(())
    }
}

/// What can be exchanged for tokens.
pub(crate) trait Grant: Sized + Send {
    /// What it reads; each may be there once (RFC 6749 3.2).
    const PARAMETERS: &'static [&'static str];
    const PROOF: Proof = Proof::Client;
    /// What tokens will be issued for.
    type Granted: Send;

    /// # Errors
    /// The parameters mean nothing.
    fn parse(form: &Form<'_>) -> Result<Self, TokenError>;

    /// Whether there will be tokens. Nothing is used up by it.
    fn decide(
        &self,
        exchange: &Exchange<'_>,
    ) -> impl Future<Output = Result<Self::Granted, Failed>> + Send;

    /// Issues the tokens, and uses up what they are given for in the same transaction; the answer.
    fn fulfil(
        exchange: &Exchange<'_>,
        granted: Self::Granted,
    ) -> impl Future<Output = Result<Value, Failed>> + Send;
}

type Answered<'a> = Pin<Box<dyn Future<Output = Result<Value, Failed>> + Send + 'a>>;

/// A row of the table: a grant under the name that requests and settings have for it.
pub(crate) struct Row {
    pub(crate) grant: GrantType,
    parameters: &'static [&'static str],
    run: for<'a> fn(&'a Exchange<'a>, Form<'a>) -> Answered<'a>,
}

impl Row {
    const fn of<G: Grant + 'static>(grant: GrantType) -> Row {
        Row {
            grant,
            parameters: G::PARAMETERS,
            run: |exchange, form| Box::pin(run::<G>(exchange, form)),
        }
    }
}

pub(crate) static GRANTS: &[Row] = &[
    Row::of::<Code>(GrantType::AuthorizationCode),
    Row::of::<Refresh>(GrantType::RefreshToken),
    Row::of::<Machine>(GrantType::ClientCredentials),
    // Never the password of an account: an app password.
    Row::of::<Machine>(GrantType::Password),
    Row::of::<Device>(GrantType::DeviceCode),
    Row::of::<TokenExchange>(GrantType::TokenExchange),
    Row::of::<Backchannel>(GrantType::Backchannel),
];

async fn run<G: Grant>(exchange: &Exchange<'_>, form: Form<'_>) -> Result<Value, Failed> {
    let grant = G::parse(&form)?;
    let client = &exchange.provider.client;
    authenticate(client, exchange.proven, G::PROOF)?;
    exchange.bound_as(client)?;
    let granted = grant.decide(exchange).await?;
    if let Some(proof) = &exchange.dpop {
        exchange.service.spend_proof(proof).await?.map_err(TokenError::Dpop)?;
    }
    G::fulfil(exchange, granted).await
}

/// Answers a request for tokens.
///
/// # Errors
/// There are none, for the reason given.
pub(crate) async fn exchange(exchange: &Exchange<'_>, params: &Params) -> Result<Value, Failed> {
    let row = find(params)?;
    let form = Form::of(row.grant, row.parameters, params)?;
    if !exchange.provider.client.allows(row.grant) {
        return Err(TokenError::GrantTypeForbidden.into());
    }
    (row.run)(exchange, form).await
}

fn find(params: &Params) -> Result<&'static Row, TokenError> {
    let name = params.one("grant_type").map_err(|_| TokenError::RequestMalformed)?;
    GRANTS.iter().find(|row| row.grant.as_str() == name).ok_or(TokenError::GrantTypeUnknown)
}

/// The parameters of a grant, each of which is there at most once.
pub(crate) struct Form<'a> {
    pub(crate) grant_type: GrantType,
    names: &'static [&'static str],
    params: &'a Params,
}

impl<'a> Form<'a> {
    /// # Errors
    /// A parameter is given twice.
    fn of(
        grant_type: GrantType,
        names: &'static [&'static str],
        params: &'a Params,
    ) -> Result<Form<'a>, TokenError> {
        for name in names {
            params.one(name).map_err(|_| TokenError::RequestMalformed)?;
        }
        Ok(Form { grant_type, names, params })
    }

    /// A parameter of the grant; empty when it is absent.
    pub(crate) fn text(&self, name: &'static str) -> &'a str {
        debug_assert!(self.names.contains(&name), "{name} is not among the grant's parameters");
        self.params.one(name).unwrap_or_default()
    }

    /// The servers that tokens are asked for: the one parameter that may be there several times
    /// (RFC 8707 2).
    pub(crate) fn resources(&self) -> Vec<String> {
        self.params.all("resource").map(str::to_owned).collect()
    }

    /// As [`Form::text`], with an empty value as `None`.
    pub(crate) fn some(&self, name: &'static str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Scopes;

    fn form<G: Grant>(params: &Params) -> Result<G, TokenError> {
        let row = find(params)?;
        G::parse(&Form::of(row.grant, G::PARAMETERS, params)?)
    }

    #[test]
    fn each_grant_reads_its_parameters() {
        let code = Params::from([
            ("grant_type", "authorization_code"),
            ("code", "c"),
            ("redirect_uri", "u"),
        ]);
        let expected = Code {
            code: "c".into(),
            redirect_uri: "u".into(),
            verifier: None,
            resources: Vec::new(),
        };
        assert_eq!(form::<Code>(&code), Ok(expected));
        let machine = Params::from([
            ("grant_type", "password"),
            ("username", "u"),
            ("password", "p"),
            ("scope", "a b"),
        ]);
        let credential = Credential::AppPassword { username: "u".into(), password: "p".into() };
        let scopes = Scopes::parse("a b");
        assert_eq!(
            form::<Machine>(&machine),
            Ok(Machine {
                grant_type: GrantType::Password,
                credential,
                scopes,
                resources: Vec::new()
            })
        );
        for unknown in [Params::default(), Params::from([("grant_type", "zzz")])] {
            assert_eq!(find(&unknown).err(), Some(TokenError::GrantTypeUnknown));
        }
        let twice = Params::from([
            ("grant_type", "refresh_token"),
            ("refresh_token", "a"),
            ("refresh_token", "b"),
        ]);
        assert_eq!(form::<Refresh>(&twice), Err(TokenError::RequestMalformed));
        let named_twice = Params::from([("grant_type", "password"), ("grant_type", "password")]);
        assert_eq!(find(&named_twice).err(), Some(TokenError::RequestMalformed));
    }

    #[test]
    fn each_grant_of_the_settings_is_one_that_is_answered() {
        let rows: Vec<GrantType> = GRANTS.iter().map(|row| row.grant).collect();
        let named = GrantType::ALL.into_iter().filter(|grant| !grant.is_direct());
        assert_eq!(rows, named.collect::<Vec<_>>());
    }
}
