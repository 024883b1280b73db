use std::{collections::HashMap, io, path::Path};

use countersign_store::SslMode;

use super::{
    sections::{KeyMeta, keys},
    sources::Origin,
    *,
};

#[derive(Default)]
struct Outside {
    variables: Vec<(&'static str, &'static str)>,
    files: HashMap<&'static str, &'static str>,
}

impl Surroundings for Outside {
    fn variables(&self) -> Vec<(String, String)> {
        self.variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }
    fn file(&self, path: &Path) -> io::Result<String> {
        self.files
            .get(path.to_str().unwrap())
            .map(|text| (*text).to_owned())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn with(variables: &[(&'static str, &'static str)]) -> Result<Loaded, Wrong> {
    load(&[], None, &Outside { variables: variables.to_vec(), ..Outside::default() })
}

fn wrong(variables: &[(&'static str, &'static str)]) -> Vec<Problem> {
    with(variables).unwrap_err().0
}

#[test]
fn an_empty_world_gives_the_defaults() {
    let loaded = with(&[]).unwrap();
    assert_eq!(loaded.settings.listen.http.to_string(), "0.0.0.0:9000");
    assert_eq!(loaded.settings.listen.trusted_proxies.len(), 6);
    assert!(loaded.settings.general.secret_key.is_none());
    assert!(loaded.notes.is_empty());
}

#[test]
fn every_default_is_a_value_of_its_type() {
    // A default that cannot be read would silently become the stand-in.
    let loaded = with(&[]).unwrap();
    assert_eq!(loaded.settings.web.request_timeout, 60);
    assert_eq!(loaded.settings.general.data_dir, Path::new("data"));
}

#[test]
fn flags_over_environment_over_file() {
    let mut outside = Outside {
        variables: vec![
            ("AUTHENTIK_LISTEN__HTTP", "127.0.0.1:1"),
            ("COUNTERSIGN_LISTEN__HTTP", "127.0.0.1:2"),
            ("AUTHENTIK_LISTEN__HTTPS", ":3"),
        ],
        ..Outside::default()
    };
    outside.files.insert(
        "/etc/authentik/config.yml",
        "listen:\n  listen_http: 127.0.0.1:4\n  listen_metrics: 127.0.0.1:5\nlog_level: debug\n",
    );
    outside.files.insert("/etc/countersign/config.yml", "log_level: error\n");
    let loaded = load(&[], None, &outside).unwrap();
    assert_eq!(loaded.settings.listen.http.port(), 2);
    assert_eq!(loaded.settings.listen.https.to_string(), "0.0.0.0:3");
    assert_eq!(loaded.settings.listen.metrics.port(), 5);
    assert_eq!(loaded.settings.general.log_level, Level::Error);
    assert_eq!(
        loaded.layers.given("listen.metrics").unwrap().origin,
        Origin::File("/etc/authentik/config.yml".into(), 3)
    );
    let flags = [("listen.http".to_owned(), "127.0.0.1:9".to_owned())];
    assert_eq!(load(&flags, None, &outside).unwrap().settings.listen.http.port(), 9);
}

#[test]
fn detours() {
    let key = "a-b-c-1234567890123456789012345678901234567890-x";
    let mut outside = Outside {
        variables: vec![
            ("AUTHENTIK_SECRET_KEY", "file:///run/secrets/key"),
            ("AUTHENTIK_BOOTSTRAP_EMAIL", "env://MAIL?a@b.c"),
        ],
        ..Outside::default()
    };
    outside
        .files
        .insert("/run/secrets/key", "  a-b-c-1234567890123456789012345678901234567890-x\n");
    let loaded = load(&[], None, &outside).unwrap();
    assert_eq!(loaded.settings.general.secret_key.unwrap().expose(), key);
    assert_eq!(loaded.settings.bootstrap.email.as_deref(), Some("a@b.c"));
    let missing = wrong(&[("AUTHENTIK_BOOTSTRAP_PASSWORD", "file:///nowhere")]);
    assert_eq!(missing[0].name, "bootstrap_password");
    assert!(missing[0].what.contains("/nowhere"));
    assert_eq!(wrong(&[("AUTHENTIK_LOG_LEVEL", "env://NOT_SET")])[0].name, "log_level");
    // Only the literal prefixes are detours, and one is enough.
    assert_eq!(
        with(&[("AUTHENTIK_BOOTSTRAP_EMAIL", "File:///x")])
            .unwrap()
            .settings
            .bootstrap
            .email
            .as_deref(),
        Some("File:///x")
    );
}

/// A template that was not filled in.
#[test]
fn an_empty_value_of_a_setting_is_its_default() {
    let known: Vec<KeyMeta> = keys().into_iter().flat_map(|(_, keys)| keys).collect();
    let variables: Vec<(&'static str, &'static str)> = known
        .iter()
        .map(|meta| {
            (&*format!("AUTHENTIK_{}", meta.name.to_uppercase().replace('.', "__")).leak(), " ")
        })
        .collect();
    let (empty, nothing) = (with(&variables).unwrap(), with(&[]).unwrap());
    assert_eq!(format!("{:?}", empty.settings), format!("{:?}", nothing.settings));
    let noted = known.iter().filter(|meta| !meta.default.is_empty()).count();
    assert_eq!(
        empty.notes.iter().filter(|note| note.contains("has its default")).count(),
        noted,
        "{:?}",
        empty.notes
    );
    assert_eq!(
        with(&[("AUTHENTIK_EMAIL__PORT", "")]).unwrap().notes,
        ["AUTHENTIK_EMAIL__PORT is empty: email.port has its default"]
    );
}

#[test]
fn the_former_name_of_the_file_of_cities_is_read() {
    assert_eq!(
        with(&[("AUTHENTIK_GEOIP", "/my/cities.mmdb")]).unwrap().settings.events.geoip,
        Some("/my/cities.mmdb".into())
    );
}

#[test]
fn nobody_is_a_list_of_networks_too() {
    assert!(
        with(&[("AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS", "none")])
            .unwrap()
            .settings
            .listen
            .trusted_proxies
            .is_empty()
    );
}

#[test]
fn text_stays_text() {
    let loaded = with(&[
        ("AUTHENTIK_BOOTSTRAP_PASSWORD", "12345678"),
        ("AUTHENTIK_BOOTSTRAP_TOKEN", "null"),
    ])
    .unwrap();
    assert_eq!(loaded.settings.bootstrap.password.unwrap().expose(), "12345678");
    assert_eq!(loaded.settings.bootstrap.token.unwrap().expose(), "null");
}

#[test]
fn faults_are_told_all_at_once_and_secrets_are_not() {
    let faults = wrong(&[
        ("AUTHENTIK_LISTEN__HTTP", "nine thousand"),
        ("AUTHENTIK_SECRET_KEY", "too-short-to-use"),
        ("AUTHENTIK_LOG_LEVEL", "loud"),
        ("AUTHENTIK_WEB__PATH", "auth"),
        ("COUNTERSIGN_BASE_URL", "https://id.example.org/path"),
        ("AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS", "10.0.0.0/33"),
    ]);
    let names: Vec<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "base_url",
            "listen.http",
            "listen.trusted_proxy_cidrs",
            "log_level",
            "secret_key",
            "web.path"
        ]
    );
    let text = Wrong(faults).to_string();
    assert!(
        text.contains("AUTHENTIK_LISTEN__HTTP")
            && text.contains("nine thousand")
            && text.contains("remove it to use 0.0.0.0:9000"),
        "{text}"
    );
    assert!(!text.contains("too-short-to-use"), "{text}");
    assert_eq!(wrong(&[("AUTHENTIK_LISTEN__HTTPS", "0.0.0.0:9000")])[0].name, "listen.https");
}

