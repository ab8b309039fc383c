//! The freshness of rows under every interleaving that loom finds. `cargo xtask loom` runs these.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use loom::sync::Arc;
use loom::thread;

use super::changes::{Changes, Version};
use super::exemplars::Slot;
use crate::sync::{AtomicU64, Mutex, explore};

/// A family of two series: its slots, what the threads that found a series recorded, and its rows.
struct Family {
    changes: Changes,
    slots: [AtomicU64; 2],
    rows: Mutex<(Version, [bool; 2])>,
}

impl Family {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            changes: Changes::new(),
            slots: [AtomicU64::new(0), AtomicU64::new(0)],
            rows: Mutex::default(),
        })
    }

    fn insert(&self, series: usize) {
        self.changes.make(|| self.slots[series].store(1, Release));
    }

    fn finds(&self, series: usize) -> bool {
        self.slots[series].load(Acquire) == 1
    }

    /// As `FamilyStore::rows` does it.
    fn rows(&self) -> [bool; 2] {
        let mut rows = self.rows.lock();
        if !self.changes.is_fresh(rows.0) {
            let version = self.changes.version();
            // The scan of a table finds what it must, and may miss the rest.
            *rows = (version, [0, 1].map(|series| self.slots[series].load(Relaxed) == 1));
        }
        rows.1
    }
}

#[test]
fn a_series_that_was_found_is_in_the_rows() {
    explore(|| {
        let family = Family::new();
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                // These rows may be made while the series is becoming findable.
                family.rows();
                let found = family.finds(0);
                assert!(family.rows()[0] || !found);
            }
        });
        family.insert(0);
        reader.join().unwrap();
        assert!(family.rows()[0]);
    });
}

#[test]
fn another_change_that_ends_meanwhile_does_not_make_rows_fresh() {
    explore(|| {
        let family = Family::new();
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                family.insert(1);
                family.rows();
                let found = family.finds(0);
                let rows = family.rows();
                assert!(rows[1] && (rows[0] || !found), "{found}: {rows:?}");
            }
        });
        family.insert(0);
        reader.join().unwrap();
        assert_eq!(family.rows(), [true; 2]);
    });
}

/// While a bucket gets exemplars one after the other, a page never shows a later one in place of
/// one that no page has shown.
#[test]
fn an_exemplar_that_was_kept_is_shown_before_the_next_one() {
    explore(|| {
        let slot = Arc::new(Slot::default());
        let page = |slot: &Slot<u32>| {
            let mut shown = None;
            slot.show(|exemplar| shown = Some(*exemplar));
            shown
        };
        let reader = thread::spawn({
            let slot = Arc::clone(&slot);
            move || page(&slot)
        });
        slot.put(|| 1);
        slot.put(|| 2);
        let first = reader.join().unwrap();
        // The page was shown before these, so the next one takes the place of what it showed.
        slot.put(|| 3);
        match (first, page(&slot)) {
            // Where the page came before the second one, that one is new.
            (Some(1), Some(2 | 3)) => (),
            // The page came first, or stood in the way of one or of both.
            (None, Some(1..=3)) => (),
            shown => panic!("{shown:?}"),
        }
    });
}
