//! Finding blueprints: every file at hand gets an instance, and what differs from what was applied
//! is applied.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Context, JobError, Lane, NoteLevel, Run, Shutdown, Work, enqueue};
use countersign_model::Ref;
use countersign_store::{Actor, StoreError, Tx};

use super::apply::{self, Apply, Wanted};
use super::{BlueprintInstance, Status, Surroundings};
use crate::files::{self, File};

/// How often the folder is looked at for changes.
const LOOK: Duration = Duration::from_secs(2);

/// Makes missing instances, tells which files are gone, and names the instances whose file is not
/// what was applied.
pub(super) fn discover(
    tx: &mut Tx<'_>,
    files: &[File],
    folder_read: bool,
) -> Vec<(Ref<BlueprintInstance>, String)> {
    let known: Vec<(Ref<BlueprintInstance>, BlueprintInstance)> = tx
        .graph()
        .list::<BlueprintInstance>()
        .map(|(reference, instance)| (reference, instance.clone()))
        .collect();
    let mut names: BTreeSet<String> =
        known.iter().map(|(_, instance)| instance.name.clone()).collect();
    let mut wanting = Vec::new();
    for file in files {
        match known.iter().find(|(_, instance)| instance.path == file.path) {
            Some((reference, instance))
                if instance.last_applied_hash == file.hash
                    && instance.status == Status::Orphaned =>
            {
                apply::change(tx, *reference, |instance| instance.status = Status::Successful);
            }
            // What failed is tried again.
            Some((reference, instance))
                if instance.enabled
                    && (instance.last_applied_hash != file.hash
                        || instance.status == Status::Error) =>
            {
                wanting.push((*reference, instance.name.clone()));
            }
            Some(_) => {}
            None if file.wants_instance() => {
                let mut instance = BlueprintInstance::of_file(file, tx.now());
                if !names.insert(instance.name.clone()) {
                    instance.name.clone_from(&file.path);
                    if !names.insert(instance.name.clone()) {
                        continue;
                    }
                }
                let (key, name) = (tx.entropy().uuid(), instance.name.clone());
                wanting.push((tx.draft().put(key, instance), name));
            }
            None => {}
        }
    }
    for (reference, instance) in known {
        let of_file = !instance.path.is_empty() && !instance.path.starts_with("oci://");
        if folder_read
            && of_file
            && instance.status != Status::Orphaned
            && !files.iter().any(|file| file.path == instance.path)
        {
            apply::change(tx, reference, |instance| instance.status = Status::Orphaned);
        }
    }
    wanting
}

pub(super) struct Discover(pub(super) Arc<Surroundings>);

impl Work for Discover {
    const NAME: &'static str = "blueprints_discovery";
    const DESCRIPTION: &'static str =
        "Find blueprints and check if they need to be created in the database";
    const ATTEMPTS: u32 = 1;
    const LANE: Lane = Lane::Bulk;
    type Args = ();

    async fn run(&self, cx: Context, run: Run, (): ()) -> Result<(), JobError> {
        run_over(cx, self.0.clone(), run).await
    }
}

async fn run_over(cx: Context, given: Arc<Surroundings>, run: Run) -> Result<(), JobError> {
    let (files, faults) = given.files().await.map_err(JobError::Failed)?;
    let folder_read = given.folder.is_some() && faults.is_empty();
    let note = |level, text: String| run.note(level, cx.clock.now(), Discover::NAME, text);
    for fault in faults {
        note(NoteLevel::Warning, fault);
    }
    let count = files.len();
    for file in &files {
        if let Err(error) = &file.document {
            note(NoteLevel::Warning, error.to_string());
        }
    }
    let ask = move |tx: &mut Tx<'_>| {
        let wanting = discover(tx, &files, folder_read);
        for (reference, name) in wanting {
            enqueue::<Apply>(tx, &name, &Wanted { pk: reference, actor: None })?;
        }
        Ok::<_, StoreError>(())
    };
    cx.store.write(Actor::system(), "blueprints found", ask).await?;
    note(NoteLevel::Info, format!("Successfully imported {count} files."));
    Ok(())
}

/// Looks at the operator's folder again and again, and asks for a discovery when something in it
/// changed.
///
/// # Errors
/// When the folder cannot be looked at, or the store fails.
pub(super) async fn watch(
    cx: Context,
    given: Arc<Surroundings>,
    mut stop: Shutdown,
) -> Result<(), String> {
    let Some(folder) = given.folder.clone() else {
        stop.requested().await;
        return Ok(());
    };
    let mut known = None;
    loop {
        let look = folder.clone();
        let mut seen = tokio::task::spawn_blocking(move || files::signature(&look))
            .await
            .map_err(|error| error.to_string())?;
        if known.as_ref().is_some_and(|known| *known != seen) {
            let ask = |tx: &mut Tx<'_>| enqueue::<Discover>(tx, "", &()).map(|_| ());
            let asked = cx.store.write(Actor::system(), "blueprints folder changed", ask);
            if let Err(error) = asked.await {
                tracing::warn!(%error, "a change of the blueprints folder could not be followed");
                seen = known.take().unwrap_or_default();
            }
        }
        known = Some(seen);
        if !stop.sleep(LOOK).await {
            return Ok(());
        }
    }
}
