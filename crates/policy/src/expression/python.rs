//! Expressions in the interpreter: what they are given, and who answers what they ask.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign_catalogue::Application;
use countersign_model::{Ref, Timestamp};
use countersign_python::{Failure, Job, Now, Outcome, Prepared};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::ExpressionError;
use super::asking::Asking;
use crate::host::HostError;
use crate::request::{Occasion, PolicyRequest};
use crate::verdict::Verdict;

/// Names that some occasion gives to expressions.
const VARIABLES: &[&str] = &[
    "ak_client_ip",
    "ak_is_sso_flow",
    "auth_api",
    "client",
    "connection",
    "context",
    "creating",
    "data",
    "define_attribute",
    "device",
    "dn",
    "endpoint",
    "group",
    "group_id",
    "http_request",
    "info",
    "ldap",
    "name_id",
    "notification",
    "packet",
    "principal",
    "principal_obj",
    "prompt_context",
    "properties",
    "provider",
    "request",
    "root",
    "source",
    "stage",
    "token",
    "user",
];

/// A mapping takes no longer, with all answers.
const LONGEST: Duration = Duration::from_secs(30);

/// Attributes of an account that are read only when an expression names them.
const READ_WHEN_NAMED: [&str; 4] = ["avatar", "date_joined", "last_login", "password_change_date"];

/// What expressions may not change in a context, or what is made anew for each.
const OWN: [&str; 6] = ["asn", "event", "flow_plan", "geoip", "notification", "oauth_scopes"];

/// An expression that the interpreter runs.
#[derive(Debug, Clone)]
pub struct Python(Arc<Prepared>);

