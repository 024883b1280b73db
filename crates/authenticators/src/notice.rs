//! Tells people by mail what changes about their second factors, whoever changed it: somebody who
//! has got into an account makes it theirs by setting up a device of their own.

use std::sync::Arc;

use countersign_accounts::identity;
use countersign_core::{Context, JobError, Run, Work, enqueue};
use countersign_events::Event;
use countersign_mail::{Letter, Mailer};
use countersign_store::{Actor, StoreError, Tx};
use countersign_words::{Language, Wishes};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::device::DeviceClass;

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Added,
    Removed,
}

/// A change that its owner has to be told of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    user: i64,
    what: What,
    /// The class in words, and the name that the owner gave the device.
    class: String,
    name: String,
    /// Somebody else who did it.
    by: Option<String>,
    client_ip: Option<String>,
}

impl Change {
    pub(crate) fn of(tx: &Tx<'_>, user: i64, what: What, class: DeviceClass, name: &str) -> Change {
        let actor = tx.actor();
        let other = actor.user.as_ref().filter(|other| other.pk != user);
        Change {
            user,
            what,
            class: class.words().to_owned(),
            name: name.to_owned(),
            by: other.map(|other| other.username.clone()),
            client_ip: actor.client_ip.clone(),
        }
    }

    /// Has the owner told, if and when the transaction commits.
    pub(crate) fn tell(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let uid = tx.entropy().uuid().simple().to_string();
        enqueue::<TellOwner>(tx, &uid, self).map(|_| ())
    }

    fn subject(&self, language: Language) -> String {
        language.t(match self.what {
            What::Added => "mail-factor-added-subject",
            What::Removed => "mail-factor-removed-subject",
        })
    }
}

pub(crate) struct TellOwner(pub(crate) Arc<Mailer>);

const TEMPLATE: &str = "email/second_factor.html";

impl Work for TellOwner {
    const NAME: &'static str = "tell_of_second_factor";
    const DESCRIPTION: &'static str =
        "Write to somebody that a second factor of theirs was added or removed.";
    const ATTEMPTS: u32 = 5;
    type Args = Change;

    async fn run(&self, cx: Context, _: Run, change: Change) -> Result<(), JobError> {
        if !self.0.is_set {
            return Ok(());
        }
        let pk = change.user;
        let user = cx.store.read(move |sql| identity(sql, pk)).await?;
        let Some(user) = user.filter(|user| user.is_active && !user.email.is_empty()) else {
            return Ok(());
        };
        let (own, brand) = (user.locale(), cx.default_locale());
        let language =
            Wishes { person: own.as_deref(), brand: brand.as_deref(), ..Wishes::default() };
        let language = language.language();
        let variables = json!({
            "user": {"username": user.username, "name": user.name},
            "added": change.what == What::Added,
            "class": language.of(&change.class),
            "name": change.name,
            "by": change.by,
            "client_ip": change.client_ip,
        });
        let rendered = match self.0.templates.render(language, cx.clock.now(), TEMPLATE, &variables)
        {
            Ok(rendered) => rendered,
            Err(error) => {
                let context = json!({"message": error.to_string()});
                let event = Event::new("configuration_error", "authentik.stages", context);
                event.write(&cx, Actor::system()).await;
                return Err(JobError::Failed(error.to_string()));
            }
        };
        let letter = Letter::of(rendered, change.subject(language), [user.email.clone()]);
        let post = move |tx: &mut Tx<'_>| letter.post(tx).map(|_| ());
        Ok(cx.store.write(Actor::system(), "owner told of a second factor", post).await?)
    }
}
