//! The kinds of metrics. Each is a handle to one series.

mod counter;
mod gauge;
mod histogram;
mod timer;

use std::any::Any;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
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
    /// A handle that is created from a series of its kind.
    pub trait FromSeries {
        #[doc(hidden)]
        fn from_series(series: super::Series) -> Self;
    }
}

/// A series that a handle records into.
#[derive(Clone)]
pub struct Series {
    pub(crate) store: Arc<FamilyStore>,
    pub(crate) cell: Cell,
    /// The cell, if a record only adds to its words. Otherwise none: a fold must be counted, or an exemplar
    /// requested.
    plain_cell: Cell,
    /// The family was full, so this is the aggregated series, and each record is counted as folded.
    folded: bool,
    /// The user aggregates one of the labels, so the series also belongs to other label sets.
    aggregates: bool,
    /// Keeps a series alive that an attached instance owns, or one that could be hidden.
    _owner: Option<Arc<dyn Any + Send + Sync>>,
}

// See `MetricsRegistry`.
impl UnwindSafe for Series {}
impl RefUnwindSafe for Series {}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series")
            .field("family", &self.store.name())
            .field("folded", &self.folded)
            .finish_non_exhaustive()
    }
}

impl Series {
    /// Returns the series of this label set, and creates it if it is new.
    pub(crate) fn of<S: LabelSet>(store: &Arc<FamilyStore>, labels: &S) -> Self {
        let (Resolved { cell, folded }, hold) = store.hold_set(labels);
        Self::new(store, cell, folded, store.aggregated_label().is_some(), hold)
    }

    /// Returns the series of these labels, in a family in which each series has its own labels.
    pub(crate) fn labelled(
        store: &Arc<FamilyStore>,
        labels: &[(&str, &str)],
    ) -> Result<Self, FamilyError> {
        let (Labelled { resolved: Resolved { cell, folded }, aggregates }, hold) =
            store.hold_labelled(labels)?;
        Ok(Self::new(store, cell, folded, aggregates, hold))
    }

    /// Returns a series that lives as long as its owner.
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

    /// Returns whether the series belongs to this label set only.
    fn is_own(&self) -> bool {
        !self.folded && !self.aggregates
    }
}
