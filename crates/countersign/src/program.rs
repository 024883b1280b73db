//! The parts of the program and what each is given: of the settings, and of the others.

use std::{sync::Arc, time::Duration};

use countersign_blueprints::{
    apply::Machine,
    instances::{self, Surroundings},
};
use countersign_catalogue::{ApplicationAccess, media::S3};
use countersign_core::{Media, Module};
use countersign_directory::Passwords;
use countersign_events::EventSettings;
use countersign_flow::{Deps, Flows};
use countersign_ldap::Doors;
use countersign_listener::Listener;
use countersign_mail::{Encryption, MailSettings, Server};
use countersign_model::{Registry, Secret};
use countersign_oauth2::{OAuth2, Registration};
use countersign_outbound::{Outbound, Patience, Rules};
use countersign_policy::Engine;
use countersign_proxy::SelfTest;
use countersign_python::{Interpreter, Limits};
use countersign_saml_provider::Saml;
use countersign_saml_source::SamlSource;

use crate::{
    serve,
    settings::{Loaded, Settings, Surroundings as _, System, Wrong},
};

/// The version everything reports about itself.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first argument of the interpreter's process; no command of people's.
pub const EXPRESSIONS: &str = "run-expressions";

/// The parts of the program, each given what it needs of others.
pub struct Program {
    pub modules: Vec<Module>,
    pub policies: Engine,
    pub explain: countersign_explain::Deps,
    pub blueprints: Arc<Surroundings>,
    pub media: Media,
}

impl Program {
    /// Adding a protocol is adding its lines here.
    pub fn new(settings: &Settings) -> Program {
        let (mail, mailer) = countersign_mail::module(&mail_settings(settings));
        let (outbound, way_out) = countersign_outbound::module(rules(settings));
        let (events, places) = countersign_events::module(event_settings(settings));
        let (directory, passwords) = countersign_directory::module(&places);
        let reputation = i64::try_from(settings.reputation.expiry).unwrap_or(i64::MAX);
        let policies =
            Engine::new(places, way_out.clone(), interpreter(settings), passwords.clone())
                .forgetting_reputation_after(reputation);
        let access: Arc<dyn ApplicationAccess> = Arc::new(policies.clone());
        let oauth = OAuth2::default().registering(registration(settings));
        let saml = Saml::default();
        let saml_source = SamlSource::default();
        let flows = Flows::new(Deps {
            policies: policies.clone(),
            passwords: passwords.clone(),
            mailer: mailer.clone(),
            outbound: way_out.clone(),
            stages: [oauth.stages(), saml.stages(), saml_source.stages()]
                .into_iter()
                .flatten()
                .collect(),
            destinations: vec![
                countersign_oauth2::destination(),
                countersign_saml_provider::destination(),
            ],
            continued: vec![countersign_oauth2::CONTINUED, countersign_sources::continued],
        });
        let upstreams = way_out.upstreams(patience(settings));
        let test = SelfTest::new(way_out.upstreams(patience(settings)));
        let directories = countersign_ldap_source::Deps {
            policies: policies.clone(),
            passwords: passwords.clone(),
            upstreams: Arc::new(way_out.upstreams(countersign_ldap_source::PATIENCE)),
        };
        let embedded = !settings.proxying.disabled;
        let blueprints = Arc::new(surroundings(settings, passwords));
        let explain =
            countersign_explain::Deps { flows: flows.clone(), blueprints: blueprints.clone() };
        let certificates = settings.general.cert_discovery_dir.clone();
        let media = media(settings, way_out.clone());
        let modules = vec![
            countersign_rest::module(),
            directory,
            countersign_authenticators::module(&mailer),
            events,
            countersign_jobs::module(),
            countersign_catalogue::module(&access, certificates, way_out.clone()),
            instances::module(&blueprints),
            countersign_policy::module(
                &policies,
                &[countersign_oauth2::LOST, countersign_outposts::LOST],
            ),
            countersign_sources::module(&policies),
            countersign_notifications::module(mailer, way_out.clone(), &policies),
            countersign_flow::module(&flows),
            countersign_oauth2::module(&oauth, &flows),
            countersign_outposts::module(embedded),
            countersign_proxy::module(&oauth, &flows, upstreams, &test, embedded),
            countersign_saml_provider::module(&saml, &flows),
            countersign_saml_source::module(&saml_source, &flows),
            countersign_ldap_source::module(&directories),
            countersign_explain::module(&explain),
            countersign_radius::module(&flows, radius_listener(settings)),
            countersign_ldap::module(&flows, &doors(settings)),
            crate::commands::console::module(&blueprints, &test),
            crate::backups::module(settings),
            crate::notices::module(),
            crate::overview::module(settings),
            crate::security_txt::module(settings),
            mail,
            outbound,
        ];
        Program { modules, policies, explain, blueprints, media }
    }
}

