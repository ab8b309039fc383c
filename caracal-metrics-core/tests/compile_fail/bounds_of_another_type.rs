use caracal_metrics_core::{MetricsRegistry, catalogue};

fn main() {
    let _builder = MetricsRegistry::builder().buckets(&catalogue::GATEWAY_REQUEST_DURATION, &[0.5]);
}
