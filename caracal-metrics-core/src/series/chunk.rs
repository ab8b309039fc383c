//! Label values in chunks of 16 bytes, which can be compared and hashed without a call.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, Release},
};

/// 2^64 divided by the golden ratio. Multiplying close numbers by it moves them far apart.
pub(super) const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number of bytes in a chunk.
pub(super) const CHUNK: usize = 16;

/// The two halves of a chunk.
pub(super) type Chunk = [u64; 2];

/// A chunk that some threads read while others are being written. It consists of atomics, so readers and
/// writers need no lock.
#[derive(Debug, Default)]
pub(super) struct Stored([AtomicU64; 2]);

impl Stored {
    #[inline]
    pub(super) fn load(&self) -> Chunk {
        [self.0[0].load(Relaxed), self.0[1].load(Relaxed)]
    }

    /// Returns the first half.
    pub(super) fn first(&self) -> u64 {
        self.0[0].load(Relaxed)
    }

    /// Replaces the first half. A thread that sees the new one also sees everything that happened before.
    pub(super) fn set_first(&self, half: u64) {
        self.0[0].store(half, Release);
    }

    pub(super) fn store(&self, chunk: Chunk) {
        self.0[0].store(chunk[0], Relaxed);
        self.0[1].store(chunk[1], Relaxed);
    }
}

/// Returns the number of chunks of a value with this length: at least one.
pub(super) const fn count(len: usize) -> usize {
    if len <= CHUNK { 1 } else { len.div_ceil(CHUNK) }
}

/// Returns the chunk of a value of up to 16 bytes. Values of the same length have the same chunk only if they
/// are equal.
#[inline]
pub(super) fn short(value: &[u8]) -> Chunk {
    // The parts that are read at the start and at the end overlap and cover everything in between, without a
    // loop.
    if let (Some(first), Some(last)) = (value.first_chunk::<8>(), value.last_chunk::<8>()) {
        [u64::from_le_bytes(*first), u64::from_le_bytes(*last)]
    } else if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        [u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()]
    } else if let (Some(first), Some(last)) = (value.first(), value.last()) {
        [(*first).into(), u64::from(value[value.len() / 2]) << 8 | u64::from(*last)]
    } else {
        [0, 0]
    }
}

/// Returns the chunk of these bytes.
#[inline]
fn of(bytes: &[u8; CHUNK]) -> Chunk {
    let (halves, _) = bytes.as_chunks::<8>();
    [u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1])]
}

/// Calls `take` with each chunk of a value of any length. The last chunk overlaps the one before.
#[inline]
pub(super) fn each(value: &[u8], mut take: impl FnMut(Chunk)) {
    let Some(last) = value.last_chunk::<CHUNK>() else {
        return take(short(value));
    };
    let (whole, rest) = value.as_chunks::<CHUNK>();
    for chunk in whole {
        take(of(chunk));
    }
    if !rest.is_empty() {
        take(of(last));
    }
}

/// The chunks of a value, if it has only a few.
pub(super) enum Few {
    One([Chunk; 1]),
    Two([Chunk; 2]),
    Three([Chunk; 3]),
    More,
}

impl Few {
    /// Writes the chunks to the beginning of `room`, and returns their number.
    #[inline]
    pub(super) fn put(self, room: &mut [Chunk; 3]) -> Option<usize> {
        let (few, count) = match self {
            Self::One([first]) => ([first, [0; 2], [0; 2]], 1),
            Self::Two([first, last]) => ([first, last, [0; 2]], 2),
            Self::Three(all) => (all, 3),
            Self::More => return None,
        };
        *room = few;
        Some(count)
    }
}

/// Returns the chunks of a value.
#[inline]
pub(super) fn few(value: &[u8]) -> Few {
    let (Some(first), Some(last)) = (value.first_chunk(), value.last_chunk()) else {
        return Few::One([short(value)]);
    };
    match (value.len(), value.as_chunks::<CHUNK>().0) {
        (..=16, _) => Few::One([of(first)]),
        (..=32, _) => Few::Two([of(first), of(last)]),
        (..=48, [_, second, ..]) => Few::Three([of(first), of(second), of(last)]),
        _ => Few::More,
    }
}

/// Returns whether these are the chunks of a value.
#[inline]
pub(super) fn are_of(chunks: &[Stored], value: &[u8]) -> bool {
    let mut chunks = chunks.iter();
    let mut equal = true;
    each(value, |chunk| equal &= chunks.next().is_some_and(|own| own.load() == chunk));
    equal && chunks.next().is_none()
}

/// Returns the value with this length and these chunks.
pub(super) fn value(len: usize, chunks: impl Iterator<Item = Chunk>) -> Vec<u8> {
    let mut value = vec![0; len];
    let mut start = 0;
    for chunk in chunks {
        let [first, last] = chunk.map(u64::to_le_bytes);
        match len {
            0 => {}
            1..4 => {
                value[len / 2] = last[1];
                value[0] = first[0];
                value[len - 1] = last[0];
            }
            4..8 => {
                value[..4].copy_from_slice(&first[..4]);
                value[len - 4..].copy_from_slice(&last[..4]);
            }
            8..CHUNK => {
                value[..8].copy_from_slice(&first);
                value[len - 8..].copy_from_slice(&last);
            }
            _ => {
                start = start.min(len - CHUNK);
                value[start..start + CHUNK].copy_from_slice([first, last].as_flattened());
                start += CHUNK;
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunks(value: &[u8]) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        each(value, |chunk| chunks.push(chunk));
        chunks
    }

    fn stored(value: &[u8]) -> Vec<Stored> {
        let stored = Stored::default;
        let store = |chunk| {
            let stored = stored();
            stored.store(chunk);
            stored
        };
        chunks(value).into_iter().map(store).collect()
    }

    proptest! {
        #[test]
        fn chunks_are_the_value(text in "[ab\0ü]{0,60}") {
            let bytes = text.into_bytes();
            prop_assert_eq!(chunks(&bytes).len(), count(bytes.len()));
            prop_assert_eq!(&value(bytes.len(), chunks(&bytes).into_iter()), &bytes);
            prop_assert!(are_of(&stored(&bytes), &bytes));
        }

        #[test]
        fn another_value_has_other_chunks(text in "[ab\0]{1,60}", at in 0..60_usize) {
            let bytes = text.into_bytes();
            let mut other = bytes.clone();
            other[at % bytes.len()] ^= 1;
            prop_assert_ne!(chunks(&bytes), chunks(&other));
            prop_assert!(!are_of(&stored(&bytes), &other));
        }

        #[test]
        fn few_chunks_are_the_same(text in "[ab\0ü]{0,40}") {
            let expected = chunks(text.as_bytes());
            let few = match few(text.as_bytes()) {
                Few::One(chunks) => chunks.to_vec(),
                Few::Two(chunks) => chunks.to_vec(),
                Few::Three(chunks) => chunks.to_vec(),
                Few::More => {
                    prop_assert!(text.len() > 48);
                    return Ok(());
                }
            };
            prop_assert_eq!(few, expected);
        }

        #[test]
        fn short_values_are_one_chunk(text in "[ab\0]{0,16}") {
            prop_assert_eq!(chunks(text.as_bytes()), [short(text.as_bytes())]);
        }
    }
}
