//! Timing an init closure.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use caracal_metrics_core::adapter::Stopwatch;

use crate::recorder::{Load, Recorder};

/// Wraps an init closure so that it stores its load, which the caller counts. A panic is a failed
/// load and ends the call, so it is counted here.
pub(super) fn timed<T>(
    recorder: &Recorder,
    load: &mut Option<Load>,
    init: impl FnOnce() -> T,
    success: fn(&T) -> bool,
) -> impl FnOnce() -> T {
    move || {
        let start = Stopwatch::start();
        match catch_unwind(AssertUnwindSafe(init)) {
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
}

/// Wraps a compute closure so that its lookup is counted.
pub(super) fn counted<E, T>(
    recorder: &Recorder,
    closure: impl FnOnce(Option<E>) -> T,
) -> impl FnOnce(Option<E>) -> T {
    move |entry| {
        recorder.lookup(entry.is_some());
        closure(entry)
    }
}
