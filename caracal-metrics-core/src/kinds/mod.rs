//! The kinds of metrics, each a handle to one series.

mod counter;
mod gauge;
mod histogram;
mod timer;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use counter::{Counter, FloatCounter};
pub use gauge::{FloatGauge, Gauge, GaugeGuard};
pub use histogram::{Bucketed, DurationHistogram, Histogram};
pub use timer::Timer;

use crate::engine::Cell;
use crate::labels::LabelSet;
use crate::series::{FamilyStore, Resolved};

/// A kind of metric: [`Counter`], [`FloatCounter`], [`Gauge`], [`FloatGauge`], [`DurationHistogram`]
/// or [`Histogram`].
pub trait Kind: sealed::FromSeries + 'static {}

impl<K: sealed::FromSeries + 'static> Kind for K {}

pub(crate) mod sealed {
    /// A handle that is made from a series of its kind.
    pub trait FromSeries {
        #[doc(hidden)]
        fn from_series(series: super::Series) -> Self;
    }
}

/// One series to record into.
#[derive(Clone)]
pub struct Series {
    pub(crate) store: Arc<FamilyStore>,
    pub(crate) cell: Cell,
    /// The family was full: this is the aggregated series, and each record is counted as folded.
    folded: bool,
    /// Keeps a series that an attached instance owns, or one that might be hidden.
    _owner: Option<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series")
            .field("family", &self.store.name())
            .field("folded", &self.folded)
            .finish_non_exhaustive()
    }
}

impl Series {
    /// The series of this label set, made if it is new.
    pub(crate) fn of<S: LabelSet>(store: &Arc<FamilyStore>, labels: &S) -> Self {
        let (Resolved { cell, folded }, hold) = store.hold_set(labels);
        Self { store: Arc::clone(store), cell, folded, _owner: hold }
    }

    /// A series that lives as long as its owner.
    pub(crate) fn owned(
        store: &Arc<FamilyStore>,
        cell: Cell,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self { store: Arc::clone(store), cell, folded: false, _owner: Some(owner) }
    }

    #[inline]
    fn recorded(&self) {
        if self.folded {
            self.store.count_folded();
        }
    }
}
