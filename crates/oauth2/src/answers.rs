//! Answers of the authorization endpoint, as their response modes have them.

use serde_json::{Map, Value};

use crate::issue::IssueError;
use crate::jose;
use crate::provider::Provider;
use crate::service::{Internal, Service};
use crate::wire::respond::Delivery;
use crate::wire::{AuthorizeError, ReturnAddress};

impl Service {
    /// The answer to an authorization request that succeeded, as its response mode has it.
    pub(crate) async fn success(
        &self,
        provider: &Provider,
        to: &ReturnAddress,
        fields: &[(&str, String)],
    ) -> Result<Delivery, Internal> {
        if to.signed {
            self.signed_answer(provider, to, to.success_fields(fields)).await
        } else {
            Ok(to.success(fields))
        }
    }

    /// As [`Service::success`], of one that failed.
    pub(crate) async fn failure(
        &self,
        provider: &Provider,
        to: &ReturnAddress,
        error: &AuthorizeError,
    ) -> Result<Delivery, Internal> {
        if to.signed {
            self.signed_answer(provider, to, to.error_fields(error)).await
        } else {
            Ok(to.error(error))
        }
    }

    /// JWT Secured Authorization Response Mode 2.1: the answer as claims, for this client, for ten
    /// minutes.
    async fn signed_answer(
        &self,
        provider: &Provider,
        to: &ReturnAddress,
        fields: Vec<(String, String)>,
    ) -> Result<Delivery, Internal> {
        let keys = self.keys(provider).await?;
        let mut claims: Map<String, Value> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, Value::from(value)))
            .collect();
        claims.insert("aud".into(), provider.client.id.clone().into());
        claims.insert("exp".into(), self.now().plus_seconds(600).seconds().into());
        Ok(to.token(jose::sign(&claims, &keys.signing).map_err(IssueError::from)?))
    }
}
