//! Whatever a delegate calls, nobody comes to hold what the delegate does not: random calls, and
//! rights computed from the tables by a second function that knows nothing of the first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign_core::{ApiError, Permission, Permissions, Role, permissions, save};
use countersign_directory::groups::Group;
use countersign_model::{Space, Target as _};
use countersign_store::{Actor, Sql, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::tables::{World, person};

/// As long as calls are made.
const FOR: Duration = Duration::from_secs(20);
/// At least this many, however slow the machine is.
const AT_LEAST: usize = 600;

/// All that an account holds: `*` for a superuser, else permissions, on objects with their key.
type Held = BTreeSet<String>;

/// What everybody holds, from the tables and the objects as they are stored.
async fn held(world: &World) -> BTreeMap<i64, Held> {
    let snapshot = world.cx.snapshot();
    let texts = |value: Option<Value>| -> Vec<String> {
        let items = value.and_then(|value| value.as_array().cloned()).unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut of_role: BTreeMap<String, Held> = BTreeMap::new();
    for role in snapshot.entries(Space("role")) {
        let held = texts(role.object.value("permissions")).into_iter().collect();
        of_role.insert(role.id.key.to_string(), held);
    }
    let mut of_user: BTreeMap<i64, Held> = BTreeMap::new();
    for grant in snapshot.entries(Space("grant")) {
        let values = grant.object.values();
        let object = values["object"].as_object();
        let on = object.map(|o| format!(" on {}", o["pk"].to_string().trim_matches('"')));
        let held = values["permission"].as_str().unwrap().to_owned() + &on.unwrap_or_default();
        if let Some(role) = values["role"].as_str() {
            of_role.entry(role.to_owned()).or_default().insert(held.clone());
        }
        if let Some(user) = values["user"].as_i64() {
            of_user.entry(user).or_default().insert(held);
        }
    }
    let read = |sql: &mut Sql<'_>| {
        let mut groups: BTreeMap<Uuid, (bool, Option<Uuid>)> = BTreeMap::new();
        for row in sql.query("SELECT uuid, is_superuser, parent FROM user_group", params![])? {
            groups.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
        let mut roles: Vec<(Uuid, Uuid)> = Vec::new();
        for row in sql.query("SELECT group_uuid, role FROM group_role", params![])? {
            roles.push((row.get(0)?, row.get(1)?));
        }
        let mut members: Vec<(i64, Uuid)> = Vec::new();
        for row in sql.query("SELECT user_id, group_uuid FROM membership", params![])? {
            members.push((row.get(0)?, row.get(1)?));
        }
        let mut rows: Vec<(Option<Uuid>, Option<i64>, String)> = Vec::new();
        let all = "SELECT role, user_id, permission, object_id, object_uuid FROM role_grant";
        for row in sql.query(all, params![])? {
            let number: Option<i64> = row.get(3)?;
            let uuid: Option<Uuid> = row.get(4)?;
            let key = number.map(|n| n.to_string()).or(uuid.map(|u| u.to_string())).unwrap();
            rows.push((row.get(0)?, row.get(1)?, format!("{} on {key}", row.get::<String>(2)?)));
        }
        let mut users: Vec<i64> = Vec::new();
        for row in sql.query("SELECT id FROM users", params![])? {
            users.push(row.get(0)?);
        }
        Ok::<_, StoreError>((groups, roles, members, rows, users))
    };
    let (groups, roles, members, rows, users) = world.cx.store.read(read).await.unwrap();
    for (role, user, held) in rows {
        if let Some(role) = role {
            of_role.entry(role.to_string()).or_default().insert(held.clone());
        }
        if let Some(user) = user {
            of_user.entry(user).or_default().insert(held);
        }
    }
    let mut all = BTreeMap::new();
    for user in users {
        let mut held = of_user.remove(&user).unwrap_or_default();
        let mut todo: Vec<Uuid> =
            members.iter().filter(|(pk, _)| *pk == user).map(|(_, group)| *group).collect();
        let mut seen = BTreeSet::new();
        while let Some(group) = todo.pop() {
            if !seen.insert(group) {
                continue;
            }
            let Some((is_superuser, parent)) = groups.get(&group) else { continue };
            if *is_superuser {
                held.insert("*".to_owned());
            }
            todo.extend(*parent);
            for (_, role) in roles.iter().filter(|(of, _)| *of == group) {
                held.extend(of_role.get(&role.to_string()).cloned().unwrap_or_default());
            }
        }
        all.insert(user, held);
    }
    all
}

/// Whether one who holds `own` holds this, too.
fn has(own: &Held, held: &str) -> bool {
    let global = held.split(' ').next().unwrap_or_default();
    own.contains("*") || own.contains(held) || own.contains(global)
}

/// A sequence of numbers that a seed says.
struct Dice(u64);

impl Dice {
    /// Below `most`.
    fn roll(&mut self, most: usize) -> usize {
        // Numbers from "Some good random number generators", Marsaglia: xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most.max(1)).unwrap()).unwrap()
    }

    /// Rather one that the delegate made: most of the others hold more.
    fn rather_made<T: Clone>(&mut self, of: &[(T, bool)]) -> T {
        let made: Vec<&T> = of.iter().filter(|(_, made)| *made).map(|(key, _)| key).collect();
        if made.is_empty() || self.roll(6) == 0 {
            self.one(of).0.clone()
        } else {
            (*self.one(&made)).clone()
        }
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.roll(of.len());
        &of[at]
    }
}

/// What delegates are always given: the roads on which others got further than they should.
const ALWAYS: [&str; 16] = [
    "authentik_core.view_user",
    "authentik_core.add_user",
    "authentik_core.change_user",
    "authentik_core.reset_user_password",
    "authentik_core.impersonate",
    "authentik_core.view_group",
    "authentik_core.add_group",
    "authentik_core.change_group",
    "authentik_core.add_user_to_group",
    "authentik_core.add_token",
    "authentik_rbac.view_role",
    "authentik_rbac.add_role",
    "authentik_rbac.add_initialpermissions",
    "authentik_rbac.change_role",
    "authentik_rbac.assign_role_permissions",
    "authentik_core.assign_user_permissions",
];

/// The keys of what there is, each with whether the delegate made it.
struct Keys {
    users: Vec<(i64, bool)>,
    groups: Vec<(String, bool)>,
    roles: Vec<(String, bool)>,
    tokens: Vec<String>,
}

/// Names of what the delegate makes are a letter and a number.
fn is_made(name: &str) -> bool {
    name.get(1..).is_some_and(|rest| rest.parse::<usize>().is_ok())
}

async fn keys(world: &World) -> Keys {
    let read = |sql: &mut Sql<'_>| {
        let (mut users, mut groups, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        for row in sql.query("SELECT id, username FROM users", params![])? {
            users.push((row.get(0)?, is_made(&row.get::<String>(1)?)));
        }
        for row in sql.query("SELECT uuid, name FROM user_group", params![])? {
            let uuid: Uuid = row.get(0)?;
            groups.push((uuid.to_string(), is_made(&row.get::<String>(1)?)));
        }
        for row in sql.query("SELECT identifier FROM token", params![])? {
            tokens.push(row.get(0)?);
        }
        Ok::<_, StoreError>((users, groups, tokens))
    };
    let (users, groups, tokens) = world.cx.store.read(read).await.unwrap();
    let snapshot = world.cx.snapshot();
    let roles = snapshot.entries(Role::SPACE);
    let roles = roles.map(|role| (role.id.key.to_string(), is_made(&role.label().unwrap())));
    Keys { users, groups, roles: roles.collect(), tokens }
}

/// Puts the delegate back into its group, with the role as it was.
fn restore(tx: &mut Tx<'_>, delegate: i64, held: BTreeSet<Permission>) -> Result<(), StoreError> {
    let role = Role { name: "delegates".to_owned(), permissions: Permissions(held) };
    tx.draft().put(Uuid::from_u128(1), role);
    let group = tx.query_one(
        "SELECT g.uuid FROM user_group g JOIN group_role r ON r.group_uuid = g.uuid WHERE r.role = $1 AND g.parent IS NULL AND g.is_superuser = 0 LIMIT 1",
        params![Uuid::from_u128(1)],
    )?;
    let group: Uuid = match group {
        Some(row) => row.get(0)?,
        None => {
            let uuid = tx.entropy().uuid();
            let name = format!("Delegates {uuid}");
            tx.execute(
                "INSERT INTO user_group (uuid, name, is_superuser, attributes) VALUES ($1, $2, 0, '{}')",
                params![uuid, name],
            )?;
            tx.execute(
                "INSERT INTO group_role (group_uuid, role) VALUES ($1, $2)",
                params![uuid, Uuid::from_u128(1)],
            )?;
            uuid
        }
    };
    tx.execute(
        "INSERT INTO membership (user_id, group_uuid) VALUES ($1, $2) ON CONFLICT (user_id, group_uuid) DO NOTHING",
        params![delegate, group],
    )?;
    Ok(())
}

/// Random calls by one delegate, with what each came to.
struct Calls {
    dice: Dice,
    made: BTreeMap<&'static str, (usize, usize)>,
    serial: usize,
}

impl Calls {
    /// The next call: its name, method, path, body, and whose rights it would lend.
    async fn next(&mut self, world: &World) -> (&'static str, Method, String, Value, Option<i64>) {
        let Keys { users, groups, roles, tokens } = keys(world).await;
        self.serial += 1;
        let (n, dice) = (self.serial, &mut self.dice);
        let all: Vec<&str> = ALWAYS.to_vec();
        let mut names: Vec<String> = Vec::new();
        for _ in 0..=dice.roll(1) {
            names.push(match dice.roll(5) {
                0 => dice.one(permissions()).permission.to_string(),
                _ => (*dice.one(&all)).to_owned(),
            });
        }
        let (user, group) = (dice.rather_made(&users), dice.rather_made(&groups));
        let (role, token) = (dice.rather_made(&roles), dice.one(&tokens).clone());
        let other = dice.rather_made(&groups);
        match dice.roll(17) {
            0 => (
                "make a user",
                Method::POST,
                "core/users/".to_owned(),
                json!({"username": format!("u{n}"), "name": "u", "groups": if dice.roll(2) == 0 { json!([]) } else { json!([group]) }}),
                None,
            ),
            1 => (
                "change a user",
                Method::PATCH,
                format!("core/users/{user}/"),
                json!({"groups": [group], "name": format!("n{n}")}),
                None,
            ),
            2 => (
                "rename a user",
                Method::PATCH,
                format!("core/users/{user}/"),
                json!({"email": format!("n{n}@example.org")}),
                Some(user),
            ),
            3 => (
                "set a password",
                Method::POST,
                format!("core/users/{user}/set_password/"),
                json!({"password": format!("pass word {n}")}),
                Some(user),
            ),
            4 => (
                "impersonate",
                Method::POST,
                format!("core/users/{user}/impersonate/"),
                json!({"reason": "test"}),
                Some(user),
            ),
            5 => (
                "make a group",
                Method::POST,
                "core/groups/".to_owned(),
                json!({"name": format!("g{n}"), "users": [user], "parent": if dice.roll(2) == 0 { Value::Null } else { json!(group) }, "roles": if dice.roll(2) == 0 { json!([]) } else { json!([role]) }, "is_superuser": dice.roll(10) == 0}),
                None,
            ),
            6 => (
                "change a group",
                Method::PATCH,
                format!("core/groups/{group}/"),
                match dice.roll(4) {
                    0 => json!({"parent": other}),
                    1 => json!({"roles": [role]}),
                    2 => json!({"is_superuser": true}),
                    _ => json!({"users": [user]}),
                },
                None,
            ),
            7 => (
                "add to a group",
                Method::POST,
                format!("core/groups/{group}/add_user/"),
                json!({"pk": user}),
                None,
            ),
            8 => (
                "make a role",
                Method::POST,
                "rbac/roles/".to_owned(),
                json!({"name": format!("r{n}")}),
                None,
            ),
            9 => (
                "give a role",
                Method::POST,
                format!("rbac/permissions/assigned_by_roles/{role}/assign/"),
                json!({"permissions": names}),
                None,
            ),
            10 => (
                "give a user",
                Method::POST,
                format!("rbac/permissions/assigned_by_users/{user}/assign/"),
                json!({"permissions": names}),
                None,
            ),
            11 => (
                "give on a user",
                Method::POST,
                format!("rbac/permissions/assigned_by_users/{user}/assign/"),
                json!({"permissions": ["authentik_core.change_user"], "model": "authentik_core.user", "object_pk": dice.rather_made(&users).to_string()}),
                None,
            ),
            12 => (
                "make a token",
                Method::POST,
                "core/tokens/".to_owned(),
                json!({"identifier": format!("t{n}"), "user": user, "intent": "api"}),
                None,
            ),
            13 => (
                "see a key",
                Method::GET,
                format!("core/tokens/{token}/view_key/"),
                Value::Null,
                None,
            ),
            14 => (
                "say what is given first",
                Method::POST,
                "rbac/initial_permissions/".to_owned(),
                json!({"name": format!("i{n}"), "mode": "user", "role": role, "permissions": []}),
                None,
            ),
            15 => (
                "make a blueprint",
                Method::POST,
                "managed/blueprints/".to_owned(),
                json!({"name": format!("b{n}"), "content": "version: 1\nentries: []\n"}),
                None,
            ),
            _ => (
                "make a service account",
                Method::POST,
                "core/users/service_account/".to_owned(),
                json!({"name": format!("s{n}"), "create_group": true}),
                None,
            ),
        }
    }
}

async fn walk(
    seed: u64,
    time: Duration,
    least: usize,
) -> (usize, usize, BTreeMap<&'static str, (usize, usize)>) {
    let world = World::new().await;
    let mut dice = Dice(seed);
    let half: BTreeSet<Permission> = permissions()
        .iter()
        .map(|listed| listed.permission)
        .filter(|_| dice.roll(2) == 0)
        .chain(ALWAYS.iter().map(|name| Permission::parse(name).unwrap()))
        .collect();
    let of_delegates = half.clone();
    let prepare = move |tx: &mut Tx<'_>| {
        let half = &of_delegates;
        let role = |tx: &mut Tx<'_>, number: u128, name: &str, held: BTreeSet<Permission>| {
            let role = Role { name: name.to_owned(), permissions: Permissions(held) };
            tx.draft().put(Uuid::from_u128(number), role)
        };
        let delegates = role(tx, 1, "delegates", half.clone());
        let most = role(tx, 2, "most", permissions().iter().map(|l| l.permission).collect());
        let little = role(tx, 3, "little", half.iter().take(3).copied().collect());
        let delegate = person(tx, "delegate")?;
        for (name, user, role) in [
            ("Delegates", Some(delegate), delegates),
            ("Most", None, most),
            ("Little", None, little),
        ] {
            let users = match user {
                Some(user) => vec![user],
                None => vec![person(tx, if name == "Most" { "more" } else { "less" })?],
            };
            let name = name.to_owned();
            save(tx, Group { name, users, roles: vec![role.cast()], ..Group::default() }, None)?;
        }
        Ok::<_, ApiError>(())
    };
    world.cx.store.write(Actor::system(), "prepared", prepare).await.unwrap();
    let delegate = world.person("delegate").await;
    let mut before = held(&world).await;
    let own = before[&delegate].clone();
    let mut calls = Calls { dice, made: BTreeMap::new(), serial: 0 };
    let (begun, mut made, mut done) = (Instant::now(), 0, 0);
    while made < least || begun.elapsed() < time {
        let (name, method, path, body, lent) = calls.next(&world).await;
        let (status, answer) = world.call("delegate", method, &path, body.clone()).await;
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{name} {path} {body}: {answer}");
        made += 1;
        let count = calls.made.entry(name).or_default();
        count.0 += 1;
        if !status.is_success() {
            continue;
        }
        done += 1;
        count.1 += 1;
        if let Some(lent) = lent {
            for held in &before[&lent] {
                assert!(has(&own, held), "seed {seed}, call {made}: {name} {path} reaches {held}");
            }
        }
        let after = held(&world).await;
        for (user, now) in &after {
            let was = before.get(user).cloned().unwrap_or_default();
            for gained in now.difference(&was) {
                assert!(
                    has(&own, gained),
                    "seed {seed}, call {made}: {name} {path} {body} gives {user} {gained}"
                );
            }
        }
        // Keys of tokens act as whose they are.
        if name == "see a key" {
            let identifier = path.split('/').nth(2).unwrap().to_owned();
            let read = move |sql: &mut Sql<'_>| {
                let row = sql.query_one(
                    "SELECT user_id FROM token WHERE identifier = $1",
                    params![&identifier],
                )?;
                row.map(|row| row.get::<i64>(0)).transpose()
            };
            let owner =
                world.cx.store.read(read).await.unwrap_or_else(|e: StoreError| panic!("{e}"));
            for held in &after[&owner.unwrap()] {
                assert!(has(&own, held), "seed {seed}: {path} shows a key that reaches {held}");
            }
        }
        before = after;
        if before[&delegate] != own {
            // What it took from itself is given back, so that it goes on.
            let half = half.clone();
            let again = move |tx: &mut Tx<'_>| restore(tx, delegate, half.clone());
            world.cx.store.write(Actor::system(), "restored", again).await.unwrap();
            before = held(&world).await;
        }
    }
    (made, done, calls.made)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_to_hold_what_a_delegate_does_not() {
    let (mut made, mut done, mut of) = (0, 0, BTreeMap::<&str, (usize, usize)>::new());
    for seed in [7, 11, 1789] {
        let walked = walk(seed, FOR / 3, AT_LEAST / 3).await;
        made += walked.0;
        done += walked.1;
        for (name, (tried, worked)) in walked.2 {
            let count = of.entry(name).or_default();
            count.0 += tried;
            count.1 += worked;
        }
    }
    println!("{made} calls, {done} done: {of:#?}");
    assert!(done * 10 >= made * 3, "only {done} of {made} calls did something");
    let never: Vec<&&str> = of
        .iter()
        .filter(|(name, count)| count.1 == 0 && **name != "make a blueprint")
        .map(|(name, _)| name)
        .collect();
    assert!(never.is_empty(), "never done: {never:?}");
}