#[test]
fn a_broken_or_missing_file_is_a_fault() {
    let mut outside = Outside::default();
    outside.files.insert("/etc/countersign/config.yml", "listen: [1\n");
    assert_eq!(load(&[], None, &outside).unwrap_err().0[0].origin, "/etc/countersign/config.yml");
    assert_eq!(
        load(&[], Some(Path::new("/nowhere.yml")), &Outside::default()).unwrap_err().0[0].origin,
        "/nowhere.yml"
    );
}

#[test]
fn strangers_never_stop_the_start() {
    let loaded = with(&[
        ("AUTHENTIK_CLIENT_SECRET", "hush"),
        ("AUTHENTIK_ERROR_REPORTING__ENABLED", "true"),
        ("COUNTERSIGN_TYPO", "x"),
    ])
    .unwrap();
    assert_eq!(loaded.notes.len(), 2, "{:?}", loaded.notes);
    let listing = listing(&loaded, &Outside::default());
    assert!(listing.contains("client_secret") && !listing.contains("hush"), "{listing}");
}

#[test]
fn a_shared_database_needs_a_key_and_a_checked_connection() {
    let shared = |more: &[(&'static str, &'static str)]| {
        with(&[&[("AUTHENTIK_POSTGRESQL__HOST", "db")], more].concat())
    };
    let key = ("AUTHENTIK_SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijk");
    assert_eq!(shared(&[]).unwrap_err().0[0].name, "secret_key");
    assert_eq!(
        shared(&[key, ("AUTHENTIK_POSTGRESQL__SSLMODE", "verify-full")]).unwrap_err().0[0].name,
        "postgresql.sslmode"
    );
    assert_eq!(
        shared(&[key, ("AUTHENTIK_POSTGRESQL__SSLMODE", "maybe")]).unwrap_err().0[0].name,
        "postgresql.sslmode"
    );
    assert_eq!(
        shared(&[key, ("AUTHENTIK_POSTGRESQL__SSLCERT", "/c.pem")]).unwrap_err().0[0].name,
        "postgresql.sslcert"
    );
    assert_eq!(
        shared(&[key, ("AUTHENTIK_POSTGRESQL__SSLMODE", "require")])
            .unwrap()
            .settings
            .postgresql
            .sslmode,
        Some(SslMode::Require)
    );
    let loaded =
        shared(&[key, ("POSTGRES_PASSWORD", "0123"), ("AUTHENTIK_POSTGRESQL__PORT", "6432")])
            .unwrap();
    assert_eq!(
        (loaded.settings.postgresql.port, loaded.settings.postgresql.password.expose()),
        (6432, "0123")
    );
    assert_eq!(loaded.settings.postgresql.name, "authentik");
}

