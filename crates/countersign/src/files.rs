//! Small files of the data folder that only we may read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

pub use countersign_blueprints::files::yaml_files;

/// Writes a file that only the user of the program can read; it is complete or not there.
///
/// # Errors
/// What the file system says.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}

/// Opens a file that only we may read, made empty unless there is one.
///
/// # Errors
/// What the file system says.
pub fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The text of a file; nothing when there is none.
///
/// # Errors
/// A file that is there and cannot be read.
pub fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a folder that only we and our group can enter.
///
/// # Errors
/// What the file system says.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(path)
}
