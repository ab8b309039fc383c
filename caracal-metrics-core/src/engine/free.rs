//! The cells that can be allocated.

use std::ops::Range;

use super::cell::{Cell, RUN_WORDS, Sum, Width};

/// The contents of the words of a run. They never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Integers: words, gauges, and the buckets of a histogram that has its sum in a later run.
    Integers,
    Floats,
    /// Buckets and, in the last word, a sum.
    Histogram(Sum),
}

#[derive(Debug)]
pub(super) struct Free {
    runs: Vec<Run>,
    integers: Split,
    floats: Split,
    gauges: Vec<Cell>,
    whole: Vec<Cell>,
    /// By the number of runs (1, 2 or 4) and by the type of the sum.
    histograms: [[Vec<Cell>; 2]; 3],
}

/// Single words, and the rest of a run that is split into them.
#[derive(Debug)]
struct Split {
    left: Range<u32>,
    free: Vec<Cell>,
}

impl Split {
    const fn none() -> Self {
        Self { left: 0..0, free: Vec::new() }
    }
}

impl Free {
    pub(super) const fn new() -> Self {
        Self {
            runs: Vec::new(),
            integers: Split::none(),
            floats: Split::none(),
            gauges: Vec::new(),
            whole: Vec::new(),
            histograms: [const { [Vec::new(), Vec::new()] }; 3],
        }
    }

    /// Returns a free cell. `reach` makes the words around its argument usable.
    pub(super) fn take(&mut self, width: Width, reach: impl Fn(Cell)) -> Cell {
        if let Some(cell) = self.of(width).pop() {
            return cell;
        }
        match width {
            Width::Histogram { runs, sum } => self.fresh_histogram(runs, sum, reach),
            Width::Run => Cell(self.fresh_run(Run::Integers, reach)),
            Width::Float => self.split(width, Run::Floats, reach),
            Width::Word | Width::Gauge => self.split(width, Run::Integers, reach),
        }
    }

    /// Returns words of a run that is split.
    fn split(&mut self, width: Width, kind: Run, reach: impl Fn(Cell)) -> Cell {
        let words = width.words() as u32;
        // A cell does not extend beyond its run, because the number of words in a run is a multiple of each
        // width.
        let split = self.split_of(kind);
        while !split.left.start.is_multiple_of(words) {
            split.free.extend(split.left.next().map(Cell));
        }
        if split.left.is_empty() {
            let run = self.fresh_run(kind, reach);
            self.split_of(kind).left = run..run + RUN_WORDS as u32;
        }
        let left = &mut self.split_of(kind).left;
        let first = left.start;
        left.start += words;
        Cell(first)
    }

    fn split_of(&mut self, kind: Run) -> &mut Split {
        if kind == Run::Floats { &mut self.floats } else { &mut self.integers }
    }

    /// Returns consecutive runs, in one block of memory and in one page.
    fn fresh_histogram(&mut self, runs: usize, sum: Sum, reach: impl Fn(Cell)) -> Cell {
        while !self.runs.len().is_multiple_of(runs) {
            let skipped = self.fresh_run(Run::Histogram(Sum::Nanos), &reach);
            self.of(Width::Histogram { runs: 1, sum: Sum::Nanos }).push(Cell(skipped));
        }
        let first = self.runs.len();
        for run in 1..=runs {
            self.fresh_run(if run == runs { Run::Histogram(sum) } else { Run::Integers }, &reach);
        }
        Cell((first * RUN_WORDS) as u32)
    }

    fn of(&mut self, width: Width) -> &mut Vec<Cell> {
        match width {
            Width::Word => &mut self.integers.free,
            Width::Float => &mut self.floats.free,
            Width::Gauge => &mut self.gauges,
            Width::Run => &mut self.whole,
            Width::Histogram { runs, sum } => {
                &mut self.histograms[runs.trailing_zeros() as usize][usize::from(sum == Sum::Float)]
            }
        }
    }

    fn fresh_run(&mut self, kind: Run, reach: impl Fn(Cell)) -> u32 {
        let run = (self.runs.len() * RUN_WORDS) as u32;
        reach(Cell(run));
        self.runs.push(kind);
        run
    }

    pub(super) fn give_back(&mut self, cell: Cell, width: Width) {
        self.of(width).push(cell);
    }

    /// Returns the contents of the run around a cell.
    pub(super) fn run(&self, cell: Cell) -> Run {
        // A page extends beyond the last run, where all words are zero.
        self.runs.get(cell.0 as usize / RUN_WORDS).copied().unwrap_or(Run::Integers)
    }
}
