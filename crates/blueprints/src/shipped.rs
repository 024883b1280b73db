//! The default objects: files built into the program.

use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::files::File;
use crate::format::{Document, FormatError, Origin};

#[derive(Embed)]
#[folder = "../../blueprints"]
struct Files;

/// All built-in files, in the order they are applied: by path.
///
/// # Errors
/// A file that is no blueprint; a test reads them all.
pub fn documents() -> Result<Vec<Document>, FormatError> {
    texts()
        .iter()
        .map(|(path, text)| Ok(Document::parse(path, text)?.from(Origin::Program)))
        .collect()
}

/// Names the set by its content: an unchanged set need not be applied again.
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for (path, text) in texts() {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// All built-in files, by path.
pub fn files() -> Vec<File> {
    let modified =
        |path: &str| Files::get(path).and_then(|file| file.metadata.last_modified()).unwrap_or(0);
    texts()
        .into_iter()
        .map(|(path, text)| File::new(Origin::Program, path.clone(), text, modified(&path)))
        .collect()
}

/// A built-in file by its path, as `default/default-brand.yaml`.
pub fn text(path: &str) -> Option<String> {
    String::from_utf8(Files::get(path)?.data.into_owned()).ok()
}

fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = Files::iter()
        .filter(|path| path.ends_with(".yaml"))
        .filter_map(|path| {
            Some((path.to_string(), String::from_utf8(Files::get(&path)?.data.into_owned()).ok()?))
        })
        .collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_built_in_file_is_a_blueprint_with_a_name_of_its_own() {
        let documents = super::documents().expect("built-in files are valid");
        assert!(documents.len() >= 14, "{}", documents.len());
        for document in &documents {
            let name = document.metadata.name.as_deref().expect("a name");
            assert_eq!(
                documents
                    .iter()
                    .filter(|other| other.metadata.name.as_deref() == Some(name))
                    .count(),
                1,
                "{name}"
            );
            assert_eq!(
                document.metadata.instantiate(),
                !["example/", "once/"].iter().any(|folder| document.file.starts_with(folder)),
                "{}",
                document.file
            );
        }
        assert_eq!(super::fingerprint(), super::fingerprint());
    }
}
