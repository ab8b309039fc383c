//! Limits of the number of values of individual labels.

use std::collections::HashMap;
use std::fmt;

use parking_lot::RwLock;

use crate::labels::{AGGREGATED, MAX_LABELS};

/// The limit of the number of values of each open label, by its index among the open labels.
pub(crate) type Limits = [Option<usize>; MAX_LABELS];

/// No label has a limit.
pub(crate) const NO_LIMITS: Limits = [None; MAX_LABELS];

/// Counts the values of labels with a limit.
///
/// This is a trait so that only settings of such a limit reach the code. The linker leaves it out of a program
/// without one.
pub(crate) trait CountValues: fmt::Debug + Send + Sync {
    /// Returns which of these open values are new to a label that has reached its limit.
    fn excess(&self, open: &[&str]) -> Option<[bool; MAX_LABELS]>;

    /// Counts the values of a new series, and returns whether there was room. With `always`, they are counted
    /// in any case.
    fn count(&self, open: &[&str], always: bool) -> bool;

    /// Removes the values of a series that is hidden.
    fn forget(&self, open: &[Box<str>]);

    fn limit(&self, label: usize) -> Option<usize>;
}

/// Creates the counter of values.
pub(crate) type MakeCounts = fn(&Limits) -> Box<dyn CountValues>;

/// The limits, and the code that counts the values.
#[derive(Clone, Copy)]
pub(crate) struct ValueLimits {
    pub(crate) limits: Limits,
    pub(crate) make: MakeCounts,
}

impl fmt::Debug for ValueLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.limits.fmt(f)
    }
}

impl PartialEq for ValueLimits {
    fn eq(&self, other: &Self) -> bool {
        self.limits == other.limits
    }
}

#[derive(Debug)]
struct Counts {
    limits: Limits,
    /// For each label with a limit, the number of series on the page with each value.
    series: RwLock<[HashMap<Box<str>, usize>; MAX_LABELS]>,
}

/// Creates the counter of the values of labels with these limits.
pub(crate) fn counts(limits: &Limits) -> Box<dyn CountValues> {
    Box::new(Counts { limits: *limits, series: RwLock::default() })
}

impl Counts {
    /// Returns the labels with a limit and their values. A value that was replaced is not one, and neither is an
    /// empty value: Prometheus treats it as a missing label.
    fn limited<'a, S: AsRef<str>>(
        &'a self,
        open: &'a [S],
    ) -> impl Iterator<Item = (usize, usize, &'a str)> {
        let limited = self.limits.iter().zip(open).enumerate();
        let limited =
            limited.filter_map(|(at, (limit, value))| Some((at, (*limit)?, value.as_ref())));
        limited.filter(|(_, _, value)| !matches!(*value, AGGREGATED | ""))
    }
}

impl CountValues for Counts {
    fn excess(&self, open: &[&str]) -> Option<[bool; MAX_LABELS]> {
        let series = self.series.read();
        let mut excess = [false; MAX_LABELS];
        for (at, limit, value) in self.limited(open) {
            excess[at] = series[at].len() >= limit && !series[at].contains_key(value);
        }
        excess.contains(&true).then_some(excess)
    }

    fn count(&self, open: &[&str], always: bool) -> bool {
        let mut series = self.series.write();
        let fits = |(at, limit, value): (usize, usize, &str)| {
            series[at].len() < limit || series[at].contains_key(value)
        };
        if !always && !self.limited(open).all(fits) {
            return false;
        }
        for (at, _, value) in self.limited(open) {
            *series[at].entry(value.into()).or_default() += 1;
        }
        true
    }

    fn forget(&self, open: &[Box<str>]) {
        let mut series = self.series.write();
        for (at, _, value) in self.limited(open) {
            if let Some(count) = series[at].get_mut(value) {
                *count -= 1;
                if *count == 0 {
                    series[at].remove(value);
                }
            }
        }
    }

    fn limit(&self, label: usize) -> Option<usize> {
        self.limits[label]
    }
}
