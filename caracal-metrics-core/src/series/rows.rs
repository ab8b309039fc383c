//! A family's series as the output has them: sorted, their labels written once.

use std::time::Duration;

use super::changes::Version;
use super::created::Created;
use crate::catalogue::{Family, MetricKind};
use crate::engine::Cell;
use crate::exposition::{le, write_label};
use crate::series::key::Key;

#[derive(Debug)]
pub(super) struct Source {
    pub(super) key: Key,
    pub(super) cell: Cell,
    pub(super) owned: bool,
}

/// One line of the output, or one histogram's lines. More than one cell where both the recorders
/// and an instance feed the same label set: the output shows one series, their sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// `name="value",…` without braces; empty for an unlabelled series.
    pub(crate) labels: &'a str,
    pub(crate) cells: &'a [Cell],
    /// When the series began, since 1970, where that is to be shown.
    pub(crate) created: Option<Duration>,
}

#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(super) version: Version,
    text: String,
    cells: Vec<Cell>,
    /// Where each row ends in `text` and in `cells`.
    ends: Vec<(usize, usize)>,
    /// The `le` of each of a histogram's buckets: a page that writes them anew spends more on them
    /// than on the numbers.
    bounds: Vec<String>,
    /// One for each row, or none at all.
    created: Vec<Option<Duration>>,
}

impl Rows {
    pub(super) fn sorted(
        family: &Family,
        sources: Vec<Source>,
        const_labels: &str,
        created: Option<&Created>,
        version: Version,
    ) -> Self {
        let mut sources: Vec<_> =
            sources.into_iter().map(|source| (values(family, &source.key), source)).collect();
        sources.sort_by(|(a, _), (b, _)| a.cmp(b));
        let bounds = family.buckets.iter().copied().map(le).chain(["+Inf".to_owned()]).collect();
        let mut rows = Self { version, bounds, ..Self::default() };
        for run in sources.chunk_by(|(a, _), (b, _)| a == b) {
            let first = rows.cells.len();
            let owned = run.iter().any(|(_, source)| source.owned);
            for (_, source) in run {
                // A gauge can't be added up: the attached instance knows better than the recorder.
                if family.kind != MetricKind::Gauge || source.owned == owned {
                    rows.cells.push(source.cell);
                }
            }
            rows.write_labels(family, &run[0].0, const_labels);
            rows.ends.push((rows.text.len(), rows.cells.len()));
            if let Some(created) = created {
                rows.created.push(created.of(&rows.cells[first..]));
            }
        }
        rows
    }

    fn write_labels(&mut self, family: &Family, values: &[String], const_labels: &str) {
        let start = self.text.len();
        for (label, value) in family.labels.iter().zip(values) {
            if value.is_empty() && matches!(label.values, crate::catalogue::LabelValues::Optional) {
                continue;
            }
            if self.text.len() > start {
                self.text.push(',');
            }
            write_label(label.name, value, &mut self.text);
        }
        if self.text.len() > start && !const_labels.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(const_labels);
    }

    /// The `le` of each bucket of a histogram, `+Inf` last.
    pub(crate) fn bounds(&self) -> &[String] {
        &self.bounds
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let starts = std::iter::once(&(0, 0)).chain(&self.ends);
        let created = self.created.iter().copied().chain(std::iter::repeat(None));
        starts.zip(&self.ends).zip(created).map(
            |(((text, cell), (text_end, cell_end)), created)| Row {
                labels: &self.text[*text..*text_end],
                cells: &self.cells[*cell..*cell_end],
                created,
            },
        )
    }
}

/// A series' label values in the catalogue's order.
fn values(family: &Family, key: &Key) -> Vec<String> {
    let mut radix = family.closed_sets();
    let mut rest = key.closed();
    let mut open = 0..;
    family
        .labels
        .iter()
        .map(|label| match label.values.count() {
            Some(count) => {
                radix /= count;
                let index = rest / radix;
                rest %= radix;
                label.values.text(index).to_owned()
            }
            None => key.open(open.next().unwrap_or_default()).to_owned(),
        })
        .collect()
}
