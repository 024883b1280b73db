//! Certificates that others keep in a folder, as an ACME client does: found and kept up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign_core::{Context, JobError, NoteLevel, Run};
use countersign_model::{Code, Secret};
use countersign_store::{Actor, StoreError, Tx};

use crate::CertificateKeyPair;

/// What begins the managed id of found certificates.
const MANAGED: &str = "goauthentik.io/crypto/discovered/";
/// A larger file is no certificate.
const LARGEST: u64 = 1024 * 1024;

/// What one name stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Found {
    certificate: Option<String>,
    key: Option<String>,
}

/// The job `certificate_discovery`.
///
/// # Errors
/// When the store fails.
pub(crate) async fn run(cx: Context, folder: Option<PathBuf>, run: Run) -> Result<(), JobError> {
    let (found, faults) = match folder {
        Some(folder) => tokio::task::spawn_blocking(move || look(&folder))
            .await
            .map_err(|error| JobError::Failed(error.to_string()))?,
        None => (BTreeMap::new(), Vec::new()),
    };
    let note = |level, text: String| run.note(level, cx.clock.now(), "certificate_discovery", text);
    for fault in faults {
        note(NoteLevel::Warning, fault);
    }
    let mut imported = 0;
    for (name, found) in found {
        let Some(certificate) = found.certificate else { continue };
        let pair = CertificateKeyPair {
            name: name.clone(),
            certificate_data: Code::from(certificate.as_str()),
            key_data: Secret::new(found.key.unwrap_or_default()),
            managed: Some(format!("{MANAGED}{name}")),
        };
        // Each in a write of its own: one that cannot be kept does not hold up the others.
        let write = move |tx: &mut Tx<'_>| {
            keep(tx, &pair);
            Ok::<_, StoreError>(())
        };
        match cx.store.write(Actor::system(), "certificate found", write).await {
            Ok(()) => imported += 1,
            Err(StoreError::Edit(error)) => note(NoteLevel::Warning, format!("{name}: {error}")),
            Err(error) => return Err(error.into()),
        }
    }
    note(NoteLevel::Info, format!("Successfully imported {imported} files."));
    Ok(())
}

/// Makes or updates the certificate with this managed id; its name stays what it was made or
/// changed to.
fn keep(tx: &mut Tx<'_>, pair: &CertificateKeyPair) {
    let known = tx
        .graph()
        .list::<CertificateKeyPair>()
        .find(|(_, known)| known.managed == pair.managed)
        .map(|(reference, known)| (reference, known.clone()));
    match known {
        Some((_, known))
            if known.certificate_data == pair.certificate_data
                && known.key_data.expose() == pair.key_data.expose() => {}
        Some((reference, known)) => {
            tx.draft()
                .put(reference.key(), CertificateKeyPair { name: known.name, ..pair.clone() });
        }
        None => {
            let key = tx.entropy().uuid();
            tx.draft().put(key, pair.clone());
        }
    }
}

/// Every certificate and key below a folder by name, and what could not be used.
fn look(folder: &Path) -> (BTreeMap<String, Found>, Vec<String>) {
    let (mut found, mut faults, mut open) =
        (BTreeMap::<String, Found>::new(), Vec::new(), vec![folder.to_path_buf()]);
    while let Some(current) = open.pop() {
        let entries = match std::fs::read_dir(&current) {
            Ok(entries) => entries,
            // The default folder is mostly not there.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                faults.push(format!("{}: {error}", current.display()));
                continue;
            }
        };
        let mut paths: Vec<PathBuf> =
            entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            // certbot keeps every former certificate there.
            if path
                .strip_prefix(folder)
                .is_ok_and(|inner| inner.to_string_lossy().contains("archive"))
            {
                continue;
            }
            if path.is_dir() {
                open.push(path);
                continue;
            }
            match read(&path) {
                Ok(Some((is_key, text))) => {
                    let entry = found.entry(name_of(&path)).or_default();
                    *(if is_key { &mut entry.key } else { &mut entry.certificate }) = Some(text);
                }
                Ok(None) => {}
                Err(problem) => faults.push(format!("{}: {problem}", path.display())),
            }
        }
    }
    (found, faults)
}

/// The text of a file of PEM blocks, and whether it is a key. `None` for files of any other form.
fn read(path: &Path) -> Result<Option<(bool, String)>, String> {
    if std::fs::metadata(path).map_err(|error| error.to_string())?.len() > LARGEST {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
    let is_key = text.contains("PRIVATE KEY");
    let pair = CertificateKeyPair {
        name: String::new(),
        certificate_data: Code::from(text.as_str()),
        key_data: Secret::new(text.clone()),
        managed: None,
    };
    match is_key {
        true if pair.key().is_none() => {
            Err("the private key cannot be read; is it encrypted?".to_owned())
        }
        false if pair.details().is_none() => {
            if text.contains("CERTIFICATE") {
                Err("the certificate cannot be read".to_owned())
            } else {
                Ok(None)
            }
        }
        _ => Ok(Some((is_key, text))),
    }
}

/// The file's name without its extension; of `fullchain.pem` and `privkey.pem`, that of their
/// folder.
fn name_of(path: &Path) -> String {
    let text = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    match text(path.file_name()).as_str() {
        "fullchain.pem" | "privkey.pem" => text(path.parent().and_then(Path::file_name)),
        _ => text(path.file_stem()),
    }
}

#[cfg(test)]
mod tests {
    use countersign_model::Timestamp;

    use super::*;
    use crate::certificate::{KeyAlgorithm, generate};

    #[test]
    fn pairs_are_found_by_the_names_of_their_files_or_folders() {
        let folder = tempfile::tempdir().unwrap();
        let made =
            generate("a", &[], 90, KeyAlgorithm::Ecdsa, Timestamp::from_seconds(1_800_000_000))
                .unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("plain.crt", &made.certificate_data);
        put("plain.key", made.key_data.expose());
        put("live/example.org/fullchain.pem", &made.certificate_data);
        put("live/example.org/privkey.pem", made.key_data.expose());
        put("archive/example.org/fullchain.pem", "broken");
        put("alone.key", made.key_data.expose());
        put("README", "Certificates of this machine");
        put("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        put(
            "locked.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        let (found, faults) = look(folder.path());
        let names: Vec<(&str, bool, bool)> = found
            .iter()
            .map(|(name, found)| (name.as_str(), found.certificate.is_some(), found.key.is_some()))
            .collect();
        assert_eq!(
            names,
            [("alone", false, true), ("example.org", true, true), ("plain", true, true)]
        );
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(look(&folder.path().join("missing")).1.is_empty());
    }
}
