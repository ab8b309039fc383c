//! Labels with known values are enums, for which `measured` keeps the series in an array.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use measured::label::StaticLabelSet;
use measured::metric::MetricFamilyEncoding;
use measured::metric::histogram::Thresholds;
use measured::metric::name::MetricName;
use measured::text::BufferedTextEncoder;
use measured::{Counter, CounterVec, Gauge, HistogramVec};
use measured_derive::{FixedCardinalityLabel, LabelGroup};
use paracord::ParaCord;

use super::names::{Rotation, short};
use super::peer::{
    BUCKETS, PAGE_BUCKETS, POLICY_BUCKETS, Page, Peer, TOOK, Work, pages, repeat, tenant,
};

pub(super) const MEASURED: Peer = Peer {
    name: "measured, enums",
    handle,
    counter,
    enum_counter: counter,
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

#[derive(Clone, Copy, Debug, FixedCardinalityLabel)]
pub(super) enum Word {
    Database,
    Closed,
    Open,
}

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = ThreeSet)]
struct Three {
    a: Word,
    b: Word,
    c: Word,
}

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = TwoSet)]
struct Two {
    a: Word,
    b: Word,
}

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = OneSet)]
struct One {
    a: Word,
}

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = NamedSet)]
struct Named<'a> {
    a: Word,
    #[label(dynamic_with = ParaCord)]
    b: &'a str,
}

#[derive(Clone, Copy, Debug, LabelGroup)]
#[label(set = TextsSet)]
pub(super) struct Texts<'a> {
    #[label(dynamic_with = ParaCord)]
    pub(super) a: &'a str,
    #[label(dynamic_with = ParaCord)]
    pub(super) b: &'a str,
}

const THREE: Three = Three { a: Word::Database, b: Word::Closed, c: Word::Open };
const TWO: Two = Two { a: Word::Database, b: Word::Open };

/// The page of these families.
macro_rules! page {
    ($($name:literal => $family:ident),+) => {{
        $(let $family = std::sync::Arc::clone(&$family);)+
        move || {
            let mut encoder = measured::text::BufferedTextEncoder::new();
            $(measured::metric::MetricFamilyEncoding::collect_family_into(
                &*$family,
                measured::metric::name::MetricName::from_str($name),
                &mut encoder,
            )
            .unwrap_or_else(|never| match never {});)+
            encoder.finish()
        }
    }};
}
pub(super) use page;

fn handle() -> Work {
    let counter = Arc::new(Counter::new());
    let page = page!("c" => counter);
    repeat(move || black_box(&*counter).inc()).shown(&["c"], page)
}

fn counter() -> Work {
    let counters = Arc::new(CounterVec::<ThreeSet>::dense());
    let page = page!("c" => counters);
    repeat(move || counters.inc(black_box(THREE))).shown(&["c"], page)
}

fn names() -> NamedSet {
    NamedSet { a: StaticLabelSet::new(), b: ParaCord::default() }
}

fn own_counter() -> Work {
    let (orders, tenant) = (Arc::new(CounterVec::with_label_set(names())), tenant());
    let page = page!("c" => orders);
    let work = repeat(move || {
        let (a, b) = (black_box(Word::Open), black_box(tenant.as_str()));
        orders.inc(Named { a, b });
    });
    work.shown(&["c"], page)
}

fn named_histograms() -> Arc<HistogramVec<NamedSet, 11>> {
    let thresholds = Thresholds::with_buckets(PAGE_BUCKETS);
    Arc::new(HistogramVec::with_label_set_and_metadata(names(), thresholds))
}

fn histogram() -> Work {
    let (durations, tenant) = (named_histograms(), tenant());
    let page = page!("d" => durations);
    let work = repeat(move || {
        let (a, b) = (black_box(Word::Open), black_box(tenant.as_str()));
        durations.observe(Named { a, b }, black_box(TOOK).as_secs_f64());
    });
    work.shown(&["d_count"], page)
}

