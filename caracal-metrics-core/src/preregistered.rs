//! Families that a registry has from the start. They are found by index.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::engine;
use crate::family::Family;
use crate::family_spec::FamilySpec;
use crate::kinds::{Counter, DurationHistogram, Gauge, Kind, Series};
use crate::labels::{Labels, is_same};
use crate::registry::MetricsRegistry;
use crate::series::FamilyStore;

/// The index of a family among those that a registry has from the start.
#[derive(Debug)]
pub(crate) struct Preregistered<K, L = ()> {
    place: usize,
    types: PhantomData<fn() -> (K, L)>,
}

impl<K, L> Clone for Preregistered<K, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, L> Copy for Preregistered<K, L> {}

impl<K, L: Labels> Preregistered<K, L> {
    /// Returns the index of a family in a list that ends before the index `end`.
    ///
    /// # Panics
    ///
    /// Panics at compile time if the family is not in the list.
    pub(crate) const fn find(
        family: &'static Family<K, L>,
        families: &[&FamilySpec],
        end: usize,
    ) -> Self {
        let mut place = 0;
        while place < families.len() {
            if is_same(families[place].name, family.spec().name) {
                return Self { place: end - families.len() + place, types: PhantomData };
            }
            place += 1;
        }
        panic!("the family is not in the list");
    }
}

impl MetricsRegistry {
    #[inline]
    pub(crate) fn store<K, L>(&self, family: Preregistered<K, L>) -> &Arc<FamilyStore> {
        &self.preregistered()[family.place]
    }

    /// Adds one to a counter.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn count<L: Labels>(&self, family: Preregistered<Counter, L>, labels: L::Of<'_>) {
        self.store(family).add(&labels, 1);
    }

    /// Adds one to a counter and counts the duration.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn count_and_observe<L: Labels, T: Labels>(
        &self,
        (counter, labels): (Preregistered<Counter, L>, L::Of<'_>),
        (histogram, of_duration): (Preregistered<DurationHistogram, T>, T::Of<'_>),
        duration: Duration,
    ) {
        let histogram = self.store(histogram);
        self.store(counter).add_and_observe(&labels, histogram, &of_duration, duration);
    }

    /// Sets a gauge. A number that is too large for an `i64` is replaced by `i64::MAX`.
    pub(crate) fn set<L: Labels>(
        &self,
        family: Preregistered<Gauge, L>,
        labels: L::Of<'_>,
        value: u64,
    ) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        engine::set(self.store(family).cell_of_set(&labels), value);
    }

    /// Returns the handle of a series.
    pub(crate) fn handle<K: Kind, L: Labels>(
        &self,
        family: Preregistered<K, L>,
        labels: L::Of<'_>,
    ) -> K {
        K::from_series(Series::of(self.store(family), &labels))
    }
}
