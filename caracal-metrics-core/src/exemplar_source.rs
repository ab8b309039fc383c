//! The source of exemplars for observations that are recorded without one.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use crate::exemplar::Exemplar;
use crate::panics::contain;

thread_local! {
    /// Whether this thread is calling a source. The source may record something itself.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// The user's closure.
#[derive(Clone)]
pub(crate) struct ExemplarSource(Arc<dyn Fn() -> Option<Exemplar> + Send + Sync>);

impl fmt::Debug for ExemplarSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExemplarSource")
    }
}

/// The closure panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

impl ExemplarSource {
    pub(crate) fn new(source: impl Fn() -> Option<Exemplar> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Requests an exemplar for the current observation. The caller must hold none of our locks. What the closure
    /// records itself gets no exemplar.
    pub(crate) fn ask(&self) -> Result<Option<Exemplar>, Panicked> {
        if ASKING.replace(true) {
            return Ok(None);
        }
        let answer = contain(&*self.0);
        ASKING.set(false);
        answer.ok_or(Panicked)
    }
}
