//! Which cells can be given out.

use std::ops::Range;

use super::{Cell, HISTOGRAM_WORDS, Width};

#[derive(Debug)]
pub(super) struct Free {
    /// What each run is, for good: a histogram, or words that are given out singly and in pairs.
    widths: Vec<Width>,
    /// Words left of a run that was split for words and pairs.
    split: Range<u32>,
    words: Vec<Cell>,
    pairs: Vec<Cell>,
    histograms: Vec<Cell>,
}

impl Free {
    pub(super) const fn new() -> Self {
        Self {
            widths: Vec::new(),
            split: 0..0,
            words: Vec::new(),
            pairs: Vec::new(),
            histograms: Vec::new(),
        }
    }

    /// A free cell. `reach` makes the words around its argument usable.
    pub(super) fn take(&mut self, width: Width, reach: impl Fn(Cell)) -> Cell {
        if let Some(cell) = self.of(width).pop() {
            return cell;
        }
        match width {
            Width::Word | Width::Pair => self.split(width.words() as u32, reach),
            Width::Histogram => Cell(self.fresh_run(width, reach)),
        }
    }

    /// One or two words of a run that is split.
    fn split(&mut self, words: u32, reach: impl Fn(Cell)) -> Cell {
        // A run has an even number of words, so a pair that begins at an even one fits.
        while !self.split.start.is_multiple_of(words) {
            self.words.extend(self.split.next().map(Cell));
        }
        if self.split.is_empty() {
            let run = self.fresh_run(Width::Word, reach);
            self.split = run..run + HISTOGRAM_WORDS as u32;
        }
        let first = self.split.start;
        self.split.start += words;
        Cell(first)
    }

    fn of(&mut self, width: Width) -> &mut Vec<Cell> {
        match width {
            Width::Word => &mut self.words,
            Width::Pair => &mut self.pairs,
            Width::Histogram => &mut self.histograms,
        }
    }

    fn fresh_run(&mut self, width: Width, reach: impl Fn(Cell)) -> u32 {
        let run = (self.widths.len() * HISTOGRAM_WORDS) as u32;
        reach(Cell(run));
        self.widths.push(width);
        run
    }

    pub(super) fn give_back(&mut self, cell: Cell, width: Width) {
        self.of(width).push(cell);
    }

    /// Whether the run around a cell is a histogram. It is one for good.
    pub(super) fn is_histogram(&self, cell: Cell) -> bool {
        // A page reaches beyond the last run, where all words are zero.
        self.widths.get(cell.0 as usize / HISTOGRAM_WORDS) == Some(&Width::Histogram)
    }
}
