//! The operations that are measured, each as a client would ask for it.

mod ldap;
mod oauth;
mod proxies;
mod radius;
mod saml;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::data::{PASSWORD, username};
use crate::load::drive;
use crate::report::{Row, Size};
use crate::server::Started;
use crate::{BenchError, Options};

const LOGIN: &str = "/api/v3/flows/executor/default-authentication-flow/?query=";
const REDIRECT: &str = "http://localhost/callback";
/// How long an operation runs that is not measured itself.
const PREPARING: Duration = Duration::from_millis(300);
/// As many codes are made for the exchange: they live a minute.
const MOST_CODES: usize = 20_000;
/// As many applications are made by the edit: a fast machine must not measure the memory of more of
/// them than a slow one.
const MOST_EDITS: u64 = 1_000;

const SIGNATURE: &str = "RS256 signature (RSA 2048)";
const HASH: &str = "argon2id password check";
const EMPTY: &str = "an empty answer";

/// The application that is signed in to.
#[derive(Clone)]
struct App {
    /// Of its provider.
    number: u64,
    id: String,
    secret: String,
}

/// Every operation.
pub(crate) async fn all(
    options: &Options,
    server: &Started,
    size: Size,
    tell: &dyn Fn(&str),
) -> Result<Vec<Row>, BenchError> {
    let world = World { options, server, size, tell };
    let app = world.application().await?;
    let mut rows =
        vec![world.nothing().await?, world.client_credentials(&app).await?, world.login().await?];
    let (row, codes) = world.authorize(&app).await?;
    rows.push(row);
    let (row, tokens) = world.exchange(&app, codes).await?;
    rows.push(row);
    let access = tokens.first().map(|(access, _)| access.clone()).unwrap_or_default();
    rows.push(world.refresh(&app, tokens.into_iter().map(|(_, refresh)| refresh).collect()).await?);
    rows.push(world.introspect(&app, &access).await?);
    rows.push(world.userinfo(&access).await?);
    rows.extend(world.device(&app).await?);
    rows.extend(world.bound_to_a_key(&app).await?);
    rows.extend(world.token_for_a_token(&app).await?);
    rows.extend(world.assertion().await?);
    rows.extend(world.forward_auth().await?);
    rows.extend(world.reverse_proxy().await?);
    rows.extend(world.directory().await?);
    rows.extend(world.accept().await?);
    rows.extend(world.documents().await?);
    rows.extend(world.lists().await?);
    rows.push(world.edit().await?);
    Ok(world.chosen(rows))
}

/// The operations whose cost could grow with the data.
pub(crate) async fn growing(
    options: &Options,
    server: &Started,
    size: Size,
    tell: &dyn Fn(&str),
) -> Result<Vec<Row>, BenchError> {
    let world = World { options, server, size, tell };
    let app = world.application().await?;
    let mut rows = vec![world.client_credentials(&app).await?, world.login().await?];
    rows.push(world.authorize(&app).await?.0);
    rows.extend(world.lists().await?);
    rows.push(world.edit().await?);
    Ok(world.chosen(rows))
}

struct World<'a> {
    options: &'a Options,
    server: &'a Started,
    size: Size,
    tell: &'a dyn Fn(&str),
}

