//! A way back in from the console: a link that signs one account in once, which becomes active
//! again if somebody had deactivated it. It works while the server runs.

use countersign_core::ApiError;
use countersign_directory::{create_recovery_link, username, users};
use countersign_store::Actor;

use crate::{settings::Loaded, start};

/// Makes the link and prints it.
///
/// # Errors
/// A sentence when there is no such account or the store cannot be used.
pub async fn run(loaded: &Loaded, user: &str, minutes: i64) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    if !start::has_data(&loaded.settings) {
        let folder = &loaded.settings.general.data_dir;
        return Err(format!(
            "there is no installation in {}. Name its folder with --data-dir or COUNTERSIGN_DATA_DIR",
            folder.display()
        ));
    }
    let (store, ..) = start::open_store(&loaded.settings).await?;
    let name = user.to_owned();
    let made = store
        .write(Actor::console("countersign recover"), "recovery from the console", move |tx| {
            let Some(pk) = username::find(tx, &name)? else { return Ok(None) };
            let reactivated = users::activate(tx, pk)?;
            Ok::<_, ApiError>(Some((create_recovery_link(tx, pk, minutes * 60)?, reactivated)))
        })
        .await;
    store.close().await;
    let made = made.map_err(|error| error.to_string())?;
    let Some((key, reactivated)) = made else {
        return Err(format!(
            "there is no account \"{user}\". `countersign create-admin-group` takes the name of an account that exists"
        ));
    };
    if reactivated {
        eprintln!("{user} had been deactivated and is active again.");
    }
    let origin = match &loaded.settings.general.base_url {
        Some(origin) => origin.0.clone(),
        None => format!("http://localhost:{}", loaded.settings.listen.http.port()),
    };
    eprintln!(
        "This link signs {user} in once, within {minutes} minutes. Whoever has it is {user}: do not pass it on."
    );
    println!("{origin}/recovery/use-token/{}/", key.expose());
    Ok(())
}
