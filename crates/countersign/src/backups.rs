//! Scheduled backups: written by the server, tried out before they count, and told about where
//! administrators look.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Context, Job, JobError, Module, Operation, Permission, Run, json, with,
};
use countersign_model::{Registry, Secret, Timestamp};
use countersign_store::{
    Actor, Auditor, BackupError, CommittedEdit, Options, Sql, Store, StoreError, SystemClock,
    SystemEntropy, restore_backup, restore_files,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    commands::backup::{folder, kept, name_of, passphrase, to_file},
    files,
    settings::Settings,
};

/// How often it is asked whether a backup is due, in seconds.
const EVERY: u64 = 60;
/// The fact that keeps the last outcome.
const LAST: &str = "last backup";

/// The job and its state in the API.
pub fn module(settings: &Settings) -> Module {
    let settings = Arc::new(settings.clone());
    let due = settings.clone();
    let run = move |cx: Context, _: Run| run(cx, due.clone());
    let free = json!({"type": "object", "additionalProperties": {}});
    Module {
        name: "backups",
        jobs: vec![Job {
            keep: false,
            ..Job::every(
                "scheduled_backup",
                EVERY,
                "Make a backup when one is due, try it out, and remove old ones.",
                run,
            )
        }],
        operations: vec![
            Operation::new(
                Method::GET,
                "countersign/backups/",
                "countersign_backups_retrieve",
                Access::global(Permission::VIEW_SYSTEM_INFO),
                with(&settings, state),
            )
            .summary("Whether backups are made, and how the last one went.")
            .response(free),
        ],
        ..Module::default()
    }
}

async fn last(cx: &Context) -> Result<Option<Value>, StoreError> {
    let noted = cx.store.read(|sql| sql.fact(LAST)).await?;
    Ok(noted.and_then(|text| serde_json::from_str(&text).ok()))
}

/// How the last backups went.
pub struct State {
    every: Option<i64>,
    pub last: Option<Timestamp>,
    /// The last good one is older than two of its intervals.
    pub late: bool,
    pub problem: Option<String>,
}

/// What is known of the last backups.
///
/// # Errors
/// When the engine fails.
pub async fn read(settings: &Settings, cx: &Context) -> Result<State, StoreError> {
    let noted = last(cx).await?.unwrap_or_default();
    let every = settings.backup.every.map(|every| every.0);
    let last = noted.get("good").and_then(Value::as_i64).map(Timestamp);
    let late = every.is_some_and(|every| {
        last.is_none_or(|good| cx.clock.now().seconds() - good.seconds() > 2 * every)
    });
    let problem = noted.get("problem").and_then(Value::as_str).map(str::to_owned);
    Ok(State { every, last, late, problem })
}

async fn state(settings: Arc<Settings>, call: Call) -> Result<Response, ApiError> {
    let state = read(&settings, &call.cx).await?;
    let files = kept(&folder(&settings));
    Ok(json(
        StatusCode::OK,
        &json!({
            "scheduled": state.every.is_some(),
            "every_seconds": state.every,
            "last": state.last.map(Timestamp::iso),
            "late": state.late,
            "problem": state.problem,
            "files": files.iter().rev().map(|backup| json!({"name": backup.path.file_name().map(|n| n.to_string_lossy().into_owned()), "at": backup.at.iso()})).collect::<Value>(),
        }),
    ))
}

