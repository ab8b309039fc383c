//! Values that the code of one test has in place of those of the process.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

/// A value that code may have in place of the process's.
pub(crate) trait Scoped: Clone + 'static {
    /// Where a thread has it.
    fn slot() -> &'static LocalKey<RefCell<Option<Self>>>;
}

/// The value that the calling code has. None in a destructor of a thread-local, whose thread may have
/// dropped it.
pub(crate) fn current<T: Scoped>() -> Option<T> {
    T::slot().try_with(|slot| slot.borrow().clone()).ok().flatten()
}

/// Gives the thread this value until the guard is dropped.
pub(crate) fn enter<T: Scoped>(value: Option<T>) -> Entered<T> {
    Entered { before: T::slot().with(|slot| slot.replace(value)) }
}

pub(crate) struct Entered<T: Scoped> {
    before: Option<T>,
}

impl<T: Scoped> Drop for Entered<T> {
    fn drop(&mut self) {
        let before = self.before.take();
        // The value may be the last of a registry, whose end is not for the borrow.
        let value = T::slot().try_with(|slot| slot.replace(before));
        drop(value);
    }
}

/// A future whose code has the value: while it is polled, and while it is dropped.
pub(crate) struct ScopedFuture<T: Scoped, F> {
    value: Option<T>,
    /// Boxed, since only the engine may be unsafe.
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
