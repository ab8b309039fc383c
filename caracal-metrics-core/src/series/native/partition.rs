//! The intervals into which the bounds of the classic and of the native buckets together divide the numbers.
//!
//! For positive numbers, both the native bucket `k` and the number `c` of lower classic bounds grow with the
//! number. Each interval therefore has a different `k + c`, which is its number. To reverse this: if classic
//! bound number `i` is in the native bucket `k(i)`, the intervals up to `k(i) + i` are not above the bound, and
//! the intervals from `k(i) + i + 1` on are. This is true at each resolution.

use super::grid::{ZERO_THRESHOLD, halved, index};

/// The sign of a number, or whether it counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    Positive = 0,
    Zero = 1,
    Negative = 2,
}

impl Region {
    pub(super) fn of_code(code: u32) -> Self {
        match code {
            0 => Self::Positive,
            2 => Self::Negative,
            _ => Self::Zero,
        }
    }
}

/// For a classic bound: all numbers of the region are beyond it.
const BEFORE_ALL: i32 = i32::MIN;

/// The position of a number, at the highest resolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) region: Region,
    /// The native bucket of the absolute value. 0 if the number counts as zero.
    bucket: i32,
    /// The number of classic bounds between zero and the number or, if the number counts as zero, below it.
    passed: i32,
}

impl Position {
    /// Returns the number of the interval after the resolution was halved this many times.
    pub(super) fn interval(self, halvings: u32) -> i32 {
        halved(self.bucket, halvings) + self.passed
    }
}

#[derive(Debug)]
pub(super) struct Partition {
    /// The native bucket of each positive classic bound, in ascending order.
    positive: Box<[i32]>,
    /// The native bucket of the absolute value of each negative classic bound, in descending order.
    negative: Box<[i32]>,
}

impl Partition {
    /// Creates the partition for these classic bounds, which are ascending.
    pub(super) fn of(bounds: &[f64]) -> Self {
        let bucket = |bound: f64| if bound > ZERO_THRESHOLD { index(bound) } else { BEFORE_ALL };
        Self {
            positive: bounds.iter().map(|bound| bucket(*bound)).collect(),
            negative: bounds.iter().rev().map(|bound| bucket(-bound)).collect(),
        }
    }

    /// Returns the position of a finite number. `below` is the number of classic bounds below it.
    pub(super) fn position(&self, value: f64, below: usize) -> Position {
        let (below, bounds) = (below as i32, self.positive.len() as i32);
        if value > ZERO_THRESHOLD {
            Position { region: Region::Positive, bucket: index(value), passed: below }
        } else if value < -ZERO_THRESHOLD {
            Position { region: Region::Negative, bucket: index(-value), passed: bounds - below }
        } else {
            Position { region: Region::Zero, bucket: 0, passed: below }
        }
    }

    /// Returns the native bucket of an interval, and the number of classic bounds below its numbers.
    pub(super) fn split(&self, region: Region, halvings: u32, interval: i32) -> (i32, usize) {
        let passed = |buckets: &[i32]| {
            let is_passed = |place: usize| {
                let bucket = buckets[place];
                bucket == BEFORE_ALL || halved(bucket, halvings) + (place as i32) < interval
            };
            // There are at most 62 of them, in order.
            (0..buckets.len()).take_while(|place| is_passed(*place)).count()
        };
        match region {
            Region::Zero => (0, interval as usize),
            Region::Positive => {
                let below = passed(&self.positive);
                (interval - below as i32, below)
            }
            Region::Negative => {
                let above = passed(&self.negative);
                (interval - above as i32, self.negative.len() - above)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::grid::halvings;
    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-1e3..1e3_f64),
            (-140..140_i32, any::<bool>()).prop_map(|(exponent, is_negative)| {
                let power = 2_f64.powi(exponent);
                if is_negative { -power } else { power }
            }),
            any::<f64>().prop_filter("finite", |value| value.is_finite()),
            Just(0.0),
        ]
    }

    proptest! {
        /// Both buckets can be derived from the interval, whatever bounds are close to the number.
        #[test]
        fn an_interval_determines_both_buckets(
            mut bounds in prop::collection::vec(number(), 1..62),
            mut values in prop::collection::vec(number(), 1..20),
            schema in -4..=8_i32,
        ) {
            bounds.sort_by(f64::total_cmp);
            bounds.dedup();
            values.extend(bounds.iter().flat_map(|bound| [bound.next_down(), *bound, bound.next_up()]));
            values.retain(|value| value.is_finite());
            let partition = Partition::of(&bounds);
            for value in values {
                let below = bounds.iter().filter(|bound| **bound < value).count();
                let position = partition.position(value, below);
                let times = halvings(schema);
                let (bucket, classic) = partition.split(position.region, times, position.interval(times));
                prop_assert_eq!(classic, below, "{} {:?}", value, bounds);
                let expected = match position.region {
                    Region::Zero => 0,
                    _ => halved(index(value.abs()), times),
                };
                prop_assert_eq!(bucket, expected, "{} {:?}", value, bounds);
            }
        }
    }
}
