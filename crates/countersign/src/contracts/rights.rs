//! Every operation of the API, called by those who hold nothing, something, and everything.

use std::collections::{BTreeMap, BTreeSet};

use countersign_accounts::{grant_object, grant_row};
use countersign_core::{ApiError, Declared, Grant, Permission, Role, permissions, save};
use countersign_directory::groups::Group;
use countersign_directory::users::User;
use countersign_model::{Fields as _, Key, KindMeta, ObjectId, Ref, Space, Target as _};
use countersign_store::{Actor, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::tables::{World, person};

/// One line per operation: who may call it, by which permission. Written by hand from the
/// original's rules; a new operation needs a line.
const TABLE: &str = include_str!("rights.txt");

/// An operation as the document says it.
#[derive(Debug)]
struct Row {
    method: Method,
    path: String,
    access: String,
}

impl Row {
    /// What is needed globally.
    fn needed(&self) -> Vec<Permission> {
        let names = self.access.strip_prefix("permission: ").unwrap_or_default();
        names.split(", ").filter_map(Permission::parse).collect()
    }

    fn on_object(&self) -> Option<Permission> {
        let names = self.access.strip_prefix("permission on the object: ")?;
        Permission::parse(names.split(", ").next()?)
    }

    /// What is needed globally beside the permission on the object.
    fn beside(&self) -> BTreeSet<Permission> {
        let names = self.access.strip_prefix("permission on the object: ").unwrap_or_default();
        names.split(", ").skip(1).filter_map(Permission::parse).collect()
    }
}

async fn rows(world: &World) -> Vec<Row> {
    let document = world.get("root", "schema/?format=json").await;
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push(Row {
                method: method.to_uppercase().parse().unwrap(),
                path: path.trim_start_matches('/').to_owned(),
                access: operation["x-countersign-access"].as_str().unwrap().to_owned(),
            });
        }
    }
    all.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_for_what_the_table_says() {
    let world = World::new().await;
    let rows = rows(&world).await;
    let rows = rows.iter().filter(|row| !row.path.starts_with("testing/"));
    let lines: Vec<String> =
        rows.map(|row| format!("{} {} | {}", row.method, row.path, row.access)).collect();
    for line in &lines {
        println!("{line}");
    }
    let table: BTreeSet<&str> = TABLE.lines().filter(|line| !line.is_empty()).collect();
    let found: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
    let missing: Vec<&&str> = found.difference(&table).collect();
    let gone: Vec<&&str> = table.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "rights.txt says otherwise.\nnot in it: {missing:#?}\nonly in it: {gone:#?}"
    );
    // What everybody may call, and what an account may call without a permission, is short enough
    // to be read.
    let open = found.iter().filter(|line| line.ends_with("| public")).count();
    assert!(open <= 10, "{open} operations are public");
}

/// The people of the walk: `plain` holds nothing, `holder` and `other` what the walk gives to
/// their roles, `all` everything there is without being a superuser.
struct People {
    holder: Uuid,
    other: Uuid,
}

async fn people(world: &World) -> People {
    let made = world.cx.store.write(Actor::system(), "people", |tx: &mut Tx<'_>| {
        let mut roles = Vec::new();
        for name in ["walk1", "walk2"] {
            person(tx, name)?;
            save(tx, Group { name: name.to_owned(), ..Group::default() }, None)?;
        }
        for name in ["plain", "holder", "other", "all"] {
            let user = person(tx, name)?;
            let key = Uuid::from_u128(100 + roles.len() as u128);
            let held = permissions().iter().map(|listed| listed.permission);
            let permissions = held.filter(|_| name == "all").collect();
            let role = Role {
                name: name.to_owned(),
                permissions: countersign_core::Permissions(permissions),
            };
            let role = tx.draft().put(key, role);
            let (users, roles_of) = (vec![user], vec![role.cast()]);
            let name = format!("Group of {name}");
            save(tx, Group { name, users, roles: roles_of, ..Group::default() }, None)?;
            roles.push(key);
        }
        Ok::<_, ApiError>(roles)
    });
    let roles = made.await.unwrap();
    People { holder: roles[1], other: roles[2] }
}

