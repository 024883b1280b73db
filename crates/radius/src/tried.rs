//! An Access-Request that an administrator tries out at a provider: made as a client makes it, and
//! answered by what answers those of the network, with the reason that a client never learns. It
//! counts as any sign-in does, failures too, but for the administrator and where they are: a client
//! that they name has nothing to do with it. What was typed is kept nowhere.

use std::net::{IpAddr, SocketAddr};
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, with};
use countersign_flow::Flows;
use countersign_flow::headless::Client as At;
use countersign_listener::Datagrams as _;
use countersign_model::{FieldErrors, Fields as _, Problem, Ref, Secret, Timestamp};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::gate::{Clients, Gate, SignIn, Verdict};
use crate::local::{self, Kept, Local, Served};
use crate::provider::RadiusProvider;
use crate::receive::{Received, receive};
use crate::serve::Answering;
use crate::wire::{Code, Packet, access_request};

/// What a client sends from, as it were.
const PORT: u16 = 1812;

pub(crate) fn operation(flows: &Flows) -> Operation {
    Operation::new(
        Method::POST,
        "countersign/radius/{id}/test/",
        "countersign_radius_test_create",
        Access::on(Permission::change(RadiusProvider::META)),
        with(flows, test),
    )
    .summary("Answer an Access-Request as if a client had sent it, and say why")
    .request("RadiusTestRequest")
    .response("RadiusTest")
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "RadiusTestRequest",
            object_schema(&[("username", "string"), ("password", "string"), ("client?", "string")]),
        ),
        (
            "RadiusTest",
            object_schema(&[
                ("code", "integer?"),
                ("result", "string"),
                ("reason", "string"),
                ("attributes", "[#RadiusTestAttribute]"),
                ("run", "uuid?"),
            ]),
        ),
        (
            "RadiusTestAttribute",
            object_schema(&[("type", "integer"), ("hex", "string"), ("text", "string?")]),
        ),
    ]
}

/// What happened within.
#[derive(Default)]
struct Told {
    run: Option<Uuid>,
    why: String,
}

/// Decides as this server does, and listens.
struct Trying {
    local: Local,
    clients: Clients<Served>,
    /// Who tries, from where, and what policies are to look at.
    at: At,
    told: Mutex<Told>,
}

impl Trying {
    fn told(&self, run: Option<Uuid>, why: impl Into<String>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Told { run, why: why.into() };
    }
}

impl Gate for Trying {
    type Provider = Served;

    fn clients(&self) -> Clients<Served> {
        self.clients.clone()
    }

    fn outpost(&self) -> String {
        self.local.outpost()
    }

    fn now(&self) -> Timestamp {
        self.local.now()
    }

    async fn decide(&self, provider: &Served, asked: SignIn<'_>) -> Result<Verdict, String> {
        match self.local.verdict(provider, asked, self.at.clone()).await {
            Ok((verdict, run)) => {
                let why = match &verdict {
                    Verdict::Accept { username, .. } => format!("{username} gets in."),
                    Verdict::Reject { why, .. } => why.clone(),
                };
                self.told(run, why);
                Ok(verdict)
            }
            Err(error) => {
                self.told(None, error.to_string());
                Err(error.to_string())
            }
        }
    }

    async fn tell(&self, _: &'static str, text: &str, _: Option<&Served>, _: IpAddr) {
        self.told(None, text);
    }
}

/// What is to be tried.
struct Tried {
    username: String,
    password: Secret,
    /// The address of the client, where it is to be one of the provider's networks; policies look
    /// at it.
    client: Option<IpAddr>,
}

impl Tried {
    fn read(mut given: Map<String, Value>) -> Result<Tried, ApiError> {
        let mut errors = FieldErrors::new();
        let mut text = |name: &str| match given.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            None | Some(Value::Null | Value::String(_)) => None,
            Some(_) => {
                errors.add(name, Problem::new("invalid", "Not a valid string."));
                None
            }
        };
        let (username, password, client) = (text("username"), text("password"), text("client"));
        for (name, value) in [("username", &username), ("password", &password)] {
            if value.is_none() {
                errors.add(name, Problem::required());
            }
        }
        let address = client.as_deref().map(|text| text.trim().parse::<IpAddr>());
        if matches!(address, Some(Err(_))) {
            errors.add("client", Problem::new("invalid", "Enter an address, as 192.0.2.7."));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        Ok(Tried {
            username: username.unwrap_or_default(),
            password: Secret::new(password.unwrap_or_default()),
            client: address.and_then(Result::ok),
        })
    }
}

async fn test(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let tried = Tried::read(call.object()?)?;
    let refuse = |field: &str, text: &str| -> Result<Response, ApiError> {
        let mut errors = FieldErrors::new();
        errors.add(field, Problem::new("invalid", text));
        Err(errors.into())
    };
    let entry = call.entry()?;
    let reference = Ref::<RadiusProvider>::new(entry.id.key);
    let provider = entry.cast::<RadiusProvider>();
    let provider = provider.ok_or_else(|| ApiError::not_found("RadiusProvider"))?;
    let Some(mut client) = local::client(&call.snapshot, reference, provider) else {
        return refuse("username", "No application uses this provider, so nobody gets in.");
    };
    let mut random = call.cx.entropy.token(17).into_bytes().into_iter();
    let id = random.next().unwrap_or_default();
    let authenticator: Vec<u8> = random.collect();
    let authenticator: [u8; 16] = authenticator.try_into().unwrap_or_default();
    let asked = (id, authenticator);
    let asked = access_request(&client.secret, asked, &tried.username, &tried.password);
    let Some(datagram) = asked else {
        return refuse("password", "Name or password is longer than RADIUS has room for.");
    };
    let address = call.request.client_ip;
    let looked_at = tried.client.unwrap_or(address).to_canonical();
    if tried.client.is_some() {
        let peer = SocketAddr::new(looked_at, PORT);
        if let Received::Dropped { why, .. } = receive(slice::from_ref(&client), peer, &datagram) {
            return Ok(told(None, &Told { run: None, why: why.to_string() }));
        }
    }
    // From here on it comes from where the administrator is.
    client.networks = "0.0.0.0/0, ::/0".into();
    let tester = call.caller.original.as_ref().or(call.caller.user.as_ref());
    let tester = tester.map(|tester| tester.as_actor());
    let kept = Arc::<Kept>::default();
    let trying = Trying {
        local: Local { flows, cx: call.cx.clone(), kept },
        clients: vec![client].into(),
        at: At::Trial { tester, address, looked_at },
        told: Mutex::default(),
    };
    let answering = Answering::new(trying);
    let answer = answering.answer(datagram, SocketAddr::new(address, PORT)).await;
    let packet = answer.as_deref().and_then(|bytes| Packet::read(bytes).ok());
    let why = answering.gate().told.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(told(packet.as_ref(), &why))
}

/// What is shown of it.
fn told(packet: Option<&Packet>, told: &Told) -> Response {
    let result = match packet.map(|packet| packet.code) {
        Some(Code::AccessAccept) => "Access-Accept",
        Some(Code::AccessReject) => "Access-Reject",
        _ => "No answer",
    };
    let attributes = packet.into_iter().flat_map(Packet::own).map(|attribute| {
        let text = std::str::from_utf8(attribute.value()).ok();
        let text = text.filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
        json!({"type": attribute.kind, "hex": hex::encode(attribute.value()), "text": text})
    });
    let answer = json!({
        "code": packet.map(|packet| packet.code.number()),
        "result": result,
        "reason": told.why,
        "attributes": attributes.collect::<Vec<_>>(),
        "run": told.run,
    });
    json(StatusCode::OK, &answer)
}
