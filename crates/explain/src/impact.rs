//! Who would gain or lose access if an edit were made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_catalogue::Application;
use countersign_core::{Identity, JobError, Run, Work};
use countersign_flow::FlowContext;
use countersign_model::{ObjectId, Ref, Snapshot, Table, Target as _, Timestamp};
use countersign_policy::recording::At;
use countersign_policy::simulate::{Differs, Doors, World};
use countersign_policy::{PolicyBinding, Subject, engine};
use countersign_store::{Actor, Sql, StoreError, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::Deps;
use crate::changes::{Changed, ExplainError};

/// People that are looked at between two looks at the progress.
const BATCH: i64 = 500;
/// As many of a sort are named; all are counted.
const MOST_NAMED: usize = 1000;
/// The answer is kept this long.
const SECONDS: i64 = 86_400;

/// What an edit would do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Impact {
    pub gained: Vec<Named>,
    pub lost: Vec<Named>,
    /// Whether they would gain or lose it depends on something that nobody was asked.
    pub unknown: Vec<Named>,
    /// How many there are of each; no more than a thousand of each are named.
    pub counts: Counts,
    /// Applications that the edit can touch.
    pub applications: Vec<String>,
    /// People who were looked at.
    pub people: u64,
    /// The edit, a line for each object.
    pub changes: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub gained: u64,
    pub lost: u64,
    pub unknown: u64,
}

/// Somebody, and an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub user: i64,
    pub username: String,
    /// Its slug.
    pub application: String,
}

/// An application before and after the edit; none where it is not there.
struct Touched {
    slug: String,
    before: Option<Doors>,
    after: Option<Doors>,
}

/// Answers it. `progress` is told how many people of how many were looked at, and says whether to go
/// on.
///
/// # Errors
/// An edit that cannot be carried out or is about people, or when the engine fails.
pub async fn impact(
    deps: &Deps,
    cx: &FlowContext,
    changes: &Value,
    progress: impl Fn(u64, u64) -> bool,
) -> Result<Impact, ExplainError> {
    let changed = looked_at(deps, cx, changes).await?;
    let before = cx.snapshot();
    let touched = touched(&before, &changed);
    let mut found = Impact {
        applications: touched.iter().map(|it| it.slug.clone()).collect(),
        changes: changed.lines(),
        ..Impact::default()
    };
    if touched.is_empty() {
        return Ok(found);
    }
    let clock = At(cx.clock.now());
    let world = |snapshot: Arc<Snapshot>, differs| World {
        snapshot,
        differs,
        clock: &clock,
        request: None,
    };
    let (was, would_be) =
        (world(before, Differs::Nowhere), world(changed.snapshot.clone(), changed.differs));
    let policies = cx.policies();
    let (host_then, host_now) = (policies.simulated(cx, &was), policies.simulated(cx, &would_be));
    let count = |sql: &mut Sql<'_>| {
        let row = sql.query_one("SELECT COUNT(*) FROM users", params![])?;
        row.map_or(Ok(0), |row| row.get::<i64>(0))
    };
    let all = u64::try_from(cx.store.read(count).await?).unwrap_or(0);
    let mut last = i64::MIN;
    loop {
        let people = cx.store.read(move |sql: &mut Sql<'_>| batch(sql, last)).await?;
        let Some(end) = people.last() else { break };
        last = end.pk;
        for user in &people {
            let subject = Subject::of(user, cx.uid(user.pk));
            for application in &touched {
                let then = passing(application.before.as_ref(), &host_then, &was, &subject).await?;
                let now =
                    passing(application.after.as_ref(), &host_now, &would_be, &subject).await?;
                found.note(user, &application.slug, then, now);
            }
        }
        found.people += u64::try_from(people.len()).unwrap_or(0);
        if !progress(found.people, all.max(found.people)) {
            break;
        }
    }
    Ok(found)
}

/// The edit, as far as its impact can be said.
pub(crate) async fn looked_at(
    deps: &Deps,
    cx: &FlowContext,
    changes: &Value,
) -> Result<Changed, ExplainError> {
    let changed = Changed::by(deps, cx, changes, None).await?;
    if changed.differs == Differs::Rows {
        let text = "This edit is of accounts or groups. Simulate it for one person at a time.";
        return Err(ExplainError::Changes(text.to_owned()));
    }
    Ok(changed)
}

async fn passing(
    doors: Option<&Doors>,
    host: &dyn countersign_policy::Host,
    world: &World<'_>,
    subject: &Subject,
) -> Result<Option<bool>, StoreError> {
    match doors {
        Some(doors) => Ok(doors.passing(&doors.ask(host, world, subject).await?)),
        None => Ok(Some(false)),
    }
}

