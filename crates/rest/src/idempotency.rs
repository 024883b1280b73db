//! `Idempotency-Key`: a POST that is sent again with the key of the first is not done again, and
//! gets the first answer (draft-ietf-httpapi-idempotency-key-header-07). Each account has keys of
//! its own; a key is forgotten after a day.
//!
//! The key is claimed before the request is carried out. What failed is forgotten with its claim,
//! since nothing was done. When the server dies in between, the claim stays without an answer: who
//! sends the request again learns that it may have been carried out.

use aws_lc_rs::digest;
use axum::body::Body;
use axum::response::Response;
use countersign_core::{ApiError, Call, Context, Identities, Operation, TableResource};
use countersign_model::{Ref, Table, Timestamp, directory};
use countersign_store::{Actor, StoreError, Tx, load_all, params};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;
use uuid::Uuid;

const HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const SECONDS: i64 = 86_400;
const LONGEST: usize = 255;
/// Larger answers are not kept.
const MOST: usize = 256 * 1024;
/// What of an answer's head is given again.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];
const REASON: &str = "idempotency key";

/// A request that was sent with a key.
#[derive(Debug, Clone, Table)]
#[table(name = "repeatable_request", volatile)]
pub(crate) struct Kept {
    /// Made of the account and its key.
    #[column(key)]
    uuid: Uuid,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    /// What was asked: SHA-256 of method, address and body.
    #[column(hidden)]
    request: [u8; 32],
    created: Timestamp,
    #[column(expires, required)]
    expires: Option<Timestamp>,
    /// Sealed, since answers may hold keys that were made; empty until there is one.
    #[column(hidden)]
    answer: String,
}

pub(crate) fn table() -> TableResource {
    TableResource::plain::<Kept>()
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Whose key a request has.
enum Claim {
    /// It has none.
    Unclaimed,
    /// It is the first with this key.
    First(Uuid),
    Answered(Answer),
    /// The answer of the first is not there.
    Begun,
    /// The first was another.
    Differs,
}

/// Carries out an operation, once for each key.
pub(crate) async fn once(operation: &Operation, call: Call) -> Result<Response, ApiError> {
    match claim(operation, &call).await? {
        Claim::Unclaimed => (operation.handler)(call).await,
        Claim::First(claimed) => carried_out(operation, call, claimed).await,
        Claim::Answered(answer) => Ok(again(answer)),
        Claim::Begun => Err(ApiError::detail(
            StatusCode::CONFLICT,
            "A request with this Idempotency-Key was begun, and its answer is not here: it still \
             runs, or the server ended meanwhile. Look whether it was carried out.",
        )),
        Claim::Differs => Err(ApiError::detail(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request.",
        )),
    }
}

/// Beside the request: a client that hangs up does not leave it half done without an answer.
async fn carried_out(
    operation: &Operation,
    call: Call,
    claimed: Uuid,
) -> Result<Response, ApiError> {
    let (handler, cx) = (operation.handler.clone(), call.cx.clone());
    let tasks = cx.tasks.clone();
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = async move {
        let outcome = handler(call).await;
        // Whoever hung up asks again.
        let _ = tell.send(keep(&cx, claimed, outcome).await);
    };
    tasks.spawn("request with a key", work.in_current_span()).await;
    // It ended without an answer only if it panicked, which was written to the log.
    told.await.unwrap_or(Err(ApiError::Empty(StatusCode::INTERNAL_SERVER_ERROR)))
}

async fn claim(operation: &Operation, call: &Call) -> Result<Claim, ApiError> {
    let Some(key) = call.headers.get(HEADER) else { return Ok(Claim::Unclaimed) };
    // What anybody may call has ways of its own to be asked twice, as flows have.
    let open = operation.access.who == Identities::Anybody;
    let user = call.caller.pk().filter(|_| call.request.method == Method::POST && !open);
    let Some(user) = user else { return Ok(Claim::Unclaimed) };
    if key.is_empty() || key.len() > LONGEST {
        return Err(ApiError::detail(
            StatusCode::BAD_REQUEST,
            format!("An Idempotency-Key has between one and {LONGEST} letters."),
        ));
    }
    let named = sha256(&[format!("{user} ").as_bytes(), key.as_bytes()]);
    let uuid = named.first_chunk().map_or_else(Uuid::nil, |start| Uuid::from_bytes(*start));
    let asked = format!("{} {}?{}\n", call.request.method, call.request.path, call.request.query);
    let request = sha256(&[asked.as_bytes(), &call.bytes]);
    let work = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        tx.execute(
            "DELETE FROM repeatable_request WHERE uuid = $1 AND expires <= $2",
            params![uuid, now],
        )?;
        let claimed = tx.execute(
            "INSERT INTO repeatable_request (uuid, user_id, request, created, expires, answer) \
             VALUES ($1, $2, $3, $4, $5, '') ON CONFLICT (uuid) DO NOTHING",
            params![uuid, user, request, now, now.plus_seconds(SECONDS)],
        )?;
        if claimed > 0 {
            return Ok(None);
        }
        Ok::<_, StoreError>(load_all::<Kept>(tx, &[uuid.into()])?.pop())
    };
    let Some(kept) = call.cx.store.write(Actor::system(), REASON, work).await? else {
        return Ok(Claim::First(uuid));
    };
    if kept.request != request {
        return Ok(Claim::Differs);
    }
    if kept.answer.is_empty() {
        return Ok(Claim::Begun);
    }
    let opened = call.cx.store.sealer().open(&kept.answer).ok();
    let answer = opened.and_then(|answer| serde_json::from_str(answer.expose()).ok());
    Ok(answer.map_or(Claim::Begun, Claim::Answered))
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Keeps a good answer for whoever asks again, and forgets what failed.
async fn keep(
    cx: &Context,
    claimed: Uuid,
    outcome: Result<Response, ApiError>,
) -> Result<Response, ApiError> {
    let (head, body) = match outcome {
        Ok(response) if response.status().is_success() => response.into_parts(),
        failed => {
            let forget = move |tx: &mut Tx<'_>| {
                tx.execute("DELETE FROM repeatable_request WHERE uuid = $1", params![claimed])
            };
            cx.store.write(Actor::system(), REASON, forget).await?;
            return failed;
        }
    };
    let broken = |_| ApiError::Empty(StatusCode::INTERNAL_SERVER_ERROR);
    let body = body.collect().await.map_err(broken)?.to_bytes();
    if let Some(text) = std::str::from_utf8(&body).ok().filter(|text| text.len() <= MOST) {
        let named = |name: HeaderName| {
            let value = head.headers.get(&name)?.to_str().ok()?.to_owned();
            Some((name.to_string(), value))
        };
        let headers = KEPT.into_iter().filter_map(named).collect();
        let answer = Answer { status: head.status.as_u16(), headers, body: text.to_owned() };
        let answer = serde_json::to_string(&answer).unwrap_or_default();
        let note = move |tx: &mut Tx<'_>| {
            let sealed = tx.sealer().seal(&answer);
            tx.execute(
                "UPDATE repeatable_request SET answer = $1 WHERE uuid = $2",
                params![sealed, claimed],
            )
        };
        cx.store.write(Actor::system(), REASON, note).await?;
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

/// The first answer once more, and that it is.
fn again(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
