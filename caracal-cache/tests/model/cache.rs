//! A cache as simple as possible, which counts by the documented rules.

use super::operation::{Answer, Change, FAILURE, Key, OnEntry, Operation, Value};

/// The reason why the cache evicts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    None,
    /// Every entry expires at once.
    Expiring,
    /// The maximum number of entries per segment. The least recently used entry is evicted first.
    Entries(u64),
    /// The maximum weight per segment. The weight of a value is the value itself.
    Weight(u64),
}

#[derive(Clone, Copy)]
enum Cause {
    Expired,
    Explicit,
    Replaced,
    Size,
}

pub(crate) struct Model {
    limit: Limit,
    /// The least recently used entry is the first.
    segments: Vec<Vec<(Key, Value)>>,
    hits: u64,
    misses: u64,
    loads: u64,
    failed_loads: u64,
    /// In the order of [`Cause`].
    removals: [u64; 4],
}

/// The segment of a key. The caches' hasher moves the last bit of a key to the front.
fn segment(key: Key, segments: usize) -> usize {
    key as usize % segments
}

impl Model {
    pub(crate) fn new(limit: Limit, segments: usize) -> Self {
        Self {
            limit,
            segments: vec![Vec::new(); segments],
            hits: 0,
            misses: 0,
            loads: 0,
            failed_loads: 0,
            removals: [0; 4],
        }
    }

    pub(crate) fn counts(&self) -> ([u64; 7], [u64; 4]) {
        let [expired, _, _, size] = self.removals;
        let entries = self.segments.iter().flatten();
        let weight = entries.clone().map(|(_, value)| self.weight(*value)).sum();
        let counts = [
            self.hits,
            self.misses,
            self.loads,
            self.failed_loads,
            expired + size,
            entries.count() as u64,
            weight,
        ];
        (counts, self.removals)
    }

    pub(crate) fn run(&mut self, operation: &Operation) -> Answer {
        let answer = self.apply(operation);
        if let Limit::Expiring = self.limit {
            self.remove_if(Cause::Expired, |_| true);
        }
        answer
    }

    fn apply(&mut self, operation: &Operation) -> Answer {
        match *operation {
            Operation::Get(key) => {
                let value = self.touch(key);
                self.lookup(value.is_some());
                Ok(value)
            }
            Operation::ContainsKey(key) => Ok(self.peek(key).map(|_| 1)),
            Operation::Insert(key, value) => {
                self.put(key, value);
                Ok(None)
            }
            Operation::Invalidate(key) => {
                self.remove(key);
                Ok(None)
            }
            Operation::Remove(key) => Ok(self.remove(key)),
            Operation::InvalidateAll => {
                self.remove_if(Cause::Explicit, |_| true);
                Ok(None)
            }
            Operation::InvalidateEven => {
                self.remove_if(Cause::Explicit, |value| value % 2 == 0);
                Ok(None)
            }
            Operation::Count => Ok(u32::try_from(self.segments.iter().flatten().count()).ok()),
            Operation::RunPendingTasks => Ok(None),
            Operation::GetWith(_, key, value) => self.load(key, Ok(Some(value)), |_| false),
            Operation::GetWithIf(key, value) => self.load(key, Ok(Some(value)), |v| v % 2 == 1),
            Operation::OptionallyGetWith(_, key, value) => self.load(key, Ok(value), |_| false),
            Operation::TryGetWith(_, key, value) => {
                self.load(key, value.map(Some).ok_or(FAILURE), |_| false)
            }
            Operation::Entry(_, key, ref what) => self.entry(key, what),
            Operation::InnerGetWith(key, value) => {
                if let Some(value) = self.touch(key) {
                    return Ok(Some(value));
                }
                self.put(key, value);
                Ok(Some(value))
            }
        }
    }

