//! For authors of adapters: the series of an observed thing, while the thing is attached.
//!
//! An adapter declares its families in the same way as a service. It creates an [`InstanceBuilder`], declares
//! the series of the thing, and keeps the [`Instance`] while it observes the thing. It records counters and
//! histograms through their handles. A callback reads the gauges from the thing at scrape.
//!
//! Pass a callback that may wait for a lock or run code of the application, such as the eviction listener of a
//! cache, to [`InstanceBuilder::on_scrape`]. It runs on a thread of the registry, and the reader waits for it
//! for at most [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout). Pass a callback that
//! only loads atomics to [`InstanceBuilder::on_scrape_inline`], which starts no thread.
//!
//! An adapter that learns the names of metrics only at run time declares them with [`RuntimeFamily`].
//!
//! ```
//! # extern crate caracal_metrics_core as caracal_metrics;
//! use caracal_metrics::adapter::{InstanceKind, Sampled};
//! use caracal_metrics::{Counter, Family, Gauge, MetricsRegistry, labels};
//!
//! const QUEUE: InstanceKind = InstanceKind::new("queue");
//!
//! labels! { pub struct QueueName<'a> { queue: &'a str } }
//!
//! static JOBS: Family<Counter, QueueName<'_>> =
//!     Family::counter("queue_jobs_total", "Jobs put into the queue.").namespaced();
//! static DEPTH: Family<Gauge, QueueName<'_>> =
//!     Family::gauge("queue_depth", "Jobs that wait in the queue.").namespaced();
//!
//! let metrics = MetricsRegistry::builder().namespace("shop").build()?;
//! let mut builder = metrics.attach(QUEUE, Some("mail"))?;
//! let jobs = builder.series(&JOBS, QueueName { queue: "mail" })?;
//! let depth = builder.sampled_gauge(&DEPTH, QueueName { queue: "mail" })?;
//! let instance = builder.on_scrape(move |gauges| {
//!     gauges.set(depth, 3);
//!     Sampled::Live
//! });
//! jobs.inc();
//! assert_eq!(metrics.sample("shop_queue_jobs_total", &[("queue", "mail")]), Some(1.0));
//! assert_eq!(metrics.sample("shop_queue_depth", &[("queue", "mail")]), Some(3.0));
//!
//! drop(instance);
//! assert_eq!(metrics.sample("shop_queue_depth", &[("queue", "mail")]), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::attachment::{
    Gauges, Instance, InstanceBuilder, Sampled, SampledCounter, SampledFloatCounter,
    SampledFloatGauge, SampledGauge, release,
};
pub use crate::clock::Stopwatch;
pub use crate::counted_here::CountedHere;
pub use crate::instance_kind::InstanceKind;
pub use crate::panics::{contain, discard};
pub use crate::runtime::{RuntimeFamily, RuntimeMetric};
pub use crate::workers::user_code;
