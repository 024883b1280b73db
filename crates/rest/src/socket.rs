//! Sockets (RFC 6455): requests that become a conversation, for as long as who asked may have it.

use std::time::Duration;

use axum::{
    extract::{
        FromRequestParts as _, Request,
        ws::{WebSocket, WebSocketUpgrade},
    },
    response::{IntoResponse as _, Response},
};
use countersign_accounts as accounts;
use countersign_core::{
    Access, Admitted, ApiError, Caller, Context, RequestInfo, Shutdown, Sockets,
};
use countersign_store::StoreError;
use http::{HeaderMap, StatusCode, header, request::Parts};

use crate::dispatch::permit;

/// How often it is asked whether who opened a socket may still have it: as seldom as lets it end
/// within a second of its revocation.
const LOOK_EVERY: Duration = Duration::from_millis(900);
/// Bytes of a message, in one frame or several.
const LARGEST_MESSAGE: usize = 1024 * 1024;

/// Who calls a route that is not for everybody. Without credentials that hold it is 401, without
/// the permission 403.
///
/// # Errors
/// The refusal.
pub async fn admit(cx: &Context, access: &Access, parts: &Parts) -> Result<Admitted, Response> {
    let info = RequestInfo::of(parts);
    let caller = match accounts::caller(cx, &parts.headers, &info, false).await {
        Ok(caller) => caller,
        Err(error @ ApiError::Store(_)) => return Err(error.into_response()),
        Err(error) => return Err(refusal(StatusCode::UNAUTHORIZED, &error)),
    };
    match (permit(access, &caller, &cx.snapshot()), &caller.user) {
        (Ok(()), _) => Ok(Admitted { caller, access: access.clone() }),
        (Err(error), Some(_)) => Err(refusal(StatusCode::FORBIDDEN, &error)),
        (Err(error), None) => Err(refusal(StatusCode::UNAUTHORIZED, &error)),
    }
}

fn refusal(status: StatusCode, error: &ApiError) -> Response {
    ApiError::detail(status, error.to_string()).into_response()
}

/// Opens a socket and serves it, as the handler of a route of `Stack::Socket` with an `Access`. It
/// is closed when `serve` ends, within a second when its caller may no longer have it, and with the
/// program: `serve` sees `Shutdown` and says goodbye, and is cut off when it does not.
///
/// A page of another site cannot use the cookies of its visitor: browsers say which page opens a
/// socket (RFC 6455, section 10.2), and it has to be one of ours.
pub async fn socket<S, F>(cx: &Context, request: Request, serve: S) -> Response
where
    S: FnOnce(WebSocket, Caller, Shutdown) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (mut parts, _) = request.into_parts();
    let info = RequestInfo::of(&parts);
    let origin = parts.headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| origin.as_bytes() != info.origin().as_bytes()) {
        return ApiError::forbidden("Sockets are not for pages of other sites.").into_response();
    }
    let Some(Admitted { caller, access }) = parts.extensions.remove() else {
        return ApiError::forbidden("This socket is for nobody.").into_response();
    };
    let Some(sockets) = parts.extensions.get::<Sockets>().cloned() else {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    };
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(refusal) => return refusal.into_response(),
    };
    let opened = Opened { cx: cx.clone(), access, headers: parts.headers, info };
    upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE).on_upgrade(
        move |socket| async move {
            sockets.serve(|shutdown| {
                let served = serve(socket, caller, shutdown);
                async move {
                    tokio::select! {
                        () = served => {}
                        () = opened.revoked() => {}
                    }
                }
            });
        },
    )
}

/// By what a socket was opened.
struct Opened {
    cx: Context,
    access: Access,
    headers: HeaderMap,
    info: RequestInfo,
}

impl Opened {
    /// Ends when the credentials no longer hold or no longer permit it. While the store is away
    /// nobody can have lost them.
    async fn revoked(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match accounts::caller(&self.cx, &self.headers, &self.info, false).await {
                Ok(caller) if permit(&self.access, &caller, &self.cx.snapshot()).is_ok() => {}
                Err(ApiError::Store(error)) if StoreError::is_passing(&error) => {}
                _ => return,
            }
        }
    }
}
