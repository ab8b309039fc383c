//! Finds or creates the cell of a label set.

use std::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, Release},
};

use super::cut::Value;
use super::interner::{Interner, Known};
use super::key::Labels;
use super::recent::{Found, Lookup};
use super::store::{FamilyStore, Index, made};
use crate::engine::Cell;
use crate::labels::{AGGREGATED, MAX_LABELS};

/// The open values of a label set, as they are on its series.
pub(super) struct Carried<'a> {
    /// The elements after the values are empty.
    values: [Value<'a>; MAX_LABELS],
    count: usize,
}

impl Carried<'_> {
    pub(super) fn are_cut(&self) -> bool {
        self.values.iter().any(Value::is_cut)
    }

    /// Calls `take` with the values.
    pub(super) fn with<T>(&self, take: impl FnOnce(&[&str]) -> T) -> T {
        let texts = self.values.each_ref().map(|value| &**value);
        take(&texts[..self.count])
    }
}

/// The location in which a label set is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    pub(crate) cell: Cell,
    /// Whether the cell is shared because the family is full: the cell of the aggregated series or, for a
    /// gauge, one that no page shows.
    pub(crate) folded: bool,
}

impl Resolved {
    #[inline]
    pub(super) fn own(cell: Cell) -> Self {
        Self { cell, folded: false }
    }
}

impl FamilyStore {
    /// Returns the existing cell of a set of closed labels, in a family without open labels.
    #[inline]
    pub(super) fn dense_cell(&self, closed: u32) -> Option<Cell> {
        debug_assert!(closed < self.closed_sets);
        match &self.index {
            Index::Dense(cells) => made(cells.get(closed as usize)?),
            Index::Interned(_) => None,
        }
    }

    /// Returns whether all labels are closed.
    #[inline]
    pub(super) fn is_dense(&self) -> bool {
        matches!(self.index, Index::Dense(_))
    }

    /// Finds an existing label set, unless the user aggregates one of its labels. The most common case needs no
    /// call.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the most common case must not need a call")]
    pub(super) fn find(&self, closed: u32, open: &[&str]) -> Option<Known> {
        match (&self.index, open) {
            (Index::Interned(interner), [value]) => interner.find_one(closed, value),
            _ => self.find_other(closed, open),
        }
    }

    #[inline(never)]
    fn find_other(&self, closed: u32, open: &[&str]) -> Option<Known> {
        match &self.index {
            // There is no faster way to find it.
            Index::Dense(cells) => Some(Known { cell: made(cells.get(closed as usize)?)?, tag: 0 }),
            Index::Interned(interner) => interner.find(Labels { closed, open }),
        }
    }

    /// Returns the cell of a label set. A value that is too long is cut and counted.
    pub(crate) fn resolve(&self, labels: Labels<'_>) -> Resolved {
        // No series has a value that is too long or that the user aggregates, so such values are not found.
        // Only label sets that are not found pay for the check.
        match self.find(labels.closed, labels.open) {
            Some(known) => Resolved::own(known.cell),
            None => self.resolve_unknown(labels),
        }
    }

    /// Like [`resolve`](Self::resolve), for a label set that was not found.
    #[cold]
    pub(super) fn resolve_unknown(&self, labels: Labels<'_>) -> Resolved {
        match &self.index {
            Index::Dense(cells) => Resolved::own(self.dense(cells, labels.closed)),
            Index::Interned(interner) => self.resolve_interned(interner, labels),
        }
    }

    fn resolve_interned(&self, interner: &Interner, labels: Labels<'_>) -> Resolved {
        let aggregated = labels.open.iter().zip(self.aggregated).any(|(_, aggregated)| aggregated);
        let fits = labels.open.iter().all(|value| value.len() <= self.settings.value_bytes);
        if fits && !aggregated {
            return self.make_interned(interner, labels);
        }
        let carried = self.carried(labels.open);
        if carried.are_cut() {
            self.count_invalid();
        }
        carried.with(|open| {
            let labels = Labels { open, ..labels };
            match interner.find(labels) {
                Some(known) => Resolved::own(known.cell),
                None => self.make_interned(interner, labels),
            }
        })
    }

    /// Returns whether the series of a label set exists.
    pub(crate) fn has(&self, labels: Labels<'_>) -> bool {
        match &self.index {
            Index::Dense(cells) => made(&cells[labels.closed as usize]).is_some(),
            Index::Interned(interner) => {
                let carried = self.carried(labels.open);
                carried.with(|open| interner.look_up(Labels { open, ..labels }).is_some())
            }
        }
    }

