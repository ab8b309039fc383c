//! The pages of the calling thread.

use std::ptr;

use super::cell::Cell;
use super::own;
use super::pages::Pages;
use super::store::STORE;

#[cfg(not(caracal_loom))]
static NO_PAGES: Pages = Pages::none();
// This is only needed to compile the crate: the models have their own store and threads.
#[cfg(caracal_loom)]
static NO_PAGES: std::sync::LazyLock<Pages> = std::sync::LazyLock::new(Pages::none);

#[cfg(caracal_loom)]
thread_local! {
    static PAGES: std::cell::Cell<&'static Pages> = std::cell::Cell::new(&NO_PAGES);
}

#[cfg(not(caracal_loom))]
thread_local! {
    /// This is separate from [`END`], because a thread-local without a destructor is read without a check, even
    /// while the others are being destroyed.
    static PAGES: std::cell::Cell<&'static Pages> = const { std::cell::Cell::new(&NO_PAGES) };
}

thread_local! {
    static END: End = const { End };
}

fn no_pages() -> &'static Pages {
    &NO_PAGES
}

/// Adds the thread's words to the shared ones when the thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let pages = PAGES.replace(no_pages());
        own::forget();
        if !ptr::eq(pages, no_pages()) {
            STORE.leave(pages);
        }
    }
}

/// Returns the thread's pages, which are empty if it has none yet.
#[inline]
pub(super) fn pages() -> &'static Pages {
    PAGES.get()
}

/// Returns the thread's pages with one for this cell, or `None` if all threads share its word.
#[cold]
pub(super) fn reach(cell: Cell) -> Option<&'static Pages> {
    if !Pages::may_hold(cell) {
        return None;
    }
    let mut pages = PAGES.get();
    if ptr::eq(pages, no_pages()) {
        // If `END` is gone, other thread-locals are being destroyed. Nothing would move their records to the
        // shared words, so they record into the shared words directly.
        END.try_with(|_| ()).ok()?;
        pages = STORE.enter()?;
        PAGES.set(pages);
    }
    STORE.make(pages, cell).then_some(pages)
}
