//! Blueprint files at hand: those built in and those of the operator's folder.

use std::path::Path;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha512};

use crate::format::{Document, FormatError, Origin};
use crate::shipped;

/// One file.
#[derive(Debug, Clone)]
pub struct File {
    /// Relative to its folder, with `/`.
    pub path: String,
    pub text: String,
    /// Of the text: SHA-512, in hex.
    pub hash: String,
    /// Seconds since 1970; 0 when nobody knows.
    pub modified: u64,
    /// What it says, or why it is no blueprint.
    pub document: Result<Document, FormatError>,
}

impl File {
    pub(crate) fn new(origin: Origin, path: String, text: String, modified: u64) -> File {
        File {
            hash: hash(&text),
            document: Document::parse(&path, &text).map(|document| document.from(origin)),
            path,
            text,
            modified,
        }
    }

    /// `{name, labels}`, as instances keep it.
    pub fn metadata(&self) -> Json {
        self.document.as_ref().ok().map(metadata).unwrap_or_default()
    }

    /// Whether it wants an instance without being asked for.
    pub fn wants_instance(&self) -> bool {
        self.document.as_ref().is_ok_and(|document| document.metadata.instantiate())
    }
}

/// `{name, labels}`; nothing for a file that says nothing about itself.
pub fn metadata(document: &Document) -> Json {
    let Some(name) = &document.metadata.name else { return Json::Null };
    let labels: serde_json::Map<String, Json> = document
        .metadata
        .labels
        .iter()
        .map(|(label, value)| (label.clone(), value.clone().into()))
        .collect();
    json!({"name": name, "labels": labels})
}

/// The SHA-512 of a text, in hex.
pub fn hash(text: &str) -> String {
    hex::encode(Sha512::digest(text.as_bytes()))
}

/// Every file at hand by path, and what could not be read. A file of the operator's takes the place
/// of a built-in one with its path.
pub fn all(folder: Option<&Path>) -> (Vec<File>, Vec<String>) {
    let (own, faults) = folder.map(yaml_files).unwrap_or_default();
    let mut files: Vec<File> = own
        .into_iter()
        .map(|(path, text)| File::new(Origin::Machine, path.clone(), text, modified(folder, &path)))
        .collect();
    let built_in: Vec<File> = shipped::files()
        .into_iter()
        .filter(|file| !files.iter().any(|own| own.path == file.path))
        .collect();
    files.extend(built_in);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    (files, faults)
}

fn modified(folder: Option<&Path>, path: &str) -> u64 {
    let time = folder
        .and_then(|folder| std::fs::metadata(folder.join(path)).ok())
        .and_then(|file| file.modified().ok());
    time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs())
}

/// All `*.yaml` files below a folder, by path relative to it, and what could not be read. Names
/// that begin with a dot are left out.
pub fn yaml_files(folder: &Path) -> (Vec<(String, String)>, Vec<String>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    walk(folder, &mut faults, &mut |name, path, faults| match std::fs::read_to_string(path) {
        Ok(text) => found.push((name, text)),
        Err(error) => faults.push(format!("{name}: {error}")),
    });
    found.sort();
    (found, faults)
}

/// What tells that something below a folder changed: names, lengths and times, without reading a
/// file.
pub(crate) fn signature(folder: &Path) -> Vec<(String, u64, Option<std::time::SystemTime>)> {
    let mut found = Vec::new();
    walk(folder, &mut Vec::new(), &mut |name, path, _| {
        if let Ok(file) = std::fs::metadata(path) {
            found.push((name, file.len(), file.modified().ok()));
        }
    });
    found.sort();
    found
}

fn walk(
    folder: &Path,
    faults: &mut Vec<String>,
    each: &mut dyn FnMut(String, &Path, &mut Vec<String>),
) {
    let mut open = vec![folder.to_path_buf()];
    while let Some(current) = open.pop() {
        let entries = match std::fs::read_dir(&current) {
            Ok(entries) => entries,
            Err(error) => {
                faults.push(format!("{}: {error}", current.display()));
                continue;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                each(
                    path.strip_prefix(folder).unwrap_or(&path).display().to_string(),
                    &path,
                    faults,
                );
            }
        }
    }
}
