//! The series of a family as in the output: sorted by the values of their labels.

use std::sync::Arc;

use super::block::Block;
#[cfg(feature = "protobuf")]
use super::cursor::BlockRows;
use super::cursor::Cursor;
use super::sort_key;
use crate::engine::Cell;

/// The minimum average number of series in a block, after series were removed.
const LEAST: usize = 32;

/// Sorted series, in [blocks](Block).
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    blocks: Vec<Arc<Block>>,
    series: usize,
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
        Cursor::of(&self.blocks, true)
    }

    /// Like [`cursor`](Self::cursor). The values of plain rows are not available, only what they share.
    pub(crate) fn cursor_without_values(&self) -> Cursor<'_> {
        Cursor::of(&self.blocks, false)
    }

    /// Returns the rows in blocks, whose values can be read together.
    #[cfg(feature = "protobuf")]
    pub(crate) fn blocks(&self) -> impl Iterator<Item = BlockRows<'_>> {
        self.blocks.iter().map(BlockRows::of)
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
