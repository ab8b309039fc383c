//! The lookups of label sets that a thread keeps are never wrong.

mod support;

use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, Family, MetricsRegistry, PolicyDecisionType, labels,
};
use support::{parse, value};

/// More label sets than a thread keeps.
const SETS: usize = 400;
const ROUNDS: u32 = 5;

labels! {
    struct One<'a> { failed: bool, name: &'a str }
    struct Two<'a> { name: &'a str, failed: bool, other: &'a str }
    struct Closed { failed: bool }
}

const MILLISECONDS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

static ONES: Family<Counter, One<'_>> = Family::counter("ones_total", "One open label.");
static TWOS: Family<Counter, Two<'_>> = Family::counter("twos_total", "Two open labels.");
static ONE_TIME: Family<DurationHistogram, One<'_>> =
    Family::duration_histogram("one_seconds", "One open label.").buckets(&MILLISECONDS);
static TWO_TIME: Family<DurationHistogram, Two<'_>> =
    Family::duration_histogram("two_seconds", "Two open labels.").buckets(&MILLISECONDS);
static CLOSED_TIME: Family<DurationHistogram, Closed> =
    Family::duration_histogram("closed_seconds", "No open label.").buckets(&MILLISECONDS);
static OTHER_CLOSED_TIME: Family<DurationHistogram, Closed> =
    Family::duration_histogram("other_closed_seconds", "No open label.").buckets(&MILLISECONDS);
/// More than one run of words.
static WIDE_TIME: Family<DurationHistogram, Closed> =
    Family::duration_histogram("wide_seconds", "No open label.").buckets(&WIDE);

const WIDE: [Duration; 20] = {
    let mut bounds = [Duration::ZERO; 20];
    let mut place = 0;
    while place < bounds.len() {
        bounds[place] = Duration::from_millis(place as u64 + 1);
        place += 1;
    }
    bounds
};

const DURATION: &str = "caracal_policy_evaluation_duration_seconds";

const TOOK: Duration = Duration::from_millis(4);

/// Returns values of every length around a chunk, which differ in one position.
fn names() -> Vec<String> {
    (0..SETS).map(|set| format!("{set:03}{}", "x".repeat(set % 30))).collect()
}

#[test]
fn label_sets_in_rotation_are_each_counted_in_their_own_series() {
    let metrics = MetricsRegistry::new();
    let ones = metrics.family(&ONES).unwrap();
    let twos = metrics.family(&TWOS).unwrap();
    let one_time = metrics.family(&ONE_TIME).unwrap();
    let two_time = metrics.family(&TWO_TIME).unwrap();
    let names = names();
    let record = |place: usize| {
        let (name, failed) = (names[place].as_str(), place.is_multiple_of(2));
        ones.inc(One { failed, name });
        let two = Two { name, failed, other: "" };
        twos.inc_and_observe(two, &two_time, two, TOOK);
        // The same texts, swapped.
        twos.inc(Two { name: "", failed, other: name });
        one_time.observe(One { failed, name }, TOOK);
    };
    for _ in 0..ROUNDS {
        (0..SETS).for_each(record);
        // Some of them occur more often.
        (0..SETS).map(|place| place % 7).for_each(record);
    }
    let page = parse(&metrics.generate_metrics());
    for (place, name) in names.iter().enumerate() {
        let failed = if place.is_multiple_of(2) { "true" } else { "false" };
        let often = if place < 7 { (SETS - 1 - place) / 7 + 1 } else { 0 };
        let expected = f64::from(ROUNDS) * (1 + often) as f64;
        let one = [("failed", failed), ("name", name.as_str())];
        let two = [("name", name.as_str()), ("failed", failed), ("other", "")];
        let changed_over = [("name", ""), ("failed", failed), ("other", name.as_str())];
        assert_eq!(value(&page, "ones_total", &one), expected);
        assert_eq!(value(&page, "one_seconds_count", &one), expected);
        assert_eq!(value(&page, "twos_total", &two), expected);
        assert_eq!(value(&page, "two_seconds_count", &two), expected);
        assert_eq!(value(&page, "twos_total", &changed_over), expected);
    }
}

