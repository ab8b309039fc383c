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
use crate::family_error::FamilyError;
use crate::family_spec::FamilyKind;
use crate::labels::LabelSet;
use crate::series::{FamilyStore, Labelled, Resolved};

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
    /// The cell where a record is nothing but adding to the words of it; none where a fold is to be
    /// counted, or an exemplar to be asked for.
    plain_cell: Cell,
    /// The family was full: this is the aggregated series, and each record is counted as folded.
    folded: bool,
    /// It is the series of other label sets as well, since the user aggregates one of the labels.
    aggregates: bool,
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
        Self::new(store, cell, folded, store.aggregated_label().is_some(), hold)
    }

    /// The series of these labels in a family whose series have each their own.
    pub(crate) fn labelled(
        store: &Arc<FamilyStore>,
        labels: &[(&str, &str)],
    ) -> Result<Self, FamilyError> {
        let (Labelled { resolved: Resolved { cell, folded }, aggregates }, hold) =
            store.hold_labelled(labels)?;
        Ok(Self::new(store, cell, folded, aggregates, hold))
    }

    /// A series that lives as long as its owner.
    pub(crate) fn owned(
        store: &Arc<FamilyStore>,
        cell: Cell,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self::new(store, cell, false, false, Some(owner))
    }

    fn new(
        store: &Arc<FamilyStore>,
        cell: Cell,
        folded: bool,
        aggregates: bool,
        owner: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        let is_plain = !folded && (store.kind() == FamilyKind::Counter || store.is_plain());
        let plain_cell = if is_plain { cell } else { Cell::NONE };
        Self { store: Arc::clone(store), cell, plain_cell, folded, aggregates, _owner: owner }
    }

    #[inline]
    fn recorded(&self) {
        if self.folded {
            self.store.count_folded();
        }
    }

    /// Whether the series is that of this label set alone.
    fn is_own(&self) -> bool {
        !self.folded && !self.aggregates
    }
}
