//! The native buckets on a page correspond to the observations, and agree with the classic buckets.

#[path = "support/model.rs"]
mod model;
#[path = "support/native.rs"]
mod native;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::adapter::InstanceKind;
use caracal_metrics_core::snapshot::SeriesValue;
use caracal_metrics_core::{
    BuildError, DatabaseOperationType, DurationHistogram, Exemplar, Family, Format, Histogram,
    MetricsRegistry, PolicyDecisionType, QueryStatus, Resolution, catalogue, labels,
};
use model::decode;
use native::{Native, assert_agree};
use proptest::prelude::*;

const MILLI: Duration = Duration::from_millis(1);

static TOOK: Family<DurationHistogram> = Family::duration_histogram("took_seconds", "Took.")
    .buckets(&[
        MILLI,
        Duration::from_millis(25),
        Duration::from_millis(26),
        Duration::from_secs(1),
    ]);
static WIDE: Family<DurationHistogram> = Family::duration_histogram("wide_seconds", "Took.")
    .buckets(
        const {
            &{
                let mut bounds = [Duration::ZERO; 40];
                let mut at = 0;
                while at < bounds.len() {
                    bounds[at] = Duration::from_micros(100 * (at as u64 + 1));
                    at += 1;
                }
                bounds
            }
        },
    );
static SIZE: Family<Histogram> =
    Family::histogram("size", "Sizes.").buckets(&[-10.0, -1.5, 0.0, 2.0, 1e6]);

fn registry(schema: u8) -> MetricsRegistry {
    MetricsRegistry::builder().native_histograms(Resolution::schema(schema)).build().unwrap()
}

/// Returns the histogram of a family with one series.
fn only(m: &MetricsRegistry, name: &str) -> model::Histogram {
    let [family] = &decode(m, &[name])[..] else {
        panic!("{name} is not on the page exactly once")
    };
    let [metric] = &family.metric[..] else {
        panic!("not exactly one series: {:?}", family.metric)
    };
    metric.histogram.clone().expect("a histogram")
}

