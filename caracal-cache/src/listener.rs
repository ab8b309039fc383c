//! Listeners that count removals and then call the user's listener.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use caracal_metrics_core::adapter::{discard, user_code};
use moka::notification::RemovalCause;

use crate::removals::Removals;

/// The user's listener. moka never calls a listener again after it has panicked, because it can't
/// know in what state the panic left the listener's data. This type does the same with the user's
/// listener, so that ours continues to run.
#[derive(Debug)]
struct UserListener<F> {
    listener: F,
    panicked: AtomicBool,
}

impl<F> UserListener<F> {
    fn new(listener: F) -> Self {
        Self { listener, panicked: AtomicBool::new(false) }
    }

    /// Runs the listener, or drops the entry if the listener is switched off. This method never
    /// unwinds.
    fn call<K, V, R>(&self, key: Arc<K>, value: V, cause: RemovalCause) -> Option<R>
    where
        F: Fn(Arc<K>, V, RemovalCause) -> R,
    {
        let call = move || {
            let on = !self.panicked.load(Relaxed);
            // If the listener is off, the entry is also dropped in here, because dropping it may
            // panic too.
            on.then(move || (self.listener)(key, value, cause))
        };
        match catch_unwind(AssertUnwindSafe(|| user_code(call))) {
            Ok(answer) => answer,
            Err(payload) => {
                self.switch_off(payload);
                None
            }
        }
    }

    fn switch_off(&self, payload: Box<dyn Any + Send>) {
        self.panicked.store(true, Relaxed);
        discard(payload);
    }
}

/// Counts in `removals`, then runs the user's listener.
pub(crate) fn counting<K, V, F>(
    removals: Arc<Removals>,
    user: F,
) -> impl Fn(Arc<K>, V, RemovalCause) + Send + Sync + 'static
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    F: Fn(Arc<K>, V, RemovalCause) + Send + Sync + 'static,
{
    let user = UserListener::new(user);
    move |key, value, cause| {
        removals.count(cause);
        user.call(key, value, cause);
    }
}

/// Counts in `removals` when it is called, and returns the user's future.
#[cfg(feature = "future")]
pub(crate) fn counting_async<K, V, F, Fut>(
    removals: Arc<Removals>,
    user: F,
) -> impl Fn(Arc<K>, V, RemovalCause) -> moka::notification::ListenerFuture + Send + Sync + 'static
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    F: Fn(Arc<K>, V, RemovalCause) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    use std::future::poll_fn;
    use std::pin::pin;

    use futures_util::FutureExt as _;

    let user = Arc::new(UserListener::new(user));
    move |key, value, cause| {
        removals.count(cause);
        let Some(future) = user.call(key, value, cause) else {
            return Box::pin(std::future::ready(()));
        };
        let user = Arc::clone(&user);
        Box::pin(async move {
            let mut future = pin!(AssertUnwindSafe(future).catch_unwind());
            let ended = poll_fn(|context| user_code(|| future.as_mut().poll(context))).await;
            if let Err(payload) = ended {
                user.switch_off(payload);
            }
        })
    }
}
