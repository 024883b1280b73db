//! What expressions ask while they run, and who answers: the request, or its host.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_catalogue::Entitlement;
use countersign_model::{Secret, Target as _};
use countersign_python::{BoxFuture, Failure, Questions};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::access;
use crate::engine;
use crate::host::{Answer, HostError, HttpRequest, Nested, Question};
use crate::policies::Policy;
use crate::query::{Base, Model, Query};
use crate::request::PolicyRequest;
use crate::write::Write;

/// Answers an expression's questions: from the request, or from its host.
pub(super) struct Asking<'a> {
    request: &'a PolicyRequest<'a>,
    away: Mutex<Option<String>>,
}

impl Questions for Asking<'_> {
    fn answer(&self, about: String, with: Value) -> BoxFuture<'_, Result<Value, Failure>> {
        Box::pin(async move {
            let answer = match about.as_str() {
                "query" => self.query(&with).await,
                "group_attributes" => self.group_attributes(&with).await,
                "entitlements" => self.entitlements().await,
                "call_policy" => self.call_policy(&with).await,
                "http" => self.http(&with).await,
                "resolve_dns" | "reverse_dns" => self.dns(&about, &with).await,
                "event" => self.event(with).await,
                "check_password" => self.check_password(&with).await,
                "has_authenticator" => self.has_authenticator(&with).await,
                "save_user" => self.save(&with).await,
                _ => Err(HostError::raised(
                    "NotImplementedError",
                    format!("{about} is not available in this version"),
                )),
            };
            answer.map_err(|error| match error {
                HostError::Raised { kind, text } => Failure::new(&kind, text),
                HostError::Away(why) => {
                    let text = "the server's database is away for the moment";
                    *self.away.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    Failure::new("RuntimeError", text)
                }
                other => Failure::new("RuntimeError", other.to_string()),
            })
        })
    }
}

