//! A task in the runtime. Each scrape wakes it.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Ends with the runtime, because tokio has no other way to detect that end. It also measures how
/// long a task that is ready waits for a worker.
#[derive(Debug)]
pub(crate) struct Probe {
    wake: Notify,
    waited: Mutex<Waited>,
}

#[derive(Debug, Default)]
struct Waited {
    /// When the task was woken, if no worker has polled it since then.
    woken: Option<Instant>,
    last: Duration,
}

impl Probe {
    /// Spawns the task. The probe lives until the task is aborted or the runtime drops it.
    pub(crate) fn spawn(runtime: &Handle) -> (Weak<Self>, AbortHandle) {
        let probe = Arc::new(Self { wake: Notify::new(), waited: Mutex::default() });
        let weak = Arc::downgrade(&probe);
        // Gives the first scrape a delay to show.
        probe.next();
        let task = runtime.spawn(async move {
            loop {
                probe.wake.notified().await;
                probe.polled();
            }
        });
        (weak, task.abort_handle())
    }

    fn polled(&self) {
        let mut waited = self.waited.lock();
        if let Some(woken) = waited.woken.take() {
            waited.last = woken.elapsed();
        }
    }

    /// How long the task waited when it was last woken, or has waited so far. Wakes it again.
    pub(crate) fn next(&self) -> Duration {
        let mut waited = self.waited.lock();
        if let Some(woken) = waited.woken {
            return woken.elapsed();
        }
        waited.woken = Some(Instant::now());
        let last = waited.last;
        drop(waited);
        self.wake.notify_one();
        last
    }
}
