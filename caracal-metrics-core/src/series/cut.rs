//! Cuts label values that are too long.
//!
//! A value over the limit is replaced by its beginning, `…`, and 16 hexadecimal digits: the SipHash-2-4 of the
//! whole value, with a key of zeros. The result is within the limit and ends at a character boundary.
//!
//! The hash distinguishes values with the same beginning. It is the same in every process and every release, so
//! a series continues after a restart, and has the same labels on each instance of a service. Two values become
//! one series only if they have the same beginning and their hashes collide. The probability of a collision
//! among 10,000 values is 3 in 10^12. The key is public, so somebody who chooses the values can search for a
//! collision, or send a value that looks like another one after it was cut. Both merge two series and lose no
//! count.
//!
//! The hash covers the whole value, which takes time in proportion to its length. A hash of a part of the value
//! would merge values that differ elsewhere.

use std::ops::{Deref, RangeInclusive};

use siphasher::sip::SipHasher24;
use smallvec::SmallVec;

/// The default limit in bytes.
pub(crate) const DEFAULT_LIMIT: usize = 256;

/// The range of the limit in bytes. The minimum leaves room for some characters of the value before the marker.
/// The maximum is more than Prometheus is usually configured to accept.
pub(crate) const LIMITS: RangeInclusive<usize> = 32..=65_536;

const ELLIPSIS: &str = "…";
const HASH_DIGITS: usize = 16;
const MARKER: usize = ELLIPSIS.len() + HASH_DIGITS;

/// A label value within a limit.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one lookup, and a box would allocate")]
pub(crate) enum Value<'a> {
    Whole(&'a str),
    /// A shortened value. It is on the stack, unless the limit is higher than the default.
    Cut(SmallVec<[u8; DEFAULT_LIMIT]>),
}

impl<'a> Value<'a> {
    /// Returns the value within this limit in bytes, which must be in [`LIMITS`].
    pub(crate) fn within(value: &'a str, limit: usize) -> Self {
        if value.len() <= limit { Self::Whole(value) } else { Self::Cut(cut(value, limit)) }
    }

    pub(crate) fn is_cut(&self) -> bool {
        matches!(self, Self::Cut(_))
    }
}

impl Deref for Value<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Whole(value) => value,
            // `cut` joins whole characters.
            Self::Cut(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        }
    }
}

fn cut(value: &str, limit: usize) -> SmallVec<[u8; DEFAULT_LIMIT]> {
    let mut end = limit.saturating_sub(MARKER);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = SmallVec::from_slice(&value.as_bytes()[..end]);
    text.extend_from_slice(ELLIPSIS.as_bytes());
    let hash = SipHasher24::new().hash(value.as_bytes());
    let mut digits = [0; HASH_DIGITS];
    for (place, digit) in (0..HASH_DIGITS).rev().zip(&mut digits) {
        *digit = b"0123456789abcdef"[(hash >> (4 * place) & 0xf) as usize];
    }
    text.extend_from_slice(&digits);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cut_value_is_within_the_limit_and_is_not_cut_again(
            value in "[a-c🐆é]{0,200}",
            limit in 32..400_usize,
        ) {
            let once = Value::within(&value, limit);
            prop_assert!(once.len() <= limit);
            prop_assert_eq!(once.is_cut(), value.len() > limit);
            if once.is_cut() {
                // At most one character less than there is room for.
                prop_assert!(once.len() > limit - 4);
                let (beginning, hash) = once.rsplit_once(ELLIPSIS).unwrap();
                prop_assert!(value.starts_with(beginning));
                prop_assert_eq!(hash.len(), HASH_DIGITS);
            } else {
                prop_assert_eq!(&*once, &value);
            }
            prop_assert!(!Value::within(&once, limit).is_cut());
        }
    }
}
