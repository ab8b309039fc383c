//! Hides series that nothing was recorded into for some time.
//!
//! Each page looks at some of the series on it, so many that each is looked at eight times within the
//! time. A series that is found by its labels may have been recorded since the last look: it is marked,
//! so that the next record takes the path of new label sets, which makes it findable again. One
//! that is still marked when the time has passed is hidden. See [`Rest`].
//!
//! So a series leaves the page between one and one and a quarter of the time after the last record, and two
//! intervals of scrapes. It returns with the next record, at once: it is listed among the changes of the
//! family before it is found, as a label set is that is new.
//!
//! A record that overlaps the hiding counts as one before it: its total is kept, and shown with the next
//! record. Since a series is marked for the whole time before it is hidden, only a thread that stops
//! for that long in the middle of a record has such a record.

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

/// How often a series is looked at within the time after which it is hidden.
const LOOKS: u32 = 8;

/// How many series are looked at under one lock, which the records of label sets that are marked wait for.
const AT_A_TIME: usize = 128;

/// How many label sets a family keeps, in multiples of its limit: those on the page and those hidden.
const RECORDS_PER_LIMIT: usize = 10;

#[derive(Debug)]
struct Idle {
    after: Duration,
    clock: RegistryClock,
    hidden: AtomicUsize,
    /// How many handles there are of each cell that has any.
    held: Mutex<HashMap<u32, usize>>,
    shown: Mutex<Shown>,
}

/// The series on the page that may become idle.
#[derive(Debug, Default)]
struct Shown {
    series: Vec<Series>,
    /// The one that is looked at next.
    next: usize,
    last_look: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Series {
    /// Of its record.
    place: u32,
    /// When it was marked, if it was.
    marked: Option<Duration>,
}

/// What hides the series of a family that are idle for so long.
pub(crate) fn watch(after: Duration, clock: RegistryClock) -> Box<dyn Watch> {
    let shown = Mutex::new(Shown { last_look: clock.now(), ..Shown::default() });
    Box::new(Idle { after, clock, hidden: AtomicUsize::new(0), held: Mutex::default(), shown })
}

/// Whether a series is on the page for good: one that may be there from the start, or to which the records
/// of a full family go. Neither counts against the limit.
fn is_permanent(store: &FamilyStore, key: &Key) -> bool {
    if let Some(read) = store.description.series_labels {
        let labels: Vec<_> = key.open.iter().flat_map(|text| read(text)).collect();
        return !labels.is_empty() && labels.iter().all(|(_, value)| value == AGGREGATED);
    }
    let all = |text: &str| key.open.iter().all(|value| &**value == text);
    all("") || all(AGGREGATED)
}

impl Shown {
    /// How many series are to be looked at now.
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
    /// Whether the series has to stay on the page. Under the lock of the interner.
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
        // Without the lock, which a flood past the limit must not take.
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
            // From the last on, so that none of these moves to the place of another one.
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
