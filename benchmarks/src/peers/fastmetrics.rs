use std::hint::black_box;

use fastmetrics::derive::{EncodeLabelValue, LabelSet};
use fastmetrics::format::text::{TextProfile, encode};
use fastmetrics::metrics::counter::Counter;
use fastmetrics::metrics::family::Family;
use fastmetrics::metrics::gauge::Gauge;
use fastmetrics::metrics::histogram::Histogram;
use fastmetrics::registry::Registry;

use super::peer::{BUCKETS, PAGE_BUCKETS, Peer, SERIES, TOOK, Work, repeat, tenant};

pub(super) const FASTMETRICS: Peer = Peer {
    name: "fastmetrics",
    handle,
    counter,
    histogram,
    own_counter,
    request,
    counters_page,
    histograms_page,
};

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Three {
    a: &'static str,
    b: &'static str,
    c: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Two {
    a: &'static str,
    b: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Named {
    a: &'static str,
    b: String,
}

#[derive(Clone, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Payment {
    Card,
    #[expect(dead_code, reason = "an enum of one value would cost nothing")]
    Invoice,
}

/// Only a whole label set finds its series, so the text is owned.
#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Order {
    payment: Payment,
    tenant: String,
}

fn handle() -> Work {
    let counter = <Counter>::default();
    repeat(move || {
        black_box(&counter).inc();
    })
}

fn counter() -> Work {
    let counters = Family::<Three, Counter>::default();
    repeat(move || {
        let labels = Three { a: "database", b: "closed", c: "open" };
        counters.with_or_new(black_box(&labels), Counter::inc);
    })
}

fn histogram() -> Work {
    let durations = Family::<Two, Histogram>::new(|| Histogram::new(PAGE_BUCKETS));
    repeat(move || {
        let labels = Two { a: "select", b: "policies" };
        durations.with_or_new(black_box(&labels), |duration| duration.observe(TOOK.as_secs_f64()));
    })
}

fn own_counter() -> Work {
    let (orders, tenant) = (Family::<Order, Counter>::default(), tenant());
    repeat(move || {
        let (payment, tenant) = black_box((Payment::Card, tenant.as_str()));
        orders.with_or_new(&Order { payment, tenant: tenant.to_owned() }, Counter::inc);
    })
}

fn request() -> Work {
    let in_flight = <Gauge>::default();
    let requests = Family::<Three, Counter>::default();
    let durations = Family::<Two, Histogram>::new(|| Histogram::new(BUCKETS));
    repeat(move || {
        in_flight.inc();
        let labels = Three { a: "GET", b: "200", c: "jwt" };
        requests.with_or_new(black_box(&labels), Counter::inc);
        let labels = Two { a: "GET", b: "200" };
        durations.with_or_new(black_box(&labels), |duration| duration.observe(TOOK.as_secs_f64()));
        in_flight.dec();
    })
}

fn page(registry: Registry) -> Work {
    repeat(move || {
        let mut page = String::new();
        encode(&mut page, &registry, TextProfile::default()).expect("a page");
        black_box(page);
    })
}

fn counters_page() -> Work {
    let counters = Family::<Named, Counter>::default();
    for agent in 0..SERIES {
        let labels = Named { a: "allowed", b: format!("agent-{agent}") };
        counters.with_or_new(&labels, |counter| counter.inc_by(agent));
    }
    let mut registry = Registry::default();
    registry.register("c", "h", counters).expect("a free name");
    page(registry)
}

fn histograms_page() -> Work {
    let durations = Family::<Named, Histogram>::new(|| Histogram::new(PAGE_BUCKETS));
    for table in 0..SERIES {
        let labels = Named { a: "select", b: format!("table_{table}") };
        durations.with_or_new(&labels, |duration| duration.observe(TOOK.as_secs_f64()));
    }
    let mut registry = Registry::default();
    registry.register("d", "h", durations).expect("a free name");
    page(registry)
}
