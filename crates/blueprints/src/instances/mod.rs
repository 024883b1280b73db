//! Instances: which blueprint is applied here, with what context, and how that went.
//!
//! Every file that is at hand has an instance, found by discovery; others are made over the API, of
//! a file or of a text. The built-in ones are applied before the program answers anybody, the rest
//! by the job `apply_blueprint`.

mod api;
mod apply;
mod discovery;
mod start;

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::{Job, KindResource, Module, PasswordHash, Service};
use countersign_directory::{Passwords, Verified};
use countersign_model::{
    Choice, Draft, FieldErrors, JsonMap, Kind, Object, ObjectId, Problem, Secret, Timestamp,
    Verbatim,
};
use countersign_rest::object_schema;
use countersign_store::SystemEntropy;
use serde_json::{Map, Value as Json};
use tokio::runtime::Handle;

use crate::apply::Machine;
use crate::format::Document;
use crate::{files, tables};

pub use start::{default_objects, once, own};

/// How the last application of a blueprint went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Status {
    Successful,
    Warning,
    Error,
    /// Its file is gone; what it made stays.
    Orphaned,
    Unknown,
}

/// A blueprint that is applied here.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "managed/blueprints",
    model = "authentik_blueprints.blueprintinstance",
    schema = "BlueprintInstance",
    title = "Blueprint",
    lookup = "instance_uuid",
    ordering = "name",
    columns = "name, status, last_applied, enabled",
    check = BlueprintInstance::check
)]
pub struct BlueprintInstance {
    #[field(label = "Name", unique, search, filter)]
    pub name: String,
    /// A file at hand, relative to the blueprints folder. Leave it empty to write the blueprint
    /// below.
    #[field(label = "Path", blank, default, search, filter)]
    pub path: String,
    /// Values for the tag !Context, over those of the file.
    #[field(label = "Context", default, group = "Additional settings")]
    pub context: JsonMap,
    #[field(label = "Last applied", read_only, default = Timestamp(0))]
    pub last_applied: Timestamp,
    #[field(label = "Hash of what was applied", read_only, blank, default)]
    pub last_applied_hash: String,
    #[field(label = "Status", read_only, default = Status::Unknown)]
    pub status: Status,
    /// A blueprint that is not enabled is not applied.
    #[field(label = "Enabled", default = true)]
    pub enabled: bool,
    #[field(label = "Managed models", read_only, default)]
    pub managed_models: Vec<String>,
    #[field(label = "Metadata", read_only, default)]
    pub metadata: JsonMap,
    /// The blueprint itself, in YAML; used when there is no path.
    #[field(label = "Blueprint", blank, default)]
    pub content: Verbatim,
}

impl BlueprintInstance {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.path.is_empty() && self.content.is_empty() {
            errors.add_object(Problem::new("invalid", "Either path or content must be set."));
        }
    }

    fn of_file(file: &files::File, now: Timestamp) -> BlueprintInstance {
        let metadata = file.metadata();
        let name = metadata.get("name").and_then(Json::as_str).unwrap_or(&file.path).to_owned();
        BlueprintInstance {
            name,
            path: file.path.clone(),
            context: JsonMap::default(),
            last_applied: now,
            last_applied_hash: String::new(),
            status: Status::Unknown,
            enabled: true,
            managed_models: Vec::new(),
            metadata: as_map(metadata),
            content: Verbatim::default(),
        }
    }
}

/// What was not applied yet shows when it was saved, as in the original.
fn saved(object: &dyn Object, now: Timestamp) -> Option<Arc<dyn Object>> {
    let instance = (object as &dyn Any)
        .downcast_ref::<BlueprintInstance>()
        .filter(|instance| instance.last_applied == Timestamp(0))?;
    Some(Arc::new(BlueprintInstance { last_applied: now, ..instance.clone() }))
}

fn as_map(value: Json) -> JsonMap {
    match value {
        Json::Object(map) => JsonMap(map),
        _ => JsonMap::default(),
    }
}

/// What the program gives blueprints to work with.
pub struct Surroundings {
    /// The operator's own files.
    pub folder: Option<PathBuf>,
    pub passwords: Arc<Passwords>,
    /// Without the secret key, which is known once the store is open.
    pub machine: Machine,
}

impl Surroundings {
    /// A job with everything blueprints of this program can use. To be called on a runtime, which
    /// hashes the passwords in them.
    pub fn job(
        &self,
        modules: &[Module],
        secret_key: &Secret,
        library: Vec<Document>,
        chosen: Vec<usize>,
        context: Map<String, Json>,
    ) -> crate::apply::Job {
        let hashing = Hashing { passwords: self.passwords.clone(), runtime: Handle::current() };
        let secrets = self.machine.secrets.iter().chain([secret_key]);
        crate::apply::Job {
            library,
            chosen,
            tables: tables::of(modules),
            passwords: Arc::new(hashing),
            machine: Machine {
                environment: self.machine.environment.clone(),
                secrets: secrets.cloned().collect(),
            },
            context,
        }
    }

    /// Every file at hand.
    async fn files(&self) -> Result<(Vec<files::File>, Vec<String>), String> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || files::all(folder.as_deref()))
            .await
            .map_err(|error| error.to_string())
    }
}

/// The store's writer waits for the hashes, outside of the runtime's threads.
struct Hashing {
    passwords: Arc<Passwords>,
    runtime: Handle,
}

impl PasswordHash for Hashing {
    fn hash(&self, password: &str) -> Result<String, String> {
        self.runtime
            .block_on(self.passwords.hash(&Secret::new(password), &SystemEntropy))
            .map_err(|error| error.to_string())
    }

    fn matches(&self, password: &str, stored: &str) -> bool {
        let checked =
            self.runtime.block_on(self.passwords.verify(&Secret::new(password), Some(stored)));
        matches!(checked, Ok(Verified::Yes | Verified::YesOutdated))
    }
}

/// The blueprints' part of the program.
#[must_use]
pub fn module(given: &Arc<Surroundings>) -> Module {
    let (admitting, watching) = (given.clone(), given.clone());
    let mut operations = api::operations(given);
    operations.extend(crate::export::operations(given));
    operations.extend(crate::dry::operations(given));
    operations.push(crate::schema::operation());
    Module {
        name: "blueprints",
        kinds: vec![
            KindResource::of::<BlueprintInstance>()
                .def(|def| def.with_stamp(saved))
                .admit(move |call, body| api::admit(admitting.clone(), call, body)),
        ],
        operations,
        schemas: vec![
            (
                "BlueprintFile",
                object_schema(&[
                    ("path", "string"),
                    ("version", "integer"),
                    ("hash", "string"),
                    ("last_m", "integer"),
                    ("meta", "map?"),
                ]),
            ),
            ("FlowImportResult", object_schema(&[("logs", "[#LogEvent]"), ("success", "boolean")])),
            ("FlowImportRequest", object_schema(&[("file?", "file"), ("clear?", "boolean")])),
        ]
        .into_iter()
        .chain(crate::dry::schemas())
        .collect(),
        jobs: vec![
            Job::of(discovery::Discover(given.clone())).also_every(3600),
            Job::of(apply::Apply(given.clone())),
        ],
        services: vec![
            Service::new("blueprints_folder", move |cx, stop| {
                discovery::watch(cx, watching.clone(), stop)
            })
            .on_workers(),
        ],
        ..Module::default()
    }
}