impl Impact {
    fn note(&mut self, user: &Identity, slug: &str, then: Option<bool>, now: Option<bool>) {
        let (list, count) = match (then, now) {
            (Some(then), Some(now)) if then == now => return,
            (Some(_), Some(true)) => (&mut self.gained, &mut self.counts.gained),
            (Some(_), Some(false)) => (&mut self.lost, &mut self.counts.lost),
            _ => (&mut self.unknown, &mut self.counts.unknown),
        };
        *count += 1;
        if list.len() < MOST_NAMED {
            let (username, application) = (user.username.clone(), slug.to_owned());
            list.push(Named { user: user.pk, username, application });
        }
    }
}

fn batch(sql: &mut Sql<'_>, after: i64) -> Result<Vec<Identity>, StoreError> {
    let text = "SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = sql.query(text, params![after, BATCH])?;
    let pks = rows.iter().map(|row| row.get::<i64>(0)).collect::<Result<Vec<_>, _>>()?;
    countersign_accounts::identities(sql, &pks)
}

/// The applications whose answer the edit can change.
fn touched(before: &Snapshot, changed: &Changed) -> Vec<Touched> {
    let after = &*changed.snapshot;
    let edited: BTreeSet<ObjectId> = changed.changes.iter().map(|change| change.id).collect();
    let mut all: BTreeMap<String, Ref<Application>> = BTreeMap::new();
    for snapshot in [before, after] {
        for (reference, application) in snapshot.list::<Application>() {
            all.insert(application.slug.to_string(), reference);
        }
    }
    let mut found = Vec::new();
    for (slug, reference) in all {
        let doors =
            |snapshot| Doors::of(snapshot, reference).map(|it| it.without_address(snapshot));
        let (then, now) = (doors(before), doors(after));
        let touches = |snapshot: &Snapshot, doors: &Option<Doors>| {
            doors.as_ref().is_some_and(|doors| {
                decides(snapshot, reference, doors)
                    .into_iter()
                    .any(|(id, asks_more)| asks_more || edited.contains(&id))
            })
        };
        if !edited.is_empty() && (touches(before, &then) || touches(after, &now)) {
            found.push(Touched { slug, before: then, after: now });
        }
    }
    found
}

/// The objects that decide about an application, each with whether it may ask about any other.
fn decides(
    snapshot: &Snapshot,
    application: Ref<Application>,
    doors: &Doors,
) -> Vec<(ObjectId, bool)> {
    let mut ids = vec![(application.id(), false)];
    if let Some(provider) = snapshot.get(application).and_then(|found| found.provider) {
        ids.push((provider.id(), false));
    }
    for target in doors.targets() {
        ids.extend(snapshot.bindable(target).map(|entry| (entry.id, false)));
        for (key, binding) in engine::bindings_of(snapshot, target) {
            ids.push((ObjectId::new(PolicyBinding::SPACE, key), false));
            let Some(policy) = binding.policy else { continue };
            let expression =
                snapshot.member(policy).and_then(|entry| entry.object.value("expression"));
            let asks = expression.as_ref().and_then(Value::as_str).is_some_and(|text| {
                ["ak_call_policy", "objects", "brand", "tenant", "Flow"]
                    .iter()
                    .any(|name| text.contains(name))
            });
            ids.push((policy.id(), asks));
        }
    }
    ids
}

/// Does it beside requests; its answer is a row of its own.
pub(crate) struct Measure(pub(crate) Deps);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub changes: Value,
}

impl Work for Measure {
    const NAME: &'static str = "simulate_impact";
    const DESCRIPTION: &'static str = "Find who would gain or lose access by an edit.";
    const ATTEMPTS: u32 = 2;
    const LANE: countersign_core::Lane = countersign_core::Lane::Bulk;
    type Args = Asked;

    async fn run(
        &self,
        cx: countersign_core::Context,
        run: Run,
        args: Asked,
    ) -> Result<(), JobError> {
        let flows = self.0.flows.over(&cx);
        let told = |done, of| {
            run.progress(done, of);
            !run.is_cancelled()
        };
        let found = impact(&self.0, &flows, &args.changes, told).await;
        let found = found.map_err(|error| match error {
            ExplainError::Store(error) => error.into(),
            other => JobError::Failed(other.to_string()),
        })?;
        if run.is_cancelled() {
            return Ok(());
        }
        let (task, result) = (run.task, serde_json::to_value(found).unwrap_or_default());
        let write = move |tx: &mut Tx<'_>| {
            let expires = tx.now().plus_seconds(SECONDS);
            tx.execute(
                "INSERT INTO impact (task, expires, result) VALUES ($1, $2, $3) ON CONFLICT (task) DO NOTHING",
                params![task, expires, result.clone()],
            )?;
            Ok::<_, StoreError>(())
        };
        Ok(cx.store.write(Actor::system(), "impact of an edit", write).await?)
    }
}

/// The answer of one run of [`Measure`].
#[derive(Debug, Clone, Table)]
#[table(name = "impact", volatile)]
pub(crate) struct ImpactRow {
    #[column(key)]
    task: Uuid,
    #[column(expires)]
    expires: Timestamp,
    result: Value,
}
