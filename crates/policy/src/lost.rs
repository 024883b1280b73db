//! Ends what somebody holds at an application that they may not open any more. An edit of the
//! configuration says at which applications others may decide now, an edit of accounts and groups
//! whom; asked about is only who is signed in there in a session (`session_participant`), so that
//! an edit costs what the sessions concerned do, however many people there are. What turns by
//! itself, as a rule about the time of day or about other accounts, counts when the application
//! asks the next time: for a page, for tokens, for a refresh.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_accounts::identity;
use countersign_catalogue::sign_out::{Ends, Lost, ended_at};
use countersign_catalogue::{Application, application::of_provider};
use countersign_core::{Context, Identity, RequestInfo, Shutdown};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{ObjectId, Ref, Snapshot, Target as _};
use countersign_store::{Actor, Row, Sql, SqlValue, StoreError, Tx, params, sha256};
use http::Uri;
use serde_json::json;
use uuid::Uuid;

use crate::access::Engine;
use crate::binding::PolicyBinding;
use crate::engine;

const LOOK_EVERY: Duration = Duration::from_secs(1);
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
}

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
}

async fn look(
    engine: &Engine,
    ends: &[Ends],
    cx: &Context,
    known: &mut Option<Known>,
) -> Result<(), StoreError> {
    let snapshot = cx.snapshot();
    let Some(before) = known else {
        let people = Place { horizon: cx.store.look_up(horizon).await?, ..Place::default() };
        *known = Some(Known { rules: rules(&snapshot), snapshot, people });
        return Ok(());
    };
    let place = before.people.clone();
    let (mut concerned, people) = cx.store.look_up(move |sql| news(sql, &place)).await?;
    let same = snapshot.revision() == before.snapshot.revision();
    let now = if same { before.rules.clone() } else { rules(&snapshot) };
    concerned.extend(
        before
            .rules
            .iter()
            .filter(|(provider, rules)| now.get(provider) != Some(rules))
            .map(|(provider, _)| Whose::Provider(*provider)),
    );
    for whose in concerned {
        let mut after = Vec::new();
        loop {
            let from = after.clone();
            let page = cx.store.look_up(move |sql| signed_in(sql, whose, &from)).await?;
            let Some(last) = page.last() else { break };
            after = last.hash.to_vec();
            for held in page {
                let application = of_provider(&snapshot, held.provider);
                if may_still(engine, cx, &held, application.map(|(found, _)| found)).await? {
                    continue;
                }
                let called = application.map(|(found, it)| (found, it.name.clone()));
                end(cx, ends, held, called).await?;
            }
        }
    }
    *known = Some(Known { rules: now, snapshot, people });
    Ok(())
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
    let user: Arc<Identity> = Arc::new(user);
    let decision = engine.application(cx, &request, &user, application, None).await?;
    Ok(decision.passing || decision.undecided)
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
