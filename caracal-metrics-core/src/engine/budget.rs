//! How many pages all threads may have together.

use std::sync::atomic::Ordering::Relaxed;

use super::pages::PAGE_BYTES;
use crate::sync::{AtomicUsize, const_unless_modelled};

/// 256 MiB. Each of 1,024 threads may then touch a quarter of what a single one may.
const ALL_PAGES: usize = (256 << 20) / PAGE_BYTES;

/// Pages that can still be made. Pages are never given back.
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

    /// Takes a page from the budget, if one is left. Relaxed: the number alone decides.
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
