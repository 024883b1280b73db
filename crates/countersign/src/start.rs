//! From settings to a context that can serve: keys, store, default objects, start hooks, jobs.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use countersign_blueprints::{
    apply::Machine,
    instances::{self, Surroundings},
};
use countersign_catalogue::ApplicationAccess;
use countersign_core::{
    Context, ContextParts, Module, Nodes, Service, Settings as CoreSettings, Shutdown,
};
use countersign_directory::Passwords;
use countersign_flow::{Deps, Flows};
use countersign_model::{BasePath, Entropy as _, Registry, Secret};
use countersign_oauth2::OAuth2;
use countersign_policy::Engine;
use countersign_store::{
    Actor, Database, Options, PostgresOptions, PostgresTls, RedisOptions, RedisTls, SecretKey,
    Seldom, SslMode, Store, StoreError, SystemClock, SystemEntropy, Topology, params,
};

use crate::{
    files, outside,
    serve::memory,
    settings::{Loaded, Node, Postgresql, Settings, Surroundings as _, System, Wrong, is_example},
};

/// The version everything reports about itself.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How often a database that does not answer is asked, a second apart.
const ATTEMPTS: u32 = 30;

/// The parts of the program, each given what it needs of others.
pub struct Program {
    pub modules: Vec<Module>,
    pub policies: Engine,
    pub blueprints: Arc<Surroundings>,
}

impl Program {
    /// Adding a protocol is adding its lines here.
    pub fn new(settings: &Settings) -> Program {
        let (mail, mailer) = countersign_mail::module(&outside::mail(settings));
        let (outbound, way_out) = countersign_outbound::module(outside::rules(settings));
        let (events, places) = countersign_events::module(outside::events(settings));
        let (directory, passwords) = countersign_directory::module(&places);
        let policies = Engine::new(places);
        let access: Arc<dyn ApplicationAccess> = Arc::new(policies.clone());
        let oauth = OAuth2::default();
        let flows = Flows::new(Deps {
            policies: policies.clone(),
            passwords: passwords.clone(),
            stages: oauth.stages(),
            destinations: vec![countersign_oauth2::destination()],
        });
        let blueprints = Arc::new(surroundings(settings, passwords));
        let certificates = settings.general.cert_discovery_dir.clone();
        let modules = vec![
            directory,
            countersign_authenticators::module(),
            events,
            countersign_jobs::module(),
            countersign_catalogue::module(&access, certificates),
            instances::module(&blueprints),
            countersign_policy::module(&policies),
            countersign_notifications::module(mailer, way_out, &policies),
            countersign_flow::module(&flows),
            countersign_oauth2::module(&oauth, &flows),
            crate::commands::console::module(&blueprints),
            crate::backups::module(settings),
            crate::notices::module(),
            mail,
            outbound,
        ];
        Program { modules, policies, blueprints }
    }
}

/// Refuses to serve below a path that begins as an address inside does: nobody could tell which
/// of the two is meant.
///
/// # Errors
/// What to write instead.
pub fn check_path(loaded: &Loaded) -> Result<(), Wrong> {
    let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    let name = first(&loaded.settings.web.path);
    let modules = Program::new(&loaded.settings).modules;
    let mut routes = modules.iter().flat_map(|module| &module.routes);
    if name.is_empty() || !["api", "-"].contains(&&*name) && routes.all(|r| first(&r.path) != name)
    {
        return Ok(());
    }
    let what = "this name stands for something inside of the server";
    Err(loaded.wrong("web.path", what, "Choose another, as /auth/"))
}

/// Every kind of every module.
pub fn registry(modules: &[Module]) -> Registry {
    let kinds = modules.iter().flat_map(|module| module.kinds.iter().map(|kind| kind.def.clone()));
    Registry::new(kinds)
        .with_rules(modules.iter().flat_map(|module| module.rules.iter().copied()))
        .with_tables(modules.iter().flat_map(|module| module.tables.iter().map(|table| table.meta)))
}

/// The right to change what a data folder holds: one process at a time, since each keeps the
/// configuration in memory. A database server keeps its processes apart by itself.
#[derive(Debug)]
pub struct Hold(
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")] Option<File>,
);

