//! The time by which a registry decides what is idle.

use std::time::{Duration, Instant};

/// The system's monotonic clock, or one that a test moves.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    start: Instant,
    #[cfg(any(test, feature = "testing"))]
    set: Option<TestClock>,
}

impl Clock {
    /// The system's clock.
    pub(crate) fn system() -> Self {
        Self {
            start: Instant::now(),
            #[cfg(any(test, feature = "testing"))]
            set: None,
        }
    }

    /// The time since this clock was made.
    pub(crate) fn now(&self) -> Duration {
        #[cfg(any(test, feature = "testing"))]
        if let Some(clock) = &self.set {
            return clock.now();
        }
        self.start.elapsed()
    }
}

#[cfg(any(test, feature = "testing"))]
pub use set::TestClock;

#[cfg(any(test, feature = "testing"))]
mod set {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::time::Duration;

    use super::Clock;
    use crate::description::nanos;

    /// A clock that moves only when a test moves it. It begins at zero, and clones show the same time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use caracal_metrics_core::TestClock;
    ///
    /// let clock = TestClock::new();
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(clock.now(), Duration::from_secs(60));
    /// ```
    #[derive(Clone, Debug, Default)]
    pub struct TestClock(Arc<AtomicU64>);

    impl TestClock {
        /// A clock at zero.
        #[must_use]
        pub fn new() -> Self {
            Self::default()
        }

        /// Moves the clock forward. It stops after 584 years.
        pub fn advance(&self, by: Duration) {
            let add = |now: u64| Some(now.saturating_add(nanos(by)));
            // `add` always returns a time, so this can't fail.
            let _ = self.0.fetch_update(SeqCst, SeqCst, add);
        }

        /// The time since the clock was made.
        #[must_use]
        pub fn now(&self) -> Duration {
            Duration::from_nanos(self.0.load(SeqCst))
        }
    }

    impl From<TestClock> for Clock {
        fn from(clock: TestClock) -> Self {
            Self { set: Some(clock), ..Self::system() }
        }
    }
}
