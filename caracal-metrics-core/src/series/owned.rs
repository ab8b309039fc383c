//! Series that belong to an attached instance, and are removed together with it.

use super::key::{Key, Labels};
use super::store::{FamilyStore, Full, OwnedSeries};

impl FamilyStore {
    /// Creates a series that an instance will own. The output does not show it yet.
    pub(crate) fn reserve(&self, key: Key) -> Result<OwnedSeries, Full> {
        self.take_place()?;
        Ok(OwnedSeries { instance: 0, key, cell: self.allocate() })
    }

    /// Like [`reserve`](Self::reserve), with the values as they are on the series. A value that is too long is
    /// counted.
    pub(super) fn reserve_carried(&self, labels: Labels<'_>) -> Result<OwnedSeries, Full> {
        let carried = self.carried(labels.open);
        if carried.are_cut() {
            self.count_invalid();
        }
        let open = carried.with(|open| open.iter().map(|value| (*value).into()).collect());
        self.reserve(Key { closed: labels.closed, open })
    }

    /// Shows a reserved series.
    pub(crate) fn own(&self, instance: u64, series: OwnedSeries) {
        let key = series.key.clone();
        self.rows_anew.get_or_init(|| Self::rows_anew);
        {
            let mut owned = self.owned.lock();
            owned.push(OwnedSeries { instance, ..series });
            self.changes.own();
        }
        // This comes after the series was added: once this is locked, whatever is hidden has no instance.
        self.show_recorded(&key);
    }

    /// Gives up a reserved series that was not shown.
    pub(crate) fn give_up(&self) {
        self.give_places_back(1);
    }

    /// Removes the series of an instance from the output. Their cells still belong to the instance.
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
