//! The kit for authors of adapters.

use std::convert::Infallible;

use caracal_metrics::MetricsRegistry;
use caracal_metrics::conformance::Conformance;

fn main() {
    let make = |metrics: &MetricsRegistry| Ok::<_, Infallible>(metrics.clone());
    Conformance::of_recorder("recorder", make)
        .exercise(|metrics| metrics.record_replay_block("nonce_reused"))
        .outside_values(|metrics, reason| metrics.record_replay_block(reason))
        .check();
}
