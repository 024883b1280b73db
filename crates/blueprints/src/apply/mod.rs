//! Applying blueprints: entries become objects, inside one transaction of the store.
//!
//! [`apply`] works on a [`Tx`]; whoever calls it decides whether the transaction is committed
//! (`apply`) or rolled back (`plan`). Objects of the graph and rows of the directory are treated
//! alike; the latter through [`Table`].

mod entry;
mod error;
mod find;
mod plan;
mod rights;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_core::{PasswordHash, Rows, permissions};
use countersign_model::{Change, FieldErrors, KindMeta, ObjectId, Secret};
use countersign_store::{Actor, Store, StoreError, Tx};
use serde_json::{Map, Value as Json};

use crate::format::{Document, Origin, Value, map_from_json, merge_context};

pub use error::{ApplyError, ApplyErrorKind, Spot};
pub use plan::{Difference, DifferenceKind, differences};

/// Model of entries that apply another file.
pub const META_MODEL: &str = "authentik_blueprints.metaapplyblueprint";

/// Environment variables as `!Env` sees them.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What tags can reach of the machine.
#[derive(Clone)]
pub struct Machine {
    /// For `!Env`.
    pub environment: Environment,
    /// The program's own: its secret key, the passwords of its database and of its mail server. No
    /// file gets to see them.
    pub secrets: Arc<[Secret]>,
}

impl Machine {
    /// A machine without a secret.
    pub fn with(environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Machine {
        Machine { environment: Arc::new(environment), secrets: Arc::new([]) }
    }

    /// Whether a text is one of the program's secrets, or has one in it. Short ones are parts of
    /// many a text.
    fn is_secret(&self, text: &str) -> bool {
        const TELLING: usize = 8;
        let same = |secret: &str| {
            !secret.is_empty()
                && (text.trim() == secret || (secret.len() >= TELLING && text.contains(secret)))
        };
        self.secrets.iter().any(|secret| same(secret.expose()))
    }
}

/// What to apply, and with what.
pub struct Job {
    /// All files at hand; entries of [`META_MODEL`] may name any of them.
    pub library: Vec<Document>,
    /// Which of them to apply, by position, in this order.
    pub chosen: Vec<usize>,
    /// Tables that can be filled.
    pub tables: Vec<Arc<dyn Rows>>,
    pub passwords: Arc<dyn PasswordHash>,
    pub machine: Machine,
    /// Over the context of each file.
    pub context: Map<String, Json>,
}

/// What became of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Created,
    /// It was there and differed.
    Updated,
    /// It was there as wanted.
    Unchanged,
    /// It was there, and its state says to leave it.
    Kept,
    /// It was there and is gone.
    Deleted,
    /// It was not wanted and not there.
    Absent,
    /// A condition did not hold.
    Skipped,
}

impl Action {
    /// The word for reports.
    pub fn word(self) -> &'static str {
        match self {
            Action::Created => "create",
            Action::Updated => "change",
            Action::Unchanged => "same",
            Action::Kept => "keep",
            Action::Deleted => "delete",
            Action::Absent => "absent",
            Action::Skipped => "skip",
        }
    }
}

/// One entry carried out.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the entry stands.
    pub spot: Spot,
    /// What happened.
    pub action: Action,
    /// What identified the object.
    pub identifiers: Map<String, Json>,
    /// For rows of the directory, the fields that changed; values of secrets are never here.
    pub fields: Vec<String>,
}

/// Everything a job did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Entries in the order they were carried out.
    pub steps: Vec<Step>,
    /// Things worth telling that are not errors.
    pub notes: Vec<String>,
}

impl Outcome {
    /// How many entries ended in an action.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

/// Applies a job inside a transaction.
///
/// # Errors
/// The first entry that cannot be carried out; the caller must roll back then.
pub fn apply(tx: &mut Tx<'_>, job: &Job) -> Result<Outcome, ApplyError> {
    apply_tracking(tx, job, &mut HashMap::new())
}

fn apply_tracking(
    tx: &mut Tx<'_>,
    job: &Job,
    places: &mut HashMap<ObjectId, Spot>,
) -> Result<Outcome, ApplyError> {
    let mut run = Run {
        job,
        outcome: Outcome::default(),
        files: vec![Progress::Waiting; job.library.len()],
        places,
        left_out: HashMap::new(),
    };
    for index in &job.chosen {
        run.file(tx, *index)?;
    }
    Ok(run.outcome)
}

/// Applies a job as one write of the store, in the name of whoever asks for it.
///
/// # Errors
/// The first entry that cannot be carried out; nothing was written then.
pub async fn commit(
    store: &Store,
    job: Arc<Job>,
    actor: Actor,
    reason: &str,
) -> Result<Outcome, ApplyError> {
    commit_with(store, job, actor, reason, |_| Ok(())).await
}

/// As [`commit`], with something else in the same write.
///
/// # Errors
/// As [`commit`], or what the other part answers.
pub async fn commit_with(
    store: &Store,
    job: Arc<Job>,
    actor: Actor,
    reason: &str,
    also: impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Result<Outcome, ApplyError> {
    let places = Places::default();
    let inner = places.clone();
    let work = move |tx: &mut Tx<'_>| {
        also(tx)?;
        inner.run(tx, &job)
    };
    let result = store.write(actor, reason, work).await;
    result.map_err(|error| places.locate(error))
}

/// Does everything [`commit`] would and leaves nothing behind.
///
/// # Errors
/// As [`commit`].
pub async fn plan(store: &Store, job: Arc<Job>) -> Result<(Outcome, Vec<Difference>), ApplyError> {
    let would_be = plan_with(store, job, |_| Ok(())).await?;
    Ok((would_be.outcome, differences(&would_be.changes)))
}

/// What a job would make, before it is undone.
pub struct WouldBe<T> {
    pub outcome: Outcome,
    /// Of the configuration.
    pub changes: Vec<Change>,
    /// What was looked at.
    pub seen: T,
}

/// As [`plan`], with a look at everything as it would be.
///
/// # Errors
/// As [`commit`].
pub async fn plan_with<T: Send + 'static>(
    store: &Store,
    job: Arc<Job>,
    look: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<WouldBe<T>, ApplyError> {
    let places = Places::default();
    let inner = places.clone();
    let work = move |tx: &mut Tx<'_>| {
        let outcome = inner.run(tx, &job)?;
        Ok::<_, ApplyError>((outcome, look(tx)?))
    };
    match store.plan(Actor::system(), work).await {
        Ok(((outcome, seen), changes)) => Ok(WouldBe { outcome, changes, seen }),
        Err(error) => Err(places.locate(error)),
    }
}

