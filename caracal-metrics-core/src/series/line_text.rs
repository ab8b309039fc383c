//! What the lines of a family have between the values of labels, written once: a page that writes
//! it anew spends more on it than on the numbers.

use crate::description::{Bounds, Description};
use crate::text::{canonical_float, write_label};

/// A line up to its number, or of a histogram's bucket up to the value of `le`, is the text before
/// each value, each value, and the end.
#[derive(Debug)]
pub(crate) struct LineText {
    /// What comes before the value of each label. None where a row may lack some labels, or where
    /// the family has none.
    pub(crate) before: Box<[Box<[u8]>]>,
    /// What comes after the last value.
    pub(crate) end: Box<[u8]>,
    /// What comes after labels in a line.
    pub(crate) tail: &'static [u8],
    /// What the name of the lines that have no number yet ends with.
    pub(crate) suffix: &'static str,
    /// The value of `le` of each bucket of a histogram up to the bucket's number, `+Inf` last.
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
