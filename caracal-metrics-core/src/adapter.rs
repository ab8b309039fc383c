//! For authors of adapters: the series of one observed thing, from attaching to dropping it.
//!
//! An adapter asks for an [`InstanceBuilder`], names the series that the thing feeds, and keeps
//! the [`Instance`] as long as it observes. Counters and histograms are recorded through their
//! handles; gauges are read from the thing at scrape, by a callback.
//!
//! A callback that may wait for a lock or run code of the application's, such as a cache's eviction
//! listener, is given to [`InstanceBuilder::on_scrape`]. It runs on a thread of the registry's own,
//! and the reader waits for it no longer than
//! [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout). One that only loads
//! atomics is given to [`InstanceBuilder::on_scrape_inline`], which starts no thread.
//!
//! ```
//! use caracal_metrics_core::adapter::{InstanceKind, Sampled};
//! use caracal_metrics_core::catalogue::Metric;
//! use caracal_metrics_core::MetricsRegistry;
//!
//! let metrics = MetricsRegistry::new();
//! let mut builder = metrics.attach(InstanceKind::Cache, Some("sessions"))?;
//! let hits = builder.counter(Metric::CacheHits, &[])?;
//! let size = builder.gauge(Metric::CacheSize, &[])?;
//! let instance = builder.on_scrape(move |gauges| {
//!     gauges.set(size, 3);
//!     Sampled::Live
//! });
//! hits.inc();
//! assert_eq!(metrics.sample("caracal_cache_hits_total", &[("cache", "sessions")]), Some(1.0));
//! assert_eq!(metrics.sample("caracal_cache_size", &[("cache", "sessions")]), Some(3.0));
//!
//! drop((hits, instance));
//! assert_eq!(metrics.sample("caracal_cache_size", &[("cache", "sessions")]), None);
//! # Ok::<(), caracal_metrics_core::AttachError>(())
//! ```

mod builder;
mod instance;
mod sampling;
mod scrapes;

pub use builder::InstanceBuilder;
pub(crate) use instance::{Attached, Instances};
pub use instance::{Counter, DurationHistogram, Instance};
pub use sampling::{Gauges, Sampled, SampledCounter, SampledGauge};
pub use scrapes::{ScrapeGuard, ScrapeMetrics};

pub use crate::panics::{contain, discard};
pub use crate::workers::user_code;

use std::fmt;

/// What kind of thing an instance observes. Names are unique within a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstanceKind {
    /// A database connection pool: one unnamed, or any number of named ones.
    ConnectionPool,
    /// A circuit breaker, always named.
    CircuitBreaker,
    /// The policy cache, of which there is one.
    PolicyCache,
    /// Any other cache, always named.
    Cache,
}

impl fmt::Display for InstanceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectionPool => "connection pool",
            Self::CircuitBreaker => "circuit breaker",
            Self::PolicyCache => "policy cache",
            Self::Cache => "cache",
        })
    }
}