fn histograms<const N: usize>(buckets: [f64; N]) -> Arc<HistogramVec<TwoSet, N>> {
    Arc::new(HistogramVec::dense_with_label_set_and_metadata(
        TwoSet::default(),
        Thresholds::with_buckets(buckets),
    ))
}

fn query() -> Work {
    let queries = Arc::new(CounterVec::<ThreeSet>::dense());
    let durations = histograms(PAGE_BUCKETS);
    let page = page!("c" => queries, "d" => durations);
    let work = repeat(move || {
        queries.inc(black_box(THREE));
        durations.observe(black_box(TWO), black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c", "d_count"], page)
}

fn request() -> Work {
    let in_flight = Gauge::new();
    let requests = Arc::new(CounterVec::<ThreeSet>::dense());
    let durations = histograms(BUCKETS);
    let page = page!("c" => requests, "d" => durations);
    let work = repeat(move || {
        in_flight.inc();
        requests.inc(black_box(THREE));
        durations.observe(black_box(TWO), black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c", "d_count"], page)
}

fn request_handle() -> Work {
    let in_flight = Gauge::new();
    let requests = Arc::new(CounterVec::<ThreeSet>::dense());
    let durations = histograms(BUCKETS);
    let page = page!("c" => requests, "d" => durations);
    let (three, two) = (requests.with_labels(THREE), durations.with_labels(TWO));
    let work = repeat(move || {
        in_flight.inc();
        requests.get_metric(black_box(three)).inc();
        durations.get_metric(black_box(two)).observe(black_box(TOOK).as_secs_f64());
        in_flight.dec();
    });
    work.shown(&["c", "d_count"], page)
}

fn policy(rotation: &Rotation) -> Work {
    let evaluations = Arc::new(CounterVec::with_label_set(names()));
    let thresholds = Thresholds::with_buckets(POLICY_BUCKETS);
    let durations = Arc::new(HistogramVec::<OneSet, 10>::dense_with_label_set_and_metadata(
        OneSet::default(),
        thresholds,
    ));
    let page = page!("c" => evaluations, "d" => durations);
    for b in rotation.others() {
        evaluations.inc_by(Named { a: Word::Open, b: &b }, 0);
    }
    let names = rotation.names.clone();
    let work = repeat(move || {
        let a = black_box(Word::Open);
        evaluations.inc(Named { a, b: names.next() });
        durations.observe(One { a }, black_box(TOOK).as_secs_f64());
    });
    work.shown(&["c", "d_count"], page)
}

pub(super) fn two_open(rotation: &Rotation) -> Work {
    let texts = TextsSet { a: ParaCord::default(), b: ParaCord::default() };
    let counters = Arc::new(CounterVec::with_label_set(texts));
    let page = page!("c" => counters);
    for b in rotation.others() {
        counters.inc_by(Texts { a: "jwt", b: &b }, 0);
    }
    let names = rotation.names.clone();
    repeat(move || counters.inc(Texts { a: black_box("jwt"), b: names.next() })).shown(&["c"], page)
}

fn written<F>(
    of: Page,
    name: &'static str,
    family: Arc<F>,
    record: impl Fn(u64) + Send + Sync + 'static,
) -> Work
where
    F: MetricFamilyEncoding<BufferedTextEncoder> + Send + Sync + 'static,
{
    let encoder = Mutex::new(BufferedTextEncoder::new());
    pages(of, name, record, move |page| {
        let mut encoder = encoder.lock().expect("no panic");
        let written = family.collect_family_into(MetricName::from_str("m"), &mut *encoder);
        written.unwrap_or_else(|never| match never {});
        *page = encoder.finish();
    })
}

fn counters_page(of: Page) -> Work {
    let counters = Arc::new(CounterVec::with_label_set(names()));
    written(of, "m", Arc::clone(&counters), move |agent| {
        counters.inc_by(Named { a: Word::Open, b: &short(agent) }, agent);
    })
}

fn histograms_page(of: Page) -> Work {
    let durations = named_histograms();
    written(of, "m_count", Arc::clone(&durations), move |table| {
        durations.observe(Named { a: Word::Open, b: &short(table) }, TOOK.as_secs_f64());
    })
}
