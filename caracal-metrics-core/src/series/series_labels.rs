//! Series that each have their own labels: names and values are only known when they are recorded.
//!
//! Such a series is found by the text of its labels as on the page, `name="value",…`, sorted by name. The same
//! labels have the same text in any order, different labels have different texts, and the text is copied to the
//! page unchanged. A label with an empty value is left out, because Prometheus treats both as the same series.

use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use super::cut::Value;
use super::interner::Interner;
use super::key::Labels;
use super::resolve::Resolved;
use super::store::{FamilyStore, Index};
use crate::engine::Cell;
use crate::family_error::FamilyError;
use crate::labels::{AGGREGATED, MAX_LABELS};
use crate::text::{is_label_name, write_labels};

/// The maximum number of labels of one series.
pub(crate) const MAX_SERIES_LABELS: usize = 64;

/// The maximum number of aggregated series of a family. They have the label names of the records that were
/// folded into them.
const MAX_AGGREGATES: usize = 64;

/// The labels of the aggregated series for all records beyond [`MAX_AGGREGATES`].
const ANY_LABELS: &str = "labels=\"aggregated\"";

/// Labels, sorted by name, with values as they are on series.
type Sorted<'a> = SmallVec<[(&'a str, Value<'a>); MAX_LABELS]>;

/// The series of some labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labelled {
    pub(crate) resolved: Resolved,
    /// Whether the series also belongs to other values, because the user aggregates one of the labels.
    pub(crate) aggregates: bool,
}

impl FamilyStore {
    /// Returns the series of these labels, and creates it if it is new. Values that are too long are cut and
    /// counted.
    pub(crate) fn series_of(&self, labels: &[(&str, &str)]) -> Result<Labelled, FamilyError> {
        let (sorted, aggregates) = self.sorted(labels)?;
        let text = text(sorted.iter().map(|(name, value)| (*name, &**value)));
        let interner = self.texts();
        let labels = Labels { closed: 0, open: &[&text] };
        if let Some(known) = interner.find(labels) {
            return Ok(Labelled { resolved: Resolved::own(known.cell), aggregates });
        }
        if sorted.iter().any(|(_, value)| value.is_cut()) {
            self.count_invalid();
        }
        let made = self.make_within_limit(interner, labels).map(Resolved::own);
        let resolved = made.unwrap_or_else(|| {
            self.folds.note(labels);
            self.fold_labelled(&sorted)
        });
        Ok(Labelled { resolved, aggregates })
    }

    /// Returns the existing texts of labels.
    fn texts(&self) -> &Interner {
        match &self.index {
            Index::Interned(interner) => interner,
            Index::Dense(_) => unreachable!("the text of labels is open"),
        }
    }

    /// Returns the labels, checked and sorted. Also returns whether one of them is aggregated.
    fn sorted<'a>(&self, labels: &[(&'a str, &'a str)]) -> Result<(Sorted<'a>, bool), FamilyError> {
        let settings = &self.settings;
        let family = || self.name().to_owned();
        if labels.len() > MAX_SERIES_LABELS {
            let (labels, most) = (labels.len(), MAX_SERIES_LABELS);
            return Err(FamilyError::TooManyLabels { name: family(), labels, most });
        }
        let mut sorted = Sorted::new();
        let mut aggregates = false;
        for &(name, value) in labels {
            let label = || name.to_owned();
            if name.len() > settings.value_bytes {
                let (bytes, most) = (name.len(), settings.value_bytes);
                return Err(FamilyError::LongLabelName { name: family(), bytes, most });
            }
            if !is_label_name(name) {
                return Err(FamilyError::InvalidLabelName { name: family(), label: label() });
            }
            if name == "le" || name == "quantile" {
                return Err(FamilyError::ReservedLabelName { name: family(), label: label() });
            }
            if settings.added_labels().any(|(other, _)| other == name) {
                return Err(FamilyError::ConstLabel { name: family(), label: label() });
            }
            let is_aggregated = settings.aggregate.iter().any(|other| other == name);
            if is_aggregated && self.kind().is_gauge() {
                return Err(FamilyError::AggregatedGauge { name: family(), label: label() });
            }
            aggregates |= is_aggregated;
            let value = if is_aggregated { AGGREGATED } else { value };
            sorted.push((name, Value::within(value, settings.value_bytes)));
        }
        sorted.sort_by_key(|(name, _)| *name);
        if let Some(twice) = sorted.windows(2).find(|two| two[0].0 == two[1].0) {
            let (name, label) = (family(), twice[0].0.to_owned());
            return Err(FamilyError::DuplicateLabelName { name, label });
        }
        sorted.retain(|(_, value)| !value.is_empty());
        Ok((sorted, aggregates))
    }

    /// Folds the labels if the family is full.
    fn fold_labelled(&self, labels: &Sorted<'_>) -> Resolved {
        let cell = self.set_aside_cell().unwrap_or_else(|| self.aggregate(labels));
        Resolved { cell, folded: true }
    }

    /// Returns the aggregated series of labels with these names.
    fn aggregate(&self, labels: &Sorted<'_>) -> Cell {
        let interner = self.texts();
        let text = text(labels.iter().map(|(name, _)| (*name, AGGREGATED)));
        let text = Labels { closed: 0, open: &[&text] };
        if let Some(known) = interner.find(text) {
            return known.cell;
        }
        let aggregates = &self.aggregates;
        let next = |made| (made < MAX_AGGREGATES).then_some(made + 1);
        match aggregates.fetch_update(Relaxed, Relaxed, next) {
            Ok(_) => self.make_unbounded(interner, text),
            Err(_) => self.make_unbounded(interner, Labels { closed: 0, open: &[ANY_LABELS] }),
        }
    }
}

fn text<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = Vec::with_capacity(64);
    write_labels(labels, &mut text);
    // The text contains whole labels. Only single bytes were escaped.
    String::from_utf8(text).unwrap_or_default()
}
