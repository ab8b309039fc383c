//! The number of pages that all threads may have together.

use std::sync::atomic::Ordering::Relaxed;

use super::pages::PAGE_BYTES;
use crate::sync::{AtomicUsize, const_unless_modelled};

/// 256 MiB in total. Each of 1,024 threads can then use a quarter of the pages that a single thread may have.
const ALL_PAGES: usize = (256 << 20) / PAGE_BYTES;

/// The number of pages that can still be created. Pages are never returned.
#[derive(Debug)]
pub(super) struct Budget(AtomicUsize);

impl Budget {
    const_unless_modelled! {
        pub(super) fn whole() -> Self {
            Self(AtomicUsize::new(ALL_PAGES))
        }
    }

    #[cfg(test)]
    pub(super) fn of(pages: usize) -> Self {
        Self(AtomicUsize::new(pages))
    }

    /// Takes a page from the budget, if one is left. Relaxed is enough, because only the number matters.
    pub(super) fn take(&self) -> bool {
        let mut left = self.0.load(Relaxed);
        while let Some(less) = left.checked_sub(1) {
            match self.0.compare_exchange_weak(left, less, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
        false
    }
}
