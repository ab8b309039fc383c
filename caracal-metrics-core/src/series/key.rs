//! The label values of one series.

/// Label values as a recorder has them: the closed ones packed into one number by arithmetic, the
/// open ones as text, each in the family's order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels<'a> {
    pub(crate) closed: u32,
    pub(crate) open: &'a [&'a str],
}

/// Label values as the output needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) closed: u32,
    /// In the family's order.
    pub(crate) open: Box<[Box<str>]>,
}

impl Key {
    pub(crate) fn new(closed: u32, open: &[&str]) -> Self {
        Self { closed, open: open.iter().map(|value| (*value).into()).collect() }
    }
}