impl Hold {
    /// Takes the right, if nobody has it.
    ///
    /// # Errors
    /// A sentence that says who has it, or why the folder cannot be used.
    pub fn take(settings: &Settings) -> Result<Hold, String> {
        let folder = settings.general.data_dir.as_path();
        files::make_folder(folder)
            .map_err(|error| format!("the data folder {} cannot be made: {error}. Choose another with --data-dir or COUNTERSIGN_DATA_DIR", folder.display()))?;
        if settings.postgresql.host.is_some() {
            return Ok(Hold(None));
        }
        let failed = |error: std::io::Error| {
            format!("the data folder {} cannot be written: {error}", folder.display())
        };
        let file = files::make_private(&folder.join("lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Hold(Some(file))),
            Err(TryLockError::WouldBlock) => Err(format!(
                "a server runs on the data folder {}. Stop it first, or name another folder with --data-dir",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Opens everything and brings the default objects in place.
///
/// # Errors
/// A sentence that says what stops the start and what to do.
pub async fn open(
    settings: &Settings,
    _hold: &Hold,
) -> Result<(Context, Arc<Surroundings>), String> {
    let (store, Program { modules, blueprints, .. }, secret_key) = open_store(settings).await?;
    share(&store, settings).await?;
    let install_id = install_id(&store).await.map_err(|error| error.to_string())?;
    let context = Context::new(ContextParts {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        settings: for_handlers(settings, secret_key),
        install_id,
        modules,
    });
    instances::default_objects(&context, &blueprints).await?;
    instances::own(&context, &blueprints).await;
    for start in context.modules().iter().flat_map(|module| &module.start) {
        (start.run)(context.clone())
            .await
            .map_err(|problem| format!("{}: {problem}", start.name))?;
    }
    Ok((context, blueprints))
}

/// Opens the store alone. Without a [`Hold`] the configuration of a data folder must not be
/// changed.
///
/// # Errors
/// A sentence that says what stops the start and what to do.
pub async fn open_store(settings: &Settings) -> Result<(Store, Program, Secret), String> {
    open_store_with(settings, secret_key(settings)?).await
}

/// As [`open_store`], with a key of the caller's.
///
/// # Errors
/// A sentence that says what stops the start and what to do.
pub async fn open_store_with(
    settings: &Settings,
    secret_key: SecretKey,
) -> Result<(Store, Program, Secret), String> {
    let program = Program::new(settings);
    let registry = registry(&program.modules);
    let database = database(settings)?;
    for attempt in 1.. {
        let options = Options {
            database: database.clone(),
            secret_key: secret_key.clone(),
            registry: registry.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            auditor: Arc::new(countersign_events::Audit),
        };
        // Opening waits for disk or network.
        match tokio::task::spawn_blocking(move || Store::open(options)).await {
            Ok(Ok(store)) => {
                let secret_key = store.secret_key().clone();
                return Ok((store, program, secret_key));
            }
            // Another process makes the same tables at this moment.
            Ok(Err(StoreError::Conflict { .. } | StoreError::Stale)) if attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            // In a set of containers the database often comes up after us.
            Ok(Err(error @ StoreError::Unavailable { .. })) if attempt < ATTEMPTS => {
                tracing::error!("{error}. Trying again in a second ({attempt} of {ATTEMPTS})");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => break,
        }
    }
    Err("the store could not be opened because of a fault of this program".to_owned())
}

/// Connects what lives only for a while to Redis, where it is set.
pub async fn share(store: &Store, settings: &Settings) -> Result<(), String> {
    let Some(options) = redis(settings) else { return Ok(()) };
    for attempt in 1.. {
        match store.ephemeral().share(&options).await {
            Ok(()) => break,
            Err(error) if attempt < ATTEMPTS => {
                tracing::error!("{error}. Trying again in a second ({attempt} of {ATTEMPTS})");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

fn redis(settings: &Settings) -> Option<RedisOptions> {
    let given = &settings.redis;
    let nodes =
        |nodes: &[Node]| nodes.iter().map(|Node(host, port)| (host.clone(), *port)).collect();
    let topology = if let Some(master) = given.sentinel_master.clone() {
        let (username, password) =
            (given.sentinel_username.clone(), given.sentinel_password.clone());
        Topology::Sentinel { master, sentinels: nodes(&given.sentinel_hosts), username, password }
    } else if given.cluster.is_empty() {
        Topology::Single(given.host.clone()?, given.port)
    } else {
        Topology::Cluster(nodes(&given.cluster))
    };
    Some(RedisOptions {
        topology,
        db: i64::from(given.db),
        username: given.username.clone(),
        password: given.password.clone(),
        tls: given.tls.then(|| RedisTls {
            check: given.is_checked(),
            root_certificate: given.tls_ca_cert.clone(),
        }),
    })
}

fn database(settings: &Settings) -> Result<Database, String> {
    let given = &settings.postgresql;
    let Some(host) = &given.host else {
        let folder = &settings.general.data_dir;
        // The engine makes its other files with the permissions of this one.
        files::make_private(&folder.join("countersign.db")).map_err(|error| {
            format!("the data folder {} cannot be written: {error}", folder.display())
        })?;
        return Ok(Database::Embedded { folder: folder.clone() });
    };
    Ok(Database::Postgres {
        primary: postgresql(given, host),
        replicas: settings
            .read_replicas
            .iter()
            .map(|replica| postgresql(replica, replica.host.as_ref().unwrap_or(host)))
            .collect(),
    })
}

fn postgresql(given: &Postgresql, host: &str) -> PostgresOptions {
    PostgresOptions {
        host: host.to_owned(),
        port: given.port,
        name: given.name.clone(),
        user: given.user.clone(),
        password: given.password.clone(),
        tls: PostgresTls {
            // Whoever names an authority wants the server to be checked.
            mode: given.sslmode.unwrap_or(if given.sslrootcert.is_some() {
                SslMode::VerifyFull
            } else {
                SslMode::default()
            }),
            root_certificate: given.sslrootcert.clone(),
            client: given.sslcert.clone().zip(given.sslkey.clone()),
        },
        schema: given.default_schema.clone(),
        pooled: given.use_pgbouncer,
        connections: usize::from(given.connections),
    }
}

fn for_handlers(settings: &Settings, secret_key: Secret) -> CoreSettings {
    CoreSettings {
        version: VERSION,
        secret_key,
        base_url: settings.general.base_url.as_ref().map(|origin| origin.0.clone()),
        base_path: BasePath::new(&settings.web.path),
        cookie_domain: settings.web.cookie_domain.clone(),
        trusted_proxies: settings.listen.trusted_proxies.clone(),
        data_dir: settings.general.data_dir.clone(),
        bootstrap_password: settings.bootstrap.password.clone(),
        bootstrap_token: settings.bootstrap.token.clone(),
        bootstrap_email: settings.bootstrap.email.clone(),
        debug: false,
    }
}

/// The secret key of the settings; a published example counts as none.
pub fn given_secret_key(settings: &Settings) -> Option<&Secret> {
    settings.general.secret_key.as_ref().filter(|key| !is_example(key.expose()))
}

/// Where the secret key is: given, or kept in the data folder, where one is made when there is
/// none; instead of an example also in a database that others share.
pub fn secret_key(settings: &Settings) -> Result<SecretKey, String> {
    let path = settings.general.data_dir.join("secret-key");
    let failed = |error: std::io::Error| {
        format!(
            "the secret key in {} cannot be used: {error}. Make the file accessible, or set COUNTERSIGN_SECRET_KEY",
            path.display()
        )
    };
    let kept = files::read_if_there(&path).map(|text| {
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).map(Secret::new)
    });
    if let Some(key) = given_secret_key(settings) {
        return Ok(SecretKey::Own { key: key.clone(), former: kept.unwrap_or_default() });
    }
    if settings.postgresql.host.is_some() {
        return Ok(SecretKey::Database { former: kept.unwrap_or_default() });
    }
    let example = settings.general.secret_key.is_some();
    if let Some(key) = kept.map_err(failed)? {
        return Ok(SecretKey::Folder { key, example });
    }
    let key = SystemEntropy.token(64);
    files::write_private(&path, &key).map_err(failed)?;
    Ok(SecretKey::Folder { key: Secret::new(key), example })
}

/// Names this installation; made once.
async fn install_id(store: &Store) -> Result<String, StoreError> {
    store
        .write(Actor::system(), "installation", |tx| {
            let fresh = tx.entropy().uuid().to_string();
            // Another process may be starting on the same database: the first one names it.
            tx.execute("INSERT INTO fact (name, value) VALUES ('install_id', $1) ON CONFLICT (name) DO NOTHING", params![&fresh])?;
            let row = tx.query_one("SELECT value FROM fact WHERE name = 'install_id'", params![])?;
            row.map_or(Ok(fresh), |row| row.get(0))
        })
        .await
}

/// What blueprints get from the settings.
fn surroundings(settings: &Settings, passwords: Arc<Passwords>) -> Surroundings {
    let bootstrap = settings.bootstrap.clone();
    Surroundings {
        folder: settings.general.blueprints_dir.clone(),
        passwords,
        machine: Machine {
            secrets: own_secrets(settings),
            environment: Arc::new(move |name| {
                let secret = |secret: &Option<Secret>| {
                    secret.as_ref().map(|secret| secret.expose().to_owned())
                };
                match name {
                    "AUTHENTIK_BOOTSTRAP_PASSWORD" => secret(&bootstrap.password),
                    "AUTHENTIK_BOOTSTRAP_TOKEN" => secret(&bootstrap.token),
                    "AUTHENTIK_BOOTSTRAP_EMAIL" => bootstrap.email.clone(),
                    other => System
                        .variables()
                        .into_iter()
                        .find(|(known, _)| known == other)
                        .map(|(_, value)| value),
                }
            }),
        },
    }
}

/// What the program itself keeps its data and its neighbours with. The first administrator's
/// password and token are not among it: they are given so that blueprints use them.
fn own_secrets(settings: &Settings) -> Arc<[Secret]> {
    let (database, redis) = (&settings.postgresql, &settings.redis);
    let given = [
        &settings.general.secret_key,
        &redis.password,
        &redis.sentinel_password,
        &settings.email.password,
        &settings.backup.passphrase,
    ];
    let databases =
        [database].into_iter().chain(&settings.read_replicas).map(|one| one.password.clone());
    let all = given.into_iter().flatten().cloned().chain(databases);
    all.filter(|secret| !secret.is_empty()).collect()
}

/// What runs beside requests and jobs, in processes that do jobs and in others.
pub fn services(context: &Context, does_jobs: bool) -> Vec<Service> {
    let own = [
        Service::new("ephemeral_flush", keep_on_disk),
        Service::new("configuration_refresh", keep_current).essential(),
        Service::new("memory", memory::keep_small),
    ];
    let declared = context.modules().iter().flat_map(|module| module.services.iter().cloned());
    own.into_iter()
        .chain(declared)
        .filter(|service| does_jobs || service.nodes == Nodes::Every)
        .collect()
}

/// What does jobs.
pub fn worker(settings: &Settings) -> Service {
    countersign_jobs::worker(countersign_jobs::Options {
        concurrency: usize::from(settings.worker.concurrency),
        heartbeat: Some(heartbeat(settings)),
    })
}

/// Writes what is in memory for a while to disk, where a restart finds it.
async fn keep_on_disk(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    let seldom = Seldom::new();
    while stop.sleep(Duration::from_secs(1)).await {
        if let Err(error) = cx.store.flush_ephemeral().await
            && let Some(times) = seldom.now()
        {
            tracing::warn!(%error, times, "sign-ins in progress are not kept");
        }
    }
    Ok(())
}

/// What another process changed is seen here within a second; an outage is told by the probes.
async fn keep_current(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    while stop.sleep(Duration::from_secs(1)).await {
        if let Err(error) = cx.store.refresh().await {
            if !error.is_passing() {
                return Err(error.to_string());
            }
            tracing::debug!(%error, "the configuration could not be compared");
        }
    }
    Ok(())
}

/// The file whose time is that of the worker's last sign of life. Containers may share the data
/// folder: each machine has its own.
pub fn heartbeat(settings: &Settings) -> PathBuf {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine: String = machine
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    settings.general.data_dir.join(format!("worker-heartbeat-{machine}"))
}

/// Opens everything for looking at it, also while a server runs: nothing of the configuration may
/// be changed.
///
/// # Errors
/// A sentence that says what stops it.
pub async fn look(settings: &Settings) -> Result<(Context, Engine), String> {
    let (store, Program { modules, policies, .. }, secret_key) = open_store(settings).await?;
    let install_id = install_id(&store).await.map_err(|error| error.to_string())?;
    let settings = for_handlers(settings, secret_key);
    let context = Context::new(ContextParts {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        settings,
        install_id,
        modules,
    });
    Ok((context, policies))
}

/// Refuses where there is no installation to work on.
///
/// # Errors
/// A sentence that says how to name another one.
pub fn must_have_data(settings: &Settings) -> Result<(), String> {
    if has_data(settings) {
        return Ok(());
    }
    let folder = settings.general.data_dir.display();
    Err(format!(
        "there is no installation in {folder}. Name its folder with --data-dir or COUNTERSIGN_DATA_DIR"
    ))
}

/// Whether there is an installation to work on.
pub fn has_data(settings: &Settings) -> bool {
    settings.postgresql.host.is_some() || settings.general.data_dir.join("countersign.db").exists()
}
