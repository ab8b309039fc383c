//! A recorder for the [`metrics`] facade. Metrics that libraries record with `counter!`, `gauge!` and
//! `histogram!` appear on the metrics page of the registry. They are subject to the same limits as your own
//! metrics. To use this crate in a service, enable the feature `bridge` of `caracal-metrics`.
//!
//! ```
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_bridge as bridge; }
//! use caracal_metrics::bridge::RecorderExt;
//! use caracal_metrics::MetricsRegistry;
//!
//! let registry = MetricsRegistry::new();
//! metrics::set_global_recorder(registry.recorder())?;
//!
//! // In a library:
//! metrics::counter!("jobs.run", "queue" => "mail").increment(1);
//!
//! assert_eq!(registry.sample("jobs_run_total", &[("queue", "mail")]), Some(1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`FacadeRecorder`] describes how names, units, labels and values are converted.

mod buckets;
mod builder;
pub mod families;
mod handles;
mod instrument;
mod labels;
mod names;
mod recent;
mod recorder;
mod refusal;
mod shared;

pub use buckets::Matcher;
pub use builder::{RecorderBuilder, RecorderError};
pub use recorder::{FacadeRecorder, RecorderExt};
pub use refusal::Refusal;