/// Has a role hold these on an object, and nothing else on any.
async fn set(world: &World, role: Uuid, permissions: &[Permission], on: &On) {
    change(world, role, permissions, on, true).await;
}

/// Has a role hold these on an object, too.
async fn give(world: &World, role: Uuid, permissions: &[Permission], on: &On) {
    change(world, role, permissions, on, false).await;
}

async fn change(world: &World, role: Uuid, permissions: &[Permission], on: &On, alone: bool) {
    let (permissions, on) = (permissions.to_vec(), on.clone());
    let shown = format!("{permissions:?} on {on:?}");
    let work = move |tx: &mut Tx<'_>| {
        let of_role = Ref::<Role>::new(role.into()).id();
        let naming: Vec<ObjectId> =
            tx.graph().referrers_in(of_role, Grant::SPACE).map(|(by, _)| by).collect();
        for id in naming.into_iter().filter(|_| alone) {
            tx.draft().delete(id)?;
        }
        if alone {
            tx.execute("DELETE FROM role_grant WHERE role = $1", params![role])?;
        }
        for permission in &permissions {
            match on.object {
                Some(object) => {
                    grant_object(tx, Some(role), None, *permission, Some(object));
                }
                None => {
                    grant_row(tx, Some(role), None, *permission, on.key)?;
                }
            }
        }
        Ok::<_, StoreError>(())
    };
    let done = world.cx.store.write(Actor::system(), "given", work).await;
    done.unwrap_or_else(|error| panic!("{shown}: {error}"));
}

/// Something that permissions are given on.
#[derive(Debug, Clone)]
struct On {
    /// As paths name it.
    text: String,
    key: Key,
    /// Of the configuration; `None` for a row.
    object: Option<ObjectId>,
}

/// Two objects of a model, as far as there are; of connections two of each kind of source.
async fn objects(world: &World, model: &str) -> Vec<On> {
    match world.cx.declared(model).unwrap() {
        Declared::Kind(meta) => {
            let snapshot = world.cx.snapshot();
            let is_one = |entry: &countersign_model::Entry| {
                let own = entry.meta();
                own.model == model || own.family.is_some_and(|family| family.model == model)
            };
            let all = snapshot.entries(meta.space).filter(|entry| is_one(entry)).take(2);
            let on = |entry: &std::sync::Arc<countersign_model::Entry>| {
                let slug = entry.object.value("slug");
                let slug = slug.as_ref().and_then(Value::as_str).filter(|_| meta.lookup == "slug");
                On {
                    text: slug.map_or_else(|| entry.id.key.to_string(), str::to_owned),
                    key: entry.id.key,
                    object: Some(entry.id),
                }
            };
            all.map(on).collect()
        }
        Declared::Table(table, meta) => {
            let key = table.key().unwrap().sql;
            let lookup = table.column(meta.lookup).filter(|column| !column.key);
            let shown = lookup.map_or(key, |column| column.sql);
            // Of nobody who walks.
            let owner = table.owner().map_or(key, |owner| owner.sql);
            let only = match table.name {
                "users" => "username LIKE 'walk%'",
                "user_group" => "name LIKE 'walk%'",
                "token" => "identifier LIKE 'walk%'",
                _ => "1 = 1",
            };
            let statement = format!(
                "SELECT {key}, {shown} FROM {} WHERE {owner} IS NOT NULL AND {only} ORDER BY {key} LIMIT {}",
                table.name,
                if table.name.ends_with("_source_connection") { 4 } else { 2 }
            );
            let read = move |sql: &mut countersign_store::Sql<'_>| {
                let mut found = Vec::new();
                for row in sql.query(&statement, params![])? {
                    let key = row.get(0).map(Key::Int).or_else(|_| row.get(0).map(Key::Uuid))?;
                    let text = row.get::<String>(1).unwrap_or_else(|_| key.to_string());
                    found.push(On { text, key, object: None });
                }
                Ok::<_, StoreError>(found)
            };
            world.cx.store.read(read).await.unwrap()
        }
    }
}

