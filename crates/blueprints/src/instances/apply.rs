//! Applying one instance, and keeping how it went.

use std::sync::Arc;

use countersign_core::{Context, JobError, Lane, NoteLevel, Run, Work};
use countersign_model::{Ref, Verbatim};
use countersign_store::{Actor, StoreError, Tx};
use serde::{Deserialize, Serialize};

use super::{BlueprintInstance, Status, Surroundings, as_map};
use crate::apply::{self, Action, Outcome};
use crate::files::{self, File};
use crate::format::Document;

/// Applies one instance, which says afterwards how it went.
pub(super) struct Apply(pub(super) Arc<Surroundings>);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) pk: Ref<BlueprintInstance>,
    /// Who asked for it, where somebody did.
    #[serde(default)]
    pub(super) actor: Option<Actor>,
}

impl Work for Apply {
    const NAME: &'static str = "apply_blueprint";
    const DESCRIPTION: &'static str = "Apply single blueprint";
    const ATTEMPTS: u32 = 1;
    const LANE: Lane = Lane::Bulk;
    type Args = Wanted;

    async fn run(&self, cx: Context, run: Run, wanted: Wanted) -> Result<(), JobError> {
        let applied = instance(&cx, &self.0, wanted.pk, wanted.actor).await;
        for note in applied.map_err(JobError::Failed)?.iter().flat_map(|outcome| &outcome.notes) {
            run.note(NoteLevel::Warning, cx.clock.now(), Self::NAME, note.clone());
        }
        run.note(NoteLevel::Info, cx.clock.now(), Self::NAME, "Successful");
        Ok(())
    }
}

/// Applies an instance, unless it is disabled or gone: in the name of `actor` who asked for it,
/// else in its own.
///
/// # Errors
/// Why nothing was applied.
pub(super) async fn instance(
    cx: &Context,
    given: &Surroundings,
    reference: Ref<BlueprintInstance>,
    actor: Option<Actor>,
) -> Result<Option<Outcome>, String> {
    let Some(instance) = cx.snapshot().get(reference).filter(|instance| instance.enabled).cloned()
    else {
        return Ok(None);
    };
    let actor = match actor {
        Some(actor) => actor.through(format!("blueprint {}", instance.name)),
        None => Actor::blueprint(&instance.name),
    };
    let outcome = attempt(cx, given, reference, &instance, actor).await;
    match &outcome {
        Ok(outcome) => {
            for note in &outcome.notes {
                tracing::warn!(blueprint = instance.name, "{note}");
            }
            let count = |action| outcome.count(action);
            let (created, changed, deleted) =
                (count(Action::Created), count(Action::Updated), count(Action::Deleted));
            tracing::info!(
                blueprint = instance.name,
                created,
                changed,
                deleted,
                "blueprint applied"
            );
        }
        Err(problem) => {
            tracing::error!(blueprint = instance.name, "blueprint not applied: {problem}");
            // The hash stays that of what was applied: discovery tries again.
            let mark = move |tx: &mut Tx<'_>| {
                change(tx, reference, |instance| instance.status = Status::Error);
                Ok::<_, StoreError>(())
            };
            if let Err(error) = cx.store.write(Actor::system(), "blueprint not applied", mark).await
            {
                tracing::error!(%error, "the status of a blueprint could not be written");
            }
        }
    }
    outcome.map(Some)
}

async fn attempt(
    cx: &Context,
    given: &Surroundings,
    reference: Ref<BlueprintInstance>,
    instance: &BlueprintInstance,
    actor: Actor,
) -> Result<Outcome, String> {
    let (files, _) = given.files().await?;
    let name = if instance.path.is_empty() { &instance.name } else { &instance.path };
    let (document, hash) = document_of(instance, &files)?;
    let metadata = as_map(files::metadata(&document));
    let (library, chosen) = library(files, name, document);
    let job = given.job(
        cx.modules(),
        &cx.settings.secret_key,
        library,
        vec![chosen],
        instance.context.0.clone(),
    );
    let mark = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        change(tx, reference, |instance| {
            instance.status = Status::Successful;
            instance.last_applied = now;
            instance.last_applied_hash.clone_from(&hash);
            instance.metadata = metadata.clone();
        });
        Ok(())
    };
    apply::commit_with(&cx.store, Arc::new(job), actor, "blueprint", mark)
        .await
        .map_err(|error| error.to_string())
}

/// What an instance applies, and the hash of its text. A text of its own counts as sent, whoever
/// wrote it and when.
fn document_of(instance: &BlueprintInstance, files: &[File]) -> Result<(Document, String), String> {
    if instance.path.is_empty() {
        let document = Document::parse(&instance.name, &instance.content)
            .map_err(|error| error.to_string())?;
        return Ok((document, files::hash(&instance.content)));
    }
    if instance.path.starts_with("oci://") {
        return Err("blueprints are not fetched from registries by this version: put the file into the blueprints folder".to_owned());
    }
    let file = files.iter().find(|file| file.path == instance.path);
    let file =
        file.ok_or_else(|| format!("there is no file {} in the blueprints folder", instance.path))?;
    Ok((file.document.clone().map_err(|error| error.to_string())?, file.hash.clone()))
}

/// All documents at hand with this one among them, and its place.
pub(super) fn library(files: Vec<File>, name: &str, document: Document) -> (Vec<Document>, usize) {
    let mut library: Vec<Document> = files
        .into_iter()
        .filter(|file| file.path != name)
        .filter_map(|file| file.document.ok())
        .collect();
    library.push(document);
    let last = library.len().saturating_sub(1);
    (library, last)
}

/// Changes an instance where it is now; one that is gone stays gone.
pub(super) fn change(
    tx: &mut Tx<'_>,
    reference: Ref<BlueprintInstance>,
    change: impl Fn(&mut BlueprintInstance),
) {
    let known = tx.graph().get(reference).cloned();
    if let Some(mut instance) = known {
        change(&mut instance);
        tx.draft().put(reference.key(), instance);
    }
}

/// Tries a text as a blueprint and leaves nothing behind.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn validate(
    cx: &Context,
    given: &Surroundings,
    content: &Verbatim,
    context: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), Vec<String>> {
    let document = Document::parse("content", content).map_err(|error| vec![error.to_string()])?;
    let (files, _) = given.files().await.map_err(|error| vec![error])?;
    let (library, chosen) = library(files, "content", document);
    let job =
        given.job(cx.modules(), &cx.settings.secret_key, library, vec![chosen], context.clone());
    let planned = apply::plan(&cx.store, Arc::new(job)).await;
    planned.map(|_| ()).map_err(|error| match &error.kind {
        apply::ApplyErrorKind::Model(_) => {
            vec!["App or Model does not exist".to_owned(), "Blueprint validation failed".to_owned()]
        }
        _ => vec![error.to_string(), "Blueprint validation failed".to_owned()],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn requests_that_earlier_versions_stored_are_read() {
        let key = Uuid::from_u128(7);
        let user = json!({"pk": 1, "username": "root", "email": ""});
        for stored in [
            json!({"pk": key.to_string()}),
            json!({"pk": key.to_string(), "actor": {"user": user, "agent": "anonymous"}}),
        ] {
            let of_somebody = stored.get("actor").is_some();
            let wanted: <Apply as Work>::Args = serde_json::from_value(stored).unwrap();
            assert_eq!(wanted.pk, Ref::new(key.into()));
            assert_eq!(wanted.actor.is_some(), of_somebody);
        }
        let nothing: Result<(), _> = serde_json::from_value(json!(null));
        assert!(nothing.is_ok(), "a discovery stores nothing");
    }
}
