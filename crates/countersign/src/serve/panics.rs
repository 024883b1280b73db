//! A panic ends one request, not the program.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// Runs a future; a panic inside becomes `Err`.
pub struct CatchPanic<F>(Pin<Box<F>>);

/// The future panicked; the panic hook has told where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

impl<F: Future> CatchPanic<F> {
    pub fn new(future: F) -> Self {
        CatchPanic(Box::pin(future))
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The future is dropped after a panic and never polled again, so nothing half-changed in it
        // is seen.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

/// Panics become log lines without a stack trace for strangers.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "something was given up because of a fault in this program: {text}");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_value() {
        assert_eq!(CatchPanic::new(async { 5 }).await, Ok(5));
        assert_eq!(
            CatchPanic::new(async {
                tokio::task::yield_now().await;
                let empty: Vec<u8> = Vec::new();
                empty[0]
            })
            .await,
            Err(Panicked)
        );
    }
}
