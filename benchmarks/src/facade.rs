//! Recording through the `metrics` facade, with its own exporter and with ours.

use std::hint::black_box;

use caracal_bridge::RecorderBuilder;
use caracal_metrics_core::MetricsRegistry;
use metrics::{Counter, Recorder, counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::peers::metrics::drained;
use crate::peers::peer::Work;

/// The bounds of both histograms.
const BOUNDS: [f64; 5] = [0.005, 0.05, 0.5, 5.0, 50.0];

type Record = fn(&Counter);

/// The name of the row, the sample that increases by one, and the code that records.
pub(crate) const ROWS: [(&str, &str, Record); 6] = [
    ("facade: counter, literal label", "x_total", |_| {
        counter!("x_total", "a" => "b").increment(1);
    }),
    ("facade: counter, handle", "handle_total", |handle| black_box(handle).increment(1)),
    ("facade: counter, 3 labels by value", "x_total", |_| {
        let (name, from, to) = (black_box("database"), black_box("closed"), black_box("open"));
        counter!("x_total", "name" => name, "from" => from, "to" => to).increment(1);
    }),
    ("facade: counter, owned text label", "x_total", |_| {
        counter!("x_total", "tenant" => black_box("acme-inc").to_owned()).increment(1);
    }),
    ("facade: gauge up, literal label", "x", |_| {
        gauge!("x", "a" => "b").increment(1.0);
    }),
    ("facade: histogram, literal label", "x_count", |_| {
        histogram!("x", "a" => "b").record(black_box(0.037));
    }),
];

/// The work of the exporter and of ours.
pub(crate) fn works(name: &'static str, record: Record) -> Vec<(&'static str, Work)> {
    let exporter = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("buckets").build_recorder();
    let sample: &'static [&'static str] = Box::leak(Box::new([name]));
    let handle = handle_of(&exporter);
    let theirs = drained(exporter, sample, move |times| (0..times).for_each(|_| record(&handle)));
    let registry = MetricsRegistry::new();
    let bridge = RecorderBuilder::new(&registry).default_buckets(&BOUNDS).build().expect("buckets");
    let handle = handle_of(&bridge);
    let ours = Work::new(move |times| {
        metrics::with_local_recorder(&bridge, || (0..times).for_each(|_| record(&handle)));
    });
    vec![
        ("metrics-exporter-prometheus", theirs),
        ("caracal-bridge", ours.shown(sample, move || registry.generate_metrics())),
    ]
}

fn handle_of(recorder: &dyn Recorder) -> Counter {
    metrics::with_local_recorder(recorder, || counter!("handle_total"))
}
