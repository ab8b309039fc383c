//! A family's series as the output has them: sorted, their labels written once.

use std::time::Duration;

use super::changes::Version;
use super::created::Created;
use crate::engine::Cell;
use crate::text::write_labels;
#[cfg(feature = "protobuf")]
use crate::wire;

/// How the labels of a series are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `name="value",…` without braces; empty for an unlabelled series.
    Text,
    /// The `LabelPair` fields of a `Metric` message, sorted by name.
    #[cfg(feature = "protobuf")]
    Protobuf,
}

impl Encoding {
    pub(super) const COUNT: usize = if cfg!(feature = "protobuf") { 2 } else { 1 };

    fn write(self, labels: &[(&str, &str)], out: &mut Vec<u8>) {
        match self {
            Self::Text => write_labels(labels.iter().copied(), out),
            #[cfg(feature = "protobuf")]
            Self::Protobuf => wire::write_labels(1, labels.iter().copied(), out),
        }
    }
}

/// One line of the output, or one histogram's lines. More than one cell where both the recorders
/// and an instance feed the same label set: the output shows one series, their sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) labels: &'a [u8],
    pub(crate) cells: &'a [Cell],
    /// When the series began, since 1970, where that is to be shown.
    pub(crate) created: Option<Duration>,
}

#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(super) version: Version,
    labels: Vec<u8>,
    cells: Vec<Cell>,
    /// Where each row ends in `labels` and in `cells`.
    ends: Vec<(usize, usize)>,
    /// One for each row, or none at all.
    created: Vec<Option<Duration>>,
}

impl Rows {
    pub(super) fn of_version(version: Version) -> Self {
        Self { version, ..Self::default() }
    }

    pub(super) fn push(
        &mut self,
        encoding: Encoding,
        labels: &[(&str, &str)],
        cells: &[Cell],
        created: Option<&Created>,
    ) {
        encoding.write(labels, &mut self.labels);
        self.cells.extend_from_slice(cells);
        self.ends.push((self.labels.len(), self.cells.len()));
        if let Some(created) = created {
            self.created.push(created.of(cells));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let starts = std::iter::once(&(0, 0)).chain(&self.ends);
        let created = self.created.iter().copied().chain(std::iter::repeat(None));
        starts.zip(&self.ends).zip(created).map(
            |(((label, cell), (label_end, cell_end)), created)| Row {
                labels: &self.labels[*label..*label_end],
                cells: &self.cells[*cell..*cell_end],
                created,
            },
        )
    }
}
