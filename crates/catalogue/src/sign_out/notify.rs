//! The job that notifies applications of the end of sessions, from server to server.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Context, JobError, Run, Shutdown, Work};
use countersign_events::{Event, may_report, model_reference};
use countersign_outbound::Outbound;
use countersign_store::{Actor, StoreError, Tx};
use serde_json::json;

use super::participant::{Participant, State, any_ended, ended, find, settle};
use super::{BackChannel, Ended, Outcome, SignOut, way};
use crate::application::of_provider;

/// With waits that double from a second: four minutes.
pub(crate) const ATTEMPTS: u32 = 8;
const MOST_NOTED: usize = 400;

/// How often is looked for sessions that have ended: a read by an index that is empty mostly.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sees to sessions that ended where nobody did: by their time, with their account, by an
/// administrator.
pub(crate) async fn follow(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    while stop.sleep(LOOK_EVERY).await {
        // What could not be read now is read at the next look.
        if let Err(error) = sweep(&cx).await {
            tracing::debug!(%error, "ended sessions could not be seen to");
        }
    }
    Ok(())
}

/// Sees to all sessions that have ended so far.
///
/// # Errors
/// The store fails.
pub async fn sweep(cx: &Context) -> Result<(), StoreError> {
    while cx.store.look_up(any_ended).await? {
        let work = |tx: &mut Tx<'_>| ended(tx, None, false);
        cx.store.write(Actor::system(), "sessions that have ended", work).await?;
    }
    Ok(())
}

pub(crate) struct Notify(pub(crate) Arc<Outbound>);

impl Work for Notify {
    const NAME: &'static str = "session_logout";
    const DESCRIPTION: &'static str = "Notify an application that a session has ended.";
    const ATTEMPTS: u32 = ATTEMPTS;
    /// The hash of the participant, in hexadecimal.
    type Args = String;

    async fn run(&self, cx: Context, run: Run, hash: String) -> Result<(), JobError> {
        let hash = hex::decode(hash).ok().and_then(|bytes| bytes.try_into().ok());
        let Some(hash) = hash else { return Ok(()) };
        let participant = cx.store.read(move |sql| find(sql, hash)).await?;
        // Gone meanwhile, or reached by an earlier run.
        let open = |p: &Participant| matches!(p.state(), State::Waiting | State::Failing);
        let Some(participant) = participant.filter(open) else { return Ok(()) };
        let snapshot = cx.snapshot();
        let Some(SignOut::Server(channel)) = way(&snapshot, participant.provider) else {
            return note(&cx, hash, State::Unaware, "").await.map_err(JobError::from);
        };
        let ended = Ended {
            id: format!("_{}", cx.entropy.uuid().simple()),
            relay: None,
            provider: participant.provider,
            snapshot: &snapshot,
            participant: &participant,
            now: cx.clock.now(),
        };
        let (problem, last) = match send(&self.0, channel, &ended).await {
            Outcome::Reached => {
                return note(&cx, hash, State::Reached, "").await.map_err(JobError::from);
            }
            Outcome::Again(problem) => (problem, run.attempt >= ATTEMPTS),
            Outcome::Refused(problem) => (problem, true),
        };
        note(&cx, hash, if last { State::Failed } else { State::Failing }, &problem).await?;
        if !last {
            return Err(JobError::Again(problem));
        }
        report(&cx, &ended, &problem).await;
        Err(JobError::Failed(problem))
    }
}

async fn send(outbound: &Outbound, channel: &dyn BackChannel, ended: &Ended<'_>) -> Outcome {
    let request = match channel.message(ended) {
        Ok(request) => request,
        Err(problem) => return Outcome::Refused(problem),
    };
    match outbound.send(request).await {
        Ok(answer) => channel.read(ended, answer.status, &answer.body),
        Err(error) if error.may_pass() => Outcome::Again(error.to_string()),
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

async fn note(cx: &Context, hash: [u8; 32], state: State, problem: &str) -> Result<(), StoreError> {
    let problem: String = problem.chars().take(MOST_NOTED).collect();
    let work = move |tx: &mut Tx<'_>| settle(tx, hash, state, &problem).map(|_| ());
    cx.store.write(Actor::system(), "end of a session at an application", work).await
}

/// An application that cannot be reached leaves people signed in: an administrator has to know.
async fn report(cx: &Context, ended: &Ended<'_>, problem: &str) {
    let number = ended.provider.key().int().unwrap_or_default();
    if !may_report(cx, "session_logout.events", &number.to_string()).await {
        return;
    }
    let application = of_provider(ended.snapshot, number);
    let name = application.map_or("An application", |(_, application)| &application.name);
    let provider = ended.snapshot.member(ended.provider).map(|entry| {
        let name = entry.object.value("name");
        let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
        model_reference(entry.meta().app(), entry.meta().model_name(), &number.to_string(), name)
    });
    let context = json!({
        "message": format!("{name} did not learn that a session has ended: {problem}"),
        "rule": "session_logout.unreached",
        "provider": provider,
    });
    let event = Event::new("configuration_error", "authentik.core.sessions", context);
    event.write(cx, Actor::system()).await;
}
