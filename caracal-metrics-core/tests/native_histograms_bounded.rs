//! The limit of native buckets of a process, in a separate process.

#[path = "support/model.rs"]
mod model;
#[path = "support/native.rs"]
mod native;

use caracal_metrics_core::snapshot::SeriesValue;
use caracal_metrics_core::{Family, Histogram, MetricsRegistry, Resolution, labels};
use model::decode;
use native::{Native, assert_agree};

labels! { struct Item<'a> { id: &'a str } }
static SIZE: Family<Histogram, Item<'_>> = Family::histogram("size", "Sizes.").buckets(&[1.0, 1e9]);

/// The maximum number of runs of 16 buckets in a process.
const CHUNKS: usize = 1 << 18;
/// The number of runs of a series in this test.
const OF_A_SERIES: i32 = 16;

fn registry() -> MetricsRegistry {
    MetricsRegistry::builder()
        .native_histograms(Resolution::default())
        .max_series_per_family(CHUNKS)
        .build()
        .unwrap()
}

fn histogram(m: &MetricsRegistry, id: &str) -> model::Histogram {
    let family = decode(m, &["size"]).remove(0);
    let metric = family.metric.into_iter().find(|metric| metric.label[0].value == id);
    metric.unwrap().histogram.unwrap()
}

#[test]
fn a_series_without_room_has_only_classic_buckets() {
    let m = registry();
    let size = m.family(&SIZE).unwrap();
    let limited = || m.sample("caracal_metrics_native_limited_total", &[("metric", "size")]);
    // Some of its buckets exist before the limit is reached.
    size.observe(Item { id: "early" }, 2.0);
    let last = CHUNKS / OF_A_SERIES as usize;
    for series in 0..last {
        let id = format!("item-{series}");
        for chunk in 0..OF_A_SERIES {
            size.observe(Item { id: &id }, 4_f64.powi(chunk));
        }
    }
    // The last of these lacks one chunk, which the early one has.
    assert_eq!(limited(), Some(1.0));
    size.observe(Item { id: "late" }, 5.0);
    size.observe(Item { id: "late" }, 1e12);
    assert_eq!(limited(), Some(2.0), "once for each series");

    let classic = |histogram: &model::Histogram| {
        histogram.bucket.iter().map(|bucket| bucket.cumulative_count).collect::<Vec<_>>()
    };
    let late = histogram(&m, "late");
    assert_eq!((late.schema, late.zero_threshold), (None, None), "it has no native buckets");
    assert_eq!(
        (classic(&late), late.sample_count, late.sample_sum),
        (vec![0, 1, 2], 2, 1e12 + 5.0)
    );
    assert_agree(&histogram(&m, "item-0"));
    // An observation with a bucket is counted in it.
    size.observe(Item { id: "early" }, 2.0);
    assert_agree(&histogram(&m, "early"));
    // An observation without a bucket removes the native view of the series, but no count.
    size.observe(Item { id: "early" }, 1e12);
    let early = histogram(&m, "early");
    assert_eq!(early.schema, None);
    assert_eq!((classic(&early), early.sample_count), (vec![0, 2, 3], 3));

    // The snapshot agrees.
    let snapshot = m.snapshot();
    let is_native = |id| {
        let series = snapshot.family("size").unwrap().get(&[("id", id)]).unwrap();
        let SeriesValue::Histogram(histogram) = series.value() else { panic!("not a histogram") };
        histogram.native().is_some()
    };
    assert_eq!(["item-0", "early", "late"].map(is_native), [true, false, false]);

    // All of them are available to the next registry.
    drop(size);
    drop(m);
    let m = registry();
    let size = m.family(&SIZE).unwrap();
    size.observe(Item { id: "a" }, 2.0);
    let again = histogram(&m, "a");
    assert_agree(&again);
    assert_eq!(Native::of(&again), Native::expected(3, [2.0]));
}