/// Makes a second object like the first, where the API can.
async fn like(world: &World, meta: &KindMeta, first: &On) {
    let path = format!("{}/{}/", meta.path, first.text);
    let (status, mut body) = world.call("root", Method::GET, &path, Value::Null).await;
    if status != StatusCode::OK {
        return;
    }
    for name in ["name", "slug", "identifier", "domain", "username", "field_key", "external_host"] {
        if let Some(text) = body[name].as_str() {
            body[name] = format!("{text}-2").into();
        }
    }
    for name in ["managed", "policy", "provider", "default"] {
        if body.get(name).is_some() && !(name == "policy" && meta.model.ends_with("policybinding"))
        {
            body[name] = if name == "default" { false.into() } else { Value::Null };
        }
    }
    if body["order"].is_i64() {
        body["order"] = (body["order"].as_i64().unwrap() + 7).into();
    }
    world.call("root", Method::POST, &format!("{}/", meta.path), body).await;
}

/// Objects of kinds that the default ones have none of.
const MORE: [(&str, &str); 12] = [
    ("stages/dummy/", r#"{"name": "walk dummy"}"#),
    ("stages/deny/", r#"{"name": "walk deny"}"#),
    (
        "stages/redirect/",
        r#"{"name": "walk", "mode": "static", "target_static": "https://example.org"}"#,
    ),
    ("policies/dummy/", r#"{"name": "walk"}"#),
    ("policies/password_expiry/", r#"{"name": "walk expiry", "days": 3}"#),
    ("policies/unique_password/", r#"{"name": "walk unique"}"#),
    ("policies/reputation/", r#"{"name": "walk reputation", "check_ip": true}"#),
    ("policies/geoip/", r#"{"name": "walk geoip", "countries": ["GB"]}"#),
    ("core/applications/", r#"{"name": "walk", "slug": "walk"}"#),
    (
        "rbac/initial_permissions/",
        r#"{"name": "walk", "mode": "role", "role": "00000000-0000-0000-0000-000000000064"}"#,
    ),
    ("crypto/certificatekeypairs/generate/", r#"{"common_name": "walk", "validity_days": 3}"#),
    (
        "propertymappings/provider/scope/",
        r#"{"name": "walk", "scope_name": "walk", "expression": "return {}"}"#,
    ),
];

/// Makes objects of kinds that there are none of, which the walk itself deletes along its way.
async fn make_some(world: &World) {
    for (path, body) in MORE {
        world.call("root", Method::POST, path, serde_json::from_str(body).unwrap()).await;
    }
    let application = world.get("root", "core/applications/").await["results"][0]["pk"].clone();
    // Whichever is left: the walk deletes some.
    let flow = world.get("root", "flows/instances/").await["results"][0]["pk"].clone();
    for (path, body) in [
        ("core/application_entitlements/", json!({"name": "walk", "app": application})),
        (
            "propertymappings/notification/",
            json!({"name": "walk webhook", "expression": "return {}"}),
        ),
        ("stages/authenticator/email/", json!({"name": "walk email authenticator"})),
        (
            "stages/authenticator/duo/",
            json!({"name": "walk duo", "api_hostname": "127.0.0.1:1", "client_id": "a", "client_secret": "b"}),
        ),
        (
            "stages/authenticator/sms/",
            json!({"name": "walk sms", "provider": "twilio", "from_number": "1", "account_sid": "a", "auth": "b"}),
        ),
        ("stages/captcha/", json!({"name": "walk captcha", "public_key": "a", "private_key": "b"})),
        ("stages/email/", json!({"name": "walk email"})),
        ("stages/invitation/stages/", json!({"name": "walk invitation"})),
        ("stages/invitation/invitations/", json!({"name": "walk"})),
        (
            "stages/mtls/",
            json!({"name": "walk mtls", "mode": "required", "cert_attribute": "email", "user_attribute": "email"}),
        ),
        ("stages/user_delete/", json!({"name": "walk deletion"})),
        ("stages/authenticator/totp/", json!({"name": "walk totp", "digits": 6})),
        (
            "providers/oauth2/",
            json!({"name": "walk", "authorization_flow": flow, "invalidation_flow": flow, "redirect_uris": []}),
        ),
        (
            "providers/ldap/",
            json!({"name": "walk ldap", "authorization_flow": flow, "invalidation_flow": flow}),
        ),
        (
            "providers/proxy/",
            json!({"name": "walk proxy", "authorization_flow": flow, "invalidation_flow": flow, "external_host": "https://walk.test", "mode": "forward_single"}),
        ),
        (
            "providers/radius/",
            json!({"name": "walk radius", "authorization_flow": flow, "invalidation_flow": flow}),
        ),
        (
            "propertymappings/provider/radius/",
            json!({"name": "walk radius mapping", "expression": "packet['Class'] = 'a'"}),
        ),
        (
            "outposts/service_connections/docker/",
            json!({"name": "walk docker", "url": "unix:///walk"}),
        ),
        (
            "outposts/service_connections/kubernetes/",
            json!({"name": "walk cluster", "local": true}),
        ),
        (
            "providers/saml/",
            json!({"name": "walk saml", "authorization_flow": flow, "invalidation_flow": flow, "acs_url": "https://walk.test/acs"}),
        ),
        (
            "propertymappings/source/saml/",
            json!({"name": "walk saml source mapping", "expression": "return {}"}),
        ),
        (
            "sources/saml/",
            json!({"name": "walk", "slug": "walk", "pre_authentication_flow": flow, "sso_url": "https://walk.test/sso"}),
        ),
        (
            "sources/saml/",
            json!({"name": "walk 2", "slug": "walk-2", "pre_authentication_flow": flow, "sso_url": "https://walk.test/sso"}),
        ),
        (
            "propertymappings/source/ldap/",
            json!({"name": "walk ldap source mapping", "expression": "return {}"}),
        ),
        (
            "sources/ldap/",
            json!({"name": "walk ldap", "slug": "walk-ldap", "server_uri": "ldaps://walk.test", "base_dn": "dc=walk", "enabled": false, "sync_users_password": false}),
        ),
        (
            "sources/ldap/",
            json!({"name": "walk ldap 2", "slug": "walk-ldap-2", "server_uri": "ldaps://walk.test", "base_dn": "dc=walk", "enabled": false, "sync_users_password": false}),
        ),
    ] {
        world.call("root", Method::POST, path, body).await;
    }
    let proxy = world.get("root", "providers/proxy/").await["results"][0]["pk"].clone();
    let source = world.get("root", "sources/all/").await["results"][0]["pk"].clone();
    let asking = json!({"name": "walk source", "source": source});
    world.call("root", Method::POST, "stages/source/", asking).await;
    let outpost = json!({"name": "walk", "type": "proxy", "providers": [proxy], "config": {}});
    world.call("root", Method::POST, "outposts/instances/", outpost).await;
}

/// Said to somebody who would change what decides who may sign in.
const SIGN_IN: &str = "This decides who may sign in and as whom: only a superuser can change it.";

const PASSES: fn(StatusCode) -> bool =
    |status| status != StatusCode::FORBIDDEN && status != StatusCode::NOT_FOUND;

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one walk, read from top to bottom")]
async fn an_object_is_there_for_who_may_view_it_and_touched_by_who_may() {
    let world = World::new().await;
    world.start().await;
    let people = people(&world).await;
    make_some(&world).await;
    let walker = world.person("walk1").await;
    let mut sources = Vec::new();
    for kind in ["saml", "ldap"] {
        let found = world.get("root", &format!("sources/{kind}/")).await;
        sources.push(
            [0, 1].map(|at| Uuid::parse_str(found["results"][at]["pk"].as_str().unwrap()).unwrap()),
        );
    }
    let rows_of_others = move |tx: &mut Tx<'_>| {
        let owner = person(tx, "somebody")?.key();
        for (at, number) in [1u8, 2].into_iter().enumerate() {
            let uuid = Uuid::from_u128(u128::from(number) + 7000);
            tx.execute(
                "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, $3, 0, $4, 0, '', '', '{}')",
                params![uuid, [number; 32], owner, i64::MAX / 2],
            )?;
            tx.execute(
                "INSERT INTO consent (user_id, application, permissions, expiring) VALUES ($1, $2, '', 0)",
                params![owner, uuid],
            )?;
            tx.execute(
                "INSERT INTO notification (uuid, user_id, severity, body, created, seen) VALUES ($1, $2, 'notice', '', 0, 0)",
                params![uuid, owner],
            )?;
            tx.execute(
                "INSERT INTO reputation (uuid, identifier, ip, network, score, updated, expires) VALUES ($1, $2, '', '', 0, 0, $3)",
                params![uuid, number.to_string(), i64::MAX / 2],
            )?;
            for table in ["access_token", "refresh_token", "authorization_code"] {
                let used = if table == "access_token" { "" } else { "used, " };
                let no = if used.is_empty() { "" } else { "0, " };
                tx.execute(
                    &format!("INSERT INTO {table} (hash, provider_id, user_id, scope, created, expires, {used}revoked, family, data) VALUES ($1, 1, $2, '[]', 0, $3, {no}0, $4, '{{}}')"),
                    params![[number; 32], owner, i64::MAX / 2, uuid],
                )?;
            }
            tx.execute(
                "INSERT INTO totp_device (user_id, name, confirmed, created, last_updated, secret, digits, last_step, drift) VALUES ($1, 'walk', 1, 0, 0, '', 6, 0, 0)",
                params![owner],
            )?;
            tx.execute(
                "INSERT INTO webauthn_device (user_id, name, confirmed, created, last_updated, public_key, sign_count, rp_id, aaguid, backup_eligible) VALUES ($1, 'walk', 1, 0, 0, '', 0, '', '', 0)",
                params![owner],
            )?;
            tx.execute(
                "INSERT INTO duo_device (user_id, name, confirmed, created, last_updated, duo_user_id, stage) VALUES ($1, 'walk', 1, 0, 0, '', $2)",
                params![owner, uuid],
            )?;
            for (table, to) in [("email_device", "email"), ("sms_device", "phone_number")] {
                tx.execute(
                    &format!("INSERT INTO {table} (user_id, name, confirmed, created, last_updated, {to}, stage, code, code_expires) VALUES ($1, 'walk', 1, 0, 0, '', $2, '', 0)"),
                    params![owner, uuid],
                )?;
            }
            for source in sources.iter().filter_map(|pair| pair.get(at)) {
                tx.execute(
                    "INSERT INTO user_source_connection (user_id, source, identifier, created, last_updated) VALUES ($1, $2, 'walk', 0, 0)",
                    params![owner, *source],
                )?;
                tx.execute(
                    "INSERT INTO group_source_connection (group_uuid, source, identifier, created, last_updated) SELECT uuid, $1, 'walk', 0, 0 FROM user_group WHERE name = 'Group of plain'",
                    params![*source],
                )?;
            }
            tx.execute(
                "INSERT INTO static_device (user_id, name, confirmed, created, last_updated) VALUES ($1, 'walk', 1, 0, 0)",
                params![owner],
            )?;
        }
        Ok::<_, ApiError>(())
    };
    world.cx.store.write(Actor::system(), "rows", rows_of_others).await.unwrap();
    let mut accounts = BTreeMap::new();
    for who in ["plain", "holder"] {
        accounts.insert(who, world.person(who).await);
    }
    let rows = rows(&world).await;
    let mut by_model: BTreeMap<&'static str, Vec<(&Row, Permission)>> = BTreeMap::new();
    for row in &rows {
        if let Some(permission) = row.on_object() {
            by_model.entry(permission.model()).or_default().push((row, permission));
        }
    }
    let (mut wrong, mut walked, mut beside) = (Vec::new(), 0, BTreeSet::new());
    // Families last: the walk deletes whichever member is first, which may be the only one of its
    // kind.
    let mut by_model: Vec<_> = by_model.into_iter().collect();
    let families = world.cx.modules().iter().flat_map(|module| &module.families);
    let families: Vec<&str> = families.map(|family| family.meta.model).collect();
    by_model.sort_by_key(|(model, _)| families.contains(model));
    let no_sources = world.cx.registry().family(Space("source")).next().is_none();
    for (model, mut rows) in by_model {
        // Where the program has no kind of sources there are none, and nothing that names one.
        if no_sources
            && ["authentik_core.source", "authentik_stages_source.sourcestage"].contains(&model)
        {
            continue;
        }
        let declared = world.cx.declared(model).unwrap();
        let meta = declared.meta();
        // Deletions last.
        rows.sort_by_key(|(row, _)| row.method == Method::DELETE);
        if objects(&world, model).await.is_empty() {
            make_some(&world).await;
        }
        if let (Declared::Kind(_), [one]) = (declared, objects(&world, model).await.as_slice()) {
            like(&world, meta, one).await;
        }
        let mut found = objects(&world, model).await;
        let view = Permission::view(meta);
        let everybody = matches!(declared, Declared::Table(table, _) if table.everybody);
        for (row, permission) in rows {
            // What was deleted by another path is not walked on.
            if row.method == Method::DELETE {
                found = objects(&world, model).await;
            }
            let found = of_path(&world, &row.path, &found).await;
            let first = found.first().unwrap_or_else(|| panic!("no {model} to walk on"));
            let named = format!("{{{}}}", meta.lookup);
            let at = |on: &On| row.path.replace(&named, &on.text);
            let names_one = row.path.contains(&named);
            let call = async |who: &str, path: &str| {
                let body =
                    if row.method == Method::GET { Value::Null } else { json!({"pk": walker}) };
                world.call(who, row.method.clone(), path, body).await
            };
            let mut expect = |who: &str, what: &str, status: StatusCode, right: bool| {
                walked += 1;
                if !right {
                    eprintln!("wrong: {} {}: {who}, {what}: {status}", row.method, row.path);
                    wrong.push(format!("{} {}: {who}, {what}: {status}", row.method, row.path));
                }
            };
            set(&world, people.holder, &[], first).await;
            set(&world, people.other, &[view, permission], first).await;
            if row.beside() != beside {
                beside = row.beside();
                hold(&world, people.holder, beside.clone()).await;
            }
            let status = call("nobody", &at(first)).await.0;
            expect("nobody", "nothing", status, status == StatusCode::FORBIDDEN);
            for who in ["plain", "holder"] {
                let (status, answer) = call(who, &at(first)).await;
                let right = match (names_one, everybody) {
                    (false, true) => answer["results"].as_array().is_some_and(|rows| {
                        let own = accounts[who];
                        rows.iter().all(|row| row["user"] == own || row["user"]["pk"] == own)
                    }),
                    (true, true) => status == StatusCode::NOT_FOUND,
                    _ => status == StatusCode::FORBIDDEN,
                };
                expect(who, "another's grant", status, right);
            }
            if row.method != Method::DELETE {
                let status = call("all", &at(first)).await.0;
                expect("all", "everything", status, PASSES(status));
            }
            // Whose it is does with it what can be done with rows, and sees the key of a token.
            if everybody && names_one && row.method != Method::DELETE {
                let of_token = first.text.split('-').next().unwrap_or_default();
                let owner = if model == "authentik_core.token" { of_token } else { "somebody" };
                let (status, answer) = call(owner, &at(first)).await;
                let owners = permission != Permission::SET_TOKEN_KEY;
                let right = if owners { PASSES(status) } else { status == StatusCode::FORBIDDEN };
                expect(owner, &format!("is the owner: {answer}"), status, right);
            }
            if names_one && permission != view {
                give(&world, people.holder, &[view], first).await;
                let status = call("holder", &at(first)).await.0;
                expect("holder", "view alone", status, status == StatusCode::FORBIDDEN);
            }
            give(&world, people.holder, &[view, permission], first).await;
            if names_one {
                if let Some(second) = found.get(1) {
                    let status = call("holder", &at(second)).await.0;
                    expect(
                        "holder",
                        "grant on another object",
                        status,
                        status == StatusCode::NOT_FOUND,
                    );
                }
                // Whom to add to a group has to be seen, too.
                let member = On { text: walker.to_string(), key: Key::Int(walker), object: None };
                give(&world, people.holder, &[Permission::view(User::META)], &member).await;
                let (status, answer) = call("holder", &at(first)).await;
                // What decides who may sign in is not for those who hold one permission.
                let of_flow = answer["detail"] == SIGN_IN && row.method == Method::DELETE;
                expect("holder", "one grant", status, PASSES(status) || of_flow);
            } else {
                let (status, answer) = call("holder", &row.path).await;
                let listed = answer["results"].as_array().cloned().unwrap_or_default();
                let keys: Vec<String> = listed
                    .iter()
                    .map(|one| {
                        let names = ["pk", "brand_uuid", "pbm_uuid", "uuid", "policy_uuid"];
                        let key = names.iter().map(|name| &one[*name]).find(|key| !key.is_null());
                        key.map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_owned))
                            .unwrap_or_default()
                    })
                    .collect();
                let is_list = row.path == format!("{}/", meta.path);
                // Beside the own rows, where there are some.
                let others = keys.iter().filter(|key| !everybody || **key == first.key.to_string());
                let right = !is_list || others.collect::<Vec<_>>() == [&first.key.to_string()];
                expect(
                    "holder",
                    &format!("one grant, lists {keys:?}"),
                    status,
                    right && PASSES(status),
                );
            }
        }
    }
    println!("{walked} calls");
    assert!(wrong.is_empty(), "{} of {walked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Of what is there, what a path serves: connections have one for each kind of source.
async fn of_path(world: &World, path: &str, found: &[On]) -> Vec<On> {
    let mut parts = path.split('/');
    let (Some("sources"), Some(table), Some(kind @ ("ldap" | "saml"))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return found.to_vec();
    };
    if !table.ends_with("_connections") {
        return found.to_vec();
    }
    let served = world.get("root", &format!("sources/{table}/{kind}/")).await;
    let keys: Vec<String> =
        served["results"].as_array().unwrap().iter().map(|row| row["pk"].to_string()).collect();
    found.iter().filter(|on| keys.contains(&on.text)).cloned().collect()
}

/// Has the members of a role hold these globally, and nothing else.
async fn hold(world: &World, role: Uuid, held: BTreeSet<Permission>) {
    let work = move |tx: &mut Tx<'_>| {
        let permissions = countersign_core::Permissions(held.clone());
        tx.draft().put(role, Role { name: "holder".to_owned(), permissions });
        Ok::<_, StoreError>(())
    };
    world.cx.store.write(Actor::system(), "held", work).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_permissions_for_everything_is_refused_for_want_of_one() {
    let world = World::new().await;
    let people = people(&world).await;
    let all: BTreeSet<Permission> = permissions().iter().map(|listed| listed.permission).collect();
    let mut walked = 0;
    for row in rows(&world).await {
        let needed = row.needed();
        let everything = row.access == "every permission";
        if (needed.is_empty() && !everything) || row.path.starts_with("testing/") {
            continue;
        }
        let parts = row.path.split('/').map(|part| if part.starts_with('{') { "7" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let call = async |who: &str| {
            let body = if row.method == Method::GET { Value::Null } else { json!({}) };
            world.call(who, row.method.clone(), &path, body).await
        };
        let named = format!("{} {}", row.method, row.path);
        for who in ["nobody", "plain"] {
            assert_eq!(call(who).await.0, StatusCode::FORBIDDEN, "{named}: {who}");
        }
        for missing in &needed {
            let held = all.iter().copied().filter(|held| held != missing).collect();
            hold(&world, people.holder, held).await;
            let status = call("holder").await.0;
            assert_eq!(status, StatusCode::FORBIDDEN, "{named}: all but {missing}");
        }
        // Holding each permission is not being a superuser.
        let (status, answer) = call("all").await;
        if everything {
            assert_eq!(status, StatusCode::FORBIDDEN, "{named}: {answer}");
        } else {
            assert_ne!(status, StatusCode::FORBIDDEN, "{named}: {answer}");
        }
        walked += 1;
    }
    assert!(walked > 50, "only {walked} operations need permissions for everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn used_by_history_secrets_and_effective_show_what_is_held() {
    let world = World::new().await;
    world.start().await;
    let people = people(&world).await;
    let snapshot = world.cx.snapshot();
    let on = |id: ObjectId| On { text: id.key.to_string(), key: id.key, object: Some(id) };
    let parse = |name: &str| Permission::parse(name).unwrap();

    // used_by: a binding names the stage and the flow.
    let binding = snapshot.entries(countersign_model::Space("flow_stage_binding")).next().unwrap();
    let stage = binding.object.value("stage").unwrap();
    let stage = ObjectId::new(
        countersign_model::Space("stage"),
        Key::Uuid(stage.as_str().unwrap().parse().unwrap()),
    );
    let model = snapshot.entry(stage).unwrap().meta().model;
    let view_stage = Permission::view(snapshot.entry(stage).unwrap().meta());
    let used = format!("stages/all/{}/used_by/", stage.key);
    let seen = async |who: &str| {
        let (status, answer) = world.call(who, Method::GET, &used, Value::Null).await;
        (status == StatusCode::OK).then(|| answer.as_array().unwrap().len())
    };
    assert_eq!(seen("holder").await, None, "{model}");
    give(&world, people.holder, &[view_stage], &on(stage)).await;
    assert_eq!(seen("holder").await, Some(0), "what is not to be seen is not named");
    give(&world, people.holder, &[parse("authentik_flows.view_flowstagebinding")], &on(binding.id))
        .await;
    assert_eq!(seen("holder").await, Some(1));
    assert!(seen("root").await.unwrap() >= 1);

    // The history: only parts of edits that may be viewed.
    let history = "countersign/changes/";
    assert_eq!(
        world.call("plain", Method::GET, history, Value::Null).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        world.call("nobody", Method::GET, history, Value::Null).await.0,
        StatusCode::FORBIDDEN
    );
    let listed = world.get("holder", history).await;
    let listed = listed["results"].as_array().unwrap();
    assert!(!listed.is_empty());
    let keys: BTreeSet<String> = listed
        .iter()
        .flat_map(|edit| edit["objects"].as_array().unwrap())
        .map(|object| object["key"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(keys, BTreeSet::from([stage.key.to_string(), binding.id.key.to_string()]));
    let revision = listed[0]["revision"].as_i64().unwrap();
    let undo = format!("{history}{revision}/rollback/");
    assert_eq!(world.call("holder", Method::POST, &undo, json!({})).await.0, StatusCode::FORBIDDEN);
    let all = world.get("root", history).await["pagination"]["count"].as_i64().unwrap();
    assert!(all > i64::try_from(listed.len()).unwrap());

    // Secrets: in clear for who may change that object.
    let flow = snapshot
        .find::<countersign_flow::Flow>("slug", "default-provider-authorization-implicit-consent")
        .unwrap()
        .0;
    let body = json!({"name": "p", "authorization_flow": flow.key().to_json(), "invalidation_flow": flow.key().to_json(), "redirect_uris": [], "client_secret": "hush-hush"});
    let (status, made) = world.call("root", Method::POST, "providers/oauth2/", body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let provider =
        ObjectId::new(countersign_model::Space("provider"), Key::Int(made["pk"].as_i64().unwrap()));
    let path = format!("providers/oauth2/{}/", provider.key);
    give(
        &world,
        people.holder,
        &[parse("authentik_providers_oauth2.view_oauth2provider")],
        &on(provider),
    )
    .await;
    assert_eq!(world.get("holder", &path).await["client_secret"], "*****");
    let asked = json!({"model": "authentik_providers_oauth2.oauth2provider", "pk": provider.key.to_string(), "field": "client_secret"});
    let (status, _) =
        world.call("holder", Method::POST, "countersign/secrets/", asked.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    give(
        &world,
        people.holder,
        &[parse("authentik_providers_oauth2.change_oauth2provider")],
        &on(provider),
    )
    .await;
    assert_eq!(world.get("holder", &path).await["client_secret"], "hush-hush");
    assert_eq!(
        world.call("holder", Method::POST, "countersign/secrets/", asked).await.0,
        StatusCode::OK
    );

    // What can be done with an object, for who asks.
    let effective = |answer: &Value| {
        let words = answer["effective"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert!(world.get("holder", &path).await.get("effective").is_none());
    let answer = world.get("holder", &format!("{path}?effective=true")).await;
    assert_eq!(effective(&answer), BTreeSet::from(["change".to_owned(), "view".to_owned()]));
    let listed = world.get("root", "providers/oauth2/?effective=true").await;
    assert!(effective(&listed["results"][0]).contains("delete"));
    let me = world.person("plain").await;
    give(
        &world,
        people.holder,
        &[parse("authentik_core.view_user"), parse("authentik_core.reset_user_password")],
        &On { text: me.to_string(), key: Key::Int(me), object: None },
    )
    .await;
    let listed = world.get("holder", "core/users/?effective=true").await;
    assert_eq!(listed["results"].as_array().unwrap().len(), 1);
    assert_eq!(
        effective(&listed["results"][0]),
        BTreeSet::from(["reset_user_password".to_owned(), "view".to_owned()])
    );
}
