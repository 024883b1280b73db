//! Bodies of requests on their way: bounded each, for each address and in all, and counted as long
//! as the request is in work.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    response::Response,
};
use countersign_listener::{Turn, Waiting};
use countersign_model::subscriber;
use http::{HeaderValue, StatusCode, Version, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::layers::failure;

/// Bodies up to here are read before anyone looks at the request.
const SMALL_BODY: usize = 64 * 1024;
/// How long such a body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(15);

/// Room for the bodies of all requests in work.
#[derive(Debug)]
pub struct Bodies {
    most: usize,
    held: Mutex<(usize, HashMap<IpAddr, usize>)>,
    waiting: Arc<Waiting>,
}

/// What one request has of it.
#[derive(Debug)]
struct Held {
    bodies: Arc<Bodies>,
    address: Option<IpAddr>,
    bytes: Mutex<usize>,
    /// Of the address, while the body is on its way.
    turn: Mutex<Option<Turn>>,
    ended: AtomicBool,
    refused: AtomicBool,
}

impl Bodies {
    /// Room for `most` bytes in all; one address has at most half of it.
    pub fn new(most: usize, waiting: Arc<Waiting>) -> Arc<Bodies> {
        Arc::new(Bodies { most, held: Mutex::default(), waiting })
    }

    fn take(&self, address: Option<IpAddr>, bytes: usize) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of) = &mut *held;
        let own = address.and_then(|address| of.get(&address).copied()).unwrap_or(0);
        if *all + bytes > self.most || (address.is_some() && own + bytes > self.most / 2) {
            return false;
        }
        *all += bytes;
        if let Some(address) = address {
            of.insert(address, own + bytes);
        }
        true
    }

    fn give_back(&self, address: Option<IpAddr>, bytes: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of) = &mut *held;
        *all -= bytes;
        if let Some(address) = address
            && let Some(own) = of.get_mut(&address)
        {
            *own -= bytes;
            if *own == 0 {
                of.remove(&address);
            }
        }
    }
}

impl Held {
    fn add(&self, bytes: usize) -> bool {
        if !self.bodies.take(self.address, bytes) {
            self.refused.store(true, Ordering::Relaxed);
            return false;
        }
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        true
    }

    /// All of it is there: nothing is waited for any longer.
    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = *self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > 0 {
            self.bodies.give_back(self.address, bytes);
        }
    }
}

/// Hands the request on with its body bounded. A small body is read first: a handler that refuses
/// without looking at it must not leave it on the connection, where the next request belongs. After
/// a larger one that nobody read to its end the connection is closed, and the answer says so.
/// `client` is nobody where a proxy does not say who. How long a body may be says its route.
pub async fn bounded(
    bodies: &Arc<Bodies>,
    client: Option<IpAddr>,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if request.body().is_end_stream() {
        return answer(request).await;
    }
    let address = client.map(subscriber);
    let Some(turn) = bodies.waiting.enter(address) else {
        return later("Too many requests of this address are still on their way.");
    };
    let held = Arc::new(Held {
        bodies: bodies.clone(),
        address,
        bytes: Mutex::new(0),
        turn: Mutex::new(Some(turn)),
        ended: AtomicBool::new(false),
        refused: AtomicBool::new(false),
    });
    let (parts, body) = request.into_parts();
    let one_at_a_time = parts.version <= Version::HTTP_11;
    let body = Body::new(Counted { body, held: held.clone() });
    if length.is_some_and(|length| length <= SMALL_BODY as u64) {
        return match tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, SMALL_BODY))
            .await
        {
            Ok(Ok(bytes)) => answer(Request::from_parts(parts, Body::from(bytes))).await,
            Ok(Err(_)) if held.refused.load(Ordering::Relaxed) => later(FULL),
            Ok(Err(_)) => closing(failure(
                StatusCode::BAD_REQUEST,
                "The request body did not arrive in full.",
            )),
            Err(_) => closing(failure(
                StatusCode::REQUEST_TIMEOUT,
                "The request body did not arrive in time.",
            )),
        };
    }
    let response = answer(Request::from_parts(parts, body)).await;
    if held.refused.load(Ordering::Relaxed) {
        return later(FULL);
    }
    if one_at_a_time && !held.ended.load(Ordering::Relaxed) { closing(response) } else { response }
}

const FULL: &str = "Too many large requests are on their way. Try again.";

fn later(text: &str) -> Response {
    let mut response = closing(failure(StatusCode::SERVICE_UNAVAILABLE, text));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body whose bytes are counted as they come.
struct Counted {
    body: Body,
    held: Arc<Held>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && !self.held.add(frame.data_ref().map_or(0, Bytes::len))
        {
            return Poll::Ready(Some(Err(axum::Error::new(std::io::Error::other(FULL)))));
        }
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.held.end();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_room_in_all_and_half_of_it_for_one_address() {
        let bodies = Bodies::new(100, Waiting::new(10));
        let (one, other) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        assert!(bodies.take(one, 50) && !bodies.take(one, 1));
        assert!(bodies.take(other, 40) && !bodies.take(other, 11));
        assert!(bodies.take(None, 10) && !bodies.take(None, 1));
        bodies.give_back(one, 50);
        assert!(bodies.take(None, 50));
        bodies.give_back(None, 60);
        bodies.give_back(other, 40);
        let held = bodies.held.lock().unwrap();
        assert!(held.0 == 0 && held.1.is_empty());
    }
}
