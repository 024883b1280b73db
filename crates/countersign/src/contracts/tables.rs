//! What every declared table has to keep to, and what follows from one declaration.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use countersign_blueprints::export::{Selection, of_store};
use countersign_blueprints::instances::default_objects;
use countersign_blueprints::tables as fillable;
use countersign_core::{
    Context, ContextParts, Module, Record, Run, Settings, TableResource, find, remove, save,
};
use countersign_directory::groups::Group;
use countersign_directory::tokens::{Intent, Token};
use countersign_directory::users::User;
use countersign_model::{
    ColumnKind, Key, OnDelete, Ref, Secret, Table, TableMeta, Timestamp, directory,
};
use countersign_rest::{Resource, api_routes, table};
use countersign_store::{
    Actor, Options, Sql, SqlValue, Store, StoreError, SystemClock, SystemEntropy, Tx,
    backed_up_columns, insert, params, restore_backup, write_backup,
};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::program;

/// A second factor, as it might be.
#[derive(Debug, Clone, Default, Table)]
#[kind(
    path = "testing/devices",
    model = "testing.device",
    schema = "TestDevice",
    title = "Test Device",
    space = "test_device",
    lookup = "uuid",
    ordering = "name"
)]
#[table(
    name = "test_device",
    operations = "list create retrieve update partial_update destroy used_by",
    own = "testing/own_devices",
    display = "Device {name}",
    export = All
)]
struct Device {
    #[column(key)]
    uuid: Uuid,
    #[field(label = "User")]
    #[column(
        sql = "user_id",
        filter,
        required,
        belongs_to = "users.id",
        on_delete = Cascade,
        owner
    )]
    user: Option<Ref<directory::User>>,
    #[field(label = "Name", unique)]
    #[column(filter, search)]
    name: String,
    #[field(label = "Ends", default)]
    #[column(expires)]
    expires: Option<Timestamp>,
    #[column(hidden)]
    secret: Secret,
}

impl Record for Device {}
impl Resource for Device {}

const CREATE: &str = "CREATE TABLE test_device (uuid BLOB PRIMARY KEY, \
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE, \
    name TEXT NOT NULL UNIQUE, expires BIGINT, secret TEXT NOT NULL)";

pub(super) struct World {
    pub(super) cx: Context,
    router: Router,
    _folder: tempfile::TempDir,
}

fn open(folder: &tempfile::TempDir, modules: &[Module]) -> Store {
    let options = Options {
        database: folder.path().to_path_buf().into(),
        secret_key: Secret::new("a key for tests that is long enough to be one, really").into(),
        registry: program::registry(modules),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        auditor: Arc::new(countersign_directory::Guard::new(countersign_catalogue::displaces)),
        consequences: program::consequences(modules),
    };
    Store::open(options).unwrap()
}

fn modules() -> Vec<Module> {
    let mut modules = program::Program::new(&crate::settings::defaults()).modules;
    modules.push(Module { name: "testing", tables: vec![table::<Device>()], ..Module::default() });
    modules
}

