//! Hides series into which nothing was recorded for some time.
//!
//! Each page looks at some of its series, so that each series is looked at eight times within the idle time. A
//! series that can be found by its labels may have been recorded since the last look. It is marked, so that the
//! next record takes the path of new label sets, which makes the series findable again. A series that is still
//! marked when the time has passed is hidden. See [`Rest`].
//!
//! A series therefore leaves the page between 1 and 1.25 times the idle time after the last record, plus two
//! scrape intervals. It returns with the next record, immediately: like a new label set, it is listed in the
//! changes of the family before it is findable.
//!
//! A record that overlaps the hiding counts as one before it: its total is kept, and shown with the next
//! record. A series is marked for the whole idle time before it is hidden, so such a record only happens if a
//! thread stops for that long in the middle of a record.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use super::interner::Interner;
use super::key::{Key, Labels};
use super::rest::Rest;
use super::rows::Rows;
use super::store::FamilyStore;
use super::watch::Watch;
use crate::engine::{self, Cell};
use crate::family_spec::FamilyKind;
use crate::hide_error::HideError;
use crate::labels::AGGREGATED;
use crate::registry_clock::RegistryClock;

/// How often a series is looked at within the idle time.
const LOOKS: u32 = 8;

/// The number of series that are looked at under one lock. Records of marked label sets wait for this lock.
const AT_A_TIME: usize = 128;

/// The maximum number of label sets of a family, as a multiple of its limit. It includes hidden ones.
const RECORDS_PER_LIMIT: usize = 10;

#[derive(Debug)]
struct Idle {
    after: Duration,
    clock: RegistryClock,
    hidden: AtomicUsize,
    /// The number of handles of each cell that has any.
    held: Mutex<HashMap<u32, usize>>,
    shown: Mutex<Shown>,
}

/// The series on the page that can become idle.
#[derive(Debug, Default)]
struct Shown {
    series: Vec<Series>,
    /// The index of the series to look at next.
    next: usize,
    last_look: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Series {
    /// The index of its record.
    place: u32,
    /// The time at which it was marked, if it is.
    marked: Option<Duration>,
}

/// Creates a watch that hides the series of a family that are idle for this time.
pub(crate) fn watch(after: Duration, clock: RegistryClock) -> Box<dyn Watch> {
    let shown = Mutex::new(Shown { last_look: clock.now(), ..Shown::default() });
    Box::new(Idle { after, clock, hidden: AtomicUsize::new(0), held: Mutex::default(), shown })
}

/// Returns whether a series always stays on the page: one that can exist from the start, or that receives the
/// records of a full family. Neither counts towards the limit.
fn is_permanent(store: &FamilyStore, key: &Key) -> bool {
    if let Some(read) = store.description.series_labels {
        let labels: Vec<_> = key.open.iter().flat_map(|text| read(text)).collect();
        return !labels.is_empty() && labels.iter().all(|(_, value)| value == AGGREGATED);
    }
    let all = |text: &str| key.open.iter().all(|value| &**value == text);
    all("") || all(AGGREGATED)
}

impl Shown {
    /// Returns the number of series to look at now.
    fn due(&mut self, now: Duration, after: Duration) -> usize {
        let elapsed = now.saturating_sub(self.last_look).as_nanos();
        self.last_look = now;
        let all = self.series.len();
        let due = (all as u128 * elapsed).div_ceil((after / LOOKS).as_nanos().max(1));
        usize::try_from(due).map_or(all, |due| due.min(all))
    }

    fn forget(&mut self, place: u32) {
        if let Some(at) = self.series.iter().position(|series| series.place == place) {
            self.series.swap_remove(at);
        }
    }
}

impl Idle {
    /// Returns whether the series must stay on the page. The lock of the interner is held.
    fn is_in_use(&self, store: &FamilyStore, cell: Cell) -> bool {
        self.held.lock().contains_key(&cell.to_raw())
            || (store.kind() == FamilyKind::Gauge
                && store.tracks()
                && engine::reader().in_flight(cell) != 0)
    }

    fn note_hidden(&self, store: &FamilyStore, key: &Key) {
        self.hidden.fetch_add(1, Relaxed);
        store.give_places_back(1);
        if let Some(values) = &store.values {
            values.forget(&key.open);
        }
    }

