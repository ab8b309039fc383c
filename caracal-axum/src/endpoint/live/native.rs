//! Native buckets in the documents.

use caracal_metrics_core::snapshot::HistogramSnapshot;

use super::json::Json;

/// The native buckets of several series together, at the lowest of their resolutions.
#[derive(Debug)]
pub(super) struct NativeTotal {
    schema: i32,
    zero: u64,
    positive: Buckets,
    negative: Buckets,
}

/// `None` where observations of a series are in no native bucket: the classic ones have all of them.
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
    /// `{"schema": 3, "zero": 0, "positive": [[first, count, …], …]}`: each array has the index of a bucket,
    /// and the counts of it and of those that follow it.
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

/// Indexes and counts, in the order of the indexes.
#[derive(Debug, Default)]
struct Buckets(Vec<(i32, u64)>);

impl Buckets {
    /// Adds buckets that come in order. Those of most series are there already, side by side.
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
