//! Which rows of the output are still right.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::AtomicU64;

/// Counts the changes to a family's series, as they begin and as they end.
///
/// A record that has returned must be on every page that is begun afterwards. A thread may find a
/// series as soon as it is findable, record into it, return, and read a page. So the rows must be
/// stale before the series is findable. It is not enough to count a change before it is made: rows
/// that are made between the two lack the series and would count as fresh. Nor is it enough to count
/// it afterwards. So both are counted. The version of rows is the number of changes that had ended
/// before they were made, and rows are fresh as long as no more changes than that have begun.
///
/// Proof: a thread that has found a series sees that its change has begun, because that was counted
/// before the `Release` by which the series became findable. Rows without the series were made when
/// its change was not yet seen to have ended. The changes that were seen to have ended also have
/// begun for everyone who gets these rows, and this one in addition, so the numbers differ.
#[derive(Debug)]
pub(super) struct Changes {
    begun: AtomicU64,
    ended: AtomicU64,
    #[cfg(all(test, not(caracal_loom)))]
    pub(super) seam: super::seam::Seam,
}

/// The number of changes that are in rows. Zero is the version of no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version(u64);

impl Changes {
    pub(super) fn new() -> Self {
        // The family itself is the first change.
        Self {
            begun: AtomicU64::new(1),
            ended: AtomicU64::new(1),
            #[cfg(all(test, not(caracal_loom)))]
            seam: super::seam::Seam::default(),
        }
    }

    /// Makes a series findable with a `Release`, or takes one away.
    pub(super) fn make(&self, change: impl FnOnce()) {
        self.begun.fetch_add(1, Relaxed);
        #[cfg(all(test, not(caracal_loom)))]
        self.seam.pass(super::seam::Moment::BeforeTheChange);
        change();
        #[cfg(all(test, not(caracal_loom)))]
        self.seam.pass(super::seam::Moment::AfterTheChange);
        // Release: a thread that counts the change as ended sees it.
        self.ended.fetch_add(1, Release);
    }

    /// The version of rows that are made from now on.
    pub(super) fn version(&self) -> Version {
        Version(self.ended.load(Acquire))
    }

    /// Whether rows of this version, which this thread got under a lock, have every series that it
    /// has found.
    pub(super) fn is_fresh(&self, version: Version) -> bool {
        Version(self.begun.load(Relaxed)) == version
    }
}
