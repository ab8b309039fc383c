use std::hint::black_box;

use caracal_metrics_core::CircuitBreakerState::{self, Closed, Open};
use caracal_metrics_core::{
    Counter, DatabaseOperationType, DurationHistogram, Family, Format, MetricsRegistry,
    PolicyDecisionType, QueryStatus, labels,
};

use super::names::{Rotation, short};
use super::peer::{Page, Peer, TOOK, Work, pages, repeat, tenant};

pub(crate) const CARACAL: Peer = Peer {
    name: "caracal",
    handle,
    counter,
    enum_counter,
    own_counter,
    histogram,
    query,
    request,
    request_handle,
    policy,
    two_open,
    counters_page: Some(counters_page),
    histograms_page: Some(histograms_page),
};

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }

    struct Order<'a> { payment: Payment, tenant: &'a str }

    enum Kind { Database => "database", Cache => "cache" }

    struct Change { kind: Kind, from: CircuitBreakerState, to: CircuitBreakerState }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
static CHANGES: Family<Counter, Change> = Family::counter("changes_total", "Changes of state.");
static PACKING: Family<DurationHistogram, Order<'_>> =
    Family::duration_histogram("packing_duration_seconds", "Time from order to parcel.").buckets(
        &[
            std::time::Duration::from_millis(1),
            std::time::Duration::from_micros(2_500),
            std::time::Duration::from_millis(5),
            std::time::Duration::from_millis(10),
            std::time::Duration::from_millis(25),
            std::time::Duration::from_millis(50),
            std::time::Duration::from_millis(100),
            std::time::Duration::from_millis(250),
            std::time::Duration::from_millis(500),
            std::time::Duration::from_secs(1),
            std::time::Duration::from_millis(2_500),
        ],
    );

/// A registry without a series limit.
pub(crate) fn unlimited() -> MetricsRegistry {
    let builder = MetricsRegistry::builder().max_series_per_family(usize::MAX);
    builder.build().expect("valid settings")
}

/// The registry's page.
pub(crate) fn page(metrics: &MetricsRegistry) -> impl Fn() -> Vec<u8> + Send + Sync + use<> {
    let metrics = metrics.clone();
    move || metrics.generate_metrics()
}

fn handle() -> Work {
    let metrics = MetricsRegistry::new();
    let counter = metrics.replay_block("nonce_reused");
    repeat(move || black_box(&counter).inc())
        .shown(&["caracal_gateway_replay_blocks_total"], page(&metrics))
}

fn counter() -> Work {
    let metrics = MetricsRegistry::new();
    let page = page(&metrics);
    let work = repeat(move || {
        let name = black_box("database");
        metrics.record_circuit_breaker_state_change(name, black_box(Closed), black_box(Open));
    });
    work.shown(&["caracal_circuit_breaker_state_changes_total"], page)
}

fn enum_counter() -> Work {
    let metrics = MetricsRegistry::new();
    let changes = metrics.family(&CHANGES).expect("a free name");
    let work = repeat(move || {
        let (kind, from, to) = (black_box(Kind::Database), black_box(Closed), black_box(Open));
        changes.inc(Change { kind, from, to });
    });
    work.shown(&["changes_total"], page(&metrics))
}

fn own_counter() -> Work {
    let metrics = MetricsRegistry::new();
    let orders = metrics.family(&ORDERS).expect("a free name");
    let tenant = tenant();
    let work = repeat(move || {
        let (payment, tenant) = (black_box(Payment::Card), black_box(tenant.as_str()));
        orders.inc(Order { payment, tenant });
    });
    work.shown(&["orders_total"], page(&metrics))
}

fn histogram() -> Work {
    let metrics = MetricsRegistry::new();
    let packing = metrics.family(&PACKING).expect("a free name");
    let tenant = tenant();
    let work = repeat(move || {
        let (payment, tenant) = (black_box(Payment::Card), black_box(tenant.as_str()));
        packing.observe(Order { payment, tenant }, black_box(TOOK));
    });
    work.shown(&[OBSERVED], page(&metrics))
}

