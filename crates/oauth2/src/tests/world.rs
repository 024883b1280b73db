//! A small installation: one application with its provider, one person signed in, a clock that
//! stands still.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign_catalogue::{Application, ApplicationAccess, CertificateKeyPair};
use countersign_core::{Context, Module};
use countersign_events::EventSettings;
use countersign_flow::{Deps, Flow, Flows};
use countersign_model::{Clock as _, Duration, FieldValue, Key, Kind, Mode, Ref, Secret};
use countersign_policy::{Engine, Mapping};
use countersign_store::{Actor, Sql, StoreError, params, sha256};
use countersign_testing::{NoAudit, TestClock, embedded};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::grants::{self, CodeData, NewGrant, SignIn};
use crate::kinds::{OAuth2Provider, ScopeMapping};
use crate::registration::Registration;
use crate::service::{OAuth2, Service};
use crate::wire::{Challenge, Scopes};

pub(super) const NOW: i64 = 1_800_000_000;
pub(super) const CALLBACK: &str = "https://app.example.test/callback";
pub(super) const HOST: &str = "id.example.test";
/// The person's session.
pub(super) const SESSION: &[u8] = &[7; 32];

pub(super) struct World {
    pub(super) cx: Context,
    pub(super) service: Service,
    pub(super) router: Router,
    world: countersign_testing::World,
}

/// An answer taken apart.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl World {
    pub(super) async fn new() -> World {
        World::with(|_| {}).await
    }

    /// With a provider changed before it is saved.
    pub(super) async fn with(
        change: impl Fn(&mut OAuth2Provider) + Send + Sync + 'static,
    ) -> World {
        World::made(OAuth2::default(), change).await
    }

    /// Where clients register themselves.
    pub(super) async fn registering(rules: Registration) -> World {
        World::made(OAuth2::default().registering(rules), |_| {}).await
    }

    async fn made(
        oauth: OAuth2,
        change: impl Fn(&mut OAuth2Provider) + Send + Sync + 'static,
    ) -> World {
        let (_, places) = countersign_events::module(EventSettings::default());
        let (_, passwords) = countersign_directory::module(&places);
        let policies = Engine::for_tests(places, passwords.clone());
        let access: Arc<dyn ApplicationAccess> = Arc::new(policies.clone());
        let rules = countersign_outbound::Rules::default();
        let outbound = Arc::new(countersign_outbound::Outbound::new(rules));
        let flows = Flows::new(Deps {
            policies,
            passwords,
            mailer: countersign_mail::module(&countersign_mail::MailSettings::default()).1,
            outbound: outbound.clone(),
            stages: oauth.stages(),
            destinations: vec![crate::destination()],
            continued: vec![crate::CONTINUED],
        });
        let modules: Vec<Module> = vec![
            countersign_catalogue::module(&access, None, outbound.clone()),
            countersign_flow::module(&flows),
            crate::module(&oauth, &flows),
        ];
        let world = countersign_testing::World::new(
            modules,
            TestClock::at(NOW),
            Arc::new(NoAudit),
            embedded,
        );
        world.write(move |tx| furnish(tx, &change)).await;
        let cx = world.cx.clone();
        let service = oauth.over(flows.over(&cx));
        let routes = crate::routes::routes(&oauth, &flows);
        let router = countersign_core::router(&cx, &routes, |_, handler| handler).layer(
            axum::middleware::from_fn_with_state(cx.clone(), countersign_core::request_layer),
        );
        World { cx, service, router, world }
    }

    pub(super) fn later(&self, seconds: i64) {
        self.world.clock.advance(seconds);
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        use tower::ServiceExt;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(request(Method::GET, path, &[], "")).await
    }

    pub(super) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send(request(Method::POST, path, &all, &body)).await
    }

    /// At the token endpoint, as the client with its secret.
    pub(super) async fn token(&self, form: &[(&str, &str)]) -> Reply {
        let mut form = form.to_vec();
        form.extend([("client_id", "cid"), ("client_secret", "s3cret")]);
        self.post("/application/o/token/", &form, &[]).await
    }

    pub(super) async fn code(&self, value: &str, scopes: &str, challenge: Option<Challenge>) {
        let now = self.world.clock.now();
        let grant = NewGrant {
            value: value.to_owned(),
            provider: 1,
            user: 1,
            session: Some(SESSION.to_vec()),
            scopes: Scopes::parse(scopes),
            created: now,
            expires: now.plus_seconds(60),
            family: self.cx.entropy.uuid(),
            data: CodeData {
                redirect_uri: CALLBACK.to_owned(),
                challenge,
                resources: Vec::new(),
                jkt: None,
                sign_in: SignIn {
                    amr: vec!["pwd".into()],
                    nonce: Some("no-1".into()),
                    ..SignIn::at(now)
                },
            },
        };
        self.sql(move |sql| grants::insert_code(sql, &grant)).await;
    }

    /// Tokens for a code with these scopes.
    pub(super) async fn tokens(&self, scopes: &str) -> Value {
        let value = self.cx.entropy.token(32);
        self.code(&value, scopes, None).await;
        let reply = self
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &value),
                ("redirect_uri", CALLBACK),
            ])
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply.json()
    }

    pub(super) async fn sql<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.cx.store.write(Actor::system(), "test", move |tx| work(tx)).await.unwrap()
    }

    pub(super) async fn run(&self, statement: &'static str) -> usize {
        self.sql(move |sql| sql.execute(statement, &[])).await
    }

    /// Actions of the events written so far.
    pub(super) async fn events(&self) -> Vec<String> {
        let rows =
            self.sql(|sql| sql.query("SELECT action FROM event ORDER BY created", &[])).await;
        rows.iter().map(|r| r.get::<String>(0).unwrap()).collect()
    }
}

