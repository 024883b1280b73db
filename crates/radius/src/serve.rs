//! Answers datagrams: who asks is found in the configuration, the flow is run, and what comes again
//! is answered alike.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_catalogue::Application;
use countersign_catalogue::application::of_provider;
use countersign_catalogue::outposts::is_elsewhere;
use countersign_core::Context;
use countersign_events::Event;
use countersign_flow::headless::{self, Client as At, Login, Outcome};
use countersign_flow::{FlowError, Flows};
use countersign_listener::Datagrams;
use countersign_model::{Ref, Revision, Snapshot, Timestamp};
use countersign_store::{Actor, Seldom};
use serde_json::json;
use tokio::time::Instant;

use crate::duplicates::{Asked, Duplicates, Known};
use crate::mapping::{Broken, attributes};
use crate::provider::RadiusProvider;
use crate::receive::{Client, Dropped, Received, Request, receive};
use crate::wire::{Code, kind};

/// As many clients are remembered that were told of in the last hour; more are in the log only.
const MOST_TOLD: usize = 4_096;
/// As many events of one reason at one provider in an hour, whatever the number of its clients.
const EVENTS_PER_HOUR: i64 = 100;
const HOUR: i64 = 3_600;

/// A provider that this server answers for.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    provider: Ref<RadiusProvider>,
    name: String,
    application: Ref<Application>,
    slug: String,
}

/// The clients of all providers that this server answers for: those with an application that no
/// outpost answers for.
pub(crate) fn clients(snapshot: &Snapshot) -> Vec<Client<Served>> {
    let one = |(reference, provider): (Ref<RadiusProvider>, &RadiusProvider)| {
        let (application, definition) = of_provider(snapshot, reference.key().int()?)?;
        let client = Client {
            provider: Served {
                provider: reference,
                name: provider.name.clone(),
                application,
                slug: definition.slug.to_string(),
            },
            networks: provider.client_networks.clone(),
            secret: provider.shared_secret.clone(),
            requires_authenticator: provider.require_message_authenticator,
        };
        (!is_elsewhere(snapshot, reference.id())).then_some(client)
    };
    let mut all: Vec<_> = snapshot.list::<RadiusProvider>().filter_map(one).collect();
    all.sort_by_key(|client| client.provider.provider.key().int());
    all
}

type Clients = Arc<[Client<Served>]>;

