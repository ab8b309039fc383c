//! Sums of floating-point numbers, in words.
//!
//! Each thread adds to words of its own, so a sum is rounded once for each number and once more for
//! each thread. Words are always added up in the same order, so that a counter never falls: a larger term
//! is never rounded to a smaller sum. A sum that leaves the range of `f64` stays at its end: from an infinity no later
//! number leads back, and two of them make NaN.

use std::sync::atomic::Ordering::{self, Relaxed, Release};

use super::pages::load_own;
use crate::sync::AtomicU64;

/// Adds to a word that this thread alone writes. The ordering is the store's.
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

/// The sum of words.
pub(super) fn sum<'a>(words: impl Iterator<Item = &'a AtomicU64>, ordering: Ordering) -> f64 {
    whole(words.map(|word| f64::from_bits(word.load(ordering))))
}

/// The sum of sums.
pub(super) fn whole(sums: impl Iterator<Item = f64>) -> f64 {
    in_range(sums.sum())
}

/// NaN stays NaN: a gauge may be set to it.
#[inline]
pub(super) fn in_range(sum: f64) -> f64 {
    sum.clamp(f64::MIN, f64::MAX)
}
