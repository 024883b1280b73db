//! From settings to a context that can serve: store, default objects, start hooks.

use std::{
    fs::{File, TryLockError},
    sync::Arc,
    time::Duration,
};

use countersign_blueprints::instances::{self, Surroundings};
use countersign_core::{Context, ContextParts, Media, SessionLimits, Settings as CoreSettings};
use countersign_explain::Deps;
use countersign_flow::Flow;
use countersign_model::{BasePath, Secret};
use countersign_policy::Engine;
use countersign_store::{
    Actor, Options, SecretKey, Store, StoreError, SystemClock, SystemEntropy, params,
};

use crate::{
    files,
    program::{Program, VERSION, consequences, registry},
    settings::Settings,
    storage::{database, redis, secret_key},
};

/// How often a database that does not answer is asked, a second apart.
const ATTEMPTS: u32 = 30;

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
    let (store, Program { modules, blueprints, media, .. }, secret_key) =
        open_store(settings).await?;
    share(&store, settings).await?;
    let install_id = install_id(&store).await.map_err(|error| error.to_string())?;
    let context = Context::new(ContextParts {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        settings: for_handlers(settings, secret_key, media),
        install_id,
        modules,
    });
    instances::default_objects(&context, &blueprints).await?;
    recovery_from_the_start(&context, &blueprints, settings).await;
    instances::own(&context, &blueprints).await;
    for start in context.modules().iter().flat_map(|module| &module.start) {
        (start.run)(context.clone())
            .await
            .map_err(|problem| format!("{}: {problem}", start.name))?;
    }
    Ok((context, blueprints))
}

/// With a mail server there is a way to a new password from the start. What somebody has made
/// under its name stays as it is.
async fn recovery_from_the_start(cx: &Context, blueprints: &Surroundings, settings: &Settings) {
    let made = cx.snapshot().find::<Flow>("slug", "default-recovery-flow").is_some();
    if settings.email.host.is_some() && !made {
        instances::once(cx, blueprints, "once/recovery.yaml").await;
    }
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
            auditor: Arc::new(countersign_directory::Guard::new(countersign_catalogue::displaces)),
            consequences: consequences(&program.modules),
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

fn for_handlers(settings: &Settings, secret_key: Secret, media: Media) -> CoreSettings {
    CoreSettings {
        version: VERSION,
        secret_key,
        base_url: settings.general.base_url.as_ref().map(|origin| origin.0.clone()),
        base_path: BasePath::new(&settings.web.path),
        cookie_domain: settings.web.cookie_domain.clone(),
        trusted_proxies: settings.listen.trusted_proxies.clone(),
        client_certificate_header: settings.listen.client_certificate_header.clone(),
        mtls_url: settings.listen.mtls_url.as_ref().map(|origin| origin.0.clone()),
        data_dir: settings.general.data_dir.clone(),
        media,
        bootstrap_password: settings.bootstrap.password.clone(),
        bootstrap_token: settings.bootstrap.token.clone(),
        bootstrap_email: settings.bootstrap.email.clone(),
        debug: false,
        sessions: SessionLimits {
            idle: settings.sessions.idle.0,
            absolute: settings.sessions.absolute.0,
            unauthenticated: settings.sessions.unauthenticated_age.0,
        },
    }
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

/// Opens everything for looking at it, also while a server runs: nothing of the configuration may
/// be changed.
///
/// # Errors
/// A sentence that says what stops it.
pub async fn look(settings: &Settings) -> Result<(Context, Engine, Deps), String> {
    let (store, program, secret_key) = open_store(settings).await?;
    let Program { modules, policies, explain, media, .. } = program;
    let install_id = install_id(&store).await.map_err(|error| error.to_string())?;
    let settings = for_handlers(settings, secret_key, media);
    let context = Context::new(ContextParts {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        settings,
        install_id,
        modules,
    });
    Ok((context, policies, explain))
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
