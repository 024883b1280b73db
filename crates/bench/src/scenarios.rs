//! The operations that are measured, each as a client would ask for it.

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

/// The application that is signed in to.
#[derive(Clone)]
struct App {
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
        rows.into_iter()
            .filter(|row| {
                self.options.only.as_ref().is_none_or(|only| row.name.contains(only.as_str()))
            })
            .collect()
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

    async fn drive<W>(
        &self,
        name: &'static str,
        clients: Vec<Client>,
        work: W,
    ) -> Result<Row, BenchError>
    where
        W: AsyncFn(&mut Client) -> Result<bool, BenchError> + 'static,
    {
        let chosen = self.options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
        if chosen {
            (self.tell)(name);
        }
        drive(name, self.server, if chosen { self.options.time } else { PREPARING }, clients, work)
            .await
    }

    /// The application under load, and as many others as the size says.
    async fn application(&self) -> Result<App, BenchError> {
        let mut api = self.client().await?.bearer(&self.options.token);
        let flow = async |api: &mut Client, slug: &str| {
            let list = api
                .get(&format!("/api/v3/flows/instances/?slug={slug}"))
                .await?
                .expect("flows", 200)?
                .json();
            Ok::<_, BenchError>(list.pointer("/results/0/pk").cloned().unwrap_or_default())
        };
        let authorization =
            flow(&mut api, "default-provider-authorization-implicit-consent").await?;
        let invalidation = flow(&mut api, "default-provider-invalidation-flow").await?;
        let keys = api
            .get("/api/v3/crypto/certificatekeypairs/?has_key=true")
            .await?
            .expect("keys", 200)?
            .json();
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
        let provider = |number: u64| {
            json!({
                "name": format!("Bench {number}"), "authorization_flow": authorization, "invalidation_flow": invalidation,
                "signing_key": keys.pointer("/results/0/pk"), "property_mappings": scopes, "client_type": "confidential",
                "redirect_uris": [{"matching_mode": "strict", "url": REDIRECT}],
            })
        };
        let here = api
            .get("/api/v3/providers/oauth2/?page_size=1&ordering=pk&search=Bench")
            .await?
            .expect("providers", 200)?
            .json();
        let made = here.pointer("/pagination/count").and_then(Value::as_u64).unwrap_or_default();
        for number in made..self.size.applications.max(1) {
            let made = api
                .post("/api/v3/providers/oauth2/", &provider(number))
                .await?
                .expect("provider", 201)?
                .json();
            let application = json!({"name": format!("Bench {number}"), "slug": format!("bench-{number}"), "provider": made.get("pk")});
            api.post("/api/v3/core/applications/", &application)
                .await?
                .expect("application", 201)?;
            if number % 500 == 499 {
                (self.tell)(&format!("{} applications", number + 1));
            }
        }
        let list = api
            .get("/api/v3/providers/oauth2/?page_size=1&ordering=pk&search=Bench")
            .await?
            .expect("providers", 200)?
            .json();
        let text = |name: &str| {
            list.pointer(&format!("/results/0/{name}"))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(App { id: text("client_id"), secret: text("client_secret") })
    }

    async fn nothing(&self) -> Result<Row, BenchError> {
        let clients = self.clients(|client| client).await?;
        self.drive("an empty answer", clients, async |client| {
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
        Ok(self
            .drive("client_credentials (RS256)", clients, work)
            .await?
            .against("RS256 signature (RSA 2048)", 2.0))
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
        Ok(self
            .drive("sign-in through the flow", clients, work)
            .await?
            .against("argon2id password check", 1.0))
    }

    async fn authorize(&self, app: &App) -> Result<(Row, Vec<String>), BenchError> {
        let mut signed_in = self.client().await?;
        sign_in(&mut signed_in, &username(0)).await?;
        let mut clients = self.clients(|client| client).await?;
        for client in &mut clients {
            client.adopt(&signed_in);
        }
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
        let row = self
            .drive("code exchange (RS256)", clients, work)
            .await?
            .against("RS256 signature (RSA 2048)", 2.0);
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
        Ok(self
            .drive("refresh (RS256)", clients, work)
            .await?
            .against("RS256 signature (RSA 2048)", 2.0))
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

/// Whether a scope mapping is one that new providers have, as the original's do.
fn is_of_the_start(scope: &Value) -> bool {
    let managed = scope.get("managed").and_then(Value::as_str).unwrap_or_default();
    ["openid", "email", "profile", "offline_access"]
        .iter()
        .any(|name| managed == format!("goauthentik.io/providers/oauth2/scope-{name}"))
}

/// Goes through the flow by its challenges, as the login page does.
async fn sign_in(client: &mut Client, username: &str) -> Result<(), BenchError> {
    let mut challenge = client.get(LOGIN).await?.expect("sign-in", 200)?.json();
    for _ in 0..6 {
        let component =
            challenge.get("component").and_then(Value::as_str).unwrap_or_default().to_owned();
        let reply = match component.as_str() {
            "xak-flow-redirect" => return Ok(()),
            "ak-stage-identification" => {
                json!({"component": component, "uid_field": username, "password": PASSWORD})
            }
            "ak-stage-password" => json!({"component": component, "password": PASSWORD}),
            "ak-stage-user-login" => json!({"component": component, "remember_me": false}),
            _ => break,
        };
        let mut answer = client.post(LOGIN, &reply).await?;
        while answer.status == 302 {
            answer = client.get(&answer.location.unwrap_or_default()).await?;
        }
        challenge = answer.expect("sign-in", 200)?.json();
    }
    Err(BenchError::Answer { operation: "sign-in", problem: challenge.to_string() })
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