/// Where uploads are kept. Settings that name no bucket have been refused before.
fn media(settings: &Settings, way_out: Arc<Outbound>) -> Media {
    let bucket = settings.storage.bucket().ok().flatten();
    let bucket = bucket.and_then(|bucket| S3::new(&bucket, way_out).ok());
    bucket.map_or_else(|| Media::Folder(settings.media_folder()), |s3| Media::Bucket(Arc::new(s3)))
}

/// Where RADIUS is answered.
fn radius_listener(settings: &Settings) -> Listener {
    let address = settings.listen.radius;
    Listener { name: "radius", setting: "listen.radius", address, tls: None }
}

/// Refuses to serve below a path that begins as an address inside does: nobody could tell which
/// of the two is meant.
///
/// # Errors
/// What to write instead.
pub fn check_path(loaded: &Loaded) -> Result<(), Wrong> {
    let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    let name = first(&loaded.settings.web.path);
    let modules = Program::new(&loaded.settings).modules;
    let mut routes = modules.iter().flat_map(|module| &module.routes);
    if name.is_empty() || !["api", "-"].contains(&&*name) && routes.all(|r| first(&r.path) != name)
    {
        return Ok(());
    }
    let what = "this name stands for something inside of the server";
    Err(loaded.wrong("web.path", what, "Choose another, as /auth/"))
}

/// Every kind of every module.
pub fn registry(modules: &[Module]) -> Registry {
    let kinds = modules.iter().flat_map(|module| module.kinds.iter().map(|kind| kind.def.clone()));
    Registry::new(kinds)
        .with_rules(modules.iter().flat_map(|module| module.rules.iter().copied()))
        .with_tables(modules.iter().flat_map(|module| module.tables.iter().map(|table| table.meta)))
}

/// What edits of the configuration bring with them, of every module.
pub fn consequences(modules: &[Module]) -> Vec<countersign_store::Check> {
    modules.iter().flat_map(|module| module.consequences.iter().copied()).collect()
}

/// What blueprints get from the settings.
fn surroundings(settings: &Settings, passwords: Arc<Passwords>) -> Surroundings {
    let bootstrap = settings.bootstrap.clone();
    Surroundings {
        folder: settings.general.blueprints_dir.clone(),
        passwords,
        machine: Machine {
            secrets: own_secrets(settings),
            environment: Arc::new(move |name| {
                let secret = |secret: &Option<Secret>| {
                    secret.as_ref().map(|secret| secret.expose().to_owned())
                };
                match name {
                    "AUTHENTIK_BOOTSTRAP_PASSWORD" => secret(&bootstrap.password),
                    "AUTHENTIK_BOOTSTRAP_TOKEN" => secret(&bootstrap.token),
                    "AUTHENTIK_BOOTSTRAP_EMAIL" => bootstrap.email.clone(),
                    other => System
                        .variables()
                        .into_iter()
                        .find(|(known, _)| known == other)
                        .map(|(_, value)| value),
                }
            }),
        },
    }
}

