//! Registrations at rest, and the provider and application that each is.

use countersign_catalogue::{Application, CertificateKeyPair, Provider, certificate};
use countersign_core::Expiring;
use countersign_flow::{Designation, Flow};
use countersign_model::{
    EditError, FieldErrors, Input, Key, KeyType, Kind, Mode, Ref, Table, Target as _, Timestamp,
    directory,
};
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Registration;
use super::metadata::{Keys, Metadata, MetadataError, Proof};
use crate::client::ClientType;
use crate::jose::{Algorithm, SigningKey};
use crate::kinds::{OAuth2Provider, ScopeMapping};
use crate::wire::scope::{EMAIL, OFFLINE_ACCESS, OPENID, PROFILE};
use crate::wire::{GrantType, Scopes};

/// A client that registered itself.
#[derive(Debug, Clone, Table)]
#[table(name = "client_registration")]
pub(crate) struct ClientRegistration {
    #[column(key, sql = "provider_id")]
    provider: Ref<dyn Provider>,
    application: Uuid,
    /// SHA-256 of the token by which it manages its registration.
    #[column(hidden)]
    token_hash: [u8; 32],
    created: Timestamp,
    /// Who vouched for it.
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = SetNull, owner)]
    user: Option<Ref<directory::User>>,
    /// Whether somebody did, whose account may be gone since.
    #[column(hidden)]
    vouched: bool,
    /// What it said of itself that has no place in its provider.
    metadata: Value,
    /// When somebody first signed in to it, or it was given tokens; 0 before.
    #[column(hidden)]
    used: Timestamp,
}

/// So long a client that nobody vouched for may wait for its first sign-in.
const UNUSED_SECONDS: i64 = 24 * 3_600;
/// As many are ended at once.
const AT_ONCE: i64 = 500;

/// Clients that anybody registered and nobody ever used.
pub(crate) const UNUSED: Expiring =
    Expiring { plural: "unused client registrations", remove: end_unused };

/// Why a registration was not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Refused(#[from] MetadataError),
    #[error("the setting oauth2.registration_flow names no flow: {0}")]
    NoFlow(String),
    #[error("as many clients are registered that nobody vouches for as may be")]
    Full,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        match error {
            StoreError::Edit(EditError::Invalid { errors, .. }) => refused(&errors),
            error => Failed::Store(error),
        }
    }
}

/// What the form of a provider says is wrong, in the words of the protocol.
fn refused(errors: &FieldErrors) -> Failed {
    MetadataError::Metadata(format!("The client cannot be set up: {}", errors.to_json())).into()
}

/// A registration as it is known.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) provider: i64,
    pub(super) application: Uuid,
    pub(super) created: Timestamp,
    pub(super) token_hash: [u8; 32],
    pub(super) told: Map<String, Value>,
    /// Who stood for it.
    pub(super) user: Option<i64>,
}

/// # Errors
/// The store fails.
pub(super) fn find(sql: &mut Sql<'_>, provider: i64) -> Result<Option<Known>, StoreError> {
    let found = "SELECT application, created, token_hash, metadata, user_id FROM client_registration WHERE provider_id = $1";
    let Some(row) = sql.query_one(found, params![provider])? else { return Ok(None) };
    let (hash, told): (Vec<u8>, String) = (row.get(2)?, row.get(3)?);
    Ok(Some(Known {
        provider,
        application: row.get(0)?,
        created: row.get(1)?,
        token_hash: hash.try_into().map_err(|_| StoreError::Column { column: 2 })?,
        told: serde_json::from_str(&told).map_err(|_| StoreError::Column { column: 3 })?,
        user: row.get(4)?,
    }))
}

/// A client that was just registered.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) provider: i64,
    pub(super) created: Timestamp,
}

