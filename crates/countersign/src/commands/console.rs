//! Changes of the configuration from the console. A server that runs on a data folder keeps the
//! configuration in memory, so it is asked to make the change itself, through the table of tasks;
//! without one the change is made here.

use std::sync::Arc;
use std::time::Duration;

use countersign_blueprints::instances::Surroundings;
use countersign_catalogue::CertificateKeyPair;
use countersign_core::{ApiError, Context, Job, JobError, Module, Run, Work, enqueue};
use countersign_model::{Code, Secret};
use countersign_policy::rescue::{self, Switched};
use countersign_proxy::{Report, SelfTest};
use countersign_store::{Actor, Store, StoreError, params};
use serde::{Deserialize, Serialize};

use super::blueprint;
use crate::{
    settings::Loaded,
    start::{self, Hold},
};

/// How long the running server gets to answer, in tenths of a second: a test of a reverse proxy
/// waits for that one, too.
const PATIENCE: u32 = 150;
const PATIENCE_FOR_TEST: u32 = 600;

/// What the console wants changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Order {
    Switch {
        names: Vec<String>,
        enabled: bool,
    },
    Certificate {
        name: String,
        certificate: String,
        key: String,
    },
    /// Names and texts of files.
    Blueprint {
        files: Vec<(String, String)>,
    },
    /// What is in front of an application; answered as one line of JSON.
    ProxyTest {
        host: String,
        paths: Vec<String>,
    },
}

/// What came of it: lines to print, or what stands against it.
type Outcome = Result<Vec<String>, String>;

/// The job by which a server serves the console of its machine.
pub fn module(blueprints: &Arc<Surroundings>, test: &SelfTest) -> Module {
    Module {
        name: "console",
        jobs: vec![countersign_rest::undo_job(), Job::of(Serve(blueprints.clone(), test.clone()))],
        ..Module::default()
    }
}

struct Serve(Arc<Surroundings>, SelfTest);

impl Work for Serve {
    const NAME: &'static str = "console";
    const DESCRIPTION: &'static str = "Changes asked for on the console.";
    const ATTEMPTS: u32 = 1;
    type Args = Order;

    async fn run(&self, cx: Context, run: Run, order: Order) -> Result<(), JobError> {
        serve(cx, self, run, order).await
    }
}

async fn serve(
    cx: Context,
    Serve(given, test): &Serve,
    run: Run,
    order: Order,
) -> Result<(), JobError> {
    let outcome: Outcome = match order {
        Order::Blueprint { files } => blueprint::carry_out(&cx, given, &files).await,
        Order::ProxyTest { host, paths } => {
            let report = test.run_at(&cx, &host, &paths).await;
            report
                .map(|report| vec![serde_json::to_string(&report).unwrap_or_default()])
                .map_err(|refused| refused.to_string())
        }
        order => carry_out(&cx.store, order).await,
    };
    let text = serde_json::to_string(&outcome).unwrap_or_default();
    let name = answer_name(&run.uid);
    cx.store
        .write(Actor::system(), "answer to the console", move |tx| tx.put_fact(&name, &text))
        .await?;
    Ok(())
}

fn answer_name(uid: &str) -> String {
    format!("console {uid}")
}

/// Changes the configuration, here or by the server that runs, and prints what came of it.
///
/// # Errors
/// A sentence that says what stands against it.
pub async fn run(loaded: &Loaded, order: Order) -> Result<(), String> {
    start::must_have_data(&loaded.settings)?;
    let hold = Hold::take(&loaded.settings);
    let (store, ..) = start::open_store(&loaded.settings).await?;
    let outcome = match &hold {
        Ok(_) => carry_out(&store, order).await,
        Err(_) => ask(&store, order).await,
    };
    store.close().await;
    for line in outcome? {
        println!("{line}");
    }
    Ok(())
}

