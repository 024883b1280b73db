//! The directory in memory, kept up to date by what changed: read whole once, then each search first
//! takes over what was committed since, in whichever process.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use countersign_core::{Context, JobError, Run};
use countersign_events::Event;
use countersign_model::Timestamp;
use countersign_store::{Actor, Row, Sql, SqlValue, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::directory::{Directory, Group, User, custom};
use crate::posix::{Given, Holder, Numbers, Space, Starts};
use crate::provider::Served;
use crate::tree::{Sight, View};

/// Rows of one statement.
const ROWS: usize = 500;
/// More differences than this take longer to take over than everything.
const MOST_CHANGES: i64 = 20_000;
/// Changes that are kept for those who have not read them.
const KEPT: i64 = 100_000;
/// Numbers that one event names.
const NAMED: usize = 20;

/// The directory of a process.
#[derive(Clone, Default)]
pub(crate) struct Index {
    state: Arc<RwLock<State>>,
    /// One takes over what changed; others wait and find it done.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What is known, and up to where.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) directory: Directory,
    /// By provider, with where they began when they were given.
    numbers: HashMap<i64, (Starts, Numbers)>,
    /// When somebody was changed last, as a count.
    versions: HashMap<i64, u64>,
    /// Rises with everything that is taken over.
    pub(crate) version: u64,
    place: Option<Place>,
    none: Numbers,
}

/// How far changes were read.
#[derive(Clone, Default)]
struct Place {
    horizon: i64,
    last: i64,
    /// Those at the horizon and above that were taken over.
    seen: BTreeSet<i64>,
}

/// What was read of the changes since.
enum News {
    Nothing,
    /// Too much, or not all of it is there any more.
    Everything,
    Some {
        place: Place,
        users: Vec<(i64, Option<User>)>,
        groups: Vec<(Uuid, Option<Group>)>,
    },
}

impl State {
    pub(crate) fn numbers(&self, provider: i64) -> &Numbers {
        self.numbers.get(&provider).map_or(&self.none, |(_, numbers)| numbers)
    }

    /// The directory through a provider.
    pub(crate) fn view<'s>(
        &'s self,
        served: &'s Served,
        sight: Sight,
        version: &'s str,
    ) -> View<'s> {
        let numbers = self.numbers(served.number);
        View { tree: &served.tree, directory: &self.directory, numbers, sight, version }
    }

    /// Differs once somebody was changed.
    pub(crate) fn version_of(&self, user: i64) -> u64 {
        self.versions.get(&user).copied().unwrap_or(0)
    }
}

impl Index {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything: nobody is answered any more.
    pub(crate) fn clear(&self) {
        *self.write() = State::default();
    }

