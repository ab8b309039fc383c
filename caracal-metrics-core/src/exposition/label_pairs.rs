//! The labels of a row as Protocol Buffers: `LabelPair` fields, sorted by name.

use super::out::Repeated;
use super::single::Single;
use crate::labels::MAX_LABELS;
use crate::series::{FamilyStore, Pair, Row, SEPARATOR};
use crate::wire::{begin_bytes, varint, varint_len, write_labels};

/// The labels of a row. The parts that are the same as in the previous row are kept.
///
/// Most rows differ from the previous one only in the value of their last label, so the parts before and after
/// that value are kept. If the value is as long as the previous one, so is the message, and the differing bytes
/// are written directly into the page.
pub(super) struct LabelPairs<'a> {
    store: &'a FamilyStore,
    /// The key of the last row, if that row was plain. If there is a message, its last value may be that of an
    /// earlier row with the same length.
    key: Vec<u8>,
    /// The start of each value in the key.
    values: [usize; MAX_LABELS],
    /// The pairs up to the value of the last label.
    before: Repeated,
    /// The pairs after it.
    after: Repeated,
    /// The start of the pair of the last label in `before`.
    last_pair: usize,
    /// The length of the value of the last label that `before` is written for.
    last_len: usize,
    /// Whether all of the above belong to the last row.
    is_known: bool,
    /// The last message that was written, if its row was plain. It has other bytes in the place of `tail`.
    message: Vec<u8>,
    /// The end of the last value of the last row, if it has one. The message is not kept up to date: bytes that were
    /// just stored in small parts are slow to load in large ones.
    tail: Option<Tail>,
    /// The start of the last value in the message, if there is one.
    value_at: Option<usize>,
    /// The length of its number, in bytes.
    single_len: u64,
}

impl<'a> LabelPairs<'a> {
    pub(super) fn of(store: &'a FamilyStore) -> Self {
        Self {
            store,
            key: Vec::new(),
            values: [0; MAX_LABELS],
            before: Repeated::default(),
            after: Repeated::default(),
            last_pair: 0,
            last_len: 0,
            is_known: false,
            message: Vec::new(),
            tail: None,
            value_at: None,
            single_len: 0,
        }
    }

