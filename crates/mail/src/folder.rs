//! The folder of the operator's own templates. Nothing outside of it is read.

use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

use crate::django::Refusal;

/// Larger files are no mail templates.
const LARGEST: u64 = 256 * 1024;
/// As many files and folders are looked at.
const MOST_FILES: usize = 2000;

#[derive(Debug, Clone, Default)]
pub(crate) struct Folder(pub(crate) Option<PathBuf>);

impl Folder {
    /// The names of the `.html` files in it. What is hidden is left out, as the folders by which a
    /// `ConfigMap` of Kubernetes is exchanged.
    pub(crate) fn names(&self) -> Vec<String> {
        let Some(folder) = &self.0 else { return Vec::new() };
        let (mut names, mut waiting, mut seen) = (Vec::new(), vec![folder.clone()], 0);
        while let Some(place) = waiting.pop() {
            for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
                seen += 1;
                let path = entry.path();
                if seen > MOST_FILES {
                    break;
                }
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push(path);
                } else if path.extension().is_some_and(|ending| ending == "html")
                    && let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str)
                {
                    names.push(name.to_owned());
                }
            }
        }
        names.sort();
        names
    }

    /// A file of it; none where there is none of that name. A link that leads out of the folder is
    /// none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, Refusal> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        let Some(folder) = self.0.as_ref().filter(|_| inside && !name.is_empty()) else {
            return Ok(None);
        };
        let wrong = |problem: String| Refusal { file: name.to_owned(), line: 1, problem };
        let found = folder.canonicalize().and_then(|folder| {
            let path = folder.join(name).canonicalize()?;
            if path.starts_with(&folder) && path.is_file() {
                Ok(path)
            } else {
                Err(ErrorKind::NotFound.into())
            }
        });
        let path = match found {
            Ok(path) => path,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(wrong(format!("the file cannot be read: {error}"))),
        };
        let mut text = String::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
        match read {
            Ok(_) if text.len() as u64 > LARGEST => {
                Err(wrong(format!("the file is larger than {} KiB", LARGEST / 1024)))
            }
            Ok(_) => Ok(Some(text)),
            Err(error) => Err(wrong(format!("the file cannot be read: {error}"))),
        }
    }
}