#[test]
fn a_duration_goes_to_the_histogram_and_the_labels_that_come_with_it() {
    let metrics = MetricsRegistry::new();
    let ones = metrics.family(&ONES).unwrap();
    let one_time = metrics.family(&ONE_TIME).unwrap();
    let closed = [&CLOSED_TIME, &OTHER_CLOSED_TIME, &WIDE_TIME];
    let closed = closed.map(|family| metrics.family(family).unwrap());
    let (one, equal) = (One { failed: true, name: "a" }, String::from("a"));
    // At first, the thread keeps only the counter.
    for _ in 0..ROUNDS {
        ones.inc(one);
    }
    for _ in 0..ROUNDS {
        for (seconds, histogram) in (1..).zip(&closed) {
            for failed in [false, true] {
                let took = Duration::from_secs(seconds);
                ones.inc_and_observe(one, histogram, Closed { failed }, took);
            }
        }
        // Once with equal text, and once with different text.
        ones.inc_and_observe(one, &one_time, One { failed: false, name: "b" }, TOOK);
        ones.inc_and_observe(one, &one_time, One { name: &equal, ..one }, TOOK);
        ones.inc_and_observe(one, &one_time, one, TOOK);
    }
    let page = parse(&metrics.generate_metrics());
    let count = |name: &str, labels: &[(&str, &str)]| value(&page, name, labels);
    let rounds = f64::from(ROUNDS);
    assert_eq!(count("ones_total", &[("failed", "true"), ("name", "a")]), rounds * 10.0);
    for failed in ["false", "true"] {
        let labels = [("failed", failed)];
        assert_eq!(count("closed_seconds_sum", &labels), rounds);
        assert_eq!(count("other_closed_seconds_sum", &labels), rounds * 2.0);
        assert_eq!(count("wide_seconds_sum", &labels), rounds * 3.0);
    }
    assert_eq!(count("one_seconds_count", &[("failed", "true"), ("name", "a")]), rounds * 2.0);
    assert_eq!(count("one_seconds_count", &[("failed", "false"), ("name", "b")]), rounds);
}

#[test]
fn durations_of_more_than_a_year_are_counted_as_such_each_time() {
    let metrics = MetricsRegistry::new();
    for _ in 0..ROUNDS {
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, "a", TOOK);
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, "a", Duration::MAX);
    }
    let page = parse(&metrics.generate_metrics());
    let rounds = f64::from(ROUNDS);
    let labels = [("decision", "allowed"), ("agent_id", "a")];
    assert_eq!(value(&page, "caracal_policy_evaluations_total", &labels), rounds * 2.0);
    assert_eq!(value(&page, &format!("{DURATION}_count"), &labels[..1]), rounds * 2.0);
    let metric = [("metric", DURATION)];
    assert_eq!(value(&page, "caracal_metrics_invalid_values_total", &metric), rounds);
}

#[test]
fn new_registries_and_threads_find_nothing_of_earlier_ones() {
    const NAME: &str = "agent";
    let record = |metrics: &MetricsRegistry| {
        for _ in 0..ROUNDS {
            metrics.record_policy_evaluation(PolicyDecisionType::Denied, NAME, TOOK);
            metrics.record_auth_failure(NAME, "expired");
        }
    };
    for _ in 0..100 {
        // The cells and words of the previous registries are reused.
        let metrics = MetricsRegistry::new();
        record(&metrics);
        thread::scope(|scope| {
            scope.spawn(|| {
                record(&metrics);
                record(&MetricsRegistry::new());
            });
        });
        record(&metrics);
        let page = parse(&metrics.generate_metrics());
        let rounds = f64::from(3 * ROUNDS);
        let evaluation = [("decision", "denied"), ("agent_id", NAME)];
        let failure = [("auth_method", NAME), ("reason", "expired")];
        assert_eq!(value(&page, "caracal_policy_evaluations_total", &evaluation), rounds);
        assert_eq!(value(&page, &format!("{DURATION}_count"), &evaluation[..1]), rounds);
        assert_eq!(value(&page, "caracal_gateway_auth_failures_total", &failure), rounds);
    }
}

/// Records when it is dropped.
struct OnExit(MetricsRegistry);

impl OnExit {
    fn record(&self) {
        self.0.record_policy_evaluation(PolicyDecisionType::Allowed, "a", TOOK);
    }
}

impl Drop for OnExit {
    fn drop(&mut self) {
        self.record();
    }
}

thread_local! {
    static BEFORE: RefCell<Option<OnExit>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<OnExit>> = const { RefCell::new(None) };
}

#[test]
fn records_of_thread_local_destructors_are_not_lost() {
    let metrics = MetricsRegistry::new();
    for threads in 1..=20 {
        let own = metrics.clone();
        let thread = thread::spawn(move || {
            // In any order, one of them is dropped after the thread has given up its words.
            BEFORE.set(Some(OnExit(own.clone())));
            for _ in 0..ROUNDS {
                OnExit(own.clone()).record();
            }
            AFTER.set(Some(OnExit(own)));
        });
        thread.join().expect("the thread records");
        let page = parse(&metrics.generate_metrics());
        let expected = f64::from(threads * (2 * ROUNDS + 2));
        let labels = [("decision", "allowed"), ("agent_id", "a")];
        assert_eq!(value(&page, "caracal_policy_evaluations_total", &labels), expected);
        assert_eq!(value(&page, &format!("{DURATION}_count"), &labels[..1]), expected);
    }
}
