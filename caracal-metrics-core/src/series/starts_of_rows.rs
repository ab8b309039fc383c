//! When the series of rows began, for a page that has that with every row.

use super::created::{Start, Starts, earliest, starts_of};
use super::rows::Row;
use crate::family_spec::FamilyKind;

/// Goes through the rows of a family together with a cursor.
///
/// The cells of neighbouring rows are far apart in memory. So the starts of a whole block are read in one loop, in
/// which the processor waits for many of them at a time.
#[derive(Debug)]
pub(crate) struct StartsOfRows {
    starts: &'static Starts,
    block: Vec<Start>,
    /// How many of those were taken.
    taken: usize,
}

impl StartsOfRows {
    pub(crate) fn of(kind: FamilyKind) -> Self {
        Self { starts: starts_of(kind), block: Vec::new(), taken: 0 }
    }

    /// When the series of the next row began.
    #[inline]
    pub(crate) fn next(&mut self, row: &Row<'_>) -> Option<Start> {
        if self.taken == self.block.len() {
            self.begin_block(row);
        }
        let cells = row.cells.len();
        self.taken += cells;
        match self.block.get(self.taken - cells..self.taken)? {
            [start] => start.noted(),
            several => earliest(several.iter().copied()),
        }
    }

    #[inline(never)]
    fn begin_block(&mut self, row: &Row<'_>) {
        self.block.clear();
        self.block.extend(row.cells_ahead.iter().map(|cell| self.starts.start(*cell)));
        self.taken = 0;
    }
}
