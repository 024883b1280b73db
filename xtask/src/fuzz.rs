//! `cargo xtask fuzz`: targets of the test suite for longer and with other numbers
//! (`crates/testing/src/fuzz.rs`). A target is a test `fuzz_ROOM_NAME`, called `room.name`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::shell::{Outcome, call, command, root, step};

/// Of each target, where none are named: some minutes in all.
const STEPS: u64 = 1_000_000;

pub(crate) fn fuzz(arguments: &[String]) -> Outcome {
    let mut targets = BTreeMap::new();
    find(&root().join("crates"), &mut targets)?;
    let (mut wanted, mut steps, mut seed) = (Vec::new(), STEPS, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments.next().map(String::as_str).unwrap_or_default();
            text.parse().map_err(|_| format!("`{argument}` needs a number, not `{text}`."))
        };
        match argument.as_str() {
            "--steps" => steps = number()?,
            "--seed" => seed = Some(number()?),
            name if targets.contains_key(name) => wanted.push(name.to_owned()),
            name => {
                let all: Vec<&str> = targets.keys().map(String::as_str).collect();
                return Err(format!("There is no target `{name}`. These are: {}", all.join(", ")));
            }
        }
    }
    // Another one each time; it is printed, so that what it finds is found again.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs());
    let seed: u64 = seed.unwrap_or_else(|| now.unwrap_or(1));
    targets.retain(|name, _| wanted.is_empty() || wanted.contains(name));
    for (name, room) in targets {
        let test = format!("fuzz_{}", name.replace('.', "_"));
        let line = format!("cargo test -p countersign-{room} --lib {test} -- --nocapture");
        step(&format!("{name}, seed {seed}"), || {
            call(
                command(&line)
                    .env("COUNTERSIGN_FUZZ_STEPS", steps.to_string())
                    .env("COUNTERSIGN_FUZZ_SEED", seed.to_string()),
            )
        })?;
    }
    Ok(())
}

/// Every target by its name, with its room.
fn find(folder: &Path, targets: &mut BTreeMap<String, String>) -> Outcome {
    let failed = |error: std::io::Error| format!("Cannot read {}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            find(&path, targets)?;
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let inside = path.strip_prefix(root().join("crates")).unwrap_or(&path);
        let Some(room) = inside.iter().next().and_then(|room| room.to_str()) else { continue };
        for rest in text.split("fn fuzz_").skip(1) {
            let name = rest.split('(').next().unwrap_or_default().replacen('_', ".", 1);
            targets.insert(name, room.to_owned());
        }
    }
    Ok(())
}
