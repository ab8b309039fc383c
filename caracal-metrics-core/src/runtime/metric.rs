//! A family that was registered at run time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::family_error::FamilyError;
use crate::kinds::{Kind, Series};
use crate::series::FamilyStore;

/// A registered [`RuntimeFamily`](super::RuntimeFamily). It returns handles of its series.
pub struct RuntimeMetric<K> {
    store: Arc<FamilyStore>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for RuntimeMetric<K> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.store))
    }
}

impl<K> fmt::Debug for RuntimeMetric<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetric").field("family", &self.name()).finish_non_exhaustive()
    }
}

impl<K> RuntimeMetric<K> {
    pub(super) fn new(store: Arc<FamilyStore>) -> Self {
        Self { store, kind: PhantomData }
    }

    /// Returns the name of the family.
    #[must_use]
    pub fn name(&self) -> &str {
        self.store.name()
    }

    /// Returns whether idle series of the family are hidden: see
    /// [`hide_idle_series`](crate::MetricsRegistryBuilder::hide_idle_series). A handle keeps its series on the
    /// page, so an adapter should not cache handles in this case.
    #[must_use]
    pub fn hides_idle_series(&self) -> bool {
        self.store.hides_idle_series()
    }

    /// Replaces the help text of the family once. Later calls have no effect, so that the pages of one process
    /// do not contradict each other. An empty text is ignored.
    pub fn describe(&self, help: &str) {
        if !help.is_empty() {
            self.store.describe(help);
        }
    }
}

impl<K: Kind> RuntimeMetric<K> {
    /// Returns the handle of one series, which is on the page from now on. The labels can be in any order.
    /// Other series of the family can have other labels. A label with an empty value is left out, because
    /// Prometheus treats both the same.
    ///
    /// This allocates and may take the lock of the family. Keep the handle of a series that is recorded often.
    ///
    /// If the family has reached
    /// [`max_series_per_family`](crate::MetricsRegistryBuilder::max_series_per_family), this returns the handle
    /// of an aggregated series. It has labels with the same names, and their values are
    /// [`aggregated`](crate::AGGREGATED). A family has at most 64 such series. Records of other label names go
    /// to a series with the label `labels="aggregated"`. Each such record is counted in
    /// `caracal_metrics_series_limited_total`.
    ///
    /// # Errors
    ///
    /// Returns an error if there are more than 64 labels, if two labels have the same name, or if a name is not
    /// a valid label name in Prometheus, is reserved, or is the name of a constant label. Also returns an error
    /// if the registry aggregates a label of a gauge.
    pub fn with(&self, labels: &[(&str, &str)]) -> Result<K, FamilyError> {
        Series::labelled(&self.store, labels).map(K::from_series)
    }
}
