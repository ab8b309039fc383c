//! Models of counters.

use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Arc;
use loom::thread;

use super::{explore, record, store_with};
use crate::engine::budget::Budget;
use crate::engine::own::OwnWord;
use crate::engine::reader::Reader;
use crate::engine::store::Store;
use crate::engine::{Cell, Width};

fn add(store: &Store, cell: Cell, times: u64) {
    record(store, times, |pages| {
        let own = pages.is_some_and(|pages| {
            store.make(pages, cell) && OwnWord::of(pages, cell).map(|own| own.add(1)).is_some()
        });
        if !own {
            store.add_shared(cell, 1, Relaxed);
        }
    });
}

/// Reads twice. A counter never decreases, regardless of what other threads do at the same time.
fn read_twice(store: &Store, cell: Cell) -> u64 {
    let first = Reader::of(store).counter(&[cell]);
    let second = Reader::of(store).counter(&[cell]);
    assert!(first <= second, "from {first} to {second}");
    second
}

#[test]
fn a_thread_that_ends_while_it_is_read_loses_and_doubles_nothing() {
    explore(|| {
        let (store, cell) = store_with(Width::Word);
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || assert!(read_twice(&store, cell) <= 2)
        });
        add(&store, cell, 2);
        reader.join().unwrap();
        assert_eq!(Reader::of(&store).counter(&[cell]), 2);
    });
}

#[test]
fn a_thread_beyond_the_limit_shares_words() {
    explore(|| {
        let (store, cell) = store_with(Width::Word);
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || add(&store, cell, 1)
        });
        add(&store, cell, 2);
        thread.join().unwrap();
        assert_eq!(Reader::of(&store).counter(&[cell]), 3);
    });
}

#[test]
fn the_next_thread_uses_the_pages_of_one_that_ended() {
    explore(|| {
        let (store, cell) = store_with(Width::Word);
        add(&store, cell, 1);
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let read = read_twice(&store, cell);
                assert!((1..=2).contains(&read), "{read}");
            }
        });
        add(&store, cell, 1);
        reader.join().unwrap();
        assert_eq!(Reader::of(&store).counter(&[cell]), 2);
    });
}

#[test]
fn a_cell_that_is_released_while_its_thread_ends_reads_zero() {
    explore(|| {
        let (store, cell) = store_with(Width::Word);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell));
        assert!(pages.add(cell, 5, Relaxed));
        // This is like a thread that was joined but whose thread-locals are still being destroyed.
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || store.leave(pages)
        });
        store.release(cell, Width::Word);
        assert_eq!(store.allocate(Width::Word), cell);
        assert_eq!(Reader::of(&store).counter(&[cell]), 0);
        thread.join().unwrap();
        assert_eq!(Reader::of(&store).counter(&[cell]), 0);
    });
}

#[test]
fn two_threads_do_not_get_the_same_last_page() {
    explore(|| {
        let budget = Arc::new(Budget::of(1));
        let thread = thread::spawn({
            let budget = Arc::clone(&budget);
            move || budget.take()
        });
        let (own, other) = (budget.take(), thread.join().unwrap());
        assert!(own != other && !budget.take());
    });
}