const QUERIES: [&str; 2] =
    ["caracal_database_queries_total", "caracal_database_query_duration_seconds_count"];

fn query() -> Work {
    let metrics = MetricsRegistry::new();
    let page = page(&metrics);
    let work = repeat(move || {
        let (operation, table) = (black_box(DatabaseOperationType::Select), black_box("policies"));
        let status = black_box(QueryStatus::Success);
        metrics.record_database_query(operation, table, status, black_box(TOOK));
    });
    work.shown(&QUERIES, page)
}

const REQUESTS: [&str; 2] =
    ["caracal_gateway_requests_total", "caracal_gateway_request_duration_seconds_count"];

fn request() -> Work {
    let metrics = MetricsRegistry::new();
    let page = page(&metrics);
    let work = repeat(move || {
        let _in_flight = metrics.track_gateway_request_in_flight();
        let (method, status, auth) = (black_box("GET"), black_box(200), black_box("jwt"));
        metrics.record_gateway_request(method, status, auth, black_box(TOOK));
    });
    work.shown(&REQUESTS, page)
}

fn request_handle() -> Work {
    let metrics = MetricsRegistry::new();
    let (page, request) = (page(&metrics), metrics.gateway_request("GET", 200, "jwt"));
    let work = repeat(move || {
        let _in_flight = metrics.track_gateway_request_in_flight();
        black_box(&request).record(black_box(TOOK));
    });
    work.shown(&REQUESTS, page)
}

fn policy(rotation: &Rotation) -> Work {
    evaluations(&unlimited(), rotation)
}

/// Policy evaluations of changing agents.
pub(crate) fn evaluations(metrics: &MetricsRegistry, rotation: &Rotation) -> Work {
    let (page, metrics, names) = (page(metrics), metrics.clone(), rotation.names.clone());
    for other in rotation.others() {
        drop(metrics.policy_evaluation(PolicyDecisionType::Allowed, &other));
    }
    let work = repeat(move || {
        let decision = black_box(PolicyDecisionType::Allowed);
        metrics.record_policy_evaluation(decision, names.next(), black_box(TOOK));
    });
    work.shown(&[COUNTED, "caracal_policy_evaluation_duration_seconds_count"], page)
}

fn two_open(rotation: &Rotation) -> Work {
    let metrics = unlimited();
    for other in rotation.others() {
        drop(metrics.auth_failure("jwt", &other));
    }
    let (page, names) = (page(&metrics), rotation.names.clone());
    repeat(move || metrics.record_auth_failure(black_box("jwt"), names.next()))
        .shown(&["caracal_gateway_auth_failures_total"], page)
}

/// Pages of a registry. `make` creates the function that adds its series.
pub(crate) fn written<R: Fn(u64) + Send + Sync + 'static>(
    of: Page,
    name: &'static str,
    format: Format,
    make: impl FnOnce(&MetricsRegistry) -> R,
) -> Work {
    let metrics = unlimited();
    pages(of, name, make(&metrics), move |page: &mut Vec<u8>| {
        page.clear();
        metrics.encode(format, page);
    })
}

/// Counts policy evaluations by agent.
pub(crate) fn count(metrics: &MetricsRegistry) -> impl Fn(u64) + Send + Sync + use<> {
    let metrics = metrics.clone();
    move |agent| {
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, &short(agent), TOOK);
    }
}

/// Observes orders by tenant.
pub(crate) fn observe(metrics: &MetricsRegistry) -> impl Fn(u64) + Send + Sync + use<> {
    let packing = metrics.family(&PACKING).expect("a free name");
    move |tenant| {
        packing.observe(Order { payment: Payment::Card, tenant: &short(tenant) }, TOOK);
    }
}

pub(crate) const COUNTED: &str = "caracal_policy_evaluations_total";
pub(crate) const OBSERVED: &str = "packing_duration_seconds_count";

fn counters_page(of: Page) -> Work {
    written(of, COUNTED, Format::Text, count)
}

fn histograms_page(of: Page) -> Work {
    written(of, OBSERVED, Format::Text, observe)
}
