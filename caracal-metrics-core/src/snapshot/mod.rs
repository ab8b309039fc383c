//! The contents of a page, as values.
//!
//! [`MetricsRegistry::snapshot`](crate::MetricsRegistry::snapshot) creates a snapshot.

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

/// The values of all series of a registry at one moment.
///
/// A snapshot is one scrape: it runs the callbacks of instances and the user's collectors, and it is as
/// consistent as a page. It has the same families as a page, sorted by name. The series of each family are in
/// the order of the page.
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
    /// Returns the families, sorted by name.
    #[must_use]
    pub fn families(&self) -> &[FamilySnapshot] {
        &self.families
    }

    /// Returns the family with this name in the text format 0.0.4. The name of a counter ends in `_total`, and
    /// the name of a histogram does not end in `_bucket`.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&FamilySnapshot> {
        let place = self.families.binary_search_by(|family| family.name().cmp(name)).ok()?;
        Some(&self.families[place])
    }

    /// Returns the namespace of the registry.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}
