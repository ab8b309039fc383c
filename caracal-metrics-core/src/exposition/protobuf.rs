//! Protocol Buffers: `io.prometheus.client.MetricFamily`, each message after its length.
//!
//! Written by hand: the messages are five levels of a dozen fields, and the `prometheus` crate's own
//! encoder comes with a feature that changes the types of its accessors for everyone in the build.

use std::time::Duration;

use super::foreign::ForeignFamily;
use super::labels::parse_labels;
use super::sample::SampleLine;
use super::text::seconds;
use crate::catalogue::{Family, MetricKind};
use crate::core::{Core, Values};
use crate::engine::Cell;
use crate::exemplar::Kept;
use crate::series::Rows;

type Labels = Vec<(String, String)>;

/// Writes one of our families, and after its own the user's samples of the same name.
pub(super) fn write_family(
    core: &Core,
    family: &Family,
    rows: &Rows,
    values: &Values<'_>,
    same: &[ForeignFamily],
    out: &mut Vec<u8>,
) {
    message(None, out, |out| {
        write_header(family.name, family.help, family.kind.as_str(), family.unit, out);
        for row in rows.iter() {
            message(Some(4), out, |out| {
                let labels = parse_labels(row.labels).unwrap_or_default();
                write_labels(1, &sorted(labels), out);
                match family.kind {
                    MetricKind::Counter => {
                        write_value(3, values.counter(row.cells) as f64, out);
                    }
                    MetricKind::Gauge => {
                        write_value(2, values.gauge(row.cells) as f64, out);
                    }
                    MetricKind::Histogram => {
                        write_our_histogram(core, values, family, row.cells, out);
                    }
                }
            });
        }
        for foreign in same {
            write_foreign_metrics(foreign, out);
        }
    });
}

/// Writes a family of the user's.
pub(super) fn write_foreign(family: &ForeignFamily, out: &mut Vec<u8>) {
    message(None, out, |out| {
        write_header(&family.name, &family.help, family.kind, None, out);
        write_foreign_metrics(family, out);
    });
}

fn write_header(name: &str, help: &str, kind: &str, unit: Option<&str>, out: &mut Vec<u8>) {
    text_field(1, name, out);
    text_field(2, help, out);
    let kind = match kind {
        "counter" => 0,
        "gauge" => 1,
        "summary" => 2,
        "histogram" => 4,
        _ => 3,
    };
    integer(3, kind, out);
    if let Some(unit) = unit {
        text_field(5, unit, out);
    }
}

fn write_our_histogram(
    core: &Core,
    values: &Values<'_>,
    family: &Family,
    cells: &[Cell],
    out: &mut Vec<u8>,
) {
    // Before the value, which then has what they are examples of.
    let exemplars = core.exemplars().of(cells);
    let value = values.histogram(cells);
    let bounds = family.buckets.iter().map(Duration::as_secs_f64);
    message(Some(7), out, |out| {
        integer(1, value.buckets.iter().sum(), out);
        double(2, seconds(value.sum_nanos), out);
        let mut count = 0;
        let bounds = bounds.chain([f64::INFINITY]);
        for (index, (bound, observed)) in bounds.zip(value.buckets).enumerate() {
            count += observed;
            message(Some(3), out, |out| {
                integer(1, count, out);
                double(2, bound, out);
                if let Some(exemplar) = exemplars.as_ref().and_then(|kept| kept[index].as_ref()) {
                    message(Some(3), out, |out| write_exemplar(exemplar, out));
                }
            });
        }
    });
}

fn write_exemplar(exemplar: &Kept, out: &mut Vec<u8>) {
    write_labels(1, &parse_labels(&exemplar.labels).unwrap_or_default(), out);
    double(2, seconds(exemplar.nanos.into()), out);
    let at = exemplar.since_epoch();
    message(Some(3), out, |out| {
        integer(1, at.as_secs(), out);
        integer(2, at.subsec_nanos().into(), out);
    });
}

/// The lines of one histogram or summary, until its count ends them.
#[derive(Default)]
struct Parts<'a> {
    /// Bound and cumulative count, or quantile and value, the latter as it was written.
    steps: Vec<(f64, &'a str)>,
    sum: f64,
}

fn write_foreign_metrics(family: &ForeignFamily, out: &mut Vec<u8>) {
    let mut parts = Parts::default();
    for line in family.text.lines().filter(|line| !line.starts_with('#')) {
        let Some(sample) = SampleLine::parse(line) else { continue };
        let Ok(value) = sample.value.parse::<f64>() else { continue };
        let labels = parse_labels(sample.labels).unwrap_or_default();
        // `prometheus` writes `le` and `quantile` last.
        let step = labels.last().and_then(|(_, step)| step.parse().ok());
        let labels = sorted(labels);
        let metric = |out: &mut Vec<u8>, write: &dyn Fn(&mut Vec<u8>)| {
            message(Some(4), out, |out| {
                write_labels(1, &labels, out);
                write(out);
                if let Some(at) = sample.timestamp.and_then(|at| at.parse::<i64>().ok()) {
                    integer(6, at.cast_unsigned(), out);
                }
            });
        };
        match (family.kind, sample.name.strip_prefix(family.name.as_str())) {
            ("counter", _) => metric(out, &|out| write_value(3, value, out)),
            ("gauge", _) => metric(out, &|out| write_value(2, value, out)),
            (_, Some("_sum")) => parts.sum = value,
            (kind, Some("_count")) => {
                let Parts { steps, sum } = std::mem::take(&mut parts);
                metric(out, &|out| write_steps(kind, &steps, sum, sample.value, out));
            }
            _ => parts.steps.extend(step.map(|step| (step, sample.value))),
        }
    }
}

fn write_steps(kind: &str, steps: &[(f64, &str)], sum: f64, count: &str, out: &mut Vec<u8>) {
    // Written from an integer, and without an exponent; the largest may have been rounded up.
    let whole = |text: &str| text.parse().unwrap_or(u64::MAX);
    let histogram = kind == "histogram";
    message(Some(if histogram { 7 } else { 4 }), out, |out| {
        integer(1, whole(count), out);
        double(2, sum, out);
        for (step, value) in steps {
            message(Some(3), out, |out| {
                if histogram {
                    integer(1, whole(value), out);
                    double(2, *step, out);
                } else {
                    double(1, *step, out);
                    double(2, value.parse().unwrap_or(f64::NAN), out);
                }
            });
        }
    });
}

/// The labels of a series by name, as client_golang writes them and Prometheus keeps them.
fn sorted(mut labels: Labels) -> Labels {
    labels.sort_unstable();
    labels
}

fn write_labels(field: u64, labels: &Labels, out: &mut Vec<u8>) {
    for (name, value) in labels {
        message(Some(field), out, |out| {
            text_field(1, name, out);
            text_field(2, value, out);
        });
    }
}

/// A counter or a gauge, which are messages of one number.
fn write_value(field: u64, value: f64, out: &mut Vec<u8>) {
    message(Some(field), out, |out| double(1, value, out));
}
