//! The series of a family as in the output: sorted by the values of their labels.

use std::borrow::Cow;
use std::sync::Arc;

use super::block::{Block, Differences, Traits};
use super::sort_key::{self, SEPARATOR};
use crate::engine::Cell;

/// The minimum average number of series in a block, after series were removed.
const LEAST: usize = 32;

/// Sorted series, in [blocks](Block).
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    blocks: Vec<Arc<Block>>,
    series: usize,
}

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
    /// The cells of this row and of the rows after it in its block.
    #[cfg_attr(
        not(feature = "protobuf"),
        expect(dead_code, reason = "only protobuf has it for each row")
    )]
    pub(super) cells_ahead: &'a [Cell],
    key: &'a [u8],
}

impl<'a> Row<'a> {
    /// Returns the values of the labels in the order of the family, or one empty value if there are no labels.
    /// Not for plain rows of [`Rows::cursor_without_values`].
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

/// A series, with its key.
type Keyed<'a> = (&'a [u8], Cell);

/// This uses `dyn`, so that the code that visits the blocks is compiled once.
type Change = dyn for<'a> Fn(Vec<Keyed<'a>>, &[Keyed<'a>]) -> Vec<Keyed<'a>>;

/// Series that will become rows.
#[derive(Debug, Default)]
pub(super) struct Batch {
    keys: Vec<u8>,
    series: Vec<Series>,
}

#[derive(Clone, Copy, Debug)]
struct Series {
    start: usize,
    len: u32,
    cell: Cell,
}

impl Series {
    fn key(self, keys: &[u8]) -> &[u8] {
        &keys[self.start..][..self.len as usize]
    }
}

impl Batch {
    /// Creates rows with room for this many series.
    pub(super) fn of(series: usize) -> Self {
        Self { series: Vec::with_capacity(series), ..Self::default() }
    }

    pub(super) fn push<'a>(&mut self, values: impl IntoIterator<Item = &'a str>, cell: Cell) {
        let start = self.keys.len();
        sort_key::write(values, &mut self.keys);
        self.series.push(Series { start, len: (self.keys.len() - start) as u32, cell });
    }

    /// Sorts the series. Series with the same label set stay in the order in which they were added.
    fn sort(&mut self) {
        let keys = &self.keys;
        let key = |series: &Series| series.key(keys);
        self.series.sort_unstable_by(|a, b| key(a).cmp(key(b)).then(a.start.cmp(&b.start)));
    }
}

impl Rows {
    pub(crate) fn is_empty(&self) -> bool {
        self.series == 0
    }

    /// Returns the number of series.
    pub(crate) fn series(&self) -> usize {
        self.series
    }

    /// Adds series to the rows. Series that are already there are ignored.
    pub(super) fn merge(&mut self, batch: Batch) {
        self.change(batch, &|series, fresh| {
            let mut merged = Vec::with_capacity(series.len() + fresh.len());
            let mut series = series.into_iter().peekable();
            for one in fresh {
                merged.extend(std::iter::from_fn(|| series.next_if(|(key, _)| *key <= one.0)));
                merged.push(*one);
            }
            merged.extend(series);
            merged.dedup();
            merged
        });
    }

    /// Removes series from the rows.
    pub(super) fn take_out(&mut self, batch: Batch) {
        self.change(batch, &|mut series, gone| {
            series.retain(|one| !gone.contains(one));
            series
        });
        // Small blocks take memory, and every page has to visit them.
        if self.blocks.len() * LEAST > self.series.max(LEAST) {
            let blocks: Vec<_> = self.blocks.iter().map(|block| Keys::of(block)).collect();
            let series: Vec<_> = blocks.iter().flat_map(Keys::iter).collect();
            let packed = Block::of(&series).map(Arc::new).collect();
            drop(series);
            drop(blocks);
            self.blocks = packed;
        }
    }

    /// Changes the blocks that contain the series of a batch, or to which they belong. `change` returns the
    /// series of a block, given its current ones and those of the batch. All of them are sorted.
    fn change(&mut self, mut batch: Batch, change: &Change) {
        batch.sort();
        let (keys, mut fresh) = (&*batch.keys, &*batch.series);
        let mut old = std::mem::take(&mut self.blocks).into_iter();
        let mut blocks = Vec::with_capacity(old.len() + 1);
        while let Some(first) = fresh.first() {
            let key = first.key(keys);
            let before = old.as_slice().partition_point(|block| block.first() <= key);
            blocks.extend(old.by_ref().take(before.saturating_sub(1)));
            let block = old.next();
            let end = old.as_slice().first().map(|next| next.first());
            let own = fresh.partition_point(|series| end.is_none_or(|end| series.key(keys) < end));
            let (own, rest) = fresh.split_at(own);
            fresh = rest;
            let own: Vec<_> = own.iter().map(|series| (series.key(keys), series.cell)).collect();
            let block = block.as_deref().map(Keys::of).unwrap_or_default();
            let series: Vec<_> = block.iter().collect();
            self.series -= series.len();
            let series = change(series, &own);
            self.series += series.len();
            blocks.extend(Block::of(&series).map(Arc::new));
        }
        blocks.extend(old);
        self.blocks = blocks;
    }

    /// Returns the length of the key of the first row, in bytes.
    pub(crate) fn first_key(&self) -> usize {
        self.blocks.first().map_or(0, |block| block.first().len())
    }

    /// Returns the cells of all rows.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell> {
        self.blocks.iter().flat_map(|block| block.cells()).copied()
    }

    /// Returns a cursor for the rows.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor { blocks: self.blocks.iter(), block: None, key: Vec::new(), keeps_keys: true }
    }

    /// Like [`cursor`](Self::cursor). The values of plain rows are not available, only what they share.
    pub(crate) fn cursor_without_values(&self) -> Cursor<'_> {
        Cursor { keeps_keys: false, ..self.cursor() }
    }
}

/// The complete keys of a block.
#[derive(Default)]
struct Keys<'a> {
    joined: Vec<u8>,
    ends: Vec<usize>,
    cells: &'a [Cell],
}

impl<'a> Keys<'a> {
    fn of(block: &'a Block) -> Self {
        let mut all = Self { cells: block.cells(), ..Self::default() };
        let mut last = 0;
        let mut differences = block.differences();
        for _ in block.cells() {
            let (shared, rest) = differences.next();
            let start = all.joined.len();
            all.joined.extend_from_within(last..last + shared);
            all.joined.extend_from_slice(rest);
            all.ends.push(all.joined.len());
            last = start;
        }
        all
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Cell)> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let keys = starts.zip(&self.ends).map(|(start, end)| &self.joined[*start..*end]);
        keys.zip(self.cells.iter().copied())
    }
}

/// Visits rows. It is not an iterator, because a row is borrowed until the next one is requested.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    blocks: std::slice::Iter<'a, Arc<Block>>,
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

impl Cursor<'_> {
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
        let cells_ahead = block.cells;
        let (own, others) = cells_ahead.split_at(cells);
        block.cells = others;
        Some(Row { shared, rest, ahead, is_plain, cells: own, cells_ahead, key: &self.key })
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
