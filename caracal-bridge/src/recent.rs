//! The handles that a thread asked for last.
//!
//! The macros of the facade ask the recorder for a handle for each record. What is found here was
//! compared in full. Each thread has handles of its own, so that no two threads count the references of
//! one.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use metrics::{Counter, Gauge, Histogram, Key};

use crate::instrument::Instrument;

/// Pairs of places, of which each has keys with the same bits in their hash.
const PAIRS: usize = 64;

/// 2^64 divided by the golden ratio: the facade's hashes are not mixed to the end.
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// How many recorders have gone. Handles keep the series of theirs.
static GONE: AtomicU64 = AtomicU64::new(0);

/// A handle of the facade.
pub(crate) enum Handle {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
}

struct Entry {
    /// The number of the recorder.
    recorder: u64,
    key: Key,
    handle: Handle,
}

impl Entry {
    #[inline]
    fn has(&self, recorder: u64, key: &Key) -> bool {
        self.recorder == recorder
            && self.key.get_hash() == key.get_hash()
            && are_equal(&self.key, key)
    }
}

/// Whether two keys with the same hash are equal.
#[inline]
fn are_equal(own: &Key, other: &Key) -> bool {
    let (own_labels, other_labels) = (own.labels().as_slice(), other.labels().as_slice());
    // The macros make a constant of a key whose labels are literals.
    let are_same = std::ptr::eq(own.name(), other.name()) && std::ptr::eq(own_labels, other_labels);
    are_same || (own.name() == other.name() && own_labels == other_labels) || *own == *other
}

#[derive(Default)]
struct Pair {
    places: [Option<Entry>; 2],
    /// The hash of the key that was not found last.
    missed: u64,
    /// The place that is given up next.
    next: usize,
}

struct Recent {
    /// Empty until the first handle is kept.
    pairs: Vec<Pair>,
    /// [`GONE`] as it was when the handles of recorders that are gone were given up.
    gone: u64,
}

thread_local! {
    static RECENT: RefCell<Recent> = const { RefCell::new(Recent { pairs: Vec::new(), gone: 0 }) };
}

#[inline]
fn pair_of(key: &Key) -> usize {
    (key.get_hash().wrapping_mul(GOLDEN_RATIO) >> (u64::BITS - PAIRS.ilog2())) as usize
}

/// The handle that this thread got last for a key.
#[inline]
pub(crate) fn recall<I: Instrument>(recorder: u64, key: &Key) -> Option<I::Handle> {
    // Not where the thread ends.
    let recalled = RECENT.try_with(|recent| {
        let recent = recent.try_borrow().ok()?;
        let pair = recent.pairs.get(pair_of(key))?;
        pair.places.iter().flatten().find_map(|entry| {
            let handle = I::kept(&entry.handle)?;
            entry.has(recorder, key).then(|| handle.clone())
        })
    });
    recalled.ok().flatten()
}

/// Keeps a handle if there is room, or if its key was not found twice in a row: keys that come once
/// seldom drive out those that come often.
pub(crate) fn keep<I: Instrument>(recorder: u64, key: &Key, handle: &I::Handle) {
    let _ = RECENT.try_with(|recent| {
        let Ok(mut recent) = recent.try_borrow_mut() else { return };
        let gone = GONE.load(Relaxed);
        let outdated =
            if recent.gone == gone { Vec::new() } else { std::mem::take(&mut recent.pairs) };
        recent.gone = gone;
        if recent.pairs.is_empty() {
            recent.pairs.resize_with(PAIRS, Pair::default);
        }
        let pair = &mut recent.pairs[pair_of(key)];
        let vacant = pair.places.iter().position(Option::is_none);
        let is_due = std::mem::replace(&mut pair.missed, key.get_hash()) == key.get_hash();
        if vacant.is_none() && !is_due {
            return;
        }
        let place = vacant.unwrap_or(pair.next);
        pair.next = 1 - place;
        let handle = I::keep(handle);
        let entry = Entry { recorder, key: key.to_retained(), handle };
        let replaced = pair.places[place].replace(entry);
        drop(recent);
        // These may be the last references to the series of a recorder.
        drop((outdated, replaced));
    });
}

/// A recorder goes. This thread gives up its handles now, others with the next one that they keep.
pub(crate) fn give_up() {
    GONE.fetch_add(1, Relaxed);
    let _ = RECENT.try_with(|recent| {
        let pairs = recent.try_borrow_mut().map(|mut recent| std::mem::take(&mut recent.pairs));
        drop(pairs);
    });
}