    /// Writes the message of this row with its value. The row must follow the last one.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the value would be passed in memory, in parts that are slow to load"
    )]
    pub(super) fn write(&mut self, row: &Row<'_>, value: Single, out: &mut Vec<u8>) {
        let place = self.place_of_rest(row).filter(|_| value.len() == self.single_len);
        let Some(place) = place else {
            self.set_message(row, value);
            return out.extend_from_slice(&self.message);
        };
        let start = out.len();
        if let Some(rest) = row.short_rest()
            && let Some(tail) = &mut self.tail
        {
            tail.end_with(*rest, row.rest.len());
            out.extend_from_slice(&self.message);
            tail.write(&mut out[start..]);
        } else {
            self.complete();
            let end = place + row.rest.len();
            self.message[place..end].copy_from_slice(row.rest);
            self.tail = Tail::of(&self.message, end);
            out.extend_from_slice(&self.message);
        }
        value.write_over(&mut out[start..]);
    }

    /// Returns where to put the rest of the row's key in the message, if this is all in which the row differs
    /// from the last one.
    #[inline]
    fn place_of_rest(&self, row: &Row<'_>) -> Option<usize> {
        let in_value = row.shared.checked_sub(self.values[self.last()])?;
        let is_as_long = row.shared + row.rest.len() == self.key.len();
        (row.is_plain && is_as_long).then_some(self.value_at? + in_value)
    }

    /// Puts the tail into the message.
    fn complete(&mut self) {
        if let Some(tail) = self.tail.take() {
            tail.write(&mut self.message);
        }
    }

    /// Creates the message of this row.
    #[inline(never)]
    fn set_message(&mut self, row: &Row<'_>, single: Single) {
        self.complete();
        if let Some(value_at) = self.value_at {
            let start = self.values[self.last()];
            let value = &mut self.key[start..];
            value.copy_from_slice(&self.message[value_at..][..value.len()]);
            if single.len() == self.single_len && self.set_value(row, value_at, single) {
                self.tail = Tail::of(&self.message, value_at + self.key.len() - start);
                return;
            }
        }
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        self.value_at = None;
        self.single_len = single.len();
        if self.set(row) {
            let labels = self.before.len() + self.last_len + self.after.len();
            begin_bytes(4, labels as u64 + single.len(), &mut message);
            let value_at = message.len() + self.before.len();
            self.value_at = Some(value_at);
            self.append_set(&mut message);
            self.tail = Tail::of(&message, value_at + self.last_len);
        } else {
            let mut labels = Vec::new();
            self.append_any(row, &mut labels);
            begin_bytes(4, labels.len() as u64 + single.len(), &mut message);
            message.append(&mut labels);
        }
        single.append(&mut message);
        self.message = message;
    }

    /// Replaces the value of the last label in the message, if nothing else changes and each length in the
    /// message is one byte. Returns whether this was possible.
    fn set_value(&mut self, row: &Row<'_>, value_at: usize, single: Single) -> bool {
        const FIELD_AND_LENGTH: usize = 2;
        let start = self.values[self.last()];
        if !row.is_plain || row.shared < start {
            return false;
        }
        self.key.truncate(row.shared);
        self.key.extend_from_slice(row.rest);
        let value = &self.key[start..];
        let pair = FIELD_AND_LENGTH + self.last_pair;
        let value_end = value_at + value.len();
        let end = value_end + self.after.len() + single.len() as usize;
        if end - FIELD_AND_LENGTH > MOST_IN_A_BYTE
            || self.message.len() - FIELD_AND_LENGTH > MOST_IN_A_BYTE
        {
            return false;
        }
        self.message.truncate(value_at);
        self.message.extend_from_slice(value);
        let lengths = [
            (FIELD_AND_LENGTH - 1, end - FIELD_AND_LENGTH),
            (pair + 1, value_end - pair - FIELD_AND_LENGTH),
            (value_at - 1, value.len()),
        ];
        for (place, length) in lengths {
            self.message[place] = length as u8;
        }
        self.after.append_to(&mut self.message);
        single.append(&mut self.message);
        true
    }

    /// Appends the labels of this row, which must follow the last one. Do not mix this with
    /// [`write`](Self::write).
    pub(super) fn append(&mut self, row: &Row<'_>, out: &mut Vec<u8>) {
        if self.set(row) { self.append_set(out) } else { self.append_any(row, out) }
    }

    /// Moves on to this row, if it is plain. Returns whether it is.
    fn set(&mut self, row: &Row<'_>) -> bool {
        let was_known = self.is_known;
        self.is_known = row.is_plain && !self.store.pairs.pairs.is_empty();
        if self.is_known {
            self.key.truncate(row.shared);
            self.key.extend_from_slice(row.rest);
            let last = self.last();
            if !was_known || row.shared < self.values[last] {
                self.set_pairs();
            } else if self.key.len() - self.values[last] != self.last_len {
                self.set_last_len(self.key.len() - self.values[last]);
            }
        }
        self.is_known
    }

    fn append_set(&self, out: &mut Vec<u8>) {
        self.before.append_to(out);
        out.extend_from_slice(&self.key[self.values[self.last()]..]);
        self.after.append_to(out);
    }

    /// Returns the index of the last label.
    fn last(&self) -> usize {
        self.store.description.labels.len().saturating_sub(1)
    }

    /// Creates the parts around the last value from the key.
    #[inline(never)]
    fn set_pairs(&mut self) {
        let last = self.last();
        let mut label = 0;
        for (place, byte) in self.key.iter().enumerate() {
            if *byte == SEPARATOR {
                label += 1;
                self.values[label] = place + 1;
            }
        }
        let Self { store, key, values, before, after, .. } = self;
        let mut last_pair = None;
        before.rewrite(0, |before| {
            after.rewrite(0, |after| {
                for pair in &store.pairs.pairs {
                    let out = if last_pair.is_some() { &mut *after } else { &mut *before };
                    match pair {
                        Pair::Added(pair) => out.extend_from_slice(pair),
                        Pair::Own(place, _) if *place == last => last_pair = Some(out.len()),
                        Pair::Own(place, name) => {
                            let value = &key[values[*place]..values[place + 1] - 1];
                            begin_pair(name, value.len(), out);
                            out.extend_from_slice(value);
                        }
                    }
                }
            });
        });
        self.last_pair = last_pair.unwrap_or(self.before.len());
        self.set_last_len(self.key.len() - self.values[last]);
    }

    /// Rewrites the pair of the last label for a value of this length.
    #[inline(never)]
    fn set_last_len(&mut self, len: usize) {
        let last = self.last();
        let name = self.store.pairs.pairs.iter().find_map(|pair| match pair {
            Pair::Own(place, name) if *place == last => Some(name),
            _ => None,
        });
        self.before.rewrite(self.last_pair, |before| {
            if let Some(name) = name {
                begin_pair(name, len, before);
            }
        });
        self.last_len = len;
    }

    /// Appends the labels of any row.
    #[cold]
    fn append_any(&self, row: &Row<'_>, out: &mut Vec<u8>) {
        let mut labels = self.store.labels(row);
        labels.sort_unstable();
        write_labels(1, labels.iter().map(|(name, value)| (&**name, &**value)), out);
    }
}

/// The largest number whose varint is one byte.
const MOST_IN_A_BYTE: usize = 0x7f;

const WORD: usize = size_of::<u64>();

/// A word of a message.
#[derive(Clone, Copy)]
struct Tail {
    at: usize,
    word: u64,
}

impl Tail {
    /// Returns the word before this index, if the message has so many bytes before it.
    fn of(message: &[u8], end: usize) -> Option<Self> {
        let word = u64::from_le_bytes(*message[..end].last_chunk()?);
        Some(Self { at: end - WORD, word })
    }

    /// Replaces the last `bytes` bytes by the first ones of `rest`.
    #[inline]
    fn end_with(&mut self, rest: [u8; WORD], bytes: usize) {
        let kept = (WORD - bytes) as u32 * u8::BITS;
        let replaced = u64::MAX.checked_shl(kept).unwrap_or(0);
        let rest = u64::from_le_bytes(rest).wrapping_shl(kept);
        self.word = self.word & !replaced | rest & replaced;
    }

    #[inline]
    fn write(self, message: &mut [u8]) {
        if let Some(word) = message[self.at..].first_chunk_mut() {
            *word = self.word.to_le_bytes();
        }
    }
}

/// Writes a pair up to its value, which has this length. The name is that of [`Pair::Own`].
fn begin_pair(name: &[u8], len: usize, out: &mut Vec<u8>) {
    let len = len as u64;
    begin_bytes(1, name.len() as u64 + varint_len(len) + len, out);
    out.extend_from_slice(name);
    varint(len, out);
}
