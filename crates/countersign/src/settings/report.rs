//! Settings for people: the listing of `countersign config` and the manual page.

use std::fmt::Write as _;

use super::{
    Layers, Loaded, Surroundings,
    sections::{KeyMeta, keys},
    sources::without_effect,
};

const MASK: &str = "********";

/// The effective settings with their sources, one a line; secrets masked.
pub fn listing(loaded: &Loaded, system: &dyn Surroundings) -> String {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (name, meta) in loaded.layers.settings() {
        let (text, given) = loaded.layers.value(&name, meta.default, system);
        let origin = given.map_or_else(|| "default".to_owned(), |given| given.origin.to_string());
        rows.push([name, shown(&meta, &text.unwrap_or_default()), origin]);
    }
    let mut text = table(&rows);
    let others = others(&loaded.layers);
    if !others.is_empty() {
        text.push_str("\nGiven, but without effect here:\n");
        text.push_str(&table(&others));
    }
    for note in &loaded.notes {
        let _ = write!(text, "\nNote: {note}.");
    }
    if !loaded.notes.is_empty() {
        text.push('\n');
    }
    text
}

/// The effective settings as JSON, nested by section, or one of them by its key.
///
/// # Errors
/// A sentence when there is no such key.
pub fn json(
    loaded: &Loaded,
    system: &dyn Surroundings,
    key: Option<&str>,
    show_secrets: bool,
) -> Result<String, String> {
    let value = |name: &str, meta: &KeyMeta| {
        let text = loaded.layers.value(name, meta.default, system).0.unwrap_or_default();
        if meta.secret && !show_secrets && !text.is_empty() { MASK.to_owned() } else { text }
    };
    let all = loaded.layers.settings();
    if let Some(key) = key {
        let found = all.iter().find(|(name, _)| name == key).map(|(name, meta)| value(name, meta));
        return found.ok_or_else(|| {
            format!("there is no setting \"{key}\"; `countersign config` lists them all")
        });
    }
    let mut root = serde_json::Map::new();
    for (name, meta) in &all {
        let text = serde_json::Value::from(value(name, meta));
        match name.split_once('.') {
            None => {
                root.insert(name.clone(), text);
            }
            Some((section, name)) => {
                let section = root
                    .entry(section)
                    .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
                if let Some(section) = section.as_object_mut() {
                    section.insert(name.to_owned(), text);
                }
            }
        }
    }
    serde_json::to_string_pretty(&root).map_err(|error| error.to_string())
}

/// Values are not shown: what we do not know may be a secret.
fn others(layers: &Layers) -> Vec<[String; 3]> {
    let what = |key: &str| if without_effect(key) { "known, not used" } else { "unknown" };
    layers
        .foreign()
        .into_iter()
        .map(|(key, given)| [key.to_owned(), what(key).to_owned(), given.origin.to_string()])
        .collect()
}

fn shown(meta: &KeyMeta, text: &str) -> String {
    match text {
        "" => "-".to_owned(),
        _ if meta.secret => MASK.to_owned(),
        text => text.to_owned(),
    }
}

fn table(rows: &[[String; 3]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .min(60)
    };
    let (first, second) = (width(0), width(1));
    let mut text = String::new();
    for [key, value, origin] in rows {
        let _ = writeln!(text, "{key:first$}  {value:second$}  {origin}");
    }
    text
}

/// The manual page `docs/settings.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         <!-- Written by `countersign settings-reference`; a test compares. Change the declarations, not this file. -->\n\n\
         A setting comes from the highest of four places:\n\n\
         1. a flag: `--set listen.http=0.0.0.0:8080` (and `--data-dir`, `--config`);\n\
         2. the environment: `COUNTERSIGN_LISTEN__HTTP=...`, or `AUTHENTIK_LISTEN__HTTP=...` as for authentik; where both are\n   \
            given, ours wins. Levels are separated by two underscores;\n\
         3. a configuration file in YAML: the one named by `--config` or `COUNTERSIGN_CONFIG`, else\n   \
            `/etc/countersign/config.yml`, else `/etc/authentik/config.yml`;\n\
         4. the default.\n\n\
         A value `env://NAME` is read from another variable, `file:///path` from a file (surrounding white space is\n\
         removed); `?default` after it is used when there is none. An empty value is the default. A wrong value stops the start, with its name, what is wrong and\n\
         what to do; all faults are told at once. `countersign config` prints the values in effect and where each comes from,\n\
         with secrets masked.\n",
    );
    for (title, keys) in keys() {
        let _ = write!(
            text,
            "\n## {}\n\n| Setting | Value | Default | Meaning |\n|---|---|---|---|\n",
            squeeze(title).trim_end_matches('.')
        );
        for meta in keys {
            let default = if meta.default.is_empty() {
                "-".to_owned()
            } else {
                format!("`{}`", meta.default.replace(',', ", "))
            };
            let _ = writeln!(
                text,
                "| `{}`<br>`COUNTERSIGN_{}` | {} | {default} | {} |",
                meta.name,
                meta.name.to_uppercase().replace('.', "__"),
                meta.wanted,
                squeeze(meta.doc)
            );
        }
    }
    text.push_str(
        "\n## Settings of the original without effect\n\n\
         These are accepted so that an existing environment starts, and listed by `countersign config`. Unknown variables that begin\n\
         with `AUTHENTIK_` are ignored.\n\n",
    );
    let names: Vec<String> =
        super::sections::WITHOUT_EFFECT
            .iter()
            .map(|name| {
                if name.ends_with(['.', '_']) { format!("`{name}*`") } else { format!("`{name}`") }
            })
            .collect();
    let _ = writeln!(text, "{}.", names.join(", "));
    text
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