/// Makes a provider with its application.
///
/// # Errors
/// The client cannot be set up, or the store fails.
pub(super) fn make(
    tx: &mut Tx<'_>,
    metadata: &Metadata,
    rules: &Registration,
    token: &str,
    user: Option<i64>,
) -> Result<Made, Failed> {
    if user.is_none() {
        make_room(tx, rules.most)?;
    }
    let client_id = tx.entropy().token(40);
    let mut input = settings(tx, metadata)?;
    let flow = flow_named(tx, &rules.flow)?;
    let name = if metadata.name.is_empty() { "Client" } else { metadata.name.as_str() };
    let short: String = client_id.chars().take(8).collect();
    input.insert("name".to_owned(), format!("{name} ({short})").into());
    input.insert("client_id".to_owned(), client_id.into());
    input.insert("authorization_flow".to_owned(), json!(flow));
    input.insert("invalidation_flow".to_owned(), json!(invalidation_flow(tx)?));
    let provider: OAuth2Provider = parse(tx, &input, Mode::Create, None)?;
    let fresh = tx.entropy().uuid();
    let key = tx.draft().next_key(KeyType::Int, <dyn Provider>::SPACE, fresh);
    let number = key.int().unwrap_or_default();
    tx.draft().put(key, provider);

    let application = json!({
        "name": name,
        "slug": format!("{}{}", slug(name), short.to_ascii_lowercase()),
        "provider": number,
        "meta_launch_url": launch(metadata, user),
    });
    let application: Application = parse(tx, &object(application), Mode::Create, None)?;
    let uuid = tx.entropy().uuid();
    tx.draft().put(uuid, application);

    let created = tx.now();
    tx.execute(
        "INSERT INTO client_registration (provider_id, application, token_hash, created, user_id, vouched, metadata, used) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
        params![
            number,
            uuid,
            sha256(token),
            created,
            user,
            user.is_some(),
            json!(metadata.told).to_string()
        ],
    )?;
    Ok(Made { provider: number, created })
}

/// Room for one more client that nobody vouched for: the oldest that was never used gives way.
fn make_room(tx: &mut Tx<'_>, most: u32) -> Result<(), Failed> {
    let all = "SELECT COUNT(*) FROM client_registration WHERE vouched = 0";
    let count: i64 = tx.query_one(all, params![])?.map_or(Ok(0), |row| row.get(0))?;
    if count < i64::from(most) {
        return Ok(());
    }
    if end_some(tx, Timestamp(i64::MAX), 1)? == 1 { Ok(()) } else { Err(Failed::Full) }
}

fn end_unused(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let until = tx.now().plus_seconds(-UNUSED_SECONDS);
    end_some(tx, until, AT_ONCE)
}

/// Ends clients that nobody vouched for and nobody used, of before a time, the oldest first. What
/// others name in their settings is in use.
fn end_some(tx: &mut Tx<'_>, until: Timestamp, most: i64) -> Result<usize, StoreError> {
    let unused = "SELECT provider_id, application FROM client_registration \
         WHERE vouched = 0 AND used = 0 AND created < $1 ORDER BY created, provider_id";
    let mut ended = 0;
    for row in tx.query(unused, params![until])? {
        let (number, uuid): (i64, Uuid) = (row.get(0)?, row.get(1)?);
        let provider: Ref<OAuth2Provider> = Ref::new(Key::Int(number));
        let application: Ref<Application> = Ref::new(Key::Uuid(uuid));
        let own = application.id();
        if tx.graph().referrers(provider.id()).any(|(by, _)| by != own) {
            continue;
        }
        end(tx, provider, application)?;
        ended += 1;
        if i64::try_from(ended).is_ok_and(|ended| ended >= most) {
            break;
        }
    }
    Ok(ended)
}

/// Notes that somebody signs in to a client, or that it is given tokens, if it registered itself.
/// From the second time on nothing is written.
///
/// # Errors
/// The store fails.
pub(crate) fn note_used(
    sql: &mut Sql<'_>,
    provider: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let first = "UPDATE client_registration SET used = $2 WHERE provider_id = $1 AND used = 0";
    sql.execute(first, params![provider, now]).map(|_| ())
}

