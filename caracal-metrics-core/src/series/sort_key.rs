//! The label values of a series as one byte string with the same order as the values.

use std::borrow::Cow;

use crate::text::utf8;

/// Follows each value except the last one. It is less than any byte of a value, so a value sorts before longer
/// values that start with it.
pub(crate) const SEPARATOR: u8 = 0;

/// Precedes a byte of a value that is not greater than this. That byte is then increased by one.
const ESCAPE: u8 = 1;

/// Appends the key of these values.
pub(super) fn write<'a>(values: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            out.push(SEPARATOR);
        }
        if value.bytes().all(|byte| byte > ESCAPE) {
            out.extend_from_slice(value.as_bytes());
            continue;
        }
        for byte in value.bytes() {
            if byte <= ESCAPE {
                out.extend_from_slice(&[ESCAPE, byte + 1]);
            } else {
                out.push(byte);
            }
        }
    }
}

/// Returns the values of a key.
pub(crate) fn values(key: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    // All of this is text: the values, the separators, and the escapes.
    let key = str::from_utf8(key).unwrap_or_default();
    key.split(char::from(SEPARATOR)).map(|value| {
        if value.as_bytes().contains(&ESCAPE) {
            Cow::Owned(utf8(&unescaped(value.as_bytes())).into_owned())
        } else {
            Cow::Borrowed(value)
        }
    })
}

/// Returns whether the bytes between separators are the values, and no format escapes any of them.
pub(super) fn is_plain(key: &[u8]) -> bool {
    !key.iter().any(|byte| matches!(*byte, ESCAPE | b'"' | b'\\' | b'\n'))
}

fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut bytes = value.iter();
    let mut unescaped = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        unescaped.push(match *byte {
            ESCAPE => bytes.next().map_or(0, |raised| raised - 1),
            byte => byte,
        });
    }
    unescaped
}

#[cfg(all(test, not(caracal_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(values: &[String]) -> Vec<u8> {
        let mut key = Vec::new();
        write(values.iter().map(String::as_str), &mut key);
        key
    }

    fn some_values() -> impl Strategy<Value = [String; 3]> {
        let value = || "[ab!\0\u{1}\u{2}\"\\\\ü]{0,4}";
        [value(), value(), value()]
    }

    proptest! {
        #[test]
        fn keys_sort_like_their_values(a in some_values(), b in some_values()) {
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn a_key_contains_its_values(all in some_values()) {
            let key = key(&all);
            prop_assert!(values(&key).eq(all.iter().map(String::as_str)));
            if is_plain(&key) {
                let bytes = key.split(|byte| *byte == SEPARATOR);
                prop_assert!(bytes.eq(all.iter().map(String::as_bytes)));
            }
        }
    }
}
