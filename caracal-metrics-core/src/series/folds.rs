//! The label sets that a family folded recently: it counted them in an aggregated series, or dropped them,
//! because of a limit.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use super::cut::Value;
use super::key::{Key, Labels};
use super::store::FamilyStore;

/// The number of folded label sets to keep.
const KEPT: usize = 8;

/// The maximum number of folds to look at between two pages. After that, a fold in a flood costs one load.
const LOOKS: usize = 64;

/// The maximum length of a kept value, in bytes.
const VALUE_BYTES: usize = 256;

#[derive(Debug)]
pub(super) struct Folds {
    looks: AtomicUsize,
    /// The newest last.
    kept: Mutex<Vec<Key>>,
}

impl Default for Folds {
    fn default() -> Self {
        Self { looks: AtomicUsize::new(LOOKS), kept: Mutex::default() }
    }
}

impl Folds {
    /// Called when a page starts: the next folds are looked at again.
    pub(super) fn look_again(&self) {
        if self.looks.load(Relaxed) < LOOKS {
            self.looks.store(LOOKS, Relaxed);
        }
    }

    /// Notes that this label set was folded.
    #[inline]
    pub(super) fn note(&self, labels: Labels<'_>) {
        if self.looks.load(Relaxed) > 0 {
            self.keep(labels);
        }
    }

    #[cold]
    fn keep(&self, labels: Labels<'_>) {
        // Recording never waits: if another thread is keeping a fold at this moment, this one is not kept.
        let Some(mut kept) = self.kept.try_lock() else { return };
        self.looks.store(self.looks.load(Relaxed).saturating_sub(1), Relaxed);
        let values = labels.open.iter().map(|value| Value::within(value, VALUE_BYTES));
        let open: Box<[Box<str>]> = values.map(|value| (*value).into()).collect();
        let key = Key { closed: labels.closed, open };
        kept.retain(|other| *other != key);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(key);
    }
}

impl FamilyStore {
    /// Returns the open labels of label sets that were folded recently, the newest last.
    pub(crate) fn last_folded(&self) -> Vec<Vec<(String, String)>> {
        let open = self.description.labels.iter().filter(|label| label.values.is_open());
        let names: Vec<_> = open.map(|label| label.name).collect();
        let of_set = |key: &Key| {
            if let Some(read) = self.description.series_labels {
                let labels = key.open.iter().flat_map(|text| read(text));
                return labels.map(|(name, value)| (name.into(), value.into())).collect();
            }
            let labels = names.iter().zip(&key.open);
            labels.map(|(name, value)| ((*name).to_owned(), value.to_string())).collect()
        };
        self.folds.kept.lock().iter().map(of_set).collect()
    }
}
