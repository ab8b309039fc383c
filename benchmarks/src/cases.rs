//! The rows of the table: the same work by the `prometheus` crate and by ours.

use std::hint::black_box;
use std::time::Duration;

use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::rounds::{Unit, Work};

pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) peer: Work,
    pub(crate) ours: Work,
}

const TOOK: Duration = Duration::from_millis(37);
const SERIES: u64 = 10_000;
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2] {
        for (what, peer, ours) in [
            ("counter, handle", counter_peer(), counter_ours()),
            ("counter, 2 labels by value", labelled_peer(), labelled_ours()),
            ("counter, 3 labels by value", three_labels_peer(), three_labels_ours()),
            ("gateway request: in flight ±1, counter, histogram", request_peer(), request_ours()),
        ] {
            let plural = if threads == 1 { "" } else { "s" };
            cases.push(Case {
                what: format!("{what}, {threads} thread{plural}"),
                unit: Unit { threads, operations: 1, round: Duration::from_millis(20) },
                peer,
                ours,
            });
        }
    }
    for (what, peer, ours) in [
        ("scrape, 10k counters, a series", scrape_counters_peer(), scrape_counters_ours()),
        ("scrape, 10k histograms, a series", scrape_histograms_peer(), scrape_histograms_ours()),
    ] {
        let round = Duration::from_millis(100);
        let unit = Unit { threads: 1, operations: SERIES, round };
        cases.push(Case { what: what.to_owned(), unit, peer, ours });
    }
    cases
}

/// Does `work` as often as asked.
fn repeat(work: impl Fn() + Sync + 'static) -> Work {
    Box::new(move |times| (0..times).for_each(|_| work()))
}

fn counter_peer() -> Work {
    let counter = IntCounter::new("c", "h").expect("a valid name");
    repeat(move || black_box(&counter).inc())
}

fn counter_ours() -> Work {
    let counter = MetricsRegistry::new().replay_block("nonce_reused");
    repeat(move || black_box(&counter).record())
}

fn labelled_peer() -> Work {
    let counters = IntCounterVec::new(Opts::new("c", "h"), &["a", "b"]).expect("valid names");
    repeat(move || counters.with_label_values(black_box(&["jwt", "expired"])).inc())
}

fn labelled_ours() -> Work {
    let metrics = MetricsRegistry::new();
    repeat(move || metrics.record_auth_failure(black_box("jwt"), black_box("expired")))
}

fn three_labels_peer() -> Work {
    let counters = IntCounterVec::new(Opts::new("c", "h"), &["a", "b", "c"]).expect("valid names");
    repeat(move || counters.with_label_values(black_box(&["database", "closed", "open"])).inc())
}

fn three_labels_ours() -> Work {
    use caracal_metrics_core::CircuitBreakerState::{Closed, Open};
    let metrics = MetricsRegistry::new();
    repeat(move || {
        metrics.record_circuit_breaker_state_change(
            black_box("database"),
            black_box(Closed),
            black_box(Open),
        );
    })
}

fn request_peer() -> Work {
    let in_flight = IntGauge::new("g", "h").expect("a valid name");
    let opts = Opts::new("c", "h");
    let requests = IntCounterVec::new(opts, &["method", "status", "auth"]).expect("valid names");
    let opts = HistogramOpts::new("d", "h").buckets(BUCKETS.to_vec());
    let durations = HistogramVec::new(opts, &["method", "status"]).expect("valid names");
    repeat(move || {
        in_flight.inc();
        requests.with_label_values(black_box(&["GET", "200", "jwt"])).inc();
        durations.with_label_values(black_box(&["GET", "200"])).observe(TOOK.as_secs_f64());
        in_flight.dec();
    })
}

fn request_ours() -> Work {
    let metrics = MetricsRegistry::new();
    repeat(move || {
        let _in_flight = metrics.track_gateway_request_in_flight();
        metrics.record_gateway_request(black_box("GET"), black_box(200), black_box("jwt"), TOOK);
    })
}

fn scrape_peer(registry: Registry) -> Work {
    repeat(move || {
        let mut page = Vec::new();
        TextEncoder::new().encode(&registry.gather(), &mut page).expect("families with series");
        black_box(page);
    })
}

fn scrape_ours(metrics: MetricsRegistry) -> Work {
    repeat(move || {
        black_box(metrics.generate_metrics());
    })
}

fn scrape_counters_peer() -> Work {
    let registry = Registry::new();
    let opts = Opts::new("c", "h");
    let counters = IntCounterVec::new(opts, &["decision", "agent_id"]).expect("valid names");
    for agent in 0..SERIES {
        counters.with_label_values(&["allowed", &format!("agent-{agent}")]).inc_by(agent);
    }
    registry.register(Box::new(counters)).expect("a free name");
    scrape_peer(registry)
}

fn scrape_counters_ours() -> Work {
    let metrics = MetricsRegistry::new();
    for agent in 0..SERIES {
        let agent = format!("agent-{agent}");
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, &agent, TOOK);
    }
    scrape_ours(metrics)
}

fn scrape_histograms_peer() -> Work {
    let registry = Registry::new();
    let opts = HistogramOpts::new("d", "h").buckets(BUCKETS[..11].to_vec());
    let durations = HistogramVec::new(opts, &["operation", "table"]).expect("valid names");
    for table in 0..SERIES {
        let table = format!("table_{table}");
        durations.with_label_values(&["select", &table]).observe(TOOK.as_secs_f64());
    }
    registry.register(Box::new(durations)).expect("a free name");
    scrape_peer(registry)
}

fn scrape_histograms_ours() -> Work {
    let metrics = MetricsRegistry::new();
    for table in 0..SERIES {
        let table = format!("table_{table}");
        let select = caracal_metrics_core::DatabaseOperationType::Select;
        let success = caracal_metrics_core::QueryStatus::Success;
        metrics.record_database_query(select, &table, success, TOOK);
    }
    scrape_ours(metrics)
}
