//! Labels: the values of a label, and the label sets of families.

mod declare;
mod http;
mod status_codes;

pub use http::{Method, StatusCode};

/// The value of open labels in a series of folded records.
pub const AGGREGATED: &str = "aggregated";

/// The maximum number of labels of a family.
pub(crate) const MAX_LABELS: usize = 8;

/// The maximum number of combinations of the values of a family's closed labels.
pub(crate) const MAX_CLOSED_SETS: u32 = 1 << 22;

/// The same for a family without open labels, which has an array with an element for each combination.
pub(crate) const MAX_DENSE_SETS: u32 = 1 << 16;

/// Returns whether a family can have these labels.
pub(crate) const fn fits(specs: &[LabelSpec]) -> bool {
    let most = if open_labels(specs) == 0 { MAX_DENSE_SETS } else { MAX_CLOSED_SETS };
    closed_sets(specs) <= most
}

/// A label of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelSpec {
    /// The label's name.
    pub name: &'static str,
    /// The values that it can have.
    pub values: LabelValues,
}

impl LabelSpec {
    /// Returns whether a series can leave the label out.
    pub(crate) fn is_optional(self) -> bool {
        match self.values {
            LabelValues::Optional => true,
            LabelValues::Closed(texts) => texts.contains(&""),
            LabelValues::Open | LabelValues::StatusCode => false,
        }
    }

    /// Returns whether a series with this value leaves the label out.
    pub(crate) fn is_left_out(self, value: &str) -> bool {
        value.is_empty() && self.is_optional()
    }

    /// Returns a label with this name and the values of the type `V`.
    #[doc(hidden)]
    #[must_use]
    pub const fn of<V: Label>(name: &'static str) -> Self {
        Self { name, values: V::VALUES }
    }
}

/// The values that a label can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelValues {
    /// Any text. The number of values is limited by `max_series_per_family`.
    Open,
    /// Any text, or none. In the latter case, the series does not have the label.
    Optional,
    /// One of these values. If the value is empty, the series does not have the label.
    Closed(&'static [&'static str]),
    /// `100` to `999`, or `unknown` for any other number.
    StatusCode,
}

impl LabelValues {
    /// Returns the number of values, or `None` for an open label.
    pub(crate) const fn count(self) -> Option<u32> {
        match self {
            Self::Open | Self::Optional => None,
            Self::Closed(values) => Some(values.len() as u32),
            Self::StatusCode => Some(status_codes::COUNT),
        }
    }

    pub(crate) const fn is_open(self) -> bool {
        self.count().is_none()
    }

    /// Returns the text of the value with this index. Empty for an open label.
    pub(crate) fn text(self, index: u32) -> &'static str {
        match self {
            Self::Open | Self::Optional => "",
            Self::Closed(values) => values.get(index as usize).copied().unwrap_or_default(),
            Self::StatusCode => status_codes::text(index),
        }
    }
}

/// A type whose values are values of a label.
///
/// An enum that [`labels!`](crate::labels) declares is a closed label: its values are known at compile time.
/// [`Method`], [`StatusCode`] and `bool` are closed, too. `&str` is an open label, and `Option<&str>` is an
/// open label that a series can leave out.
pub trait Label: Copy {
    /// The values that the label can have.
    const VALUES: LabelValues;

    /// Returns the index of this value among the values of a closed label, starting at 0. An index that is too
    /// large is taken for the last one. Not called for an open label.
    fn index(self) -> u32 {
        0
    }

    /// Returns the text of a value of an open label. Not called for a closed label.
    #[expect(clippy::unnecessary_literal_bound, reason = "other labels have their own text")]
    fn text(&self) -> &str {
        ""
    }
}

impl Label for &str {
    const VALUES: LabelValues = LabelValues::Open;

    #[inline]
    fn text(&self) -> &str {
        self
    }
}

impl Label for Option<&str> {
    const VALUES: LabelValues = LabelValues::Optional;

    #[inline]
    fn text(&self) -> &str {
        self.unwrap_or_default()
    }
}

