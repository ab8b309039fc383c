//! Reads the start timestamps of rows, for a page that shows them with every row.

use super::created::{Start, Starts, earliest, starts_of};
use super::rows::Row;
use crate::family_spec::FamilyKind;

/// Reads the start timestamps of the rows of a family, in step with a cursor.
///
/// The cells of neighbouring rows are far apart in memory. The starts of a whole block are therefore read in one
/// loop, in which the processor waits for many of them at a time.
#[derive(Debug)]
pub(crate) struct StartsOfRows {
    starts: &'static Starts,
    block: Vec<Start>,
    /// The number of starts of the block that were returned.
    taken: usize,
}

impl StartsOfRows {
    pub(crate) fn of(kind: FamilyKind) -> Self {
        Self { starts: starts_of(kind), block: Vec::new(), taken: 0 }
    }

    /// Returns the time at which the series of the next row began.
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
