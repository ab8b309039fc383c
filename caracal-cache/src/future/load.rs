//! Timing an init future.

use std::panic::{AssertUnwindSafe, resume_unwind};

use caracal_metrics_core::adapter::Stopwatch;
use futures_util::FutureExt as _;

use crate::recorder::{Load, Recorder};

/// Runs an init future and stores its load. The caller counts the load when the whole call has
/// completed, so a call that is dropped before counts nothing. A panic is a failed load and ends
/// the call, so it is counted here.
pub(super) async fn timed<T>(
    recorder: &Recorder,
    load: &mut Option<Load>,
    init: impl Future<Output = T>,
    success: fn(&T) -> bool,
) -> T {
    let start = Stopwatch::start();
    match AssertUnwindSafe(init).catch_unwind().await {
        Ok(answer) => {
            *load = Some(Load { duration: start.elapsed(), success: success(&answer) });
            answer
        }
        Err(payload) => {
            recorder.load(Load { duration: start.elapsed(), success: false });
            resume_unwind(payload)
        }
    }
}

/// Runs a compute closure with the entry, if there was one. The caller counts the lookup. If the
/// closure panics, it is counted here.
pub(super) async fn computed<A, T, Fut: Future<Output = T>>(
    recorder: &Recorder,
    found: bool,
    closure: impl FnOnce(A) -> Fut,
    entry: A,
) -> T {
    // A separate async block, so that a panic of the closure itself is caught as well.
    let run = async move { closure(entry).await };
    match AssertUnwindSafe(run).catch_unwind().await {
        Ok(answer) => answer,
        Err(payload) => {
            recorder.lookup(found);
            resume_unwind(payload)
        }
    }
}
