//! The first page of administrators: how the installation is, from all that knows a part of it, in
//! one verdict and one answer.

use std::sync::Arc;

use axum::response::Response;
use countersign_catalogue::CertificateKeyPair;
use countersign_core::{Access, ApiError, Call, Module, Operation, Permission, json, with};
use countersign_events::{SignIns, TROUBLES};
use countersign_model::{Space, Timestamp, unsound};
use countersign_store::{Sql, SqlValue, StoreError, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{backups, notices, settings::Settings};

const DAY: i64 = 86_400;
/// Days of the chart.
const DAYS: usize = 14;
/// Lines of events.
const LINES: usize = 6;
/// A certificate that ends sooner is told about, in days.
const ENDS_SOON: i64 = 30;
/// More than somebody mends in one sitting is not listed.
const MOST: usize = 100;
/// The furthest clocks are from UTC's, in minutes.
const FURTHEST: i64 = 14 * 60;

/// The overview in the API.
pub fn module(settings: &Settings) -> Module {
    let settings = Arc::new(settings.clone());
    Module {
        name: "overview",
        operations: vec![
            Operation::new(
                Method::GET,
                "countersign/overview/",
                "countersign_overview_retrieve",
                Access::global(Permission::VIEW_SYSTEM_INFO),
                with(&settings, overview),
            )
            .summary("How the installation is, in one verdict with its reasons; what is left to set up; sign-ins by day; what happened lately.")
            .parameter("offset", json!({"type": "integer", "description": "Minutes by which the reader's clock is before UTC."}))
            .response(json!({"type": "object", "additionalProperties": {}})),
        ],
        ..Module::default()
    }
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Warning,
    Problem,
}

/// Something to be looked at.
#[derive(Debug)]
struct Finding {
    severity: Severity,
    text: String,
    page: Option<Page>,
}

/// The page of the interface where that is done.
#[derive(Debug)]
struct Page {
    path: String,
    /// What the page is to show, as its address holds it.
    state: Value,
    verb: &'static str,
}

impl Finding {
    fn problem(text: String) -> Finding {
        Finding { severity: Severity::Problem, text, page: None }
    }

    fn warning(text: String) -> Finding {
        Finding { severity: Severity::Warning, text, page: None }
    }

    fn at(mut self, path: impl Into<String>, state: Value, verb: &'static str) -> Finding {
        self.page = Some(Page { path: path.into(), state, verb });
        self
    }

    fn to_json(&self) -> Value {
        let page = self.page.as_ref();
        let page =
            page.map(|page| json!({"path": page.path, "state": page.state, "verb": page.verb}));
        json!({"severity": word(Some(self.severity)), "text": self.text, "page": page})
    }
}

const fn word(severity: Option<Severity>) -> &'static str {
    match severity {
        None => "ok",
        Some(Severity::Warning) => "warning",
        Some(Severity::Problem) => "problem",
    }
}

const VIEW_EVENTS: Permission = Permission::on("authentik_events.event", "view");
const VIEW_GROUPS: Permission = Permission::on("authentik_core.group", "view");

/// Who asks, and what they may view of what the overview tells.
#[derive(Debug, Clone, Copy)]
struct Reader {
    account: i64,
    /// Seconds by which the reader's clock is before UTC.
    east: i64,
    events: bool,
    groups: bool,
}

/// What is read of the tables.
#[derive(Default)]
struct Read {
    counts: [i64; 4],
    groups: Vec<(String, String, i64)>,
    /// Alerts and warnings of the caller that are unread.
    unread: [i64; 2],
    /// Events of a day that tell of something wrong, by their action.
    wrong: Vec<(String, i64)>,
    lines: Vec<Value>,
    troubled: bool,
    days: Vec<(Timestamp, SignIns)>,
}

