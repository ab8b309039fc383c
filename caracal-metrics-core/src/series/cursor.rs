//! Visits the rows of a family in the order of the output.

use std::borrow::Cow;
use std::slice;
use std::sync::Arc;

use super::block::{Block, Differences, Traits};
use super::sort_key::{self, SEPARATOR};
use crate::engine::Cell;

/// A line of the output, or the lines of one histogram. It has several cells if both the recorders and an
/// instance feed the same label set. The output then shows one series with their sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The number of bytes that the key shares with that of the previous row. A key contains the values of the
    /// labels in the order of the family, with separators between them.
    pub(crate) shared: usize,
    /// The remaining bytes of the key.
    pub(crate) rest: &'a [u8],
    /// The same bytes, and all later ones of the block.
    ahead: &'a [u8],
    /// Whether the bytes between separators are the values, and no format escapes any of them.
    pub(crate) is_plain: bool,
    pub(crate) cells: &'a [Cell],
    key: &'a [u8],
}

impl<'a> Row<'a> {
    /// Returns the values of the labels in the order of the family, or one empty value if there are no labels.
    /// Not for plain rows of [`Rows::cursor_without_values`](super::Rows::cursor_without_values).
    pub(crate) fn values(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        debug_assert_eq!(self.key.len(), self.shared + self.rest.len(), "the key was not kept");
        sort_key::values(self.key)
    }

    /// Returns the place in the key at which the last value begins.
    pub(crate) fn last_value(&self) -> usize {
        self.key.iter().rposition(|byte| *byte == SEPARATOR).map_or(0, |separator| separator + 1)
    }

    /// Returns the value that begins at this place in the key of a plain row. It must be the last value.
    #[inline]
    pub(crate) fn plain_value(&self, start: usize) -> &'a str {
        debug_assert!(self.is_plain && start == self.last_value());
        str::from_utf8(&self.key[start..]).unwrap_or_default()
    }

    /// Returns the rest of the key with the bytes behind it, if it is short enough to be copied as one piece of
    /// constant length. The last rows of a block do not have enough bytes behind them.
    #[inline]
    pub(crate) fn short_rest<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.ahead.first_chunk().filter(|_| self.rest.len() <= N)
    }
}

/// Visits rows. It is not an iterator, because a row is borrowed until the next one is requested.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    blocks: slice::Iter<'a, Arc<Block>>,
    block: Option<Rest<'a>>,
    /// The key of the last row, if it is kept.
    key: Vec<u8>,
    /// Whether the keys of plain rows are kept.
    keeps_keys: bool,
}

/// The rest of a block.
#[derive(Debug)]
struct Rest<'a> {
    keys: Differences<'a>,
    cells: &'a [Cell],
    traits: Traits,
}

impl<'a> Cursor<'a> {
    /// Returns a cursor for these blocks. `keeps_keys` also applies to plain rows.
    pub(super) fn of(blocks: &'a [Arc<Block>], keeps_keys: bool) -> Self {
        Self { blocks: blocks.iter(), block: None, key: Vec::new(), keeps_keys }
    }

    /// Returns the next row.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a row is many words, which a call would pass in memory"
    )]
    pub(crate) fn next(&mut self) -> Option<Row<'_>> {
        if self.block.as_ref().is_none_or(|rest| rest.cells.is_empty()) {
            let block = self.blocks.next()?;
            let (keys, cells, traits) = (block.differences(), block.cells(), block.traits());
            self.block = Some(Rest { keys, cells, traits });
        }
        let block = self.block.as_mut()?;
        let is_plain = block.traits.is_plain;
        let (shared, rest, ahead) = block.keys.next_with_more();
        if self.keeps_keys || !is_plain {
            self.key.truncate(shared);
            self.key.extend_from_slice(rest);
        }
        let cells = if block.traits.is_joint { block.join(shared + rest.len()) } else { 1 };
        let (own, others) = block.cells.split_at(cells);
        block.cells = others;
        Some(Row { shared, rest, ahead, is_plain, cells: own, key: &self.key })
    }
}

impl Rest<'_> {
    /// Returns the number of series of the label set whose key was just read and has this length. Skips their
    /// keys.
    #[cold]
    fn join(&mut self, len: usize) -> usize {
        let mut series = 1;
        let mut keys = self.keys;
        while series < self.cells.len() && keys.next() == (len, &[]) {
            self.keys = keys;
            series += 1;
        }
        series
    }
}

/// The rows of one block.
#[cfg(feature = "protobuf")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockRows<'a>(&'a Arc<Block>);

#[cfg(feature = "protobuf")]
impl<'a> BlockRows<'a> {
    pub(super) fn of(block: &'a Arc<Block>) -> Self {
        Self(block)
    }

    /// Returns the cells of all rows.
    pub(crate) fn cells(self) -> &'a [Cell] {
        self.0.cells()
    }

    /// Returns a cursor for the rows. Like those of [`Rows`](super::Rows), it has the values of plain rows only
    /// if it `keeps_keys`.
    pub(crate) fn cursor(self, keeps_keys: bool) -> Cursor<'a> {
        Cursor::of(slice::from_ref(self.0), keeps_keys)
    }

    /// Returns the rows, if all of them are plain and each has one cell. Their values are not available, only
    /// what they share.
    ///
    /// This is the case for most blocks. Their rows are visited with fewer instructions than by a
    /// [cursor](Self::cursor).
    pub(crate) fn plain(self) -> Option<impl Iterator<Item = Row<'a>>> {
        let Traits { is_plain, is_joint, .. } = self.0.traits();
        let mut keys = self.0.differences();
        (is_plain && !is_joint).then(|| {
            self.0.cells().iter().map(move |cell| {
                let (shared, rest, ahead) = keys.next_with_more();
                Row { shared, rest, ahead, is_plain, cells: slice::from_ref(cell), key: &[] }
            })
        })
    }
}
