//! The labels of a row as Protocol Buffers have them: `LabelPair` fields, sorted by name.

use crate::labels::MAX_LABELS;
use crate::series::{Cursor, FamilyStore, Pair, Row, Rows, SEPARATOR};
use crate::wire::{begin_bytes, varint, varint_len, write_labels};

/// The labels of a row, of which what is that of the row before is kept.
pub(super) struct LabelPairs<'a> {
    store: &'a FamilyStore,
    /// Of the last row, if it was plain.
    key: Vec<u8>,
    /// Where each value begins in the key.
    values: [usize; MAX_LABELS],
    written: Vec<u8>,
    /// Where the value of the last label begins in `written`.
    last_value: usize,
    /// Where each pair ends.
    ends: Vec<usize>,
}

impl<'a> LabelPairs<'a> {
    pub(super) fn of(store: &'a FamilyStore) -> Self {
        let (key, written, ends) = (Vec::new(), Vec::new(), Vec::new());
        Self { store, key, values: [0; MAX_LABELS], written, last_value: 0, ends }
    }

    /// The rows that this goes through.
    pub(super) fn cursor<'r>(store: &FamilyStore, rows: &'r Rows) -> Cursor<'r> {
        let is_fixed = !store.pairs.pairs.is_empty();
        if is_fixed { rows.cursor_without_values() } else { rows.cursor() }
    }

    /// Writes the message of this row, which follows the last one, up to the value, of so many bytes.
    #[inline]
    pub(super) fn write(&mut self, row: &Row<'_>, value: u64, out: &mut Vec<u8>) {
        if let Some(place) = self.place_of_rest(row) {
            // The page first: what was stored a moment ago in small parts is slow to load in large ones.
            begin_bytes(4, self.written.len() as u64 + value, out);
            let start = out.len() + place;
            out.extend_from_slice(&self.written);
            out[start..start + row.rest.len()].copy_from_slice(row.rest);
            self.written[place..place + row.rest.len()].copy_from_slice(row.rest);
            self.key[row.shared..].copy_from_slice(row.rest);
        } else {
            let labels = self.of_row(row);
            begin_bytes(4, labels.len() as u64 + value, out);
            out.extend_from_slice(labels);
        }
    }

    /// Where in `written` the rest of the row's key goes, if that is all in which the row differs from the
    /// last one: most differ in their last value only, which has the same length.
    #[inline]
    fn place_of_rest(&self, row: &Row<'_>) -> Option<usize> {
        let last = self.store.description.labels.len().saturating_sub(1);
        let in_value = row.shared.checked_sub(self.values[last])?;
        let is_as_long = row.shared + row.rest.len() == self.key.len();
        (row.is_plain && is_as_long && !self.ends.is_empty()).then_some(self.last_value + in_value)
    }

    /// The labels of this row, which follows the last one.
    pub(super) fn of_row(&mut self, row: &Row<'_>) -> &[u8] {
        if row.is_plain && !self.store.pairs.pairs.is_empty() {
            self.write_plain(row);
        } else {
            self.write_whole(row);
        }
        &self.written
    }

    fn write_plain(&mut self, row: &Row<'_>) {
        let store = self.store;
        let last = store.description.labels.len().saturating_sub(1);
        let mut label = 0;
        let mut kept = 0;
        if !self.ends.is_empty() {
            let values = &self.values[..=last];
            label = values.iter().rposition(|at| *at <= row.shared).unwrap_or_default();
            kept = store.pairs.first[label];
        }
        self.key.truncate(row.shared);
        self.key.extend_from_slice(row.rest);
        // After the last value there is no separator.
        if label < last {
            for (place, byte) in (row.shared..).zip(row.rest) {
                if *byte == SEPARATOR {
                    label += 1;
                    self.values[label] = place + 1;
                }
            }
        }
        self.ends.truncate(kept);
        self.written.truncate(self.ends.last().copied().unwrap_or_default());
        for pair in &store.pairs.pairs[kept..] {
            match pair {
                Pair::Added(pair) => self.written.extend_from_slice(pair),
                Pair::Own(place, name) => {
                    let start = self.values[*place];
                    let end =
                        if *place == last { self.key.len() } else { self.values[place + 1] - 1 };
                    let value = &self.key[start..end];
                    let len = value.len() as u64;
                    let pair = name.len() as u64 + varint_len(len) + len;
                    begin_bytes(1, pair, &mut self.written);
                    self.written.extend_from_slice(name);
                    varint(len, &mut self.written);
                    if *place == last {
                        self.last_value = self.written.len();
                    }
                    self.written.extend_from_slice(value);
                }
            }
            self.ends.push(self.written.len());
        }
    }

    /// Any row, whatever its labels.
    #[cold]
    fn write_whole(&mut self, row: &Row<'_>) {
        let mut labels = self.store.labels(row);
        labels.sort_unstable();
        self.written.clear();
        // Nothing is kept for the next one.
        self.ends.clear();
        write_labels(1, labels.iter().map(|(name, value)| (&**name, &**value)), &mut self.written);
    }
}
