//! One piece of the user's code that readers ask for, and where it stands.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::context::Context;

/// Code that is run for readers of the metrics, once at a time.
pub(crate) struct Task {
    run: Box<dyn Fn() + Send + Sync>,
    /// Where the task was made: it runs there if the reader is in no runtime.
    home: Context,
    /// Locked after the queue, where both are.
    status: Mutex<Status>,
}

/// Runs are numbered from 1.
#[derive(Debug, Default)]
struct Status {
    begun: u64,
    ended: u64,
    /// The last run that panicked.
    panicked: u64,
    /// When the run that is under way began.
    since: Option<Instant>,
    /// Another run is wanted, in this context.
    next: Option<Context>,
}

/// The run that a reader waits for: one that begins after it has asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    run: u64,
    /// When the reader gives up.
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

    /// Asks for a run. Says whether the task has to be queued for it: it is not where it is queued
    /// already, or where it is running and the worker will see to it.
    pub(super) fn request(&self, context: &Context, timeout: Duration) -> (Ticket, bool) {
        let now = Instant::now();
        let mut status = self.status.lock();
        let queue = status.next.is_none() && status.since.is_none();
        status.next = Some(context.clone().or(&self.home));
        // A run that is under way has had its time already, or a part of it.
        let until = later(status.since.unwrap_or(now), timeout);
        (Ticket { run: status.begun + 1, until }, queue)
    }

    /// A worker has taken the task. Gives the context to run it in.
    pub(super) fn begin(&self) -> Context {
        let mut status = self.status.lock();
        status.begun += 1;
        status.since = Some(Instant::now());
        status.next.take().unwrap_or_default()
    }

    pub(super) fn run(&self) {
        (self.run)();
    }

    /// The run is over. Says whether another one is wanted.
    pub(super) fn end(&self, panicked: bool) -> bool {
        let mut status = self.status.lock();
        status.ended = status.begun;
        status.since = None;
        if panicked {
            status.panicked = status.ended;
        }
        status.next.is_some()
    }

    /// Whether the run of a ticket, or a later one, came to its end without a panic; `None` while it
    /// has not ended.
    pub(super) fn outcome(&self, ticket: Ticket) -> Option<bool> {
        let status = self.status.lock();
        (status.ended >= ticket.run).then_some(status.panicked < ticket.run)
    }

    /// Whether no run has begun that somebody waits for.
    pub(super) fn is_queued(&self) -> bool {
        let status = self.status.lock();
        status.since.is_none() && status.next.is_some()
    }
}

/// `timeout` after `instant`; a timeout beyond the clock's range is as good as a hundred years.
fn later(instant: Instant, timeout: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    instant + timeout.min(CENTURY)
}
