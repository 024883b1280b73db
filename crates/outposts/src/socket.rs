//! The socket between an outpost and this server, at `/ws/outpost/<uuid>/`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use countersign_catalogue::{Application, Brand};
use countersign_core::{
    Access, ApiError, Context, Permission, Query, Route, Routes, Shutdown, Stack, Via,
};
use countersign_model::{Fields as _, ObjectId, Ref, Revision, Snapshot, Target as _};
use countersign_rest::{admit, socket};
use http::Method;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::ended::Told;
use crate::health;
use crate::outpost::{Outpost, OutpostType};
use crate::wire::{Heard, Said};

/// An outpost says every ten seconds that it is there; one that is silent for so long has gone.
const SILENCE: Duration = Duration::from_secs(45);
/// What the snapshot may lag behind the news of it.
const LAG: Duration = Duration::from_millis(5);

const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const REFUSED: u16 = 1008;

#[derive(Clone)]
struct Served {
    cx: Context,
    told: Told,
}

pub(crate) fn routes(told: &Told) -> Vec<Route> {
    let told = told.clone();
    let over = Routes::over(move |cx| Served { cx: cx.clone(), told: told.clone() });
    vec![over.at([Method::GET], "/ws/outpost/{uuid}/", open).stack(Stack::Socket)]
}

async fn open(
    State(served): State<Served>,
    Path(uuid): Path<String>,
    request: Request,
) -> Response {
    let refused = || ApiError::no_permission().into_response();
    let Ok(uuid) = Uuid::parse_str(&uuid) else { return refused() };
    let outpost = Ref::<Outpost>::new(uuid.into());
    let (mut parts, body) = request.into_parts();
    let admitted = match admit(&served.cx, &Access::authenticated(), &parts).await {
        Ok(admitted) => admitted,
        Err(refusal) if refusal.status().is_server_error() => return refusal,
        Err(_) => return refused(),
    };
    // What is not there, or not this caller's, looks the same. A browser's session is no token: a
    // page could use it.
    let (caller, snapshot) = (&admitted.caller, served.cx.snapshot());
    let may = matches!(caller.via, Via::Token { .. })
        && caller.rights(&snapshot).on(Permission::view(Outpost::META), outpost.id());
    if !may || snapshot.get(outpost).is_none() {
        return refused();
    }
    parts.extensions.insert(admitted);
    let request = Request::from_parts(parts, body);
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let instance = query.get("instance_uuid").unwrap_or_default().to_owned();
    let cx = served.cx.clone();
    socket(&cx, request, move |socket, _, stop| async move {
        let mut conversation = Conversation { served, outpost, uuid, instance, socket };
        let code = conversation.run(stop).await;
        conversation.close(code).await;
    })
    .await
}

struct Conversation {
    served: Served,
    outpost: Ref<Outpost>,
    uuid: Uuid,
    /// What the program calls itself.
    instance: String,
    socket: WebSocket,
}

