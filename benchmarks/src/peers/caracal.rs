use std::hint::black_box;

use caracal_metrics_core::CircuitBreakerState::{Closed, Open};
use caracal_metrics_core::{
    Counter, DatabaseOperationType, Family, Format, MetricsRegistry, PolicyDecisionType,
    QueryStatus, labels,
};

use super::peer::{Peer, SERIES, TOOK, Work, repeat, tenant};

pub(crate) const CARACAL: Peer = Peer {
    name: "caracal",
    handle,
    counter,
    histogram,
    own_counter,
    request,
    counters_page,
    histograms_page,
};

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }

    struct Order<'a> { payment: Payment, tenant: &'a str }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");

fn handle() -> Work {
    let counter = MetricsRegistry::new().replay_block("nonce_reused");
    repeat(move || black_box(&counter).inc())
}

fn counter() -> Work {
    let metrics = MetricsRegistry::new();
    repeat(move || {
        let name = black_box("database");
        metrics.record_circuit_breaker_state_change(name, black_box(Closed), black_box(Open));
    })
}

fn own_counter() -> Work {
    let orders = MetricsRegistry::new().family(&ORDERS).expect("a free name");
    let tenant = tenant();
    repeat(move || {
        let (payment, tenant) = black_box((Payment::Card, tenant.as_str()));
        orders.inc(Order { payment, tenant });
    })
}

/// The nearest that the API has: a load's duration is a histogram with two labels, but goes with a
/// counter of queries by three.
fn histogram() -> Work {
    let metrics = MetricsRegistry::new();
    repeat(move || {
        let operation = black_box(DatabaseOperationType::Select);
        metrics.record_database_query(operation, black_box("policies"), QueryStatus::Success, TOOK);
    })
}

fn request() -> Work {
    let metrics = MetricsRegistry::new();
    repeat(move || {
        let _in_flight = metrics.track_gateway_request_in_flight();
        let (method, status) = (black_box("GET"), black_box(200));
        metrics.record_gateway_request(method, status, black_box("jwt"), TOOK);
    })
}

fn page(metrics: MetricsRegistry) -> Work {
    Box::new(move |times| {
        let mut page = Vec::new();
        for _ in 0..times {
            page.clear();
            metrics.encode(Format::Text, &mut page);
            black_box(&page);
        }
    })
}

fn counters_page() -> Work {
    let metrics = MetricsRegistry::new();
    for agent in 0..SERIES {
        let agent = format!("agent-{agent}");
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, &agent, TOOK);
    }
    page(metrics)
}

/// With as many counters, since a query counts in both.
fn histograms_page() -> Work {
    let metrics = MetricsRegistry::new();
    for table in 0..SERIES {
        let table = format!("table_{table}");
        metrics.record_database_query(
            DatabaseOperationType::Select,
            &table,
            QueryStatus::Success,
            TOOK,
        );
    }
    page(metrics)
}
