//! The families of the user's own `prometheus::Registry`.
//!
//! They are read through the `prometheus` crate's own text encoder and not through the accessors of
//! `prometheus::proto`: those change their types with that crate's `protobuf` feature, which any
//! other crate in the build may turn on.

use std::borrow::Cow;

use prometheus::proto::{MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use super::format::Format;
use super::header::{Header, base_name};
use super::sample::SampleLine;
use super::text::canonical_float;

#[derive(Debug)]
pub(crate) struct ForeignFamily {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: &'static str,
    /// Sample lines of text 0.0.4.
    pub(super) text: String,
}

/// Each family by itself, so that one that can't be written costs no other: `None` stands for it.
pub(crate) fn foreign_families(families: Vec<MetricFamily>) -> Vec<Option<ForeignFamily>> {
    families.into_iter().map(foreign_family).collect()
}

fn foreign_family(family: MetricFamily) -> Option<ForeignFamily> {
    let kind = match family.get_field_type() {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY => "summary",
        // The text encoder of `prometheus` 0.14 panics on this type.
        MetricType::UNTYPED => return None,
    };
    let (name, help) = (family.name().to_owned(), family.help().to_owned());
    let mut text = Vec::new();
    TextEncoder::new().encode(&[family], &mut text).ok()?;
    Some(ForeignFamily { name, help, kind, text: String::from_utf8(text).ok()? })
}

impl ForeignFamily {
    pub(super) fn write(&self, format: Format, out: &mut Vec<u8>) {
        let header = Header { name: &self.name, kind: self.kind, help: &self.help, unit: None };
        header.write(format, out);
        self.write_samples(format, out);
    }

    pub(super) fn write_samples(&self, format: Format, out: &mut Vec<u8>) {
        for line in self.text.lines().filter(|line| !line.starts_with('#')) {
            let Some(sample) = SampleLine::parse(line) else { continue };
            // OpenMetrics wants a counter's sample to end in `_total`, whatever the family is
            // called; text 0.0.4 leaves the name to the user.
            if format == Format::OpenMetrics && self.kind == "counter" {
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

    /// The labels of a sample, with a bound or a quantile in its canonical form.
    ///
    /// `prometheus` writes the bound of one second as `1`. Prometheus 2 takes that for another
    /// series than the `1.0` of every other library. Only the `le` of a histogram's bucket and the
    /// `quantile` of a summary are numbers; the value of any other label is text of the user's, and
    /// `0.5` and `0.50` are two series.
    fn labels<'a>(&self, sample: &SampleLine<'a>) -> Cow<'a, str> {
        let label = match (self.kind, sample.name.strip_prefix(self.name.as_str())) {
            ("histogram", Some("_bucket")) => "le=\"",
            ("summary", Some("")) => "quantile=\"",
            _ => return Cow::Borrowed(sample.labels),
        };
        // The text encoder of `prometheus` writes this label last, and no number holds a quote.
        let bound = sample
            .labels
            .rsplit_once(label)
            .and_then(|(head, tail)| Some((head, tail.strip_suffix('"')?.parse::<f64>().ok()?)));
        match bound {
            Some((head, bound)) => Cow::Owned(format!("{head}{label}{}\"", canonical_float(bound))),
            None => Cow::Borrowed(sample.labels),
        }
    }
}

/// Text 0.0.4 has milliseconds, OpenMetrics seconds.
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
