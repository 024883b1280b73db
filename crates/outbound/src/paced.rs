//! Bodies on their way through: piece by piece, none of them held, each within a time.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// What breaks a body off.
pub type BodyError = Box<dyn Error + Send + Sync>;
/// The body of a request that is passed on.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;
/// What ends a body before its time, as a sign-in that ended.
pub type Until = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body that does not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Broken {
    #[error("nothing of the body came for too long")]
    Stalled,
    #[error("it may not go on")]
    Ended,
}

/// How far the body of a request is.
#[derive(Debug)]
pub(crate) struct Progress {
    begun: Instant,
    /// Milliseconds after the beginning when something last moved.
    moved: AtomicU64,
    /// The next piece has to come from the client.
    owed: AtomicBool,
    /// It came to its end.
    whole: AtomicBool,
    /// The client sent nothing for too long.
    stalled: AtomicBool,
}

impl Progress {
    pub(crate) fn begin(whole: bool) -> Arc<Progress> {
        Arc::new(Progress {
            begun: Instant::now(),
            moved: AtomicU64::new(0),
            owed: AtomicBool::new(false),
            whole: AtomicBool::new(whole),
            stalled: AtomicBool::new(false),
        })
    }

    /// Whether it broke off because the client stopped sending.
    pub(crate) fn stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// When patience with the server ends; `None` while it is the client's turn, which has a time
    /// of its own. A body that is still on its way moves within `idle`, and the answer to a whole
    /// one begins within `answer`.
    pub(crate) fn deadline(&self, idle: Duration, answer: Duration) -> Option<Instant> {
        if self.owed.load(Ordering::Relaxed) {
            return None;
        }
        let limit = if self.whole.load(Ordering::Relaxed) { answer } else { idle };
        Some(self.begun + Duration::from_millis(self.moved.load(Ordering::Relaxed)) + limit)
    }

    fn note(&self, owed: bool, whole: bool) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
        self.owed.store(owed, Ordering::Relaxed);
        if whole {
            self.whole.store(true, Ordering::Relaxed);
        }
    }
}

/// A body whose pieces come within a time of each other. The time runs while the next piece is
/// waited for, and not while nobody asks for it.
pub struct Paced<B> {
    body: B,
    idle: Option<Duration>,
    sleep: Pin<Box<Sleep>>,
    waiting: bool,
    progress: Option<Arc<Progress>>,
    until: Option<Until>,
    /// Of requests: what comes behind the body would be taken for headers, and is not passed on
    /// (RFC 9110, section 6.5.1).
    drops_trailers: bool,
}

impl<B> Paced<B> {
    /// Of a request, which says how far it is.
    pub(crate) fn request(body: B, idle: Duration, progress: Arc<Progress>) -> Paced<B> {
        let mut paced = Paced::answer(body, Some(idle));
        paced.progress = Some(progress);
        paced.drops_trailers = true;
        paced
    }

    /// Of an answer; without a time it may be silent for as long as it likes.
    pub(crate) fn answer(body: B, idle: Option<Duration>) -> Paced<B> {
        Paced {
            body,
            idle,
            sleep: Box::pin(sleep(idle.unwrap_or_default())),
            waiting: false,
            progress: None,
            until: None,
            drops_trailers: false,
        }
    }

    /// Whether it may be silent for as long as it likes.
    pub const fn is_endless(&self) -> bool {
        self.idle.is_none()
    }

    /// The same, which also breaks off when this ends.
    #[must_use]
    pub fn until(mut self, until: Until) -> Paced<B> {
        self.until = Some(until);
        self
    }
}

impl<B> HttpBody for Paced<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(until) = &mut this.until
            && until.as_mut().poll(cx).is_ready()
        {
            this.until = None;
            return Poll::Ready(Some(Err(Broken::Ended.into())));
        }
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            if let Some(progress) = this.progress.as_ref().filter(|_| !this.waiting) {
                progress.note(true, false);
            }
            let Some(idle) = this.idle else { return Poll::Pending };
            if !this.waiting {
                this.waiting = true;
                this.sleep.as_mut().reset(Instant::now() + idle);
            }
            if this.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if let Some(progress) = &this.progress {
                progress.stalled.store(true, Ordering::Relaxed);
            }
            return Poll::Ready(Some(Err(Broken::Stalled.into())));
        };
        this.waiting = false;
        let frame = match frame {
            Some(Ok(frame)) if this.drops_trailers && frame.is_trailers() => None,
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        };
        if let Some(progress) = &this.progress {
            progress.note(false, frame.is_none() || this.body.is_end_stream());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
