//! Telling one adapter what another one counts already.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

thread_local! {
    static IS_ENTERED: Cell<bool> = const { Cell::new(false) };
}

static IS_SOUGHT: AtomicBool = AtomicBool::new(false);

/// Marks this thread, until it is dropped, as running something that an adapter counts.
///
/// A library that is wrapped may emit events of its own, from which another adapter counts. It leaves
/// out those that come while the thread is marked. The mark is the process's, so that the two adapters
/// may be crates that do not know each other.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::adapter::CountedHere;
///
/// assert!(!CountedHere::is_entered());
/// let entered = CountedHere::enter();
/// assert!(CountedHere::is_entered());
/// drop(entered);
/// assert!(!CountedHere::is_entered());
/// ```
#[derive(Debug)]
#[must_use = "the mark is gone when this is dropped"]
pub struct CountedHere {
    before: bool,
    /// Of this thread.
    not_send: PhantomData<*const ()>,
}

impl CountedHere {
    /// Marks this thread.
    pub fn enter() -> Self {
        let before = IS_ENTERED.try_with(|entered| entered.replace(true)).unwrap_or(true);
        Self { before, not_send: PhantomData }
    }

    /// Whether this thread is marked.
    #[must_use]
    pub fn is_entered() -> bool {
        IS_ENTERED.try_with(Cell::get).unwrap_or(false)
    }

    /// Says that somebody in this process looks for the mark, from now on.
    pub fn seek() {
        IS_SOUGHT.store(true, Relaxed);
    }

    /// Whether somebody looks for the mark: otherwise what a mark costs more than this can be saved.
    #[must_use]
    pub fn is_sought() -> bool {
        IS_SOUGHT.load(Relaxed)
    }
}

impl Drop for CountedHere {
    fn drop(&mut self) {
        let _: Result<_, _> = IS_ENTERED.try_with(|entered| entered.set(self.before));
    }
}
