//! A piece of the user's code that readers request, and its status.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::context::Context;

/// Code that runs for readers of the metrics, never more than once at a time.
pub(crate) struct Task {
    run: Box<dyn Fn() + Send + Sync>,
    /// The runtime in which the task was created. The task runs there if the reader is in no runtime.
    home: Context,
    /// If both locks are needed, this one is taken after the one of the queue.
    status: Mutex<Status>,
}

/// Runs are numbered from 1.
#[derive(Debug, Default)]
struct Status {
    begun: u64,
    ended: u64,
    /// The number of the last run that panicked.
    panicked: u64,
    /// The start of the current run.
    since: Option<Instant>,
    /// If set, another run is requested, in this context.
    next: Option<Context>,
}

/// The run that a reader waits for. It starts after the request of the reader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    run: u64,
    /// The time at which the reader stops waiting.
    pub(super) until: Instant,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("status", &*self.status.lock()).finish_non_exhaustive()
    }
}

impl Task {
    pub(crate) fn new(run: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { run: Box::new(run), home: Context::current(), status: Mutex::default() })
    }

    /// Requests a run. Returns whether the caller must queue the task. This is not the case if the task is
    /// already queued, or if it is running, because its worker then runs it again.
    pub(super) fn request(&self, context: &Context, timeout: Duration) -> (Ticket, bool) {
        let now = Instant::now();
        let mut status = self.status.lock();
        let queue = status.next.is_none() && status.since.is_none();
        status.next = Some(context.clone().or(&self.home));
        // A current run has already used its time, or a part of it.
        let until = later(status.since.unwrap_or(now), timeout);
        (Ticket { run: status.begun + 1, until }, queue)
    }

    /// Called when a worker has taken the task. Returns the context in which to run it.
    pub(super) fn begin(&self) -> Context {
        let mut status = self.status.lock();
        status.begun += 1;
        status.since = Some(Instant::now());
        status.next.take().unwrap_or_default()
    }

    pub(super) fn run(&self) {
        (self.run)();
    }

    /// Called when the run has ended. Returns whether another one is requested.
    pub(super) fn end(&self, panicked: bool) -> bool {
        let mut status = self.status.lock();
        status.ended = status.begun;
        status.since = None;
        if panicked {
            status.panicked = status.ended;
        }
        status.next.is_some()
    }

    /// Returns whether the run of a ticket, or a later one, ended without a panic. Returns `None` while it has
    /// not ended.
    pub(super) fn outcome(&self, ticket: Ticket) -> Option<bool> {
        let status = self.status.lock();
        (status.ended >= ticket.run).then_some(status.panicked < ticket.run)
    }

    /// Returns whether a run is requested and has not started.
    pub(super) fn is_queued(&self) -> bool {
        let status = self.status.lock();
        status.since.is_none() && status.next.is_some()
    }
}

/// Returns the time `timeout` after `instant`. If it is beyond the range of the clock, a hundred years are
/// used.
fn later(instant: Instant, timeout: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    instant + timeout.min(CENTURY)
}
