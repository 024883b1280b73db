//! Groups, without their members.

use countersign_core::{ApiError, find, save};
use countersign_directory::groups::Group;
use countersign_ldap::client::Entry;
use countersign_model::{Key, Ref, Timestamp, directory};
use countersign_sources::{GroupSourceConnection, PropertiesError, Source};
use countersign_store::{StoreError, Tx, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Copying, Done, Written, attributes, text};
use crate::entry::Named;
use crate::rows::{self, Made, Sort};

/// A group as the directory has it.
#[derive(Debug, Clone)]
struct Team {
    named: Named,
    name: String,
    attributes: Map<String, Value>,
}

impl Written for Team {
    fn name(&self) -> String {
        format!("{} ({})", self.name, self.named.dn)
    }
}

impl Copying {
    pub(super) async fn groups(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut teams = Vec::with_capacity(entries.len());
        for (named, entry) in self.placed(Sort::Group, entries).await? {
            match self.team(named, entry).await? {
                Ok(team) => teams.push(team),
                Err(why) => self.report.failed(Sort::Group, &entry.dn, &why),
            }
        }
        let (source, parent, began) = (self.source, self.settings.sync_parent_group, self.began);
        self.write(Sort::Group, teams, move |tx, team| put(tx, (source, parent, began), team))
            .await?;
        self.report.saw(entries.len());
        Ok(())
    }

    async fn team(&self, named: Named, entry: &Entry) -> Result<Result<Team, String>, StoreError> {
        // Whether its members are superusers no source says.
        let properties = match self.mapped(Sort::Group, entry).await {
            Ok(properties) => properties,
            Err(PropertiesError::Store(error)) => return Err(error),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let Some(name) = text(&properties, "name").filter(|name| !name.is_empty()) else {
            return Ok(Err("No property mapping has said a name.".to_owned()));
        };
        let attributes = attributes(&properties, &named);
        Ok(Ok(Team { named, name, attributes }))
    }
}

/// The group here that an entry is.
pub(super) fn connected(
    tx: &mut Tx<'_>,
    source: Ref<dyn Source>,
    identifier: &str,
) -> Result<Option<Uuid>, StoreError> {
    let row = tx.query_one(
        "SELECT group_uuid FROM group_source_connection WHERE source = $1 AND identifier = $2",
        params![source.key(), identifier],
    )?;
    row.map(|row| row.get(0)).transpose()
}

fn put(
    tx: &mut Tx<'_>,
    (source, parent, began): (Ref<dyn Source>, Option<Ref<directory::Group>>, Timestamp),
    team: &Team,
) -> Result<Done, ApiError> {
    let Team { named, name, .. } = team;
    let Some(known) = rows::placed(tx, (source, Sort::Group, began), named)? else {
        return Ok(Done::Unsaid);
    };
    let over = |before: &Group| {
        let mut after = Group { name: name.clone(), ..before.clone() };
        after.parent = parent.or(after.parent);
        after.attributes.0.extend(team.attributes.clone());
        after
    };
    let Some(uuid) = connected(tx, source, &named.identifier)? else {
        let uuid = save(tx, over(&Group::default()), None)?.uuid;
        rows::note_made(tx, known.id, Made::Now(uuid))?;
        let row = GroupSourceConnection {
            id: 0,
            group: Ref::new(Key::Uuid(uuid)),
            source,
            identifier: named.identifier.clone(),
            created: Timestamp::default(),
            last_updated: Timestamp::default(),
        };
        save(tx, row, None)?;
        return Ok(Done::Made);
    };
    let Some(before) = find::<Group>(tx, uuid)? else {
        return Err(ApiError::object("The group is gone."));
    };
    let after = over(&before);
    let all = [
        ("name", before.name != after.name),
        ("parent", before.parent != after.parent),
        ("attributes", before.attributes.0 != after.attributes.0),
    ];
    let what: Vec<&str> =
        all.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    save(tx, after, Some(&before))?;
    Ok(if what.is_empty() { Done::Same } else { Done::Changed(what.join(", ")) })
}
