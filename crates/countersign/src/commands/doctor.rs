//! `countersign doctor`: one line for each thing that can be wrong, and what to do about it.

use std::{
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use countersign_blueprints::{check, format::Document, tables};
use countersign_catalogue::CertificateKeyPair;
use countersign_mail::Templates;
use countersign_model::{Clock as _, Timestamp};
use countersign_store::{Store, StoreError, SystemClock, params};

use super::{console, healthcheck};
use crate::{
    files,
    program::{self, Program},
    serve::certificate_end,
    settings::{Loaded, Settings, Wrong},
    start::{self, Hold},
    storage,
};

/// Certificates that end within so many days are told about.
const SOON_DAYS: i64 = 30;
const DAY: i64 = 86_400;
/// Before this no version of the program was: 2025-01-01.
const EARLIEST: i64 = 1_735_689_600;
const PATIENCE: Duration = Duration::from_secs(5);

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Well,
    Look,
    Broken,
}

/// What was found so far.
struct Report(Grade);

impl Report {
    fn line(&mut self, grade: Grade, about: &str, text: impl AsRef<str>) {
        let word = match grade {
            Grade::Well => "ok    ",
            Grade::Look => "look  ",
            Grade::Broken => "BROKEN",
        };
        println!("{word} {about}: {}", text.as_ref());
        self.0 = self.0.max(grade);
    }

    fn status(&self) -> ExitCode {
        ExitCode::from(match self.0 {
            Grade::Well => 0,
            Grade::Look => 1,
            Grade::Broken => 2,
        })
    }

    fn well(&mut self, about: &str, text: impl AsRef<str>) {
        self.line(Grade::Well, about, text);
    }
    fn look(&mut self, about: &str, text: impl AsRef<str>) {
        self.line(Grade::Look, about, text);
    }
    fn broken(&mut self, about: &str, text: impl AsRef<str>) {
        self.line(Grade::Broken, about, text);
    }
}

/// Checks everything that can be checked, with or without a running server.
pub async fn run(loaded: Result<Loaded, Wrong>) -> ExitCode {
    crate::logging::start(crate::settings::Level::Error);
    let mut report = Report(Grade::Well);
    match loaded {
        Err(wrong) => {
            for problem in wrong.0 {
                report.broken("settings", problem.to_string());
            }
        }
        Ok(loaded) => {
            if loaded.notes.is_empty() {
                report.well("settings", "all of them can be used");
            }
            for note in &loaded.notes {
                report.look("settings", note);
            }
            everything(&mut report, &loaded.settings).await;
        }
    }
    report.status()
}

/// Checks the reverse proxy in front of an application.
pub async fn proxy(loaded: &Loaded, host: String, paths: Vec<String>) -> ExitCode {
    let mut report = Report(Grade::Well);
    let found = match console::test_proxy(loaded, host.clone(), paths).await {
        Ok(found) => found,
        Err(problem) => {
            report.broken(&host, problem);
            return report.status();
        }
    };
    println!("       {}", found.address);
    for check in found.checks {
        let grade = match check.grade {
            countersign_proxy::Grade::Well => Grade::Well,
            countersign_proxy::Grade::Look => Grade::Look,
            countersign_proxy::Grade::Broken => Grade::Broken,
        };
        report.line(grade, &check.path, format!("{} {}", check.text, check.remedy).trim_end());
    }
    report.status()
}

async fn everything(report: &mut Report, settings: &Settings) {
    folder(report, &settings.general.data_dir);
    secret_key(report, settings);
    let running = running(report, settings);
    listeners(report, settings, running);
    base_url(report, settings);
    if start::has_data(settings) {
        match tokio::time::timeout(PATIENCE, start::open_store(settings)).await {
            Ok(Ok((store, ..))) => {
                report.well(
                    "database",
                    format!(
                        "it answers; the configuration has {} objects at revision {}",
                        store.snapshot().len(),
                        store.snapshot().revision()
                    ),
                );
                read_replicas(report, &store).await;
                redis(report, &store, settings).await;
                clock(report, &store).await;
                certificates(report, &store);
                configuration(report, &store);
                own_certificate(report, &settings.general.data_dir);
                store.close().await;
            }
            Ok(Err(problem)) => report.broken("database", problem),
            Err(_) => report.broken(
                "database",
                "it does not answer. Start it, or correct postgresql.host and what belongs to it",
            ),
        }
    } else {
        report.look("database", "there is none yet: the first start of the server makes it");
    }
    blueprints(report, settings);
    mail_templates(report, settings);
    backups(report, settings);
}

fn folder(report: &mut Report, folder: &Path) {
    if !folder.is_dir() {
        return report.look(
            "data folder",
            format!("{} does not exist yet: the first start makes it", folder.display()),
        );
    }
    let mut open = Vec::new();
    for name in ["", "secret-key", "countersign.db", "tls.key", "self-signed.key", "metrics-key"] {
        let path = if name.is_empty() { folder.to_path_buf() } else { folder.join(name) };
        if others_may_read(&path) {
            open.push(path.display().to_string());
        }
    }
    if open.is_empty() {
        report.well("data folder", format!("{} is closed to other users", folder.display()));
    } else {
        report.broken(
            "data folder",
            format!(
                "other users of this machine can read {}. Run: chmod o-rwx {}",
                open.join(", "),
                open.join(" ")
            ),
        );
    }
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}