impl<'a> Asking<'a> {
    pub(super) fn new(request: &'a PolicyRequest<'a>) -> Asking<'a> {
        Asking { request, away: Mutex::default() }
    }

    /// Why a question had no answer for the moment: the database was away. The expression may have
    /// caught it; an answer made of it is nobody's.
    pub(super) fn away(self) -> Option<String> {
        self.away.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asking<'_> {
    async fn query(&self, with: &Value) -> Result<Value, HostError> {
        let null = Value::Null;
        let part = |at: usize| with.get(at).unwrap_or(&null);
        let (model, what) = (part(0).as_str().unwrap_or_default(), part(3).as_str());
        let query = Query::read(model, part(1), part(2))?;
        match what {
            Some("rows") => {
                let rows = self.request.host.query(query).await?;
                let usable = |mut row: Map<String, Value>| {
                    row.entry("_usable_password").or_insert(true.into());
                    Value::Object(row)
                };
                Ok(rows.into_iter().map(usable).collect())
            }
            Some("exists") => {
                let query = Query { limit: Some(query.limit.unwrap_or(1).min(1)), ..query };
                Ok((!self.request.host.query(query).await?.is_empty()).into())
            }
            Some("count") => self.request.host.count(query).await,
            Some("get_or_create") => self.made(&query, part(4)).await,
            Some("update") => self.update(query, part(4)).await,
            Some("add") => self.membership(&query, part(4), true).await,
            Some("remove") => self.membership(&query, part(4), false).await,
            Some("values") => {
                let names: Vec<&str> =
                    part(4).as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if let Some(unknown) = names.iter().find(|name| !query.model.has(name)) {
                    return Err(query.model.unknown(unknown));
                }
                let rows = self.request.host.query(query).await?;
                let values = |row: &Map<String, Value>| -> Value {
                    names.iter().map(|name| row.get(*name).cloned().unwrap_or_default()).collect()
                };
                Ok(rows.iter().map(values).collect())
            }
            Some(what) => Err(forbidden(&format!("{what}() of a {model} can't be used"))),
            None => Err(forbidden("this can't be asked")),
        }
    }

    /// `Group.objects.get_or_create(name=..)`.
    async fn made(&self, query: &Query, with: &Value) -> Result<Value, HostError> {
        let fields = with.get(0).and_then(Value::as_object);
        let name =
            fields.filter(|fields| fields.len() == 1).and_then(|it| it.get("name")?.as_str());
        match (query.model, name) {
            (Model::Group, Some(name)) => self.write(Write::Group { name: name.to_owned() }).await,
            _ => Err(forbidden("get_or_create() makes groups by their name alone")),
        }
    }

    /// `Flow.objects.filter(..).update(authentication=..)`.
    async fn update(&self, query: Query, with: &Value) -> Result<Value, HostError> {
        let given = with.as_object().filter(|fields| fields.len() == 1);
        let authentication = given.and_then(|fields| fields.get("authentication")?.as_str());
        let (Model::Flow, Some(authentication)) = (query.model, authentication) else {
            return Err(forbidden("update() changes who may use a flow (authentication) alone"));
        };
        let rows = self.request.host.query(query).await?;
        let flows: Vec<Uuid> = rows.iter().filter_map(|row| uuid(row.get("pk")?)).collect();
        let count = flows.len();
        let authentication = authentication.to_owned();
        self.write(Write::FlowAuthentication { flows, authentication }).await?;
        Ok(count.into())
    }

    /// `group.users.add(..)` and `user.ak_groups.add(..)`, and the same with `remove`.
    async fn membership(
        &self,
        query: &Query,
        with: &Value,
        member: bool,
    ) -> Result<Value, HostError> {
        let given = with.as_array().map(Vec::as_slice).unwrap_or_default();
        let users = || given.iter().map(Value::as_i64).collect::<Option<Vec<i64>>>();
        let groups = || given.iter().map(uuid).collect::<Option<Vec<Uuid>>>();
        let (users, groups) = match &query.base {
            Base::UsersOf(group) => (users(), Some(vec![*group])),
            Base::GroupsOf(user) => (Some(vec![*user]), groups()),
            Base::All | Base::AllGroupsOf(_) => (None, None),
        };
        let (Some(users), Some(groups)) = (users, groups) else {
            let text =
                "add() and remove() take accounts for group.users, groups for user.ak_groups";
            return Err(forbidden(text));
        };
        self.write(Write::Membership { users, groups, member }).await
    }

    /// `user.save()`.
    async fn save(&self, with: &Value) -> Result<Value, HostError> {
        let map = |at: usize| with.get(at).and_then(Value::as_object).cloned().unwrap_or_default();
        let pk = with.get(0).and_then(Value::as_i64).ok_or_else(|| forbidden("nobody is saved"))?;
        let mut fields = map(1);
        fields.retain(|name, _| ["name", "email"].contains(&name.as_str()));
        let removed = with.get(3).and_then(Value::as_array).into_iter().flatten();
        let removed = removed.filter_map(Value::as_str).map(str::to_owned).collect();
        self.write(Write::Account { pk, fields, attributes: map(2), removed }).await
    }

    async fn write(&self, change: Write) -> Result<Value, HostError> {
        let (name, user) = (self.request.name.to_owned(), self.request.user.map(|user| user.pk));
        match self.request.host.ask(Question::Write { change, name, user }).await? {
            Answer::Value(value) => Ok(value),
            _ => Err(HostError::NotHere),
        }
    }

    async fn check_password(&self, with: &Value) -> Result<Value, HostError> {
        let Some(user) = with.get(0).and_then(Value::as_i64) else { return Ok(false.into()) };
        let password = Secret::new(with.get(1).and_then(Value::as_str).unwrap_or_default());
        match self.request.host.ask(Question::CheckPassword { user, password }).await? {
            Answer::Value(value) => Ok(value),
            _ => Err(HostError::NotHere),
        }
    }

    async fn has_authenticator(&self, with: &Value) -> Result<Value, HostError> {
        let Some(pk) = with.get(0).and_then(Value::as_i64) else { return Ok(false.into()) };
        let held = self.request.host.authenticators(pk).await?;
        Ok(match with.get(1).and_then(Value::as_str) {
            Some(class) => held.iter().any(|held| held == class),
            None => !held.is_empty(),
        }
        .into())
    }

    async fn group_attributes(&self, with: &Value) -> Result<Value, HostError> {
        let pk = with.get(0).and_then(Value::as_i64);
        let brand = if with.get(1) == Some(&Value::Bool(true)) {
            self.request.host.brand().await?.attributes
        } else {
            Map::new()
        };
        match self.request.user {
            Some(user) if pk == Some(user.pk) => Ok(Value::Object(user.merged_attributes(&brand))),
            _ => {
                let pk = pk.ok_or_else(|| {
                    let text = "'AnonymousUser' object has no attribute 'group_attributes'";
                    HostError::raised("AttributeError", text)
                })?;
                let own = self.request.host.merged_attributes(pk).await?;
                let mut merged = brand;
                countersign_core::merge_attributes(&mut merged, &own);
                Ok(Value::Object(merged))
            }
        }
    }

    async fn entitlements(&self) -> Result<Value, HostError> {
        let names = access::entitlements(self.request).await?;
        let attributes = |name: &str| {
            let mut all = self.request.snapshot.list::<Entitlement>();
            all.find(|(_, it)| it.name == name).map(|(_, it)| it.attributes.0.clone())
        };
        Ok(names
            .iter()
            .map(|name| json!({"name": name, "attributes": attributes(name).unwrap_or_default()}))
            .collect())
    }

    /// Another policy, with the same request and a context that it may change.
    async fn call_policy(&self, with: &Value) -> Result<Value, HostError> {
        let name = with.get(0).and_then(Value::as_str).unwrap_or_default();
        let named = |entry: &&Arc<countersign_model::Entry>| {
            entry.object.value("name").is_some_and(|value| value == name)
        };
        let found = self.request.snapshot.entries(<dyn Policy>::SPACE).find(named).cloned();
        let entry = found.ok_or_else(|| {
            HostError::raised("ValueError", format!("Policy '{name}' not found."))
        })?;
        let Some(Value::Object(context)) = with.get(1) else {
            return Err(HostError::raised("TypeError", "the context is no dictionary"));
        };
        let host = Nested::new(self.request.host);
        let request = PolicyRequest {
            host: &host,
            occasion: self.request.occasion.with_context(context),
            ..*self.request
        };
        let verdict =
            engine::judge(&request, &entry, 0).await.map_err(|error| match error.away() {
                Some(why) => HostError::Away(why.to_owned()),
                None => HostError::raised("RuntimeError", error.to_string()),
            })?;
        let changes: Map<String, Value> =
            verdict.changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Ok(json!({
            "passing": verdict.passing, "messages": verdict.messages, "raw_result": verdict.raw,
            "context": changes,
        }))
    }

    async fn http(&self, with: &Value) -> Result<Value, HostError> {
        let request = HttpRequest::read(with)?;
        self.request.host.http(request).await
    }

    async fn dns(&self, about: &str, with: &Value) -> Result<Value, HostError> {
        let name = with.get(0).and_then(Value::as_str).unwrap_or_default().to_owned();
        if about == "reverse_dns" {
            // As where nobody knows a name.
            return Ok(name.into());
        }
        let version = with.get(1).and_then(Value::as_u64).and_then(|it| u8::try_from(it).ok());
        self.request.host.resolve(name, version).await
    }

    async fn event(&self, with: Value) -> Result<Value, HostError> {
        let action = with.get(0).and_then(Value::as_str).unwrap_or_default().to_owned();
        let context = match with.get(1) {
            Some(Value::Object(context)) => context.clone(),
            _ => Map::new(),
        };
        let user = self.request.user.map(|user| user.pk);
        let name = self.request.name.to_owned();
        self.request.host.ask(Question::Event { action, name, context, user }).await?;
        Ok(Value::Null)
    }
}

fn forbidden(text: &str) -> HostError {
    HostError::raised("PermissionError", text)
}

fn uuid(value: &Value) -> Option<Uuid> {
    Uuid::parse_str(value.as_str()?).ok()
}
