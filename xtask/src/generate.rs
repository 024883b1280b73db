//! `cargo xtask gen`: files that are made from what the program says of itself. Each is the matter
//! of a test whose name begins with `generated`; `cargo xtask check` runs them with all the others.

use crate::shell::{Outcome, call, command};

/// Writes the files; with `check` says which of them are not current.
pub(crate) fn generate(check: bool) -> Outcome {
    let mut tests = command(
        "cargo test --quiet --package countersign-model --package countersign -- generated",
    );
    if !check {
        tests.env("COUNTERSIGN_GENERATE", "1");
    }
    call(&mut tests)
}
