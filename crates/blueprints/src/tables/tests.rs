use std::sync::Arc;

use countersign_core::{Module, PasswordHash};
use countersign_store::{Actor, Store, StoreError, params, sha256};
use serde_json::Map;

use crate::{
    apply::{Job, Machine, commit},
    format::Document,
};

struct Plain;
impl PasswordHash for Plain {
    fn hash(&self, password: &str) -> Result<String, String> {
        Ok(format!("hashed:{password}"))
    }
    fn matches(&self, password: &str, stored: &str) -> bool {
        stored == format!("hashed:{password}")
    }
}

async fn apply(store: &Store, text: &str) -> Result<Vec<(&'static str, Vec<String>)>, String> {
    let job = Job {
        library: vec![Document::parse("t.yaml", text).unwrap()],
        chosen: vec![0],
        tables: super::of(&[Module {
            tables: countersign_directory::tables(),
            ..Module::default()
        }]),
        passwords: Arc::new(Plain),
        machine: Machine::with(|_| None),
        context: Map::new(),
    };
    let outcome = commit(store, Arc::new(job), Actor::system(), "test")
        .await
        .map_err(|error| error.to_string())?;
    Ok(outcome.steps.into_iter().map(|step| (step.action.word(), step.fields)).collect())
}

fn store(folder: &tempfile::TempDir) -> Store {
    countersign_testing::store(folder, [])
}

const PEOPLE: &str = "
entries:
- {model: authentik_core.group, id: parent, identifiers: {name: Staff}, attrs: {is_superuser: true}}
- {model: authentik_core.group, id: child, identifiers: {name: Night}, attrs: {parent: !KeyOf parent, attributes: {shift: 3}}}
- {model: authentik_core.user, id: ada, identifiers: {username: Ada}, attrs: {name: Ada L, email: ada@example.org, groups: [!KeyOf child], attributes: {a: {b: 1}}}}
- {model: authentik_core.token, identifiers: {identifier: t}, attrs: {user: !KeyOf ada, intent: api, expiring: false, key: secret-key}}
- {model: authentik_core.user, identifiers: {attributes: {a: {b: 1}}}, attrs: {name: Ada Lovelace}}
";

#[tokio::test]
async fn rows_are_made_found_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let words = |steps: Vec<(&'static str, Vec<String>)>| {
        steps.into_iter().map(|(word, _)| word).collect::<Vec<_>>()
    };
    let first = apply(&store, PEOPLE).await.unwrap();
    assert_eq!(words(first.clone()), ["create", "create", "create", "create", "change"]);
    assert_eq!(first[4].1, ["name"]);
    let again = PEOPLE
        .replace("name: Ada L,", "name: Ada Lovelace,")
        .replace("username: Ada}", "username: ADA}");
    // Names are found without regard to case, and kept as they are written.
    assert_eq!(
        words(apply(&store, &again.replace("ADA", "Ada")).await.unwrap()),
        ["same", "same", "same", "same", "same"]
    );
    let row: Result<(String, bool, Vec<u8>), StoreError> = store
        .read(|sql| {
            let user = sql.query_one("SELECT password, is_active FROM users", params![])?.unwrap();
            Ok((
                user.get(0)?,
                user.get(1)?,
                sql.query_one("SELECT key_hash FROM token", params![])?.unwrap().get(0)?,
            ))
        })
        .await;
    let (password, active, hash) = row.unwrap();
    assert!(password.starts_with('!') && active);
    assert_eq!(hash, sha256("secret-key"));
    let gone = apply(
        &store,
        "entries: [{model: authentik_core.user, state: absent, identifiers: {username: ada}}]",
    )
    .await
    .unwrap();
    assert_eq!(gone[0].0, "absent", "identifiers are compared exactly");
    apply(
        &store,
        "entries: [{model: authentik_core.user, state: absent, identifiers: {username: Ada}}]",
    )
    .await
    .unwrap();
    let tokens: Result<i64, StoreError> = store
        .read(|sql| sql.query_one("SELECT COUNT(*) FROM token", params![])?.unwrap().get(0))
        .await;
    assert_eq!(tokens.unwrap(), 0);
}

#[tokio::test]
async fn passwords_and_keys_are_set_by_blueprints_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    apply(&store, "entries: [{model: authentik_core.user, identifiers: {username: a}, attrs: {name: A, password: hush}}]").await.unwrap();
    let password: Result<String, StoreError> = store
        .read(|sql| sql.query_one("SELECT password FROM users", params![])?.unwrap().get(0))
        .await;
    assert_eq!(password.unwrap(), "hashed:hush");
    let kept =
        apply(&store, "entries: [{model: authentik_core.user, state: created, identifiers: {username: a}, attrs: {name: A, password: other}}]").await.unwrap();
    assert_eq!(kept[0].0, "keep");
}

#[tokio::test]
async fn wrong_values_are_told_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    apply(&store, PEOPLE).await.unwrap();
    let rows = [
        (
            "{model: authentik_core.user, identifiers: {username: b}}",
            "\"name\":[\"This field is required.\"]",
        ),
        (
            "{model: authentik_core.user, identifiers: {username: ADA}, attrs: {name: x}}",
            "\"username\":[\"This field must be unique.\"]",
        ),
        (
            "{model: authentik_core.user, identifiers: {username: b}, attrs: {name: x, type: robot}}",
            "is not a valid choice",
        ),
        (
            "{model: authentik_core.user, identifiers: {username: b}, attrs: {name: x, path: /a}}",
            "leading or trailing",
        ),
        (
            "{model: authentik_core.user, identifiers: {username: b}, attrs: {name: x, groups: [b2f8a2f0-0000-4000-8000-000000000000]}}",
            "object does not exist",
        ),
        (
            "{model: authentik_core.user, identifiers: {username: b}, attrs: {name: x, attributes: [1]}}",
            "must be a dictionary",
        ),
        (
            "{model: authentik_core.group, identifiers: {name: Staff}, attrs: {parent: !Find [authentik_core.group, [name, Night]]}}",
            "below this one as its parent",
        ),
        (
            "{model: authentik_core.token, identifiers: {identifier: u}, attrs: {intent: api}}",
            "\"user\":[\"This field is required.\"]",
        ),
        (
            "{model: authentik_core.token, identifiers: {identifier: u}, attrs: {user: !Find [authentik_core.user, [username, Ada]], key: secret-key}}",
            "\"key\":[\"This field must be unique.\"]",
        ),
        (
            "{model: authentik_core.token, identifiers: {identifier: t}, attrs: {expires: tomorrow}}",
            "wrong format",
        ),
    ];
    for (entry, wanted) in rows {
        let error = apply(&store, &format!("entries:\n- {entry}\n")).await.unwrap_err();
        assert!(error.contains(wanted), "{entry}: {error}");
    }
}
