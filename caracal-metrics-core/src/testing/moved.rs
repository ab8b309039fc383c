//! The changes between two snapshots.

use std::collections::HashMap;
use std::fmt;

use super::change::{Change, HistogramChange};
use super::lookup::{Mistake, Query, SeriesName, Wanted, resolve};
use super::table;
use crate::family::Family;
use crate::kinds::{Bucketed, Counter, FloatCounter, FloatGauge, Gauge};
use crate::labels::Labels;
use crate::snapshot::{FamilySnapshot, SeriesSnapshot, SeriesValue, Snapshot};
use crate::state::{SERIES, SERIES_LIMIT};

/// One series that moved.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedSeries {
    pub(super) name: SeriesName,
    pub(super) change: Change,
}

impl MovedSeries {
    /// Returns the name of its family in the text format 0.0.4.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.name.family
    }

    /// Returns the names and values of its labels.
    #[must_use]
    pub fn labels(&self) -> &[(String, String)] {
        &self.name.labels
    }

    /// Returns the change of the series.
    #[must_use]
    pub fn change(&self) -> &Change {
        &self.change
    }
}

impl fmt::Display for MovedSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} moved by {}", self.name, self.change)
    }
}

/// The changes between two snapshots of one registry. [`Snapshot::since`] creates it.
///
/// A series moved if its value differs. A new counter with the value 0 has not moved. Neither has a series that
/// left the page: [`gone`](Self::gone) returns those.
///
/// For a series that has not moved, the methods return 0. For a family that the registry does not know, they
/// panic, and the message has the most similar names. A misspelt name therefore never reads as 0.
#[derive(Clone, Debug)]
pub struct Moved {
    pub(super) before: Snapshot,
    pub(super) after: Snapshot,
    pub(super) series: Vec<MovedSeries>,
    pub(super) gone: Vec<SeriesName>,
}

impl Snapshot {
    /// Returns the changes since an earlier snapshot of the same registry. Since `Snapshot::default()`, every
    /// series with a value other than 0 has moved.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
    ///
    /// labels! { struct Order<'a> { tenant: &'a str } }
    /// static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
    ///
    /// let metrics = MetricsRegistry::new();
    /// let orders = metrics.family(&ORDERS)?;
    ///
    /// let before = metrics.snapshot();
    /// orders.inc(Order { tenant: "acme" });
    /// let moved = metrics.snapshot().since(&before);
    /// assert_eq!(moved.counter(&ORDERS, Order { tenant: "acme" }), 1);
    /// assert_eq!(moved.value("orders_total", &[("tenant", "acme")]), 1.0);
    /// assert_eq!(moved.series().len(), 1);
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    ///
    /// The gauges `…_metrics_series` and `…_metrics_series_limit` are left out, because they follow the series
    /// of all other families.
    #[must_use]
    pub fn since(self, before: &Snapshot) -> Moved {
        let (mut series, mut gone) = (Vec::new(), Vec::new());
        for family in self.families().iter().filter(|family| !is_of_all(family, &self)) {
            let earlier = before.family(family.name());
            let mut earlier = by_labels(earlier);
            for now in family.series() {
                let labels: Vec<_> = now.labels().collect();
                let change = Change::between(earlier.remove(&labels), now.value());
                if !change.is_none() {
                    series.push(MovedSeries { name: SeriesName::of(family.name(), &now), change });
                }
            }
        }
        for family in before.families().iter().filter(|family| !is_of_all(family, before)) {
            let mut now = by_labels(self.family(family.name()));
            let left = family.series().filter(|series| {
                let labels: Vec<_> = series.labels().collect();
                now.remove(&labels).is_none()
            });
            gone.extend(left.map(|series| SeriesName::of(family.name(), &series)));
        }
        Moved { before: before.clone(), after: self, series, gone }
    }

    /// Returns the value of a series, given by the constant of its family, or `None` if the page does not have
    /// it.
    ///
    /// # Panics
    ///
    /// Panics if the registry does not have the family.
    #[must_use]
    #[track_caller]
    pub fn value_of<K, L: Labels>(
        &self,
        family: &'static Family<K, L>,
        labels: L::Of<'_>,
    ) -> Option<SeriesValue<'_>> {
        let wanted = resolve(&Query::typed(family.spec(), &labels), [self, self]);
        let wanted = wanted.unwrap_or_else(|mistake| panic!("{mistake}"));
        find(self, &wanted).map(|series| series.value())
    }
}

type ByLabels<'a> = HashMap<Vec<(&'a str, &'a str)>, SeriesValue<'a>>;

fn by_labels(family: Option<&FamilySnapshot>) -> ByLabels<'_> {
    let series = family.into_iter().flat_map(FamilySnapshot::series);
    series.map(|series| (series.labels().collect(), series.value())).collect()
}

fn find<'a>(snapshot: &'a Snapshot, wanted: &Wanted) -> Option<SeriesSnapshot<'a>> {
    let family = snapshot.family(&wanted.name.family)?;
    family.series().find(|series| wanted.is(&SeriesName::of(family.name(), series).labels))
}

