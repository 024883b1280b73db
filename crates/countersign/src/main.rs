//! The program: command line, settings, start, listeners. It puts the modules together and holds no
//! logic of theirs.
// The futures of routes that go through a flow are deeper than the default.
#![recursion_limit = "256"]
#![expect(
    unreachable_pub,
    reason = "a program has no outside: `pub` here means that other rooms of it use the item"
)]

mod backups;
mod cli;
mod commands;
#[cfg(test)]
mod contracts;
mod files;
mod logging;
mod notices;
mod overview;
mod program;
mod security_txt;
mod serve;
mod services;
mod settings;
mod start;
mod storage;
mod traces;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command, Generate, flags};
use settings::{Loaded, System};

/// Password hashes take and give back 19 MiB each, on whatever thread is free: the C library's
/// allocator keeps what each thread had, this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The longest a link made by the original's command lives: a link that signs an administrator in
/// is no thing to keep.
const MINUTES_OF_A_DAY: i64 = 24 * 60;

/// Exit status for a start that was refused; the text says why.
const REFUSED: u8 = 1;

fn main() -> ExitCode {
    // Before anything else is made: this process has little memory and opens no files.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == program::EXPRESSIONS) {
        let memory = arguments.next().and_then(|bytes| bytes.to_str()?.parse().ok());
        return match memory.map(countersign_python::serve_stdio) {
            Some(Ok(())) => ExitCode::SUCCESS,
            _ => ExitCode::from(REFUSED),
        };
    }
    let cli = Cli::parse();
    match run(cli) {
        Ok(status) => status,
        Err(text) => {
            eprintln!("countersign: {text}");
            ExitCode::from(REFUSED)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, String> {
    match cli.command {
        Some(Command::Rescue(command)) => {
            let flags = flags(cli.data_dir.as_deref(), &cli.set)?;
            commands::rescue::run(command, (&flags, cli.config.as_deref()))
        }
        _ => plain(cli).map(|()| ExitCode::SUCCESS),
    }
}

/// The commands that end well or with a sentence.
fn plain(cli: Cli) -> Result<(), String> {
    match &cli.command {
        Some(Command::Generate(Generate::Secret)) => {
            println!("{}", commands::generate_secret());
            return Ok(());
        }
        Some(Command::SettingsReference) => {
            print!("{}", settings::reference());
            return Ok(());
        }
        Some(Command::Blueprint(cli::Blueprint::Validate { files })) => {
            return commands::blueprint::validate(files);
        }
        _ => {}
    }
    if let Some(Command::Bench(bench)) = &cli.command {
        return commands::bench::run(&cli.settings()?, cli.config.as_deref(), bench);
    }
    let loaded = settings::load(&cli.settings()?, cli.config.as_deref(), &System)
        .and_then(|loaded| program::check_path(&loaded).map(|()| loaded))
        .map_err(|wrong| wrong.to_string())?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Config => {
            print!("{}", settings::listing(&loaded, &System));
            Ok(())
        }
        Command::Original(command) => {
            in_runtime(
                loaded,
                |loaded| async move { commands::original::run(&loaded, command).await },
            )
        }
        Command::WorkerStatus => commands::healthcheck::worker(&loaded.settings),
        Command::Healthcheck { part } if part.as_deref() == Some("worker") => {
            commands::healthcheck::worker(&loaded.settings)
        }
        Command::Healthcheck { .. } => commands::healthcheck::run(loaded.settings.listen.http),
        Command::Worker { .. } => {
            in_runtime(loaded, |loaded| async move { serve::worker::run(loaded).await })
        }
        Command::Outpost(kind) => commands::outpost::run(loaded, kind),
        Command::Serve => in_runtime(loaded, |loaded| async move { serve::run(loaded).await }),
        Command::Blueprint(cli::Blueprint::Plan { files }) => in_runtime(
            loaded,
            |loaded| async move { commands::blueprint::plan(&loaded, &files).await },
        ),
        Command::Blueprint(cli::Blueprint::Export(export)) => {
            in_runtime(loaded, |loaded| async move {
                commands::blueprint::export(&loaded, &export).await
            })
        }
        Command::Blueprint(cli::Blueprint::Apply { files }) | Command::ApplyBlueprint { files } => {
            in_runtime(
                loaded,
                |loaded| async move { commands::blueprint::apply(&loaded, &files).await },
            )
        }
        Command::CreateRecoveryKey { user, .. } => in_runtime(loaded, |loaded| async move {
            commands::recover::run(&loaded, &user, MINUTES_OF_A_DAY).await
        }),
        Command::Backup { file } => {
            in_runtime(
                loaded,
                |loaded| async move { commands::backup::write(&loaded, &file).await },
            )
        }
        Command::TestEmail { to } => {
            in_runtime(loaded, |loaded| async move { commands::mail::test(&loaded, &to).await })
        }
        Command::Audit(cli::Audit::Verify { witness }) => {
            in_runtime(loaded, |loaded| async move { commands::audit::run(&loaded, witness).await })
        }
        Command::Restore { file } => {
            in_runtime(
                loaded,
                |loaded| async move { commands::backup::restore(&loaded, &file).await },
            )
        }
        Command::Recover { user, minutes } => in_runtime(loaded, |loaded| async move {
            commands::recover::run(&loaded, &user, minutes).await
        }),
        Command::Blueprint(cli::Blueprint::Validate { .. })
        | Command::Generate(_)
        | Command::Bench(_)
        | Command::SettingsReference
        | Command::Rescue(_) => Ok(()),
    }
}

/// Runs something that needs the asynchronous runtime.
fn in_runtime<F: Future<Output = Result<(), String>>>(
    loaded: Loaded,
    work: impl FnOnce(Loaded) -> F,
) -> Result<(), String> {
    commands::in_runtime(work(loaded))
}
