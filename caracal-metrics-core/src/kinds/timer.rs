//! Timers of a piece of work.

use super::DurationHistogram;
use crate::clock::Stopwatch;

/// Counts the time since its creation in a [`DurationHistogram`] when it is dropped: at the end of the scope,
/// at an early `?`, in a panic, or when a future that holds it is cancelled.
#[derive(Debug)]
#[must_use = "the time ends when the timer is dropped"]
pub struct Timer {
    /// `None` once the timer was discarded.
    histogram: Option<DurationHistogram>,
    stopwatch: Stopwatch,
}

impl Timer {
    /// Ends the timer without counting anything.
    pub fn discard(mut self) {
        self.histogram = None;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(histogram) = &self.histogram {
            histogram.observe(self.stopwatch.elapsed());
        }
    }
}

impl DurationHistogram {
    /// Starts a timer that counts the time until it is dropped.
    pub fn start_timer(&self) -> Timer {
        Timer { histogram: Some(self.clone()), stopwatch: Stopwatch::start() }
    }
}
