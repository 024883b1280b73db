//! `countersign blueprint validate|plan|apply`.

use std::{path::PathBuf, sync::Arc};

use countersign_blueprints::{
    apply::{self, Action, DifferenceKind, Outcome},
    check,
    export::{self, Selection},
    format::Document,
    shipped, tables,
};
use countersign_model::Clock as _;
use countersign_store::SystemClock;
use serde_json::Value as Json;

use crate::{
    settings::Loaded,
    start::{self, Hold},
};

/// Reads the files and tells what is wrong with any of them: form, models, fields. Values are checked by `plan`.
///
/// # Errors
/// All faults, one a line.
pub fn validate(files: &[PathBuf]) -> Result<(), String> {
    let documents = read(files)?;
    let registry = start::registry(&start::modules());
    let tables = tables::all(Arc::new(NoPasswords));
    let mut faults = Vec::new();
    for document in documents {
        let findings = check::findings(&document, &registry, &tables);
        let mut valid = true;
        for finding in findings {
            if finding.error {
                valid = false;
                faults.push(format!("{}: {}", finding.spot, finding.text));
            } else {
                println!("note: {}: {}", finding.spot, finding.text);
            }
        }
        if valid {
            println!("{}: valid, {} entries", document.file, document.entries.len());
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// For looking at the declarations of tables alone.
pub struct NoPasswords;

impl tables::Passwords for NoPasswords {
    fn hash(&self, _password: &str) -> Result<String, String> {
        Err("nothing is written here".to_owned())
    }

    fn matches(&self, _password: &str, _stored: &str) -> bool {
        false
    }
}

/// Tells what applying would change; also while a server runs on the folder.
///
/// # Errors
/// The first entry that cannot be carried out.
pub async fn plan(loaded: &Loaded, files: &[PathBuf]) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let settings = &loaded.settings;
    let own = read(files)?;
    let store = match Hold::take(settings) {
        Ok(hold) => start::open(settings, &hold).await?.store.clone(),
        Err(_) if start::has_data(settings) => start::open_store(settings).await?.0,
        Err(problem) => return Err(problem),
    };
    let (outcome, differences) = apply::plan(&store, Arc::new(job(own, loaded)?)).await.map_err(|error| error.to_string())?;
    print_steps(&outcome);
    for difference in &differences {
        let word = match difference.kind {
            DifferenceKind::Created => "create",
            DifferenceKind::Changed => "change",
            DifferenceKind::Deleted => "delete",
        };
        println!("\n{word} {} {} ({})", difference.model, difference.label, difference.key);
        for (field, before, after) in &difference.fields {
            match difference.kind {
                DifferenceKind::Created => println!("    {field}: {}", shown(after)),
                DifferenceKind::Deleted => println!("    {field}: {}", shown(before)),
                DifferenceKind::Changed => println!("    {field}: {} -> {}", shown(before), shown(after)),
            }
        }
    }
    println!("\nNothing was changed. `countersign blueprint apply` carries this out.");
    store.close().await;
    Ok(())
}

/// Applies the files, all or nothing.
///
/// # Errors
/// The first entry that cannot be carried out; nothing was written then.
pub async fn apply(loaded: &Loaded, files: &[PathBuf]) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let own = read(files)?;
    let hold = Hold::take(&loaded.settings)?;
    let store = start::open(&loaded.settings, &hold).await?.store.clone();
    let outcome = apply::commit(&store, Arc::new(job(own, loaded)?), "blueprint apply").await.map_err(|error| error.to_string())?;
    print_steps(&outcome);
    println!("Applied: {} created, {} changed, {} deleted.", outcome.count(Action::Created), outcome.count(Action::Updated), outcome.count(Action::Deleted));
    store.close().await;
    Ok(())
}

/// Prints the configuration as a blueprint; also while the server runs.
///
/// # Errors
/// A sentence when there is no installation or no such model.
pub async fn export(loaded: &Loaded, wanted: &super::rescue::Export) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    start::must_have_data(&loaded.settings)?;
    let (store, modules, _) = start::open_store(&loaded.settings).await?;
    let models = export::models(&wanted.kinds, &start::registry(&modules))?;
    let selection = Selection { models, with_secrets: wanted.with_secrets, ..Selection::default() };
    let written = export::of_store(&store, selection, SystemClock.now()).await;
    store.close().await;
    let written = written.map_err(|error| error.to_string())?;
    print!("{}", written.text);
    eprintln!("{} entries; {} secrets left out.", written.entries, written.left_out.len());
    Ok(())
}

/// The files, with the built-in ones at hand so that entries may name them.
fn job(own: Vec<Document>, loaded: &Loaded) -> Result<apply::Job, String> {
    let mut library = shipped::documents().map_err(|error| error.to_string())?;
    let first = library.len();
    library.extend(own);
    let chosen = (first..library.len()).collect();
    Ok(start::job(library, chosen, &loaded.settings))
}

fn read(files: &[PathBuf]) -> Result<Vec<Document>, String> {
    let (mut documents, mut faults) = (Vec::new(), Vec::new());
    for path in files {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Err(error) => faults.push(format!("{name}: it cannot be read: {error}")),
            Ok(text) => match Document::parse(&name, &text) {
                Ok(document) => documents.push(document),
                Err(error) => faults.push(error.to_string()),
            },
        }
    }
    if faults.is_empty() { Ok(documents) } else { Err(faults.join("\n")) }
}

fn print_steps(outcome: &Outcome) {
    for step in &outcome.steps {
        let identifiers: Vec<String> = step.identifiers.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
        println!("{:7} {} {}", step.action.word(), step.spot.model, identifiers.join(" "));
    }
    for note in &outcome.notes {
        println!("note: {note}");
    }
}

/// A value on one line, cut where it gets long.
fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.replace('\n', "\\n"),
        Json::Null => "-".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > 100 { format!("{}...", text.chars().take(97).collect::<String>()) } else { text }
}