impl Label for bool {
    const VALUES: LabelValues = LabelValues::Closed(&["false", "true"]);

    #[inline]
    fn index(self) -> u32 {
        self.into()
    }
}

/// The labels of one series. [`labels!`](crate::labels) implements this for label sets, and `()` implements it
/// for families without labels.
pub trait LabelSet: Copy {
    /// The labels, in the order in which they are written.
    const SPECS: &'static [LabelSpec];

    /// Returns the values of the closed labels, packed into one number.
    #[doc(hidden)]
    fn closed(&self) -> u32;

    /// Returns the values of the `OPEN` open labels.
    #[doc(hidden)]
    fn open<const OPEN: usize>(&self) -> [&str; OPEN];
}

impl LabelSet for () {
    const SPECS: &'static [LabelSpec] = &[];

    #[inline]
    fn closed(&self) -> u32 {
        0
    }

    #[inline]
    fn open<const OPEN: usize>(&self) -> [&str; OPEN] {
        [""; OPEN]
    }
}

/// A type of label sets, independent of the lifetime of their text. A family is declared with `Order<'static>`
/// and records an `Order<'_>`.
pub trait Labels: 'static {
    /// The label sets, with text that lives for `'a`.
    type Of<'a>: LabelSet;
}

impl Labels for () {
    type Of<'a> = ();
}

/// Returns the number of combinations of the values of the closed labels, saturated.
pub(crate) const fn closed_sets(specs: &[LabelSpec]) -> u32 {
    let (mut sets, mut place) = (1_u32, 0);
    while place < specs.len() {
        if let Some(count) = specs[place].values.count() {
            sets = sets.saturating_mul(count);
        }
        place += 1;
    }
    sets
}

/// Returns the number of open labels.
pub(crate) const fn open_labels(specs: &[LabelSpec]) -> usize {
    let (mut open, mut place) = (0, 0);
    while place < specs.len() {
        open += specs[place].values.is_open() as usize;
        place += 1;
    }
    open
}

/// Returns the values of a label set in order, from the packed number of its closed labels and the values of
/// its open labels.
pub(crate) fn label_texts<'a>(
    specs: &[LabelSpec],
    closed: u32,
    open: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let mut radix = closed_sets(specs);
    let (mut rest, mut open) = (closed, open.into_iter());
    let text = |spec: &LabelSpec| match spec.values.count() {
        Some(count) => {
            radix /= count;
            let index = rest / radix;
            rest %= radix;
            spec.values.text(index)
        }
        None => open.next().unwrap_or_default(),
    };
    specs.iter().map(text).collect()
}

/// Returns the index of an open label among the open labels.
pub(crate) const fn open_place(specs: &[LabelSpec], name: &str) -> Option<usize> {
    let (mut open, mut place) = (0, 0);
    while place < specs.len() {
        if specs[place].values.is_open() {
            if is_same(specs[place].name, name) {
                return Some(open);
            }
            open += 1;
        }
        place += 1;
    }
    None
}

/// Compares two strings at compile time.
pub(crate) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut place = 0;
    while place < a.len() && place < b.len() && a[place] == b[place] {
        place += 1;
    }
    place == a.len() && place == b.len()
}

/// The items that the expansion of [`labels!`](crate::labels) uses.
pub mod private {
    use super::Label;

    /// Packs the value of a closed label after those before it.
    #[inline]
    pub fn pack<V: Label>(before: u32, value: V) -> u32 {
        match V::VALUES.count() {
            // An implementation of `Label` by a user can return a wrong index. Unchecked, the number would
            // belong to another label set, or to none.
            Some(count) => before * count + value.index().min(count - 1),
            None => before,
        }
    }

    /// Adds the value of an open label after those before it.
    #[inline]
    pub fn put<'a, V: Label, const OPEN: usize>(
        value: &'a V,
        values: &mut [&'a str; OPEN],
        place: &mut usize,
    ) {
        if V::VALUES.is_open() && *place < OPEN {
            values[*place] = value.text();
            *place += 1;
        }
    }
}
