//! `cargo xtask model` and `cargo xtask timing`: what the suite of `crates/flow` does for a minute,
//! or leaves out because it wants a quiet machine, for as long as somebody likes.

use crate::shell::{Outcome, call, command};

const MODEL: &str = "model::nobody_gets_in_without_what_the_flow_asks";
const PLANTED: &str = "model::every_planted_fault_is_found";
const TIMING: &str = "timing::no_answer_takes_longer_for_who_has_an_account";

/// The model of signing in.
pub(crate) fn model(options: &[String]) -> Outcome {
    let usage = "cargo xtask model [--steps N] [--seed S] [--planted] [--release]";
    let asked = Asked::read(options, &["--steps", "--seed"], &["--planted", "--release"], usage)?;
    let test = if asked.has("--planted") { PLANTED } else { MODEL };
    let steps = asked.number("--steps", 100_000);
    asked.run(test, &[("MODEL_STEPS", steps), ("MODEL_SEED", asked.number("--seed", 1))])
}

/// Whether the time of an answer tells who has an account.
pub(crate) fn timing(options: &[String]) -> Outcome {
    let usage = "cargo xtask timing [--runs N] [--release]";
    let asked = Asked::read(options, &["--runs"], &["--release"], usage)?;
    asked.run(TIMING, &[("TIMING_RUNS", asked.number("--runs", 2_000))])
}

/// What somebody wrote behind the command.
struct Asked {
    numbers: Vec<(String, u64)>,
    switches: Vec<String>,
}

impl Asked {
    fn read(
        options: &[String],
        numbers: &[&str],
        switches: &[&str],
        usage: &str,
    ) -> Outcome<Asked> {
        let mut asked = Asked { numbers: Vec::new(), switches: Vec::new() };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            if switches.contains(&option.as_str()) {
                asked.switches.push(option.clone());
            } else if numbers.contains(&option.as_str()) {
                let number = options.next().and_then(|text| text.replace('_', "").parse().ok());
                asked.numbers.push((option.clone(), number.ok_or(usage)?));
            } else {
                return Err(usage.into());
            }
        }
        Ok(asked)
    }

    fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|given| given == switch)
    }

    fn number(&self, name: &str, otherwise: u64) -> u64 {
        self.numbers
            .iter()
            .find(|(given, _)| given == name)
            .map_or(otherwise, |(_, number)| *number)
    }

    fn run(&self, test: &str, settings: &[(&str, u64)]) -> Outcome {
        let release = if self.has("--release") { "--release " } else { "" };
        let line = format!(
            "cargo test {release}--quiet --package countersign-flow --test integration -- --nocapture --include-ignored --exact {test}"
        );
        let mut tests = command(&line);
        tests.envs(settings.iter().map(|(name, value)| (name, value.to_string())));
        call(&mut tests)
    }
}