/// Puts other metadata into the place of a client's.
///
/// # Errors
/// The client cannot be set up so, or the store fails.
pub(super) fn change(
    tx: &mut Tx<'_>,
    known: &Known,
    told: &Metadata,
    metadata: &Metadata,
) -> Result<(), Failed> {
    let input = settings(tx, metadata)?;
    let reference: Ref<OAuth2Provider> = Ref::new(Key::Int(known.provider));
    let Some(before) = tx.graph().get(reference).cloned() else { return Ok(()) };
    let mut provider = parse(tx, &input, Mode::Patch, Some(&before))?;
    let was = parse(tx, &settings(tx, told)?, Mode::Patch, Some(&before))?;
    keep_what_others_set(&mut provider, &before, &was);
    if provider.client_type == ClientType::Confidential && provider.client_secret.is_empty() {
        provider.client_secret = countersign_model::Secret::new(tx.entropy().token(128));
    }
    tx.draft().put(reference.key(), provider);
    let application: Ref<Application> = Ref::new(Key::Uuid(known.application));
    if let Some(before) = tx.graph().get(application).cloned() {
        let mut input = Map::new();
        if !metadata.name.is_empty() {
            input.insert("name".to_owned(), metadata.name.clone().into());
        }
        input.insert("meta_launch_url".to_owned(), launch(metadata, known.user).into());
        let application = parse(tx, &input, Mode::Patch, Some(&before))?;
        tx.draft().put(known.application, application);
    }
    tx.execute(
        "UPDATE client_registration SET metadata = $2 WHERE provider_id = $1",
        params![known.provider, json!(metadata.told).to_string()],
    )?;
    Ok(())
}

/// What differs from what the client's own metadata had made of it was set by an administrator, and
/// a client does not undo that.
fn keep_what_others_set(
    provider: &mut OAuth2Provider,
    before: &OAuth2Provider,
    was: &OAuth2Provider,
) {
    macro_rules! keep {
        ($($field:ident)*) => {
            $(if before.$field != was.$field {
                provider.$field = before.$field.clone();
            })*
        };
    }
    keep!(grant_types property_mappings par_required dpop_required tls_client_certificate_bound_access_tokens request_object_signing_alg);
}

/// Where the library leads. Nobody finds there what nobody stands for.
fn launch(metadata: &Metadata, user: Option<i64>) -> String {
    match user {
        Some(_) => metadata.client_uri.clone().unwrap_or_default(),
        None => "blank://blank".to_owned(),
    }
}

/// Removes a client with its provider and application.
///
/// # Errors
/// Something else needs them, or the store fails.
pub(super) fn remove(tx: &mut Tx<'_>, known: &Known) -> Result<(), Failed> {
    let application: Ref<Application> = Ref::new(Key::Uuid(known.application));
    let provider: Ref<OAuth2Provider> = Ref::new(Key::Int(known.provider));
    Ok(end(tx, provider, application)?)
}

fn end(
    tx: &mut Tx<'_>,
    provider: Ref<OAuth2Provider>,
    application: Ref<Application>,
) -> Result<(), StoreError> {
    for id in [application.id(), provider.id()] {
        if tx.graph().entry(id).is_some() {
            tx.draft().delete(id)?;
        }
    }
    let gone = "DELETE FROM client_registration WHERE provider_id = $1";
    tx.execute(gone, params![provider.key().int().unwrap_or_default()])?;
    Ok(())
}

/// The settings of a provider that metadata decides.
fn settings(tx: &Tx<'_>, metadata: &Metadata) -> Result<Map<String, Value>, Failed> {
    let public = metadata.is_public();
    let addresses: Vec<Value> = metadata
        .redirect_uris
        .iter()
        .map(|url| json!({"matching_mode": "strict", "url": url}))
        .collect();
    let mut settings = object(json!({
        "client_type": if public { "public" } else { "confidential" },
        "redirect_uris": addresses,
        "post_logout_redirect_uris": metadata.post_logout_redirect_uris,
        "property_mappings": mappings(tx, metadata),
        "signing_key": signing_key(tx, metadata)?,
        "grant_types": grants(metadata),
        "token_endpoint_auth_method": metadata.proof.filter(|_| !public).map(Proof::as_str),
        "par_required": metadata.par_required,
        "dpop_required": metadata.dpop_required,
        "tls_client_certificate_bound_access_tokens": metadata.certificate_bound,
        "request_object_signing_alg": metadata.request_alg,
    }));
    let (set, address) = match &metadata.keys {
        Keys::None => (json!({}), ""),
        Keys::Here(set) => (set.clone(), ""),
        Keys::At(address) => (json!({}), address.as_str()),
    };
    settings.insert("jwks".to_owned(), set);
    settings.insert("jwks_uri".to_owned(), address.into());
    if public {
        settings.insert("client_secret".to_owned(), "".into());
    }
    Ok(settings)
}

