//! Histograms of other libraries, with and without native buckets, recorded through a handle.

use std::hint::black_box;

use metrics::histogram;
use metrics_exporter_prometheus::{Matcher, NativeHistogramConfig, PrometheusBuilder};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{Aggregation, Instrument, ManualReader, SdkMeterProvider, Stream};
use prometheus_client::metrics::histogram::{self as client, Histogram};

use crate::native::Buckets::{self, Classic, Native};
use crate::peers::peer::{Work, repeat};

/// The ratio of two neighbouring bounds at schema 3.
const FACTOR: f64 = 1.090_507_732_665_257_7;

/// Eight buckets for each octave, as a schema of Prometheus. OpenTelemetry calls this a scale.
const SCHEMA: i8 = 3;

const MOST_BUCKETS: u32 = 256;

const SECONDS: f64 = 0.037;

const BOUNDS: [f64; 4] = [0.005, 0.025, 0.1, 1.0];

/// Creates a histogram. With native buckets, it also has the classic ones, like ours.
pub(crate) fn prometheus_client(buckets: Buckets) -> Work {
    let native = client::NativeHistogramConfig::with_schema(SCHEMA);
    let seconds = match buckets {
        Classic => Histogram::new(BOUNDS),
        Native => Histogram::new_classic_and_native(BOUNDS, native),
    };
    repeat(move || black_box(&seconds).observe(black_box(SECONDS)))
}

/// Creates a histogram. Native buckets replace the classic ones. The exporter stores the observations and
/// counts them when it is drained. Draining is a part of the work.
pub(crate) fn metrics_exporter(buckets: Buckets) -> Work {
    let builder = PrometheusBuilder::new();
    let builder = match buckets {
        Classic => builder.set_buckets(&BOUNDS).expect("buckets"),
        Native => {
            let config = NativeHistogramConfig::new(FACTOR, MOST_BUCKETS, 0.0).expect("a factor");
            builder.set_native_histogram_for_metric(Matcher::Full("d".to_owned()), config)
        }
    };
    let recorder = builder.build_recorder();
    let upkeep = recorder.handle();
    let seconds = metrics::with_local_recorder(&recorder, || histogram!("d"));
    Work::new(move |times| {
        (0..times).for_each(|_| black_box(&seconds).record(black_box(SECONDS)));
        upkeep.run_upkeep();
    })
}

/// Creates a histogram. Exponential buckets replace the explicit ones.
pub(crate) fn opentelemetry(buckets: Buckets) -> Work {
    let exponential = |_: &Instrument| {
        let aggregation = Aggregation::Base2ExponentialHistogram {
            max_size: MOST_BUCKETS,
            max_scale: SCHEMA,
            record_min_max: false,
        };
        Some(Stream::builder().with_aggregation(aggregation).build().expect("a scale"))
    };
    let provider = SdkMeterProvider::builder().with_reader(ManualReader::builder().build());
    let provider = match buckets {
        Classic => provider.build(),
        Native => provider.with_view(exponential).build(),
    };
    let seconds =
        provider.meter("peer").f64_histogram("d").with_boundaries(BOUNDS.to_vec()).build();
    // Dropping the provider would shut down its histograms.
    let kept = (provider, seconds);
    repeat(move || black_box(&kept).1.record(black_box(SECONDS), &[]))
}
