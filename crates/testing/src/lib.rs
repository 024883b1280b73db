//! What tests of all crates begin with: an empty database on the engine under test, a clock that
//! stands still, and a context over both; a passkey in software; and input that nobody thought of.
//! For `[dev-dependencies]` only; it knows no crate above `core`, so that every crate can use it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests say what they expect by panicking"
)]

mod fuzz;
mod passkey;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_core::{Context, ContextParts, Module, Settings};
use countersign_model::{Cidr, Clock, Entropy, KindDef, Registry, Secret, Timestamp};
use countersign_store::{
    Actor, Auditor, CommittedEdit, Database, Options, PostgresOptions, PostgresTls, Sql, Store,
    StoreError, SystemClock, SystemEntropy, Tx,
};
use tempfile::TempDir;

pub use fuzz::{Fuzz, header_lines};
pub use passkey::SoftPasskey;

/// The secret key of every test.
pub const SECRET_KEY: &str = "0123456789012345678901234567890123456789012345678901234567890123";

/// Edits leave no events.
pub struct NoAudit;

impl Auditor for NoAudit {
    fn record(
        &self,
        _: &mut Sql<'_>,
        _: &dyn Entropy,
        _: &CommittedEdit<'_>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Stands still until a test moves it.
#[derive(Clone)]
pub struct TestClock {
    now: Arc<AtomicI64>,
    /// Microseconds that pass at each look.
    step: i64,
}

impl TestClock {
    /// At so many seconds since 1970.
    #[must_use]
    pub fn at(seconds: i64) -> TestClock {
        TestClock { now: Arc::new(AtomicI64::new(seconds * 1_000_000)), step: 0 }
    }

    /// From the present on. A microsecond passes at each look, so that what comes later is later.
    #[must_use]
    pub fn ticking() -> TestClock {
        TestClock { now: Arc::new(AtomicI64::new(SystemClock.now().0)), step: 1 }
    }

    pub fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.fetch_add(self.step, Ordering::SeqCst))
    }
}

/// The database of one test: a file in its folder, or a schema of the PostgreSQL server that
/// `COUNTERSIGN_TEST_POSTGRES` names (`host:port:database:user:password`). The same folder names
/// the same database again.
#[must_use]
pub fn database(folder: &Path) -> Database {
    let Some(server) = server() else { return folder.to_owned().into() };
    let [host, port, name, user, password] = server.as_slice() else {
        panic!("COUNTERSIGN_TEST_POSTGRES is host:port:database:user:password");
    };
    let folder = folder.file_name().unwrap().to_string_lossy();
    let schema = format!("test_{}", folder.trim_start_matches('.').to_lowercase());
    let port = port.parse().unwrap();
    let mut config = postgres::Config::new();
    config.host(host).port(port).dbname(name).user(user).password(password);
    let statement = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    // On a thread of its own: the client brings its runtime, and tests run inside one.
    std::thread::spawn(move || {
        config.connect(postgres::NoTls).unwrap().batch_execute(&statement).unwrap();
    })
    .join()
    .unwrap();
    let primary = PostgresOptions {
        host: host.clone(),
        port,
        name: name.clone(),
        user: user.clone(),
        password: Secret::new(password.clone()),
        tls: PostgresTls::default(),
        schema,
        pooled: false,
        connections: 10,
    };
    Database::Postgres { primary, replicas: Vec::new() }
}

/// The embedded engine, whichever is under test.
#[must_use]
pub fn embedded(folder: &Path) -> Database {
    folder.to_owned().into()
}

/// Whether tests run on the embedded engine.
#[must_use]
pub fn is_embedded() -> bool {
    server().is_none()
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where it is")]
fn server() -> Option<Vec<String>> {
    let text = std::env::var("COUNTERSIGN_TEST_POSTGRES").ok().filter(|text| !text.is_empty())?;
    Some(text.split(':').map(str::to_owned).collect())
}

/// How tests open a store of these kinds, but for what they say themselves.
#[must_use]
pub fn options(database: Database, kinds: impl IntoIterator<Item = KindDef>) -> Options {
    Options {
        database,
        secret_key: Secret::new(SECRET_KEY).into(),
        registry: Registry::new(kinds),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        auditor: Arc::new(NoAudit),
        consequences: Vec::new(),
    }
}

/// A store of these kinds on the embedded engine.
#[must_use]
pub fn store(folder: &TempDir, kinds: impl IntoIterator<Item = KindDef>) -> Store {
    Store::open(options(embedded(folder.path()), kinds)).unwrap()
}

/// A context over an empty database, without listeners.
pub struct World {
    pub cx: Context,
    pub clock: TestClock,
    _folder: TempDir,
}

impl World {
    #[must_use]
    pub fn new(
        modules: Vec<Module>,
        clock: TestClock,
        auditor: Arc<dyn Auditor>,
        place: fn(&Path) -> Database,
    ) -> World {
        let folder = tempfile::tempdir().unwrap();
        let kinds = modules.iter().flat_map(|module| module.kinds.iter());
        let options = options(place(folder.path()), kinds.map(|kind| kind.def.clone()));
        let consequences = modules.iter().flat_map(|module| module.consequences.iter().copied());
        let options = Options { consequences: consequences.collect(), ..options };
        let store = Store::open(Options { clock: Arc::new(clock.clone()), auditor, ..options });
        let cx = Context::new(ContextParts {
            store: store.unwrap(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            settings: Settings {
                version: "test",
                secret_key: Secret::new(SECRET_KEY),
                base_url: None,
                base_path: countersign_model::BasePath::default(),
                cookie_domain: None,
                client_certificate_header: None,
                mtls_url: None,
                trusted_proxies: Cidr::parse("127.0.0.0/8").into_iter().collect(),
                data_dir: folder.path().to_owned(),
                media: countersign_core::Media::Folder(folder.path().join("media")),
                bootstrap_password: None,
                bootstrap_token: None,
                bootstrap_email: None,
                debug: false,
                sessions: countersign_core::SessionLimits::default(),
            },
            install_id: "install".to_owned(),
            modules,
        });
        World { cx, clock, _folder: folder }
    }

    /// One edit by the program.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.cx.store.write(Actor::system(), "test", work).await.unwrap()
    }
}

/// A file of the repository that is made from what the program says of itself: the test fails when
/// it is another text. `cargo xtask gen` runs the tests whose names begin with `generated` with
/// `COUNTERSIGN_GENERATE` set, which writes the files.
///
/// # Panics
/// The file is not what it should be.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "no setting of the program")]
pub fn generated(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("COUNTERSIGN_GENERATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{path} is not current: run `cargo xtask gen`");
}
