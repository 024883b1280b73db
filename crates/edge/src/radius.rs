//! An outpost for RADIUS: packets are read and answered by the code of the server, which decides.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_flow::headless::split_code;
use countersign_listener::{BoundUdp, Listener};
use countersign_model::{Clock as _, Secret, Timestamp};
use countersign_radius::{
    Answering, Client, Clients, Gate, Known, Networks, SignIn, Verdict, from_server,
};
use countersign_store::SystemClock;
use serde_json::Value;

use crate::Settings;
use crate::api::{Api, ApiError, text, truth};
use crate::link::{Answers, Link};
use crate::login::{Login, Refusal, sign_in};

/// A provider as `outposts/radius/` describes one.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    number: i64,
    name: String,
    slug: String,
    flow: String,
    takes_codes: bool,
}

impl Known for Provider {
    fn number(&self) -> i64 {
        self.number
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn slug(&self) -> &str {
        &self.slug
    }
}

fn client(config: &Value) -> Option<Client<Provider>> {
    let own = |name: &str| text(config, name).to_owned();
    let secret = Secret::new(own("shared_secret"));
    let provider = Provider {
        number: config.get("pk")?.as_i64()?,
        name: own("name"),
        slug: own("application_slug"),
        flow: own("auth_flow_slug"),
        takes_codes: truth(config, "mfa_support"),
    };
    // By an empty one anybody could ask.
    (!secret.is_empty() && !provider.flow.is_empty()).then(|| Client {
        provider,
        networks: Networks::from(text(config, "client_networks")),
        secret,
        // What the outpost protocol does not say.
        requires_authenticator: false,
    })
}

/// The server decides.
pub(crate) struct Elsewhere {
    api: Arc<Api>,
    link: Arc<Link>,
    clients: Mutex<Clients<Provider>>,
}

pub(crate) type Radius = Answering<Elsewhere>;

pub(crate) fn edge(api: Arc<Api>, link: Arc<Link>) -> Radius {
    let none: Clients<Provider> = Vec::new().into();
    Answering::new(Elsewhere { api, link, clients: Mutex::new(none) })
}

/// # Errors
/// The address cannot be used.
pub(crate) async fn bind(settings: &Settings) -> Result<BoundUdp, String> {
    let (name, setting) = ("radius", "listen.radius");
    Listener { name, setting, address: settings.radius, tls: None }.bind_udp().await
}

impl Elsewhere {
    async fn verdict(&self, provider: &Provider, asked: SignIn<'_>) -> Result<Verdict, ApiError> {
        let (password, code) = split_code(asked.password.expose(), provider.takes_codes);
        let login = Login {
            protocol: "radius",
            flow: &provider.flow,
            username: asked.username,
            password,
            code,
            client: asked.client,
        };
        let mut visit = match sign_in(&self.api, &login).await? {
            Ok(visit) => visit,
            Err(refusal) => {
                let reason = match &refusal {
                    Refusal::Credentials(_) | Refusal::Code => "invalid_credentials",
                    Refusal::Stage(_) | Refusal::Endless => "flow_error",
                };
                return Ok(Verdict::reject(reason, refusal.to_string()));
            }
        };
        // A session that is none would be asked about as the outpost itself.
        if visit.user().await?.is_none() {
            return Ok(Verdict::reject("access_check_fail", "nobody is signed in"));
        }
        let path =
            format!("outposts/radius/{}/check_access/?app_slug={}", provider.number, provider.slug);
        let Some(checked) = visit.get(&path).await? else {
            return Ok(Verdict::reject(
                "access_check_fail",
                "the server does not say who may enter",
            ));
        };
        if checked.pointer("/access/passing") != Some(&Value::Bool(true)) {
            let why = format!("the application is not open to {}", asked.username);
            return Ok(Verdict::reject("access_denied", why));
        }
        let packet = match text(&checked, "attributes") {
            "" => Some(Vec::new()),
            encoded => STANDARD.decode(encoded).ok().and_then(|bytes| from_server(&bytes)),
        };
        match packet.filter(|attributes| (asked.fits)(attributes)) {
            Some(attributes) => {
                Ok(Verdict::Accept { username: asked.username.to_owned(), attributes })
            }
            None => Ok(Verdict::reject("flow_error", "the attributes cannot be used")),
        }
    }
}

impl Gate for Elsewhere {
    type Provider = Provider;

    fn clients(&self) -> Clients<Provider> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn outpost(&self) -> String {
        self.link.name()
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn decide(&self, provider: &Provider, asked: SignIn<'_>) -> Result<Verdict, String> {
        self.verdict(provider, asked).await.map_err(|error| error.to_string())
    }

    /// In the log only, as the original's outposts do.
    async fn tell(&self, reason: &'static str, text: &str, of: Option<&Provider>, client: IpAddr) {
        let provider = of.map_or("", |of| of.name.as_str());
        tracing::debug!(client_ip = %client, provider, reason, "{text}");
    }
}

impl Answers for Radius {
    async fn refresh(&self, api: &Api) -> Result<(), ApiError> {
        let all = api.list("outposts/radius/", "").await?;
        let clients: Clients<Provider> = all.iter().filter_map(client).collect();
        *self.gate().clients.lock().unwrap_or_else(PoisonError::into_inner) = clients;
        Ok(())
    }

    fn forget(&self) {
        let none: Clients<Provider> = Vec::new().into();
        *self.gate().clients.lock().unwrap_or_else(PoisonError::into_inner) = none;
    }

    /// Nobody stays signed in.
    fn ended(&self, _: &str) {}
}
