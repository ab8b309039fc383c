//! Prometheus metrics for tokio runtimes: busy and stalled workers, the scheduling delay, tasks and queues.
//! To use this crate in a service, enable the feature `tokio` of `caracal-metrics`.
//!
//! ```
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_tokio as tokio; }
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::tokio::RuntimeObserver;
//! use tokio::runtime::Handle;
//!
//! # #[tokio::main(worker_threads = 2)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let _guard = RuntimeObserver::new(&Handle::current()).attach(&metrics)?;
//!
//! assert_eq!(metrics.sample("caracal_tokio_workers", &[]), Some(2.0));
//! # Ok(())
//! # }
//! ```
//!
//! [`RuntimeObserver`] explains each family. A scrape reads counters that tokio maintains in any case, and
//! wakes one task to measure the scheduling delay. Nothing runs between scrapes.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod families;
mod observer;
mod probe;
mod reading;
mod total;
#[cfg(tokio_unstable)]
mod unstable;
mod worker;

pub use observer::{RUNTIME, RuntimeGuard, RuntimeObserver};
