//! This server decides itself: the flow of the provider is run, and its mappings are asked.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_catalogue::Application;
use countersign_catalogue::application::of_provider;
use countersign_catalogue::outposts::is_elsewhere;
use countersign_core::Context;
use countersign_events::Event;
use countersign_flow::headless::{self, Client as At, Login, Outcome};
use countersign_flow::{FlowError, Flows};
use countersign_model::{Ref, Revision, Snapshot, Timestamp};
use countersign_store::Actor;
use serde_json::json;
use uuid::Uuid;

use crate::gate::{Clients, Gate, Known, SignIn, Verdict};
use crate::mapping::{Broken, attributes};
use crate::provider::RadiusProvider;
use crate::receive::Client;

/// As many clients are remembered that were told of in the last hour; more are in the log only.
const MOST_TOLD: usize = 4_096;
/// As many events of one reason at one provider in an hour, whatever the number of its clients.
const EVENTS_PER_HOUR: i64 = 100;
const HOUR: i64 = 3_600;
/// What this server calls itself where outposts have a name.
const OURSELVES: &str = "countersign";

/// A provider that this server answers for.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    provider: Ref<RadiusProvider>,
    name: String,
    application: Ref<Application>,
    slug: String,
}

/// The clients of a provider; `None` where no application uses it.
pub(crate) fn client(
    snapshot: &Snapshot,
    reference: Ref<RadiusProvider>,
    provider: &RadiusProvider,
) -> Option<Client<Served>> {
    let (application, definition) = of_provider(snapshot, reference.key().int()?)?;
    Some(Client {
        provider: Served {
            provider: reference,
            name: provider.name.clone(),
            application,
            slug: definition.slug.to_string(),
        },
        networks: provider.client_networks.clone(),
        secret: provider.shared_secret.clone(),
        requires_authenticator: provider.require_message_authenticator,
    })
}

/// The clients of all providers that this server answers for: those with an application that no
/// outpost answers for.
pub(crate) fn clients(snapshot: &Snapshot) -> Vec<Client<Served>> {
    let one = |(reference, provider): (Ref<RadiusProvider>, &RadiusProvider)| {
        let own = !is_elsewhere(snapshot, reference.id());
        own.then(|| client(snapshot, reference, provider)).flatten()
    };
    let mut all: Vec<_> = snapshot.list::<RadiusProvider>().filter_map(one).collect();
    all.sort_by_key(|client| client.provider.provider.key().int());
    all
}

impl Known for Served {
    fn number(&self) -> i64 {
        self.provider.key().int().unwrap_or_default()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn slug(&self) -> &str {
        &self.slug
    }
}

/// What stays when the listener is opened anew.
#[derive(Default)]
pub(crate) struct Kept {
    /// Made from the configuration of that revision.
    clients: Mutex<Option<(Revision, Clients<Served>)>>,
    /// When administrators heard of a client last.
    told: Mutex<HashMap<(IpAddr, &'static str), Timestamp>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// With the context of a running server.
pub(crate) struct Local {
    pub(crate) flows: Flows,
    pub(crate) cx: Context,
    pub(crate) kept: Arc<Kept>,
}

impl Local {
    /// With the run that is recorded of it. The error says that it is not known for the moment.
    pub(crate) async fn verdict(
        &self,
        served: &Served,
        asked: SignIn<'_>,
        client: At,
    ) -> Result<(Verdict, Option<Uuid>), FlowError> {
        let cx = self.flows.over(&self.cx);
        let snapshot = cx.snapshot();
        let Some(provider) = snapshot.get(served.provider) else {
            return Ok((Verdict::reject("access_denied", "the provider is gone"), None));
        };
        let (password, code) = headless::split_code(asked.password.expose(), provider.mfa_support);
        let login = Login {
            client: client.clone(),
            protocol: "radius",
            flow: provider.authorization_flow,
            application: served.application,
            username: asked.username.to_owned(),
            password,
            code,
        };
        let (outcome, run) = match headless::traced(&cx, login).await {
            Ok(traced) => traced,
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => return Ok((Verdict::reject("flow_error", error.to_string()), None)),
        };
        let signed_in = match outcome {
            Outcome::Admitted(signed_in) => signed_in,
            Outcome::Denied { user, messages } => {
                let messages = messages.join(" ");
                let why = format!("the application is not open to {}. {messages}", user.username);
                return Ok((Verdict::reject("access_denied", why), run));
            }
            Outcome::Refused(refusal) => {
                return Ok((Verdict::reject(refusal.reason(), refusal.to_string()), run));
            }
        };
        let (user, of) = (&signed_in.user, &signed_in.request);
        // Nothing goes on with the session: the client has its answer.
        signed_in.session.end(&cx, of, user).await?;
        let seen = client.as_looked_at(of);
        let broken = match attributes(&cx, &seen, user, provider).await? {
            Ok(attributes) if (asked.fits)(&attributes) => {
                let username = user.username.clone();
                return Ok((Verdict::Accept { username, attributes }, run));
            }
            Ok(_) => Broken::too_much(),
            Err(broken) => broken,
        };
        broken.report(&cx, of, user, provider).await;
        Ok((Verdict::reject("flow_error", "a property mapping failed"), run))
    }
}

impl Gate for Local {
    type Provider = Served;

    fn clients(&self) -> Clients<Served> {
        let snapshot = self.cx.snapshot();
        let mut known = locked(&self.kept.clients);
        match &*known {
            Some((revision, clients)) if *revision == snapshot.revision() => clients.clone(),
            _ => {
                let clients: Clients<Served> = clients(&snapshot).into();
                *known = Some((snapshot.revision(), clients.clone()));
                clients
            }
        }
    }

    fn outpost(&self) -> String {
        OURSELVES.to_owned()
    }

    fn now(&self) -> Timestamp {
        self.cx.clock.now()
    }

    async fn decide(&self, provider: &Served, asked: SignIn<'_>) -> Result<Verdict, String> {
        let client = At::Gateway { address: asked.client, device: asked.device.clone() };
        let verdict = self.verdict(provider, asked, client).await;
        verdict.map(|(verdict, _)| verdict).map_err(|error| error.to_string())
    }

    /// One event for each client and hour, over all processes.
    async fn tell(&self, reason: &'static str, text: &str, of: Option<&Served>, client: IpAddr) {
        let cx = &self.cx;
        let now = cx.clock.now();
        let is_new = {
            let mut told = locked(&self.kept.told);
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
