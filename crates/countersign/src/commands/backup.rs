//! `countersign backup` and `countersign restore`: everything kept, in one encrypted file.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use countersign_model::{Clock as _, Secret, Timestamp};
use countersign_store::{
    Actor, BackupError, Store, SystemClock, SystemEntropy, read_header, remove_if_empty,
    restore_backup, restore_files, settle_restored_key, write_backup,
};

use crate::{
    files,
    program::VERSION,
    settings::{Loaded, Settings},
    start::{self, Hold},
    storage,
};

/// Shortest passphrase that is used.
const PASSPHRASE_MINIMUM: usize = 12;

/// Writes the backup.
///
/// # Errors
/// A sentence when there is nothing to back up, no passphrase, or the file cannot be written.
pub async fn write(loaded: &Loaded, path: &Path) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let passphrase = passphrase(&loaded.settings)?;
    if !start::has_data(&loaded.settings) {
        return Err(format!(
            "there is no installation in {}. Name its folder with --data-dir or COUNTERSIGN_DATA_DIR",
            loaded.settings.general.data_dir.display()
        ));
    }
    if path.exists() {
        return Err(format!(
            "{} exists already. Name another file: backups do not replace each other",
            path.display()
        ));
    }
    let (store, _, secret_key) = start::open_store(&loaded.settings).await?;
    let uploads = loaded.settings.media();
    let written = to_file(&store, path, uploads, passphrase, secret_key).await;
    store.close().await;
    let rows = written?;
    println!(
        "{rows} rows in {}. It opens with the passphrase of backup.passphrase only.",
        path.display()
    );
    if let Ok(Some(bucket)) = loaded.settings.storage.bucket() {
        println!(
            "Uploaded files are in the bucket {} (storage.media.s3), which this backup does not hold.",
            bucket.name
        );
    }
    Ok(())
}

/// Writes a backup of a store, complete or not at all: what a stopped one leaves has another name.
/// Gives the number of rows. `uploads`: the folder of uploaded files.
///
/// # Errors
/// A sentence when the file cannot be written or the engine fails.
pub async fn to_file(
    store: &Store,
    path: &Path,
    uploads: Option<PathBuf>,
    passphrase: Secret,
    secret_key: Secret,
) -> Result<u64, String> {
    let unfinished = path.with_extension("unfinished");
    let failed =
        |error: std::io::Error| format!("{} cannot be written: {error}", unfinished.display());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&unfinished).map_err(failed)?;
    let registry = store.registry().clone();
    let written = store
        .unhurried()
        .read(move |sql| {
            let mut out = BufWriter::new(&file);
            let rows = write_backup(
                sql,
                &registry,
                &mut out,
                &passphrase,
                &secret_key,
                (VERSION, SystemClock.now(), uploads.as_deref()),
                &SystemEntropy,
            )?;
            out.flush()?;
            drop(out);
            file.sync_all()?;
            Ok::<_, BackupError>(rows)
        })
        .await;
    let rows = written.map_err(|error| error.to_string())?;
    std::fs::rename(&unfinished, path).map_err(failed)?;
    Ok(rows)
}

/// A backup in the folder of scheduled ones.
#[derive(Debug, Clone)]
pub struct Kept {
    pub path: PathBuf,
    pub at: Timestamp,
}

/// Where scheduled backups go.
pub fn folder(settings: &Settings) -> PathBuf {
    settings.backup.folder.clone().unwrap_or_else(|| settings.general.data_dir.join("backups"))
}

/// The name of a scheduled backup; colons are no good in names of files.
pub fn name_of(at: Timestamp) -> String {
    format!("countersign-{}.backup", Timestamp::from_seconds(at.seconds()).iso().replace(':', "."))
}

/// The scheduled backups that are there, oldest first.
pub fn kept(folder: &Path) -> Vec<Kept> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut kept: Vec<Kept> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let at = Timestamp::parse(
                &name.strip_prefix("countersign-")?.strip_suffix(".backup")?.replacen('.', ":", 2),
            )?;
            Some(Kept { path: entry.path(), at })
        })
        .collect();
    kept.sort_by_key(|backup| backup.at);
    kept
}

/// Fills an empty database with the backup.
///
/// # Errors
/// A sentence when the database is not empty, or the file does not open. Then nothing was written.
pub async fn restore(loaded: &Loaded, path: &Path) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let settings = loaded.settings.clone();
    let passphrase = passphrase(&settings)?;
    let folder = settings.general.data_dir.clone();
    let open = |path: &Path| {
        File::open(path)
            .map(BufReader::new)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    let header = read_header(open(path)?, &passphrase)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let _hold = Hold::take(&settings)?;
    let embedded = settings.postgresql.host.is_none();
    if embedded
        && start::has_data(&settings)
        && !remove_if_empty(&folder).map_err(|error| error.to_string())?
    {
        return Err(format!(
            "there is an installation in {} already. Restore into a new folder, named with --data-dir",
            folder.display()
        ));
    }
    match storage::given_secret_key(&settings) {
        Some(given) if header.fits(given) => {}
        Some(_) => {
            return Err(
                "secret_key is not the key this backup was made with. Set it to the former key, or remove it: a data folder then keeps the key of the backup"
                    .to_owned(),
            );
        }
        None if !embedded => {}
        None => {
            let kept = folder.join("secret-key");
            files::write_private(&kept, &header.secret_key)
                .map_err(|error| format!("{} cannot be written: {error}", kept.display()))?;
        }
    }
    let (given, key) = (storage::secret_key(&settings)?, Secret::new(header.secret_key.clone()));
    let (store, ..) = start::open_store_with(&settings, key.clone().into()).await?;
    let (file, name, again) = (path.to_path_buf(), path.display().to_string(), passphrase.clone());
    let restored = store
        .unhurried()
        .write(Actor::console("countersign restore"), "restored from a backup", move |tx| {
            let rows = restore_backup(tx, BufReader::new(File::open(&file)?), &passphrase)?;
            settle_restored_key(tx, &given, &key)?;
            Ok::<_, BackupError>(rows)
        })
        .await;
    store.close().await;
    let rows = restored.map_err(|error| format!("{name}: {error}"))?;
    let files = restore_files(open(path)?, &again, settings.media().as_deref());
    let files = files.map_err(|error| {
        format!("{rows} rows are restored, and the uploaded files are not: {error}")
    })?;
    println!(
        "{rows} rows and {files} files of a backup made by version {} on {}. Start the server as before.",
        header.version,
        countersign_model::Timestamp(header.at).iso()
    );
    Ok(())
}

/// The passphrase of the settings.
///
/// # Errors
/// A sentence when there is none, or a short one.
pub fn passphrase(settings: &Settings) -> Result<Secret, String> {
    match &settings.backup.passphrase {
        Some(passphrase) if passphrase.expose().chars().count() >= PASSPHRASE_MINIMUM => Ok(passphrase.clone()),
        Some(_) => Err(format!("backup.passphrase has fewer than {PASSPHRASE_MINIMUM} characters. Choose a longer one")),
        None => Err("a backup needs a passphrase. Set COUNTERSIGN_BACKUP__PASSPHRASE, best to a file: file:///run/secrets/backup".to_owned()),
    }
}
