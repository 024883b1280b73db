//! `countersign blueprint validate|plan|apply`.

use std::{path::PathBuf, sync::Arc};

use countersign_blueprints::{
    apply::{self, Action, DifferenceKind, Outcome},
    check,
    export::{self, Selection},
    format::{Document, Origin},
    instances::Surroundings,
    shipped, tables,
};
use countersign_core::Context;
use countersign_model::Clock as _;
use countersign_store::{Actor, SystemClock};
use serde_json::{Map, Value as Json};

use super::console;
use crate::{
    program::{self, Program},
    settings,
    settings::{Loaded, Settings},
    start::{self, Hold},
};

/// Reads the files and tells what is wrong with any of them: form, models, fields. Values are
/// checked by `plan`.
///
/// # Errors
/// All faults, one a line.
pub fn validate(files: &[PathBuf]) -> Result<(), String> {
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        std::fs::read_to_string(path)
            .map(|text| (name.clone(), text))
            .map_err(|error| format!("{name}: it cannot be read: {error}"))
    };
    let documents = documents(&files.iter().map(read).collect::<Result<Vec<_>, _>>()?)?;
    let modules = Program::new(&settings::defaults()).modules;
    let (registry, tables) = (program::registry(&modules), tables::of(&modules));
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

/// Tells what applying would change; also while a server runs on the folder.
///
/// # Errors
/// The first entry that cannot be carried out.
pub async fn plan(loaded: &Loaded, files: &[PathBuf]) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let settings = &loaded.settings;
    let own = documents(&texts(files, settings)?)?;
    let (store, given, secret_key) = match Hold::take(settings) {
        Ok(hold) => {
            let (context, given) = start::open(settings, &hold).await?;
            (context.store.clone(), given, context.settings.secret_key.clone())
        }
        Err(_) if start::has_data(settings) => {
            let (store, program, secret_key) = start::open_store(settings).await?;
            (store, program.blueprints, secret_key)
        }
        Err(problem) => return Err(problem),
    };
    let (library, chosen) = with_shipped(own)?;
    let modules = Program::new(settings).modules;
    let job = given.job(&modules, &secret_key, library, chosen, Map::new());
    let (outcome, differences) =
        apply::plan(&store, Arc::new(job)).await.map_err(|error| error.to_string())?;
    steps(&outcome).iter().for_each(|line| println!("{line}"));
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
                DifferenceKind::Changed => {
                    println!("    {field}: {} -> {}", shown(before), shown(after));
                }
            }
        }
    }
    println!("\nNothing was changed. `countersign blueprint apply` carries this out.");
    store.close().await;
    Ok(())
}

/// Applies the files, all or nothing; a server that runs on the data folder is asked to do it.
///
/// # Errors
/// The first entry that cannot be carried out; nothing was written then.
pub async fn apply(loaded: &Loaded, files: &[PathBuf]) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    let texts = texts(files, &loaded.settings)?;
    // What is wrong with their form is said before anybody is asked.
    documents(&texts)?;
    let hold = match Hold::take(&loaded.settings) {
        Ok(hold) => hold,
        Err(_) if start::has_data(&loaded.settings) => {
            return console::run(loaded, console::Order::Blueprint { files: texts }).await;
        }
        Err(problem) => return Err(problem),
    };
    let (context, given) = start::open(&loaded.settings, &hold).await?;
    let applied = carry_out(&context, &given, &texts).await;
    context.store.close().await;
    applied?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Applies texts of files with what the program gives to blueprints; the lines to print.
///
/// # Errors
/// The first entry that cannot be carried out; nothing was written then.
pub async fn carry_out(
    context: &Context,
    given: &Surroundings,
    texts: &[(String, String)],
) -> Result<Vec<String>, String> {
    let (library, chosen) = with_shipped(documents(texts)?)?;
    let job =
        given.job(context.modules(), &context.settings.secret_key, library, chosen, Map::new());
    let outcome = apply::commit(
        &context.store,
        Arc::new(job),
        Actor::console("countersign blueprint apply"),
        "blueprint apply",
    )
    .await
    .map_err(|error| error.to_string())?;
    let mut lines = steps(&outcome);
    lines.push(format!(
        "Applied: {} created, {} changed, {} deleted.",
        outcome.count(Action::Created),
        outcome.count(Action::Updated),
        outcome.count(Action::Deleted)
    ));
    Ok(lines)
}

/// Prints the configuration as a blueprint; also while the server runs.
///
/// # Errors
/// A sentence when there is no installation or no such model.
pub async fn export(loaded: &Loaded, wanted: &super::rescue::Export) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    start::must_have_data(&loaded.settings)?;
    let (store, program, _) = start::open_store(&loaded.settings).await?;
    let tables = tables::of(&program.modules);
    let models = export::models(&wanted.kinds, &program::registry(&program.modules), &tables)?;
    let selection = Selection { models, with_secrets: wanted.with_secrets, ..Selection::default() };
    let written = export::of_store(&store, tables, selection, SystemClock.now()).await;
    store.close().await;
    let written = written.map_err(|error| error.to_string())?;
    print!("{}", written.text);
    eprintln!("{} entries; {} secrets left out.", written.entries, written.left_out.len());
    Ok(())
}

/// The files, with the built-in ones at hand so that entries may name them.
fn with_shipped(own: Vec<Document>) -> Result<(Vec<Document>, Vec<usize>), String> {
    let mut library = shipped::documents().map_err(|error| error.to_string())?;
    let first = library.len();
    library.extend(own);
    let chosen = (first..library.len()).collect();
    Ok((library, chosen))
}

/// Names and texts of files. A path that leads nowhere is looked for in the folder of blueprints
/// and among the built-in ones, as the original does.
fn texts(files: &[PathBuf], settings: &Settings) -> Result<Vec<(String, String)>, String> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for path in files {
        let name = path.display().to_string();
        let in_folder = settings
            .general
            .blueprints_dir
            .as_ref()
            .filter(|_| path.is_relative())
            .map(|folder| folder.join(path));
        let text = std::fs::read_to_string(path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                let own = in_folder.and_then(|path| std::fs::read_to_string(path).ok());
                own.or_else(|| shipped::text(&name)).ok_or(error)
            }
            _ => Err(error),
        });
        match text {
            Ok(text) => found.push((name, text)),
            Err(error) => faults.push(format!("{name}: it cannot be read: {error}")),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults.join("\n")) }
}

fn documents(texts: &[(String, String)]) -> Result<Vec<Document>, String> {
    let (mut documents, mut faults) = (Vec::new(), Vec::new());
    for (name, text) in texts {
        match Document::parse(name, text) {
            Ok(document) => documents.push(document.from(Origin::Machine)),
            Err(error) => faults.push(error.to_string()),
        }
    }
    if faults.is_empty() { Ok(documents) } else { Err(faults.join("\n")) }
}

fn steps(outcome: &Outcome) -> Vec<String> {
    let line = |step: &apply::Step| {
        let identifiers: Vec<String> = step
            .identifiers
            .iter()
            .map(|(name, value)| format!("{name}={}", shown(value)))
            .collect();
        format!("{:7} {} {}", step.action.word(), step.spot.model, identifiers.join(" "))
    };
    outcome
        .steps
        .iter()
        .map(line)
        .chain(outcome.notes.iter().map(|note| format!("note: {note}")))
        .collect()
}

/// A value on one line, cut where it gets long.
fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.replace('\n', "\\n"),
        Json::Null => "-".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > 100 {
        format!("{}...", text.chars().take(97).collect::<String>())
    } else {
        text
    }
}
