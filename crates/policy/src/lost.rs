//! Ends what somebody holds at an application that they may not open any more. An edit of the
//! configuration says at which applications others may decide now, an edit of accounts and groups
//! whom; asked about is only who is signed in there in a session (`session_participant`), so that
//! an edit costs what the sessions concerned do, however many people there are. What turns by
//! itself, as a rule about the time of day or about other accounts, counts when the application
//! asks the next time: for a page, for tokens, for a refresh. So does what a rule makes of the
//! request that nobody sends now: nothing ends by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_accounts::identity;
use countersign_catalogue::sign_out::{Ends, Lost, ended_at};
use countersign_catalogue::{Application, application::of_provider};
use countersign_core::{Context, RequestInfo, Shutdown};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{ChoiceValue as _, ObjectId, Ref, Snapshot, Target as _};
use countersign_store::{Actor, Row, Sql, SqlValue, StoreError, Tx, params, sha256};
use http::Uri;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::access::Engine;
use crate::binding::{PolicyBinding, PolicyEngineMode};
use crate::engine::{self, Decision};
use crate::host::Question;
use crate::recording::policy_of;
use crate::verdict::Step;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// As long are the rules of one application asked at one look; about whom is left, at the next.
const PATIENCE: Duration = Duration::from_secs(2);
/// A rule that takes longer about one person takes nothing away.
const LONGEST: Duration = Duration::from_secs(5);
/// What an expression reads of the request that somebody opens an application by, and what may read
/// it for one.
const OF_THE_REQUEST: [&str; 4] = ["oauth_", "http_request", "ak_is_sso_flow", "ak_call_policy"];
/// Sessions that are read at one time.
const AT_ONCE: usize = 500;
/// Changes of accounts that are looked at at one time.
const MOST_CHANGES: usize = 20_000;

pub(crate) async fn follow(
    (engine, ends): (Engine, Vec<Ends>),
    cx: Context,
    mut stop: Shutdown,
) -> Result<(), String> {
    let mut known = None;
    while stop.sleep(LOOK_EVERY).await {
        // What could not be read now is read at the next look.
        if let Err(error) = look(&engine, &ends, &cx, &mut known).await {
            tracing::debug!(%error, "who has lost access could not be found");
        }
    }
    Ok(())
}

/// What was seen so far.
struct Known {
    snapshot: Arc<Snapshot>,
    /// By provider: who decides about its application.
    rules: BTreeMap<i64, [u8; 32]>,
    people: Place,
    waiting: Waiting,
}

/// Who is to be asked about yet, each with the hash of the participant that was the last.
type Waiting = BTreeMap<Whose, Vec<u8>>;

/// How far the changes of accounts and groups were read: on PostgreSQL transactions end in another
/// order than they begin, so what is above the horizon is read again.
#[derive(Debug, Clone, Default)]
struct Place {
    horizon: i64,
    seen: BTreeSet<i64>,
}

/// Whose sessions are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Provider(i64),
    User(i64),
    /// Members of the group, and of those below it.
    Group(Uuid),
    /// One participant, at this provider.
    One {
        provider: i64,
        hash: [u8; 32],
    },
}

async fn look(
    engine: &Engine,
    ends: &[Ends],
    cx: &Context,
    known: &mut Option<Known>,
) -> Result<(), StoreError> {
    let snapshot = cx.snapshot();
    let Some(known) = known else {
        let people = Place { horizon: cx.store.look_up(horizon).await?, ..Place::default() };
        let (rules, waiting) = (rules(&snapshot), Waiting::new());
        *known = Some(Known { snapshot, rules, people, waiting });
        return Ok(());
    };
    let place = known.people.clone();
    let (concerned, people) = cx.store.look_up(move |sql| news(sql, &place)).await?;
    known.people = people;
    known.waiting.extend(concerned.into_iter().map(|whose| (whose, Vec::new())));
    if snapshot.revision() != known.snapshot.revision() {
        let now = rules(&snapshot);
        let changed =
            known.rules.iter().filter(|(provider, rules)| now.get(provider) != Some(rules));
        let changed = changed.map(|(provider, _)| (Whose::Provider(*provider), Vec::new()));
        known.waiting.extend(changed);
        (known.rules, known.snapshot) = (now, snapshot.clone());
    }
    let mut round = Round { engine, ends, cx, snapshot, spent: BTreeMap::new() };
    for (whose, after) in std::mem::take(&mut known.waiting) {
        round.ask(whose, after, &mut known.waiting).await;
    }
    Ok(())
}

/// One look.
struct Round<'a> {
    engine: &'a Engine,
    ends: &'a [Ends],
    cx: &'a Context,
    snapshot: Arc<Snapshot>,
    /// By provider, how long the rules of its application took.
    spent: BTreeMap<i64, Duration>,
}