pub(super) fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

fn furnish(
    tx: &mut countersign_store::Tx<'_>,
    change: &dyn Fn(&mut OAuth2Provider),
) -> Result<(), StoreError> {
    for (id, uuid, name) in [(1, Uuid::from_u128(1), "uma"), (2, Uuid::from_u128(2), "otto")] {
        tx.execute(
            "INSERT INTO users (id, uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
             VALUES ($1, $2, $3, $3, $4, $5, $5, '!', 0, 1, 0, 'users', 'internal', '{}')",
            params![id, uuid, name, "Uma Martin", format!("{name}@example.test")],
        )?;
    }
    tx.execute("INSERT INTO user_group (uuid, name, is_superuser, attributes) VALUES ($1, 'Users', 0, '{}')", params![Uuid::from_u128(50)])?;
    tx.execute(
        "INSERT INTO membership (user_id, group_uuid) VALUES (1, $1)",
        params![Uuid::from_u128(50)],
    )?;
    tx.execute(
        "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, 1, 0, $3, 0, '', '', '{}')",
        params![Uuid::nil(), SESSION, i64::MAX],
    )?;
    tx.execute(
        "INSERT INTO token (uuid, identifier, intent, user_id, description, expiring, key_hash, key_sealed) VALUES ($1, 'app', 'app_password', 1, '', 0, $2, '')",
        params![Uuid::from_u128(60), sha256("app-password")],
    )?;
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["id.test".to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificate = tx.draft().put(
        Uuid::from_u128(10),
        CertificateKeyPair {
            name: countersign_catalogue::certificate::SELF_SIGNED.into(),
            certificate_data: certificate.pem().as_str().into(),
            key_data: Secret::new(key.serialize_pem()),
            managed: None,
        },
    );
    let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let encryption =
        rcgen::CertificateParams::new(["app.test".to_owned()]).unwrap().self_signed(&rsa).unwrap();
    let encryption = CertificateKeyPair {
        name: "encryption".into(),
        certificate_data: encryption.pem().as_str().into(),
        key_data: Secret::new(rsa.serialize_pem()),
        managed: None,
    };
    tx.draft().put(encryption_certificate().key(), encryption);
    let flow: Ref<Flow> = object(
        tx,
        Key::Uuid(Uuid::from_u128(11)),
        json!({"name": "f", "slug": "authorize", "title": "t", "designation": "authorization"}),
    );
    object::<Flow>(
        tx,
        Key::Uuid(Uuid::from_u128(13)),
        json!({"name": "i", "slug": "invalidate", "title": "t", "designation": "invalidation"}),
    );
    let mut mappings: Vec<Ref<dyn Mapping>> = Vec::new();
    for (n, (scope, expression)) in MAPPINGS.into_iter().enumerate() {
        let value = json!({"name": scope, "scope_name": scope, "description": scope, "expression": expression});
        mappings.push(
            object::<ScopeMapping>(tx, Key::Uuid(Uuid::from_u128(20 + n as u128)), value).cast(),
        );
    }
    let mut provider: OAuth2Provider = parse(
        tx,
        json!({
            "name": "impl", "authorization_flow": flow, "invalidation_flow": flow, "client_id": "cid", "client_secret": "s3cret",
            "redirect_uris": [{"matching_mode": "strict", "url": CALLBACK}], "property_mappings": mappings,
            "signing_key": certificate, "access_token_validity": "hours=1",
        }),
    );
    change(&mut provider);
    let provider = tx.draft().put(1, provider);
    let other: OAuth2Provider = parse(
        tx,
        json!({
            "name": "other", "authorization_flow": flow, "invalidation_flow": flow, "client_id": "other", "client_secret": "other-secret",
            "redirect_uris": [], "jwt_federation_providers": [1],
        }),
    );
    tx.draft().put(2, other);
    object::<Application>(
        tx,
        Key::Uuid(Uuid::from_u128(30)),
        json!({"name": "Impl", "slug": "impl", "provider": provider}),
    );
    object::<Application>(
        tx,
        Key::Uuid(Uuid::from_u128(31)),
        json!({"name": "Other", "slug": "other", "provider": 2}),
    );
    Ok(())
}

fn object<T: Kind>(tx: &mut countersign_store::Tx<'_>, key: Key, value: Value) -> Ref<T> {
    let value: T = parse(tx, value);
    tx.draft().put(key, value)
}

fn parse<T: Kind>(tx: &countersign_store::Tx<'_>, value: Value) -> T {
    let Value::Object(map) = value else { panic!("object") };
    let input = countersign_model::Input {
        map: &map,
        mode: Mode::Create,
        entropy: tx.entropy(),
        privileged: true,
    };
    T::parse(&input, None).unwrap_or_else(|errors| panic!("{}", errors.to_json()))
}

/// A certificate with an RSA key, as clients have one for encrypted tokens.
pub(super) fn encryption_certificate() -> Ref<CertificateKeyPair> {
    Ref::new(Key::Uuid(Uuid::from_u128(12)))
}

pub(super) fn seconds(text: &str) -> Duration {
    Duration::from(text)
}

/// A list of redirect URIs, as the API takes it.
pub(super) fn strict(urls: &[&str]) -> Vec<crate::wire::Registered> {
    let list: Value = urls.iter().map(|u| json!({"matching_mode": "strict", "url": u})).collect();
    let meta = <OAuth2Provider as countersign_model::Fields>::META.field("redirect_uris").unwrap();
    FieldValue::parse(&list, meta).unwrap()
}

const MAPPINGS: [(&str, &str); 5] = [
    ("openid", "return {}"),
    ("email", "return {\n    \"email\": request.user.email,\n    \"email_verified\": True\n}\n"),
    (
        "profile",
        "return {\n    \"name\": request.user.name,\n    \"given_name\": request.user.name,\n    \"preferred_username\": request.user.username,\n    \"nickname\": request.user.username,\n    \"groups\": [group.name for group in request.user.ak_groups.all()],\n}\n",
    ),
    ("offline_access", "return {}"),
    ("goauthentik.io/api", "return {}"),
];
