//! What is applied before the program answers anybody: the default objects, then the operator's own
//! files.

use std::sync::Arc;

use countersign_core::Context;
use countersign_model::Ref;
use countersign_store::{Actor, Store, StoreError, Tx, params};

use super::{BlueprintInstance, Status, Surroundings, apply, discovery};
use crate::apply::{Action, Outcome, commit_with};
use crate::files::File;
use crate::format::Document;
use crate::{files, shipped};

/// The fact that names the set of built-in files applied last.
const FACT: &str = "blueprints";

/// Applies the built-in blueprints that changed since they were applied, in one write, which their
/// instances tell.
///
/// # Errors
/// The first entry that cannot be carried out; nothing was written then.
pub async fn default_objects(cx: &Context, given: &Surroundings) -> Result<(), String> {
    let fingerprint = shipped::fingerprint();
    let same = applied(&cx.store, &fingerprint).await.map_err(|error| error.to_string())?;
    let own: Vec<String> = match &given.folder {
        Some(folder) => files::yaml_files(folder).0.into_iter().map(|(path, _)| path).collect(),
        None => Vec::new(),
    };
    let shipped = shipped::files();
    let instances = instances(cx);
    let instance = |path: &str| {
        instances.iter().find(|(_, instance)| instance.path == path).map(|(_, instance)| instance)
    };
    let changed = |file: &File| match instance(&file.path) {
        Some(instance) => {
            instance.enabled && instance.last_applied_hash != file.hash && !own.contains(&file.path)
        }
        None => !same,
    };
    let wanted: Vec<File> = shipped.iter().filter(|file| file.wants_instance()).cloned().collect();
    let to_apply: Vec<String> =
        wanted.iter().filter(|file| changed(file)).map(|file| file.path.clone()).collect();
    let to_tell: Vec<File> = wanted
        .into_iter()
        .filter(|file| instance(&file.path).is_none() || to_apply.contains(&file.path))
        .collect();
    if same && to_tell.is_empty() {
        return Ok(());
    }
    let library: Vec<Document> = shipped
        .into_iter()
        .map(|file| file.document)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("a built-in blueprint is broken: {error}"))?;
    let chosen = (0..library.len())
        .filter(|index| {
            library.get(*index).is_some_and(|document| to_apply.contains(&document.file))
        })
        .collect();
    let job =
        given.job(cx.modules(), &cx.settings.secret_key, library, chosen, serde_json::Map::new());
    let also = move |tx: &mut Tx<'_>| {
        remember(tx, &fingerprint)?;
        tell(tx, &to_tell);
        Ok(())
    };
    let outcome = commit_with(&cx.store, Arc::new(job), Actor::system(), "default objects", also)
        .await
        .map_err(|error| format!("default objects: {error}"))?;
    report(&outcome);
    Ok(())
}

/// Applies a built-in file that is not among the default objects, once in the life of an
/// installation. What is wrong with it is told and does not stop the start.
pub async fn once(cx: &Context, given: &Surroundings, path: &str) {
    if let Err(error) = apply_once(cx, given, path).await {
        tracing::error!("built-in blueprint {path} not applied: {error}");
    }
}

async fn apply_once(cx: &Context, given: &Surroundings, path: &str) -> Result<(), String> {
    let fact = format!("blueprint applied once: {path}");
    let asked = fact.clone();
    let done = cx.store.read(move |sql| sql.fact(&asked));
    if done.await.map_err(|error| error.to_string())?.is_some() {
        return Ok(());
    }
    let library = shipped::documents().map_err(|error| error.to_string())?;
    let chosen = (0..library.len())
        .filter(|at| library.get(*at).is_some_and(|document| document.file == path))
        .collect();
    let job =
        given.job(cx.modules(), &cx.settings.secret_key, library, chosen, serde_json::Map::new());
    let also = move |tx: &mut Tx<'_>| {
        let now = tx.now().iso();
        let mark = "INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        tx.execute(mark, params![fact.as_str(), now]).map(|_| ())
    };
    let outcome = commit_with(&cx.store, Arc::new(job), Actor::system(), "default objects", also)
        .await
        .map_err(|error| error.to_string())?;
    report(&outcome);
    Ok(())
}

fn report(outcome: &Outcome) {
    for note in &outcome.notes {
        tracing::warn!("{note}");
    }
    let count = |action| outcome.count(action);
    tracing::info!(
        created = count(Action::Created),
        changed = count(Action::Updated),
        deleted = count(Action::Deleted),
        "default objects applied"
    );
}

fn instances(cx: &Context) -> Vec<(Ref<BlueprintInstance>, BlueprintInstance)> {
    cx.snapshot()
        .list::<BlueprintInstance>()
        .map(|(reference, instance)| (reference, instance.clone()))
        .collect()
}

/// Makes the instances of applied files say so.
fn tell(tx: &mut Tx<'_>, files: &[File]) {
    let now = tx.now();
    for file in files {
        let known = tx
            .graph()
            .list::<BlueprintInstance>()
            .find(|(_, instance)| instance.path == file.path)
            .map(|(reference, _)| reference);
        let reference = known.unwrap_or_else(|| {
            let mut instance = BlueprintInstance::of_file(file, now);
            if tx.graph().find::<BlueprintInstance>("name", &instance.name).is_some() {
                instance.name.clone_from(&file.path);
            }
            let key = tx.entropy().uuid();
            tx.draft().put(key, instance)
        });
        apply::change(tx, reference, |instance| {
            instance.status = Status::Successful;
            instance.last_applied = now;
            instance.last_applied_hash.clone_from(&file.hash);
            instance.metadata = super::as_map(file.metadata());
        });
    }
}

/// Applies what changed in the operator's own folder. What is wrong in it is told and does not stop
/// the start: a server that is up can be mended.
pub async fn own(cx: &Context, given: &Surroundings) {
    if given.folder.is_none() {
        return;
    }
    let (files, faults) = match given.files().await {
        Ok(found) => found,
        Err(error) => return tracing::error!("blueprints not applied: {error}"),
    };
    let broken =
        files.iter().filter_map(|file| file.document.as_ref().err().map(ToString::to_string));
    for fault in faults.iter().cloned().chain(broken) {
        tracing::error!("blueprint not applied: {fault}");
    }
    let folder_read = faults.is_empty();
    let find =
        move |tx: &mut Tx<'_>| Ok::<_, StoreError>(discovery::discover(tx, &files, folder_read));
    match cx.store.write(Actor::system(), "blueprints found", find).await {
        Ok(wanting) => {
            for (reference, _) in wanting {
                // It has told what went wrong.
                let _ = apply::instance(cx, given, reference, None).await;
            }
        }
        Err(error) => tracing::error!("blueprints not applied: {error}"),
    }
}

/// Whether the built-in files were applied as they are now.
async fn applied(store: &Store, fingerprint: &str) -> Result<bool, StoreError> {
    let known = store.read(|sql| sql.fact(FACT)).await?;
    Ok(known.as_deref() == Some(fingerprint))
}

fn remember(tx: &mut Tx<'_>, fingerprint: &str) -> Result<(), StoreError> {
    tx.put_fact(FACT, fingerprint)
}