    /// Takes over everything that was committed before it was asked.
    ///
    /// # Errors
    /// When the engine fails.
    pub(crate) async fn catch_up(&self, cx: &Context, served: &[Served]) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let place = self.read().place.clone();
        let uids = cx.clone();
        let news = match place {
            Some(place) => cx.store.look_up(move |sql| news(sql, &uids, place)).await?,
            None => News::Everything,
        };
        let changed = match news {
            News::Nothing => false,
            News::Everything => {
                let uids = cx.clone();
                let (directory, place) = cx.store.read(move |sql| everything(sql, &uids)).await?;
                let mut state = self.write();
                let version = state.version + 1;
                *state = State { directory, place: Some(place), version, ..State::default() };
                // Whatever was remembered of somebody is of before.
                state.versions = state.directory.users().keys().map(|pk| (*pk, version)).collect();
                true
            }
            News::Some { place, users, groups } => {
                let mut state = self.write();
                let changed = !users.is_empty() || !groups.is_empty();
                state.version += u64::from(changed);
                let version = state.version;
                state.place = Some(place);
                // Groups first: people say that they are in them.
                for (uuid, group) in groups {
                    match group {
                        Some(group) => state.directory.put_group(group),
                        None => state.directory.remove_group(uuid),
                    }
                }
                for (pk, user) in users {
                    state.versions.insert(pk, version);
                    match user {
                        Some(user) => state.directory.put_user(user),
                        None => state.directory.remove_user(pk),
                    }
                }
                changed
            }
        };
        let is_given = |served: &Served| {
            let state = self.read();
            state
                .numbers
                .get(&served.number)
                .is_some_and(|(starts, _)| *starts == served.tree.starts)
        };
        for served in served.iter().filter(|served| changed || !is_given(served)) {
            self.give_numbers(cx, served).await?;
        }
        Ok(())
    }

    /// Writes down the numbers that are missing at a provider.
    async fn give_numbers(&self, cx: &Context, served: &Served) -> Result<(), StoreError> {
        let (provider, starts) = (served.number, served.tree.starts);
        if !self.read().numbers.contains_key(&provider) {
            let known = cx.store.read(move |sql| numbers(sql, provider)).await?;
            self.write().numbers.insert(provider, (starts, known));
        }
        let is_complete = {
            let state = self.read();
            state.numbers(provider).missing(&state.directory, starts).is_empty()
        };
        if is_complete {
            if let Some((known, _)) = self.write().numbers.get_mut(&provider) {
                *known = starts;
            }
            return Ok(());
        }
        // Decided again inside, on what others have written meanwhile.
        let index = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            let mut numbers = numbers(tx, provider)?;
            let given = numbers.missing(&index.read().directory, starts);
            for some in given.chunks(ROWS) {
                put_numbers(tx, provider, some)?;
            }
            given.iter().for_each(|given| numbers.put(*given));
            Ok::<_, StoreError>((numbers, given))
        };
        let written = cx.store.write(Actor::system(), "numbers of accounts and groups", work);
        let (numbers, given) = written.await?;
        self.write().numbers.insert(provider, (starts, numbers));
        self.tell(cx, served, &given).await;
        Ok(())
    }

    /// One event for the numbers that are not the computed ones.
    async fn tell(&self, cx: &Context, served: &Served, given: &[Given]) {
        let spare = |given: &&Given| given.space != Space::Seen && given.number != given.computed;
        let all: Vec<&Given> = given.iter().filter(spare).collect();
        if all.is_empty() {
            return;
        }
        let named: Vec<Value> = {
            let state = self.read();
            let name = |holder| match holder {
                Holder::User(pk) => state.directory.users().get(&pk).map(|user| &*user.username),
                Holder::Group(uuid) => {
                    state.directory.groups().get(&uuid).map(|group| &*group.name)
                }
                Holder::Seen => None,
            };
            let one = |given: &&Given| {
                json!({
                    "holder": given.holder.text(), "name": name(given.holder),
                    "space": given.space.text(), "computed": given.computed, "given": given.number,
                })
            };
            all.iter().take(NAMED).map(one).collect()
        };
        let message = format!(
            "{} numbers for Unix machines were taken already at the LDAP provider {}: others were given.",
            all.len(),
            served.name
        );
        let context = json!({
            "message": message, "provider": served.name, "number": all.len(), "given": named,
        });
        let event = Event::new("configuration_warning", "authentik.providers.ldap", context);
        event.write(cx, Actor::system()).await;
    }
}

const USER: &str =
    "SELECT id, uuid, username, name, email, is_active, joined, attributes FROM users";
const GROUP: &str = "SELECT uuid, name, is_superuser, parent, attributes FROM user_group";

fn user(row: &Row, cx: &Context, groups: Vec<Uuid>) -> Result<User, StoreError> {
    let (pk, username) = (row.get::<i64>(0)?, row.get::<String>(2)?);
    let mut uid = [0; 32];
    // It is a hash in hexadecimal.
    let _ = hex::decode_to_slice(cx.uid(pk), &mut uid);
    Ok(User {
        pk,
        uuid: row.get(1)?,
        custom: custom(&row.get(7)?, Some(&username)),
        username: username.into(),
        name: row.get::<String>(3)?.into(),
        email: row.get::<String>(4)?.into(),
        uid,
        active: row.get(5)?,
        joined: generalized_time(row.get(6)?).into(),
        groups: groups.into(),
    })
}

