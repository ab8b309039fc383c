//! The three kinds of caches, driven by the same operations.

use std::convert::identity;
use std::future::ready;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use caracal_cache::{CacheObserver, future, sync};
use caracal_metrics_core::MetricsRegistry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;

use super::cache::Limit;
use super::operation::{Answer, By, Change, FAILURE, Key, OnEntry, Operation, Value};

pub(crate) const SEGMENTS: usize = 2;

/// Something that executes operations.
pub(crate) trait Driver {
    fn run(&self, operation: &Operation) -> Answer;
}

/// Moves the last bit of a key to the front, where `SegmentedCache` looks for the segment.
#[derive(Clone, Default)]
pub(crate) struct ByLastBit(u64);

impl BuildHasher for ByLastBit {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for ByLastBit {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(5) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.0 = u64::from(n & 1) << 63 | u64::from(n);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn observer(policy: bool) -> CacheObserver {
    if policy { CacheObserver::policy() } else { CacheObserver::named("model") }
}

macro_rules! build {
    ($builder:expr, $segments:expr, $limit:expr, $policy:expr, $metrics:expr) => {{
        let observer = observer($policy);
        let builder = $builder
            .eviction_listener(observer.listener(|_, _, _| {}))
            .eviction_policy(EvictionPolicy::lru())
            .support_invalidation_closures();
        let builder = match $limit {
            Limit::None => builder,
            Limit::Expiring => builder.time_to_live(Duration::ZERO),
            Limit::Entries(room) => builder.max_capacity(room * $segments),
            Limit::Weight(room) => {
                builder.max_capacity(room * $segments).weigher(|_: &Key, value: &Value| *value)
            }
        };
        let cache = builder.build_with_hasher(ByLastBit::default());
        let cache = observer.wrap(cache, $metrics).expect("the name is free");
        assert!(cache.counts_evictions());
        Box::new(cache)
    }};
}

pub(crate) fn future(limit: Limit, policy: bool, metrics: &MetricsRegistry) -> Box<dyn Driver> {
    build!(moka::future::Cache::builder(), 1, limit, policy, metrics)
}

pub(crate) fn sync(limit: Limit, policy: bool, metrics: &MetricsRegistry) -> Box<dyn Driver> {
    build!(moka::sync::Cache::builder(), 1, limit, policy, metrics)
}

pub(crate) fn segmented(limit: Limit, policy: bool, metrics: &MetricsRegistry) -> Box<dyn Driver> {
    let builder = moka::sync::SegmentedCache::builder(SEGMENTS);
    build!(builder, SEGMENTS as u64, limit, policy, metrics)
}

fn op(change: Change) -> Op<Value> {
    match change {
        Change::Nothing => Op::Nop,
        Change::Put(value) => Op::Put(value),
        Change::Remove => Op::Remove,
    }
}

fn outcome(result: CompResult<Key, Value>) -> Option<Value> {
    result.into_entry().map(moka::Entry::into_value)
}

/// Runs an operation on a cache. `$init` creates an init with a given result, `$reply` is the result of
/// compute closures, and `$wait` is `.await` or nothing.
macro_rules! run {
    ($cache:expr, $operation:expr, $init:ident, $reply:ident, [$($wait:tt)*], $nobody_else:ident) => {
        match *$operation {
            Operation::Get(key) => Ok($cache.get(&key)$($wait)*),
            Operation::ContainsKey(key) => Ok($cache.contains_key(&key).then_some(1)),
            Operation::Insert(key, value) => {
                $cache.insert(key, value)$($wait)*;
                Ok(None)
            }
            Operation::Invalidate(key) => {
                $cache.invalidate(&key)$($wait)*;
                Ok(None)
            }
            Operation::Remove(key) => Ok($cache.remove(&key)$($wait)*),
            Operation::InvalidateAll => {
                $cache.invalidate_all();
                Ok(None)
            }
            Operation::InvalidateEven => {
                let invalidated = $cache.invalidate_entries_if(|_, value| value % 2 == 0);
                invalidated.expect("the cache supports it");
                Ok(None)
            }
            Operation::Count => {
                let visited = $cache.into_iter().count();
                assert_eq!(visited, $cache.iter().count());
                Ok(u32::try_from(visited).ok())
            }
            Operation::RunPendingTasks => {
                $cache.run_pending_tasks()$($wait)*;
                Ok(None)
            }
            Operation::GetWith(By::Value, key, value) => {
                Ok(Some($cache.get_with(key, $init(value))$($wait)*))
            }
            Operation::GetWith(By::Reference, key, value) => {
                Ok(Some($cache.get_with_by_ref(&key, $init(value))$($wait)*))
            }
            Operation::GetWithIf(key, value) => {
                #[allow(deprecated, reason = "offered as long as moka offers it")]
                let value = $cache.get_with_if(key, $init(value), |value| value % 2 == 1)$($wait)*;
                Ok(Some(value))
            }
            Operation::OptionallyGetWith(By::Value, key, value) => {
                Ok($cache.optionally_get_with(key, $init(value))$($wait)*)
            }
            Operation::OptionallyGetWith(By::Reference, key, value) => {
                Ok($cache.optionally_get_with_by_ref(&key, $init(value))$($wait)*)
            }
            Operation::TryGetWith(By::Value, key, value) => {
                let answer = $cache.try_get_with(key, $init(value.ok_or(FAILURE)))$($wait)*;
                answer.map(Some).map_err(|error| *error)
            }
            Operation::TryGetWith(By::Reference, key, value) => {
                let answer = $cache.try_get_with_by_ref(&key, $init(value.ok_or(FAILURE)))$($wait)*;
                answer.map(Some).map_err(|error| *error)
            }
            Operation::Entry(By::Value, key, ref what) => {
                run!(on_entry $cache.entry(key), what, $init, $reply, [$($wait)*], $nobody_else)
            }
            Operation::Entry(By::Reference, key, ref what) => {
                run!(on_entry $cache.entry_by_ref(&key), what, $init, $reply, [$($wait)*], $nobody_else)
            }
            Operation::InnerGetWith(key, value) => {
                Ok(Some($cache.inner().get_with(key, $init(value))$($wait)*))
            }
        }
    };
    (on_entry $entry:expr, $what:expr, $init:ident, $reply:ident, [$($wait:tt)*], $nobody_else:ident) => {
        match *$what {
            OnEntry::Compute(change) => {
                Ok(outcome($entry.and_compute_with(|_| $reply(op(change)))$($wait)*))
            }
            OnEntry::TryCompute(change) => {
                let reply = change.map(op).ok_or(FAILURE);
                $entry.and_try_compute_with(|_| $reply(reply))$($wait)*.map(outcome)
            }
            OnEntry::TryComputeIfNobodyElse(change) => {
                let reply = change.map(op).ok_or(FAILURE);
                $entry.$nobody_else(|_| $reply(reply))$($wait)*.map(outcome)
            }
            OnEntry::Upsert(value) => {
                Ok(Some($entry.and_upsert_with(|_| $reply(value))$($wait)*.into_value()))
            }
            OnEntry::OrDefault => Ok(Some($entry.or_default()$($wait)*.into_value())),
            OnEntry::OrInsert(value) => Ok(Some($entry.or_insert(value)$($wait)*.into_value())),
            OnEntry::OrInsertWith(value) => {
                Ok(Some($entry.or_insert_with($init(value))$($wait)*.into_value()))
            }
            OnEntry::OrInsertWithIf(value) => {
                Ok(Some($entry.or_insert_with_if($init(value), |value| value % 2 == 1)$($wait)*.into_value()))
            }
            OnEntry::OrOptionallyInsertWith(value) => {
                let entry = $entry.or_optionally_insert_with($init(value))$($wait)*;
                Ok(entry.map(moka::Entry::into_value))
            }
            OnEntry::OrTryInsertWith(value) => {
                let entry = $entry.or_try_insert_with($init(value.ok_or(FAILURE)))$($wait)*;
                entry.map(|entry| Some(entry.into_value())).map_err(|error| *error)
            }
        }
    };
}

fn init<T>(answer: T) -> impl FnOnce() -> T {
    move || answer
}

impl Driver for sync::ObservedCache<Key, Value, ByLastBit> {
    fn run(&self, operation: &Operation) -> Answer {
        run!(self, operation, init, identity, [], and_try_compute_with)
    }
}

impl Driver for sync::ObservedSegmentedCache<Key, Value, ByLastBit> {
    fn run(&self, operation: &Operation) -> Answer {
        run!(self, operation, init, identity, [], and_try_compute_with)
    }
}

impl Driver for future::ObservedCache<Key, Value, ByLastBit> {
    fn run(&self, operation: &Operation) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime without drivers").block_on(async {
            run!(self, operation, ready, ready, [.await], and_try_compute_if_nobody_else)
        })
    }
}