/// Tests what is in front of an application. The server that runs does it, since it is asked by the
/// reverse proxy meanwhile.
///
/// # Errors
/// A sentence that says what stands against it.
pub async fn test_proxy(
    loaded: &Loaded,
    host: String,
    paths: Vec<String>,
) -> Result<Report, String> {
    start::must_have_data(&loaded.settings)?;
    let (store, ..) = start::open_store(&loaded.settings).await?;
    let outcome = ask(&store, Order::ProxyTest { host, paths }).await;
    store.close().await;
    let text = outcome?.pop().unwrap_or_default();
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Asks the server that holds the folder. Only tables are written here, which it shares with us.
async fn ask(store: &Store, order: Order) -> Outcome {
    let patience =
        if matches!(order, Order::ProxyTest { .. }) { PATIENCE_FOR_TEST } else { PATIENCE };
    let asked = store.write(Actor::system(), "console", move |tx| {
        let uid = tx.entropy().uuid().to_string();
        enqueue::<Serve>(tx, &uid, &order)?;
        Ok::<_, StoreError>(uid)
    });
    let uid = asked.await.map_err(|error| error.to_string())?;
    let name = answer_name(&uid);
    for _ in 0..patience {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let taken = name.clone();
        let answer = store.write(Actor::system(), "console", move |tx| {
            let row =
                tx.query_one("DELETE FROM fact WHERE name = $1 RETURNING value", params![&taken])?;
            row.map(|row| row.get::<String>(0)).transpose()
        });
        if let Some(text) = answer.await.map_err(|error: StoreError| error.to_string())? {
            return serde_json::from_str(&text).map_err(|error| error.to_string())?;
        }
    }
    let withdrawn = store.write(Actor::system(), "console", move |tx| {
        tx.execute("DELETE FROM task WHERE name = $1 AND uid = $2", params![Serve::NAME, &uid])
    });
    let _: Result<u64, StoreError> = withdrawn.await.map(|rows| rows as u64);
    Err("the server that runs on this data folder does not answer. Stop it and try again"
        .to_owned())
}

async fn carry_out(store: &Store, order: Order) -> Outcome {
    match order {
        Order::Switch { names, enabled } => switch(store, names, enabled).await,
        Order::Certificate { name, certificate, key } => {
            import(store, name, certificate, key).await
        }
        // Carried out with more than the store: by the server, or by the command itself.
        Order::Blueprint { .. } | Order::ProxyTest { .. } => {
            Err("no server runs on this data folder any longer. Try again".to_owned())
        }
    }
}

async fn switch(store: &Store, names: Vec<String>, enabled: bool) -> Outcome {
    let word = if enabled { "enabled" } else { "disabled" };
    let reason = format!("console: {word} {}", names.join(", "));
    let switched: Result<Vec<Switched>, ApiError> = store
        .write(
            Actor::console(format!("countersign {}", if enabled { "enable" } else { "disable" })),
            reason,
            move |tx| {
                let mut all = Vec::new();
                for name in &names {
                    let found = rescue::switch(tx, name, enabled)?;
                    all.extend(found.ok_or_else(|| {
                        ApiError::object(format!("there is no policy and no binding \"{name}\""))
                    })?);
                }
                Ok(all)
            },
        )
        .await;
    let switched = switched.map_err(|error| said(&error))?;
    let mut lines: Vec<String> =
        switched.iter().map(|one| format!("{word}: {} ({})", one.says, one.binding)).collect();
    if lines.is_empty() {
        lines.push(format!("nothing to do: all of it is {word} already"));
    } else {
        let back = if enabled { "disable" } else { "enable" };
        let bindings: Vec<String> = switched.iter().map(|one| one.binding.to_string()).collect();
        lines.push(format!("the way back: countersign {back} {}", bindings.join(" ")));
    }
    Ok(lines)
}

async fn import(store: &Store, name: String, certificate: String, key: String) -> Outcome {
    let reason = format!("console: certificate \"{name}\" imported");
    let shown = name.clone();
    let written: Result<bool, ApiError> = store
        .write(Actor::console("countersign import-certificate"), reason, move |tx| {
            let known = tx
                .graph()
                .find::<CertificateKeyPair>("name", &name)
                .map(|(reference, pair)| (reference.key(), pair.managed.clone()));
            let fresh = tx.entropy().uuid();
            let (there, (place, managed)) =
                (known.is_some(), known.unwrap_or((fresh.into(), None)));
            let pair = CertificateKeyPair {
                name: name.clone(),
                certificate_data: Code::from(certificate.as_str()),
                key_data: Secret::new(key.as_str()),
                managed,
            };
            tx.draft().put(place, pair);
            Ok(there)
        })
        .await;
    let there = written.map_err(|error| said(&error))?;
    Ok(vec![format!("certificate \"{shown}\" {}", if there { "replaced" } else { "imported" })])
}

/// An error in words for a terminal.
fn said(error: &ApiError) -> String {
    match error {
        ApiError::Fields(errors) => errors.sentences(),
        other => other.to_string(),
    }
}
