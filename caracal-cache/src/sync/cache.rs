//! The wrappers of `moka::sync::Cache` and `moka::sync::SegmentedCache`.

use std::borrow::ToOwned;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use caracal_metrics_core::adapter::user_code;
use moka::sync::{Cache, Iter, PredicateId, SegmentedCache};
use moka::{Equivalent, Policy, PredicateError};

use super::entry_selector::{OwnedKeyEntrySelector, RefKeyEntrySelector};
use super::load::timed;
use crate::kind::Kind;
use crate::observable::{ObservableCache, Shared};
use crate::observation::Observation;

wrapper! {
    /// A `moka::sync::Cache` whose hits, misses and loads are counted.
    ///
    /// It has the same methods as the cache, with the same meaning. Clones are cheap and share the
    /// cache and its series.
    ObservedCache wraps Cache,
    invalidate_entries_if gives PredicateId,
    run_pending_tasks is Self::run_pending_tasks,
    may run futures: false
}

wrapper! {
    /// A `moka::sync::SegmentedCache` whose hits, misses and loads are counted.
    ///
    /// It has the same methods as the cache, with the same meaning. Clones are cheap and share the
    /// cache and its series, which cover all segments together.
    ObservedSegmentedCache wraps SegmentedCache,
    invalidate_entries_if gives (),
    run_pending_tasks is Self::run_pending_tasks,
    may run futures: false
}

// moka has two cache types with the same methods, except for these details.
macro_rules! calls {
    ($name:ident, get needs [$($eq:ident)?], get_with_if is [$(#[$get_with_if:meta])*]) => {
        impl<K, V, S> $name<K, V, S>
        where
            K: Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
            S: BuildHasher + Clone + Send + Sync + 'static,
        {
            /// Looks up a key. This is a hit if there is a value.
            pub fn get<Q>(&self, key: &Q) -> Option<V>
            where
                Q: Equivalent<K> + Hash + $($eq +)? ?Sized,
            {
                let value = self.inner().get(key);
                self.observation.recorder.lookup(value.is_some());
                value
            }

            /// Returns the value. If there is none, runs `init` and stores the value that it
            /// returns. This is a miss and a load if this call ran `init`. Otherwise it is a hit,
            /// even if the call waited for the `init` of another call.
            pub fn get_with(&self, key: K, init: impl FnOnce() -> V) -> V {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, |_| true);
                let value = self.inner().get_with(key, init);
                recorder.finish(load, true);
                value
            }

            /// Like [`get_with`](Self::get_with), but takes a reference to the key.
            pub fn get_with_by_ref<Q>(&self, key: &Q, init: impl FnOnce() -> V) -> V
            where
                Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
            {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, |_| true);
                let value = self.inner().get_with_by_ref(key, init);
                recorder.finish(load, true);
                value
            }

            /// Like [`get_with`](Self::get_with), but also runs `init` if `replace_if` accepts the
            /// existing value.
            $(#[$get_with_if])*
            pub fn get_with_if(
                &self,
                key: K,
                init: impl FnOnce() -> V,
                replace_if: impl FnMut(&V) -> bool,
            ) -> V {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, |_| true);
                #[allow(deprecated, reason = "available while moka has it; deprecated in one kind only")]
                let value = self.inner().get_with_if(key, init, replace_if);
                recorder.finish(load, true);
                value
            }

            /// Returns the value. If there is none, runs `init` and stores the value that it
            /// returns, if any. This is a miss if this call ran `init`, or if there is no value in
            /// the end. A load without a value is a failed load.
            pub fn optionally_get_with<F>(&self, key: K, init: F) -> Option<V>
            where
                F: FnOnce() -> Option<V>,
            {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, Option::is_some);
                let value = self.inner().optionally_get_with(key, init);
                recorder.finish(load, value.is_some());
                value
            }

            /// Like [`optionally_get_with`](Self::optionally_get_with), but takes a reference to
            /// the key.
            pub fn optionally_get_with_by_ref<F, Q>(&self, key: &Q, init: F) -> Option<V>
            where
                F: FnOnce() -> Option<V>,
                Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
            {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, Option::is_some);
                let value = self.inner().optionally_get_with_by_ref(key, init);
                recorder.finish(load, value.is_some());
                value
            }

            /// Returns the value. If there is none, runs `init` and stores the value if `init`
            /// succeeds. This is a miss if this call ran `init`, or if the result is an error, even
            /// an error of another call's `init`.
            ///
            /// # Errors
            ///
            /// Returns the error of `init`.
            pub fn try_get_with<F, E>(&self, key: K, init: F) -> Result<V, Arc<E>>
            where
                F: FnOnce() -> Result<V, E>,
                E: Send + Sync + 'static,
            {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, Result::is_ok);
                let value = self.inner().try_get_with(key, init);
                recorder.finish(load, value.is_ok());
                value
            }

            /// Like [`try_get_with`](Self::try_get_with), but takes a reference to the key.
            ///
            /// # Errors
            ///
            /// Returns the error of `init`.
            pub fn try_get_with_by_ref<F, E, Q>(&self, key: &Q, init: F) -> Result<V, Arc<E>>
            where
                F: FnOnce() -> Result<V, E>,
                E: Send + Sync + 'static,
                Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
            {
                let recorder = &self.observation.recorder;
                let mut load = None;
                let init = timed(recorder, &mut load, init, Result::is_ok);
                let value = self.inner().try_get_with_by_ref(key, init);
                recorder.finish(load, value.is_ok());
                value
            }

            /// Inserts a value.
            pub fn insert(&self, key: K, value: V) {
                self.inner().insert(key, value);
            }

            /// Removes a value.
            pub fn invalidate<Q>(&self, key: &Q)
            where
                Q: Equivalent<K> + Hash + ?Sized,
            {
                self.inner().invalidate(key);
            }

            /// Removes a value and returns it. As in Caffeine, this is not a lookup: it counts
            /// neither a hit nor a miss.
            pub fn remove<Q>(&self, key: &Q) -> Option<V>
            where
                Q: Equivalent<K> + Hash + ?Sized,
            {
                self.inner().remove(key)
            }

            /// Runs the maintenance that the cache has postponed.
            pub fn run_pending_tasks(&self) {
                self.inner().run_pending_tasks();
            }
        }
    };
}

calls! {
    ObservedCache,
    get needs [],
    get_with_if is [#[deprecated(note = "moka replaced it with `entry().or_insert_with_if()`")]]
}

calls! { ObservedSegmentedCache, get needs [Eq], get_with_if is [] }

impl<K, V, S> ObservedSegmentedCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    /// The former name of [`get_with`](Self::get_with).
    #[deprecated(note = "moka replaced it with `get_with()`")]
    pub fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V) -> V {
        self.get_with(key, init)
    }

    /// The former name of [`try_get_with`](Self::try_get_with).
    ///
    /// # Errors
    ///
    /// Returns the error of `init`.
    #[deprecated(note = "moka replaced it with `try_get_with()`")]
    pub fn get_or_try_insert_with<F, E>(&self, key: K, init: F) -> Result<V, Arc<E>>
    where
        F: FnOnce() -> Result<V, E>,
        E: Send + Sync + 'static,
    {
        self.try_get_with(key, init)
    }
}
