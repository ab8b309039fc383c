//! The errors of registering a family.

use thiserror::Error;

/// An error of [`MetricsRegistry::family`](crate::MetricsRegistry::family). Nothing has been registered.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FamilyError {
    /// The name is not a valid metric name in Prometheus.
    #[error(
        "{name:?} is not a valid metric name: use letters, digits and underscores, and do not \
         start with a digit"
    )]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The help text is empty. The `prometheus` crate refuses such families.
    #[error(
        "the help text of {name:?} is empty: describe in a sentence what the metric counts or measures"
    )]
    EmptyHelp {
        /// The name of the family.
        name: String,
    },
    /// The name ends in a suffix that the exposition formats reserve.
    #[error(
        "the {kind} {name:?} can't end in {suffix:?}, because only the samples of counters and \
         histograms have this suffix: rename it"
    )]
    ReservedSuffix {
        /// The name.
        name: String,
        /// The type of the family.
        kind: &'static str,
        /// The suffix.
        suffix: &'static str,
    },
    /// The name of a counter does not end in `_total`.
    #[error("the counter {name:?} must end in \"_total\", as OpenMetrics requires: rename it")]
    CounterWithoutTotal {
        /// The name.
        name: String,
    },
    /// The name does not end in the unit.
    #[error("the name {name:?} must end in its unit, \"_{unit}\": rename it, or change the unit")]
    MissingUnit {
        /// The name.
        name: String,
        /// The unit.
        unit: String,
    },
    /// The name of a label is not a valid label name in Prometheus.
    #[error(
        "the label {label:?} of {name:?} is not a valid label name: use letters, digits and \
         underscores, and do not start with a digit or with two underscores"
    )]
    InvalidLabelName {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// A label has a name that the exposition formats reserve for histograms and summaries.
    #[error("the label {label:?} of {name:?} is reserved for histograms and summaries: rename it")]
    ReservedLabelName {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// Two labels of the family have the same name.
    #[error("{name:?} has the label {label:?} twice: rename one of them")]
    DuplicateLabelName {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// The family has a label with the name of a constant label of the registry.
    #[error(
        "{name:?} has the label {label:?}, which the registry adds to every series as a constant \
         label: rename one of them"
    )]
    ConstLabel {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// A series has too many labels.
    #[error(
        "a series of {name:?} has {labels} labels, but at most {most} are allowed: leave some out"
    )]
    TooManyLabels {
        /// The family.
        name: String,
        /// The number of labels.
        labels: usize,
        /// The maximum.
        most: usize,
    },
    /// The name of a label of a series is longer than
    /// [`max_label_value_bytes`](crate::MetricsRegistryBuilder::max_label_value_bytes).
    #[error(
        "a label of {name:?} has a name of {bytes} bytes, but at most {most} are allowed: shorten it, or raise \
         `max_label_value_bytes`"
    )]
    LongLabelName {
        /// The family.
        name: String,
        /// The length of the name, in bytes.
        bytes: usize,
        /// The maximum.
        most: usize,
    },
    /// A label with fixed values has the same value twice.
    #[error("the label {label:?} of {name:?} has the value {value:?} twice: change one of them")]
    DuplicateLabelValue {
        /// The family.
        name: String,
        /// The label.
        label: String,
        /// The value.
        value: &'static str,
    },
    /// A histogram has no buckets.
    #[error("the histogram {name:?} has no buckets: set at least one bound with `buckets`")]
    NoBuckets {
        /// The name.
        name: String,
    },
    /// A histogram has too many buckets.
    #[error(
        "the histogram {name:?} has {bounds} bounds, but at most {most} are allowed: leave some out"
    )]
    TooManyBuckets {
        /// The name.
        name: String,
        /// The number of bounds.
        bounds: usize,
        /// The maximum.
        most: usize,
    },
    /// The bounds of a histogram are not ascending, finite and, for durations, positive.
    #[error(
        "the bounds of the histogram {name:?} must be {rule}: {bound} comes after {before}; \
         correct one of them"
    )]
    InvalidBound {
        /// The name.
        name: String,
        /// The rule for the bounds.
        rule: &'static str,
        /// The first bound that breaks the rule.
        bound: f64,
        /// The bound before it. 0 or negative infinity if it is the first one.
        before: f64,
    },
    /// A different family has the same name.
    #[error(
        "{name:?} is already registered with {registered}, not with {given}: use one constant \
         for both, or rename one of them"
    )]
    DifferentDescription {
        /// The name.
        name: String,
        /// How the registered family differs from the refused one.
        registered: String,
        /// How the refused family differs from the registered one.
        given: String,
    },
    /// The family needs a name that belongs to another family, such as the `_count` of a histogram.
    #[error("{name:?} and {other:?} both need the name {sample:?}: rename one of them")]
    NameCollision {
        /// The family that was refused.
        name: String,
        /// The family that is registered.
        other: String,
        /// The name that both need.
        sample: String,
    },
    /// A gauge has an open label that the registry aggregates.
    #[error(
        "the label {label:?} of the gauge {name:?} can't be aggregated, because the values of several \
         gauges can't be added up: remove aggregate_label({label:?}), and aggregate in queries with \
         `sum without ({label}) (…)`"
    )]
    AggregatedGauge {
        /// The gauge.
        name: String,
        /// The label.
        label: String,
    },
    /// The attached `prometheus::Registry` has a metric with this name. It also remembers the names, labels and
    /// help texts of collectors that were unregistered, and refuses different metrics with these names.
    #[error(
        "the attached prometheus registry has, or once had, a metric that clashes with {name:?}: \
         rename one of them, or do not register the other one at all"
    )]
    NameInPrometheusRegistry {
        /// The name.
        name: String,
    },
}
