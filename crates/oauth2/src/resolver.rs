//! Access tokens as a way into the API.

use countersign_core::{BoxFuture, Context, OAuthCaller, TokenResolver};

use crate::grants;
use crate::routes::is_good;
use crate::service::Service;

/// Finds the person behind an access token; which scopes open what is the API's rule.
pub(crate) struct AccessTokens;

impl TokenResolver for AccessTokens {
    fn resolve(&self, cx: Context, token: String) -> BoxFuture<Option<OAuthCaller>> {
        Box::pin(async move {
            let service = Service::of(&cx);
            let now = service.now();
            let found =
                cx.store.look_up(move |sql| grants::find_access_token(sql, &token, now)).await;
            let token = match found {
                Ok(found) => found.filter(|t| is_good(t, &service))?,
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
