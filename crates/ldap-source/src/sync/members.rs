//! Who is in which group: first as the directory names them, then as that makes people members
//! here, groups in groups followed to their end.

use std::collections::BTreeSet;

use countersign_core::ApiError;
use countersign_directory::groups::move_members;
use countersign_ldap::client::{Entry, Filter};
use countersign_model::{Ref, Timestamp};
use countersign_sources::Source;
use countersign_store::{StoreError, Tx, params};
use uuid::Uuid;

use super::{Copying, Done, Ended, Pages, Written};
use crate::entry::{Named, dn_key};
use crate::line::{Line, Trouble};
use crate::rows::{self, Sort};

/// Members that one group may name.
const MOST_MEMBERS: usize = 1_000_000;
/// Groups that are written at once.
const TOGETHER: i64 = 50;

/// Whom a group of the directory names.
#[derive(Debug, Clone)]
struct Names {
    group: Named,
    members: Members,
}

#[derive(Debug, Clone)]
enum Members {
    /// By hashes of their distinguished names.
    ByDn(Vec<String>),
    /// By their values of the uniqueness field (`memberUid`).
    ByIdentifier(Vec<String>),
}

impl Written for Names {
    fn name(&self) -> String {
        self.group.dn.clone()
    }
}

/// A group whose members are made those of the directory.
#[derive(Debug, Clone)]
struct Team {
    id: i64,
    uuid: Uuid,
    name: String,
}

