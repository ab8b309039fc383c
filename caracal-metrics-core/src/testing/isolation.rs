//! Gives a test its own registry and clock, for code that uses those of the process.

use crate::clock::Clock;
use crate::registry::MetricsRegistry;
use crate::scoped::{self, ScopedFuture};

/// Runs code that sees this registry as the process-wide one.
///
/// In the code, [`get_metrics_registry`](crate::get_metrics_registry) returns this registry, and
/// [`initialize_metrics_registry`](crate::initialize_metrics_registry) returns the error that it already
/// exists. Other threads are not affected, so tests that run at the same time can each have their own registry.
/// This includes threads that the code starts: see [`inherit`].
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::testing::with_registry;
/// use caracal_metrics::{MetricsRegistry, get_metrics_registry};
///
/// fn block() {
///     get_metrics_registry().expect("it was made").record_replay_block("nonce_reused");
/// }
///
/// let metrics = MetricsRegistry::new();
/// with_registry(&metrics, block);
/// let labels = [("reason", "nonce_reused")];
/// assert_eq!(metrics.sample("caracal_gateway_replay_blocks_total", &labels), Some(1.0));
/// assert!(get_metrics_registry().is_err());
/// ```
pub fn with_registry<R>(metrics: &MetricsRegistry, run: impl FnOnce() -> R) -> R {
    let _entered = scoped::enter(Some(metrics.clone()));
    run()
}

/// Returns a future whose code sees this registry as the process-wide one, on whichever thread it is polled or
/// dropped.
///
/// Tasks that the future spawns are not affected: see [`inherit_async`].
pub fn with_registry_async<F: Future>(
    metrics: &MetricsRegistry,
    future: F,
) -> impl Future<Output = F::Output> + use<F> {
    ScopedFuture::new(Some(metrics.clone()), future)
}

/// Wraps a closure for another thread, so that it has the registry and the clock of the calling code.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::testing::{inherit, with_registry};
/// use caracal_metrics::{MetricsRegistry, get_metrics_registry};
///
/// let metrics = MetricsRegistry::new();
/// with_registry(&metrics, || {
///     let block = || get_metrics_registry().expect("it was made").record_replay_block("stale");
///     std::thread::spawn(inherit(block)).join().expect("it does not panic");
/// });
/// let labels = [("reason", "stale")];
/// assert_eq!(metrics.sample("caracal_gateway_replay_blocks_total", &labels), Some(1.0));
/// ```
pub fn inherit<R>(run: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let (registry, clock) = (scoped::current::<MetricsRegistry>(), scoped::current::<Clock>());
    move || {
        let _registry = scoped::enter(registry);
        let _clock = scoped::enter(clock);
        run()
    }
}

/// Wraps a future that will be spawned, so that it has the registry and the clock of the calling code.
pub fn inherit_async<F: Future>(future: F) -> impl Future<Output = F::Output> + use<F> {
    let (registry, clock) = (scoped::current::<MetricsRegistry>(), scoped::current::<Clock>());
    ScopedFuture::new(registry, ScopedFuture::new(clock, future))
}