impl Round<'_> {
    fn is_over(&self, provider: i64) -> bool {
        self.spent.get(&provider).is_some_and(|spent| *spent >= PATIENCE)
    }

    /// Asks about those who come after. Who is left, for want of time or because the database is
    /// away, waits for the next look; others are not held up by that.
    async fn ask(&mut self, whose: Whose, mut after: Vec<u8>, waiting: &mut Waiting) {
        if let Whose::Provider(provider) | Whose::One { provider, .. } = whose
            && self.is_over(provider)
        {
            waiting.insert(whose, after);
            return;
        }
        loop {
            let from = after.clone();
            let page = match self.cx.store.look_up(move |sql| signed_in(sql, whose, &from)).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(%error, "who has lost access could not be found");
                    waiting.insert(whose, after);
                    return;
                }
            };
            if page.is_empty() {
                return;
            }
            for held in page {
                let (provider, hash) = (held.provider, held.hash);
                if self.is_over(provider) {
                    if whose == Whose::Provider(provider) {
                        waiting.insert(whose, after);
                        return;
                    }
                    waiting.insert(Whose::One { provider, hash }, Vec::new());
                } else if let Err(error) = self.settle(held).await {
                    tracing::debug!(%error, "whether access was lost could not be found");
                    if error.is_passing() {
                        waiting.insert(whose, after);
                        return;
                    }
                    waiting.insert(Whose::One { provider, hash }, Vec::new());
                }
                after = hash.to_vec();
            }
        }
    }

    /// Ends what somebody holds, if they may not open the application any more.
    async fn settle(&mut self, held: Held) -> Result<(), StoreError> {
        let application = of_provider(&self.snapshot, held.provider);
        let begun = Instant::now();
        let asked = may_still(self.engine, self.cx, &held, application.map(|(found, _)| found));
        let answer = timeout(LONGEST, asked).await;
        *self.spent.entry(held.provider).or_default() += begun.elapsed();
        let Ok(may) = answer else {
            tracing::debug!(provider = held.provider, "a rule took too long to take access away");
            return Ok(());
        };
        if may? {
            return Ok(());
        }
        let called = application.map(|(found, it)| (found, it.name.clone()));
        end(self.cx, self.ends, held, called).await
    }
}

/// By provider, a fingerprint of what decides who may open its application: how the bindings count
/// together, and each with its policy at their revisions.
fn rules(snapshot: &Snapshot) -> BTreeMap<i64, [u8; 32]> {
    let mut found = BTreeMap::new();
    for (reference, application) in snapshot.list::<Application>() {
        let Some(provider) = application.provider.and_then(|provider| provider.key().int()) else {
            continue;
        };
        let mut text = format!("{reference} {:?}", application.policy_engine_mode);
        let revision = |id: ObjectId| snapshot.entry(id).map_or(0, |entry| entry.revision);
        for (key, binding) in
            engine::bindings_of(snapshot, reference.key().uuid().unwrap_or_default())
        {
            let policy = binding.policy.map(|policy| (policy.key(), revision(policy.id())));
            let own = revision(ObjectId::new(PolicyBinding::SPACE, key));
            let _ = write!(text, " {key} {own} {policy:?}");
        }
        found.insert(provider, sha256(&text));
    }
    found
}

