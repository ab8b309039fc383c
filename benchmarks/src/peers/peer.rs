//! What each library does, and with which numbers.

use std::time::Duration;

/// Work to time: does it this many times.
pub(crate) type Work = Box<dyn Fn(u64) + Sync>;

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// A counter whose labels were resolved before.
    pub(crate) handle: fn() -> Work,
    /// A counter with three labels, a word each, given by value.
    pub(crate) counter: fn() -> Work,
    /// A histogram with two labels, given by value.
    pub(crate) histogram: fn() -> Work,
    /// A counter that a service declares itself, with an enum and a text as labels, given by value.
    /// The text is [`tenant`]'s: the caller has it as long as it records, and no longer.
    pub(crate) own_counter: fn() -> Work,
    /// In flight up and down, a counter with three labels, a histogram with two.
    pub(crate) request: fn() -> Work,
    /// A page of [`SERIES`] counters with two labels.
    pub(crate) counters_page: fn() -> Work,
    /// A page of [`SERIES`] histograms with two labels and eleven bounds.
    pub(crate) histograms_page: fn() -> Work,
}

pub(crate) const SERIES: u64 = 10_000;

pub(super) const TOOK: Duration = Duration::from_millis(37);
pub(super) const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
pub(super) const PAGE_BUCKETS: [f64; 11] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// A label value that a request brings along.
pub(super) fn tenant() -> String {
    "acme-inc".to_owned()
}

/// Does `work` as often as asked.
pub(crate) fn repeat(work: impl Fn() + Sync + 'static) -> Work {
    Box::new(move |times| (0..times).for_each(|_| work()))
}
