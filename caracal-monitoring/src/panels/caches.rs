//! Caches: the policy cache, and other caches by name.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Caches",
    panels: &[
        Panel::timeseries("Cache hit ratio", 8).unit("percentunit").max(1.0).queries(&[
            (
                "sum(rate(caracal_policy_cache_hits_total[$__rate_interval])) / \
                 (sum(rate(caracal_policy_cache_hits_total[$__rate_interval])) + \
                 sum(rate(caracal_policy_cache_misses_total[$__rate_interval])))",
                "policy",
            ),
            (
                "sum by (cache) (rate(caracal_cache_hits_total[$__rate_interval])) \
                 / (sum by (cache) (rate(caracal_cache_hits_total\
                 [$__rate_interval])) + sum by (cache) \
                 (rate(caracal_cache_misses_total[$__rate_interval])))",
                "{{cache}}",
            ),
        ]),
        Panel::timeseries("Cache size", 8).unit("short").queries(&[
            ("sum(caracal_policy_cache_size)", "policy"),
            ("sum by (cache) (caracal_cache_size)", "{{cache}}"),
        ]),
        Panel::timeseries("Cache evictions", 12).unit("ops").queries(&[
            ("sum(rate(caracal_policy_cache_evictions_total[$__rate_interval]))", "policy"),
            (
                "sum by (cache) (rate(caracal_cache_evictions_total\
                 [$__rate_interval]))",
                "{{cache}}",
            ),
        ]),
        Panel::timeseries("Cache load duration", 12)
            .quantiles_by("caracal_cache_load_duration_seconds", "cache"),
        Panel::timeseries("Cache removals by cause", 12).unit("ops").queries(&[(
            "sum by (cache, cause) (rate(caracal_cache_removals_total\
             [$__rate_interval]))",
            "{{cache}}: {{cause}}",
        )]),
    ],
};