#[test]
fn redis_is_one_server_watched_or_a_cluster() {
    let sentinel = [
        ("AUTHENTIK_REDIS__SENTINEL__MASTER", "main"),
        ("AUTHENTIK_REDIS__SENTINEL__HOSTS", "a:1, [::1]:2"),
    ];
    let redis = with(&sentinel).unwrap().settings.redis;
    assert!(redis.is_set() && redis.host.is_none());
    assert_eq!(
        redis.sentinel_hosts,
        [value::Node("a".to_owned(), 1), value::Node("::1".to_owned(), 2)]
    );
    assert_eq!(wrong(&sentinel[..1])[0].name, "redis.sentinel.hosts");
    assert_eq!(
        wrong(&[sentinel.as_slice(), &[("AUTHENTIK_REDIS__CLUSTER", "a:1")]].concat())[0].name,
        "redis.cluster"
    );
    assert_eq!(wrong(&[("AUTHENTIK_REDIS__CLUSTER", "redis-1")])[0].name, "redis.cluster");
    assert_eq!(
        wrong(&[("AUTHENTIK_REDIS__CLUSTER", "a:1"), ("AUTHENTIK_REDIS__DB", "3")])[0].name,
        "redis.db"
    );
    assert_eq!(
        wrong(&[("AUTHENTIK_REDIS__TLS", "true"), ("AUTHENTIK_REDIS__TLS_REQS", "maybe")])[0].name,
        "redis.tls_reqs"
    );
    assert_eq!(wrong(&[("AUTHENTIK_REDIS__TLS_CA_CERT", "/ca.pem")])[0].name, "redis.tls_ca_cert");
}

