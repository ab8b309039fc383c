//! Which pages are this thread's.

use std::ptr;

use super::cell::Cell;
use super::own;
use super::pages::Pages;
use super::store::STORE;

#[cfg(not(caracal_loom))]
static NO_PAGES: Pages = Pages::none();
// Only for the crate to compile: the models have a store and threads of their own.
#[cfg(caracal_loom)]
static NO_PAGES: std::sync::LazyLock<Pages> = std::sync::LazyLock::new(Pages::none);

#[cfg(caracal_loom)]
thread_local! {
    static PAGES: std::cell::Cell<&'static Pages> = std::cell::Cell::new(&NO_PAGES);
}

#[cfg(not(caracal_loom))]
thread_local! {
    /// Apart from [`END`], since a thread-local that needs no destructor is read without a check
    /// and while the others are being destroyed.
    static PAGES: std::cell::Cell<&'static Pages> = const { std::cell::Cell::new(&NO_PAGES) };
}

thread_local! {
    static END: End = const { End };
}

fn no_pages() -> &'static Pages {
    &NO_PAGES
}

/// Folds the thread's words into the shared ones when the thread ends.
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

/// The thread's pages, without any where it has none yet.
#[inline]
pub(super) fn pages() -> &'static Pages {
    PAGES.get()
}

/// The thread's pages with one for this cell, or `None` where all threads share its word.
#[cold]
pub(super) fn reach(cell: Cell) -> Option<&'static Pages> {
    if !Pages::may_hold(cell) {
        return None;
    }
    let mut pages = PAGES.get();
    if ptr::eq(pages, no_pages()) {
        // Where `END` is gone, other thread-locals are being destroyed: nobody would fold what they
        // record, so they record into what is shared.
        END.try_with(|_| ()).ok()?;
        pages = STORE.enter()?;
        PAGES.set(pages);
    }
    STORE.make(pages, cell).then_some(pages)
}
