//! What a record costs in a family of 10, of 10,000 and of a million series.

use std::hint::black_box;

use caracal_metrics_core::MetricsRegistry;

use crate::peers::peer::Work;

/// The series that are recorded into: the same few, however many others there are.
pub(crate) const RECORDED: [&str; 8] = [
    "reason-0", "reason-1", "reason-2", "reason-3", "reason-4", "reason-5", "reason-6", "reason-7",
];

pub(crate) fn works() -> Vec<(&'static str, Work)> {
    [("10 series", 10), ("10,000 series", 10_000), ("1,000,000 series", 1_000_000)]
        .map(|(name, series)| (name, among(series)))
        .into()
}

fn among(series: usize) -> Work {
    let metrics = MetricsRegistry::builder().max_series_per_family(series).build();
    let metrics = metrics.expect("valid settings");
    // Those that are recorded into come last: theirs are not the first places of the table.
    for other in (0..series).rev() {
        metrics.record_auth_failure("jwt", &format!("reason-{other}"));
    }
    Box::new(move |times| {
        for _ in 0..times {
            for reason in RECORDED {
                metrics.record_auth_failure(black_box("jwt"), black_box(reason));
            }
        }
    })
}