fn horizon(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let row = sql.query_one("SELECT horizon FROM people_horizon", params![])?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Whose accounts or groups have changed since, of people who are signed in somewhere, and how far
/// that was read.
fn news(sql: &mut Sql<'_>, place: &Place) -> Result<(BTreeSet<Whose>, Place), StoreError> {
    let now = horizon(sql)?;
    let rows = sql.query(
        "SELECT c.id, c.stamp, c.user_id, c.group_uuid FROM people_changes c WHERE c.stamp >= $1 \
         AND (c.group_uuid IS NOT NULL OR EXISTS (SELECT 1 FROM session_participant p WHERE p.user_id = c.user_id AND p.state = 'live')) \
         ORDER BY c.stamp, c.id LIMIT $2",
        params![place.horizon, i64::try_from(MOST_CHANGES).unwrap_or(i64::MAX)],
    )?;
    let full = rows.len() == MOST_CHANGES;
    let last: Option<i64> = rows.last().map(|row| row.get(1)).transpose()?;
    // Of more than are read at once the rest comes at the next look.
    let horizon = last.filter(|_| full).map_or(now, |last| last.min(now));
    let (mut concerned, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let (id, stamp): (i64, i64) = (row.get(0)?, row.get(1)?);
        if stamp >= horizon {
            seen.insert(id);
        }
        if !place.seen.contains(&id) {
            concerned.extend(row.get::<Option<i64>>(2)?.map(Whose::User));
            concerned.extend(row.get::<Option<Uuid>>(3)?.map(Whose::Group));
        }
    }
    // One transaction that changed more than are read at once: what follows it is not waited for.
    let stuck = full && horizon == place.horizon && concerned.is_empty();
    let horizon = if stuck { horizon + 1 } else { horizon };
    Ok((concerned, Place { horizon, seen }))
}

/// Somebody who is signed in at an application.
struct Held {
    /// Of the participant.
    hash: [u8; 32],
    provider: i64,
    user: i64,
    session: [u8; 32],
    client: Option<IpAddr>,
    agent: String,
}

/// The next of them after this hash.
fn signed_in(sql: &mut Sql<'_>, whose: Whose, after: &[u8]) -> Result<Vec<Held>, StoreError> {
    const BELOW: &str = "WITH RECURSIVE below (uuid) AS (SELECT uuid FROM user_group WHERE uuid = $1 \
         UNION SELECT g.uuid FROM user_group g JOIN below b ON g.parent = b.uuid)";
    let (with, which, value): (&str, &str, SqlValue) = match whose {
        Whose::Provider(provider) => ("", "p.provider_id = $1", provider.into()),
        Whose::User(user) => ("", "p.user_id = $1", user.into()),
        Whose::Group(group) => (
            BELOW,
            "p.user_id IN (SELECT m.user_id FROM membership m JOIN below b ON b.uuid = m.group_uuid)",
            group.into(),
        ),
        Whose::One { hash, .. } => ("", "p.hash = $1", hash.to_vec().into()),
    };
    let statement = format!(
        "{with} SELECT p.hash, p.provider_id, p.user_id, s.key_hash, s.last_ip, s.user_agent \
         FROM session_participant p JOIN session s ON s.uuid = p.session AND s.user_id = p.user_id \
         WHERE {which} AND p.state = 'live' AND p.hash > $2 ORDER BY p.hash LIMIT {AT_ONCE}"
    );
    let rows = sql.query(&statement, &[value, after.to_vec().into()])?;
    rows.iter().map(held).collect()
}

fn held(row: &Row) -> Result<Held, StoreError> {
    let bytes = |column: usize| {
        let bytes: Vec<u8> = row.get(column)?;
        bytes.try_into().map_err(|_| StoreError::Column { column })
    };
    Ok(Held {
        hash: bytes(0)?,
        provider: row.get(1)?,
        user: row.get(2)?,
        session: bytes(3)?,
        client: row.get::<String>(4)?.parse().ok(),
        agent: row.get(5)?,
    })
}

/// Whether somebody may open it yet, asked as from where their browser was last. A rule that cannot
/// be asked takes nothing away.
async fn may_still(
    engine: &Engine,
    cx: &Context,
    held: &Held,
    application: Option<Ref<Application>>,
) -> Result<bool, StoreError> {
    let pk = held.user;
    let Some(user) = cx.store.look_up(move |sql| identity(sql, pk)).await? else { return Ok(true) };
    // Deactivated: the session ends as a whole.
    let (Some(application), Some(client), true) = (application, held.client, user.is_active) else {
        return Ok(application.is_some() || !user.is_active);
    };
    let address = Uri::from_static("/");
    let request =
        RequestInfo::inside(&address, &held.agent, client, cx.entropy.uuid().simple().to_string());
    let decision = engine.aside(cx, &request, &user, application).await?;
    Ok(may_pass(&cx.snapshot(), &decision))
}

/// Whether it is a yes, or may be one where somebody opens the application: a no of a rule counts
/// only if it does not depend on the request, or on what a trial does not do.
fn may_pass(snapshot: &Snapshot, decision: &Decision) -> bool {
    let may = |step: &Step| {
        let is_broken = step.error.is_some() || step.kind == "binding";
        step.passing || is_broken || depends_on_request(snapshot, step)
    };
    let steps = &decision.trace.steps;
    if steps.is_empty() {
        decision.passing
    } else if decision.trace.mode == PolicyEngineMode::Any.value() {
        steps.iter().any(may)
    } else {
        steps.iter().all(may)
    }
}

fn depends_on_request(snapshot: &Snapshot, step: &Step) -> bool {
    // Groups and accounts are facts.
    if step.kind != "policy" {
        return false;
    }
    let is_of_request =
        |it: &Question| matches!(it, Question::Brand | Question::Http(_) | Question::Write { .. });
    if step.heard.iter().any(|heard| is_of_request(&heard.question)) {
        return true;
    }
    let policy = policy_of(snapshot, &step.binding, &step.name);
    let text = policy.and_then(|policy| policy.object.value("expression"));
    let text = text.as_ref().and_then(Value::as_str).unwrap_or_default();
    OF_THE_REQUEST.iter().any(|name| text.contains(name))
}

async fn end(
    cx: &Context,
    ends: &[Ends],
    held: Held,
    application: Option<(Ref<Application>, String)>,
) -> Result<(), StoreError> {
    let ends = ends.to_vec();
    let lost = Lost { user: held.user, provider: held.provider, session: held.session };
    let work = move |tx: &mut Tx<'_>| {
        if !ended_at(tx, held.hash)? {
            return Ok(());
        }
        ends.iter().try_for_each(|end| end(tx, &lost))?;
        let account = countersign_accounts::identity(tx, lost.user)?;
        let named = application.as_ref().map(|(reference, name)| {
            let key = reference.key().uuid().map(|key| key.simple().to_string());
            model_reference("authentik_core", "application", &key.unwrap_or_default(), name)
        });
        let context = json!({
            "message": "Signed out of an application: it may not be opened any more.",
            "application": named,
        });
        let event = Event::new("logout", "authentik.policies", context);
        emit(tx, event.concerning(account.map(|account| account.as_actor()))).map(|_| ())
    };
    cx.store.write(Actor::system(), "access to an application lost", work).await
}
