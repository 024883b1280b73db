//! Client secrets of before: for so long as the provider says, one is as good as the secret that
//! took its place, so that an application can be given that without a gap.
//!
//! They are kept by whatever changes a secret ([`keep`] runs at the end of every edit of the
//! configuration), and end when the provider allows no overlap any more.

use countersign_catalogue::Provider as Family;
use countersign_events::{Event, emit};
use countersign_model::{Fields as _, Ref, Secret, Table, Timestamp};
use countersign_store::{StoreError, Tx, params, sha256};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::client::ClientType;
use crate::kinds::OAuth2Provider;
use crate::provider::{Provider, model_reference};
use crate::service::{EVENTS, Service};

/// A secret that another has taken the place of.
#[derive(Debug, Clone, Table)]
#[table(name = "former_client_secret")]
pub(crate) struct FormerClientSecret {
    /// SHA-256 of provider and secret.
    #[column(key, hidden)]
    hash: [u8; 32],
    #[column(sql = "provider_id")]
    provider: Ref<dyn Family>,
    /// Sealed.
    #[column(hidden)]
    secret: String,
    #[column(expires)]
    expires: Timestamp,
}

/// A former secret is good for 30 days at most.
pub(crate) const MOST_OVERLAP: i64 = 30 * 86_400;

/// Keeps the secrets that an edit replaces, and ends those that an edit leaves no time for. None is
/// good for longer than the overlap that holds now.
///
/// # Errors
/// The store fails.
pub(crate) fn keep(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let of_clients = |change: &countersign_model::Change| {
        let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
        let before = before.share::<OAuth2Provider>()?;
        let after = after.share::<OAuth2Provider>()?;
        let changed = before.client_secret.expose() != after.client_secret.expose();
        let shortened = after.overlap_seconds() < before.overlap_seconds();
        (changed || shortened).then_some((change.id, before, after, changed))
    };
    let changes: Vec<_> = tx.graph().changes().iter().filter_map(of_clients).collect();
    for (id, before, after, changed) in changes {
        let reference: Ref<OAuth2Provider> = Ref::new(id.key);
        let number = id.key.int().unwrap_or_default();
        let seconds = after.overlap_seconds();
        if seconds == 0 {
            let gone = "DELETE FROM former_client_secret WHERE provider_id = $1";
            tx.execute(gone, params![number])?;
            continue;
        }
        let until = tx.now().plus_seconds(seconds);
        let sooner =
            "UPDATE former_client_secret SET expires = $2 WHERE provider_id = $1 AND expires > $2";
        tx.execute(sooner, params![number, until])?;
        if changed && !before.client_secret.is_empty() {
            let former = &before.client_secret;
            let sealed = tx.sealer().seal(former.expose());
            tx.execute(
                "INSERT INTO former_client_secret (hash, provider_id, secret, expires) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires",
                params![sha256(&format!("{number}\n{}", former.expose())), number, sealed, until],
            )?;
            let provider = model_reference(OAuth2Provider::META, reference, &after.name);
            let context = json!({
                "provider": provider,
                "message": "The client secret was changed; the former one is good for some time",
                "former_secret_until": until.iso(),
            });
            emit(tx, Event::new("secret_rotate", EVENTS, context))?;
        }
    }
    Ok(())
}

impl OAuth2Provider {
    /// How long a secret is good after another took its place.
    pub(crate) fn overlap_seconds(&self) -> i64 {
        let confidential = self.client_type == ClientType::Confidential;
        if confidential { self.secret_rotation_overlap.seconds().clamp(0, MOST_OVERLAP) } else { 0 }
    }
}

impl Service {
    /// The secrets of before that are still good; none where the provider allows no overlap.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn former_secrets(
        &self,
        provider: &Provider,
    ) -> Result<Vec<Secret>, StoreError> {
        if provider.settings.overlap_seconds() == 0 {
            return Ok(Vec::new());
        }
        let (number, now) = (provider.id(), self.now());
        let good =
            "SELECT secret FROM former_client_secret WHERE provider_id = $1 AND expires > $2";
        let rows = self.cx.store.look_up(move |sql| sql.query(good, params![number, now])).await?;
        let sealed = rows.iter().map(|row| row.get::<String>(0));
        let sealed = sealed.collect::<Result<Vec<_>, StoreError>>()?;
        let opened = sealed.iter().filter_map(|sealed| self.cx.store.sealer().open(sealed).ok());
        Ok(opened.collect())
    }
}

/// Whether one of the presented secrets is one of these.
pub(crate) fn matches<'a>(former: &[Secret], presented: impl Iterator<Item = &'a str>) -> bool {
    let mut equal = false;
    for secret in presented.filter(|secret| !secret.is_empty()) {
        for own in former {
            equal |= bool::from(own.expose().as_bytes().ct_eq(secret.as_bytes()));
        }
    }
    equal
}
