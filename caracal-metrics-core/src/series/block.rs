//! Consecutive rows of a family in a compact form.

use super::sort_key;
use crate::engine::Cell;

/// The maximum number of series in a block. Series with the same label set are never split between two blocks,
/// so a block can be longer.
const MOST: usize = 128;

/// Series, sorted by their keys. Each key is stored without the beginning that it shares with the previous key,
/// because neighbours have most of their labels in common.
///
/// A block is never changed. When series are added, new blocks replace the one to which they belong, and all
/// others stay.
#[derive(Debug)]
pub(super) struct Block {
    /// For each series: the number of bytes that its key shares with the previous key, the number of bytes that
    /// follow, and those bytes.
    keys: Box<[u8]>,
    cells: Box<[Cell]>,
    traits: Traits,
}

/// Properties of all series of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// See [`sort_key::is_plain`].
    pub(super) is_plain: bool,
    /// Whether the numbers in `keys` have four bytes instead of one.
    is_wide: bool,
    /// Whether some label sets have several series.
    pub(super) is_joint: bool,
}

impl Block {
    /// Returns blocks of these series, which must be sorted.
    pub(super) fn of(mut series: &[(&[u8], Cell)]) -> impl Iterator<Item = Self> {
        let blocks = series.len().div_ceil(MOST);
        // All blocks are equally full, so that the next new series finds room.
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

    /// Returns the key of the first series.
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

/// The keys of a block, each as its difference from the previous one. There are as many as the block has cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Differences<'a> {
    keys: &'a [u8],
    is_wide: bool,
}

impl<'a> Differences<'a> {
    /// Returns how many bytes the next key shares with the last one, and the bytes that follow.
    #[inline]
    pub(super) fn next(&mut self) -> (usize, &'a [u8]) {
        let (shared, own, _) = self.next_with_more();
        (shared, own)
    }

    /// Like [`next`](Self::next). Also returns the bytes that follow, together with all later bytes of the
    /// block.
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
