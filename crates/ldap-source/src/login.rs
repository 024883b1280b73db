//! Passwords that a directory knows: it is asked for them by binding as the person, and told of
//! new ones.

use countersign_core::{BoxFuture, Context, PasswordPlace};
use countersign_directory::{Verified, users};
use countersign_events::{Event, may_report};
use countersign_ldap::client::Ask;
use countersign_model::{Ref, Secret, Snapshot};
use countersign_sources::Source;
use countersign_store::{Actor, StoreError, Tx, params};
use serde_json::json;

use crate::Deps;
use crate::entry::Named;
use crate::line::{Line, Trouble, Way};
use crate::rows::{self, Place};
use crate::schema::first;
use crate::source::LDAPSource;

const EVENTS: &str = "authentik.sources.ldap";

/// The directories of all sources.
pub(crate) struct Directories(pub(crate) Deps);

impl PasswordPlace for Directories {
    fn backend(&self) -> &'static str {
        "authentik.sources.ldap.auth.LDAPBackend"
    }

    fn accepts(
        &self,
        cx: Context,
        account: i64,
        password: Secret,
    ) -> BoxFuture<Result<bool, StoreError>> {
        let deps = self.0.clone();
        Box::pin(async move { accepts(&deps, &cx, account, &password).await })
    }

    fn set(&self, cx: Context, account: i64, password: Secret) -> BoxFuture<Result<(), String>> {
        let deps = self.0.clone();
        Box::pin(async move { set(&deps, &cx, account, &password).await })
    }
}

/// A source that an account is one of now, and where its entry was seen there.
struct Home {
    key: Ref<dyn Source>,
    source: LDAPSource,
    place: Place,
}

async fn homes(
    cx: &Context,
    snapshot: &Snapshot,
    account: i64,
    wanted: impl Fn(&LDAPSource) -> bool,
) -> Result<Vec<Home>, StoreError> {
    let all = snapshot.list::<LDAPSource>().filter(|(_, source)| source.enabled && wanted(source));
    let all: Vec<_> =
        all.map(|(key, source)| (Ref::<dyn Source>::new(key.key()), source.clone())).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let names = cx.store.read(move |sql| {
        let mut found = Vec::new();
        for (key, source) in all {
            if let Some(place) = rows::place_of(sql, key, account)? {
                found.push(Home { key, source, place });
            }
        }
        Ok::<_, StoreError>(found)
    });
    names.await
}

async fn accepts(
    deps: &Deps,
    cx: &Context,
    account: i64,
    password: &Secret,
) -> Result<bool, StoreError> {
    // An empty one would be nobody's sign-in, which directories allow (RFC 4513, 5.1.2).
    if password.is_empty() {
        return Ok(false);
    }
    let snapshot = cx.snapshot();
    for home in homes(cx, &snapshot, account, |_| true).await? {
        match asked(deps, cx, &snapshot, &home, password).await {
            Ok(true) => {
                if home.source.password_login_update_internal_password {
                    keep(deps, cx, account, password).await?;
                }
                return Ok(true);
            }
            Ok(false) => {}
            Err(error) => report(cx, &home, &error, "a password could not be checked").await,
        }
    }
    Ok(false)
}

/// Whether the directory has said that the password is not the person's.
fn is_wrong(error: &Trouble) -> bool {
    error.outcome().is_some_and(|outcome| matches!(outcome.code, 49 | 48 | 53 | 19))
}

/// Whether the directory takes the password for the person's.
async fn asked(
    deps: &Deps,
    cx: &Context,
    snapshot: &Snapshot,
    home: &Home,
    password: &Secret,
) -> Result<bool, Trouble> {
    let way = Way::read(&home.source, snapshot, &deps.upstreams)?;
    let mut line = way.bound(&*cx.entropy).await?;
    // By the same connection, and so the same server: another may not know yet who has the name.
    let outcome = match is_still(&mut line, home).await {
        Ok(true) => match line.bind(&home.place.dn, password).await {
            Ok(()) => Ok(true),
            Err(error) if is_wrong(&error) => Ok(false),
            Err(error) => Err(error),
        },
        other => other,
    };
    line.close().await;
    outcome
}

/// Whether the entry that has the name is still the one that it was: names are given to others.
async fn is_still(line: &mut Line, home: &Home) -> Result<bool, Trouble> {
    let (field, place) = (home.source.object_uniqueness_field.as_str(), &home.place);
    let entry = match line.entry(&place.dn, &[field]).await {
        Ok(entry) => entry,
        // There is none of that name.
        Err(error) if error.outcome().is_some_and(|outcome| outcome.code == 32) => None,
        Err(error) => return Err(error),
    };
    let named = entry.and_then(|entry| Named::of(&entry, field).ok());
    let is_still = named.is_some_and(|named| named.identifier == place.identifier);
    if !is_still {
        let slug = &*home.source.slug;
        tracing::info!(
            source = slug,
            dn = place.dn,
            "another entry has the name of an account, or none"
        );
    }
    Ok(is_still)
}

