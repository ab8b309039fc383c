use std::hint::black_box;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::names::{Rotation, short};
use super::peer::{
    BUCKETS, PAGE_BUCKETS, POLICY_BUCKETS, Page, Peer, TOOK, Work, pages, repeat, tenant,
};

pub(super) const PROMETHEUS_CLIENT: Peer = Peer {
    name: "prometheus-client",
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Word {
    Database,
    Closed,
    Open,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Words {
    a: Word,
    b: Word,
    c: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct One {
    a: Word,
}

/// A series is found only by a complete label set, so the text is owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    a: Word,
    b: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Texts {
    a: String,
    b: String,
}

fn gateway_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

fn query_histogram() -> Histogram {
    Histogram::new(PAGE_BUCKETS)
}

fn policy_histogram() -> Histogram {
    Histogram::new(POLICY_BUCKETS)
}

fn write(registry: &Registry, page: &mut String) {
    page.clear();
    encode(page, registry).expect("a page");
}

fn page(counters: impl Metric, histograms: impl Metric) -> impl Fn() -> String {
    let mut registry = Registry::default();
    registry.register("c", "h", counters);
    registry.register("d", "h", histograms);
    move || {
        let mut page = String::new();
        write(&registry, &mut page);
        page
    }
}

fn no_histogram() -> Histogram {
    query_histogram()
}

fn handle() -> Work {
    let counter = Counter::<u64>::default();
    let page = page(counter.clone(), no_histogram());
    let work = repeat(move || {
        black_box(&counter).inc();
    });
    work.shown(&["c_total"], page)
}

fn counter() -> Work {
    let counters = Family::<Three, Counter>::default();
    let page = page(counters.clone(), no_histogram());
    let work = repeat(move || {
        let labels = Three { a: "database", b: "closed", c: "open" };
        counters.get_or_create(black_box(&labels)).inc();
    });
    work.shown(&["c_total"], page)
}

fn enum_counter() -> Work {
    let counters = Family::<Words, Counter>::default();
    let page = page(counters.clone(), no_histogram());
    let work = repeat(move || {
        let labels = Words { a: Word::Database, b: Word::Closed, c: Word::Open };
        counters.get_or_create(black_box(&labels)).inc();
    });
    work.shown(&["c_total"], page)
}

fn own_counter() -> Work {
    let (orders, tenant) = (Family::<Named, Counter>::default(), tenant());
    let page = page(orders.clone(), no_histogram());
    let work = repeat(move || {
        let (a, tenant) = (black_box(Word::Open), black_box(tenant.as_str()));
        orders.get_or_create(&Named { a, b: tenant.to_owned() }).inc();
    });
    work.shown(&["c_total"], page)
}

fn histogram() -> Work {
    let durations = Family::<Named, Histogram>::new_with_constructor(query_histogram);
    let (page, tenant) = (page(Counter::<u64>::default(), durations.clone()), tenant());
    let work = repeat(move || {
        let (a, tenant) = (black_box(Word::Open), black_box(tenant.as_str()));
        let duration = durations.get_or_create(&Named { a, b: tenant.to_owned() });
        duration.observe(black_box(TOOK).as_secs_f64());
    });
    work.shown(&["d_count"], page)
}

fn query() -> Work {
    let queries = Family::<Three, Counter>::default();
    let durations = Family::<Two, Histogram>::new_with_constructor(query_histogram);
    let page = page(queries.clone(), durations.clone());
    let work = repeat(move || {
        let [a, b, c] = black_box(["select", "policies", "success"]);
        queries.get_or_create(&Three { a, b, c }).inc();
        durations.get_or_create(&Two { a, b }).observe(black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c_total", "d_count"], page)
}

fn request() -> Work {
    let in_flight = Gauge::<i64>::default();
    let requests = Family::<Three, Counter>::default();
    let durations = Family::<Two, Histogram>::new_with_constructor(gateway_histogram);
    let page = page(requests.clone(), durations.clone());
    let work = repeat(move || {
        in_flight.inc();
        let [a, b, c] = black_box(["GET", "200", "jwt"]);
        requests.get_or_create(&Three { a, b, c }).inc();
        durations.get_or_create(&Two { a, b }).observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c_total", "d_count"], page)
}

fn request_handle() -> Work {
    let in_flight = Gauge::<i64>::default();
    let requests = Family::<Three, Counter>::default();
    let durations = Family::<Two, Histogram>::new_with_constructor(gateway_histogram);
    let page = page(requests.clone(), durations.clone());
    let request = requests.get_or_create_owned(&Three { a: "GET", b: "200", c: "jwt" });
    let duration = durations.get_or_create_owned(&Two { a: "GET", b: "200" });
    let work = repeat(move || {
        in_flight.inc();
        black_box(&request).inc();
        black_box(&duration).observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c_total", "d_count"], page)
}

fn policy(rotation: &Rotation) -> Work {
    let evaluations = Family::<Named, Counter>::default();
    let durations = Family::<One, Histogram>::new_with_constructor(policy_histogram);
    let page = page(evaluations.clone(), durations.clone());
    for b in rotation.others() {
        drop(evaluations.get_or_create(&Named { a: Word::Open, b }));
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let a = black_box(Word::Open);
        evaluations.get_or_create(&Named { a, b: names.next().to_owned() }).inc();
        durations.get_or_create(&One { a }).observe(black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c_total", "d_count"], page)
}

fn two_open(rotation: &Rotation) -> Work {
    let counters = Family::<Texts, Counter>::default();
    let page = page(counters.clone(), no_histogram());
    for b in rotation.others() {
        drop(counters.get_or_create(&Texts { a: "jwt".to_owned(), b }));
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let (a, b) = (black_box("jwt").to_owned(), names.next().to_owned());
        counters.get_or_create(&Texts { a, b }).inc();
    });
    work.shown(&["c_total"], page)
}

fn written(
    of: Page,
    name: &'static str,
    metric: impl Metric,
    record: impl Fn(u64) + Send + Sync + 'static,
) -> Work {
    let mut registry = Registry::default();
    registry.register("m", "h", metric);
    pages(of, name, record, move |page| write(&registry, page))
}

fn counters_page(of: Page) -> Work {
    let counters = Family::<Named, Counter>::default();
    written(of, "m_total", counters.clone(), move |agent| {
        counters.get_or_create(&Named { a: Word::Open, b: short(agent) }).inc_by(agent);
    })
}

fn histograms_page(of: Page) -> Work {
    let durations = Family::<Named, Histogram>::new_with_constructor(query_histogram);
    written(of, "m_count", durations.clone(), move |table| {
        let durations = durations.get_or_create(&Named { a: Word::Open, b: short(table) });
        durations.observe(TOOK.as_secs_f64());
    })
}