impl Written for Team {
    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Copying {
    pub(super) async fn members(&self, line: &mut Line) -> Result<(), Ended> {
        let (base, filter) = (self.settings.group_base(), self.filter(Sort::Group)?);
        let (unique, field) = (
            self.settings.object_uniqueness_field.clone(),
            self.settings.group_membership_field.clone(),
        );
        let from_user = self.settings.lookup_groups_from_user;
        let wanted: &[&str] = if from_user { &[&unique] } else { &[&unique, &field] };
        let mut pages = Pages::new(&base, &filter, wanted);
        while let Some(entries) = pages.next(line, &self.report).await? {
            for entry in &entries {
                // What cannot be named was said when it was not copied.
                let Ok(group) = Named::of(entry, &unique) else { continue };
                let members = if from_user {
                    Members::ByDn(self.who_name(line, &entry.dn, &field).await?)
                } else {
                    named(line, entry, &field).await?
                };
                let (source, began) = (self.source, self.began);
                let names = vec![Names { group, members }];
                self.note(names, move |tx, names| note(tx, (source, began), names)).await?;
            }
        }
        Ok(())
    }

    /// As `write`, of what no report counts.
    async fn note<F>(&self, all: Vec<Names>, work: F) -> Result<(), StoreError>
    where
        F: Fn(&mut Tx<'_>, &Names) -> Result<(), ApiError> + Clone + Send + 'static,
    {
        self.write(Sort::Group, all, move |tx, names| work(tx, names).map(|()| Done::Unsaid)).await
    }

    /// The people who name a group.
    async fn who_name(&self, line: &mut Line, dn: &str, field: &str) -> Result<Vec<String>, Ended> {
        let base = self.settings.user_base();
        let filter = self.filter(Sort::User)?.and(Filter::equal(field, dn));
        let mut pages = Pages::new(&base, &filter, &["1.1"]);
        let mut all = Vec::new();
        while let Some(entries) = pages.next(line, &self.report).await? {
            all.extend(entries.iter().filter_map(|entry| dn_key(&entry.dn)));
            if all.len() > MOST_MEMBERS {
                return Err(Trouble::TooMuch.into());
            }
        }
        Ok(all)
    }

    /// Makes the members of each group those whom the directory names, by way of groups in it.
    pub(super) async fn move_all(&self) -> Result<(), Ended> {
        let (source, mut after) = (self.source, 0_i64);
        loop {
            if self.report.is_cancelled() {
                return Err(Ended::Cancelled);
            }
            let teams = self.cx.store.read(move |sql| {
                let rows = sql.query(
                    "SELECT e.id, g.uuid, g.name FROM ldap_entry e \
                     JOIN group_source_connection c ON c.source = e.source AND c.identifier = e.identifier \
                     JOIN user_group g ON g.uuid = c.group_uuid \
                     WHERE e.source = $1 AND e.is_group = 1 AND e.vanished IS NULL AND e.id > $2 ORDER BY e.id LIMIT $3",
                    params![source.key(), after, TOGETHER],
                )?;
                rows.iter()
                    .map(|row| Ok(Team { id: row.get(0)?, uuid: row.get(1)?, name: row.get(2)? }))
                    .collect::<Result<Vec<_>, StoreError>>()
            });
            let teams = teams.await?;
            let Some(last) = teams.last() else { return Ok(()) };
            after = last.id;
            self.write(Sort::Group, teams, move |tx, team| move_one(tx, source, team)).await?;
        }
    }
}

/// The members that an entry names: all of them, also where the directory shows them in parts.
async fn named(line: &mut Line, entry: &Entry, field: &str) -> Result<Members, Trouble> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut part = part(entry, field);
    loop {
        all.append(&mut part.values);
        if all.len() > MOST_MEMBERS {
            return Err(Trouble::TooMuch);
        }
        let Some(from) = part.next else { break };
        // `range` of Active Directory (MS-ADTS, 3.1.1.3.1.3.3).
        let wanted = format!("{field};range={from}-*");
        let Some(more) = line.entry(&entry.dn, &[&wanted]).await? else {
            return Err(Trouble::Closed);
        };
        part = self::part(&more, field);
        if part.next.is_some_and(|next| next <= from) {
            return Err(Trouble::Endless);
        }
    }
    let texts = all.into_iter().filter_map(|value| String::from_utf8(value).ok());
    Ok(if field.eq_ignore_ascii_case("memberUid") {
        Members::ByIdentifier(texts.collect())
    } else {
        Members::ByDn(texts.filter_map(|dn| dn_key(&dn)).collect())
    })
}

struct Part {
    values: Vec<Vec<u8>>,
    /// Where the rest begins.
    next: Option<usize>,
}

fn part(entry: &Entry, field: &str) -> Part {
    let (mut values, mut next) = (Vec::new(), None);
    for (name, own) in &entry.attributes {
        let (base, options) = name.split_once(';').unwrap_or((name, ""));
        if !base.eq_ignore_ascii_case(field) {
            continue;
        }
        values.extend(own.iter().cloned());
        let range = options.to_ascii_lowercase();
        let end = range.strip_prefix("range=").and_then(|range| range.split_once('-'));
        if let Some(end) = end.and_then(|(_, end)| end.parse::<usize>().ok()) {
            next = Some(end + 1);
        }
    }
    Part { values, next }
}

/// Writes whom a group names, as far as it differs.
fn note(
    tx: &mut Tx<'_>,
    (source, began): (Ref<dyn Source>, Timestamp),
    names: &Names,
) -> Result<(), ApiError> {
    let known = rows::known(tx, source, Sort::Group, &names.group.identifier)?;
    // What was not copied in this run has no members of it.
    let Some(group) = known.filter(|known| known.seen >= began).map(|known| known.id) else {
        return Ok(());
    };
    let found = match &names.members {
        Members::ByDn(keys) => rows::ids_by(tx, source, "dn_key", keys)?,
        Members::ByIdentifier(all) => rows::ids_by(tx, source, "identifier", all)?,
    };
    let wanted: BTreeSet<i64> = found.into_values().filter(|member| *member != group).collect();
    let rows = tx.query("SELECT member FROM ldap_member WHERE parent = $1", params![group])?;
    let had = rows.iter().map(|row| row.get(0)).collect::<Result<BTreeSet<i64>, _>>()?;
    for gone in had.difference(&wanted).copied() {
        tx.execute(
            "DELETE FROM ldap_member WHERE parent = $1 AND member = $2",
            params![group, gone],
        )?;
    }
    for new in wanted.difference(&had).copied() {
        tx.execute(
            "INSERT INTO ldap_member (parent, member) VALUES ($1, $2) ON CONFLICT (parent, member) DO NOTHING",
            params![group, new],
        )?;
    }
    Ok(())
}

/// Puts into a group whom the directory has in it, and takes out whom it has not. Whoever is no
/// account of the source stays.
fn move_one(tx: &mut Tx<'_>, source: Ref<dyn Source>, team: &Team) -> Result<Done, ApiError> {
    let rows = tx.query(
        "WITH RECURSIVE down (id) AS (SELECT id FROM ldap_entry WHERE id = $1 \
         UNION SELECT e.id FROM down d JOIN ldap_member m ON m.parent = d.id JOIN ldap_entry e ON e.id = m.member AND e.is_group = 1 AND e.vanished IS NULL) \
         SELECT DISTINCT c.user_id FROM down d JOIN ldap_member m ON m.parent = d.id \
         JOIN ldap_entry e ON e.id = m.member AND e.is_group = 0 AND e.vanished IS NULL \
         JOIN user_source_connection c ON c.source = e.source AND c.identifier = e.identifier",
        params![team.id],
    )?;
    let wanted = rows.iter().map(|row| row.get(0)).collect::<Result<BTreeSet<i64>, _>>()?;
    let rows = tx.query(
        "SELECT m.user_id FROM membership m JOIN user_source_connection c ON c.user_id = m.user_id AND c.source = $1 WHERE m.group_uuid = $2",
        params![source.key(), team.uuid],
    )?;
    let had = rows.iter().map(|row| row.get(0)).collect::<Result<BTreeSet<i64>, _>>()?;
    let moves: Vec<(i64, bool)> = had
        .difference(&wanted)
        .map(|account| (*account, false))
        .chain(wanted.difference(&had).map(|account| (*account, true)))
        .collect();
    if moves.is_empty() {
        return Ok(Done::Unsaid);
    }
    move_members(tx, (team.uuid, &team.name), &moves)?;
    let added = moves.iter().filter(|(_, add)| *add).count();
    Ok(Done::Moved(format!("{added} members more, {} less", moves.len() - added)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_in_parts_are_asked_on_for() {
        let entry = |name: &str| Entry {
            dn: "cn=a".to_owned(),
            attributes: vec![
                ("member".to_owned(), Vec::new()),
                (name.to_owned(), vec![b"cn=b".to_vec()]),
            ],
        };
        let parts = |name: &str| {
            let part = part(&entry(name), "member");
            (part.values.len(), part.next)
        };
        assert_eq!(parts("member;range=0-1499"), (1, Some(1500)));
        assert_eq!(parts("MEMBER;Range=1500-*"), (1, None));
        assert_eq!(parts("member"), (1, None));
        assert_eq!(parts("other"), (0, None));
    }
}
