//! Label values that come from outside, many of them in turn.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Names in a fixed order that is neither the alphabet's nor that in which they were made.
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
        // Copies, so that their text is where they are read, one after the other.
        Self(names.iter().map(|name| name.as_str().to_owned()).collect())
    }

    /// The one after that which this thread was given last.
    #[inline]
    pub(crate) fn next(&self) -> &str {
        let place = NEXT.get();
        let place = if place < self.0.len() { place } else { 0 };
        NEXT.set(place + 1);
        &self.0[place]
    }
}

/// What is recorded into, in turn, and how many series its family has besides.
#[derive(Clone)]
pub(crate) struct Rotation {
    pub(crate) names: Names,
    pub(crate) others: u64,
}

impl Rotation {
    pub(crate) fn of(names: Names) -> Self {
        Self { names, others: 0 }
    }

    /// What the other series are called. They are made first, so that what is recorded into does
    /// not have the first places of a table.
    pub(crate) fn others(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.others).map(|number| format!("other-{number}"))
    }
}

pub(crate) fn short(number: u64) -> String {
    format!("agent-{number}")
}

/// As random as version 4 says, and the same in every run.
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
