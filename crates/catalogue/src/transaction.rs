//! `core/transactional/applications/`: an application and its provider in one write, or neither.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json};
use countersign_model::{
    EditError, ErrorNode, FieldErrors, Fields, Mode, ObjectId, Problem, Ref, Target,
};
use countersign_store::StoreError;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::application::Application;
use crate::provider::Provider;

const BINDING: Permission = Permission::on("authentik_policies.policybinding", "add");

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
    let mut errors = FieldErrors::new();
    for name in ["app", "provider_model", "provider"] {
        if !body.contains_key(name) {
            errors.add(name, Problem::required());
        }
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let model = body.get("provider_model").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = call
        .cx
        .registry()
        .kind(&model)
        .filter(|k| k.meta.space == <dyn Provider>::SPACE && k.meta.model == model)
        .cloned();
    let kind = kind.ok_or_else(|| ApiError::field("provider_model", Problem::choice(&model)))?;
    let part = |name: &str| body.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (app, provider) = (part("app"), part("provider"));
    let bindings: Vec<Map<String, Value>> = body
        .get("policy_bindings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|b| b.as_object().cloned())
        .collect();
    let binds = Some(BINDING).filter(|_| !bindings.is_empty());
    if !binds.into_iter().chain([Permission::add(kind.meta)]).all(|p| call.rights().hold(p)) {
        return Err(ApiError::no_permission());
    }
    let moved = call.clone();
    call.cx
        .store
        .write(call.actor(), "application made with its provider", move |tx| {
            let object = kind
                .parse(&moved.input(&provider, Mode::Create), None)
                .map_err(|e| below("provider", e))?;
            let (fresh, uuid) = (tx.entropy().uuid(), tx.entropy().uuid());
            let key = tx.graph().next_key(kind.meta.key, kind.meta.space, fresh);
            tx.draft().put_object(ObjectId::new(kind.meta.space, key), object);
            let mut application = Application::parse(&moved.input(&app, Mode::Create), None)
                .map_err(|e| below("app", e))?;
            application.provider = Some(Ref::new(key));
            tx.draft().put(uuid, application);
            for (order, binding) in bindings.iter().enumerate() {
                let Some(kind) = tx.registry().kind("authentik_policies.policybinding").cloned()
                else {
                    break;
                };
                let mut map = binding.clone();
                map.insert("target".to_owned(), uuid.to_string().into());
                map.entry("order").or_insert_with(|| order.into());
                let object = kind
                    .parse(&moved.input(&map, Mode::Create), None)
                    .map_err(|e| below("policy_bindings", e))?;
                let fresh = tx.entropy().uuid();
                tx.draft().put_object(ObjectId::new(kind.meta.space, fresh.into()), object);
            }
            Ok::<_, Parted>(())
        })
        .await
        .map_err(|Parted(error)| error)?;
    Ok(json(StatusCode::OK, &json!({"applied": true, "logs": []})))
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
            <dyn Provider>::SPACE => below("provider", errors),
            Application::SPACE => below("app", errors),
            _ => below("policy_bindings", errors),
        })
    }
}

/// The errors of one part, under its name.
fn below(part: &str, errors: FieldErrors) -> ApiError {
    let mut all = FieldErrors::new();
    all.set(part, ErrorNode::Nested(errors));
    all.into()
}
