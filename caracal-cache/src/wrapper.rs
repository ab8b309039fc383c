//! What the wrappers of all kinds have in common.

/// Defines a wrapper, all of it but the calls that read or change entries: those wait in one kind
/// and not in the others. Besides the names in its arguments it takes `Iter` and the entry selectors
/// from where it stands.
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
            /// The cache itself. Lookups there are not counted; removals and the size are.
            #[must_use]
            pub fn inner(&self) -> &$cache<K, V, S> {
                &self.observation.cache
            }

            /// The cache itself, without this wrapper. The series go if it was the last clone.
            #[must_use]
            pub fn into_inner(self) -> $cache<K, V, S> {
                self.inner().clone()
            }

            /// Whether the cache was built with the observer's
            /// [`listener`](crate::CacheObserver::listener), so that evictions and removals are
            /// counted.
            #[must_use]
            pub fn counts_evictions(&self) -> bool {
                self.observation.counts_evictions
            }

            /// The name that moka's builder was given, which is not the one of the metrics.
            #[must_use]
            pub fn name(&self) -> Option<&str> {
                self.inner().name()
            }

            /// The cache's settings.
            #[must_use]
            pub fn policy(&self) -> Policy {
                self.inner().policy()
            }

            /// moka's estimate of how many entries there are. It lags behind unless
            /// [`run_pending_tasks`](Self::run_pending_tasks) came first; the exposed size doesn't.
            #[must_use]
            pub fn entry_count(&self) -> u64 {
                self.inner().entry_count()
            }

            /// moka's estimate of the sum of all weights; see [`entry_count`](Self::entry_count).
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
            /// Whether there is a value. To moka this is no lookup, and it counts nothing.
            #[must_use]
            pub fn contains_key<Q>(&self, key: &Q) -> bool
            where
                Q: Equivalent<K> + Hash + ?Sized,
            {
                self.inner().contains_key(key)
            }

            /// Selects a key's entry, to insert or compute its value.
            pub fn entry(&self, key: K) -> OwnedKeyEntrySelector<'_, K, V, S> {
                OwnedKeyEntrySelector::new(self.inner().entry(key), &self.observation.recorder)
            }

            /// [`entry`](Self::entry) by reference to the key.
            pub fn entry_by_ref<'a, Q>(&'a self, key: &'a Q) -> RefKeyEntrySelector<'a, K, Q, V, S>
            where
                Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized,
            {
                let selector = self.inner().entry_by_ref(key);
                RefKeyEntrySelector::new(selector, &self.observation.recorder)
            }

            /// Takes all values out. Lookups miss them at once. The cache removes them with its
            /// maintenance: until then they are in the size and not among the removals.
            pub fn invalidate_all(&self) {
                self.inner().invalidate_all();
            }

            /// Takes out all values that the predicate accepts; see
            /// [`invalidate_all`](Self::invalidate_all). In a cache of more than 384 entries, moka
            /// 0.12.16 leaves some of them in; see [`CacheObserver::wrap`](crate::CacheObserver::wrap).
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

            /// Visits all entries. No lookups.
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
