//! Series beyond those for which a thread can have its own words: all threads share their words, and no record
//! is lost.

mod support;

use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    Family, Gauge, GaugeGuard, MetricsRegistry, PolicyDecisionType, labels,
};
use support::{parse, value};

/// More words than fit in a mebibyte.
const SERIES: usize = 140_000;
const THREADS: usize = 4;
const ROUNDS: usize = 1_000;
const TOOK: Duration = Duration::from_millis(4);

labels! { struct Queue<'a> { name: &'a str } }

static WAITING: Family<Gauge, Queue<'_>> = Family::gauge("waiting", "Jobs that wait.");

/// This is one test, because the words belong to the whole process.
#[test]
fn series_whose_words_are_shared_are_counted_exactly() {
    let metrics = MetricsRegistry::builder().max_series_per_family(usize::MAX).build().unwrap();
    for number in 0..SERIES {
        metrics.record_replay_block(&number.to_string());
    }
    // Their words come after all of the others.
    let waiting = metrics.family(&WAITING).unwrap();
    let record = || {
        for round in 0..ROUNDS {
            // The label sets occur repeatedly and in turns: some that a thread keeps, and others.
            let (often, once) = (format!("often-{}", round % 3), format!("once-{round}"));
            for name in [&often, &once, &often] {
                metrics.record_auth_failure("jwt", name);
                metrics.record_policy_evaluation(PolicyDecisionType::Denied, name, TOOK);
                drop(waiting.track(Queue { name: "mail" }));
            }
        }
        waiting.track(Queue { name: "mail" })
    };
    let guards: Vec<GaugeGuard> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(record)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    let page = parse(&metrics.generate_metrics());
    let failures = |reason: &str| {
        let labels = [("auth_method", "jwt"), ("reason", reason)];
        value(&page, "caracal_gateway_auth_failures_total", &labels)
    };
    let evaluations = |agent: &str| {
        let labels = [("decision", "denied"), ("agent_id", agent)];
        value(&page, "caracal_policy_evaluations_total", &labels)
    };
    for (place, rounds) in [334, 333, 333].into_iter().enumerate() {
        let name = format!("often-{place}");
        assert_eq!(failures(&name), (THREADS * rounds * 2) as f64);
        assert_eq!(evaluations(&name), (THREADS * rounds * 2) as f64);
    }
    assert_eq!(failures("once-7"), THREADS as f64);
    assert_eq!(evaluations("once-7"), THREADS as f64);
    let durations = "caracal_policy_evaluation_duration_seconds_count";
    let all = (THREADS * ROUNDS * 3) as f64;
    assert_eq!(value(&page, durations, &[("decision", "denied")]), all);
    let mail = [("name", "mail")];
    assert_eq!(value(&page, "waiting", &mail), THREADS as f64);
    drop(guards);
    assert_eq!(metrics.sample("waiting", &mail), Some(0.0));
}
