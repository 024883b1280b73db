//! From a request to its operation: one table, one path through authentication, access and body.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use countersign_accounts as accounts;
use countersign_core::{
    Access, AnonymousLimit, ApiError, Call, Caller, Context, Identities, Module, Operation, Query,
    Reach, RequestInfo, Route, Routes, Stack, confirm_within, json, nothing_done,
};
use countersign_model::{FieldMeta, KeyType, KindMeta, Shape, Snapshot};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use crate::{bulk, families, forms, health, history, idempotency, kinds, named, openapi, packed};

/// As much is read from callers that may not call at all.
const LARGEST_UNUSED: usize = 256 * 1024;

pub(crate) fn all_operations(modules: &[Module]) -> Vec<Operation> {
    let mut all: Vec<Operation> = forms::operations();
    all.extend(openapi::operations());
    all.extend(health::operations());
    all.extend(history::operations());
    all.extend(bulk::operations());
    for module in modules {
        all.extend(module.kinds.iter().flat_map(kinds::operations));
        all.extend(module.families.iter().flat_map(families::operations));
        all.extend(module.tables.iter().flat_map(|table| table.operations.iter().cloned()));
        all.extend(module.operations.iter().cloned());
    }
    all
}

/// The whole API below `/api/v3/`: a row for each path, in which its operations say who may call.
pub fn api_routes(cx: &Context) -> Vec<Route> {
    let mut paths: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for operation in all_operations(cx.modules()) {
        paths.entry(operation.path.clone()).or_default().push(operation);
    }
    let mut routes: Vec<Route> =
        paths.into_iter().map(|(path, operations)| row(&path, operations)).collect();
    let nothing = Routes::over(Context::clone);
    for path in ["/api/v3/{*rest}", "/api/v3"] {
        routes.push(nothing.at([], path, unknown).stack(Stack::Api));
    }
    routes
}

fn row(path: &str, operations: Vec<Operation>) -> Route {
    let throttle = operations.iter().find_map(|operation| operation.throttle);
    let operations = Arc::new(operations);
    let over = Routes::over(move |cx| (cx.clone(), operations.clone()));
    over.at([], format!("/api/v3/{path}"), serve).throttle(throttle).stack(Stack::Api)
}

async fn unknown(State(cx): State<Context>, request: Request) -> Response {
    let parts = request.into_parts().0;
    let info = RequestInfo::of(&parts);
    limit(&parts, &info, None)
        .map_or_else(IntoResponse::into_response, |()| openapi::unknown(&cx, &info))
}

