//! The engine under every interleaving that loom finds: `cargo xtask test` runs these with
//! `--cfg caracal_loom`, under which a page has one run and one thread alone has pages.

use loom::sync::Arc;
use loom::thread;

use super::carries::Carries;
use super::store::Store;
use super::sync::AtomicU64;
use super::{Cell, LONGEST_NANOS, Width};

/// A store with one cell.
fn store_with(width: Width) -> (Arc<Store>, Cell) {
    let store = Store::new();
    let cell = store.allocate(width);
    (Arc::new(store), cell)
}

/// A thread of the process: enters where it may, records, leaves as it ends.
fn record(store: &Store, times: u64, record: impl Fn(Option<&super::pages::Pages>)) {
    let pages = store.enter();
    for _ in 0..times {
        record(pages);
    }
    if let Some(pages) = pages {
        store.leave(pages);
    }
}

fn add(store: &Store, cell: Cell, times: u64) {
    record(store, times, |pages| {
        let own = pages.is_some_and(|pages| {
            pages.make(cell);
            pages.add(cell, 1)
        });
        if !own {
            store.add_shared(cell, 1);
        }
    });
}

fn observe(store: &Store, cell: Cell, times: u64, nanos: u64) {
    record(store, times, |pages| {
        let own = pages.is_some_and(|pages| {
            pages.make(cell);
            store.observe(pages, cell, 0, nanos)
        });
        if !own {
            store.observe_shared(cell, 0, nanos);
        }
    });
}

/// Reads twice: a counter never goes down, whatever others do meanwhile.
fn read_twice(store: &Store, cell: Cell) -> u64 {
    let first = store.reader().counter(&[cell]);
    let second = store.reader().counter(&[cell]);
    assert!(first <= second, "from {first} to {second}");
    second
}

#[test]
fn a_thread_that_ends_while_it_is_read_loses_and_doubles_nothing() {
    loom::model(|| {
        let (store, cell) = store_with(Width::Word);
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || add(&store, cell, 2)
        });
        assert!(read_twice(&store, cell) <= 2);
        thread.join().unwrap();
        assert_eq!(store.reader().counter(&[cell]), 2);
    });
}

#[test]
fn a_thread_beyond_the_limit_shares_words() {
    loom::model(|| {
        let (store, cell) = store_with(Width::Word);
        let threads = [1, 2].map(|times| {
            let store = Arc::clone(&store);
            thread::spawn(move || add(&store, cell, times))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(store.reader().counter(&[cell]), 3);
    });
}

#[test]
fn the_next_thread_goes_on_with_the_pages_of_one_that_ended() {
    loom::model(|| {
        let (store, cell) = store_with(Width::Word);
        add(&store, cell, 1);
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || add(&store, cell, 1)
        });
        let read = read_twice(&store, cell);
        assert!((1..=2).contains(&read), "{read}");
        thread.join().unwrap();
        assert_eq!(store.reader().counter(&[cell]), 2);
    });
}

#[test]
fn a_cell_that_is_given_back_while_its_thread_ends_reads_zero() {
    loom::model(|| {
        let (store, cell) = store_with(Width::Word);
        let pages = store.enter().unwrap();
        pages.make(cell);
        assert!(pages.add(cell, 5));
        // As a thread does that was joined but whose thread-locals are still being destroyed.
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || store.leave(pages)
        });
        store.release(cell, Width::Word);
        assert_eq!(store.allocate(Width::Word), cell);
        assert_eq!(store.reader().counter(&[cell]), 0);
        thread.join().unwrap();
        assert_eq!(store.reader().counter(&[cell]), 0);
    });
}

#[test]
fn a_sum_that_is_carried_while_it_is_read_never_goes_down() {
    // The next nanoseconds carry.
    const NEARLY: u64 = (1 << 62) - LONGEST_NANOS;
    loom::model(|| {
        let carries = Arc::new(Carries::none());
        let words = Arc::new([AtomicU64::new(NEARLY), AtomicU64::new(NEARLY)]);
        let thread = thread::spawn({
            let (carries, words) = (Arc::clone(&carries), Arc::clone(&words));
            move || {
                carries.bump(Cell(0), &words[0], LONGEST_NANOS);
                carries.add(Cell(0), &words[1], LONGEST_NANOS);
            }
        });
        let sum = || carries.whole(Cell(0), || words.iter());
        let (first, second) = (sum(), sum());
        assert!(2 * u128::from(NEARLY) <= first && first <= second, "from {first} to {second}");
        thread.join().unwrap();
        assert_eq!(sum(), 2 << 62);
    });
}

#[test]
fn a_histogram_is_whole_after_its_threads_ended() {
    loom::model(|| {
        let (store, cell) = store_with(Width::Histogram);
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || observe(&store, cell, 1, 7)
        });
        observe(&store, cell, 1, 5);
        thread.join().unwrap();
        let value = store.reader().histogram(&[cell]);
        assert_eq!((value.buckets[0], value.sum_nanos), (2, 12));
    });
}
