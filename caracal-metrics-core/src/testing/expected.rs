//! The changes that a test expects.

use std::fmt;

use super::change::{Change, HistogramChange};
use super::lookup::Query;
use super::moved::Moved;
use super::table::Table;
use crate::family::Family;
use crate::labels::Labels;

/// The change that a test expects of a series.
///
/// Integers, floating-point numbers and [`observations`] can be converted to it. For a histogram, a number is
/// the number of observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected(Amount);

#[derive(Clone, Debug, PartialEq)]
enum Amount {
    Integer(i128),
    Float(f64),
    Observations(Observations),
}

macro_rules! from_integers {
    ($($integer:ty),*) => { $(
        impl From<$integer> for Expected {
            fn from(amount: $integer) -> Self {
                Self(Amount::Integer(amount.into()))
            }
        }
    )* };
}

from_integers!(i32, i64, u32, u64);

impl From<f64> for Expected {
    fn from(amount: f64) -> Self {
        Self(Amount::Float(amount))
    }
}

impl From<Observations> for Expected {
    fn from(observations: Observations) -> Self {
        Self(Amount::Observations(observations))
    }
}

/// The observations that a test expects of a histogram. [`observations`] creates it.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it has no effect unless you pass it to `assert_moved!`"]
pub struct Observations {
    count: u64,
    sum: Option<f64>,
    buckets: Vec<(f64, u64)>,
}

/// Expects this number of observations of a histogram or a summary.
pub fn observations(count: u64) -> Observations {
    Observations { count, sum: None, buckets: Vec::new() }
}

impl Observations {
    /// Also expects this sum of the observations. Durations are in seconds.
    pub fn sum(self, sum: f64) -> Self {
        Self { sum: Some(sum), ..self }
    }

    /// Also expects this number of observations up to and including this bound, as the bucket with this `le`
    /// counts them.
    pub fn bucket(mut self, le: f64, count: u64) -> Self {
        self.buckets.push((le, count));
        self
    }

    fn agree(&self, change: &HistogramChange) -> bool {
        self.count == change.count()
            && self.sum.is_none_or(|sum| is_close(sum, change.sum()))
            && self.buckets.iter().all(|(le, count)| change.bucket(*le) == Some(*count))
    }
}

impl Expected {
    fn agrees(&self, change: &Change) -> bool {
        match (&self.0, change) {
            (Amount::Integer(expected), Change::Counter(moved)) => *expected == i128::from(*moved),
            (Amount::Integer(expected), Change::Gauge(moved)) => *expected == i128::from(*moved),
            (Amount::Integer(expected), change) => is_close(*expected as f64, change.as_f64()),
            (Amount::Float(expected), change) => is_close(*expected, change.as_f64()),
            (Amount::Observations(expected), Change::Observations(moved)) => expected.agree(moved),
            (Amount::Observations(_), _) => false,
        }
    }

    fn is_none(&self) -> bool {
        match &self.0 {
            Amount::Integer(amount) => *amount == 0,
            Amount::Float(amount) => *amount == 0.0,
            Amount::Observations(observations) => observations.count == 0,
        }
    }

    /// Formats the change, in as much detail as is expected of it.
    fn show(&self, change: &Change) -> String {
        match (&self.0, change) {
            (Amount::Observations(expected), Change::Observations(moved)) => {
                let shown = Observations {
                    count: moved.count(),
                    sum: expected.sum.map(|_| moved.sum()),
                    buckets: (expected.buckets.iter())
                        .filter_map(|(le, _)| Some((*le, moved.bucket(*le)?)))
                        .collect(),
                };
                shown.to_string()
            }
            (_, Change::Observations(moved)) => observations(moved.count()).to_string(),
            (_, change) => change.to_string(),
        }
    }
}

/// Compares two sums of floating-point numbers, which are rounded.
fn is_close(a: f64, b: f64) -> bool {
    const ROUNDING: f64 = 1e-9;
    a == b || (a - b).abs() <= ROUNDING * a.abs().max(b.abs()) || (a.is_nan() && b.is_nan())
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Amount::Integer(amount) => amount.fmt(f),
            Amount::Float(amount) => amount.fmt(f),
            Amount::Observations(observations) => observations.fmt(f),
        }
    }
}

impl fmt::Display for Observations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observations", self.count)?;
        if let Some(sum) = self.sum {
            write!(f, ", sum {sum}")?;
        }
        self.buckets.iter().try_for_each(|(le, count)| write!(f, ", {count} up to {le}"))
    }
}

/// The expectations of `assert_moved!`, which creates them.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    series: Vec<(Query, Expected)>,
    allows_others: bool,
}

impl Expectations {
    /// Adds a series, given by the constant of its family.
    pub fn family<K, L: Labels>(
        &mut self,
        family: &'static Family<K, L>,
        labels: L::Of<'_>,
        expected: impl Into<Expected>,
    ) {
        self.series.push((Query::typed(family.spec(), &labels), expected.into()));
    }

    /// Adds a series, given by name.
    pub fn named(&mut self, name: &str, labels: &[(&str, String)], expected: impl Into<Expected>) {
        self.series.push((Query::named(name, labels), expected.into()));
    }

    /// Allows other series to have moved as well.
    pub fn allow_others(&mut self) {
        self.allows_others = true;
    }
}