async fn serve(
    State((cx, operations)): State<(Context, Arc<Vec<Operation>>)>,
    params: RawPathParams,
    request: Request,
) -> Response {
    let mut response = answer(&cx, &operations, &params, request)
        .await
        .unwrap_or_else(IntoResponse::into_response);
    if let Ok(allow) = HeaderValue::from_str(&allow(&operations)) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    // Keys, tokens and people are for whom asked alone (RFC 9111, section 5.2.2.5).
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn allow(operations: &[Operation]) -> String {
    let mut methods: Vec<&str> = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .filter(|m| operations.iter().any(|o| o.method == **m))
        .collect();
    if methods.first() == Some(&"GET") || methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

async fn answer(
    cx: &Context,
    operations: &[Operation],
    params: &RawPathParams,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let info = RequestInfo::of(&parts);
    acceptable(&parts.headers)?;
    // Before anything of it is read, whoever sends it.
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.zip(Stack::Api.largest_body()).is_some_and(|(length, most)| length > most) {
        return Err(too_large());
    }
    let is_head = parts.method == Method::HEAD;
    let wanted = if is_head { Method::GET } else { parts.method.clone() };
    let Some(operation) = operations.iter().find(|o| o.method == wanted) else {
        let caller = accounts::caller(cx, &parts.headers, &info, false).await?;
        limit(&parts, &info, Some(&caller))?;
        return if wanted == Method::OPTIONS {
            options(cx, operations, &caller)
        } else {
            Err(not_allowed(&parts.method))
        };
    };
    let profile = operation.access.who == Identities::SignedInOrProfile;
    let caller = accounts::caller(cx, &parts.headers, &info, profile).await;
    limit(&parts, &info, caller.as_ref().ok())?;
    let caller = caller?;
    if caller.user.is_some() {
        // A client that wrote through another process reads its write here, and what it was
        // permitted there counts.
        cx.store.refresh().await?;
    }
    let query = Query::parse(&info.query);
    let masked = query.get("secrets") == Some("masked");
    let packed = packed::is_wanted(operation, &parts.headers, masked);
    let mut call = Call {
        cx: cx.clone(),
        caller,
        snapshot: cx.snapshot(),
        query,
        request: info,
        headers: parts.headers,
        bytes: Bytes::new(),
        params: params.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        named: None,
        reach: Reach::default(),
    };
    let admitted = admit(operation, &mut call).await;
    // The body is read even when it will not be used: an unread one would end the connection under
    // the client's next request.
    let body = if admitted.is_ok() { body } else { Body::new(Limited::new(body, LARGEST_UNUSED)) };
    let limited = body.collect().await;
    admitted?;
    call.bytes = limited.map_err(|_| too_large())?.to_bytes();
    confirm_within(&call.headers, &call.query)?;
    // Only the document can be had in other forms.
    if call.query.get("format").is_some_and(|format| format != "json")
        && operation.path != "schema/"
    {
        return Err(ApiError::detail(StatusCode::NOT_FOUND, "Not found."));
    }
    if is_head && operation.acts {
        return Ok(nothing_done());
    }
    let response = idempotency::once(operation, call).await?;
    Ok(if packed { packed::packed(response).await } else { response })
}

/// Refuses whoever is nobody and asks too much: wrong credentials are none.
fn limit(
    parts: &http::request::Parts,
    info: &RequestInfo,
    caller: Option<&Caller>,
) -> Result<(), ApiError> {
    if caller.is_some_and(|caller| caller.user.is_some()) {
        return Ok(());
    }
    parts
        .extensions
        .get::<AnonymousLimit>()
        .map_or(Ok(()), |limit| limit.0.take(info).map_err(ApiError::Throttled))
}

/// Whether a caller may call an operation, and on which objects.
pub(crate) async fn admit(operation: &Operation, call: &mut Call) -> Result<(), ApiError> {
    // The original tells anonymous readers of single objects that they may not, everybody else to
    // sign in.
    let item = operation.reads_one() && call.caller.user.is_none();
    permit(&operation.access, &call.caller, &call.snapshot)
        .map_err(|refusal| if item { ApiError::no_permission() } else { refusal })?;
    // No key holds one, and not every engine can be asked for it.
    if call.params.iter().any(|(_, value)| value.contains('\0')) {
        return Err(ApiError::detail(StatusCode::NOT_FOUND, "Not found."));
    }
    named::resolve(operation, call).await
}

/// What does not depend on an object.
pub(crate) fn permit(
    access: &Access,
    caller: &Caller,
    snapshot: &Snapshot,
) -> Result<(), ApiError> {
    match (access.permits(caller.rights(snapshot)), caller.user.is_some()) {
        (true, _) => Ok(()),
        (false, true) => Err(ApiError::no_permission()),
        (false, false) => Err(ApiError::no_credentials()),
    }
}

fn acceptable(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()) else {
        return Ok(());
    };
    let json = |part: &str| {
        ["application/json", "application/*", "*/*"]
            .contains(&part.split(';').next().unwrap_or_default().trim())
    };
    // The document is also YAML; pages and event streams are not served here.
    if accept.trim().is_empty()
        || accept.split(',').any(|p| json(p) || p.contains("openapi") || p.contains("yaml"))
    {
        return Ok(());
    }
    Err(ApiError::detail(
        StatusCode::NOT_ACCEPTABLE,
        "Could not satisfy the request Accept header.",
    ))
}

fn too_large() -> ApiError {
    ApiError::detail(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 4 MiB.")
}

fn not_allowed(method: &Method) -> ApiError {
    ApiError::detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed."))
}

/// Whether a caller could call an operation on some object.
fn offered(cx: &Context, operation: &Operation, caller: &Caller) -> Result<(), ApiError> {
    let snapshot = cx.snapshot();
    permit(&operation.access, caller, &snapshot)?;
    match operation.access.object.filter(|_| !operation.access.own) {
        Some(permission) if !caller.rights(&snapshot).hold(permission) => {
            Err(ApiError::no_permission())
        }
        _ => Ok(()),
    }
}

/// The metadata of an endpoint: of collections, what a new object takes.
fn options(cx: &Context, operations: &[Operation], caller: &Caller) -> Result<Response, ApiError> {
    let Some(first) = operations.first() else { return Err(ApiError::not_found("Operation")) };
    offered(cx, first, caller)?;
    let Some(meta) = first.meta else {
        let body = json!({"name": first.id, "description": first.summary, "renders": ["application/json"], "parses": ["application/json"]});
        return Ok(json(StatusCode::OK, &body));
    };
    let part = if first.path.trim_end_matches('/') == meta.path { "List" } else { "Instance" };
    let mut body = json!({
        "name": format!("{} {part}", words(meta.schema)),
        "description": format!("{} Viewset", meta.schema),
        "renders": ["application/json"],
        "parses": ["application/json"],
    });
    let wanted = operations
        .iter()
        .find(|o| [Method::POST, Method::PUT].contains(&o.method))
        .filter(|o| offered(cx, o, caller).is_ok());
    if let (Value::Object(map), Some(operation)) = (&mut body, wanted) {
        let mut fields: serde_json::Map<String, Value> =
            meta.fields.iter().map(|f| (f.name.to_owned(), describe_field(f))).collect();
        for (name, kind, label) in answered(cx, meta) {
            fields.entry(name).or_insert_with(|| json!({"type": kind, "required": false, "read_only": true, "label": label_of(&label)}));
        }
        map.insert("actions".to_owned(), json!({operation.method.as_str(): fields}));
    }
    Ok(json(StatusCode::OK, &body))
}

/// What answers hold beyond the declared fields: name, type and label of the key, and of everything
/// computed.
fn answered(cx: &Context, meta: &KindMeta) -> Vec<(String, &'static str, String)> {
    let key = cx.resource(meta).map_or("pk", |kind| kind.key_name);
    let (kind, label) =
        if meta.key == KeyType::Int { ("integer", "ID") } else { ("string", meta.lookup) };
    let mut all = vec![(key.to_owned(), kind, label.to_owned())];
    let family = meta.family.map(|family| family.schema);
    let told = cx
        .modules()
        .iter()
        .flat_map(|m| m.schemas.iter())
        .filter(|(name, _)| *name == meta.schema || Some(*name) == family);
    let computed = told
        .filter_map(|(_, schema)| schema.get("properties")?.as_object())
        .flat_map(|properties| properties.keys().cloned());
    let typed = ["component", "verbose_name", "verbose_name_plural", "meta_model_name"]
        .into_iter()
        .filter(|_| !meta.component.is_empty());
    all.extend(computed.chain(typed.map(str::to_owned)).map(|name| (name.clone(), "field", name)));
    all
}

/// `open_in_new_tab` reads "Open in new tab".
fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    words.get(..1).map(str::to_uppercase).unwrap_or_default() + words.get(1..).unwrap_or_default()
}

/// `DenyStage` reads "Deny Stage", `SAMLProvider` "Saml Provider": a capital begins a word after a
/// small letter and before one.
fn words(schema: &str) -> String {
    let mut text = String::new();
    let mut letters = schema.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(letter) = letters.next() {
        let begins = letter.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || letters.peek().is_some_and(|next| !next.is_uppercase()));
        if begins && before.is_some() {
            text.push(' ');
        }
        if begins || before.is_none() {
            text.push(letter);
        } else {
            text.extend(letter.to_lowercase());
        }
        before = Some(letter);
    }
    text
}