impl World {
    /// A program with the test table, and `root` with the token `root-token`, `ada` with
    /// `ada-token`.
    pub(super) async fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let modules = modules();
        let store = open(&folder, &modules);
        let work = |tx: &mut Tx<'_>| {
            tx.execute(CREATE, params![])?;
            let root = person(tx, "root")?;
            person(tx, "ada")?;
            let users = vec![root];
            let name = "Admins".to_owned();
            save(tx, Group { name, is_superuser: true, users, ..Group::default() }, None)?;
            Ok::<_, countersign_core::ApiError>(())
        };
        store.write(Actor::system(), "world", work).await.unwrap();
        let settings = Settings {
            version: "test",
            secret_key: Secret::new("a key for tests that is long enough to be one, really"),
            base_url: None,
            base_path: countersign_model::BasePath::default(),
            cookie_domain: None,
            trusted_proxies: Vec::new(),
            client_certificate_header: None,
            mtls_url: None,
            data_dir: folder.path().to_owned(),
            media: countersign_core::Media::Folder(folder.path().join("media")),
            bootstrap_password: None,
            bootstrap_token: None,
            bootstrap_email: None,
            debug: false,
            sessions: countersign_core::SessionLimits::default(),
        };
        let cx = Context::new(ContextParts {
            store,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            settings,
            install_id: "install".to_owned(),
            modules,
        });
        let router = countersign_core::router(&cx, &api_routes(&cx), |_, handler| handler);
        World { router, cx, _folder: folder }
    }

    /// What the program does before it serves: the default objects.
    pub(super) async fn start(&self) {
        let program = program::Program::new(&crate::settings::defaults());
        default_objects(&self.cx, &program.blueprints).await.unwrap();
        for start in self.cx.modules().iter().flat_map(|module| &module.start) {
            (start.run)(self.cx.clone()).await.unwrap();
        }
    }

    pub(super) async fn call(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api/v3/{path}"));
        if who != "nobody" {
            request = request.header(header::AUTHORIZATION, format!("Bearer {who}-token"));
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    pub(super) async fn get(&self, who: &str, path: &str) -> Value {
        let (status, answer) = self.call(who, Method::GET, path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub(super) async fn person(&self, name: &'static str) -> i64 {
        let work = move |sql: &mut Sql<'_>| {
            let row = sql.query_one("SELECT id FROM users WHERE username = $1", params![name])?;
            row.unwrap().get(0)
        };
        self.cx.store.read(work).await.unwrap_or_else(|error: StoreError| panic!("{error}"))
    }
}

pub(super) fn person(
    tx: &mut Tx<'_>,
    name: &str,
) -> Result<Ref<directory::User>, countersign_core::ApiError> {
    let username = name.to_owned();
    let path = "users".to_owned();
    let user = User { username, path, is_active: true, ..User::default() };
    let user = Ref::new(Key::Int(save(tx, user, None)?.id));
    let identifier = format!("{name}-api").as_str().into();
    let mut token = Token { identifier, intent: Intent::Api, user: Some(user), ..Token::default() };
    token.set_secret(tx, &Secret::new(format!("{name}-token")));
    save(tx, token, None)?;
    Ok(user)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_declaration_gives_a_table_all_its_parts() {
    let world = World::new().await;
    let (root, ada) = (world.person("root").await, world.person("ada").await);

    // The API: lists, filters, search, order, changes.
    let make = |name: &str, user: i64| json!({"name": name, "user": user});
    let path = "testing/devices/";
    for (name, user) in [("yellow key", ada), ("blue key", ada), ("red phone", root)] {
        let (status, made) = world.call("root", Method::POST, path, make(name, user)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!((&made["name"], &made["user"]), (&json!(name), &json!(user)));
        assert!(made.get("secret").is_none(), "{made}");
    }
    let (status, twice) = world.call("root", Method::POST, path, make("blue key", ada)).await;
    assert_eq!((status, twice.get("name").is_some()), (StatusCode::BAD_REQUEST, true), "{twice}");
    let names = |answer: &Value| {
        let rows = answer["results"].as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let list = |query: &'static str| world.get("root", query);
    let all = ["blue key", "red phone", "yellow key"];
    assert_eq!(names(&list("testing/devices/").await), all);
    assert_eq!(names(&list("testing/devices/?search=key&ordering=-name").await), [all[2], all[0]]);
    assert_eq!(names(&list("testing/devices/?name=red%20phone").await), ["red phone"]);
    let red = list("testing/devices/?search=phone").await["results"][0]["pk"].clone();
    let item = format!("testing/devices/{}/", red.as_str().unwrap());
    let (status, changed) = world.call("root", Method::PATCH, &item, json!({"name": "red"})).await;
    assert_eq!((status, &changed["name"]), (StatusCode::OK, &json!("red")));

    // The own mount: nobody else's, not even an administrator's view.
    assert_eq!(names(&world.get("ada", "testing/own_devices/").await), ["blue key", "yellow key"]);
    assert_eq!(names(&world.get("root", "testing/own_devices/").await), ["red"]);
    assert_eq!(world.call("ada", Method::GET, path, Value::Null).await.0, StatusCode::FORBIDDEN);
    let of_other = format!("testing/own_devices/{}/", red.as_str().unwrap());
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let refused = world.call("ada", method, &of_other, json!({"name": "mine"})).await;
        assert_eq!(refused.0, StatusCode::NOT_FOUND);
    }

    // OpenAPI and forms.
    let document = world.get("root", "schema/?format=json").await;
    assert!(document["paths"]["/testing/devices/{uuid}/used_by/"]["get"].is_object());
    assert!(document["paths"]["/testing/own_devices/"]["post"].is_object());
    let schema = &document["components"]["schemas"]["TestDevice"]["properties"];
    assert!(schema["name"].is_object() && schema.get("secret").is_none(), "{schema}");
    assert_eq!(
        world.get("root", "countersign/kinds/testing.device/").await["title"],
        "Test Device"
    );

    // used_by of what it belongs to.
    let used = world.get("root", &format!("core/users/{ada}/used_by/")).await;
    let devices = used.as_array().unwrap().iter().filter(|one| one["model_name"] == "device");
    let devices: Vec<_> = devices
        .map(|one| (one["name"].as_str().unwrap(), one["action"].as_str().unwrap()))
        .collect();
    assert_eq!(devices, [("Device blue key", "cascade"), ("Device yellow key", "cascade")]);

    // Export as a blueprint.
    let tables = fillable::of(world.cx.modules());
    let written = of_store(&world.cx.store, tables, Selection::default(), Timestamp(0)).await;
    let written = written.unwrap().text;
    assert!(written.contains("testing.device") && written.contains("yellow key"), "{written}");

    // Expiry, by the job that removes what has ended.
    let gone = json!({"expires": "2001-01-01T00:00:00Z"});
    assert_eq!(world.call("root", Method::PATCH, &item, gone).await.0, StatusCode::OK);
    let jobs = world.cx.modules().iter().flat_map(|module| &module.jobs);
    let clean = jobs.into_iter().find(|job| job.name == "clean_expired_models").unwrap();
    (clean.run)(world.cx.clone(), Run::new(Uuid::nil(), String::new(), 1), Value::Null)
        .await
        .unwrap();
    assert_eq!(names(&list("testing/devices/").await), ["blue key", "yellow key"]);

    // Backup and restore.
    assert!(backed_up_columns(world.cx.registry()).any(|column| column == "test_device.secret"));
    let registry = world.cx.registry().clone();
    let passphrase = || Secret::new("open sesame");
    let write = move |sql: &mut Sql<'_>| {
        let (mut file, key) =
            (Vec::new(), Secret::new("a key for tests that is long enough to be one, really"));
        write_backup(
            sql,
            &registry,
            &mut file,
            &passphrase(),
            &key,
            ("1", Timestamp(5), None),
            &SystemEntropy,
        )
        .map(|_| file)
    };
    let file = world.cx.store.read(write).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let restored = open(&folder, &modules());
    let work = move |tx: &mut Tx<'_>| {
        tx.execute(CREATE, params![])?;
        restore_backup(tx, file.as_slice(), &passphrase())
    };
    restored.write(Actor::system(), "restored", work).await.unwrap();
    let count = |sql: &mut Sql<'_>| {
        sql.query_one("SELECT COUNT(*) FROM test_device", params![])?.unwrap().get::<i64>(0)
    };
    assert_eq!(restored.read(count).await.unwrap(), 2);

    // Erasure.
    let path = format!("core/users/{ada}/");
    assert_eq!(
        world.call("root", Method::DELETE, &path, Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world.cx.store.read(count).await.unwrap(), 0);
}

/// A page over a network must not cost a round trip a row.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_takes_as_many_statements_however_many_rows_it_has() {
    let world = World::new().await;
    let fill = |tx: &mut Tx<'_>| {
        for n in 0..100 {
            let user = person(tx, &format!("person {n}"))?;
            let group = Group { name: format!("group {n}"), users: vec![user], ..Group::default() };
            let group = save(tx, group, None)?;
            let parent = Some(Ref::new(Key::Uuid(group.uuid)));
            let below = Group { name: format!("below {n}"), parent, ..Group::default() };
            save(tx, below, None)?;
            for table in tx.registry().clone().tables().filter(|table| {
                ["session", "consent", "notification", "totp_device", "static_device"]
                    .contains(&table.name)
                    || table.columns.iter().any(|column| column.name == "scope")
            }) {
                row(tx, table, user.key().int().unwrap(), n)?;
            }
        }
        Ok::<_, countersign_core::ApiError>(())
    };
    world.cx.store.write(Actor::system(), "filled", fill).await.unwrap();
    for path in [
        "core/users/",
        "core/groups/",
        "core/tokens/",
        "core/authenticated_sessions/",
        "core/user_consent/",
        "authenticators/admin/static/",
        "authenticators/admin/totp/",
        "events/notifications/",
        "events/events/",
        "oauth2/authorization_codes/",
        "oauth2/access_tokens/",
        "oauth2/refresh_tokens/",
    ] {
        let mut cost = Vec::new();
        for size in [2, 50, 100] {
            let page = format!("{path}?page_size={size}");
            let before = world.cx.store.statements();
            let answer = world.get("root", &page).await;
            cost.push(world.cx.store.statements() - before);
            assert_eq!(answer["results"].as_array().unwrap().len(), size, "{page}");
        }
        assert!(cost.iter().all(|one| *one == cost[0]), "{path}: {cost:?}");
    }
}