fn secret_key(report: &mut Report, settings: &Settings) {
    match storage::given_secret_key(settings) {
        Some(key) if key.expose().len() < 50 => report.look(
            "secret key",
            "it has fewer than 50 characters; `countersign generate secret` makes a longer one",
        ),
        Some(_) => report.well("secret key", "given, long enough"),
        None if settings.general.secret_key.is_some() => {
            report.look("secret key", "a published example, in whose place a random one is used: set the output of `countersign generate secret`");
        }
        None => report.well(
            "secret key",
            "kept in the data folder: back that up, or use `countersign backup`, which holds it",
        ),
    }
}

/// Whether a server runs on the data folder.
fn running(report: &mut Report, settings: &Settings) -> bool {
    if settings.postgresql.host.is_some() {
        return healthcheck::run(settings.listen.http).is_ok();
    }
    match Hold::take(settings) {
        Ok(_) => {
            report.look("server", "none runs on this data folder");
            false
        }
        Err(_) => match healthcheck::run(settings.listen.http) {
            Ok(()) => {
                report.well("server", format!("it runs and answers at {}", settings.listen.http));
                true
            }
            Err(problem) => {
                report.broken(
                    "server",
                    format!("one runs on this data folder, but {problem}. Are these its settings?"),
                );
                true
            }
        },
    }
}

fn listeners(report: &mut Report, settings: &Settings, running: bool) {
    for (name, address) in [
        ("listen.http", settings.listen.http),
        ("listen.https", settings.listen.https),
        ("listen.metrics", settings.listen.metrics),
    ] {
        if running {
            match TcpStream::connect_timeout(&healthcheck::reachable(address), PATIENCE) {
                Ok(_) => report.well(name, format!("{address} takes connections")),
                Err(error) => {
                    report.broken(name, format!("{address} takes no connections: {error}"));
                }
            }
        } else {
            match TcpListener::bind(address) {
                Ok(_) => report.well(name, format!("{address} is free")),
                Err(error) => report.broken(name, format!("{address} cannot be used: {error}. Choose another address, or stop what uses it")),
            }
        }
    }
}

fn base_url(report: &mut Report, settings: &Settings) {
    let Some(origin) = &settings.general.base_url else {
        return report.look("base_url", "not set: issuers and links follow the address of each request. Set it to the public address of this server");
    };
    let Ok(url) = url::Url::parse(&origin.0) else {
        return report.broken("base_url", format!("{} is no address", origin.0));
    };
    let (host, port) =
        (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default().unwrap_or(443));
    let addresses: Vec<SocketAddr> = match (host.as_str(), port).to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            return report.look("base_url", format!("{host} cannot be found from here: {error}"));
        }
    };
    if addresses.iter().any(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok()) {
        report.well("base_url", format!("{} takes connections", origin.0));
    } else {
        report.look(
            "base_url",
            format!(
                "{} takes no connections from here; if it does from elsewhere, all is well",
                origin.0
            ),
        );
    }
}

/// Without one the database does all the work, so a missing one is to be looked at.
async fn read_replicas(report: &mut Report, store: &Store) {
    match store.read_replicas().await {
        Ok(replicas) => {
            for (name, state) in replicas {
                match state {
                    Ok(()) => report
                        .well("read replica", format!("{name} has everything the database has")),
                    Err(problem) => {
                        report.look("read replica", format!("{name} is not asked: {problem}"));
                    }
                }
            }
        }
        Err(error) => report.look(
            "read replica",
            format!("the database does not say how far it is, so none is asked: {error}"),
        ),
    }
}

async fn redis(report: &mut Report, store: &Store, settings: &Settings) {
    if settings.redis.is_set() {
        match tokio::time::timeout(PATIENCE, start::share(store, settings)).await {
            Ok(Ok(())) => report.well("redis", "it answers"),
            Ok(Err(problem)) => report.broken("redis", problem),
            Err(_) => report
                .broken("redis", "it does not answer. Start it, or correct the settings redis.*"),
        }
    }
}

/// Nothing can have happened in the future.
async fn clock(report: &mut Report, store: &Store) {
    let now = SystemClock.now();
    let last: Result<Option<i64>, StoreError> = store
        .read(|sql| {
            sql.query_one("SELECT MAX(created) FROM event", params![])?
                .map_or(Ok(None), |row| row.get(0))
        })
        .await;
    let last = last.unwrap_or_default().unwrap_or(0);
    if now.seconds() < EARLIEST {
        report.broken(
            "clock",
            format!("it says {}. Set it: codes, tokens and certificates depend on it", now.iso()),
        );
    } else if last > now.plus_seconds(60).0 {
        report.broken(
            "clock",
            format!(
                "it says {}, and the last event was written at {}. Set it",
                now.iso(),
                Timestamp(last).iso()
            ),
        );
    } else {
        report.well("clock", now.iso());
    }
}