/// What a snapshot has of the same family.
fn of_snapshot(m: &MetricsRegistry, name: &str) -> Native {
    let snapshot = m.snapshot();
    let series = snapshot.family(name).unwrap().series().next().unwrap();
    let SeriesValue::Histogram(histogram) = series.value() else { panic!("not a histogram") };
    let native = histogram.native().expect("native buckets");
    Native {
        schema: native.schema(),
        zero: native.zero(),
        positive: native.positive().iter().copied().collect(),
        negative: native.negative().iter().copied().collect(),
    }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Returns the classic buckets of these numbers as on a page, including the bucket `+Inf`.
fn classic(bounds: &[f64], values: &[f64]) -> Vec<u64> {
    let bounds = bounds.iter().copied().chain([f64::INFINITY]);
    bounds.map(|bound| values.iter().filter(|value| **value <= bound).count() as u64).collect()
}

fn cumulative(histogram: &model::Histogram) -> Vec<u64> {
    histogram.bucket.iter().map(|bucket| bucket.cumulative_count).collect()
}

fn bounds(histogram: &model::Histogram) -> Vec<f64> {
    let bounds = histogram.bucket.iter().map(|bucket| bucket.upper_bound);
    bounds.filter(|bound| bound.is_finite()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Durations of any length, at any resolution that has room for them.
    #[test]
    fn buckets_of_durations(
        schema in 0..=8_u8,
        observed in prop::collection::vec((0..u64::MAX, 20..64_u32), 1..100),
        wide: bool,
    ) {
        let m = registry(schema);
        let family = if wide { &WIDE } else { &TOOK };
        let histogram = m.family(family).unwrap();
        let nanos: Vec<_> = observed.into_iter().map(|(nanos, shift)| nanos >> shift).collect();
        for nanos in &nanos {
            histogram.observe(Duration::from_nanos(*nanos));
        }
        let page = only(&m, family.spec().name);
        let values: Vec<_> = nanos.iter().map(|nanos| seconds(*nanos)).collect();
        let native = Native::of(&page);
        prop_assert_eq!(&native, &of_snapshot(&m, family.spec().name));
        prop_assert!(native.schema <= schema.into());
        prop_assert_eq!(&native, &Native::expected(native.schema, values.iter().copied()));
        prop_assert_eq!(cumulative(&page), classic(&bounds(&page), &values));
        prop_assert_eq!(page.sample_count, nanos.len() as u64);
        prop_assert_eq!(page.sample_sum, nanos.iter().map(|n| u128::from(*n)).sum::<u128>() as f64 / 1e9);
    }

    /// Numbers of both signs and of all sizes.
    #[test]
    fn buckets_of_numbers(
        schema in 0..=8_u8,
        values in prop::collection::vec(
            prop_oneof![
                -100.0..100.0_f64,
                any::<f64>().prop_filter("finite", |value| value.is_finite()),
                prop::sample::select(vec![0.0, -0.0, 2.0, -1.5, -10.0, 1e-300, -1e-300, f64::MAX, f64::MIN]),
            ],
            1..100,
        ),
    ) {
        let m = registry(schema);
        let histogram = m.family(&SIZE).unwrap();
        for value in &values {
            histogram.observe(*value);
        }
        let page = only(&m, "size");
        let native = Native::of(&page);
        prop_assert_eq!(&native, &of_snapshot(&m, "size"));
        prop_assert_eq!(&native, &Native::expected(native.schema, values.iter().copied()));
        prop_assert_eq!(cumulative(&page), classic(&bounds(&page), &values));
    }
}

/// Buckets of a snapshot at a lower resolution are those that would have been counted at it.
#[test]
fn buckets_of_a_snapshot_can_be_merged() {
    let values: Vec<_> = (1..400).map(|number| f64::from(number * number) / 7.0).collect();
    let m = registry(5);
    let size = m.family(&SIZE).unwrap();
    for value in &values {
        size.observe(*value);
    }
    let snapshot = m.snapshot();
    let series = snapshot.family("size").unwrap().series().next().unwrap();
    let SeriesValue::Histogram(histogram) = series.value() else { panic!("not a histogram") };
    let native = histogram.native().unwrap();
    for schema in -4..=native.schema() {
        let mut merged = Native { schema, ..Native::default() };
        for (index, count) in native.positive() {
            *merged.positive.entry(native.index_at(schema, *index)).or_default() += count;
        }
        assert_eq!(merged, Native::expected(schema, values.iter().copied()));
    }
}

#[test]
fn a_snapshot_has_no_native_buckets_where_there_are_none() {
    let m = MetricsRegistry::new();
    m.family(&SIZE).unwrap().observe(1.0);
    let snapshot = m.snapshot();
    let series = snapshot.family("size").unwrap().series().next().unwrap();
    let SeriesValue::Histogram(histogram) = series.value() else { panic!("not a histogram") };
    assert!(histogram.native().is_none());
    let is_native = |m: &MetricsRegistry| {
        let families = m.registered_families();
        families.iter().find(|family| family.name == "size").unwrap().is_native
    };
    assert!(!is_native(&m));
    let m = registry(3);
    m.family(&SIZE).unwrap();
    assert!(is_native(&m));
}

#[test]
fn a_number_on_a_bound_is_in_the_bucket_below() {
    let m = registry(3);
    let size = m.family(&SIZE).unwrap();
    for value in [1.0, 2.0, 2_f64.next_up(), -1.0, -(1_f64.next_up())] {
        size.observe_many(value, 2);
    }
    let native = Native::of(&only(&m, "size"));
    assert_eq!(native.positive, [(0, 2), (8, 2), (9, 2)].into());
    assert_eq!(native.negative, [(0, 2), (1, 2)].into());
}

#[test]
fn non_finite_numbers_are_ignored() {
    let m = registry(3);
    let size = m.family(&SIZE).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0] {
        size.observe(value);
    }
    let page = only(&m, "size");
    assert_agree(&page);
    assert_eq!((page.sample_count, page.sample_sum), (1, 1.0));
    let invalid = [("metric", "size")];
    assert_eq!(m.sample("caracal_metrics_invalid_values_total", &invalid), Some(3.0));
}

/// A series has room for 256 buckets. No observation is lost when the resolution is halved.
#[test]
fn the_resolution_is_halved_as_often_as_necessary() {
    let m = registry(8);
    let took = m.family(&TOOK).unwrap();
    let limited =
        || m.sample("caracal_metrics_native_limited_total", &[("metric", "took_seconds")]);
    let mut values = Vec::new();
    let mut schema = 8;
    for octave in 0..36 {
        // Ten durations per octave, starting at a microsecond.
        for step in 0..10 {
            let nanos = (1_000 << octave) + (100 << octave) * step;
            took.observe(Duration::from_nanos(nanos));
            values.push(seconds(nanos));
        }
        let native = Native::of(&only(&m, "took_seconds"));
        assert!(native.schema <= schema, "the resolution of a series never grows");
        schema = native.schema;
        assert_eq!(native, Native::expected(schema, values.iter().copied()));
        let halved = (schema < 8).then(|| f64::from(8 - schema));
        assert_eq!(limited(), halved, "each halving is counted");
        assert!(native.positive.len() <= 256 + 16, "{}", native.positive.len());
    }
    assert!((2..=4).contains(&schema), "{schema}");
    assert_agree(&only(&m, "took_seconds"));
}

#[test]
fn families_and_the_builder_choose_the_resolution() {
    const POLICY: &str = "caracal_policy_evaluation_duration_seconds";
    static OWN: Family<DurationHistogram> = Family::duration_histogram("own_seconds", "Own.")
        .buckets(&[MILLI])
        .native_histograms(Resolution::schema(5));
    static BOTH: Family<DurationHistogram> = Family::duration_histogram("both_seconds", "Both.")
        .buckets(&[MILLI])
        .native_histograms(Resolution::schema(5));
    let schemas = |m: &MetricsRegistry| {
        for family in [&OWN, &BOTH, &TOOK] {
            m.family(family).unwrap().observe(MILLI);
        }
        m.record_policy_evaluation(PolicyDecisionType::Denied, "agent", MILLI);
        let names = ["own_seconds", "both_seconds", "took_seconds", POLICY];
        names.map(|name| decode(m, &[name])[0].metric[0].histogram.as_ref().unwrap().schema)
    };
    assert_eq!(schemas(&MetricsRegistry::new()), [Some(5), Some(5), None, None]);
    let m = MetricsRegistry::builder()
        .native_histograms(Resolution::default())
        .native_histograms_of(&BOTH, Resolution::schema(0))
        .native_histograms_of(&catalogue::POLICY_EVALUATION_DURATION, Resolution::schema(7))
        .build()
        .unwrap();
    assert_eq!(schemas(&m), [Some(5), Some(0), Some(3), Some(7)]);
    // A family without native buckets has none of these fields.
    let m = MetricsRegistry::new();
    m.family(&TOOK).unwrap().observe(MILLI);
    let plain = only(&m, "took_seconds");
    assert_eq!((plain.zero_threshold, plain.positive_span.len()), (None, 0));
}

#[test]
fn a_resolution_out_of_range_is_refused() {
    let of_all = MetricsRegistry::builder().native_histograms(Resolution::schema(9));
    let of_one = MetricsRegistry::builder().native_histograms_of(&TOOK, Resolution::schema(9));
    for builder in [of_all, of_one] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::NoSuchResolution { schema: 9 }));
        assert!(error.to_string().contains("choose one of these"), "{error}");
    }
}