    fn entry(&mut self, key: Key, what: &OnEntry) -> Answer {
        match *what {
            OnEntry::Compute(change) => self.compute(key, Some(change)),
            OnEntry::TryCompute(change) | OnEntry::TryComputeIfNobodyElse(change) => {
                self.compute(key, change)
            }
            OnEntry::Upsert(value) => self.compute(key, Some(Change::Put(value))),
            OnEntry::OrDefault => Ok(Some(self.or_insert(key, 0))),
            OnEntry::OrInsert(value) => Ok(Some(self.or_insert(key, value))),
            OnEntry::OrInsertWith(value) => self.load(key, Ok(Some(value)), |_| false),
            OnEntry::OrInsertWithIf(value) => self.load(key, Ok(Some(value)), |v| v % 2 == 1),
            OnEntry::OrOptionallyInsertWith(value) => self.load(key, Ok(value), |_| false),
            OnEntry::OrTryInsertWith(value) => {
                self.load(key, value.map(Some).ok_or(FAILURE), |_| false)
            }
        }
    }

    fn lookup(&mut self, found: bool) {
        *(if found { &mut self.hits } else { &mut self.misses }) += 1;
    }

    /// Runs an init with the result `answer`, unless there is a value that is kept.
    fn load(&mut self, key: Key, answer: Answer, replace: fn(Value) -> bool) -> Answer {
        if let Some(value) = self.peek(key).filter(|value| !replace(*value)) {
            self.touch(key);
            self.hits += 1;
            return Ok(Some(value));
        }
        self.misses += 1;
        match answer {
            Ok(Some(value)) => {
                self.loads += 1;
                self.put(key, value);
            }
            _ => self.failed_loads += 1,
        }
        answer
    }

    fn or_insert(&mut self, key: Key, value: Value) -> Value {
        let there = self.touch(key);
        self.lookup(there.is_some());
        if there.is_none() {
            self.put(key, value);
        }
        there.unwrap_or(value)
    }

    fn compute(&mut self, key: Key, change: Option<Change>) -> Answer {
        let there = self.touch(key);
        self.lookup(there.is_some());
        match change.ok_or(FAILURE)? {
            Change::Nothing => Ok(there),
            Change::Remove => Ok(self.remove(key)),
            Change::Put(value) => {
                self.put(key, value);
                Ok(Some(value))
            }
        }
    }

    fn entries(&mut self, key: Key) -> &mut Vec<(Key, Value)> {
        let index = segment(key, self.segments.len());
        &mut self.segments[index]
    }

    fn peek(&self, key: Key) -> Option<Value> {
        let mut entries = self.segments.iter().flatten();
        entries.find(|(k, _)| *k == key).map(|(_, value)| *value)
    }

    fn touch(&mut self, key: Key) -> Option<Value> {
        let entries = self.entries(key);
        let index = entries.iter().position(|(k, _)| *k == key)?;
        let entry = entries.remove(index);
        entries.push(entry);
        Some(entry.1)
    }

    fn remove(&mut self, key: Key) -> Option<Value> {
        self.touch(key)?;
        self.removals[Cause::Explicit as usize] += 1;
        self.entries(key).pop().map(|(_, value)| value)
    }

    fn remove_if(&mut self, cause: Cause, predicate: fn(Value) -> bool) {
        for entries in &mut self.segments {
            let before = entries.len();
            entries.retain(|(_, value)| !predicate(*value));
            self.removals[cause as usize] += (before - entries.len()) as u64;
        }
    }

    fn put(&mut self, key: Key, value: Value) {
        if self.touch(key).is_some() {
            self.entries(key).pop();
            self.removals[Cause::Replaced as usize] += 1;
        } else if self.weight(value) > self.room() {
            // moka does not evict other entries for one that never fits, except if that entry is new.
            self.removals[Cause::Size as usize] += 1;
            return;
        }
        self.entries(key).push((key, value));
        while self.segment_weight(key) > self.room() {
            self.entries(key).remove(0);
            self.removals[Cause::Size as usize] += 1;
        }
    }

    fn segment_weight(&self, key: Key) -> u64 {
        let entries = &self.segments[segment(key, self.segments.len())];
        entries.iter().map(|(_, value)| self.weight(*value)).sum()
    }

    fn weight(&self, value: Value) -> u64 {
        match self.limit {
            Limit::Weight(_) => u64::from(value),
            _ => 1,
        }
    }

    fn room(&self) -> u64 {
        match self.limit {
            Limit::Entries(room) | Limit::Weight(room) => room,
            Limit::None | Limit::Expiring => u64::MAX,
        }
    }
}
