//! Where values come from: flags, environment, files; and the `env://` and `file://` detours.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use countersign_blueprints::yaml::{self, Content, Node};

use super::{
    Problem, Settings,
    sections::{self, KeyMeta, WITHOUT_EFFECT},
};

/// The outside as settings see it.
pub trait Surroundings {
    /// All environment variables that are text.
    fn variables(&self) -> Vec<(String, String)>;
    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn file(&self, path: &Path) -> io::Result<String>;
}

/// The real outside.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Surroundings for System {
    fn variables(&self) -> Vec<(String, String)> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
    fn file(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }
}

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag,
    /// In the environment.
    Environment(String),
    /// In a file.
    File(PathBuf, usize),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Environment(name) => f.write_str(name),
            Origin::File(path, line) => write!(f, "{}, line {line}", path.display()),
        }
    }
}

/// A value as written.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its text, before `env://` and `file://` are followed.
    pub text: String,
    /// Where it stands.
    pub origin: Origin,
}

/// All values as written, by key; the highest wins.
#[derive(Debug, Default)]
pub struct Layers {
    values: BTreeMap<String, Given>,
    /// Files at the usual places that are there and cannot be read.
    unreadable: Vec<String>,
}

/// Files read when they exist, lower first.
const FILES: [&str; 2] = ["/etc/authentik/config.yml", "/etc/countersign/config.yml"];

/// Ours come second, so that they win.
const PREFIXES: [&str; 2] = ["AUTHENTIK_", "COUNTERSIGN_"];

impl Layers {
    /// Collects from all places; unreadable or broken files are problems.
    pub(super) fn gather(
        flags: &[(String, String)],
        file: Option<&Path>,
        system: &dyn Surroundings,
        problems: &mut Vec<Problem>,
    ) -> Layers {
        let mut layers = Layers::default();
        for path in FILES {
            match system.file(Path::new(path)) {
                Ok(text) => layers.file(Path::new(path), &text, problems),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => layers
                    .unreadable
                    .push(format!("{path} is left out, since it cannot be read: {error}")),
            }
        }
        let variables = system.variables();
        let named = variables
            .iter()
            .find(|(name, _)| name == "COUNTERSIGN_CONFIG")
            .map(|(_, path)| PathBuf::from(path));
        if let Some(path) = file.map(Path::to_path_buf).or(named) {
            match system.file(&path) {
                Ok(text) => layers.file(&path, &text, problems),
                Err(error) => problems.push(Problem {
                    name: "configuration file".to_owned(),
                    origin: path.display().to_string(),
                    what: format!("it cannot be read: {error}"),
                    remedy: "Correct the path, or leave it out".to_owned(),
                }),
            }
        }
        for prefix in PREFIXES {
            for (name, value) in &variables {
                if let Some(rest) = name.strip_prefix(prefix).filter(|rest| *rest != "CONFIG") {
                    let key = canonical(&rest.to_ascii_lowercase().replace("__", "."));
                    layers.values.insert(
                        key,
                        Given { text: value.clone(), origin: Origin::Environment(name.clone()) },
                    );
                }
            }
        }
        for (key, value) in flags {
            layers
                .values
                .insert(canonical(key), Given { text: value.clone(), origin: Origin::Flag });
        }
        layers
    }

    fn file(&mut self, path: &Path, text: &str, problems: &mut Vec<Problem>) {
        match yaml::parse(text) {
            Ok(Some(node)) => self.flatten(path, "", &node),
            Ok(None) => {}
            Err(error) => problems.push(Problem {
                name: "configuration file".to_owned(),
                origin: path.display().to_string(),
                what: error.to_string(),
                remedy: "Correct the file".to_owned(),
            }),
        }
    }

    fn flatten(&mut self, path: &Path, prefix: &str, node: &Node) {
        match &node.content {
            Content::Map(members) => {
                for (key, value) in members {
                    let name = if prefix.is_empty() {
                        key.name.clone()
                    } else {
                        format!("{prefix}.{}", key.name)
                    };
                    self.flatten(path, &name, value);
                }
            }
            Content::List(items) => {
                let text = items.iter().filter_map(Node::text).collect::<Vec<_>>().join(",");
                self.put(path, prefix, node, text);
            }
            Content::Scalar { text, value } => {
                let text = if value.is_null() { String::new() } else { text.clone() };
                self.put(path, prefix, node, text);
            }
        }
    }

    fn put(&mut self, path: &Path, key: &str, node: &Node, text: String) {
        let origin = Origin::File(path.to_path_buf(), node.at.line);
        self.values.insert(canonical(key), Given { text, origin });
    }

    /// The value as written, if there is one.
    pub fn given(&self, key: &str) -> Option<&Given> {
        self.values.get(key)
    }

    /// The text of a setting, and where it stands unless it is the default. An empty value is none,
    /// as in a template that was not filled in.
    pub(super) fn value(
        &self,
        key: &str,
        default: &str,
        system: &dyn Surroundings,
    ) -> (Result<String, String>, Option<&Given>) {
        match self.given(key).map(|given| (self.resolve(given, system), given)) {
            Some((text, given)) if !text.as_ref().is_ok_and(|text| text.trim().is_empty()) => {
                (text, Some(given))
            }
            _ => (self.resolve_text(default, system), None),
        }
    }

    /// For each read replica, in the order of their names, these layers with its values in place of
    /// the database's.
    pub(super) fn of_replicas(&self) -> Vec<Layers> {
        let mut replicas: BTreeMap<&str, BTreeMap<String, Given>> = BTreeMap::new();
        for (key, given) in &self.values {
            if let Some((name, of_database)) = of_replica(key) {
                replicas
                    .entry(name)
                    .or_insert_with(|| self.values.clone())
                    .insert(of_database, given.clone());
            }
        }
        replicas.into_values().map(|values| Layers { values, unreadable: Vec::new() }).collect()
    }

