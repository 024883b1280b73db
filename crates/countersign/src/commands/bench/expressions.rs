//! What a policy costs, in the interpreter and natively: processor time of this process and of the
//! interpreter's together.

use std::fs;
use std::time::Duration;

use countersign_core::RequestInfo;
use countersign_policy::expression::{Program, parse};
use countersign_policy::{Occasion, PolicyRequest, Subject};
use countersign_store::{Sql, StoreError, params};
use http::Request;
use tokio::time::Instant;

use crate::settings::Settings;
use crate::start;

/// Runs before it counts: the interpreter's process is started, the program compiled.
const WARM_UP: u32 = 200;
/// The kernel counts processor time in hundredths of a second (`man 7 time`, `USER_HZ`).
const TICKS: f64 = 100.0;
/// A shipped one.
const NATIVE: &str = "return context.get(\"auth_method\") != \"app_password\"";

/// Measures and prints.
///
/// # Errors
/// A sentence when a policy fails, or this process cannot be measured.
pub(super) fn run(settings: &Settings, time: Duration) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let (cx, policies, _) = start::look(settings).await?;
        let member = |sql: &mut Sql<'_>| {
            let statement = "SELECT user_id FROM membership ORDER BY user_id LIMIT 1";
            let pk = sql.query_one(statement, params![])?.map_or(Ok(0), |row| row.get::<i64>(0))?;
            countersign_accounts::identity(sql, pk)
        };
        let member = cx.store.read(member).await.map_err(|error: StoreError| error.to_string())?;
        let member = member.ok_or("nobody is in a group")?;
        let subject = Subject::of(&member, cx.uid(member.pk));
        let group = subject.groups.first().map(|group| group.name.clone()).unwrap_or_default();
        let asking = format!(
            "if ak_is_group_member(request.user, name=\"{group}\"):\n    ak_message(\"Welcome\")\n    return True\nreturn False"
        );
        let (parts, ()) = Request::new(()).into_parts();
        let (snapshot, host) = (cx.snapshot(), policies.host(&cx, Some(&RequestInfo::of(&parts))));
        let request = PolicyRequest {
            snapshot: &snapshot,
            clock: &*cx.clock,
            host: &host,
            user: Some(&subject),
            occasion: Occasion::Application(None),
            target: None,
            name: "bench",
        };
        for (name, source) in [
            ("in the interpreter, one question and one message", asking.as_str()),
            ("native", NATIVE),
        ] {
            let program = parse(source).map_err(|error| error.to_string())?;
            println!("{name}: {}", measured(&program, &request, time).await?);
        }
        cx.store.close().await;
        Ok(())
    })
}

async fn measured(
    program: &Program,
    request: &PolicyRequest<'_>,
    time: Duration,
) -> Result<String, String> {
    for _ in 0..WARM_UP {
        passes(program, request).await?;
    }
    let (begun, before) = (Instant::now(), processor_time()?);
    let mut runs = 0_u32;
    while begun.elapsed() < time {
        for _ in 0..WARM_UP {
            passes(program, request).await?;
        }
        runs += WARM_UP;
    }
    let (wall, spent) = (begun.elapsed().as_secs_f64(), processor_time()? - before);
    let runs = f64::from(runs);
    Ok(format!(
        "{:.0} runs a second of one core ({:.1} µs of processor time each), {:.0} a second on the clock",
        runs / spent.max(1.0 / TICKS),
        spent / runs * 1e6,
        runs / wall
    ))
}

async fn passes(program: &Program, request: &PolicyRequest<'_>) -> Result<(), String> {
    let verdict = program.decide(request).await.map_err(|error| error.to_string())?;
    if verdict.passing { Ok(()) } else { Err("the policy does not pass".to_owned()) }
}

/// Seconds of processor time of this process and its children.
fn processor_time() -> Result<f64, String> {
    let wrong = |error: std::io::Error| format!("processes cannot be measured: {error}");
    let own = std::process::id();
    let mut ticks = 0_u32;
    for entry in fs::read_dir("/proc").map_err(wrong)?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end meanwhile.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name of the program, in brackets, may hold anything; then state, parent, ...
        let rest = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let field =
            |at: usize| rest.split_whitespace().nth(at).and_then(|it| it.parse::<u32>().ok());
        if pid == own || field(1) == Some(own) {
            ticks += field(11).unwrap_or(0) + field(12).unwrap_or(0);
        }
    }
    Ok(f64::from(ticks) / TICKS)
}
