use std::hint::black_box;
use std::sync::Mutex;

use measured::label::StaticLabelSet;
use measured::metric::histogram::Thresholds;
use measured::text::BufferedTextEncoder;
use measured::{Counter, CounterVec, Gauge, HistogramVec, MetricGroup};
use measured_derive::{FixedCardinalityLabel, LabelGroup};
use paracord::ParaCord;

use super::peer::{BUCKETS, PAGE_BUCKETS, Peer, SERIES, TOOK, Work, repeat, tenant};

pub(super) const MEASURED: Peer = Peer {
    name: "measured",
    handle,
    counter,
    histogram,
    own_counter,
    request,
    counters_page,
    histograms_page,
};

/// Where all labels are enums, it keeps series in an array, which is its fastest.
#[derive(Clone, Copy, Debug, FixedCardinalityLabel)]
enum Word {
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
#[label(set = NamedSet)]
struct Named<'a> {
    a: Word,
    #[label(dynamic_with = ParaCord)]
    b: &'a str,
}

const THREE: Three = Three { a: Word::Database, b: Word::Closed, c: Word::Open };
const TWO: Two = Two { a: Word::Database, b: Word::Open };

fn handle() -> Work {
    let counter = Counter::new();
    repeat(move || black_box(&counter).inc())
}

fn counter() -> Work {
    let counters = CounterVec::<ThreeSet>::dense();
    repeat(move || counters.inc(black_box(THREE)))
}

fn histogram() -> Work {
    let durations = HistogramVec::<TwoSet, 11>::dense_with_label_set_and_metadata(
        TwoSet::default(),
        Thresholds::with_buckets(PAGE_BUCKETS),
    );
    repeat(move || durations.observe(black_box(TWO), TOOK.as_secs_f64()))
}

fn own_counter() -> Work {
    let (orders, tenant) = (CounterVec::with_label_set(names()), tenant());
    repeat(move || {
        let (a, b) = black_box((Word::Open, tenant.as_str()));
        orders.inc(Named { a, b });
    })
}

fn request() -> Work {
    let in_flight = Gauge::new();
    let requests = CounterVec::<ThreeSet>::dense();
    let durations = HistogramVec::<TwoSet, 14>::dense_with_label_set_and_metadata(
        TwoSet::default(),
        Thresholds::with_buckets(BUCKETS),
    );
    repeat(move || {
        in_flight.inc();
        requests.inc(black_box(THREE));
        durations.observe(black_box(TWO), TOOK.as_secs_f64());
        in_flight.dec();
    })
}

fn names() -> NamedSet {
    NamedSet { a: StaticLabelSet::new(), b: ParaCord::default() }
}

#[derive(MetricGroup)]
#[metric(new())]
struct Counters {
    #[metric(init = CounterVec::with_label_set(names()))]
    c: CounterVec<NamedSet>,
}

#[derive(MetricGroup)]
#[metric(new())]
struct Histograms {
    #[metric(init = HistogramVec::with_label_set_and_metadata(
        names(),
        Thresholds::with_buckets(PAGE_BUCKETS),
    ))]
    d: HistogramVec<NamedSet, 11>,
}

fn page<G>(group: G) -> Work
where
    G: Send + Sync + 'static,
    for<'a> G: MetricGroup<&'a mut BufferedTextEncoder> + MetricGroup<BufferedTextEncoder>,
{
    let encoder = Mutex::new(BufferedTextEncoder::new());
    repeat(move || {
        let mut encoder = encoder.lock().expect("no panic");
        MetricGroup::<BufferedTextEncoder>::collect_group_into(&group, &mut *encoder)
            .unwrap_or_else(|never| match never {});
        black_box(encoder.finish());
    })
}

fn counters_page() -> Work {
    let group = Counters::new();
    for agent in 0..SERIES {
        group.c.inc_by(Named { a: Word::Open, b: &format!("agent-{agent}") }, agent);
    }
    page(group)
}

fn histograms_page() -> Work {
    let group = Histograms::new();
    for table in 0..SERIES {
        let labels = Named { a: Word::Open, b: &format!("table_{table}") };
        group.d.observe(labels, TOOK.as_secs_f64());
    }
    page(group)
}