impl Moved {
    /// Returns the series that moved, sorted by the names of their families and by their labels.
    #[must_use]
    pub fn series(&self) -> &[MovedSeries] {
        &self.series
    }

    /// Returns the series that left the page, with names and labels as on the page.
    #[must_use]
    pub fn gone(&self) -> Vec<String> {
        self.gone.iter().map(ToString::to_string).collect()
    }

    /// Removes the changes of these families. Use it for families that change by themselves, such as
    /// `process_*`. A name that ends in `*` matches all names with this beginning.
    #[must_use]
    pub fn without(mut self, families: &[&str]) -> Self {
        let is_named = |family: &str| {
            families.iter().any(|name| match name.strip_suffix('*') {
                Some(start) => family.starts_with(start),
                None => family == *name,
            })
        };
        self.series.retain(|series| !is_named(series.family()));
        self.gone.retain(|series| !is_named(&series.family));
        self
    }

    /// Returns the increase of a counter.
    ///
    /// # Panics
    ///
    /// Panics if the registry does not have the family. The following methods do the same.
    #[must_use]
    #[track_caller]
    pub fn counter<L: Labels>(
        &self,
        family: &'static Family<Counter, L>,
        labels: L::Of<'_>,
    ) -> u64 {
        match self.read(&Query::typed(family.spec(), &labels)) {
            Some(Change::Counter(gained)) => gained,
            _ => 0,
        }
    }

    /// Returns the increase of a counter of floating-point numbers.
    #[must_use]
    #[track_caller]
    pub fn float_counter<L: Labels>(
        &self,
        family: &'static Family<FloatCounter, L>,
        labels: L::Of<'_>,
    ) -> f64 {
        self.number(&Query::typed(family.spec(), &labels))
    }

    /// Returns the increase of a gauge, negative if it fell. [`Snapshot::value_of`] returns its value.
    #[must_use]
    #[track_caller]
    pub fn gauge<L: Labels>(&self, family: &'static Family<Gauge, L>, labels: L::Of<'_>) -> i64 {
        match self.read(&Query::typed(family.spec(), &labels)) {
            Some(Change::Gauge(gained)) => gained,
            _ => 0,
        }
    }

    /// Returns the increase of a gauge of floating-point numbers, negative if it fell.
    #[must_use]
    #[track_caller]
    pub fn float_gauge<L: Labels>(
        &self,
        family: &'static Family<FloatGauge, L>,
        labels: L::Of<'_>,
    ) -> f64 {
        self.number(&Query::typed(family.spec(), &labels))
    }

    /// Returns the new observations of a histogram.
    #[must_use]
    #[track_caller]
    pub fn histogram<K: Bucketed, L: Labels>(
        &self,
        family: &'static Family<K, L>,
        labels: L::Of<'_>,
    ) -> HistogramChange {
        self.observed(&Query::typed(family.spec(), &labels))
    }

    /// Returns the change of a series, given by the names of its family and its labels. You can leave out
    /// constant labels. For a histogram or a summary, this is the number of observations.
    ///
    /// # Panics
    ///
    /// Panics if the registry does not have the family, or if the family has other labels.
    #[must_use]
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.number(&Query::named(name, labels))
    }

    /// Returns the new observations of a histogram or a summary, given by name.
    ///
    /// # Panics
    ///
    /// Panics if the registry does not have the family, or if the family has other labels.
    #[must_use]
    #[track_caller]
    pub fn histogram_named(&self, name: &str, labels: &[(&str, &str)]) -> HistogramChange {
        self.observed(&Query::named(name, labels))
    }

    #[track_caller]
    fn number(&self, query: &Query) -> f64 {
        self.read(query).map_or(0.0, |change| change.as_f64())
    }

    #[track_caller]
    fn observed(&self, query: &Query) -> HistogramChange {
        match self.read(query) {
            Some(Change::Observations(observed)) => observed,
            _ => HistogramChange::default(),
        }
    }

    /// Returns the change, or `None` if the series has not moved.
    #[track_caller]
    fn read(&self, query: &Query) -> Option<Change> {
        let wanted = self.resolve(query).unwrap_or_else(|mistake| panic!("{mistake}"));
        self.find(&wanted).map(|place| self.series[place].change.clone())
    }

    pub(super) fn resolve(&self, query: &Query) -> Result<Wanted, Mistake> {
        resolve(query, [&self.before, &self.after])
    }

    /// Returns the index of a series among those that moved.
    pub(super) fn find(&self, wanted: &Wanted) -> Option<usize> {
        self.series
            .iter()
            .position(|series| series.family() == wanted.name.family && wanted.is(series.labels()))
    }
}

impl fmt::Display for Moved {
    /// Writes a table of all changes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table::of_moved(self).fmt(f)
    }
}

/// Returns whether a family is one of the gauges that show how full all families are.
fn is_of_all(family: &FamilySnapshot, snapshot: &Snapshot) -> bool {
    let names = [SERIES.spec(), SERIES_LIMIT.spec()];
    names.iter().any(|spec| spec.exposed_name(snapshot.namespace()) == family.name())
}
