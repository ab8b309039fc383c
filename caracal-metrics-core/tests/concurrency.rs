//! Threads record while others scrape: every count is exact, and every page is consistent.

mod support;

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    DatabaseOperationType, MetricsRegistry, PolicyDecisionType, QueryStatus,
};
use support::{Family, parse, value};

const THREADS: u64 = 8;
const ROUNDS: u64 = 5_000;

/// Checks that no counter, bucket, sum or count on a page is below its value on the page before.
fn check_monotonic(before: &BTreeMap<String, Family>, after: &BTreeMap<String, Family>) {
    for (name, family) in before {
        if family.kind == "gauge" {
            continue;
        }
        for (sample, value) in &family.samples {
            let now =
                after[name].samples.get(sample).unwrap_or_else(|| panic!("{sample:?} is gone"));
            assert!(now >= value, "{sample:?} went from {value} to {now}");
        }
    }
}

/// A page that is not consistent ends the scraper. Nobody may wait for it then.
struct ScraperEnds<'a>(&'a AtomicU64);

impl Drop for ScraperEnds<'_> {
    fn drop(&mut self) {
        self.0.store(u64::MAX / 2, Ordering::Relaxed);
    }
}

fn record(m: &MetricsRegistry, thread: u64, round: u64) {
    let _in_flight = m.track_gateway_request_in_flight();
    // All threads share this series. The first one wins a race to create it each time.
    m.record_gateway_request("GET", 200, "jwt", Duration::from_micros(round));
    m.record_policy_evaluation(PolicyDecisionType::Allowed, "shared", Duration::from_micros(round));
    m.record_auth_failure("jwt", &format!("reason-{}", round % 700));
    // Only this thread uses this series.
    let own = format!("agent-{thread}-{}", round % 50);
    m.record_policy_evaluation(PolicyDecisionType::Denied, &own, Duration::from_millis(round % 7));
    m.record_database_query(
        DatabaseOperationType::Insert,
        &own,
        QueryStatus::Success,
        Duration::from_nanos(round),
    );
    m.record_circuit_breaker_failure(&format!("breaker-{}", round % 30));
}

#[test]
fn counts_are_exact_and_pages_consistent() {
    let m = MetricsRegistry::new();
    let recording = AtomicBool::new(true);
    let pages = AtomicU64::new(0);
    thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let _ending = ScraperEnds(&pages);
            let mut last = parse(&m.generate_metrics());
            while recording.load(Ordering::Relaxed) {
                let page = parse(&m.generate_metrics());
                check_monotonic(&last, &page);
                last = page;
                pages.fetch_add(1, Ordering::Relaxed);
            }
        });
        let recorders: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (m, pages) = (&m, &pages);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        record(m, thread, round);
                        // On machines of any speed, some pages are made between records.
                        while round == ROUNDS / 2 && pages.load(Ordering::Relaxed) < 3 {
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        for recorder in recorders {
            recorder.join().expect("recording never panics");
        }
        recording.store(false, Ordering::Relaxed);
        scraper.join().expect("every page is consistent");
    });

    let page = parse(&m.generate_metrics());
    let all = (THREADS * ROUNDS) as f64;
    let request = [("method", "GET"), ("status_code", "200"), ("auth_method", "jwt")];
    assert_eq!(value(&page, "caracal_gateway_requests_total", &request), all);
    let request = &request[..2];
    let duration = "caracal_gateway_request_duration_seconds";
    assert_eq!(value(&page, &format!("{duration}_count"), request), all);
    let sum = Duration::from_micros(THREADS * (ROUNDS * (ROUNDS - 1) / 2)).as_secs_f64();
    assert_eq!(value(&page, &format!("{duration}_sum"), request), sum);
    assert_eq!(value(&page, "caracal_gateway_requests_in_flight", &[]), 0.0);
    let failures = &page["caracal_gateway_auth_failures_total"].samples;
    assert_eq!(failures.len(), 700);
    assert_eq!(failures.values().sum::<f64>(), all);
    let evaluations = &page["caracal_policy_evaluations_total"].samples;
    assert_eq!(evaluations.len() as u64, 1 + THREADS * 50);
    for (sample, count) in
        evaluations.iter().filter(|((_, labels), _)| labels["decision"] == "denied")
    {
        assert_eq!(*count, (ROUNDS / 50) as f64, "{sample:?}");
    }
    assert_eq!(page["caracal_database_queries_total"].samples.len() as u64, THREADS * 50);
    let breakers = &page["caracal_circuit_breaker_failures_total"].samples;
    assert_eq!((breakers.len(), breakers.values().sum::<f64>()), (30, all));
}

#[test]
fn concurrent_scrapes_are_complete() {
    let m = MetricsRegistry::new();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let m = &m;
            scope.spawn(move || {
                for round in 0..10 {
                    record(m, thread, round);
                    parse(&m.generate_metrics());
                    // This reads the same through the `prometheus` crate's own path.
                    assert!(m.prometheus_registry().gather().len() >= 15);
                }
            });
        }
    });
    let page = parse(&m.generate_metrics());
    let request = [("method", "GET"), ("status_code", "200"), ("auth_method", "jwt")];
    assert_eq!(value(&page, "caracal_gateway_requests_total", &request), (THREADS * 10) as f64);
}

#[test]
fn a_family_that_fills_up_under_contention_keeps_its_limit_and_its_sum() {
    let m = MetricsRegistry::builder().max_series_per_family(100).build().expect("a valid limit");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let m = &m;
            scope.spawn(move || (0..2_000).for_each(|i| m.record_replay_block(&format!("r{i}"))));
        }
    });
    let page = parse(&m.generate_metrics());
    let samples = &page["caracal_gateway_replay_blocks_total"].samples;
    assert_eq!(samples.len(), 101);
    assert_eq!(samples.values().sum::<f64>(), (THREADS * 2_000) as f64);
    let folded = value(&page, "caracal_gateway_replay_blocks_total", &[("reason", "aggregated")]);
    let of = [("metric", "caracal_gateway_replay_blocks_total")];
    assert_eq!(value(&page, "caracal_metrics_series_limited_total", &of), folded);
}

/// If two threads are the first to record a label set, they must not create a series each.
#[test]
fn the_first_record_of_a_series_is_never_lost() {
    const FIRST: usize = 4;
    for round in 0..1_000_u16 {
        let m = MetricsRegistry::new();
        let start = Barrier::new(FIRST);
        thread::scope(|scope| {
            for _ in 0..FIRST {
                scope.spawn(|| {
                    start.wait();
                    m.record_gateway_request("GET", 100 + round % 900, "jwt", Duration::ZERO);
                });
            }
        });
        let page = String::from_utf8(m.generate_metrics()).expect("UTF-8");
        let status = 100 + round % 900;
        let request = format!("{{method=\"GET\",status_code=\"{status}\"");
        for line in [
            format!("caracal_gateway_requests_total{request},auth_method=\"jwt\"}} {FIRST}"),
            format!("caracal_gateway_request_duration_seconds_count{request}}} {FIRST}"),
        ] {
            assert!(page.lines().any(|found| found == line), "round {round}: no {line}");
        }
    }
}
