//! An identity that is on its way to an account: what a flow's plan knows of it, and what is written
//! when somebody signs in by it.

use countersign_core::{ApiError, find, save};
use countersign_directory::groups::Group;
use countersign_directory::users::User;
use countersign_events::{Event, emit, model_reference};
use countersign_model::{Key, Ref, Timestamp, directory};
use countersign_store::{StoreError, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::connection::{self, GroupSourceConnection, UserSourceConnection};
use crate::matching::{GroupAction, GroupCandidate, group as decide_group};
use crate::properties::NamedGroup;
use crate::session::Upstream;
use crate::source::{Shared, Source, usable};

/// The attribute of accounts that names the sources they came by.
pub const SOURCES_ATTRIBUTE: &str = "goauthentik.io/user/sources";

/// An identity that the other side has named, in the plan of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    pub source: Ref<dyn Source>,
    pub identifier: String,
    /// The account it was connected with when the flow began. Nobody else signs in by it, and
    /// nobody at all once it is disconnected.
    pub connected: Option<i64>,
    pub groups: Vec<NamedGroup>,
    /// The session at the other side.
    #[serde(default)]
    pub upstream: Option<Upstream>,
}

/// Why nobody signs in by an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    #[error("This source was disabled or deleted while you were signing in.")]
    Gone,
    #[error("This identity is connected with another account, or was disconnected meanwhile.")]
    Elsewhere,
    #[error("Failed to update groups. Please try again later.")]
    Groups,
    #[error("An account here has the name that the source has given you, or it is too long.")]
    Name,
}

/// Why an arrival is not settled. Nothing of it is written then.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Unsettled {
    fn because(refusal: Refusal) -> impl Fn(ApiError) -> Unsettled {
        move |error| match error {
            ApiError::Store(error) => Unsettled::Store(error),
            _ => Unsettled::Refused(refusal),
        }
    }
}

impl Arrival {
    /// Connects the identity with an account, unless it is connected already.
    ///
    /// # Errors
    /// [`Refusal::Gone`], [`Refusal::Elsewhere`].
    pub fn connect(&self, tx: &mut Tx<'_>, user: i64) -> Result<(), Unsettled> {
        let graph = tx.graph().snapshot().clone();
        let source = usable(&graph, self.source).ok_or(Refusal::Gone)?;
        let known = connection::connected(tx, self.source, &self.identifier)?;
        match (known, self.connected) {
            (Some((row, account)), _) if account == user => {
                let now = tx.now();
                tx.execute(
                    "UPDATE user_source_connection SET last_updated = $2 WHERE id = $1",
                    params![row, now],
                )?;
                return Ok(());
            }
            (Some(_), _) | (None, Some(_)) => return Err(Refusal::Elsewhere.into()),
            (None, None) if connection::has_any(tx, self.source, user)? => {
                return Err(Refusal::Elsewhere.into());
            }
            (None, None) => {}
        }
        let row = UserSourceConnection {
            id: 0,
            user: Ref::new(Key::Int(user)),
            source: self.source,
            identifier: self.identifier.clone(),
            created: Timestamp::default(),
            last_updated: Timestamp::default(),
        };
        save(tx, row, None).map_err(Unsettled::because(Refusal::Elsewhere))?;
        self.tell(tx, source, user)?;
        Ok(())
    }