impl World<'_> {
    fn chosen(&self, rows: Vec<Row>) -> Vec<Row> {
        rows.into_iter().filter(|row| self.wants(row.name)).collect()
    }

    fn wants(&self, name: &str) -> bool {
        self.options.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    async fn client(&self) -> Result<Client, BenchError> {
        Client::connect(&self.options.address).await
    }

    async fn clients(&self, prepare: impl Fn(Client) -> Client) -> Result<Vec<Client>, BenchError> {
        let mut clients = Vec::new();
        for _ in 0..self.options.clients {
            clients.push(prepare(self.client().await?));
        }
        Ok(clients)
    }

    async fn drive<C, W>(
        &self,
        name: &'static str,
        clients: Vec<C>,
        work: W,
    ) -> Result<Row, BenchError>
    where
        C: 'static,
        W: AsyncFn(&mut C) -> Result<bool, BenchError> + 'static,
    {
        let chosen = self.wants(name);
        if chosen {
            (self.tell)(name);
        }
        drive(name, self.server, if chosen { self.options.time } else { PREPARING }, clients, work)
            .await
    }

    /// Browsers in which somebody has signed in. Each has its own session: what a flow has reached
    /// is kept for a session, not for a connection.
    async fn signed_in(&self) -> Result<Vec<Client>, BenchError> {
        let mut clients = self.clients(|client| client).await?;
        for client in &mut clients {
            sign_in(client, &username(0)).await?;
        }
        Ok(clients)
    }

    async fn administrator(&self) -> Result<Client, BenchError> {
        Ok(self.client().await?.bearer(&self.options.token))
    }

    /// What every provider needs.
    async fn flows(&self, api: &mut Client) -> Result<Value, BenchError> {
        let authorization = flow(api, "default-provider-authorization-implicit-consent").await?;
        let invalidation = flow(api, "default-provider-invalidation-flow").await?;
        Ok(json!({"authorization_flow": authorization, "invalidation_flow": invalidation}))
    }

    /// What a provider of OAuth 2.0 has, but for its name.
    async fn oauth_provider(&self, api: &mut Client) -> Result<Value, BenchError> {
        let scopes = api
            .get("/api/v3/propertymappings/provider/scope/")
            .await?
            .expect("scopes", 200)?
            .json();
        let scopes: Vec<&Value> = scopes
            .get("results")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|scope| is_of_the_start(scope))
            .filter_map(|scope| scope.get("pk"))
            .collect();
        let own = json!({
            "signing_key": signing_key(api).await?, "property_mappings": scopes, "client_type": "confidential",
            "redirect_uris": [{"matching_mode": "strict", "url": REDIRECT}],
        });
        Ok(with(&self.flows(api).await?, own))
    }

    /// A provider with its application, both of this name.
    async fn provide(
        &self,
        api: &mut Client,
        kind: &str,
        name: &str,
        provider: &Value,
    ) -> Result<Value, BenchError> {
        let provider = with(provider, json!({"name": name}));
        let path = format!("/api/v3/providers/{kind}/");
        let made = api.post(&path, &provider).await?.expect("provider", 201)?.json();
        let slug = name.to_lowercase().replace(' ', "-");
        let application = json!({"name": name, "slug": slug, "provider": made.get("pk")});
        api.post("/api/v3/core/applications/", &application).await?.expect("application", 201)?;
        Ok(made)
    }

    /// The application under load, and as many others as the size says.
    async fn application(&self) -> Result<App, BenchError> {
        let mut api = self.administrator().await?;
        let provider = self.oauth_provider(&mut api).await?;
        let here = "/api/v3/providers/oauth2/?page_size=1&ordering=pk&search=Bench";
        let found = api.get(here).await?.expect("providers", 200)?.json();
        let made = found.pointer("/pagination/count").and_then(Value::as_u64).unwrap_or_default();
        for number in made..self.size.applications.max(1) {
            self.provide(&mut api, "oauth2", &format!("Bench {number}"), &provider).await?;
            if number % 500 == 499 {
                (self.tell)(&format!("{} applications", number + 1));
            }
        }
        let list = api.get(here).await?.expect("providers", 200)?.json();
        Ok(App::of(list.pointer("/results/0").unwrap_or(&Value::Null)))
    }

    async fn nothing(&self) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client).await?;
        self.drive(EMPTY, clients, async |client| {
            client.get("/-/health/live/").await?.expect("live", 200).map(|_| true)
        })
        .await
    }

    async fn client_credentials(&self, app: &App) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client.basic(&app.id, &app.secret)).await?;
        let work = async |client: &mut Client| {
            let fields = [("grant_type", "client_credentials"), ("scope", "openid profile")];
            client
                .form("/application/o/token/", &fields)
                .await?
                .expect("client_credentials", 200)
                .map(|_| true)
        };
        // One access token and one id token: two signatures.
        Ok(self.drive("client_credentials (RS256)", clients, work).await?.against(SIGNATURE, 2.0))
    }

    async fn login(&self) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client).await?;
        let (number, people) = (Cell::new(0u64), self.size.users.max(1));
        let work = async move |client: &mut Client| {
            let next = number.get();
            number.set(next + 1);
            client.forget();
            sign_in(client, &username(next.wrapping_mul(7919) % people)).await.map(|()| true)
        };
        Ok(self.drive("sign-in through the flow", clients, work).await?.against(HASH, 1.0))
    }

    async fn authorize(&self, app: &App) -> Result<(Row, Vec<String>), BenchError> {
        let clients = self.signed_in().await?;
        let codes = Rc::new(RefCell::new(Vec::new()));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", &app.id),
                ("redirect_uri", REDIRECT),
                ("scope", "openid profile email offline_access"),
                ("state", "s"),
            ])
            .finish();
        let (path, kept) = (format!("/application/o/authorize/?{query}"), codes.clone());
        let work = async move |client: &mut Client| {
            if kept.borrow().len() >= MOST_CODES {
                return Ok(false);
            }
            let code = authorize(client, &path).await?;
            kept.borrow_mut().push(code);
            Ok(true)
        };
        let row = self.drive("authorize, signed in", clients, work).await?;
        Ok((row, codes.take()))
    }

    async fn exchange(
        &self,
        app: &App,
        codes: Vec<String>,
    ) -> Result<(Row, Vec<(String, String)>), BenchError> {
        let clients = self.clients(|client| client.basic(&app.id, &app.secret)).await?;
        let (codes, tokens) = (RefCell::new(codes), Rc::new(RefCell::new(Vec::new())));
        let kept = tokens.clone();
        let work = async move |client: &mut Client| {
            let Some(code) = codes.borrow_mut().pop() else { return Ok(false) };
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", REDIRECT),
            ];
            let answer = client
                .form("/application/o/token/", &fields)
                .await?
                .expect("code exchange", 200)?
                .json();
            let text = |name: &str| {
                answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            kept.borrow_mut().push((text("access_token"), text("refresh_token")));
            Ok(true)
        };
        let row = self.drive("code exchange (RS256)", clients, work).await?.against(SIGNATURE, 2.0);
        Ok((row, tokens.take()))
    }

    async fn refresh(&self, app: &App, tokens: Vec<String>) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client.basic(&app.id, &app.secret)).await?;
        let tokens = RefCell::new(tokens);
        let work = async move |client: &mut Client| {
            let Some(token) = tokens.borrow_mut().pop() else { return Ok(false) };
            let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
            let answer =
                client.form("/application/o/token/", &fields).await?.expect("refresh", 200)?.json();
            let next =
                answer.get("refresh_token").and_then(Value::as_str).unwrap_or_default().to_owned();
            tokens.borrow_mut().push(next);
            Ok(true)
        };
        Ok(self.drive("refresh (RS256)", clients, work).await?.against(SIGNATURE, 2.0))
    }

    async fn introspect(&self, app: &App, token: &str) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client.basic(&app.id, &app.secret)).await?;
        let token = token.to_owned();
        let work = async move |client: &mut Client| {
            let answer = client
                .form("/application/o/introspect/", &[("token", token.as_str())])
                .await?
                .expect("introspection", 200)?
                .json();
            if answer.get("active") == Some(&Value::Bool(true)) {
                return Ok(true);
            }
            Err(BenchError::Answer { operation: "introspection", problem: answer.to_string() })
        };
        self.drive("introspection", clients, work).await
    }

    async fn userinfo(&self, token: &str) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client.bearer(token)).await?;
        self.drive("userinfo", clients, async |client| {
            client.get("/application/o/userinfo/").await?.expect("userinfo", 200).map(|_| true)
        })
        .await
    }

    /// What a provider says of itself, and the page that people sign in at.
    async fn documents(&self) -> Result<Vec<Row>, BenchError> {
        let mut rows = Vec::new();
        for (name, path) in [
            ("discovery", "/application/o/bench-0/.well-known/openid-configuration"),
            ("JWKS", "/application/o/bench-0/jwks/"),
            ("sign-in page", "/if/flow/default-authentication-flow/"),
        ] {
            let clients = self.clients(|client| client).await?;
            rows.push(
                self.drive(name, clients, async move |client| {
                    client.get(path).await?.expect("document", 200).map(|_| true)
                })
                .await?,
            );
        }
        Ok(rows)
    }

    async fn lists(&self) -> Result<Vec<Row>, BenchError> {
        let mut rows = Vec::new();
        let found = username(self.size.users / 2);
        let asked = [
            ("users, first page", "/api/v3/core/users/?page_size=20".to_owned()),
            ("users, searched by name", format!("/api/v3/core/users/?page_size=20&search={found}")),
            (
                "users, searched by a common word",
                "/api/v3/core/users/?page_size=20&search=person".to_owned(),
            ),
            (
                "users, searched by two letters",
                "/api/v3/core/users/?page_size=20&search=-0".to_owned(),
            ),
            (
                "users, searched by a mail address",
                format!("/api/v3/core/users/?page_size=20&search={found}@example.test"),
            ),
            ("users, one by user name", format!("/api/v3/core/users/?username={found}")),
            (
                "applications, first page",
                "/api/v3/core/applications/?page_size=20&superuser_full_list=true".to_owned(),
            ),
        ];
        for (name, path) in asked {
            let clients = self.clients(|client| client.bearer(&self.options.token)).await?;
            rows.push(
                self.drive(name, clients, async move |client| {
                    client.get(&path).await?.expect("list", 200).map(|_| true)
                })
                .await?,
            );
        }
        Ok(rows)
    }

    /// Administrators' work: a group made new through the API, each time on its own.
    async fn edit(&self) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client.bearer(&self.options.token)).await?;
        // Names are used once: a series comes here again on the same data.
        let (number, seed) = (Cell::new(0u64), self.size.users);
        let work = async move |client: &mut Client| {
            let next = number.get();
            number.set(next + 1);
            if next >= MOST_EDITS {
                return Ok(false);
            }
            let body = json!({"name": format!("bench.edit.{seed}.{next}"), "slug": format!("bench-edit-{seed}-{next}")});
            client
                .post("/api/v3/core/applications/", &body)
                .await?
                .expect("edit", 201)
                .map(|_| true)
        };
        self.drive("an application made by the API", clients, work).await
    }
}

