//! Models of the rows of a page.

use std::sync::atomic::Ordering::{Acquire, Release};

use loom::sync::Arc;
use loom::thread;

use super::super::changes::Changes;
use super::super::exemplars::Slot;
use crate::engine::Cell;
use crate::sync::{AtomicU64, Mutex, explore};

/// A family with two series of recorders and one of an instance.
struct Family {
    changes: Changes,
    slots: [AtomicU64; 2],
    owned: Mutex<bool>,
    rows: Mutex<([bool; 2], bool)>,
}

impl Family {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            changes: Changes::default(),
            slots: [AtomicU64::new(0), AtomicU64::new(0)],
            owned: Mutex::default(),
            rows: Mutex::default(),
        })
    }

    fn insert(&self, series: u32) {
        let make_findable = || self.slots[series as usize].store(1, Release);
        self.changes.insert(series, Cell::from_raw(series), make_findable);
    }

    fn finds(&self, series: usize) -> bool {
        self.slots[series].load(Acquire) == 1
    }

    /// Does the same as `FamilyStore::own` and `disown`.
    fn own(&self, is_there: bool) {
        let mut owned = self.owned.lock();
        *owned = is_there;
        self.changes.own();
    }

    /// Does the same as `FamilyStore::rows`.
    fn rows(&self) -> ([bool; 2], bool) {
        let mut rows = self.rows.lock();
        let pending = self.changes.take();
        for (series, _) in pending.series {
            rows.0[series as usize] = true;
        }
        if pending.owned {
            rows.1 = *self.owned.lock();
        }
        *rows
    }
}

#[test]
fn a_series_that_was_found_is_in_the_rows() {
    explore(|| {
        let family = Family::new();
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                // These rows may be built while the series is becoming findable.
                family.rows();
                let found = family.finds(0);
                assert!(family.rows().0[0] || !found);
            }
        });
        family.insert(0);
        reader.join().unwrap();
        assert!(family.rows().0[0]);
    });
}

#[test]
fn no_series_is_lost_to_another_page_or_another_series() {
    explore(|| {
        let family = Family::new();
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                family.insert(1);
                family.rows();
                let found = family.finds(0);
                let rows = family.rows().0;
                assert!(rows[1] && (rows[0] || !found), "{found}: {rows:?}");
            }
        });
        family.insert(0);
        assert!(family.rows().0[0]);
        reader.join().unwrap();
        assert_eq!(family.rows().0, [true; 2]);
    });
}

#[test]
fn series_of_an_instance_are_added_and_removed_with_it() {
    explore(|| {
        let family = Family::new();
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                family.rows();
                family.rows();
            }
        });
        family.own(true);
        assert!(family.rows().1);
        family.own(false);
        assert!(!family.rows().1);
        reader.join().unwrap();
    });
}

/// While a bucket gets exemplars one after the other, a page never shows a later exemplar instead of one that
/// no page has shown.
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
        // The page was shown before these, so the next exemplar replaces the one that it showed.
        slot.put(|| 3);
        match (first, page(&slot)) {
            // If the page came before the second one, that one is new.
            (Some(1), Some(2 | 3)) => (),
            // The page came first, or prevented one or both of them.
            (None, Some(1..=3)) => (),
            shown => panic!("{shown:?}"),
        }
    });
}
