//! The label values of one series.

/// Label values as a recorder has them: the closed ones packed into one number by arithmetic, the
/// open ones as text, each in the catalogue's order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels<'a> {
    pub(crate) closed: u32,
    pub(crate) open: &'a [&'a str],
}

/// The labels of an unlabelled series.
pub(crate) const NO_LABELS: Labels<'static> = Labels { closed: 0, open: &[] };

/// The most open labels that a family of the catalogue has.
pub(crate) const MAX_OPEN: usize = 2;

/// Label values as a series keeps them. The ends of the open values are kept beside their joined
/// text, so two different splits of one text are two different keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    closed: u32,
    ends: [u32; MAX_OPEN],
    text: Box<str>,
}

impl Key {
    pub(crate) fn new(labels: Labels<'_>) -> Self {
        let mut ends = [0; MAX_OPEN];
        let mut end = 0;
        for (slot, value) in ends.iter_mut().zip(labels.open) {
            end += value.len();
            *slot = end as u32;
        }
        Self { closed: labels.closed, ends, text: labels.open.concat().into() }
    }

    pub(crate) fn closed(&self) -> u32 {
        self.closed
    }

    /// The open value with this index.
    #[inline]
    pub(crate) fn open(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..self.ends[index] as usize]
    }

    #[inline]
    pub(crate) fn matches(&self, labels: Labels<'_>) -> bool {
        let text = self.text.as_bytes();
        let mut start = 0;
        self.closed == labels.closed
            && labels.open.iter().zip(self.ends).all(|(value, end)| {
                let own = text.get(start..end as usize);
                start = end as usize;
                own.is_some_and(|own| same(own, value.as_bytes()))
            })
    }
}

/// `a == b`, for texts that are mostly short: the call of `memcmp` would cost more than the rest of
/// a lookup.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || a.len() > 16 {
        return a == b;
    }
    // First and last words overlap and cover all bytes between.
    if let (Some(first), Some(last), Some(other_first), Some(other_last)) =
        (a.first_chunk::<8>(), a.last_chunk::<8>(), b.first_chunk::<8>(), b.last_chunk::<8>())
    {
        first == other_first && last == other_last
    } else if let (Some(first), Some(last), Some(other_first), Some(other_last)) =
        (a.first_chunk::<4>(), a.last_chunk::<4>(), b.first_chunk::<4>(), b.last_chunk::<4>())
    {
        first == other_first && last == other_last
    } else {
        a.iter().eq(b)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn same_is_equality(a in "[ab]{0,20}", b in "[ab]{0,20}", at in 0..20_usize) {
            let (a, mut b) = (a.into_bytes(), b.into_bytes());
            prop_assert_eq!(same(&a, &b), a == b);
            prop_assert!(same(&a, &a.clone()));
            b.clone_from(&a);
            if let Some(byte) = b.get_mut(at) {
                *byte ^= 1;
                prop_assert!(!same(&a, &b));
            }
        }
    }

    /// The table compares keys only where hashes agree, so no test of the page can bring two such
    /// keys together.
    #[test]
    fn values_that_join_to_the_same_text_are_different_keys() {
        let open: [&[&str]; 4] = [&["ab", "c"], &["a", "bc"], &["", "abc"], &["abc", ""]];
        for a in open {
            for b in open {
                let (a, b) = (Labels { closed: 1, open: a }, Labels { closed: 1, open: b });
                assert_eq!(Key::new(a).matches(b), a.open == b.open, "{a:?} {b:?}");
                assert_eq!(Key::new(a) == Key::new(b), a.open == b.open, "{a:?} {b:?}");
                assert!(!Key::new(a).matches(Labels { closed: 2, ..a }));
            }
        }
    }
}
