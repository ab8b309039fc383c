//! Whether a record is at rest: not found by its labels.

use crate::labels::MAX_CLOSED_SETS;

/// How a record that nothing was recorded into for some time is taken out of the page, step by step.
///
/// Who records must not pay for it, so there is no note of when a series was recorded last. Instead, a
/// page now and then makes a series that is on it impossible to find (it is *marked*). The next record
/// takes the path of a label set that is new, under a lock, and ends that. A series that is still marked
/// after the time was not recorded meanwhile, and is *hidden*: it leaves the page.
///
/// These are bits of the record's closed labels, so a lookup, which compares those anyway, does not
/// find the record and needs no instruction more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is found.
    Awake,
    /// It is on the page, and is not found.
    Marked,
    /// It is neither on the page nor found.
    Hidden,
}

const MARKED: u32 = 1 << 31;
const HIDDEN: u32 = 1 << 30;

const _: () = assert!(MAX_CLOSED_SETS < HIDDEN, "closed labels and these bits do not overlap");

impl Rest {
    /// The closed labels of a record, and whether it is at rest.
    pub(super) fn split(closed: u32) -> (u32, Self) {
        let rest = match closed & (MARKED | HIDDEN) {
            0 => Self::Awake,
            MARKED => Self::Marked,
            _ => Self::Hidden,
        };
        (closed & !(MARKED | HIDDEN), rest)
    }

    /// The closed labels of a record as it has them.
    pub(super) fn join(self, closed: u32) -> u32 {
        let (closed, _) = Self::split(closed);
        match self {
            Self::Awake => closed,
            Self::Marked => closed | MARKED,
            Self::Hidden => closed | HIDDEN,
        }
    }
}
