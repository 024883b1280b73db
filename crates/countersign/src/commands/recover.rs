//! A way back in from the console: a link that signs one account in once. It works while the server runs.

use countersign_directory::{create_recovery_link, username};
use countersign_store::{Actor, StoreError, params};

use crate::{settings::Loaded, start};

/// Makes the link and prints it.
///
/// # Errors
/// A sentence when there is no such account or the store cannot be used.
pub async fn run(loaded: &Loaded, user: &str, minutes: i64) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    if !start::has_data(&loaded.settings) {
        let folder = &loaded.settings.general.data_dir;
        return Err(format!("there is no installation in {}. Name its folder with --data-dir or COUNTERSIGN_DATA_DIR", folder.display()));
    }
    let (store, ..) = start::open_store(&loaded.settings).await?;
    let name = user.to_owned();
    let made = store
        .write(Actor::system(), "recovery from the console", move |tx| {
            let Some(id) = username::find(tx, &name)? else { return Ok(None) };
            if tx.query_one("SELECT 1 FROM users WHERE id = $1 AND is_active = 1", params![id])?.is_none() {
                return Ok(None);
            }
            Ok::<_, StoreError>(Some(create_recovery_link(tx, id, minutes * 60)?))
        })
        .await;
    store.close().await;
    let Some(key) = made.map_err(|error| error.to_string())? else { return Err(format!("there is no active account \"{user}\"")) };
    let origin = match &loaded.settings.general.base_url {
        Some(origin) => origin.0.clone(),
        None => format!("http://localhost:{}", loaded.settings.listen.http.port()),
    };
    eprintln!("This link signs {user} in once, within {minutes} minutes. Whoever has it is {user}: do not pass it on.");
    println!("{origin}/recovery/use-token/{}/", key.expose());
    Ok(())
}