/// Stores the password here, too, unless it is the one that is stored.
async fn keep(
    deps: &Deps,
    cx: &Context,
    account: i64,
    password: &Secret,
) -> Result<(), StoreError> {
    let stored = cx.store.read(move |sql| {
        sql.query_one("SELECT password FROM users WHERE id = $1", params![account])
    });
    let Some(row) = stored.await? else { return Ok(()) };
    let stored: String = row.get(0)?;
    // Busy with more urgent hashes: the next sign-in tries again.
    match deps.passwords.verify(password, Some(&stored)).await {
        Ok(Verified::No) => {}
        Ok(Verified::Yes | Verified::YesOutdated) | Err(_) => return Ok(()),
    }
    let Ok(hash) = deps.passwords.hash(password, &*cx.entropy).await else { return Ok(()) };
    let actor = Actor::system().through("LDAP source");
    let written = cx.store.write(actor, "password kept of a sign-in", move |tx: &mut Tx<'_>| {
        users::set_password_hash(tx, account, &hash, None)
    });
    match written.await {
        Ok(()) => Ok(()),
        Err(countersign_core::ApiError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "a password could not be kept");
            Ok(())
        }
    }
}

async fn set(deps: &Deps, cx: &Context, account: i64, password: &Secret) -> Result<(), String> {
    let snapshot = cx.snapshot();
    let homes = homes(cx, &snapshot, account, |source| source.sync_users_password).await;
    for home in homes.map_err(|error| error.to_string())? {
        match write_back(deps, cx, &snapshot, &home, password).await {
            Ok(true) => {}
            Ok(false) => {
                return Err("the directory has no such entry any more where it was".to_owned());
            }
            Err(error) => {
                report(cx, &home, &error, "a password could not be set").await;
                return Err(match error.outcome() {
                    Some(outcome) => format!("the directory refused it ({outcome})"),
                    None => "the directory cannot be reached".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Whether the entry was still there to be told.
async fn write_back(
    deps: &Deps,
    cx: &Context,
    snapshot: &Snapshot,
    home: &Home,
    password: &Secret,
) -> Result<bool, Trouble> {
    let way = Way::read(&home.source, snapshot, &deps.upstreams)?;
    let mut line = way.bound(&*cx.entropy).await?;
    let outcome = match is_still(&mut line, home).await {
        Ok(true) => tell(&mut line, &home.place.dn, password).await.map(|()| true),
        other => other,
    };
    line.close().await;
    outcome
}

/// As Active Directory takes it, else as the standard says (RFC 3062).
async fn tell(line: &mut Line, dn: &str, password: &Secret) -> Result<(), Trouble> {
    // Only who can say the attribute has it: others would store it in clear, or refuse it late.
    let root = line.entry("", &["supportedCapabilities", "forestFunctionality"]).await?;
    let is_windows = root.is_some_and(|root| first(&root, "forestFunctionality").is_some());
    if is_windows {
        let value = quoted(password);
        let ask = Ask::Replace { dn, attribute: "unicodePwd", values: &[value] };
        return line.done(&ask, "the password").await;
    }
    let ask = Ask::SetPassword { dn, password: password.expose().as_bytes() };
    match line.done(&ask, "the password").await {
        // It knows no such operation.
        Err(error) if error.outcome().is_some_and(|outcome| outcome.code == 2) => {
            let values = [password.expose().as_bytes().to_vec()];
            let ask = Ask::Replace { dn, attribute: "userPassword", values: &values };
            line.done(&ask, "the password").await
        }
        other => other,
    }
}

/// As `unicodePwd` takes it: in quotation marks, in UTF-16 (MS-ADTS, 3.1.1.3.1.5).
fn quoted(password: &Secret) -> Vec<u8> {
    let quoted = format!("\"{}\"", password.expose());
    quoted.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Tells administrators, ten times an hour at most: anybody can try to sign in.
async fn report(cx: &Context, Home { key, source, .. }: &Home, error: &Trouble, what: &str) {
    let slug = &*source.slug;
    tracing::warn!(code = error.code(), source = slug, "{what}: {error}");
    if may_report(cx, "ldap_source.events", &format!("{slug}/{}", error.code())).await {
        let model = countersign_events::model_reference(
            "authentik_sources_ldap",
            "ldapsource",
            &key.key().to_string(),
            &source.name,
        );
        let context = json!({"message": format!("{what}: {error}"), "source": model});
        Event::new("configuration_error", EVENTS, context).write(cx, Actor::system()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, quoted};

    #[test]
    fn windows_reads_passwords_in_quotation_marks() {
        let expected = [b'"', 0, b'a', 0, 0xfc, 0, b'"', 0];
        assert_eq!(quoted(&Secret::new("aü")), expected);
    }
}
