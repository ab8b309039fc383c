//! Models of cells that are added up page by page.

use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Arc;
use loom::thread;

use super::{explore, store_with};
use crate::engine::reader::Reader;
use crate::engine::store::Store;
use crate::engine::{Cell, LONGEST_NANOS, NARROW_BUCKETS, Sum, Width};

const NANOS: Width = Width::Histogram { runs: 1, sum: Sum::Nanos };
const FLOAT: Width = Width::Histogram { runs: 1, sum: Sum::Float };

/// Returns a reader that has added up this cell.
fn summed(store: &Store, width: Width, cell: Cell) -> Reader<'_> {
    let mut reader = Reader::of(store);
    reader.sum_up(width, std::iter::once(cell));
    reader
}

/// Returns the count and the sum.
fn histogram(store: &Store, cell: Cell) -> (u64, u128) {
    let mut buckets = [0; NARROW_BUCKETS];
    let nanos = summed(store, NANOS, cell).histogram(&[cell], &mut buckets);
    (buckets[0], nanos)
}

#[test]
fn a_sum_is_never_summed_up_without_its_buckets() {
    const EACH: u64 = 7;
    explore(|| {
        let (store, cell) = store_with(NANOS);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell));
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let (count, sum) = histogram(&store, cell);
                assert!(sum <= u128::from(count * EACH), "a sum of {sum} with a count of {count}");
            }
        });
        assert!(store.observe(pages, cell, 0, EACH));
        store.observe_shared(cell, 1, 0, EACH);
        reader.join().unwrap();
        assert_eq!(histogram(&store, cell), (2, u128::from(2 * EACH)));
    });
}

#[test]
fn a_float_sum_is_never_summed_up_without_its_buckets() {
    explore(|| {
        let (store, cell) = store_with(FLOAT);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell));
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let mut buckets = [0; NARROW_BUCKETS];
                let sum = summed(&store, FLOAT, cell).float_histogram(&[cell], &mut buckets);
                assert!(sum <= 0.5 * buckets[0] as f64, "a sum of {sum} with {}", buckets[0]);
            }
        });
        assert!(Store::observe_float(pages, cell, 1, 0, 1, 0.5));
        store.observe_float_shared(cell, 1, 0, 1, 0.5);
        reader.join().unwrap();
    });
}

/// The next observation of the longest duration makes this sum carry.
const NEARLY: u64 = (1 << 62) - LONGEST_NANOS;

/// Adds up a histogram twice while its sum is carried.
fn sum_up_while(write: impl Fn(&Store, Cell)) {
    let (store, cell) = store_with(NANOS);
    store.observe_shared(cell, 1, 0, NEARLY);
    let reader = thread::spawn({
        let store = Arc::clone(&store);
        move || {
            let (first, second) = (histogram(&store, cell), histogram(&store, cell));
            assert!(first.0 <= second.0 && first.1 <= second.1, "from {first:?} to {second:?}");
            assert!(u128::from(NEARLY) <= first.1 && second.1 <= (1 << 62) + 1, "{second:?}");
        }
    });
    write(&store, cell);
    reader.join().unwrap();
    assert_eq!(histogram(&store, cell).1, (1 << 62) + 1);
}

#[test]
fn a_sum_that_is_carried_while_it_is_summed_up_never_goes_down() {
    explore(|| {
        sum_up_while(|store, cell| {
            store.observe_shared(cell, 1, 0, LONGEST_NANOS);
            store.observe_shared(cell, 1, 0, 1);
        });
    });
}

#[test]
fn a_thread_that_ends_while_it_is_summed_up_loses_and_doubles_nothing() {
    explore(|| {
        let (store, cell) = store_with(Width::Word);
        let read = move |store: &Store| summed(store, Width::Word, cell).counter(&[cell]);
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell) && pages.add(cell, 1, Relaxed));
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let (first, second) = (read(&store), read(&store));
                assert!(1 <= first && first <= second && second <= 2, "from {first} to {second}");
            }
        });
        assert!(pages.add(cell, 1, Relaxed));
        store.leave(pages);
        reader.join().unwrap();
        assert_eq!(read(&store), 2);
    });
}
