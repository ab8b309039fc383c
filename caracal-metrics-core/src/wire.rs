//! The wire format of Protocol Buffers.

use std::time::Duration;

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;

/// Appends a number with seven bits per byte, lowest bits first. All bytes except the last one have their
/// highest bit set.
#[inline]
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Returns how many bytes [`varint`] writes.
#[inline]
pub(crate) fn varint_len(value: u64) -> u64 {
    u64::from((u64::BITS - value.leading_zeros()).max(1).div_ceil(7))
}

/// Appends the key and the length of a field with this number of bytes.
#[inline]
pub(crate) fn begin_bytes(field: u64, len: u64, out: &mut Vec<u8>) {
    let key = field << 3 | LENGTH_DELIMITED;
    if key < 0x80 && len < 0x80 {
        out.extend_from_slice(&[key as u8, len as u8]);
    } else {
        varint(key, out);
        varint(len, out);
    }
}

/// The length of a message with one double, in bytes.
pub(crate) const DOUBLE_MESSAGE: u64 = 11;

/// Appends a message with this number as its only field, which has the field number 1. The field number of the
/// message is less than 16.
#[inline]
pub(crate) fn double_message(field: u64, value: f64, out: &mut Vec<u8>) {
    let mut message = [0; DOUBLE_MESSAGE as usize];
    let double = (1 << 3 | FIXED64) as u8;
    message[..3].copy_from_slice(&[(field << 3 | LENGTH_DELIMITED) as u8, 9, double]);
    message[3..].copy_from_slice(&value.to_le_bytes());
    out.extend_from_slice(&message);
}

/// The length of a message with a timestamp and a double, in bytes.
pub(crate) const TIMED_DOUBLE_MESSAGE: u64 = DOUBLE_MESSAGE + 2 + TIMESTAMP as u64;

/// The length of the seconds and the nanoseconds, each after its key.
const TIMESTAMP: usize = 2 * (1 + LONG_VARINT);

/// Enough for the seconds from 1978 to 3058, and for all nanoseconds.
const LONG_VARINT: usize = 5;

/// The length of a double and the end of the timestamp before it, in bytes. This part differs between messages
/// of the same fields.
pub(crate) const TIMED_DOUBLE: usize = TIMESTAMP + 1 + size_of::<f64>();

/// Appends the same message as [`double_message`], with a timestamp since 1970 in its third field.
///
/// All such messages have the same length, so that one can be overwritten by another: the numbers of the
/// timestamp have leading zeros. The double is the last field, as in the message without a timestamp.
pub(crate) fn timed_double_message(field: u64, value: f64, since: Duration, out: &mut Vec<u8>) {
    let len = TIMED_DOUBLE_MESSAGE as u8 - 2;
    out.extend_from_slice(&[(field << 3 | LENGTH_DELIMITED) as u8, len]);
    out.extend_from_slice(&[(3 << 3 | LENGTH_DELIMITED) as u8, TIMESTAMP as u8]);
    out.extend_from_slice(&timed_double(value, since));
}

/// Returns the end of a [`timed_double_message`].
#[inline]
pub(crate) fn timed_double(value: f64, since: Duration) -> [u8; TIMED_DOUBLE] {
    let mut end = [0; TIMED_DOUBLE];
    let (seconds, nanos) = (since.as_secs(), since.subsec_nanos().into());
    for (place, (field, number)) in [(1, seconds), (2, nanos)].into_iter().enumerate() {
        let start = place * (1 + LONG_VARINT);
        end[start] = (field << 3 | VARINT) as u8;
        end[start + 1..][..LONG_VARINT].copy_from_slice(&long_varint(number));
    }
    end[TIMESTAMP] = (1 << 3 | FIXED64) as u8;
    end[TIMESTAMP + 1..].copy_from_slice(&value.to_le_bytes());
    end
}

/// Returns a number of at most 35 bits as a [`varint`] with leading zeros, which readers skip.
#[inline]
fn long_varint(value: u64) -> [u8; LONG_VARINT] {
    std::array::from_fn(|place| {
        let more = if place + 1 < LONG_VARINT { 0x80 } else { 0 };
        (value >> (7 * place)) as u8 & 0x7f | more
    })
}

#[inline]
pub(crate) fn integer(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3 | VARINT, out);
    varint(value, out);
}

#[inline]
pub(crate) fn double(field: u64, value: f64, out: &mut Vec<u8>) {
    varint(field << 3 | FIXED64, out);
    out.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn text_field(field: u64, text: &str, out: &mut Vec<u8>) {
    begin_bytes(field, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a label pair of this field for each label.
pub(crate) fn write_labels<'a>(
    field: u64,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    out: &mut Vec<u8>,
) {
    for (name, value) in labels {
        message(field, out, |out| {
            text_field(1, name, out);
            text_field(2, value, out);
        });
    }
}

/// Appends a message that `write` writes, with its length before it.
#[inline]
pub(crate) fn message(field: u64, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    // One byte is enough for the length of most messages. Only longer messages are moved.
    begin_bytes(field, 0, out);
    let start = out.len() - 1;
    write(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
        return;
    }
    let end = out.len();
    varint(length as u64, out);
    let mut prefix = [0; 10];
    let bytes = out.len() - end;
    prefix[..bytes].copy_from_slice(&out[end..]);
    // One byte was already there.
    out.truncate(end + bytes - 1);
    out.copy_within(start + 1..end, start + bytes);
    out[start..start + bytes].copy_from_slice(&prefix[..bytes]);
}
