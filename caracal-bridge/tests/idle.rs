//! Series of the facade leave the page when they are idle, like those of constant families.

use std::time::Duration;

use caracal_bridge::RecorderExt;
use caracal_metrics_core::MetricsRegistry;
use caracal_metrics_core::testing::Clock;
use metrics::{counter, with_local_recorder};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn an_idle_series_is_hidden_and_returns_with_its_total() {
    let clock = Clock::new();
    let builder = MetricsRegistry::builder().clock(clock).hide_idle_series(HOUR);
    let registry = builder.build().unwrap();
    let recorder = registry.recorder();
    let pass = || {
        for _ in 0..180 {
            clock.advance(Duration::from_secs(60));
            let _page = registry.generate_metrics();
        }
    };
    let jobs = |queue: &str| registry.sample("jobs_total", &[("queue", queue)]);
    with_local_recorder(&recorder, || {
        let record = |queue: &'static str| counter!("jobs", "queue" => queue).increment(1);
        // Often enough for the thread to keep the series if it did so.
        (0..10).for_each(|_| record("mail"));
        let held = counter!("jobs", "queue" => "held");
        held.increment(1);
        pass();
        assert_eq!((jobs("mail"), jobs("held")), (None, Some(1.0)));
        record("mail");
        assert_eq!(jobs("mail"), Some(11.0));
    });
}
