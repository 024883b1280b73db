//! May this application have that.

use std::collections::BTreeSet;

use countersign_model::{Choice, Duration, Kind};
use countersign_store::params;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stage, StageFuture, Step};
use crate::answer::{Answer, wrong};
use crate::challenge::{Challenge, Consent, Permission};
use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;

/// How long a consent counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ConsentMode {
    #[choice(value = "always_require", label = "Always Require")]
    AlwaysRequire,
    Permanent,
    Expiring,
}

/// Asks whether the application may have what it wants, and remembers the answer.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Stage,
    path = "stages/consent",
    model = "authentik_stages_consent.consentstage",
    title = "Consent Stage",
    component = "ak-stage-consent-form"
)]
pub struct ConsentStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Mode", default = ConsentMode::Expiring, filter)]
    pub mode: ConsentMode,
    #[field(
        label = "Consent expires in",
        help = "Counts from the moment of consent.",
        default = "weeks=4",
        show_if = "mode=expiring",
        filter
    )]
    pub consent_expire_in: Duration,
}

const TOKEN: &str = "consent_token";

impl Stage for ConsentStage {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a> {
        Box::pin(async {
            if self.mode != ConsentMode::AlwaysRequire && is_given(run).await? {
                return Ok(Step::Done);
            }
            Ok(ask(run))
        })
    }

    fn respond<'a>(&'a self, run: &'a mut Run, answer: &'a Answer) -> StageFuture<'a> {
        Box::pin(async {
            if let Some(again) = refuse(run, answer) {
                return Ok(again);
            }
            if self.mode != ConsentMode::AlwaysRequire {
                let seconds =
                    (self.mode == ConsentMode::Expiring).then(|| self.consent_expire_in.seconds());
                remember(run, seconds).await?;
            }
            Ok(Step::Done)
        })
    }

    fn may_run_silently(&self) -> bool {
        true
    }
}

/// Asks every time; put into a plan by a provider.
pub(crate) struct AlwaysConsent;

impl Stage for AlwaysConsent {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a> {
        Box::pin(async { Ok(ask(run)) })
    }

    fn respond<'a>(&'a self, run: &'a mut Run, answer: &'a Answer) -> StageFuture<'a> {
        Box::pin(async { Ok(refuse(run, answer).unwrap_or(Step::Done)) })
    }
}

fn permissions(run: &Run, name: &str) -> Vec<Permission> {
    let value = run.plan.context.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).unwrap_or_default()
}

fn ask(run: &mut Run) -> Step {
    let token = run.browser.cx.entropy.uuid().to_string();
    run.plan.scratch.insert(TOKEN.to_owned(), json!(token));
    Step::show(Challenge::Consent(Consent {
        header_text: run.plan.text(key::CONSENT_HEADER).map(str::to_owned),
        permissions: permissions(run, key::CONSENT_PERMISSIONS),
        additional_permissions: permissions(run, key::CONSENT_ADDITIONAL),
        token,
    }))
}

/// An answer without the token of the last page is no consent: it is asked again with a new one.
fn refuse(run: &mut Run, answer: &Answer) -> Option<Step> {
    match answer.raw_text("token") {
        Err(problem) => Some(Step::Wrong(wrong("token", problem))),
        Ok(token) if run.plan.scratch.get(TOKEN).and_then(Value::as_str) == Some(&token) => {
            run.plan.scratch.remove(TOKEN);
            None
        }
        Ok(_) => Some(ask(run)),
    }
}

fn application(run: &Run) -> Option<Uuid> {
    let pk = run.plan.context.get(key::APPLICATION)?.get("pk")?.as_str()?;
    Uuid::parse_str(pk).ok()
}

/// Whether the same permissions were given before; otherwise sorts the asked ones into known and
/// new.
async fn is_given(run: &mut Run) -> Result<bool, FlowError> {
    let (Some(user), Some(application)) = (run.session_or_pending_user(), application(run)) else {
        return Ok(false);
    };
    let now = run.browser.cx.clock.now();
    let row = run.browser.cx.store.look_up(move |sql| {
        sql.query_one(
            "SELECT permissions FROM consent WHERE user_id = $1 AND application = $2 AND (expiring = 0 OR expires > $3)",
            params![user, application, now],
        )
    });
    let Some(row) = row.await? else { return Ok(false) };
    let text: String = row.get(0)?;
    let given: BTreeSet<&str> = text.split_whitespace().collect();
    let mut asked = permissions(run, key::CONSENT_PERMISSIONS);
    asked.extend(permissions(run, key::CONSENT_ADDITIONAL));
    if asked.iter().map(|p| p.id.as_str()).collect::<BTreeSet<_>>() == given {
        return Ok(true);
    }
    let (known, new): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|p| given.contains(p.id.as_str()));
    run.plan.context.insert(key::CONSENT_PERMISSIONS.to_owned(), json!(known));
    run.plan.context.insert(key::CONSENT_ADDITIONAL.to_owned(), json!(new));
    Ok(false)
}

async fn remember(run: &mut Run, seconds: Option<i64>) -> Result<(), FlowError> {
    let (Some(user), Some(application)) = (run.session_or_pending_user(), application(run)) else {
        return Ok(());
    };
    let mut asked = permissions(run, key::CONSENT_PERMISSIONS);
    asked.extend(permissions(run, key::CONSENT_ADDITIONAL));
    let ids = asked.into_iter().map(|p| p.id).collect::<Vec<_>>().join(" ");
    let written = run.browser.cx.store.write(run.browser.actor(), "consent", move |tx| {
        let expires = seconds.map(|seconds| tx.now().plus_seconds(seconds));
        tx.execute(
            "INSERT INTO consent (user_id, application, permissions, expires, expiring) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (user_id, application) DO UPDATE SET permissions = excluded.permissions, expires = excluded.expires, expiring = excluded.expiring",
            params![user, application, ids.clone(), expires, expires.is_some()],
        )?;
        Ok::<_, FlowError>(())
    });
    written.await
}
