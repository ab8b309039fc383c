//! Models of gauges that count guards.

use std::sync::atomic::Ordering::{Relaxed, Release};

use loom::sync::Arc;
use loom::thread;

use super::{explore, store_with};
use crate::engine::pages::Pages;
use crate::engine::reader::Reader;
use crate::engine::store::Store;
use crate::engine::{Cell, Width};

/// Starts a guard, like a thread with pages.
fn begin(pages: &Pages, gauge: Cell) {
    assert!(pages.add(gauge, 1, Release));
}

/// Ends a guard, like a thread without pages.
fn end(store: &Store, gauge: Cell) {
    store.add_shared(gauge.ended(), 1, Release);
}

/// Runs `read` while guards start on a thread with pages, one at a time, and end on a thread without pages. The
/// actions of one thread have always happened before the other continues, so one loom thread is enough.
fn read_while_one_is_in_flight(guards: u64, read: impl Fn(u64) + Send + Sync + Copy + 'static) {
    explore(move || {
        let (store, gauge) = store_with(Width::Gauge);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, gauge));
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || read(Reader::of(&store).in_flight(gauge))
        });
        for guard in 0..guards {
            if guard > 0 {
                end(&store, gauge);
            }
            begin(pages, gauge);
        }
        reader.join().unwrap();
        assert_eq!(Reader::of(&store).in_flight(gauge), 1);
    });
}

#[test]
fn never_reads_more_guards_than_there_are() {
    read_while_one_is_in_flight(3, |in_flight| assert!(in_flight <= 1, "{in_flight}"));
}

#[test]
fn reads_zero_only_when_the_counts_are_visible() {
    explore(|| {
        let (store, gauge) = store_with(Width::Gauge);
        let counter = store.allocate(Width::Word);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, gauge));
        // The guard was started before the read, on this thread, and ends on any thread.
        begin(pages, gauge);
        begin(pages, gauge);
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let in_flight = Reader::of(&store).in_flight(gauge);
                let count = Reader::of(&store).counter(&[counter]);
                assert!(in_flight <= 2 && in_flight + count >= 2, "{in_flight}, counted {count}");
            }
        });
        assert!(pages.add(counter, 1, Relaxed));
        assert!(pages.add(gauge.ended(), 1, Release));
        store.add_shared(counter, 1, Relaxed);
        end(&store, gauge);
        reader.join().unwrap();
    });
}

#[test]
fn a_thread_that_ends_while_guards_are_read_loses_none() {
    explore(|| {
        let (store, gauge) = store_with(Width::Gauge);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, gauge));
        begin(pages, gauge);
        begin(pages, gauge);
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let in_flight = Reader::of(&store).in_flight(gauge);
                assert!((1..=2).contains(&in_flight), "{in_flight}");
            }
        });
        end(&store, gauge);
        store.leave(pages);
        reader.join().unwrap();
        assert_eq!(Reader::of(&store).in_flight(gauge), 1);
    });
}
