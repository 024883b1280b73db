//! A whole program on an empty folder, without listeners: what tests talk to.

mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_blueprints::{apply, instances::Surroundings, shipped};
use countersign_catalogue::ApplicationAccess;
use countersign_core::{ClientCertificate, Context, Module, request_layer, router};
use countersign_directory::Passwords;
use countersign_events::EventSettings;
use countersign_flow::{Deps, Flows};
use countersign_model::Secret;
use countersign_outbound::{Outbound, Rules};
use countersign_policy::Engine;
use countersign_rest::api_routes;
use countersign_store::{Actor, StoreError, SystemEntropy, params};
use countersign_testing::{TestClock, database};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

pub(crate) use source::OTHER_SIDE;

/// The first administrator's password.
pub(crate) const PASSWORD: &str = "Throwaway-Pw-1";

pub(crate) struct World {
    pub(crate) cx: Context,
    pub(crate) clock: TestClock,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) flows: Flows,
    router: Router,
    _world: countersign_testing::World,
}

fn modules() -> (Vec<Module>, Arc<Passwords>, Flows) {
    let (events, places) = countersign_events::module(EventSettings::default());
    let (directory, passwords) = countersign_directory::module(&places);
    let policies = Engine::for_tests(places, passwords.clone());
    let access: Arc<dyn ApplicationAccess> = Arc::new(policies.clone());
    let (mail, mailer) = countersign_mail::module(&countersign_mail::MailSettings::default());
    let outbound = Arc::new(Outbound::new(Rules {
        allow: vec![countersign_model::Cidr::parse("127.0.0.0/8").unwrap()],
        ..Rules::default()
    }));
    let flows = Flows::new(Deps {
        policies: policies.clone(),
        passwords: passwords.clone(),
        mailer: mailer.clone(),
        outbound: outbound.clone(),
        stages: Vec::new(),
        destinations: Vec::new(),
        continued: Vec::new(),
    });
    let modules = vec![
        directory,
        countersign_authenticators::module(&mailer),
        events,
        countersign_catalogue::module(&access, None, outbound.clone()),
        countersign_policy::module(&policies, &[]),
        countersign_sources::module(&policies),
        source::module(&flows),
        countersign_flow::module(&flows),
        mail,
    ];
    (modules, passwords, flows)
}

impl World {
    /// A fresh installation with the shipped objects.
    pub(crate) async fn new() -> Self {
        let (modules, passwords, flows) = modules();
        let auditor = Arc::new(countersign_events::Audit);
        let world =
            countersign_testing::World::new(modules, TestClock::ticking(), auditor, database);
        let (cx, clock) = (world.cx.clone(), world.clock.clone());
        // The objects of protocols and of notifications are tested with theirs.
        let library: Vec<_> = shipped::documents().unwrap();
        let mine = |file: &str| {
            file.contains("default/") && !file.contains("rbac") && !file.contains("events")
                || file.contains("bootstrap")
        };
        let chosen = (0..library.len())
            .filter(|index| library[*index].metadata.instantiate() && mine(&library[*index].file))
            .collect();
        let given = Surroundings {
            folder: None,
            passwords: passwords.clone(),
            machine: apply::Machine::with(|_| None),
        };
        let job = given.job(cx.modules(), &cx.settings.secret_key, library, chosen, Map::new());
        apply::commit_with(
            &cx.store,
            Arc::new(job),
            Actor::system(),
            "default objects",
            |_| Ok(()),
        )
        .await
        .unwrap();
        let mut routes = api_routes(&cx);
        routes.extend(cx.modules().iter().flat_map(|module| module.routes.iter().cloned()));
        let router = router(&cx, &routes, |_, handler| handler)
            .layer(middleware::from_fn_with_state(cx.clone(), request_layer));
        Self { cx, clock, passwords, flows, router, _world: world }
    }

    /// As [`World::new`], set up with a password for the first administrator.
    pub(crate) async fn set_up() -> Self {
        let world = Self::new().await;
        world.set_password("akadmin", PASSWORD).await;
        world
    }

