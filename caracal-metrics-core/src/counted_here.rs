//! Lets one adapter tell another one that it already counts something.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

thread_local! {
    static IS_ENTERED: Cell<bool> = const { Cell::new(false) };
}

static IS_SOUGHT: AtomicBool = AtomicBool::new(false);

/// Marks this thread, until it is dropped, as running something that an adapter already counts.
///
/// A wrapped library may emit events of its own, which another adapter counts. That adapter ignores events that
/// are emitted while the thread is marked. The mark belongs to the process, so the two adapters can be crates
/// that do not depend on each other.
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
#[must_use = "the mark ends when this is dropped"]
pub struct CountedHere {
    before: bool,
    /// The mark belongs to this thread.
    not_send: PhantomData<*const ()>,
}

impl CountedHere {
    /// Marks this thread.
    pub fn enter() -> Self {
        let before = IS_ENTERED.try_with(|entered| entered.replace(true)).unwrap_or(true);
        Self { before, not_send: PhantomData }
    }

    /// Returns whether this thread is marked.
    #[must_use]
    pub fn is_entered() -> bool {
        IS_ENTERED.try_with(Cell::get).unwrap_or(false)
    }

    /// Declares that code in this process checks for the mark, from now on.
    pub fn seek() {
        IS_SOUGHT.store(true, Relaxed);
    }

    /// Returns whether code in this process checks for the mark. If not, an adapter can omit marks that are
    /// more expensive than this one.
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
