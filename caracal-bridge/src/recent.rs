//! The handles that a thread used last.
//!
//! The macros of the facade ask the recorder for a handle for each record. Keys are compared in
//! full. Each thread has its own handles, so threads do not contend for the reference count of a
//! shared handle.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use metrics::{Counter, Gauge, Histogram, Key};

use crate::instrument::Instrument;

/// Pairs of entries. The keys of a pair have the same bits in their hash.
const PAIRS: usize = 64;

/// 2^64 divided by the golden ratio. The facade does not mix its hashes completely.
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number of recorders that have been dropped. Handles keep the series of their recorder alive.
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
    // The macros create a constant for a key whose labels are literals.
    let are_same = std::ptr::eq(own.name(), other.name()) && std::ptr::eq(own_labels, other_labels);
    are_same || (own.name() == other.name() && own_labels == other_labels) || *own == *other
}

#[derive(Default)]
struct Pair {
    places: [Option<Entry>; 2],
    /// The hash of the key that was last not found.
    missed: u64,
    /// The entry that is replaced next.
    next: usize,
}

struct Recent {
    /// Empty until the first handle is kept.
    pairs: Vec<Pair>,
    /// The value of [`GONE`] when the handles of dropped recorders were last removed.
    gone: u64,
}

thread_local! {
    static RECENT: RefCell<Recent> = const { RefCell::new(Recent { pairs: Vec::new(), gone: 0 }) };
}

#[inline]
fn pair_of(key: &Key) -> usize {
    (key.get_hash().wrapping_mul(GOLDEN_RATIO) >> (u64::BITS - PAIRS.ilog2())) as usize
}

/// Returns the handle that this thread last got for a key.
#[inline]
pub(crate) fn recall<I: Instrument>(recorder: u64, key: &Key) -> Option<I::Handle> {
    // Fails while the thread ends.
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

/// Keeps a handle if there is room, or if its key was not found twice in a row. Keys that occur
/// once therefore seldom displace others.
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

/// Called when a recorder is dropped. This thread drops its handles now. Other threads drop theirs
/// when they next keep a handle.
pub(crate) fn give_up() {
    GONE.fetch_add(1, Relaxed);
    let _ = RECENT.try_with(|recent| {
        let pairs = recent.try_borrow_mut().map(|mut recent| std::mem::take(&mut recent.pairs));
        drop(pairs);
    });
}
