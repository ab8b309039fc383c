//! The process-wide registry. This is one test in its own file, because there is one such registry per process.

use std::thread;

use caracal_metrics_core::{
    MetricsRegistry, get_metrics_registry, initialize_metrics_registry,
    initialize_metrics_registry_with,
};

#[test]
fn there_is_one_registry_and_the_first_call_wins() {
    let error = get_metrics_registry().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Metrics registry not initialized: call initialize_metrics_registry() first"
    );
    let mine = MetricsRegistry::builder().const_label("service", "gateway").build().unwrap();
    let made = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| initialize_metrics_registry_with(mine.clone()).is_ok()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).filter(|made| *made).count()
    });
    assert_eq!(made, 1);
    let error = initialize_metrics_registry().unwrap_err();
    assert!(error.to_string().contains("already initialized"), "{error}");

    get_metrics_registry().unwrap().record_degraded_mode_request();
    let labels = [("service", "gateway")];
    assert_eq!(mine.sample("caracal_gateway_degraded_mode_requests_total", &labels), Some(1.0));
}