fn read(sql: &mut Sql<'_>, reader: Reader, now: Timestamp) -> Result<Read, StoreError> {
    let row = sql.query_one(
        "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM user_group), (SELECT COUNT(*) FROM session), \
         (SELECT COUNT(*) FROM event WHERE action = 'authorize_application')",
        params![],
    )?;
    let counts = match row {
        Some(row) => [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?],
        None => [0; 4],
    };
    // The default installation has groups of its own.
    let groups = sql.query(
        "SELECT g.uuid, g.name, (SELECT COUNT(*) FROM membership m WHERE m.group_uuid = g.uuid) FROM user_group g \
         WHERE g.name NOT LIKE 'authentik %' ORDER BY LOWER(g.name) LIMIT 100",
        params![],
    )?;
    let groups = groups
        .iter()
        .filter(|_| reader.groups)
        .map(|row| Ok((row.get::<uuid::Uuid>(0)?.to_string(), row.get(1)?, row.get(2)?)))
        .collect::<Result<_, StoreError>>()?;
    let mut unread = [0; 2];
    let rows = sql.query(
        "SELECT severity, COUNT(*) FROM notification WHERE user_id = $1 AND seen = 0 GROUP BY severity",
        params![reader.account],
    )?;
    for row in rows {
        match row.get::<String>(0)?.as_str() {
            "alert" => unread[0] = row.get(1)?,
            "warning" => unread[1] = row.get(1)?,
            _ => {}
        }
    }
    let known = Read { counts, groups, unread, ..Read::default() };
    if !reader.events {
        return Ok(known);
    }
    let marks: Vec<String> = (2..).take(TROUBLES.len()).map(|at| format!("${at}")).collect();
    let values: Vec<SqlValue> = [SqlValue::from(now.plus_seconds(-DAY))]
        .into_iter()
        .chain(TROUBLES.map(SqlValue::from))
        .collect();
    let statement = format!(
        "SELECT action, COUNT(*) FROM event WHERE created >= $1 AND action IN ({}) GROUP BY action ORDER BY action",
        marks.join(", ")
    );
    let wrong = sql
        .query(&statement, &values)?
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<_, StoreError>>()?;
    let mut lines = countersign_events::troubles(sql, now.plus_seconds(-7 * DAY))?;
    let troubled = !lines.is_empty();
    if !troubled {
        lines = countersign_events::recent(sql, i64::try_from(LINES).unwrap_or(6))?;
    }
    lines.truncate(LINES);
    let days = countersign_events::sign_ins(sql, now, reader.east, DAYS)?;
    Ok(Read { wrong, lines, troubled, days, ..known })
}

async fn overview(settings: Arc<Settings>, call: Call) -> Result<Response, ApiError> {
    let now = call.cx.clock.now();
    let offset = call.query.get("offset").and_then(|text| text.parse::<i64>().ok());
    let reader = Reader {
        account: call.caller.pk().unwrap_or_default(),
        east: offset.unwrap_or(0).clamp(-FURTHEST, FURTHEST) * 60,
        events: call.rights().hold(VIEW_EVENTS),
        groups: call.rights().hold(VIEW_GROUPS),
    };
    let read = call.cx.store.browse(move |sql| read(sql, reader, now)).await?;
    let mut findings: Vec<Finding> = notices::current(&call.cx)
        .into_iter()
        .map(|notice| Finding::problem(format!("{}. {}", notice.title, notice.text)))
        .collect();
    findings.extend(backup(&backups::read(&settings, &call.cx).await?));
    findings.extend(certificates(&call, now));
    findings.extend(unusable(&call).await?);
    findings.extend(of_events(&read));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let verdict = findings.iter().map(|finding| finding.severity).max();
    let count = |space: &'static str| call.snapshot.entries(Space(space)).count();
    let days = read.days.iter();
    let [users, groups, sessions, _] = read.counts;
    Ok(json(
        StatusCode::OK,
        &json!({
            "verdict": word(verdict),
            "findings": findings.iter().map(Finding::to_json).collect::<Value>(),
            "counts": {"users": users, "groups": groups, "sessions": sessions, "applications": count("application"), "providers": count("provider"),
                       "flows": count("flow"), "stages": count("stage"), "policies": count("policy")},
            "setup": setup(&call, &read),
            "sign_ins": days.map(|(day, of)| json!({"day": day.iso(), "succeeded": of.succeeded, "refused": of.refused})).collect::<Value>(),
            "events": {"troubled": read.troubled, "lines": read.lines},
            "server_time": now.iso(),
            "revision": call.snapshot.revision(),
            "version": call.cx.settings.version,
            "base_url": call.cx.settings.base_url,
            "origin": call.cx.origin(&call.request),
        }),
    ))
}

