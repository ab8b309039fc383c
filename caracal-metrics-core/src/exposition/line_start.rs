//! The beginning of the lines of a row.

use super::out::{Repeated, push_short};
use crate::labels::MAX_LABELS;
use crate::series::{FamilyStore, Row, SEPARATOR};

/// The beginning of the lines of a row: up to the number or, in a histogram, up to the value of `le`. It is
/// written once for each row, and the part that it shares with the previous row is kept.
pub(super) struct LineStart<'a> {
    store: &'a FamilyStore,
    line: Vec<u8>,
    /// The end of the labels in the line.
    labels_end: usize,
    /// The start of the value of each label, in the key and in the line.
    values: [(usize, usize); MAX_LABELS],
    /// The last of `values`, or [`UNKNOWN`] if they do not belong to the line.
    last: (usize, usize),
    /// The bytes after the last value.
    end: Repeated,
}

/// Appends the rest of the key of the row.
#[inline]
fn push_rest(row: &Row<'_>, out: &mut Vec<u8>) {
    match row.short_rest::<16>() {
        Some(rest) => push_short(rest, row.rest.len(), out),
        None => out.extend_from_slice(row.rest),
    }
}

/// No row shares this much with the previous one.
const UNKNOWN: (usize, usize) = (usize::MAX, 0);

impl<'a> LineStart<'a> {
    /// Creates the state before the first row. The contents of the buffer are cleared.
    pub(super) fn of(store: &'a FamilyStore, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        if let Some(first) = store.lines.before.first() {
            buffer.extend_from_slice(first);
        }
        let mut values = [(0, 0); MAX_LABELS];
        values[0].1 = buffer.len();
        let end = Repeated::of(&store.lines.end);
        Self { store, line: buffer, labels_end: 0, values, last: UNKNOWN, end }
    }

    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.line
    }

    /// Moves on to this row, or stays at it.
    #[inline]
    pub(super) fn set(&mut self, row: &Row<'_>) {
        let (in_key, in_line) = self.last;
        // Most rows differ from the previous one only in their last value.
        if row.is_plain && row.shared >= in_key {
            self.line.truncate(in_line + row.shared - in_key);
            self.end_plain(row.rest);
        } else if row.is_plain && self.store.has_fixed_labels() {
            self.set_plain(row);
        } else {
            self.set_whole(row);
        }
    }

    /// Moves on to this row and writes its only line. The labels are only known after [`set`](Self::set).
    #[inline]
    pub(super) fn write(&mut self, row: &Row<'_>, out: &mut Vec<u8>) {
        let (in_key, in_line) = self.last;
        if row.is_plain && row.shared >= in_key {
            let shared = in_line + row.shared - in_key;
            // This does not copy the whole line: bytes that were just stored in small parts are slow to load in
            // large ones.
            out.extend_from_slice(&self.line[..shared]);
            self.line.truncate(shared);
            push_rest(row, out);
            push_rest(row, &mut self.line);
            self.end.append_to(out);
        } else {
            self.set(row);
            out.extend_from_slice(&self.line);
        }
    }

    /// Returns the line, up to where it is the same for all samples of the row.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Returns only the labels. Empty if there are none.
    pub(super) fn labels(&self) -> &[u8] {
        let name = self.store.name().len() + self.store.lines.suffix.len();
        self.line.get(name + 1..self.labels_end).unwrap_or_default()
    }

    #[inline]
    fn end_plain(&mut self, rest: &[u8]) {
        let lines = &self.store.lines;
        self.line.extend_from_slice(rest);
        self.line.extend_from_slice(&lines.end);
        self.labels_end = self.line.len() - lines.tail.len();
    }

    #[inline(never)]
    fn set_plain(&mut self, row: &Row<'_>) {
        let before = &self.store.lines.before;
        let last = before.len() - 1;
        let kept = if self.last == UNKNOWN { 0 } else { last };
        let values = &mut self.values;
        let mut label = values[..=kept].iter().rposition(|(at, _)| *at <= row.shared).unwrap_or(0);
        let (in_key, in_line) = values[label];
        self.line.truncate(in_line + row.shared - in_key);
        let mut rest = row.rest;
        while label < last
            && let Some(end) = rest.iter().position(|byte| *byte == SEPARATOR)
        {
            label += 1;
            self.line.extend_from_slice(&rest[..end]);
            self.line.extend_from_slice(&before[label]);
            rest = &rest[end + 1..];
            values[label] = (row.shared + row.rest.len() - rest.len(), self.line.len());
        }
        self.last = values[last];
        self.end_plain(rest);
    }

    /// Moves on to any row.
    #[cold]
    fn set_whole(&mut self, row: &Row<'_>) {
        let lines = &self.store.lines;
        self.line.clear();
        self.line.extend_from_slice(self.store.name().as_bytes());
        self.line.extend_from_slice(lines.suffix.as_bytes());
        self.line.push(b'{');
        let labels_start = self.line.len();
        self.store.write_labels(row, &mut self.line);
        self.labels_end = self.line.len();
        if self.labels_end > labels_start {
            self.line.extend_from_slice(lines.tail);
        } else if self.store.kind().is_histogram() {
            self.labels_end = 0;
            self.line.extend_from_slice(b"le=\"");
        } else {
            self.labels_end = 0;
            self.line.pop();
            self.line.push(b' ');
        }
        self.last = UNKNOWN;
    }
}
