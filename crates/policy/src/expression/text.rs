//! Texts made comparable.

use sha2::{Digest as _, Sha256};

/// The text without common indentation, comment lines, blank lines and trailing space. What is
/// shipped natively has no text over several lines, so nothing that matters can look like a
/// comment.
#[must_use]
pub fn normalise(source: &str) -> String {
    let lines: Vec<String> = source
        .lines()
        .map(|line| line.trim_end().replace('\t', "    "))
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'))
        .collect();
    let indent = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().filter_map(|line| line.get(indent..)).collect::<Vec<_>>().join("\n")
}

/// SHA-256 of the normalised text.
#[must_use]
pub fn fingerprint(source: &str) -> String {
    hex::encode(Sha256::digest(normalise(source).as_bytes()))
}
