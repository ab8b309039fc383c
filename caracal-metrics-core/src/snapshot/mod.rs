//! Everything that a page would have, as values.
//!
//! [`MetricsRegistry::snapshot`](crate::MetricsRegistry::snapshot) makes one.

mod family;
mod native;
mod series;
mod storage;

pub use family::{FamilySnapshot, FamilyType};
pub use native::NativeSnapshot;
pub use series::{
    ExemplarSnapshot, HistogramSnapshot, SeriesSnapshot, SeriesValue, SummarySnapshot,
};
pub(crate) use storage::{Family, Number, Sum};

/// What the series of a registry read at one moment.
///
/// A snapshot is one scrape: the callbacks of instances and the user's collectors have run for it, and
/// it is as consistent as a page. It has the families that a page has, sorted by name, and the series of
/// each in the order of the page.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::snapshot::SeriesValue;
///
/// let metrics = MetricsRegistry::new();
/// metrics.record_replay_block("nonce_reused");
///
/// let snapshot = metrics.snapshot();
/// let family = snapshot.family("caracal_gateway_replay_blocks_total").unwrap();
/// assert_eq!(family.kind().as_str(), "counter");
/// let blocks = family.get(&[("reason", "nonce_reused")]).unwrap();
/// assert_eq!(blocks.value(), SeriesValue::Counter(1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(crate) families: Vec<FamilySnapshot>,
    pub(crate) namespace: String,
    #[cfg(feature = "testing")]
    pub(crate) registered: crate::testing::Registered,
}

impl Snapshot {
    /// The families, sorted by name.
    #[must_use]
    pub fn families(&self) -> &[FamilySnapshot] {
        &self.families
    }

    /// The family that text format 0.0.4 has under this name: a counter's ends in `_total`, and a
    /// histogram's does not end in `_bucket`.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&FamilySnapshot> {
        let place = self.families.binary_search_by(|family| family.name().cmp(name)).ok()?;
        Some(&self.families[place])
    }

    /// The namespace of the registry.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}
