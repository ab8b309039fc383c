//! The runtime that the program runs in.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::tokio::RuntimeObserver;
use tokio::runtime::Handle;

#[tokio::main(worker_threads = 3)]
async fn main() {
    let metrics = MetricsRegistry::builder().namespace("shop").build().unwrap();
    let _guard = RuntimeObserver::new(&Handle::current()).named("main").attach(&metrics).unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("shop_tokio_workers{runtime=\"main\"} 3\n"), "{page}");
}
