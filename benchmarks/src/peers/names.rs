//! Many label values from outside, in turn.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Names in a fixed order, which is neither alphabetical nor the order in which they were created.
#[derive(Clone)]
pub(crate) struct Names(Arc<[String]>);

thread_local! {
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

impl Names {
    /// Names of up to eleven characters.
    pub(crate) fn short(count: u64) -> Self {
        Self::shuffled((0..count).map(short))
    }

    pub(crate) fn uuids(count: u64) -> Self {
        Self::shuffled((0..count).map(uuid))
    }

    fn shuffled(names: impl Iterator<Item = String>) -> Self {
        let mut names: Vec<_> = names.collect();
        names.sort_by_cached_key(hash);
        // Copies, so that the texts are in memory in the order in which they are read.
        Self(names.iter().map(|name| name.as_str().to_owned()).collect())
    }

    /// The name after the one that this thread got last.
    #[inline]
    pub(crate) fn next(&self) -> &str {
        let place = NEXT.get();
        let place = if place < self.0.len() { place } else { 0 };
        NEXT.set(place + 1);
        &self.0[place]
    }
}

/// The names to record into in turn, and the number of other series in the family.
#[derive(Clone)]
pub(crate) struct Rotation {
    pub(crate) names: Names,
    pub(crate) others: u64,
}

impl Rotation {
    pub(crate) fn of(names: Names) -> Self {
        Self { names, others: 0 }
    }

    /// The names of the other series. They are created first, so that the recorded series do not have
    /// the first places of a table.
    pub(crate) fn others(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.others).map(|number| format!("other-{number}"))
    }
}

pub(crate) fn short(number: u64) -> String {
    format!("agent-{number}")
}

/// As random as a version 4 UUID, but the same in every run.
pub(crate) fn uuid(number: u64) -> String {
    let (high, low) = (hash(&(number, "high")), hash(&(number, "low")));
    let hex = format!("{high:016x}{low:016x}");
    let (first, second, third) = (&hex[..8], &hex[8..12], &hex[13..16]);
    format!("{first}-{second}-4{third}-a{}-{}", &hex[17..20], &hex[20..])
}

/// `DefaultHasher::new` has the same keys in every process.
fn hash<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
