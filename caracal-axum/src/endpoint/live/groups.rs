//! Adds up the series of a family by the values of each label, such as requests by status or removals by
//! cause.

use std::collections::HashMap;

use caracal_metrics_core::snapshot::SeriesSnapshot;

use super::json::Json;

/// The maximum number of values of a label in a document. They are those with the largest sums. This is
/// enough for all status codes of a service.
const LISTED: usize = 40;

/// The values of one label.
#[derive(Debug)]
struct Group<'a> {
    label: &'a str,
    /// The values so far, as long as they are sorted, as those of a family with one open label are. A vector
    /// makes a reading cheaper than a table.
    sorted: Vec<(&'a str, f64)>,
    /// All values, after the first one that was not in order.
    values: HashMap<&'a str, f64>,
    /// The value of the last series. Many neighbouring series have the same value.
    run: Option<(&'a str, f64)>,
}

/// All labels of a family.
#[derive(Debug, Default)]
pub(super) struct Groups<'a>(Vec<Group<'a>>);

impl<'a> Groups<'a> {
    pub(super) fn of(series: &[SeriesSnapshot<'a>]) -> Self {
        let mut groups = Self::default();
        for series in series {
            let number = series.value().as_f64();
            for (place, (label, value)) in series.labels().enumerate() {
                groups.group(place, label).add(value, number);
            }
        }
        for group in &mut groups.0 {
            group.end_run();
        }
        groups
    }

    /// Returns the group of a label. In most families, all series have their labels in the same order.
    fn group(&mut self, place: usize, label: &'a str) -> &mut Group<'a> {
        let at = match self.0.get(place) {
            Some(group) if group.label == label => Some(place),
            _ => self.0.iter().position(|group| group.label == label),
        };
        let at = at.unwrap_or_else(|| {
            self.0.push(Group { label, sorted: Vec::new(), values: HashMap::new(), run: None });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// Writes `{"label": {"values": 3, "top": [["value", sum], …]}, …}`.
    pub(super) fn write(&self, json: &mut Json) {
        json.object(|json| {
            for group in &self.0 {
                json.key(group.label).object(|json| {
                    json.key("values").integer(group.len() as u64);
                    json.key("top").array(|json| {
                        for (value, sum) in group.listed() {
                            json.array(|json| {
                                json.string(value);
                                json.float(sum);
                            });
                        }
                    });
                });
            }
        });
    }
}

impl<'a> Group<'a> {
    fn add(&mut self, value: &'a str, number: f64) {
        match &mut self.run {
            Some((last, sum)) if *last == value => *sum += number,
            _ => {
                self.end_run();
                self.run = Some((value, number));
            }
        }
    }

    fn end_run(&mut self) {
        let Some((value, sum)) = self.run.take() else { return };
        let is_next = self.sorted.last().is_none_or(|(last, _)| *last < value);
        if self.values.is_empty() && is_next {
            self.sorted.push((value, sum));
        } else {
            self.values.extend(self.sorted.drain(..));
            *self.values.entry(value).or_default() += sum;
        }
    }

    fn len(&self) -> usize {
        self.sorted.len() + self.values.len()
    }

    fn all(&self) -> impl Iterator<Item = (&'a str, f64)> {
        let in_table = self.values.iter().map(|(value, sum)| (*value, *sum));
        self.sorted.iter().copied().chain(in_table)
    }

    fn listed(&self) -> Vec<(&'a str, f64)> {
        let mut values: Vec<_> = self.all().collect();
        let order = |(first, a): &(&str, f64), (second, b): &(&str, f64)| {
            b.total_cmp(a).then_with(|| first.cmp(second))
        };
        if values.len() > LISTED {
            values.select_nth_unstable_by(LISTED, order);
            values.truncate(LISTED);
        }
        values.sort_unstable_by(order);
        values
    }
}
