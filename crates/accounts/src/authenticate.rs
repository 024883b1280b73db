//! From headers to a caller.

use std::sync::Arc;

use countersign_core::{
    ApiError, Caller, Context, Identity, KnownBrowser, Moved, Permission, RequestInfo,
    SessionBinding, SessionData, Via, Visitor, cookies,
};
use countersign_model::{Snapshot, Timestamp};
use countersign_store::{Sql, StoreError, params, sha256};
use http::{HeaderMap, Method, header, request::Parts};

use crate::identity::identity;
use crate::rights::held;
use crate::session;

/// Who is behind a browser's request. Inactive accounts count as nobody.
///
/// # Errors
/// When the engine fails.
pub async fn visitor(cx: &Context, parts: &Parts) -> Result<Visitor, StoreError> {
    let browser = KnownBrowser::read(cx, &parts.headers);
    let Some(key) = cookies::session_key(cx, &parts.headers) else {
        return Ok(Visitor { fresh: true, browser, ..Visitor::nobody(cx.entropy.token(32)) });
    };
    let visitor = match by_session(cx, &key, &RequestInfo::of(parts)).await? {
        Some(found) => Visitor {
            key,
            fresh: false,
            user: Some(found.user),
            original: found.original,
            session: Some(found.data),
            browser,
        },
        None => Visitor { browser, ..Visitor::nobody(key) },
    };
    RequestInfo::of(parts).saw(&visitor.caller());
    Ok(visitor)
}

/// Whom a live session stands for.
struct Found {
    user: Arc<Identity>,
    original: Option<Arc<Identity>>,
    data: SessionData,
}

/// Nobody while the session's own account is inactive; itself again when the one it acts as is, or
/// has come to hold more than it, or may no longer be acted as.
async fn by_session(
    cx: &Context,
    key: &str,
    request: &RequestInfo,
) -> Result<Option<Found>, StoreError> {
    let (hash, now, snapshot) = (sha256(key), cx.clock.now(), cx.snapshot());
    let found = cx.store.look_up(move |sql| {
        let Some(live) = session::find(sql, hash, now)? else { return Ok(None) };
        let Some(own) = active(sql, live.user)? else { return Ok(None) };
        let other = match live.data.impersonating {
            Some(pk) => match active(sql, pk)? {
                Some(other) if may_act_as(sql, &own, &other, &snapshot)? => Some(other),
                _ => None,
            },
            None => None,
        };
        Ok::<_, StoreError>(Some((live, own, other)))
    });
    let Some((live, own, other)) = found.await? else { return Ok(None) };
    if !stays(cx, hash, live.data.binding, &own, request).await {
        return Ok(None);
    }
    session::note_use(cx, hash, &live, request).await;
    let data = live.data;
    Ok(Some(match other {
        Some(user) => Found { user, original: Some(own), data },
        None => Found { user: own, original: None, data },
    }))
}

/// Whether a session is used from where it may be, by its cookie or by that of what it signed in to.
/// One that left what it is tied to is ended.
pub async fn stays(
    cx: &Context,
    key_hash: [u8; 32],
    binding: Option<SessionBinding>,
    user: &Arc<Identity>,
    request: &RequestInfo,
) -> bool {
    let Some(binding) = binding.filter(|it| it.address() != request.client_ip) else { return true };
    // Where nobody knows places it is not known to be where it may be.
    let Some(guard) = cx.session_guard() else { return false };
    let moved = Moved { key_hash, binding, user: user.clone() };
    guard.stays(cx.clone(), moved, request.clone()).await
}

/// Whether an account may act as another: it has the permission, and holds all that the other does.
///
/// # Errors
/// When the engine fails.
pub fn may_act_as(
    sql: &mut Sql<'_>,
    own: &Identity,
    other: &Identity,
    snapshot: &Snapshot,
) -> Result<bool, StoreError> {
    if own.is_superuser() {
        return Ok(true);
    }
    let held_by = held(sql, own, snapshot)?;
    Ok(held_by.has_row(Permission::IMPERSONATE, other.pk.into())
        && held_by.covers(&held(sql, other, snapshot)?))
}

fn active(sql: &mut Sql<'_>, pk: i64) -> Result<Option<Arc<Identity>>, StoreError> {
    Ok(identity(sql, pk)?.filter(|user| user.is_active).map(Arc::new))
}

