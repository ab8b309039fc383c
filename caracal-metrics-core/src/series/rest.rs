//! The rest state of a record: whether it can be found by its labels.

use crate::labels::MAX_CLOSED_SETS;

/// The steps in which a series leaves the page if nothing is recorded into it for some time.
///
/// Recording must not pay for this, so nothing notes when a series was recorded last. Instead, a page
/// occasionally makes one of its series impossible to find: the series is *marked*. The next record takes the
/// path of a new label set, under a lock, and removes the mark. If a series is still marked after the idle
/// time, nothing was recorded into it. It is then *hidden*: it leaves the page.
///
/// The state is stored in bits of the record's closed labels. A lookup compares those anyway, so it does not
/// find the record and needs no additional instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It can be found.
    Awake,
    /// It is on the page, but can't be found.
    Marked,
    /// It is not on the page, and can't be found.
    Hidden,
}

const MARKED: u32 = 1 << 31;
const HIDDEN: u32 = 1 << 30;

const _: () = assert!(MAX_CLOSED_SETS < HIDDEN, "closed labels and these bits do not overlap");

impl Rest {
    /// Splits the stored closed labels of a record into its closed labels and its state.
    pub(super) fn split(closed: u32) -> (u32, Self) {
        let rest = match closed & (MARKED | HIDDEN) {
            0 => Self::Awake,
            MARKED => Self::Marked,
            _ => Self::Hidden,
        };
        (closed & !(MARKED | HIDDEN), rest)
    }

    /// Returns the closed labels of a record as they are stored.
    pub(super) fn join(self, closed: u32) -> u32 {
        let (closed, _) = Self::split(closed);
        match self {
            Self::Awake => closed,
            Self::Marked => closed | MARKED,
            Self::Hidden => closed | HIDDEN,
        }
    }
}
