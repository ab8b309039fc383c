//! Cells and their words.

/// The number of words in a run. A histogram has one, two or four runs: its buckets and, in the last word, its
/// sum.
pub(crate) const RUN_WORDS: usize = 16;

/// The maximum number of bounds of a histogram, without `+Inf`: four runs, minus the bucket `+Inf` and the sum.
pub(crate) const MAX_BOUNDS: usize = 4 * RUN_WORDS - 2;

/// The maximum number of buckets of a histogram with one run, including the bucket `+Inf`.
pub(crate) const NARROW_BUCKETS: usize = RUN_WORDS - 1;

/// The index of the sum in the last run of a histogram.
pub(super) const SUM: usize = RUN_WORDS - 1;

/// The number of words of a gauge.
pub(super) const GAUGE_WORDS: usize = 4;

/// The number of a word, or of the first word of a gauge or of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(pub(super) u32);

impl Cell {
    /// No cell. No thread has words of it.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// Returns the number of the cell, for structures that keep cells in atomics.
    pub(crate) fn to_raw(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// Returns the word that counts the ended guards of a gauge. Its first word counts the started guards.
    #[inline]
    pub(super) fn ended(self) -> Self {
        Self(self.0 + 1)
    }

    /// Returns the word with the value that a gauge was set to.
    #[inline]
    pub(super) fn level(self) -> Self {
        Self(self.0 + 2)
    }

    /// Returns the sum of a histogram whose last run starts at this cell.
    pub(super) fn sum(self) -> Self {
        Self(self.0 + SUM as u32)
    }

    /// Returns the word with this index in a [run](Width::Run).
    #[inline]
    pub(crate) fn word(self, place: usize) -> Self {
        debug_assert!(place < RUN_WORDS);
        Self(self.0 + place as u32)
    }

    /// Returns the word of this bucket of a histogram.
    pub(crate) fn bucket(self, bucket: usize) -> Self {
        Self(self.0 + bucket as u32)
    }

    /// Returns the first word of the last run of a histogram.
    #[inline]
    pub(super) fn last_run(self, runs: usize) -> Self {
        Self(self.0 + ((runs - 1) * RUN_WORDS) as u32)
    }
}

/// The type of the sum of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Integer nanoseconds.
    Nanos,
    Float,
}

/// The words of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// An integer.
    Word,
    Float,
    /// The started guards, the ended guards, and a number that is set. The fourth word is unused. It keeps
    /// gauges from extending beyond a run.
    Gauge,
    /// A run of integers.
    Run,
    Histogram {
        runs: usize,
        sum: Sum,
    },
}

impl Width {
    /// Returns the width of a histogram with this number of bounds.
    pub(crate) fn histogram(bounds: usize, sum: Sum) -> Self {
        Self::Histogram { runs: (bounds + 2).div_ceil(RUN_WORDS).next_power_of_two(), sum }
    }

    pub(super) fn words(self) -> usize {
        match self {
            Self::Word | Self::Float => 1,
            Self::Gauge => GAUGE_WORDS,
            Self::Run => RUN_WORDS,
            Self::Histogram { runs, .. } => runs * RUN_WORDS,
        }
    }

    /// Returns the number of runs that contain the words of a cell.
    pub(super) fn runs(self) -> usize {
        self.words().div_ceil(RUN_WORDS)
    }
}
