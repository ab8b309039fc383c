//! The work of each library, and its parameters.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::ensure;

use super::names::Rotation;
pub(crate) use super::work::{Work, repeat, samples};

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// A counter whose labels were resolved before.
    pub(crate) handle: fn() -> Work,
    /// A counter with three labels of one word each, given by value.
    pub(crate) counter: fn() -> Work,
    /// A custom counter, with three labels that have a few fixed values.
    pub(crate) enum_counter: fn() -> Work,
    /// A custom counter, with an enum and a text as labels, given by value. The text is [`tenant`]'s:
    /// the caller owns it only while it records.
    pub(crate) own_counter: fn() -> Work,
    /// A custom histogram, with an enum and a text as labels, given by value.
    pub(crate) histogram: fn() -> Work,
    /// A counter with three labels and a histogram with two of them.
    pub(crate) query: fn() -> Work,
    /// In flight up and down, a counter with three labels, and a histogram with two.
    pub(crate) request: fn() -> Work,
    /// The same, with labels that were resolved before.
    pub(crate) request_handle: fn() -> Work,
    /// A counter with an enum and a changing name as labels, and a histogram with the enum.
    pub(crate) policy: fn(&Rotation) -> Work,
    /// A counter with two texts as labels, one of which is a changing name.
    pub(crate) two_open: fn(&Rotation) -> Work,
    /// Pages of counters with two labels. A variant of a library may have no page of its own.
    pub(crate) counters_page: Option<fn(Page) -> Work>,
    /// Pages of histograms with two labels and eleven bounds.
    pub(crate) histograms_page: Option<fn(Page) -> Work>,
}

/// A page that is written repeatedly.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) series: u64,
    /// Whether a new series is added before each page.
    pub(crate) growing: bool,
}

pub(crate) const SERIES: u64 = 10_000;

pub(super) const TOOK: Duration = Duration::from_millis(37);
pub(super) const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
pub(super) const PAGE_BUCKETS: [f64; 11] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
pub(super) const POLICY_BUCKETS: [f64; 10] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// A label value that a request provides.
pub(super) fn tenant() -> String {
    "acme-inc".to_owned()
}

/// Writes pages into one buffer, like a server that keeps its buffer. Proven by the last page, which
/// has a sample with this name for each series.
pub(super) fn pages<B: AsRef<[u8]> + Default + Send + 'static>(
    page: Page,
    name: &'static str,
    record: impl Fn(u64) + Send + Sync + 'static,
    write: impl Fn(&mut B) + Send + Sync + 'static,
) -> Work {
    (0..page.series).for_each(&record);
    let last = std::sync::Arc::new(Mutex::new(B::default()));
    let proof = last.clone();
    let next = AtomicU64::new(page.series);
    let work = repeat(move || {
        if page.growing {
            record(next.fetch_add(1, Relaxed));
        }
        write(&mut last.lock().expect("no panic"));
    });
    work.proven_by(move |done| {
        let series = page.series + if page.growing { done } else { 0 };
        let last = proof.lock().expect("no panic");
        let shown = samples((*last).as_ref(), name).count() as u64;
        ensure!(shown == series, "{shown} samples `{name}` on a page of {series} series");
        Ok(())
    })
}