/// By which outposts say for whom they ask.
const OUTPOST_TOKEN: &str = "x-authentik-outpost-token";
const REMOTE_ADDRESS: &str = "x-authentik-remote-ip";

/// The request as it is of the client that an outpost asks for. That is believed of nobody but
/// whoever shows, beside it, the token of an outpost's own account.
///
/// # Errors
/// When the engine fails.
pub async fn through_outpost(
    cx: &Context,
    headers: &HeaderMap,
    request: &RequestInfo,
) -> Result<Option<RequestInfo>, StoreError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(token), Some(address)) = (text(OUTPOST_TOKEN), text(REMOTE_ADDRESS)) else {
        return Ok(None);
    };
    let (hash, now) = (sha256(token), cx.clock.now());
    let found = cx.store.look_up(move |sql| by_api_token(sql, hash, now)).await?;
    let user = found.map(|(user, _)| user).filter(|user| user.is_active);
    let Some(outpost) = user.and_then(|user| user.principal) else {
        tracing::debug!("somebody without the token of an outpost named an address");
        return Ok(None);
    };
    Ok(Some(request.through(outpost, address.trim().parse().ok())))
}

/// Who has the API token of that hash, and what the token is called.
fn by_api_token(
    sql: &mut Sql<'_>,
    hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<(Identity, String)>, StoreError> {
    let row = sql.query_one(
        "SELECT user_id, identifier FROM token WHERE key_hash = $1 AND intent = 'api' AND (expiring = 0 OR expires > $2)",
        params![hash, now],
    )?;
    let Some(row) = row else { return Ok(None) };
    let identifier: String = row.get(1)?;
    Ok(identity(sql, row.get(0)?)?.map(|user| (user, identifier)))
}

/// Who calls the API. `self_read` is the one operation that OAuth tokens of scope `profile` may
/// call.
///
/// # Errors
/// 403 for credentials that are wrong, or when the engine fails.
pub async fn caller(
    cx: &Context,
    headers: &HeaderMap,
    request: &RequestInfo,
    self_read: bool,
) -> Result<Caller, ApiError> {
    let caller = proven(cx, headers, request, self_read).await?;
    request.saw(&caller);
    Ok(caller)
}

async fn proven(
    cx: &Context,
    headers: &HeaderMap,
    request: &RequestInfo,
    self_read: bool,
) -> Result<Caller, ApiError> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().map_err(|_| ApiError::forbidden("Token invalid/expired"))?;
        let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::forbidden("Unsupported authentication type"));
        }
        if !token.trim().is_empty() {
            return by_token(cx, token.trim(), self_read).await;
        }
    }
    let Some(key) = cookies::session_key(cx, headers) else { return Ok(Caller::nobody()) };
    let Some(found) = by_session(cx, &key, request).await? else { return Ok(Caller::nobody()) };
    if ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&request.method) {
        cookies::csrf_matches(headers, request, None)
            .map_err(|why| ApiError::forbidden(&format!("CSRF Failed: {why}")))?;
    }
    Ok(Caller {
        user: Some(found.user),
        original: found.original,
        via: Via::Session { key_hash: sha256(&key) },
    })
}

async fn by_token(cx: &Context, token: &str, self_read: bool) -> Result<Caller, ApiError> {
    let (hash, now) = (sha256(token), cx.clock.now());
    let found = cx.store.look_up(move |sql| by_api_token(sql, hash, now)).await?;
    if let Some((user, identifier)) = found.filter(|(user, _)| user.is_active) {
        return Ok(Caller {
            user: Some(Arc::new(user)),
            original: None,
            via: Via::Token { identifier },
        });
    }
    for resolver in cx.token_resolvers() {
        let Some(grant) = resolver.resolve(cx.clone(), token.to_owned()).await else { continue };
        let allowed = |scope: &str| grant.scopes.iter().any(|s| s == scope);
        if !(allowed("goauthentik.io/api") || self_read && allowed("profile")) {
            continue;
        }
        let pk = grant.user;
        let user = cx.store.look_up(move |sql| identity(sql, pk)).await?;
        if let Some(user) = user.filter(|u| u.is_active) {
            return Ok(Caller {
                user: Some(Arc::new(user)),
                original: None,
                via: Via::OAuth { scopes: grant.scopes },
            });
        }
    }
    Err(ApiError::forbidden("Token invalid/expired"))
}
