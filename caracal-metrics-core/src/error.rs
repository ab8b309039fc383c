//! The errors of building, registering, attaching, and of the process-wide registry.

use std::time::Duration;

use thiserror::Error;

use crate::family_error::FamilyError;
use crate::instance_kind::InstanceKind;

/// An error of [`MetricsRegistryBuilder::build`](crate::MetricsRegistryBuilder::build).
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The name of a constant label is not a valid label name in Prometheus.
    #[error(
        "constant label {name:?} is not a valid label name: use letters, digits and underscores, \
         not starting with a digit or with two underscores"
    )]
    InvalidLabelName {
        /// The refused name.
        name: String,
    },
    /// A constant label has the name of a label of a family of the catalogue, or `le` or `quantile`.
    #[error(
        "constant label {name:?} is taken: a family of the catalogue has a label of that name, or \
         histograms and summaries need it; choose another name"
    )]
    ReservedLabelName {
        /// The refused name.
        name: String,
    },
    /// The same constant label was given twice.
    #[error("constant label {name:?} is given twice: keep one")]
    DuplicateLabelName {
        /// The repeated name.
        name: String,
    },
    /// The value of a constant label is longer than `max_label_value_bytes` allows.
    #[error(
        "the value of constant label {name:?} has {bytes} bytes, but at most {limit} are allowed: shorten \
         it, or raise max_label_value_bytes"
    )]
    LongLabelValue {
        /// The label's name.
        name: String,
        /// The length of the value.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The argument of `max_label_value_bytes` is out of range.
    #[error("max_label_value_bytes({bytes}) is out of range: choose from {least} to {most} bytes")]
    LabelValueLimit {
        /// The refused value.
        bytes: usize,
        /// The minimum.
        least: usize,
        /// The maximum.
        most: usize,
    },
    /// The label passed to `max_values` does not exist in the family, or has fixed values.
    #[error(
        "max_values({label:?}): {family:?} has no open label of this name: name one of the labels whose \
         values are text, or limit the whole family with max_series"
    )]
    NoOpenLabel {
        /// The family.
        family: String,
        /// The label.
        label: String,
    },
    /// The time passed to `hide_idle_series` or `hide_idle_series_of` is zero.
    #[error(
        "hide_idle_series(0) would hide every series immediately: choose a time that is longer than the \
         interval of scrapes, such as an hour"
    )]
    NoIdleTime,
    /// The name passed to `aggregate_label` is not a valid name for a label of a family.
    #[error(
        "aggregate_label({name:?}): no family can have a label of this name: choose the name of an \
         open label, such as agent_id"
    )]
    InvalidAggregateLabel {
        /// The refused name.
        name: String,
    },
    /// `aggregate_label` names a label whose values are fixed.
    #[error(
        "aggregate_label({name:?}): the values of this label of {family} are fixed, so there is \
         nothing to limit: remove this call"
    )]
    ClosedAggregateLabel {
        /// The refused name.
        name: String,
        /// A family that has the label.
        family: String,
    },
    /// `aggregate_label` names a label of a gauge, such as the `name` of a circuit breaker.
    #[error(
        "aggregate_label({name:?}): this is a label of the gauge {family}, and the values of \
         several gauges can't be added up: remove this call, and aggregate in queries with `sum without \
         ({name}) (…)`"
    )]
    GaugeAggregateLabel {
        /// The refused name.
        name: String,
        /// A gauge that has the label.
        family: String,
    },
    /// The resolution passed to `native_histograms` or `native_histograms_of` is out of range.
    #[error(
        "native_histograms(Resolution::schema({schema})): Prometheus has the schemas 0 (each bound is 2 \
         times the one before) to 8 (1.003 times): choose one of these; the default is 3"
    )]
    NoSuchResolution {
        /// The refused schema.
        schema: u8,
    },
    /// The limit passed to `max_series_per_family` or `max_series` is 0.
    #[error(
        "a family must be allowed at least 1 series; to always fold a label, use aggregate_label"
    )]
    ZeroSeriesLimit,
    /// The namespace is not a valid prefix of a metric name.
    #[error(
        "namespace({namespace:?}): use letters, digits and underscores, do not start with a digit, \
         and leave out the underscore at the end, which is added"
    )]
    InvalidNamespace {
        /// The refused namespace.
        namespace: String,
    },
    /// A family of the catalogue can't be registered with these settings, such as other buckets.
    #[error(transparent)]
    Family(#[from] FamilyError),
    /// The time passed to `collection_timeout` is zero.
    #[error(
        "collection_timeout must be longer than zero: with zero, no callback and no collector would \
         ever return in time"
    )]
    ZeroCollectionTimeout,
    /// The collectors of the `prometheus::Registry` did not return within `collection_timeout`, or the system
    /// could not start a thread for them.
    #[error(
        "the collectors of the prometheus registry did not return within {timeout:?}, which is the \
         collection_timeout: find the collector that takes so long, or raise collection_timeout"
    )]
    CollectorsOverran {
        /// The timeout.
        timeout: Duration,
    },
    /// The `prometheus::Registry` already has a family of this name.
    #[error(
        "the prometheus registry already has {name:?}: attach one \
         `MetricsRegistry` to it, and rename or remove a collector of your own with that name"
    )]
    NameTaken {
        /// The family's name.
        name: String,
    },
    /// The `prometheus::Registry` has a family that needs a name of one of Caracal's families.
    #[error(
        "{name:?} of the prometheus registry and {other:?} both need the name {shared:?}: rename \
         {name:?}"
    )]
    NameClash {
        /// The family of the `prometheus::Registry`.
        name: String,
        /// Caracal's family.
        other: String,
        /// The name that both need, such as that of a histogram's `_count`.
        shared: String,
    },
    /// The `prometheus::Registry` adds a prefix to all names that it gathers.
    #[error(
        "the prometheus registry adds the prefix {prefix:?} to every name that it gathers, so \
         families would have different names there than on the page and in the alerts: attach to a \
         registry that was made without a prefix, and put it into your own names with \
         `Opts::namespace`"
    )]
    RegistryPrefix {
        /// The prefix that was passed to `Registry::new_custom`.
        prefix: String,
    },
    /// The `prometheus::Registry` adds a label that Caracal's series already have.
    #[error(
        "the prometheus registry adds the label {name:?} to every series, and {other} has it \
         already: give it another name in `Registry::new_custom`"
    )]
    RegistryLabel {
        /// The label that was passed to `Registry::new_custom`.
        name: String,
        /// What already has a label of this name.
        other: String,
    },
    /// The `prometheus::Registry` adds a label whose name is not valid.
    #[error(
        "the prometheus registry adds a label {name:?} to every series, but this is not a valid label \
         name: use letters, digits and underscores, not starting with a digit or with two \
         underscores"
    )]
    InvalidRegistryLabel {
        /// The label that was passed to `Registry::new_custom`.
        name: String,
    },
    /// The `prometheus::Registry` refused the families for another reason.
    #[error("the prometheus registry refused the families: {reason}")]
    Registration {
        /// The message of the registry.
        reason: String,
    },
}

