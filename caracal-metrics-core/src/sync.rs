//! The primitives that the engine and the series are built from: the real ones, or loom's in its
//! models.

#[cfg(caracal_loom)]
pub(crate) use self::modelled::{Mutex, RwLock, RwLockReadGuard};
#[cfg(caracal_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};

#[cfg(not(caracal_loom))]
pub(crate) use parking_lot::{Mutex, RwLock, RwLockReadGuard};
#[cfg(not(caracal_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};

/// Loom's locks with the signatures of `parking_lot`'s. A model that panics fails as a whole, so
/// poisoning says nothing more.
#[cfg(caracal_loom)]
mod modelled {
    pub(crate) use loom::sync::RwLockReadGuard;
    use loom::sync::{MutexGuard, RwLockWriteGuard};

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::RwLock::new(value))
        }

        pub(crate) fn read_recursive(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap()
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap()
        }

        pub(crate) fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
            self.0.try_write().ok()
        }
    }
}

/// Runs a model, and fails if loom found only one way to run it: the threads of such a model do not
/// race, so it shows nothing.
///
/// Loom runs the main thread first, and then looks for accesses of the other threads that could
/// have come earlier. Of each atomic it remembers only the last access. So the spawned thread has to
/// be the reader. If it were the writer, then its own load, as the last access, would replace the
/// reader's load, and loom would not see that the store that follows races with that.
#[cfg(all(test, caracal_loom))]
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    let executions = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&executions);
    loom::model(move || {
        count.fetch_add(1, Relaxed);
        model();
    });
    assert!(executions.load(Relaxed) > 1, "the model was executed in one way only");
}

/// A constructor that is `const` except in loom's models, whose primitives can't be made at compile
/// time.
macro_rules! const_unless_modelled {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident() -> $type:ty $body:block) => {
        #[cfg(not(caracal_loom))]
        $(#[$attribute])*
        $visibility const fn $name() -> $type $body
        #[cfg(caracal_loom)]
        $(#[$attribute])*
        $visibility fn $name() -> $type $body
    };
}
pub(crate) use const_unless_modelled;
