use std::hint::black_box;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::peer::{BUCKETS, PAGE_BUCKETS, Peer, SERIES, TOOK, Work, repeat, tenant};

pub(super) const PROMETHEUS_CLIENT: Peer = Peer {
    name: "prometheus-client",
    handle,
    counter,
    histogram,
    own_counter,
    request,
    counters_page,
    histograms_page,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Three {
    a: &'static str,
    b: &'static str,
    c: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Two {
    a: &'static str,
    b: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    a: &'static str,
    b: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Payment {
    Card,
    #[expect(dead_code, reason = "an enum of one value would cost nothing")]
    Invoice,
}

/// Only a whole label set finds its series, so the text is owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Order {
    payment: Payment,
    tenant: String,
}

fn gateway_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

fn query_histogram() -> Histogram {
    Histogram::new(PAGE_BUCKETS)
}

fn handle() -> Work {
    let counter = Counter::<u64>::default();
    repeat(move || {
        black_box(&counter).inc();
    })
}

fn counter() -> Work {
    let counters = Family::<Three, Counter>::default();
    repeat(move || {
        let labels = Three { a: "database", b: "closed", c: "open" };
        counters.get_or_create(black_box(&labels)).inc();
    })
}

fn histogram() -> Work {
    let durations = Family::<Two, Histogram>::new_with_constructor(query_histogram);
    repeat(move || {
        let labels = Two { a: "select", b: "policies" };
        durations.get_or_create(black_box(&labels)).observe(TOOK.as_secs_f64());
    })
}

fn own_counter() -> Work {
    let (orders, tenant) = (Family::<Order, Counter>::default(), tenant());
    repeat(move || {
        let (payment, tenant) = black_box((Payment::Card, tenant.as_str()));
        orders.get_or_create(&Order { payment, tenant: tenant.to_owned() }).inc();
    })
}

fn request() -> Work {
    let in_flight = Gauge::<i64>::default();
    let requests = Family::<Three, Counter>::default();
    let durations = Family::<Two, Histogram>::new_with_constructor(gateway_histogram);
    repeat(move || {
        in_flight.inc();
        requests.get_or_create(black_box(&Three { a: "GET", b: "200", c: "jwt" })).inc();
        let labels = Two { a: "GET", b: "200" };
        durations.get_or_create(black_box(&labels)).observe(TOOK.as_secs_f64());
        in_flight.dec();
    })
}

fn page(metric: impl Metric) -> Work {
    let mut registry = Registry::default();
    registry.register("c", "h", metric);
    repeat(move || {
        let mut page = String::new();
        encode(&mut page, &registry).expect("a page");
        black_box(page);
    })
}

fn counters_page() -> Work {
    let counters = Family::<Named, Counter>::default();
    for agent in 0..SERIES {
        let labels = Named { a: "allowed", b: format!("agent-{agent}") };
        counters.get_or_create(&labels).inc_by(agent);
    }
    page(counters)
}

fn histograms_page() -> Work {
    let durations = Family::<Named, Histogram>::new_with_constructor(query_histogram);
    for table in 0..SERIES {
        let labels = Named { a: "select", b: format!("table_{table}") };
        durations.get_or_create(&labels).observe(TOOK.as_secs_f64());
    }
    page(durations)
}