/// What the program itself keeps its data and its neighbours with. The first administrator's
/// password and token are not among it: they are given so that blueprints use them.
fn own_secrets(settings: &Settings) -> Arc<[Secret]> {
    let (database, redis) = (&settings.postgresql, &settings.redis);
    let given = [
        &settings.general.secret_key,
        &redis.password,
        &redis.sentinel_password,
        &settings.email.password,
        &settings.backup.passphrase,
    ];
    let databases =
        [database].into_iter().chain(&settings.read_replicas).map(|one| one.password.clone());
    let all = given.into_iter().flatten().cloned().chain(databases);
    all.filter(|secret| !secret.is_empty()).collect()
}

/// How mail is sent.
pub fn mail_settings(settings: &Settings) -> MailSettings {
    let given = &settings.email;
    let encryption = match (given.use_ssl, given.use_tls) {
        (true, _) => Encryption::Implicit,
        (false, true) => Encryption::StartTls,
        (false, false) => Encryption::None,
    };
    MailSettings {
        server: Server {
            host: given.host.clone().unwrap_or_else(|| "localhost".to_owned()),
            port: given.port,
            username: given.username.clone(),
            password: given.password.clone(),
            encryption,
            timeout: Duration::from_secs(given.timeout.max(1)),
            from: given.from.clone(),
        },
        is_set: given.host.is_some(),
        template_dir: given.template_dir.clone(),
        show_links: given.events_with_links,
    }
}

/// How other servers are reached.
fn rules(settings: &Settings) -> Rules {
    let given = &settings.outbound;
    Rules {
        allow: given.allow.clone(),
        resolve: given.resolve.clone(),
        proxy: given.proxy.as_ref().map(|proxy| proxy.expose().to_owned()),
        no_proxy: given.no_proxy.clone(),
        user_agent: format!("countersign/{VERSION}"),
        insecure: false,
        own: vec![settings.listen.metrics, settings.listen.ldap, settings.listen.ldaps],
    }
}

/// Where LDAP is spoken.
fn doors(settings: &Settings) -> Doors {
    let folder = settings.general.data_dir.clone();
    Doors {
        ldap: settings.listen.ldap,
        ldaps: settings.listen.ldaps,
        tls: Arc::new(move |cx| serve::ldap_tls(&folder, cx)),
        bounds: serve::bounds(settings),
    }
}

/// What clients that register themselves are held to.
fn registration(settings: &Settings) -> Registration {
    let given = &settings.oauth2;
    Registration {
        who: given.registration,
        hosts: given.registration_hosts.0.clone().into(),
        flow: given.registration_flow.clone(),
        most: given.registration_limit,
    }
}

/// How long is waited for applications that requests are passed on to.
pub fn patience(settings: &Settings) -> Patience {
    let given = &settings.proxying;
    let seconds = |given: u64| Duration::from_secs(given.clamp(1, 24 * 3600));
    Patience {
        connect: seconds(given.connect),
        answer: seconds(given.answer),
        idle: seconds(given.idle),
        keep_alive: seconds(given.keep_alive),
    }
}

/// How events are kept.
fn event_settings(settings: &Settings) -> EventSettings {
    let given = &settings.events;
    EventSettings {
        keep: given.retention.0,
        most: i64::try_from(given.most).unwrap_or(i64::MAX),
        cities: given.geoip.clone(),
        networks: given.asn.clone(),
    }
}

/// Where expressions are run: in processes of this program, within the settings' limits.
fn interpreter(settings: &Settings) -> Interpreter {
    let given = &settings.expressions;
    // What was started, also after its file was replaced by a newer one.
    let program = "/proc/self/exe".into();
    let limits = Limits {
        processes: usize::try_from(given.processes).unwrap_or(1),
        time: Duration::from_millis(given.milliseconds),
        mapping_time: Duration::from_millis(given.mapping_milliseconds),
        questions: usize::try_from(given.questions).unwrap_or(usize::MAX),
        memory: given.memory.saturating_mul(1 << 20),
        ..Limits::default()
    };
    Interpreter::new(program, EXPRESSIONS, limits)
}
