//! Who is signed in at applications behind this outpost. A browser has a cookie, whose hash finds
//! the session; its tokens are sealed with a key that only the cookie has, so that who reads the
//! folder is nobody.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_model::{Sealer as _, Secret, Timestamp};
use countersign_store::{Seal, sha256};
use serde::{Deserialize, Serialize};

/// More sessions are not begun: those who sign in are accounts of the server.
const MOST: usize = 500_000;

/// A session as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The client that it is at.
    pub(crate) client: String,
    /// Of the server: the session that it came from, and whose.
    pub(crate) sid: String,
    pub(crate) sub: String,
    /// When its token ends, in seconds.
    pub(crate) expires: i64,
    sealed: String,
    /// The turn of the link in which the server was asked about it last.
    #[serde(skip)]
    pub(crate) turn: u64,
}

/// What only the cookie opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    /// By which the server knows who signs out.
    pub(crate) id: String,
    /// What the access token says.
    pub(crate) claims: serde_json::Map<String, serde_json::Value>,
}

type Hash = [u8; 32];

/// All sessions, in memory and in a folder.
pub(crate) struct Sessions {
    folder: PathBuf,
    all: Mutex<HashMap<Hash, Session>>,
}

impl Sessions {
    /// Reads what is in the folder.
    ///
    /// # Errors
    /// It cannot be made, read or written.
    pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Sessions, String> {
        let failed = |error: std::io::Error| {
            format!("The folder of sessions, {}, cannot be used: {error}", folder.display())
        };
        make(folder).map_err(failed)?;
        let mut all = HashMap::new();
        for file in std::fs::read_dir(folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(hash) = hex::decode(name).ok().and_then(|bytes| bytes.try_into().ok()) else {
                // Of a write that was not finished.
                if path.extension().is_some_and(|kind| kind == "new") {
                    let _ = std::fs::remove_file(&path);
                }
                continue;
            };
            let read = std::fs::read(&path).ok();
            let session = read.and_then(|bytes| serde_json::from_slice::<Session>(&bytes).ok());
            match session.filter(|session| session.expires > now.seconds()) {
                Some(session) => drop(all.insert(hash, session)),
                None => drop(std::fs::remove_file(&path)),
            }
        }
        Ok(Sessions { folder: folder.to_path_buf(), all: Mutex::new(all) })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, hash: &Hash) -> PathBuf {
        self.folder.join(hex::encode(hash))
    }

    /// Begins a session.
    ///
    /// # Errors
    /// It cannot be kept.
    pub(crate) fn begin(
        &self,
        cookie: &Secret,
        (client, turn): (&str, u64),
        tokens: &Tokens,
        expires: i64,
    ) -> Result<(), String> {
        let text = |name: &str| {
            let value = tokens.claims.get(name).and_then(serde_json::Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let opened = serde_json::to_string(tokens).map_err(|error| error.to_string())?;
        let seal = Seal::new(cookie).map_err(|error| error.to_string())?;
        let session = Session {
            client: client.to_owned(),
            sid: text("sid"),
            sub: text("sub"),
            expires,
            sealed: seal.seal(&opened),
            turn,
        };
        let hash = sha256(cookie.expose());
        if self.all().len() >= MOST {
            return Err("there are too many sessions".to_owned());
        }
        let bytes = serde_json::to_vec(&session).map_err(|error| error.to_string())?;
        write(&self.path(&hash), &bytes).map_err(|error| error.to_string())?;
        self.all().insert(hash, session);
        Ok(())
    }

    /// The session of a cookie at a client, while it lasts.
    pub(crate) fn find(
        &self,
        cookie: &str,
        client: &str,
        now: Timestamp,
    ) -> Option<(Session, Tokens)> {
        let known = self.all().get(&sha256(cookie)).cloned()?;
        if known.client != client || known.expires <= now.seconds() {
            return None;
        }
        let opened = Seal::new(&Secret::new(cookie)).ok()?.open(&known.sealed).ok()?;
        let tokens = serde_json::from_str(opened.expose()).ok()?;
        Some((known, tokens))
    }

    /// The server says that it still knows of it.
    pub(crate) fn confirm(&self, cookie: &str, turn: u64) {
        if let Some(known) = self.all().get_mut(&sha256(cookie)) {
            known.turn = turn;
        }
    }

    pub(crate) fn end(&self, cookie: &str) {
        self.end_where(|hash, _| *hash == sha256(cookie));
    }

    /// Ends the sessions that came from one of the server.
    pub(crate) fn end_of(&self, sid: &str) {
        self.end_where(|_, session| !sid.is_empty() && session.sid == sid);
    }

    /// Ends all sessions of somebody.
    pub(crate) fn end_all(&self, sub: &str) {
        self.end_where(|_, session| !sub.is_empty() && session.sub == sub);
    }

    /// Forgets those that have ended.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.end_where(|_, session| session.expires <= now.seconds());
    }

    fn end_where(&self, ends: impl Fn(&Hash, &Session) -> bool) {
        let mut gone = Vec::new();
        self.all().retain(|hash, session| {
            let over = ends(hash, session);
            if over {
                gone.push(*hash);
            }
            !over
        });
        for hash in gone {
            let _ = std::fs::remove_file(self.path(&hash));
        }
    }
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whole or not at all, and for nobody else.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(bytes)?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn tokens(sid: &str, sub: &str) -> Tokens {
        let claims = serde_json::json!({"sid": sid, "sub": sub});
        let serde_json::Value::Object(claims) = claims else { panic!("object") };
        Tokens { access: "to.k.en".into(), id: "i.d".into(), claims }
    }

    #[test]
    fn sessions_survive_a_restart_and_end_with_their_token_or_that_of_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Sessions::open(folder.path(), NOW).unwrap();
        let cookie = |name: &str| Secret::new(name);
        let sessions = open();
        for (name, sid, sub, expires) in [
            ("one", "a", "uma", 2_000),
            ("two", "a", "uma", 2_000),
            ("three", "b", "uma", 2_000),
            ("four", "c", "eve", 1_001),
        ] {
            sessions.begin(&cookie(name), ("client", 1), &tokens(sid, sub), expires).unwrap();
        }
        let found = |sessions: &Sessions, name: &str| sessions.find(name, "client", NOW).is_some();
        drop(sessions);
        let sessions = open();
        assert!(["one", "two", "three", "four"].iter().all(|name| found(&sessions, name)));
        let (_, opened) = sessions.find("one", "client", NOW).unwrap();
        assert_eq!(opened.access, "to.k.en");
        assert!(sessions.find("one", "another", NOW).is_none(), "of another application");
        assert!(sessions.find("four", "client", NOW.plus_seconds(1)).is_none());
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!text.contains("to.k.en"), "{text}");
        }
        sessions.end_of("a");
        assert!(!found(&sessions, "one") && !found(&sessions, "two") && found(&sessions, "three"));
        sessions.end_of("");
        sessions.end_all("uma");
        assert!(!found(&sessions, "three") && found(&sessions, "four"));
        sessions.sweep(NOW.plus_seconds(1));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
