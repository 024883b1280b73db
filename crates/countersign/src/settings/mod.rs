//! Settings: what the operator decides outside of the database.
//!
//! One struct per section ([`sections`]) declares every key with its type, default and
//! documentation; reading, the listing of `countersign config` and `docs/settings.md` all walk that
//! declaration. A value comes from the highest of four places: flag, environment, configuration
//! file, default. Nothing is read outside of here: what the rest of the program knows about its
//! surroundings arrives as [`Settings`].

mod report;
mod sections;
mod sources;
mod value;

pub use report::{json, listing, reference};
pub use sections::{Postgresql, Settings, Tracing, is_example};
pub use sources::{Layers, Surroundings, System};
pub use value::{Level, Node, Place, Rate};

use std::fmt;

/// Everything wrong with the settings, told at once.
#[derive(Debug, thiserror::Error)]
#[error("{}", list(.0))]
pub struct Wrong(pub Vec<Problem>);

/// One wrong value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, or the file when the file as a whole is wrong.
    pub name: String,
    /// Where the value came from.
    pub origin: String,
    /// What is wrong, with the value (masked when it is a secret).
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}. {}", self.name, self.origin, self.what, self.remedy)
    }
}

fn list(problems: &[Problem]) -> String {
    let mut text = format!(
        "{} in the settings:",
        if problems.len() == 1 {
            "one fault".to_owned()
        } else {
            format!("{} faults", problems.len())
        }
    );
    for problem in problems {
        text.push_str("\n  - ");
        text.push_str(&problem.to_string());
    }
    text
}

/// Settings with the story of where they came from.
#[derive(Debug)]
pub struct Loaded {
    /// The values.
    pub settings: Settings,
    /// Where each value that is not a default came from.
    pub layers: Layers,
    /// Things worth a line in the log that do not stop the start.
    pub notes: Vec<String>,
}

impl Loaded {
    /// A value that cannot be used for what the settings alone do not know.
    pub fn wrong(&self, name: &str, what: &str, remedy: &str) -> Wrong {
        let mut problems = Vec::new();
        sections::telling(&self.layers, &mut problems)(name, what, remedy);
        Wrong(problems)
    }
}

/// Reads all settings.
///
/// # Errors
/// Every wrong value, with name, origin and remedy.
pub fn load(
    flags: &[(String, String)],
    file: Option<&std::path::Path>,
    system: &dyn Surroundings,
) -> Result<Loaded, Wrong> {
    let mut problems = Vec::new();
    let layers = Layers::gather(flags, file, system, &mut problems);
    let mut reader = sections::Reader { layers: &layers, system, problems };
    let mut settings = Settings::read(&mut reader);
    let mut problems = reader.problems;
    settings.check(&layers, &mut problems);
    for layers in layers.of_replicas() {
        let mut reader = sections::Reader { layers: &layers, system, problems: Vec::new() };
        let replica = Settings::read(&mut reader).postgresql;
        problems.append(&mut reader.problems);
        replica.check(&mut sections::telling(&layers, &mut problems));
        settings.read_replicas.push(replica);
    }
    if problems.is_empty() {
        let notes = layers.notes(&settings, system);
        Ok(Loaded { settings, layers, notes })
    } else {
        problems.sort_by(|a, b| (&a.name, &a.origin).cmp(&(&b.name, &b.origin)));
        // What replicas share with their database is wrong once.
        problems.dedup();
        Err(Wrong(problems))
    }
}

/// The settings of a program that was told nothing, for what only needs its declarations.
pub fn defaults() -> Settings {
    let layers = Layers::default();
    Settings::read(&mut sections::Reader { layers: &layers, system: &System, problems: Vec::new() })
}

#[cfg(test)]
mod tests;
