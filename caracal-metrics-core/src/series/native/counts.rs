//! The counts in the native buckets of one series.

use super::buckets::Counted;
use super::fractions::HIGHEST;
use super::grid::halved;
use super::partition::Region;

/// The counts of a series, at one resolution.
#[derive(Clone, Debug, Default)]
pub(crate) struct NativeCounts {
    /// The resolution, as Prometheus numbers it.
    pub(crate) schema: i32,
    /// The number of observations in the zero bucket.
    pub(crate) zero: u64,
    /// The buckets of negative numbers by the index of the absolute value, ascending. None is empty.
    pub(crate) negative: Vec<(i32, u64)>,
    /// The buckets of positive numbers, ascending. None is empty.
    pub(crate) positive: Vec<(i32, u64)>,
}

impl NativeCounts {
    /// Replaces the counts with these, at the resolution that results from halving the highest one `halvings`
    /// times.
    pub(super) fn fill(&mut self, halvings: u32, counted: &[Counted]) {
        self.schema = HIGHEST as i32 - halvings as i32;
        let zeros = counted.iter().filter(|counted| counted.region == Region::Zero);
        self.zero = zeros.map(|counted| counted.observed).sum();
        for (region, buckets) in
            [(Region::Negative, &mut self.negative), (Region::Positive, &mut self.positive)]
        {
            let of_region = counted.iter().filter(|counted| counted.region == region);
            buckets.clear();
            buckets.extend(of_region.map(|counted| {
                (halved(counted.bucket, halvings - counted.halvings), counted.observed)
            }));
            buckets.sort_unstable_by_key(|(bucket, _)| *bucket);
            add_up(buckets);
        }
    }
}

/// Merges neighbours with the same index into one bucket.
fn add_up(buckets: &mut Vec<(i32, u64)>) {
    buckets.dedup_by(|next, first| {
        let is_same = next.0 == first.0;
        if is_same {
            first.1 += next.1;
        }
        is_same
    });
}
