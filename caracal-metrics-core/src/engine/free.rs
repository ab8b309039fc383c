//! Which cells can be given out.

use std::ops::Range;

use super::{Cell, HISTOGRAM_WORDS, Width};

#[derive(Debug)]
pub(super) struct Free {
    /// What each run was given out as, once and for all.
    widths: Vec<Width>,
    /// Words left of a run that was split for single words.
    split: Range<u32>,
    words: Vec<Cell>,
    histograms: Vec<Cell>,
}

impl Free {
    pub(super) const fn new() -> Self {
        Self { widths: Vec::new(), split: 0..0, words: Vec::new(), histograms: Vec::new() }
    }

    /// A free cell. `reach` makes the words around its argument usable.
    pub(super) fn take(&mut self, width: Width, reach: impl Fn(Cell)) -> Cell {
        match width {
            Width::Word => {
                if let Some(cell) = self.words.pop() {
                    return cell;
                }
                if self.split.is_empty() {
                    let run = self.fresh_run(width, reach);
                    self.split = run..run + HISTOGRAM_WORDS as u32;
                }
                let word = self.split.start;
                self.split.start += 1;
                Cell(word)
            }
            Width::Histogram => match self.histograms.pop() {
                Some(cell) => cell,
                None => Cell(self.fresh_run(width, reach)),
            },
        }
    }

    fn fresh_run(&mut self, width: Width, reach: impl Fn(Cell)) -> u32 {
        let run = (self.widths.len() * HISTOGRAM_WORDS) as u32;
        reach(Cell(run));
        self.widths.push(width);
        run
    }

    pub(super) fn give_back(&mut self, cell: Cell, width: Width) {
        match width {
            Width::Word => self.words.push(cell),
            Width::Histogram => self.histograms.push(cell),
        }
    }

    /// What the run around a cell was given out as.
    pub(super) fn width(&self, cell: Cell) -> Width {
        // A page reaches beyond the last run, where all words are zero.
        self.widths.get(cell.0 as usize / HISTOGRAM_WORDS).copied().unwrap_or(Width::Word)
    }
}
