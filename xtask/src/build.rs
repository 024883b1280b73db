//! Building the web interface and the programs, each only when something changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use crate::shell::{Outcome, Stamp, call, command, root, step, target};
use crate::tools;

/// The web interface, as the program takes it in.
pub(crate) fn web() -> Outcome {
    packages()?;
    let stamp = Stamp::new("web", fingerprint(&root().join("web"))?);
    if stamp.is_current() && root().join("web/dist").exists() {
        println!("==> The web interface has not changed");
        return Ok(());
    }
    step("Building the web interface", || npm("run build"))?;
    stamp.keep()
}

/// The packages of the web interface.
pub(crate) fn packages() -> Outcome {
    let lock = root().join("web/package-lock.json");
    let text = fs::read_to_string(&lock)
        .map_err(|error| format!("Cannot read {}: {error}", lock.display()))?;
    let stamp = Stamp::new("web-packages", text);
    if stamp.is_current() && root().join("web/node_modules").exists() {
        return Ok(());
    }
    step("Installing the packages of the web interface", || npm("ci --no-audit --no-fund"))?;
    stamp.keep()
}

pub(crate) fn npm(arguments: &str) -> Outcome {
    call(command(&format!("npm {arguments}")).current_dir(root().join("web")))
}

/// Cargo with clippy in the place of the compiler for the project's own crates: one pass builds
/// and checks, where `cargo clippy` would read everything once more. A warning fails.
pub(crate) fn linted(line: &str) -> Command {
    let mut cargo = command(line);
    // What `cargo clippy -- -D warnings` sets.
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    cargo
}

/// Countersign and the demo application. The whole workspace with its examples has the features
/// that its tests have: both share what is built.
const PROGRAMS: &str = "cargo build --workspace --exclude xtask --bins --examples";

const PROGRAMS_TITLE: &str =
    "Building Countersign and the demo application (the first time takes some minutes)";

/// To use them.
pub(crate) fn programs(release: bool) -> Outcome {
    let profile = if release { " --release" } else { "" };
    step(PROGRAMS_TITLE, || call(&mut command(&format!("{PROGRAMS}{profile}"))))
}

/// To test them, from what was built for the unit tests.
pub(crate) fn linted_programs() -> Outcome {
    step(PROGRAMS_TITLE, || call(&mut linted(PROGRAMS)))
}

/// The program with the interface in it: one file, which needs nothing beside it.
pub(crate) fn one_file(release: bool) -> Outcome {
    tools::check(&["cargo", "cc", "node", "npm"])?;
    web()?;
    let profile = if release { " --release" } else { "" };
    step("Building Countersign", || {
        call(&mut command(&format!("cargo build --package countersign{profile}")))
    })?;
    println!("\n{}", program("countersign", release).display());
    Ok(())
}

/// A program that was built.
pub(crate) fn program(name: &str, release: bool) -> PathBuf {
    target().join(if release { "release" } else { "debug" }).join(name)
}

/// Names, sizes and times of all files that are sources.
fn fingerprint(folder: &Path) -> Outcome<String> {
    let mut lines = Vec::new();
    collect(folder, &mut lines)
        .map_err(|error| format!("Cannot read {}: {error}", folder.display()))?;
    lines.sort();
    Ok(lines.join("\n"))
}

fn collect(folder: &Path, lines: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" {
            continue;
        }
        let about = entry.metadata()?;
        if about.is_dir() {
            collect(&entry.path(), lines)?;
        } else {
            let changed =
                about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            lines.push(format!("{} {} {changed}", entry.path().display(), about.len()));
        }
    }
    Ok(())
}
