//! Histograms with and without native buckets.

use std::hint::black_box;
use std::time::Duration;

use caracal_metrics_core::CircuitBreakerState::{self, Closed};
use caracal_metrics_core::{
    DatabaseOperationType, DurationHistogram, Family, Histogram, MetricsRegistry,
    PolicyDecisionType, QueryStatus, Resolution, labels,
};

use crate::native_peers::{metrics_exporter, opentelemetry, prometheus_client};
use crate::peers::peer::{Work, repeat};

labels! {
    /// The labels of a step.
    struct Step<'a> { from_state: CircuitBreakerState, name: &'a str }
}

const BOUNDS: &[Duration] = &[
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
    Duration::from_secs(1),
];

static STEPS: Family<DurationHistogram, Step<'_>> =
    Family::duration_histogram("step_duration_seconds", "Time of a step.").buckets(BOUNDS);
static LAPS: Family<DurationHistogram> =
    Family::duration_histogram("lap_duration_seconds", "Time of a lap.").buckets(BOUNDS);
static SIZES: Family<Histogram> =
    Family::histogram("sizes", "Sizes.").buckets(&[1.0, 10.0, 100.0, 1e6]);

const TOOK: Duration = Duration::from_millis(37);

/// The buckets of histograms.
#[derive(Clone, Copy)]
pub(crate) enum Buckets {
    Classic,
    /// Native buckets with schema 3, in addition to the classic ones if the library supports both.
    Native,
}

/// Creates work that records into histograms with these buckets.
type Row = (&'static str, fn(Buckets) -> Work);

pub(crate) const ROWS: [Row; 9] = [
    ("custom histogram, one enum and one text label", |buckets| steps(&registry(buckets))),
    ("policy evaluation: counter with 2 labels, histogram", |buckets| policy(&registry(buckets))),
    ("database query: counter with 3 labels, histogram with 2", |buckets| {
        query(&registry(buckets))
    }),
    ("gateway request: in flight ±1, counter, histogram", |buckets| request(&registry(buckets))),
    ("histogram of durations, handle", |buckets| laps(&registry(buckets))),
    ("histogram of numbers, handle", |buckets| sizes(&registry(buckets))),
    ("prometheus-client, handle", prometheus_client),
    ("metrics + exporter, handle", metrics_exporter),
    ("OpenTelemetry, no attributes", opentelemetry),
];

fn registry(buckets: Buckets) -> MetricsRegistry {
    match buckets {
        Buckets::Classic => MetricsRegistry::new(),
        Buckets::Native => MetricsRegistry::builder()
            .native_histograms(Resolution::default())
            .build()
            .expect("the default resolution is valid"),
    }
}

fn steps(metrics: &MetricsRegistry) -> Work {
    let steps = metrics.family(&STEPS).expect("a free name");
    repeat(move || {
        let step = Step { from_state: black_box(Closed), name: black_box("database") };
        steps.observe(step, black_box(TOOK));
    })
}

fn policy(metrics: &MetricsRegistry) -> Work {
    let metrics = metrics.clone();
    repeat(move || {
        let decision = black_box(PolicyDecisionType::Allowed);
        metrics.record_policy_evaluation(decision, black_box("agent-1"), black_box(TOOK));
    })
}

fn query(metrics: &MetricsRegistry) -> Work {
    let metrics = metrics.clone();
    repeat(move || {
        let (operation, status) = (DatabaseOperationType::Select, QueryStatus::Success);
        metrics.record_database_query(
            black_box(operation),
            black_box("agents"),
            black_box(status),
            black_box(TOOK),
        );
    })
}

fn request(metrics: &MetricsRegistry) -> Work {
    let metrics = metrics.clone();
    repeat(move || {
        let _in_flight = metrics.track_gateway_request_in_flight();
        metrics.record_gateway_request(
            black_box("GET"),
            black_box(200),
            black_box("jwt"),
            black_box(TOOK),
        );
    })
}

fn laps(metrics: &MetricsRegistry) -> Work {
    let laps = metrics.family(&LAPS).expect("a free name");
    repeat(move || laps.observe(black_box(TOOK)))
}

fn sizes(metrics: &MetricsRegistry) -> Work {
    let sizes = metrics.family(&SIZES).expect("a free name");
    repeat(move || sizes.observe(black_box(37.5)))
}