/// Which entry wrote which object: the graph checks a draft as a whole, after the last entry, and
/// its complaint must still name a line.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<ObjectId, Spot>>>);

impl Places {
    fn run(&self, tx: &mut Tx<'_>, job: &Job) -> Result<Outcome, ApplyError> {
        let mut places = HashMap::new();
        let result = apply_tracking(tx, job, &mut places);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = places;
        result
    }

    fn locate(&self, error: ApplyError) -> ApplyError {
        let ApplyErrorKind::Store(StoreError::Edit(edit)) = error.kind else { return error };
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ApplyError::refused(edit, &places)
    }
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running,
    Done,
}

/// A job being carried out.
struct Run<'j> {
    job: &'j Job,
    outcome: Outcome,
    files: Vec<Progress>,
    places: &'j mut HashMap<ObjectId, Spot>,
    /// Objects made without secrets that can be set later, and those fields.
    left_out: HashMap<ObjectId, Vec<&'static str>>,
}

impl Run<'_> {
    fn file(&mut self, tx: &mut Tx<'_>, index: usize) -> Result<(), ApplyError> {
        let (Some(document), Some(progress)) =
            (self.job.library.get(index), self.files.get_mut(index))
        else {
            return Ok(());
        };
        // Done already for another file; or two files that name each other, where the first is
        // simply not done yet.
        if *progress != Progress::Waiting {
            return Ok(());
        }
        *progress = Progress::Running;
        if document.origin == Origin::Sent && document.reaches_out() {
            return Err(ApplyError { spot: None, kind: ApplyErrorKind::ReachesOut });
        }
        let context = self.context(document);
        let mut made = entry::Made::default();
        for entry in &document.entries {
            self.entry(tx, document, entry, &context, &mut made)?;
        }
        if document.metadata.is_export() {
            self.excuse_left_out(tx, &document.file);
        }
        if let Some(progress) = self.files.get_mut(index) {
            *progress = Progress::Done;
        }
        Ok(())
    }

    /// An export leaves secrets out. What was made without one, or names what was, is made all the
    /// same: it refuses where it is reached, and is listed by [`countersign_model::unsound`] until
    /// the secret is set. Whatever else is wrong with an object still refuses the file.
    fn excuse_left_out(&mut self, tx: &mut Tx<'_>, file: &str) {
        let mut mine: Vec<_> = self.places.iter().filter(|(_, spot)| spot.file == file).collect();
        mine.sort_by_key(|(_, spot)| spot.index);
        for (id, spot) in mine {
            let Some(entry) = tx.draft().entry(*id).cloned() else { continue };
            let mut errors = FieldErrors::new();
            entry.object.check(tx.draft(), *id, &mut errors);
            let mut excused = self.left_out.get(id).cloned().unwrap_or_default();
            entry.object.visit_refs(&mut |field, target| {
                excused.extend(self.left_out.contains_key(&target).then_some(field.name));
            });
            if !errors.is_empty() && errors.iter().all(|(field, _)| excused.contains(&field)) {
                let missing = errors.sentences();
                self.outcome.notes.push(format!("{spot}: a secret is left out: {missing}"));
                tx.draft().put_back(*id, entry.object.clone());
            }
        }
    }

    /// Defaults of ours, then the file's context, then the job's.
    fn context(&self, document: &Document) -> Vec<(String, Value)> {
        // Also of kinds that are not built: a role may name what there is to view of them.
        let viewed = permissions().iter().map(|listed| listed.permission);
        let viewed = viewed.filter(|permission| permission.verb() == "view");
        let models: Map<String, Json> = viewed
            .filter_map(|permission| permission.model().split_once('.'))
            .map(|(app, name)| (name.to_owned(), Json::from(app)))
            .collect();
        let mut context = vec![
            ("goauthentik.io/enterprise/licensed".to_owned(), Value::from_json(&Json::Bool(false))),
            ("goauthentik.io/rbac/models".to_owned(), Value::from_json(&Json::Object(models))),
        ];
        merge_context(&mut context, &document.context);
        merge_context(&mut context, &map_from_json(&self.job.context));
        context
    }

    fn kind(&self, tx: &Tx<'_>, model: &str) -> Option<&'static KindMeta> {
        tx.registry().kind(&model.to_ascii_lowercase()).map(|kind| kind.meta)
    }

    fn table(&self, model: &str) -> Option<&dyn Rows> {
        self.job.tables.iter().find(|table| table.kind().model == model).map(|table| &**table)
    }
}

#[cfg(test)]
mod tests;