#[test]
fn secrets_are_masked_in_the_listing() {
    let outside = Outside {
        variables: vec![(
            "AUTHENTIK_SECRET_KEY",
            "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop",
        )],
        ..Outside::default()
    };
    let loaded = load(&[], None, &outside).unwrap();
    let listing = listing(&loaded, &outside);
    assert!(
        listing.contains("AUTHENTIK_SECRET_KEY") && !listing.contains("abcdefghijkl"),
        "{listing}"
    );
}

#[test]
fn published_examples_are_not_keys_and_everything_else_is() {
    let noted = |key: &'static str| {
        with(&[("AUTHENTIK_SECRET_KEY", key)])
            .unwrap()
            .notes
            .iter()
            .any(|note| note.contains("published example"))
    };
    let examples = [
        "your-super-secret-key-change-this-in-production-min-50-characters-long-please",
        "PleaseGenerateASecureKey",
    ];
    for example in examples {
        assert!(sections::is_example(example) && noted(example), "{example}");
    }
    for key in [
        "x2cDZpjkdvVGDTq3QkLfqDJGQ0Xr2bJd9f4zXbYVnUzJp6yD7mB1sQ==",
        "our-production-secret-key-Zk3vT8mZr5xK1nB7cWd9yHfL2jPs4gEa6RtQwXzV",
        "your-super-secret-key-change-this-in-production-min-50-characters-long-please-x",
        "please-generate-your-secret-and-change-it-here-as-an-example",
    ] {
        assert!(!sections::is_example(key) && !noted(key), "{key}");
    }
}

#[test]
fn networks() {
    let cidrs =
        <Vec<countersign_model::Cidr> as value::Place>::read("10.0.0.0/8, ::1,fd00::/8,0.0.0.0/0")
            .unwrap();
    assert!(
        cidrs[0].contains("10.2.3.4".parse().unwrap())
            && !cidrs[0].contains("11.0.0.1".parse().unwrap())
    );
    assert!(cidrs[0].contains("::ffff:10.1.1.1".parse().unwrap()));
    assert!(
        cidrs[1].contains("::1".parse().unwrap()) && !cidrs[1].contains("::2".parse().unwrap())
    );
    assert!(
        cidrs[2].contains("fd12::1".parse().unwrap())
            && !cidrs[2].contains("10.1.1.1".parse().unwrap())
    );
    assert!(cidrs[3].contains("8.8.8.8".parse().unwrap()));
    assert!(<Vec<countersign_model::Cidr> as value::Place>::read("ten").is_none());
}

#[test]
fn generated_manual_page_of_settings() {
    countersign_testing::generated("docs/settings.md", &reference());
}

#[test]
fn every_setting_is_documented_once() {
    let all: Vec<KeyMeta> = keys().into_iter().flat_map(|(_, keys)| keys).collect();
    for meta in &all {
        assert!(meta.doc.len() > 25, "{} needs a sentence", meta.name);
        assert_eq!(all.iter().filter(|other| other.name == meta.name).count(), 1, "{}", meta.name);
        assert!(!sources::without_effect(meta.name), "{}", meta.name);
    }
}