/// The text formats have the classic buckets in any case.
#[test]
fn text_has_the_classic_buckets() {
    let observe = |m: &MetricsRegistry| {
        let (took, size) = (m.family(&TOOK).unwrap(), m.family(&SIZE).unwrap());
        for nanos in [0, 1, 999_999, 1_000_000, 1_000_001, 25_500_000, u64::MAX] {
            took.observe(Duration::from_nanos(nanos));
        }
        for value in [-20.0, -10.0, -1.0, 0.0, 1.0, 1e9] {
            size.observe(value);
        }
        [Format::Text, Format::OpenMetrics].map(|format| {
            let mut page = Vec::new();
            m.encode(format, &mut page);
            String::from_utf8(page).unwrap()
        })
    };
    assert_eq!(observe(&registry(3)), observe(&MetricsRegistry::new()));
}

#[test]
fn a_native_histogram_without_observations_is_recognized() {
    let m = registry(3);
    let _ = m.family(&TOOK).unwrap();
    let page = only(&m, "took_seconds");
    assert_agree(&page);
    assert_eq!(Native::of(&page), Native { schema: 3, ..Native::default() });
}

#[test]
fn exemplars_come_with_the_native_buckets_too() {
    let m = registry(3);
    let took = m.family(&TOOK).unwrap();
    took.observe_with_exemplar(MILLI * 5, &Exemplar::trace(5));
    took.observe_with_exemplar(MILLI * 500, &Exemplar::trace(500));
    let page = only(&m, "took_seconds");
    assert_agree(&page);
    let mut values: Vec<_> = page.exemplars.iter().map(|exemplar| exemplar.value).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!(values, [0.005, 0.5]);
    for exemplar in &page.exemplars {
        assert!(exemplar.timestamp.as_ref().unwrap().seconds > 1_500_000_000);
    }
}

#[test]
fn a_source_of_exemplars_is_called() {
    let ids = AtomicU64::new(1);
    let m = MetricsRegistry::builder()
        .native_histograms(Resolution::default())
        .exemplar_source(move || Some(Exemplar::trace(ids.fetch_add(1, Relaxed).into())))
        .build()
        .unwrap();
    let (took, size) = (m.family(&TOOK).unwrap(), m.family(&SIZE).unwrap());
    let mut traces = BTreeSet::new();
    for round in 1..5 {
        // A page has shown the exemplar of the previous round.
        for _ in 0..3 {
            took.observe(MILLI * 5);
            size.observe(1.0);
        }
        for name in ["took_seconds", "size"] {
            let page = only(&m, name);
            assert_agree(&page);
            assert_eq!(page.sample_count, round * 3);
            let [exemplar] = &page.exemplars[..] else { panic!("{:?}", page.exemplars) };
            assert!(traces.insert(exemplar.label[0].value.clone()), "{traces:?} already had it");
        }
    }
}

