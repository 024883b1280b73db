//! Every setting: name, type, default, documentation.
//!
//! A section is declared once with the macro below; the struct the program uses, the reader and the
//! manual page come from that declaration.

use std::{net::SocketAddr, path::PathBuf};

use countersign_catalogue::media::{Addressing, BucketSettings};
use countersign_model::{Cidr, Secret};
use countersign_oauth2::Registrants;
use countersign_outbound::Resolved;
use countersign_store::SslMode;

use super::{
    Problem,
    sources::{Layers, Surroundings},
    value::{
        Checked, Collector, Contact, Hosts, Level, Limit, Node, Origin, Period, Place, Rate, Share,
        Uploads,
    },
};

/// What is known about a setting without its value.
#[derive(Debug, Clone, Copy)]
pub struct KeyMeta {
    /// Dotted name.
    pub name: &'static str,
    /// Default, as text.
    pub default: &'static str,
    /// What belongs here.
    pub wanted: &'static str,
    /// Whether it is masked wherever it is shown.
    pub secret: bool,
    /// One sentence or two.
    pub doc: &'static str,
}

/// Turns layers into typed values and collects what is wrong.
pub struct Reader<'a> {
    pub layers: &'a Layers,
    pub system: &'a dyn Surroundings,
    pub problems: Vec<Problem>,
}

impl Reader<'_> {
    fn get<T: Place>(&mut self, key: &'static str, default: &'static str) -> T {
        let (text, given) = self.layers.value(key, default, self.system);
        let Some(given) = given else {
            return T::read(&text.unwrap_or_default()).unwrap_or_else(T::stand_in);
        };
        match text {
            Ok(text) => T::read(&text).unwrap_or_else(|| {
                let shown = if T::SECRET {
                    "the value".to_owned()
                } else {
                    format!("\"{}\"", text.chars().take(80).collect::<String>())
                };
                self.problem(
                    key,
                    given.origin.to_string(),
                    format!("{shown} is not {}", T::WANTED),
                    remedy(default),
                );
                T::stand_in()
            }),
            Err(what) => {
                let remedy = "Make it readable, or add a default after a question mark, as in file:///run/secrets/x?default".to_owned();
                self.problem(key, given.origin.to_string(), what, remedy);
                T::stand_in()
            }
        }
    }

    fn problem(&mut self, key: &str, origin: String, what: String, remedy: String) {
        self.problems.push(Problem { name: key.to_owned(), origin, what, remedy });
    }
}

fn remedy(default: &str) -> String {
    if default.is_empty() {
        "Correct it or remove it".to_owned()
    } else {
        format!("Correct it, or remove it to use {default}")
    }
}

