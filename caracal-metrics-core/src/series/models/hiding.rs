//! Models of hiding and recording.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use loom::sync::Arc;
use loom::thread;

use super::super::changes::Changes;
use crate::engine::Cell;
use crate::sync::{AtomicU64, Mutex, explore};

const AWAKE: u64 = 0;
const MARKED: u64 = 1;
const HIDDEN: u64 = 2;

/// A family with one series, whose record exists.
struct Family {
    changes: Changes,
    /// The rest state of the record, as in its head.
    rest: AtomicU64,
    /// The number under which threads keep lookups.
    number: AtomicU64,
    cell: AtomicU64,
    /// Corresponds to the lock of the interner.
    insert: Mutex<()>,
    rows: Mutex<bool>,
}

impl Family {
    fn new(rest: u64) -> Arc<Self> {
        let family = Self {
            changes: Changes::default(),
            rest: AtomicU64::new(rest),
            number: AtomicU64::new(1),
            cell: AtomicU64::new(0),
            insert: Mutex::default(),
            rows: Mutex::default(),
        };
        *family.rows.lock() = rest != HIDDEN;
        Arc::new(family)
    }

    /// Does the same as `FamilyStore::add` and `Watch::resolve`. `kept` is the number under which the thread
    /// keeps the series.
    fn record(&self, kept: &mut u64) {
        if self.number.load(Relaxed) != *kept {
            if self.rest.load(Relaxed) == AWAKE {
                let number = self.number.load(Acquire);
                if self.rest.load(Relaxed) == AWAKE {
                    *kept = number;
                }
            } else {
                self.wake();
            }
        }
        self.cell.fetch_add(1, Relaxed);
    }

    fn wake(&self) {
        let _inserting = self.insert.lock();
        let wake = || self.rest.store(AWAKE, Release);
        match self.rest.load(Relaxed) {
            MARKED => wake(),
            HIDDEN => self.changes.insert(0, Cell::from_raw(0), wake),
            _ => {}
        }
    }

    /// Does the same as `FamilyStore::rows` and `Watch::look`. The idle time passes between two pages.
    fn look(&self) -> bool {
        let mut rows = self.rows.lock();
        let pending = self.changes.take();
        {
            let _inserting = self.insert.lock();
            match self.rest.load(Relaxed) {
                AWAKE => self.rest.store(MARKED, Release),
                MARKED => {
                    self.rest.store(HIDDEN, Release);
                    *rows = false;
                }
                _ => {}
            }
        }
        self.number.fetch_add(1, AcqRel);
        *rows |= !pending.series.is_empty();
        *rows
    }

    /// Returns the rows of a page at which no look is due yet.
    fn page(&self) -> bool {
        let mut rows = self.rows.lock();
        *rows |= !self.changes.take().series.is_empty();
        *rows
    }
}

/// Another thread wakes the series, and this one finds it awake, without a lock.
#[test]
fn a_hidden_series_is_on_the_page_that_follows_a_record() {
    explore(|| {
        let family = Family::new(HIDDEN);
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                // These rows may be built while the series is becoming findable.
                family.page();
                family.record(&mut 0);
                assert!(family.page());
            }
        });
        family.record(&mut 0);
        assert!(family.page());
        reader.join().unwrap();
        assert!(family.page());
    });
}

/// After a thread has seen a mark, its next record removes it.
#[test]
fn no_thread_keeps_a_series_that_was_marked() {
    explore(|| {
        let family = Family::new(AWAKE);
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                let mut kept = 0;
                family.record(&mut kept);
                family.record(&mut kept);
                kept
            }
        });
        family.look();
        let mut kept = reader.join().unwrap();
        let is_marked = family.rest.load(Relaxed) == MARKED;
        assert!(!is_marked || kept != family.number.load(Relaxed));
        family.record(&mut kept);
        assert_eq!(family.rest.load(Relaxed), AWAKE);
        assert!(!family.look() || family.rest.load(Relaxed) == MARKED);
    });
}

/// A record that overlaps the hiding may count as one before it. But it is not lost, and the series does not
/// stay on the page, nor is it there twice.
#[test]
fn what_is_recorded_while_a_series_is_hidden_is_in_its_total() {
    explore(|| {
        let family = Family::new(MARKED);
        let reader = thread::spawn({
            let family = Arc::clone(&family);
            move || {
                let mut kept = 0;
                family.record(&mut kept);
                family.record(&mut kept);
                let is_shown = family.rest.load(Relaxed) != HIDDEN;
                assert!(family.page() || !is_shown);
            }
        });
        family.look();
        reader.join().unwrap();
        family.record(&mut 0);
        assert!(family.page());
        assert_eq!(family.cell.load(Relaxed), 3);
    });
}
