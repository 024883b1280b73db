//! What this crate adds to the program.

use std::time::Duration;

use countersign_core::{
    Access, ApiError, Call, FamilyResource, KindResource, Module, Operation, Permission,
    RenderContext, Service, Shutdown, json, no_content, with,
};
use countersign_model::Target as _;
use countersign_model::{Entry, Key, ObjectId, Problem, Ref, Snapshot, directory};
use countersign_python::Interpreter;
use countersign_rest::{object_schema, sees_account};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::access::Engine;
use crate::binding::PolicyBinding;
use crate::engine;
use crate::explain::{self, ExplainError};
use crate::mapping::Mapping;
use crate::policies::{self, Policy};
use crate::request::{Occasion, PolicyRequest};
use crate::subject::Subject;

/// The policies' part of the program.
#[must_use]
pub fn module(engine: &Engine) -> Module {
    let matched = object_schema(&[
        ("action?", "#EventActions?"),
        ("app?", "#AppEnum?"),
        ("model?", "#ModelEnum?"),
    ]);
    let interpreter = engine.interpreter.clone();
    let mut kinds = vec![
        KindResource::of::<PolicyBinding>()
            .searched(policy_name)
            .computed(binding_objects)
            .narrowed(&[("target_in", "[uuid]")], of_targets),
    ];
    kinds.push(KindResource::of::<crate::expression::ExpressionTest>());
    kinds.extend(policies::kinds());
    Module {
        name: "policy",
        kinds,
        families: vec![
            FamilyResource::of::<dyn Policy>().computed(bound_to).whole().narrowed(
                &[("bindings__isnull", "boolean"), ("promptstage__isnull", "boolean")],
                of_use,
            ),
            FamilyResource::of::<dyn Mapping>().display(print_mapping),
        ],
        operations: operations(engine).into_iter().chain(policies::operations()).collect(),
        tables: policies::tables(),
        services: vec![Service::new("expressions", move |_, stop| {
            end_idle(interpreter.clone(), stop)
        })],
        schemas: vec![
            ("Policy", object_schema(&[("bound_to", "integer")])),
            (
                "PropertyMappingTestResult",
                object_schema(&[("result", "string"), ("successful", "boolean")]),
            ),
            (
                "PropertyMappingTestRequest",
                json!({"type": "object", "properties": {"user": {"type": "integer", "nullable": true}, "context": {"type": "object", "additionalProperties": {}},
                        "group": {"type": "string", "format": "uuid", "nullable": true}}}),
            ),
            (
                "PolicyBinding",
                object_schema(&[
                    ("policy_obj", "#Policy"),
                    ("group_obj", "#Group"),
                    ("user_obj", "#User"),
                ]),
            ),
            ("GeoIPPolicy", placed(true)),
            ("GeoIPPolicyRequest", placed(false)),
            ("PatchedGeoIPPolicyRequest", object_schema(&[("countries?", "[#CountryCodeEnum]")])),
            ("CountryCodeEnum", policies::country_codes()),
            ("DetailedCountryField", country()),
            ("DetailedCountry", country()),
            ("EventMatcherPolicy", matched.clone()),
            ("EventMatcherPolicyRequest", matched.clone()),
            ("PatchedEventMatcherPolicyRequest", matched),
            (
                "LogEvent",
                object_schema(&[
                    ("timestamp", "time"),
                    ("log_level", "#LogLevelEnum"),
                    ("logger", "string"),
                    ("event", "string"),
                    ("attributes", "map"),
                ]),
            ),
            (
                "LogLevelEnum",
                json!({"type": "string", "enum": ["critical", "exception", "error", "warn", "warning", "info", "debug", "notset"]}),
            ),
            ("Cache", object_schema(&[("count", "integer")])),
            (
                "ExpressionName",
                object_schema(&[("name", "string"), ("signature", "string"), ("text", "string")]),
            ),
            ("PolicyTestRequest", object_schema(&[("user", "integer"), ("context?", "map")])),
        ],
        ..Module::default()
    }
}

/// The countries of a policy, in answers with their names.
fn placed(named: bool) -> Value {
    let mut fields = vec![("countries", "[#CountryCodeEnum]")];
    fields.extend(named.then_some(("countries_obj", "[#DetailedCountryField]")));
    object_schema(&fields)
}

fn country() -> Value {
    object_schema(&[("code", "#CountryCodeEnum"), ("name", "string")])
}

/// Ends the interpreter's processes that are not needed.
async fn end_idle(interpreter: Interpreter, mut stop: Shutdown) -> Result<(), String> {
    while stop.sleep(Duration::from_secs(5)).await {
        interpreter.end_idle();
    }
    interpreter.end_all();
    Ok(())
}

/// `bindings__isnull`: nothing is bound by it; `promptstage__isnull`: no prompt stage asks it.
fn of_use(call: &Call, policy: &Entry) -> bool {
    let used = |wanted| call.snapshot.referrers(policy.id).any(|(_, field)| field == wanted);
    let fits = |flag, field| call.query.flag(flag).is_none_or(|null| null != used(field));
    fits("bindings__isnull", "policy") && fits("promptstage__isnull", "validation_policies")
}

fn print_mapping(mapping: &Entry) -> String {
    let mapping = mapping.facet::<dyn Mapping>().map_or("", |mapping| mapping.name());
    format!("Property Mapping {mapping}")
}

/// Policies are bound, and named by prompt stages.
fn bound_to(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    map.insert("bound_to".to_owned(), render.snapshot.referrers(entry.id).count().into());
}

