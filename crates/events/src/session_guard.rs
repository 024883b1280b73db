//! Ends sessions that left the network or the place they are tied to.

use std::sync::Arc;

use countersign_accounts::end_session;
use countersign_core::{BoxFuture, Broken, Caller, Context, Moved, RequestInfo, SessionGuard, Via};
use countersign_store::Tx;
use serde_json::json;

use crate::{Event, Places, emit};

/// Compares by the files of places.
pub(crate) struct Guard {
    pub(crate) places: Arc<Places>,
}

impl SessionGuard for Guard {
    fn stays(&self, cx: Context, session: Moved, request: RequestInfo) -> BoxFuture<bool> {
        let known = |address| self.places.of_address(address);
        let broken = session.binding.broken_at(request.client_ip, known);
        Box::pin(async move {
            let Some(broken) = broken else { return true };
            end(&cx, session, &request, broken).await;
            false
        })
    }
}

/// The session counts no more for this request, whether or not its end could be written: it is
/// compared again at the next one.
async fn end(cx: &Context, session: Moved, request: &RequestInfo, broken: Broken) {
    let Moved { key_hash, binding, user } = session;
    let event = Event::new(
        "logout",
        "authentik.events.signals",
        json!({
            "logout_reason": "Session binding broken",
            "binding": {
                "reason": broken.reason, "previous_value": broken.previous, "new_value": broken.new,
            },
            "ip": {
                "previous": binding.address().to_string(), "new": request.client_ip.to_string(),
            },
        }),
    )
    .about(Some(user.as_actor()));
    let caller = Caller { user: Some(user), original: None, via: Via::Session { key_hash } };
    let work = move |tx: &mut Tx<'_>| {
        // Of several requests at once, one writes the event.
        if !end_session(tx, key_hash)? {
            return Ok(());
        }
        emit(tx, event.clone()).map(|_| ())
    };
    let actor = cx.actor(&caller, request);
    if let Err(error) = cx.store.write(actor, "session binding broken", work).await {
        tracing::warn!(%error, "a session that moved was refused, but could not be ended");
    }
}