    /// The first administrator, just signed in.
    pub(crate) async fn administrator(&self) -> Browser<'_> {
        let mut browser = self.browser();
        browser.sign_in("akadmin", PASSWORD).await;
        browser
    }

    /// The number that a statement gives.
    pub(crate) async fn count(&self, statement: &str) -> i64 {
        let statement = statement.to_owned();
        let read = self.cx.store.read(move |sql| sql.query_one(&statement, &[])?.unwrap().get(0));
        read.await.unwrap_or_else(|error: countersign_store::StoreError| panic!("{error}"))
    }

    /// Changes rows as no door does.
    pub(crate) async fn execute(&self, statement: &str) {
        let statement = statement.to_owned();
        let work = move |tx: &mut countersign_store::Tx<'_>| {
            tx.execute(&statement, &[])?;
            Ok::<_, StoreError>(())
        };
        self.cx.store.write(Actor::system(), "test", work).await.unwrap();
    }

    /// Applies built-in files that are not among the default objects.
    pub(crate) async fn apply(&self, files: &[&str]) {
        let library = shipped::documents().unwrap();
        let chosen: Vec<_> =
            (0..library.len()).filter(|at| files.contains(&&*library[*at].file)).collect();
        assert_eq!(chosen.len(), files.len(), "{files:?}");
        let given = Surroundings {
            folder: None,
            passwords: self.passwords.clone(),
            machine: apply::Machine::with(|_| None),
        };
        let (cx, none) = (&self.cx, Map::new());
        let job = given.job(cx.modules(), &cx.settings.secret_key, library, chosen, none);
        let actor = Actor::system();
        apply::commit_with(&cx.store, Arc::new(job), actor, "examples", |_| Ok(())).await.unwrap();
    }

    /// Does the jobs that wait, as a worker does, and takes what would go to the mail server.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        let (mut mails, store) = (Vec::new(), &self.cx.store);
        loop {
            let take = |tx: &mut countersign_store::Tx<'_>| {
                let rows = tx.query(
                    "DELETE FROM task WHERE state = 'queued' RETURNING uuid, name, uid, arguments",
                    params![],
                )?;
                let read = |row: &countersign_store::Row| {
                    let opened = tx.sealer().open(&row.get::<String>(3)?).unwrap();
                    let stored: Value = serde_json::from_str(opened.expose()).unwrap();
                    Ok((row.get(0)?, row.get::<String>(1)?, row.get::<String>(2)?, stored))
                };
                rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()
            };
            let taken = store.write(Actor::system(), "test", take).await.unwrap();
            if taken.is_empty() {
                return mails;
            }
            for (task, name, uid, stored) in taken {
                if name == "send_mail" {
                    mails.push(stored);
                    continue;
                }
                let mut jobs = self.cx.modules().iter().flat_map(|module| &module.jobs);
                let job = jobs.find(|job| job.name == name).unwrap_or_else(|| panic!("{name}"));
                let run = countersign_core::Run::new(task, uid, 1);
                (job.run)(self.cx.clone(), run, stored).await.unwrap();
            }
        }
    }

    /// The address of the link in the one mail that waits, without its origin.
    pub(crate) async fn mailed_link(&self, to: &str) -> String {
        let mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0]["to"], json!([to]));
        link_in(&mails[0])
    }

    pub(crate) async fn set_password(&self, username: &str, password: &str) {
        let hash = self.passwords.hash(&Secret::new(password), &SystemEntropy).await.unwrap();
        self.set_hash(username, hash).await;
    }

    /// A password whose hash is made and checked at once, for tests of many sign-ins that do not
    /// look at what one costs.
    pub(crate) async fn set_cheap_password(&self, username: &str, password: &str) {
        self.set_hash(username, cheap_hash(password)).await;
    }

    async fn set_hash(&self, username: &str, hash: String) {
        let username = username.to_owned();
        let work = move |tx: &mut countersign_store::Tx<'_>| {
            tx.execute(
                "UPDATE users SET password = $1 WHERE username = $2",
                params![hash.clone(), username.clone()],
            )?;
            Ok::<_, StoreError>(())
        };
        self.cx.store.write(Actor::system(), "test", work).await.unwrap();
    }

    /// The name of what is kept for a browser that is not signed in.
    pub(crate) fn plan_of(&self, browser: &Browser<'_>) -> String {
        let cookie = format!("authentik_session={}", browser.cookies["authentik_session"]);
        let headers = http::HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        let key = countersign_core::cookies::session_key(&self.cx, &headers).unwrap();
        hex::encode(countersign_store::sha256(&key))
    }

    /// A browser that talks to another process with the same database, as far as pages go.
    pub(crate) fn at_another_process(&self) -> Browser<'_> {
        let (modules, ..) = modules();
        let flow = modules.into_iter().find(|module| module.name == "flow").unwrap();
        let router = router(&self.cx, &flow.routes, |_, handler| handler)
            .layer(middleware::from_fn_with_state(self.cx.clone(), request_layer));
        Browser { router, ..self.browser() }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            world: self,
            router: self.router.clone(),
            cookies: BTreeMap::new(),
            address: None,
            certificate: None,
            headers: vec![("sec-fetch-site", "same-origin")],
        }
    }
}

/// A hash that costs next to nothing, in the form of those that the program makes.
fn cheap_hash(password: &str) -> String {
    let (salt, mut out) = (b"salt of a test", [0; 32]);
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .unwrap();
    let [salt, out] = [salt.as_slice(), &out].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    format!("$argon2id$v=19$m=8,t=1,p=1${salt}${out}")
}