#[test]
fn a_read_replica_is_as_the_database_where_nothing_else_is_said() {
    let loaded = with(&[
        ("AUTHENTIK_POSTGRESQL__HOST", "db"),
        ("AUTHENTIK_POSTGRESQL__USER", "somebody"),
        ("AUTHENTIK_POSTGRESQL__PASSWORD", "main password"),
        (
            "AUTHENTIK_SECRET_KEY",
            "0123456789012345678901234567890123456789012345678901234567890123",
        ),
        ("AUTHENTIK_REDIS__HOST", "redis"),
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__0__HOST", "copy-a"),
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__1__HOST", "copy-b"),
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__1__PORT", "6000"),
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__1__PASSWORD", "another password"),
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__1__CONN_MAX_AGE", "60"),
    ])
    .unwrap();
    let said = |replica: &Postgresql| {
        (
            replica.host.clone().unwrap(),
            replica.port,
            replica.user.clone(),
            replica.password.expose().to_owned(),
        )
    };
    let replicas: Vec<_> = loaded.settings.read_replicas.iter().map(said).collect();
    let expected = [
        ("copy-a", 5432, "somebody", "main password"),
        ("copy-b", 6000, "somebody", "another password"),
    ];
    assert_eq!(
        replicas,
        expected.map(|(host, port, user, password)| (
            host.to_owned(),
            port,
            user.to_owned(),
            password.to_owned()
        ))
    );
    assert_eq!(loaded.settings.postgresql.host.as_deref(), Some("db"));
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    let listing = listing(&loaded, &Outside::default());
    assert!(
        listing.contains("postgresql.read_replicas.1.host")
            && !listing.contains("another password"),
        "{listing}"
    );
}

#[test]
fn a_wrong_value_of_a_read_replica_is_told_with_its_place() {
    let problems = wrong(&[
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__0__PORT", "many"),
        ("AUTHENTIK_POSTGRESQL__READ_REPLICAS__1__SSLMODE", "verify-full"),
        ("AUTHENTIK_LISTEN__HTTP", "nowhere"),
    ]);
    let told: Vec<_> =
        problems.iter().map(|problem| (problem.name.as_str(), problem.origin.as_str())).collect();
    let expected = [
        ("listen.http", "AUTHENTIK_LISTEN__HTTP"),
        ("postgresql.port", "AUTHENTIK_POSTGRESQL__READ_REPLICAS__0__PORT"),
        ("postgresql.sslmode", "AUTHENTIK_POSTGRESQL__READ_REPLICAS__1__SSLMODE"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn redis_is_checked_where_an_authority_is_named_or_it_is_asked_for() {
    let checked = |more: &[(&'static str, &'static str)]| {
        let loaded = with(
            &[&[("AUTHENTIK_REDIS__HOST", "redis"), ("AUTHENTIK_REDIS__TLS", "true")], more]
                .concat(),
        )
        .unwrap();
        (
            loaded.settings.redis.is_checked(),
            loaded.notes.iter().any(|note| note.contains("nobody checks")),
        )
    };
    assert_eq!(checked(&[]), (false, true));
    assert_eq!(checked(&[("AUTHENTIK_REDIS__TLS_REQS", "none")]), (false, false));
    assert_eq!(checked(&[("AUTHENTIK_REDIS__TLS_REQS", "required")]), (true, false));
    assert_eq!(checked(&[("AUTHENTIK_REDIS__TLS_CA_CERT", "/ca.pem")]), (true, false));
    assert_eq!(
        checked(&[
            ("AUTHENTIK_REDIS__TLS_CA_CERT", "/ca.pem"),
            ("AUTHENTIK_REDIS__TLS_REQS", "none")
        ]),
        (false, false)
    );
}

/// `stop_timeout`: it may be longer than the unit and the chart waited.
#[test]
fn whatever_runs_the_program_waits_for_its_end() {
    let needed = sections::STOP_TIMEOUT_MOST + crate::serve::STOP_MARGIN.as_secs();
    for (file, mark) in [
        (include_str!("../../../../deploy/systemd/countersign.service"), "TimeoutStopSec="),
        (
            include_str!("../../../../deploy/helm/countersign/templates/deployment.yaml"),
            "terminationGracePeriodSeconds: ",
        ),
        (
            include_str!("../../../../deploy/helm/countersign/templates/worker.yaml"),
            "terminationGracePeriodSeconds: ",
        ),
        (include_str!("../../../../deploy/docker-compose.yml"), "stop_grace_period: "),
    ] {
        let times: Vec<u64> = file
            .split(mark)
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap())
            .collect();
        assert!(!times.is_empty() && times.iter().all(|time| *time > needed), "{mark}: {times:?}");
    }
    assert_eq!(wrong(&[("COUNTERSIGN_WEB__STOP_TIMEOUT", "301")])[0].name, "web.stop_timeout");
}
