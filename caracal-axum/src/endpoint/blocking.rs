//! Work that would block the other tasks of the runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;

/// Runs the work on a thread for blocking work, or on this thread if there is no runtime. Returns `None` if
/// the work panicked, or if the runtime is shutting down.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // axum's router also runs on other executors. There, the work has to be done here.
    let Ok(runtime) = Handle::try_current() else { return Some(work()) };
    let work = Arc::new(Mutex::new(Some(work)));
    let run = {
        let work = Arc::clone(&work);
        move || take(&work).map(|work| work())
    };
    match catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(run))) {
        Ok(running) => running.await.ok().flatten(),
        // The system cannot start more threads. In this case tokio 1.54 panics, and the closure stays in its
        // queue. If the closure contained a lock, nothing could ever take that lock again, so the work is
        // taken out of it.
        Err(_) => take(&work).map(|work| work()),
    }
}

fn take<W>(work: &Mutex<Option<W>>) -> Option<W> {
    work.lock().take()
}
