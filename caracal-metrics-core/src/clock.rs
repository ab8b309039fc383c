//! The clock that measures durations.

use std::time::{Duration, Instant};

#[cfg(feature = "testing")]
pub use settable::{Clock, ProcessClock};

/// Measures how long a piece of work takes, for an adapter that observes durations.
///
/// It reads `std::time::Instant`. With the feature `testing`, it reads the clock that a test has
/// [set](crate::testing::Clock) where the stopwatch is started, until it ends.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use std::time::Duration;
/// use caracal_metrics::adapter::Stopwatch;
///
/// let stopwatch = Stopwatch::start();
/// assert!(stopwatch.elapsed() < Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
    /// The clock of the test that started the stopwatch.
    #[cfg(feature = "testing")]
    clock: Option<Clock>,
}

impl Stopwatch {
    /// Starts a stopwatch.
    #[inline]
    #[must_use]
    pub fn start() -> Self {
        #[cfg(feature = "testing")]
        if let Some(clock) = settable::current() {
            return Self { started: clock.now(), clock: Some(clock) };
        }
        Self {
            started: Instant::now(),
            #[cfg(feature = "testing")]
            clock: None,
        }
    }

    /// Returns the time since the start.
    #[inline]
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        #[cfg(feature = "testing")]
        if let Some(clock) = &self.clock {
            return clock.now().saturating_duration_since(self.started);
        }
        self.started.elapsed()
    }
}

#[cfg(feature = "testing")]
mod settable {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::thread::LocalKey;
    use std::time::{Duration, Instant};

    use parking_lot::Mutex;

    use crate::description::nanos;
    use crate::scoped::{self, Scoped, ScopedFuture};

    thread_local! {
        static OF_THREAD: RefCell<Option<Clock>> = const { RefCell::new(None) };
    }

    static OF_PROCESS: Mutex<Option<Clock>> = Mutex::new(None);

    /// A clock that does not move until a test moves it forward.
    ///
    /// A measurement that begins in a closure or a future run by this clock uses this clock until it ends, on
    /// whichever thread it ends. A measurement begins, for example, when a timer is started, when a layer
    /// receives a request, or when an adapter starts to time a query. It makes no difference when the layer was
    /// created or when the adapter was attached.
    ///
    /// This clock does not affect timeouts or tokio's clock. If the code under test sleeps, pause tokio's clock
    /// as well.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::testing::{Clock, assert_moved, observations};
    /// use caracal_metrics::{DurationHistogram, Family, MetricsRegistry};
    ///
    /// static PACKING: Family<DurationHistogram> =
    ///     Family::duration_histogram("packing_duration_seconds", "Time to pack an order.")
    ///         .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);
    ///
    /// let (metrics, clock) = (MetricsRegistry::new(), Clock::new());
    /// let packing = metrics.family(&PACKING)?;
    /// let before = metrics.snapshot();
    /// clock.run(|| {
    ///     let _timer = packing.start_timer();
    ///     clock.advance(Duration::from_millis(7));
    /// });
    /// let moved = metrics.snapshot().since(&before);
    /// assert_moved!(moved, { PACKING => observations(1).sum(0.007) });
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    #[derive(Clone, Copy, Debug)]
    pub struct Clock(&'static Reading);

    #[derive(Debug)]
    struct Reading {
        made: Instant,
        /// The number of nanoseconds that it was moved forward.
        ahead: AtomicU64,
    }

    impl Default for Clock {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Clock {
        /// Creates a clock that starts at the present moment.
        #[must_use]
        pub fn new() -> Self {
            // It is never freed, so that a stopwatch with a clock can be copied like one without. Tests create
            // few clocks.
            Self(Box::leak(Box::new(Reading { made: Instant::now(), ahead: AtomicU64::new(0) })))
        }

        /// Moves the clock forward.
        pub fn advance(&self, by: Duration) {
            self.0.ahead.fetch_add(nanos(by), SeqCst);
        }

        /// Returns the time on this clock.
        #[must_use]
        pub fn now(&self) -> Instant {
            self.0.made + Duration::from_nanos(self.0.ahead.load(SeqCst))
        }

        /// Runs code that measures by this clock. Threads that the code starts do not: see
        /// [`inherit`](crate::testing::inherit).
        pub fn run<R>(&self, run: impl FnOnce() -> R) -> R {
            let _entered = scoped::enter(Some(*self));
            run()
        }

        /// Returns a future whose code measures by this clock, on whichever thread it is polled. Tasks that it
        /// spawns do not: see [`inherit_async`](crate::testing::inherit_async).
        pub fn run_async<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
            ScopedFuture::new(Some(*self), future)
        }

        /// Makes all code of the process measure by this clock until the guard is dropped. Use it for a server
        /// that runs in tasks that the test does not spawn itself. Tests that run at the same time measure by
        /// this clock as well. Put such a test into its own binary, or use nextest, which runs each test in its
        /// own process.
        pub fn run_process(&self) -> ProcessClock {
            ProcessClock { before: OF_PROCESS.lock().replace(*self) }
        }
    }

    /// Keeps a clock as the clock of the process. [`Clock::run_process`] creates it.
    #[derive(Debug)]
    #[must_use = "the process uses its own clock again when this is dropped"]
    pub struct ProcessClock {
        before: Option<Clock>,
    }

    impl Drop for ProcessClock {
        fn drop(&mut self) {
            *OF_PROCESS.lock() = self.before.take();
        }
    }

    impl Scoped for Clock {
        fn slot() -> &'static LocalKey<RefCell<Option<Self>>> {
            &OF_THREAD
        }
    }

    /// Returns the clock that the calling code measures by, if it is the clock of a test.
    pub(super) fn current() -> Option<Clock> {
        scoped::current().or_else(|| *OF_PROCESS.lock())
    }
}
