//! Queries for histograms that Prometheus stores in one of two ways. A native histogram is one series with
//! the name of the family, which contains the buckets, the sum and the count. A classic histogram has a
//! series for each of them.
//!
//! A service with native buckets does not know how its Prometheus is configured. Its queries therefore read
//! the native histogram or, if there is none, the classic buckets.

use crate::promql;

/// Returns the expression for both ways. `is_native` returns whether the family with this name has native
/// buckets.
///
/// In the expressions of this crate, the buckets and counts of a histogram are always in a rate or an
/// increase within a sum. The choice is therefore between two such sums.
pub(crate) fn either_way(expression: &str, is_native: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let mut copied = 0;
    for metric in promql::places(expression) {
        let Some((family, part)) = part_of(&expression[metric.clone()]) else { continue };
        if !is_native(family) {
            continue;
        }
        let Some((start, classic)) = sum_around(expression, metric.start, part) else { continue };
        let end = start + classic.len();
        let choice = choice(classic, family, part);
        text += &expression[copied..start];
        let is_whole = classic == expression;
        let (open, close) = if is_whole { ("", "") } else { ("(", ")") };
        text.extend([open, &choice, close]);
        copied = end;
    }
    text + &expression[copied..]
}

/// The content of a series of a classic histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Bucket,
    Count,
}

impl Part {
    fn suffix(self) -> &'static str {
        match self {
            Self::Bucket => "_bucket",
            Self::Count => "_count",
        }
    }
}

fn part_of(metric: &str) -> Option<(&str, Part)> {
    let of = |part: Part| Some((metric.strip_suffix(part.suffix())?, part));
    of(Part::Bucket).or_else(|| of(Part::Count))
}

/// Returns the sum that contains this metric, including the quantile around the sum if there is one, and its
/// start.
fn sum_around(expression: &str, metric: usize, part: Part) -> Option<(usize, &str)> {
    const QUANTILE: &str = "histogram_quantile(";
    let sum = expression[..metric].rfind("sum")?;
    let end = metric + expression[metric..].find("))")? + "))".len();
    let before = &expression[..sum];
    let quantile = before.rfind(QUANTILE).filter(|quantile| {
        // Only `histogram_quantile(0.99, ` is in front of the sum.
        part == Part::Bucket && !before[quantile + QUANTILE.len()..].contains(['(', ')'])
    });
    match quantile {
        Some(start) => Some((start, expression.get(start..=end)?)),
        None => Some((sum, &expression[sum..end])),
    }
}

fn choice(classic: &str, family: &str, part: Part) -> String {
    let native = classic.replacen(&format!("{family}{}", part.suffix()), family, 1);
    match part {
        Part::Count => format!("histogram_count({native}) or {classic}"),
        // The series of quantiles have the same labels in both ways.
        Part::Bucket if classic.starts_with("histogram_quantile") => {
            format!("{} or {classic}", without_le(&native))
        }
        // The series of buckets do not. If there is a native histogram, the buckets are left out.
        Part::Bucket => format!("{} or on () {classic}", without_le(&native)),
    }
}

/// Removes `le` from `sum by (le, x)`, because native histograms do not have this label.
fn without_le(expression: &str) -> String {
    expression
        .replacen("by (le) (", "(", 1)
        .replacen("sum (", "sum(", 1)
        .replacen("(le, ", "(", 1)
        .replacen(", le)", ")", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_histogram_goes_before_classic_buckets() {
        let is_native = |family: &str| family == "caracal_a";
        for (classic, expected) in [
            (
                "histogram_quantile(0.9, sum by (le) (rate(caracal_a_bucket[5m])))",
                "histogram_quantile(0.9, sum(rate(caracal_a[5m]))) or \
                 histogram_quantile(0.9, sum by (le) (rate(caracal_a_bucket[5m])))",
            ),
            (
                "topk(10, histogram_quantile(0.9, sum by (le, x, y) (rate(caracal_a_bucket[5m]))))",
                "topk(10, (histogram_quantile(0.9, sum by (x, y) (rate(caracal_a[5m]))) or \
                 histogram_quantile(0.9, sum by (le, x, y) (rate(caracal_a_bucket[5m])))))",
            ),
            (
                "histogram_quantile(0.9, sum by (job, le) (rate(caracal_a_bucket[5m])))",
                "histogram_quantile(0.9, sum by (job) (rate(caracal_a[5m]))) or \
                 histogram_quantile(0.9, sum by (job, le) (rate(caracal_a_bucket[5m])))",
            ),
            (
                "sum by (le) (increase(caracal_a_bucket[5m]))",
                "sum(increase(caracal_a[5m])) or on () sum by (le) (increase(caracal_a_bucket[5m]))",
            ),
            (
                "sum(rate(caracal_a_count{b=\"c\"}[5m])) / sum(rate(caracal_a_count[5m])) > 1",
                "(histogram_count(sum(rate(caracal_a{b=\"c\"}[5m]))) or \
                 sum(rate(caracal_a_count{b=\"c\"}[5m]))) / \
                 (histogram_count(sum(rate(caracal_a[5m]))) or sum(rate(caracal_a_count[5m]))) > 1",
            ),
            ("sum(rate(caracal_b_count[5m]))", "sum(rate(caracal_b_count[5m]))"),
            ("rate(caracal_a_total[5m])", "rate(caracal_a_total[5m])"),
        ] {
            assert_eq!(either_way(classic, is_native), expected);
        }
    }
}
