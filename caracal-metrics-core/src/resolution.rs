//! How fine native buckets are.

/// How fine the native buckets of a histogram are: 2^`schema` for each octave, so that each bound is
/// 2^(1 / 2^`schema`) times the one before.
///
/// | schema | buckets of an octave | from bound to bound | error of a quantile, at most |
/// |--:|--:|--:|--:|
/// | 0 | 1 | 2 | 33 % |
/// | 1 | 2 | 1.41 | 17 % |
/// | 2 | 4 | 1.19 | 8.6 % |
/// | 3, the default | 8 | 1.09 | 4.3 % |
/// | 4 | 16 | 1.04 | 2.2 % |
/// | 5 | 32 | 1.02 | 1.1 % |
/// | 6 | 64 | 1.01 | 0.54 % |
/// | 7 | 128 | 1.005 | 0.27 % |
/// | 8 | 256 | 1.003 | 0.14 % |
///
/// The error is that of the middle of a bucket, which is what `histogram_quantile` can promise at best: a
/// quantile is in the right bucket, and Prometheus interpolates within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution(u8);

impl Resolution {
    /// The finest one.
    pub const HIGHEST: u8 = 8;

    /// 2^`schema` buckets for each octave, as Prometheus numbers resolutions. From 0 to
    /// [`HIGHEST`](Self::HIGHEST): what is told to use another one refuses it.
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
    /// Schema 3: eight buckets for each octave.
    fn default() -> Self {
        Self(3)
    }
}
