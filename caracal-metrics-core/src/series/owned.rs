//! Series that belong to something that is attached, and go when it does.

use super::key::{Key, Labels};
use super::store::{FamilyStore, Full, OwnedSeries};

impl FamilyStore {
    /// Makes a series for an instance to own, which the output does not show yet.
    pub(crate) fn reserve(&self, key: Key) -> Result<OwnedSeries, Full> {
        self.take_place()?;
        Ok(OwnedSeries { instance: 0, key, cell: self.allocate() })
    }

    /// As [`reserve`](Self::reserve), with values as series carry them. One that is too long is
    /// counted.
    pub(super) fn reserve_carried(&self, labels: Labels<'_>) -> Result<OwnedSeries, Full> {
        let carried = self.carried(labels.open);
        if carried.are_cut() {
            self.count_invalid();
        }
        let open = carried.with(|open| open.iter().map(|value| (*value).into()).collect());
        self.reserve(Key { closed: labels.closed, open })
    }

    /// Shows a series that was reserved.
    pub(crate) fn own(&self, instance: u64, series: OwnedSeries) {
        let key = series.key.clone();
        self.rows_anew.get_or_init(|| Self::rows_anew);
        {
            let mut owned = self.owned.lock();
            owned.push(OwnedSeries { instance, ..series });
            self.changes.own();
        }
        // After that: what is hidden once this is locked has no instance.
        self.show_recorded(&key);
    }

    /// Gives up a series that was reserved and not shown.
    pub(crate) fn give_up(&self) {
        self.give_places_back(1);
    }

    /// Takes the series of an instance out of the output. Their cells are still the instance's.
    pub(crate) fn disown(&self, instance: u64) {
        let mut owned = self.owned.lock();
        let before = owned.len();
        owned.retain(|series| series.instance != instance);
        if owned.len() < before {
            self.give_places_back(before - owned.len());
            self.changes.own();
        }
    }
}
