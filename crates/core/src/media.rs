//! Where uploaded pictures are kept.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_model::Timestamp;

use crate::BoxFuture;

/// Where uploaded pictures are kept.
#[derive(Debug, Clone)]
pub enum Media {
    /// In a folder of this machine, or one that all processes share.
    Folder(PathBuf),
    /// With a service elsewhere.
    Bucket(Arc<dyn Bucket>),
}

/// A service that keeps files by their names.
pub trait Bucket: Debug + Send + Sync {
    /// Keeps a file.
    ///
    /// # Errors
    /// Why the service did not take it.
    fn put(
        &self,
        key: String,
        media_type: &'static str,
        content: Vec<u8>,
        now: Timestamp,
    ) -> BoxFuture<Result<(), String>>;

    /// Where a browser gets a file from now on, for some minutes at least.
    fn address(&self, key: &str, now: Timestamp) -> String;
}

impl Media {
    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Media::Folder(folder) => Some(folder),
            Media::Bucket(_) => None,
        }
    }
}
