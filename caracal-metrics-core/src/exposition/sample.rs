//! Parses one sample line of the text formats.

use super::labels::parse_labels;

/// The parts of a sample line, in their written form.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleLine<'a> {
    pub(super) name: &'a str,
    /// The labels, without braces.
    pub(super) labels: &'a str,
    pub(super) value: &'a str,
    pub(super) timestamp: Option<&'a str>,
}

impl<'a> SampleLine<'a> {
    /// Returns `None` if the line is not a sample.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (name, rest) = line.split_at(line.find(['{', ' '])?);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => {
                let end = closing_brace(rest)?;
                (&rest[..end], &rest[end + 1..])
            }
            None => ("", rest),
        };
        let mut words = rest.strip_prefix(' ')?.split(' ');
        Some(Self { name, labels, value: words.next()?, timestamp: words.next() })
    }
}

/// Returns the position of the closing brace that is not inside a label value.
fn closing_brace(labels: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    labels.bytes().position(|byte| {
        let closes = byte == b'}' && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// Returns the written value at the end of a line. If the line has a timestamp, the result contains both.
/// Returns `None` if the line is not a sample.
#[cfg(feature = "testing")]
pub(crate) fn sample_value(line: &str) -> Option<&str> {
    let sample = SampleLine::parse(line).filter(|_| !line.starts_with('#'))?;
    let after = sample.timestamp.map_or(0, |timestamp| timestamp.len() + 1);
    Some(&line[line.len() - sample.value.len() - after..])
}

/// Returns the value of one sample on a page. The labels can be in any order.
pub(crate) fn lookup(page: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let mut wanted = labels.to_vec();
    wanted.sort_unstable();
    page.lines().filter(|line| line.starts_with(name)).find_map(|line| {
        let sample = SampleLine::parse(line).filter(|sample| sample.name == name)?;
        let found = parse_labels(sample.labels)?;
        let mut found: Vec<_> =
            found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        found.sort_unstable();
        (found == wanted).then(|| sample.value.parse().ok())?
    })
}
