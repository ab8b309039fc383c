//! Models of histograms and of the carries of their sums.

use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Arc;
use loom::thread;

use super::{explore, record, store_with};
use crate::engine::carries::Carries;
use crate::engine::floats;
use crate::engine::reader::Reader;
use crate::engine::store::Store;
use crate::engine::{Cell, LONGEST_NANOS, NARROW_BUCKETS, Sum, Width};
use crate::sync::AtomicU64;

fn observe(store: &Store, cell: Cell, times: u64, nanos: u64) {
    record(store, times, |pages| {
        let own = pages
            .is_some_and(|pages| store.make(pages, cell) && store.observe(pages, cell, 0, nanos));
        if !own {
            store.observe_shared(cell, 1, 0, nanos);
        }
    });
}

/// The next observation of the longest duration makes this sum carry.
const NEARLY: u64 = (1 << 62) - LONGEST_NANOS;

/// Reads a sum of two words twice while `write` adds to them.
fn read_while(write: impl Fn(&Carries, &[AtomicU64; 2])) -> u128 {
    let carries = Arc::new(Carries::none());
    let words = Arc::new([AtomicU64::new(NEARLY), AtomicU64::new(NEARLY)]);
    let reader = thread::spawn({
        let (carries, words) = (Arc::clone(&carries), Arc::clone(&words));
        move || {
            let sum = || carries.whole(Cell(0), || words.iter());
            let (first, second) = (sum(), sum());
            assert!(2 * u128::from(NEARLY) <= first && first <= second, "from {first} to {second}");
        }
    });
    write(&carries, &words);
    reader.join().unwrap();
    carries.whole(Cell(0), || words.iter())
}

#[test]
fn a_sum_that_is_carried_while_it_is_read_never_goes_down() {
    explore(|| {
        let sum = read_while(|carries, words| {
            carries.bump(|| Cell(0), &words[0], LONGEST_NANOS);
            carries.add(Cell(0), &words[1], LONGEST_NANOS);
        });
        assert_eq!(sum, 2 << 62);
    });
}

#[test]
fn a_sum_that_its_owner_adds_to_after_a_carry_never_goes_down() {
    explore(|| {
        let sum = read_while(|carries, words| {
            carries.bump(|| Cell(0), &words[0], LONGEST_NANOS);
            carries.bump(|| Cell(0), &words[0], 1);
        });
        assert_eq!(sum, u128::from(NEARLY) + (1 << 62) + 1);
    });
}

#[test]
fn a_shared_sum_that_is_added_to_after_a_carry_never_goes_down() {
    explore(|| {
        let sum = read_while(|carries, words| {
            carries.add(Cell(0), &words[1], LONGEST_NANOS);
            carries.add(Cell(0), &words[1], 1);
        });
        assert_eq!(sum, u128::from(NEARLY) + (1 << 62) + 1);
    });
}

#[test]
fn a_sum_is_never_read_without_its_buckets() {
    const NANOS: u64 = 7;
    explore(|| {
        let (store, cell) = store_with(Width::histogram(1, Sum::Nanos));
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell));
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let mut buckets = [0; NARROW_BUCKETS];
                let sum = Reader::of(&store).histogram(&[cell], &mut buckets);
                let count = buckets[0];
                assert!(sum <= u128::from(count * NANOS), "a sum of {sum} with a count of {count}");
            }
        });
        assert!(store.observe(pages, cell, 0, NANOS));
        store.observe_shared(cell, 1, 0, NANOS);
        reader.join().unwrap();
    });
}

#[test]
fn a_histogram_is_whole_after_its_threads_ended() {
    explore(|| {
        let (store, cell) = store_with(Width::histogram(1, Sum::Nanos));
        let thread = thread::spawn({
            let store = Arc::clone(&store);
            move || observe(&store, cell, 1, 7)
        });
        observe(&store, cell, 1, 5);
        thread.join().unwrap();
        let mut buckets = [0; NARROW_BUCKETS];
        let sum = Reader::of(&store).histogram(&[cell], &mut buckets);
        assert_eq!((buckets[0], sum), (2, 12));
    });
}

#[test]
fn no_float_that_two_threads_add_is_lost() {
    explore(|| {
        let (store, cell) = store_with(Width::Float);
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                // These are two statements, because loom has no lock that one thread can read twice at once.
                let first = Reader::of(&store).float(&[cell]);
                let second = Reader::of(&store).float(&[cell]);
                assert!(0.0 <= first && first <= second && second <= 1.5, "{first}, {second}");
                store.add_float_shared(cell, 0.5);
            }
        });
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell));
        floats::bump(pages.word(cell).unwrap(), 0.5, Relaxed);
        store.add_float_shared(cell, 0.5);
        reader.join().unwrap();
        store.leave(pages);
        assert_eq!(Reader::of(&store).float(&[cell]), 1.5);
    });
}

#[test]
fn a_float_sum_is_never_visible_before_its_buckets() {
    explore(|| {
        let (store, cell) = store_with(Width::histogram(1, Sum::Float));
        let pages = store.enter().unwrap();
        assert!(store.make(pages, cell));
        let reader = thread::spawn({
            let store = Arc::clone(&store);
            move || {
                let mut buckets = [0; NARROW_BUCKETS];
                let sum = Reader::of(&store).float_histogram(&[cell], &mut buckets);
                assert!(sum <= 0.5 * buckets[0] as f64, "a sum of {sum} with {}", buckets[0]);
            }
        });
        assert!(Store::observe_float(pages, cell, 1, 0, 1, 0.5));
        store.observe_float_shared(cell, 1, 0, 1, 0.5);
        reader.join().unwrap();
    });
}
