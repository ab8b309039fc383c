//! The operations on a cache.

use proptest::prelude::*;

pub(crate) type Key = u32;
pub(crate) type Value = u32;

/// The result of an operation: a value or none, or the error of an init or compute closure.
pub(crate) type Answer = Result<Option<Value>, &'static str>;

pub(crate) const FAILURE: &str = "the closure failed";

/// How the key is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Value,
    Reference,
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Get(Key),
    ContainsKey(Key),
    Insert(Key, Value),
    Invalidate(Key),
    Remove(Key),
    InvalidateAll,
    /// Removes the even values.
    InvalidateEven,
    /// The number of entries that an iterator returns.
    Count,
    RunPendingTasks,
    GetWith(By, Key, Value),
    /// Replaces odd values.
    GetWithIf(Key, Value),
    OptionallyGetWith(By, Key, Option<Value>),
    TryGetWith(By, Key, Option<Value>),
    Entry(By, Key, OnEntry),
    /// Bypasses the wrapper: changes the cache and counts no lookup.
    InnerGetWith(Key, Value),
}

#[derive(Clone, Debug)]
pub(crate) enum OnEntry {
    Compute(Change),
    TryCompute(Option<Change>),
    /// The same, for the caches in which moka has it: `future` caches.
    TryComputeIfNobodyElse(Option<Change>),
    Upsert(Value),
    OrDefault,
    OrInsert(Value),
    OrInsertWith(Value),
    /// Replaces odd values.
    OrInsertWithIf(Value),
    OrOptionallyInsertWith(Option<Value>),
    OrTryInsertWith(Option<Value>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Nothing,
    Put(Value),
    Remove,
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{
        ContainsKey, Count, Entry, Get, GetWith, GetWithIf, InnerGetWith, Insert, Invalidate,
        InvalidateAll, InvalidateEven, OptionallyGetWith, Remove, RunPendingTasks, TryGetWith,
    };
    let key = || 0_u32..6;
    let value = || 0_u32..8;
    let maybe = || prop::option::of(0_u32..8);
    prop_oneof![
        4 => key().prop_map(Get),
        1 => key().prop_map(ContainsKey),
        4 => (key(), value()).prop_map(|(k, v)| Insert(k, v)),
        1 => key().prop_map(Invalidate),
        1 => key().prop_map(Remove),
        1 => Just(InvalidateAll),
        1 => Just(InvalidateEven),
        1 => Just(Count),
        1 => Just(RunPendingTasks),
        3 => (by(), key(), value()).prop_map(|(by, k, v)| GetWith(by, k, v)),
        1 => (key(), value()).prop_map(|(k, v)| GetWithIf(k, v)),
        2 => (by(), key(), maybe()).prop_map(|(by, k, v)| OptionallyGetWith(by, k, v)),
        2 => (by(), key(), maybe()).prop_map(|(by, k, v)| TryGetWith(by, k, v)),
        8 => (by(), key(), on_entry()).prop_map(|(by, k, what)| Entry(by, k, what)),
        1 => (key(), value()).prop_map(|(k, v)| InnerGetWith(k, v)),
    ]
}

fn on_entry() -> impl Strategy<Value = OnEntry> {
    use OnEntry::{
        Compute, OrDefault, OrInsert, OrInsertWith, OrInsertWithIf, OrOptionallyInsertWith,
        OrTryInsertWith, TryCompute, TryComputeIfNobodyElse, Upsert,
    };
    let value = || 0_u32..8;
    let maybe = || prop::option::of(0_u32..8);
    prop_oneof![
        change().prop_map(Compute),
        prop::option::of(change()).prop_map(TryCompute),
        prop::option::of(change()).prop_map(TryComputeIfNobodyElse),
        value().prop_map(Upsert),
        Just(OrDefault),
        value().prop_map(OrInsert),
        value().prop_map(OrInsertWith),
        value().prop_map(OrInsertWithIf),
        maybe().prop_map(OrOptionallyInsertWith),
        maybe().prop_map(OrTryInsertWith),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![Just(Change::Nothing), (0_u32..8).prop_map(Change::Put), Just(Change::Remove),]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Value), Just(By::Reference)]
}
