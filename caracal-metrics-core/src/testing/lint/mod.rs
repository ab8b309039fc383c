//! The rules of promlint and of OpenMetrics for families.

mod names;
mod open_metrics;
mod samples;
mod units;

use std::fmt;

use crate::registry::MetricsRegistry;
use crate::snapshot::{FamilySnapshot, Snapshot};

/// A rule of the linter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// A family has a help text.
    Help,
    /// A name contains base units, for example `seconds` instead of `milliseconds`.
    BaseUnit,
    /// A name contains no abbreviated units, such as `ms`.
    AbbreviatedUnit,
    /// The name of a counter ends in `_total`, and no other name does.
    Total,
    /// Only histograms and summaries have the suffixes `_bucket`, `_sum` and `_count`, and the labels `le` and
    /// `quantile`.
    Reserved,
    /// A name does not contain the type.
    TypeInName,
    /// A name contains no colon, because colons are for recording rules.
    Colon,
    /// The names of families and labels are in `snake_case`.
    CamelCase,
    /// OpenMetrics: the name ends in the unit.
    UnitSuffix,
    /// OpenMetrics: no name ends in a reserved suffix, such as `_created`.
    ReservedSuffix,
    /// OpenMetrics: the names of labels do not start with two underscores.
    ReservedLabel,
    /// OpenMetrics: a counter and the sum of a summary are neither negative nor NaN.
    NegativeTotal,
    /// OpenMetrics: bounds and quantiles are sorted, quantiles are between 0 and 1, and counts do not decrease
    /// from bucket to bucket.
    Buckets,
}

impl Rule {
    /// Returns whether `promtool check metrics` has this rule, too. The other rules are those of OpenMetrics.
    #[must_use]
    pub fn is_promlint(self) -> bool {
        matches!(
            self,
            Self::Help
                | Self::BaseUnit
                | Self::AbbreviatedUnit
                | Self::Total
                | Self::Reserved
                | Self::TypeInName
                | Self::Colon
                | Self::CamelCase
        )
    }
}

/// A family that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Problem {
    /// The name of the family.
    pub family: String,
    /// The rule.
    pub rule: Rule,
    /// What is wrong.
    pub text: String,
    /// How to correct it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.family, self.text, self.remedy)
    }
}

/// Checks the families of this registry, including foreign ones. The problems are sorted by family.
///
/// The rules are those of `promtool check metrics`, with the same texts, and those of OpenMetrics that a family
/// can break. Families that the page does not show yet are not checked, so use them first.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::testing::{Rule, lint};
/// use caracal_metrics::{Family, FloatGauge, MetricsRegistry};
///
/// static AGE: Family<FloatGauge> = Family::float_gauge("backup_age_hours", "Age of the backup.");
///
/// let metrics = MetricsRegistry::new();
/// assert_eq!(lint(&metrics), []);
/// metrics.family(&AGE)?.set(1.5);
/// let problems = lint(&metrics);
/// assert_eq!((problems.len(), problems[0].rule), (1, Rule::BaseUnit));
/// assert_eq!(
///     problems[0].to_string(),
///     "backup_age_hours: use base unit \"seconds\" instead of \"hours\": \
///      rename it to backup_age_seconds and convert the values"
/// );
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[must_use]
pub fn lint(metrics: &MetricsRegistry) -> Vec<Problem> {
    lint_snapshot(&metrics.snapshot())
}

/// Checks the families of a snapshot, as [`lint`] does.
#[must_use]
pub fn lint_snapshot(snapshot: &Snapshot) -> Vec<Problem> {
    let mut problems = Vec::new();
    for family in snapshot.families() {
        let mut report = Report { family, problems: &mut problems };
        names::check(&mut report);
        units::check(&mut report);
        samples::check(&mut report);
        open_metrics::check(&mut report);
    }
    problems.sort();
    problems.dedup();
    problems
}

/// Collects the problems of one family.
struct Report<'a> {
    family: &'a FamilySnapshot,
    problems: &'a mut Vec<Problem>,
}

impl Report<'_> {
    fn add(&mut self, rule: Rule, text: impl Into<String>, remedy: impl Into<String>) {
        let (family, text, remedy) = (self.family.name().to_owned(), text.into(), remedy.into());
        self.problems.push(Problem { family, rule, text, remedy });
    }
}