/// The words of a dropped registry are reused by the next one.
#[test]
fn a_new_registry_starts_with_empty_buckets() {
    for round in 1..5 {
        let m = registry(round);
        let took = m.family(&TOOK).unwrap();
        for millis in 1..200 {
            took.observe(MILLI * millis);
        }
        let page = only(&m, "took_seconds");
        assert_agree(&page);
        assert_eq!(page.sample_count, 199);
        assert_eq!(page.schema, Some(round.into()));
    }
    let m = MetricsRegistry::new();
    m.family(&TOOK).unwrap().observe(MILLI);
    assert_eq!(only(&m, "took_seconds").sample_count, 1);
}

#[test]
fn each_series_has_its_own_buckets() {
    let m = registry(3);
    for (agent, millis) in [("a", 1), ("b", 2), ("c", 500)] {
        for _ in 0..5 {
            m.record_policy_evaluation(PolicyDecisionType::Denied, agent, MILLI * millis);
            m.record_gateway_request("GET", 200, "jwt", MILLI * millis);
        }
    }
    let families = decode(&m, &["caracal_gateway_request_duration_seconds"]);
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    let values = [0.001, 0.002, 0.5].into_iter().flat_map(|value| [value; 5]);
    assert_eq!(Native::of(histogram), Native::expected(3, values));
}

labels! { struct Queue<'a> { queue: &'a str } }
static WAITED: Family<DurationHistogram, Queue<'_>> =
    Family::duration_histogram("waited_seconds", "Waited.").buckets(&[MILLI]).shown_once_used();

/// A thread keeps the words that it used. Those of a removed series now belong to another series.
#[test]
fn released_buckets_of_an_instance_are_reused() {
    const QUEUE: InstanceKind = InstanceKind::new("queue");
    let m = registry(3);
    for round in 1..20 {
        let mut builder = m.attach(QUEUE, Some("mail")).unwrap();
        let waited = builder.series(&WAITED, Queue { queue: "mail" }).unwrap();
        // The chunks are in a different order each time.
        let values = (0..40).map(|step| MILLI * (1 + (step * 7919 * round) % 977));
        let instance = builder.build();
        for value in values.clone().chain(values.clone()) {
            waited.observe(value);
        }
        let page = only(&m, "waited_seconds");
        assert_agree(&page);
        let seconds = values.map(|value| value.as_nanos() as f64 / 1e9);
        assert_eq!(Native::of(&page), Native::expected(3, seconds.flat_map(|value| [value; 2])));
        drop((waited, instance));
    }
}

/// Observes when the thread ends, before or after its words were added to the shared ones.
struct OnExit(DurationHistogram);

impl Drop for OnExit {
    fn drop(&mut self) {
        self.0.observe(MILLI);
        self.0.observe(MILLI);
    }
}

#[test]
fn destructors_of_thread_locals_observe() {
    thread_local! {
        static BEFORE: RefCell<Option<OnExit>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<OnExit>> = const { RefCell::new(None) };
    }
    const THREADS: u64 = 100;
    let m = registry(3);
    let took = m.family(&TOOK).unwrap();
    for _ in 0..THREADS {
        let took = took.clone();
        thread::spawn(move || {
            BEFORE.set(Some(OnExit(took.clone())));
            (0..3).for_each(|_| took.observe(MILLI));
            AFTER.set(Some(OnExit(took)));
        })
        .join()
        .unwrap();
    }
    let page = only(&m, "took_seconds");
    assert_agree(&page);
    assert_eq!(page.sample_count, THREADS * 7);
    assert_eq!(page.sample_sum, THREADS as f64 * 7.0 / 1e3);
}

/// A thread keeps a counter and the histogram that is recorded together with it.
#[test]
fn a_counter_and_its_native_histogram() {
    let m = registry(3);
    let mut values = Vec::new();
    for millis in (1..400).step_by(3) {
        for _ in 0..3 {
            let (select, success) = (DatabaseOperationType::Select, QueryStatus::Success);
            m.record_database_query(select, "orders", success, MILLI * millis);
            values.push(f64::from(millis) / 1e3);
        }
    }
    let labels = [("operation", "select"), ("table", "orders"), ("status", "success")];
    assert_eq!(m.sample("caracal_database_queries_total", &labels), Some(values.len() as f64));
    let families = decode(&m, &["caracal_database_query_duration_seconds"]);
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    assert_agree(histogram);
    let native = Native::of(histogram);
    assert_eq!(native, Native::expected(native.schema, values.iter().copied()));
    assert_eq!(cumulative(histogram), classic(&bounds(histogram), &values));
}
