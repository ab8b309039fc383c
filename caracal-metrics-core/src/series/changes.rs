//! What changed in a family since its rows were made.

use crate::engine::Cell;
use crate::sync::Mutex;

/// Series that came, and whether series of instances came or went.
///
/// A record that has returned must be on every page that is begun afterwards. A thread may find a
/// series as soon as it is findable, record into it, return, and read a page. So a series is listed
/// here before it is findable.
///
/// Proof: a thread that has found a series sees that it was listed, because the `Release` by which
/// the series became findable comes after the list's lock. So this thread finds the series in the
/// list when it reads a page, or another page has taken it from there. That page holds the lock of
/// the rows from before it takes the list until the rows have what it took, and this thread gets the
/// rows under that lock.
///
/// So a page may have a series that is not findable yet. It reads zero.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pending: Mutex<Pending>,
    #[cfg(all(test, not(caracal_loom)))]
    pub(super) seam: super::seam::Seam,
}

/// The changes that the rows do not have.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Of recorders: by the place of their record, or the number of their closed labels where there
    /// are no others.
    pub(super) series: Vec<(u32, Cell)>,
    /// Series of instances came or went.
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

    /// The list of the series of instances has changed. Called under its lock, so that a page that takes
    /// this and then locks the list sees the change.
    pub(super) fn own(&self) {
        self.pending.lock().owned = true;
    }

    /// What the rows do not have. The caller holds the lock of the rows until they have it.
    pub(super) fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending.lock())
    }
}
