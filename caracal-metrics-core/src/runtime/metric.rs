//! A family that was registered at run time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::family_error::FamilyError;
use crate::kinds::{Kind, Series};
use crate::series::FamilyStore;

/// A [`RuntimeFamily`](super::RuntimeFamily) that was registered: gives handles of its series.
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

    /// The name of the family.
    #[must_use]
    pub fn name(&self) -> &str {
        self.store.name()
    }

    /// Whether idle series of the family are hidden: see
    /// [`hide_idle_series`](crate::MetricsRegistryBuilder::hide_idle_series). A handle keeps its series on
    /// the page, so an adapter that keeps handles should not keep them then.
    #[must_use]
    pub fn hides_idle_series(&self) -> bool {
        self.store.hides_idle_series()
    }

    /// Gives the family another help text, once. Later calls change nothing: pages of one process should
    /// not contradict each other. An empty text is passed over.
    pub fn describe(&self, help: &str) {
        if !help.is_empty() {
            self.store.describe(help);
        }
    }
}

impl<K: Kind> RuntimeMetric<K> {
    /// The handle of one series, which is on the page from now on. The labels may come in any order, and
    /// other series of the family may have others. A label with an empty value is left out, which
    /// is the same to Prometheus.
    ///
    /// It allocates and may take the family's lock: keep the handle of a series that is recorded often.
    ///
    /// Past [`max_series_per_family`](crate::MetricsRegistryBuilder::max_series_per_family) it is the
    /// handle of an aggregated series, whose labels have the names of these and read
    /// [`aggregated`](crate::AGGREGATED). There are at most 64 of those in a family; the records of
    /// others go to one with the label `labels="aggregated"`. Each such record is counted in
    /// `caracal_metrics_series_limited_total`.
    ///
    /// # Errors
    ///
    /// Returns an error if there are more than 64 labels or two of one name, if a name is not one that
    /// Prometheus accepts for a label, is reserved or is a constant label's, or if the label of a gauge is
    /// one that the registry aggregates.
    pub fn with(&self, labels: &[(&str, &str)]) -> Result<K, FamilyError> {
        Series::labelled(&self.store, labels).map(K::from_series)
    }
}
