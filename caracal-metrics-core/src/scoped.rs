//! Values that the code of one test uses instead of those of the process.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

/// A value that code can use instead of the one of the process.
pub(crate) trait Scoped: Clone + 'static {
    /// Returns the variable in which a thread keeps it.
    fn slot() -> &'static LocalKey<RefCell<Option<Self>>>;
}

/// Returns the value that the calling code uses. Returns `None` in the destructor of a thread-local if the
/// thread has already dropped the value.
pub(crate) fn current<T: Scoped>() -> Option<T> {
    T::slot().try_with(|slot| slot.borrow().clone()).ok().flatten()
}

/// Sets the value for this thread until the guard is dropped.
pub(crate) fn enter<T: Scoped>(value: Option<T>) -> Entered<T> {
    Entered { before: T::slot().with(|slot| slot.replace(value)) }
}

pub(crate) struct Entered<T: Scoped> {
    before: Option<T>,
}

impl<T: Scoped> Drop for Entered<T> {
    fn drop(&mut self) {
        let before = self.before.take();
        // The value may hold the last reference to a registry, which must not be dropped during the borrow.
        let value = T::slot().try_with(|slot| slot.replace(before));
        drop(value);
    }
}

/// A future whose code uses the value, both when it is polled and when it is dropped.
pub(crate) struct ScopedFuture<T: Scoped, F> {
    value: Option<T>,
    /// It is boxed because only the engine may contain `unsafe` code.
    future: Option<Pin<Box<F>>>,
}

impl<T: Scoped, F> ScopedFuture<T, F> {
    pub(crate) fn new(value: Option<T>, future: F) -> Self {
        Self { value, future: Some(Box::pin(future)) }
    }
}

impl<T: Scoped, F> Unpin for ScopedFuture<T, F> {}

impl<T: Scoped, F: Future> Future for ScopedFuture<T, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = enter(self.value.clone());
        match &mut self.future {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<T: Scoped, F> Drop for ScopedFuture<T, F> {
    fn drop(&mut self) {
        let _entered = enter(self.value.clone());
        self.future = None;
    }
}
