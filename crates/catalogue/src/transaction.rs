//! `core/transactional/applications/`: an application and its provider in one write, or neither.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json};
use countersign_model::{EditError, ErrorNode, FieldErrors, Fields, Problem, Target, python_type};
use countersign_rest::make;
use countersign_store::StoreError;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::application::Application;
use crate::provider::Provider;

const BOUND: &str = "authentik_policies.policybinding";
const BINDING: Permission = Permission::on(BOUND, "add");

/// The provider's and the bindings' permissions are asked for when it is known what they are.
pub(crate) fn operation() -> Operation {
    Operation::new(
        Method::PUT,
        "core/transactional/applications/",
        "core_transactional_applications_update",
        Access::global(Permission::add(Application::META)),
        create,
    )
    .summary("Makes an application and its provider together.")
    .request("TransactionApplicationRequest")
    .response("TransactionApplicationResponse")
}

async fn create(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let Parts { model, app, provider, bindings } = parts(&body)?;
    let kind = call
        .cx
        .registry()
        .kind(&model)
        .filter(|k| k.meta.space == <dyn Provider>::SPACE && k.meta.model == model)
        .cloned();
    let kind = kind.ok_or_else(|| ApiError::field("provider_model", Problem::choice(&model)))?;
    let known = |model: &'static str| {
        let known = call.cx.registry().kind(model).cloned();
        known.ok_or_else(|| ApiError::not_found(model))
    };
    let (application, binds) = (known(Application::META.model)?, known(BOUND)?);
    let binding = Some(BINDING).filter(|_| !bindings.is_empty());
    if !binding.into_iter().chain([Permission::add(kind.meta)]).all(|p| call.rights().hold(p)) {
        return Err(ApiError::no_permission());
    }
    let moved = call.clone();
    call.cx
        .store
        .write(call.actor(), "application made with its provider", move |tx| {
            let made = make(tx, &moved, &kind, &provider).map_err(|e| below("provider", e))?;
            let mut app = app.clone();
            app.insert("provider".to_owned(), made.key.to_json());
            let made = make(tx, &moved, &application, &app).map_err(|e| below("app", e))?;
            for (order, binding) in bindings.iter().enumerate() {
                let mut map = binding.clone();
                map.insert("target".to_owned(), made.key.to_json());
                map.entry("order").or_insert_with(|| order.into());
                make(tx, &moved, &binds, &map).map_err(|e| of_binding(order, e))?;
            }
            Ok::<_, Parted>(())
        })
        .await
        .map_err(|Parted(error)| error)?;
    Ok(json(StatusCode::OK, &json!({"applied": true, "logs": []})))
}

/// What a body asks to be made.
struct Parts {
    model: String,
    app: Map<String, Value>,
    provider: Map<String, Value>,
    bindings: Vec<Map<String, Value>>,
}

/// # Errors
/// What is missing, or is not of its shape: an application whose bindings cannot be read would be
/// open to everybody.
fn parts(body: &Map<String, Value>) -> Result<Parts, FieldErrors> {
    let mut errors = FieldErrors::new();
    for name in ["app", "provider_model", "provider"] {
        if !body.contains_key(name) {
            errors.add(name, Problem::required());
        }
    }
    let mut object = |name: &str, refusal: fn(&Value) -> ErrorNode| match body.get(name) {
        None => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(Value::Null) => {
            errors.add(name, Problem::null());
            Map::new()
        }
        Some(other) => {
            errors.set(name, refusal(other));
            Map::new()
        }
    };
    let app = object("app", |other| ErrorNode::Nested(no_dictionary(other)));
    let provider = object("provider", |other| {
        let kind = python_type(other);
        let text = format!("Expected a dictionary of items but got type \"{kind}\".");
        Problem::new("not_a_dict", text).into()
    });
    let bindings = bindings(body.get("policy_bindings")).unwrap_or_else(|node| {
        errors.set("policy_bindings", node);
        Vec::new()
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    let model = body.get("provider_model").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Parts { model, app, provider, bindings })
}

fn bindings(value: Option<&Value>) -> Result<Vec<Map<String, Value>>, ErrorNode> {
    let items = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(Value::Null) => return Err(Problem::null().into()),
        Some(other) => {
            let kind = python_type(other);
            let text = format!("Expected a list of items but got type \"{kind}\".");
            return Err(Problem::new("not_a_list", text).into());
        }
    };
    let read = |item: &Value| item.as_object().cloned().ok_or_else(|| no_dictionary(item));
    items.iter().map(read).collect::<Result<_, FieldErrors>>().map_err(|_| {
        ErrorNode::Items(items.iter().map(|item| read(item).err().unwrap_or_default()).collect())
    })
}

fn no_dictionary(value: &Value) -> FieldErrors {
    let text = format!("Invalid data. Expected a dictionary, but got {}.", python_type(value));
    FieldErrors::object(Problem::new("invalid", text))
}

/// An error in which the problems of an object stand under the name of its part.
struct Parted(ApiError);

impl From<ApiError> for Parted {
    fn from(error: ApiError) -> Parted {
        Parted(error)
    }
}

impl From<StoreError> for Parted {
    fn from(error: StoreError) -> Parted {
        let StoreError::Edit(EditError::Invalid { id, errors, .. }) = error else {
            return Parted(error.into());
        };
        Parted(match id.space {
            <dyn Provider>::SPACE => under("provider", ErrorNode::Nested(errors)),
            Application::SPACE => under("app", ErrorNode::Nested(errors)),
            _ => under("policy_bindings", ErrorNode::Nested(errors)),
        })
    }
}

/// The errors of one part, under its name.
fn below(part: &str, error: ApiError) -> ApiError {
    match error {
        ApiError::Fields(errors) => under(part, ErrorNode::Nested(errors)),
        other => other,
    }
}

/// The errors of a binding, at its place in the list.
fn of_binding(place: usize, error: ApiError) -> ApiError {
    let ApiError::Fields(errors) = error else { return error };
    let mut items = vec![FieldErrors::new(); place];
    items.push(errors);
    under("policy_bindings", ErrorNode::Items(items))
}

fn under(part: &str, node: ErrorNode) -> ApiError {
    let mut all = FieldErrors::new();
    all.set(part, node);
    all.into()
}