/// RFC 4517, 3.3.13.
fn generalized_time(time: Timestamp) -> String {
    let iso = time.iso();
    let digits: String = iso.chars().filter(char::is_ascii_digit).take(14).collect();
    format!("{digits}Z")
}

fn group(row: &Row) -> Result<Group, StoreError> {
    Ok(Group {
        uuid: row.get(0)?,
        name: row.get::<String>(1)?.into(),
        superuser: row.get(2)?,
        parent: row.get(3)?,
        custom: custom(&row.get(4)?, None),
        members: Vec::new(),
    })
}

/// Reads everybody and every group.
fn everything(sql: &mut Sql<'_>, cx: &Context) -> Result<(Directory, Place), StoreError> {
    let mut directory = Directory::default();
    let place = Place { horizon: horizon(sql)?, last: last(sql)?, seen: BTreeSet::new() };
    for row in sql.query(GROUP, params![])? {
        directory.put_group(group(&row)?);
    }
    let mut after = i64::MIN;
    loop {
        let statement = format!("{USER} WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = sql.query(&statement, params![after, 5_000_i64])?;
        let Some(end) = rows.last() else { break };
        let (first, end) = (after, end.get::<i64>(0)?);
        let members = "SELECT user_id, group_uuid FROM membership WHERE user_id > $1 AND user_id <= $2 ORDER BY user_id, group_uuid";
        let mut groups: HashMap<i64, Vec<Uuid>> = HashMap::new();
        for row in sql.query(members, params![first, end])? {
            groups.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        for row in rows {
            let own = groups.remove(&row.get(0)?).unwrap_or_default();
            directory.put_user(user(&row, cx, own)?);
        }
        after = end;
    }
    Ok((directory, place))
}

fn horizon(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let row = sql.query_one("SELECT horizon FROM people_horizon", params![])?;
    row.map_or(Ok(0), |row| row.get(0))
}

fn last(sql: &mut Sql<'_>) -> Result<i64, StoreError> {
    let row = sql.query_one("SELECT COALESCE(MAX(id), 0) FROM people_changed", params![])?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Reads what changed since.
fn news(sql: &mut Sql<'_>, cx: &Context, place: Place) -> Result<News, StoreError> {
    let now = horizon(sql)?;
    let rows = sql.query(
        "SELECT id, stamp, user_id, group_uuid FROM people_changes WHERE stamp >= $1 ORDER BY stamp LIMIT $2",
        params![place.horizon, MOST_CHANGES + 1],
    )?;
    if rows.is_empty() && now == place.horizon {
        return Ok(News::Nothing);
    }
    let first = sql.query_one("SELECT COALESCE(MIN(id), 0) FROM people_changed", params![])?;
    let first = first.map_or(Ok(0), |row| row.get::<i64>(0))?;
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MOST_CHANGES || first > place.last + 1 {
        return Ok(News::Everything);
    }
    let mut next = Place { horizon: now, last: place.last, seen: BTreeSet::new() };
    let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let (id, stamp) = (row.get::<i64>(0)?, row.get::<i64>(1)?);
        next.last = next.last.max(id);
        if stamp >= now {
            next.seen.insert(id);
        }
        if !place.seen.contains(&id) {
            users.extend(row.get::<Option<i64>>(2)?);
            groups.extend(row.get::<Option<Uuid>>(3)?);
        }
    }
    let users = read_users(sql, cx, &users)?;
    let groups = read_groups(sql, &groups)?;
    Ok(News::Some { place: next, users, groups })
}

fn read_users(
    sql: &mut Sql<'_>,
    cx: &Context,
    changed: &BTreeSet<i64>,
) -> Result<Vec<(i64, Option<User>)>, StoreError> {
    let all: Vec<SqlValue> = changed.iter().map(|pk| SqlValue::Int(*pk)).collect();
    let mut found: HashMap<i64, User> = HashMap::new();
    for some in all.chunks(ROWS) {
        let marks = marks(some.len());
        let mut groups: HashMap<i64, Vec<Uuid>> = HashMap::new();
        let members = format!(
            "SELECT user_id, group_uuid FROM membership WHERE user_id IN ({marks}) ORDER BY user_id, group_uuid"
        );
        for row in sql.query(&members, some)? {
            groups.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        for row in sql.query(&format!("{USER} WHERE id IN ({marks})"), some)? {
            let own = groups.remove(&row.get(0)?).unwrap_or_default();
            let user = user(&row, cx, own)?;
            found.insert(user.pk, user);
        }
    }
    Ok(changed.iter().map(|pk| (*pk, found.remove(pk))).collect())
}

fn read_groups(
    sql: &mut Sql<'_>,
    changed: &BTreeSet<Uuid>,
) -> Result<Vec<(Uuid, Option<Group>)>, StoreError> {
    let all: Vec<SqlValue> = changed.iter().map(|uuid| SqlValue::from(*uuid)).collect();
    let mut found: HashMap<Uuid, Group> = HashMap::new();
    for some in all.chunks(ROWS) {
        for row in sql.query(&format!("{GROUP} WHERE uuid IN ({})", marks(some.len())), some)? {
            let group = group(&row)?;
            found.insert(group.uuid, group);
        }
    }
    Ok(changed.iter().map(|uuid| (*uuid, found.remove(uuid))).collect())
}

fn marks(number: usize) -> String {
    (1..=number).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// The numbers that were given at a provider.
fn numbers(sql: &mut Sql<'_>, provider: i64) -> Result<Numbers, StoreError> {
    let mut numbers = Numbers::default();
    let rows = sql.query(
        "SELECT space, holder, computed, number FROM ldap_number WHERE provider_id = $1",
        params![provider],
    )?;
    for row in rows {
        let space = Space::parse(&row.get::<String>(0)?);
        let holder = Holder::parse(&row.get::<String>(1)?);
        if let (Some(space), Some(holder)) = (space, holder) {
            numbers.put(Given { space, holder, computed: row.get(2)?, number: row.get(3)? });
        }
    }
    Ok(numbers)
}

fn put_numbers(tx: &mut Tx<'_>, provider: i64, given: &[Given]) -> Result<(), StoreError> {
    let mut values = vec![SqlValue::Int(provider)];
    let mut rows = Vec::new();
    for given in given {
        let at = values.len();
        rows.push(format!("($1, ${}, ${}, ${}, ${})", at + 1, at + 2, at + 3, at + 4));
        values.extend([
            given.space.text().into(),
            given.holder.text().into(),
            given.computed.into(),
            given.number.into(),
        ]);
    }
    let statement = format!(
        "INSERT INTO ldap_number (provider_id, space, holder, computed, number) VALUES {} \
         ON CONFLICT (provider_id, space, holder, computed) DO UPDATE SET number = excluded.number",
        rows.join(", ")
    );
    tx.execute(&statement, &values)?;
    Ok(())
}

/// Forgets changes that everybody has read long since.
pub(crate) async fn forget_changes(cx: Context, _: Run) -> Result<(), JobError> {
    let work = |tx: &mut Tx<'_>| {
        let statement = "DELETE FROM people_changed WHERE id <= (SELECT COALESCE(MAX(id), 0) FROM people_changed) - $1";
        tx.execute(statement, params![KEPT])
    };
    let forgotten = cx.store.write(Actor::system(), "clean-up of changes", work).await;
    forgotten.map(|_| ()).map_err(|error| JobError::Again(error.to_string()))
}
