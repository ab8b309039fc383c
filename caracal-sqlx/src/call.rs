//! One query, from its beginning to its end, however it ends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use caracal_metrics_core::adapter::Stopwatch;
use caracal_metrics_core::{DatabaseQueryMetrics, QueryStatus};
use futures_util::Stream;
use pin_project_lite::pin_project;
use sqlx::Error;

use crate::recorder::Recorder;

/// A query that is counted once: when it ends, fails, or is dropped midway.
#[derive(Debug)]
pub(crate) struct Call {
    recorder: Arc<Recorder>,
    metrics: DatabaseQueryMetrics,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody has polled it: it may never become a query.
    Waiting,
    Running {
        since: Stopwatch,
        /// How it ends if it is dropped now.
        status: QueryStatus,
    },
    Counted,
}

impl Call {
    /// A query that has not begun.
    pub(crate) fn new(recorder: &Arc<Recorder>, text: &str) -> Self {
        let metrics = recorder.query(text);
        Self { recorder: Arc::clone(recorder), metrics, state: State::Waiting }
    }

    /// Times a query.
    pub(crate) async fn time<T>(
        recorder: &Arc<Recorder>,
        text: &str,
        query: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut call = Self::new(recorder, text);
        call.begin();
        let result = query.await;
        call.end(&result);
        result
    }

    /// Starts the clock, the first time.
    pub(crate) fn begin(&mut self) {
        if let State::Waiting = self.state {
            self.state = State::Running { since: Stopwatch::start(), status: QueryStatus::Error };
        }
    }

    /// An answer, or a part of one, has come.
    fn answered(&mut self) {
        if let State::Running { status, .. } = &mut self.state {
            *status = QueryStatus::Success;
        }
    }

    /// More is waited for: dropped now, the query was given up.
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
            self.metrics.record(status, since.elapsed());
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
    /// The answers of a query, counted as one query.
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
