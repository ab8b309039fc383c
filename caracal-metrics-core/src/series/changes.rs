//! The changes in a family since its rows were built.

use crate::engine::Cell;
use crate::sync::Mutex;

/// The new series, and whether series of instances were added or removed.
///
/// Once a record has returned, it must be on every page that starts afterwards. As soon as a series is
/// findable, a thread may find it, record into it, return, and read a page. A series is therefore listed here
/// before it is findable.
///
/// Proof: a thread that has found a series sees that it was listed, because the `Release` that made the series
/// findable comes after the lock of the list. When this thread reads a page, it therefore finds the series in
/// the list, unless another page has taken it from there. That page holds the lock of the rows from before it
/// takes the list until the rows contain what it took, and this thread gets the rows under the same lock.
///
/// As a consequence, a page may contain a series that is not findable yet. Its value is zero.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pending: Mutex<Pending>,
    #[cfg(all(test, not(caracal_loom)))]
    pub(super) seam: super::seam::Seam,
}

/// Changes that are not in the rows yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The series of recorders: by the index of their record or, in a family with closed labels only, by the
    /// number of their closed labels.
    pub(super) series: Vec<(u32, Cell)>,
    /// Whether series of instances were added or removed.
    pub(super) owned: bool,
}

impl Changes {
    /// Lists a series, and then makes it findable with a `Release`.
    pub(super) fn insert(&self, id: u32, cell: Cell, make_findable: impl FnOnce()) {
        #[cfg(all(test, not(caracal_loom)))]
        self.seam.pass(super::seam::Moment::BeforeTheChange);
        self.pending.lock().series.push((id, cell));
        make_findable();
        #[cfg(all(test, not(caracal_loom)))]
        self.seam.pass(super::seam::Moment::AfterTheChange);
    }

    /// Notes that the list of the series of instances has changed. This is called under the lock of that list,
    /// so that a page that takes this note and then locks the list sees the change.
    pub(super) fn own(&self) {
        self.pending.lock().owned = true;
    }

    /// Takes the changes that are not in the rows yet. The caller holds the lock of the rows until they contain
    /// the changes.
    pub(super) fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending.lock())
    }
}