    /// Looks at one series.
    fn look_at(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        series: &mut Series,
        (cell, rest): (Cell, Rest),
        now: Duration,
    ) -> Rest {
        let is_due = |marked| now.saturating_sub(marked) >= self.after;
        match (rest, series.marked) {
            (Rest::Awake, _) if self.is_in_use(store, cell) => {
                series.marked = None;
                Rest::Awake
            }
            (Rest::Awake, _) | (Rest::Marked, None) => {
                series.marked = Some(now);
                Rest::Marked
            }
            (Rest::Marked, Some(marked)) if is_due(marked) => {
                let key = interner.key(series.place);
                if self.is_in_use(store, cell) || store.is_owned(&key) {
                    series.marked = None;
                    Rest::Awake
                } else {
                    self.note_hidden(store, &key);
                    Rest::Hidden
                }
            }
            (rest, _) => rest,
        }
    }
}

impl Watch for Idle {
    fn resolve(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        labels: Labels<'_>,
    ) -> Option<Cell> {
        let has_room = || store.series() < store.limit();
        let may_have_more = || {
            let records = store.series() + self.hidden();
            has_room() && records < store.limit().saturating_mul(RECORDS_PER_LIMIT)
        };
        // This does not take the lock, because a flood beyond the limit must not.
        match interner.look_up(labels) {
            None if !may_have_more() => return None,
            Some((_, _, Rest::Hidden)) if !has_room() => return None,
            _ => {}
        }
        let create = || (may_have_more() && store.admit(labels.open)).then(|| store.allocate());
        let show = || {
            let has_place = store.admit(labels.open);
            self.hidden.fetch_sub(usize::from(has_place), Relaxed);
            has_place
        };
        interner.wake_or_insert(labels, &store.changes, &create, &show)
    }

    fn show(&self, store: &FamilyStore, interner: &Interner, labels: Labels<'_>) {
        let show = || {
            store.series.fetch_add(1, Relaxed);
            if let Some(values) = &store.values {
                values.count(labels.open, true);
            }
            self.hidden.fetch_sub(1, Relaxed);
            true
        };
        interner.wake_or_insert(labels, &store.changes, &|| None, &show);
    }

    fn look(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        fresh: &[(u32, Cell)],
        rows: &mut Arc<Rows>,
    ) {
        let mut shown = self.shown.lock();
        let shown = &mut *shown;
        let fresh = fresh.iter().map(|(place, _)| *place);
        let fresh = fresh.filter(|place| !is_permanent(store, &interner.key(*place)));
        shown.series.extend(fresh.map(|place| Series { place, marked: None }));
        let now = self.clock.now();
        let mut due = shown.due(now, self.after);
        let mut gone = Vec::new();
        let mut any_marked = false;
        while due > 0 {
            if shown.next >= shown.series.len() {
                shown.next = 0;
            }
            let some = &mut shown.series[shown.next..];
            let len = some.len().min(due).min(AT_A_TIME);
            let some = &mut some[..len];
            let mut hidden = Vec::new();
            let places: Vec<_> = some.iter().map(|series| series.place).collect();
            let mut at = 0;
            interner.change_rest(places.into_iter(), |place, cell, rest| {
                let after = self.look_at(store, interner, &mut some[at], (cell, rest), now);
                any_marked |= after == Rest::Marked && rest == Rest::Awake;
                if after == Rest::Hidden {
                    hidden.push(at);
                    gone.push(place);
                }
                at += 1;
                after
            });
            // In reverse order, so that no series moves to the index of another one.
            for at in hidden.iter().rev() {
                shown.series.swap_remove(shown.next + at);
            }
            shown.next += len - hidden.len();
            due -= len;
        }
        if any_marked {
            store.renumber();
        }
        if !gone.is_empty() {
            store.take_out(rows, &gone);
        }
    }

    fn hide(
        &self,
        store: &FamilyStore,
        interner: &Interner,
        labels: Labels<'_>,
        rows: &mut Arc<Rows>,
    ) -> Result<(), HideError> {
        let metric = || store.name().to_owned();
        let (place, ..) =
            interner.look_up(labels).ok_or_else(|| HideError::Unknown { metric: metric() })?;
        let key = interner.key(place);
        if is_permanent(store, &key) {
            return Err(HideError::Permanent { metric: metric() });
        }
        let mut result = Ok(false);
        interner.change_rest(std::iter::once(place), |_, cell, rest| {
            if rest == Rest::Hidden {
                return rest;
            }
            if self.is_in_use(store, cell) || store.is_owned(&key) {
                result = Err(HideError::InUse { metric: metric() });
                return rest;
            }
            self.note_hidden(store, &key);
            result = Ok(true);
            Rest::Hidden
        });
        if result? {
            self.shown.lock().forget(place);
            store.renumber();
            store.take_out(rows, &[place]);
        }
        Ok(())
    }

    fn hold(&self, cell: Cell) {
        *self.held.lock().entry(cell.to_raw()).or_default() += 1;
    }

    fn let_go(&self, cell: Cell) {
        if let Entry::Occupied(mut handles) = self.held.lock().entry(cell.to_raw()) {
            *handles.get_mut() -= 1;
            if *handles.get() == 0 {
                handles.remove();
            }
        }
    }

    fn hidden(&self) -> usize {
        self.hidden.load(Relaxed)
    }
}
