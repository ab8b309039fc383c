//! The counters of one worker.

use std::time::{Duration, Instant};

use tokio::runtime::RuntimeMetrics;

/// The values that a scrape reads from a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Submitted {
    pub(crate) busy: Duration,
    /// Odd while the worker is parked.
    pub(crate) transitions: u64,
}

impl Submitted {
    pub(crate) fn read(runtime: &RuntimeMetrics, worker: usize) -> Self {
        Self {
            busy: runtime.worker_total_busy_duration(worker),
            transitions: runtime.worker_park_unpark_count(worker),
        }
    }

    fn is_active(&self) -> bool {
        self.transitions.is_multiple_of(2)
    }
}

/// The values that a scrape shows for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Since the last scrape.
    pub(crate) busy: Duration,
    pub(crate) stalled: Duration,
}

/// A worker publishes its counters when it parks and after every 61 tasks (tokio's
/// `event_interval`), but not while it runs a task. Without this type, a worker that is stuck in a
/// task would appear idle.
#[derive(Debug)]
pub(crate) struct WorkerState {
    last: Submitted,
    /// When `last` was first seen.
    since: Instant,
    busy: Duration,
}

impl WorkerState {
    pub(crate) fn new(now: Instant) -> Self {
        let last = Submitted { busy: Duration::ZERO, transitions: 0 };
        Self { last, since: now, busy: Duration::ZERO }
    }

    /// `driven` is whether a worker that is not parked is working. The worker of a current-thread
    /// runtime is not working while nothing calls `block_on`.
    pub(crate) fn scrape(&mut self, submitted: Submitted, driven: bool, now: Instant) -> Shown {
        if submitted != self.last {
            self.last = submitted;
            self.since = now;
        }
        let stalled = if driven && submitted.is_active() {
            now.saturating_duration_since(self.since)
        } else {
            Duration::ZERO
        };
        // When the worker returns, tokio adds at least this time, so the total is never too high.
        // The maximum is needed because tokio does not count the time in which the worker searches
        // for tasks.
        let busy = (submitted.busy + stalled).max(self.busy);
        let shown = Shown { busy: busy.saturating_sub(self.busy), stalled };
        self.busy = busy;
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_stuck_worker_is_busy_and_the_total_does_not_run_ahead() {
        let start = Instant::now();
        let mut worker = WorkerState::new(start);
        let mut scrape = |busy, transitions, at| {
            let submitted = Submitted { busy: ms(busy), transitions };
            let shown = worker.scrape(submitted, true, start + ms(at));
            (shown.busy, shown.stalled)
        };
        assert_eq!(scrape(10, 1, 100), (ms(10), ms(0)), "parked");
        assert_eq!(scrape(10, 2, 200), (ms(0), ms(0)), "unparked; since when is not known");
        assert_eq!(scrape(10, 2, 300), (ms(100), ms(100)), "has not come back");
        assert_eq!(scrape(10, 2, 900), (ms(600), ms(700)));
        // The worker has returned. tokio knows that it was stuck for 730 ms.
        assert_eq!(scrape(740, 3, 1000), (ms(30), ms(0)));
        // If tokio counts slightly less than was shown, the total does not change.
        assert_eq!(scrape(740, 4, 1100), (ms(0), ms(0)));
        assert_eq!(scrape(740, 4, 1200), (ms(100), ms(100)));
        assert_eq!(scrape(839, 5, 1201), (ms(0), ms(0)));
        assert_eq!(scrape(845, 7, 1300), (ms(5), ms(0)));
    }

    #[test]
    fn a_runtime_that_nobody_drives_is_not_stalled() {
        let start = Instant::now();
        let mut worker = WorkerState::new(start);
        let submitted = Submitted { busy: ms(5), transitions: 2 };
        for at in [100, 200, 300] {
            let shown = worker.scrape(submitted, false, start + ms(at));
            assert_eq!(shown.stalled, ms(0));
        }
    }
}
