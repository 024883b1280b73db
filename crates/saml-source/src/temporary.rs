//! Accounts of people whom the identity provider names anew each time: there as long as they are
//! signed in, and a day at most.

use countersign_core::{Caller, RequestInfo};
use countersign_directory::{audit_account, username};
use countersign_saml::assertion::SignedIn;
use countersign_sources::{Arrival, SOURCES_ATTRIBUTE, Source as _, Unsettled, connected};
use countersign_store::{ActorUser, StoreError, Tx, params};
use serde_json::{Value, json};

use crate::found::Found;
use crate::service::{Internal, Service};

/// As long as names of accounts may be.
const LONGEST_NAME: usize = 150;

/// Makes the account and connects it, unless it is there already.
///
/// # Errors
/// The store fails.
pub(crate) async fn make(
    service: &Service,
    info: &RequestInfo,
    found: &Found,
    who: &SignedIn,
) -> Result<(), Internal> {
    let settings = &found.settings;
    let ends = service.now().plus_seconds(settings.temporary_user_delete_after.seconds());
    let attributes = json!({
        "goauthentik.io/user/generated": true,
        "goauthentik.io/user/delete-on-logout": true,
        "goauthentik.io/user/expires": ends.seconds(),
        SOURCES_ATTRIBUTE: [settings.name],
    });
    let name = who.name_id.value.clone();
    if name.chars().count() > LONGEST_NAME {
        return Ok(());
    }
    let path = settings.shared().user_path();
    let arrival = Arrival {
        source: found.source(),
        identifier: name.clone(),
        connected: None,
        groups: Vec::new(),
        upstream: None,
    };
    let work = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        if connected(tx, arrival.source, &arrival.identifier)?.is_some() {
            return Ok(());
        }
        let Some(pk) = account(tx, &name, &path, &attributes)? else { return Ok(()) };
        match arrival.connect(tx, pk) {
            Ok(()) | Err(Unsettled::Refused(_)) => Ok(()),
            Err(Unsettled::Store(error)) => Err(error),
        }
    };
    let actor = service.cx.actor(&Caller::nobody(), info);
    service.cx.store.write(actor, "temporary account of a source", work).await?;
    Ok(())
}

/// `None` where the name is somebody's already.
fn account(
    tx: &mut Tx<'_>,
    name: &str,
    path: &str,
    attributes: &Value,
) -> Result<Option<i64>, StoreError> {
    let fold = username::fold(name);
    let taken = "SELECT 1 FROM users WHERE username_fold = $1";
    if tx.query_one(taken, params![fold.as_str()])?.is_some() {
        return Ok(None);
    }
    let (now, uuid, unusable) =
        (tx.now(), tx.entropy().uuid(), format!("!{}", tx.entropy().token(40)));
    let row = tx.query_one(
        "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
         VALUES ($1, $2, $3, $2, '', '', $4, $5, 1, $5, $6, 'internal', $7) RETURNING id",
        params![uuid, name, fold, unusable, now, path, attributes.clone()],
    )?;
    let row = row.ok_or_else(|| StoreError::Database("an account was not made".to_owned()))?;
    let pk = row.get(0)?;
    let about = ActorUser { pk, username: name.to_owned(), email: String::new() };
    audit_account(tx, "model_created", &about, None)?;
    Ok(Some(pk))
}
