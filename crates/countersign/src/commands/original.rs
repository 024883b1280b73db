//! Commands of the original that runbooks and init containers call: each does here what it means,
//! or has nothing to do.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_store::{Actor, StoreError, params};

use crate::program::{Program, VERSION};
use crate::{settings::Loaded, start};

/// What `ak` was asked for.
#[derive(Debug, Subcommand)]
pub enum Original {
    #[command(hide = true, name = "migrate", alias = "migrate_schemas")]
    Migrate(Switches),
    #[command(hide = true, name = "check")]
    Check(Switches),
    #[command(hide = true, name = "bootstrap_tasks")]
    BootstrapTasks(Switches),
    #[command(hide = true, name = "repair_permissions")]
    RepairPermissions(Switches),
    /// Print the JSON schema of blueprints, for editors.
    #[command(hide = true, name = "make_blueprint_schema")]
    MakeBlueprintSchema {
        /// A file to write it to.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    #[command(hide = true, name = "clearsessions")]
    ClearSessions(Switches),
    /// Change what sort of account some, or all people's, are.
    #[command(hide = true, name = "change_user_type")]
    ChangeUserType {
        /// `internal`, `external` or `service_account`.
        #[arg(long = "type", value_name = "TYPE")]
        kind: String,
        /// Every account of a person.
        #[arg(long, conflicts_with = "users")]
        all: bool,
        /// User names.
        #[arg(required_unless_present = "all")]
        users: Vec<String>,
    },
    #[command(hide = true, name = "shell")]
    Shell(Switches),
    #[command(hide = true, name = "blueprint_shell")]
    BlueprintShell(Switches),
    #[command(hide = true, name = "benchmark")]
    Benchmark(Switches),
    #[command(hide = true, name = "update_webauthn_mds")]
    UpdateWebauthnMds(Switches),
    #[command(hide = true, name = "ldap_sync")]
    LdapSync(Switches),
    #[command(hide = true, name = "ldap_check_connection")]
    LdapCheckConnection(Switches),
    #[command(hide = true, name = "kerberos_sync")]
    KerberosSync(Switches),
    #[command(hide = true, name = "kerberos_check_connection")]
    KerberosCheckConnection(Switches),
    #[command(hide = true, name = "scim_sync")]
    ScimSync(Switches),
}

/// Why a command of the original is not carried out, and what is used in its place.
fn refused(command: &Original) -> Option<String> {
    let missing = |what: &str| {
        Some(format!("this version has no {what}: there is nothing to do, and nothing was done"))
    };
    let instead = |text: &str| Some(text.to_owned());
    match command {
        Original::Shell(_) => instead(
            "there is no Python shell. `countersign change-password`, `create-admin-group`, `recover`, `disable` and `enable` let you back in; all else is a blueprint (`countersign blueprint apply FILE`) or a call of the API, whose description is at /api/v3/",
        ),
        Original::BlueprintShell(_) => instead(
            "there is no Python shell. `countersign blueprint plan FILE` says what a blueprint would change, with the values that its tags found",
        ),
        Original::Benchmark(_) => {
            instead("`countersign bench` measures this program on this machine")
        }
        Original::UpdateWebauthnMds(_) => instead(
            "the makes of passkeys are built into the program and renewed with it; nothing is fetched",
        ),
        Original::LdapSync(_) => instead(
            "the server copies directories by itself: press “Sync now” on the page of the source, or call POST /api/v3/countersign/sources/ldap/<slug>/sync/",
        ),
        Original::LdapCheckConnection(_) => instead(
            "press “Test” on the page of the source, or call POST /api/v3/countersign/sources/ldap/<slug>/test/",
        ),
        Original::KerberosSync(_) | Original::KerberosCheckConnection(_) => {
            missing("Kerberos sources")
        }
        Original::ScimSync(_) => missing("SCIM providers"),
        _ => None,
    }
}

/// Switches of the original that change nothing here, as `--noinput`.
#[derive(Debug, Args)]
pub struct Switches {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    given: Vec<String>,
}

/// Carries one out.
///
/// # Errors
/// A sentence when the database cannot be opened or changed.
pub async fn run(loaded: &Loaded, command: Original) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    if let Some(why) = refused(&command) {
        return Err(why);
    }
    match command {
        Original::Migrate(_) => {
            // A data folder that a server holds is up to date: it was when the server started.
            if loaded.settings.postgresql.host.is_some()
                || start::Hold::take(&loaded.settings).is_ok()
            {
                start::open_store(&loaded.settings).await?.0.close().await;
            }
            println!("The tables are up to date. Every start brings them up to date by itself.");
        }
        Original::Check(_) => {
            println!("The settings are sound. `countersign doctor` looks at everything else.");
        }
        Original::BootstrapTasks(_) => {
            println!("Nothing to do: the first start of the server makes what is needed.");
        }
        Original::RepairPermissions(_) => {
            println!("Nothing to do: permissions are not kept apart from what they are for.");
        }
        Original::MakeBlueprintSchema { file } => {
            let modules = Program::new(&loaded.settings).modules;
            let schema = countersign_blueprints::schema::document(VERSION, &modules);
            let text = format!("{schema:#}\n");
            match file {
                Some(file) => std::fs::write(&file, text)
                    .map_err(|error| format!("{} cannot be written: {error}", file.display()))?,
                None => print!("{text}"),
            }
        }
        Original::ClearSessions(_) => {
            start::must_have_data(&loaded.settings)?;
            let (store, ..) = start::open_store(&loaded.settings).await?;
            let removed = store
                .write(Actor::system(), "expired sessions removed", |tx| {
                    let now = tx.now();
                    tx.execute("DELETE FROM session WHERE expires <= $1", params![now])
                })
                .await;
            store.close().await;
            let removed = removed.map_err(|error: StoreError| error.to_string())?;
            println!("{removed} expired sessions removed.");
        }
        Original::ChangeUserType { kind, all, users } => {
            super::people::change_type(loaded, &kind, (!all).then_some(users)).await?;
        }
        // Refused above.
        Original::Shell(_)
        | Original::BlueprintShell(_)
        | Original::Benchmark(_)
        | Original::UpdateWebauthnMds(_)
        | Original::LdapSync(_)
        | Original::LdapCheckConnection(_)
        | Original::KerberosSync(_)
        | Original::KerberosCheckConnection(_)
        | Original::ScimSync(_) => {}
    }
    Ok(())
}
