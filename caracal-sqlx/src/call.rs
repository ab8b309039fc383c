//! One query, from its beginning to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use caracal_metrics_core::adapter::Stopwatch;
use caracal_metrics_core::{DatabaseQueryMetrics, QueryStatus};
use futures_util::Stream;
use pin_project_lite::pin_project;
use sqlx::Error;

use crate::recorder::Recorder;

/// A query that is counted once: when it succeeds, fails, or is dropped before its end.
#[derive(Debug)]
pub(crate) struct Call {
    recorder: Arc<Recorder>,
    metrics: Arc<Option<DatabaseQueryMetrics>>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// It was not polled. If it never is, it is not counted.
    Waiting,
    Running {
        since: Stopwatch,
        /// The status that it has if it is dropped now.
        status: QueryStatus,
    },
    Counted,
}

impl Call {
    /// A query that was not polled yet.
    pub(crate) fn new(recorder: &Arc<Recorder>, text: &str) -> Self {
        let metrics = recorder.query(text);
        Self { recorder: Arc::clone(recorder), metrics, state: State::Waiting }
    }

    /// Starts the clock on the first call.
    pub(crate) fn begin(&mut self) {
        if let State::Waiting = self.state {
            self.state = State::Running { since: Stopwatch::start(), status: QueryStatus::Error };
        }
    }

    /// An answer, or a part of one, has arrived.
    fn answered(&mut self) {
        if let State::Running { status, .. } = &mut self.state {
            *status = QueryStatus::Success;
        }
    }

    /// It waits for more of the answer. If it is dropped now, it was cancelled.
    fn waits(&mut self) {
        if let State::Running { status, .. } = &mut self.state {
            *status = QueryStatus::Error;
        }
    }

    pub(crate) fn end<T>(&mut self, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.count(QueryStatus::Success),
            Err(error) => {
                self.recorder.errors.observe(error);
                self.count(QueryStatus::Error);
            }
        }
    }

    fn count(&mut self, status: QueryStatus) {
        if let State::Running { since, .. } = self.state {
            self.state = State::Counted;
            if let Some(metrics) = &*self.metrics {
                metrics.record(status, since.elapsed());
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let State::Running { status, .. } = self.state {
            self.count(status);
        }
    }
}

pin_project! {
    /// The stream of a query's answers, counted as one query.
    pub(crate) struct Answers<S> {
        #[pin]
        steps: S,
        call: Call,
    }
}

impl<S> Answers<S> {
    pub(crate) fn new(call: Call, steps: S) -> Self {
        Self { steps, call }
    }
}

impl<S, T> Stream for Answers<S>
where
    S: Stream<Item = Result<T, Error>>,
{
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        this.call.begin();
        let Poll::Ready(step) = this.steps.poll_next(cx) else {
            this.call.waits();
            return Poll::Pending;
        };
        match &step {
            Some(Ok(_)) => this.call.answered(),
            Some(result @ Err(_)) => this.call.end(result),
            None => this.call.end(&Ok(())),
        }
        Poll::Ready(step)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.steps.size_hint()
    }
}
