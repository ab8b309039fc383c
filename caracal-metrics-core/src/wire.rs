//! The wire format of Protocol Buffers.

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn integer(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3 | VARINT, out);
    varint(value, out);
}

pub(crate) fn double(field: u64, value: f64, out: &mut Vec<u8>) {
    varint(field << 3 | FIXED64, out);
    out.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn text_field(field: u64, text: &str, out: &mut Vec<u8>) {
    varint(field << 3 | LENGTH_DELIMITED, out);
    varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// A label pair of this field for each label.
pub(crate) fn write_labels<'a>(
    field: u64,
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    out: &mut Vec<u8>,
) {
    for (name, value) in labels {
        message(Some(field), out, |out| {
            text_field(1, name, out);
            text_field(2, value, out);
        });
    }
}

/// What `write` writes, after its length. Without a field it is a message of the page itself.
pub(crate) fn message(field: Option<u64>, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if let Some(field) = field {
        varint(field << 3 | LENGTH_DELIMITED, out);
    }
    // One byte is enough for the length of most messages; only longer ones are moved.
    let start = out.len();
    out.push(0);
    write(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        let mut bytes = Vec::with_capacity(10);
        varint(length as u64, &mut bytes);
        out.splice(start..=start, bytes);
    }
}
