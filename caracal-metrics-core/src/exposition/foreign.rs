//! Foreign families, as lines of text.

use std::borrow::Cow;
use std::collections::HashSet;

use super::format::Format;
use super::header::Header;
use super::labels::parse_labels;
use super::sample::SampleLine;
use crate::names::base_name;
use crate::registered_family::RegisteredFamily;
use crate::text::canonical_float;

#[derive(Debug)]
pub(crate) struct ForeignFamily {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: &'static str,
    /// In OpenMetrics, another family has a name that this counter needs, so the counter is written as a family
    /// of unknown type.
    pub(crate) is_untyped: bool,
    /// The sample lines in the text format 0.0.4.
    pub(crate) text: String,
}

impl ForeignFamily {
    pub(super) fn samples(&self) -> impl Iterator<Item = SampleLine<'_>> {
        let lines = self.text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(SampleLine::parse)
    }

    /// Returns the labels of the first series.
    pub(crate) fn labels_of_first(&self) -> Vec<(String, String)> {
        let sample = self.samples().next();
        sample.and_then(|sample| parse_labels(sample.labels)).unwrap_or_default()
    }

    pub(super) fn describe(&self) -> RegisteredFamily {
        let labels = self.labels_of_first().into_iter().map(|(name, _)| name);
        RegisteredFamily {
            name: self.name.clone(),
            kind: self.kind,
            help: self.help.clone(),
            unit: None,
            labels: labels.filter(|name| name != "le" && name != "quantile").collect(),
            buckets: Vec::new(),
            is_native: false,
            in_use: true,
        }
    }

    pub(super) fn write(&self, format: Format, out: &mut Vec<u8>) {
        let kind = self.kind_in(format);
        let header = Header { name: &self.name, kind, help: &self.help, unit: None };
        header.write(format, out);
        self.write_samples(format, out);
    }

    fn kind_in(&self, format: Format) -> &'static str {
        if self.is_untyped && format == Format::OpenMetrics { "unknown" } else { self.kind }
    }

    pub(super) fn write_samples(&self, format: Format, out: &mut Vec<u8>) {
        for sample in self.samples() {
            // In OpenMetrics, the sample of a counter must end in `_total`, whatever the family is called. The
            // text format 0.0.4 leaves the name to the user.
            if format == Format::OpenMetrics && self.kind_in(format) == "counter" {
                out.extend_from_slice(base_name(&self.name, self.kind).as_bytes());
                out.extend_from_slice(b"_total");
            } else {
                out.extend_from_slice(sample.name.as_bytes());
            }
            if !sample.labels.is_empty() {
                out.push(b'{');
                out.extend_from_slice(self.labels(&sample).as_bytes());
                out.push(b'}');
            }
            out.push(b' ');
            out.extend_from_slice(match sample.value {
                "inf" => b"+Inf",
                "-inf" => b"-Inf",
                value => value.as_bytes(),
            });
            if let Some(timestamp) = sample.timestamp {
                out.push(b' ');
                match format {
                    Format::OpenMetrics => write_seconds(timestamp, out),
                    _ => out.extend_from_slice(timestamp.as_bytes()),
                }
            }
            out.push(b'\n');
        }
    }

    /// Leaves out the series with these label sets, and returns whether there were any.
    pub(super) fn leave_out(&mut self, series: &HashSet<Vec<(String, String)>>) -> bool {
        let is_left_out = |line: &str| {
            let sample = SampleLine::parse(line).filter(|_| !line.starts_with('#'));
            let labels = sample.and_then(|sample| {
                let mut labels = parse_labels(sample.labels)?;
                if self.numeric_label(&sample).is_some() {
                    labels.pop();
                }
                labels.sort_unstable();
                Some(labels)
            });
            labels.is_some_and(|labels| series.contains(&labels))
        };
        let kept: Vec<_> = self.text.lines().filter(|line| !is_left_out(line)).collect();
        let any = kept.len() < self.text.lines().count();
        if any {
            self.text = kept.join("\n");
        }
        any
    }

    /// Returns the numeric label of this sample, if it has one: `le` for a bucket of a histogram, or `quantile`
    /// for a summary. The text encoder of `prometheus` writes it last.
    fn numeric_label(&self, sample: &SampleLine<'_>) -> Option<&'static str> {
        match (self.kind, sample.name.strip_prefix(self.name.as_str())) {
            ("histogram", Some("_bucket")) => Some("le=\""),
            ("summary", Some("")) => Some("quantile=\""),
            _ => None,
        }
    }

    /// Returns the labels of a sample, with the bound or the quantile in its canonical form.
    ///
    /// `prometheus` writes a bound of one second as `1`. Prometheus 2 treats this and the `1.0` of every other
    /// library as different series. The value of any other label is a text of the user, for which `0.5` and
    /// `0.50` are two series.
    fn labels<'a>(&self, sample: &SampleLine<'a>) -> Cow<'a, str> {
        // A number contains no quote.
        let number = self.numeric_label(sample).and_then(|label| {
            let (head, tail) = sample.labels.rsplit_once(label)?;
            Some((head, label, tail.strip_suffix('"')?.parse::<f64>().ok()?))
        });
        match number {
            Some((head, label, number)) => {
                Cow::Owned(format!("{head}{label}{}\"", canonical_float(number)))
            }
            None => Cow::Borrowed(sample.labels),
        }
    }
}

/// Timestamps are in milliseconds in the text format 0.0.4, and in seconds in OpenMetrics.
fn write_seconds(milliseconds: &str, out: &mut Vec<u8>) {
    let (sign, digits) = match milliseconds.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", milliseconds),
    };
    let digits = format!("{digits:0>4}");
    let (seconds, fraction) = digits.split_at(digits.len() - 3);
    out.extend_from_slice(format!("{sign}{seconds}.{fraction}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_become_seconds() {
        for (milliseconds, seconds) in
            [("1700000000123", "1700000000.123"), ("5", "0.005"), ("-1500", "-1.500")]
        {
            let mut out = Vec::new();
            write_seconds(milliseconds, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), seconds);
        }
    }
}
