//! Threads that record gateway requests.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use caracal_metrics_core::MetricsRegistry;
use rustix::time::{ClockId, clock_gettime};

/// Records on this number of threads for this time, and returns the processor nanoseconds of a record.
pub(crate) fn record(metrics: &MetricsRegistry, threads: usize, round: Duration) -> f64 {
    let until = Instant::now() + round;
    let recorded = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(move || {
                    let start = clock_gettime(ClockId::ThreadCPUTime);
                    let mut records = 0;
                    while Instant::now() < until {
                        for _ in 0..1_000 {
                            let _in_flight = metrics.track_gateway_request_in_flight();
                            let (method, auth) = (black_box("GET"), black_box("jwt"));
                            metrics.record_gateway_request(
                                method,
                                200,
                                auth,
                                Duration::from_millis(37),
                            );
                        }
                        records += 1_000;
                    }
                    let took = clock_gettime(ClockId::ThreadCPUTime) - start;
                    (records, took.tv_sec as f64 * 1e9 + took.tv_nsec as f64)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .fold((0, 0.0), |(n, took), (records, nanos)| (n + records, took + nanos))
    });
    recorded.1 / f64::from(recorded.0)
}
