//! The account of an outpost: what shows its token may read what the outpost needs, and no more.
//!
//! It is made with the outpost, in the transaction that makes it, by whichever door, is called as
//! the outpost is, and goes with it. What it holds is not stored but follows from the outpost
//! ([`Principal`]), so that an edit of either is enough.

use std::collections::BTreeMap;

use countersign_accounts::bounds;
use countersign_catalogue::{Brand, CertificateKeyPair};
use countersign_core::{Given, Held, Permission, Principal};
use countersign_directory::{
    Called, ManagedToken, keep_token, make_principal, remove_principal, rename_principal,
};
use countersign_model::{
    Entry, Fields as _, Key, ObjectId, Ref, Snapshot, Table, Target as _, directory,
};
use countersign_store::{StoreError, Tx, params};
use uuid::Uuid;

use crate::outpost::{Outpost, token_identifier};

/// Folder that accounts of outposts are kept in.
const PATH: &str = "goauthentik.io/outposts";
const ADD_EVENT: Permission = Permission::on("authentik_events.event", "add");
const VIEW_USER: Permission = Permission::on("authentik_core.user", "view");
const VIEW_GROUP: Permission = Permission::on("authentik_core.group", "view");

/// Whose account an outpost has.
#[derive(Debug, Clone, Table)]
#[table(name = "outpost_account")]
pub(crate) struct OutpostAccount {
    #[column(key)]
    outpost: Uuid,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
}

impl Principal for Outpost {
    fn gives(&self, id: ObjectId, snapshot: &Snapshot) -> Vec<Given> {
        let mut given =
            vec![Given::on(Permission::view(Outpost::META), id), Given::global(ADD_EVENT)];
        if self.r#type == crate::OutpostType::Ldap {
            given.extend([VIEW_USER, VIEW_GROUP].map(Given::global));
        }
        for entry in self.providers.iter().filter_map(|provider| snapshot.member(*provider)) {
            given.push(Given::on(Permission::view(entry.meta()), entry.id));
            if self.r#type.has_certificates() {
                given.extend(certificate(entry, "certificate").into_iter().flat_map(reading));
            }
        }
        if self.is_embedded() {
            for entry in snapshot.entries(Brand::SPACE) {
                let certificate = certificate(entry, "web_certificate");
                if certificate.is_some() {
                    given.push(Given::on(Permission::view(Brand::META), entry.id));
                }
                given.extend(certificate.into_iter().flat_map(reading));
            }
        }
        given.sort_unstable();
        given.dedup();
        given
    }
}

/// The certificate that a field names.
fn certificate(entry: &Entry, field: &str) -> Option<ObjectId> {
    let key = Key::from_json(&entry.object.value(field)?, CertificateKeyPair::META.key)?;
    Some(ObjectId::new(CertificateKeyPair::SPACE, key))
}

/// What it takes to serve by a certificate.
fn reading(certificate: ObjectId) -> [Given; 3] {
    [
        Permission::view(CertificateKeyPair::META),
        Permission::VIEW_CERTIFICATE,
        Permission::VIEW_CERTIFICATE_KEY,
    ]
    .map(|permission| Given::on(permission, certificate))
}

/// Makes, names and removes accounts as edits of outposts want it. Run at the end of every edit of
/// the configuration, so an account that somebody removed is back with the next one.
///
/// # Errors
/// The store fails; or who edits would give an outpost what is not theirs to give.
pub(crate) fn keep(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let accounts: BTreeMap<Uuid, i64> = tx
        .query("SELECT outpost, user_id FROM outpost_account", params![])?
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<_, StoreError>>()?;
    let outposts: BTreeMap<Uuid, String> = named(tx.graph());
    let before = named(tx.before());
    for (uuid, name) in &outposts {
        let shown = format!("Outpost {name} Service-Account");
        match accounts.get(uuid) {
            Some(pk) if before.get(uuid) == Some(name) => keep_own_token(tx, *uuid, name, *pk)?,
            Some(pk) => {
                rename_principal(tx, *pk, &shown)?;
                keep_own_token(tx, *uuid, name, *pk)?;
            }
            None => {
                let username = format!("ak-outpost-{}", uuid.simple());
                let called = Called { username: &username, name: &shown, path: PATH };
                let pk = make_principal(tx, called)?;
                tx.execute(
                    "INSERT INTO outpost_account (outpost, user_id) VALUES ($1, $2)",
                    params![*uuid, pk],
                )?;
                keep_own_token(tx, *uuid, name, pk)?;
            }
        }
    }
    for (_, pk) in accounts.iter().filter(|(uuid, _)| !outposts.contains_key(*uuid)) {
        remove_principal(tx, *pk)?;
    }
    within(tx)
}

fn named(snapshot: &Snapshot) -> BTreeMap<Uuid, String> {
    let outposts = snapshot.list::<Outpost>();
    outposts
        .filter_map(|(reference, outpost)| Some((reference.key().uuid()?, outpost.name.clone())))
        .collect()
}

fn keep_own_token(tx: &mut Tx<'_>, uuid: Uuid, name: &str, pk: i64) -> Result<(), StoreError> {
    let identifier = token_identifier(uuid);
    let token = ManagedToken {
        identifier: &identifier,
        managed: &format!("goauthentik.io/outpost/{identifier}"),
        description: &format!("Autogenerated by authentik for Outpost {name}"),
    };
    keep_token(tx, pk, token)
}

/// Whoever edits gives outposts nothing that they do not hold: who knows the token of one would
/// otherwise read by it what only others may. What the same edit makes is their own.
fn within(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let Some((_, held)) = bounds(tx)? else { return Ok(()) };
    let (now, before) = (tx.graph().snapshot(), tx.before());
    let given = |snapshot: &Snapshot, id: ObjectId| {
        let outpost = snapshot.entry(id).and_then(|entry| entry.cast::<Outpost>());
        outpost.map(|outpost| outpost.gives(id, snapshot)).unwrap_or_default()
    };
    for entry in now.entries(Outpost::SPACE) {
        let was = given(before, entry.id);
        let gained = given(now, entry.id).into_iter().filter(|given| !was.contains(given));
        let is_new = |given: &Given| given.object.is_some_and(|id| before.entry(id).is_none());
        for given in gained.filter(|given| !is_new(given)) {
            if !holds(&held, given, before) {
                return Err(StoreError::Denied(MORE));
            }
        }
    }
    Ok(())
}

const MORE: &str = "You cannot give an outpost what you do not hold yourself.";

fn holds(held: &Held, given: Given, snapshot: &Snapshot) -> bool {
    let family = given
        .object
        .and_then(|id| snapshot.entry(id))
        .and_then(|entry| entry.meta().family)
        .map(|family| given.permission.of(family));
    held.has(given.permission, given.object)
        || family.is_some_and(|permission| held.has(permission, given.object))
}