fn backup(state: &backups::State) -> Option<Finding> {
    if let Some(problem) = &state.problem {
        return Some(Finding::problem(format!("The last backup failed: {problem}")));
    }
    let last = state.last.filter(|_| state.late)?;
    Some(Finding::problem(format!("No backup was made since {}.", last.iso())))
}

fn certificates(call: &Call, now: Timestamp) -> Vec<Finding> {
    let ending = call.snapshot.list::<CertificateKeyPair>().filter_map(|(reference, pair)| {
        let ends = pair.details().filter(|_| !pair.key_data.is_empty())?.expires;
        let left = (ends.seconds() - now.seconds()).div_euclid(DAY);
        let page = format!("/crypto/certificates/{}", reference.key());
        let finding = if ends <= now {
            Finding::problem(format!("The certificate {} has expired.", pair.name))
        } else if left < ENDS_SOON {
            let within =
                if left == 0 { "within a day".to_owned() } else { format!("in {left} days") };
            Finding::warning(format!("The certificate {} expires {within}.", pair.name))
        } else {
            return None;
        };
        Some(finding.at(page, json!({}), "Renew"))
    });
    ending.collect()
}

/// Objects that cannot work as they are.
async fn unusable(call: &Call) -> Result<Vec<Finding>, ApiError> {
    let snapshot = call.snapshot.clone();
    // Keys and expressions are looked at: not for the async threads.
    let found = tokio::task::spawn_blocking(move || unsound(&snapshot))
        .await
        .map_err(|error| ApiError::object(error.to_string()))?;
    let told = found.iter().take(MOST).map(|(entry, errors)| {
        let errors = errors.to_json();
        let texts = errors.as_object().into_iter().flat_map(|fields| fields.values());
        let texts: Vec<&str> =
            texts.filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
        let name = call.cx.display(entry);
        Finding::problem(format!("{} {name}: {}", entry.meta().title, texts.join(" ")))
    });
    Ok(told.collect())
}

/// What the log and the bell say, so that neither says something else than the verdict.
fn of_events(read: &Read) -> Vec<Finding> {
    let some = |count: i64, one: &str, many: &str| {
        if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
    };
    let mut all = Vec::new();
    for (action, count) in &read.wrong {
        let (one, many) = match action.as_str() {
            "configuration_error" => ("configuration error", "configuration errors"),
            "policy_exception" => ("policy that failed to run", "policies that failed to run"),
            "property_mapping_exception" => {
                ("property mapping that failed to run", "property mappings that failed to run")
            }
            "suspicious_request" => ("suspicious request", "suspicious requests"),
            "system_exception" => ("fault of the server", "faults of the server"),
            "system_task_exception" => ("failed task", "failed tasks"),
            // Somebody mistypes a password every day.
            _ => continue,
        };
        let text = format!("{} in the last 24 hours.", some(*count, one, many));
        let state = json!({"filters": {"actions": [action], "range": "24h"}});
        all.push(Finding::warning(text).at("/events/log", state, "Show"));
    }
    let [alerts, warnings] = read.unread;
    if alerts > 0 {
        let unread = some(alerts, "unread alert", "unread alerts");
        all.push(Finding::problem(format!("You have {unread}: open the notifications above.")));
    } else if warnings > 0 {
        let unread = some(warnings, "unread warning", "unread warnings");
        all.push(Finding::warning(format!("You have {unread}: open the notifications above.")));
    }
    all
}

/// The steps to a first sign-in, each with what is there already.
fn setup(call: &Call, read: &Read) -> Value {
    let named = |space: &'static str| {
        let mut seen = call
            .snapshot
            .entries(Space(space))
            .filter(|entry| call.rights().see(entry.meta(), entry.id));
        let first = seen.next()?;
        Some((first.id.key.to_string(), call.cx.display(first)))
    };
    let (provider, application) = (named("provider"), named("application"));
    let [.., used] = read.counts;
    let groups: Vec<&str> = read.groups.iter().map(|(_, name, _)| name.as_str()).collect();
    let with_members = read.groups.iter().filter(|(_, _, members)| *members > 0).count();
    json!({
        "groups": groups,
        "first_group": read.groups.first().map(|(key, _, _)| key),
        "groups_with_members": with_members,
        "provider": provider.map(|(key, name)| json!({"pk": key, "name": name})),
        "application": application.map(|(_, name)| name),
        "applications_opened": used,
    })
}