/// `target_in`: bound to one of these, with commas between them or told again and again.
fn of_targets(call: &Call, entry: &Entry) -> bool {
    let mut wanted = call
        .query
        .all("target_in")
        .flat_map(|list| list.split(','))
        .filter(|target| !target.is_empty())
        .peekable();
    let Some(binding) = entry.cast::<PolicyBinding>() else { return false };
    wanted.peek().is_none()
        || wanted.any(|target| {
            uuid::Uuid::parse_str(target)
                .is_ok_and(|target| binding.target.key().uuid() == Some(target))
        })
}

/// Bindings have no name: they are searched for by that of their policy.
fn policy_name(entry: &Entry, snapshot: &Snapshot) -> Vec<String> {
    let policy = entry
        .cast::<PolicyBinding>()
        .and_then(|binding| binding.policy)
        .and_then(|policy| snapshot.member(policy));
    policy
        .and_then(|policy| policy.object.value("name"))
        .and_then(|name| name.as_str().map(str::to_owned))
        .into_iter()
        .collect()
}

fn binding_objects(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(binding) = entry.cast::<PolicyBinding>() else { return };
    let policy = binding
        .policy
        .and_then(|policy| render.snapshot.member(policy))
        .map(|policy| countersign_rest::embedded(render, policy));
    let row =
        |id: Option<ObjectId>| id.and_then(|id| render.rows.get(&id)).cloned().unwrap_or_default();
    map.insert("policy_obj".to_owned(), policy.unwrap_or_default());
    map.insert("group_obj".to_owned(), row(binding.group.map(|group| group.id())));
    map.insert("user_obj".to_owned(), row(binding.user.map(|user| user.id())));
}

async fn explain(policies: Engine, call: Call) -> Result<axum::response::Response, ApiError> {
    let (Some(user), Some(application)) = (call.query.get("user"), call.query.get("application"))
    else {
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, "Name a user and an application."));
    };
    match explain::explain(&policies, &call.cx, &call.request, user, application).await {
        Ok(told) => Ok(json(StatusCode::OK, &told)),
        Err(ExplainError::Store(error)) => Err(error.into()),
        Err(missing) => Err(ApiError::detail(StatusCode::NOT_FOUND, missing.to_string())),
    }
}

fn operations(policies: &Engine) -> Vec<Operation> {
    let meta = <dyn Policy as countersign_model::Family>::META;
    vec![
        Operation::new(
            Method::GET,
            "countersign/explain/",
            "countersign_explain_retrieve",
            Access::all([Permission::VIEW_USER_APPLICATIONS, Permission::view(meta)]),
            with(policies, explain),
        )
        .summary("Why a user may or may not open an application.")
        .parameter("user", json!({"type": "string"}))
        .parameter("application", json!({"type": "string"}))
        .response(json!({"type": "object", "additionalProperties": {}})),
        Operation::new(
            Method::POST,
            "policies/all/{policy_uuid}/test/",
            "policies_all_test_create",
            Access::on(Permission::change(meta)),
            with(policies, test),
        )
        .parameter("trial", json!({"type": "boolean", "description": "Nothing is changed."}))
        .request("PolicyTestRequest")
        .response("PolicyTestResult"),
        crate::mapping_test::operation(policies),
        crate::expression::names::operation(),
        // Nothing is cached from one request to the next.
        Operation::new(
            Method::GET,
            "policies/all/cache_info/",
            "policies_all_cache_info_retrieve",
            Access::global(Permission::VIEW_POLICY_CACHE),
            |_call: Call| async { Ok(json(StatusCode::OK, &json!({"count": 0}))) },
        )
        .response("Cache"),
        Operation::new(
            Method::POST,
            "policies/all/cache_clear/",
            "policies_all_cache_clear_create",
            Access::global(Permission::CLEAR_POLICY_CACHE),
            |_call: Call| async { Ok(no_content()) },
        ),
    ]
}

/// Asks one policy about a user, for trying out.
async fn test(policies: Engine, call: Call) -> Result<axum::response::Response, ApiError> {
    let not_found = || ApiError::not_found("Policy");
    let key = Key::parse(call.param("policy_uuid"), countersign_model::KeyType::Uuid)
        .ok_or_else(not_found)?;
    let policy = Ref::<dyn Policy>::new(key);
    let policy = call.snapshot.member(policy).cloned().ok_or_else(not_found)?;
    let body = call.object()?;
    let pk = match body.get("user") {
        None => return Err(ApiError::field("user", Problem::required())),
        Some(Value::Null) => return Err(ApiError::field("user", Problem::null())),
        Some(value) => Key::from_json(value, directory::User::KEY).and_then(Key::int),
    };
    let missing = || {
        ApiError::field(
            "user",
            Problem::missing_reference(
                body.get("user").map(Value::to_string).unwrap_or_default().trim_matches('"'),
            ),
        )
    };
    let pk = pk.ok_or_else(missing)?;
    if !sees_account(&call, pk).await? {
        return Err(missing());
    }
    let user = call
        .cx
        .store
        .read(move |sql| countersign_accounts::identity(sql, pk))
        .await?
        .ok_or_else(missing)?;
    let context = match body.get("context") {
        Some(Value::Object(map)) => map.clone(),
        None | Some(Value::Null) => Map::new(),
        Some(_) => {
            return Err(ApiError::field(
                "context",
                Problem::new(
                    "invalid",
                    "Value must be a dictionary, and not have any duplicate keys.",
                ),
            ));
        }
    };
    let subject = Subject::of(&user, call.cx.uid(pk));
    let request = PolicyRequest {
        snapshot: &call.snapshot,
        clock: &*call.cx.clock,
        host: &policies.trying(&call),
        user: Some(&subject),
        occasion: Occasion::Test(&context),
        target: None,
        name: "",
    };
    let decision = engine::decide_one(&request, &policy).await?;
    Ok(json(
        StatusCode::OK,
        &json!({"passing": decision.passing, "messages": decision.messages, "log_messages": []}),
    ))
}
