//! The tokio runtime in which a task runs.

#[cfg(not(feature = "tokio"))]
use no_runtime::{Handle, is_running};
#[cfg(feature = "tokio")]
use tokio::runtime::Handle;

/// The runtime of the thread that captured it, if it had one.
///
/// Code that was written for the threads of a service may call `tokio::spawn` or start a timer. On one of our
/// threads, outside of a runtime, this would panic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    runtime: Option<Handle>,
}

impl Context {
    /// Returns the runtime of the calling thread.
    pub(crate) fn current() -> Self {
        Self { runtime: Handle::try_current().ok() }
    }

    /// Returns this runtime, or `other` if there is none.
    pub(super) fn or(self, other: &Self) -> Self {
        match self.runtime {
            Some(_) => self,
            None => Self { runtime: other.runtime.clone().filter(is_running) },
        }
    }

    /// Runs `f` inside the runtime.
    pub(super) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = self.runtime.as_ref().map(Handle::enter);
        f()
    }

    /// Returns whether the calling thread is inside a runtime.
    pub(crate) fn has_runtime() -> bool {
        Handle::try_current().is_ok()
    }
}

/// Returns whether a runtime still accepts tasks. After it was shut down, timers panic, and no method tells. A
/// task that is spawned there is cancelled immediately.
#[cfg(feature = "tokio")]
fn is_running(runtime: &Handle) -> bool {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let probe = pin!(runtime.spawn(std::future::ready(())));
    !matches!(probe.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(_)))
}

/// Without tokio, there is never a runtime.
#[cfg(not(feature = "tokio"))]
mod no_runtime {
    #[derive(Clone, Debug)]
    pub(super) enum Handle {}

    impl Handle {
        pub(super) fn try_current() -> Result<Self, ()> {
            Err(())
        }

        pub(super) fn enter(&self) {
            match *self {}
        }
    }

    pub(super) fn is_running(runtime: &Handle) -> bool {
        match *runtime {}
    }
}

#[cfg(all(test, feature = "tokio"))]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn a_runtime_that_was_shut_down_is_not_entered() {
        let home = runtime();
        let captured = {
            let _entered = home.enter();
            Context::current()
        };
        assert!(Context::default().or(&captured).enter(Context::has_runtime));
        drop(home);
        assert!(!Context::default().or(&captured).enter(Context::has_runtime));

        let reader = runtime();
        let _entered = reader.enter();
        assert!(Context::current().or(&captured).enter(Context::has_runtime));
    }
}
