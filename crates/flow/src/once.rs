//! What a step does, it does once, although the plan and what it did are in two stores: the plan in
//! memory or in Redis, accounts and sessions in SQL.
//!
//! The transaction of a step first takes the step's row, and leaves its outcome there. Whoever
//! comes second (another process with the same answer, or the same browser after a crash between
//! the transaction and the plan) finds the row, does nothing, and goes on with that outcome.

use countersign_model::{Table, Timestamp};
use countersign_store::{Actor, StoreError, Tx, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::plan_store;
use crate::run::Run;

impl Run {
    /// Writes what the current step does; its outcome is what `work` says, or what it said when
    /// another request performed this step. One call per step.
    ///
    /// # Errors
    /// Those of `work`, which leave nothing behind; and when the engine fails.
    pub async fn commit<T, E>(
        &self,
        actor: Actor,
        reason: &'static str,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (store, run) = (self.browser.cx.store.clone(), self.plan.run);
        let (seconds, _) = plan_store::lease(&self.browser, &self.plan);
        // A plan that was never kept is nobody else's.
        let step = self.plan.current().filter(|_| self.is_kept).map(|step| i64::from(step.id));
        let once = move |tx: &mut Tx<'_>| {
            let Some(step) = step else { return work(tx) };
            let expires = tx.now().plus_seconds(seconds);
            let taken = tx.execute(
                "INSERT INTO flow_step (run, step, expires, outcome) VALUES ($1, $2, $3, '') ON CONFLICT (run, step) DO NOTHING",
                params![run, step, expires],
            )?;
            if taken == 0 {
                let row = tx.query_one(
                    "SELECT outcome FROM flow_step WHERE run = $1 AND step = $2",
                    params![run, step],
                )?;
                let sealed: String = row.ok_or(StoreError::Column { column: 0 })?.get(0)?;
                let known = store.sealer().open(&sealed).ok();
                let outcome = known.and_then(|known| serde_json::from_str(known.expose()).ok());
                return outcome.ok_or_else(|| StoreError::Column { column: 0 }.into());
            }
            let outcome = work(tx)?;
            let text = serde_json::to_string(&outcome)
                .map_err(|error| StoreError::Database(error.to_string()))?;
            tx.execute(
                "UPDATE flow_step SET outcome = $3 WHERE run = $1 AND step = $2",
                params![run, step, store.sealer().seal(&text)],
            )?;
            Ok(outcome)
        };
        self.browser.cx.store.write(actor, reason, once).await
    }
}

/// What a step of a flow did. A restored copy begins no sign-in where it was.
#[derive(Debug, Clone, Table)]
#[table(name = "flow_step", volatile)]
pub(crate) struct FlowStep {
    #[column(key)]
    run: Uuid,
    #[column(key)]
    step: i64,
    #[column(expires)]
    expires: Timestamp,
    /// Sealed: it may name who signed in.
    outcome: String,
}
