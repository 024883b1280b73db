//! The project's own commands, started with `cargo xtask NAME`.

mod bench;
mod build;
mod fuzz;
mod generate;
mod model;
mod new;
mod run;
mod server;
mod services;
mod shell;
mod suite;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask run     build everything, start Countersign on ./data and the demo application, say what to open
cargo xtask check   format, types, lints and unit tests: what fails fastest
cargo xtask test    install what the tests need, then check, build and prove everything
                    (options after `--` go to the end-to-end suite: cargo xtask test -- -k logout)
cargo xtask build   the web interface and the program, as one file to hand out (--debug: quickly, for development)
cargo xtask new     stage|policy|table NAME: a file that builds, with one ignored test that says what to write
                    (--check: makes one of each sort in a copy of the project and builds it)
cargo xtask gen     write what is made from declarations: types of the interface, page of the settings (--check: compare only)
cargo xtask model   the model of signing in, for longer than the suite runs it: --steps N --seed S, or --planted: whether it
                    finds the faults that are planted (--release: optimised, which pays from some hundred thousand steps on)
cargo xtask timing  whether the time of an answer tells who has an account: wants a quiet machine (--runs N, --release)
cargo xtask fuzz    the tests that change input at random, for longer than with the suite
                    ([TARGET..] [--steps N] [--seed N]; a wrong name says which there are)
cargo xtask bench   start time and resident memory of the release build (--debug: of the development build)";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match (command.as_str(), rest.as_slice()) {
        ("run", []) => run::run(),
        ("check", []) => suite::check(),
        ("build", []) => build::one_file(true),
        ("build", [option]) if option == "--release" => build::one_file(true),
        ("build", [option]) if option == "--debug" => build::one_file(false),
        ("new", [option]) if option == "--check" => new::prove(),
        ("new", [sort, name]) => new::new(sort, name),
        ("gen", []) => generate::generate(false),
        ("gen", [option]) if option == "--check" => generate::generate(true),
        ("test", options) => suite::test(options),
        ("model", options) => model::model(options),
        ("timing", options) => model::timing(options),
        ("fuzz", options) => fuzz::fuzz(options),
        ("bench", []) => bench::bench(true),
        ("bench", [option]) if option == "--debug" => bench::bench(false),
        ("" | "help" | "--help" | "-h", _) => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("There is no such command. These are:\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