    /// Every setting there is, and those given for read replicas.
    pub(super) fn settings(&self) -> Vec<(String, KeyMeta)> {
        let known: Vec<KeyMeta> = sections::keys().into_iter().flat_map(|(_, keys)| keys).collect();
        let replicas = self.values.keys().filter_map(|key| {
            let (_, of_database) = of_replica(key)?;
            Some((key.clone(), *known.iter().find(|meta| meta.name == of_database)?))
        });
        known.iter().map(|meta| (meta.name.to_owned(), *meta)).chain(replicas).collect()
    }

    /// The value with `env://` and `file://` followed, once.
    ///
    /// # Errors
    /// A sentence when the detour leads nowhere and names no default.
    pub(super) fn resolve(
        &self,
        given: &Given,
        system: &dyn Surroundings,
    ) -> Result<String, String> {
        self.resolve_text(&given.text, system)
    }

    /// As [`resolve`](Self::resolve), for a default.
    ///
    /// # Errors
    /// A sentence when the detour leads nowhere and names no default.
    pub(super) fn resolve_text(
        &self,
        text: &str,
        system: &dyn Surroundings,
    ) -> Result<String, String> {
        let detour = |rest: &str| {
            rest.split_once('?').map_or((rest.to_owned(), None), |(name, default)| {
                (name.to_owned(), Some(default.to_owned()))
            })
        };
        if let Some(rest) = text.strip_prefix("env://") {
            let (name, default) = detour(rest);
            let found = system
                .variables()
                .into_iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value);
            return found
                .or(default)
                .ok_or_else(|| format!("the environment variable {name} it points to is not set"));
        }
        if let Some(rest) = text.strip_prefix("file://") {
            let (path, default) = detour(rest);
            return match system.file(Path::new(&path)) {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(error) => default
                    .ok_or_else(|| format!("the file {path} it points to cannot be read: {error}")),
            };
        }
        Ok(text.to_owned())
    }

    /// What is given without being a setting of ours.
    pub(super) fn foreign(&self) -> Vec<(&str, &Given)> {
        let known = self.settings();
        let is_known = |key: &str| known.iter().any(|(name, _)| name == key);
        self.values
            .iter()
            .map(|(key, given)| (key.as_str(), given))
            .filter(|(key, _)| !is_known(key))
            .collect()
    }

    pub(super) fn notes(&self, settings: &Settings, system: &dyn Surroundings) -> Vec<String> {
        let mut notes = self.unreadable.clone();
        for (key, meta) in self.settings() {
            if let Some(given) = self.given(&key).filter(|_| !meta.default.is_empty())
                && self.value(&key, meta.default, system).1.is_none()
            {
                notes.push(format!("{} is empty: {key} has its default", given.origin));
            }
        }
        for (key, given) in self.foreign() {
            let ours = matches!(&given.origin, Origin::Environment(name) if name.starts_with("AUTHENTIK_"));
            if key == "error_reporting.enabled" && given.text.eq_ignore_ascii_case("true") {
                notes.push(format!(
                    "{} is not used: no error report leaves this server",
                    given.origin
                ));
            } else if !ours && !without_effect(key) {
                notes.push(format!(
                    "{}: there is no setting \"{key}\"; `countersign config` lists them all",
                    given.origin
                ));
            }
        }
        if settings.postgresql.host.is_some() && !settings.redis.is_set() {
            notes.push("without Redis only one process can use the database: sign-ins in progress are not shared".to_owned());
        }
        if settings.redis.is_set()
            && settings.redis.tls
            && settings.redis.tls_reqs.is_none()
            && !settings.redis.is_checked()
        {
            notes.push(
                "the connection to Redis is encrypted, and nobody checks whom it goes to: set redis.tls_ca_cert, or redis.tls_reqs to required".to_owned(),
            );
        }
        if let Some(key) =
            settings.general.secret_key.as_ref().map(countersign_model::Secret::expose)
        {
            if sections::is_example(key) {
                notes.push(
                    "secret_key is a published example and therefore not used: a random key takes its place, kept in the data folder or the \
                     PostgreSQL database. Put the output of `countersign generate secret` in its place; what is stored stays readable"
                        .to_owned(),
                );
            } else if key.len() < 50 {
                notes.push("secret_key has fewer than 50 characters; `countersign generate secret` makes a longer one".to_owned());
            }
        }
        notes
    }
}

/// Whether the original has such a key and it changes nothing here.
pub(super) fn without_effect(key: &str) -> bool {
    if let Some((_, of_database)) = of_replica(key) {
        return without_effect(&of_database);
    }
    WITHOUT_EFFECT.iter().any(|known| {
        if known.ends_with(['.', '_']) { key.starts_with(known) } else { key == *known }
    })
}

/// The name of a read replica in a key, and the setting of the database that the key replaces for
/// it.
fn of_replica(key: &str) -> Option<(&str, String)> {
    let (replica, name) = key.strip_prefix("postgresql.read_replicas.")?.split_once('.')?;
    Some((replica, format!("postgresql.{name}")))
}

/// The one name of a key: files of the original write `listen.listen_http`.
fn canonical(key: &str) -> String {
    match key {
        // What the original called it before, and still reads.
        "geoip" => "events.context_processors.geoip".to_owned(),
        key => key
            .strip_prefix("listen.listen_")
            .map_or_else(|| key.to_owned(), |rest| format!("listen.{rest}")),
    }
}
