//! Work that would keep the runtime's other tasks waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;

/// Runs this on a thread for blocking work, or here where there is none. `None` where the work panicked, or
/// the runtime is shutting down.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // axum's router runs on other executors as well; there it has to be done here.
    let Ok(runtime) = Handle::try_current() else { return Some(work()) };
    let work = Arc::new(Mutex::new(Some(work)));
    let run = {
        let work = Arc::clone(&work);
        move || take(&work).map(|work| work())
    };
    match catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(run))) {
        Ok(running) => running.await.ok().flatten(),
        // The system starts no more threads: tokio 1.54 panics, and what it was to run stays in its
        // queue. With a lock in it, nobody would get that lock any more.
        Err(_) => take(&work).map(|work| work()),
    }
}

fn take<W>(work: &Mutex<Option<W>>) -> Option<W> {
    work.lock().take()
}
