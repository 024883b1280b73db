//! `countersign bench`: makes people and applications, puts a server of its own under load with
//! real requests over loopback, and says what each operation costs beside the part of it that
//! nobody can save: one signature, one password hash, one commit.
//!
//! The server under load is a child process of the same program; the load comes from one thread of
//! this one. Nothing here is used by a server that serves.

mod bare;
mod client;
mod data;
mod load;
mod report;
mod scenarios;
mod server;

use std::path::PathBuf;
use std::time::Duration;

pub use data::{PASSWORD, fill};
use report::Row;
pub use report::{Memory, Report, Size};
pub use server::Started;
use thiserror::Error;

/// What is measured, and how long.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program to start, which is the one that runs.
    pub program: PathBuf,
    /// What the child process gets besides the environment of this one: data folder, addresses,
    /// first token.
    pub environment: Vec<(String, String)>,
    /// Address of the child, as `127.0.0.1:9000`.
    pub address: String,
    /// Where it answers LDAP and RADIUS.
    pub ldap: String,
    pub radius: String,
    /// The administrator's API token.
    pub token: String,
    /// How long each operation is put under load.
    pub time: Duration,
    /// Only operations whose name contains this are measured; the others run for a moment, where
    /// they prepare for these.
    pub only: Option<String>,
    /// Connections that ask at once.
    pub clients: usize,
    /// Where the bare commits are measured: the disk of the data.
    pub folder: PathBuf,
    /// How the engine is called in the report.
    pub engine: &'static str,
}

/// Why there are no figures.
#[derive(Debug, Error)]
pub enum BenchError {
    #[error("the server did not become ready: {0}")]
    Start(String),
    #[error("{operation}: {problem}")]
    Answer { operation: &'static str, problem: String },
    #[error(transparent)]
    Store(#[from] countersign_store::StoreError),
    #[error("the bare cost of a commit cannot be measured: {0}")]
    Bare(#[from] rusqlite::Error),
}

/// Measures the bare costs and every operation on data that [`fill`] made.
///
/// # Errors
/// The server does not start, or answers otherwise than it should.
pub fn run(options: &Options, size: Size, tell: &dyn Fn(&str)) -> Result<Report, BenchError> {
    tell("bare costs");
    let bare = bare::measure(&options.folder)?;
    tell("starting the server");
    let mut report = under_load(options, size, tell, async |server| {
        scenarios::all(options, server, size, tell).await
    })?;
    report.bare = bare;
    Ok(report)
}

/// What grows with the number of people and applications, if anything does.
///
/// # Errors
/// As [`run`].
pub fn growth(options: &Options, size: Size, tell: &dyn Fn(&str)) -> Result<Report, BenchError> {
    under_load(options, size, tell, async |server| {
        scenarios::growing(options, server, size, tell).await
    })
}

fn under_load(
    options: &Options,
    size: Size,
    tell: &dyn Fn(&str),
    load: impl AsyncFnOnce(&Started) -> Result<Vec<Row>, BenchError>,
) -> Result<Report, BenchError> {
    let mut server = Started::start(options)?;
    let (idle, peak) = (server.idle(), server.peak());
    let rows = in_one_thread(load(&server))?;
    let most = peak.end();
    tell("a minute of rest");
    let settled = server.settled();
    server.stop();
    Ok(Report {
        engine: options.engine,
        size,
        ready: server.ready,
        memory: Memory { idle, most, settled },
        bare: Vec::new(),
        rows,
    })
}

/// The table of several sizes as a page with plots.
pub fn page(reports: &[Report], growths: &[Report]) -> String {
    report::page(reports, growths)
}

fn in_one_thread<T>(work: impl Future<Output = Result<T, BenchError>>) -> Result<T, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| BenchError::Start(error.to_string()))?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(work))
}
