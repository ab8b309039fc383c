//! Some successive rows of a family, in few bytes.

use super::sort_key;
use crate::engine::Cell;

/// The most series of a block, but for those of one label set, which are never in two.
const MOST: usize = 128;

/// Series that are sorted by their keys. Of each key there is only what differs from the key before
/// it: neighbours have most of their labels in common.
///
/// A block is never changed. Where series come, new blocks take the place of the one where they
/// belong, and all others stay.
#[derive(Debug)]
pub(super) struct Block {
    /// For each series: how many bytes its key begins with that are those of the key before it, how
    /// many bytes follow, and those.
    keys: Box<[u8]>,
    cells: Box<[Cell]>,
    traits: Traits,
}

/// What is true of all series of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// See [`sort_key::is_plain`].
    pub(super) is_plain: bool,
    /// The numbers in `keys` have four bytes, and not one.
    is_wide: bool,
    /// Some label sets have several series.
    pub(super) is_joint: bool,
}

impl Block {
    /// Blocks of these series, which are sorted.
    pub(super) fn of(mut series: &[(&[u8], Cell)]) -> impl Iterator<Item = Self> {
        let blocks = series.len().div_ceil(MOST);
        // Blocks that are all equally full, so that the next series that comes finds room.
        let each = series.len().div_ceil(blocks.max(1));
        std::iter::from_fn(move || {
            let (own, rest) = series.split_at(each.min(series.len()));
            let (last, _) = own.last()?;
            let same = rest.iter().take_while(|(key, _)| key == last).count();
            let (own, rest) = series.split_at(own.len() + same);
            series = rest;
            Some(Self::whole(own))
        })
    }

    fn whole(series: &[(&[u8], Cell)]) -> Self {
        let traits = Traits {
            is_plain: series.iter().all(|(key, _)| sort_key::is_plain(key)),
            is_wide: series.iter().any(|(key, _)| key.len() > usize::from(u8::MAX)),
            is_joint: series.windows(2).any(|pair| pair[0].0 == pair[1].0),
        };
        let mut keys = Vec::new();
        let mut before: &[u8] = &[];
        for (key, _) in series {
            let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
            for number in [shared, key.len() - shared] {
                let number = (number as u32).to_le_bytes();
                keys.extend_from_slice(if traits.is_wide { &number } else { &number[..1] });
            }
            keys.extend_from_slice(&key[shared..]);
            before = key;
        }
        let cells = series.iter().map(|(_, cell)| *cell).collect();
        Self { keys: keys.into(), cells, traits }
    }

    /// The key of the first series.
    pub(super) fn first(&self) -> &[u8] {
        self.differences().next().1
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub(super) fn traits(&self) -> Traits {
        self.traits
    }

    pub(super) fn differences(&self) -> Differences<'_> {
        Differences { keys: &self.keys, is_wide: self.traits.is_wide }
    }
}

/// The keys of a block, each by what differs from the one before it. They are as many as the block
/// has cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Differences<'a> {
    keys: &'a [u8],
    is_wide: bool,
}

impl<'a> Differences<'a> {
    /// How much of the last key the next one begins with, and what follows.
    #[inline]
    pub(super) fn next(&mut self) -> (usize, &'a [u8]) {
        let (shared, own, _) = self.next_with_more();
        (shared, own)
    }

    /// As [`next`](Self::next), and what follows together with what the block has after it.
    #[inline]
    pub(super) fn next_with_more(&mut self) -> (usize, &'a [u8], &'a [u8]) {
        let (shared, len, rest) = match self.keys {
            [shared, len, rest @ ..] if !self.is_wide => {
                (usize::from(*shared), usize::from(*len), rest)
            }
            _ => wide(self.keys),
        };
        let (own, others) = rest.split_at(len);
        self.keys = others;
        (shared, own, rest)
    }
}

#[cold]
fn wide(keys: &[u8]) -> (usize, usize, &[u8]) {
    let (numbers, _) = keys.as_chunks::<4>();
    let number = |place: usize| numbers.get(place).map_or(0, |n| u32::from_le_bytes(*n) as usize);
    (number(0), number(1), keys.get(8..).unwrap_or_default())
}