    /// Connects the identity and makes the account a member of the groups that the source names,
    /// and of no other that is connected with it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn settle(&self, tx: &mut Tx<'_>, user: i64) -> Result<(), Unsettled> {
        self.connect(tx, user)?;
        let graph = tx.graph().snapshot().clone();
        let source = usable(&graph, self.source).ok_or(Refusal::Gone)?;
        self.join(tx, source, user).map_err(|error| match error {
            ApiError::Store(error) => Unsettled::Store(error),
            error => {
                tracing::warn!(%error, source = source.shared().slug, "groups were not updated");
                Unsettled::Refused(Refusal::Groups)
            }
        })
    }

    /// Notes by which session at the other side the session of this key began.
    ///
    /// # Errors
    /// The store fails.
    pub fn note_session(
        &self,
        tx: &mut Tx<'_>,
        user: i64,
        key_hash: [u8; 32],
    ) -> Result<(), StoreError> {
        match &self.upstream {
            Some(upstream) => upstream.note(tx, self.source, user, key_hash),
            None => Ok(()),
        }
    }

    fn tell(&self, tx: &mut Tx<'_>, source: &dyn Source, user: i64) -> Result<(), StoreError> {
        let Some(account) = countersign_accounts::identity(tx, user)? else { return Ok(()) };
        let entry = tx.graph().entry(self.source.id());
        let (app, model) =
            entry.map(|entry| (entry.meta().app(), entry.meta().model_name())).unwrap_or_default();
        let key = self.source.key().to_string();
        let named = model_reference(app, model, &key, source.shared().name);
        let context = json!({"message": "Linked Source", "source": named});
        let event = Event::new("source_linked", "authentik.core.sources.stage", context);
        emit(tx, event.by_self(account.as_actor())).map(|_| ())
    }

    fn join(&self, tx: &mut Tx<'_>, source: &dyn Source, user: i64) -> Result<(), ApiError> {
        let mut wanted = Vec::with_capacity(self.groups.len());
        for named in &self.groups {
            wanted.push(self.group(tx, source.shared(), named)?);
        }
        let rows = tx.query(
            "SELECT group_uuid FROM group_source_connection WHERE source = $1",
            params![self.source.key()],
        )?;
        let ours = rows.iter().map(|row| row.get::<Uuid>(0)).collect::<Result<Vec<_>, _>>()?;
        if ours.is_empty() {
            return Ok(());
        }
        let Some(before) = find::<User>(tx, user)? else {
            return Err(ApiError::object("The account is gone."));
        };
        let mut after = before.clone();
        after.groups.retain(|group| !group.key().uuid().is_some_and(|uuid| ours.contains(&uuid)));
        after.groups.extend(wanted.into_iter().map(|uuid| Ref::new(Key::Uuid(uuid))));
        save(tx, after, Some(&before)).map(|_| ())
    }

    /// The group here that one of the source is, as the source says it is now.
    fn group(
        &self,
        tx: &mut Tx<'_>,
        shared: Shared<'_>,
        named: &NamedGroup,
    ) -> Result<Uuid, ApiError> {
        let text = |field: &str| named.properties.get(field).and_then(Value::as_str);
        let row = tx.query_one(
            "SELECT group_uuid FROM group_source_connection WHERE source = $1 AND identifier = $2",
            params![self.source.key(), named.identifier.as_str()],
        )?;
        let connected = row.map(|row| row.get::<Uuid>(0)).transpose()?;
        let candidate = match text("name").filter(|name| !name.is_empty()) {
            Some(name) => Some(self.candidate(tx, name)?),
            None => None,
        };
        let group = match decide_group(connected, shared.group_matching_mode, candidate) {
            GroupAction::Known(group) => group,
            GroupAction::Link(group) => {
                self.connect_group(tx, group, named)?;
                group
            }
            GroupAction::Create => {
                let name = text("name").unwrap_or_default().to_owned();
                let made = save(tx, Group { name, ..Group::default() }, None)?.uuid;
                self.connect_group(tx, made, named)?;
                made
            }
            GroupAction::Deny => {
                let name = text("name").unwrap_or(&named.identifier);
                return Err(ApiError::object(format!("The group {name} is not the source’s.")));
            }
        };
        let Some(before) = find::<Group>(tx, group)? else {
            return Err(ApiError::object("The group is gone."));
        };
        // Whether its members are superusers, and which roles they have, no source says.
        let mut after = before.clone();
        if let Some(name) = text("name").filter(|_| named.is_renamed) {
            name.clone_into(&mut after.name);
        }
        if let Some(Value::Object(attributes)) = named.properties.get("attributes") {
            after.attributes.0.extend(attributes.clone());
        }
        save(tx, after, Some(&before))?;
        Ok(group)
    }

    fn candidate(
        &self,
        tx: &mut Tx<'_>,
        name: &str,
    ) -> Result<Option<GroupCandidate<Uuid>>, StoreError> {
        let row = tx.query_one("SELECT uuid FROM user_group WHERE name = $1", params![name])?;
        let Some(group) = row.map(|row| row.get::<Uuid>(0)).transpose()? else { return Ok(None) };
        let graph = tx.graph().snapshot().clone();
        let held = countersign_accounts::held_by_group(tx, group, &graph)?;
        let other = tx.query_one(
            "SELECT 1 FROM group_source_connection WHERE source = $1 AND group_uuid = $2",
            params![self.source.key(), group],
        )?;
        let gives_rights = !countersign_core::Held::default().covers(&held);
        Ok(Some(GroupCandidate { group, gives_rights, has_other: other.is_some() }))
    }

    fn connect_group(
        &self,
        tx: &mut Tx<'_>,
        group: Uuid,
        named: &NamedGroup,
    ) -> Result<(), ApiError> {
        let row = GroupSourceConnection {
            id: 0,
            group: Ref::<directory::Group>::new(Key::Uuid(group)),
            source: self.source,
            identifier: named.identifier.clone(),
            created: Timestamp::default(),
            last_updated: Timestamp::default(),
        };
        save(tx, row, None).map(|_| ())
    }
}
