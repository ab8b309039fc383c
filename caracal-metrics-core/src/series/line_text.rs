//! The parts of the lines of a family between the values of labels. They are created once, because creating
//! them again would cost a page more than the numbers.

use crate::description::{Bounds, Description};
use crate::text::{canonical_float, write_label};

/// A line up to its number or, for a bucket of a histogram, up to the value of `le`. It consists of the text
/// before each value, each value, and the end.
#[derive(Debug)]
pub(crate) struct LineText {
    /// The text before the value of each label. Empty if a row may lack some labels, or if the family has none.
    pub(crate) before: Box<[Box<[u8]>]>,
    /// The text after the last value.
    pub(crate) end: Box<[u8]>,
    /// The text after the labels in a line.
    pub(crate) tail: &'static [u8],
    /// The suffix of the name in lines that have no number yet.
    pub(crate) suffix: &'static str,
    /// The value of `le` of each bucket of a histogram, and the text up to the number of the bucket. `+Inf` is
    /// the last one.
    pub(crate) les: Box<[String]>,
}

impl LineText {
    pub(super) fn of(description: &Description, added: &[(&str, &str)]) -> Self {
        let is_histogram = description.kind.is_histogram();
        let (suffix, tail): (_, &[u8]) =
            if is_histogram { ("_bucket", b",le=\"") } else { ("", b"} ") };
        let labels = &description.labels;
        let before = labels.iter().enumerate().map(|(place, label)| match place {
            0 => format!("{}{suffix}{{{}=\"", description.name, label.name),
            _ => format!("\",{}=\"", label.name),
        });
        let before = before.map(|text| text.into_bytes().into());
        let is_fixed = !labels.iter().any(|label| label.is_optional());
        let mut end = b"\"".to_vec();
        for (name, value) in added {
            end.push(b',');
            write_label(name, value, &mut end);
        }
        end.extend_from_slice(tail);
        Self {
            before: before.filter(|_| is_fixed).collect(),
            end: end.into(),
            tail,
            suffix,
            les: if is_histogram { les(&description.bounds) } else { Box::default() },
        }
    }
}

fn les(bounds: &Bounds) -> Box<[String]> {
    let bounds = bounds.exposed().into_iter().chain([f64::INFINITY]);
    bounds.map(|bound| canonical_float(bound) + "\"} ").collect()
}
