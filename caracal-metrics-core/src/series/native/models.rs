//! Models of chunks under every interleaving that loom finds. A series then has two chunks before its
//! resolution is halved.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use loom::sync::Arc;
use loom::thread;

use super::chunks::{Chunks, Grown};
use super::partition::{Partition, Position};
use crate::engine::{Cell, RUN_WORDS};
use crate::sync::{AtomicU64, AtomicUsize, explore};

/// The maximum number of chunks in a model.
const CHUNKS: usize = 4;

/// A series, with a word for each chunk instead of the engine.
struct Series {
    chunks: Chunks,
    allocated: AtomicUsize,
    words: [AtomicU64; CHUNKS],
    sum: AtomicU64,
}

/// Returns the position of a number that has its own chunk, both at the highest resolution and at half of it.
fn position(chunk: i32) -> Position {
    Partition::of(&[]).position(2_f64.powi(chunk), 0)
}

impl Series {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            chunks: Chunks::new(0),
            allocated: AtomicUsize::new(0),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
            sum: AtomicU64::new(0),
        })
    }

    /// Does the same as a family: first the word, then the sum.
    fn observe(&self, chunk: i32) -> Grown {
        let position = position(chunk);
        let (word, grown) = match self.chunks.find(position) {
            Some(word) => (Some(word), Grown::Fits),
            None => self.chunks.grow(position, || {
                let run = self.allocated.fetch_add(1, Relaxed);
                Some(Cell::from_raw((run * RUN_WORDS) as u32))
            }),
        };
        let word = word.unwrap().to_raw() as usize / RUN_WORDS;
        self.words[word].fetch_add(1, Relaxed);
        self.sum.fetch_add(1, Release);
        grown
    }

    /// Does the same as a page: first the sum, then the words.
    fn read(&self) -> (u64, u64) {
        let sum = self.sum.load(Acquire);
        let mut count = 0;
        self.chunks.for_each(|_, _, _, cell| {
            count += self.words[cell.to_raw() as usize / RUN_WORDS].load(Relaxed);
        });
        (sum, count)
    }
}

#[test]
fn a_sum_is_never_read_without_the_chunk_that_came_with_it() {
    explore(|| {
        let series = Series::new();
        let reader = thread::spawn({
            let series = Arc::clone(&series);
            move || {
                let (sum, count) = series.read();
                assert!(sum <= count, "a sum of {sum} with a count of {count}");
            }
        });
        series.observe(0);
        series.observe(0);
        reader.join().unwrap();
        assert_eq!(series.read(), (2, 2));
    });
}

#[test]
fn a_sum_is_never_read_without_the_chunk_of_a_halved_resolution() {
    explore(|| {
        let series = Series::new();
        series.observe(0);
        series.observe(1);
        let reader = thread::spawn({
            let series = Arc::clone(&series);
            move || {
                let (sum, count) = series.read();
                assert!(sum <= count, "a sum of {sum} with a count of {count}");
            }
        });
        assert_eq!(series.observe(2), Grown::Halved);
        reader.join().unwrap();
        assert_eq!(series.read(), (3, 3));
        assert_eq!(series.chunks.halvings(), 1);
    });
}

#[test]
fn two_threads_create_one_chunk() {
    explore(|| {
        let series = Series::new();
        let other = thread::spawn({
            let series = Arc::clone(&series);
            move || series.observe(0)
        });
        series.observe(0);
        other.join().unwrap();
        assert_eq!(series.read(), (2, 2));
        assert_eq!(series.allocated.load(Relaxed), 1);
    });
}

#[test]
fn two_threads_halve_once_and_lose_nothing() {
    explore(|| {
        let series = Series::new();
        series.observe(0);
        series.observe(1);
        let other = thread::spawn({
            let series = Arc::clone(&series);
            move || series.observe(2)
        });
        let grown = [series.observe(2), other.join().unwrap()];
        assert_eq!(grown.iter().filter(|grown| **grown == Grown::Halved).count(), 1);
        assert_eq!(series.read(), (4, 4));
        assert_eq!(series.chunks.halvings(), 1);
    });
}
