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
    }
    Ok(())
}