/// Some row of a table that belongs to somebody.
fn row(tx: &mut Tx<'_>, table: &TableMeta, user: i64, n: i64) -> Result<(), StoreError> {
    let numbered = table.is_numbered();
    let columns: Vec<_> = table.columns.iter().filter(|column| !(numbered && column.key)).collect();
    let values: Vec<SqlValue> = columns
        .iter()
        .map(|column| match column.kind {
            _ if column.owner => user.into(),
            ColumnKind::Uuid => match column.belongs_to {
                Some(_) => group(tx).into(),
                None => tx.entropy().uuid().into(),
            },
            ColumnKind::Bytes => tx.entropy().uuid().into(),
            ColumnKind::Text => format!("{} {n}", column.name).into(),
            ColumnKind::Json => "{}".into(),
            ColumnKind::Bool => false.into(),
            ColumnKind::Time if column.name == "used" => 0_i64.into(),
            ColumnKind::Int | ColumnKind::Time => (n + 1).into(),
        })
        .collect();
    let values: Vec<SqlValue> = columns
        .iter()
        .zip(values)
        .map(|(column, value)| match (column.sql, value) {
            ("key_hash" | "hash", SqlValue::Bytes(half)) => {
                SqlValue::Bytes([half.clone(), half].concat())
            }
            ("intent", _) => "api".into(),
            ("type", _) => "internal".into(),
            (_, value) => value,
        })
        .collect();
    let names: Vec<&str> = columns.iter().map(|column| column.sql).collect();
    let marks: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let statement =
        format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), marks.join(", "));
    tx.execute(&statement, &values).map(|_| ())
}

