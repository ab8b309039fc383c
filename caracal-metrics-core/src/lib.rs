//! The core of [Caracal metrics](https://docs.rs/caracal-metrics): the registry, the catalogue of families, the
//! recording engine and the exposition formats.
//!
//! In a service, depend on `caracal-metrics`, which re-exports this crate.
//!
//! ```
//! # extern crate caracal_metrics_core as caracal_metrics;
//! use std::time::Duration;
//! use caracal_metrics::{MetricsRegistry, PolicyDecisionType};
//!
//! let metrics = MetricsRegistry::new();
//!
//! let in_flight = metrics.track_gateway_request_in_flight();
//! metrics.record_policy_evaluation(PolicyDecisionType::Allowed, "agent-1", Duration::from_millis(2));
//! metrics.record_gateway_request("GET", 200, "jwt", Duration::from_millis(15));
//! drop(in_flight);
//!
//! let page = String::from_utf8(metrics.generate_metrics()).unwrap();
//! assert!(page.contains("# TYPE caracal_gateway_request_duration_seconds histogram"));
//! assert_eq!(metrics.sample("caracal_gateway_requests_in_flight", &[]), Some(0.0));
//! ```
//!
//! Recording never fails, panics or blocks on I/O. Label values may come from outside the program, such as from
//! a request. [`MetricsRegistryBuilder::max_series_per_family`] limits the number of label sets of each family,
//! and [`MetricsRegistryBuilder::max_label_value_bytes`] limits the length of each value.
//!
//! When a family has reached its limit, an update with a new label set is *merged* into a series whose *open*
//! labels have the value `aggregated`. A label is open if its type does not define a fixed set of values. For a
//! gauge, the value is dropped instead, because values of gauges can't always be added up. Both cases are counted
//! in `caracal_metrics_series_limited_total`. Label values that are too long are shortened and counted in
//! `caracal_metrics_invalid_values_total`.
//!
//! A registry has the families of the [`catalogue`]. You add your own families with
//! [`MetricsRegistry::family`]. The adapters for sqlx, moka, failsafe, axum, tokio and the `metrics` facade are
//! separate crates. They are built on the module [`adapter`]. You can write your own adapters with it.
//!
//! The feature `process` adds `MetricsRegistryBuilder::process_metrics`, which enables the standard
//! `process_*` families. With the feature `tokio` of this crate, which `caracal-axum` and (by default)
//! `caracal-cache` enable, callbacks and collectors run in the context of the tokio runtime from which the
//! metrics are read. If there is none, they run in the context of the runtime in which they were added to the
//! registry. In both cases, they can call `tokio::spawn` and start timers. See
//! [`MetricsRegistryBuilder::collection_timeout`].

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
mod attachment;
mod blocks;
mod builder;
mod cardinality;
pub mod catalogue;
mod chosen;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod counted_here;
mod description;
mod engine;
mod error;
mod exemplar;
mod exemplar_source;
mod exposition;
mod family;
mod family_error;
mod family_spec;
mod global;
mod hide_error;
mod instance_kind;
mod kinds;
mod labels;
mod metric;
mod names;
mod panics;
mod preregistered;
mod prometheus;
mod registered_family;
mod registry;
mod registry_clock;
mod resolution;
mod runtime;
#[cfg(feature = "testing")]
mod scoped;
mod series;
pub mod snapshot;
mod state;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod value_limits;
#[cfg(feature = "protobuf")]
mod wire;
mod workers;

pub use builder::MetricsRegistryBuilder;
pub use cardinality::{FamilyCardinality, LabelCardinality, ValueCardinality};
pub use catalogue::{
    CircuitBreakerMetrics, CircuitBreakerState, DatabaseOperationType, DatabaseQueryMetrics,
    DatabaseQueryTimer, GatewayRequestMetrics, PolicyDecisionType, PolicyEvaluationMetrics,
    PolicyEvaluationTimer, PoolStats, QueryStatus,
};
pub use error::{
    AlreadyInitialized, AttachError, BuildError, InvalidExemplar, NotInitialized, RegisterError,
};
pub use exemplar::Exemplar;
pub use exposition::{Format, Negotiated};
pub use family::Family;
pub use family_error::FamilyError;
pub use family_spec::{Buckets, FamilyKind, FamilySpec};
pub use global::{
    get_metrics_registry, initialize_metrics_registry, initialize_metrics_registry_with,
};
pub use hide_error::HideError;
pub use kinds::{
    Bucketed, Counter, DurationHistogram, FloatCounter, FloatGauge, Gauge, GaugeGuard, Histogram,
    Kind, Timer,
};
pub use labels::{AGGREGATED, Label, LabelSet, LabelSpec, LabelValues, Labels, Method, StatusCode};
pub use metric::{Metric, Registered};
pub use registered_family::RegisteredFamily;
pub use registry::MetricsRegistry;
pub use resolution::Resolution;
pub use snapshot::Snapshot;
pub use state::{
    AboutFamily, COLLECTION_ERRORS, INVALID_VALUES, NATIVE_LIMITED, REGISTRY_FAMILIES, SERIES,
    SERIES_LIMIT, SERIES_LIMITED,
};

#[doc(hidden)]
pub use labels::private as __private;
