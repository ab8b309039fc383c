//! An asynchronous call.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use failsafe::{Error, FailurePolicy, FailurePredicate, Instrument};
use pin_project_lite::pin_project;

use crate::calls::Started;
use crate::observation::Observation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The future has not been polled, so the call has not begun.
    Waiting,
    /// The call has begun. If the future is dropped now, the call is cancelled.
    Running,
    /// The call has been counted, or is being polled.
    Over,
}

pin_project! {
    /// A call through an [`ObservedBreaker`](crate::ObservedBreaker).
    ///
    /// [`call_async`](crate::ObservedBreaker::call_async) creates it. It is `Send` if the future inside is
    /// `Send`. If it is dropped between its first poll and its end, the call counts as cancelled.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after it has completed.
    #[must_use = "a call does nothing unless it is awaited"]
    pub struct CallFuture<F, Q, P, I> {
        #[pin]
        future: F,
        predicate: Q,
        observation: Arc<Observation<P, I>>,
        progress: Progress,
        // Since the first poll.
        started: Started,
    }

    impl<F, Q, P, I> PinnedDrop for CallFuture<F, Q, P, I> {
        fn drop(this: Pin<&mut Self>) {
            if this.progress == Progress::Running {
                this.observation.calls.cancelled.count(this.started);
            }
        }
    }
}

impl<F, Q, P, I> CallFuture<F, Q, P, I> {
    pub(crate) fn new(observation: Arc<Observation<P, I>>, predicate: Q, future: F) -> Self {
        Self { future, predicate, observation, progress: Progress::Waiting, started: None }
    }
}

impl<F, Q, P, I, R, E> Future for CallFuture<F, Q, P, I>
where
    F: Future<Output = Result<R, E>>,
    Q: FailurePredicate<E>,
    P: FailurePolicy,
    I: Instrument,
{
    type Output = Result<R, Error<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let observation = &**this.observation;
        let progress = *this.progress;
        assert!(progress != Progress::Over, "a call was polled after it had completed");
        // During a poll, a panic counts the call. Only between polls can it be cancelled.
        // `std::thread::panicking` can't tell the two cases apart, because the panic of another future may drop
        // this one.
        *this.progress = Progress::Over;
        if progress == Progress::Waiting {
            *this.started = observation.calls.start();
        }
        let started = *this.started;
        let entered = observation.calls.enter(started);
        if progress == Progress::Waiting && !observation.machine.is_call_permitted() {
            entered.left();
            observation.calls.rejections.inc();
            return Poll::Ready(Err(Error::Rejected));
        }
        let Poll::Ready(result) = this.future.poll(cx) else {
            *this.progress = Progress::Running;
            entered.left();
            return Poll::Pending;
        };
        let failed = result.as_ref().is_err_and(|error| this.predicate.is_err(error));
        entered.left();
        observation.ended(failed, started);
        Poll::Ready(result.map_err(Error::Inner))
    }
}

impl<F, Q, P, I> fmt::Debug for CallFuture<F, Q, P, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture")
            .field("breaker", &self.observation.name())
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
