//! What building, attaching and the process-wide instance can refuse.

use thiserror::Error;

use crate::adapter::InstanceKind;

/// Why [`MetricsRegistryBuilder::build`](crate::MetricsRegistryBuilder::build) refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A constant label's name is not one that Prometheus accepts for a label.
    #[error(
        "constant label {name:?} is not a valid label name: use letters, digits and underscores, \
         not starting with a digit or with two underscores"
    )]
    InvalidLabelName {
        /// The refused name.
        name: String,
    },
    /// A constant label has the name of a label that a family of the catalogue uses, or `le` or
    /// `quantile`.
    #[error("constant label {name:?} is a label of the catalogue already: choose another name")]
    ReservedLabelName {
        /// The refused name.
        name: String,
    },
    /// The same constant label was given twice.
    #[error("constant label {name:?} is given twice: keep one")]
    DuplicateLabelName {
        /// The name that stands twice.
        name: String,
    },
    /// `aggregate_label` names a label that no family takes from outside.
    #[error("{name:?} is not an open label of any family: aggregate one of {open}")]
    UnknownAggregateLabel {
        /// The refused name.
        name: String,
        /// The labels that can be aggregated.
        open: String,
    },
    /// `max_series_per_family(0)`.
    #[error(
        "max_series_per_family must be at least 1; to fold a label always, use aggregate_label"
    )]
    ZeroSeriesLimit,
    /// `collection_timeout(Duration::ZERO)`.
    #[error(
        "collection_timeout must be longer than zero: with zero, no callback and no collector would \
         ever return in time"
    )]
    ZeroCollectionTimeout,
    /// The `prometheus::Registry` has a family of this name already.
    #[error(
        "the prometheus registry has {name:?} registered already: attach Caracal metrics once per \
         registry, and rename or remove a collector of your own with that name"
    )]
    NameTaken {
        /// The family's name.
        name: String,
    },
    /// The `prometheus::Registry` refused for a reason of its own.
    #[error("the prometheus registry refused Caracal's families: {reason}")]
    Registration {
        /// What it said.
        reason: String,
    },
}

/// Why an adapter could not attach.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttachError {
    /// Another live instance of the same kind has this name.
    #[error(
        "a {kind} named {name:?} is attached already: choose another name, or drop that one first"
    )]
    NameTaken {
        /// The kind of the instance.
        kind: InstanceKind,
        /// The name.
        name: String,
    },
    /// A second instance without a name.
    #[error("an unnamed {kind} is attached already: give each one a name, or drop that one first")]
    UnnamedTaken {
        /// The kind of the instance.
        kind: InstanceKind,
    },
    /// Named and unnamed instances would stand in one family.
    #[error(
        "named and unnamed {kind}s can't be mixed in one registry: name all of them, or attach one"
    )]
    NamedAndUnnamed {
        /// The kind of the instance.
        kind: InstanceKind,
    },
    /// The name is empty.
    #[error("the name of a {kind} can't be empty")]
    EmptyName {
        /// The kind of the instance.
        kind: InstanceKind,
    },
    /// The family has as many series as `max_series_per_family` allows.
    #[error("{metric} has {limit} series, as many as allowed: raise max_series_per_family")]
    SeriesLimit {
        /// The family's name.
        metric: &'static str,
        /// The limit in force.
        limit: usize,
    },
}

/// Why [`Exemplar::new`](crate::Exemplar::new) refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidExemplar {
    /// A label's name is not one that Prometheus accepts.
    #[error(
        "exemplar label {name:?} is not a valid label name: use letters, digits and underscores, \
         not starting with a digit or with two underscores"
    )]
    LabelName {
        /// The refused name.
        name: String,
    },
    /// The same label was given twice.
    #[error("exemplar label {name:?} is given twice: keep one")]
    DuplicateLabelName {
        /// The name that stands twice.
        name: String,
    },
    /// OpenMetrics allows 128 characters for all names and values together.
    #[error("the labels of an exemplar have {characters} characters: 128 are allowed")]
    TooLong {
        /// How many there were.
        characters: usize,
    },
}

/// [`initialize_metrics_registry`](crate::initialize_metrics_registry) was called a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Metrics registry already initialized: call get_metrics_registry() instead")]
#[non_exhaustive]
pub struct AlreadyInitialized;

/// [`get_metrics_registry`](crate::get_metrics_registry) was called before the registry was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Metrics registry not initialized: call initialize_metrics_registry() first")]
#[non_exhaustive]
pub struct NotInitialized;
