//! The wrapper of `moka::future::Cache`.

use std::borrow::ToOwned;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use caracal_metrics_core::adapter::user_code;
use moka::future::{Cache, Iter, PredicateId};
use moka::{Equivalent, Policy, PredicateError};

use super::block_on::block_on;
use super::entry_selector::{OwnedKeyEntrySelector, RefKeyEntrySelector};
use super::load::timed;
use crate::kind::Kind;
use crate::observable::{ObservableCache, Shared};
use crate::observation::Observation;

wrapper! {
    /// A `moka::future::Cache` whose hits, misses and loads are counted.
    ///
    /// It has the same methods as the cache, with the same meaning. A call that is dropped before
    /// it has completed counts nothing. Clones are cheap and share the cache and its series.
    ObservedCache wraps Cache,
    invalidate_entries_if gives PredicateId,
    // Runs the future to its end. If it were dropped before, it would leave moka's locks on keys
    // with a future that nothing polls, and a listener with everything that it holds.
    run_pending_tasks is |cache: &Self| block_on(cache.run_pending_tasks()),
    may run futures: true
}

impl<K, V, S> ObservedCache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    /// Looks up a key. This is a hit if there is a value.
    pub async fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let value = self.inner().get(key).await;
        self.observation.recorder.lookup(value.is_some());
        value
    }

    /// Returns the value. If there is none, runs `init` and stores the value that it returns. This
    /// is a miss and a load if this call ran `init`. Otherwise it is a hit, even if the call waited
    /// for the `init` of another call.
    pub async fn get_with(&self, key: K, init: impl Future<Output = V>) -> V {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, |_| true);
        let value = self.inner().get_with(key, init).await;
        recorder.finish(load, true);
        value
    }

    /// Like [`get_with`](Self::get_with), but takes a reference to the key.
    pub async fn get_with_by_ref<Q>(&self, key: &Q, init: impl Future<Output = V>) -> V
    where
        Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
    {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, |_| true);
        let value = self.inner().get_with_by_ref(key, init).await;
        recorder.finish(load, true);
        value
    }

    /// Like [`get_with`](Self::get_with), but also runs `init` if `replace_if` accepts the existing
    /// value.
    #[deprecated(note = "moka replaced it with `entry().or_insert_with_if()`")]
    pub async fn get_with_if(
        &self,
        key: K,
        init: impl Future<Output = V>,
        replace_if: impl FnMut(&V) -> bool + Send,
    ) -> V {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, |_| true);
        #[allow(deprecated, reason = "available while moka has it")]
        let value = self.inner().get_with_if(key, init, replace_if).await;
        recorder.finish(load, true);
        value
    }

    /// Returns the value. If there is none, runs `init` and stores the value that it returns, if
    /// any. This is a miss if this call ran `init`, or if there is no value in the end. A load
    /// without a value is a failed load.
    pub async fn optionally_get_with<F>(&self, key: K, init: F) -> Option<V>
    where
        F: Future<Output = Option<V>>,
    {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, Option::is_some);
        let value = self.inner().optionally_get_with(key, init).await;
        recorder.finish(load, value.is_some());
        value
    }

    /// Like [`optionally_get_with`](Self::optionally_get_with), but takes a reference to the key.
    pub async fn optionally_get_with_by_ref<F, Q>(&self, key: &Q, init: F) -> Option<V>
    where
        F: Future<Output = Option<V>>,
        Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
    {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, Option::is_some);
        let value = self.inner().optionally_get_with_by_ref(key, init).await;
        recorder.finish(load, value.is_some());
        value
    }

    /// Returns the value. If there is none, runs `init` and stores the value if `init` succeeds.
    /// This is a miss if this call ran `init`, or if the result is an error, even an error of
    /// another call's `init`.
    ///
    /// # Errors
    ///
    /// Returns the error of `init`.
    pub async fn try_get_with<F, E>(&self, key: K, init: F) -> Result<V, Arc<E>>
    where
        F: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, Result::is_ok);
        let value = self.inner().try_get_with(key, init).await;
        recorder.finish(load, value.is_ok());
        value
    }

    /// Like [`try_get_with`](Self::try_get_with), but takes a reference to the key.
    ///
    /// # Errors
    ///
    /// Returns the error of `init`.
    pub async fn try_get_with_by_ref<F, E, Q>(&self, key: &Q, init: F) -> Result<V, Arc<E>>
    where
        F: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
        Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
    {
        let recorder = &self.observation.recorder;
        let mut load = None;
        let init = timed(recorder, &mut load, init, Result::is_ok);
        let value = self.inner().try_get_with_by_ref(key, init).await;
        recorder.finish(load, value.is_ok());
        value
    }

    /// Inserts a value.
    pub async fn insert(&self, key: K, value: V) {
        self.inner().insert(key, value).await;
    }

    /// Removes a value.
    pub async fn invalidate<Q>(&self, key: &Q)
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        self.inner().invalidate(key).await;
    }

    /// Removes a value and returns it. As in Caffeine, this is not a lookup: it counts neither a
    /// hit nor a miss.
    pub async fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        self.inner().remove(key).await
    }

    /// Runs the maintenance that the cache has postponed.
    pub async fn run_pending_tasks(&self) {
        self.inner().run_pending_tasks().await;
    }
}
