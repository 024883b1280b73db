//! Access tokens as a way into the API.

use countersign_core::{BoxFuture, Context, OAuthCaller, TokenResolver};

use countersign_flow::Flows;

use crate::grants;
use crate::service::OAuth2;

/// Finds the person behind an access token; which scopes open what is the API's rule.
pub(crate) struct AccessTokens {
    pub(crate) oauth: OAuth2,
    pub(crate) flows: Flows,
}

impl TokenResolver for AccessTokens {
    fn resolve(&self, cx: Context, token: String) -> BoxFuture<Option<OAuthCaller>> {
        let service = self.oauth.over(self.flows.over(&cx));
        Box::pin(async move {
            let now = service.now();
            let found =
                cx.store.look_up(move |sql| grants::find_access_token(sql, &token, now)).await;
            let token = match found {
                Ok(found) => found.filter(|t| t.is_good(now) && t.data.binding.is_none())?,
                Err(error) => {
                    tracing::error!(%error, "an access token could not be looked up");
                    return None;
                }
            };
            Some(OAuthCaller {
                user: token.user,
                scopes: token.scopes.iter().map(str::to_owned).collect(),
            })
        })
    }
}
