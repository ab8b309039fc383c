//! Why a family was not registered.

use thiserror::Error;

/// Why [`MetricsRegistry::family`](crate::MetricsRegistry::family) refused a family. Nothing was
/// registered.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FamilyError {
    /// The name is not one that Prometheus accepts for a metric.
    #[error(
        "{name:?} is not a valid metric name: use letters, digits and underscores, and do not \
         start with a digit"
    )]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The help text is empty. The `prometheus` crate accepts no such family.
    #[error("the help text of {name:?} is empty: say in a sentence what is counted or measured")]
    EmptyHelp {
        /// The name of the family.
        name: String,
    },
    /// The name has an ending that the exposition formats reserve.
    #[error(
        "the {kind} {name:?} can't end in {suffix:?}, as only the samples of counters and histograms \
         do: rename it"
    )]
    ReservedSuffix {
        /// The name.
        name: String,
        /// The type of the family.
        kind: &'static str,
        /// The ending.
        suffix: &'static str,
    },
    /// The name of a counter does not end in `_total`.
    #[error("the counter {name:?} must end in \"_total\", as OpenMetrics requires: rename it")]
    CounterWithoutTotal {
        /// The name.
        name: String,
    },
    /// The name does not end in the unit.
    #[error("the name {name:?} must end in its unit, \"_{unit}\": rename it, or name another unit")]
    MissingUnit {
        /// The name.
        name: String,
        /// The unit.
        unit: String,
    },
    /// A label's name is not one that Prometheus accepts for a label.
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
    /// Two labels of the family have one name.
    #[error("{name:?} has the label {label:?} twice: rename one of them")]
    DuplicateLabelName {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// The family has a label with the name of a constant label of the registry.
    #[error(
        "{name:?} has the label {label:?}, which the registry puts on every series as a constant \
         label: rename one of them"
    )]
    ConstLabel {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// A series has too many labels.
    #[error("a series of {name:?} has {labels} labels and {most} are allowed: leave some out")]
    TooManyLabels {
        /// The family.
        name: String,
        /// How many there were.
        labels: usize,
        /// How many are allowed.
        most: usize,
    },
    /// The name of a label of a series is longer than
    /// [`max_label_value_bytes`](crate::MetricsRegistryBuilder::max_label_value_bytes).
    #[error(
        "a label of {name:?} has a name of {bytes} bytes and {most} are allowed: shorten it, or raise \
         `max_label_value_bytes`"
    )]
    LongLabelName {
        /// The family.
        name: String,
        /// How many there were.
        bytes: usize,
        /// How many are allowed.
        most: usize,
    },
    /// A closed label has the same value twice.
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
    #[error("the histogram {name:?} has no buckets: give it at least one bound with `buckets`")]
    NoBuckets {
        /// The name.
        name: String,
    },
    /// A histogram has too many buckets.
    #[error("the histogram {name:?} has {bounds} bounds and {most} are allowed: leave some out")]
    TooManyBuckets {
        /// The name.
        name: String,
        /// How many there were.
        bounds: usize,
        /// How many are allowed.
        most: usize,
    },
    /// The bounds of a histogram are not ascending, finite and, for durations, positive.
    #[error(
        "the bounds of the histogram {name:?} must be {rule}: {bound} comes after {before}, \
         correct one of them"
    )]
    InvalidBound {
        /// The name.
        name: String,
        /// What the bounds have to be.
        rule: &'static str,
        /// The first bound that breaks the rule.
        bound: f64,
        /// The bound before it; 0 or negative infinity before the first one.
        before: f64,
    },
    /// Another family has the name, and is not the same one.
    #[error(
        "{name:?} is registered already with {registered}, and not with {given}: use one constant \
         for both, or rename one of them"
    )]
    DifferentDescription {
        /// The name.
        name: String,
        /// What tells the registered family from the other one.
        registered: String,
        /// The same of the family that was refused.
        given: String,
    },
    /// The family needs a name that belongs to another one, such as that of a histogram's `_count`.
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
        "the label {label:?} of the gauge {name:?} can't be aggregated, since the values of several \
         gauges have no sum: remove aggregate_label({label:?}), and aggregate in queries with \
         `sum without ({label}) (…)`"
    )]
    AggregatedGauge {
        /// The gauge.
        name: String,
        /// The label.
        label: String,
    },
    /// The attached `prometheus::Registry` has the name. It keeps the names of collectors that were
    /// unregistered, with their labels and help texts, and refuses others under them.
    #[error(
        "the attached prometheus registry has, or once had, a metric that clashes with {name:?}: \
         rename one of them, or never register the other one"
    )]
    NameInPrometheusRegistry {
        /// The name.
        name: String,
    },
}
