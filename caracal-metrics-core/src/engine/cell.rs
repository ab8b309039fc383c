//! What a cell is, and which words it has.

/// Words of a run. A histogram has one, two or four runs: buckets, and in the last word the sum.
pub(crate) const RUN_WORDS: usize = 16;

/// The most bounds that a histogram has, without `+Inf`: four runs, less that bucket and the sum.
pub(crate) const MAX_BOUNDS: usize = 4 * RUN_WORDS - 2;

/// The most buckets of a histogram of one run, the one up to `+Inf` included.
pub(crate) const NARROW_BUCKETS: usize = RUN_WORDS - 1;

/// The place of a sum in the last run of a histogram.
pub(super) const SUM: usize = RUN_WORDS - 1;

/// Words of a gauge.
pub(super) const GAUGE_WORDS: usize = 4;

/// Names a word, or the first word of a gauge or of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(pub(super) u32);

impl Cell {
    /// No cell: no thread has words of it.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// The cell's number, for structures that keep cells in atomics.
    pub(crate) fn to_raw(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// The word of the guards that ended, of a gauge. The first word is that of the guards that were
    /// begun.
    #[inline]
    pub(super) fn ended(self) -> Self {
        Self(self.0 + 1)
    }

    /// The word of a gauge that is set.
    #[inline]
    pub(super) fn level(self) -> Self {
        Self(self.0 + 2)
    }

    /// The sum of a histogram whose last run begins here.
    pub(super) fn sum(self) -> Self {
        Self(self.0 + SUM as u32)
    }

    /// The word at this place of a [run](Width::Run).
    #[inline]
    pub(crate) fn word(self, place: usize) -> Self {
        debug_assert!(place < RUN_WORDS);
        Self(self.0 + place as u32)
    }

    /// The word of this bucket of a histogram.
    pub(crate) fn bucket(self, bucket: usize) -> Self {
        Self(self.0 + bucket as u32)
    }

    /// The first word of the last run of a histogram.
    #[inline]
    pub(super) fn last_run(self, runs: usize) -> Self {
        Self(self.0 + ((runs - 1) * RUN_WORDS) as u32)
    }
}

/// What the sum of a histogram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Integer nanoseconds.
    Nanos,
    Float,
}

/// What words a cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// An integer.
    Word,
    Float,
    /// Guards that were begun, guards that ended, and a number that is set. The fourth word keeps
    /// gauges from reaching beyond a run.
    Gauge,
    /// A run of integers.
    Run,
    Histogram {
        runs: usize,
        sum: Sum,
    },
}

impl Width {
    /// A histogram with so many bounds.
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
}
