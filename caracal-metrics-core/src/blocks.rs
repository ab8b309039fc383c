//! A growing list in blocks. Its elements never move.

use std::sync::OnceLock;

/// The length of the first block, a power of two.
const FIRST: usize = 16;

/// The number of blocks of one length. The next ones are twice as long. In a long list, at most about a quarter
/// of the allocated elements is unused.
const OF_A_SIZE: usize = 4;

/// The index that the first block would have if the blocks started with one for the index 1.
const BEFORE: usize = ((FIRST * OF_A_SIZE).ilog2() as usize + 1) * OF_A_SIZE;

/// Enough for every index that fits into a `u32`.
const BLOCKS: usize = 27 * OF_A_SIZE;

/// Readers take no lock. Elements are added block by block, and never removed.
#[derive(Debug)]
pub(crate) struct Blocks<T> {
    blocks: [OnceLock<Box<[T]>>; BLOCKS],
}

/// The position of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Location {
    block: usize,
    place: usize,
}

#[inline]
fn locate(index: usize) -> Location {
    // This counts as if there were smaller blocks before, each a quarter of a power of two.
    let from_zero = index + FIRST * OF_A_SIZE;
    let power = from_zero.ilog2() as usize;
    let len = power - OF_A_SIZE.ilog2() as usize;
    // At least `OF_A_SIZE`.
    let of_this_size = from_zero >> len;
    Location {
        block: power * OF_A_SIZE + of_this_size - BEFORE,
        place: from_zero - (of_this_size << len),
    }
}

fn len_of(block: usize) -> usize {
    FIRST << (block / OF_A_SIZE)
}

impl<T> Blocks<T> {
    pub(crate) const fn none() -> Self {
        Self { blocks: [const { OnceLock::new() }; BLOCKS] }
    }

    /// Returns the element with this index and the following ones of its block. Empty if [`make`](Self::make)
    /// has not created the block.
    #[inline]
    pub(crate) fn from(&self, index: usize) -> &[T] {
        let Location { block, place } = locate(index);
        let made = self.blocks.get(block).and_then(OnceLock::get);
        made.and_then(|elements| elements.get(place..)).unwrap_or_default()
    }

    /// Returns a reader for many indices that are close to each other.
    #[cfg(feature = "protobuf")]
    pub(crate) fn reader(&self) -> BlocksReader<'_, T> {
        BlocksReader { blocks: self, first: 0, elements: &[] }
    }

    /// Creates the block of this index, unless it exists. `elements` receives the number of elements.
    pub(crate) fn make(&self, index: usize, elements: impl FnOnce(usize) -> Box<[T]>) {
        let block = locate(index).block;
        self.blocks[block].get_or_init(|| elements(len_of(block)));
    }

    /// Returns the first index from `index` on at which this many elements fit into one block.
    pub(crate) fn room(mut index: usize, elements: usize) -> usize {
        loop {
            let Location { block, place } = locate(index);
            let left = len_of(block) - place;
            if left >= elements {
                return index;
            }
            index += left;
        }
    }
}

/// Reads elements. It remembers the block of the last one.
#[cfg(feature = "protobuf")]
pub(crate) struct BlocksReader<'a, T> {
    blocks: &'a Blocks<T>,
    /// The index of the first of these elements.
    first: usize,
    elements: &'a [T],
}

#[cfg(feature = "protobuf")]
impl<'a, T> BlocksReader<'a, T> {
    /// Returns the element with this index, if its block exists.
    #[inline]
    pub(crate) fn get(&mut self, index: usize) -> Option<&'a T> {
        match self.elements.get(index.wrapping_sub(self.first)) {
            Some(element) => Some(element),
            None => self.find(index),
        }
    }

    #[cold]
    fn find(&mut self, index: usize) -> Option<&'a T> {
        let place = locate(index).place;
        self.first = index - place;
        self.elements = self.blocks.from(self.first);
        self.elements.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_its_own_location() {
        let mut expected = Location { block: 0, place: 0 };
        for index in 0..FIRST * 400 {
            assert_eq!(locate(index), expected);
            expected.place += 1;
            if expected.place == len_of(expected.block) {
                expected = Location { block: expected.block + 1, place: 0 };
            }
        }
        assert!(locate(u32::MAX as usize).block < BLOCKS);
    }

    #[cfg(feature = "protobuf")]
    #[test]
    fn a_reader_finds_what_a_list_has() {
        let blocks = Blocks::none();
        for index in [0, 16, 1000] {
            let block = locate(index).block;
            blocks.make(index, |len| (0..len).map(|place| Location { block, place }).collect());
        }
        let mut reader = blocks.reader();
        for index in [3, 4, 1000, 1001, 999, 0, 15, 16, 40, 17, 1000, 5000, 2] {
            assert_eq!(reader.get(index), blocks.from(index).first(), "{index}");
            assert!(reader.get(index).is_none_or(|element| *element == locate(index)));
        }
    }

    #[test]
    fn room_is_the_next_index_with_enough_space() {
        for index in 0..FIRST * 20 {
            for elements in [1, 2, 15, 16, 17, 40] {
                let first = Blocks::<u64>::room(index, elements);
                assert!(first >= index);
                let Location { block, place } = locate(first);
                assert!(place + elements <= len_of(block));
                assert!(first == index || place == 0);
                let fits_earlier = (index..first).any(|earlier| {
                    let Location { block, place } = locate(earlier);
                    place + elements <= len_of(block)
                });
                assert!(!fits_earlier, "{elements} from {index} on fit before {first}");
            }
        }
    }
}
