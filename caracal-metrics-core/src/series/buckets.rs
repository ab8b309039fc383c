//! Finds the bucket of an observation.

use crate::description::Bounds;
use crate::engine::{LONGEST_NANOS, NARROW_BUCKETS, RUN_WORDS, Sum, Width};
use crate::family_spec::FamilyKind;

/// The number of quarters of an octave, which is the number of values of a byte.
const QUARTERS: usize = 1 << u8::BITS;

/// Returns the quarter of an octave to which a number belongs: the low bits of a float's exponent and the first
/// two bits of its fraction. Zero belongs to the quarter of 1, which is the lowest bound.
#[inline]
fn quarter(number: u64) -> usize {
    let float = number.max(1).cast_signed() as f64;
    usize::from((float.to_bits() >> (f64::MANTISSA_DIGITS - 3)) as u8)
}

/// Returns the smallest number of a quarter, in ascending order: those of 1, of 2, of 4.
fn first_of(quarter: u32) -> u64 {
    (u64::from(4 + quarter % 4) << (quarter / 4)) >> 2
}

/// The bounds of a histogram, prepared for searching.
#[derive(Debug)]
pub(crate) struct BucketSearch {
    /// In nanoseconds, in ascending order, filled up with [`u64::MAX`]. Most histograms have no more bounds
    /// than this.
    narrow: [u64; RUN_WORDS],
    /// For each quarter of an octave, the number of bounds below all of its numbers. See [`quarter`].
    below: [u8; QUARTERS],
    /// Whether no quarter has more than one bound.
    spread: bool,
    /// The number of runs of a cell.
    runs: usize,
    bounds: Bounds,
}

impl BucketSearch {
    pub(crate) fn of(bounds: &Bounds) -> Self {
        let nanos = match bounds {
            Bounds::Nanos(bounds) => &**bounds,
            _ => &[],
        };
        let Width::Histogram { runs, .. } = Width::histogram(bounds.len(), Sum::Nanos) else {
            unreachable!("the width of a histogram is one")
        };
        let nanos = if nanos.len() < NARROW_BUCKETS { nanos } else { &[] };
        // A float can't represent all bits of larger numbers.
        let are_exact = nanos.iter().all(|bound| *bound <= 1 << f64::MANTISSA_DIGITS);
        let mut below = [0; QUARTERS];
        let mut within = [0_u8; QUARTERS];
        if are_exact {
            for bound in nanos {
                within[quarter(*bound)] += 1;
            }
            for first in (0..=4 * LONGEST_NANOS.ilog2()).map(first_of) {
                let less = nanos.iter().filter(|bound| **bound < first).count();
                below[quarter(first)] = less as u8;
            }
        }
        Self {
            narrow: std::array::from_fn(|place| nanos.get(place).copied().unwrap_or(u64::MAX)),
            below,
            spread: are_exact && within.iter().all(|bounds| *bounds <= 1),
            runs,
            bounds: bounds.clone(),
        }
    }

    /// Returns the width of the family's cells.
    pub(crate) fn width(&self, kind: FamilyKind) -> Width {
        match kind {
            FamilyKind::Counter => Width::Word,
            FamilyKind::FloatCounter | FamilyKind::FloatGauge => Width::Float,
            FamilyKind::Gauge => Width::Gauge,
            FamilyKind::DurationHistogram => Width::histogram(self.bounds.len(), Sum::Nanos),
            FamilyKind::Histogram => Width::histogram(self.bounds.len(), Sum::Float),
        }
    }

    /// Returns the number of runs of a cell.
    #[inline]
    pub(crate) fn runs(&self) -> usize {
        self.runs
    }

    /// Returns the number of bounds below this duration, for a histogram with one run.
    #[inline]
    pub(crate) fn narrow(&self, nanos: u64) -> usize {
        // There are no quarters and no exact bounds above this.
        let below = self.below[quarter(nanos.min(LONGEST_NANOS))];
        self.from(below, nanos)
    }

    /// Like [`narrow`](Self::narrow), for a duration of at most [`LONGEST_NANOS`].
    #[inline]
    pub(crate) fn narrow_ordinary(&self, nanos: u64) -> usize {
        debug_assert!(nanos <= LONGEST_NANOS);
        self.from(self.below[quarter(nanos)], nanos)
    }

    /// Like [`narrow`](Self::narrow). `below` is the number of bounds below all numbers of the quarter.
    #[inline]
    fn from(&self, below: u8, nanos: u64) -> usize {
        // This has no branch that can be mispredicted, unless bounds are close to each other.
        let mut bucket = usize::from(below) % RUN_WORDS;
        bucket += usize::from(self.narrow[bucket] < nanos);
        if !self.spread {
            bucket += self.narrow[bucket..].iter().take_while(|bound| **bound < nanos).count();
        }
        bucket
    }

    /// Returns the number of bounds below this duration.
    pub(crate) fn of_nanos(&self, nanos: u64) -> usize {
        match &self.bounds {
            Bounds::Nanos(bounds) => bounds.partition_point(|bound| *bound < nanos),
            _ => 0,
        }
    }

    /// Returns the number of bounds below this number.
    pub(crate) fn of_float(&self, value: f64) -> usize {
        match &self.bounds {
            Bounds::Floats(bounds) => bounds.partition_point(|bound| *bound < value),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..64_u32)
            .prop_map(|(number, shift)| (number >> shift).clamp(1, u64::MAX - 2))
    }

    proptest! {
        #[test]
        fn a_bucket_is_the_number_of_lower_bounds(
            mut bounds in btree_set(number(), 1..NARROW_BUCKETS - 2),
            observed in number(),
            near in any::<prop::sample::Index>(),
        ) {
            // Possibly one more in the same quarter.
            let bound = *near.get(&Vec::from_iter(bounds.clone()));
            bounds.insert(bound + 1);
            let bounds: Box<[u64]> = bounds.into_iter().collect();
            let search = BucketSearch::of(&Bounds::Nanos(bounds.clone()));
            for observed in [0, 1, 2, 3, observed, bound - 1, bound, bound + 1, bound + 2, u64::MAX] {
                let expected = bounds.iter().filter(|bound| **bound < observed).count();
                prop_assert_eq!(search.narrow(observed), expected, "{}", observed);
            }
        }
    }
}
