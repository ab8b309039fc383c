//! What hides the idle series of a family.

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
/// A trait: the code is reached only from the builder's methods that ask for it, so the linker leaves it
/// out of a program that hides nothing.
pub(crate) trait Watch: fmt::Debug + Send + Sync {
    /// The cell of a label set that was not found, or `None` where it is to be folded.
    fn resolve(&self, store: &FamilyStore, interner: &Interner, labels: Labels<'_>)
    -> Option<Cell>;

    /// Shows the series of a label set again, if it is hidden, whatever the limit.
    fn show(&self, store: &FamilyStore, interner: &Interner, labels: Labels<'_>);

    /// A page is begun, on which these series are new, each by its place. Takes those out of the rows, which
    /// are locked, that leave the page.
    fn look(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        fresh: &[(u32, Cell)],
        rows: &mut Arc<Rows>,
    );

    /// Hides a series, and takes it out of the rows, which are locked, if it was there.
    fn hide(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        labels: Labels<'_>,
        rows: &mut Arc<Rows>,
    ) -> Result<(), HideError>;

    /// Keeps the series of a cell on the page until it is [let go](Self::let_go) as often.
    fn hold(&self, cell: Cell);

    fn let_go(&self, cell: Cell);

    /// How many series are hidden.
    fn hidden(&self) -> usize;
}

/// How series of a family are hidden.
#[derive(Clone, Debug)]
pub(crate) struct HideIdle {
    pub(crate) idle: AfterIdle,
    pub(crate) clock: RegistryClock,
}

/// After how long without a record series are hidden, and by what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AfterIdle {
    pub(crate) after: Duration,
    pub(crate) watch: MakeWatch,
}

pub(crate) type MakeWatch = fn(Duration, RegistryClock) -> Box<dyn Watch>;
