//! The observed breaker.

use std::fmt;
use std::sync::Arc;

use caracal_metrics_core::CircuitBreakerState;
use failsafe::{
    Any, CircuitBreaker, Error, FailurePolicy, FailurePredicate, Instrument, StateMachine,
};

use crate::call_future::CallFuture;
use crate::observation::Observation;

/// A circuit breaker with metrics for its calls and its state.
///
/// [`BreakerObserver::build`](crate::BreakerObserver::build) and
/// [`BreakerObserver::wrap`](crate::BreakerObserver::wrap) create it. Clones share the breaker and its series.
/// The series disappear, and the name is free again, when the last clone and the last [`CallFuture`] are
/// dropped. Clones of [`inner`](Self::inner) keep the breaker alive, but not its series.
///
/// Calls that go to [`inner`](Self::inner) directly are not counted. Their effect on the state is visible.
#[must_use = "the breaker's series leave the output when the last clone of this is dropped"]
pub struct ObservedBreaker<P, I> {
    observation: Arc<Observation<P, I>>,
}

impl<P, I> ObservedBreaker<P, I> {
    pub(crate) fn new(observation: Observation<P, I>) -> Self {
        Self { observation: Arc::new(observation) }
    }

    /// The name of the breaker in the metrics. A name longer than `max_label_value_bytes` is shortened.
    #[must_use]
    pub fn name(&self) -> &str {
        self.observation.name()
    }

    /// The inner breaker.
    #[must_use]
    pub fn inner(&self) -> &StateMachine<P, I> {
        &self.observation.machine
    }

    /// Returns the state without changing it. An open breaker stays open until the next call, even if its
    /// backoff has ended.
    ///
    /// For a wrapped breaker, this method takes failsafe's lock, as any call does.
    #[must_use]
    pub fn state(&self) -> CircuitBreakerState {
        self.observation.watched.state()
    }
}

impl<P: FailurePolicy, I: Instrument> ObservedBreaker<P, I> {
    /// Calls a future through the breaker. Each error counts as a failure. To choose which errors count, use
    /// [`call_async_with`](Self::call_async_with).
    ///
    /// The call starts with the first poll, which requests permission from the breaker. The call is `Send` if
    /// the future is `Send`. It does not borrow the breaker, so you can spawn it.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Rejected`] if the breaker is open, and [`Error::Inner`] if the future failed.
    pub fn call_async<F, R, E>(&self, future: F) -> CallFuture<F, Any, P, I>
    where
        F: Future<Output = Result<R, E>>,
    {
        self.call_async_with(Any, future)
    }

    /// Like [`call_async`](Self::call_async), but an error for which the predicate returns `false` counts as a
    /// success.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Rejected`] if the breaker is open, and [`Error::Inner`] if the future failed.
    pub fn call_async_with<F, R, E, Q>(&self, predicate: Q, future: F) -> CallFuture<F, Q, P, I>
    where
        F: Future<Output = Result<R, E>>,
        Q: FailurePredicate<E>,
    {
        CallFuture::new(Arc::clone(&self.observation), predicate, future)
    }

    /// Closes the breaker.
    ///
    /// Inside an `on_closed` callback that a `reset` of this breaker has called on this thread, this method does
    /// nothing. failsafe's own `reset` would deadlock there.
    pub fn reset(&self) {
        self.observation.watched.reset();
    }

    /// Records the success of a call made by hand, after
    /// [`is_call_permitted`](CircuitBreaker::is_call_permitted).
    #[inline]
    pub fn on_success(&self) {
        self.observation.succeeded(None);
    }

    /// Records the failure of a call made by hand, after
    /// [`is_call_permitted`](CircuitBreaker::is_call_permitted).
    #[inline]
    pub fn on_error(&self) {
        self.observation.failed(None);
    }
}

impl<P: FailurePolicy, I: Instrument> CircuitBreaker for ObservedBreaker<P, I> {
    /// Requests permission for a call by hand. After the call, call
    /// [`on_success`](ObservedBreaker::on_success) or [`on_error`](ObservedBreaker::on_error). A refusal counts
    /// as a rejection.
    #[inline]
    fn is_call_permitted(&self) -> bool {
        self.observation.is_call_permitted()
    }

    #[inline]
    fn call_with<Q, F, E, R>(&self, predicate: Q, f: F) -> Result<R, Error<E>>
    where
        Q: FailurePredicate<E>,
        F: FnOnce() -> Result<R, E>,
    {
        let observation = &*self.observation;
        let started = observation.calls.start();
        let entered = observation.calls.enter(started);
        if !observation.machine.is_call_permitted() {
            entered.left();
            observation.calls.rejections.inc();
            return Err(Error::Rejected);
        }
        let result = f();
        let failed = result.as_ref().is_err_and(|error| predicate.is_err(error));
        entered.left();
        observation.ended(failed, started);
        result.map_err(Error::Inner)
    }
}

impl<P, I> Clone for ObservedBreaker<P, I> {
    fn clone(&self) -> Self {
        Self { observation: Arc::clone(&self.observation) }
    }
}

impl<P, I> fmt::Debug for ObservedBreaker<P, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedBreaker")
            .field("name", &self.name())
            .field("state", &self.state().as_str())
            .finish_non_exhaustive()
    }
}
