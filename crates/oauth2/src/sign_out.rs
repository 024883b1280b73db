//! The end of an invalidation flow: the sessions that an application, or the person, asked to end
//! are ended.

use countersign_catalogue::sign_out;
use countersign_events::{Event, emit};
use countersign_flow::{FlowError, Onward, Run, Stage, Step};
use countersign_store::{Actor, ActorUser, StoreError, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::grants;
use crate::service::{OAuth2, Service};

/// Name of the stage in plans.
pub(crate) const SIGN_OUT: &str = "oauth2.sign_out";

/// What is to end, and where the browser goes afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SigningOut {
    /// Hashes of the sessions' keys, in hexadecimal.
    pub(crate) sessions: Vec<String>,
    pub(crate) to: String,
}

impl SigningOut {
    fn hashes(&self) -> Vec<[u8; 32]> {
        self.sessions.iter().filter_map(|text| hash(text)).collect()
    }

    /// Ends the sessions, all but `kept`: of that one only what applications hold from it. `browser`:
    /// the one that asks is theirs. Gives those that were ended.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn perform(
        &self,
        service: &Service,
        actor: Actor,
        kept: Option<[u8; 32]>,
        browser: bool,
    ) -> Result<Vec<Uuid>, StoreError> {
        let sessions = self.hashes();
        let store = move |tx: &mut Tx<'_>| -> Result<Vec<Uuid>, StoreError> {
            let mut ended = Vec::new();
            for key_hash in &sessions {
                let row = tx.query_one(
                    "SELECT user_id FROM session WHERE key_hash = $1",
                    params![*key_hash],
                )?;
                grants::end_session(tx, key_hash)?;
                let Some(row) = row.filter(|_| kept != Some(*key_hash)) else { continue };
                let about = countersign_accounts::identity(tx, row.get(0)?)?.map(|user| {
                    ActorUser { pk: user.pk, username: user.username, email: user.email }
                });
                ended.extend(sign_out::end(tx, *key_hash, browser)?);
                emit(
                    tx,
                    Event::new("logout", "authentik.providers.oauth2.views.end_session", json!({}))
                        .about(about),
                )?;
            }
            Ok(ended)
        };
        service.cx.store.write(actor, "signed out by an application", store).await
    }
}

/// The hash of a session's key: what tokens name the session by, as `sid`.
pub(crate) fn hash(sid: &str) -> Option<[u8; 32]> {
    hex::decode(sid).ok()?.try_into().ok()
}

/// Ends sessions.
pub(crate) struct SignOut {
    pub(crate) oauth: OAuth2,
    pub(crate) signing_out: SigningOut,
}

impl Stage for SignOut {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let (service, visitor) = (self.oauth.over(run.cx().clone()), run.visitor());
        // The browser's own session ends with its cookie, by the flow.
        let own = visitor.key_hash();
        let signed_in = visitor.user.is_some() && self.signing_out.hashes().contains(&own);
        let actor = run.cx().actor(&visitor.caller(), run.request());
        // A browser that sends no cookie is nobody's; the hint says that it is this person's.
        let (kept, browser) = (signed_in.then_some(own), visitor.user.is_none());
        let ended = self.signing_out.perform(&service, actor, kept, browser).await?;
        run.note_ended(ended);
        if signed_in {
            run.sign_out().await?;
        }
        run.leave(Onward::Address(self.signing_out.to.clone())).await
    }

    fn may_run_silently(&self) -> bool {
        true
    }
}