fn group(tx: &mut Tx<'_>) -> Uuid {
    let uuid = tx.entropy().uuid();
    let group = Group { uuid, name: uuid.to_string(), ..Group::default() };
    insert(tx, &group).unwrap();
    uuid
}

/// Whoever forgets people must not forget a table.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_somebody_goes_with_them_in_every_table() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let owned: Vec<&'static TableMeta> = world
        .cx
        .registry()
        .tables()
        .filter(|table| table.owner().is_some() && table.name != "users")
        .collect();
    assert!(owned.len() >= 9, "{owned:?}");
    let tables = owned.clone();
    let fill = move |tx: &mut Tx<'_>| tables.iter().try_for_each(|table| row(tx, table, ada, 7));
    world.cx.store.write(Actor::system(), "filled", fill).await.unwrap();
    let tables = owned.clone();
    let left = move |sql: &mut Sql<'_>| {
        let mut left = Vec::new();
        for table in &tables {
            let statement = format!(
                "SELECT COUNT(*) FROM {} WHERE {} = $1",
                table.name,
                table.owner().unwrap().sql
            );
            left.push((
                table.name,
                sql.query_one(&statement, params![ada])?.unwrap().get::<i64>(0)?,
            ));
        }
        Ok::<_, StoreError>(left)
    };
    let before = world.cx.store.read(left.clone()).await.unwrap();
    assert!(before.iter().all(|(_, count)| *count > 0), "{before:?}");
    let delete = move |tx: &mut Tx<'_>| {
        let user: User = find(tx, ada)?.unwrap();
        remove(tx, &user)
    };
    world.cx.store.write(Actor::system(), "deleted", delete).await.unwrap();
    let after = world.cx.store.read(left).await.unwrap();
    assert!(after.iter().all(|(_, count)| *count == 0), "{after:?}");
}