/// A browser that keeps cookies and follows nothing by itself.
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Where it is, as a proxy says.
    pub(crate) address: Option<String>,
    /// What it shows to a listener that asks for a certificate.
    pub(crate) certificate: Option<ClientCertificate>,
    /// What else it says: that our own pages make its requests.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser<'_> {
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        media: &str,
        body: String,
    ) -> Answer {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let mut request =
            Request::builder().method(method).uri(path).header("host", "id.example.test");
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        if !media.is_empty() {
            request = request.header("content-type", media);
        }
        if media == "application/json"
            && let Some(token) = self.cookies.get("authentik_csrf")
        {
            request = request.header("x-authentik-csrf", token);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(std::net::SocketAddr::from((
            [127, 0, 0, 1],
            40_000,
        ))));
        if let Some(certificate) = &self.certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec())
            .unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "", String::new()).await
    }

    pub(crate) async fn post_json(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string()).await
    }

    /// Posts a form with the CSRF token of the last page.
    pub(crate) async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.cookies.get("authentik_csrf").cloned().unwrap_or_default();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        let body = all
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.send(Method::POST, path, "application/x-www-form-urlencoded", body).await
    }

    /// Answers a challenge, then fetches until there is something to see, as clients of the
    /// original do.
    pub(crate) async fn answer(&mut self, executor: &str, body: Value) -> Value {
        let answer = self.post_json(executor, body).await;
        if answer.status == StatusCode::FOUND {
            self.challenge(executor).await
        } else {
            answer.json()
        }
    }

    pub(crate) async fn challenge(&mut self, executor: &str) -> Value {
        for _ in 0..20 {
            let answer = self.get(executor).await;
            if answer.status != StatusCode::FOUND {
                return answer.json();
            }
            assert_eq!(answer.location(), executor);
        }
        panic!("{executor} leads in a circle");
    }

    /// Gives the first administrator's name and password; the challenge that follows.
    pub(crate) async fn with_password(&mut self) -> Value {
        let login = executor("default-authentication-flow");
        self.challenge(&login).await;
        self.answer(&login, json!({"uid_field": "akadmin"})).await;
        self.answer(&login, json!({"password": PASSWORD})).await
    }

    pub(crate) async fn sign_in(&mut self, username: &str, password: &str) {
        let executor = "/api/v3/flows/executor/default-authentication-flow/?query=";
        self.challenge(executor).await;
        self.answer(executor, json!({"uid_field": username})).await;
        let end = self.answer(executor, json!({"password": password})).await;
        assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    }
}

/// The address of the link in a mail, which must be of this server.
pub(crate) fn link_in(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let link = text.split_whitespace().find(|word| word.contains("flow_token=")).unwrap();
    link.strip_prefix("http://id.example.test").unwrap_or_else(|| panic!("{link}")).to_owned()
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }
        })
        .collect()
}

impl Browser<'_> {
    /// Creates an object over the API; the browser must be an administrator's.
    pub(crate) async fn create(&mut self, path: &str, body: Value) -> Value {
        let answer = self.post_json(&format!("/api/v3/{path}/"), body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{path}: {}", answer.text);
        answer.json()["pk"].clone()
    }

    pub(crate) async fn change(&mut self, path: &str, body: Value) {
        let answer = self
            .send(Method::PATCH, &format!("/api/v3/{path}/"), "application/json", body.to_string())
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    }

    /// A flow of these stages, in order. Gives the flow's key and the keys of its bindings.
    pub(crate) async fn flow(
        &mut self,
        slug: &str,
        fields: Value,
        stages: &[&Value],
    ) -> (Value, Vec<Value>) {
        let mut body = json!({"name": slug, "slug": slug, "title": slug, "designation": "stage_configuration"});
        body.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap_or_default());
        let flow = self.create("flows/instances", body).await;
        let mut bindings = Vec::new();
        for (order, stage) in stages.iter().enumerate() {
            bindings.push(
                self.create(
                    "flows/bindings",
                    json!({"target": flow, "stage": stage, "order": order}),
                )
                .await,
            );
        }
        (flow, bindings)
    }

    pub(crate) async fn policy(&mut self, name: &str, expression: &str, target: &Value) -> Value {
        let policy = self
            .create("policies/expression", json!({"name": name, "expression": expression}))
            .await;
        self.create("policies/bindings", json!({"policy": policy, "target": target, "order": 0}))
            .await
    }
}

pub(crate) fn executor(slug: &str) -> String {
    format!("/api/v3/flows/executor/{slug}/?query=")
}

/// All of them at once.
pub(crate) async fn all<T>(work: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut work: Vec<_> = work.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = work.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in work.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}
