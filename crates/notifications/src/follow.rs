//! Follows the log and asks the rules.

use std::collections::HashMap;
use std::time::Duration;

use countersign_core::{Context, Shutdown, enqueue};
use countersign_events::{Recorded, sealed_after};
use countersign_model::{Ref, Snapshot};
use countersign_policy::access::Engine;
use countersign_policy::engine::{bindings_of, decide_or, is_about_somebody};
use countersign_policy::{Occasion, Policy, PolicyEngineMode, PolicyRequest, Subject};
use countersign_store::{Actor, Sql, StoreError, params};
use serde_json::Value;
use uuid::Uuid;

use crate::deliver::{Deliver, Delivery};
use crate::kinds::{NotificationRule, NotificationTransport};

/// The last place whose event was dealt with.
const CURSOR: &str = "notification_cursor";
const BATCH: i64 = 200;
/// Nobody is told of what is older, as the log of an installation that is upgraded: a day, in
/// seconds.
const STALE: i64 = 86_400;

/// Looks for new events about each second, in every process; which of them moves on is decided in
/// the transaction.
pub(crate) async fn keep_following(
    cx: Context,
    policies: Engine,
    mut stop: Shutdown,
) -> Result<(), String> {
    while stop.sleep(Duration::from_secs(1)).await {
        while !stop.is_requested() {
            match follow(&cx, &policies).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "notifications have to wait");
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Deals with some events; whether there may be more.
async fn follow(cx: &Context, policies: &Engine) -> Result<bool, StoreError> {
    let (cursor, events) = cx
        .store
        .read(|sql| {
            let cursor = cursor(sql)?;
            Ok::<_, StoreError>((cursor, sealed_after(sql, cursor.unwrap_or(0), BATCH)?))
        })
        .await?;
    let Some(last) = events.last().map(|event| event.seq) else { return Ok(false) };
    let mut tasks = Vec::new();
    let snapshot = cx.snapshot();
    let rules = Rules::of(&snapshot);
    let oldest = cx.clock.now().plus_seconds(-STALE).iso();
    for event in events.iter().filter(|event| {
        event.json.get("created").and_then(Value::as_str).is_some_and(|at| at >= oldest.as_str())
    }) {
        tasks.extend(told(cx, policies, &rules, event).await?);
    }
    let moved = move |tx: &mut countersign_store::Tx<'_>| {
        // Another process was here.
        if self::cursor(tx)? != cursor {
            return Ok::<_, StoreError>(());
        }
        tx.put_fact(CURSOR, &last.to_string())?;
        for task in &tasks {
            enqueue::<Deliver>(tx, &task.uid(), task)?;
        }
        Ok(())
    };
    cx.store.write(Actor::system(), "notifications", moved).await?;
    Ok(true)
}

fn cursor(sql: &mut Sql<'_>) -> Result<Option<i64>, StoreError> {
    Ok(sql.fact(CURSOR)?.and_then(|text| text.parse().ok()))
}

/// The rules that may tell of something.
struct Rules<'s> {
    snapshot: &'s Snapshot,
    rules: Vec<(Uuid, &'s NotificationRule)>,
    /// One of them asks who somebody is.
    about_somebody: bool,
}

impl Rules<'_> {
    fn of(snapshot: &Snapshot) -> Rules<'_> {
        let rules: Vec<(Uuid, &NotificationRule)> = snapshot
            .list::<NotificationRule>()
            .filter(|(_, rule)| rule.group.is_some() && !rule.transports.is_empty())
            .filter_map(|(reference, rule)| Some((reference.key().uuid()?, rule)))
            .filter(|(uuid, _)| !bindings_of(snapshot, *uuid).is_empty())
            .collect();
        let about_somebody = rules.iter().any(|(uuid, _)| is_about_somebody(snapshot, *uuid));
        Rules { snapshot, rules, about_somebody }
    }
}

/// Whom an event is told to.
async fn told(
    cx: &Context,
    policies: &Engine,
    rules: &Rules<'_>,
    event: &Recorded,
) -> Result<Vec<Delivery>, StoreError> {
    let Rules { snapshot, rules, about_somebody } = rules;
    if rules.is_empty() || of_itself(snapshot, event) {
        return Ok(Vec::new());
    }
    let subject = match event.user_pk().filter(|_| *about_somebody) {
        Some(pk) => cx
            .store
            .read(move |sql| countersign_accounts::identity(sql, pk))
            .await?
            .map(|user| Subject::of(&user, cx.uid(pk))),
        None => None,
    };
    let request = PolicyRequest {
        snapshot,
        clock: &*cx.clock,
        host: &policies.host(cx, None),
        user: subject.as_ref(),
        occasion: Occasion::Event(&event.json),
        target: None,
        name: "",
    };
    let mut tasks = Vec::new();
    let mut members: HashMap<Uuid, Vec<i64>> = HashMap::new();
    for (uuid, rule) in rules {
        let uuid = *uuid;
        let decision = decide_or(&request, uuid, PolicyEngineMode::Any, false).await?;
        // A log line, not an event: each would be the next one that the rule is asked about.
        for told in &decision.told {
            if let Err(error) = &told.outcome {
                tracing::warn!(
                    rule = rule.name,
                    policy = told.name,
                    %error,
                    "a policy of a notification rule failed"
                );
            }
        }
        if !decision.passing {
            continue;
        }
        let Some(group) = rule.group.and_then(|group| group.key().uuid()) else { continue };
        if let std::collections::hash_map::Entry::Vacant(free) = members.entry(group) {
            free.insert(cx.store.read(move |sql| members_of(sql, group)).await?);
        }
        let people = members.get(&group).map(Vec::as_slice).unwrap_or_default();
        for reference in &rule.transports {
            let (Some(transport), Some(key)) =
                (snapshot.get::<NotificationTransport>(*reference), reference.key().uuid())
            else {
                continue;
            };
            let most = if transport.send_once { 1 } else { people.len() };
            tasks.extend(people.iter().take(most).map(|user| Delivery {
                event: event.uuid,
                rule: uuid,
                transport: key,
                user: *user,
            }));
        }
    }
    Ok(tasks)
}

/// Direct members who can sign in.
fn members_of(sql: &mut Sql<'_>, group: Uuid) -> Result<Vec<i64>, StoreError> {
    let statement = "SELECT u.id FROM membership m JOIN users u ON u.id = m.user_id WHERE m.group_uuid = $1 AND u.is_active = 1 ORDER BY u.id";
    sql.query(statement, params![group])?.iter().map(|row| row.get(0)).collect()
}

/// An event that notifications themselves caused: a policy of a rule that failed, a mail of a
/// notification. To tell of it would cause the next.
fn of_itself(snapshot: &Snapshot, event: &Recorded) -> bool {
    if event.context().get("notification").and_then(Value::as_bool) == Some(true) {
        return true;
    }
    let Some(policy) = event
        .context()
        .get("policy_uuid")
        .and_then(Value::as_str)
        .and_then(|text| Uuid::parse_str(text).ok())
    else {
        return false;
    };
    let policy = Ref::<dyn Policy>::new(policy.into());
    snapshot.list::<NotificationRule>().filter_map(|(rule, _)| rule.key().uuid()).any(|rule| {
        bindings_of(snapshot, rule)
            .iter()
            .any(|(_, binding)| binding.policy.is_some_and(|bound| bound.id() == policy.id()))
    })
}
