//! The synchronization primitives of the engine and the series: the real ones or, in its models, those of loom.

#[cfg(caracal_loom)]
pub(crate) use self::modelled::{Mutex, RwLock, RwLockReadGuard};
#[cfg(caracal_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};

#[cfg(not(caracal_loom))]
pub(crate) use parking_lot::{Mutex, RwLock, RwLockReadGuard};
#[cfg(not(caracal_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};

/// Loom's locks with the signatures of `parking_lot`. A model that panics fails as a whole, so poisoning adds
/// no information.
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

/// Runs a model. Fails if loom found only one execution: the threads of such a model do not race, so the model
/// proves nothing.
///
/// Loom runs the main thread first, and then searches for accesses of the other threads that could have
/// happened earlier. It only remembers the last access of each atomic. The spawned thread must therefore be the
/// reader. If it were the writer, its own load, as the last access, would replace the load of the reader. Loom
/// would then miss the race between that load and the following store.
#[cfg(all(test, caracal_loom))]
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    let executions = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&executions);
    loom::model(move || {
        count.fetch_add(1, Relaxed);
        model();
    });
    assert!(executions.load(Relaxed) > 1, "loom found only one execution of the model");
}

/// Defines a constructor that is `const`, except in loom's models, whose primitives can't be created at compile
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