    /// Returns open label values as they are on series.
    pub(super) fn carried<'a>(&self, open: &[&'a str]) -> Carried<'a> {
        let value = |label| match open.get(label) {
            Some(value) => self.carried_value(label, value),
            None => Value::Whole(""),
        };
        Carried { values: std::array::from_fn(value), count: open.len() }
    }

    /// Returns the value of an open label as it is on series: an aggregated value is replaced, and one that is
    /// too long is cut.
    pub(crate) fn carried_value<'a>(&self, label: usize, value: &'a str) -> Value<'a> {
        if self.aggregated[label] {
            return Value::Whole(AGGREGATED);
        }
        Value::within(value, self.settings.value_bytes)
    }

    fn dense(&self, cells: &[AtomicU32], id: u32) -> Cell {
        let slot = &cells[id as usize];
        if let Some(cell) = made(slot) {
            return cell;
        }
        self.use_from_now_on();
        let _inserting = self.dense_insert.lock();
        made(slot).unwrap_or_else(|| {
            let cell = self.allocate();
            self.changes.insert(id, cell, || slot.store(cell.to_raw() + 1, Release));
            cell
        })
    }

    fn make_interned(&self, interner: &Interner, labels: Labels<'_>) -> Resolved {
        self.use_from_now_on();
        if let Some(values) = &self.values
            && let Some(excess) = values.excess(labels.open)
        {
            self.folds.note(labels);
            return self.fold_values(interner, labels, excess);
        }
        self.make_own(interner, labels).unwrap_or_else(|| {
            self.folds.note(labels);
            self.fold(interner, labels)
        })
    }

    /// Returns the own cell of a label set, or `None` if the family has no room for it.
    fn make_own(&self, interner: &Interner, labels: Labels<'_>) -> Option<Resolved> {
        if let Some(watch) = &self.watch {
            return watch.resolve(self, interner, labels).map(Resolved::own);
        }
        // Beyond the limit, a flood of new label sets takes no lock, because it finds the aggregated series.
        if self.series.load(Relaxed) >= self.limit() {
            return None;
        }
        let create = || self.admit(labels.open).then(|| self.allocate());
        interner.find_or_insert(labels, &self.changes, &create).map(Resolved::own)
    }

    /// Returns the cell of a new label set, or `None` if the family is full.
    pub(super) fn make_within_limit(
        &self,
        interner: &Interner,
        labels: Labels<'_>,
    ) -> Option<Cell> {
        self.use_from_now_on();
        self.make_own(interner, labels).map(|own| own.cell)
    }

    /// Returns the cell for the values of a gauge if the family is full.
    pub(super) fn set_aside_cell(&self) -> Option<Cell> {
        let is_gauge = self.description.kind.is_gauge();
        is_gauge.then(|| *self.set_aside.get_or_init(|| self.allocate()))
    }

    /// Folds a label set in which some labels have too many values. These labels get the value `aggregated`.
    #[cold]
    fn fold_values(
        &self,
        interner: &Interner,
        labels: Labels<'_>,
        excess: [bool; MAX_LABELS],
    ) -> Resolved {
        let mut open = [AGGREGATED; MAX_LABELS];
        let open = &mut open[..labels.open.len()];
        for ((own, value), excess) in open.iter_mut().zip(labels.open).zip(excess) {
            if !excess {
                *own = value;
            }
        }
        if self.description.kind.is_gauge() || open.iter().all(|value| *value == AGGREGATED) {
            return self.fold(interner, labels);
        }
        let labels = Labels { open, ..labels };
        let known = interner.find(labels).map(|known| Resolved::own(known.cell));
        let own = known.or_else(|| self.make_own(interner, labels));
        own.map_or_else(|| self.fold(interner, labels), |own| Resolved { folded: true, ..own })
    }

    /// Returns the location for a label set for which there is no room.
    fn fold(&self, interner: &Interner, labels: Labels<'_>) -> Resolved {
        let cell = self.set_aside_cell().unwrap_or_else(|| {
            let aggregated = &[AGGREGATED; MAX_LABELS][..labels.open.len()];
            self.aggregated_cell(interner, Labels { open: aggregated, ..labels })
        });
        Resolved { cell, folded: true }
    }

    /// Returns the cell of an aggregated series.
    fn aggregated_cell(&self, interner: &Interner, labels: Labels<'_>) -> Cell {
        let lookup = Lookup::of(self.set(labels.closed), labels.open);
        if let Some(found) = lookup.and_then(Lookup::recall) {
            return found.cell;
        }
        let known = interner.find(labels).map(|known| known.cell);
        let cell = known.unwrap_or_else(|| self.make_unbounded(interner, labels));
        if let Some(lookup) = lookup {
            lookup.keep(Found { cell, word: None, durations: None, pages: None });
        }
        cell
    }

    /// Returns the cell of a label set that counts towards no limit.
    pub(super) fn make_unbounded(&self, interner: &Interner, labels: Labels<'_>) -> Cell {
        let create = || Some(self.allocate());
        let made = interner.find_or_insert(labels, &self.changes, &create);
        made.unwrap_or_else(|| unreachable!("the cell of a new label set was refused"))
    }

    /// Shows a series that is in the output from the start. It counts towards no limit.
    pub(super) fn expose(&self, labels: Labels<'_>) {
        match &self.index {
            Index::Dense(cells) => drop(self.dense(cells, labels.closed)),
            Index::Interned(interner) => {
                self.make_unbounded(interner, labels);
            }
        }
    }
}
