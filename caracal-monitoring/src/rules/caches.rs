//! Caches by their name.

use super::{Group, Rule};

pub(super) fn group() -> Group {
    Group {
        topic: "caches",
        comment: "",
        rules: vec![Rule::record(
            "job_cache:caracal_cache_hit_ratio:rate5m",
            "sum by (job, cache) (rate(caracal_cache_hits_total[5m]))\n\
             / (\n  \
             sum by (job, cache) (rate(caracal_cache_hits_total[5m]))\n  \
             + sum by (job, cache) (rate(caracal_cache_misses_total[5m]))\n\
             )",
        )],
    }
}