macro_rules! sections {
    ($($(#[doc = $section_doc:literal])* $section:ident: $struct:ident {
        $($(#[doc = $doc:literal])* $field:ident ($key:literal): $type:ty = $default:literal;)*
    })*) => {
        $(
            $(#[doc = $section_doc])*
            #[derive(Debug, Clone)]
            pub struct $struct {
                $($(#[doc = $doc])* pub $field: $type,)*
            }
        )*

        /// All sections.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $($(#[doc = $section_doc])* pub $section: $struct,)*
            /// The section of the database once more for each of its read replicas.
            pub read_replicas: Vec<Postgresql>,
        }

        impl Settings {
            /// Reads every key; what is wrong lands in the reader.
            pub fn read(reader: &mut Reader<'_>) -> Settings {
                Settings { $($section: $struct { $($field: reader.get($key, $default),)* },)* read_replicas: Vec::new() }
            }
        }

        /// Every section with its title sentence and its keys, in the order they are documented.
        pub fn keys() -> Vec<(&'static str, Vec<KeyMeta>)> {
            vec![$((
                concat!($($section_doc),*),
                vec![$(KeyMeta {
                    name: $key,
                    default: $default,
                    wanted: <$type as Place>::WANTED,
                    secret: <$type as Place>::SECRET,
                    doc: concat!($($doc),*),
                },)*],
            ),)*]
        }
    };
}

sections! {
    /// Where data lies and how the program identifies itself.
    general: General {
        /// Folder of the database, keys and certificates. Created when missing, readable only by
        /// the user the program runs as.
        data_dir ("data_dir"): PathBuf = "data";
        /// Key from which all others are derived: at least 32 characters, 50 or more recommended.
        /// Without it one is made and kept in the data folder. Changing it signs everybody out and
        /// makes stored secrets unreadable. A published example is never used: a random key takes
        /// its place, in the data folder or the PostgreSQL database, until you give one of your
        /// own.
        secret_key ("secret_key"): Option<Secret> = "";
        /// Public address of this server (`https://id.example.org`). Once set, every issuer and
        /// link uses it; otherwise they follow the address of the request.
        base_url ("base_url"): Option<Origin> = "";
        /// How much is logged: trace, debug, info, warning or error.
        log_level ("log_level"): Level = "info";
        /// Folder with blueprints of your own (`**/*.yaml`), applied after the built-in ones at the
        /// start and whenever a file is added or changed.
        blueprints_dir ("blueprints_dir"): Option<PathBuf> = "";
        /// Folder with certificates and keys in PEM form that others keep up to date, as an ACME
        /// client does: imported at the start and every hour.
        cert_discovery_dir ("cert_discovery_dir"): Option<PathBuf> = "/certs";
        /// Whom to tell of a hole in this installation: an e-mail address or an `https` address,
        /// named in `/.well-known/security.txt`.
        security_contact ("security_contact"): Option<Contact> = "";
    }

    /// Where the program listens.
    listen: Listen {
        /// Address for HTTP: for a proxy in front of it, or for trying out.
        http ("listen.http"): SocketAddr = "0.0.0.0:9000";
        /// Address for HTTPS. The certificate is made on first start and kept in the data folder;
        /// put your own into `tls.pem` and `tls.key` there.
        https ("listen.https"): SocketAddr = "0.0.0.0:9443";
        /// Address for clients that have certificates (mutual TLS), as `0.0.0.0:9444`: HTTPS that asks
        /// for one, and serves who has none as well. Browsers would ask people for theirs, so this is
        /// an address of its own. Needs `base_url`. Without it there is none.
        mtls ("listen.mtls"): Option<SocketAddr> = "";
        /// Where clients with certificates reach this server, as `https://mtls.example.org`: that
        /// address, or the one of a proxy that asks for them. Discovery names it
        /// (`mtls_endpoint_aliases`).
        mtls_url ("listen.mtls_url"): Option<Origin> = "";
        /// Header in which the proxies of `listen.trusted_proxy_cidrs` name the certificate of a
        /// client, as `Client-Cert` (RFC 9440), `ssl-client-cert`, `X-Forwarded-Tls-Client-Cert` or
        /// `X-Forwarded-Client-Cert`. They have to remove it from what clients send: a certificate is
        /// no secret. Needs `listen.trusted_proxy_cidrs` with the addresses of these proxies alone,
        /// for its default is every private network. Without a name here no header is read.
        client_certificate_header ("listen.client_certificate_header"): Option<String> = "";
        /// Address for metrics without authentication; on this machine only unless changed.
        metrics ("listen.metrics"): SocketAddr = "127.0.0.1:9300";
        /// Address for LDAP, in clear and with `StartTLS`. It is open as long as there is an LDAP
        /// provider with an application and without an outpost.
        ldap ("listen.ldap"): SocketAddr = "0.0.0.0:3389";
        /// Address for LDAP that is encrypted from the first byte.
        ldaps ("listen.ldaps"): SocketAddr = "0.0.0.0:6636";
        /// Address for RADIUS (UDP). It is used only as long as there is a RADIUS provider that this
        /// server answers for.
        radius ("listen.radius"): SocketAddr = "0.0.0.0:1812";
        /// Connections that each of the two addresses for HTTP and HTTPS holds at once. When there are as many, the
        /// one that has been idle, or has taken nothing of its answer, the longest is closed for a
        /// new one.
        connections ("listen.connections"): u16 = "4096";
        /// Connections of one address (a /64 of IPv6) that have not yet sent a complete request;
        /// more are closed at once. Behind a trusted proxy the client that it names is counted. 0
        /// sets no limit.
        waiting_per_address ("listen.waiting_per_address"): u16 = "128";
        /// Seconds for a TLS handshake, then for the headers of a request, and for the next
        /// request; four times that for taking the next part of an answer; after them the
        /// connection is closed. At most a day.
        patience ("listen.patience"): u64 = "15";
        /// Networks whose proxies may tell the client's address and scheme (`X-Forwarded-For`,
        /// `X-Forwarded-Proto`, `X-Forwarded-Host`). From anywhere else these headers are removed.
        /// `none` trusts nobody.
        trusted_proxies ("listen.trusted_proxy_cidrs"): Vec<Cidr> = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fe80::/10,::1/128";
    }

    /// The database. Without a host everything is kept in the data folder, for one process; with
    /// PostgreSQL any number of processes share it.
    postgresql: Postgresql {
        /// Host of PostgreSQL 14 or later, or of an engine that speaks its wire. Read replicas have
        /// the same settings below `postgresql.read_replicas.0`, `.1` and so on
        /// (`COUNTERSIGN_POSTGRESQL__READ_REPLICAS__0__HOST`); what is not given there is as for
        /// the database itself.
        host ("postgresql.host"): Option<String> = "";
        /// Port of the database server.
        port ("postgresql.port"): u16 = "5432";
        /// Name of the database; it must exist, its tables are made.
        name ("postgresql.name"): String = "authentik";
        /// Name to sign in to the database with.
        user ("postgresql.user"): String = "authentik";
        /// Password to sign in to the database with.
        password ("postgresql.password"): Secret = "env://POSTGRES_PASSWORD?";
        /// Whether the connection is encrypted and the server checked, in the words of PostgreSQL:
        /// `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`. Without, `prefer`;
        /// with a root certificate, `verify-full`.
        sslmode ("postgresql.sslmode"): Option<SslMode> = "";
        /// File with certificates of the authority that signed the database's, in PEM form;
        /// `system` stands for those this machine trusts. With it `require` checks as `verify-ca`
        /// does.
        sslrootcert ("postgresql.sslrootcert"): Option<PathBuf> = "";
        /// File with the certificate to sign in to the database with, in PEM form.
        sslcert ("postgresql.sslcert"): Option<PathBuf> = "";
        /// File with the key of that certificate, in PEM form and without a passphrase.
        sslkey ("postgresql.sslkey"): Option<PathBuf> = "";
        /// Schema the tables are in; it must exist.
        default_schema ("postgresql.default_schema"): String = "public";
        /// Set to true behind a pooler that gives each transaction another connection.
        use_pgbouncer ("postgresql.use_pgbouncer"): bool = "false";
        /// Connections a process has at most; what finds all of them in use waits its turn.
        connections ("postgresql.connections"): u16 = "10";
    }

    /// Sign-ins in progress, counters and one-time marks. Without a host they are kept in memory
    /// and in the database, for one process; several processes share them in Redis.
    redis: Redis {
        /// Host of Redis, or of an engine that speaks its protocol.
        host ("redis.host"): Option<String> = "";
        /// Port Redis listens on, mostly 6379.
        port ("redis.port"): u16 = "6379";
        /// Number of the Redis database.
        db ("redis.db"): u16 = "0";
        /// User name for Redis, where it has users.
        username ("redis.username"): Option<String> = "";
        /// Password to sign in to Redis with.
        password ("redis.password"): Option<Secret> = "";
        /// Whether the connection is encrypted, to sentinels too.
        tls ("redis.tls"): bool = "false";
        /// Whether the server's certificate and name are checked: `none`, or `required` (`optional`
        /// means the same). Without, they are where `redis.tls_ca_cert` names an authority, and not
        /// elsewhere, as in the original.
        tls_reqs ("redis.tls_reqs"): Option<Checked> = "";
        /// File with certificates of the authority that signed Redis', in PEM form; without, this
        /// machine's are asked.
        tls_ca_cert ("redis.tls_ca_cert"): Option<PathBuf> = "";
        /// Name of the master that sentinels watch. Then they say where Redis is, instead of
        /// `redis.host`.
        sentinel_master ("redis.sentinel.master"): Option<String> = "";
        /// The sentinels, as `redis-1:26379,redis-2:26379,redis-3:26379`.
        sentinel_hosts ("redis.sentinel.hosts"): Vec<Node> = "";
        /// User name for the sentinels, where they have users.
        sentinel_username ("redis.sentinel.username"): Option<String> = "";
        /// Password to sign in to the sentinels with; `redis.password` is for the servers alone.
        sentinel_password ("redis.sentinel.password"): Option<Secret> = "";
        /// Some nodes of a Redis cluster, as `redis-1:6379,redis-2:6379`, instead of `redis.host`.
        cluster ("redis.cluster"): Vec<Node> = "";
    }

    /// How requests and sessions are treated.
    web: Web {
        /// Path below which everything is served, as `/auth/`: it begins and ends with a slash. A
        /// proxy in front must leave it in.
        path ("web.path"): String = "/";
        /// Domain of the session cookie, for installations reached under several names of one
        /// domain.
        cookie_domain ("cookie_domain"): Option<String> = "";
        /// MiB that the bodies of all requests in work may have together, of which one client has
        /// at most half; more are answered with status 503.
        bodies ("web.bodies"): u16 = "64";
        /// Seconds a request may take before it is given up with status 503.
        request_timeout ("web.request_timeout"): u64 = "60";
        /// Seconds open requests get to finish when the program is stopped, at most 300. Whatever
        /// runs the program must give it 10 more.
        stop_timeout ("web.stop_timeout"): u64 = "20";
    }

    /// How long sessions last, beside what the stage that signs people in says.
    sessions: Sessions {
        /// A session ends when it was not used for so long, as `hours=2`; a use is noted once a
        /// minute. Empty: however long it was not used.
        idle ("sessions.idle"): Limit = "";
        /// A session ends so long after the sign-in, as `days=1`, however much it is used. Empty:
        /// when the stage says.
        absolute ("sessions.absolute"): Limit = "";
        /// A sign-in that somebody began is forgotten after so long, and after an hour in any case.
        unauthenticated_age ("sessions.unauthenticated_age"): Limit = "days=1";
    }

    /// Which names and addresses failed to sign in of late: what reputation policies ask.
    reputation: Reputation {
        /// Seconds after which a score is forgotten.
        expiry ("reputation.expiry"): u64 = "86400";
    }

    /// Work beside requests: mails, clean-up, blueprints, certificates.
    worker: Worker {
        /// Jobs that run at once in a process that does them: as many quick ones (mails,
        /// notifications), and as many that may take long (clean-up, blueprints, backups).
        concurrency ("worker.concurrency"): u16 = "2";
        /// Whether `server` does the jobs too. With PostgreSQL they can be left to processes of
        /// `countersign worker`.
        in_process ("worker.in_process"): bool = "true";
    }

    /// Mail: password resets, confirmations, notifications. `countersign test-email` tries it out.
    email: Email {
        /// The mail server by which letters leave, as a name or an address. Once it is set, people
        /// who forgot their password get a link by e-mail; without it, `localhost` is tried.
        host ("email.host"): Option<String> = "";
        /// Its port: 25 between servers, 587 with `email.use_tls`, 465 with `email.use_ssl`.
        port ("email.port"): u16 = "25";
        /// Name to sign in to the mail server with; without one nobody signs in.
        username ("email.username"): Option<String> = "";
        /// Password to sign in to the mail server with.
        password ("email.password"): Option<Secret> = "";
        /// Whether the connection is encrypted after STARTTLS. A server that does not offer it is
        /// not used.
        use_tls ("email.use_tls"): bool = "false";
        /// Whether the connection is encrypted from its first byte. Not together with
        /// `email.use_tls`.
        use_ssl ("email.use_ssl"): bool = "false";
        /// Seconds to connect to the mail server; a whole mail may take three times as long.
        timeout ("email.timeout"): u64 = "10";
        /// Sender, as `Company <id@example.org>` or an address alone.
        from ("email.from"): String = "authentik@localhost";
        /// Folder with mail templates of your own: `**/*.html`, each with an optional `.txt` beside
        /// it.
        template_dir ("email.template_dir"): Option<PathBuf> = "/templates";
        /// Whether the events of sent mails keep the links in them. Whoever may read events could
        /// then use a link that signs somebody in.
        events_with_links ("email.events_with_links"): bool = "false";
    }

    /// Requests this server makes to others: webhooks of notifications, key sets of clients.
    outbound: Outbound {
        /// Networks that may be reached although they are not public, as
        /// `10.1.0.0/16,192.168.7.4/32`. Everything else that the Internet does not reach is
        /// refused, so that nobody uses this server to look into its own network.
        allow ("outbound.allow"): Vec<Cidr> = "";
        /// Hosts that are reached at these addresses, whatever their names lead to, as
        /// `api.example.org=10.1.2.3:8443`. They need no `outbound.allow`.
        resolve ("outbound.resolve"): Vec<Resolved> = "";
        /// Proxy that all such requests go through, as `http://proxy.example.org:3128`.
        proxy ("outbound.proxy"): Option<Secret> = "env://HTTPS_PROXY?";
        /// Hosts that are reached without the proxy, separated by commas.
        no_proxy ("outbound.no_proxy"): Option<String> = "env://NO_PROXY?";
    }

    /// Applications that this server passes requests on to (proxy providers of mode `proxy`).
    proxying: Proxying {
        /// Whether this server answers for no proxy provider itself, be it asked by a reverse
        /// proxy or passing requests on. Outposts beside your applications do.
        disabled ("outposts.disable_embedded_outpost"): bool = "false";
        /// Seconds to connect to an application, its TLS handshake included.
        connect ("outposts.proxy.connect_timeout"): u64 = "5";
        /// Seconds in which an application begins to answer once it has the whole request.
        answer ("outposts.proxy.answer_timeout"): u64 = "60";
        /// Seconds between two pieces of a body, in either direction. Websockets and streams of
        /// events may be silent for as long as they like.
        idle ("outposts.proxy.idle_timeout"): u64 = "60";
        /// Seconds of silence after which TCP asks whether the other side of a connection is still
        /// there, be it an application or a client.
        keep_alive ("outposts.proxy.keep_alive"): u64 = "30";
    }

    /// A program at the edge (`countersign outpost`), which answers for applications with a server
    /// elsewhere. The server itself needs none of these.
    outpost: Outpost {
        /// Where its server is, with the path that that is below, as `https://id.example.org`.
        host ("host"): Option<String> = "";
        /// The token of the outpost, which its page shows.
        token ("token"): Option<Secret> = "";
        /// Takes whatever certificate the server shows.
        insecure ("insecure"): bool = "false";
        /// Where browsers find the server, if not at `host`.
        host_browser ("host_browser"): Option<String> = "";
    }

    /// Expressions of policies and mappings. Each runs in a process of this program that has no
    /// files and no network; what goes over a limit fails, and nothing else.
    expressions: Expressions {
        /// Processes that run expressions at once.
        processes ("expressions.processes"): u64 = "4";
        /// Milliseconds of processor time that a policy or a prompt may take. Waiting for answers
        /// of the database or of other servers does not count; the timeout of a policy's binding
        /// does count it.
        milliseconds ("expressions.milliseconds"): u64 = "1000";
        /// Milliseconds of processor time that a property mapping may take.
        mapping_milliseconds ("expressions.mapping_milliseconds"): u64 = "50";
        /// Questions that one may ask: queries, requests to other servers, events.
        questions ("expressions.questions"): u64 = "200";
        /// MiB of memory that a process may have.
        memory ("expressions.memory"): u64 = "64";
    }

    /// The log of what happened.
    events: Events {
        /// How long an event is kept, as `days=365`.
        retention ("events.retention"): Period = "days=365";
        /// How many events are kept at most; the oldest are removed first. 0 sets no limit.
        most ("events.most"): u64 = "0";
        /// MaxMind's file of cities. Events then tell where their address is; it is kept in memory
        /// and read anew when it changes.
        geoip ("events.context_processors.geoip"): Option<PathBuf> = "/geoip/GeoLite2-City.mmdb";
        /// MaxMind's file of networks (ASN), likewise.
        asn ("events.context_processors.asn"): Option<PathBuf> = "/geoip/GeoLite2-ASN.mmdb";
    }

    /// Traces for OpenTelemetry: what each request did, and how long each part took. Without an
    /// endpoint there are none.
    tracing: Tracing {
        /// Collector that takes OTLP over HTTP, as `http://collector:4318`; `/v1/traces` is added.
        otlp_endpoint ("tracing.otlp_endpoint"): Option<Collector> = "env://OTEL_EXPORTER_OTLP_ENDPOINT?";
        /// Headers the collector wants, as `Authorization=Bearer%20x,X-Tenant=one`.
        otlp_headers ("tracing.otlp_headers"): Option<Secret> = "env://OTEL_EXPORTER_OTLP_HEADERS?";
        /// Share of requests and jobs that is traced, 0.1 for a tenth. A trace that a trusted proxy
        /// began follows its decision.
        sample_rate ("tracing.sample_rate"): Share = "env://OTEL_TRACES_SAMPLER_ARG?1";
        /// Name this server has in traces.
        service_name ("tracing.service_name"): String = "env://OTEL_SERVICE_NAME?countersign";
    }

    /// Icons and backgrounds that administrators upload. Several processes share the folder.
    storage: Storage {
        /// Where they are kept: in a folder (`file`), or in a bucket of a service that speaks S3
        /// (`s3`), which browsers get them from by links that are signed for an hour.
        backend ("storage.media.backend"): Uploads = "file";
        /// The folder, with what is served at `/media/public/` in `public`; `media` in the data
        /// folder without. Backups hold it.
        folder ("storage.media.file.path"): Option<PathBuf> = "";
        /// The bucket. Backups do not hold it.
        bucket ("storage.media.s3.bucket_name"): Option<String> = "";
        /// The name of the key by which requests and links are signed.
        access_key ("storage.media.s3.access_key"): Option<String> = "";
        /// The key itself; best read from a file (`file:///run/secrets/s3`).
        s3_key ("storage.media.s3.secret_key"): Option<Secret> = "";
        /// Of keys that are lent for a while.
        security_token ("storage.media.s3.security_token"): Option<Secret> = "";
        /// The bucket's region; `us-east-1` without.
        region ("storage.media.s3.region"): Option<String> = "";
        /// Address of the service, as `https://minio.example.org:9000`, where it is not Amazon's.
        /// One that is not public has to be in `outbound.allow`.
        endpoint ("storage.media.s3.endpoint"): Option<String> = "";
        /// HTTPS, where the endpoint does not say.
        use_ssl ("storage.media.s3.use_ssl"): bool = "true";
        /// Whether addresses name the bucket in the path or in the host (`virtual`); `auto` is the
        /// path where an endpoint is named, and the host at Amazon.
        addressing ("storage.media.s3.addressing_style"): Addressing = "auto";
        /// Host at which browsers get the files, in place of the service's, with the bucket where
        /// the path names it: `media.example.org/bucket`.
        custom_domain ("storage.media.s3.custom_domain"): Option<String> = "";
        /// Links at that host are HTTPS.
        secure_urls ("storage.media.s3.secure_urls"): bool = "true";
    }

    /// Backups made by `countersign backup`, and by the server itself when `backup.every` is set.
    backup: Backup {
        /// Passphrase they are encrypted with; best read from a file
        /// (`file:///run/secrets/backup`). Whoever has a backup and its passphrase has everything,
        /// the secret key included; without the passphrase a backup is worth nothing.
        passphrase ("backup.passphrase"): Option<Secret> = "";
        /// How often the server makes a backup, as `hours=24`; never without. Each is tried out by
        /// restoring it into an empty database of its own before it counts.
        every ("backup.every"): Option<Period> = "";
        /// How many of the server's backups are kept; older ones are removed.
        keep ("backup.keep"): u16 = "7";
        /// Folder the server writes backups to; `backups` in the data folder without. Best on
        /// another disk.
        folder ("backup.folder"): Option<PathBuf> = "";
    }

    /// Clients of OAuth 2.0 that register themselves (RFC 7591). Each gets a provider and an
    /// application, which everybody who may sign in can open until you bind policies to it.
    oauth2: OAuth2Clients {
        /// Who may register clients: nobody (`off`), who sends an API token of an account that may
        /// add providers and applications (`token`), or anybody (`open`), ten an hour from one
        /// address.
        registration ("oauth2.registration"): Registrants = "off";
        /// Hosts that such clients may send people back to, as `app.example.org`, `*.example.net`,
        /// or `com.example.app:` for the scheme of an app, and show as their own addresses. Empty: any
        /// host by https, and the person's own machine.
        registration_hosts ("oauth2.registration_hosts"): Hosts = "";
        /// As many clients may be there at once that were registered without a token. Then the oldest
        /// that nobody ever signed in to gives way; where there is none, the next is refused.
        registration_limit ("oauth2.registration_limit"): u32 = "500";
        /// Slug of the flow in which people let such a client in; one that asks for consent.
        registration_flow ("oauth2.registration_flow"): String = "default-provider-authorization-explicit-consent";
    }

    /// How much one client may ask for. Whoever asks for more is answered with status 429 and told
    /// when to come again.
    throttle: Throttle {
        /// Calls of the API without credentials, per address.
        default ("throttle.default"): Rate = "1000/second";
        /// Answers to sign-in pages and their API, per address. This machine itself is not counted.
        login ("throttle.login"): Rate = "600/minute";
        /// Requests to the token endpoint, per address. This machine itself is not counted.
        token ("throttle.token"): Rate = "6000/minute";
        /// Devices that ask for a code to be typed elsewhere, per address. This machine itself is not
        /// counted.
        device ("throttle.providers.oauth2.device"): Rate = "20/hour";
    }

    /// The first administrator, read when the account `akadmin` is created and never again.
    bootstrap: Bootstrap {
        /// Password of `akadmin`; the set-up page then stays closed.
        password ("bootstrap_password"): Option<Secret> = "";
        /// An API token of `akadmin` that does not expire.
        token ("bootstrap_token"): Option<Secret> = "";
        /// E-mail address of `akadmin`.
        email ("bootstrap_email"): Option<String> = "";
    }
}

/// Keys of the original that are accepted and change nothing here, as prefixes.
pub(super) const WITHOUT_EFFECT: &[&str] = &[
    "broker.",
    "cache.",
    "channel.",
    "compliance.",
    "debug",
    "debugger",
    "default_",
    "avatars",
    "disable_startup_analytics",
    "disable_update_check",
    "error_reporting.",
    "footer_links",
    "gdpr_compliance",
    "http_timeout",
    "impersonation",
    "ldap.",
    "listen.debug",
    "listen.debug_py",
    "outposts.container_image_base",
    "outposts.discover",
    "postgresql.conn_",
    "postgresql.disable_",
    "postgresql.pool_options",
    "postgresql.test.",
    "postgresql.use_pgpool",
    "postgresql.use_pool",
    "result_backend.",
    "session_storage",
    "sources.",
    "storage.media.s3.session_profile",
    "tenants.",
    "web.threads",
    "web.workers",
];

/// Adds a problem, with where its value came from.
pub(super) fn telling<'a>(
    layers: &'a Layers,
    problems: &'a mut Vec<Problem>,
) -> impl FnMut(&str, &str, &str) + 'a {
    move |name, what, remedy| {
        let origin = layers
            .given(name)
            .map_or_else(|| "default".to_owned(), |given| given.origin.to_string());
        problems.push(Problem {
            name: name.to_owned(),
            origin,
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}

/// Longest `web.stop_timeout`: the shipped unit, chart and composition wait a little longer.
pub const STOP_TIMEOUT_MOST: u64 = 300;
/// Shortest secret key that is used.
pub const SECRET_KEY_MINIMUM: usize = 32;

impl Settings {
    /// Rules that concern more than the form of one value.
    pub(super) fn check(&self, layers: &Layers, problems: &mut Vec<Problem>) {
        let mut wrong = telling(layers, problems);
        if let Some(key) = &self.general.secret_key
            && key.expose().len() < SECRET_KEY_MINIMUM
            && !is_example(key.expose())
        {
            wrong(
                "secret_key",
                &format!("the value has fewer than {SECRET_KEY_MINIMUM} characters"),
                "Use the output of `countersign generate secret`, or remove it to have one made",
            );
        }
        self.postgresql.check(&mut wrong);
        self.redis.check(&mut wrong);
        self.storage.check(&mut wrong);
        if self.postgresql.host.is_some() && self.general.secret_key.is_none() {
            let remedy = "Set it to the output of `countersign generate secret`, the same for every process on this database";
            wrong(
                "secret_key",
                "a database that others can reach needs a key that does not lie beside it",
                remedy,
            );
        }
        if self.postgresql.host.is_none() && !self.worker.in_process {
            wrong(
                "worker.in_process",
                "without postgresql.host nobody but the server can do the jobs",
                "Remove it, or use PostgreSQL",
            );
        }
        let path = self.web.path.as_str();
        let legal = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        if !(path.starts_with('/') && path.ends_with('/') && path.chars().all(legal))
            || path.contains("//")
            || path.contains("..")
        {
            wrong(
                "web.path",
                "a path begins and ends with a slash and has letters, digits and dashes between",
                "Write it as /auth/",
            );
        }
        if self.web.stop_timeout > STOP_TIMEOUT_MOST {
            wrong(
                "web.stop_timeout",
                "whatever runs the program would end it before",
                &format!("Use at most {STOP_TIMEOUT_MOST}"),
            );
        }
        if self.backup.every.is_some() && self.backup.passphrase.is_none() {
            wrong(
                "backup.every",
                "backups need a passphrase",
                "Give backup.passphrase too, best as a file: file:///run/secrets/backup",
            );
        }
        if self.backup.keep == 0 {
            wrong(
                "backup.keep",
                "0 would remove each backup as soon as it is made",
                "Use 1 or more",
            );
        }
        if self.email.use_tls && self.email.use_ssl {
            wrong(
                "email.use_ssl",
                "a connection is encrypted either from its first byte or after STARTTLS",
                "Set only one of email.use_tls and email.use_ssl",
            );
        }
        if self.listen.mtls.is_some() && self.general.base_url.is_none() {
            let remedy = "Set base_url, as https://id.example.org";
            wrong("listen.mtls", "tokens that are given there would name another issuer", remedy);
        }
        let is_given = |name| layers.given(name).is_some_and(|given| !given.text.trim().is_empty());
        if self.listen.client_certificate_header.is_some()
            && !is_given("listen.trusted_proxy_cidrs")
        {
            wrong(
                "listen.client_certificate_header",
                "anybody on a private network could send it, and be any client",
                "Set listen.trusted_proxy_cidrs to the addresses of the proxies that write it, as 10.1.2.3/32, or remove it",
            );
        }
        let listeners = [
            ("listen.http", Some(self.listen.http)),
            ("listen.https", Some(self.listen.https)),
            ("listen.metrics", Some(self.listen.metrics)),
            ("listen.mtls", self.listen.mtls),
        ];
        let listeners: Vec<(&str, SocketAddr)> =
            listeners.into_iter().filter_map(|(name, address)| Some((name, address?))).collect();
        for (index, (name, address)) in listeners.iter().enumerate() {
            let same = listeners
                .iter()
                .take(index)
                .find(|(_, other)| other.port() != 0 && other == address);
            if let Some((other, _)) = same {
                wrong(
                    name,
                    &format!("{address} is the address of {other} too"),
                    "Choose another port",
                );
            }
        }
    }
}

impl Settings {
    /// The folder of uploaded files; none where they are in a bucket.
    pub fn media(&self) -> Option<PathBuf> {
        (self.storage.backend == Uploads::File).then(|| self.media_folder())
    }

    /// The folder of uploaded files, where they are in one.
    pub fn media_folder(&self) -> PathBuf {
        self.storage.folder.clone().unwrap_or_else(|| self.general.data_dir.join("media"))
    }
}

impl Storage {
    /// The bucket of uploaded files, where they are in one.
    ///
    /// # Errors
    /// The setting that is missing.
    pub fn bucket(&self) -> Result<Option<BucketSettings>, &'static str> {
        if self.backend != Uploads::S3 {
            return Ok(None);
        }
        let access_key = self.access_key.clone().ok_or("storage.media.s3.access_key")?;
        Ok(Some(BucketSettings {
            name: self.bucket.clone().ok_or("storage.media.s3.bucket_name")?,
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            use_ssl: self.use_ssl,
            access_key,
            secret_key: self.s3_key.clone().ok_or("storage.media.s3.secret_key")?,
            security_token: self.security_token.clone(),
            custom_domain: self.custom_domain.clone(),
            secure_urls: self.secure_urls,
            addressing: self.addressing,
        }))
    }

    fn check(&self, wrong: &mut impl FnMut(&str, &str, &str)) {
        match self.bucket().map(|bucket| bucket.map(|bucket| bucket.check())) {
            Ok(None | Some(Ok(()))) => {}
            Ok(Some(Err((name, what)))) => wrong(name, what, "Correct it"),
            Err(name) => wrong(
                name,
                "uploads in a bucket need it",
                "Set it, or storage.media.backend to file",
            ),
        }
    }
}

impl Postgresql {
    pub(super) fn check(&self, wrong: &mut impl FnMut(&str, &str, &str)) {
        if matches!(self.sslmode, Some(SslMode::VerifyCa | SslMode::VerifyFull))
            && self.sslrootcert.is_none()
        {
            let remedy = "Name its authority's certificate in postgresql.sslrootcert, or system for the authorities this machine trusts";
            wrong("postgresql.sslmode", "there is no certificate to check the server by", remedy);
        }
        if self.sslcert.is_some() != self.sslkey.is_some() {
            wrong(
                "postgresql.sslcert",
                "a certificate and its key go together",
                "Give both postgresql.sslcert and postgresql.sslkey, or neither",
            );
        }
    }
}

impl Redis {
    /// Whether there is a Redis, reached in whatever way.
    pub fn is_set(&self) -> bool {
        self.host.is_some() || self.sentinel_master.is_some() || !self.cluster.is_empty()
    }

    /// Whether the server's certificate and name are checked. Whoever names an authority wants
    /// that.
    pub fn is_checked(&self) -> bool {
        self.tls_reqs.map_or(self.tls_ca_cert.is_some(), |checked| checked.0)
    }

    fn check(&self, wrong: &mut impl FnMut(&str, &str, &str)) {
        if self.is_set() && self.username.is_some() && self.password.is_none() {
            wrong("redis.username", "a user name needs a password", "Give redis.password too");
        }
        if self.sentinel_username.is_some() && self.sentinel_password.is_none() {
            wrong(
                "redis.sentinel.username",
                "a user name needs a password",
                "Give redis.sentinel.password too",
            );
        }
        if self.sentinel_master.is_some() == self.sentinel_hosts.is_empty() {
            wrong(
                "redis.sentinel.hosts",
                "sentinels and the name of what they watch go together",
                "Give both redis.sentinel.master and redis.sentinel.hosts, or neither",
            );
        }
        if self.sentinel_master.is_some() && !self.cluster.is_empty() {
            wrong(
                "redis.cluster",
                "Redis is either a cluster or watched by sentinels",
                "Remove redis.cluster or redis.sentinel.*",
            );
        }
        if !self.cluster.is_empty() && self.db != 0 {
            wrong("redis.db", "a cluster has one database", "Use 0");
        }
        if self.tls_ca_cert.is_some() && !self.tls {
            wrong(
                "redis.tls_ca_cert",
                "without encryption nothing is checked",
                "Set redis.tls to true, or remove it",
            );
        }
    }
}

/// Secret keys that are published: of the guide this program is made for, of the original's
/// documentation, and our own.
const EXAMPLES: [&str; 7] = [
    "your-super-secret-key-change-this-in-production-min-50-characters-long-please",
    "please change this secret key to a long random string before going to production",
    "REPLACE_ME_WITH_A_LONG_RANDOM_SECRET_KEY",
    "generate-a-random-secret-key",
    "PleaseGenerateA50CharKey",
    "PleaseGenerateASecureKey",
    "your-secret-key-change-this",
];

/// Whether a secret key is a published example, letter for letter. Whatever else somebody chose is
/// theirs.
pub fn is_example(key: &str) -> bool {
    EXAMPLES.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::super::{Surroundings, load};

    struct Variables(Vec<(&'static str, &'static str)>);

    impl Surroundings for Variables {
        fn variables(&self) -> Vec<(String, String)> {
            self.0.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        }
        fn file(&self, _: &std::path::Path) -> std::io::Result<String> {
            Err(std::io::ErrorKind::NotFound.into())
        }
    }

    #[test]
    fn a_header_with_certificates_needs_proxies_that_are_named() {
        const HEADER: (&str, &str) =
            ("COUNTERSIGN_LISTEN__CLIENT_CERTIFICATE_HEADER", "Client-Cert");
        for (proxies, good) in [
            (None, false),
            (Some(("AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS", " ")), false),
            (Some(("AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS", "none")), true),
            (Some(("COUNTERSIGN_LISTEN__TRUSTED_PROXY_CIDRS", "10.1.2.3/32")), true),
        ] {
            let variables = std::iter::once(HEADER).chain(proxies).collect();
            match load(&[], None, &Variables(variables)) {
                Ok(_) => assert!(good, "{proxies:?}"),
                Err(wrong) => {
                    let text = wrong.to_string();
                    assert!(!good, "{proxies:?}: {text}");
                    assert!(text.contains("Set listen.trusted_proxy_cidrs"), "{text}");
                }
            }
        }
    }
}
