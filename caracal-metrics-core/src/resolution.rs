//! The resolution of native buckets.

/// The resolution of the native buckets of a histogram: 2^`schema` buckets per power of two. Each bound is 2^(1
/// / 2^`schema`) times the one before.
///
/// | schema | buckets per power of two | ratio of bounds | maximum error of a quantile |
/// |--:|--:|--:|--:|
/// | 0 | 1 | 2 | 33% |
/// | 1 | 2 | 1.41 | 17% |
/// | 2 | 4 | 1.19 | 8.6% |
/// | 3, the default | 8 | 1.09 | 4.3% |
/// | 4 | 16 | 1.04 | 2.2% |
/// | 5 | 32 | 1.02 | 1.1% |
/// | 6 | 64 | 1.01 | 0.54% |
/// | 7 | 128 | 1.005 | 0.27% |
/// | 8 | 256 | 1.003 | 0.14% |
///
/// The error is that of the middle of a bucket. This is the best that `histogram_quantile` can promise: a
/// quantile is in the right bucket, and Prometheus interpolates within the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution(u8);

impl Resolution {
    /// The highest schema.
    pub const HIGHEST: u8 = 8;

    /// Returns the resolution with 2^`schema` buckets per power of two, as numbered by Prometheus. The schema
    /// must be from 0 to [`HIGHEST`](Self::HIGHEST). The methods that use a resolution refuse any other schema.
    #[must_use]
    pub const fn schema(schema: u8) -> Self {
        Self(schema)
    }

    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    pub(crate) const fn is_valid(self) -> bool {
        self.0 <= Self::HIGHEST
    }
}

impl Default for Resolution {
    /// Schema 3: eight buckets per power of two.
    fn default() -> Self {
        Self(3)
    }
}
