//! Prometheus metrics for tokio runtimes: whether the workers keep up, and what they wait for.
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
//! [`RuntimeObserver`] says what each family means. A scrape reads counters that tokio keeps anyway;
//! nothing runs between two scrapes.

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
