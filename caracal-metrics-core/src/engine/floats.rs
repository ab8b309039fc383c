//! Sums of floating-point numbers, in words.
//!
//! Each thread adds to its own words, so a sum is rounded once for each number and once more for each thread.
//! The words are always added up in the same order, so that a counter never falls: a larger term never results
//! in a smaller rounded sum. A sum that leaves the range of `f64` stays at the end of the range. An infinite
//! sum would never become finite again, and two infinite sums can make NaN.
//! number leads back, and two of them make NaN.

use std::sync::atomic::Ordering::{self, Relaxed, Release};

use super::pages::load_own;
use crate::sync::AtomicU64;

/// Adds to a word that only this thread writes. `ordering` is the ordering of the store.
#[inline]
pub(super) fn bump(word: &AtomicU64, n: f64, ordering: Ordering) {
    let sum = in_range(f64::from_bits(load_own(word)) + n);
    word.store(sum.to_bits(), ordering);
}

/// Adds to a word that all threads write.
pub(super) fn add(word: &AtomicU64, n: f64) {
    let mut sum = word.load(Relaxed);
    let added = |sum| in_range(f64::from_bits(sum) + n).to_bits();
    while let Err(other) = word.compare_exchange_weak(sum, added(sum), Release, Relaxed) {
        sum = other;
    }
}

/// Returns the sum of words.
pub(super) fn sum<'a>(words: impl Iterator<Item = &'a AtomicU64>, ordering: Ordering) -> f64 {
    whole(words.map(|word| f64::from_bits(word.load(ordering))))
}

/// Returns the sum of sums.
pub(super) fn whole(sums: impl Iterator<Item = f64>) -> f64 {
    in_range(sums.sum())
}

/// NaN stays NaN, because a gauge can be set to it.
#[inline]
pub(super) fn in_range(sum: f64) -> f64 {
    sum.clamp(f64::MIN, f64::MAX)
}