/// An error of [`MetricsRegistry::register`](crate::MetricsRegistry::register).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A family of the collector needs a name that belongs to another family.
    #[error("{name:?} and {other:?} both need the name {shared:?}: rename {name:?}")]
    NameClash {
        /// The collector's family.
        name: String,
        /// The other family.
        other: String,
        /// The name that both need, such as that of a histogram's `_count`.
        shared: String,
    },
    /// A family of the same name has another type.
    #[error("{name:?} is a {kind} here and a {other} elsewhere: rename one of them")]
    TypeClash {
        /// The name of both.
        name: String,
        /// The type of the collector's family.
        kind: &'static str,
        /// The type of the other family.
        other: &'static str,
    },
    /// The `prometheus::Registry` refused the collector.
    #[error("the prometheus registry refused the collector of {names}: {reason}")]
    Refused {
        /// The families that the collector describes.
        names: String,
        /// The message of the registry.
        reason: String,
    },
}

/// An error of attaching an instance, such as a connection pool or a cache.
#[derive(Clone, Debug, PartialEq, Error)]
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
    /// Another instance without a name is attached.
    #[error("an unnamed {kind} is attached already: give each one a name, or drop that one first")]
    UnnamedTaken {
        /// The kind of the instance.
        kind: InstanceKind,
    },
    /// Instances with and without names can't be in the same family.
    #[error(
        "named and unnamed {kind}s can't be mixed in one registry: name all of them, or attach one"
    )]
    NamedAndUnnamed {
        /// The kind of the instance.
        kind: InstanceKind,
    },
    /// The name is empty.
    #[error("the name of a {kind} is empty: choose a name")]
    EmptyName {
        /// The kind of the instance.
        kind: InstanceKind,
    },
    /// The family has reached its limit of series. Instances are not merged into an aggregated series.
    #[error(
        "{metric} has reached its limit of {limit} series, so no instance can be added: drop an instance \
         that is not in use, or raise max_series_per_family"
    )]
    SeriesLimit {
        /// The family's name.
        metric: String,
        /// The limit.
        limit: usize,
    },
    /// A label of the family is aggregated. A counter that is the sum of several instances would decrease
    /// when one of them is dropped, which Prometheus treats as a restart.
    #[error(
        "the label {label:?} of {metric} can't be aggregated, because the counts of an instance \
         disappear when it is dropped: remove aggregate_label({label:?}), and aggregate in queries with `sum \
         without ({label}) (…)`"
    )]
    AggregatedLabel {
        /// The family's name.
        metric: String,
        /// The label.
        label: String,
    },
    /// A family of the adapter can't be registered.
    #[error(transparent)]
    Family(#[from] FamilyError),
}

/// An error of [`Exemplar::new`](crate::Exemplar::new).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidExemplar {
    /// The name of a label is not a valid label name in Prometheus.
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
        /// The repeated name.
        name: String,
    },
    /// OpenMetrics allows 128 characters for all names and values together.
    #[error(
        "the names and values of an exemplar's labels have {characters} characters in total, but at most 128 \
         are allowed: leave out a label, or shorten its value"
    )]
    TooLong {
        /// The number of characters.
        characters: usize,
    },
}

/// The error of a second call of [`initialize_metrics_registry`](crate::initialize_metrics_registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Metrics registry already initialized: call get_metrics_registry() instead")]
#[non_exhaustive]
pub struct AlreadyInitialized;

/// The error of [`get_metrics_registry`](crate::get_metrics_registry) if there is no registry yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Metrics registry not initialized: call initialize_metrics_registry() first")]
#[non_exhaustive]
pub struct NotInitialized;
