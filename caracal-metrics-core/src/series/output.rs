//! The series of a family in the order of the output.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::cursor::Row;
use super::key::Key;
use super::rows::{Batch, Rows};
use super::store::{FamilyStore, Index, made};
use crate::description::Description;
use crate::engine::Cell;
use crate::labels::{LabelValues, label_texts};
use crate::text::write_label;

/// The minimum number of series that become rows at a time. Their labels are in memory twice during this.
const BATCH: usize = 16 * 1024;

impl FamilyStore {
    /// Returns whether each row has all labels of the family, and there are any.
    pub(crate) fn has_fixed_labels(&self) -> bool {
        !self.lines.before.is_empty()
    }

    /// Returns the rows of the output, including all series that were findable before.
    pub(crate) fn rows(&self) -> Arc<Rows> {
        self.folds.look_again();
        let mut rows = self.rows.lock();
        self.bring_up_to_date(&mut rows);
        Arc::clone(&rows)
    }

    /// Adds the changes to the rows, which are locked.
    pub(super) fn bring_up_to_date(&self, rows: &mut Arc<Rows>) {
        let pending = self.changes.take();
        // This comes after the changes were taken, so a series that is hidden and recorded again in the
        // meantime is a later change.
        if let Some((watch, interner)) = self.watched() {
            watch.look(self, interner, &pending.series, rows);
        }
        // There are few series of instances, and they may affect whether a series of recorders is shown.
        if pending.owned || (!pending.series.is_empty() && self.is_attached_to()) {
            if let Some(rows_anew) = self.rows_anew.get() {
                *rows = Arc::new(rows_anew(self, &pending.series));
            }
        } else if !pending.series.is_empty() {
            self.merge(Arc::make_mut(rows), &pending.series);
        }
    }

    /// Removes hidden series of recorders from the rows.
    pub(super) fn take_out(&self, rows: &mut Arc<Rows>, gone: &[u32]) {
        if self.is_attached_to() {
            *rows = Arc::new(self.rows_anew(&[]));
            return;
        }
        let Index::Interned(interner) = &self.index else { return };
        let mut batch = Batch::default();
        for place in gone {
            let (key, cell) = interner.entry(*place);
            batch.push(values(&self.description, &key), cell);
        }
        Arc::make_mut(rows).take_out(batch);
    }

    fn merge(&self, rows: &mut Rows, mut fresh: &[(u32, Cell)]) {
        while !fresh.is_empty() {
            // The batch is proportional to the existing rows, so that the cost of merging a series does not
            // depend on their number.
            let batch = fresh.len().min(BATCH.max(rows.series() / 4));
            let (now, later) = fresh.split_at(batch);
            let mut batch = Batch::of(now.len());
            for (id, cell) in now {
                batch.push(values(&self.description, &self.key(*id)), *cell);
            }
            rows.merge(batch);
            fresh = later;
        }
    }

    /// Builds the rows of a family with series of instances. The fresh series may not be findable yet.
    pub(super) fn rows_anew(&self, fresh: &[(u32, Cell)]) -> Rows {
        let owned = self.owned.lock().clone();
        let fresh = fresh.iter().map(|(id, cell)| (self.key(*id), *cell));
        let recorded = self.recorded().into_iter().chain(fresh);
        let optional = self.description.labels.iter().filter(|label| label.values.is_open());
        let optional: Vec<_> = optional.map(|l| l.values == LabelValues::Optional).collect();
        let is_named = |key: &Key| {
            key.open.iter().zip(&optional).any(|(value, optional)| *optional && !value.is_empty())
        };
        let is_gauge = self.kind().is_gauge();
        // Named and unnamed instances never share a family. If there are named instances, the unnamed gauge
        // that waits for an instance is left out.
        let has_placeholder = is_gauge && !optional.contains(&false);
        let named_only = has_placeholder && owned.iter().any(|series| is_named(&series.key));
        // Gauges can't be added up, so the gauge of the attached instance is used instead of the recorder's.
        let known_better: HashSet<_> =
            owned.iter().filter(|_| is_gauge).map(|series| &series.key).collect();
        let mut batch = Batch::default();
        for (key, cell) in recorded {
            if !known_better.contains(&key) && (!named_only || is_named(&key)) {
                batch.push(values(&self.description, &key), cell);
            }
        }
        for series in &owned {
            batch.push(values(&self.description, &series.key), series.cell);
        }
        let mut rows = Rows::default();
        rows.merge(batch);
        rows
    }

    /// Returns the labels of a row, as on a page.
    pub(crate) fn labels<'a>(&'a self, row: &Row<'a>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let mut labels = self.own_labels(row);
        let added = self.settings.added_labels();
        labels.extend(added.map(|(name, value)| (name.into(), value.into())));
        labels
    }

    /// Like [`labels`](Self::labels), without the labels that the attached registry adds to everything that it
    /// gathers.
    pub(crate) fn gathered_labels<'a>(
        &'a self,
        row: &Row<'a>,
    ) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let mut labels = self.own_labels(row);
        let constant = self.settings.const_labels.iter();
        labels.extend(constant.map(|(name, value)| (name.into(), value.into())));
        labels
    }

    fn own_labels<'a>(&'a self, row: &Row<'a>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        if let Some(read) = self.description.series_labels {
            let text = row.values().next().unwrap_or_default();
            return read(&text);
        }
        let labels = self.description.labels.iter().zip(row.values());
        let labels = labels.filter(|(label, value)| !label.is_left_out(value));
        labels.map(|(label, value)| (label.name.into(), value)).collect()
    }

    /// Appends the labels of a row in the text format.
    pub(crate) fn write_labels(&self, row: &Row<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        let mut values = row.values();
        let write = |name: &str, value: &str, out: &mut Vec<u8>| {
            if out.len() > start {
                out.push(b',');
            }
            write_label(name, value, out);
        };
        for label in self.description.labels.iter() {
            let value = values.next().unwrap_or_default();
            if !label.is_left_out(&value) {
                write(label.name, &value, out);
            }
        }
        if self.description.series_labels.is_some() {
            // This value is the text of all labels.
            out.extend_from_slice(values.next().unwrap_or_default().as_bytes());
        }
        for (name, value) in self.settings.added_labels() {
            write(name, value, out);
        }
    }

    /// Returns the cell of each series.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let owned: Vec<_> = self.owned.lock().iter().map(|series| series.cell).collect();
        self.recorded().into_iter().map(|(_, cell)| cell).chain(owned).collect()
    }

    /// Returns the series of recorders that are findable or marked.
    fn recorded(&self) -> Vec<(Key, Cell)> {
        match &self.index {
            Index::Dense(cells) => {
                let cells = (0..).zip(cells);
                let cells = cells.filter_map(|(closed, slot)| Some((closed, made(slot)?)));
                cells.map(|(closed, cell)| (Key::new(closed, &[]), cell)).collect()
            }
            Index::Interned(interner) => interner.shown().collect(),
        }
    }

    /// Returns the key of a series of recorders. See [`Pending`](super::changes::Pending).
    fn key(&self, id: u32) -> Key {
        match &self.index {
            Index::Dense(_) => Key::new(id, &[]),
            Index::Interned(interner) => interner.key(id),
        }
    }
}

/// Returns the label values of a series in the order of the family, or the text of its labels.
fn values<'a>(description: &Description, key: &'a Key) -> Vec<&'a str> {
    if description.series_labels.is_some() {
        return key.open.iter().map(|text| &**text).collect();
    }
    label_texts(&description.labels, key.closed, key.open.iter().map(|value| &**value))
}