fn certificates(report: &mut Report, store: &Store) {
    let (snapshot, now) = (store.snapshot(), SystemClock.now());
    let mut well = 0;
    for (reference, pair) in snapshot.list::<CertificateKeyPair>() {
        let Some(details) = pair.details() else {
            report.broken("certificate", format!("\"{}\" cannot be read. Replace it", pair.name));
            continue;
        };
        let used = snapshot.referrers(reference.id()).next().is_some();
        let days = (details.expires.seconds() - now.seconds()) / DAY;
        match (days, used) {
            (..0, true) => report.broken(
                "certificate",
                format!("\"{}\" is in use and ended {} days ago. Replace it", pair.name, -days),
            ),
            (..0, false) => report.look(
                "certificate",
                format!("\"{}\" ended {} days ago; nothing uses it", pair.name, -days),
            ),
            (..SOON_DAYS, _) => report.look(
                "certificate",
                format!("\"{}\" ends in {days} days. Replace it before", pair.name),
            ),
            _ => well += 1,
        }
    }
    if well > 0 {
        report.well("certificates", format!("{well} are valid for more than {SOON_DAYS} days"));
    }
}

/// Objects that cannot work as they are.
fn configuration(report: &mut Report, store: &Store) {
    let found = countersign_model::unsound(&store.snapshot());
    for (entry, errors) in &found {
        let name = entry.label().unwrap_or_else(|| entry.id.key.to_string());
        for (field, _) in errors.iter() {
            let said = errors.first_of(field).unwrap_or_default();
            report.broken(
                "configuration",
                format!("{} \"{name}\", {field}: {said}", entry.meta().title),
            );
        }
    }
    if found.is_empty() {
        report.well("configuration", "every object can do what it is for");
    }
}

/// The certificate of the HTTPS listener, where the operator gave one; ours is made anew in time.
fn own_certificate(report: &mut Report, folder: &Path) {
    let path = folder.join("tls.pem");
    let Ok(Some(text)) = files::read_if_there(&path) else { return };
    let days = certificate_end(&text).map(|end| (end - SystemClock.now().seconds()) / DAY);
    match days {
        None => {
            report
                .broken("tls.pem", format!("{} holds no certificate in PEM form", path.display()));
        }
        Some(..0) => report.broken(
            "tls.pem",
            format!(
                "{} has ended. Replace it; a running server takes the new one by itself",
                path.display()
            ),
        ),
        Some(days @ ..SOON_DAYS) => {
            report.look("tls.pem", format!("{} ends in {days} days", path.display()));
        }
        Some(days) => report.well("tls.pem", format!("valid for {days} more days")),
    }
}

/// The operator's own templates of mails.
fn mail_templates(report: &mut Report, settings: &Settings) {
    let templates = Templates::new(program::mail_settings(settings).template_dir);
    let own = templates.own();
    let wrong: Vec<_> = own.iter().filter_map(|name| templates.check(name).err()).collect();
    for error in &wrong {
        report.broken("mail templates", error.to_string());
    }
    if wrong.is_empty() && !own.is_empty() {
        report.well("mail templates", format!("{} of your own can be filled", own.len()));
    }
}

fn blueprints(report: &mut Report, settings: &Settings) {
    let Some(folder) = &settings.general.blueprints_dir else { return };
    let (texts, mut faults) = files::yaml_files(folder);
    let modules = Program::new(settings).modules;
    let (registry, tables) = (program::registry(&modules), tables::of(&modules));
    for (path, text) in &texts {
        match Document::parse(path, text) {
            Ok(document) => faults.extend(
                check::findings(&document, &registry, &tables)
                    .into_iter()
                    .filter(|finding| finding.error)
                    .map(|finding| format!("{}: {}", finding.spot, finding.text)),
            ),
            Err(error) => faults.push(error.to_string()),
        }
    }
    for fault in &faults {
        report.broken("blueprints", fault);
    }
    if faults.is_empty() {
        report.well(
            "blueprints",
            format!("{} files in {} can be read", texts.len(), folder.display()),
        );
    }
}

fn backups(report: &mut Report, settings: &Settings) {
    let folder = super::backup::folder(settings);
    let newest = super::backup::kept(&folder).into_iter().max_by_key(|backup| backup.at);
    let age =
        newest.as_ref().map(|newest| (SystemClock.now().seconds() - newest.at.seconds()).max(0));
    match (settings.backup.every.map(|every| every.0), age) {
        (None, None) => report.look("backup", "none is scheduled. Set backup.every and backup.passphrase, or run `countersign backup` from your own scheduler"),
        (None, Some(age)) => report.look("backup", format!("the last of {} is {} hours old, and no more are scheduled", folder.display(), age / 3600)),
        (Some(_), None) => report.look("backup", format!("scheduled, and none in {} yet", folder.display())),
        (Some(every), Some(age)) if age > 2 * every => {
            report.broken("backup", format!("the last is {} hours old, twice as old as it should ever be. The log says why", age / 3600));
        }
        (Some(_), Some(age)) => report.well("backup", format!("the last is {} hours old", age / 3600)),
    }
}
