//! Hides series of a family, and keeps them on the page.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;

use super::interner::Interner;
use super::key::{Key, Labels};
use super::record::with;
use super::resolve::Resolved;
use super::series_labels::Labelled;
use super::store::{FamilyStore, Index};
use super::watch::Watch;
use crate::engine::Cell;
use crate::family_error::FamilyError;
use crate::hide_error::HideError;
use crate::labels::LabelSet;

/// Keeps a series on the page until it is dropped.
type Held = Arc<dyn Any + Send + Sync>;

struct Hold {
    store: Arc<FamilyStore>,
    cell: Cell,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(watch) = &self.store.watch {
            watch.let_go(self.cell);
        }
    }
}

impl FamilyStore {
    /// Returns whether idle series leave the page.
    pub(crate) fn hides_idle_series(&self) -> bool {
        self.watch.is_some()
    }

    /// Returns the watch that hides series of the family, and the label sets of the family.
    pub(super) fn watched(&self) -> Option<(&dyn Watch, &Interner)> {
        match (&self.watch, &self.index) {
            (Some(watch), Index::Interned(interner)) => Some((&**watch, interner)),
            _ => None,
        }
    }

    /// Returns the cell of a label set for a handle, and a value that keeps its series on the page, if
    /// necessary.
    pub(crate) fn hold_set<S: LabelSet>(self: &Arc<Self>, labels: &S) -> (Resolved, Option<Held>) {
        let resolve = || Ok::<_, Infallible>(self.resolve_set(labels));
        match self.hold(&resolve, |resolved| resolved.cell) {
            Ok(held) => held,
            Err(never) => match never {},
        }
    }

    /// Does the same for the labels of a series, in a family in which each series has its own labels.
    pub(crate) fn hold_labelled(
        self: &Arc<Self>,
        labels: &[(&str, &str)],
    ) -> Result<(Labelled, Option<Held>), FamilyError> {
        self.hold(&|| self.series_of(labels), |labelled| labelled.resolved.cell)
    }

    pub(super) fn hold<R, E>(
        self: &Arc<Self>,
        resolve: &dyn Fn() -> Result<R, E>,
        cell_of: fn(&R) -> Cell,
    ) -> Result<(R, Option<Held>), E> {
        let mut resolved = resolve()?;
        let Some(watch) = &self.watch else { return Ok((resolved, None)) };
        loop {
            let cell = cell_of(&resolved);
            watch.hold(cell);
            let hold = Hold { store: Arc::clone(self), cell };
            // It may have been hidden before it was held. From now on, it can't be.
            resolved = resolve()?;
            if cell_of(&resolved) == cell {
                return Ok((resolved, Some(Arc::new(hold))));
            }
        }
    }

    /// Takes the series of a label set off the page until the next record.
    pub(crate) fn hide_set<S: LabelSet>(&self, labels: &S) -> Result<(), HideError> {
        with(labels, |closed, open| self.hide(Labels { closed, open }))
    }

    fn hide(&self, labels: Labels<'_>) -> Result<(), HideError> {
        let Some((watch, interner)) = self.watched() else {
            return Err(HideError::NotConfigured { metric: self.name().to_owned() });
        };
        let mut rows = self.rows.lock();
        self.bring_up_to_date(&mut rows);
        self.carried(labels.open)
            .with(|open| watch.hide(self, interner, Labels { open, ..labels }, &mut rows))
    }

    /// Returns whether an instance has a series with these labels.
    pub(super) fn is_owned(&self, key: &Key) -> bool {
        self.owned.lock().iter().any(|series| series.key == *key)
    }

    /// Shows the series of a label set for which an instance now has a series. The page shows the sum of both,
    /// which must not change when the series is hidden or shown.
    pub(super) fn show_recorded(&self, key: &Key) {
        if let Some((watch, interner)) = self.watched() {
            let open: Vec<_> = key.open.iter().map(|value| &**value).collect();
            watch.show(self, interner, Labels { closed: key.closed, open: &open });
        }
    }

    /// Returns the number of hidden series.
    pub(crate) fn hidden(&self) -> usize {
        self.watch.as_ref().map_or(0, |watch| watch.hidden())
    }
}
