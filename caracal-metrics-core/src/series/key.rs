//! The label values of one series.

/// Label values of a recorder: the closed ones are packed into one number by arithmetic, and the open ones are
/// text. Both have the order of the family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels<'a> {
    pub(crate) closed: u32,
    pub(crate) open: &'a [&'a str],
}

/// Label values for the output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) closed: u32,
    /// In the order of the family.
    pub(crate) open: Box<[Box<str>]>,
}

impl Key {
    pub(crate) fn new(closed: u32, open: &[&str]) -> Self {
        Self { closed, open: open.iter().map(|value| (*value).into()).collect() }
    }
}
