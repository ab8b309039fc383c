//! Maintenance of a cache during a scrape.

use std::time::{Duration, Instant};

use crate::kind::Kind;

/// How many entries moka passes to the predicates of `invalidate_entries_if` in one run. The next
/// run continues with the following entries, even if this run found none.
const BATCH: u64 = 384;

/// With a listener, moka ends a run after this time, even if entries are left.
const LONGEST_RUN: Duration = Duration::from_millis(100);

/// Runs the pending tasks until they would remove nothing more, or until `budget` is used up.
///
/// One run is not enough, and moka does not report whether anything is left. This function
/// therefore makes as many runs as two passes over all entries take. Two passes are needed because
/// a predicate may be registered when moka is halfway through a pass for another predicate. It then
/// gets its turn in the next pass. A run with nothing to do takes a fraction of a microsecond.
pub(crate) fn run<C: Kind>(cache: &C, budget: Duration) {
    let started = Instant::now();
    let run = || {
        let began = Instant::now();
        cache.run_pending_tasks();
        began.elapsed()
    };
    // This run applies the inserts that the count does not contain yet.
    run();
    let mut runs = 2 * (cache.entry_count() / BATCH) + 3;
    while runs > 0 && started.elapsed() < budget {
        // A run that moka ended early does not count towards a pass.
        if run() < LONGEST_RUN {
            runs -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    /// A cache with this number of entries.
    #[derive(Clone)]
    struct Counts {
        entries: u64,
        runs: Arc<AtomicU64>,
    }

    impl Kind for Counts {
        const MAY_RUN_FUTURES: bool = false;

        fn run_pending_tasks(&self) {
            self.runs.fetch_add(1, Relaxed);
        }

        fn entry_count(&self) -> u64 {
            self.entries
        }

        fn weighted_size(&self) -> u64 {
            self.entries
        }
    }

    fn runs(entries: u64, budget: Duration) -> u64 {
        let cache = Counts { entries, runs: Arc::default() };
        run(&cache, budget);
        cache.runs.load(Relaxed)
    }

    #[test]
    fn there_are_enough_runs_for_two_passes_and_no_more() {
        let long = Duration::from_secs(600);
        assert!(runs(0, long) >= 2);
        assert!((2 * 27..2 * 27 + 5).contains(&runs(10_000, long)));
        assert_eq!(runs(10_000, Duration::ZERO), 1, "whatever the time, one run is done");
    }
}
