//! The removals that a cache's listener has seen.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use moka::notification::RemovalCause;

/// In the order of [`Cause::ALL`](crate::families::Cause::ALL).
const ALL: [RemovalCause; 4] =
    [RemovalCause::Expired, RemovalCause::Explicit, RemovalCause::Replaced, RemovalCause::Size];

const fn index(cause: RemovalCause) -> usize {
    match cause {
        RemovalCause::Expired => 0,
        RemovalCause::Explicit => 1,
        RemovalCause::Replaced => 2,
        RemovalCause::Size => 3,
    }
}

/// Counts removals by cause.
///
/// The listener is created before the cache, and the cache is created before it is wrapped. A
/// listener therefore has no registry. It counts here, and each scrape moves the new counts to the
/// registry.
#[derive(Debug, Default)]
pub(crate) struct Removals([AtomicU64; 4]);

impl Removals {
    pub(crate) fn count(&self, cause: RemovalCause) {
        self.0[index(cause)].fetch_add(1, Relaxed);
    }

    /// The removals since the last call, by cause. Each removal is returned to only one of several
    /// concurrent calls.
    pub(crate) fn take(&self) -> [(RemovalCause, u64); 4] {
        ALL.map(|cause| (cause, self.0[index(cause)].swap(0, Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::Cause;

    #[test]
    fn each_cause_has_its_own_name() {
        assert_eq!(ALL.len(), Cause::ALL.len());
        for (cause, label) in ALL.iter().zip(Cause::ALL) {
            assert_eq!(format!("{cause:?}").to_lowercase(), label.as_str());
        }
        assert_eq!(ALL.map(index), [0, 1, 2, 3]);
    }

    #[test]
    fn what_was_taken_is_not_taken_again() {
        let removals = Removals::default();
        removals.count(RemovalCause::Size);
        removals.count(RemovalCause::Size);
        removals.count(RemovalCause::Expired);
        assert_eq!(removals.take().map(|(_, n)| n), [1, 0, 0, 2]);
        assert_eq!(removals.take().map(|(_, n)| n), [0; 4]);
    }
}