fn describe_field(field: &FieldMeta) -> Value {
    let mut shape = (field.shape)();
    while let Shape::Nullable(inner) = shape {
        shape = *inner;
    }
    let kind = match &shape {
        Shape::Boolean => "boolean",
        Shape::Choice(_) => "choice",
        Shape::Email => "email",
        Shape::Float => "float",
        Shape::Integer => "integer",
        Shape::Json
        | Shape::SecretJson
        | Shape::List(_)
        | Shape::Map
        | Shape::Nullable(_)
        | Shape::Reference { .. } => "field",
        Shape::Object(_) => "nested object",
        Shape::Slug => "slug",
        Shape::Time => "datetime",
        Shape::Url => "url",
        Shape::Code
        | Shape::Duration
        | Shape::Multiline
        | Shape::Secret
        | Shape::Text
        | Shape::Uuid => "string",
    };
    let mut described = json!({"type": kind, "required": field.required, "read_only": field.read_only, "label": label_of(field.name)});
    if let Value::Object(map) = &mut described {
        if !field.help.is_empty() {
            map.insert("help_text".to_owned(), field.help.into());
        }
        if let Some(max) = field.max_length {
            map.insert("max_length".to_owned(), max.into());
        }
        if let Shape::Choice(choices) = shape {
            let choices: Value = choices
                .iter()
                .map(|c| json!({"value": c.value, "display_name": c.label}))
                .collect();
            map.insert("choices".to_owned(), choices);
        }
    }
    described
}
