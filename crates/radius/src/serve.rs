//! Answers datagrams: who asks is found among the clients, whoever decides is asked, and what comes
//! again is answered alike.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_listener::Datagrams;
use countersign_store::Seldom;
use tokio::time::Instant;

use crate::duplicates::{Asked, Duplicates, Known as Again};
use crate::gate::{Gate, Known as _, SignIn, Verdict};
use crate::receive::{Dropped, Received, Request, receive};
use crate::wire::{Code, kind};

/// What is known of datagrams that came before.
#[derive(Default)]
pub(crate) struct Before {
    duplicates: Mutex<Duplicates>,
    dropped: Seldom,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers in the name of whoever decides.
pub struct Answering<G> {
    gate: G,
    before: Arc<Before>,
}

impl<G: Gate> Answering<G> {
    pub fn new(gate: G) -> Answering<G> {
        Answering { gate, before: Arc::default() }
    }

    pub(crate) fn after(gate: G, before: Arc<Before>) -> Answering<G> {
        Answering { gate, before }
    }

    pub const fn gate(&self) -> &G {
        &self.gate
    }

    async fn decide(
        &self,
        request: &Request<'_, G::Provider>,
        peer: SocketAddr,
    ) -> Result<Option<Vec<u8>>, String> {
        let (gate, provider) = (&self.gate, &request.client.provider);
        let refuse = |reason: &'static str, why: &str| {
            metrics::counter!(
                "authentik_outpost_radius_requests_rejected_total",
                "outpost_name" => gate.outpost(), "app" => provider.slug().to_owned(), "reason" => reason,
            )
            .increment(1);
            tracing::info!(client_ip = %peer.ip(), provider = provider.name(), reason, "RADIUS sign-in refused: {why}");
            Ok(request.reply(Code::AccessReject, &[]))
        };
        let password = match &request.password {
            Ok(password) => password,
            // Signed by the client, which is told.
            Err(error) => {
                let text = error.to_string();
                gate.tell(error.reason(), &text, Some(provider), peer.ip()).await;
                return refuse(error.reason(), &text);
            }
        };
        let device = request.packet.text(kind::CALLING_STATION_ID).map(str::to_owned);
        let asked = SignIn {
            username: &request.username,
            password,
            device,
            client: peer.ip(),
            fits: &|attributes| request.reply(Code::AccessAccept, attributes).is_some(),
        };
        match gate.decide(provider, asked).await? {
            Verdict::Accept { username, attributes } => {
                match request.reply(Code::AccessAccept, &attributes) {
                    Some(answer) => {
                        tracing::info!(client_ip = %peer.ip(), provider = provider.name(), user = username, "RADIUS sign-in accepted");
                        Ok(Some(answer))
                    }
                    None => refuse("flow_error", "the attributes do not fit into an answer"),
                }
            }
            Verdict::Reject { reason, why } => refuse(reason, &why),
        }
    }

    /// Nothing is said to a datagram; administrators hear of it.
    async fn note_dropped(&self, why: Dropped, of: Option<&G::Provider>, peer: SocketAddr) {
        metrics::counter!("countersign_radius_dropped_total", "reason" => why.reason())
            .increment(1);
        if let Some(times) = self.before.dropped.now() {
            tracing::warn!(client_ip = %peer.ip(), times, "RADIUS requests were dropped: {why}");
        }
        self.gate.tell(why.reason(), &why.to_string(), of, peer.ip()).await;
    }
}

impl<G: Gate> Datagrams for Answering<G> {
    async fn answer(&self, datagram: Vec<u8>, peer: SocketAddr) -> Option<Vec<u8>> {
        // An IPv4 address has one form, also where the socket takes both.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let clients = self.gate.clients();
        let request = match receive(&clients, peer, &datagram) {
            Received::Asked(request) => request,
            Received::Answered(answer) => return Some(answer),
            Received::Dropped { why, of } => {
                self.note_dropped(why, of, peer).await;
                return None;
            }
        };
        let provider = &request.client.provider;
        let asked = Asked { peer, provider: provider.number(), hash: request.packet.hash() };
        let known = locked(&self.before.duplicates).enter(asked, self.gate.now());
        match known {
            Again::Answered(answer) => return Some(answer),
            Again::Running => return None,
            Again::New => {}
        }
        let begun = Instant::now();
        let answer = self.decide(&request, peer).await;
        metrics::histogram!(
            "authentik_outpost_radius_request_duration_seconds",
            "outpost_name" => self.gate.outpost(), "app" => provider.slug().to_owned(),
        )
        .record(begun.elapsed().as_secs_f64());
        match answer {
            Ok(answer) => {
                let mut duplicates = locked(&self.before.duplicates);
                duplicates.answered(asked, answer.as_deref().unwrap_or_default());
                answer
            }
            // Nothing is known: the client asks again, here or at another server.
            Err(error) => {
                locked(&self.before.duplicates).unanswered(&asked);
                tracing::warn!(error, client_ip = %peer.ip(), "a RADIUS request was not answered");
                None
            }
        }
    }
}
