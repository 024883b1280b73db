//! Files in a backup: those of the folder of uploads, after the tables. Each is a line with its name
//! below the folder, then lines with its content in base64.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, Read, Write};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_model::Secret;
use serde_json::{Value, json};

use crate::backup::{BackupError, broken, open};

/// Name of a line that begins a file.
pub(crate) const FILE: &str = "file";
/// Bytes in one line.
const PART: usize = 48 * 1024;
/// Folders below folders; more is no folder of uploads.
const DEEPEST: usize = 8;

/// Writes every file below a folder. One that goes while it is read is left out, and links are not
/// followed.
pub(crate) fn write(out: &mut impl Write, root: &Path) -> Result<(), BackupError> {
    let mut found = Vec::new();
    collect(root, &mut PathBuf::new(), &mut found)?;
    found.sort();
    let mut part = vec![0; PART];
    for name in found {
        let mut file = match File::open(root.join(&name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        writeln!(out, "{}", json!({FILE: name}))?;
        loop {
            let read = file.read(&mut part)?;
            if read == 0 {
                break;
            }
            let content = part.get(..read).unwrap_or_default();
            writeln!(out, "{}", json!([STANDARD.encode(content)]))?;
        }
    }
    Ok(())
}

/// The names of the files below a folder, with slashes. A folder that is not there has none.
fn collect(root: &Path, below: &mut PathBuf, found: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(&below)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type()?;
        below.push(&name);
        if kind.is_dir() && below.components().count() < DEEPEST {
            collect(root, below, found)?;
        } else if kind.is_file() {
            found.extend(below.to_str().map(|path| path.replace('\\', "/")));
        }
        below.pop();
    }
    Ok(())
}

/// Puts the files of a backup below a folder, and leaves those that are there; without a folder they
/// are only read. Gives how many the backup has.
///
/// # Errors
/// A file that does not open as a backup, or a folder that cannot be written.
pub fn restore_files(
    input: impl Read,
    passphrase: &Secret,
    root: Option<&Path>,
) -> Result<u64, BackupError> {
    let damaged = |what: &str| BackupError::Damaged(what.to_owned());
    let (_, mut lines) = open(input, passphrase)?;
    let (mut count, mut in_files, mut writing): (u64, bool, Option<File>) = (0, false, None);
    for line in lines.by_ref().lines() {
        let line = line.map_err(broken)?;
        // Rows are another's.
        if !in_files && !line.starts_with('{') {
            continue;
        }
        match serde_json::from_str(&line).map_err(|e| BackupError::Damaged(e.to_string()))? {
            Value::Object(begin) => {
                let name = begin.get(FILE).and_then(Value::as_str);
                in_files = name.is_some();
                let Some(name) = name else { continue };
                let path = safe(name).ok_or_else(|| damaged("a file of no proper name"))?;
                count += 1;
                writing = root.map(|root| create(&root.join(path))).transpose()?.flatten();
            }
            Value::Array(content) => {
                let content = content.first().and_then(Value::as_str);
                let content = content.and_then(|text| STANDARD.decode(text).ok());
                let content = content.ok_or_else(|| damaged("content of no known form"))?;
                if let Some(file) = &mut writing {
                    file.write_all(&content)?;
                }
            }
            _ => return Err(damaged("a line of no known form")),
        }
    }
    lines.into_inner().into_inner().end().map_err(broken)?;
    Ok(count)
}

/// A name that stays below its folder.
fn safe(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && !name.is_empty() && !name.contains('\\')).then_some(path)
}

/// Makes a file with its folders; none where one is.
fn create(path: &Path) -> io::Result<Option<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_below_its_folder() {
        for (name, fits) in [
            ("public/application-icons/a.png", true),
            ("a.png", true),
            ("../a.png", false),
            ("public/../../a", false),
            ("/etc/passwd", false),
            ("a\\..\\b", false),
            ("", false),
        ] {
            assert_eq!(safe(name).is_some(), fits, "{name}");
        }
    }
}
