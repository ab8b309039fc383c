//! Zeroed words that never move, in blocks that double in size.

use std::sync::OnceLock;

use super::pages::Run;
use super::sync::{AtomicU64, const_unless_modelled};
use super::{Cell, HISTOGRAM_WORDS};

/// Runs in the first block, a power of two.
const FIRST: usize = 64;

/// Enough blocks for every `u32` cell.
const BLOCKS: usize = 23;

/// Block `k` holds `FIRST << k` runs.
#[derive(Debug)]
pub(super) struct Words {
    blocks: [OnceLock<Box<[Run]>>; BLOCKS],
}

/// The block of a run, and the run's place in it.
#[inline]
fn locate(run: usize) -> (usize, usize) {
    let from_first = run + FIRST;
    let block = (from_first.ilog2() - FIRST.ilog2()) as usize;
    (block, from_first - (FIRST << block))
}

impl Words {
    const_unless_modelled! {
        pub(super) fn none() -> Self {
            Self { blocks: [const { OnceLock::new() }; BLOCKS] }
        }
    }

    /// Makes all words below `end` usable.
    pub(super) fn reach(&self, end: usize) {
        let Some(last) = end.checked_sub(1) else {
            return;
        };
        let (block, _) = locate(last / HISTOGRAM_WORDS);
        self.blocks[block].get_or_init(|| zeroed(FIRST << block));
    }

    /// The words around a cell, which [`reach`](Self::reach) has covered.
    #[inline]
    pub(super) fn run(&self, cell: Cell) -> &Run {
        let (block, place) = locate(cell.0 as usize / HISTOGRAM_WORDS);
        let runs: &[Run] = self.blocks[block].get().map_or(&[], |runs| runs);
        &runs[place]
    }

    /// A cell's word.
    #[inline]
    pub(super) fn word(&self, cell: Cell) -> &AtomicU64 {
        &self.run(cell)[cell.0 as usize % HISTOGRAM_WORDS]
    }
}

/// Runs that the allocator hands out zeroed: what nobody touches costs no memory.
#[cfg(not(caracal_loom))]
fn zeroed(len: usize) -> Box<[Run]> {
    const _: () = assert!(align_of::<AtomicU64>() == align_of::<u64>());
    let words = Box::into_raw(vec![[0_u64; HISTOGRAM_WORDS]; len].into_boxed_slice());
    // SAFETY: `AtomicU64` has the size, alignment (asserted above: the type is less aligned than
    // `u64` nowhere, but more on some 32-bit targets) and bit validity of `u64`, the pointer comes
    // from `Box::into_raw` just above, and nothing else refers to it.
    unsafe { Box::from_raw(words as *mut [Run]) }
}

#[cfg(caracal_loom)]
fn zeroed(len: usize) -> Box<[Run]> {
    (0..len).map(|_| std::array::from_fn(|_| AtomicU64::new(0))).collect()
}

#[cfg(all(test, not(caracal_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for run in 0..(FIRST * 40) {
            assert_eq!(locate(run), expected);
            expected.1 += 1;
            if expected.1 == FIRST << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(locate(u32::MAX as usize / HISTOGRAM_WORDS).0 < BLOCKS);
    }
}
