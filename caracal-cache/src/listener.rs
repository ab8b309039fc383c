//! Listeners that count, with the user's own inside.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use caracal_metrics_core::adapter::{discard, user_code};
use moka::notification::RemovalCause;

use crate::removals::Removals;

/// The user's listener. moka switches a listener off for good once it has panicked, since it can't
/// know what the panic left behind: the user's is treated so here, and ours goes on.
#[derive(Debug)]
struct UserListener<F> {
    listener: F,
    panicked: AtomicBool,
}

impl<F> UserListener<F> {
    fn new(listener: F) -> Self {
        Self { listener, panicked: AtomicBool::new(false) }
    }

    /// Runs the listener, or drops the entry if it is switched off. Nothing unwinds out of here.
    fn call<K, V, R>(&self, key: Arc<K>, value: V, cause: RemovalCause) -> Option<R>
    where
        F: Fn(Arc<K>, V, RemovalCause) -> R,
    {
        let call = move || {
            let on = !self.panicked.load(Relaxed);
            // Off, the entry is dropped in here too: its own drop may panic as well.
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

/// Counts into `removals`, then runs the user's listener.
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

/// Counts into `removals` when it is called, and gives back the user's future.
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
