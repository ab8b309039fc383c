//! The counters of the calls of a wrapped cache.

use std::time::Duration;

use caracal_metrics_core::{Counter, DurationHistogram};

/// Counts lookups and loads.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) load_success: DurationHistogram,
    pub(crate) load_error: DurationHistogram,
}

/// A run of an init closure or future.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) duration: Duration,
    /// Whether it returned a value.
    pub(crate) success: bool,
}

impl Recorder {
    /// Counts a lookup without a load.
    #[inline]
    pub(crate) fn lookup(&self, found: bool) {
        if found { self.hits.inc() } else { self.misses.inc() }
    }

    /// Counts a load and the miss that led to it.
    pub(crate) fn load(&self, load: Load) {
        self.lookup(false);
        let histogram = if load.success { &self.load_success } else { &self.load_error };
        histogram.observe(load.duration);
    }

    /// Counts a call that may have loaded a value. It is a miss if this call loaded, or if there
    /// was no value in the end. A value that another call loaded is a hit.
    #[inline]
    pub(crate) fn finish(&self, load: Option<Load>, found: bool) {
        match load {
            Some(load) => self.load(load),
            None => self.lookup(found),
        }
    }
}
