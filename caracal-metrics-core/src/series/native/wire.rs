//! Encodes the native buckets of a histogram as Protocol Buffers.

use super::NativeCounts;
use super::grid::ZERO_THRESHOLD;
use crate::wire::{double, integer, message, varint};

/// The maximum number of empty buckets between two others that are written out, because a new span takes more
/// bytes.
const GAP: i32 = 2;

/// Writes the fields of a `Histogram` for these native buckets.
pub(super) fn write(counts: &NativeCounts, out: &mut Vec<u8>) {
    integer(5, zigzag(counts.schema.into()), out);
    double(6, ZERO_THRESHOLD, out);
    integer(7, counts.zero, out);
    write_buckets(9, &counts.negative, out);
    write_buckets(12, &counts.positive, out);
}

/// Writes spans of consecutive buckets, and the difference of each bucket from the previous one.
fn write_buckets(spans: u64, buckets: &[(i32, u64)], out: &mut Vec<u8>) {
    let mut end = 0;
    let mut rest = buckets;
    let mut counts = Vec::new();
    while let Some((first, _)) = rest.first() {
        let is_far = |pair: &[(i32, u64)]| pair[1].0 - pair[0].0 > GAP + 1;
        let len = rest.windows(2).position(is_far).map_or(rest.len(), |last| last + 1);
        let (span, others) = rest.split_at(len);
        let start = counts.len();
        for (bucket, observed) in span {
            counts.resize(start + (bucket - first) as usize, 0);
            counts.push(*observed);
        }
        message(spans, out, |out| {
            integer(1, zigzag((first - end).into()), out);
            integer(2, (counts.len() - start) as u64, out);
        });
        end = first + (counts.len() - start) as i32;
        rest = others;
    }
    if counts.is_empty() {
        return;
    }
    message(spans + 1, out, |out| {
        let mut before = 0_i64;
        for observed in counts {
            let observed = observed.cast_signed();
            varint(zigzag(observed.wrapping_sub(before)), out);
            before = observed;
        }
    });
}

/// Encodes a signed number so that a small absolute value takes few bytes.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> (i64::BITS - 1)).cast_unsigned()
}
