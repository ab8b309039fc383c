//! Zeroed words that never move.

#[cfg(feature = "protobuf")]
use std::sync::atomic::Ordering::Relaxed;

use super::cell::{Cell, RUN_WORDS};
use super::pages::Run;
use crate::blocks::Blocks;
use crate::sync::{AtomicU64, const_unless_modelled};

#[derive(Debug)]
pub(super) struct Words(Blocks<Run>);

impl Words {
    const_unless_modelled! {
        pub(super) fn none() -> Self {
            Self(Blocks::none())
        }
    }

    /// Makes the words around a cell usable.
    pub(super) fn reach(&self, cell: Cell) {
        self.0.make(cell.0 as usize / RUN_WORDS, zeroed);
    }

    /// Returns the words around a cell. The caller has called [`reach`](Self::reach).
    #[inline]
    pub(super) fn run(&self, cell: Cell) -> &Run {
        &self.0.from(cell.0 as usize / RUN_WORDS)[0]
    }

    /// Appends the word of each of these cells.
    #[cfg(feature = "protobuf")]
    pub(super) fn read(&self, cells: &[Cell], words: &mut Vec<u64>) {
        let mut runs = self.0.reader();
        words.extend(cells.iter().map(|cell| {
            let run = runs.get(cell.0 as usize / RUN_WORDS);
            run.map_or(0, |run| run[cell.0 as usize % RUN_WORDS].load(Relaxed))
        }));
    }

    /// Returns the words of `runs` runs starting at a cell. A cell with several runs starts at a multiple of
    /// their number, so they are in one block.
    pub(super) fn runs_from(&self, cell: Cell, runs: usize) -> &[AtomicU64] {
        self.0.from(cell.0 as usize / RUN_WORDS)[..runs].as_flattened()
    }

    /// Returns the word of a cell.
    #[inline]
    pub(super) fn word(&self, cell: Cell) -> &AtomicU64 {
        &self.run(cell)[cell.0 as usize % RUN_WORDS]
    }
}

/// Allocates zeroed runs. Those that are never used cost no memory.
#[cfg(not(caracal_loom))]
fn zeroed(len: usize) -> Box<[Run]> {
    const _: () = assert!(align_of::<AtomicU64>() == align_of::<u64>());
    let words = Box::into_raw(vec![[0_u64; RUN_WORDS]; len].into_boxed_slice());
    // SAFETY: `AtomicU64` has the size, alignment (asserted above: the type is never less aligned
    // than `u64`, but more aligned on some 32-bit targets) and bit validity of `u64`, the pointer comes
    // from `Box::into_raw` just above, and nothing else refers to it.
    unsafe { Box::from_raw(words as *mut [Run]) }
}

#[cfg(caracal_loom)]
fn zeroed(len: usize) -> Box<[Run]> {
    (0..len).map(|_| std::array::from_fn(|_| AtomicU64::new(0))).collect()
}
