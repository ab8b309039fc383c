//! The process itself.

use caracal_metrics::MetricsRegistry;

fn main() {
    let metrics = MetricsRegistry::builder().process_metrics().build().unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("\nprocess_resident_memory_bytes "), "{page}");
}