impl Moved {
    /// Checks that exactly the expected series moved. `assert_moved!` calls this.
    ///
    /// # Errors
    ///
    /// Returns an error if the changes differ from the expected ones. The error is a table of all expected and
    /// all actual changes.
    pub fn check(&self, expectations: &Expectations) -> Result<(), String> {
        let mut table = Table::with_header(["", "expected", "moved", "series"]);
        let mut row = |verdict: &str, expected: String, moved: String, series: String| {
            table.push([verdict.to_owned(), expected, moved, series]);
        };
        let (mut mistakes, mut fails) = (Vec::new(), false);
        let mut is_expected = vec![false; self.series.len()];
        for (query, expected) in &expectations.series {
            let wanted = match self.resolve(query) {
                Ok(wanted) => wanted,
                Err(mistake) => {
                    mistakes.push(mistake.to_string());
                    continue;
                }
            };
            let found = self.find(&wanted);
            let name = found.map_or(&wanted.name, |place| &self.series[place].name);
            let (amount, name) = (expected.to_string(), name.to_string());
            match found {
                Some(place) => {
                    is_expected[place] = true;
                    let change = &self.series[place].change;
                    let agrees = expected.agrees(change);
                    fails |= !agrees;
                    row(if agrees { "" } else { "differs" }, amount, expected.show(change), name);
                }
                None if expected.is_none() => row("", amount, "0".to_owned(), name),
                None => {
                    fails = true;
                    row("missing", amount, "-".to_owned(), name);
                }
            }
        }
        for (series, _) in self.series.iter().zip(is_expected).filter(|(_, expected)| !expected) {
            let verdict = if expectations.allows_others { "" } else { "unexpected" };
            fails |= !expectations.allows_others;
            row(verdict, "-".to_owned(), series.change.to_string(), series.name.to_string());
        }
        if !fails && mistakes.is_empty() {
            return Ok(());
        }
        let mut message = format!("metrics did not move as expected\n{table}");
        let left = self.gone.iter().map(|series| format!("{series} left the page"));
        for note in mistakes.into_iter().chain(left) {
            message.push_str(&note);
            message.push('\n');
        }
        Err(message)
    }
}

/// Asserts that exactly these series moved between two snapshots, and by how much.
///
/// Name a series either by the constant of its family and its labels in brackets, or by its name and labels in
/// braces. Leave out the labels if the series has none. The amount is a number: the increase of a counter or of
/// a gauge, or the number of observations of a histogram. Use [`observations`] to expect more of a histogram.
/// With `..` at the end, other series may have moved as well.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use std::time::Duration;
/// use caracal_metrics::testing::{assert_moved, observations};
/// use caracal_metrics::{Counter, DurationHistogram, Family, Gauge, MetricsRegistry, labels};
///
/// labels! { struct Order<'a> { tenant: &'a str } }
/// static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
/// static DEPTH: Family<Gauge> = Family::gauge("queue_depth", "Orders that wait.");
/// static PACKING: Family<DurationHistogram> =
///     Family::duration_histogram("packing_duration_seconds", "Time to pack an order.")
///         .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);
///
/// let metrics = MetricsRegistry::new();
/// let (orders, depth) = (metrics.family(&ORDERS)?, metrics.family(&DEPTH)?);
/// let packing = metrics.family(&PACKING)?;
///
/// let before = metrics.snapshot();
/// orders.inc(Order { tenant: "acme" });
/// depth.add(2);
/// packing.observe(Duration::from_millis(7));
///
/// let moved = metrics.snapshot().since(&before);
/// assert_moved!(moved, {
///     ORDERS[Order { tenant: "acme" }] => 1,
///     DEPTH => 2,
///     PACKING => observations(1).sum(0.007).bucket(0.05, 1),
/// });
/// assert_moved!(moved, { "orders_total" { tenant: "acme" } => 1, "queue_depth" => 2, .. });
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
///
/// # Panics
///
/// Panics if something else moved, if something did not move as expected, or if a family does not exist. The
/// message has a row for each series. For a family that does not exist, it has the most similar names.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_moved {
    ($moved:expr, { $($series:tt)* } $(,)?) => {{
        #[allow(unused_mut, reason = "the list of expectations can be empty")]
        let mut expectations = $crate::testing::Expectations::default();
        $crate::__expect_moved!(expectations, $($series)*);
        if let ::std::result::Result::Err(message) = $moved.check(&expectations) {
            ::std::panic!("{message}");
        }
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __expect_moved {
    ($all:ident,) => {};
    ($all:ident, ..) => { $all.allow_others(); };
    ($all:ident, $name:literal { $($label:tt : $value:expr),* $(,)? } => $expected:expr
     $(, $($rest:tt)*)?) => {
        let labels = [$( (stringify!($label).trim_matches('"'), $value.to_string()) ),*];
        $all.named($name, &labels, $expected);
        $crate::__expect_moved!($all, $($($rest)*)?);
    };
    ($all:ident, $name:literal => $expected:expr $(, $($rest:tt)*)?) => {
        $all.named($name, &[], $expected);
        $crate::__expect_moved!($all, $($($rest)*)?);
    };
    ($all:ident, $family:path [ $labels:expr ] => $expected:expr $(, $($rest:tt)*)?) => {
        $all.family(&$family, $labels, $expected);
        $crate::__expect_moved!($all, $($($rest)*)?);
    };
    ($all:ident, $family:path => $expected:expr $(, $($rest:tt)*)?) => {
        $all.family(&$family, (), $expected);
        $crate::__expect_moved!($all, $($($rest)*)?);
    };
}