/// The grants as settings have them: code and implicit together may be used at once (RFC 7591 2.1).
fn grants(metadata: &Metadata) -> Vec<&str> {
    let mut grants: Vec<&str> = metadata.grant_types.iter().map(String::as_str).collect();
    if ["authorization_code", "implicit"].iter().all(|grant| grants.contains(grant)) {
        grants.push(GrantType::Hybrid.as_str());
    }
    grants
}

/// What a client that registers itself may ask for at most.
const SCOPES: [&str; 4] = [OPENID, EMAIL, PROFILE, OFFLINE_ACCESS];

/// The shipped mappings of the scopes that a client gets.
fn mappings(tx: &Tx<'_>, metadata: &Metadata) -> Vec<Ref<ScopeMapping>> {
    let refreshes = metadata.grant_types.iter().any(|grant| grant == "refresh_token");
    let asked = metadata.scopes.clone().unwrap_or_else(|| Scopes::parse("openid profile email"));
    let wanted = SCOPES.iter().filter(|scope| {
        asked.contains(scope)
            || (refreshes && metadata.scopes.is_none() && **scope == OFFLINE_ACCESS)
    });
    let managed = wanted.map(|scope| format!("goauthentik.io/providers/oauth2/scope-{scope}"));
    let found = managed.filter_map(|name| tx.graph().find::<ScopeMapping>("managed", &name));
    found.map(|(reference, _)| reference).collect()
}

/// The key of this server, where it signs as the client wants; none for its own secret.
fn signing_key(
    tx: &Tx<'_>,
    metadata: &Metadata,
) -> Result<Option<Ref<CertificateKeyPair>>, Failed> {
    let wanted = metadata.signing_alg.as_deref();
    if wanted == Some(Algorithm::Hs256.as_str()) && !metadata.is_public() {
        return Ok(None);
    }
    let found = tx.graph().find::<CertificateKeyPair>("name", certificate::SELF_SIGNED);
    let key = found.and_then(|(reference, pair)| {
        let key = SigningKey::from_pem(pair.key_data.expose()).ok()?;
        Some((reference, key.algorithm()))
    });
    match (key, wanted) {
        (Some((reference, _)), None) => Ok(Some(reference)),
        (Some((reference, algorithm)), Some(wanted)) if algorithm.as_str() == wanted => {
            Ok(Some(reference))
        }
        (None, None) if !metadata.is_public() => Ok(None),
        (_, wanted) => Err(MetadataError::Metadata(format!(
            "Tokens cannot be signed with {}.",
            wanted.unwrap_or("a key, for there is none")
        ))
        .into()),
    }
}

fn flow_named(tx: &Tx<'_>, slug: &str) -> Result<Ref<Flow>, Failed> {
    let found = tx.graph().find::<Flow>("slug", slug);
    let found = found.filter(|(_, flow)| flow.designation == Designation::Authorization);
    found.map(|(reference, _)| reference).ok_or_else(|| Failed::NoFlow(slug.to_owned()))
}

fn invalidation_flow(tx: &Tx<'_>) -> Result<Ref<Flow>, Failed> {
    const OWN: &str = "default-provider-invalidation-flow";
    let graph = tx.graph();
    let named = graph.find::<Flow>("slug", OWN).map(|(reference, _)| reference);
    let any = || {
        let mut flows = graph.list::<Flow>();
        flows.find(|(_, flow)| flow.designation == Designation::Invalidation).map(|(flow, _)| flow)
    };
    named.or_else(any).ok_or_else(|| Failed::NoFlow(OWN.to_owned()))
}

fn parse<T: Kind>(
    tx: &Tx<'_>,
    map: &Map<String, Value>,
    mode: Mode,
    before: Option<&T>,
) -> Result<T, Failed> {
    let input = Input { map, mode, entropy: tx.entropy(), privileged: false };
    T::parse(&input, before).map_err(|errors| refused(&errors))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The beginning of an application's slug: what of its name can be in an address.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for sign in name.chars().take(40) {
        if sign.is_ascii_alphanumeric() {
            slug.push(sign.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { String::new() } else { format!("{slug}-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_begin_as_names_do() {
        for (name, expected) in [("My Wiki!", "my-wiki-"), ("---", ""), ("Ünï", "n-"), ("a", "a-")]
        {
            assert_eq!(slug(name), expected, "{name}");
        }
        assert!(slug(&"x".repeat(300)).len() <= 41);
    }
}
