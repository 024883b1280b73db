//! Faults of this program are events: rules of notifications tell the administrators, who need not
//! read the log.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use countersign_core::{Caller, Context, HandedOn, RequestInfo};
use countersign_events::Event;
use countersign_model::Timestamp;
use http::StatusCode;
use serde_json::json;

/// A fault that meets every request is told once in so many seconds.
const PAUSE: i64 = 10;

/// Where faults are told.
#[derive(Clone)]
pub struct Faults {
    context: Context,
    told_until: Arc<AtomicI64>,
}

impl Faults {
    pub fn new(context: &Context) -> Faults {
        Faults { context: context.clone(), told_until: Arc::new(AtomicI64::new(0)) }
    }

    async fn tell(&self, request: &RequestInfo) {
        let now = self.context.clock.now();
        let until = self.told_until.load(Ordering::Relaxed);
        if now < Timestamp(until)
            || self
                .told_until
                .compare_exchange(
                    until,
                    now.plus_seconds(PAUSE).0,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_err()
        {
            return;
        }
        let message = format!(
            "{} {} could not be answered because of a fault of the server; the log has more under request {}",
            request.method, request.path, request.id
        );
        let event = Event::new(
            "system_exception",
            "authentik.events.middleware",
            json!({ "message": message }),
        );
        let (context, actor) =
            (self.context.clone(), self.context.actor(&Caller::nobody(), request));
        // The answer does not wait for it.
        let work = async move { event.write(&context, actor).await };
        self.context.tasks.spawn("event of a fault", work).await;
    }
}

/// Tells of requests that end with status 500.
pub async fn layer(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().cloned();
    let response = next.run(request).await;
    let is_ours = response.extensions().get::<HandedOn>().is_none();
    let failed = is_ours && response.status() == StatusCode::INTERNAL_SERVER_ERROR;
    if let Some(info) = info.filter(|_| failed) {
        faults.tell(&info).await;
    }
    response
}
