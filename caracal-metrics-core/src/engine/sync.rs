//! The primitives that the engine is built from: the real ones, or loom's in its models.

#[cfg(caracal_loom)]
pub(super) use self::modelled::{Mutex, RwLock, RwLockReadGuard};
#[cfg(caracal_loom)]
pub(super) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};

#[cfg(not(caracal_loom))]
pub(super) use parking_lot::{Mutex, RwLock, RwLockReadGuard};
#[cfg(not(caracal_loom))]
pub(super) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};

/// loom's locks with the signatures of `parking_lot`'s. A model that panics fails as a whole, so
/// poisoning tells nothing.
#[cfg(caracal_loom)]
mod modelled {
    pub(in super::super) use loom::sync::RwLockReadGuard;
    use loom::sync::{MutexGuard, RwLockWriteGuard};

    #[derive(Debug, Default)]
    pub(in super::super) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(in super::super) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(in super::super) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    #[derive(Debug, Default)]
    pub(in super::super) struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(in super::super) fn new(value: T) -> Self {
            Self(loom::sync::RwLock::new(value))
        }

        pub(in super::super) fn read_recursive(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap()
        }

        pub(in super::super) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap()
        }

        pub(in super::super) fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
            self.0.try_write().ok()
        }
    }
}

/// A constructor that is `const` but in loom's models, whose primitives can't be made at compile
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
pub(super) use const_unless_modelled;
