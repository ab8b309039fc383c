//! The families of this adapter, in addition to those of the catalogue that it feeds.

use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FamilySpec, Gauge, catalogue, labels,
};

labels! {
    /// Why an entry was removed.
    #[non_exhaustive]
    pub enum Cause {
        /// Its time to live or its time to idle ended.
        Expired => "expired",
        /// It was invalidated.
        Explicit => "explicit",
        /// A new value replaced it.
        Replaced => "replaced",
        /// The cache was full.
        Size => "size",
    }

    /// How the loading of an entry ended.
    #[non_exhaustive]
    pub enum LoadResult {
        /// `init` returned no value or an error, or panicked.
        Error => "error",
        /// `init` returned a value.
        Success => "success",
    }

    /// The label of a cache.
    pub struct CacheName<'a> {
        /// The name of the cache.
        pub cache: &'a str,
    }

    /// The labels of removed entries.
    pub struct Removal<'a> {
        /// The name of the cache.
        pub cache: &'a str,
        /// Why the entries were removed.
        pub cause: Cause,
    }

    /// The labels of loaded entries.
    pub struct Load<'a> {
        /// The name of the cache.
        pub cache: &'a str,
        /// How the loading ended.
        pub result: LoadResult,
    }
}

/// `cache_hits_total`.
pub static CACHE_HITS: Family<Counter, CacheName<'_>> =
    Family::counter("cache_hits_total", "Total number of cache hits")
        .namespaced()
        .shown_once_used();

/// `cache_misses_total`.
pub static CACHE_MISSES: Family<Counter, CacheName<'_>> =
    Family::counter("cache_misses_total", "Total number of cache misses")
        .namespaced()
        .shown_once_used();

/// `cache_evictions_total`.
pub static CACHE_EVICTIONS: Family<Counter, CacheName<'_>> = Family::counter(
    "cache_evictions_total",
    "Total number of entries that the cache evicted because it was full or because they had expired",
)
.namespaced()
.shown_once_used();

/// `cache_removals_total`.
pub static CACHE_REMOVALS: Family<Counter, Removal<'_>> = Family::counter(
    "cache_removals_total",
    "Total number of entries removed from the cache, by cause",
)
.namespaced()
.shown_once_used();

/// `cache_size`.
pub static CACHE_SIZE: Family<Gauge, CacheName<'_>> =
    Family::gauge("cache_size", "Current number of entries in the cache")
        .namespaced()
        .shown_once_used();

/// `cache_weighted_size`.
pub static CACHE_WEIGHTED_SIZE: Family<Gauge, CacheName<'_>> =
    Family::gauge("cache_weighted_size", "Current sum of the weights of the entries in the cache")
        .namespaced()
        .shown_once_used();

/// `cache_load_duration_seconds`.
// A load may compute a value, query a database or call another service. The buckets therefore range
// from well below the duration of a query to the timeout of a call.
pub static CACHE_LOAD_DURATION: Family<DurationHistogram, Load<'_>> = Family::duration_histogram(
    "cache_load_duration_seconds",
    "Time to load a missing entry, in seconds",
)
.namespaced()
.shown_once_used()
.buckets(&[
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(10),
]);

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 7] = [
    CACHE_HITS.spec(),
    CACHE_MISSES.spec(),
    CACHE_EVICTIONS.spec(),
    CACHE_REMOVALS.spec(),
    CACHE_SIZE.spec(),
    CACHE_WEIGHTED_SIZE.spec(),
    CACHE_LOAD_DURATION.spec(),
];

/// The families of the catalogue that this crate feeds.
pub static FED_FAMILIES: [&FamilySpec; 4] = [
    catalogue::POLICY_CACHE_HITS.spec(),
    catalogue::POLICY_CACHE_MISSES.spec(),
    catalogue::POLICY_CACHE_SIZE.spec(),
    catalogue::POLICY_CACHE_EVICTIONS.spec(),
];
