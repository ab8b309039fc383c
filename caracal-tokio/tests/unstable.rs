//! The additional values if the service is built with `--cfg tokio_unstable`. `cargo xtask test`
//! runs this test in such a build.

use std::sync::mpsc;

use caracal_metrics_core::MetricsRegistry;
use caracal_tokio::RuntimeObserver;
use tokio::runtime::Builder;

#[test]
fn blocking_work_is_on_the_page_if_tokio_tells() {
    let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(2).build();
    let runtime = runtime.unwrap();
    let metrics = MetricsRegistry::new();
    let _guard = RuntimeObserver::new(runtime.handle()).attach(&metrics).unwrap();
    let read = |name: &str| metrics.sample(&format!("caracal_tokio_{name}"), &[]);
    let of_worker =
        |name: &str| metrics.sample(&format!("caracal_tokio_worker_{name}"), &[("worker", "0")]);

    let (begun, has_begun) = mpsc::channel();
    let mut held = Vec::new();
    for _ in 0..3 {
        let begun = begun.clone();
        let (release, released) = mpsc::channel::<()>();
        held.push(release);
        runtime.spawn_blocking(move || {
            let _ = begun.send(());
            let _ = released.recv();
        });
    }
    has_begun.recv().unwrap();
    has_begun.recv().unwrap();
    runtime.block_on(async {
        for _ in 0..10 {
            tokio::spawn(async {}).await.unwrap();
        }
    });
    if cfg!(tokio_unstable) {
        assert_eq!(read("blocking_threads"), Some(2.0));
        assert_eq!(read("idle_blocking_threads"), Some(0.0));
        assert_eq!(read("blocking_queue_depth"), Some(1.0));
        assert_eq!(read("forced_yields_total"), Some(0.0));
        assert_eq!(of_worker("steals_total"), Some(0.0));
        assert!(of_worker("local_queue_depth").is_some());
        let polls = of_worker("polls_total").unwrap();
        assert!(polls >= 1.0, "{polls}");
    } else {
        assert_eq!(read("blocking_threads"), None);
        assert_eq!(of_worker("polls_total"), None);
    }
}
