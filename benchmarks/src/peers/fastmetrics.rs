use std::hint::black_box;

use fastmetrics::derive::{EncodeLabelValue, LabelSet};
use fastmetrics::format::text::{TextProfile, encode};
use fastmetrics::metrics::counter::Counter;
use fastmetrics::metrics::family::Family;
use fastmetrics::metrics::gauge::Gauge;
use fastmetrics::metrics::histogram::Histogram;
use fastmetrics::registry::Registry;

use super::names::{Rotation, short};
use super::peer::{
    BUCKETS, PAGE_BUCKETS, POLICY_BUCKETS, Page, Peer, TOOK, Work, pages, repeat, tenant,
};

pub(super) const FASTMETRICS: Peer = Peer {
    name: "fastmetrics",
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

#[derive(Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Word {
    Database,
    Closed,
    Open,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Words {
    a: Word,
    b: Word,
    c: Word,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct One {
    a: Word,
}

/// A series is found only by a complete label set, so the text is owned.
#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Named {
    a: Word,
    b: String,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Texts {
    a: String,
    b: String,
}

type Counters<L> = Family<L, Counter>;
type Histograms<L> = Family<L, Histogram>;

fn write(registry: &Registry, page: &mut String) {
    page.clear();
    encode(page, registry, TextProfile::default()).expect("a page");
}

fn page(registry: Registry) -> impl Fn() -> String {
    move || {
        let mut page = String::new();
        write(&registry, &mut page);
        page
    }
}

/// The page of these families.
macro_rules! page {
    ($($name:literal => $metric:expr),+) => {{
        let mut registry = Registry::default();
        $(registry.register($name, "h", $metric.clone()).expect("a free name");)+
        page(registry)
    }};
}

fn handle() -> Work {
    let counter = <Counter>::default();
    let page = page!("c" => counter);
    let work = repeat(move || {
        black_box(&counter).inc();
    });
    work.shown(&["c_total"], page)
}

fn counter() -> Work {
    let counters = Counters::<Three>::default();
    let page = page!("c" => counters);
    let work = repeat(move || {
        let labels = Three { a: "database", b: "closed", c: "open" };
        counters.with_or_new(black_box(&labels), Counter::inc);
    });
    work.shown(&["c_total"], page)
}

fn enum_counter() -> Work {
    let counters = Counters::<Words>::default();
    let page = page!("c" => counters);
    let work = repeat(move || {
        let labels = Words { a: Word::Database, b: Word::Closed, c: Word::Open };
        counters.with_or_new(black_box(&labels), Counter::inc);
    });
    work.shown(&["c_total"], page)
}

fn own_counter() -> Work {
    let (orders, tenant) = (Counters::<Named>::default(), tenant());
    let page = page!("c" => orders);
    let work = repeat(move || {
        let (a, tenant) = (black_box(Word::Open), black_box(tenant.as_str()));
        orders.with_or_new(&Named { a, b: tenant.to_owned() }, Counter::inc);
    });
    work.shown(&["c_total"], page)
}

fn observe(duration: &Histogram) {
    duration.observe(black_box(TOOK).as_secs_f64());
}

fn histogram() -> Work {
    let durations = Histograms::<Named>::new(|| Histogram::new(PAGE_BUCKETS));
    let (page, tenant) = (page!("d" => durations), tenant());
    let work = repeat(move || {
        let (a, tenant) = (black_box(Word::Open), black_box(tenant.as_str()));
        durations.with_or_new(&Named { a, b: tenant.to_owned() }, observe);
    });
    work.shown(&["d_count"], page)
}

fn query() -> Work {
    let queries = Counters::<Three>::default();
    let durations = Histograms::<Two>::new(|| Histogram::new(PAGE_BUCKETS));
    let page = page!("c" => queries, "d" => durations);
    let work = repeat(move || {
        let [a, b, c] = black_box(["select", "policies", "success"]);
        queries.with_or_new(&Three { a, b, c }, Counter::inc);
        durations.with_or_new(&Two { a, b }, observe);
    });
    work.shown(&["c_total", "d_count"], page)
}

fn request() -> Work {
    let in_flight = <Gauge>::default();
    let requests = Counters::<Three>::default();
    let durations = Histograms::<Two>::new(|| Histogram::new(BUCKETS));
    let page = page!("c" => requests, "d" => durations);
    let work = repeat(move || {
        in_flight.inc();
        let [a, b, c] = black_box(["GET", "200", "jwt"]);
        requests.with_or_new(&Three { a, b, c }, Counter::inc);
        durations.with_or_new(&Two { a, b }, observe);
        in_flight.dec();
    });
    work.shown(&["c_total", "d_count"], page)
}

fn request_handle() -> Work {
    let in_flight = <Gauge>::default();
    let requests = Counters::<Three>::default();
    let durations = Histograms::<Two>::new(|| Histogram::new(BUCKETS));
    let page = page!("c" => requests, "d" => durations);
    let labels = Three { a: "GET", b: "200", c: "jwt" };
    let request = requests.with_or_new(&labels, Clone::clone);
    let duration = durations.with_or_new(&Two { a: "GET", b: "200" }, Clone::clone);
    let work = repeat(move || {
        in_flight.inc();
        black_box(&request).inc();
        observe(black_box(&duration));
        in_flight.dec();
    });
    work.shown(&["c_total", "d_count"], page)
}

fn policy(rotation: &Rotation) -> Work {
    let evaluations = Counters::<Named>::default();
    let durations = Histograms::<One>::new(|| Histogram::new(POLICY_BUCKETS));
    let page = page!("c" => evaluations, "d" => durations);
    for b in rotation.others() {
        evaluations.with_or_new(&Named { a: Word::Open, b }, |_| ());
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let a = black_box(Word::Open);
        evaluations.with_or_new(&Named { a, b: names.next().to_owned() }, Counter::inc);
        durations.with_or_new(&One { a }, observe);
    });
    work.shown(&["c_total", "d_count"], page)
}

fn two_open(rotation: &Rotation) -> Work {
    let counters = Counters::<Texts>::default();
    let page = page!("c" => counters);
    for b in rotation.others() {
        counters.with_or_new(&Texts { a: "jwt".to_owned(), b }, |_| ());
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let (a, b) = (black_box("jwt").to_owned(), names.next().to_owned());
        counters.with_or_new(&Texts { a, b }, Counter::inc);
    });
    work.shown(&["c_total"], page)
}

fn counters_page(of: Page) -> Work {
    let counters = Counters::<Named>::default();
    let mut registry = Registry::default();
    registry.register("c", "h", counters.clone()).expect("a free name");
    let record = move |agent| {
        let labels = Named { a: Word::Open, b: short(agent) };
        counters.with_or_new(&labels, |counter| counter.inc_by(agent));
    };
    pages(of, "c_total", record, move |page| write(&registry, page))
}

fn histograms_page(of: Page) -> Work {
    let durations = Histograms::<Named>::new(|| Histogram::new(PAGE_BUCKETS));
    let mut registry = Registry::default();
    registry.register("d", "h", durations.clone()).expect("a free name");
    let record = move |table| {
        let labels = Named { a: Word::Open, b: short(table) };
        durations.with_or_new(&labels, |duration| duration.observe(TOOK.as_secs_f64()));
    };
    pages(of, "d_count", record, move |page| write(&registry, page))
}
