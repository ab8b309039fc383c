//! Selected entries of `moka::sync` caches.

use std::borrow::ToOwned;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use moka::ops::compute::{CompResult, Op};
use moka::{Entry, Equivalent};

use super::load::{counted, timed};
use crate::recorder::Recorder;

/// The entry of a key, like moka's selector of the same name. Use it to insert or compute the
/// value.
#[must_use = "selecting an entry has no effect by itself"]
pub struct OwnedKeyEntrySelector<'a, K, V, S> {
    selector: moka::sync::OwnedKeyEntrySelector<'a, K, V, S>,
    recorder: &'a Recorder,
}

/// The entry of a key that was given by reference. See [`OwnedKeyEntrySelector`].
#[must_use = "selecting an entry has no effect by itself"]
pub struct RefKeyEntrySelector<'a, K, Q, V, S>
where
    Q: ?Sized,
{
    selector: moka::sync::RefKeyEntrySelector<'a, K, Q, V, S>,
    recorder: &'a Recorder,
}

// moka has two selector types with the same methods.
macro_rules! selector {
    ($name:ident [$($generic:ident),*] $(where $($bound:tt)+)?) => {
        impl<K, $($generic,)* V, S> fmt::Debug for $name<'_, K, $($generic,)* V, S>
        where
            $($generic: ?Sized,)*
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<'a, K, $($generic,)* V, S> $name<'a, K, $($generic,)* V, S>
        where
            K: Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
            S: BuildHasher + Clone + Send + Sync + 'static,
            $($($bound)+)?
        {
            pub(super) fn new(
                selector: moka::sync::$name<'a, K, $($generic,)* V, S>,
                recorder: &'a Recorder,
            ) -> Self {
                Self { selector, recorder }
            }

            /// Runs the closure, which decides whether a value is inserted, kept or removed. This
            /// is a hit if the closure received an entry. It is not a load.
            pub fn and_compute_with<F>(self, f: F) -> CompResult<K, V>
            where
                F: FnOnce(Option<Entry<K, V>>) -> Op<V>,
            {
                self.selector.and_compute_with(counted(self.recorder, f))
            }

            /// Like [`and_compute_with`](Self::and_compute_with), with a closure that can fail.
            ///
            /// # Errors
            ///
            /// Returns the error of the closure.
            pub fn and_try_compute_with<F, E>(self, f: F) -> Result<CompResult<K, V>, E>
            where
                F: FnOnce(Option<Entry<K, V>>) -> Result<Op<V>, E>,
                E: Send + Sync + 'static,
            {
                self.selector.and_try_compute_with(counted(self.recorder, f))
            }

            /// Inserts the value that the closure returns. This is a hit if the closure received an
            /// entry. It is not a load.
            pub fn and_upsert_with<F>(self, f: F) -> Entry<K, V>
            where
                F: FnOnce(Option<Entry<K, V>>) -> V,
            {
                self.selector.and_upsert_with(counted(self.recorder, f))
            }

            /// Returns the entry, or inserts the default value. This is a hit if there was an
            /// entry. It is not a load.
            pub fn or_default(self) -> Entry<K, V>
            where
                V: Default,
            {
                let entry = self.selector.or_default();
                self.recorder.lookup(!entry.is_fresh());
                entry
            }

            /// Returns the entry, or inserts this value. This is a hit if there was an entry. It is
            /// not a load.
            pub fn or_insert(self, default: V) -> Entry<K, V> {
                let entry = self.selector.or_insert(default);
                self.recorder.lookup(!entry.is_fresh());
                entry
            }

            /// Returns the entry. If there is none, runs `init` and stores the value that it
            /// returns. It counts like [`get_with`](super::ObservedCache::get_with).
            pub fn or_insert_with(self, init: impl FnOnce() -> V) -> Entry<K, V> {
                let mut load = None;
                let init = timed(self.recorder, &mut load, init, |_| true);
                let entry = self.selector.or_insert_with(init);
                self.recorder.finish(load, true);
                entry
            }

            /// Like [`or_insert_with`](Self::or_insert_with), but also runs `init` if `replace_if`
            /// accepts the existing value.
            pub fn or_insert_with_if(
                self,
                init: impl FnOnce() -> V,
                replace_if: impl FnMut(&V) -> bool,
            ) -> Entry<K, V> {
                let mut load = None;
                let init = timed(self.recorder, &mut load, init, |_| true);
                let entry = self.selector.or_insert_with_if(init, replace_if);
                self.recorder.finish(load, true);
                entry
            }

            /// Returns the entry. If there is none, runs `init` and stores the value that it
            /// returns, if any. It counts like
            /// [`optionally_get_with`](super::ObservedCache::optionally_get_with).
            pub fn or_optionally_insert_with(
                self,
                init: impl FnOnce() -> Option<V>,
            ) -> Option<Entry<K, V>> {
                let mut load = None;
                let init = timed(self.recorder, &mut load, init, Option::is_some);
                let entry = self.selector.or_optionally_insert_with(init);
                self.recorder.finish(load, entry.is_some());
                entry
            }

            /// Returns the entry. If there is none, runs `init` and stores the value if `init`
            /// succeeds. It counts like [`try_get_with`](super::ObservedCache::try_get_with).
            ///
            /// # Errors
            ///
            /// Returns the error of `init`.
            pub fn or_try_insert_with<F, E>(self, init: F) -> Result<Entry<K, V>, Arc<E>>
            where
                F: FnOnce() -> Result<V, E>,
                E: Send + Sync + 'static,
            {
                let mut load = None;
                let init = timed(self.recorder, &mut load, init, Result::is_ok);
                let entry = self.selector.or_try_insert_with(init);
                self.recorder.finish(load, entry.is_ok());
                entry
            }
        }
    };
}

selector! { OwnedKeyEntrySelector [] }
selector! { RefKeyEntrySelector [Q] where Q: Equivalent<K> + ToOwned<Owned = K> + Hash + ?Sized, }
