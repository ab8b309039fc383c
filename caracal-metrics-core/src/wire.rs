//! The wire format of Protocol Buffers.

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;

/// Seven bits a byte, the lowest first; all bytes but the last one have their highest bit.
#[inline]
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`varint`] writes.
#[inline]
pub(crate) fn varint_len(value: u64) -> u64 {
    u64::from((u64::BITS - value.leading_zeros()).max(1).div_ceil(7))
}

/// What comes before so many bytes of a field.
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

/// A message of one double, in bytes.
pub(crate) const DOUBLE_MESSAGE: u64 = 11;

/// A message whose first field is this number, the only one. The number of its own field is less
/// than 16.
#[inline]
pub(crate) fn double_message(field: u64, value: f64, out: &mut Vec<u8>) {
    let mut message = [0; DOUBLE_MESSAGE as usize];
    let double = (1 << 3 | FIXED64) as u8;
    message[..3].copy_from_slice(&[(field << 3 | LENGTH_DELIMITED) as u8, 9, double]);
    message[3..].copy_from_slice(&value.to_le_bytes());
    out.extend_from_slice(&message);
}

/// A message of a timestamp and a double, in bytes.
pub(crate) const TIMED_DOUBLE_MESSAGE: u64 = DOUBLE_MESSAGE + 2 + TIMESTAMP as u64;

/// Of the seconds and the nanoseconds, each after its key.
const TIMESTAMP: usize = 2 * (1 + LONG_VARINT);

/// As many bytes as the seconds take from 1978 to 3058, and the nanoseconds at most.
const LONG_VARINT: usize = 5;

/// A double and the end of the timestamp before it, in bytes: what differs between messages of the same fields.
pub(crate) const TIMED_DOUBLE: usize = TIMESTAMP + 1 + size_of::<f64>();

/// As [`double_message`], with a timestamp in its third field: seconds since 1970, and nanoseconds after those.
///
/// All of these have the same length, so that one can be written over another: the numbers of the timestamp have
/// leading zeros. The double is the last field, as in the message without a timestamp.
pub(crate) fn timed_double_message(field: u64, value: f64, since: (u64, u32), out: &mut Vec<u8>) {
    let len = TIMED_DOUBLE_MESSAGE as u8 - 2;
    out.extend_from_slice(&[(field << 3 | LENGTH_DELIMITED) as u8, len]);
    out.extend_from_slice(&[(3 << 3 | LENGTH_DELIMITED) as u8, TIMESTAMP as u8]);
    out.extend_from_slice(&timed_double(value, since));
}

/// The end of a [`timed_double_message`].
#[inline]
pub(crate) fn timed_double(value: f64, (seconds, nanos): (u64, u32)) -> [u8; TIMED_DOUBLE] {
    let mut end = [0; TIMED_DOUBLE];
    // Put together in a register: what is stored byte by byte takes an instruction for each.
    let numbers = [long_varint(1, seconds), long_varint(2, nanos.into())];
    let timestamp = u128::from(numbers[0]) | u128::from(numbers[1]) << (TIMESTAMP as u32 / 2 * 8);
    end[..size_of::<u128>()].copy_from_slice(&timestamp.to_le_bytes());
    end[TIMESTAMP] = (1 << 3 | FIXED64) as u8;
    end[TIMESTAMP + 1..].copy_from_slice(&value.to_le_bytes());
    end
}

/// A field whose number has at most 35 bits as a [`varint`] with leading zeros, which readers skip. The lowest byte
/// is the first one.
#[inline]
fn long_varint(field: u64, value: u64) -> u64 {
    const MORE: u64 = 0x80_8080_8000;
    let sevens = (0..LONG_VARINT as u32).map(|place| (value & 0x7f << (7 * place)) << (8 + place));
    sevens.fold(field << 3 | VARINT | MORE, |all, seven| all | seven)
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

/// A label pair of this field for each label.
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

/// What `write` writes, after its length.
#[inline]
pub(crate) fn message(field: u64, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    // One byte is enough for the length of most messages; only longer ones are moved.
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
    // One byte was there already.
    out.truncate(end + bytes - 1);
    out.copy_within(start + 1..end, start + bytes);
    out[start..start + bytes].copy_from_slice(&prefix[..bytes]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The fields of a message whose numbers are varints.
    fn varints(mut bytes: &[u8]) -> Vec<(u64, u64)> {
        let mut next = || {
            let mut number = 0;
            for place in 0.. {
                let (byte, rest) = bytes.split_first()?;
                bytes = rest;
                number |= u64::from(byte & 0x7f) << (7 * place);
                if byte & 0x80 == 0 {
                    break;
                }
            }
            Some(number)
        };
        std::iter::from_fn(|| Some((next()?, next()?))).collect()
    }

    proptest! {
        #[test]
        fn timestamps_read_back(seconds in 0..1_u64 << 35, nanos in 0..1_000_000_000_u32, value: f64) {
            let end = timed_double(value, (seconds, nanos));
            let fields = varints(&end[..TIMESTAMP]);
            prop_assert_eq!(fields, [(1 << 3, seconds), (2 << 3, u64::from(nanos))]);
            prop_assert_eq!(&end[TIMESTAMP + 1..], value.to_le_bytes());
        }
    }
}
