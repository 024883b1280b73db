//! The command line.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::commands::original::Original;
use crate::commands::rescue::{Export, Rescue};

/// An identity provider in one program.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// Folder of the database, keys and certificates.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Any setting, as `--set listen.http=127.0.0.1:8080`; may be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do; `serve` when nothing is said.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server (default).
    #[command(alias = "server")]
    Serve,
    /// Do the jobs beside requests, and answer none: for installations on PostgreSQL that keep the
    /// two apart.
    Worker {
        /// Accepted for the original's sake: the schedule is kept in the database, so any number of
        /// workers share it.
        #[arg(short = 'b', long, hide = true)]
        beat: bool,
    },
    /// Ask a running server or worker of this machine whether it is alive; for container health
    /// checks.
    Healthcheck {
        /// Which; the server when nothing is said.
        #[arg(value_parser = ["server", "worker"])]
        part: Option<String>,
    },
    /// Answer for applications at another place than the server, as an outpost of it.
    #[command(subcommand)]
    Outpost(Outpost),
    /// Print the settings in effect and where each comes from; secrets are masked.
    Config,
    /// Commands of the console.
    #[command(flatten)]
    Rescue(Rescue),
    /// Work with blueprints: files that describe configuration.
    #[command(subcommand)]
    Blueprint(Blueprint),
    /// Make a link that signs an administrator in once, without a password.
    Recover {
        /// User name.
        #[arg(default_value = "akadmin")]
        user: String,
        /// Minutes the link can be used.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=525_600))]
        minutes: i64,
    },
    /// Write everything into one encrypted file; also while the server runs.
    Backup {
        /// The file, which must not exist yet.
        file: PathBuf,
    },
    /// Fill an empty data folder or database with a backup.
    Restore {
        /// The file.
        file: PathBuf,
    },
    /// Work with the log of events.
    #[command(subcommand)]
    Audit(Audit),
    /// Send a mail at once, to try the settings with.
    #[command(name = "test-email", alias = "test_email")]
    TestEmail {
        /// Address it goes to.
        to: String,
    },
    /// Measure this program on this machine, with people and applications of its own.
    Bench(Bench),
    /// Print something random.
    #[command(subcommand)]
    Generate(Generate),
    /// The original's name for `recover`: years, then user name. The link ends after a day at most.
    #[command(hide = true, name = "create_recovery_key")]
    CreateRecoveryKey {
        /// Years, as the original counts; a day is the most one gets here.
        years: u32,
        /// User name.
        user: String,
    },
    /// The original's name for `blueprint apply`.
    #[command(hide = true, name = "apply_blueprint")]
    ApplyBlueprint {
        /// Files in YAML or JSON.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Commands of the original that have little or nothing to do here.
    #[command(flatten)]
    Original(Original),
    /// The original's name for `healthcheck worker`.
    #[command(hide = true, name = "worker-status", alias = "worker_status")]
    WorkerStatus,
    /// Print the manual page of the settings.
    #[command(hide = true)]
    SettingsReference,
}

/// What the bench makes and measures.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// People to make.
    #[arg(long, default_value_t = 100_000)]
    pub users: u64,
    /// Applications to make.
    #[arg(long, default_value_t = 100)]
    pub applications: u64,
    /// How long each operation is put under load, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Connections that ask at once.
    #[arg(long, default_value_t = 16)]
    pub clients: usize,
    /// Only operations whose name contains this.
    #[arg(long, value_name = "WORD")]
    pub only: Option<String>,
    /// Measure what expressions cost instead: runs a second that one core would do.
    #[arg(long, conflicts_with_all = ["growth", "html"])]
    pub expressions: bool,
    /// Measure how costs grow instead: from 10 to 1 000 000 people, from 10 to 10 000 applications.
    #[arg(long)]
    pub growth: bool,
    /// The largest number of people of the growth series.
    #[arg(long, default_value_t = 1_000_000)]
    pub most: u64,
    /// Write the figures as a page with plots, too.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// What to answer for.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Outpost {
    /// Applications without a sign-in of their own: for a reverse proxy, or as one.
    Proxy,
    /// What signs people in by RADIUS.
    Radius,
    /// A directory over LDAP.
    Ldap,
    /// Ask an outpost of this machine whether it answers; for container health checks.
    Healthcheck,
}

/// What to do with the log of events.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no event was changed, removed or put elsewhere; also while the server runs.
    Verify {
        /// Where the chain ended at an earlier time, as this command printed it.
        #[arg(long, value_name = "PLACE:CODE", value_parser = crate::commands::audit::witness)]
        witness: Option<(i64, String)>,
    },
}

/// What to do with blueprints.
#[derive(Debug, Subcommand)]
pub enum Blueprint {
    /// Read files and say what is wrong with them; needs no data folder.
    Validate {
        /// Files in YAML or JSON.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say what applying would change, and change nothing.
    Plan {
        /// Files in YAML or JSON.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the configuration as one blueprint, which makes an equal configuration elsewhere.
    Export(Export),
    /// Apply files, all or nothing.
    Apply {
        /// Files in YAML or JSON.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// What to make.
#[derive(Debug, Subcommand)]
pub enum Generate {
    /// A secret key, on one line.
    Secret,
}

impl Cli {
    /// The settings given as flags.
    ///
    /// # Errors
    /// A `--set` without an equals sign.
    pub fn settings(&self) -> Result<Vec<(String, String)>, String> {
        flags(self.data_dir.as_deref(), &self.set)
    }
}

/// As [`Cli::settings`], when the command has been taken out.
///
/// # Errors
/// A `--set` without an equals sign.
pub fn flags(data_dir: Option<&Path>, set: &[String]) -> Result<Vec<(String, String)>, String> {
    let mut flags = Vec::new();
    for pair in set {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            format!("--set {pair}: write KEY=VALUE, as in --set listen.http=127.0.0.1:8080")
        })?;
        flags.push((key.trim().to_ascii_lowercase(), value.to_owned()));
    }
    if let Some(folder) = data_dir {
        flags.push(("data_dir".to_owned(), folder.display().to_string()));
    }
    Ok(flags)
}
