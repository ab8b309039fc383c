//! Label sets that never move. The table of label sets refers to them.

use super::chunk::{self, Chunk, Stored};
use super::key::{Key, Labels};
use super::rest::Rest;
use crate::blocks::Blocks;
use crate::engine::Cell;
use crate::text::utf8;

/// A record consists of its head and the chunks of its open values. A thread that loads its index with
/// `Acquire` sees the complete record.
#[derive(Debug)]
pub(super) struct Records {
    chunks: Blocks<Stored>,
}

/// The number of lengths of open values in the head of a record.
const LENGTHS_OF_HEAD: usize = 2;

/// The number of lengths of open values in a chunk.
const LENGTHS_OF_CHUNK: usize = 4;

/// The head of a record: the closed labels, the cell, and the lengths of the first two open values. Values of
/// different lengths can have equal chunks, so the lengths are part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) closed: u32,
    /// 32 bits per value. The first value is in the lowest bits.
    pub(super) lengths: u64,
}

/// The shift of the closed labels in the first half of a head. The cell is below.
const CLOSED: u32 = 32;

impl Head {
    /// Returns the head of a record with its cell.
    fn with(self, cell: Cell) -> Chunk {
        [u64::from(cell.to_raw()) | u64::from(self.closed) << CLOSED, self.lengths]
    }

    #[inline]
    fn read(head: &Stored) -> (Self, Cell) {
        let [closed_and_cell, lengths] = head.load();
        let head = Self { closed: (closed_and_cell >> CLOSED) as u32, lengths };
        (head, Cell::from_raw(closed_and_cell as u32))
    }

    #[inline]
    pub(super) fn of(labels: Labels<'_>) -> Self {
        let first = labels.open.iter().take(LENGTHS_OF_HEAD).rev();
        let lengths = first.fold(0, |lengths, value| lengths << 32 | value.len() as u64);
        Self { closed: labels.closed, lengths }
    }

    fn lens(self) -> impl Iterator<Item = usize> + Clone {
        [self.lengths as u32, (self.lengths >> 32) as u32].into_iter().map(|len| len as usize)
    }
}

/// Returns the lengths of the open values from the third one on, in chunks.
#[inline]
fn more_lengths(labels: Labels<'_>) -> impl Iterator<Item = Chunk> {
    let more = labels.open.get(LENGTHS_OF_HEAD..).unwrap_or_default();
    more.chunks(LENGTHS_OF_CHUNK).map(|of_chunk| {
        let len = |place: usize| of_chunk.get(place).map_or(0, |value| value.len() as u64);
        [len(0) | len(1) << 32, len(2) | len(3) << 32]
    })
}

/// Returns the number of chunks of [`more_lengths`] for this number of open values.
const fn length_chunks(open: usize) -> usize {
    open.saturating_sub(LENGTHS_OF_HEAD).div_ceil(LENGTHS_OF_CHUNK)
}

impl Records {
    pub(super) const fn none() -> Self {
        Self { chunks: Blocks::none() }
    }

    /// Stores a record at the first suitable index from `end` on, and moves `end` behind the record. There is
    /// room for 64 GiB.
    pub(super) fn push(&self, end: &mut usize, labels: Labels<'_>, cell: Cell) -> u32 {
        let values = labels.open.iter().map(|value| chunk::count(value.len())).sum::<usize>();
        let len = 1 + length_chunks(labels.open.len()) + values;
        let place = Blocks::<Stored>::room(*end, len);
        self.chunks.make(place, |len| (0..len).map(|_| Stored::default()).collect());
        *end = place + len;
        let mut slots = self.chunks.from(place).iter();
        let mut store = |chunk| slots.by_ref().take(1).for_each(|slot| slot.store(chunk));
        store(Head::of(labels).with(cell));
        more_lengths(labels).for_each(&mut store);
        for value in labels.open {
            chunk::each(value.as_bytes(), &mut store);
        }
        place as u32
    }