impl App {
    /// Of a provider as the API tells of it.
    fn of(provider: &Value) -> App {
        let text = |name| provider.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = provider.get("pk").and_then(Value::as_u64).unwrap_or_default();
        App { number, id: text("client_id"), secret: text("client_secret") }
    }
}

async fn flow(api: &mut Client, slug: &str) -> Result<Value, BenchError> {
    let path = format!("/api/v3/flows/instances/?slug={slug}");
    let list = api.get(&path).await?.expect("flows", 200)?.json();
    Ok(list.pointer("/results/0/pk").cloned().unwrap_or_default())
}

async fn signing_key(api: &mut Client) -> Result<Value, BenchError> {
    let path = "/api/v3/crypto/certificatekeypairs/?has_key=true";
    let keys = api.get(path).await?.expect("keys", 200)?.json();
    Ok(keys.pointer("/results/0/pk").cloned().unwrap_or_default())
}

/// Both objects as one.
fn with(one: &Value, other: Value) -> Value {
    let mut all = one.as_object().cloned().unwrap_or_default();
    all.extend(other.as_object().cloned().unwrap_or_default());
    Value::Object(all)
}

/// Whether a scope mapping is one that new providers have, as the original's do.
fn is_of_the_start(scope: &Value) -> bool {
    let managed = scope.get("managed").and_then(Value::as_str).unwrap_or_default();
    ["openid", "email", "profile", "offline_access"]
        .iter()
        .any(|name| managed == format!("goauthentik.io/providers/oauth2/scope-{name}"))
}

