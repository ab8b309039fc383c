//! A library that records through the `metrics` facade.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::bridge::RecorderExt;

fn main() {
    let metrics = MetricsRegistry::builder().namespace("shop").build().unwrap();
    metrics::set_global_recorder(metrics.recorder()).unwrap();
    for _ in 0..3 {
        metrics::counter!("mail.sent", "kind" => "receipt").increment(1);
    }
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("mail_sent_total{kind=\"receipt\"} 3\n"), "{page}");
}
