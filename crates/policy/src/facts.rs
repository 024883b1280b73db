//! Facts from the tables and the brand that policies may ask for.

use countersign_catalogue::Brand;
use countersign_core::{Context, RequestInfo, brand_for};
use countersign_directory::{SystemSettings, setup};
use countersign_store::{Sql, StoreError, params};
use serde_json::Map;

use crate::access::Engine;
use crate::engine::Facts;
use crate::expression::MayChange;

/// The account the original creates first.
pub const FIRST_ADMIN: &str = "akadmin";

impl Engine {
    /// Reads what decisions about a request may need; `admin`: also about the first administrator's
    /// account.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn facts(
        &self,
        cx: &Context,
        request: &RequestInfo,
        admin: bool,
    ) -> Result<Facts, StoreError> {
        let snapshot = cx.snapshot();
        let brand = brand_for(&snapshot, &request.host)
            .and_then(|id| snapshot.entry(id))
            .and_then(|entry| entry.cast::<Brand>());
        let setup_done = if admin { setup_done(cx).await? } else { None };
        let settings = SystemSettings::of(&snapshot);
        Ok(Facts {
            setup_done,
            may_change: MayChange {
                email: settings.default_user_change_email,
                name: settings.default_user_change_name,
                username: settings.default_user_change_username,
            },
            brand_attributes: brand.map_or_else(Map::new, |brand| brand.attributes.0.clone()),
            brand_title: brand.map(|brand| brand.branding_title.clone()).unwrap_or_default(),
            places: self.places.for_policies(request.client_ip),
        })
    }
}

/// Whether the installation was set up, by the mark that stays or because the first administrator
/// has a password; `None` where it was not and there is no such account.
///
/// # Errors
/// When the engine fails.
pub async fn setup_done(cx: &Context) -> Result<Option<bool>, StoreError> {
    let read = |sql: &mut Sql<'_>| {
        if setup::is_done(sql)? {
            return Ok(Some(true));
        }
        let row = sql.query_one(
            "SELECT password FROM users WHERE username_fold = $1",
            params![FIRST_ADMIN],
        )?;
        row.map(|row| Ok(!row.get::<String>(0)?.starts_with('!'))).transpose()
    };
    cx.store.read(read).await
}
