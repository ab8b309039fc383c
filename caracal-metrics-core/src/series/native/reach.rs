//! Finds the chunks of a series by its cell, for all registries of the process.

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::chunks::Chunks;
use crate::engine::{Cell, RUN_WORDS};

/// The number of runs in a block. Each run takes eight bytes.
const BLOCK: usize = 4096;

/// The number of blocks. Together, they have four million runs. Series with cells beyond that have no native
/// buckets.
const BLOCKS: usize = 1024;

type Block = Box<[AtomicPtr<Chunks>]>;

/// The chunks, by the run of the engine with which the cell starts.
static CHUNKS: [OnceLock<Block>; BLOCKS] = [const { OnceLock::new() }; BLOCKS];

/// Returns the chunks of a series, if it has some. `'a` must end before the series to which this cell belongs.
#[inline]
pub(super) fn chunks<'a>(cell: Cell) -> Option<&'a Chunks> {
    let run = cell.to_raw() as usize / RUN_WORDS;
    let chunks = CHUNKS.get(run / BLOCK)?.get()?[run % BLOCK].load(Acquire);
    // SAFETY: the pointer is null or comes from `Box::into_raw` in `make`. `forget` frees what is behind it
    // once nothing can reach the cell any more. Code with a cell can reach it, and all callers stop using the
    // chunks before they release the cell.
    unsafe { chunks.as_ref() }
}

/// Like [`chunks`], but creates them if there are none. Returns `None` beyond the last block.
pub(super) fn make<'a>(cell: Cell, new: impl FnOnce() -> Chunks) -> Option<&'a Chunks> {
    let run = cell.to_raw() as usize / RUN_WORDS;
    let block = CHUNKS.get(run / BLOCK)?;
    let block = block.get_or_init(|| (0..BLOCK).map(|_| AtomicPtr::default()).collect());
    let slot = &block[run % BLOCK];
    if slot.load(Relaxed).is_null() {
        let made = Box::into_raw(Box::new(new()));
        if slot.compare_exchange(ptr::null_mut(), made, Release, Relaxed).is_err() {
            // SAFETY: it comes from `Box::into_raw` just above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(made) });
        }
    }
    chunks(cell)
}

/// Takes the chunks of a series out. The caller must hold the last reference to the cell.
pub(super) fn forget(cell: Cell) -> Option<Box<Chunks>> {
    let run = cell.to_raw() as usize / RUN_WORDS;
    let slot = &CHUNKS.get(run / BLOCK)?.get()?[run % BLOCK];
    let chunks = slot.swap(ptr::null_mut(), AcqRel);
    // SAFETY: it comes from `Box::into_raw` in `make` and was in the slot until now. Nothing can reach the cell
    // any more, so nothing else refers to it.
    (!chunks.is_null()).then(|| unsafe { Box::from_raw(chunks) })
}
