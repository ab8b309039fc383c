//! Native buckets in the documents.

use caracal_metrics_core::snapshot::HistogramSnapshot;

use super::json::Json;

/// The sums of the native buckets of several series, at the lowest of their resolutions.
#[derive(Debug)]
pub(super) struct NativeTotal {
    schema: i32,
    zero: u64,
    positive: Buckets,
    negative: Buckets,
}

/// Adds up the native buckets of these histograms. Returns `None` if observations of one of them are only in
/// its classic buckets.
pub(super) fn total<'a>(
    histograms: impl Iterator<Item = HistogramSnapshot<'a>> + Clone,
) -> Option<NativeTotal> {
    let observed = histograms.filter(|histogram| histogram.count() > 0);
    let schemas = observed.clone().map(|histogram| Some(histogram.native()?.schema()));
    let schema = schemas.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let mut total =
        NativeTotal { schema, zero: 0, positive: Buckets::default(), negative: Buckets::default() };
    for native in observed.filter_map(HistogramSnapshot::native) {
        let at = |(index, count): &(i32, u64)| (native.index_at(schema, *index), *count);
        total.zero += native.zero();
        total.positive.add(native.positive().iter().map(at));
        total.negative.add(native.negative().iter().map(at));
    }
    Some(total)
}

impl NativeTotal {
    /// Writes `{"schema": 3, "zero": 0, "positive": [[first, count, …], …]}`. Each array contains the index
    /// of a bucket, and the counts of this bucket and of the consecutive ones after it.
    pub(super) fn write(&self, json: &mut Json) {
        json.object(|json| {
            json.key("schema").integer(self.schema);
            json.key("zero").integer(self.zero);
            self.positive.write(json.key("positive"));
            if !self.negative.0.is_empty() {
                self.negative.write(json.key("negative"));
            }
        });
    }
}

/// Indexes and counts, sorted by index.
#[derive(Debug, Default)]
struct Buckets(Vec<(i32, u64)>);

impl Buckets {
    /// Adds buckets, which must be sorted. The buckets of most series are already there and next to each
    /// other.
    fn add(&mut self, buckets: impl Iterator<Item = (i32, u64)>) {
        let mut place = 0;
        for (index, count) in buckets {
            place += self.0[place..].iter().take_while(|(known, _)| *known < index).count();
            match self.0.get_mut(place) {
                Some((known, sum)) if *known == index => *sum += count,
                _ => self.0.insert(place, (index, count)),
            }
        }
    }

    fn write(&self, json: &mut Json) {
        json.array(|json| {
            for span in self.0.chunk_by(|(index, _), (next, _)| index + 1 == *next) {
                json.array(|json| {
                    json.integer(span[0].0);
                    for (_, count) in span {
                        json.integer(*count);
                    }
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_added_up_and_written_in_spans() {
        let mut buckets = Buckets::default();
        for added in [&[(-3, 1), (-2, 1), (7, 2)][..], &[(-4, 5), (-2, 1), (-2, 1), (9, 1)], &[]] {
            buckets.add(added.iter().copied());
        }
        assert_eq!(buckets.0, [(-4, 5), (-3, 1), (-2, 3), (7, 2), (9, 1)]);
        let mut json = Json::default();
        buckets.write(&mut json);
        assert_eq!(json.into_bytes(), b"[[-4,5,1,3],[7,2],[9,1]]");
    }
}