/// Columns of the database, with their form, whether they may be empty, and whether they are keys.
type Columns = BTreeSet<(String, String, bool, bool)>;

#[tokio::test(flavor = "multi_thread")]
async fn declared_columns_keys_and_references_are_those_of_the_database() {
    let world = World::new().await;
    let form = |kind: ColumnKind| match kind {
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Time => "number",
        ColumnKind::Text | ColumnKind::Json => "text",
        ColumnKind::Uuid | ColumnKind::Bytes => "bytes",
    };
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN \
        ('object', 'change', 'graph', 'fact', 'ephemeral', 'schedule', 'sqlite_sequence') \
        AND name NOT LIKE 'people!_%' ESCAPE '!'";
    let names = world.cx.store.read(move |sql| sql.query(names, params![])).await.unwrap();
    let names: BTreeSet<String> = names.iter().map(|row| row.get(0).unwrap()).collect();
    let declared: BTreeSet<String> =
        world.cx.tables().map(|table| table.meta.name.to_owned()).collect();
    assert_eq!(declared, names, "every table is declared");
    for table in world.cx.tables().map(|TableResource { meta, .. }| *meta) {
        let name = table.name;
        let found = world
            .cx
            .store
            .read(move |sql| {
                let columns = "SELECT name, type, \"notnull\", pk FROM pragma_table_info($1)";
                let references = "SELECT \"from\", \"table\", \"to\", on_delete FROM pragma_foreign_key_list($1)";
                Ok::<_, StoreError>((
                    sql.query(columns, params![name])?,
                    sql.query(references, params![name])?,
                ))
            })
            .await
            .unwrap();
        let columns: Columns = found
            .0
            .iter()
            .map(|row| {
                let form = match row.get::<String>(1).unwrap().as_str() {
                    "TEXT" => "text",
                    "BLOB" => "bytes",
                    _ => "number",
                };
                let key = row.get::<i64>(3).unwrap() > 0;
                let nullable = !key && row.get::<i64>(2).unwrap() == 0;
                (row.get(0).unwrap(), form.to_owned(), nullable, key)
            })
            .collect();
        let told: Columns = table
            .columns
            .iter()
            .map(|c| (c.sql.to_owned(), form(c.kind).to_owned(), c.nullable, c.key))
            .collect();
        assert_eq!(told, columns, "columns of {name}");
        let references: BTreeSet<[String; 4]> = found
            .1
            .iter()
            .map(|row| [0, 1, 2, 3].map(|place| row.get::<String>(place).unwrap()))
            .collect();
        let told: BTreeSet<[String; 4]> = table
            .columns
            .iter()
            .filter_map(|column| {
                let other = column.belongs_to?;
                let rule = match other.on_delete? {
                    OnDelete::Cascade => "CASCADE",
                    OnDelete::SetNull => "SET NULL",
                    OnDelete::Protect => "RESTRICT",
                };
                Some([column.sql, other.table, other.column, rule].map(str::to_owned))
            })
            .collect();
        assert_eq!(told, references, "references of {name}");
    }
}

/// A number that a deleted row had is given to no other: SQLite counts only where it is told to.
#[tokio::test(flavor = "multi_thread")]
async fn numbered_tables_count_on_whatever_was_deleted() {
    let world = World::new().await;
    let numbered = world.cx.registry().tables().filter(|table| table.is_numbered());
    let names: Vec<&str> = numbered.map(|table| table.name).collect();
    assert!(names.contains(&"users") && names.contains(&"totp_device"), "{names:?}");
    for name in names {
        let statement = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = $1";
        let made = world.cx.store.read(move |sql| sql.query_one(statement, params![name]));
        let made: String = made.await.unwrap().unwrap().get(0).unwrap();
        assert!(made.contains("PRIMARY KEY AUTOINCREMENT"), "{made}");
    }
}