/// Goes through the flow by its challenges, as the login page does.
async fn sign_in(client: &mut Client, username: &str) -> Result<(), BenchError> {
    walk(client, LOGIN, "xak-flow-redirect", |component| match component {
        "ak-stage-identification" => Some(json!({"uid_field": username, "password": PASSWORD})),
        "ak-stage-password" => Some(json!({"password": PASSWORD})),
        "ak-stage-user-login" => Some(json!({"remember_me": false})),
        _ => None,
    })
    .await
}

/// Answers the challenges of a flow until one of this component is shown.
async fn walk(
    client: &mut Client,
    path: &str,
    end: &str,
    answer: impl Fn(&str) -> Option<Value>,
) -> Result<(), BenchError> {
    let mut challenge = client.get(path).await?.expect("flow", 200)?.json();
    for _ in 0..6 {
        let component =
            challenge.get("component").and_then(Value::as_str).unwrap_or_default().to_owned();
        if component == end {
            return Ok(());
        }
        let Some(reply) = answer(&component) else { break };
        let reply = with(&reply, json!({"component": component}));
        let mut answer = client.post(path, &reply).await?;
        while answer.status == 302 {
            answer = client.get(&answer.location.unwrap_or_default()).await?;
        }
        challenge = answer.expect("flow", 200)?.json();
    }
    Err(BenchError::Answer { operation: "flow", problem: challenge.to_string() })
}

/// Where the challenges of a page of a flow are.
fn executor(page: &str) -> Option<String> {
    let rest = page.split_once("/if/flow/")?.1;
    let (slug, query) = rest.split_once("/?").unwrap_or((rest.trim_end_matches('/'), ""));
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    Some(format!("/api/v3/flows/executor/{slug}/?query={query}"))
}

/// The code of an authorization that needs no further question.
async fn authorize(client: &mut Client, path: &str) -> Result<String, BenchError> {
    let mut path = path.to_owned();
    for _ in 0..6 {
        let answer = client.get(&path).await?;
        let Some(to) = answer.location.clone() else { return Err(unexpected(answer)) };
        if let Some(query) = to.strip_prefix(REDIRECT) {
            let pairs = form_urlencoded::parse(query.trim_start_matches('?').as_bytes());
            let code = pairs
                .into_iter()
                .find(|(name, _)| name == "code")
                .map(|(_, code)| code.into_owned());
            return code.ok_or(BenchError::Answer { operation: "authorize", problem: to });
        }
        path = to;
    }
    Err(BenchError::Answer {
        operation: "authorize",
        problem: format!("too many steps, last {path}"),
    })
}

fn unexpected(answer: crate::client::Answer) -> BenchError {
    match answer.expect("authorize", 302) {
        Err(error) => error,
        Ok(_) => BenchError::Answer {
            operation: "authorize",
            problem: "a redirect without a target".to_owned(),
        },
    }
}