    /// Returns the cell of the record at this index, if it has these labels and is findable.
    #[inline]
    pub(super) fn cell_of(&self, place: u32, labels: Labels<'_>) -> Option<Cell> {
        // The closed labels of a marked or hidden record equal no others.
        let (head, chunks) = self.chunks.from(place as usize).split_first()?;
        let (head, cell) = Head::read(head);
        if head == Head::of(labels) { Self::values_of(chunks, labels).map(|()| cell) } else { None }
    }

    /// Returns the cell and the rest state of the record at this index, if it has these labels.
    pub(super) fn rest_of(&self, place: u32, labels: Labels<'_>) -> Option<(Cell, Rest)> {
        let (head, chunks) = self.chunks.from(place as usize).split_first()?;
        let (head, cell) = Head::read(head);
        let (closed, rest) = Rest::split(head.closed);
        if (Head { closed, ..head }) == Head::of(labels) {
            Self::values_of(chunks, labels).map(|()| (cell, rest))
        } else {
            None
        }
    }

    /// Returns the cell and the rest state of the record at this index.
    pub(super) fn rest(&self, place: u32) -> (Cell, Rest) {
        let (head, cell) = Head::read(&self.chunks.from(place as usize)[0]);
        (cell, Rest::split(head.closed).1)
    }

    /// Sets the rest state of the record at this index. Only one caller at a time may do this.
    pub(super) fn set_rest(&self, place: u32, rest: Rest) {
        let head = &self.chunks.from(place as usize)[0];
        let first = head.first();
        let closed = rest.join((first >> CLOSED) as u32);
        head.set_first(u64::from(first as u32) | u64::from(closed) << CLOSED);
    }

    /// Returns whether these chunks, which follow a head with these lengths, belong to these open values.
    #[inline]
    fn values_of(mut chunks: &[Stored], labels: Labels<'_>) -> Option<()> {
        for lengths in more_lengths(labels) {
            let (own, rest) = chunks.split_first()?;
            if own.load() != lengths {
                return None;
            }
            chunks = rest;
        }
        for value in labels.open {
            let (own, rest) = chunks.split_at_checked(chunk::count(value.len()))?;
            if !chunk::are_of(own, value.as_bytes()) {
                return None;
            }
            chunks = rest;
        }
        Some(())
    }

    /// Like [`cell_of`](Self::cell_of), for values with these chunks whose lengths are all in the head.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the number of chunks is a constant in a caller")]
    pub(super) fn cell_of_chunks(&self, place: u32, head: Head, chunks: &[Chunk]) -> Option<Cell> {
        let (own, rest) = self.chunks.from(place as usize).split_first()?;
        let (own, cell) = Head::read(own);
        let rest = rest.get(..chunks.len())?;
        let equal = own == head && rest.iter().zip(chunks).all(|(own, chunk)| own.load() == *chunk);
        equal.then_some(cell)
    }

    /// Returns the parts of the record at this index, which has this number of open values: its head, its cell,
    /// the lengths of its values, and their chunks.
    pub(super) fn parts(
        &self,
        place: u32,
        open: usize,
    ) -> (Head, Cell, impl Iterator<Item = usize> + Clone, impl Iterator<Item = Chunk>) {
        let record = self.chunks.from(place as usize);
        let (mut head, cell) = Head::read(&record[0]);
        head.closed = Rest::split(head.closed).0;
        let values = 1 + length_chunks(open);
        let more = record[1..values].iter().flat_map(|lengths| {
            let lengths = lengths.load();
            (0..LENGTHS_OF_CHUNK)
                .map(move |place| (lengths[place / 2] >> (32 * (place % 2))) as u32 as usize)
        });
        let lens = head.lens().chain(more).take(open);
        let chunks = lens.clone().map(chunk::count).sum::<usize>();
        (head, cell, lens, record[values..values + chunks].iter().map(Stored::load))
    }

    /// Returns the record at this index, which has this number of open values.
    pub(super) fn get(&self, place: u32, open: usize) -> (Key, Cell) {
        let (head, cell, lens, mut chunks) = self.parts(place, open);
        let open = lens.map(|len| {
            let bytes = chunk::value(len, chunks.by_ref().take(chunk::count(len)));
            utf8(&bytes).into()
        });
        (Key { closed: head.closed, open: open.collect() }, cell)
    }
}
