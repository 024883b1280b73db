//! Other programs: starting them, watching their lines, and where things lie in the project.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A sentence for the person at the terminal.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where builds end, as cargo sees it.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program of the project's root folder, its words separated by blanks.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root());
    command
}

/// Announces a step, carries it out, and says how long it took.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("==> {title}");
    let start = Instant::now();
    let outcome = work();
    let word = if outcome.is_ok() { "done" } else { "failed" };
    println!("    {word} in {:.1} s", start.elapsed().as_secs_f32());
    outcome
}

/// Runs a program to its end, its output shown as it comes.
pub(crate) fn call(command: &mut Command) -> Outcome {
    let shown = shown(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("Cannot start `{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs a program to its end, its lines shown behind `label` and also given to `each`.
pub(crate) fn watch(label: &str, command: &mut Command, mut each: impl FnMut(&str)) -> Outcome {
    let shown = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("Cannot start `{shown}`: {error}"))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{label}{line}");
            each(&line);
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// The output of a short program, if it runs and succeeds.
pub(crate) fn answer(line: &str) -> Option<String> {
    let output = command(line).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Installs Debian's package when the program it brings is not there.
pub(crate) fn install(program: &str, packages: &str) -> Outcome {
    if Path::new(program).exists() {
        return Ok(());
    }
    println!("    {packages}");
    if answer("id -u").as_deref() != Some("0") {
        return Err(format!("{program} is missing: apt-get install {packages}"));
    }
    call(&mut command("apt-get update -qq"))?;
    call(
        command(&format!("apt-get install -y -qq --no-install-recommends {packages}"))
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Work that is repeated only when what it depends on changed.
pub(crate) struct Stamp {
    file: PathBuf,
    fingerprint: String,
}

impl Stamp {
    pub(crate) fn new(name: &str, fingerprint: String) -> Self {
        Self { file: target().join("xtask").join(name), fingerprint }
    }

    pub(crate) fn is_current(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|text| text == self.fingerprint)
    }

    pub(crate) fn keep(&self) -> Outcome {
        let text = |error: std::io::Error| format!("Cannot write {}: {error}", self.file.display());
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(text)?;
        }
        std::fs::write(&self.file, &self.fingerprint).map_err(text)
    }
}