impl Python {
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(source: &str) -> Result<Python, ExpressionError> {
        let prepared = countersign_python::prepare(source, VARIABLES)?;
        Ok(Python(Arc::new(prepared)))
    }

    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.keys().to_vec()
    }

    /// The value of a mapping.
    ///
    /// # Errors
    /// What it raised.
    pub async fn map(&self, request: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
        Ok(self.run(request, false).await?.0.value)
    }

    /// The answer of a policy, with what it changed in the context.
    ///
    /// # Errors
    /// What it raised.
    pub async fn decide(&self, request: &PolicyRequest<'_>) -> Result<Verdict, ExpressionError> {
        let (outcome, before) = self.run(request, true).await?;
        let mut verdict = Verdict {
            passing: outcome.passing,
            messages: outcome.messages,
            raw: outcome.value,
            ..Verdict::default()
        };
        let after = outcome.context.unwrap_or_else(|| before.clone());
        for (key, value) in &after {
            if key == "pending_user" {
                let chosen = value.get("$user").and_then(Value::as_i64);
                let known = before.get(key).and_then(|user| user.get("pk")).and_then(Value::as_i64);
                if chosen.is_some() && chosen != known {
                    let name = value.get("username").and_then(Value::as_str);
                    verdict.pending_username = name.map(str::to_owned);
                }
            } else if !OWN.contains(&key.as_str()) && before.get(key) != Some(value) {
                verdict.changes.push((key.clone(), Some(value.clone())));
            }
        }
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        verdict.changes.extend(gone.map(|key| (key.clone(), None)));
        verdict.changes.retain(|(key, _)| !OWN.contains(&key.as_str()) && key != "pending_user");
        Ok(verdict)
    }

    async fn run(
        &self,
        request: &PolicyRequest<'_>,
        is_policy: bool,
    ) -> Result<(Outcome, Map<String, Value>), ExpressionError> {
        let interpreter = request.host.interpreter().ok_or(HostError::NotHere)?;
        let prepared = &self.0;
        let context = request.context().await?.into_owned();
        let wants_request = ["http_request", "ak_client_ip", "ak_is_sso_flow"]
            .iter()
            .any(|name| prepared.names(name));
        let http_request =
            if wants_request { request.host.web_request().await? } else { Value::Null };
        let mut names: BTreeSet<String> =
            ["context", "request", "user"].into_iter().map(str::to_owned).collect();
        if !http_request.is_null() || !is_policy {
            names.insert("http_request".to_owned());
        }
        if is_policy {
            if !http_request.is_null() {
                names.insert("ak_client_ip".to_owned());
                names.insert("ak_is_sso_flow".to_owned());
            }
        } else {
            names.extend(context.keys().map(|key| variable(key)));
        }
        let objects = self.objects(request);
        names.extend(objects.keys().filter(|name| *name != "obj").cloned());
        let flow_pk = request.occasion.is_in_plan().then_some("");
        let given = json!({
            "user": self.user(request).await?,
            "context": context,
            "flow_pk": flow_pk,
            "http_request": http_request,
            "objects": objects,
            "is_policy": is_policy,
            "saves": prepared.names("save"),
        });
        let Value::Object(given) = given else { return Err(HostError::NotHere.into()) };
        let limits = interpreter.limits();
        let is_mapping = !is_policy && !matches!(request.occasion, Occasion::Prompt(_));
        let time = if is_mapping { limits.mapping_time } else { limits.time };
        let job = Job {
            program: prepared.program(&names),
            given,
            now: now(request.clock.now()),
            milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            questions: limits.questions,
        };
        let asking = Asking::new(request);
        let running = interpreter.run(job, request.host.depth(), &asking);
        // A policy is cut off by its binding; nobody else bounds a mapping.
        let outcome = if is_policy { Ok(running.await) } else { timeout(LONGEST, running).await };
        let too_slow = |_| Err(Failure::new("TimeoutError", "the mapping took too long"));
        if let Some(away) = asking.away() {
            return Err(HostError::Away(away).into());
        }
        let outcome = outcome.unwrap_or_else(too_slow).map_err(ExpressionError::Raised)?;
        for (level, text, fields) in &outcome.logs {
            tracing::info!(target: "expressions", level, ?fields, "{text}");
        }
        Ok((outcome, context))
    }

    async fn user(&self, request: &PolicyRequest<'_>) -> Result<Value, HostError> {
        let Some(user) = request.user else {
            return Ok(json!({
                "pk": null, "id": null, "username": "", "is_active": false, "is_superuser": false,
                "is_authenticated": false, "is_anonymous": true,
            }));
        };
        let mut fields = match user.to_json() {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        if READ_WHEN_NAMED.iter().any(|name| self.0.names(name)) {
            for (key, value) in request.host.account(user.pk).await? {
                fields.entry(key).or_insert(value);
            }
        }
        // Password hashes are shown to nobody; where there is one, its place is.
        fields.insert("password".to_owned(), "".into());
        fields.insert("_usable_password".to_owned(), user.usable_password.into());
        Ok(Value::Object(fields))
    }

    /// Objects of the configuration that an expression is given, without what is secret.
    fn objects(&self, request: &PolicyRequest<'_>) -> Map<String, Value> {
        let mut objects = Map::new();
        if let Occasion::Claims(application) = request.occasion {
            let provider = json!({
                "pk": null,
                "application": application.map(|application| application_json(request, application)),
            });
            objects.insert("provider".to_owned(), provider);
            objects.insert("token".to_owned(), Value::Null);
        }
        if let Occasion::SentCode(Value::Object(given)) = request.occasion {
            objects.extend(given.clone());
        }
        if let Occasion::Packet(packet) = request.occasion {
            objects.insert("packet".to_owned(), packet.clone());
            // A function; the prelude has it.
            objects.insert("define_attribute".to_owned(), Value::Null);
        }
        if let Some(target) = request.target
            && let Some(entry) = request.snapshot.bindable(target)
        {
            let mut values = entry.object.values();
            values.retain(|name, _| {
                !["secret", "password", "key"].iter().any(|it| name.contains(it))
            });
            values.insert("pk".to_owned(), entry.id.key.to_json());
            if matches!(request.occasion, Occasion::SourceIdentity(_)) {
                objects.insert("source".to_owned(), Value::Object(values.clone()));
            }
            objects.insert("obj".to_owned(), Value::Object(values));
        }
        objects
    }
}

fn application_json(request: &PolicyRequest<'_>, application: Ref<Application>) -> Value {
    let Some(entry) = request.snapshot.entry(application.id()) else { return Value::Null };
    let mut values = entry.object.values();
    values.insert("pk".to_owned(), entry.id.key.to_json());
    Value::Object(values)
}

/// As the original makes names of keys.
fn variable(key: &str) -> String {
    key.chars().map(|it| if matches!(it, ':' | '.' | ' ' | '-') { '_' } else { it }).collect()
}

fn now(at: Timestamp) -> Now {
    // "2026-01-02T03:04:05.000006Z"
    let text = at.iso();
    let part =
        |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let small = |from, to| part(from, to).and_then(|part| u8::try_from(part).ok()).unwrap_or(0);
    Now {
        year: part(0, 4).and_then(|year| i32::try_from(year).ok()).unwrap_or(1970),
        month: small(5, 7).max(1),
        day: small(8, 10).max(1),
        hour: small(11, 13),
        minute: small(14, 16),
        second: small(17, 19),
        microsecond: u32::try_from(at.0.rem_euclid(1_000_000)).unwrap_or(0),
    }
}
