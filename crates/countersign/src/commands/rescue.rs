//! The commands for whoever is locked out, curious or moving: what each is called and what carries
//! it out.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use countersign_explain::{Asked, Who};

use super::{blueprint, console, doctor, people, why};
use crate::settings::{self, Loaded, System};

/// Commands of the console.
#[derive(Debug, Subcommand)]
pub enum Rescue {
    /// Check settings, database, certificates, listeners, files and backups. Exit status 0: well,
    /// 1: look at it, 2: broken.
    Doctor {
        #[command(subcommand)]
        about: Option<Doctor>,
    },
    /// Say why a user may or may not open an application, or what happened in a recorded run.
    WhyDenied {
        /// User name; without an application, the number on the page of a refusal, or the key of a
        /// run.
        #[arg(value_name = "USER|RUN")]
        user: String,
        /// Slug or name of the application.
        application: Option<String>,
        /// Print everything that is known, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the decisions of a recorded run again, with or without an edit. Nothing is changed, sent
    /// or recorded.
    Replay {
        /// The number on the page of a refusal, or the key of a run.
        run: String,
        /// A blueprint with the edit.
        #[arg(long, value_name = "FILE")]
        changes: Option<PathBuf>,
        /// Print everything that is known, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say whether a user would get into an application. Nothing is changed, sent or recorded.
    Simulate {
        /// User name.
        user: String,
        /// Slug or name of the application.
        application: String,
        /// Address that the user comes from.
        #[arg(long, value_name = "IP")]
        address: Option<std::net::IpAddr>,
        /// When, as 2026-01-31T12:00:00Z; now when nothing is said.
        #[arg(long, value_name = "TIME", value_parser = why::moment)]
        at: Option<countersign_model::Timestamp>,
        /// A blueprint with an edit.
        #[arg(long, value_name = "FILE")]
        changes: Option<PathBuf>,
        /// Print everything that is known, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say who would gain or lose access if an edit were made. Nothing is changed, sent or recorded.
    Impact {
        /// A blueprint with the edit.
        file: PathBuf,
        /// Print everything that is known, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Switch off policies or single bindings that lock people out; prints the command that
    /// switches them on again.
    Disable {
        /// Name or uuid of a policy, or uuid of a binding.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Switch bindings on again.
    Enable {
        /// Name or uuid of a policy, or uuid of a binding.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Set a user's password, asked for or read from standard input; ends the user's sessions.
    #[command(name = "change-password", alias = "changepassword")]
    ChangePassword {
        /// User name.
        user: String,
    },
    /// Make a user an administrator: a member of the group "authentik Admins", which is made or
    /// mended.
    #[command(name = "create-admin-group", alias = "create_admin_group")]
    CreateAdminGroup {
        /// User name.
        user: String,
    },
    /// Take in a certificate, and its private key, from files in PEM form.
    #[command(name = "import-certificate", alias = "import_certificate")]
    ImportCertificate {
        /// Its name; one that exists is replaced.
        #[arg(long)]
        name: String,
        /// File of the certificate.
        #[arg(long)]
        certificate: PathBuf,
        /// File of the private key.
        #[arg(long = "private-key", alias = "private_key")]
        private_key: Option<PathBuf>,
    },
    /// The original's name for `blueprint export`.
    #[command(hide = true, name = "export_blueprint")]
    ExportBlueprint(Export),
    /// The settings in effect as JSON, or one of them; secrets are masked.
    #[command(hide = true, name = "dump_config")]
    DumpConfig {
        /// One key, as `postgresql.host`.
        key: Option<String>,
        /// Show secrets; on a terminal only.
        #[arg(long)]
        show_secrets: bool,
    },
}

/// What to look at instead.
#[derive(Debug, Subcommand)]
pub enum Doctor {
    /// Open the address of an application behind a reverse proxy that asks this server, as a stranger
    /// would, and say what is wrong with that one's settings. A server has to run.
    Proxy {
        /// Host of the application, as app.company.example.
        host: String,
        /// Paths whose locations are looked at; / when nothing is said.
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
    },
}

/// What to export.
#[derive(Debug, Clone, clap::Args)]
pub struct Export {
    /// Only these models, as `authentik_flows.flow`; separated by commas, or given several times.
    /// `authentik_core.user` takes all accounts, not only those that the configuration names.
    #[arg(long, value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// Write secrets in clear text.
    #[arg(long)]
    pub with_secrets: bool,
}

/// Carries a command out.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub fn run(
    command: Rescue,
    cli: (&[(String, String)], Option<&std::path::Path>),
) -> Result<ExitCode, String> {
    // Even wrong settings are something the doctor can tell about.
    let loaded = settings::load(cli.0, cli.1, &System);
    if let Rescue::Doctor { about: None } = command {
        return super::in_runtime(async move { Ok(doctor::run(loaded).await) });
    }
    let loaded = loaded.map_err(|wrong| wrong.to_string())?;
    if let Rescue::Doctor { about: Some(Doctor::Proxy { host, paths }) } = command {
        crate::logging::start(settings::Level::Error);
        return super::in_runtime(async move { Ok(doctor::proxy(&loaded, host, paths).await) });
    }
    if let Rescue::DumpConfig { key, show_secrets } = command {
        println!(
            "{}",
            settings::json(&loaded, &System, key.as_deref(), show_secrets && super::on_terminal())?
        );
        return Ok(ExitCode::SUCCESS);
    }
    crate::logging::start(settings::Level::Warning);
    super::in_runtime(async move { carry_out(command, &loaded).await })?;
    Ok(ExitCode::SUCCESS)
}

async fn carry_out(command: Rescue, loaded: &Loaded) -> Result<(), String> {
    match command {
        Rescue::WhyDenied { user, application: Some(application), json } => {
            why::denied(loaded, &user, &application, json).await
        }
        Rescue::WhyDenied { user: run, application: None, json } => {
            why::recorded(loaded, &run, json).await
        }
        Rescue::Replay { run, changes, json } => {
            why::replayed(loaded, &run, changes.as_deref(), json).await
        }
        Rescue::Simulate { user, application, address, at, changes, json } => {
            let asked = Asked {
                user: Who::Name(user),
                application,
                client_ip: address,
                at,
                changes: why::edit(changes.as_deref())?,
            };
            why::simulated(loaded, &asked, json).await
        }
        Rescue::Impact { file, json } => why::impact(loaded, &file, json).await,
        Rescue::Disable { names } => {
            console::run(loaded, console::Order::Switch { names, enabled: false }).await
        }
        Rescue::Enable { names } => {
            console::run(loaded, console::Order::Switch { names, enabled: true }).await
        }
        Rescue::ChangePassword { user } => people::change_password(loaded, &user).await,
        Rescue::CreateAdminGroup { user } => people::create_admin_group(loaded, &user).await,
        Rescue::ImportCertificate { name, certificate, private_key } => {
            let read = |path: PathBuf| {
                std::fs::read_to_string(&path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))
            };
            let (certificate, key) =
                (read(certificate)?, private_key.map(read).transpose()?.unwrap_or_default());
            console::run(loaded, console::Order::Certificate { name, certificate, key }).await
        }
        Rescue::ExportBlueprint(export) => blueprint::export(loaded, &export).await,
        Rescue::Doctor { .. } | Rescue::DumpConfig { .. } => Ok(()),
    }
}
