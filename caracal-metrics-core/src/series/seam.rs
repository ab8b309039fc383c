//! A point at which a test runs what another thread might do at that moment.

use std::fmt;

use parking_lot::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    BeforeTheChange,
    AfterTheChange,
}

type Other = Box<dyn Fn(Moment) + Send>;

/// Empty until a test sets an action.
#[derive(Default)]
pub(crate) struct Seam(Mutex<Option<Other>>);

impl fmt::Debug for Seam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seam")
    }
}

impl Seam {
    pub(crate) fn put(&self, other: impl Fn(Moment) + Send + 'static) {
        *self.0.lock() = Some(Box::new(other));
    }

    pub(super) fn pass(&self, moment: Moment) {
        // The action is taken out, because it may change the family as well.
        let Some(other) = self.0.lock().take() else { return };
        other(moment);
        *self.0.lock() = Some(other);
    }
}
