//! Many objects at once: each by the operation that does it to one, with its rights, rules and
//! event. What is refused of one does not concern the others.

use axum::response::{IntoResponse as _, Response};
use countersign_core::{Access, ApiError, Call, Operation, Query, Reach, json};
use countersign_model::{KindMeta, Problem};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};

use crate::dispatch::{admit, all_operations};

const MOST: usize = 1000;

/// A field and the value that it gets.
type Set = (&'static str, bool);

/// What can be done, by the method of the operation that does it, and the field it sets.
const ACTIONS: [(&str, Method, Option<Set>); 5] = [
    ("delete", Method::DELETE, None),
    ("activate", Method::PATCH, Some(("is_active", true))),
    ("deactivate", Method::PATCH, Some(("is_active", false))),
    ("enable", Method::PATCH, Some(("enabled", true))),
    ("disable", Method::PATCH, Some(("enabled", false))),
];

pub(crate) fn operations() -> Vec<Operation> {
    let actions: Vec<&str> = ACTIONS.iter().map(|(name, _, _)| *name).collect();
    let request = json!({
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": actions},
            "model": {"type": "string", "description": "As `authentik_core.user`."},
            "keys": {"type": "array", "maxItems": MOST, "items": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
        },
        "required": ["action", "model", "keys"],
    });
    let result = json!({
        "type": "object",
        "properties": {
            "key": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "status": {"type": "integer", "description": "As the operation on this object alone answers."},
            "error": {"description": "What it answered, if it was refused.", "nullable": true},
        },
        "required": ["key", "status", "error"],
    });
    let response = json!({
        "type": "object",
        "properties": {"succeeded": {"type": "integer"}, "results": {"type": "array", "items": result}},
        "required": ["succeeded", "results"],
    });
    vec![
        Operation::new(
            Method::POST,
            "countersign/bulk/",
            "countersign_bulk_create",
            Access::authenticated(),
            bulk,
        )
        .summary("Deletes, activates or enables up to a thousand objects of a model, each as its own operation would.")
        .request(request)
        .response(response),
    ]
}

/// The body of a bulk call.
struct Asked {
    operation: Operation,
    meta: &'static KindMeta,
    body: Vec<u8>,
    keys: Vec<Value>,
}

impl Asked {
    fn read(call: &Call) -> Result<Asked, ApiError> {
        let body = call.object()?;
        let text = |name: &str| match body.get(name) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(ApiError::field(name, Problem::new("invalid", "Not a valid string."))),
            None => Err(ApiError::field(name, Problem::required())),
        };
        let (name, model) = (text("action")?, text("model")?);
        let (_, method, sets) = ACTIONS
            .into_iter()
            .find(|(action, _, _)| *action == name)
            .ok_or_else(|| ApiError::field("action", Problem::choice(name)))?;
        let keys = match body.get("keys") {
            Some(Value::Array(keys)) if keys.len() <= MOST => keys.clone(),
            Some(Value::Array(_)) => {
                let text = format!("Ensure this field has no more than {MOST} elements.");
                return Err(ApiError::field("keys", Problem::new("max_length", text)));
            }
            Some(_) => {
                let text = "Expected a list of keys.";
                return Err(ApiError::field("keys", Problem::new("not_a_list", text)));
            }
            None => return Err(ApiError::field("keys", Problem::required())),
        };
        let (operation, meta) = all_operations(call.cx.modules())
            .into_iter()
            .filter(|operation| operation.method == method)
            .find_map(|operation| {
                let meta = operation.meta.filter(|meta| meta.model == model)?;
                let item = format!("{}/{{{}}}/", meta.path, meta.lookup);
                (operation.path == item).then_some((operation, meta))
            })
            .filter(|(_, meta)| sets.is_none_or(|(field, _)| meta.field(field).is_some()))
            .ok_or_else(|| {
                let text = format!("There is no {name} for objects of {model}.");
                ApiError::field("model", Problem::new("invalid", text))
            })?;
        let body = sets.map(|(field, value)| {
            Value::Object(Map::from_iter([(field.to_owned(), value.into())])).to_string()
        });
        Ok(Asked { operation, meta, body: body.unwrap_or_default().into_bytes(), keys })
    }

    /// The call that somebody makes who wants it of one object alone.
    fn call(&self, call: &Call, key: &Value) -> Call {
        let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        Call {
            snapshot: call.cx.snapshot(),
            query: Query::default(),
            bytes: self.body.clone().into(),
            params: vec![(self.meta.lookup.to_owned(), key)],
            named: None,
            reach: Reach::default(),
            ..call.clone()
        }
    }
}

async fn bulk(call: Call) -> Result<Response, ApiError> {
    let asked = Asked::read(&call)?;
    let (mut results, mut succeeded) = (Vec::with_capacity(asked.keys.len()), 0);
    for key in &asked.keys {
        let mut one = asked.call(&call, key);
        let answer = match admit(&asked.operation, &mut one).await {
            Ok(()) => (asked.operation.handler)(one).await,
            Err(refused) => Err(refused),
        };
        let (status, error) = told(answer).await;
        succeeded += usize::from(status.is_success());
        results.push(json!({"key": key, "status": status.as_u16(), "error": error}));
    }
    Ok(json(StatusCode::OK, &json!({"succeeded": succeeded, "results": results})))
}

/// The status of an answer, and what it says where it is a refusal.
async fn told(answer: Result<Response, ApiError>) -> (StatusCode, Value) {
    let response = answer.unwrap_or_else(ApiError::into_response);
    let status = response.status();
    if status.is_success() {
        return (status, Value::Null);
    }
    let body = response.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    (status, body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default())
}
