//! Labels: the values that one takes, and the sets of them that families have.

mod declare;
mod http;
mod status_codes;

pub use http::{Method, StatusCode};

/// The value that open labels of a folded series carry.
pub const AGGREGATED: &str = "aggregated";

/// The most labels that a family has.
pub(crate) const MAX_LABELS: usize = 8;

/// The most combinations that the closed labels of one family span.
pub(crate) const MAX_CLOSED_SETS: u32 = 1 << 16;

/// A label of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelSpec {
    /// The label's name.
    pub name: &'static str,
    /// The values that it takes.
    pub values: LabelValues,
}

impl LabelSpec {
    /// Whether a series may do without the label.
    pub(crate) fn is_optional(self) -> bool {
        match self.values {
            LabelValues::Optional => true,
            LabelValues::Closed(texts) => texts.contains(&""),
            LabelValues::Open | LabelValues::StatusCode => false,
        }
    }

    /// Whether a series with this value does without the label.
    pub(crate) fn is_left_out(self, value: &str) -> bool {
        value.is_empty() && self.is_optional()
    }

    /// The label of this name that has the values of a type.
    #[doc(hidden)]
    #[must_use]
    pub const fn of<V: Label>(name: &'static str) -> Self {
        Self { name, values: V::VALUES }
    }
}

/// The values that a label takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelValues {
    /// Any text. The number of values is bounded by `max_series_per_family`.
    Open,
    /// Any text, or nothing: then the series has no such label.
    Optional,
    /// One of these. With a value that is empty, the series has no such label.
    Closed(&'static [&'static str]),
    /// `100` to `999`, or `unknown` for a number that is not an HTTP status code.
    StatusCode,
}

impl LabelValues {
    /// How many values there are, or `None` for an open label.
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

    /// The text of the value with this index; empty for an open label.
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
/// An enum that [`labels!`](crate::labels) declares is a closed label: its values are known when the
/// program is compiled. `&str` is an open label, `Option<&str>` one that a series may do without.
/// [`Method`], [`StatusCode`] and `bool` are closed.
pub trait Label: Copy {
    /// The values that the label takes.
    const VALUES: LabelValues;

    /// The place of this value among those of a closed label, from 0 on. One beyond the last is taken
    /// for the last. Not called for an open label.
    fn index(self) -> u32 {
        0
    }

    /// The text of a value of an open label. Not called for a closed label.
    #[expect(clippy::unnecessary_literal_bound, reason = "other labels have text of their own")]
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

/// The labels of one series. Implemented by [`labels!`](crate::labels), and by `()` for a family
/// without labels.
pub trait LabelSet: Copy {
    /// The labels in the order in which they are written.
    const SPECS: &'static [LabelSpec];

    /// The values of the closed labels, packed into one number.
    #[doc(hidden)]
    fn closed(&self) -> u32;

    /// The values of the open labels, of which there are `OPEN`.
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

/// Names a type of label sets whatever the lifetime of their text: a family is declared with
/// `Order<'static>` and records an `Order<'_>`.
pub trait Labels: 'static {
    /// The label sets, with text that lives as long as `'a`.
    type Of<'a>: LabelSet;
}

impl Labels for () {
    type Of<'a> = ();
}

/// How many label sets the closed labels span, saturated.
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

/// How many of the labels are open.
pub(crate) const fn open_labels(specs: &[LabelSpec]) -> usize {
    let (mut open, mut place) = (0, 0);
    while place < specs.len() {
        open += specs[place].values.is_open() as usize;
        place += 1;
    }
    open
}

/// The values of a label set in its order: from the packed number of its closed labels and the values of
/// its open ones.
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

/// What [`labels!`](crate::labels) expands to.
pub mod private {
    use super::Label;

    /// Packs the value of a closed label behind those before it.
    #[inline]
    pub fn pack<V: Label>(before: u32, value: V) -> u32 {
        match V::VALUES.count() {
            // A `Label` of the user's may be wrong about its place. Unchecked, the number would be that
            // of another label set, or of none.
            Some(count) => before * count + value.index().min(count - 1),
            None => before,
        }
    }

    /// Puts the value of an open label behind those before it.
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