impl Conversation {
    /// Until one of both goes; the code that it is closed with.
    async fn run(&mut self, mut stop: Shutdown) -> u16 {
        let Some(name) = self.name() else { return REFUSED };
        let _counted = Connected::begin(name);
        let mut ended = self.served.told.subscribe();
        let mut revisions = self.served.cx.store.revisions();
        let mut known = sight(&self.served.cx.snapshot(), self.outpost);
        let silence = tokio::time::sleep(SILENCE);
        tokio::pin!(silence);
        loop {
            tokio::select! {
                () = stop.requested() => return GOING_AWAY,
                () = &mut silence => return GOING_AWAY,
                changed = revisions.changed() => {
                    if changed.is_err() {
                        return GOING_AWAY;
                    }
                    let revision = *revisions.borrow_and_update();
                    let snapshot = snapshot_of(&self.served.cx, revision).await;
                    let now = sight(&snapshot, self.outpost);
                    if now.is_none() {
                        return REFUSED;
                    }
                    if now != known && !self.say(&Said::TriggerUpdate).await {
                        return GOING_AWAY;
                    }
                    known = now;
                }
                session = ended.recv() => match session {
                    Ok(session) => {
                        if self.keeps_sessions() && !self.say(&Said::Logout(session)).await {
                            return GOING_AWAY;
                        }
                    }
                    // So many at once: what it reads anew says who is signed out.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return GOING_AWAY,
                },
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => {
                        silence.as_mut().reset(tokio::time::Instant::now() + SILENCE);
                        if !self.hear(text.as_str()).await {
                            return UNSUPPORTED;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Binary(_))) => return UNSUPPORTED,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return GOING_AWAY,
                },
            }
        }
    }

    /// Whether it was a message.
    async fn hear(&mut self, text: &str) -> bool {
        let Some(heard) = Heard::read(text) else { return false };
        let reply = heard.reply();
        if let Heard::Hello(hello) = heard {
            let name =
                if self.instance.is_empty() { hello.uuid.clone() } else { self.instance.clone() };
            if let Some(outpost) = self.name() {
                metrics::gauge!("authentik_outposts_last_update", "tenant" => "public", "outpost" => outpost, "version" => hello.version.clone())
                    .set(seconds(self.served.cx.clock.now().seconds()));
            }
            if let Err(error) = health::note(&self.served.cx, self.uuid, &name, hello).await {
                tracing::debug!(%error, "an outpost that is there could not be noted");
            }
        }
        match reply {
            Some(reply) => self.say(&reply).await,
            None => true,
        }
    }

    async fn say(&mut self, said: &Said) -> bool {
        self.socket.send(Message::Text(said.text().into())).await.is_ok()
    }

    async fn close(&mut self, code: u16) {
        let frame = CloseFrame { code, reason: "".into() };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
    }

    fn name(&self) -> Option<String> {
        Some(self.served.cx.snapshot().get(self.outpost)?.name.clone())
    }

    /// Sessions mean something to outposts that keep some of their own, or remember a bind for as
    /// long as one lasts. The original's for LDAP have no ear for it, and go on.
    fn keeps_sessions(&self) -> bool {
        let snapshot = self.served.cx.snapshot();
        snapshot
            .get(self.outpost)
            .is_some_and(|outpost| matches!(outpost.r#type, OutpostType::Proxy | OutpostType::Ldap))
    }
}

/// The configuration of that revision, or a later one: it is announced a moment before it is there.
async fn snapshot_of(cx: &Context, revision: Revision) -> Arc<Snapshot> {
    loop {
        let snapshot = cx.snapshot();
        if snapshot.revision() >= revision {
            return snapshot;
        }
        tokio::time::sleep(LAG).await;
    }
}

/// What an outpost reads, each object by the revision that last changed it: itself, its providers
/// with what they name, and their applications; the embedded one all brands. `None` when it is gone.
fn sight(snapshot: &Snapshot, outpost: Ref<Outpost>) -> Option<BTreeMap<ObjectId, Revision>> {
    let settings = snapshot.get(outpost)?;
    let mut seen = BTreeMap::new();
    let mut see = |id: ObjectId| {
        if let Some(entry) = snapshot.entry(id) {
            seen.insert(id, entry.revision);
        }
    };
    see(outpost.id());
    for provider in &settings.providers {
        see(provider.id());
        if let Some(entry) = snapshot.member(*provider) {
            entry.object.visit_refs(&mut |_, id| see(id));
        }
        let applications = snapshot.referrers_in(provider.id(), Application::SPACE);
        applications.for_each(|(id, _)| see(id));
    }
    if settings.is_embedded() {
        for brand in snapshot.entries(Brand::SPACE) {
            see(brand.id);
            brand.object.visit_refs(&mut |_, id| see(id));
        }
    }
    Some(seen)
}

/// Counts a connection for as long as it lasts.
struct Connected(metrics::Gauge);

impl Connected {
    fn begin(outpost: String) -> Connected {
        let gauge = metrics::gauge!("authentik_outposts_connected", "tenant" => "public", "outpost" => outpost);
        gauge.increment(1.0);
        Connected(gauge)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
const fn seconds(seconds: i64) -> f64 {
    seconds as f64
}
