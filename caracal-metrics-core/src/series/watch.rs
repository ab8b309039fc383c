//! The interface of the code that hides idle series of a family.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::interner::Interner;
use super::key::Labels;
use super::rows::Rows;
use super::store::FamilyStore;
use crate::engine::Cell;
use crate::hide_error::HideError;
use crate::registry_clock::RegistryClock;

/// Keeps track of the series on the page, and hides those that are idle.
///
/// This is a trait so that only the methods of the builder reach the code. The linker leaves it out of a
/// program that hides no series.
pub(crate) trait Watch: fmt::Debug + Send + Sync {
    /// Returns the cell of a label set that was not found, or `None` if it must be folded.
    fn resolve(&self, store: &FamilyStore, interner: &Interner, labels: Labels<'_>)
    -> Option<Cell>;

    /// Shows the hidden series of a label set again, regardless of the limit.
    fn show(&self, store: &FamilyStore, interner: &Interner, labels: Labels<'_>);

    /// Called when a page starts. `fresh` are the series that are new on it, each by its index. Removes the
    /// series that leave the page from the rows, which are locked.
    fn look(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        fresh: &[(u32, Cell)],
        rows: &mut Arc<Rows>,
    );

    /// Hides a series and, if it was there, removes it from the rows, which are locked.
    fn hide(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        labels: Labels<'_>,
        rows: &mut Arc<Rows>,
    ) -> Result<(), HideError>;

    /// Keeps the series of a cell on the page until [`let_go`](Self::let_go) was called as often.
    fn hold(&self, cell: Cell);

    fn let_go(&self, cell: Cell);

    /// Returns the number of hidden series.
    fn hidden(&self) -> usize;
}

/// How series of a family are hidden.
#[derive(Clone, Debug)]
pub(crate) struct HideIdle {
    pub(crate) idle: AfterIdle,
    pub(crate) clock: RegistryClock,
}

/// The time without a record after which series are hidden, and the code that hides them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AfterIdle {
    pub(crate) after: Duration,
    pub(crate) watch: MakeWatch,
}

pub(crate) type MakeWatch = fn(Duration, RegistryClock) -> Box<dyn Watch>;
