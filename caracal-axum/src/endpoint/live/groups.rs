//! What the series of a family have in common, by the values of each label.

use std::cmp::Reverse;
use std::collections::HashMap;

use caracal_metrics_core::snapshot::SeriesSnapshot;

use super::json::Json;

/// How many values of a label are listed: those with most series, and those with the largest sums.
const LISTED: usize = 20;

/// The values of one label.
#[derive(Debug)]
struct Group<'a> {
    label: &'a str,
    values: HashMap<&'a str, Tally>,
    /// The value that the last series had, which many neighbours share.
    run: Option<(&'a str, Tally)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    series: u64,
    sum: f64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.series += other.series;
        self.sum += other.sum;
    }
}

/// All labels of a family.
#[derive(Debug, Default)]
pub(super) struct Groups<'a>(Vec<Group<'a>>);

impl<'a> Groups<'a> {
    pub(super) fn of(series: &[SeriesSnapshot<'a>]) -> Self {
        let mut groups = Self::default();
        for series in series {
            let tally = Tally { series: 1, sum: series.value().as_f64() };
            for (place, (label, value)) in series.labels().enumerate() {
                groups.group(place, label).add(value, tally);
            }
        }
        for group in &mut groups.0 {
            group.end_run();
        }
        groups
    }

    /// Labels come in the same order in each series of most families.
    fn group(&mut self, place: usize, label: &'a str) -> &mut Group<'a> {
        let at = match self.0.get(place) {
            Some(group) if group.label == label => Some(place),
            _ => self.0.iter().position(|group| group.label == label),
        };
        let at = at.unwrap_or_else(|| {
            self.0.push(Group { label, values: HashMap::new(), run: None });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// `{"label": {"values": 3, "top": [["value", series, sum], …]}, …}`
    pub(super) fn write(&self, json: &mut Json) {
        json.object(|json| {
            for group in &self.0 {
                json.key(group.label).object(|json| {
                    json.key("values").integer(group.values.len() as u64);
                    json.key("top").array(|json| {
                        for (value, tally) in group.listed() {
                            json.array(|json| {
                                json.string(value);
                                json.integer(tally.series);
                                json.float(tally.sum);
                            });
                        }
                    });
                });
            }
        });
    }
}

impl<'a> Group<'a> {
    fn add(&mut self, value: &'a str, tally: Tally) {
        match &mut self.run {
            Some((last, sum)) if *last == value => sum.add(tally),
            _ => {
                self.end_run();
                self.run = Some((value, tally));
            }
        }
    }

    fn end_run(&mut self) {
        if let Some((value, tally)) = self.run.take() {
            self.values.entry(value).or_default().add(tally);
        }
    }

    fn listed(&self) -> Vec<(&'a str, Tally)> {
        let mut values: Vec<_> = self.values.iter().map(|(value, tally)| (*value, *tally)).collect();
        if values.len() > 2 * LISTED {
            values.select_nth_unstable_by(LISTED, |(_, a), (_, b)| b.sum.total_cmp(&a.sum));
            let rest = &mut values[LISTED..];
            rest.select_nth_unstable_by_key(LISTED, |(_, tally)| Reverse(tally.series));
            values.truncate(2 * LISTED);
        }
        values.sort_unstable_by_key(|(value, tally)| (Reverse(tally.series), *value));
        values
    }
}
