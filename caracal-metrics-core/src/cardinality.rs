//! The number of series of the families of a registry, and the label values with the most series.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::registry::MetricsRegistry;
use crate::series::FamilyStore;

/// The number of values per label that [`MetricsRegistry::cardinality`] returns.
const TOP: usize = 10;

/// The number of series of a family. See [`MetricsRegistry::cardinality`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FamilyCardinality {
    /// The name of the family.
    pub metric: String,
    /// The number of series on the page. A histogram is one series here, regardless of its buckets.
    pub series: usize,
    /// The number of series that count towards the limit: those of label sets that were recorded, and those of
    /// attached instances. Series that exist from the start, and aggregated series, do not count.
    pub counted: usize,
    /// The number of hidden series. See [`hide_idle_series`](crate::MetricsRegistryBuilder::hide_idle_series).
    pub hidden: usize,
    /// The limit of the series that count. `None` if nothing is ever merged, because all labels are closed.
    pub limit: Option<usize>,
    /// The number of updates that were merged or dropped because of a limit, as in
    /// `caracal_metrics_series_limited_total`.
    pub merged: u64,
    /// Up to 8 label sets that were merged since the last page, the newest one last. Each has the names and
    /// values of the open labels, with values cut to 256 bytes.
    pub last_merged: Vec<Vec<(String, String)>>,
    /// The open labels, in the order of the family. The labels of a family that was declared at run time are in
    /// alphabetical order.
    pub labels: Vec<LabelCardinality>,
}

/// The number of values of an open label on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelCardinality {
    /// The name of the label.
    pub label: String,
    /// The number of different values.
    pub values: usize,
    /// The limit of the values with their own series, if the label has a limit. See
    /// [`max_values`](crate::MetricsRegistryBuilder::max_values).
    pub limit: Option<usize>,
    /// The 10 values with the most series, in descending order of their series. Values with equally many series
    /// are in alphabetical order.
    pub top: Vec<ValueCardinality>,
}

/// The number of series with a label value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueCardinality {
    /// The value. Empty for series without the label.
    pub value: String,
    /// The number of series with this value.
    pub series: usize,
}

impl MetricsRegistry {
    /// Returns the number of series of each family, and the label values with the most series. This is meant
    /// for live pages, logs and tests. Families are in alphabetical order. Families of the attached
    /// `prometheus::Registry` are not included.
    ///
    /// This visits every series and counts the values of every open label, so it takes about as long as a page.
    /// It runs no callbacks and no collectors.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let metrics = MetricsRegistry::builder().max_series_per_family(2).build()?;
    /// for reason in ["nonce_reused", "expired", "skewed"] {
    ///     metrics.record_replay_block(reason);
    /// }
    /// let all = metrics.cardinality();
    /// let blocks = all.iter().find(|f| f.metric == "caracal_gateway_replay_blocks_total").unwrap();
    /// assert_eq!((blocks.counted, blocks.limit, blocks.merged), (2, Some(2), 1));
    /// assert_eq!(blocks.last_merged, [[("reason".to_owned(), "skewed".to_owned())]]);
    ///
    /// let reason = &blocks.labels[0];
    /// assert_eq!((reason.label.as_str(), reason.values), ("reason", 3));
    /// assert_eq!(reason.top[0].value, "aggregated");
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    #[must_use]
    pub fn cardinality(&self) -> Vec<FamilyCardinality> {
        let families = self.instances().state().families();
        families.stores.iter().map(|store| of_family(store)).collect()
    }
}

/// The values of a label, with the number of series of each.
struct Counts {
    label: String,
    limit: Option<usize>,
    values: HashMap<String, usize>,
}

impl Counts {
    fn of(label: &str, limit: Option<usize>) -> Self {
        Self { label: label.to_owned(), limit, values: HashMap::new() }
    }

    fn count(&mut self, value: &str) {
        match self.values.get_mut(value) {
            Some(count) => *count += 1,
            None => drop(self.values.insert(value.to_owned(), 1)),
        }
    }
}

fn of_family(store: &FamilyStore) -> FamilyCardinality {
    let rows = store.rows();
    let open: Vec<_> = (0..)
        .zip(store.description.labels.iter())
        .filter(|(_, label)| label.values.is_open())
        .collect();
    let counts = (0..).zip(&open);
    let counts = counts.map(|(at, (_, label))| Counts::of(label.name, store.value_limit(at)));
    let mut counts: Vec<_> = counts.collect();
    let mut series = 0;
    let mut cursor = rows.cursor();
    while let Some(row) = cursor.next() {
        series += 1;
        let values: Vec<_> = row.values().collect();
        match store.description.series_labels {
            Some(read) => count_own_labels(values.iter().flat_map(|text| read(text)), &mut counts),
            None => {
                for ((place, _), counts) in open.iter().zip(&mut counts) {
                    if let Some(value) = values.get(*place) {
                        counts.count(value);
                    }
                }
            }
        }
    }
    let labels = counts.into_iter().map(|counts| LabelCardinality {
        label: counts.label,
        values: counts.values.len(),
        limit: counts.limit,
        top: top(counts.values),
    });
    FamilyCardinality {
        metric: store.name().to_owned(),
        series,
        counted: store.series(),
        hidden: store.hidden(),
        limit: store.bound(),
        merged: store.folded(),
        last_merged: store.last_folded(),
        labels: labels.collect(),
    }
}

/// Counts the labels of a series, in a family in which each series has its own labels.
fn count_own_labels<'a>(
    labels: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    counts: &mut Vec<Counts>,
) {
    for (name, value) in labels {
        let at = counts.partition_point(|counts| *counts.label < *name);
        if counts.get(at).is_none_or(|counts| counts.label != *name) {
            counts.insert(at, Counts::of(&name, None));
        }
        counts[at].count(&value);
    }
}

fn top(counts: HashMap<String, usize>) -> Vec<ValueCardinality> {
    let values = counts.into_iter().map(|(value, series)| ValueCardinality { value, series });
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(|a, b| b.series.cmp(&a.series).then_with(|| a.value.cmp(&b.value)));
    values.truncate(TOP);
    values
}
