//! What happened: events with their context, masked; the audit of every edit; the lists over them.
//!
//! An event is written in the transaction of what it tells of. Nothing here decides anything, and
//! no event carries a secret: contexts are cleansed by key name before they are stored.

mod api;
mod audit;
mod chain;
mod chart;
mod cleanse;
mod count;
mod erasure;
mod event;
mod geo;
mod recent;
mod session_guard;
mod stream;

pub use api::{Actions, of_person};
pub use audit::{Audit, created, deleted};
pub use chart::Chart;
pub use cleanse::{beginning, cleanse, shortened, sounds_secret};
pub use event::{EVENTS_PER_HOUR, Event, emit, may_report, model_reference};
pub use recent::{SignIns, TROUBLES, recent, sign_ins, troubles};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{
    Context, Expiring, Job, JobError, Lane, Module, Run, Service, Shutdown, Start, TableResource,
    Work, enqueue,
};
use countersign_model::{Space, Timestamp};
use countersign_store::{Actor, Row, Sql, StoreError, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use chain::{Report, Tampering, verify};
pub use geo::Places;
pub use stream::{Recorded, find, find_all, sealed_after};

/// What settings say of events.
#[derive(Debug, Clone)]
pub struct EventSettings {
    /// Seconds an event is kept.
    pub keep: i64,
    /// As many are kept at most; 0 sets no limit.
    pub most: i64,
    /// MaxMind's files of cities and of networks.
    pub cities: Option<PathBuf>,
    pub networks: Option<PathBuf>,
}

impl Default for EventSettings {
    fn default() -> EventSettings {
        EventSettings { keep: 365 * 86_400, most: 0, cities: None, networks: None }
    }
}

/// The events' part of the program, and what is known of places.
pub fn module(settings: EventSettings) -> (Module, Arc<Places>) {
    let EventSettings { keep, most, cities, networks } = settings;
    let places = Arc::new(Places::new(cities, networks));
    let (opening, sealing) = (places.clone(), places.clone());
    let guard = session_guard::Guard { places: places.clone() };
    let module = Module {
        name: "events",
        session_guard: Some(Arc::new(guard)),
        operations: api::operations(),
        schemas: api::schemas(),
        tables: vec![
            countersign_rest::table::<api::EventRow>(),
            TableResource::plain::<chain::Checkpoint>(),
        ],
        jobs: vec![
            Job::every(
                "events_limit",
                3600,
                "Remove the oldest events past the number that is kept.",
                move |cx, _| limit(cx, most),
            ),
            Job::of(Erasure),
        ],
        start: vec![Start::new("events", move |cx| {
            opening.refresh();
            async move { count::begin(&cx).await.map_err(|error| error.to_string()) }
        })],
        services: vec![Service::new("event_chain", move |cx, stop| {
            keep_sealing(cx, sealing.clone(), keep, stop)
        })],
        expiring: vec![Expiring { plural: "Events", remove: |tx| chain::retain(tx, 0) }],
        ..Module::default()
    };
    (module, places)
}

/// Asks for the events of a deleted account to be removed.
///
/// # Errors
/// When the engine fails.
pub fn forget_user(tx: &mut Tx<'_>, user: i64) -> Result<(), StoreError> {
    enqueue::<Erasure>(tx, &user.to_string(), &Erased { user }).map(|_| ())
}

/// A sign-in of somebody.
#[derive(Debug, Clone)]
pub struct Login {
    /// Where it came from, once its event is sealed.
    pub geo: Option<Value>,
    pub client_ip: Option<String>,
    pub created: Timestamp,
}

/// The last sign-ins of an account, the latest first.
///
/// # Errors
/// When the engine fails.
pub fn last_logins(sql: &mut Sql<'_>, user: i64, most: i64) -> Result<Vec<Login>, StoreError> {
    let rows = sql.query(
        r#"SELECT context, client_ip, created FROM event WHERE action = 'login'
           AND json_extract(context, '$."countersign.who"."subject"."pk"') = $1
           ORDER BY created DESC LIMIT $2"#,
        params![user, most],
    )?;
    let login = |row: &Row| {
        let context: Value = row.get(0)?;
        let geo = context.get("geo").filter(|geo| !geo.is_null()).cloned();
        Ok(Login { geo, client_ip: row.get(1)?, created: row.get(2)? })
    };
    rows.iter().map(login).collect()
}

/// Rounds between two looks at the files of places.
const PLACES_EVERY: u32 = 30;

/// Seals events about each second, in every process: whoever comes second finds nothing to do.
async fn keep_sealing(
    cx: Context,
    places: Arc<Places>,
    keep: i64,
    mut stop: Shutdown,
) -> Result<(), String> {
    let mut round = 0_u32;
    while stop.sleep(Duration::from_secs(1)).await {
        round = round.wrapping_add(1);
        if round.is_multiple_of(PLACES_EVERY) {
            places.refresh();
        }
        match chain::seal(&cx, &places, retention(&cx, keep)).await {
            Ok(()) => {}
            // The requests of such a time say so.
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "events are not sealed for the moment");
            }
            Err(error) => tracing::warn!(%error, "events could not be sealed"),
        }
    }
    Ok(())
}

/// Seconds an event is kept: the shorter of what the program's and the installation's settings say.
fn retention(cx: &Context, kept: i64) -> i64 {
    let decided = cx
        .snapshot()
        .entries(Space("tenant"))
        .find_map(|entry| entry.object.value("event_retention"));
    let decided = decided.and_then(|text| countersign_model::Duration::parse(text.as_str()?).ok());
    decided.map_or(kept, |decided| decided.seconds().min(kept))
}

async fn limit(cx: Context, most: i64) -> Result<(), JobError> {
    while most > 0
        && cx
            .store
            .write(Actor::system(), "number of events", move |tx| chain::retain(tx, most))
            .await?
            > 0
    {}
    Ok(())
}

struct Erasure;

/// The account whose events are removed.
#[derive(Serialize, Deserialize)]
struct Erased {
    user: i64,
}

impl Work for Erasure {
    const NAME: &'static str = "gdpr_cleanup";
    const DESCRIPTION: &'static str =
        "Remove the events of a deleted account, and empty those about it.";
    const ATTEMPTS: u32 = 10;
    const LANE: Lane = Lane::Bulk;
    type Args = Erased;

    async fn run(&self, cx: Context, _: Run, Erased { user }: Erased) -> Result<(), JobError> {
        let events = cx.store.read(move |sql| erasure::of_user(sql, user)).await?;
        for some in events.chunks(500) {
            let some = some.to_vec();
            let erase = move |tx: &mut Tx<'_>| erasure::erase(tx, &some);
            cx.store.write(Actor::system(), "events of a deleted account", erase).await?;
        }
        let events = cx.store.read(move |sql| erasure::naming(sql, user)).await?;
        for some in events.chunks(500) {
            let some = some.to_vec();
            let empty = move |tx: &mut Tx<'_>| erasure::empty(tx, &some, user);
            cx.store.write(Actor::system(), "events about a deleted account", empty).await?;
        }
        Ok(())
    }
}
