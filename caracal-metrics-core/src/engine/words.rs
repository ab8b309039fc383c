//! Zeroed words that never move, in blocks that double in size.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

/// Words in the first block. A power of two, and a multiple of a histogram's words, so that no
/// histogram straddles two blocks.
const FIRST: usize = 1024;

/// Enough blocks for every `u32` index.
const BLOCKS: usize = 23;

/// Block `k` holds `FIRST << k` words.
#[derive(Debug)]
pub(super) struct Words {
    blocks: [OnceLock<Box<[AtomicU64]>>; BLOCKS],
}

impl Default for Words {
    fn default() -> Self {
        Self { blocks: [const { OnceLock::new() }; BLOCKS] }
    }
}

/// The block of a word, and the word's place in it.
#[inline]
fn locate(index: usize) -> (usize, usize) {
    let from_first = index + FIRST;
    let block = (from_first.ilog2() - FIRST.ilog2()) as usize;
    (block, from_first - (FIRST << block))
}

impl Words {
    /// Makes all words below `end` reachable.
    pub(super) fn reach(&self, end: usize) {
        let Some(last) = end.checked_sub(1) else {
            return;
        };
        let (block, _) = locate(last);
        self.blocks[block].get_or_init(|| zeroed(FIRST << block));
    }

    /// The word with this index, which [`reach`](Self::reach) has covered.
    #[inline]
    pub(super) fn word(&self, index: usize) -> &AtomicU64 {
        let (block, place) = locate(index);
        &self.block(block)[place]
    }

    /// `len` words from this index on, all in one block.
    #[inline]
    pub(super) fn run(&self, index: usize, len: usize) -> &[AtomicU64] {
        let (block, place) = locate(index);
        &self.block(block)[place..place + len]
    }

    #[inline]
    fn block(&self, block: usize) -> &[AtomicU64] {
        self.blocks[block].get().map_or(&[], |words| words)
    }
}

/// Words that the allocator hands out zeroed: pages that nobody touches cost no memory.
fn zeroed(len: usize) -> Box<[AtomicU64]> {
    let words = Box::into_raw(vec![0_u64; len].into_boxed_slice());
    // SAFETY: `AtomicU64` has the size, alignment (the type exists only where they agree: 64-bit
    // targets, asserted below) and bit validity of `u64`, the pointer comes from `Box::into_raw`
    // just above, and nothing else refers to it.
    unsafe { Box::from_raw(words as *mut [AtomicU64]) }
}

const _: () = assert!(align_of::<AtomicU64>() == align_of::<u64>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in 0..(FIRST * 40) {
            assert_eq!(locate(index), expected);
            expected.1 += 1;
            if expected.1 == FIRST << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(locate(u32::MAX as usize).0 < BLOCKS);
    }
}
