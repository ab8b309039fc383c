//! Reading the page.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::time::Duration;

use caracal_metrics_core::MetricsRegistry;

/// A registry whose scrapes give a cache all the time that it needs, even on a busy machine.
pub(crate) fn patient() -> MetricsRegistry {
    let builder = MetricsRegistry::builder().collection_timeout(Duration::from_secs(600));
    builder.build().expect("the settings are valid")
}

/// One scrape.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn scrape(metrics: &MetricsRegistry) -> Self {
        Self(String::from_utf8(metrics.generate_metrics()).expect("the page is UTF-8"))
    }

    /// The value of a series that is written as on the page. `None` if it does not exist.
    pub(crate) fn count(&self, series: &str) -> Option<u64> {
        self.0.lines().find_map(|line| {
            let value = line.strip_prefix(series)?.strip_prefix(' ')?;
            Some(value.parse().expect("a count is a whole number"))
        })
    }

    /// Whether any series has this label.
    pub(crate) fn has(&self, label: &str) -> bool {
        self.0.contains(label)
    }

    /// Hits, misses, successful loads and failed loads of the cache with this name.
    pub(crate) fn lookups(&self, cache: &str) -> [u64; 4] {
        let load = |result| {
            self.count(&format!(
                r#"caracal_cache_load_duration_seconds_count{{cache="{cache}",result="{result}"}}"#
            ))
        };
        [
            self.count(&format!(r#"caracal_cache_hits_total{{cache="{cache}"}}"#)),
            self.count(&format!(r#"caracal_cache_misses_total{{cache="{cache}"}}"#)),
            load("success"),
            load("error"),
        ]
        .map(|count| count.expect("the cache is attached"))
    }

    /// Removals from the cache with this name: expired, explicit, replaced, size.
    pub(crate) fn removals(&self, cache: &str) -> [Option<u64>; 4] {
        ["expired", "explicit", "replaced", "size"].map(|cause| {
            self.count(&format!(
                r#"caracal_cache_removals_total{{cache="{cache}",cause="{cause}"}}"#
            ))
        })
    }

    pub(crate) fn evictions(&self, cache: &str) -> Option<u64> {
        self.count(&format!(r#"caracal_cache_evictions_total{{cache="{cache}"}}"#))
    }

    pub(crate) fn size(&self, cache: &str) -> Option<u64> {
        self.count(&format!(r#"caracal_cache_size{{cache="{cache}"}}"#))
    }
}
