//! Telling people what happened: rules choose events, transports carry them.
//!
//! A follower reads events in the order they were sealed in, asks the policies bound to each rule,
//! and asks for one task per transport and person, in the transaction that moves its own place on:
//! no event is told twice or forgotten when a process ends in between. Tasks are tried again when
//! the other side is away.

mod api;
mod deliver;
mod follow;
mod kinds;
mod message;

use std::sync::Arc;

use countersign_core::{Job, JobError, KindResource, Module, Service};
use countersign_mail::Mailer;
use countersign_outbound::Outbound;
use countersign_policy::access::Engine;
use countersign_rest::{object_schema, table};
use countersign_store::{Actor, StoreError, params};

use crate::deliver::{Deliver, Ways};

pub use kinds::{
    Mode, NotificationRule, NotificationTransport, NotificationWebhookMapping, Severity,
};

/// The notifications' part of the program.
#[must_use]
pub fn module(mailer: Arc<Mailer>, outbound: Arc<Outbound>, policies: &Engine) -> Module {
    let ways = Ways { mailer, outbound, policies: policies.clone() };
    let policies = policies.clone();
    Module {
        name: "notifications",
        kinds: vec![
            KindResource::of::<NotificationTransport>()
                .computed(kinds::mode_in_words)
                .narrowed(&[("webhook_url", "string")], kinds::has_address),
            KindResource::of::<NotificationRule>()
                .computed(kinds::group_object)
                .among(&[("group__name", "string")], kinds::of_group),
            KindResource::of::<NotificationWebhookMapping>(),
        ],
        operations: api::operations(&ways),
        tables: vec![table::<api::NotificationRow>()],
        schemas: vec![
            (
                "NotificationTransport",
                object_schema(&[("mode_verbose", "string"), ("webhook_url?", "url")]),
            ),
            ("NotificationTransportRequest", object_schema(&[("webhook_url?", "url")])),
            ("PatchedNotificationTransportRequest", object_schema(&[("webhook_url?", "url")])),
            ("Notification", object_schema(&[("severity", "#SeverityEnum"), ("event?", "#Event")])),
            ("NotificationRule", object_schema(&[("group_obj", "#Group")])),
            ("NotificationTransportTest", object_schema(&[("messages", "[string]")])),
        ],
        jobs: vec![
            Job::of(Deliver(ways)),
            Job::every(
                "notification_cleanup",
                8 * 3600,
                "Remove notifications that were seen, and those whose event has ended.",
                |cx, _| async move {
                    let remove = |tx: &mut countersign_store::Tx<'_>| {
                        let statement = "DELETE FROM notification WHERE seen = 1 OR (event IS NOT NULL AND event NOT IN (SELECT uuid FROM event))";
                        tx.execute(statement, params![]).map(|_| ())
                    };
                    cx.store
                        .write(Actor::system(), "seen notifications", remove)
                        .await
                        .map_err(|error: StoreError| JobError::from(error))
                },
            ),
        ],
        services: vec![Service::new("notifications", move |cx, stop| {
            follow::keep_following(cx, policies.clone(), stop)
        })],
        ..Module::default()
    }
}
