//! The parts that all wrappers have in common.

/// Defines a wrapper without the calls that read or change entries, because those are asynchronous
/// in one kind of cache and not in the others. In addition to the names in its arguments, the macro
/// uses `Iter` and the entry selectors of the module that calls it.
macro_rules! wrapper {
    (
        $(#[$doc:meta])*
        $name:ident wraps $cache:ident,
        invalidate_entries_if gives $predicate_id:ty,
        run_pending_tasks is $run:expr,
        may run futures: $futures:literal
    ) => {
        $(#[$doc])*
        #[must_use = "the cache's series leave the output when the last clone of this is dropped"]
        pub struct $name<K, V, S = RandomState> {
            observation: Arc<Observation<$cache<K, V, S>>>,
        }

        impl<K, V, S> Clone for $name<K, V, S> {
            fn clone(&self) -> Self {
                Self {
                    observation: Arc::clone(&self.observation),
                }
            }
        }

        impl<K, V, S> fmt::Debug for $name<K, V, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("name", &self.name())
                    .field("counts_evictions", &self.counts_evictions())
                    .finish_non_exhaustive()
            }
        }

        impl<K, V, S> Kind for $cache<K, V, S>
        where
            K: Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
            S: BuildHasher + Clone + Send + Sync + 'static,
        {
            const MAY_RUN_FUTURES: bool = $futures;

            fn run_pending_tasks(&self) {
                $run(self);
            }

            fn entry_count(&self) -> u64 {
                self.entry_count()
            }

            fn weighted_size(&self) -> u64 {
                self.weighted_size()
            }
        }

        impl<K, V, S> ObservableCache for $cache<K, V, S>
        where
            K: Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
            S: BuildHasher + Clone + Send + Sync + 'static,
        {
            type Observed = $name<K, V, S>;

            fn observed(observation: Shared<Self>) -> Self::Observed {
                $name {
                    observation: observation.0,
                }
            }
        }

        impl<K, V, S> $name<K, V, S> {
            /// Returns the inner cache. Lookups in it are not counted, but its removals and its
            /// size are.
            #[must_use]
            pub fn inner(&self) -> &$cache<K, V, S> {
                &self.observation.cache
            }

            /// Returns the inner cache and drops this wrapper. If this was the last clone, the
            /// series leave the output.
            #[must_use]
            pub fn into_inner(self) -> $cache<K, V, S> {
                self.inner().clone()
            }

            /// Returns whether the cache was built with the observer's
            /// [`listener`](crate::CacheObserver::listener), so that evictions and removals are
            /// counted.
            #[must_use]
            pub fn counts_evictions(&self) -> bool {
                self.observation.counts_evictions
            }

            /// Returns the name that was given to moka's builder. It is not the name in the
            /// metrics.
            #[must_use]
            pub fn name(&self) -> Option<&str> {
                self.inner().name()
            }

            /// Returns the settings of the cache.
            #[must_use]
            pub fn policy(&self) -> Policy {
                self.inner().policy()
            }

            /// Returns moka's estimate of the number of entries. To update it first, call
            /// [`run_pending_tasks`](Self::run_pending_tasks). The size in the metrics is already
            /// up to date.
            #[must_use]
            pub fn entry_count(&self) -> u64 {
                self.inner().entry_count()
            }

            /// Returns moka's estimate of the sum of all weights. See
            /// [`entry_count`](Self::entry_count).
            #[must_use]
            pub fn weighted_size(&self) -> u64 {
                self.inner().weighted_size()
            }
        }

        impl<K, V, S> $name<K, V, S>
        where
            K: Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
            S: BuildHasher + Clone + Send + Sync + 'static,
        {
            /// Returns whether there is a value. As in moka, this is not a lookup, so it counts
            /// nothing.
            #[must_use]
            pub fn contains_key<Q>(&self, key: &Q) -> bool
            where
                Q: Equivalent<K> + Hash + ?Sized,
            {
                self.inner().contains_key(key)
            }

            /// Selects the entry of a key, to insert or compute its value.
            pub fn entry(&self, key: K) -> OwnedKeyEntrySelector<'_, K, V, S> {
                OwnedKeyEntrySelector::new(self.inner().entry(key), &self.observation.recorder)
            }

            /// Like [`entry`](Self::entry), but takes a reference to the key.
            pub fn entry_by_ref<'a, Q>(&'a self, key: &'a Q) -> RefKeyEntrySelector<'a, K, Q, V, S>
            where
                Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
            {
                let selector = self.inner().entry_by_ref(key);
                RefKeyEntrySelector::new(selector, &self.observation.recorder)
            }

            /// Removes all values. Lookups stop finding them at once. The maintenance of the cache
            /// removes the entries later. Until then they are in the size and not in the removals.
            pub fn invalidate_all(&self) {
                self.inner().invalidate_all();
            }

            /// Removes all values that the predicate accepts. See
            /// [`invalidate_all`](Self::invalidate_all). In a cache with more than 384 entries,
            /// moka 0.12.16 does not remove all of them. See
            /// [`CacheObserver::wrap`](crate::CacheObserver::wrap).
            ///
            /// # Errors
            ///
            /// Returns an error if the cache was built without `support_invalidation_closures`.
            pub fn invalidate_entries_if<F>(
                &self,
                predicate: F,
            ) -> Result<$predicate_id, PredicateError>
            where
                F: Fn(&K, &V) -> bool + Send + Sync + 'static,
            {
                self.inner().invalidate_entries_if(move |key, value| {
                    user_code(|| predicate(key, value))
                })
            }

            /// Iterates over all entries. These are not lookups.
            #[must_use]
            pub fn iter(&self) -> Iter<'_, K, V> {
                self.inner().iter()
            }
        }

        impl<'a, K, V, S> IntoIterator for &'a $name<K, V, S>
        where
            K: Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
            S: BuildHasher + Clone + Send + Sync + 'static,
        {
            type Item = (Arc<K>, V);
            type IntoIter = Iter<'a, K, V>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }
    };
}