/// Makes a backup when the last good one is old enough. A failure is tried again at the next look,
/// told once a change.
async fn run(cx: Context, settings: Arc<Settings>) -> Result<(), JobError> {
    let Some(every) = settings.backup.every else { return Ok(()) };
    let (now, before) = (cx.clock.now(), last(&cx).await?);
    let good = before.as_ref().and_then(|last| last.get("good")).and_then(Value::as_i64);
    if good.is_some_and(|good| now.seconds() - Timestamp(good).seconds() < every.0) {
        return Ok(());
    }
    let outcome = make(&cx, &settings, now).await;
    let value = match &outcome {
        Ok(_) => json!({"good": now.0}),
        Err(problem) => json!({"good": good, "problem": problem}),
    };
    let text = value.to_string();
    let known = before
        .as_ref()
        .and_then(|last| last.get("problem"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let fresh = outcome.as_ref().err().filter(|problem| known.as_ref() != Some(problem)).cloned();
    cx.store
        .write(Actor::system(), "outcome of a backup", move |tx| {
            tx.put_fact(LAST, &text)?;
            if let Some(problem) = &fresh {
                let context = json!({"message": format!("A scheduled backup failed: {problem}")});
                countersign_events::emit(
                    tx,
                    countersign_events::Event::new(
                        "system_task_exception",
                        "countersign.backups",
                        context,
                    ),
                )?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    match outcome {
        Ok(name) => {
            tracing::info!(file = name, "a backup was made and tried out");
            Ok(())
        }
        Err(problem) => Err(JobError::Failed(problem)),
    }
}

async fn make(cx: &Context, settings: &Settings, now: Timestamp) -> Result<String, String> {
    let passphrase = passphrase(settings)?;
    let folder = folder(settings);
    files::make_folder(&folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let name = name_of(now);
    let path = folder.join(&name);
    let untried = path.with_extension("untried");
    let secret_key = cx.settings.secret_key.clone();
    let uploads = cx.settings.media.folder().map(ToOwned::to_owned);
    let rows =
        to_file(&cx.store, &untried, uploads, passphrase.clone(), secret_key.clone()).await?;
    let registry = cx.registry().clone();
    let tried = try_out(registry, &untried, &folder, passphrase, secret_key).await;
    let tried = tried.map_err(|problem| format!("the backup cannot be restored: {problem}"));
    if tried.as_ref().is_ok_and(|tried| *tried == rows) {
        std::fs::rename(&untried, &path)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        let kept = kept(&folder);
        for old in kept.iter().rev().skip(usize::from(settings.backup.keep)) {
            if let Err(error) = std::fs::remove_file(&old.path) {
                tracing::warn!(%error, file = %old.path.display(), "an old backup cannot be removed");
            }
        }
        return Ok(name);
    }
    let _ = std::fs::remove_file(&untried);
    Err(tried
        .map_or_else(|problem| problem, |tried| format!("of {rows} rows only {tried} came back")))
}

/// Restores the backup into an empty database of its own and gives the number of rows.
async fn try_out(
    registry: Registry,
    file: &std::path::Path,
    beside: &std::path::Path,
    passphrase: Secret,
    secret_key: Secret,
) -> Result<u64, String> {
    let place = tempfile::Builder::new()
        .prefix(".trial-")
        .tempdir_in(beside)
        .map_err(|error| error.to_string())?;
    let options = Options {
        database: place.path().to_path_buf().into(),
        secret_key: secret_key.into(),
        registry,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        auditor: Arc::new(Silent),
        consequences: Vec::new(),
    };
    let opened = tokio::task::spawn_blocking(move || Store::open(options))
        .await
        .map_err(|error| error.to_string())?;
    let store = opened.map_err(|error| error.to_string())?;
    let file = file.to_path_buf();
    let restored = store
        .write(Actor::system(), "trial of a backup", move |tx| {
            let open = || std::fs::File::open(&file).map(std::io::BufReader::new);
            restore_files(open()?, &passphrase, None)?;
            restore_backup(tx, open()?, &passphrase)
        })
        .await;
    store.close().await;
    restored.map_err(|error: BackupError| error.to_string())
}

/// A trial is not an event.
struct Silent;

impl Auditor for Silent {
    fn record(
        &self,
        _sql: &mut Sql<'_>,
        _entropy: &dyn countersign_model::Entropy,
        _edit: &CommittedEdit<'_>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}
