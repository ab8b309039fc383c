//! A family's series in the order of the output.

use std::sync::Arc;

use super::key::Key;
use super::rows::{Encoding, Rows};
use super::store::{FamilyStore, Index, made};
use crate::description::Description;
use crate::engine::Cell;
use crate::labels::{LabelValues, closed_sets};

#[derive(Debug)]
struct Source {
    key: Key,
    cell: Cell,
    owned: bool,
}

impl FamilyStore {
    /// The rows of the output; made anew only after a series came or went.
    pub(crate) fn rows(&self, encoding: Encoding) -> Arc<Rows> {
        let mut rows = self.rows[encoding as usize].lock();
        if !self.changes.is_fresh(rows.version) {
            let mut made = Rows::of_version(self.changes.version());
            self.each_series(|labels, cells| {
                #[cfg(feature = "protobuf")]
                if encoding == Encoding::Protobuf {
                    labels.sort_unstable();
                }
                made.push(encoding, labels, cells, self.created.as_ref());
            });
            *rows = Arc::new(made);
        }
        Arc::clone(&rows)
    }

    /// Calls `take` with the labels and the cells of each series of a page, sorted by the values of
    /// the labels.
    pub(crate) fn each_series(&self, take: impl FnMut(&mut Vec<(&str, &str)>, &[Cell])) {
        self.each(&self.settings.registry_labels, take);
    }

    /// As [`each_series`](Self::each_series), without the labels that the attached registry adds to
    /// everything that it gathers.
    pub(crate) fn each_gathered_series(&self, take: impl FnMut(&mut Vec<(&str, &str)>, &[Cell])) {
        self.each(&[], take);
    }

    fn each(
        &self,
        added: &[(String, String)],
        mut take: impl FnMut(&mut Vec<(&str, &str)>, &[Cell]),
    ) {
        let sources = self.sources();
        let description = &self.description;
        let mut sorted: Vec<_> =
            sources.iter().map(|source| (values(description, &source.key), source)).collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut cells = Vec::new();
        for run in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            let owned = run.iter().any(|(_, source)| source.owned);
            // A gauge can't be added up: the attached instance knows better than the recorder.
            let counted = run
                .iter()
                .filter(|(_, source)| !description.kind.is_gauge() || source.owned == owned);
            cells.clear();
            cells.extend(counted.map(|(_, source)| source.cell));
            // A closed label may have a value that is empty, too: there is no such label then.
            let own =
                description.labels.iter().zip(&run[0].0).filter(|(label, value)| {
                    label.values == LabelValues::Open || !value.is_empty()
                });
            let constant = self.settings.const_labels.iter().chain(added);
            let mut labels: Vec<(&str, &str)> = own
                .map(|(label, value)| (label.name, *value))
                .chain(constant.map(|(name, value)| (name.as_str(), value.as_str())))
                .collect();
            take(&mut labels, &cells);
        }
    }

    /// The cell of each series.
    pub(super) fn cells(&self) -> Vec<Cell> {
        self.sources().into_iter().map(|source| source.cell).collect()
    }

    fn sources(&self) -> Vec<Source> {
        let owned = self.owned.lock().clone();
        let optional = self.description.labels.iter().filter(|label| label.values.is_open());
        let optional: Vec<_> = optional.map(|l| l.values == LabelValues::Optional).collect();
        let is_named = |key: &Key| {
            key.open.iter().zip(&optional).any(|(value, optional)| *optional && !value.is_empty())
        };
        let mut sources: Vec<Source> = Vec::new();
        match &self.index {
            Index::Dense(cells) => {
                for (closed, slot) in (0..).zip(cells) {
                    if let Some(cell) = made(slot) {
                        sources.push(Source { key: Key::new(closed, &[]), cell, owned: false });
                    }
                }
            }
            Index::Interned(interner) => sources
                .extend(interner.entries().map(|(key, cell)| Source { key, cell, owned: false })),
        }
        // Named and unnamed instances never share a family, so the unnamed gauge that waits for an
        // instance is left out once there are named ones.
        let has_placeholder = !optional.contains(&false);
        if has_placeholder
            && self.kind().is_gauge()
            && owned.iter().any(|series| is_named(&series.key))
        {
            sources.retain(|source| is_named(&source.key));
        }
        sources.extend(owned.into_iter().map(|s| Source { key: s.key, cell: s.cell, owned: true }));
        sources
    }
}

/// A series' label values in the family's order.
fn values<'a>(description: &Description, key: &'a Key) -> Vec<&'a str> {
    let mut radix: u32 = closed_sets(&description.labels);
    let mut rest = key.closed;
    let mut open = key.open.iter();
    description
        .labels
        .iter()
        .map(|label| match label.values.count() {
            Some(count) => {
                radix /= count;
                let index = rest / radix;
                rest %= radix;
                label.values.text(index)
            }
            None => open.next().map_or("", |value| value),
        })
        .collect()
}
