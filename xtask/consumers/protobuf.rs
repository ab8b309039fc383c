//! The page in the format that Prometheus prefers if native histograms are enabled.

use caracal_metrics::{Format, MetricsRegistry};

fn main() {
    let metrics = MetricsRegistry::new();
    let accepted = "application/vnd.google.protobuf;\
        proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;q=0.5";
    let format = Format::negotiate(accepted);
    assert!(format.content_type().starts_with("application/vnd.google.protobuf"));
    let mut page = Vec::new();
    metrics.encode(format, &mut page);
    // Each family comes after its length. Its first field is the name.
    let name = b"caracal_gateway_requests_total";
    assert!(page.windows(name.len()).any(|window| window == name), "{page:?}");
}
