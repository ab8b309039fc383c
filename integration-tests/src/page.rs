//! The metrics page, as a scraper reads it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use caracal_metrics::MetricsRegistry;

/// The values of all series.
#[derive(Clone, Debug)]
pub struct Page {
    text: String,
    series: BTreeMap<Series, f64>,
}

/// A name and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// The name of the sample, including the suffix of a histogram.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Series {
    /// Creates a series with these labels.
    #[must_use]
    pub fn new(name: &str, labels: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { name: name.to_owned(), labels: labels.iter().map(owned).collect() }
    }

    fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.name == name
            && labels
                .iter()
                .all(|(label, value)| self.labels.get(*label).is_some_and(|has| has == value))
    }
}

impl Page {
    /// The current page of a registry.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Page::parse`].
    pub fn of(metrics: &MetricsRegistry) -> Result<Self> {
        Self::parse(String::from_utf8(metrics.generate_metrics())?)
    }

    /// Parses a page in the text format.
    ///
    /// # Errors
    ///
    /// Returns an error if a line is not a sample, or if a series occurs twice.
    pub fn parse(text: String) -> Result<Self> {
        let mut series = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = sample(line).with_context(|| format!("not a sample: {line}"))?;
            ensure!(series.insert(name, value).is_none(), "twice on one page: {line}");
        }
        Ok(Self { text, series })
    }

    /// The value of a series. 0 if it does not exist.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.series.get(&Series::new(name, labels)).copied().unwrap_or_default()
    }

    /// The sum of all series that have at least these labels.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.series.iter().filter(|(s, _)| s.has(name, labels)).map(|(_, value)| value).sum()
    }

    /// The series of this name that are not 0.
    #[must_use]
    pub fn moved(&self, name: &str) -> BTreeMap<&Series, f64> {
        let moved = self.series.iter().filter(|(s, value)| s.name == name && **value != 0.0);
        moved.map(|(series, value)| (series, *value)).collect()
    }

    /// The queries on one table by operation and status, such as `other success`.
    ///
    /// # Errors
    ///
    /// Returns an error if not every query was timed once.
    pub fn queries(&self, table: &str) -> Result<Vec<(String, f64)>> {
        let moved = self.moved("caracal_database_queries_total").into_iter();
        let of_table = moved.filter(|(series, _)| series.labels["table"] == table);
        let key = |labels: &BTreeMap<String, String>| {
            format!("{} {}", labels["operation"], labels["status"])
        };
        let mut counted: Vec<_> = of_table.map(|(series, n)| (key(&series.labels), n)).collect();
        let timed = self.sum("caracal_database_query_duration_seconds_count", &[("table", table)]);
        let all: f64 = counted.iter().map(|(_, n)| n).sum();
        ensure!(timed == all, "{all} were counted and {timed} timed");
        counted.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(counted)
    }

    /// The number of series with this name.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.series.keys().filter(|series| series.name == name).count()
    }

    /// The counters, and the parts of histograms, that have decreased or disappeared since an earlier
    /// page.
    #[must_use]
    pub fn fallen_since<'p>(&self, earlier: &'p Self) -> Vec<&'p Series> {
        let only_rises = |series: &Series| {
            ["_total", "_bucket", "_count", "_sum"].iter().any(|end| series.name.ends_with(end))
        };
        let has_fallen = |(series, before): &(&Series, &f64)| {
            only_rises(series) && self.series.get(*series).is_none_or(|now| now < *before)
        };
        earlier.series.iter().filter(has_fallen).map(|(series, _)| series).collect()
    }

    /// The histograms whose count differs from their last bucket.
    #[must_use]
    pub fn torn(&self) -> Vec<&Series> {
        let is_torn = |(series, count): &(&Series, &f64)| {
            let Some(name) = series.name.strip_suffix("_count") else { return false };
            let mut last = Series { name: format!("{name}_bucket"), labels: series.labels.clone() };
            last.labels.insert("le".to_owned(), "+Inf".to_owned());
            self.series.get(&last) != Some(*count)
        };
        self.series.iter().filter(is_torn).map(|(series, _)| series).collect()
    }

    /// The text of the page.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The page without buckets and without series that are 0, for messages.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let told = |line: &&str| {
            !line.starts_with('#') && !line.contains("_bucket{") && !line.ends_with(" 0")
        };
        self.text.lines().filter(told).collect::<Vec<_>>().join("\n")
    }
}

/// A line: `name 1` or `name{label="value",…} 1`.
fn sample(line: &str) -> Option<(Series, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(first) = rest.strip_prefix('{') {
        rest = first;
        while !rest.starts_with('}') {
            let (label, quoted) = rest.split_once("=\"")?;
            let (value, behind) = unquote(quoted)?;
            labels.insert(label.to_owned(), value);
            rest = behind.strip_prefix(',').unwrap_or(behind);
        }
        rest = &rest[1..];
    }
    let value = rest.trim_start().parse().ok()?;
    Some((Series { name: name.to_owned(), labels }, value))
}

/// The value of a label up to the closing quote, and the text after it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, &quoted[at + 1..])),
            (_, '\\') => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            (_, character) => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[&str]) -> Page {
        Page::parse(lines.join("\n")).unwrap()
    }

    #[test]
    fn a_counter_that_falls_or_goes_is_seen() {
        let earlier = page(&["a_total{x=\"1\"} 2", "b_count 3", "gauge 9"]);
        assert!(page(&["a_total{x=\"1\"} 2", "b_count 4"]).fallen_since(&earlier).is_empty());
        let fallen = page(&["a_total{x=\"2\"} 2", "b_count 2"]);
        let names: Vec<_> = fallen.fallen_since(&earlier).into_iter().map(|s| &s.name).collect();
        assert_eq!(names, ["a_total", "b_count"]);
    }

    #[test]
    fn a_torn_histogram_is_seen() {
        let bucket = "h_bucket{x=\"1\",le=\"+Inf\"} 3";
        assert!(page(&[bucket, "h_count{x=\"1\"} 3"]).torn().is_empty());
        assert_eq!(page(&[bucket, "h_count{x=\"1\"} 4"]).torn().len(), 1);
        assert_eq!(page(&["h_count 3"]).torn().len(), 1);
    }
}
