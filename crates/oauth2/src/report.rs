//! Events of requests that go wrong. Anybody can repeat such a request, so events of one kind are
//! bounded in number and size; the log has a line of each.

use countersign_events::{may_report, shortened};
use countersign_store::Actor;
use serde_json::Value;

use crate::provider::Provider;
use crate::service::Service;

/// What events are counted by.
pub(crate) struct Cause<'a> {
    /// `None`: the request named no client that is known here.
    pub(crate) provider: Option<&'a Provider>,
    /// A stable name.
    pub(crate) reason: &'a str,
    /// Whose account is in danger, where each account deserves its own events: those about one
    /// never use up those about another.
    pub(crate) account: Option<i64>,
}

impl<'a> Cause<'a> {
    pub(crate) fn new(provider: Option<&'a Provider>, reason: &'a str) -> Cause<'a> {
        Cause { provider, reason, account: None }
    }

    pub(crate) fn of_account(self, account: i64) -> Cause<'a> {
        Cause { account: Some(account), ..self }
    }
}

impl Service {
    /// Writes an event, unless there were enough of this cause in the last hour.
    pub(crate) async fn report(
        &self,
        cause: Cause<'_>,
        action: &'static str,
        context: Value,
        actor: Actor,
    ) {
        if self.may_report(&cause).await {
            self.event(action, shortened(context), actor).await;
        }
    }

    /// Counts a request that failed; whether it becomes an event.
    pub(crate) async fn may_report(&self, cause: &Cause<'_>) -> bool {
        let provider = cause.provider.map_or(0, Provider::id);
        let key = format!("{provider}/{}/{}", cause.account.unwrap_or_default(), cause.reason);
        may_report(&self.cx, "oauth2.events", &key).await
    }
}
