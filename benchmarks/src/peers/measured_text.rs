//! Labels are text, as if they came from outside.

use std::hint::black_box;
use std::sync::Arc;

use measured::metric::histogram::Thresholds;
use measured::{CounterVec, Gauge, HistogramVec};
use measured_derive::LabelGroup;
use paracord::ParaCord;

use super::measured::{MEASURED, Texts, TextsSet, page, two_open};
use super::names::Rotation;
use super::peer::{BUCKETS, PAGE_BUCKETS, POLICY_BUCKETS, Peer, TOOK, Work, repeat, tenant};

pub(super) const MEASURED_TEXT: Peer = Peer {
    name: "measured, text",
    counter,
    own_counter,
    histogram,
    query,
    request,
    request_handle,
    policy,
    two_open,
    counters_page: None,
    histograms_page: None,
    ..MEASURED
};

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = ThreeSet)]
struct Three<'a> {
    #[label(dynamic_with = ParaCord)]
    a: &'a str,
    #[label(dynamic_with = ParaCord)]
    b: &'a str,
    #[label(dynamic_with = ParaCord)]
    c: &'a str,
}

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = OneSet)]
struct One<'a> {
    #[label(dynamic_with = ParaCord)]
    a: &'a str,
}

fn three() -> Arc<CounterVec<ThreeSet>> {
    let [a, b, c] = [(); 3].map(|()| ParaCord::default());
    Arc::new(CounterVec::with_label_set(ThreeSet { a, b, c }))
}

fn two() -> TextsSet {
    TextsSet { a: ParaCord::default(), b: ParaCord::default() }
}

fn histograms<const N: usize>(buckets: [f64; N]) -> Arc<HistogramVec<TextsSet, N>> {
    let thresholds = Thresholds::with_buckets(buckets);
    Arc::new(HistogramVec::with_label_set_and_metadata(two(), thresholds))
}

fn counter() -> Work {
    let counters = three();
    let page = page!("c" => counters);
    let work = repeat(move || {
        let [a, b, c] = black_box(["database", "closed", "open"]);
        counters.inc(Three { a, b, c });
    });
    work.shown(&["c"], page)
}

fn own_counter() -> Work {
    let (orders, tenant) = (Arc::new(CounterVec::with_label_set(two())), tenant());
    let page = page!("c" => orders);
    let work = repeat(move || {
        let (a, b) = (black_box("card"), black_box(tenant.as_str()));
        orders.inc(Texts { a, b });
    });
    work.shown(&["c"], page)
}

fn histogram() -> Work {
    let (durations, tenant) = (histograms(PAGE_BUCKETS), tenant());
    let page = page!("d" => durations);
    let work = repeat(move || {
        let (a, b) = (black_box("card"), black_box(tenant.as_str()));
        durations.observe(Texts { a, b }, black_box(TOOK).as_secs_f64());
    });
    work.shown(&["d_count"], page)
}

fn query() -> Work {
    let (queries, durations) = (three(), histograms(PAGE_BUCKETS));
    let page = page!("c" => queries, "d" => durations);
    let work = repeat(move || {
        let [a, b, c] = black_box(["select", "policies", "success"]);
        queries.inc(Three { a, b, c });
        durations.observe(Texts { a, b }, black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c", "d_count"], page)
}

fn request() -> Work {
    let (in_flight, requests, durations) = (Gauge::new(), three(), histograms(BUCKETS));
    let page = page!("c" => requests, "d" => durations);
    let work = repeat(move || {
        in_flight.inc();
        let [a, b, c] = black_box(["GET", "200", "jwt"]);
        requests.inc(Three { a, b, c });
        durations.observe(Texts { a, b }, black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c", "d_count"], page)
}

fn request_handle() -> Work {
    let (in_flight, requests, durations) = (Gauge::new(), three(), histograms(BUCKETS));
    let page = page!("c" => requests, "d" => durations);
    let request = requests.with_labels(Three { a: "GET", b: "200", c: "jwt" });
    let duration = durations.with_labels(Texts { a: "GET", b: "200" });
    let work = repeat(move || {
        in_flight.inc();
        requests.get_metric(black_box(request)).inc();
        durations.get_metric(black_box(duration)).observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c", "d_count"], page)
}

fn policy(rotation: &Rotation) -> Work {
    let evaluations = Arc::new(CounterVec::with_label_set(two()));
    let durations = Arc::new(HistogramVec::<OneSet, 10>::with_label_set_and_metadata(
        OneSet { a: ParaCord::default() },
        Thresholds::with_buckets(POLICY_BUCKETS),
    ));
    let page = page!("c" => evaluations, "d" => durations);
    for b in rotation.others() {
        evaluations.inc_by(Texts { a: "allowed", b: &b }, 0);
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let a = black_box("allowed");
        evaluations.inc(Texts { a, b: names.next() });
        durations.observe(One { a }, black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c", "d_count"], page)
}