/// What all datagrams share.
pub(crate) struct Radius {
    flows: Flows,
    /// Made from the configuration of that revision.
    clients: Mutex<Option<(Revision, Clients)>>,
    duplicates: Mutex<Duplicates>,
    /// When administrators heard of a client last.
    told: Mutex<HashMap<(IpAddr, &'static str), Timestamp>>,
    dropped: Seldom,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Radius {
    pub(crate) fn new(flows: &Flows) -> Radius {
        Radius {
            flows: flows.clone(),
            clients: Mutex::default(),
            duplicates: Mutex::default(),
            told: Mutex::default(),
            dropped: Seldom::default(),
        }
    }

    fn clients(&self, cx: &Context) -> Clients {
        let snapshot = cx.snapshot();
        let mut known = locked(&self.clients);
        match &*known {
            Some((revision, clients)) if *revision == snapshot.revision() => clients.clone(),
            _ => {
                let clients: Clients = clients(&snapshot).into();
                *known = Some((snapshot.revision(), clients.clone()));
                clients
            }
        }
    }

    pub(crate) async fn answer(
        &self,
        cx: &Context,
        datagram: &[u8],
        peer: SocketAddr,
    ) -> Option<Vec<u8>> {
        // An IPv4 address has one form, also where the socket takes both.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let clients = self.clients(cx);
        let request = match receive(&clients, peer, datagram) {
            Received::Asked(request) => request,
            Received::Answered(answer) => return Some(answer),
            Received::Dropped { why, of } => {
                self.note_dropped(cx, why, of, peer).await;
                return None;
            }
        };
        let asked = Asked {
            peer,
            provider: request.client.provider.provider.key().int().unwrap_or_default(),
            hash: request.packet.hash(),
        };
        let known = locked(&self.duplicates).enter(asked, cx.clock.now());
        match known {
            Known::Answered(answer) => return Some(answer),
            Known::Running => return None,
            Known::New => {}
        }
        let begun = Instant::now();
        let answer = self.decide(cx, &request, peer).await;
        let served = &request.client.provider;
        metrics::histogram!(
            "authentik_outpost_radius_request_duration_seconds",
            "outpost_name" => OURSELVES, "app" => served.slug.clone(),
        )
        .record(begun.elapsed().as_secs_f64());
        match answer {
            Ok(answer) => {
                let mut duplicates = locked(&self.duplicates);
                duplicates.answered(asked, answer.as_deref().unwrap_or_default());
                answer
            }
            // Nothing is known: the client asks again, here or at another server.
            Err(error) => {
                locked(&self.duplicates).unanswered(&asked);
                tracing::warn!(%error, client_ip = %peer.ip(), "a RADIUS request was not answered");
                None
            }
        }
    }

    /// Whether somebody gets in; the error says that it is not known for the moment.
    async fn decide(
        &self,
        cx: &Context,
        request: &Request<'_, Served>,
        peer: SocketAddr,
    ) -> Result<Option<Vec<u8>>, FlowError> {
        let (cx, served) = (self.flows.over(cx), &request.client.provider);
        let refuse = |reason: &'static str, why: &str| {
            metrics::counter!(
                "authentik_outpost_radius_requests_rejected_total",
                "outpost_name" => OURSELVES, "app" => served.slug.clone(), "reason" => reason,
            )
            .increment(1);
            tracing::info!(client_ip = %peer.ip(), provider = served.name, reason, "RADIUS sign-in refused: {why}");
            Ok(request.reply(Code::AccessReject, &[]))
        };
        let password = match &request.password {
            Ok(password) => password,
            // Signed by the client, which is told.
            Err(error) => {
                let text = error.to_string();
                self.tell(&cx, error.reason(), &text, Some(served), peer.ip()).await;
                return refuse(error.reason(), &text);
            }
        };
        let snapshot = cx.snapshot();
        let Some(provider) = snapshot.get(served.provider) else {
            return refuse("access_denied", "the provider is gone");
        };
        let (password, code) = headless::split_code(password.expose(), provider.mfa_support);
        let device = request.packet.text(kind::CALLING_STATION_ID).map(str::to_owned);
        let login = Login {
            protocol: "radius",
            flow: provider.authorization_flow,
            application: served.application,
            client: At::Gateway { address: peer.ip(), device },
            username: request.username.clone(),
            password,
            code,
        };
        let signed_in = match headless::sign_in(&cx, login).await {
            Ok(Outcome::Admitted(signed_in)) => signed_in,
            Ok(Outcome::Denied { user, messages }) => {
                let messages = messages.join(" ");
                let why = format!("the application is not open to {}. {messages}", user.username);
                return refuse("access_denied", &why);
            }
            Ok(Outcome::Refused(refusal)) => return refuse(refusal.reason(), &refusal.to_string()),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => return refuse("flow_error", &error.to_string()),
        };
        let (user, of) = (&signed_in.user, &signed_in.request);
        // Nothing goes on with the session: the client has its answer.
        signed_in.session.end(&cx, of, user).await?;
        let broken = match attributes(&cx, of, user, provider).await? {
            Ok(attributes) => match request.reply(Code::AccessAccept, &attributes) {
                Some(answer) => {
                    tracing::info!(client_ip = %peer.ip(), provider = served.name, user = user.username, "RADIUS sign-in accepted");
                    return Ok(Some(answer));
                }
                None => Broken::too_much(),
            },
            Err(broken) => broken,
        };
        broken.report(&cx, of, user, provider).await;
        refuse("flow_error", "a property mapping failed")
    }

    /// Nothing is said to a datagram; administrators hear of it.
    async fn note_dropped(
        &self,
        cx: &Context,
        why: Dropped,
        of: Option<&Served>,
        peer: SocketAddr,
    ) {
        metrics::counter!("countersign_radius_dropped_total", "reason" => why.reason())
            .increment(1);
        if let Some(times) = self.dropped.now() {
            tracing::warn!(client_ip = %peer.ip(), times, "RADIUS requests were dropped: {why}");
        }
        self.tell(cx, why.reason(), &why.to_string(), of, peer.ip()).await;
    }

    /// One event for each client and hour, over all processes.
    async fn tell(
        &self,
        cx: &Context,
        reason: &'static str,
        text: &str,
        of: Option<&Served>,
        client: IpAddr,
    ) {
        let now = cx.clock.now();
        let is_new = {
            let mut told = locked(&self.told);
            let again = |last: &Timestamp| now >= last.plus_seconds(HOUR);
            if told.len() >= MOST_TOLD {
                told.retain(|_, last| !again(last));
            }
            let is_new = told.get(&(client, reason)).is_none_or(again) && told.len() < MOST_TOLD;
            if is_new {
                told.insert((client, reason), now);
            }
            is_new
        };
        if !is_new {
            return;
        }
        let ephemeral = cx.store.ephemeral();
        let provider = of.map_or("", |of| of.name.as_str());
        let by_client = format!("{client}/{reason}");
        let number = of.map_or_else(String::new, |of| of.provider.key().to_string());
        let by_provider = format!("provider {number}/{reason}");
        if ephemeral.add("radius.told", &by_client, 1, HOUR).await > 1
            || ephemeral.add("radius.told", &by_provider, 1, HOUR).await > EVENTS_PER_HOUR
        {
            return;
        }
        let message = format!("A RADIUS client ({client}) gets no answer that it can use. {text}");
        let context = json!({
            "message": message, "client": client.to_string(), "provider": provider, "reason": reason,
        });
        let event = Event::new("configuration_error", "authentik.providers.radius", context);
        event.write(cx, Actor::system()).await;
    }
}

/// What this server calls itself where outposts have a name.
const OURSELVES: &str = "countersign";

/// All of it with the context of a running server.
pub(crate) struct Answering {
    pub(crate) radius: Arc<Radius>,
    pub(crate) cx: Context,
}

impl Datagrams for Answering {
    async fn answer(&self, datagram: Vec<u8>, peer: SocketAddr) -> Option<Vec<u8>> {
        self.radius.answer(&self.cx, &datagram, peer).await
    }
}
