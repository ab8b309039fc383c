//! Label values in chunks of 16 bytes, which are compared and hashed without a call.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Two to the 64th over the golden ratio: multiplied by it, numbers that are close end far apart.
pub(super) const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bytes of a chunk.
pub(super) const CHUNK: usize = 16;

/// A chunk that some read while others are being written: in atomics, so no lock is needed between
/// them.
#[derive(Debug, Default)]
pub(super) struct Stored([AtomicU64; 2]);

impl Stored {
    #[inline]
    pub(super) fn load(&self) -> u128 {
        u128::from(self.0[0].load(Relaxed)) | u128::from(self.0[1].load(Relaxed)) << 64
    }

    pub(super) fn store(&self, chunk: u128) {
        self.0[0].store(chunk as u64, Relaxed);
        self.0[1].store((chunk >> 64) as u64, Relaxed);
    }
}

/// How many chunks a value of so many bytes has: at least one.
pub(super) const fn count(len: usize) -> usize {
    if len <= CHUNK { 1 } else { len.div_ceil(CHUNK) }
}

/// A value of up to 16 bytes. Values of the same length have the same chunk only if they are equal.
#[inline]
pub(super) fn short(value: &[u8]) -> u128 {
    // What is read of the start and of the end overlaps, and covers all between: no loop.
    let halves = if let (Some(first), Some(last)) =
        (value.first_chunk::<8>(), value.last_chunk::<8>())
    {
        [u64::from_le_bytes(*first), u64::from_le_bytes(*last)]
    } else if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        [u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()]
    } else if let (Some(first), Some(last)) = (value.first(), value.last()) {
        [(*first).into(), u64::from(value[value.len() / 2]) << 8 | u64::from(*last)]
    } else {
        [0, 0]
    };
    u128::from(halves[0]) | u128::from(halves[1]) << 64
}

/// Calls `take` with each chunk of a value of any length; the last one overlaps the one before.
#[inline]
pub(super) fn each(value: &[u8], mut take: impl FnMut(u128)) {
    let Some(last) = value.last_chunk::<CHUNK>() else {
        return take(short(value));
    };
    let (whole, rest) = value.as_chunks::<CHUNK>();
    for chunk in whole {
        take(u128::from_le_bytes(*chunk));
    }
    if !rest.is_empty() {
        take(u128::from_le_bytes(*last));
    }
}

/// Whether these are the chunks of a value.
#[inline]
pub(super) fn are_of(chunks: &[Stored], value: &[u8]) -> bool {
    let (Some(last), Some(last_stored)) = (value.last_chunk::<CHUNK>(), chunks.last()) else {
        return chunks.first().is_some_and(|chunk| chunk.load() == short(value));
    };
    let (whole, _) = value.as_chunks::<CHUNK>();
    chunks.len() == count(value.len())
        && u128::from_le_bytes(*last) == last_stored.load()
        && whole.iter().zip(chunks).all(|(a, b)| u128::from_le_bytes(*a) == b.load())
}

/// The value of so many bytes that has these chunks.
pub(super) fn value(len: usize, chunks: impl Iterator<Item = u128>) -> Vec<u8> {
    let mut value = vec![0; len];
    let mut start = 0;
    for chunk in chunks {
        let bytes = chunk.to_le_bytes();
        let (first, last) = bytes.split_at(CHUNK / 2);
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
                value[..8].copy_from_slice(first);
                value[len - 8..].copy_from_slice(last);
            }
            _ => {
                start = start.min(len - CHUNK);
                value[start..start + CHUNK].copy_from_slice(&bytes);
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

    fn chunks(value: &[u8]) -> Vec<u128> {
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
        fn short_values_are_one_chunk(text in "[ab\0]{0,16}") {
            prop_assert_eq!(chunks(text.as_bytes()), [short(text.as_bytes())]);
        }
    }
}
