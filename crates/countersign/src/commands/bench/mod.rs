//! `countersign bench`: figures of this program on this machine.

mod expressions;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use countersign_bench::{Options, Report, Size};
use countersign_store::{StoreError, SystemEntropy, params};

use crate::{
    cli::Bench,
    settings::{self, Loaded, System},
    start::{self, Hold},
};

/// The sizes of the growth series: people and applications.
const SERIES: [(u64, u64); 4] = [(10, 10), (1_000, 100), (100_000, 1_000), (1_000_000, 10_000)];
const GROUPS: u64 = 100;
/// People to ask policies about.
const EXPRESSIONS: u64 = 100;

/// Measures and prints; with a file also as a page.
///
/// # Errors
/// A sentence when there is data already where the bench would make its own, or the server does not
/// do its work.
pub fn run(flags: &[(String, String)], config: Option<&Path>, bench: &Bench) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let folder = tempfile::tempdir()
        .map_err(|error| format!("no folder for the data can be made: {error}"))?;
    let place = Place::new(flags, config, folder.path())?;
    if bench.expressions {
        place.fill(0, EXPRESSIONS)?;
        return expressions::run(&place.loaded.settings, Duration::from_secs(bench.seconds));
    }
    let size = |users, applications| Size { users, applications };
    let tell = |text: &str| eprintln!("    {text}");
    let options = place.options(bench)?;
    let (mut reports, mut growths): (Vec<Report>, Vec<Report>) = (Vec::new(), Vec::new());
    if bench.growth {
        let mut made = 0;
        for (users, applications) in SERIES.into_iter().filter(|(users, _)| *users <= bench.most) {
            place.fill(made, users)?;
            made = users;
            let report = countersign_bench::growth(&options, size(users, applications), &tell)
                .map_err(|error| error.to_string())?;
            println!("{report}");
            growths.push(report);
        }
    } else {
        place.fill(0, bench.users)?;
        let report = countersign_bench::run(&options, size(bench.users, bench.applications), &tell)
            .map_err(|error| error.to_string())?;
        println!("{report}");
        reports.push(report);
    }
    if let Some(path) = &bench.html {
        std::fs::write(path, countersign_bench::page(&reports, &growths))
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// The installation that is measured: its settings, for this process and for the server.
struct Place {
    loaded: Loaded,
    environment: Vec<(String, String)>,
    address: String,
    ldap: String,
    radius: String,
    token: String,
    folder: PathBuf,
}

impl Place {
    fn new(
        flags: &[(String, String)],
        config: Option<&Path>,
        folder: &Path,
    ) -> Result<Place, String> {
        let (http, https, metrics) = (free_address()?, free_address()?, free_address()?);
        let (ldap, ldaps, radius) = (free_address()?, free_address()?, free_address()?);
        let token = countersign_model::Entropy::token(&SystemEntropy, 40);
        let own = [
            ("data_dir", folder.display().to_string()),
            // Where applications behind a proxy send people to.
            ("base_url", format!("http://{http}")),
            ("listen.http", http.clone()),
            ("listen.https", https),
            ("listen.metrics", metrics),
            ("listen.ldap", ldap.clone()),
            ("listen.ldaps", ldaps),
            ("listen.radius", radius.clone()),
            ("log_level", "warning".to_owned()),
            ("bootstrap_password", countersign_bench::PASSWORD.to_owned()),
            ("bootstrap_token", token.clone()),
        ];
        let all: Vec<(String, String)> = flags
            .iter()
            .cloned()
            .chain(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())))
            .collect();
        let loaded = settings::load(&all, config, &System).map_err(|wrong| wrong.to_string())?;
        let environment = all
            .iter()
            .map(|(name, value)| {
                (format!("COUNTERSIGN_{}", name.to_uppercase().replace('.', "__")), value.clone())
            })
            .collect();
        Ok(Place {
            loaded,
            environment,
            address: http,
            ldap,
            radius,
            token,
            folder: folder.to_owned(),
        })
    }

    fn options(&self, bench: &Bench) -> Result<Options, String> {
        Ok(Options {
            program: std::env::current_exe()
                .map_err(|error| format!("this program's own file is not known: {error}"))?,
            environment: self.environment.clone(),
            address: self.address.clone(),
            ldap: self.ldap.clone(),
            radius: self.radius.clone(),
            token: self.token.clone(),
            time: Duration::from_secs(bench.seconds),
            only: bench.only.clone(),
            clients: bench.clients,
            folder: self.folder.clone(),
            engine: match (
                self.loaded.settings.postgresql.host.is_some(),
                self.loaded.settings.redis.is_set(),
            ) {
                (false, _) => "SQLite",
                (true, false) => "PostgreSQL",
                (true, true) => "PostgreSQL and Redis",
            },
        })
    }

    /// Makes people `from..to`; the first time on an empty database only.
    fn fill(&self, from: u64, to: u64) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let hold = Hold::take(&self.loaded.settings)?;
            if from == 0 {
                let (store, ..) = start::open_store(&self.loaded.settings).await?;
                let used = store.read(|sql| Ok::<_, StoreError>(sql.query_one("SELECT 1 FROM users LIMIT 1", params![])?.is_some())).await;
                store.close().await;
                if used.map_err(|error| error.to_string())? {
                    return Err("there are people in this database already. The bench makes its own: name an empty one".to_owned());
                }
            }
            let (context, _) = start::open(&self.loaded.settings, &hold).await?;
            let told = countersign_bench::fill(&context.store, from, to, GROUPS, &|_| {}).await;
            context.store.close().await;
            told.map_err(|error| error.to_string())
        })
    }
}

fn free_address() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.to_string()).map_err(|error| format!("no port is free: {error}"))
}
