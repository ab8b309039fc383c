//! The label values of one series.

/// Label values as a recorder has them: the closed ones packed into one number by arithmetic, the
/// open ones as text, each in the catalogue's order. How many are open is known at compile time, so
/// that a lookup has no loop over them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels<'a, const OPEN: usize> {
    pub(crate) closed: u32,
    pub(crate) open: [&'a str; OPEN],
}

/// The labels of an unlabelled series.
pub(crate) const NO_LABELS: Labels<'static, 0> = Labels { closed: 0, open: [] };

/// The most open labels that a family of the catalogue has.
pub(crate) const MAX_OPEN: usize = 2;

/// Label values as the output needs them.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    closed: u32,
    ends: [usize; MAX_OPEN],
    text: Box<str>,
}

impl Key {
    pub(crate) fn new(closed: u32, open: &[&str]) -> Self {
        let mut ends = [0; MAX_OPEN];
        let mut end = 0;
        for (slot, value) in ends.iter_mut().zip(open) {
            end += value.len();
            *slot = end;
        }
        Self { closed, ends, text: open.concat().into() }
    }

    pub(crate) fn closed(&self) -> u32 {
        self.closed
    }

    /// The open value with this index.
    pub(crate) fn open(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}
